"""The command line: list, check, run, identify, report."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from reports.records import ReportError, read_records, replace_file, write_record
from solvers.errors import InputError
from verify.cli_common import Device, Options, err, optimizer_of, out, progress_bar
from verify.cli_gallery import gallery
from verify.cli_identify import identify

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Check published theorems on the implicit bias of optimizers, and try hard to refute them.",
)

ReportDir = Annotated[Path, typer.Option("--report-dir", help="Where records, curves and the report are.")]


def claims_of(module: ModuleType) -> Iterator[Any]:
    """The claims that a module defines: its `CLAIM`s, and those in its tuples."""
    from verify.claims import Claim

    for value in vars(module).values():
        for item in value if isinstance(value, tuple | list) else (value,):
            if isinstance(item, Claim):
                yield item


def all_claims() -> dict[str, Any]:
    """Every claim of the installed packages of the entry point group `implicit_bias_verify.claims`, by id."""
    found: dict[str, Any] = {}
    for entry in entry_points(group="implicit_bias_verify.claims"):
        package = entry.load()
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if info.name.rpartition(".")[2].startswith("test_"):
                found |= {claim.id: claim for claim in claims_of(importlib.import_module(info.name))}
    return dict(sorted(found.items()))


def _from_file(path: Path) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise InputError(f"{path} is no Python file: give the path of a file that defines a Claim.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return {claim.id: claim for claim in claims_of(module)}


def _chosen(target: str) -> list[Any]:
    if target.endswith(".py"):
        found = _from_file(Path(target))
        if not found:
            raise InputError(f"{target} defines no claim: put a verify.Claim at its top level.")
        return list(found.values())
    known = all_claims()
    chosen = [claim for name, claim in known.items() if name == target or name.startswith(f"{target}/")]
    if not chosen:
        raise InputError(f"There is no claim {target!r}: see `verify list`, or give a file that defines one.")
    return chosen


@app.command("list")
def list_claims() -> None:
    """List the claims: their ids, kinds and sources.

    Example: verify list
    """
    table = Table("id", "kind", "claim", "twins", "source")
    table.columns[0].no_wrap = True
    for claim in all_claims().values():
        table.add_row(claim.id, claim.kind.name, claim.title, str(len(claim.twins)), claim.source)
    out.print(table)


@app.command()
def check(
    target: Annotated[str, typer.Argument(help="A claim's id, the first part of ids, or a file that defines claims.")],
    profile: Annotated[str, typer.Option(help="How hard to try: quick, standard or thorough.")] = "standard",
    seed: Annotated[int, typer.Option(help="Master seed of all draws.")] = 0,
    device: Device = None,
    report_dir: ReportDir = Path("verify-report"),
) -> None:
    """Try to refute claims, and write their records. Exits with 1 if one does not count as verified.

    Examples: verify check fan2025/sign-gd-binary --profile quick;  verify check my_conjecture.py
    """
    from verify.datasets import shown
    from verify.recording import failures, record_of
    from verify.theorem import PROFILES, try_claim

    if profile not in PROFILES:
        raise InputError(f"There is no profile {profile!r}: use one of {', '.join(PROFILES)}.")
    failed = False
    for claim in _chosen(target):
        with progress_bar() as bar:
            task = bar.add_task(claim.id)

            def show(what: str, done: int, total: int, bar=bar, task=task, name=claim.id) -> None:
                bar.update(task, description=f"{name}: {what}", completed=done, total=total)

            trial = try_claim(claim, PROFILES[profile], seed=seed, platform=device, progress=show)
        again = f"verify check {target} --profile {profile} --seed {seed}"
        record, curves = record_of(trial, again)
        write_record(report_dir, record, curves)
        found = failures(record)
        failed |= bool(found)
        _say(f"{claim.id}: {record['verdict']}. {record['sentence']}")
        for twin in record["twins"]:
            _say(f"  false twin ({twin['wrong']}): {twin['verdict']}. {twin['sentence']}")
            if twin["counterexample"]:
                _say(f"    smallest counterexample: {shown(twin['counterexample'])}")
        for reason in found:
            _say(f"  not verified: {reason}")
        if trial.counterexample:
            _say(f"  smallest counterexample: {shown(trial.counterexample.to_json())}")
    raise typer.Exit(1 if failed else 0)


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
    from verify import realdata
    from verify.trajectory import run as run_trajectory

    dataset = realdata.parse(data)
    realdata.require_separable(dataset)
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
) -> None:
    """Write the report: one HTML page, Markdown and JSON, from the records of the last checks.

    Example: verify report --report-dir verify-report --overview overview.png
    """
    from reports.figures import overview as draw_overview
    from reports.page import write_report
    from reports.tables import markdown_by_source, replace_between_marks
    from reports.text import summarise

    written = write_report(report_dir)
    if overview:
        draw_overview(report_dir, overview)
        written = {**written, "overview": overview}
    if readme:
        if not readme.is_file():
            raise InputError(f"{readme} is no file: give a Markdown file that has the marks.")
        table = markdown_by_source(read_records(report_dir))
        document = replace_between_marks(readme.read_text("utf-8"), table)
        replace_file(readme, lambda file: file.write(document.encode()))
    summary = summarise(read_records(report_dir))
    out.print(
        f"{summary.supported} supported, {summary.refuted} refuted, {summary.inconclusive} inconclusive; "
        f"{summary.twins_refuted} of {summary.twins} false twins refuted"
    )
    for name, path in written.items():
        out.print(f"{name}: {path}", highlight=False, soft_wrap=True)


app.command()(identify)
app.command()(gallery)


def main() -> None:
    """Entry point: bad input is one sentence on standard error, and exit code 2."""
    from verify.trajectory import TrajectoryError

    try:
        app()
    except (InputError, ReportError, TrajectoryError) as error:
        err.print(f"verify: {error}", highlight=False, style=None, soft_wrap=True)
        raise SystemExit(2) from None
