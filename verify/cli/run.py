"""The command `verify run`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from solvers.errors import InputError
from verify.cli.common import Batch, Device, Options, Sampling, out, progress_bar
from verify.cli.modelled import ModelName, ModelOptions, without_model
from verify.cli.own import failures_told, loss_of, optimizer_of
from verify.cli.written import Figure, Json, Outputs, Save

if TYPE_CHECKING:
    from solvers import Layered, Norm, Reference
    from verify.datasets.dataset import Dataset
    from verify.runs.passing import Constant
    from verify.runs.sampling import Sampling as How
    from verify.runs.trajectory import Trajectories

OPTIMIZER = "sign_gd, adam, ...; a dotted name such as optax.lion or mine.my_opt; or one of your own, mine.py:my_opt."
DATA = "a table (.csv), a file in svmlight form, .npz, X.npy,y.npy or a bundled set, with options: wine:standardise."
LOSS = "exponential, logistic, cross_entropy, pairwise_logistic, or one of your own, mine.py:my_loss."


def run(
    optimizer: Annotated[str, typer.Option(help=OPTIMIZER)],
    data: Annotated[str, typer.Option(help=DATA[0].upper() + DATA[1:])],
    norm: Annotated[list[str] | None, typer.Option(help="Norms of the margin; may be given again.")] = None,
    loss: Annotated[str, typer.Option(help=LOSS)] = "logistic",
    steps: Annotated[int, typer.Option(help="Number of steps.")] = 100_000,
    record: Annotated[
        str | None, typer.Option(help="Steps to record, as in 100,1000, or epochs; else twelve a decade.")
    ] = None,
    sampling: Sampling = "full",
    batch: Batch = None,
    seed: Annotated[int, typer.Option(help="Seed of the mini-batches.")] = 0,
    option: Options = None,
    model: ModelName = None,
    model_option: ModelOptions = None,
    figure: Figure = None,
    save: Save = None,
    as_json: Json = False,
    device: Device = None,
) -> None:
    """Run an optimizer on data, and show how close it comes to the maximal margin in each norm.

    With a model, what is shown are its normalised margins, how parallel parameters and gradient are, and how far the
    end is from a KKT point of the margin problem in each norm.

    Options of the data are label=NAME or label=INDEX, header=none, standardise, intercept, classes=3,8, classes=2 (a
    weight matrix for two classes), 0-vs-rest and limit=100.

    Examples: verify run --optimizer sign_gd --data wine:standardise;
    verify run --optimizer optax.lion -o learning_rate=0.001 --data iris:0-vs-rest --norm linf --norm l2;
    verify run --optimizer adam --data wine:standardise --sampling reshuffled --batch 16 --record 1000,10000;
    verify run --optimizer mine.py:my_opt -o step_size="0.1*(t+1)**-0.5" --data points.csv:label=0 --save run.npz;
    verify run --optimizer sign_gd --data iris:0-vs-rest --model two-layer -m width=8 --steps 1000
    """
    from solvers import max_margin
    from solvers.layered import Layered, parsed
    from verify.backend import devices
    from verify.cli.modelled import NORMS, model_of
    from verify.datasets.real import parse, require_separable
    from verify.runs.passing import constants_of
    from verify.runs.sampling import Sampling as How
    from verify.runs.simulation import run as run_trajectory
    from verify.runs.trajectory import recorded_steps

    outputs = Outputs(figure, save, as_json)
    outputs.check()
    recorded = record if record == "epochs" else _steps(record)
    recorded_steps(steps, None if record == "epochs" else recorded)
    how = How(sampling, batch)
    devices(device)
    given = [parsed(name) for name in norm or ()]
    transformation, kind = optimizer_of(optimizer, option or []), loss_of(loss)
    dataset = parse(data)
    how.check([dataset])
    if model is not None:
        network = model_of(model, model_option or [])
        norms = list(dict.fromkeys(given or map(parsed, NORMS)))
        _run_model(
            outputs, (optimizer, transformation), (loss, kind), (data, dataset), (model, network), norms, recorded,
            steps=steps, platform=device, sampling=sampling, batch=batch, seed=seed,
        )  # fmt: skip
        return
    without_model(model, model_option)
    require_separable(dataset)
    if layered := [each.name for each in given if isinstance(each, Layered)]:
        raise InputError(f"The norm {layered[0]} is of a model's layers: give --model too, or a norm of one array.")
    usual = ["linf", "l2", "l1"] if dataset.binary else ["linf", "l2", "l1", "spectral", "nuclear"]
    norms = list(dict.fromkeys(each.name for each in given)) or usual
    with progress_bar() as bar:
        task = bar.add_task("references", total=None)

        def told(text: str) -> None:
            bar.update(task, description=text)

        references = [max_margin(dataset.x, dataset.y, n, classes=dataset.classes, progress=told) for n in norms]
    with progress_bar() as bar, failures_told(optimizer, loss):
        task = bar.add_task(optimizer)
        result = run_trajectory(
            transformation, dataset, loss=kind, steps=steps, norms=norms, platform=device,
            sampling=sampling, batch=batch, seed=seed, record=recorded,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    constants = constants_of(transformation, result, [dataset])
    title = f"{optimizer} on {data}"
    outputs.write(*_results(title, dataset, how, references, result, constants))
    if figure:
        _draw(outputs, title, references, result)
    if not as_json:
        out.print(
            f"{title}: n = {dataset.n}, d = {dataset.d}, classes = {dataset.classes or 2}; {how}",
            highlight=False,
            markup=False,
        )
        _tell(references, result, constants, own=record is not None)


def _run_model(
    outputs: Outputs,
    optimizer: tuple[str, Any],
    loss: tuple[str, Any],
    data: tuple[str, Dataset],
    model: tuple[str, Any],
    norms: list[Norm | Layered],
    record: Any,
    **how: Any,
) -> None:
    """Pairs are what was typed, and what it stands for."""
    from verify.cli.modelled import kkt_gaps, results, tell
    from verify.runs.simulation import run as run_trajectory

    if outputs.figure:
        raise InputError("A figure shows gaps to maximal margins, which a model's are not known: leave --figure away.")
    dataset, network = data[1], model[1]
    with progress_bar() as bar, failures_told(optimizer[0], loss[0], model[0]):
        task = bar.add_task(optimizer[0])
        result = run_trajectory(
            optimizer[1], dataset, loss=loss[1], norms=norms, record=record, model=network,
            progress=lambda done, total: bar.update(task, completed=done, total=total), **how,
        )  # fmt: skip
        gaps = kkt_gaps(network, result, dataset, norms)
    title = f"{optimizer[0]} on {data[0]}, {network}"
    outputs.write(*results(title, network, dataset, result, gaps))
    if not outputs.as_json:
        out.print(f"{title}: n = {dataset.n}, d = {dataset.d}", highlight=False, markup=False)
        tell(result, gaps, own=record is not None)
        _tell_precision(result)


def _steps(text: str | None) -> list[int] | None:
    """Steps that are separated by commas."""
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"The steps to record are {text!r}: give steps such as 100,1000, or epochs.") from None


def _tell(references: Sequence[Reference], result: Trajectories, constants: Sequence[Constant], *, own: bool) -> None:
    """own: whether the recorded steps are the user's own, which are all shown."""
    table = Table("step", *(f"{r.norm.name} margin / maximum" for r in references), "log mean loss")
    each = 1 if own else 12  # a row a decade, the last step among them
    for i in range((len(result.time) - 1) % each, len(result.time), each):
        ratios = [float(result.normalised_margin(r.norm)[0, i]) / r.upper for r in references]
        table.add_row(f"{result.time[i]}", *(f"{ratio:.6f}" for ratio in ratios), f"{result.log_loss[0, i]:.4g}")
    out.print(table)
    out.print("  ".join(f"maximal {r.norm.name} margin {r.lower:.9g}" for r in references), highlight=False)
    _tell_precision(result)
    for constant in constants:
        out.print(constant.sentence, highlight=False)


