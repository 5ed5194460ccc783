"""The modified equation of Adam and RMSProp with mini-batches (Cattaneo, Klusowski, Shigida).

Adam with the step size h, `ε` inside the root after bias correction, follows between `t_n = n h` and `t_{n+1}` the
differential equation, for component j and with everything taken at the present `θ(t)`,

    dθ_j/dt = -M_j/R_j + h [ M_j (2 P_j + P̄_j) / (2 R_j³) - (2 L_j + L̄_j) / (2 R_j) ]

up to `O(h²)` on any fixed stretch of time. With weights `bw_k ∝ β^(n-k)` and `rw_k ∝ ρ^(n-k)` over `k = 0..n` that sum
to one, `E_k` the loss of step k's batch and `u^(l) = M^(l)/R^(l)` the update that step l would make at `θ(t)`,

    M = Σ_k bw_k ∇E_k,   R = √(Σ_k rw_k (∇E_k)² + ε),   S_k = Σ_{l=k..n-1} u^(l),
    L = Σ_k bw_k ∇²E_k S_k,            L̄ = Σ_k bw_k ∇²E_k u^(n),
    P = Σ_k rw_k ∇E_k ∇²E_k S_k,       P̄ = Σ_k rw_k ∇E_k ∇²E_k u^(n).

There are only as many gradients and Hessians as batches. With `w_l[b]` the weight of batch b within the average of step
l, changing the order of summation gives

    Σ_{k: batch b} bw_k S_k = Σ_{l<n} c_l w_l[b] u^(l),   c_l = β^(n-l) (1 - β^(l+1)) / (1 - β^(n+1)),

so that a derivative at `θ(t)` costs one gradient and two Hessian products for each batch, and the sum over l beside it.
The u^(l) differ only by their weights, so that sum has

- one term if there is one batch (all weights are 1), summed exactly;
- `Memory.window` terms, the last ones, in general: what is left out weighs less than `TRUNCATION`;
- `period` terms once the order of the batches repeats and the first steps are forgotten, up to `TRUNCATION`.

Where the order never repeats and a decay is near 1 the window is long. The *carried* form, derived here and not the
paper's, lets the updates of the past stand where they were made, `u^(l)(θ(t_l))`, instead of at the present place.
With `W_l[b] = (1 - β^(l+1)) w_l[b]`, the weights before bias correction, its sums obey

    A_b(n+1) = β (A_b(n) + W_n[b] u^(n)(θ(t_n))),   Σ_{l<n} c_l w_l[b] u^(l)(θ(t_l)) = A_b(n) / (1 - β^(n+1)),

likewise with ρ, and the W obey the recurrence of any average: so a step takes `O(B)` derivatives and `O(B d)` sums for
B batches in any order and all β, ρ < 1. As θ moves by `O(h (n - l))` from `t_l` to `t_n` and the `c_l` decay
geometrically, `Σ c_l (n - l)` being bounded, the brackets of both forms differ by `O(h)`, the equations by `O(h²)`, and
by Grönwall their solutions by `O(h²)`: Adam stays within `C h²` of the one as of the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jaxtyping import Float, Int
from scipy.signal import lfilter

from solvers.errors import InputError
from verify.problems.backward.batch_losses import Total, derivatives

TRUNCATION = 1e-12
"""The share of the h-term's sums over past steps that is left out."""


class Hyperparameters(NamedTuple):
    """Adam's numbers; as arrays `[c]`, those of c runs.

    inside: 1 where `ε` stands inside the root, 0 where it stands outside.
    """

    beta: Any
    rho: Any
    eps: Any
    inside: Any = 1.0

    @property
    def transformation(self) -> optax.GradientTransformation:
        """The method, for a step size of -1; optax's own, so that these numbers may be traced."""
        return optax.scale_by_adam(
            self.beta, self.rho, eps=self.eps * (1 - self.inside), eps_root=self.eps * self.inside
        )


class Wording(NamedTuple):
    """How the equation reads: twins change a word. Numbers, so that one compiled program serves them all.

    correction: what the h-term is multiplied by (-1: its sign flipped, 0: left out). bars: likewise L̄ and P̄. past:
    likewise L and P. chain: 1 where the derivative of `√V + ε` is taken rightly, 0 where its root counts as `√V + ε`
    itself, which only matters for ε outside the root.
    """

    correction: Any = 1.0
    bars: Any = 1.0
    chain: Any = 1.0
    past: Any = 1.0


