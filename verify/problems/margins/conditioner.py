"""What is measured along runs that a flow in log time carries on, beside gaps and residuals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from solvers import max_margin
from solvers.certificates import Reference
from solvers.errors import InputError
from verify.datasets.dataset import Dataset
from verify.flows.dynamics import AdaGrad
from verify.flows.flow import Flow
from verify.problems.margins import ensembles
from verify.problems.quantity import LOG_TIME, ROUNDING, Measurement
from verify.problems.subject import Subject, flow_of

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory


_APART = 0.98  # of a margin: what the maximiser of another one must not reach to be told apart from it


@dataclass(frozen=True)
class Conditioned:
    """Relative gap to the maximal margin over `||h^power * w||_2`, `h` the limit of AdaGrad's conditioner.

    AdaGrad maximises it for `power = -1/2` (Qian and Qian 2019). Another power, for twins, is judged on the datasets
    on which the true one's maximiser misses 2 % of its margin.
    """

    power: float = -1 / 2

    @property
    def name(self) -> str:
        """What the reports call it."""
        return "relative gap"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Along the flow; raises `InputError` for one that has no conditioner."""
        flow = ensembles.flow(subject, lab)
        if not flow.conditioner:
            raise InputError("This claim measures a conditioner, but its flow has none: give it dynamics.AdaGrad.")
        gaps, widths, gamma, judged = [], [], [], []
        for i, dataset in enumerate(lab.datasets):
            h, weights = _usual_where_untouched(flow.conditioner[i][-1]), flow.weights[i]
            reference = max_margin(dataset.x, dataset.y, scale=h**self.power, classes=dataset.classes)
            gaps.append(1 - _margins(dataset, weights) / _sizes(h**self.power * weights) / reference.upper)
            widths.append((reference.upper - reference.lower) / reference.upper + ROUNDING)
            gamma.append(reference.lower)
            judged.append(reference.certified and (self.power == -1 / 2 or _apart(dataset, h, self.power, reference)))
        return Measurement(
            flow.log_time,
            np.stack(gaps),
            np.array(widths),
            np.array(judged) & flow.met,
            lab.datasets,
            np.array(gamma),
            flow.notes,
            clock=LOG_TIME,
        )


def _usual_where_untouched(h: np.ndarray) -> np.ndarray:
    """A weight that no sample touches stays zero: its `h`, which is infinite, does not matter."""
    return np.where(np.isfinite(h), h, 1.0)


def _margins(dataset: Dataset, weights: np.ndarray) -> Float[np.ndarray, " r"]:
    return (weights.reshape(len(weights), -1) @ dataset.margin_vectors.T).min(axis=1)


def _sizes(weights: np.ndarray) -> Float[np.ndarray, " r"]:
    return np.linalg.norm(weights.reshape(len(weights), -1), axis=1)


def _apart(dataset: Dataset, h: np.ndarray, power: float, reference: Reference) -> bool:
    true = max_margin(dataset.x, dataset.y, scale=h ** (-1 / 2), classes=dataset.classes).weights[None]
    return bool(_margins(dataset, true)[0] / _sizes(h**power * true)[0] <= _APART * reference.upper)


@dataclass(frozen=True)
class Spread:
    """How far the weights, of those that the data touch, are from one common size: `1 - min |w| / max |w|`.

    conditioned: of `|h_j x_j|`, with AdaGrad's conditioner and a dataset's only point, instead of `|w_j|`.
    """

    conditioned: bool = False

    @property
    def name(self) -> str:
        """What the reports call it."""
        return "spread of |h x|" if self.conditioned else "spread of |w|"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Along the flow, judged on datasets of one point; raises `InputError` where a conditioner is missing."""
        flow = ensembles.flow(subject, lab)
        values = []
        for i, dataset in enumerate(lab.datasets):
            touched = np.any(dataset.x != 0, axis=0)
            sizes = np.abs(self._entries(flow, i, dataset)[:, touched])
            values.append(1 - sizes.min(axis=1) / sizes.max(axis=1))
        judged = flow.met & np.array([dataset.n == 1 and dataset.binary for dataset in lab.datasets])
        floor = np.full(len(judged), ROUNDING)
        return Measurement(
            flow.log_time, np.stack(values), floor, judged, lab.datasets, None, flow.notes, clock=LOG_TIME
        )

    def _entries(self, flow: Flow, i: int, dataset: Dataset) -> Float[np.ndarray, "r d"]:
        if not self.conditioned:
            return flow.weights[i]
        if not flow.conditioner:
            raise InputError("The flow has no conditioner to measure: give the claim dynamics.AdaGrad.")
        return _usual_where_untouched(flow.conditioner[i]) * dataset.x[0]


@dataclass(frozen=True)
class Settling:
    """Largest relative change of an entry of AdaGrad's `h` since a tenth of the log time, 1 where one is not positive.

    Of the weights that ever have a gradient: others stay zero, and their `h` does not matter.
    isotropic: instead what the entries differ by, `1 - min h / max h`; for twins.
    """

    isotropic: bool = False

    @property
    def name(self) -> str:
        """What the reports call it."""
        return "spread of h" if self.isotropic else "change of h"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Along the flow; raises `InputError` for one that has no conditioner."""
        flow = ensembles.flow(subject, lab)
        if not flow.conditioner:
            raise InputError("This claim measures a conditioner, but its flow has none: give it dynamics.AdaGrad.")
        before = np.searchsorted(flow.log_time, flow.log_time / 10)
        values = []
        for h in flow.conditioner:
            # It is infinite as long as a weight has had no gradient: for ever where no point touches it, or all cancel.
            touched = h[:, np.isfinite(h[-1])]
            known = np.isfinite(touched) & (touched > 0)
            usual = np.where(known, touched, 1.0)
            if self.isotropic:
                found = 1 - usual.min(axis=1) / usual.max(axis=1)
            else:
                found = np.abs(np.where(known[before], usual / usual[before], 0.0) - 1).max(axis=1)
            values.append(np.where(known.all(axis=1), found, 1.0))
        floor = np.full(len(values), ROUNDING)
        return Measurement(
            flow.log_time, np.stack(values), floor, flow.met, lab.datasets, None, flow.notes, clock=LOG_TIME
        )


@dataclass(frozen=True)
class Energy:
    """How far `L + factor * eta sum_j sqrt(v_j + eps)` moves along AdaGrad's flow, over the loss at the hand-over.

    With `factor = 2` it does not move. Other factors are for twins.
    """

    factor: float = 2.0

    name = "drift of L + 2 η Σ √v"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """From the hand-over on; raises `InputError` for another flow than AdaGrad's."""
        dynamics, flow = flow_of(subject).dynamics, ensembles.flow(subject, lab)
        if not isinstance(dynamics, AdaGrad):
            raise InputError("This claim measures AdaGrad's energy, but its flow is another: give it dynamics.AdaGrad.")
        late = flow.log_time >= np.log(flow.handover) * (1 - 1e-12)
        # 1 / h is the root; of a weight that no sample touches it is 0, or the root of eps, and moves in no case.
        roots = np.stack([(1 / h).reshape(len(h), -1).sum(axis=1) for h in flow.conditioner])
        loss = np.exp(flow.log_loss)
        energy = (loss + self.factor * dynamics.step_size * roots)[:, late]
        values = np.abs(energy - energy[:, :1]) / loss[:, late][:, :1]
        floor = np.full(len(values), ROUNDING)
        judged = np.ones(len(values), bool)
        return Measurement(
            flow.log_time[late], values, floor, judged, lab.datasets, None, flow.notes[1:], clock=LOG_TIME
        )
