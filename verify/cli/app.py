"""The command line: list, check, run, identify, report, compare and more."""

from __future__ import annotations

from typing import Annotated

import typer

from verify.cli.check import check
from verify.cli.common import err
from verify.cli.compare import compare
from verify.cli.doctor import doctor
from verify.cli.gallery import gallery
from verify.cli.hunt import hunt
from verify.cli.identify import identify
from verify.cli.listing import list_claims
from verify.cli.modified import modified
from verify.cli.new import new
from verify.cli.replay import replay
from verify.cli.report import report
from verify.cli.run import run
from verify.cli.show import show

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Check published theorems on the implicit bias of optimizers, and try hard to refute them.",
)


def _tell_version(wanted: bool) -> None:
    from verify import __version__

    if wanted:
        typer.echo(f"implicit-bias-verify {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What stands before a command."""


app.command("list")(list_claims)
for command in (show, run, report, check, replay, hunt, identify, gallery, modified, new, compare, doctor):
    app.command()(command)


def main() -> None:
    """Entry point: bad input is one sentence on standard error, and exit code 2."""
    from reports.records import ReportError
    from solvers.errors import InputError
    from verify.errors import FlowError, TrajectoryError

    try:
        app()
    except (InputError, ReportError, TrajectoryError, FlowError) as error:
        err.print(f"verify: {error}", highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(2) from None
