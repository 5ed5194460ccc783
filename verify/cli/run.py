"""The command `verify run`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from verify.cli.common import Device, Options, optimizer_of, out, progress_bar


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
    import numpy as np

    from solvers import max_margin
    from verify.datasets.real import parse, require_separable
    from verify.runs.simulation import run as run_trajectory

    dataset = parse(data)
    require_separable(dataset)
    norms = norm or (["linf", "l2", "l1"] if dataset.binary else ["linf", "l2", "l1", "spectral", "nuclear"])
    references = [max_margin(dataset.x, dataset.y, name, classes=dataset.classes) for name in norms]
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
