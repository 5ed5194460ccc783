"""The command `verify dossier`."""

from __future__ import annotations

import json
import re
import shlex
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from solvers.errors import InputError
from verify.cli.check import say
from verify.cli.common import Device, Options, out, progress_of
from verify.cli.new import beside, write_conjecture
from verify.cli.own import DECAY, Maker, failures_told, loss_of, maker_of
from verify.cli.run import LOSS, OPTIMIZER
from verify.cli.written import Json, check_writable

if TYPE_CHECKING:
    from reports.dossier import Conjecture
    from verify.discovery.dossier import Dossier, Suggestion
    from verify.statistics import Interval


def dossier(
    optimizer: Annotated[str, typer.Option(help=f"{OPTIMIZER} Of a function, the first argument is the step sizes.")],
    option: Options = None,
    norm: Annotated[list[str] | None, typer.Option(help="Norms to try; may be given again.")] = None,
    loss: Annotated[str, typer.Option(help=LOSS)] = "logistic",
    steps: Annotated[int, typer.Option(help="Number of steps.")] = 100_000,
    draws: Annotated[int, typer.Option(help="Number of drawn datasets on which the norm is looked for.")] = 8,
    seed: Annotated[int, typer.Option(help="Seed of all draws.")] = 0,
    folder: Annotated[Path, typer.Option(help="Where the page goes, in HTML and Markdown.")] = Path(),
    conjectures: Annotated[
        bool, typer.Option(help="Write the conjectures that it suggests: into the folder, or beside a file of yours.")
    ] = True,
    force: Annotated[bool, typer.Option("--force", help="Overwrite conjectures that are there.")] = False,
    as_json: Json = False,
    device: Device = None,
) -> None:
    """Tell on one page what runs show of an optimizer: its norm, exponents under five schedules, and more.

    The page has the norm and until when, hidden constants, exponents in t and in what the weights travelled, how they
    depend on n, d and the margin, mini-batches, rotation, degree of homogeneity, precision horizon, the nearest known
    theorems, and conjectures to be checked. It takes one to two minutes. A weight decay is 0 unless it is given, as it
    bounds the weights.

    Examples: verify dossier --optimizer optax.contrib.ademamix;
    verify dossier --optimizer mine.py:make -o beta=0.9 --folder notes
    """
    import numpy as np

    from reports import dossier as pages
    from verify.backend import devices
    from verify.discovery.dossier import dossier as investigate
    from verify.runs.trajectory import check_steps

    check_steps(steps)
    devices(device)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is no folder: give another --folder.")
    check_writable(folder / "dossier.html", "give another --folder")
    made, kind = maker_of(optimizer, option or []), loss_of(loss)
    place = (beside(optimizer, loss) if conjectures else None) or folder
    with progress_of(optimizer) as show, failures_told(optimizer, loss):
        found = investigate(
            made.make, name=optimizer, step_size=made.step_size, loss=kind, norms=norm, steps=steps, draws=draws,
            seed=seed, platform=device, progress=show,
        )  # fmt: skip
    written = (
        _write_conjectures(found, made, _Asked(optimizer, option or [], loss, place, force)) if conjectures else []
    )
    told = found.to_dict()
    curves = [pages.Curve(each.steps, np.exp(each.log_time), each.gap, each.travelled) for each in found.schedules]
    command = _command(
        optimizer=[optimizer],
        o=option,
        norm=norm,
        loss=[loss],
        steps=[steps],
        draws=[draws],
        seed=[seed],
        folder=[folder],
    )
    name = f"dossier-{_slug(optimizer)}"
    try:
        paths = pages.write(folder, name, told, curves, written, command)
    except OSError as error:
        raise InputError(f"{folder / name} cannot be written ({error.strerror}): give another --folder.") from error
    if as_json:
        files = {what: str(path) for what, path in paths.items()} | {"conjectures": [each.file for each in written]}
        typer.echo(json.dumps(told | {"files": files}, allow_nan=False, ensure_ascii=False))
        return
    _tell(found, written)
    for path in paths.values():
        say(f"Wrote {path}.")


class _Asked(NamedTuple):
    """What the conjectures are made of, as it was typed."""

    optimizer: str
    options: list[str]
    loss: str
    folder: Path
    force: bool


def _write_conjectures(found: Dossier, made: Maker, asked: _Asked) -> list[Conjecture]:
    """Those that are suggested, each in a file; one that is there is left as it is, unless it is to be overwritten."""
    from reports.dossier import Conjecture

    written = []
    for each in found.suggestions:
        name = _identifier(asked.optimizer, each)
        path = asked.folder / f"test_{name}.py"
        kept = path.exists() and not asked.force
        if not kept:
            write_conjecture(
                name, optimizer=asked.optimizer, options=_options(asked.options, made, each), norm=each.norm,
                rate=f"-{each.rate}", logarithm=False, loss=asked.loss, multiclass=each.matrix, folder=asked.folder,
                force=asked.force,
            )  # fmt: skip
        file = f"{path} (was there, and is left as it was: see --force)" if kept else str(path)
        written.append(Conjecture(each.sentence, file, f"verify check {path} --profile quick"))
    return written


def _identifier(optimizer: str, each: Suggestion) -> str:
    """The conjecture's name: the optimizer, the norm and the power of the schedule."""
    words = [_slug(optimizer), each.norm]
    if each.step_size is not None:
        words.append(f"a{each.step_size.a:.2g}")
    return re.sub(r"[^A-Za-z0-9]+", "_", "_".join(words)).lower()


def _options(options: list[str], made: Maker, each: Suggestion) -> list[str]:
    """The options of the optimizer, with the step sizes of the suggestion in place of those that were given."""
    if each.step_size is None or made.parameter is None:
        return options
    step = each.step_size
    own = [text for text in options if text.partition("=")[0].strip() not in (made.parameter, *DECAY)]
    return [*own, f"{made.parameter}={step.eta0:g}*(t+1)**(-{Fraction(step.a).limit_denominator(10)})"]


def _slug(optimizer: str) -> str:
    """The optimizer as a part of a file's name: of `mine.py:make`, `mine-make`."""
    return re.sub(r"[^A-Za-z0-9]+", "-", Path(optimizer.replace(".py:", "-")).name).strip("-") or "optimizer"


def _command(**options: Any) -> str:
    """The command that makes this dossier again, with the options that were given."""
    words = ["verify", "dossier"]
    for name, values in options.items():
        for value in values or []:
            words += [f"--{name}" if len(name) > 1 else f"-{name}", str(value)]
    return shlex.join(words)


def _tell(found: Dossier, written: list[Conjecture]) -> None:
    """The heart of it, for a terminal."""
    say(found.identified.sentence)
    if found.until_then:
        say(f"With gradients above its constants: {found.until_then}")
    rows = Table("step sizes", f"{found.norm} gap: p in t", "p in S", "tell", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for each in found.schedules:
        rows.add_row(each.steps, _shown(each.in_time), _shown(each.in_path), f"{each.tell} of {each.datasets}")
    out.print(rows)
    for each in found.theorems[:3]:
        say(f"Like {each.id} ({each.cosine:.3f}): {each.law} ({each.source}).")
    for each in written:
        say(f"Conjecture: {each.sentence}. {each.command}")


def _shown(value: Interval | None) -> str:
    return "–" if value is None else f"{value.value:.2f} [{value.low:.2f}, {value.high:.2f}]"
