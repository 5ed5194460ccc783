"""The command `verify table`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from solvers.errors import InputError
from verify.claims.catalogue import all_claims, chosen
from verify.cli.check import say
from verify.cli.common import ReportDir, progress_bar
from verify.cli.completion import claim_ids


def table(
    target: Annotated[
        str,
        typer.Argument(
            help="A claim's id, the first part of ids, a file that defines claims, or all.", autocompletion=claim_ids
        ),
    ],
    profile: Annotated[str, typer.Option(help="How hard to try: quick, standard or thorough.")] = "quick",
    seed: Annotated[int, typer.Option(help="Master seed of all draws.")] = 0,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write measurements.parquet too, by polars.")] = False,
    report_dir: ReportDir = Path("verify-report"),
) -> None:
    """Write every measurement of claims as a row: what each case is, and what came of it.

    The table is measurements.csv beside the report; an earlier one is replaced. Its columns are the claim, version
    and seed, the case's n, d and k, its maximal margin in each norm, whether it is in its regime, q, the value at the
    horizon and exponents in t and in what was travelled.

    Examples: verify table fan2025/sign-gd-binary;  verify table all --parquet
    """
    from reports.records import replace_file
    from verify.discovery import tabling

    claims = list(all_claims().values()) if target == "all" else chosen(target)
    if parquet:
        tabling.to_parquet([])  # before anything is computed
    with progress_bar() as bar:
        task = bar.add_task(target)

        def show(name: str, done: int, total: int) -> None:
            bar.update(task, description=name, completed=done, total=total)

        rows = tabling.table(claims, profile=profile, seed=seed, progress=show)
    contents = {"csv": tabling.to_csv(rows).encode()} | ({"parquet": tabling.to_parquet(rows)} if parquet else {})
    for ending, content in contents.items():
        path = report_dir / f"measurements.{ending}"
        try:
            replace_file(path, lambda file, content=content: file.write(content))
        except OSError as error:
            raise InputError(f"{path} cannot be written ({error.strerror}): give another --report-dir.") from error
        say(f"Wrote {path}: {len(rows)} rows of {len(claims)} claim{'s' if len(claims) > 1 else ''}.")
