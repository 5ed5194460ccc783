"""Convex objectives, many stacked into one program."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from solvers.constrained import smoothness
from verify import backend as backend
from verify.backend import power_of_two
from verify.problems.convex.settings import Convex, model, start

_SMALL, _LARGE = {"n": 16, "d": 8, "k": 4}, {"n": 256, "d": 16, "k": 4}  # least padded sizes: drawn, and real data


class Stack(NamedTuple):
    """`b` problems of one padded shape; one problem, without the first axis, inside of programs.

    x: `[b n d]`. target: `[b n k]`. share: `[b n]` a point's weight in the mean, 0 for padding. real: `[b k d]`
    weights that exist. squares, idle: `[b]` whether the loss is that of squares, and whether there is an idle output.
    decay: `[b]`. betas: `[b 2]`. curvature: `[b]` a bound on the loss's second derivative. start: `[b k d]`.
    """

    x: Any
    target: Any
    share: Any
    real: Any
    squares: Any
    idle: Any
    decay: Any
    betas: Any
    curvature: Any
    start: Any


def stack(cases: Sequence[Convex]) -> Stack:
    """The problems padded to one shape: powers of two, which few programs serve."""
    models = [model(case) for case in cases]
    sizes = {"n": [len(m.x) for m in models], "d": [m.shape[1] for m in models], "k": [m.shape[0] for m in models]}
    bucket = _SMALL if max(sizes["n"]) <= _SMALL["n"] else _LARGE
    n, d, k = (power_of_two(max(sizes[axis]), bucket[axis]) for axis in ("n", "d", "k"))
    b = len(cases)
    found = Stack(
        x=np.zeros((b, n, d)),
        target=np.zeros((b, n, k)),
        share=np.zeros((b, n)),
        real=np.zeros((b, k, d), bool),
        squares=np.array([m.loss == "squares" for m in models]),
        idle=np.array([m.loss == "logistic" for m in models]),
        decay=np.array([case.decay for case in cases]),
        betas=np.array([case.betas for case in cases]),
        curvature=np.array([smoothness(m, "l2") for m in models]),
        start=np.zeros((b, k, d)),
    )
    for i, (case, m) in enumerate(zip(cases, models, strict=True)):
        rows, outputs, columns = len(m.x), *m.shape
        found.x[i, :rows, :columns] = m.x
        found.target[i, :rows, :outputs] = m.target
        found.share[i, :rows] = 1 / rows
        found.real[i, :outputs, :columns] = True
        found.start[i, :outputs, :columns] = start(case)
    return found


def risk(p: Stack, w: Float[Array, "k d"]) -> Float[Array, ""]:
    """The mean loss of one problem, without weight decay."""
    z = p.x @ w.T
    squares = 0.5 * jnp.sum((z - p.target) ** 2, axis=1)
    present = jnp.where(jnp.any(p.real, axis=1)[None, :], z, -jnp.inf)
    idle = jnp.broadcast_to(jnp.where(p.idle, 0.0, -jnp.inf), (len(z), 1))
    logits = jnp.concatenate([present, idle], axis=1)
    entropy = jax.nn.logsumexp(logits, axis=1) - jnp.sum(p.target * z, axis=1)
    return jnp.sum(p.share * jnp.where(p.squares, squares, entropy))


def regularised(p: Stack, w: Float[Array, "k d"]) -> Float[Array, ""]:
    """The mean loss plus `decay / 2 ||W||^2`."""
    return risk(p, w) + 0.5 * p.decay * jnp.sum(w * w)


def cubic_network(p: Stack, w: Float[Array, "k d"]) -> Float[Array, ""]:
    """The logistic loss, with weight decay, of `sum_r a_r [<w_r, x>]_+^3`, `a = 1, -1, 1, ...`: it is not convex.

    For problems of two classes, stacked by `networks`: the rows of W are the neurons.
    """
    sign = jnp.where(jnp.arange(w.shape[0]) % 2 == 0, 1.0, -1.0)
    z = jnp.maximum(p.x @ w.T, 0.0) ** 3 @ sign
    label = 2 * p.target[:, 0] - 1
    return jnp.sum(p.share * jnp.logaddexp(0.0, -label * z)) + 0.5 * p.decay * jnp.sum(w * w)


def networks(cases: Sequence[Convex]) -> Stack:
    """Problems of two classes, stacked with weights `[4 d]` for `cubic_network`, and a start of size about 1."""
    p = stack(cases)
    real = np.broadcast_to(p.real[:, :1], p.real.shape)
    rows = [
        np.random.default_rng([case.seed, 2]).normal(size=each.shape) for case, each in zip(cases, real, strict=True)
    ]
    return p._replace(real=real, start=np.where(real, np.stack(rows), 0.0))


Objective = Callable[[Stack, Any], Any]


@functools.cache
def _evaluation(objective: Objective) -> Callable[[Stack, Any], Any]:
    evaluate = jax.value_and_grad(objective, argnums=1)
    return jax.jit(jax.vmap(jax.vmap(evaluate, (None, 0))))


def evaluate(
    objective: Objective, p: Stack, w: Float[np.ndarray, "b r k d"]
) -> tuple[Float[np.ndarray, "b r"], Float[np.ndarray, "b r k d"]]:
    """Values and gradients of an objective at weights of every problem."""
    values, gradients = _evaluation(objective)(p, w)
    return np.asarray(values), np.asarray(gradients)
