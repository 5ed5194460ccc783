"""The command line: list, check, run, identify, report, compare and more."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from verify.cli.attain import attain
from verify.cli.certify import certify
from verify.cli.check import check
from verify.cli.common import err
from verify.cli.compare import compare
from verify.cli.doctor import doctor
from verify.cli.dossier import dossier
from verify.cli.gallery import gallery
from verify.cli.hunt import hunt
from verify.cli.identify import identify
from verify.cli.listing import list_claims
from verify.cli.modified import modified
from verify.cli.new import new
from verify.cli.replay import replay
from verify.cli.report import report
from verify.cli.run import run
from verify.cli.scaling import scaling
from verify.cli.sharpen import sharpen
from verify.cli.show import show
from verify.cli.table import table
from verify.cli.tighten import tighten
from verify.errors import Guessed

# What an interrupted command leaves behind, where it leaves something.
_KEPT = {
    "check": "the records of claims that were finished are kept, and with --cluster their finished parts",
    "gallery": "finished parts are kept, and a second call goes on with the rest",
    "hunt": "what was found of claims that were finished, and in finished rounds, is kept in their records",
}
_INTERRUPTED = 130


class Commands(TyperGroup):
    """The commands; whatever was typed wrongly is told in one sentence on standard error, with exit code 2."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run a command, and exit with its code; `standalone_mode` is click's."""
        with warnings.catch_warnings():
            warnings.simplefilter("always", Guessed)
            warnings.showwarning = _telling(warnings.showwarning)
            try:
                code = super().main(*args, standalone_mode=False, **extra)
            except Exception as error:
                sentence = sentence_of(error)
                if sentence is None:
                    raise
                if sentence:
                    _tell(sentence)
                code = 2
        return sys.exit(code if isinstance(code, int) else 0) if standalone_mode else code

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named; where it is interrupted, say what is kept."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            kept = _KEPT.get(ctx.invoked_subcommand or "", "nothing of this call is kept")
            _tell(f"Interrupted: {kept}.")
            raise typer.Exit(_INTERRUPTED) from None


def sentence_of(error: Exception) -> str | None:
    """What a user is told of an error that comes from what was typed, and None for an error of the program.

    It is empty where nothing was typed: click has shown the help then.
    """
    from reports.records import ReportError
    from solvers.errors import InputError
    from verify.errors import ClusterError, FlowError, TrajectoryError

    if isinstance(error, InputError | ReportError | TrajectoryError | FlowError | ClusterError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'} cannot be read or written ({error.strerror or error}): give another path."
    message = getattr(error, "format_message", None)
    if message is None:
        return None
    # Of click: an option or a command that there is not, or a value of another type.
    words = " ".join(message().split()).rstrip(".")
    if not words:
        return words
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "verify"
    return f"{words.replace('. Did you mean', ', did you mean')}: see {command} --help."


def _tell(sentence: str) -> None:
    # On one line, whatever of what was typed it holds.
    err.print(f"verify: {' '.join(sentence.split())}", highlight=False, markup=False, soft_wrap=True)


def _telling(usual: Any) -> Any:
    """Shows a guess as a line of the program's own, and every other warning as usual."""

    def show(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, Guessed):
            _tell(str(message))
        else:
            usual(message, category, *place, **more)

    return show


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Check published theorems on the implicit bias of optimizers, and try hard to refute them.",
)


def _tell_version(wanted: bool | None) -> None:
    from verify import __version__

    if wanted:
        typer.echo(f"implicit-bias-verify {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool | None, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = None,
) -> None:
    """What stands before a command."""


app.command("list")(list_claims)
for command in (
    show,
    run,
    report,
    check,
    replay,
    hunt,
    sharpen,
    scaling,
    tighten,
    attain,
    certify,
    table,
    identify,
    dossier,
    gallery,
    modified,
    new,
    compare,
    doctor,
):
    app.command()(command)


def main() -> None:
    """Entry point: bad input is one sentence on standard error, and exit code 2."""
    app(prog_name="verify")
