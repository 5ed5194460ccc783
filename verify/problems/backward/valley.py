"""The perturbed one-norm of the gradient, which Adam penalises or rewards, on an example with two parameters.

Full-batch Adam with eps inside the root, after bias correction (optax's `eps_root`), follows to second order in the
step size h the flow of `E + (h/2) ((1+β)/(1-β) - (1+ρ)/(1-ρ)) ‖∇E‖_{1,eps}` while gradients are large beside `√eps`
(Cattaneo, Klusowski, Shigida). In the example `E = ½ (y - θ₁θ₂x)²`, `‖∇E‖₁ = |x| |y - θ₁θ₂x| (|θ₁| + |θ₂|)`, so where a
run ends on the valley `θ₁θ₂ = y/x` it is told by `|θ₁| + |θ₂|`.

All constants are arguments of one compiled program, one lane for each run.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st
from jax import Array
from jaxtyping import Bool, Float

from solvers.errors import InputError
from verify import backend as backend
from verify.datasets.cases import Setting
from verify.errors import TrajectoryError
from verify.problems.backward.sweep import Adam, Sweep
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Clock, Measurement
from verify.problems.subject import Subject

_SETTLED = 1e-12  # of the weights, a step that is no longer counted as one
_ROUNDING = 1e-9  # of an end point, whose last steps are as small as that


@dataclass(frozen=True, kw_only=True)
class Valley(Setting):
    """The example `E = ½ (y - θ₁θ₂x)²`, a start, and Adam's constants."""

    x: float
    y: float
    start: tuple[float, float]
    beta: float
    rho: float
    step_size: float
    eps: float

    @property
    def adam(self) -> Adam:
        """The constants alone."""
        return Adam(self.beta, self.rho, self.step_size, self.eps)

    @property
    def slope(self) -> float:
        """Typical size of an entry of the gradient at the start: its geometric mean."""
        a, b = self.start
        return abs(self.x * (self.y - a * b * self.x)) * (a * b) ** 0.5

    @property
    def curvature(self) -> float:
        """Largest curvature at a point of the valley that is as far from the diagonal as the start."""
        a, b = self.start
        return self.x**2 * (2 * self.y / self.x + (b - a) ** 2)

    def with_large_eps(self, factor: float = 100.0) -> Valley:
        """The same with `√eps` that many times the start's gradient, and a step size of a fifth over the curvature
        there, in gradient descent's terms."""
        root = factor * self.slope
        a, b = self.start
        return replace(self, eps=root**2, step_size=0.1 * root / (self.x**2 * a * b))

    def swapped(self) -> Valley:
        """The same with β and ρ exchanged."""
        return replace(self, beta=self.rho, rho=self.beta)


PAPER = Valley(x=2.0, y=1.5, start=(2.8, 3.5), beta=0.9, rho=0.95, step_size=1e-3, eps=1e-4, name="as illustrated")
"""The loss `½ (3/2 - 2θ₁θ₂)²` and the start of the paper's figures; Adam's constants are ours."""


def valleys(averages: Sequence[tuple[float, float]]) -> st.SearchStrategy[Valley]:
    """Valleys with one of the pairs (β, ρ), started 2.5 to 4.5 times as far out as the valley on its way from the
    origin, off the diagonal, 800 to 2000 full steps away; `√eps` is 10^-3.5 to 10^-3 of the first gradient, and large
    enough for the run not to oscillate at the end with twice the step size."""

    def valley(x: int, y: int, far: int, ratio: int, steps: int, eps: int, pair: tuple[float, float]) -> Valley:
        bottom = (y / x) ** 0.5
        middle = far / 100 * bottom
        a, b = (round(middle * (ratio / 100) ** power, 4) for power in (-0.5, 0.5))
        step_size = float(f"{(middle - bottom) / steps:.3g}")
        drawn = Valley(
            x=x / 100, y=y / 100, start=(a, b), beta=pair[0], rho=pair[1], step_size=step_size, eps=1.0, name="drawn"
        )
        root = max(10 ** (eps / 100) * drawn.slope, 2 * step_size * drawn.curvature)
        return replace(drawn, eps=float(f"{root**2:.3g}"))

    return st.builds(
        valley,
        st.integers(100, 300),
        st.integers(50, 300),
        st.integers(250, 450),
        st.integers(115, 180),
        st.integers(800, 2000),
        st.integers(-350, -300),
        st.sampled_from(list(averages)),
    )


@dataclass(frozen=True)
class Ends:
    """Where runs ended: `[b r]` the sums `|θ₁| + |θ₂|`, and whether the run had settled on the valley."""

    one_norm: Float[np.ndarray, "b r"]
    settled: Bool[np.ndarray, "b r"]


