"""A class's feature against its memory of noise, under gradient flow with weight decay: the lesser is forgotten.

Of the neurons r of a class j let `a_r = <w_jr, j v>` be the products with the feature, `u_ir = <w_jr, xi_i>` those with
the noise of its samples i, `z_ir = u_ir - alpha a_r` what they see of that patch, g_i the slope of the loss, and
`G = sum_i g_i / n`. On disjoint supports the flow of `mean loss + lambda/2 ||W||^2` is, where a_r > 0,

    da_r/dt <= q G a_r^(q-1) - lambda a_r,    du_ir/dt = (q/n) g_i [z_ir]_+^(q-1) ||xi_i||^2 - lambda u_ir,

with equality on the left where no noise patch activates the neuron, or alpha = 0. Where z = u the powers 2-q of a and u
obey linear equations, and the slopes drop out of a difference of them: see `Forgotten`.

States are in the rotated basis, in which each sample's noise is one coordinate; what is orthogonal to all only decays.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from solvers.errors import InputError
from verify.datasets.cases import Setting
from verify.errors import FlowError
from verify.haste import in_passing
from verify.problems.cnn.errors import Arrays, feature_products
from verify.problems.cnn.patches import Blocks
from verify.problems.cnn.training import loss, stacked
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Clock, Measurement
from verify.problems.subject import Subject

TIMES = np.linspace(0.25, 4.0, 16)
"""In units of 1/lambda, at which flows are looked at."""

_RTOL = 1e-9
_FLOOR = 1e-6  # relative, of what the solver's errors make of the two sides
_MAX_STEPS = 20_000
_CLOCK = Clock.named("λt")


@dataclass(frozen=True, kw_only=True)
class BalanceSetting(Setting):
    """Weights near the balance of feature and memory, and what they are trained on.

    n: samples, even. m: neurons of a class; the last one has the feature, and all others, which memorise, are turned
    against it. q: the activation's power. alpha: the feature noise. lam: the weight decay. ratio: `(a/M)^(q-2)` of both
    classes, for a and M as in `Forgotten`. seed: of lengths and products.
    """

    n: int
    m: int
    q: int
    alpha: float
    lam: float
    ratio: float
    seed: int = 0

    def data(self) -> Blocks:
        """Noise of lengths from 0.5 to 1.5; classes are equal."""
        lengths = np.random.default_rng([self.seed, 0]).uniform(0.5, 1.5, (self.n, 1))
        y = np.where(np.arange(self.n) % 2 == 0, 1.0, -1.0)
        return Blocks(y, np.full(self.n, 1 / self.n), lengths, np.ones(1), np.array(self.alpha))

    def start(self) -> dict[str, np.ndarray]:
        """Weights by part, `[2 m 1]` and `[2 m n 1]`."""
        rng, data = np.random.default_rng([self.seed, 1]), self.data()
        own = np.array([[1.0], [-1.0]]) == data.y
        products = 0.2 * rng.standard_normal((2, self.m, self.n))
        products[:, :-1] = np.where(own[:, None], rng.uniform(0.3, 1.2, products[:, :-1].shape), products[:, :-1])
        along = -rng.uniform(0.0, 0.3, (2, self.m))
        along[:, -1] = 1.0  # on the feature's side, as far as memory is concerned
        along[:, -1] = self.ratio ** (1 / (self.q - 2)) * memory(_weights(along, products, data), data, self.q)
        return _weights(along, products, data)


def balances(*, alpha: tuple[float, float], ratio: tuple[float, float]) -> st.SearchStrategy[BalanceSetting]:
    """Settings with feature noise and ratios in these ranges."""

    def hundredths(low: float, high: float) -> st.SearchStrategy[float]:
        return st.integers(round(100 * low), round(100 * high)).map(lambda k: k / 100)

    return st.builds(
        BalanceSetting,
        n=st.sampled_from([4, 6, 8]),
        m=st.integers(2, 4),
        q=st.sampled_from([3, 4, 5]),
        alpha=hundredths(*alpha),
        lam=st.sampled_from([0.01, 0.001, 0.0001]),
        ratio=hundredths(*ratio).filter(lambda r: abs(r - 1) >= 0.05),  # at 1 neither is the lesser
        seed=st.integers(0, 10**6),
        name=st.just("near the balance"),
    )


def _weights(along: np.ndarray, products: np.ndarray, data: Blocks) -> dict[str, np.ndarray]:
    """From products `[2 m]` with the own feature and `[2 m n]` with the noise."""
    signs = np.array([[1.0], [-1.0]])
    return {"feature": (signs * along)[..., None], "noise": (products / np.asarray(data.noise)[:, 0])[..., None]}


def largest_feature(w: Arrays) -> Float[np.ndarray, " two"]:
    """Of each class the largest product of a neuron with the own feature."""
    return np.max(feature_products(w), axis=1)


def memory(w: Arrays, data: Blocks, q: float, *, whole: bool = True) -> Float[np.ndarray, " two"]:
    """Of each class `M = (sum_i U_i^(2-q) / ||xi_i||^2)^(-1/(q-2))` over its samples, U_i their largest noise product.

    With feature noise of neurons only that are not turned to the feature. whole: else of the sample of the largest term
    alone. Raises `InputError` where a sample is not memorised, `U_i <= 0`.
    """
    noise = np.asarray(data.noise)
    products = np.sum(w["noise"] * noise, axis=-1)
    turned = (feature_products(w) <= 0) | (float(data.alpha) == 0)
    best = np.max(np.where(turned[..., None], products, -np.inf), axis=1)
    own = np.array([[1.0], [-1.0]]) == np.asarray(data.y)
    if not (best[own] > 0).all():
        raise InputError("A sample is memorised by no neuron of its class: the balance needs a positive noise product.")
    terms = np.where(own, np.where(own, best, 1.0) ** (2 - q) / np.sum(noise**2, axis=-1), 0.0)
    return (terms.sum(axis=1) if whole else terms.max(axis=1)) ** (-1 / (q - 2))


@dataclass(frozen=True)
class Forgotten:
    """What is forgotten of feature and memory, and its bound, both times `e^(lambda t)`.

    Of a class let a be the largest product with the feature, and M the memory (see `memory`). Then
    `d/dt (a^(2-q) - M^(2-q)) = (q-2) lambda (a^(2-q) - M^(2-q))` with alpha = 0, so that the lesser of both at the
    start is at most `e^(-lambda t) |a_0^(2-q) - M_0^(2-q)|^(-1/(q-2))` ever after. With alpha > 0 it is a that obeys
    this, where it is the lesser.

    factor: of `M^(2-q)`. whole: whether M is of all samples of the class. power: in place of q - 2. decay: in place of
    lambda, in its units.
    """

    factor: float = 1.0
    whole: bool = True
    power: int = 0
    decay: float = 1.0

    name = "forgotten part, times e^λt"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On the settings drawn, of the class that comes nearer to its bound."""
        settings = [case for case in lab.cases if isinstance(case, BalanceSetting)]
        if len(settings) < len(lab.cases):
            raise InputError("The balance is measured on its own settings: draw verify.problems.cnn.balance.balances.")
        flows = lab.once(("balance",), lambda: flow(settings))
        sides = [self._sides(*each) for each in zip(settings, flows, strict=True)]
        values, bound = (np.stack(side) for side in zip(*sides, strict=True))
        judged = np.ones(len(settings), bool)
        floor = _FLOOR * bound.min(axis=1)
        return Measurement(np.log(TIMES), values, floor, judged, lab.cases, bound=bound, clock=_CLOCK)

    def _sides(self, setting: BalanceSetting, states: Sequence[Arrays]) -> tuple[np.ndarray, np.ndarray]:
        """Both at each time."""
        data, first = setting.data(), setting.start()
        power = setting.q - 2 + self.power
        # In the claim's own words, which a twin changes: which is the lesser, and by how much.
        inverse = self.factor * memory(first, data, power + 2.0, whole=self.whole) ** -power
        balance = largest_feature(first) ** -power - inverse
        ends = [np.where(balance > 0, np.maximum(largest_feature(w), 0.0), memory(w, data, setting.q)) for w in states]
        grown = np.exp(TIMES)[:, None] * np.array(ends)
        allowed = np.abs(balance) ** (-1 / power) * np.exp((1 - self.decay) * TIMES)[:, None]
        nearest = np.argmax(grown / allowed, axis=1)[:, None]
        forgotten, bound = (np.take_along_axis(side, nearest, 1)[:, 0] for side in (grown, allowed))
        return forgotten, bound


