"""Gradient descent and the regularisation path have one direction, whatever that is.

Setting: separable binary data, so that the infimum of a decreasing loss is not attained; mean logistic loss, and
`(1 + z)^-k` with k of 1 and 2, whose limit is not the maximal margin.
Algorithm: `w ← w - η ∇L(w)` with constant stable steps; on the logistic loss carried on by its flow in log t.
Claim: the direction of w_t and that of `argmin L(u) over ‖u‖ ≤ ‖w_t‖` come together.
Reference: Ji, Dudik, Schapire, Telgarsky (2020): the direction of gradient descent has a limit if and only if that of
the regularisation path has one, and they are the same.
"""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import root_scalar

from properties.papers import JI_2020
from solvers.errors import InputError
from verify import Claim, Dataset, Limit, Read, Twin, laws, strategies
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.descents import AlongPath
from verify.problems.margins.ridge import PathDirection
from verify.runs.descent import Constant, Descent, Path

POWERS = {"polynomial1": 1, "polynomial2": 2}
LENGTH = 20_000
_NEWTON, _DONE = 100, 1e-10
_TIMES = np.unique(np.geomspace(10, LENGTH, 10).round().astype(int))


def regularised(z: np.ndarray, k: int, penalty: float, u: np.ndarray) -> np.ndarray:
    """The minimiser of the mean of `(1 + z·u)^-k` and `penalty ‖u‖²/2` by Newton's method, from u with `z·u > -1`."""
    for _ in range(_NEWTON):
        m = 1 + z @ u
        push = k * m ** -(k + 1.0) / len(z)
        curvature = (z.T * (push * (k + 1) / m)) @ z + penalty * np.eye(len(u))
        step = np.linalg.solve(curvature, push @ z - penalty * u)
        # No margin loses more than half of its distance to the pole.
        step = step / max(1.0, float(np.max(-2 * (z @ step) / m)))
        u = u + step
        if np.linalg.norm(step) <= _DONE * np.linalg.norm(u):
            return u
    raise InputError(f"The problem of penalty {penalty:.4g} was not solved: start nearer to its solution.")


def of_norm(z: np.ndarray, k: int, w: np.ndarray) -> np.ndarray:
    """The minimiser of the loss over all weights of w's length or less."""
    m, size = 1 + z @ w, np.linalg.norm(w)
    own = np.log(k * m ** -(k + 1.0) @ (z @ w) / len(z) / size**2)

    def longer(log: float) -> float:
        return float(np.linalg.norm(regularised(z, k, np.exp(log), w)) - size)

    found: Any = root_scalar(longer, bracket=(own - 2, own + 2), xtol=1e-10)
    return regularised(z, k, np.exp(found.root), w)


def apart(path: Path, start: bool = False) -> np.ndarray:
    """The distance of the directions at a few steps, and in between that at the one before.

    start: whether that of the path's start is meant, the direction of the mean of the signed points.
    """
    values = np.zeros(path.log_steps.shape)
    for i, absent in enumerate(path.absent):
        z = path.x[i][~absent]
        for t, end in zip(_TIMES, [*_TIMES[1:], LENGTH + 1], strict=True):
            w = path.weights[i, t]
            u = z.mean(axis=0) if start else of_norm(z, POWERS[path.loss], w)
            values[i, t - 1 : end - 1] = np.linalg.norm(w / np.linalg.norm(w) - u / np.linalg.norm(u))
    return values


@st.composite
def uneven(draw: st.DrawFn) -> Dataset:
    """Points of several lengths, each in a feature of its own, of which the maximal margin counts the shortest most."""
    lengths = draw(st.lists(st.integers(3, 6), min_size=1, max_size=2))
    return Dataset(np.diag([10, *lengths]) / 10, np.ones(1 + len(lengths), int), "uneven")


def problem() -> st.SearchStrategy[Dataset]:
    drawn = strategies.binary(unit_rows=True, max_points=4, max_features=3, flavours=["integers", "gaussian"])
    return st.one_of(drawn, uneven())


def claim(name: str, what: str, how: str, **fields) -> Claim:
    return JI_2020.claim(
        f"direction-{name}",
        "main theorem",
        f"Gradient descent goes in the direction of the regularisation path, {what}",
        f"On {what}: the directions of w_t and of the best weights of its length or less come together.",
        read=Read.PAPER,
        optimizer_text=how,
        **fields,
    )


def polynomial(loss: str) -> Claim:
    def along(start: bool = False) -> AlongPath:
        method = Descent(Constant(0.3), LENGTH, loss)
        return AlongPath("distance of the directions", lambda p: apart(p, start), method, 1e-8)

    return claim(
        loss,
        f"(1 + z)^-{POWERS[loss]}",
        "gradient descent from zero, η = 0.3",
        kind=Limit(0.05, laws.power(1 / 4)),
        problem=problem,
        quantity=along(),
        twins=(Twin("the direction of the path's start", quantity=along(True), shrink=False),),
        prepare=scaled_to_unit_rows,
        real=("iris:0-vs-rest",),
        share=1 / 8,
    )


CLAIMS = (
    claim(
        "logistic",
        "the logistic loss",
        "gradient descent, constant stable step size; gradient flow in log t after the first steps",
        flow=True,
        loss="logistic",
        kind=Limit(0.01, laws.inverse_log()),
        problem=lambda: strategies.binary(max_points=5, max_features=4),
        quantity=PathDirection(),
        twins=(Twin("the direction of the path's start", quantity=PathDirection(start=True), shrink=False),),
        share=1 / 8,
    ),
    polynomial("polynomial1"),
    polynomial("polynomial2"),
)
