"""The figures of docs/muon.md: what Newton-Schulz steps promise of the maximal spectral margin, and what is reached.

`python -m benchmarks.muon --seed 1 --markdown` prints them; it takes minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import optax
import typer

from benchmarks import tables
from properties.open.test_soap import soap
from properties.ours.test_matrix_methods import averaged_shampoo
from properties.ours.test_newton_schulz import BUILT, CLAIMS, built, worst
from solvers.newton_schulz import Steps, aligned, alignment
from verify import Dataset, identify, optimizers
from verify import drawn as drawn_datasets
from verify.datasets.dataset import datasets_of
from verify.optimizers import CUBIC, NEWTON_SCHULZ, PowerDecay
from verify.problems.laboratory import Laboratory
from verify.problems.margins.gap import Gap
from verify.problems.subject import Run
from verify.trials.drawing import draw

DION: Steps = (
    (4.0848, -6.8946, 2.9270),
    (3.9505, -6.3029, 2.6377),
    (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046),
    (2.8366, -3.0525, 1.2012),
)
"""The coefficients of `optax.contrib.muon(ns_coeffs="dion")`, one triple for each of five steps."""
METHODS: dict[str, Steps] = {
    "none: normalised GD": ((1.0, 0.0, 0.0),),
    **{f"{q} x cubic": (CUBIC,) * q for q in (1, 3, 5, 10)},
    **{f"{q} x quintic" + (" (Muon)" if q == 5 else ""): (NEWTON_SCHULZ,) * q for q in (1, 3, 5, 10)},
    "5 of dion": DION,
}
RANKS = (2, 3, 4, 16, 128, 1024, 4096)
RUN = ("none: normalised GD", "5 x cubic", "3 x quintic", "5 x quintic (Muon)", "5 of dion")
STEPS = PowerDecay(0.1, 1 / 3)
MOMENTA = (0.0, 0.9)
REST = 0.1
BUILT_OF = (2, 4, 16)  # singular values


NORMS = ("spectral", "l2", "nuclear", "schatten3", "linf")
SLOW = PowerDecay(0.1, 1 / 2)
NAMED: dict[str, optax.GradientTransformation] = {
    "spectral descent": optimizers.spectral_descent(SLOW),
    "Shampoo, averages of 0.95": averaged_shampoo(SLOW),
    "SOAP": soap(SLOW),
    "Muon, β = 0.95, ε = 0": optimizers.muon(SLOW),
    "optax.contrib.muon(0.1)": optax.contrib.muon(0.1),
    "NucGD": optimizers.nuclear_descent(SLOW),
}
"""Methods whose norm `verify.identify` is asked for."""
ON_BATCHES: dict[str, optax.GradientTransformation] = {
    "spectral descent": NAMED["spectral descent"],
    "exact Muon, β = 0.95": optimizers.spectral_descent(SLOW, b1=0.95),
    "exact Muon, β = 0.998": optimizers.spectral_descent(SLOW, b1=0.998),
    "Muon, β = 0.95, ε = 0": NAMED["Muon, β = 0.95, ε = 0"],
    "optax.contrib.muon(0.1)": NAMED["optax.contrib.muon(0.1)"],
    "NucGD": NAMED["NucGD"],
    "NucGD, β = 0.95": optimizers.steepest_descent(SLOW, "nuclear", b1=0.95),
}
BATCHES: dict[str, dict[str, Any]] = {
    "full": {},
    "1, reshuffled": {"sampling": "reshuffled", "batch": 1},
    "3, reshuffled": {"sampling": "reshuffled", "batch": 3},
    "1, replaced": {"sampling": "with-replacement", "batch": 1},
    "3, replaced": {"sampling": "with-replacement", "batch": 3},
}


def promised(name: str, ranks: tuple[int, ...] = RANKS) -> dict[str, tables.Cell]:
    """A row: the bracket of each rank."""
    found = {rank: alignment(METHODS[name], rank) for rank in ranks}
    row: dict[str, tables.Cell] = {"steps": name}
    return row | {f"rank {r}": f"{a.lower:.3f} to {a.upper:.3f}" for r, a in found.items()}


def shares(steps: Steps, datasets: Sequence[Dataset], length: int, b1: float = 0.0, rest: float = REST) -> np.ndarray:
    """The shares of the maximal spectral margin at the horizon; NaN where other causes may be `rest` of it or more.

    These are the parts of the gap budget but for the misalignment: the second order, and what n points cost.
    """
    lab = Laboratory(list(datasets), steps=length, norms=("spectral",))
    run = Run(optimizers.muon(STEPS, b1, steps=steps), "Muon", "cross_entropy", "spectral")
    m = Gap().measure(run, lab)
    c = m.scale
    assert c is not None
    others = c.budget[:, -1] - c.misaligned[:, -1] / c.path[:, -1]
    return np.where(m.judged & (others <= rest * c.gamma), 1 - m.values[:, -1], np.nan)


def reached(name: str, drawn: list[Dataset], length: int) -> dict[str, tables.Cell]:
    """A row: the shares of drawn datasets (median, least), and of built ones with what they are to tend to."""
    steps = METHODS[name]
    found = {b1: shares(steps, drawn, length, b1) for b1 in MOMENTA}
    row: dict[str, tables.Cell] = {"steps": name}
    for b1, values in found.items():
        row |= {f"drawn, β = {b1:g}": f"{np.nanmedian(values):.3f}, {np.nanmin(values):.3f}"}
    for values in BUILT_OF:
        found = float(aligned(steps, worst(steps, values)))
        share = float(shares(steps, [built(steps, values, size=4.0)], 4 * length, rest=np.inf)[0])
        row |= {
            f"built of {values}": f"{share:.3f} ({found:.3f})",
            f"ρ({values})": f"{alignment(steps, values).lower:.3f}",
        }
    return row


def named(name: str, datasets: Sequence[Dataset], length: int, single: bool) -> dict[str, tables.Cell]:
    """A row: the norm that is named, and the median shares of its margin and others'. single: on single points."""
    how: dict[str, Any] = {"sampling": "reshuffled", "batch": 1} if single else {}
    found = identify(NAMED[name], datasets, loss="cross_entropy", steps=length, norms=NORMS, **how)
    row: dict[str, tables.Cell] = {"method": name, "batches": "single points" if single else "full"}
    shares = {score.norm: f"{score.share:.3f}" for score in found.ranking}
    return row | {"named": found.norm or "none"} | {norm: shares[norm] for norm in NORMS[:3]}


