"""SignGD without momentum never separates some data on batches of all points but one, be there ever so many.

Setting: k times (r, -1) and k times (-1, r), up to the signs of features and labels, with `1 < r < k/(k - 1)`; n = 2k,
mean exponential loss, `w_0 = 0`; every epoch leaves each point out once, in a new random order; constant steps `η ≤
log(k/((k - 1) r)) / (2 (r + 1) k)`.
Algorithm: `w ← w - η sign(∇L_B(w))`, B all points but one.
Claim: at every step the least margin is zero or less, while the maximal L-infinity margin is r - 1, which full batches
attain from the first step on. On `w = c (1, -1)` a batch without a point of one kind steps in the other kind's sign,
(-1, 1) or (1, -1), as long as `e^{2 |c| (r + 1)} < k/((k - 1) r)`; an epoch has k steps of each, ends where it began,
and keeps |c| ≤ k η. So batches of all points but one are not enough, for any even n; larger steps may meet weights at
which a batch steps along (1, 1), and separate.
Reference: after Li, Tang, Zou (2026), whose second version says that without momentum the full batch alone classifies
all points rightly in the worst case, as its abstract has it, where the first asked for large batches. The data are
derived.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

from properties.papers import LI_2026
from solvers.norms import Norm
from verify import Bound, Dataset, Read, Twin
from verify.backend import power_of_two
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import ROUNDING, Measurement
from verify.problems.subject import Subject, norm_of
from verify.runs.descent import stacked
from verify.seeds import generator

ETA = 1 / 128  # a power of two, by which all weights are exact


@dataclass(frozen=True)
class LeaveOneOut:
    """The relative gap of the margin along steps each of which leaves one point out.

    step_size: of a step's number. b1: of the gradients' moving average. full: whether no point is left out. single:
    whether all points but one are. in_norm: of the steps, `l2` or `linf`, by default the claim's. The larger side is
    the gap itself where `at_least` is what it must not fall below.
    """

    step_size: Callable[[int], float]
    b1: float = 0.0
    full: bool = False
    single: bool = False
    in_norm: str | None = None
    at_least: float | None = None
    name: str = "relative gap"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At sixteen times, the last one the laboratory's horizon; where `at_least` is given after every step.

        All in the log domain, in the L2 or max norm.
        """
        norm = norm_of(subject)
        references = lab.references(norm)
        gamma = np.array([r.lower for r in references])
        count = 17 if self.at_least is None else lab.steps + 1
        times = np.unique(np.linspace(0, lab.steps, count)[1:].astype(int))
        numbers = self.b1, (self.in_norm or norm) == "l2", self.full, self.single
        step_sizes = np.array([self.step_size(t) for t in range(lab.steps)])
        gap = relative_gaps(_step, lab, norm, step_sizes, numbers)[:, times - 1]
        judged = np.array([r.certified for r in references])
        floor = np.full(len(gap), 1e3 * ROUNDING)
        if self.at_least is None:
            return Measurement(np.log(times), gap, floor, judged, lab.datasets, gamma)
        return Measurement(np.log(times), np.full_like(gap, self.at_least), floor, judged, lab.datasets, gamma, (), gap)


class Points(NamedTuple):
    """Of all datasets: signed points `[b n d]`, which are absent `[b n]`, and how many are not `[b]`."""

    x: Any
    absent: Any
    n: Any

    def margins(self, w: Any) -> Any:
        """At weights `[b d]`, infinite for absent points, `[b n]`."""
        return jnp.where(self.absent, jnp.inf, jnp.einsum("bnd,bd->bn", self.x, w))


def relative_gaps(
    step: Callable[..., Any], lab: Laboratory, norm: str | Norm, step_sizes: np.ndarray, numbers: tuple[float, ...]
) -> np.ndarray:
    """Relative gaps `[b t]` after every step from zero, in the L2 or max norm.

    step: what comes of weights, memory (three arrays `[b n]`, `[b d]`, `[b 1]`, zero at first), points, the step's
    size, the points' places in the epochs `[b]`, its number and the numbers of the method.
    """
    x, absent = stacked(lab.datasets)
    b, n, d = len(x), power_of_two(x.shape[1], 8), power_of_two(x.shape[2], 4)  # so that programs are shared
    x = np.pad(x, ((0, 0), (0, n - x.shape[1]), (0, d - x.shape[2])))
    absent = np.pad(absent, ((0, 0), (0, n - absent.shape[1])), constant_values=True)
    chosen = np.stack([orders(s, lab.steps) for s in lab.datasets], axis=1)
    points = Points(x, absent, np.array([s.n for s in lab.datasets]))
    start = np.zeros((b, d)), (np.zeros((b, n)), np.zeros((b, d)), np.zeros((b, 1)))
    margin, euclidean, largest = (
        np.asarray(each).T for each in _followed(step, start, points, step_sizes, chosen, tuple(map(float, numbers)))
    )
    size = euclidean if norm == "l2" else largest
    gamma = np.array([r.lower for r in lab.references(norm)])[:, None]
    return np.asarray(1 - np.divide(margin, size * gamma, out=np.zeros_like(size), where=size > 0))


