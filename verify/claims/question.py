"""An open question: a conjecture that is hunted, and is never red."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvers.errors import InputError
from verify.claims.claim import Claim, Paper
from verify.claims.provenance import Read

if TYPE_CHECKING:
    from verify.datasets.dataset import Dataset

OPEN = "open"
"""The first part of all questions' ids."""


def any_dataset(dataset: Dataset) -> bool:
    """Whether that is a dataset of the question: all are."""
    return True


@dataclass(frozen=True)
class Question:
    """What nobody knows, with a conjectured answer that a hunt tries to refute.

    asks: the question, a sentence that ends with a question mark. claim: the conjecture, whose kind says which case
    refutes it alone; it needs no twins, since nothing counts as verified by it. refuted: what it answers that a case
    refutes it. known: what was proved since, and where. seeds: makes datasets that are tried first, such as those of
    published lower bounds. admits: whether a dataset belongs to the question, once the claim's `prepare` was applied:
    a hunt changes datasets that come near, and keeps to these. flows: whether its runs are flows, whose horizon is
    `log_time`, or take `steps`.
    Raises `InputError` for a claim whose id does not begin with `open/`, and for a question without its mark.
    """

    asks: str
    claim: Claim
    refuted: str
    known: str = ""
    seeds: Callable[[], Sequence[Dataset]] = tuple
    admits: Callable[[Dataset], bool] = any_dataset
    steps: int = 2_000
    log_time: float = 1e3
    flows: bool = False

    def __post_init__(self) -> None:
        if not self.claim.id.startswith(f"{OPEN}/"):
            raise InputError(f"The question's claim is {self.claim.id!r}: give it an id that begins with {OPEN}/.")
        if not self.asks.endswith("?"):
            raise InputError(f"The question {self.asks!r} asks nothing: end it with a question mark.")

    @property
    def id(self) -> str:
        """That of its claim."""
        return self.claim.id


def question(name: str, asks: str, statement: str, *, paper: Paper, where: str, **fields: Any) -> Question:
    """The question `open/<name>`, whose conjectured answer is the statement.

    paper, where: who asked it. fields: the others of a `Question` and of its `verify.Claim`.
    Raises `InputError` for a field that cannot be.
    """
    own = {
        each: fields.pop(each)
        for each in ("refuted", "known", "seeds", "admits", "steps", "log_time", "flows")
        if each in fields
    }
    claim = Claim(
        id=f"{OPEN}/{name}",
        title=statement.partition(":")[0].rstrip("."),
        statement=statement,
        source=f"asked after {paper.short}, {where}",
        paper=paper,
        read=Read.CONJECTURED,
        **fields,
    )
    return Question(asks, claim, **own)