def batched(name: str, datasets: Sequence[Dataset], length: int) -> dict[str, tables.Cell]:
    """A row: the norm that is named on each kind of batches, and the median share of the method's own margin."""
    own = "nuclear" if name.startswith("NucGD") else "spectral"
    row: dict[str, tables.Cell] = {"method": name}
    for batches, how in BATCHES.items():
        found = identify(ON_BATCHES[name], datasets, loss="cross_entropy", steps=length, norms=NORMS, **how)
        (share,) = (score.share for score in found.ranking if score.norm == own)
        row[batches] = f"{found.norm or 'none'}, {share:.3f}"
    return row


def main(
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    datasets: Annotated[int, typer.Option(help="To draw.")] = 40,
    steps: Annotated[int, typer.Option(help="Of each run.")] = 20_000,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown instead of tables.")] = False,
) -> None:
    """What Newton-Schulz steps promise of the maximal spectral margin, by rank, and what runs reach."""
    drawn = [data for data in datasets_of(draw(CLAIMS[0], 2 * datasets, seed)) if data.name != BUILT][:datasets]
    others = drawn_datasets(datasets, classes=4, seed=seed)
    sections = [
        tables.Section(
            "Promised", "From below, and of the worst spectrum found.", [promised(name) for name in METHODS]
        ),
        tables.Section(
            "Reached",
            f"{datasets} datasets (median, least), {steps} steps 0.1 (t+1)^-1/3, cross-entropy, seed {seed}.",
            [reached(name, drawn, steps) for name in RUN],
        ),
        tables.Section(
            "Named",
            f"The norm that verify.identify names, on {datasets} datasets of four classes, {steps} steps, seed {seed}.",
            [named(name, others, steps, single) for name in NAMED for single in (False, True)],
        ),
        tables.Section(
            "On mini-batches",
            "The norm that verify.identify names, and the median share of the spectral margin, of NucGD the nuclear, "
            f"on {datasets} datasets of six points in five classes, {steps} steps, seed {seed}.",
            [batched(name, drawn_datasets(datasets, classes=5, seed=seed), steps) for name in ON_BATCHES],
        ),
    ]
    print(tables.markdown(sections, tables.machine()) if markdown else "")
    if not markdown:
        from rich.console import Console

        for section in sections:
            Console().print(tables.console(section))


if __name__ == "__main__":
    typer.run(main)
