"""AdamW and Lion, and the iterations without memory that they are said to follow.

Of an iteration `θ_{n+1} = θ_n - h F_n(θ_n, .., θ_0)` whose memory decays exponentially, the one without memory has the
step `F_n(θ, .., θ) + h Σ_k ∂F_n/∂θ_{n-k} Σ_{n-k ≤ s < n} F_s(θ, .., θ)` (Cattaneo, Shigida). Here, with one loss E,
gradient g, Hessian H, `R = √(g² + ε)`, weight decay λ and `u = g/R + λ θ`, all products entry by entry but `H u`:

- AdamW, `F_n = m/√(v + ε) + λ θ_n` with the averages' bias corrected. The weights of the lag k are `∝ β^k` and `∝ ρ^k`
  for `k = 0 .. n`, and their mean lags `τ_n(β) = β/(1-β) - (n+1) β^(n+1)/(1 - β^(n+1))` and `τ_n(ρ)`.
- Lion with the smooth sign `c/√(c² + ε)` of `c = b1 m + (1-b1) g`, where m is the average, which keeps b2, before
  the step: the weights of the lags 0 and k ≥ 1 are `1 - b1` and `b1 (1-b2) b2^(k-1)`, and their mean lag is
  `b1/(1-b2)`, once the start of m from zero is forgotten. The smooth sign's derivative is `ε/R³ = (1 - g²/R²)/R`.

So in both cases the step is `u + h (τ - τ' g²/R²)/R · H u`: of AdamW with `τ = τ_n(β)` and `τ' = τ_n(ρ)`, of Lion with
`τ = τ' = b1/(1-b2)`. Derived here from the general statement.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from verify.problems.backward.batch_losses import Total, derivatives
from verify.problems.backward.distances import coarsest, column, in_groups, levels, settings_of, stacked
from verify.problems.backward.lockstep import Contest, Course, Numbers, distances
from verify.problems.backward.modified_equation import Hyperparameters
from verify.problems.backward.samples import LOSSES
from verify.problems.backward.settings import DecaySetting, problem_of
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Clock, Measurement
from verify.problems.subject import Subject


class Decayed(NamedTuple):
    """The method's numbers, `beta` and `rho` being Lion's b1 and b2."""

    beta: Any
    rho: Any
    eps: Any
    decay: Any


class Wording(NamedTuple):
    """How the iteration without memory reads: twins change a word.

    correction: what the memory's term is multiplied by. decay: what λ is multiplied by within it. settled: 1 where
    AdamW's mean lags are those of the long run at every step. lag: what Lion's mean lag is multiplied by.
    """

    correction: Any = 1.0
    decay: Any = 1.0
    settled: Any = 0.0
    lag: Any = 1.0


TRUE = Wording()
"""The iteration as it is."""


class Equation(NamedTuple):
    """What the iteration is made of: the method's numbers and the wording's, as arrays."""

    numbers: Decayed
    wording: Wording


def mean_lag(keep: Any, n: Any) -> Array:
    """`τ_n` of weights `∝ keep^k`, `k = 0 .. n`."""
    left = keep ** (n + 1.0)
    return jnp.asarray(keep / (1 - keep) - (n + 1) * left / (1 - left))


def _step(theta: Array, h: Any, data: Any, loss: Total, equation: Equation, lag: Any, square_lag: Any) -> Array:
    numbers, wording = equation
    g, product = derivatives(loss, theta, data, 1)
    root = jnp.sqrt(g * g + numbers.eps)
    pull = numbers.decay * theta[None]
    memory = (lag - square_lag * (g / root) ** 2) / root * product(g / root + wording.decay * pull)
    return -(g / root + pull + h * wording.correction * memory)[0]


def adamw(theta: Array, n: Any, h: Any, case: Any, loss: Total) -> Array:
    """AdamW without memory: one step is `θ + h field`."""
    data, equation = case
    numbers, settled = equation.numbers, equation.wording.settled
    lag, square_lag = (
        settled * keep / (1 - keep) + (1 - settled) * mean_lag(keep, n) for keep in (numbers.beta, numbers.rho)
    )
    return _step(theta, h, data, loss, equation, lag, square_lag)


def lion(theta: Array, n: Any, h: Any, case: Any, loss: Total) -> Array:
    """Lion without memory: one step is `θ + h field`."""
    del n
    data, equation = case
    lag = equation.wording.lag * equation.numbers.beta / (1 - equation.numbers.rho)
    return _step(theta, h, data, loss, equation, lag, lag)


def adamw_method(numbers: Decayed) -> optax.GradientTransformation:
    """AdamW for a step size of -1, ε inside the root."""
    adam = Hyperparameters(numbers.beta, numbers.rho, numbers.eps).transformation
    return optax.chain(adam, optax.add_decayed_weights(numbers.decay))


def scale_by_smooth_lion(b1: Any, b2: Any, eps: Any) -> optax.GradientTransformation:
    """Lion's direction with the smooth sign `c/√(c² + ε)`; `optax.scale_by_lion` is ε = 0."""

    def init(params: Any) -> Any:
        return jnp.zeros_like(params)

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        del params
        c = b1 * state + (1 - b1) * updates
        return c / jnp.sqrt(c * c + eps), b2 * state + (1 - b2) * updates

    return optax.GradientTransformation(init, update)


