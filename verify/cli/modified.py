"""The command `verify modified`."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from solvers.errors import InputError
from verify.cli.common import out
from verify.cli.own import of_file

if TYPE_CHECKING:
    from verify.problems.backward.study import Study


class Method(StrEnum):
    """The methods whose modified equation is known."""

    ADAM = "adam"
    RMSPROP = "rmsprop"


class Sampling(StrEnum):
    """How steps take their batches."""

    IN_TURN = "in-turn"
    RESHUFFLED = "reshuffled"
    WITH_REPLACEMENT = "with-replacement"


class Form(StrEnum):
    """How the equation looks back."""

    AUTO = "auto"
    PUBLISHED = "published"
    CARRIED = "carried"


def modified(
    loss: Annotated[
        str,
        typer.Option(
            help="FILE:NAME, in a Python file a function of the parameters, or a list with one for each batch."
        ),
    ],
    optimizer: Annotated[Method, typer.Option(help="adam, or rmsprop, which has no beta.")] = Method.ADAM,
    beta: Annotated[float, typer.Option(help="Decay of the average of gradients.")] = 0.9,
    rho: Annotated[float, typer.Option(help="Decay of the average of their squares.")] = 0.95,
    eps: Annotated[float, typer.Option(help="Inside the root, after bias correction.")] = 1e-2,
    step_size: Annotated[float, typer.Option(help="Of the coarsest run; it is halved four times.")] = 1e-3,
    steps: Annotated[
        int | None, typer.Option(help="Of the coarsest run; by default 20 / (1 - max(beta, rho)).")
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="Numbers with commas between; by default the file's `start`.")
    ] = None,
    order: Annotated[
        str | None, typer.Option(help="Of the batches in one pass, as in 0,1,1,2; else each once.")
    ] = None,
    sampling: Annotated[
        Sampling,
        typer.Option(
            help="Passes in turn, reshuffled, or each step any batch of a pass: drawn ones leave the observed orders "
            "a little to chance."
        ),
    ] = Sampling.IN_TURN,
    seed: Annotated[int, typer.Option(help="Of the sampling.", min=0)] = 0,
    form: Annotated[
        Form,
        typer.Option(
            help="Of the equation: published, with past updates as at the present place; carried (derived), with each "
            "where it was made, which costs no more for a longer memory; auto is published where that can be afforded."
        ),
    ] = Form.AUTO,
    figure: Annotated[Path | None, typer.Option(help="Also draw the distances: .svg or .png.")] = None,
) -> None:
    """Hold Adam on your own loss against its modified equation, and show what the equation's bias penalises.

    Examples: verify modified --loss mine.py:loss --beta 0.9 --rho 0.95 --eps 0.01 --step-size 0.001;
    verify modified --optimizer rmsprop --rho 0.9 --loss mine.py:batches --start 2.8,3.5 --figure order.svg
    """
    import numpy as np

    from reports import panels, svg
    from reports.records import replace_file
    from verify.problems.backward.study import study

    if figure and figure.suffix not in svg.ENDINGS:
        raise InputError(f"A figure is an .svg or .png file, not {figure.name}: change the ending.")
    functions, origin = _loss(loss)
    if start is not None:
        origin = np.array(_numbers("start", start, float))
    if origin is None:
        raise InputError(f"{loss.rpartition(':')[0]} defines no `start`: define one, or give --start 1.0,2.0.")
    turns = None if order is None else _numbers("order", order, int)
    beta = 0.0 if optimizer is Method.RMSPROP else beta
    numbers: dict[str, Any] = {"beta": beta, "rho": rho, "eps": eps, "step_size": step_size}
    drawn: dict[str, Any] = {"order": turns, "sampling": sampling.replace("-", " "), "seed": seed}
    found = study(functions, origin, steps=steps, form=form.value, **drawn, **numbers)
    out.print(_distances(found))
    out.print(_biases(found))
    out.print(_sentence(found, beta, rho), highlight=False, markup=False, soft_wrap=True)
    if figure:
        title = f"{optimizer} on {Path(loss).name}"
        with svg.style("modified"):
            content = svg.picture(panels.whole(drawing(found, title)), figure.suffix, title)
        replace_file(figure, lambda file: file.write(content))


def _loss(text: str) -> tuple[list[Callable[[Any], Any]], Any]:
    """The functions that `FILE:NAME` names, and the file's `start`, if it has one."""
    path, _, name = text.rpartition(":")
    if not path.endswith(".py") or not Path(path).is_file():
        raise InputError(f"{text!r} is not of the form FILE:NAME with a Python file: write for example mine.py:loss.")
    module = of_file(Path(path), "loss")
    value = getattr(module, name, None)
    functions: list[Any] = list(value) if isinstance(value, list | tuple) else [value]
    if not functions or not all(map(callable, functions)):
        raise InputError(f"{path} has no function or list of functions {name!r}: define one at its top level.")
    return functions, getattr(module, "start", None)


