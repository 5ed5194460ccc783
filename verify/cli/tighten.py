"""The command `verify tighten`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verify.cli.check import say
from verify.cli.common import Device, ReportDir, progress_of
from verify.cli.completion import claim_ids
from verify.cli.replay import recorded
from verify.cli.written import Json

if TYPE_CHECKING:
    from verify.discovery.tightening import Tightened

_LONGEST = 400  # letters of a dataset that is printed


def tighten(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="A claim's id, or a file that defines one.", autocompletion=claim_ids)
    ],
    examples: Annotated[int, typer.Option(help="Cases of the hunt.")] = 200,
    steps: Annotated[int, typer.Option(help="Steps of each run.")] = 2_000,
    datasets: Annotated[int, typer.Option(help="Fresh draws on which a constant is judged.")] = 64,
    seed: Annotated[int, typer.Option(help="Master seed of all draws.")] = 0,
    as_json: Json = False,
    device: Device = None,
    report_dir: ReportDir = Path("verify-report"),
) -> None:
    """Search for the smallest constant with which an explicit bound survives, and for the case that needs it.

    Constants are searched for by a hunt and judged on draws of their own. The hunt's finding is added to the claim's
    record, where there is one. Exits with 1 if the claim is itself refuted, or no constant survives. It takes a minute
    or two.

    Examples: verify tighten ji2021/normalised-gd;  verify tighten my_bound.py --examples 1000
    """
    from verify.discovery.stating import one_claim
    from verify.discovery.tightening import tighten as search

    claim = one_claim(name)
    with progress_of(claim.id) as show:
        found = search(
            claim, examples=examples, steps=steps, datasets=datasets, seed=seed, platform=device, progress=show
        )
    if (record := recorded(report_dir, claim.id)) is not None:
        from reports.records import load_curves, write_record

        record["tightness"] = found.to_record()
        write_record(report_dir, record, load_curves(report_dir, record))
    if as_json:
        typer.echo(json.dumps(found.to_dict(), allow_nan=False, ensure_ascii=False))
    else:
        _tell(found)
    if found.survives is None:
        raise typer.Exit(1)


def _tell(found: Tightened) -> None:
    from verify.datasets.dataset import Dataset, shown

    say(found.sentence)
    if (hunted := found.hunt).value is not None:
        steered = "–" if hunted.untargeted is None else f"{hunted.untargeted:.4g}"
        others = ((found.built, "data that are built"), (found.fresh, "fresh data"))
        more = [f"{value:.4g} on {what}" for value, what in others if value is not None]
        told = f"{hunted.value:.4g} in the hunt ({hunted.judged} cases; {steered} before it was steered)"
        say(f"  Largest: {', '.join([told, *more])}.")
    for note in found.notes:
        say(f"  {note}")
    if (worst := found.extremal) is None:
        return
    text = shown(worst.case.to_json())
    say(f"  {text if len(text) <= _LONGEST or not isinstance(worst.case, Dataset) else worst.case.summary}")
    for line in worst.words:
        say(f"  {line}")
    if worst.witness is not None:
        low, high = worst.witness.lower, worst.witness.upper
        exactly = f"= {low}" if low == high else f"in [{float(low):.12g}, {float(high):.12g}]"
        say(f"  Its maximal {worst.witness.norm} margin {exactly}, in exact arithmetic.")
