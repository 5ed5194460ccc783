"""How fast Adam's distance to its modified equation falls with the step size: both orders, and the equations that are
wrong by one word.

The bilinear loss of the paper's illustration, `½ (y - θ₁ θ₂ x)²` with x near 2 and y near 3/2, full batch and in three
and four batches in turn. Every curve is the median over drawn data, starts and numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from solvers.errors import InputError
from verify.gallery.experiment import Experiment, Finding, Part, Results
from verify.problems.backward.distances import ModifiedEquation
from verify.problems.backward.modified_equation import Wording
from verify.problems.backward.settings import AdamSetting
from verify.seeds import derived_seed

_ID = "cattaneo2024-order"

ORDERS = {"full batch": (0,), "3 batches in turn": (0, 1, 2), "4 batches in turn": (0, 1, 2, 3)}

EQUATIONS: dict[str, ModifiedEquation] = {
    "the equation": ModifiedEquation(),
    "without the h-term": ModifiedEquation(Wording(correction=0.0)),
    "false: its sign flipped": ModifiedEquation(Wording(correction=-1.0)),
    "false: no barred terms": ModifiedEquation(Wording(bars=0.0)),
    "false: β and ρ exchanged": ModifiedEquation(swapped=True),
    "false: ε outside the root": ModifiedEquation(Wording(chain=0.0), outside=True),
}
"""By their names in the figure."""


@dataclass(frozen=True)
class Parameters:
    """`draws` settings for each order of batches; Adam's decays, which must differ; the loss by name."""

    draws: int = 8
    beta: float = 0.5
    rho: float = 0.8
    eps: float = 0.3
    time: float = 0.5
    loss: str = "bilinear"

    def __post_init__(self) -> None:
        if self.draws < 1 or self.beta == self.rho:
            raise InputError(f"The experiment needs a draw, and beta and rho that differ, not {self}: choose them so.")
        self.setting(0, (0,))

    def setting(self, seed: int, order: tuple[int, ...]) -> AdamSetting:
        """One draw."""
        return AdamSetting(
            loss=self.loss, seed=seed, order=order, beta=self.beta, rho=self.rho, eps=self.eps, time=self.time
        )


def parts(p: Parameters, seed: int) -> dict[str, Part]:
    """For each equation the distances on all draws, by the order of batches."""
    return {name: partial(_distances, p, seed, quantity) for name, quantity in EQUATIONS.items()}


def _distances(p: Parameters, seed: int, quantity: ModifiedEquation, _: Results) -> dict[str, Any]:
    seeds = [derived_seed(seed, _ID, str(i)) % 2**32 for i in range(p.draws)]
    cases = [p.setting(each, order) for order in ORDERS.values() for each in seeds]
    m = quantity.measure_settings(cases)
    rows = m.values.reshape(len(ORDERS), p.draws, -1)
    return {
        "h": (p.time / m.time).tolist(),
        "distance": {name: rows[i].tolist() for i, name in enumerate(ORDERS)},
        "floor": float(m.floor.max()),
    }


def _order(distances: list[list[float]]) -> float:
    """The median over draws of the order between the two finest step sizes."""
    values = np.array(distances)
    return float(np.median(np.log2(values[:, -2] / values[:, -1])))


def find(p: Parameters, results: Results) -> Finding:
    """Distances as curves, orders as a table."""
    rows = [(name, *(_order(results[name]["distance"][order]) for order in ORDERS)) for name in EQUATIONS]
    second, first, *false = (row[1:] for row in rows)
    drawn = "one draw" if p.draws == 1 else f"the median of {p.draws} draws, with their range"
    return Finding(
        drawing=_drawing(results),
        caption=(
            f"Largest distance of Adam (β = {p.beta:g}, ρ = {p.rho:g}, ε = {p.eps:g} inside the root) to the "
            f"differential equation up to t = {p.time:g}, against the step size; {p.loss} loss, {drawn}."
        ),
        alternative=(
            f"Three panels, for full batch, three and four batches. The distance to the modified equation falls with "
            f"slope {min(second):.1f} or more; without its h-term with {max(first):.1f} at most, and with four false "
            f"h-terms with {max(max(row) for row in false):.1f} at most."
        ),
        sentences=[
            f"With its h-term the equation is followed to order {min(second):.2f} to {max(second):.2f}, without to "
            f"{min(first):.2f} to {max(first):.2f}.",
            f"With one word wrong the order is {max(max(row) for row in false):.2f} at most.",
            f"The solver's own error is at most {max(results[name]['floor'] for name in EQUATIONS):.0e}.",
        ],
        headings=("Equation", *(f"Order, {name}" for name in ORDERS)),
        rows=rows,
        numbers={name: results[name]["floor"] for name in EQUATIONS},
    )


def _drawing(results: Results) -> dict[str, Any]:
    """The data of the figure "panels": a column for each order of batches."""
    curves = []
    for column, order in enumerate(ORDERS):
        for series, name in enumerate(EQUATIONS):
            values = np.array(results[name]["distance"][order])
            low, median, high = (f(values, axis=0).tolist() for f in (np.min, np.median, np.max))
            place = {"row": 0, "column": column, "series": series, "strong": series < 2}
            curves.append(place | {"x": results[name]["h"], "y": median, "low": low, "high": high})
    return {
        "x": {"label": "step size h", "scale": "log"},
        "rows": [{"label": "largest distance", "scale": "log"}],
        "columns": list(ORDERS),
        "series": [{"name": name, "group": min(i, 2)} for i, name in enumerate(EQUATIONS)],
        "curves": curves,
    }


EXPERIMENT = Experiment(
    id=_ID,
    title="The order of Adam's modified equation",
    source="after Cattaneo, Klusowski, Shigida 2024, Theorem 3.1",
    shows=(
        "Adam stays within C h² of its modified equation, in full batch and with mini-batches, and within C h of the "
        "equation without its h-term. An h-term with one word wrong is as good as none, or worse: with mini-batches, "
        "exchanging β and ρ changes the equation itself."
    ),
    figure="panels",
    parameters=Parameters(),
    parts=parts,
    find=find,
)
