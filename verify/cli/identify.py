"""The command `verify identify`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solvers.errors import InputError
from verify.cli.common import Device, Options, optimizer_of, out, progress_bar

if TYPE_CHECKING:
    from verify.datasets.dataset import Dataset


def identify(
    optimizer: Annotated[str, typer.Option(help="sign_gd, adam, ... or a dotted name such as optax.lion.")],
    data: Annotated[
        str,
        typer.Option(help="drawn, drawn:binary, a file (.npz, .csv) or a bundled set: wine:standardise."),
    ] = "drawn",
    norm: Annotated[list[str] | None, typer.Option(help="Norms to try; may be given again.")] = None,
    loss: Annotated[str, typer.Option(help="exponential, logistic, cross_entropy, pairwise_logistic.")] = "logistic",
    steps: Annotated[int, typer.Option(help="Number of steps.")] = 100_000,
    log_time: Annotated[float, typer.Option(help="Log of the time to which gradient descent's runs go on.")] = 1e4,
    draws: Annotated[int, typer.Option(help="Number of drawn datasets.")] = 8,
    seed: Annotated[int, typer.Option(help="Seed of drawn datasets.")] = 0,
    option: Options = None,
    figure: Annotated[Path | None, typer.Option(help="Also draw the curves: .svg or .png.")] = None,
    device: Device = None,
) -> None:
    """Find the norm whose margin an optimizer maximises, among those of the theory.

    Examples: verify identify --optimizer sign_gd;
    verify identify --optimizer optax.adam -o learning_rate=0.0001 --data drawn:binary --figure adam.svg;
    verify identify --optimizer optax.lion -o learning_rate=0.001 --data wine:standardise
    """
    from reports import identification as pictures
    from verify.identification.identify import identify as find

    if figure and figure.suffix not in (".svg", ".png"):
        raise InputError(f"A figure is an .svg or .png file, not {figure.name}: change the ending.")
    transformation = optimizer_of(optimizer, option or [])
    datasets = _datasets(data, draws, seed)
    with progress_bar() as bar:
        task = bar.add_task(optimizer)
        found = find(
            transformation, datasets, loss=loss, steps=steps, log_time=log_time, norms=norm, platform=device,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    fields = pictures.Row.__dataclass_fields__
    rows = [pictures.Row(**{k: v for k, v in asdict(score).items() if k in fields}) for score in found.ranking]
    out.print(pictures.table(rows))
    out.print(found.sentence, highlight=False, markup=False, soft_wrap=True)
    if figure:
        gaps = {score.norm: found.gaps[score.norm] for score in found.ranking}
        pictures.draw(figure, found.log_time, gaps, f"{optimizer} on {data}", found.steps)


def _datasets(data: str, draws: int, seed: int) -> list[Dataset]:
    from verify.datasets.real import parse, require_separable
    from verify.identification.drawn import drawn

    if data in ("drawn", "drawn:binary"):
        return drawn(draws, seed, 0 if data == "drawn:binary" else 5)
    dataset = parse(data)
    require_separable(dataset)
    return [dataset]
