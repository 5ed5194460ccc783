"""A sharper law as a conjecture of its own, with the twin that is refuted."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from solvers.errors import InputError
from verify.claims.catalogue import located
from verify.claims.claim import Claim, Paper, Twin
from verify.claims.provenance import Promise, Read
from verify.discovery.ladder import kind_of, law_of
from verify.discovery.sharpening import RESOLUTION, Sharpened
from verify.laws import DecayLaw, Law
from verify.optimizers.step_sizes import PowerDecay

if TYPE_CHECKING:
    import jinja2


_NAMED = 4  # claims that a sentence names


def one_claim(target: str) -> Claim:
    """The claim of that id, or the only one of a file; raises `InputError` where there are several, or none."""
    return one_located(target)[0]


def one_located(target: str) -> tuple[Claim, ModuleType]:
    """The same with the module that defines it."""
    found = located(target)
    if len(found) > 1:
        names = ", ".join(claim.id for claim, _ in found[:_NAMED])
        more = f" and {len(found) - _NAMED} more (verify list {target})" if len(found) > _NAMED else ""
        raise InputError(f"{target} stands for {len(found)} claims: give one of {names}{more}.")
    return found[0]


def after(claim: Claim, ending: str, **changes: Any) -> Claim:
    """A conjecture made from a claim. ending: of its id. changes: the fields in which it differs."""
    return replace(
        claim,
        id=f"conjectures/{claim.id.replace('/', '-').removeprefix('conjectures-')}-{ending}",
        source=f"conjecture, after {claim.source}",
        paper=Paper("conjectures", "unpublished", "Conjectures", claim.paper.year),
        read=Read.CONJECTURED,
        real=(),
        **changes,
    )


def sharper(
    target: str | Claim, law: Law | DecayLaw, *, false: Law | DecayLaw | None, resolution: float = RESOLUTION
) -> Claim:
    """The conjecture that a claim's quantity obeys a faster law.

    target: the claim, its id, or the file that defines it. law: the faster law. false: one that is too fast, the twin;
    the claim's other twins stay, but for those that claim another law: what is false of a law is false of a faster one.
    resolution: of exponents.
    Raises `InputError` for a claim whose kind has no law, and where no twin is left.
    """
    claim = one_claim(target) if isinstance(target, str) else target
    proved = law_of(claim)
    kind = kind_of(claim, law, resolution)
    twins = tuple(twin for twin in claim.twins if "kind" not in twin.changes)
    if false is not None:
        twins = (Twin(f"the faster law {false}", kind=kind_of(claim, false, resolution), shrink=False), *twins)
    if not twins:
        raise InputError(f"No twin of {claim.id} is known to be false under {law}: give a law that is too fast.")
    return after(
        claim,
        "sharper",
        title=f"{claim.title}, by a sharper law",
        statement=f"{claim.title}: the {claim.quantity.name} is O({law}), where O({proved}) is stated.",
        promise=Promise.UPPER,
        kind=kind,
        twins=twins,
    )


def text_of(found: Sharpened, target: str, path: Path) -> str:
    """A Python file that states the surviving law as a conjecture, to be tried as any other.

    target: the claim's id, or the file that it is in, which is then named by its place beside the new one's `path`.
    Raises `InputError` where no faster law survived, and where no twin is known.
    """
    if not found.sharper or found.law is None:
        raise InputError(f"No law faster than {found.proved} survived of {found.claim.id}: there is nothing to write.")
    false = None if found.refuted is None else found.refuted.law
    sharper(found.claim, found.law, false=false, resolution=found.resolution)  # it can be stated
    return (
        environment()
        .get_template("sharper.py.j2")
        .render(
            found=found,
            target=target,
            file=beside(target, path),
            law=expression(found.law),
            too_fast=None if false is None else expression(false),
            steps=_steps(found.law),
        )
        + "\n"
    )


def beside(target: str, path: Path) -> str | None:
    """The place of a claim's file as seen from a new one's folder; None of an id."""
    return Path(os.path.relpath(target, path.parent)).as_posix() if target.endswith(".py") else None


def environment() -> jinja2.Environment:
    """Where the templates of conjectures are found."""
    import jinja2

    return jinja2.Environment(loader=jinja2.PackageLoader("verify.discovery"), undefined=jinja2.StrictUndefined)


def expression(law: Law | DecayLaw) -> str:
    """A law as Python writes it, with `laws` imported; raises `InputError` for one whose steps have no expression."""
    from verify.laws import PathLaw

    if isinstance(law, DecayLaw):
        return f"laws.DecayLaw({law.power:g}, {law.log_power:g})"
    if isinstance(law, PathLaw):
        if not isinstance(law.step_size, PowerDecay):
            raise InputError(f"The step sizes of the law {law} cannot be written down: give a PowerDecay.")
        return f"laws.path({law.step_size!r}, {law.power:g})"
    more = [f"{name}={getattr(law, name)!r}" for name in ("in_steps", "log_log_power") if getattr(law, name)]
    if more or law.power == 0:
        return f"laws.Law({', '.join([f'{law.power:g}', f'{law.log_power:g}', *more])})"
    return f"laws.power({law.power:g}{f', log={law.log_power:g}' if law.log_power else ''})"


def _steps(law: Law | DecayLaw) -> bool:
    return "PowerDecay" in expression(law)