@functools.partial(jax.jit, static_argnums=0)
def _followed(step: Any, start: Any, points: Points, step_sizes: Any, chosen: Any, numbers: Any) -> Any:
    """Least margins, L2 norms and largest weights after every step, `[t b]`."""

    def after(state: Any, each: Any) -> Any:
        w, memory = step(*state, points, *each, numbers)
        sizes = jnp.sqrt(jnp.sum(w * w, axis=1)), jnp.max(jnp.abs(w), axis=1)
        return (w, memory), (jnp.min(points.margins(w), axis=1), *sizes)

    return jax.lax.scan(after, start, (step_sizes, chosen, jnp.arange(len(step_sizes))))[1]


def _step(w: Any, memory: Any, points: Points, size: Any, chosen: Any, t: Any, numbers: Any) -> Any:
    """A step on all points but the chosen one; all in the log domain."""
    unused, average, scale = memory  # the true average is e^-scale times this one
    b1, euclidean, full, single = numbers
    z = points.margins(w)
    least = jnp.min(z, axis=1, keepdims=True)
    one = jnp.arange(z.shape[1])[None, :] == chosen[:, None]
    unseen = jnp.where(full > 0, False, jnp.where(single > 0, ~one, one))
    z = jnp.where(unseen, jnp.inf, z)
    gradient = jnp.einsum("bn,bnd->bd", jnp.exp(least - z), points.x)
    average = b1 * jnp.exp(least - scale) * average + (1 - b1) * gradient
    unit = average / jnp.sqrt(jnp.sum(average * average, axis=1, keepdims=True))
    return w + size * jnp.where(euclidean > 0, unit, jnp.sign(average)), (unused, average, least)


def orders(dataset: Dataset, steps: int) -> np.ndarray:
    """Which point each step leaves out, `[steps]`."""
    rng = generator(dataset.x, dataset.y, "leave one out")
    return np.concatenate([rng.permutation(dataset.n) for _ in range(steps // dataset.n + 1)])[:steps]


def constant(t: int) -> float:
    return ETA


def long(t: int) -> float:
    return 16 * ETA


@st.composite
def two_kinds(draw: st.DrawFn) -> Dataset:
    k = draw(st.integers(2, 4))
    allowed = [r for r in (1 + np.arange(1, 64) / 64) if 2 * (r + 1) * k * ETA < np.log(k / ((k - 1) * r))]
    r = draw(st.sampled_from(allowed))
    y = np.array(draw(st.lists(st.sampled_from((1, -1)), min_size=2 * k, max_size=2 * k)))
    signs = np.array(draw(st.tuples(st.sampled_from((1, -1)), st.sampled_from((1, -1)))))
    return Dataset(y[:, None] * signs * np.array([(r, -1.0)] * k + [(-1.0, r)] * k), y, "two kinds")


def never(step_size: Callable[[int], float] = constant, **other: Any) -> LeaveOneOut:
    return LeaveOneOut(step_size, at_least=1.0, name="zero margin over the margin", **other)


CLAIM = LI_2026.claim(
    "leave-one-out",
    "abstract of the second version",
    "SignGD without momentum never separates some data on n - 1 of n points",
    "On k × (r, -1), k × (-1, r), 1 < r < k/(k-1), SignGD on 2k - 1 of the points, small steps, never separates.",
    read=Read.DERIVED,
    kind=Bound(lambda m: m.larger_side, "the relative gap"),
    problem=two_kinds,
    optimizer_text="SignGD on n - 1 points, each left out once an epoch, η = 1/128",
    loss="exponential",
    norm="linf",
    quantity=never(),
    twins=(
        Twin("full batches", quantity=never(full=True), shrink=False),
        Twin("steps of 1/8", quantity=never(long), shrink=False),
        Twin("momentum 0.9", quantity=never(b1=0.9), shrink=False),
        Twin("normalised GD for SignGD", quantity=never(in_norm="l2"), shrink=False),
    ),
    share=1 / 2,
    horizon=-1.5,
)