TRUE = Wording()
"""The equation as it is."""


@dataclass(frozen=True)
class Memory:
    """How far back the sums reach, for one order of batches: static sizes of a compiled program.

    batches: how many there are. window: the steps that are kept in general; 0 for the carried form, which needs
    none. period: the longest one of the orders, after which it repeats, or 0 if it does not.
    """

    batches: int
    window: int = 0
    period: int = 0

    @property
    def carried(self) -> bool:
        """Whether the sums over the past are carried from step to step."""
        return self.window == 0

    @property
    def transient(self) -> int:
        """From this step on every step within the window has the weights that it has in the long run."""
        return 2 * self.window


def window(*decays: float) -> int:
    """After how many steps the largest of the decays has left `TRUNCATION`, at least one."""
    largest = max(decays)
    if not 0 <= largest < 1:
        raise InputError(f"A decay must lie in [0, 1), not {largest}: choose beta and rho so.")
    return 1 if largest == 0 else max(1, math.ceil(math.log(TRUNCATION) / math.log(largest)))


Order = Sequence[int] | Int[np.ndarray, " n"]
"""The batch of every step."""


def check_order(order: Order, batches: int) -> None:
    """Raise `InputError` unless the order names batches that there are."""
    if not len(order) or min(order) < 0 or max(order) >= batches:
        raise InputError(f"The order {list(order)} of {batches} batches must name them as 0 to {batches - 1}.")


def weights(order: Int[np.ndarray, " n"], batches: int, decay: float, before: int) -> Float[np.ndarray, "m b"]:
    """The weight of every batch within the bias-corrected average of every step, after `before` rows of zeros."""
    chosen = np.eye(batches)[order]
    average = lfilter([1 - decay], [1.0, -decay], chosen, axis=0)
    return np.vstack([np.zeros((before, batches)), average / np.sum(average, axis=1, keepdims=True)])


class Tables(NamedTuple):
    """Weights of the batches within every step's averages, `[m b]`, by β and by ρ, and the order's period."""

    first: Any
    second: Any
    period: Any


def tables(order: Order, steps: int, memory: Memory, beta: float, rho: float) -> Tables:
    """The tables of an order of batches that repeats until `steps` steps are done."""
    check_order(order, memory.batches)
    whole = np.resize(np.array(order, int), steps)
    both = (weights(whole, memory.batches, decay, memory.window) for decay in (beta, rho))
    return Tables(*both, period=np.array(len(order)))


class Past(NamedTuple):
    """What the carried form keeps of the steps up to the present one; each but the last by β and by ρ.

    weights: `[2 b]`, of the batches in the present step's averages, before bias correction. sums: `[2 b d]`, those over
    the steps before, likewise. update: `[d]`, the present step's where its interval begins.
    """

    weights: Any
    sums: Any
    update: Any


def nothing(batches: int, parameters: int) -> Past:
    """The past before the first step."""
    return Past(np.zeros((2, batches)), np.zeros((2, batches, parameters)), np.zeros(parameters))


class Velocity(NamedTuple):
    """The equation's right hand side in parts, each `[d]`: `leading + h correction`, and R."""

    leading: Array
    correction: Array
    root: Array

    def at(self, h: Any) -> Array:
        """The right hand side for the step size h."""
        return self.leading + h * self.correction


def _single(decay: Any, n: Any) -> Array:
    """`Σ_{l<n} c_l`, exactly."""
    rest = decay ** (n + 1)
    return jnp.asarray(decay / (1 - decay) - (n + 1) * rest / (1 - rest))[None]


def _recent(decay: Any, n: Any, length: int) -> Float[Array, " w"]:
    """`c_l` of the last `length` steps, the oldest one first; zero before the first step."""
    lag = jnp.arange(length, 0, -1)
    share = (1 - decay ** (n - lag + 1.0)) / (1 - decay ** (n + 1.0))
    return jnp.where(n >= lag, decay ** (1.0 * lag) * share, 0)


def _repeating(decay: Any, period: Any, length: int) -> Float[Array, " w"]:
    """`c_l` summed over all steps that are whole periods apart, in the long run."""
    lag = jnp.arange(length, 0, -1)
    return jnp.where(lag <= period, decay ** (1.0 * lag) / (1 - decay ** (1.0 * period)), 0)