def ends(settings: Sequence[Valley], sweep: Sweep, *, steps: int) -> Ends:
    """The end points of each setting's runs along the sweep, each followed until all have settled, or to `steps`.

    Raises `TrajectoryError` when a run meets NaN or infinity.
    """
    lanes = [(v, adam) for v in settings for adam in sweep.columns(v.adam)]
    (theta, settled, lost), _ = _descend(*_arrays(lanes), steps, 0)
    _check(np.asarray(lost), lanes)
    shape = len(settings), len(sweep.values)
    return Ends(np.abs(np.asarray(theta)).sum(axis=0).reshape(shape), np.asarray(settled).reshape(shape))


def paths(setting: Valley, sweep: Sweep, *, steps: int) -> Float[np.ndarray, "r t 2"]:
    """The weights after 0, 1, ... `steps` steps, for each value of the sweep."""
    lanes = [(setting, adam) for adam in sweep.columns(setting.adam)]
    (_, _, lost), kept = _descend(*_arrays(lanes), 0, steps)
    _check(np.asarray(lost), lanes)
    start = np.broadcast_to(np.array(setting.start), (1, len(sweep.values), 2))
    return np.concatenate([start, np.moveaxis(np.asarray(kept), 1, 2)]).transpose(1, 0, 2)


def _check(lost: np.ndarray, lanes: Sequence[tuple[Valley, Adam]]) -> None:
    if (lost > 0).any():
        i = int(np.argmax(lost > 0))
        raise TrajectoryError(f"The run with {lanes[i][1]} met NaN or infinity at step {lost[i]} on {lanes[i][0]}.")


def _arrays(lanes: Sequence[tuple[Valley, Adam]]) -> tuple[Array, Array, Array, Adam]:
    x, y = (jnp.array([getattr(v, name) for v, _ in lanes]) for name in ("x", "y"))
    start = jnp.array([v.start for v, _ in lanes]).T
    return x, y, start, Adam(*(jnp.array(values) for values in zip(*(adam for _, adam in lanes), strict=True)))


@functools.partial(jax.jit, static_argnums=5)
def _descend(x: Array, y: Array, start: Array, adam: Adam, limit: Any, kept: int) -> Any:
    """`kept` recorded steps `[t 2 l]`, then steps until all lanes have settled, at most `limit` of them."""
    method = adam.transformation

    def step(carry: Any) -> Any:
        (a, b), state, _, lost, count = carry
        residual = y - a * b * x
        updates: Any
        updates, state = method.update((-x * b * residual, -x * a * residual), state)
        still = [jnp.abs(u) <= _SETTLED * jnp.abs(w) for u, w in zip(updates, (a, b), strict=True)]
        settled = still[0] & still[1] & (jnp.abs(residual) <= 1e-6 * jnp.abs(y))
        lost = jnp.where((lost == 0) & ~jnp.isfinite(residual), count, lost)
        return (a + updates[0], b + updates[1]), state, settled, lost, count + 1

    def recorded(carry: Any, _: Any) -> Any:
        carry = step(carry)
        return carry, jnp.stack(carry[0])

    weights = (start[0], start[1])
    carry = (weights, method.init(weights), jnp.zeros(len(x), bool), jnp.zeros(len(x), int), 0)
    carry, seen = jax.lax.scan(recorded, carry, None, length=kept)
    last = jax.lax.while_loop(lambda c: (c[4] < limit) & ~jnp.all(c[2] | (c[3] > 0)), step, carry)
    return (jnp.stack(last[0]), last[2], last[3]), seen


def unchanged(setting: Valley) -> Valley:
    """The setting as it is."""
    return setting


@dataclass(frozen=True)
class ValleyEnd:
    """`|θ₁| + |θ₂|` at the end of runs along a sweep; a row for each setting, changed by `change` beforehand.

    relative: instead, by how much of its first value it differs from that.
    Judged where every run settled on the valley within the horizon.
    """

    sweep: Sweep
    change: Callable[[Valley], Valley] = unchanged
    relative: bool = False

    @property
    def name(self) -> str:
        """What the reports call it."""
        return "relative change of |θ₁| + |θ₂|" if self.relative else "one-norm |θ₁| + |θ₂| at the end"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On the settings drawn; raises `InputError` for another kind of case."""
        settings = [self.change(case) for case in lab.cases if isinstance(case, Valley)]
        if len(settings) < len(lab.cases):
            raise InputError("This quantity is measured on settings of the kind Valley: draw such ones.")
        found = ends(settings, self.sweep, steps=lab.steps)
        judged = np.asarray(found.settled.all(axis=1))
        first = found.one_norm[:, :1]
        values = np.abs(found.one_norm / first - 1) if self.relative else found.one_norm
        floor = _ROUNDING * (np.ones(len(values)) if self.relative else found.one_norm.max(axis=1))
        lost = int(np.count_nonzero(~judged))
        notes = (f"{lost} settings are left out: a run did not settle within the horizon",) if lost else ()
        return Measurement(
            self.sweep.log_clock,
            values,
            floor,
            judged,
            list(lab.cases),
            notes=notes,
            clock=Clock.named(self.sweep.axis),
        )
