"""The command `verify certify`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from solvers.errors import InputError
from verify.cli.check import say
from verify.cli.common import ReportDir
from verify.cli.completion import claim_ids
from verify.cli.replay import claim_of, recorded, revived, shrunk_or_drawn

if TYPE_CHECKING:
    from verify.claims.claim import Claim


def certify(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="The id of a claim that has a record.", autocompletion=claim_ids)
    ],
    twin: Annotated[int | None, typer.Option(help="Certify the refutation of this false twin: 0, 1, ...")] = None,
    tight: Annotated[
        bool, typer.Option("--tight", help="Certify the case that came nearest to an explicit bound instead.")
    ] = False,
    steps: Annotated[
        int, typer.Option(help="Steps of the run, at least; it goes on to twice as many, at least.")
    ] = 5_000,
    folder: Annotated[Path, typer.Option(help="Where the certificate and its checker go.")] = Path(),
    report_dir: ReportDir = Path("verify-report"),
) -> None:
    """Write a recorded refutation as rational numbers, with a checker that needs Python's standard library only.

    With --tight it is the case that came nearest to an explicit bound, in the trial or in a `verify hunt` after it.

    Proved is that the weights of the run miss the maximal margin, by how much, and by how much after twice the steps;
    that the optimizer gives these weights is seen by running it.

    Examples: verify certify conjectures/false;  verify certify fan2025/sign-gd-binary --twin 0 --folder proof;
    verify certify ji2021/normalised-gd --tight
    """
    from verify.discovery.certifying import certify as proof
    from verify.discovery.certifying import certify_tight

    if steps < 1:
        raise InputError(f"A run of {steps} steps shows nothing: give 1 or more.")
    record = recorded(report_dir, name)
    if record is None:
        raise InputError(f"{report_dir} has no record of {name!r}: check the claim first, or give --report-dir.")
    if tight and twin is not None:
        raise InputError("A tight case is the claim's own, and no twin's: leave --tight or --twin away.")
    if tight:
        claim = claim_of(record)
        case = revived(claim, _tightest(report_dir, record, claim))
        _write(certify_tight(claim, case, steps=steps), folder, ".tight")
        return
    told = record if twin is None else record["twins"][twin] if 0 <= twin < len(record["twins"]) else None
    if told is not None and told["verdict"] != "REFUTED":
        raise InputError(f"{name} is {told['verdict']} in its record, and nothing is to be certified: name a --twin.")
    claim = claim_of(record)
    plain = shrunk_or_drawn(report_dir, record, claim, twin)
    case = revived(claim, plain)
    if twin is None:
        _write(proof(claim, case, steps=steps), folder)
    else:
        _write(proof(claim.twin(twin), case, steps=steps, wrong=claim.twins[twin].wrong), folder)


def _tightest(report_dir: Path, record: dict[str, Any], claim: Claim) -> dict[str, Any]:
    """The recorded case that is nearest to the bound: of the hunt, where there was one that came nearer, and of
    `verify tighten`, where its largest constant is that of all, the one that was made smaller.
    """
    worst, hunted = record["datasets"]["worst"], record.get("tightness")
    drawn = 0.0 if worst is None else worst["value"] or 0.0
    if hunted and "extremal" in hunted and hunted["extremal"]["needed"] >= max(drawn, hunted["value"] or 0.0):
        return hunted["extremal"]["case"]
    if hunted and hunted["case"] and (hunted["value"] or 0.0) >= drawn:
        return hunted["case"]
    return shrunk_or_drawn(report_dir, record, claim, None)


def _write(found: dict[str, Any], folder: Path, what: str = "") -> None:
    """Write the certificate and its checker, and say what was checked."""
    from reports.records import slug
    from verify.discovery import check_certificate

    path = folder / f"{slug(found['claim']['id'])}{what}.certificate.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
        checker = shutil.copy(str(check_certificate.__file__), folder)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}): give another --folder.") from error
    for sentence in (*check_certificate.check(found), check_certificate.verdict(found)):
        say(sentence)
    say(f"Wrote {path}. Check it by: python {checker} {path}")
