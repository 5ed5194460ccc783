"""The command `verify report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from solvers.errors import InputError
from verify.cli.common import ReportDir, out


def report(
    report_dir: ReportDir = Path("verify-report"),
    overview: Annotated[
        Path | None, typer.Option(help="Also draw all claims as small multiples: .svg or .png.")
    ] = None,
    readme: Annotated[
        Path | None,
        typer.Option(help="Also put a table by paper into this Markdown file, between <!-- theorems --> marks."),
    ] = None,
    single_file: Annotated[
        bool, typer.Option("--single-file", help="Put the figures into the page itself, which can then be sent alone.")
    ] = False,
    bounds: Annotated[
        bool, typer.Option("--bounds", help="Also print the explicit bounds: which constants they need, and where.")
    ] = False,
    paper: Annotated[
        bool, typer.Option("--paper", help="Also write claims.tex, references.bib and figures/*.pdf, for a paper.")
    ] = False,
) -> None:
    """Write the report: an HTML page, Markdown (long, and a summary) and JSON, from the records of the last checks.

    The page's figures lie beside it, and are loaded when they are near; with --single-file it holds them itself.
    Without records of checks it shows hunts and experiments, where there are some.

    Examples: verify report --report-dir verify-report --overview overview.png;  verify report --single-file --bounds
    """
    from reports.figures import overview as draw_overview
    from reports.page import write_report
    from reports.paper import write_paper
    from reports.records import read_records, replace_file
    from reports.runs import partial
    from reports.tables import bounds as table_of_bounds
    from reports.tables import markdown_by_paper, replace_between_marks
    from reports.text import summarise

    written, records = write_report(report_dir, single_file=single_file), read_records(report_dir)
    if overview:
        draw_overview(report_dir, overview)
        written = {**written, "overview": overview}
    if paper:
        written = {**written, **write_paper(report_dir)}
    if readme:
        if not records:  # whose empty table would take the place of one of an earlier run
            raise InputError(
                f"{report_dir} holds no records of checks to make a table of for {readme}: check some first."
            )
        document = replace_between_marks(_text(readme), markdown_by_paper(records))
        replace_file(readme, lambda file: file.write(document.encode()))
    if bounds and records:
        out.print(table_of_bounds(records))
    if words := partial(report_dir, records):
        out.print(words, highlight=False)
    if records:
        summary = summarise(records)
        out.print(
            f"{summary.supported} supported, {summary.refuted} refuted, {summary.inconclusive} inconclusive; "
            f"{summary.twins_refuted} of {summary.twins} false twins refuted"
        )
    else:
        out.print("No theorem was checked in this run: the page shows its hunts and experiments.")
    for name, path in written.items():
        out.print(f"{name}: {path}", highlight=False, soft_wrap=True)


def _text(path: Path) -> str:
    if not path.is_file():
        raise InputError(f"{path} is no file: give a Markdown file that has the marks.")
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path} is no text in UTF-8: give a Markdown file that has the marks.") from None