def _numbers(name: str, text: str, kind: type) -> list[Any]:
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        example = "0,1,2" if kind is int else "2.8,3.5"
        raise InputError(f"--{name} {text} is no list of numbers: write for example --{name} {example}.") from None


def _order(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _distances(found: Study) -> Table:
    table = Table("step size", "distance to -M/R", "order", "distance with the h-term", "order", "solver's share")
    orders = [[math.nan, *found.orders(each)] for each in (found.first, found.second)]
    for i, h in enumerate(found.h):
        first, second = f"{found.first[i]:.3e}", f"{found.second[i]:.3e}"
        table.add_row(f"{h:.3g}", first, _order(orders[0][i]), second, _order(orders[1][i]), f"{found.floor[i]:.0e}")
    return table


def _biases(found: Study) -> Table:
    table = Table("step", "time", "loss", "‖∇E‖ (1,ε)", "largest update", "largest bias", "cosine to ∇‖∇E‖ (1,ε)")
    for m in found.moments:
        values = (m.loss, m.norm, m.update, m.bias)
        table.add_row(f"{m.step}", f"{m.time:.3g}", *(f"{v:.4g}" for v in values), _order(m.alignment))
    return table


def _sentence(found: Study, beta: float, rho: float) -> str:
    import numpy as np

    first, second = (float(found.orders(each)[-1]) for each in (found.first, found.second))
    cosines = np.array([m.alignment for m in found.moments])
    cosines = cosines[np.isfinite(cosines)]
    # The first steps still fill the memory; the last half shows what the bias is in the long run.
    late = float(np.median(cosines[len(cosines) // 2 :])) if len(cosines) else math.nan
    norm = "the perturbed one-norm of the gradient"
    what = f"neither {norm} nor its opposite clearly"
    if late > 0.5:
        what = f"{norm}, so that flatter places are preferred"
    elif late < -0.5:
        what = f"the opposite of {norm}, so that flatter places are avoided"
    form = "the published form" if found.form == "published" else "its carried form, which is derived (see --form)"
    return (
        f"The observed order is {first:.2f} without the h-term and {second:.2f} with it, in {form}. "
        f"With beta = {beta:g} and "
        f"rho = {rho:g} the bias penalises {what} (cosine {late:.2f} to its own gradient)."
    )


def drawing(found: Study, title: str) -> dict[str, Any]:
    """The distances as data of the figure "panels"."""
    curves = []
    for series, values in enumerate((found.first, found.second)):
        line = values.tolist()
        curves.append(
            {"row": 0, "column": 0, "series": series, "strong": True, "x": found.h.tolist(), "y": line}
            | {"low": line, "high": line}
        )
    names = ["to -M/R", "with the h-term"]
    return {
        "x": {"label": "step size h", "scale": "log"},
        "rows": [{"label": "largest distance", "scale": "log"}],
        "columns": [title],
        "series": [{"name": name, "group": i} for i, name in enumerate(names)],
        "curves": curves,
    }
