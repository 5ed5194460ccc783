"""The command `verify identify`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verify.cli.common import Batch, Device, Options, Sampling, out, progress_bar
from verify.cli.modelled import ModelName, ModelOptions, without_model
from verify.cli.own import failures_told, loss_of, optimizer_of
from verify.cli.run import DATA, LOSS, OPTIMIZER
from verify.cli.written import Figure, Json, Outputs, Save

if TYPE_CHECKING:
    from verify.datasets.dataset import Dataset
    from verify.identification.identification import Identification


def identify(
    optimizer: Annotated[str, typer.Option(help=OPTIMIZER)],
    data: Annotated[str, typer.Option(help=f"drawn, drawn:binary, {DATA}")] = "drawn",
    norm: Annotated[list[str] | None, typer.Option(help="Norms to try; may be given again.")] = None,
    loss: Annotated[str, typer.Option(help=LOSS)] = "logistic",
    steps: Annotated[int, typer.Option(help="Number of steps.")] = 100_000,
    log_time: Annotated[float, typer.Option(help="Log of the time to which gradient descent's runs go on.")] = 1e4,
    draws: Annotated[int, typer.Option(help="Number of drawn datasets.")] = 8,
    seed: Annotated[int, typer.Option(help="Seed of drawn datasets, and of mini-batches.")] = 0,
    sampling: Sampling = "full",
    batch: Batch = None,
    option: Options = None,
    model: ModelName = None,
    model_option: ModelOptions = None,
    figure: Figure = None,
    save: Save = None,
    as_json: Json = False,
    device: Device = None,
) -> None:
    """Find the norm whose margin an optimizer maximises, among those of the theory.

    With a model it is the norm whose KKT points the runs approach; norms are then of all parameters together or of the
    layers, as in "max(spectral, others linf)".

    Examples: verify identify --optimizer sign_gd;
    verify identify --optimizer optax.adam -o learning_rate=0.0001 --data drawn:binary --figure adam.svg;
    verify identify --optimizer adam -o b2=0.95 --data drawn:binary --sampling cyclic --batch 1;
    verify identify --optimizer sign_gd -o a=0.7 --data drawn:binary --model two-layer -m width=4 -m scale=0.5;
    verify identify --optimizer mine.py:my_opt -o step_size="0.1*(t+1)**-0.5" --data wine:standardise --json
    """
    from reports import identification as pictures
    from solvers.layered import parsed
    from verify.backend import devices
    from verify.cli.modelled import model_of
    from verify.identification.identify import identify as find
    from verify.runs.trajectory import check_steps

    outputs = Outputs(figure, save, as_json)
    outputs.check()
    check_steps(steps)
    devices(device)
    transformation, kind = optimizer_of(optimizer, option or []), loss_of(loss)
    network = None if model is None else model_of(model, model_option or [])
    without_model(model, model_option)
    datasets = _datasets(data, draws, seed, separable=network is None)
    with progress_bar() as bar, failures_told(optimizer, loss, model or ""):
        task = bar.add_task(optimizer)
        found = find(
            transformation, datasets, loss=kind, steps=steps, log_time=log_time, platform=device,
            norms=norm and [parsed(name) for name in norm], sampling=sampling, batch=batch, seed=seed, model=network,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            told=lambda sentence: bar.update(task, description=f"{optimizer}, {sentence}"),
        )  # fmt: skip
    title = f"{optimizer} on {data}" if network is None else f"{optimizer} of {model} on {data}"
    outputs.write(*_results(title, found))
    if figure:
        gaps = {score.norm: found.gaps[score.norm] for score in found.ranking}
        pictures.draw(figure, found.log_time, gaps, title, found.steps, *(["KKT gap"] if network else []))
    if not as_json:
        fields = pictures.Row.__dataclass_fields__
        rows = [pictures.Row(**{k: v for k, v in asdict(score).items() if k in fields}) for score in found.ranking]
        out.print(pictures.table(rows, *(["1 − KKT\ngap"] if network else [])))
        out.print(found.sentence, highlight=False, markup=False, soft_wrap=True)


def _results(title: str, found: Identification) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was found, for JSON, and the arrays to be saved."""
    told = found.to_dict()
    curves = {"log_time": told.pop("log_time"), "gaps": told.pop("gaps")}
    arrays = {"log_time": found.log_time, **{f"gaps_{norm}": gaps for norm, gaps in found.gaps.items()}}
    return {"title": title, **told, "curves": curves}, arrays


def _datasets(data: str, draws: int, seed: int, *, separable: bool) -> list[Dataset]:
    from verify.datasets.real import parse, require_separable
    from verify.identification.drawn import drawn

    if data in ("drawn", "drawn:binary"):
        return drawn(draws, seed, 0 if data == "drawn:binary" else 5)
    dataset = parse(data)
    if separable:
        require_separable(dataset)
    return [dataset]
