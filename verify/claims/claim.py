"""A theorem as data: what is claimed, of which optimizer, on which problems, and which twins of it are false."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import optax
from jaxtyping import Float

from solvers.errors import InputError
from solvers.norms import Norm
from verify.laws import Law
from verify.losses import Loss
from verify.problems.margins.gap import Gap
from verify.problems.quantity import Quantity

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from verify.datasets.cases import Case
    from verify.datasets.dataset import Dataset
    from verify.flows.dynamics import Dynamics
    from verify.problems.quantity import Measurement


def _check_law(law: object) -> None:
    if not isinstance(law, Law):
        raise InputError(f"{law!r} is no law: give one of verify.laws, such as laws.power(1 / 2).")


@dataclass(frozen=True)
class Rate:
    """The quantity falls at least as fast as the law, over the ensemble.

    `resolution`: the difference in exponent that the check tells apart; the law counts as broken when the
    envelope grows by half of it in a decade. `log_time`: watch the flow, up to this `log t`.
    """

    law: Law
    resolution: float = 0.2

    name = "rate"

    def __post_init__(self):
        _check_law(self.law)
        if not self.resolution > 0:
            raise InputError(f"The resolution of a rate is {self.resolution}: give a positive difference in exponent.")


@dataclass(frozen=True)
class Limit:
    """The quantity tends to zero: it ends below `tolerance`, and extrapolated by the law it does not level off."""

    tolerance: float
    law: Law

    name = "limit"

    def __post_init__(self):
        _check_law(self.law)
        if not self.tolerance > 0:
            raise InputError(f"The tolerance of a limit is {self.tolerance}: give a positive number.")


@dataclass(frozen=True)
class Bound:
    """The quantity stays below an explicit bound, at every recorded time, on every dataset.

    upper: from the measurement to the bound `[b r]`; `Measurement.larger_side` where the quantity measures both sides.
    text: the bound as a formula.
    """

    upper: Callable[[Measurement], Float[np.ndarray, "b r"]]
    text: str

    name = "bound"


@dataclass(frozen=True)
class Order:
    """The error falls like `h^p`, `low <= p <= high`, as the step size h is halved.

    The measurement's clock is `1 / h`, coarsest first. variable: what else may stand for h.
    """

    low: float
    high: float
    variable: str = "h"

    name = "order"


@dataclass(frozen=True)
class Trend:
    """Along a sweep the quantity rises (`sign` 1) or falls (-1), by the share `resolution` from end to end at least.

    The measurement's columns are the sweep, its rows repetitions. strict: every repetition must rise with every
    column. Else the trend must be significant at `level` over the repetitions (Page's test for ordered alternatives).
    """

    sign: int
    resolution: float = 0.01
    level: float = 0.01
    strict: bool = False

    name = "trend"


@dataclass(frozen=True)
class Separation:
    """The quantity's last value is at most `threshold` on every case, its interval (the floor) included.

    text: the inequality, in words or as a formula.
    """

    threshold: float
    text: str

    name = "separation"


Kind = Rate | Limit | Bound | Order | Trend | Separation


@dataclass(frozen=True)
class Twin:
    """A false twin: the claim with one word wrong. `changes` are the fields of the claim that it replaces.

    apart: two norms; the twin is then judged on the drawn datasets on which their maximal margins are told apart,
    since elsewhere it may well be true. By default the claim's norm and the twin's, where they differ.
    shrink: whether to look for the smallest dataset that refutes it, which costs some seconds.
    """

    wrong: str
    changes: Mapping[str, Any]
    apart: tuple[str | Norm, str | Norm] | None
    shrink: bool

    def __init__(
        self,
        wrong: str,
        *,
        apart: tuple[str | Norm, str | Norm] | None = None,
        shrink: bool = True,
        **changes: Any,
    ):
        object.__setattr__(self, "wrong", wrong)
        object.__setattr__(self, "changes", MappingProxyType(changes))
        object.__setattr__(self, "apart", apart)
        object.__setattr__(self, "shrink", shrink)


@dataclass(frozen=True)
class Paper:
    """Where a claim was published."""

    key: str
    authors: str
    title: str
    year: int
    arxiv: str | None = None


@dataclass(frozen=True)
class Claim:
    """A published statement that the machine tries to refute.

    id: `paper/name`. title: a few words. statement: the theorem, in plain text. source: paper and theorem number.
    kind: what is claimed of the quantity. problem: makes the strategy that draws the cases it is tried on.
    optimizer: an optax transformation. loss, norm: by name, or a `verify.losses.Loss` and a `solvers.Norm`.
    quantity: what is measured, by default the relative gap to the maximal margin in the norm. flow: whether the
    gradient flow in log time takes over from gradient descent of a stable step size, or the dynamics whose method and
    flow are to be followed instead.
    twins: claims that must be refuted. real: real datasets by specification (see `verify.realdata.parse`),
    or settings that stand for them.
    horizon: decades of steps (of `log t` for flows) to add to the profile's. share: of the profile's datasets.
    prepare: what the theorem assumes of a dataset and can be had by rescaling, applied to real data too.
    """

    id: str
    title: str
    statement: str
    source: str
    paper: Paper
    kind: Kind
    problem: Callable[[], SearchStrategy[Any]]
    optimizer: optax.GradientTransformation
    optimizer_text: str
    loss: str | Loss
    norm: str | Norm
    quantity: Quantity = field(default_factory=Gap)
    flow: bool | Dynamics = False
    twins: tuple[Twin, ...] = ()
    real: tuple[str | Case, ...] = ()
    horizon: float = 0.0
    share: float = 1.0
    prepare: Callable[[Dataset], Dataset] | None = None

    def __post_init__(self):
        if not re.fullmatch(r"[a-z0-9]+(/[a-z0-9._-]+)+", self.id):
            raise InputError(f"The claim id {self.id!r} is not of the form paper/name: use a-z, 0-9, '.', '_', '-'.")
        if not isinstance(self.kind, Kind):
            raise InputError(f"The kind of {self.id} is {self.kind!r}: give a Rate, a Limit, a Bound or another kind.")
        if not callable(self.problem):
            raise InputError(
                f"The problem of {self.id} is a {type(self.problem).__name__}: give a function that makes a "
                "strategy, such as strategies.binary, without calling it."
            )
        if isinstance(self.real, str):
            raise InputError(f"The real data of {self.id} are {self.real!r}: give a tuple, ({self.real!r},).")
        if not self.share > 0:
            raise InputError(f"The share of {self.id} is {self.share}: give a positive part of the profile's datasets.")
        if not isinstance(self.twins, tuple | list):
            raise InputError(f"The twins of {self.id} are a {type(self.twins).__name__}: give a tuple of Twins.")
        for twin in self.twins:
            self._check_twin(twin)

    def _check_twin(self, twin: object) -> None:
        if not isinstance(twin, Twin):
            raise InputError(f"{twin!r} is no twin of {self.id}: give a Twin, such as Twin('L2 margin', norm='l2').")
        known = [f.name for f in fields(self) if f.name not in ("id", "twins")]
        if unknown := [name for name in twin.changes if name not in known]:
            raise InputError(f"The twin {twin.wrong!r} changes {unknown[0]!r}: change one of {', '.join(known)}.")
        if not twin.changes:
            raise InputError(f"The twin {twin.wrong!r} changes nothing and is as true as {self.id}: give it a change.")

    def twin(self, index: int) -> Claim:
        """The false twin of that index, as a claim of its own."""
        twin = self.twins[index]
        return replace(self, id=f"{self.id}/twin-{index}", twins=(), **twin.changes)

    def apart(self, index: int) -> tuple[str | Norm, str | Norm] | None:
        """The norms whose margins must differ for the twin of that index to be false."""
        twin = self.twins[index]
        norm = twin.changes.get("norm", self.norm)
        return twin.apart or ((self.norm, norm) if norm != self.norm else None)
