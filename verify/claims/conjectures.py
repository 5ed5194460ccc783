"""A claim that nobody has published: what a theorist has to say of it, and defaults for the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from solvers.norms import Norm
from verify.claims.claim import Claim, Paper, Twin
from verify.claims.kinds import Kind
from verify.claims.provenance import Read
from verify.datasets import strategies
from verify.losses import Loss
from verify.optimizers.calling import Optimizer

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def conjecture(
    name: str,
    statement: str,
    *,
    optimizer: Optimizer,
    norm: str | Norm,
    kind: Kind,
    twins: tuple[Twin, ...],
    problem: Callable[[], SearchStrategy[Any]] = strategies.binary,
    loss: str | Loss = "logistic",
    optimizer_text: str = "an optimizer of the author's own",
    author: str = "unpublished",
    **others: Any,
) -> Claim:
    """The claim `conjectures/<name>`, to be tried as a published one is.

    name: of a-z, 0-9, '.', '_' and '-'. statement: in plain text; what stands before its first colon is the title.
    others: further fields of `verify.Claim`, such as `quantity`, `real`, `share` and `horizon`.
    Raises `InputError` for a name of other characters.
    """
    return Claim(
        id=f"conjectures/{name}",
        title=statement.partition(":")[0].rstrip("."),
        statement=statement,
        source="conjecture",
        paper=Paper("conjectures", author, "Conjectures", date.today().year),
        kind=kind,
        problem=problem,
        optimizer=optimizer,
        optimizer_text=optimizer_text,
        loss=loss,
        norm=norm,
        twins=twins,
        read=Read.CONJECTURED,
        **others,
    )
