"""Convex problems with a weight decay: drawn as settings, and stacked so that one program serves all of them.

The loss is the mean loss of linear outputs `z_i = W x_i` (`solvers.constrained.LinearModel`): squares, the logistic
loss of two classes, or the cross-entropy. Weights are `[k d]` throughout, with k = 1 for two classes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st
from jax import Array
from jaxtyping import Float

from solvers.constrained import LinearModel, smoothness
from solvers.errors import InputError
from verify import config as config
from verify import realdata
from verify.batches import power_of_two
from verify.cases import Case, Setting

FLAWS = ("none", "repeated point", "zero column", "twin columns", "small integers")
_NOISE = 0.3
_SMALL, _LARGE = {"n": 16, "d": 8, "k": 4}, {"n": 256, "d": 16, "k": 4}  # least padded sizes: drawn, and real data


@dataclass(frozen=True, kw_only=True)
class Convex(Setting):
    """A convex problem with weight decay `decay`, and a start.

    loss: see `LinearModel`. n, d, k: points, features, outputs. flaw: a degeneracy of the features, one of `FLAWS`.
    source: a real dataset (see `realdata.parse`), whose labels and sizes then replace all of these; squares of it
    regress on the one-hot labels. betas: for methods with two averages, that take theirs from the problem.
    """

    loss: Literal["squares", "logistic", "softmax"] = "squares"
    n: int = 1
    d: int = 1
    k: int = 1
    decay: float = 1.0
    flaw: str = "none"
    seed: int = 0
    source: str = ""
    betas: tuple[float, float] = (0.9, 0.999)


def problems(
    losses: Sequence[str] = ("squares", "logistic", "softmax"),
    decays: tuple[float, float] = (0.05, 1.0),
    most: tuple[int, int, int] = (16, 8, 4),
    betas: Sequence[tuple[float, float]] = ((0.9, 0.999),),
) -> st.SearchStrategy[Convex]:
    """Settings with at most so many points, features and outputs, and a decay on a grid of 0.05."""
    low, high = (round(20 * decay) for decay in decays)
    return _problems(st.sampled_from(losses), st.integers(low, high), most, st.sampled_from(betas))


@st.composite
def _problems(
    draw: Callable[[Any], Any],
    losses: st.SearchStrategy[str],
    twentieths: st.SearchStrategy[int],
    most: tuple[int, int, int],
    betas: st.SearchStrategy[tuple[float, float]],
) -> Convex:
    loss = draw(losses)
    outputs = {"squares": st.integers(1, most[2]), "logistic": st.just(1), "softmax": st.integers(2, most[2])}
    return Convex(
        name=loss,
        loss=loss,
        n=draw(st.integers(1, most[0])),
        d=draw(st.integers(1, most[1])),
        k=draw(outputs[loss]),
        decay=draw(twentieths) / 20,
        flaw=draw(st.sampled_from(FLAWS)),
        seed=draw(st.integers(0, 2**20)),
        betas=draw(betas),
    )


def convex_of(cases: Sequence[Case]) -> list[Convex]:
    """The cases, all of which must be convex problems; raises `InputError` if one is not."""
    found = [case for case in cases if isinstance(case, Convex)]
    if len(found) < len(cases):
        raise InputError("A quantity of convex problems was asked of other cases: draw verify.convex.problems.")
    return found


@functools.lru_cache(maxsize=4096)
def _data(loss: str, n: int, d: int, k: int, flaw: str, seed: int, source: str) -> tuple[LinearModel, np.ndarray]:
    """The model and points that it was not fitted to."""
    kind = cast(Literal["squares", "logistic", "softmax"], loss)
    rng = np.random.default_rng([seed, n, d, k])
    if source:
        data = realdata.parse(source)
        target = np.eye(data.classes)[data.y] if data.classes else (data.y[:, None] > 0) * 1.0
        spread = np.std(data.x, axis=0)
        return LinearModel(data.x, target, kind), data.x.mean(axis=0) + spread * rng.normal(size=(_FRESH, data.d))
    x = _spoilt(rng.normal(size=(n + _FRESH, d)), n, flaw)
    outputs = x @ rng.normal(size=(d, k)) + _NOISE * rng.normal(size=(len(x), k))
    if loss == "squares":
        target = outputs
    elif loss == "logistic":
        target = (outputs > 0) * 1.0
    else:
        target = np.eye(k)[np.argmax(outputs, axis=1)]
    return LinearModel(x[:n], target[:n], kind), x[n:]


_FRESH = 400  # test points


def _spoilt(x: Float[np.ndarray, "m d"], n: int, flaw: str) -> Float[np.ndarray, "m d"]:
    """The points, of which the first n are to be fitted, with a degeneracy."""
    if flaw == "repeated point":
        x[n // 2 : n] = x[0]
    elif flaw == "zero column":
        x[:, 0] = 0.0
    elif flaw == "twin columns":
        x[:, -1] = x[:, 0]
    elif flaw == "small integers":
        x = np.round(x)
    elif flaw != "none":
        raise InputError(f"There is no flaw {flaw!r} of features: choose from {', '.join(FLAWS)}.")
    return x


def model(case: Convex) -> LinearModel:
    """The data and the loss of a setting."""
    return _data(case.loss, case.n, case.d, case.k, case.flaw, case.seed, case.source)[0]


def fresh_points(case: Convex) -> Float[np.ndarray, "m d"]:
    """Points of the same distribution that are not fitted (for real data, of the same means and deviations)."""
    return _data(case.loss, case.n, case.d, case.k, case.flaw, case.seed, case.source)[1]


def start(case: Convex) -> Float[np.ndarray, "k d"]:
    """Random weights of size about 1 to start from."""
    return np.random.default_rng([case.seed, 1]).normal(size=model(case).shape)


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
