"""The command `verify check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from solvers.errors import InputError
from verify.claims.catalogue import located
from verify.cli.common import Device, ReportDir, out, progress_of
from verify.cli.completion import claim_ids


def check(
    target: Annotated[
        str,
        typer.Argument(
            help="A claim's id, the first part of ids, or a file that defines claims.", autocompletion=claim_ids
        ),
    ],
    profile: Annotated[str, typer.Option(help="How hard to try: quick, standard or thorough.")] = "standard",
    seed: Annotated[int, typer.Option(help="Master seed of all draws.")] = 0,
    budget: Annotated[
        float,
        typer.Option(help="Try inconclusive claims again, with up to this many times the profile's work."),
    ] = 1.0,
    device: Device = None,
    report_dir: ReportDir = Path("verify-report"),
) -> None:
    """Try to refute claims, and write their records. Exits with 1 if one does not count as verified.

    pytest and make verify keep these records as they do their own, but for those that took more than the profile's
    work.

    Examples: verify check fan2025/sign-gd-binary --profile quick;  verify check my_conjecture.py --budget 20
    """
    from reports.records import write_record
    from reports.verified import failures
    from verify.trials.fingerprint import fingerprint
    from verify.trials.insisting import insist
    from verify.trials.profiles import PROFILES
    from verify.trials.record import record_of, stamp

    if profile not in PROFILES:
        raise InputError(f"There is no profile {profile!r}: use one of {', '.join(PROFILES)}.")
    if not 1 <= budget < float("inf"):
        raise InputError(f"The budget is {budget}: give how many times the profile's work a trial may cost, 1 or more.")
    failed = False
    for claim, home in located(target):
        mark = fingerprint(claim, str(home.__file__))
        further: list[str] = []  # trials with more than the profile's work
        with progress_of(claim.id) as show:

            def tell(sentence: str, further=further) -> None:
                further.append(sentence)
                say(sentence)

            trial = insist(claim, PROFILES[profile], budget, seed=seed, platform=device, progress=show, tell=tell)
        again = f"verify check {target} --profile {profile} --seed {seed}"
        record, curves = record_of(trial, again if budget == 1 else f"{again} --budget {budget:g}")
        stamp(record, None if further else mark, home)
        write_record(report_dir, record, curves)
        found = failures(record)
        failed |= bool(found)
        _tell(record, found)
    raise typer.Exit(1 if failed else 0)


def _tell(record: dict[str, Any], found: list[str]) -> None:
    from verify.datasets.dataset import shown

    say(f"{record['id']}: {record['verdict']}. {record['sentence']}")
    for twin in record["twins"]:
        say(f"  false twin ({twin['wrong']}): {twin['verdict']}. {twin['sentence']}")
        if twin["counterexample"]:
            say(f"    smallest counterexample: {shown(twin['counterexample'])}")
        elif twin.get("drawn"):
            say(f"    one of the datasets, as it was drawn: {shown(twin['drawn'])}")
    for reason in found:
        say(f"  not verified: {reason}")
    if settle := record.get("settle"):
        say(f"  what would settle it: {settle['sentence']}")
    if refutation := record.get("refutation"):
        say(f"  smallest counterexample: {shown(refutation['case'])}")
        say(f"  {refutation['sentence']}")
        say(f"  verify replay {record['id']} shows its margins and draws the run.")
    elif record["verdict"] == "REFUTED" and (worst := record["datasets"]["worst"]):
        say(f"  one of the datasets, as it was drawn: {shown(worst['dataset'])}")
        say(f"  verify replay {record['id']} runs it again.")


def say(line: str) -> None:
    """Print a line as it is."""
    out.print(line, highlight=False, markup=False, soft_wrap=True)