def _tell_precision(result: Trajectories) -> None:
    if result.exact:
        out.print("The optimizer is scale-free: the run is exact at any margin.")
    elif result.horizon[0] >= 0:
        out.print(f"The optimizer needs true gradients: precision horizon at step {result.horizon[0]}.")
    else:
        out.print("The optimizer needs true gradients; the run stayed inside the range of floating point.")
    if result.starved.any():
        out.print("Some weight's gradient underflowed beside the largest one, and its weight stood still meanwhile.")


def _results(
    title: str,
    dataset: Dataset,
    how: How,
    references: Sequence[Reference],
    result: Trajectories,
    constants: Sequence[Constant],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was found, for JSON, and the arrays to be saved."""
    margins = {r.norm.name: result.normalised_margin(r.norm)[0] for r in references}
    curves = {"time": result.time, "margin": result.margin[0], "log_loss": result.log_loss[0]}
    found = {
        "title": title,
        "data": {"name": dataset.name, "n": dataset.n, "d": dataset.d, "classes": dataset.classes or 2},
        "steps": result.time[-1],
        "sampling": {"kind": how.kind, "batch": how.batch, "epoch": result.epoch[0]},
        "exact": result.exact,
        "horizon": result.horizon[0] if result.horizon[0] >= 0 else None,
        "starved": bool(result.starved.any()),
        "constants": [constant.to_dict() for constant in constants],
        "norms": [
            {"norm": r.norm.name, "lower": r.lower, "upper": r.upper, "share": margins[r.norm.name][-1] / r.upper}
            for r in references
        ],
        "weights": result.weights[0],
        "curves": {**curves, "normalised_margin": margins},
    }
    arrays = {**curves, "weights": result.weights[0], "x": dataset.x, "y": dataset.y}
    return found, arrays | {f"normalised_margin_{name}": curve for name, curve in margins.items()}


def _draw(outputs: Outputs, title: str, references: Sequence[Reference], result: Trajectories) -> None:
    import numpy as np

    from reports import identification as pictures

    gaps = {r.norm.name: 1 - result.normalised_margin(r.norm) / r.upper for r in references}
    assert outputs.figure is not None
    pictures.draw(outputs.figure, np.log(result.time), gaps, title, float(np.log(result.time[-1])))