def _root(squares: Array, numbers: Hyperparameters) -> Array:
    return jnp.sqrt(squares + numbers.inside * numbers.eps) + (1 - numbers.inside) * numbers.eps


def carry(past: Past, theta: Float[Array, " d"], batch: Any, total: Total, data: Any, numbers: Hyperparameters) -> Past:
    """The past at the beginning of the next step's interval, where θ is `theta`; the step takes this batch."""
    decays = jnp.stack([jnp.asarray(numbers.beta), jnp.asarray(numbers.rho)])
    batches = past.weights.shape[1]
    sums = decays[:, None, None] * (past.sums + jnp.multiply.outer(past.weights, past.update))
    weights = decays[:, None] * past.weights + jnp.outer(1 - decays, jax.nn.one_hot(batch, batches))
    first, second = weights / jnp.sum(weights, axis=1, keepdims=True)
    g, _ = derivatives(total, theta, data, batches)
    return Past(weights, sums, (first @ g) / _root(second @ (g * g), numbers))


class _Averages(NamedTuple):
    """By β and by ρ: weights of the batches in the present step `[b]`, `scale` times their sums of the past `[b d]`."""

    now: tuple[Array, Array]
    sums: tuple[Array, Array]


def _carried(past: Past, scale: Any) -> _Averages:
    whole = jnp.sum(past.weights, axis=1)  # 1 - β^(n+1) and 1 - ρ^(n+1)
    first, second = past.weights / whole[:, None]
    return _Averages((first, second), tuple(scale / whole[:, None, None] * past.sums))


def _recomputed(
    g: Float[Array, "b d"], n: Any, memory: Memory, table: Tables, numbers: Hyperparameters, scale: Any, settled: bool
) -> _Averages:
    """The sums with the updates of the past as they would be made with these gradients."""
    n = jnp.asarray(n)
    length = 1 if memory.batches == 1 else memory.period if settled else memory.window

    def rows(of: Any) -> tuple[Array, Array]:
        past = jax.lax.dynamic_slice_in_dim(of, n + memory.window - length, length)
        return past, jax.lax.dynamic_index_in_dim(of, n + memory.window, keepdims=False)

    def reach(decay: Any) -> Array:
        if memory.batches == 1:
            return _single(decay, n)
        return _repeating(decay, table.period, length) if settled else _recent(decay, n, length)

    (first, now_first), (second, now_second) = rows(table.first), rows(table.second)
    updates = (first @ g) / _root(second @ (g * g), numbers)
    pairs = (numbers.beta, first), (numbers.rho, second)
    direction, spread = (scale * (reach(decay)[:, None] * each).T @ updates for decay, each in pairs)
    return _Averages((now_first, now_second), (direction, spread))


def velocity(
    theta: Float[Array, " d"],
    n: Any,
    total: Total,
    data: Any,
    memory: Memory,
    past: Tables | Past,
    numbers: Hyperparameters,
    wording: Wording = TRUE,
    *,
    settled: bool = False,
) -> Velocity:
    """The right hand side between `t_n` and `t_{n+1}`: as published from tables, in the carried form from its past.

    settled: whether the first steps are forgotten, that is `n >= memory.transient`, and the order repeats; the
    carried form has no use for it.
    """
    g, product = derivatives(total, theta, data, memory.batches)
    twice = 2 * wording.past
    if isinstance(past, Past):
        (first, second), sums = _carried(past, twice)
    else:
        (first, second), sums = _recomputed(g, n, memory, past, numbers, twice, settled)
    m, r = first @ g, _root(second @ (g * g), numbers)
    u = m / r
    # Twice the sums over the past, and the barred ones.
    direction, spread = (
        reached + wording.bars * jnp.outer(now, u) for reached, now in zip(sums, (first, second), strict=True)
    )
    bent = jax.vmap(product)(jnp.stack([direction, spread]))
    lag, growth = jnp.sum(bent[0], axis=0), jnp.sum(g * bent[1], axis=0)
    outside = (1 - numbers.inside) * numbers.eps
    inner = wording.chain * (r - outside) + (1 - wording.chain) * r  # the root itself
    correction = m * growth / (2 * r * r * inner) - lag / (2 * r)
    return Velocity(-u, wording.correction * correction, r)
