"""The command `verify compare`: two runs against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verify.cli.common import out


def compare(
    before: Annotated[Path, typer.Argument(help="The report folder of the earlier run.")],
    after: Annotated[Path, typer.Argument(help="The report folder of the later run.")],
    markdown: Annotated[Path | None, typer.Option(help="Also write the comparison into this Markdown file.")] = None,
) -> None:
    """Show what changed between two runs: verdicts, twins, and numbers whose intervals no longer meet.

    Exits with 1 if a verdict got worse: of a claim, of a real dataset, or of a false twin that is no longer refuted.

    Examples: verify compare old-report verify-report;  verify compare old new --markdown changes.md
    """
    from reports import compare as comparing
    from reports.records import replace_file

    found = comparing.compare_folders(before, after)
    for name, old, new in found.conditions:
        _say(f"The runs differ in {name}: {old} before, {new} after.")
    if found.changes:
        out.print(comparing.console(found))
    _say(found.headline())
    if markdown:
        written = comparing.markdown(found, str(before), str(after)).encode()
        replace_file(markdown, lambda file: file.write(written))
    raise typer.Exit(1 if found.worse else 0)


def _say(line: str) -> None:
    out.print(line, highlight=False, markup=False, soft_wrap=True)
