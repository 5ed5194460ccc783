"""Runs of models: `--model` of `verify run` and `verify identify`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from solvers.errors import InputError
from verify.claims.catalogue import raised
from verify.cli.common import out, values_of
from verify.cli.own import is_own, named

if TYPE_CHECKING:
    from solvers import Layered, Norm
    from verify.datasets.dataset import Dataset
    from verify.models import Model
    from verify.runs.trajectory import Trajectories

WHICH = "A network in place of the linear classifier: two-layer, diagonal-linear, ..., or one of your own, mine.py:net."
ModelName = Annotated[str | None, typer.Option("--model", help=WHICH)]
ModelOptions = Annotated[
    list[str] | None,
    typer.Option("-m", "--model-option", help="An option of the model, as in width=8; may be given again."),
]
NORMS = ("l2", "linf")
"""What the parameters are measured in, where nothing is asked for."""


def model_of(text: str, options: Sequence[str]) -> Model:
    """A model: of this library by name, or one's own, with `key=value` options.

    One's own is a `verify.models.Model`, which takes no options, or a function of them that makes one. Raises
    `InputError` where there is none, and where it does not take the options.
    """
    from verify.models import MODELS, Model

    values, file = values_of(options), None
    if text in MODELS:
        make: Any = MODELS[text]
    elif is_own(text):
        found = named(text, "model")
        make, file = found.value, found.file
    else:
        raise InputError(f"There is no model {text!r}: use one of {', '.join(MODELS)}, or FILE.py:NAME.")
    if isinstance(make, Model):
        if values:
            raise InputError(f"{text} is a model already: leave its options ({', '.join(values)}) away.")
        return make
    try:
        made = make(**values)
    except InputError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's function may raise
        raise InputError(
            f"The model {text} does not take these options ({raised(error, file)}): set them with -m."
        ) from error
    if not isinstance(made, Model):
        kind = type(made).__name__
        raise InputError(f"{text} makes a value of type {kind} and no model: give a verify.models.Model, or its maker.")
    return made


def without_model(model: str | None, options: Sequence[str] | None) -> None:
    """Raises `InputError` for options of a model where there is none."""
    if options and model is None:
        raise InputError(f"The options {', '.join(options)} are a model's, and there is none: give --model too.")


def kkt_gaps(
    model: Model, result: Trajectories, dataset: Dataset, norms: Sequence[Norm | Layered]
) -> dict[str, float | None]:
    """The KKT gap of the last parameters by norm, none where the model has no degree; None where not separated yet."""
    from verify.runs.stationarity import kkt_gap_of_model

    if model.degree is None:
        return {}
    separated = result.margin[0, -1] > 0
    return {n.name: kkt_gap_of_model(model, result.weights[0], dataset, n) if separated else None for n in norms}


def tell(result: Trajectories, gaps: dict[str, float | None], *, own: bool) -> None:
    """own: whether the recorded steps are the user's own, which are all shown."""
    assert result.alignment is not None
    table = Table("step", *(f"{name} margin" for name in gaps), "alignment", "log mean loss")
    each = 1 if own else 12  # a row a decade, the last step among them
    for i in range((len(result.time) - 1) % each, len(result.time), each):
        margins = [float(result.normalised_margin(name)[0, i]) for name in gaps]
        table.add_row(
            f"{result.time[i]}",
            *(f"{margin:.6g}" for margin in margins),
            f"{result.alignment[0, i]:.6f}",
            f"{result.log_loss[0, i]:.4g}",
        )
    out.print(table)
    for name, gap in gaps.items():
        told = "not separated yet" if gap is None else f"{gap:.4g}"
        out.print(f"{name} KKT gap {told}", highlight=False)


def results(
    title: str,
    model: Model,
    dataset: Dataset,
    result: Trajectories,
    gaps: dict[str, float | None],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was found, for JSON, and the arrays to be saved."""
    import jax
    import numpy as np

    curves: dict[str, Any] = {
        "time": result.time,
        "margin": result.margin[0],
        "log_loss": result.log_loss[0],
        "alignment": None if result.alignment is None else result.alignment[0],
    }
    margins = {name: result.normalised_margin(name)[0] for name in gaps}
    leaves = {
        "weights" + jax.tree_util.keystr(path): np.asarray(leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(result.weights[0])
    }
    found = {
        "title": title,
        "data": {"name": dataset.name, "n": dataset.n, "d": dataset.d, "classes": dataset.classes or 2},
        "model": {"name": str(model), "degree": model.degree},
        "steps": result.time[-1],
        "exact": result.exact,
        "horizon": result.horizon[0] if result.horizon[0] >= 0 else None,
        "starved": bool(result.starved.any()),
        "kkt_gap": gaps,
        "weights": leaves,
        "curves": {**curves, "normalised_margin": margins},
    }
    arrays = {**curves, **leaves, "x": dataset.x, "y": dataset.y}
    return found, arrays | {f"normalised_margin_{name}": curve for name, curve in margins.items()}
