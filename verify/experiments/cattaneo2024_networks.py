"""Adam's bias in networks, on scikit-learn's digits: the gradient's perturbed one-norm over the epochs, by ρ and by β.

Stands in for the paper's ResNets on CIFAR-10: one hidden layer, full batch, several seeds at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy import stats

from solvers.errors import InputError
from verify.experiments.experiment import Experiment, Finding, Part, Results
from verify.perturbed import Sweep
from verify.small_networks import Training, accuracy_trend, train

_ID = "cattaneo2024-networks"
_SYMBOLS = {"rho": "ρ", "beta": "β"}
_SIGNS = {"rho": 1, "beta": -1}  # of the trend that the paper reports
_KEPT = 120  # epochs of a drawn curve


@dataclass(frozen=True)
class Parameters:
    """The network, its training, and the averages that are not swept."""

    seeds: int = 8
    points: int = 128
    hidden: int = 12
    activation: str = "tanh"
    step_size: float = 0.002
    beta: float = 0.9
    rho: float = 0.98
    epochs: int = 800

    def __post_init__(self) -> None:
        if self.seeds < 2 or self.epochs < 100 or self.step_size <= 0 or max(self.beta, self.rho) >= 1:
            raise InputError(
                f"The experiment needs two seeds, 100 epochs, a positive step size and averages below 1, "
                f"not {self}: choose them so."
            )

    def training(self, seed: int) -> Training:
        return Training(
            seeds=tuple(seed * 1000 + i for i in range(self.seeds)),
            data="digits",
            points=self.points,
            hidden=self.hidden,
            activation=self.activation,
            beta=self.beta,
            rho=self.rho,
            step_size=self.step_size,
        )


SWEEPS: Mapping[str, Sweep] = {
    "rho": Sweep(("rho",), (0.9, 0.95, 0.98, 0.99)),
    "beta": Sweep(("beta",), (0.0, 0.8, 0.9, 0.95)),
}


def parts(p: Parameters, seed: int) -> dict[str, Part]:
    """The trainings of each sweep."""
    return {name: partial(_trainings, p, seed, name) for name in SWEEPS}


def _trainings(p: Parameters, seed: int, name: str, _: Results) -> dict[str, Any]:
    """Curves over the epochs, medians and ranges over seeds `[r t]`; what is compared, `[b r]`; and spikes."""
    seen = train([p.training(seed)], SWEEPS[name], p.epochs)
    shown = np.unique(np.linspace(0, p.epochs - 1, _KEPT).astype(int))
    curves = {
        quantity: {key: f(values[..., shown], axis=0).tolist() for key, f in _SPREADS.items()}
        for quantity, values in (("norm", seen.norm), ("loss", seen.loss))
    }
    at_level = seen.norm_at_level()
    reached = np.isfinite(at_level).all(axis=1)
    return {
        "epochs": shown.tolist(),
        **curves,
        "at_level": at_level[reached].tolist(),
        "late": seen.late_norm().tolist(),
        "accuracy": seen.accuracy.tolist(),
        "accuracy_at_level": seen.at_level[reached].tolist(),
        "spiked": int(np.count_nonzero(seen.spiked)),
    }


_SPREADS = {"y": np.median, "low": np.min, "high": np.max}


def _names(name: str) -> list[str]:
    return [f"{_SYMBOLS[name]} = {value:g}" for value in SWEEPS[name].values]


def find(p: Parameters, results: Results) -> Finding:
    """The norms over the epochs as curves, what is compared as a table, Page's tests in words."""
    rows, sentences = [], []
    for name in SWEEPS:
        found = results[name]
        columns = [np.median(found[key], axis=0) if found[key] else np.full(len(_names(name)), np.nan)
                   for key in ("at_level", "late", "accuracy_at_level", "accuracy")]  # fmt: skip
        for value, *cells in zip(_names(name), *columns, strict=True):
            rows.append((value, *(float(cell) if np.isfinite(cell) else None for cell in cells)))
        sentences += [_trend(name, "at half of the first loss", found["at_level"])]
        sentences += [_trend(name, f"in the last quarter of {p.epochs} epochs", found["late"])]
        sentences.append(f"Along {_SYMBOLS[name]}: {accuracy_trend(np.array(found['accuracy']))}.")
    spikes = sum(results[name]["spiked"] for name in SWEEPS)
    sentences.append(f"In {spikes} of {p.seeds * sum(len(s.values) for s in SWEEPS.values())} runs the loss spiked.")
    return Finding(
        drawing=_drawing(p, results),
        caption=(
            f"The perturbed one-norm of the gradient, and the loss, over the epochs of full-batch Adam on digits "
            f"({p.activation}, {p.hidden} hidden units, {p.points} points, h = {p.step_size:g}): the median of "
            f"{p.seeds} seeds. Left: four values of ρ with β = {p.beta:g}. Right: four values of β with ρ = {p.rho:g}."
        ),
        alternative=(
            "Two columns of panels. In the left one the norm falls the more slowly the larger ρ; in the right one it "
            "is the smaller the larger β, by much less."
        ),
        sentences=sentences,
        headings=("Value", "Norm at half the first loss", "Norm late", "Test accuracy at half the first loss", "Last"),
        rows=rows,
        numbers={name: {key: results[name][key] for key in _COMPARED} for name in SWEEPS},
    )  # fmt: skip


_COMPARED = ("at_level", "late", "accuracy", "accuracy_at_level", "spiked")


def _trend(name: str, where: str, values: list[list[float]]) -> str:
    verb = "rises" if _SIGNS[name] > 0 else "falls"
    if len(values) < 2:
        return f"Too few runs reached the loss to say whether the norm {verb} with {_SYMBOLS[name]} {where}."
    change = np.median(np.array(values)[:, -1] / np.array(values)[:, 0] - 1)
    p_value = stats.page_trend_test(_SIGNS[name] * np.array(values)).pvalue
    return (
        f"The norm {where} changes by {100 * change:+.2g}% from the smallest {_SYMBOLS[name]} to the largest "
        f"(that it {verb}: Page's test over {len(values)} seeds, p = {p_value:.2g})."
    )


def _drawing(p: Parameters, results: Results) -> dict[str, Any]:
    """A column for each sweep; below each other the norm and the loss."""
    curves, series = [], []
    for column, name in enumerate(SWEEPS):
        found = results[name]
        for value, label in enumerate(_names(name)):
            for row, quantity in enumerate(("norm", "loss")):
                lines = {key: found[quantity][key][value] for key in _SPREADS}
                place = {"series": len(series), "row": row, "column": column, "strong": False}
                curves.append(place | {"x": found["epochs"]} | lines)
            series.append({"name": label, "group": column})
    return {
        "x": {"label": "epoch", "scale": "linear"},
        "rows": [{"label": "‖∇E‖₁,ε", "scale": "log"}, {"label": "training loss E", "scale": "log"}],
        "columns": [f"larger ρ (β = {p.beta:g})", f"larger β (ρ = {p.rho:g})"],
        "series": series,
        "curves": curves,
    }


EXPERIMENT = Experiment(
    id=_ID,
    title="Adam's averages and the gradients of a network",
    source="after Cattaneo, Klusowski, Shigida 2024, numerical experiments (there ResNets on CIFAR-10)",
    shows=(
        "A network with one hidden layer learns scikit-learn's digits by full-batch Adam. The larger ρ, the larger "
        "the gradient's perturbed one-norm; the larger β, the smaller. The paper also finds that the test accuracy "
        "falls as the norm rises; on these small networks it hardly changes, which is told below."
    ),
    figure="panels",
    parameters=Parameters(),
    parts=parts,
    find=find,
)
