"""A theorem as data: what is claimed, of which optimizer, on which problems, and which twins of it are false."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from solvers.errors import InputError
from solvers.norms import Norm
from verify.claims import provenance
from verify.claims.kinds.kind import Kind
from verify.claims.provenance import Promise, Read
from verify.problems.laboratory import Laboratory
from verify.problems.margins.gap import Gap
from verify.problems.quantity import Measurement, Quantity
from verify.problems.subject import SHORT, Subject, norm_of, varied

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from verify.datasets.cases import Case
    from verify.datasets.dataset import Dataset


_OF_TWINS = ("kind", "quantity", "subject", *SHORT)
"""The fields that a twin may change."""


@dataclass(frozen=True)
class Twin:
    """A false twin: the claim with one word wrong. `changes` are the fields of the claim that it replaces.

    They are of what is claimed, or of what it is claimed of; the cases and the horizon are the claim's own.
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
class Paper(provenance.Paper):
    """Where claims were published; it makes them, and so fills in what it knows."""

    def claim(self, name: str, where: str, title: str, statement: str, *, read: Read, **fields: Any) -> Claim:
        """The claim `key/name`, whose source is this paper at that place.

        where: `Theorem 3.2`, say. read: how far the statement was read. fields: the others of a `Claim`.
        Raises `InputError` for a field that cannot be.
        """
        source = f"{self.short}, {where}" if where else self.short
        return Claim(
            id=f"{self.key}/{name}", title=title, statement=statement, source=source, paper=self, read=read, **fields
        )


@dataclass(frozen=True, init=False)
class Claim:
    """A published statement that the machine tries to refute.

    id: `paper/name`. title: a few words. statement: the theorem, in plain text. source: paper and theorem number.
    kind: what is claimed of the quantity. problem: makes the strategy that draws the cases it is tried on.
    subject: what it is about, see `verify.problems.subject`; in its place, or to change it, its fields may be given one
    by one: optimizer, optimizer_text, loss, norm, and flow (dynamics, or True for gradient descent's).
    quantity: what is measured, by default the relative gap to the maximal margin in the norm.
    read: how far its statement was read. promise: what it promises, by default what its kind does.
    twins: claims that must be refuted. real: real datasets by specification (see `verify.datasets.real.parse`),
    or settings that stand for them.
    horizon: decades of steps (of `log t` for flows) to add to the profile's. share: of the profile's datasets.
    prepare: what the theorem assumes of a dataset and can be had by rescaling, applied to real data.
    larger: makes the strategy that the thorough profile draws from in place of `problem`, whose cases it alone affords.
    Raises `InputError` for a field that cannot be.
    """

    id: str
    title: str
    statement: str
    source: str
    paper: Paper
    kind: Kind
    problem: Callable[[], SearchStrategy[Any]]
    subject: Subject
    quantity: Quantity = field(default_factory=Gap)
    read: Read = Read.STATED
    promise: Promise | None = None
    twins: tuple[Twin, ...] = ()
    real: tuple[str | Case, ...] = ()
    horizon: float = 0.0
    share: float = 1.0
    prepare: Callable[[Dataset], Dataset] | None = None
    larger: Callable[[], SearchStrategy[Any]] | None = None

    def __init__(self, *, subject: Subject | None = None, **given: Any):
        short = {name: given.pop(name) for name in SHORT if name in given}
        for f in fields(self):
            if f.name == "subject":
                value = varied(subject, short) if short or subject is None else subject
            elif f.name in given:
                value = given.pop(f.name)
            elif f.default is not MISSING:
                value = f.default
            elif f.default_factory is not MISSING:
                value = f.default_factory()
            else:
                raise InputError(f"A claim without {f.name} says too little: give {f.name}=.")
            object.__setattr__(self, f.name, value)
        if given:
            raise InputError(f"A claim has no field {next(iter(given))!r}: give one of {', '.join(_names())}.")
        self._check()

    def _check(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(/[a-z0-9._-]+)+", self.id):
            raise InputError(f"The claim id {self.id!r} is not of the form paper/name: use a-z, 0-9, '.', '_', '-'.")
        if not isinstance(self.kind, Kind):
            raise InputError(f"The kind of {self.id} is {self.kind!r}: give a Rate, a Limit, a Bound or another kind.")
        for name, made in (("problem", self.problem), ("larger problem", self.larger or self.problem)):
            if not callable(made):
                raise InputError(
                    f"The {name} of {self.id} is a {type(made).__name__}: give a function that makes a "
                    "strategy, such as strategies.binary, without calling it."
                )
        if isinstance(self.real, str):
            raise InputError(f"The real data of {self.id} are {self.real!r}: give a tuple, ({self.real!r},).")
        for value, values in ((self.read, Read), (self.promises, Promise)):
            if not isinstance(value, values):
                known = ", ".join(f"{values.__name__}.{each.name}" for each in values)
                raise InputError(f"{self.id} says {value!r} of its provenance: give one of {known}.")
        if not self.share > 0:
            raise InputError(f"The share of {self.id} is {self.share}: give a positive part of the profile's datasets.")
        if not isinstance(self.twins, tuple | list):
            raise InputError(f"The twins of {self.id} are a {type(self.twins).__name__}: give a tuple of Twins.")
        for twin in self.twins:
            self._check_twin(twin)

    def _check_twin(self, twin: object) -> None:
        if not isinstance(twin, Twin):
            raise InputError(f"{twin!r} is no twin of {self.id}: give a Twin, such as Twin('L2 margin', norm='l2').")
        if unknown := [name for name in twin.changes if name not in _OF_TWINS]:
            raise InputError(
                f"The twin {twin.wrong!r} changes {unknown[0]!r}: change one of {', '.join(_OF_TWINS)}; cases, horizon "
                "and wording are the claim's own."
            )
        if not twin.changes:
            raise InputError(f"The twin {twin.wrong!r} changes nothing and is as true as {self.id}: give it a change.")

    def measure(self, lab: Laboratory) -> Measurement:
        """The claim's quantity, measured on the laboratory's cases."""
        return self.quantity.measure(self.subject, lab)

    @property
    def promises(self) -> Promise:
        """What the claim promises: what it says, or what its kind does."""
        return self.kind.promise if self.promise is None else self.promise

    @property
    def norms(self) -> tuple[str | Norm, ...]:
        """The norms that the claim and its twins ask for, each once."""
        every = [self.subject.norm, *(twin.changes.get("norm") for twin in self.twins)]
        return tuple(dict.fromkeys(norm for norm in every if norm is not None and not isinstance(norm, tuple)))

    def twin(self, index: int) -> Claim:
        """The false twin of that index, as a claim of its own."""
        twin = self.twins[index]
        return replace(self, id=f"{self.id}/twin-{index}", twins=(), **twin.changes)

    def apart(self, index: int) -> tuple[str | Norm, str | Norm] | None:
        """The norms whose margins must differ for the twin of that index to be false."""
        twin = self.twins[index]
        if twin.apart is not None or "norm" not in twin.changes:
            return twin.apart
        own, other = norm_of(self.subject), twin.changes["norm"]
        return (own, other) if own != other else None


def _names() -> list[str]:
    """The fields of a claim, those of its subject among them, by the names by which they are given."""
    return [f.name for f in fields(Claim)] + list(SHORT)
