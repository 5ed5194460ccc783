"""The command line: list, check, run, identify, report, compare and more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from reports.records import ReportError, read_records, replace_file
from solvers.errors import InputError
from verify.claims.catalogue import all_claims
from verify.cli.check import check
from verify.cli.common import Device, Options, ReportDir, err, optimizer_of, out, progress_bar
from verify.cli.compare import compare
from verify.cli.gallery import gallery
from verify.cli.hunt import hunt
from verify.cli.identify import identify
from verify.cli.modified import modified
from verify.cli.new import new
from verify.cli.replay import replay

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Check published theorems on the implicit bias of optimizers, and try hard to refute them.",
)


@app.command("list")
def list_claims() -> None:
    """List the claims: their ids, kinds and sources.

    Example: verify list
    """
    table = Table("id", "kind", "promise", "claim", "twins", "source", "read")
    table.columns[0].no_wrap = True
    for claim in all_claims().values():
        table.add_row(
            claim.id, claim.kind.name, claim.promise, claim.title, str(len(claim.twins)), claim.source, claim.read
        )
    out.print(table)


def _say(line: str) -> None:
    out.print(line, highlight=False, markup=False, soft_wrap=True)


@app.command()
def run(
    optimizer: Annotated[str, typer.Option(help="sign_gd, adam, ... or a dotted name such as optax.lion.")],
    data: Annotated[str, typer.Option(help="A file (.npz, .csv) or a bundled set: iris:0-vs-rest, wine:standardise.")],
    norm: Annotated[list[str] | None, typer.Option(help="Norms of the margin; may be given again.")] = None,
    loss: Annotated[str, typer.Option(help="exponential, logistic, cross_entropy, pairwise_logistic.")] = "logistic",
    steps: Annotated[int, typer.Option(help="Number of steps.")] = 100_000,
    option: Options = None,
    device: Device = None,
) -> None:
    """Run an optimizer on data, and show how close it comes to the maximal margin in each norm.

    Examples: verify run --optimizer sign_gd --data wine:standardise;
    verify run --optimizer optax.lion -o learning_rate=0.001 --data iris:0-vs-rest --norm linf --norm l2
    """
    from solvers import max_margin
    from verify.datasets.real import parse, require_separable
    from verify.runs.simulation import run as run_trajectory

    dataset = parse(data)
    require_separable(dataset)
    norms = norm or (["linf", "l2", "l1"] if dataset.binary else ["linf", "l2", "l1", "spectral", "nuclear"])
    references = [max_margin(dataset.x, dataset.y, name) for name in norms]
    transformation = optimizer_of(optimizer, option or [])
    with progress_bar() as bar:
        task = bar.add_task(optimizer)
        result = run_trajectory(
            transformation, dataset, loss=loss, steps=steps, norms=norms, platform=device,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    table = Table("step", *(f"{r.norm.name} margin / maximum" for r in references), "log mean loss")
    for i in range((len(result.time) - 1) % 12, len(result.time), 12):  # a row a decade, the last step among them
        ratios = [float(result.normalised_margin(r.norm)[0, i]) / r.upper for r in references]
        table.add_row(f"{result.time[i]}", *(f"{ratio:.6f}" for ratio in ratios), f"{result.log_loss[0, i]:.4g}")
    out.print(f"{optimizer} on {data}: n = {dataset.n}, d = {dataset.d}, classes = {dataset.classes or 2}")
    out.print(table)
    out.print("  ".join(f"maximal {r.norm.name} margin {r.lower:.9g}" for r in references), highlight=False)
    if result.exact:
        out.print("The optimizer is scale-free: the run is exact at any margin.")
    elif result.horizon[0] >= 0:
        out.print(f"The optimizer needs true gradients: precision horizon at step {result.horizon[0]}.")
    else:
        out.print("The optimizer needs true gradients; the run stayed inside the range of floating point.")
    if np.any(result.starved):
        out.print("Some weight's gradient underflowed beside the largest one, and its weight stood still meanwhile.")


@app.command()
def report(
    report_dir: ReportDir = Path("verify-report"),
    overview: Annotated[
        Path | None, typer.Option(help="Also draw all claims as small multiples: .svg or .png.")
    ] = None,
    readme: Annotated[
        Path | None,
        typer.Option(help="Also put the table of theorems into this Markdown file, between <!-- theorems --> marks."),
    ] = None,
    paper: Annotated[
        bool, typer.Option("--paper", help="Also write claims.tex, references.bib and figures/*.pdf, for a paper.")
    ] = False,
) -> None:
    """Write the report: one HTML page, Markdown (long, and a summary) and JSON, from the records of the last checks.

    Examples: verify report --report-dir verify-report --overview overview.png;  verify report --paper
    """
    from reports.figures import overview as draw_overview
    from reports.page import write_report
    from reports.paper import write_paper
    from reports.runs import partial
    from reports.tables import markdown_by_source, replace_between_marks
    from reports.text import summarise

    written = write_report(report_dir)
    if overview:
        draw_overview(report_dir, overview)
        written = {**written, "overview": overview}
    if paper:
        written = {**written, **write_paper(report_dir)}
    if readme:
        if not readme.is_file():
            raise InputError(f"{readme} is no file: give a Markdown file that has the marks.")
        table = markdown_by_source(read_records(report_dir))
        document = replace_between_marks(readme.read_text("utf-8"), table)
        replace_file(readme, lambda file: file.write(document.encode()))
    records = read_records(report_dir)
    if words := partial(report_dir, records):
        out.print(words, highlight=False)
    summary = summarise(records)
    out.print(
        f"{summary.supported} supported, {summary.refuted} refuted, {summary.inconclusive} inconclusive; "
        f"{summary.twins_refuted} of {summary.twins} false twins refuted"
    )
    for name, path in written.items():
        out.print(f"{name}: {path}", highlight=False, soft_wrap=True)


app.command()(check)
app.command()(replay)
app.command()(hunt)
app.command()(identify)
app.command()(gallery)
app.command()(modified)
app.command()(new)
app.command()(compare)


def main() -> None:
    """Entry point: bad input is one sentence on standard error, and exit code 2."""
    from verify.errors import FlowError, TrajectoryError

    try:
        app()
    except (InputError, ReportError, TrajectoryError, FlowError) as error:
        err.print(f"verify: {error}", highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(2) from None
