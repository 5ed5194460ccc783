"""The command `verify hunt`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verify.cli.check import say
from verify.cli.common import Device, ReportDir, progress_bar
from verify.cli.completion import claim_ids
from verify.cli.replay import recorded


def hunt(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="A claim's id, or a file that defines claims.", autocompletion=claim_ids)
    ],
    examples: Annotated[int, typer.Option(help="Cases to run.")] = 200,
    steps: Annotated[int, typer.Option(help="Steps of each run.")] = 5_000,
    seed: Annotated[int, typer.Option(help="Seed of the search.")] = 0,
    device: Device = None,
    report_dir: ReportDir = Path("verify-report"),
) -> None:
    """Search for the case that brings a claim closest to failing, and say how tight the claim is.

    The finding is added to the claim's record, where there is one.

    Examples: verify hunt ji2021/normalised-gd;  verify hunt my_conjecture.py --examples 1000
    """
    from reports.records import load_curves, write_record
    from verify.claims.catalogue import chosen
    from verify.datasets.dataset import shown
    from verify.trials.hunting import hunt as search
    from verify.trials.record import plain_hunt

    for claim in chosen(name):
        with progress_bar() as bar:
            task = bar.add_task(claim.id)
            found = search(
                claim, examples=examples, seed=seed, steps=steps, platform=device,
                progress=lambda done, total, bar=bar, task=task: bar.update(task, completed=done, total=total),
            )  # fmt: skip
        if found.case is None:
            say(f"{claim.id}: none of {found.examples} cases could be judged.")
            continue
        fails = f"it fails at {found.limit:g}"
        say(f"{claim.id}: {found.statistic} {found.value:.6g} at most ({fails}), on {found.judged} cases.")
        say(f"  before the search was steered: {found.untargeted:.6g}")
        say(f"  {shown(found.case.to_json())}")
        if found.refuted:
            say("  This case refutes the claim, and does so again with twice the steps.")
        if (record := recorded(report_dir, claim.id)) is not None:
            record["tightness"] = plain_hunt(found)
            write_record(report_dir, record, load_curves(report_dir, record))
