"""Modules under their earlier names: two of them are public and stay, the others are refused with their new homes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

ALIASES = {"verify.strategies": "verify.datasets.strategies", "verify.dynamics": "verify.flows.dynamics"}
"""Public modules that can be imported by a shorter name than that of their file."""

HOMES = {
    "adam_law": "problems.margins.adam_decay",
    "adamw": "problems.convex.norm_balls problems.convex.methods",
    "anatomy": "claims.anatomy problems.margins.budgeted_gap",
    "bias_quantities": "problems.backward.bias",
    "budget": "runs.budget",
    "cases": "datasets.cases",
    "catalogue": "claims.catalogue",
    "cnn_runs": "problems.cnn.runs",
    "cnn_separation": "problems.cnn.separation",
    "cnn_stages": "problems.cnn.stages",
    "conjectures": "claims.conjectures",
    "convex": "problems.convex.settings problems.convex.stacks",
    "convex_quantities": "problems.convex.optima",
    "convex_runs": "problems.convex.runs problems.convex.methods",
    "evidence": "claims.verdict",
    "flow_quantities": "problems.margins.conditioner problems.margins.gap",
    "laboratory": "problems.laboratory",
    "lemmas": "problems.margins.lemmas",
    "log_time": "flows.solver errors",
    "metamorphic": "problems.margins.discrepancy seeds problems.margins.relations problems.margins.reference_margins",
    "modified": "problems.backward.modified_equation",
    "modified_quantities": "problems.backward.distances",
    "network_flow": "problems.networks.flow problems.networks.methods",
    "network_norms": "problems.backward.gradient_norm",
    "network_quantities": "problems.networks.quantities",
    "networks": "problems.networks.network",
    "patches": "problems.cnn.patches statistics problems.cnn.settings",
    "perturbed": "problems.backward.valley problems.backward.sweep",
    "quantities": "problems.quantity problems.margins.gap problems.margins.residual problems.margins.updates",
    "rates": "claims.envelopes statistics",
    "realdata": "datasets.real",
    "recording": "trials.record",
    "residual": "problems.margins.residual",
    "sample_losses": "problems.backward.samples problems.backward.settings",
    "sequences": "problems.margins.updates",
    "small_networks": "problems.backward.training",
    "softmax": "problems.margins.softmax",
    "theorem": "trials.trial seeds trials.profiles trials.drawing trials.settling trials.shrinking",
    "trajectory": "runs.simulation backend errors runs.trajectory",
    "verdicts": "claims.judge claims.envelopes",
    "walk": "runs.walk",
}
"""Modules of version 0.1 that files of claims imported from: where their names stand now, below `verify`."""


class _Alias(Loader):
    """Loads a module under its public name: it is the same object."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(ALIASES[spec.name])
        self.own = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It has run already, and keeps its own name."""
        module.__spec__ = self.own


class Finder(MetaPathFinder):
    """Asked last, of names that no file has."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raises `ModuleNotFoundError` with the new homes of a module that has moved."""
        if fullname in ALIASES:
            return ModuleSpec(fullname, _Alias())
        package, _, name = fullname.rpartition(".")
        if package == "verify" and name in HOMES:
            homes = " or ".join(f"verify.{home}" for home in HOMES[name].split())
            raise ModuleNotFoundError(f"{fullname} has moved: import its names from {homes}.", name=fullname)
        return None


def install() -> None:
    """Ask the finder from now on."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.append(Finder())
