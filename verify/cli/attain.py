"""The command `verify attain`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solvers.errors import InputError
from verify.cli.check import check, say
from verify.cli.common import Device, ReportDir, err, out, progress_of
from verify.cli.completion import claim_ids
from verify.cli.new import exponent_of
from verify.cli.written import Json, conjecture_path, write_conjecture_text

if TYPE_CHECKING:
    from verify.discovery.attaining import Attained


def attain(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="A claim's id, or a file that defines one.", autocompletion=claim_ids)
    ],
    rate: Annotated[
        str | None, typer.Option(help="The law to be attained, -1 or -1/2 say; by default the claim's own.")
    ] = None,
    profile: Annotated[str, typer.Option(help="How hard to try: quick, standard or thorough.")] = "quick",
    seed: Annotated[int, typer.Option(help="Master seed of all draws.")] = 0,
    resolution: Annotated[float, typer.Option(help="Difference in exponent that is told apart.")] = 0.2,
    folder: Annotated[
        Path | None,
        typer.Option(help="Where the conjecture goes: by default properties/conjectures where it is, else here."),
    ] = None,
    run: Annotated[bool, typer.Option("--run", help="Check the conjecture that was written.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    as_json: Json = False,
    device: Device = None,
    report_dir: ReportDir = Path("verify-report"),
) -> None:
    """Search for datasets with an integer that grows on which a law is attained, and write them down as a conjecture.

    Families are searched for on some integers and judged on others. Exits with 1 where none is found; with --run also
    if the conjecture does not count as verified. It takes a minute or two.

    Examples: verify attain ji2021/normalised-gd --rate -1;  verify attain my_conjecture.py --run
    """
    from verify.discovery.attaining import attain as search
    from verify.discovery.attaining import file_of
    from verify.discovery.stating import one_claim
    from verify.laws import power

    if run and as_json:
        raise InputError("--run prints the check's verdict and --json one object: leave one of them away.")
    claim = one_claim(name)
    path = conjecture_path(folder, f"{claim.id}_attained", force=force)
    law = None if rate is None else power(float(exponent_of(rate)))
    with progress_of(claim.id) as show:
        found = search(
            claim, law=law, profile=profile, resolution=resolution, seed=seed, platform=device, progress=show
        )
    if as_json:
        typer.echo(json.dumps(found.to_dict(), allow_nan=False, ensure_ascii=False))
    else:
        _tell(found)
    if found.family is None:
        raise typer.Exit(1)
    write_conjecture_text(path, file_of(found, name, path))
    (err if as_json else out).print(f"Wrote {path}.", highlight=False, markup=False, soft_wrap=True)
    if run:
        check(str(path), profile=profile, seed=seed, device=device, report_dir=report_dir)


def _tell(found: Attained) -> None:
    say(found.sentence)
    if found.verdict is not None:
        say(f"  {found.verdict.sentence}")
    if found.counterexample is not None:
        from verify.datasets.dataset import shown

        say(f"  smallest counterexample: {shown(found.counterexample.to_json())}")
    if found.refuted is None:
        say(f"  {found.tried} families were looked at.")
