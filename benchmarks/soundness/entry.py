"""An entry of the catalogue: a claim, whether it is true, and why that is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from verify.claims.claim import Claim, Paper
from verify.claims.kinds import Limit, Rate
from verify.claims.provenance import Read
from verify.datasets import strategies
from verify.laws import Law, inverse_log, power

PAPER = Paper("soundness", "the catalogue", "Conjectures whose truth is known", 2026)
MODERATE = tuple(name for name in strategies.FLAVOURS if name != "tiny_margin")
"""Flavours whose limits are in reach."""
SLOW = Rate(inverse_log(in_steps=True), resolution=0.1)
"""`1/log t`, seen over decades of t."""


@dataclass(frozen=True)
class Said:
    """One thing said of a group's subject: whether it is `true`, `why`, and the claim's `fields` that say it.

    what: the words that tell it from the group's others, by default its norm and what is claimed. excess: of an entry
    of the power table, by how much the exponent of its law is too large.
    """

    true: bool
    why: str
    fields: dict[str, Any] = field(default_factory=dict)
    what: str | None = None
    excess: float | None = None


@dataclass(frozen=True)
class Entry:
    """A claim whose truth is known. Entries of one group are judged on the same draws, and share their runs.

    name: unique, `group: norm, claimed`. group: the claim's id without `soundness/`. why: a theorem, or a derivation in
    a line. excess: see `Said`.
    """

    name: str
    group: str
    claim: Claim
    true: bool
    why: str
    excess: float | None = None


def true(why: str, norm: str | None = None, kind: Any = None, *, what: str | None = None, **fields: Any) -> Said:
    """What is true of a group's subject."""
    return Said(True, why, _fields(norm, kind, fields), what)


def false(why: str, norm: str | None = None, kind: Any = None, *, what: str | None = None, **fields: Any) -> Said:
    """What is false of a group's subject."""
    return Said(False, why, _fields(norm, kind, fields), what)


def _fields(norm: str | None, kind: Any, others: dict[str, Any]) -> dict[str, Any]:
    given = {"norm": norm, "kind": kind}
    return others | {name: value for name, value in given.items() if value is not None}


def group(name: str, text: str, *said: Said, problem: Any = strategies.binary, **base: Any) -> tuple[Entry, ...]:
    """The entries on one subject. text: what it is. base: fields of all their claims, `optimizer` or `flow` say."""
    return tuple(_entry(name, text, each, base | {"problem": problem}) for each in said)


def _entry(name: str, text: str, said: Said, base: dict[str, Any]) -> Entry:
    given = {"optimizer_text": text, **base, **said.fields}
    law = given["kind"].claimed()[0]
    what = said.what or ", ".join(filter(None, (given.get("norm"), law)))
    statement = f"{text}: {what}"
    claim = Claim(
        id=f"soundness/{name}", title=statement, statement=statement, source="catalogue", paper=PAPER,
        read=Read.DERIVED, **given,
    )  # fmt: skip
    return Entry(f"{name}: {what}", name, claim, said.true, said.why, said.excess)


def rate(p: float, *, log: float = 0.0) -> Rate:
    """`O(t^-p (log t)^log)`."""
    return Rate(power(p, log=log))


def vanishes(p: float, tolerance: float = 0.1) -> Limit:
    """The gap vanishes; it is extrapolated by `t^-p`."""
    return Limit(tolerance, Law(p))


def binary(**options: Any) -> Any:
    """Binary datasets, as a problem."""
    return partial(strategies.binary, **options)


def multiclass(**options: Any) -> Any:
    """Multiclass datasets, as a problem."""
    return partial(strategies.multiclass, **options)
