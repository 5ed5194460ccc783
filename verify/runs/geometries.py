"""Methods on the logarithm of the exponential loss in the geometry of an l_q norm, with all of their steps.

For `1 < q <= 2`. With p the dual exponent, `1/p + 1/q = 1`, and `g = -grad L / L` of the mean exponential loss, all
move weights by the gradient of `phi = ‖·‖_p^2 / 2`, the conjugate of `‖·‖_q^2 / 2`: at g, at averages of it, or at its
sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from solvers.errors import InputError
from verify.datasets.dataset import Dataset
from verify.runs.descent import Path, stacked

Vectors = Float[np.ndarray, "b d"]
Slope = Callable[[Vectors], Vectors]
_TINY = np.finfo(float).tiny


def steepest(slope: Slope, q: float, eta: float, shape: tuple[int, ...], length: int) -> Float[np.ndarray, "b s d"]:
    """`w <- w + eta grad phi(g)`: steepest descent, whose steps are as long as the gradient's dual norm."""
    kept = np.zeros((shape[0], length + 1, shape[1]))
    for t in range(length):
        kept[:, t + 1] = kept[:, t] + eta * dual_map(slope(kept[:, t]), q)
    return kept


def accelerated(slope: Slope, q: float, eta: float, shape: tuple[int, ...], length: int) -> Float[np.ndarray, "b s d"]:
    """Steepest descent along averages of gradients, with steps that grow.

    From `x_0 = g_0`: `w <- w + eta (t + 1)/2 grad phi(y)` with `y = t/(t + 2) x + 2/(t + 2) g`, then the same average
    with the new g is the new x.
    """
    kept = np.zeros((shape[0], length + 1, shape[1]))
    g = slope(kept[:, 0])
    mean = g
    for t in range(length):
        share = 2 / (t + 2)
        ahead = (1 - share) * mean + share * g
        kept[:, t + 1] = kept[:, t] + eta * (t + 1) / 2 * dual_map(ahead, q)
        g = slope(kept[:, t + 1])
        mean = (1 - share) * mean + share * g
    return kept


def mirrored(slope: Slope, q: float, eta: float, shape: tuple[int, ...], length: int) -> Float[np.ndarray, "b s d"]:
    """`w = grad phi(theta)`, `theta <- theta + eta g`: mirror descent with the potential `‖w‖_q^2 / 2`."""
    kept, theta = np.zeros((shape[0], length + 1, shape[1])), np.zeros(shape)
    for t in range(length):
        theta = theta + eta * slope(kept[:, t])
        kept[:, t + 1] = dual_map(theta, q)
    return kept


@dataclass(frozen=True)
class InNorm:
    """A method in the geometry of the l_q norm, on the exponential loss, from zero weights.

    way: `steepest`, `accelerated` or `mirrored`. eta: the step size over the loss; None is `q - 1`, up to which the
    dual problem descends. over_loss: whether steps are over the loss; else eta is the step size itself.
    Raises `InputError` unless `1 < q <= 2` and eta is positive.
    """

    way: Callable[[Slope, float, float, tuple[int, ...], int], Float[np.ndarray, "b s d"]]
    q: float
    length: int | None = 1000
    eta: float | None = None
    over_loss: bool = True

    loss = "exponential"

    def __post_init__(self) -> None:
        if not 1 < self.q <= 2:
            raise InputError(f"The exponent of the norm is {self.q}: give one above 1 and at most 2.")
        if self.eta is not None and not self.eta > 0:
            raise InputError(f"The step size is {self.eta}: give a positive number.")

    @property
    def norm(self) -> str:
        """Its norm, by name."""
        return f"l{self.q:g}"

    def descend(self, datasets: Sequence[Dataset], gamma: Float[np.ndarray, " b"], *, steps: int) -> Path:
        """Every step on binary datasets. gamma: their maximal margins in its norm. steps: where it has no length."""
        x, absent = stacked(datasets)
        count = np.sum(~absent, axis=1, keepdims=True).astype(float)
        eta = self.q - 1 if self.eta is None else self.eta

        def slope(w: Vectors) -> Vectors:
            z = np.where(absent, np.inf, np.matmul(x, w[:, :, None])[:, :, 0])
            least = z.min(axis=1, keepdims=True)
            push = np.exp(least - z)
            pull = np.matmul(push[:, None, :], x)[:, 0]
            return pull * np.exp(-least) / count if not self.over_loss else pull / push.sum(axis=1, keepdims=True)

        length = self.length or steps
        path = Path(
            x,
            absent,
            self.way(slope, self.q, eta, (len(x), x.shape[2]), length),
            np.full((len(x), length), np.log(eta)),
            gamma[:, None],
            count,
            self.loss,
            self.q,
        )
        if self.over_loss:
            path.log_steps[:] -= path.log_loss(path.weights)[:, :-1]
        return path


def dual_map(v: Float[np.ndarray, "... d"], q: float) -> Float[np.ndarray, "... d"]:
    """The gradient of `‖v‖_p^2 / 2`, `p = q/(q - 1)`: of l_q norm `‖v‖_p`, and with `<v, .> = ‖v‖_p^2`."""
    p = q / (q - 1)
    top = np.maximum(np.abs(v).max(axis=-1, keepdims=True), _TINY)
    u = np.abs(v) / top
    size = np.sum(u**p, axis=-1, keepdims=True)
    return np.sign(v) * top * u ** (p - 1) * np.where(size > 0, size, 1.0) ** (2 / p - 1)