def flow(settings: Sequence[BalanceSetting]) -> list[list[Arrays]]:
    """The weights of each setting at `TIMES`. Raises `FlowError` where the solver does not come there."""
    data, first = stacked([(setting.data(), setting.start()) for setting in settings])
    q, lam = (np.array([float(getattr(setting, name)) for setting in settings]) for name in ("q", "lam"))
    states, good = _program()(first, data, q, lam)
    if not np.all(good):
        raise FlowError(f"The flow of {settings[int(np.argmin(good))]!r} needs more than {_MAX_STEPS} steps.")
    feature, noise = (np.asarray(states[name]) for name in ("feature", "noise"))
    return [
        [{"feature": feature[i, r, :, : s.m], "noise": noise[i, r, :, : s.m, : s.n]} for r in range(len(TIMES))]
        for i, s in enumerate(settings)
    ]


@functools.cache
def _program() -> Any:
    """Jitted: first weights and data `[b ...]`, powers and decays `[b]`, to weights `[b r ...]` and success `[b]`."""

    def speed(_: Any, w: Any, args: Any) -> Any:
        data, q, lam = args
        slopes = jax.grad(loss)(w, data, q, data.share)
        return jax.tree.map(lambda g, p: -g / lam - p, slopes, w)

    def solve(w: Any, data: Any, q: Any, lam: Any) -> Any:
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(speed), diffrax.Dopri8(), 0.0, TIMES[-1], 1e-6, w, (data, q, lam),
            saveat=diffrax.SaveAt(ts=jnp.array(TIMES)),
            # Steps end at the recorded times: the method's interpolation is worse than its steps.
            stepsize_controller=diffrax.ClipStepSizeController(
                diffrax.PIDController(rtol=_RTOL, atol=1e-4 * _RTOL), step_ts=jnp.array(TIMES)
            ),
            max_steps=_MAX_STEPS,
            throw=False,
        )  # fmt: skip
        return solution.ys, solution.result == diffrax.RESULTS.successful

    return jax.jit(jax.vmap(solve), compiler_options=in_passing())