def lion_method(numbers: Decayed) -> optax.GradientTransformation:
    """Lion with the smooth sign for a step size of -1."""
    direction = scale_by_smooth_lion(numbers.beta, numbers.rho, numbers.eps)
    return optax.chain(direction, optax.add_decayed_weights(numbers.decay))


@dataclass(frozen=True)
class Method:
    """A method with decoupled decay. burn_in: the share of the steps after which its start is forgotten."""

    make: Callable[[Decayed], optax.GradientTransformation]
    field: Callable[[Array, Any, Any, Any, Total], Array]
    burn_in: float = 0.0


ADAMW = Method(adamw_method, adamw)
LION = Method(lion_method, lion, burn_in=0.5)


_SPAN = 40  # steps, in lengths of the longer memory, at the coarsest level
_ROUNDING = 1e-15  # of one step, in units of the parameters
_POWERS = np.arange(2.0, 7.0)  # decades of ε below the smallest squared entry of the gradient
_RESOLVED = 1e-13  # of the memory's term, relative to the step


@dataclass(frozen=True)
class MemorylessDecay:
    """Largest distance of a method with decoupled decay to its iteration without memory, in the largest component.

    one_step: of single steps, both from where the iteration is, the method with the gradients met on its way there.
    wording: how the iteration reads otherwise. swapped: it has β and ρ exchanged. burn_in: another one than the
    method's.
    """

    method: Method
    wording: Wording = TRUE
    one_step: bool = False
    swapped: bool = False
    burn_in: float | None = None
    name: str = field(default="distance to the iteration without memory", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On the settings drawn; raises `InputError` for another kind of case."""
        del subject
        cases = settings_of(lab, DecaySetting)
        # Where a start is to be forgotten, e^-20 is left of it after half of the steps at the coarsest level.
        steps = levels(coarsest(*(keep for case in cases for keep in case.decays), span=_SPAN))
        found = in_groups(cases, lambda case: case.loss, self._follow, steps)
        if self.one_step:  # whose rounding does not add up
            found = replace(found, floor=np.full(len(cases), _ROUNDING))
        return found.measurement(steps, cases, np.ones(len(cases), bool))

    def _follow(self, cases: list[DecaySetting], steps: list[int]) -> Course:
        numbers = Decayed(*(column(cases, name) for name in Decayed._fields))
        claimed = numbers._replace(beta=numbers.rho, rho=numbers.beta) if self.swapped else numbers
        wording = Wording(*(np.full(len(cases), value) for value in self.wording))
        data, start = stacked(cases, 1)
        contest = Contest(
            LOSSES[cases[0].loss].total,
            1,
            self.method.make,
            (self.method.field,),
            discrete=True,
            one_step=self.one_step,
        )
        order = np.zeros((len(cases), 1), int)
        every = Numbers(start, data, order, numbers, Equation(claimed, wording))
        burn_in = self.method.burn_in if self.burn_in is None else self.burn_in
        names = [case.name for case in cases]
        return distances(contest, every, column(cases, "time"), steps, burn_in=burn_in, names=names)


@dataclass(frozen=True)
class MemoryTerm:
    """The memory's term of the step at the start of runs, for `h = 1`, in the largest component, relative to the step.

    It is swept over ε below the smallest squared entry of the gradient.
    """

    method: Method
    name: str = field(default="the memory's term", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """By 1/ε, in the long run; raises `InputError` for another kind of case than `DecaySetting`."""
        del subject
        cases = settings_of(lab, DecaySetting)
        values = np.stack([self._of(case) for case in cases])
        judged = np.ones(len(cases), bool)
        clock = Clock.named("1/ε")
        return Measurement(_POWERS * np.log(10), values, np.full(len(cases), _RESOLVED), judged, cases, clock=clock)

    def _of(self, case: DecaySetting) -> list[float]:
        data, start = problem_of(case, 1)
        parts = _at_start(self.method, case.loss)
        numbers = Decayed(case.beta, case.rho, case.eps, case.decay)
        smallest = float(np.min(parts(start, data, numbers)[2] ** 2))
        found = []
        for eps in smallest / 10**_POWERS:
            bare, whole, _ = parts(start, data, numbers._replace(eps=eps))
            found.append(float(np.max(np.abs(whole - bare)) / np.max(np.abs(bare))))
        return found


@functools.cache
def _at_start(method: Method, loss: str) -> Callable[..., tuple[Array, Array, Array]]:
    """The step without its memory's term and with it, and the gradient."""
    total = LOSSES[loss].total

    def parts(start: Any, data: Any, numbers: Decayed) -> tuple[Array, Array, Array]:
        words = (Wording(correction=share, settled=1.0) for share in (0.0, 1.0))
        bare, whole = (method.field(start, 0, 1.0, (data, Equation(numbers, each)), total) for each in words)
        return bare, whole, derivatives(total, start, data, 1)[0]

    return jax.jit(parts)
