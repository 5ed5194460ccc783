"""The figures of docs/first-law.md: how the deficit grows with the path, and what it comes to.

`python -m benchmarks.first_law --seed 1 --markdown` prints them; it takes minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
import optax
import typer

import solvers
from benchmarks import tables
from properties.ours.test_first_law import CLAIMS, METHODS
from verify import optimizers, statistics
from verify.datasets.dataset import Dataset
from verify.errors import TrajectoryError
from verify.optimizers import PowerDecay
from verify.problems import deficit
from verify.problems.laboratory import Laboratory
from verify.problems.margins import ensembles
from verify.problems.margins.gap import Gap
from verify.problems.subject import Run
from verify.trials.drawing import draw


class Cell(NamedTuple):
    """A method with its steps. make: the method, of given steps."""

    method: str
    norm: str
    make: Callable[[PowerDecay], optax.GradientTransformation]
    a: float
    eta0: float = 0.1


_DEFAULT = optax.scale_by_lion()
MORE = {
    "Signum, β₁ = 0.99": ("linf", lambda steps: optimizers.steepest_descent(steps, "linf", b1=0.99)),
    "Lion, β₂ = 0.99": ("linf", lambda steps: optimizers.descend(_DEFAULT, steps)),
    "Adam, β₁ = 0.99, β₂ = 0.9": ("linf", lambda steps: optimizers.adam(steps, 0.99, 0.9, eps=0.0)),
}
HOLDS = [Cell(name, norm, make, a) for name, (norm, _, make) in METHODS.items() for a in (0.3, 1 / 2, 2 / 3, 0.8)]
DOUBTS = [Cell(name, METHODS[name][0], METHODS[name][2], 0.0) for name in METHODS]
DOUBTS += [Cell(name, norm, make, 0.3, eta0) for name, (norm, make) in MORE.items() for eta0 in (0.1, 0.003)]
DOUBTS += [Cell("Adam", "linf", METHODS["Adam"][2], 0.3, 0.003)]


class Split(NamedTuple):
    """The deficit's two parts, `[b]`: see `split`."""

    aligned: np.ndarray
    entropy: np.ndarray


def split(gamma: np.ndarray, weights: list[np.ndarray], datasets: list[Dataset], norm: str) -> Split:
    """What the deficit of weights consists of, of binary data and the exponential loss.

    With `p` the samples' shares of the loss and `g` its gradient over the loss, `<W, g> = -sum_i p_i z_i`, so that
    `D = (gamma |W| + <W, g>) + (H(p) + log max p)`; H is the entropy. gamma: `[b]` the maximal margins.
    """
    aligned, entropy = np.zeros(len(weights)), np.zeros(len(weights))
    for i, (w, data) in enumerate(zip(weights, datasets, strict=True)):
        z = data.signed @ w
        log_p = -z - np.logaddexp.reduce(-z)
        entropy[i] = log_p.max() - np.exp(log_p) @ log_p
        aligned[i] = gamma[i] * float(solvers.norm(norm).value(w)) - np.exp(log_p) @ z
    return Split(aligned, entropy)


def measured(cell: Cell, lab: Laboratory) -> dict[str, tables.Cell]:
    """A row of the table; of a = 0, where the budget says little, all resolved datasets are taken."""
    steps = f"{cell.eta0:g} (t+1)^-{cell.a:.3g}"
    subject = Run(cell.make(PowerDecay(cell.eta0, cell.a)), cell.method, "exponential", cell.norm)
    row: dict[str, tables.Cell] = {"method": cell.method, "steps": steps}
    try:
        c = Gap().measure(subject, lab).scale
    except TrajectoryError as error:
        return row | {"exponent in S": f"not measured: {error}"[:60]}
    assert c is not None
    use = c.judged & c.resolved & (deficit.regime(c).inside | (cell.a == 0))
    slopes = deficit.deficit_slopes(c)
    use &= np.isfinite(slopes)
    if not use.any():
        return row | {"datasets": 0}
    found = statistics.median(slopes[use])
    parts = split(c.gamma, ensembles.last_weights(subject, lab), lab.datasets, cell.norm)
    logs = np.log([data.n for data in lab.datasets])
    last = deficit.deficit(c)[:, -1]
    return row | {
        "datasets": int(use.sum()),
        "exponent in S": f"{1 - found.value:.3f} [{1 - found.high:.3f}, {1 - found.low:.3f}]",
        "stand still": f"{np.mean(slopes[use] >= deficit.STANDS):.0%}",
        "D, median": round(float(np.median(last[use])), 3),
        "D, largest": round(float(last[use].max()), 3),
        "D > log n": f"{np.mean(last[use] > logs[use]):.0%}",
        "misaligned part, median": round(float(np.median(parts.aligned[use])), 3),
    }


def main(
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    datasets: Annotated[int, typer.Option(help="To draw.")] = 40,
    steps: Annotated[int, typer.Option(help="Of each run.")] = 100_000,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown instead of tables.")] = False,
) -> None:
    """How the deficit grows with the path: methods and schedules, those where it holds and those in doubt."""
    lab = Laboratory(draw(CLAIMS[0], datasets, seed), steps=steps, norms=("l1", "l2", "linf", "l3"))
    note = f"{datasets} datasets, {steps} steps, exponential loss, seed {seed}; those in their regime, with a = 0 all."
    sections = [
        tables.Section(name, note, _filled([measured(cell, lab) for cell in cells]))
        for name, cells in (("Where it holds", HOLDS), ("Where it is in doubt", DOUBTS))
    ]
    print(tables.markdown(sections, tables.machine()) if markdown else "")
    if not markdown:
        from rich.console import Console

        for section in sections:
            Console().print(tables.console(section))


def _filled(rows: list[dict[str, tables.Cell]]) -> list[dict[str, tables.Cell]]:
    keys = dict.fromkeys(key for row in rows for key in row)
    return [{key: row.get(key) for key in keys} for row in rows]


if __name__ == "__main__":
    typer.run(main)
