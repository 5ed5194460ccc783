"""Datasets with the references and runs made on them so far, so that a claim and its twins share them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int

import solvers
from solvers import Norm, Reference, max_margins
from verify.backend import Progress
from verify.datasets.cases import Case
from verify.datasets.dataset import Dataset, datasets_of
from verify.runs.simulation import Simulation
from verify.runs.trajectory import Trajectories

if TYPE_CHECKING:
    from verify.claims.claim import Claim
    from verify.flows.flow import Flow


_VECTOR_NORMS = ("l1", "l2", "linf")
_MATRIX_NORMS = (*_VECTOR_NORMS, "spectral", "nuclear")


class Laboratory:
    """A fixed list of cases, which most quantities need to be datasets; what is asked of it twice is computed once.

    steps: the horizon of discrete runs. log_time: the horizon of flows, as `log t`. platform: where jax runs.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        *,
        steps: int,
        log_time: float = 1e4,
        platform: str | None = None,
        progress: Progress | None = None,
    ):
        self.cases = list(cases)
        self.steps, self.log_time = steps, log_time
        self.platform, self.progress = platform, progress
        self._references: dict[Norm, list[Reference]] = {}
        self._runs: dict[object, Simulation] = {}
        self._flows: dict[object, Flow] = {}

    @property
    def datasets(self) -> list[Dataset]:
        """The cases, where they are datasets; raises `InputError` if one is a setting."""
        return datasets_of(self.cases)

    def references(self, norm: str | Norm) -> list[Reference]:
        """Maximal margins of all datasets in a norm."""
        norm = solvers.norm(norm)
        if norm not in self._references:
            self._references[norm] = max_margins([(s.x, s.y) for s in self.datasets], norm)
        return self._references[norm]

    def run(self, claim: Claim, *, budget: bool = False) -> Trajectories:
        """The claim's optimizer on all datasets, to the horizon.

        budget: record the sums of the gap budget, and the claim's norm alone, since a norm of every update is dear.
        """
        binary = all(s.binary for s in self.datasets)
        usual = () if budget else _VECTOR_NORMS if binary else _MATRIX_NORMS
        norms = tuple(dict.fromkeys(solvers.norm(norm) for norm in (*usual, claim.norm)))
        key = (claim.optimizer, claim.loss, norms, budget)
        if key not in self._runs:
            self._runs[key] = Simulation(
                claim.optimizer, self.datasets, loss=claim.loss, norms=norms, budget=budget, platform=self.platform
            )
        return self._runs[key].advance(self.steps, self.progress).result()

    def flow(self, claim: Claim) -> Flow:
        """The claim's flow in log time on all datasets, to the horizon."""
        from verify.flows.flow import flow

        norms = tuple(dict.fromkeys(solvers.norm(norm) for norm in (*_VECTOR_NORMS, claim.norm)))
        key = (claim.flow, claim.loss, norms, self.log_time)
        if key not in self._flows:
            self._flows[key] = flow(
                self.datasets,
                dynamics=None if isinstance(claim.flow, bool) else claim.flow,
                loss=claim.loss,
                log_time=self.log_time,
                norms=norms,
                progress=self.progress,
            )
        return self._flows[key]

    def normalised_margins(
        self, claim: Claim
    ) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, "b r"], tuple[str, ...]]:
        """Log times, normalised margins in the claim's norm, and notes."""
        if claim.flow:
            flow = self.flow(claim)
            normalised = flow.normalised_margin(claim.norm)
            normalised[~flow.met] = np.nan
            return flow.log_time, normalised, flow.notes
        return self.recorded(self.run(claim), claim.norm)[1:]

    def last_weights(self, claim: Claim) -> list[np.ndarray]:
        """The weights at the horizon, each dataset's in its own shape."""
        if claim.flow:
            return [weights[-1] for weights in self.flow(claim).weights]
        return self.run(claim).weights

    @staticmethod
    def recorded(
        run: Trajectories, norm: str | Norm
    ) -> tuple[Int[np.ndarray, " r"], Float[np.ndarray, " r"], Float[np.ndarray, "b r"], tuple[str, ...]]:
        """The columns of a run that a quantity uses, their log times, normalised margins in the norm, and notes."""
        notes = []
        if (ended := run.horizon[run.horizon >= 0]).size:
            notes.append(f"{ended.size} runs met their precision horizon, the first at step {ended.min()}")
        normalised = run.normalised_margin(norm)
        if run.exact and run.starved.any():
            # A method that takes full steps however small a gradient is would have moved the weight that stood still.
            lost = run.starved.any(axis=1)
            normalised[lost] = np.nan
            notes.append(f"{np.count_nonzero(lost)} runs are left out: a gradient underflowed beside the largest one")
        # The grid repeats early integers; a law needs log t > 0.
        first = np.unique(run.time, return_index=True)[1]
        use = first[run.time[first] > 1]
        return use, np.log(run.time[use]), normalised[:, use], tuple(notes)

    def told_apart(self, followed: str | Norm, claimed: str | Norm, share: float = 0.05) -> Bool[np.ndarray, " b"]:
        """Datasets on which the maximiser of one norm misses at least that share of another norm's margin.

        Where a maximiser is not unique, the one that the solver returned is meant.
        """
        pairs = zip(self.datasets, self.references(followed), self.references(claimed), strict=True)
        reached = [solvers.normalised_margin(a.weights, s.x, s.y, claimed) / b.upper for s, a, b in pairs]
        return np.array(reached) <= 1 - share

    def part(self, places: Sequence[int] | np.ndarray, factor: float) -> Laboratory:
        """A new laboratory of some of the datasets, with `factor` times the horizon."""
        return Laboratory(
            [self.cases[int(i)] for i in places],
            steps=int(np.ceil(self.steps * factor)),
            log_time=self.log_time * factor,
            platform=self.platform,
            progress=self.progress,
        )

    def extend(self, factor: float) -> None:
        """Move the horizon: `factor` times the steps, and `factor` times the log time of flows."""
        self.steps = int(np.ceil(self.steps * factor))
        self.log_time *= factor
