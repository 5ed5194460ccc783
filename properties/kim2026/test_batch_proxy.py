"""What Adam's steps on reshuffled batches are in the mean, at weights that hardly move and with a long memory.

Setting: N points with gradients `g_1 .. g_N` at weights that are held fixed, features that no point has zero; batches
of b points, every epoch a new order of all points; `S = Σ g_i` and `Q = Σ g_i²`, feature by feature.
Method: Adam's step `m / √v` without ε and bias correction, as `β₁ = β₂ = β → 1`.
Claim: it tends to `Φ = √(b (N - 1)/N) S / √((b - 1) S² + (N - b) Q)` in every feature: `S / √(N Q)`, the proxy of
single points, for b = 1, and the sign of S for b = N. Measured is the largest deviation over the features, relative to
the largest |Φ|, at memories `1/(1 - β)` of 10 to 3000 steps. The mean of `g_B²` over batches without replacement is
`((b - 1) S² + (N - b) Q) / (b N (N - 1))`, that of `g_B` is `S/N`, and averages over more epochs err by less.
Tried: batches of two, N of 4, 6 and 8.
Reference: Kim, Song, Yun (2026), equation (7) and Proposition 3.5.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from properties.papers import KIM_2026
from verify import Dataset, Limit, Read, Twin, laws
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Clock, Measurement
from verify.problems.subject import Subject
from verify.seeds import generator

BATCH = 2
MEMORIES = 10.0 ** np.arange(1.0, 3.51, 1 / 4)
MEMORY = Clock("1/(1-β)", "memory 1/(1-β)")
SEEN = 8  # memories that the averages run for

Proxy = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
"""From S, Q and N to the step."""


def proxy(s: np.ndarray, q: np.ndarray, n: int, b: int = BATCH) -> np.ndarray:
    return np.sqrt(b * (n - 1) / n) * s / np.sqrt((b - 1) * s**2 + (n - b) * q)


def of_single_points(s: np.ndarray, q: np.ndarray, n: int) -> np.ndarray:
    return proxy(s, q, n, 1)


def of_all(s: np.ndarray, q: np.ndarray, n: int) -> np.ndarray:
    return np.sign(s)


@dataclass(frozen=True)
class Deviation:
    """The largest deviation of Adam's step from a proxy."""

    expected: Proxy = proxy
    name: str = "deviation from the proxy"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At the end of streams of batches, one for each memory."""
        found = np.array([self._of(s) for s in lab.datasets])
        b = len(found)
        return Measurement(np.log(MEMORIES), found, np.full(b, 1e-9), np.ones(b, bool), lab.datasets, clock=MEMORY)

    def _of(self, dataset: Dataset) -> list[float]:
        rng = generator(dataset.x, dataset.y, "batches and weights")
        z = dataset.signed
        margins = z @ (rng.standard_normal(dataset.d) / np.abs(z).max())
        g = -z * np.exp(-np.logaddexp(0.0, margins))[:, None]
        target = self.expected(g.sum(axis=0), (g**2).sum(axis=0), dataset.n)
        length = int(SEEN * MEMORIES[-1])
        orders = rng.permuted(np.tile(np.arange(dataset.n), (length * BATCH // dataset.n + 1, 1)), axis=1)
        stream = g[orders.ravel()[: length * BATCH].reshape(length, BATCH)].mean(axis=1)
        steps = [self._step(stream[: int(SEEN * memory)], 1 - 1 / memory) for memory in MEMORIES]
        return [float(np.abs(step - target).max() / np.abs(target).max()) for step in steps]

    def _step(self, stream: np.ndarray, beta: float) -> np.ndarray:
        weights = (1 - beta) * beta ** np.arange(len(stream))[::-1]
        return weights @ stream / np.sqrt(weights @ stream**2)


@st.composite
def full_features(draw: st.DrawFn) -> Dataset:
    """An even number of points, none of whose features is zero."""
    n, d = 2 * draw(st.integers(2, 4)), draw(st.integers(1, 4))
    entries = st.sampled_from((1.0, -1.0, 2.0, -2.0, 0.5, 3.0, -3.0))
    x = draw(st.lists(st.lists(entries, min_size=d, max_size=d), min_size=n, max_size=n))
    y = draw(st.lists(st.sampled_from((1, -1)), min_size=n, max_size=n))
    return Dataset(np.array(x), np.array(y), "full features")


CLAIM = KIM_2026.claim(
    "batch-proxy",
    "equation (7), Proposition 3.5",
    "Adam's mean step on reshuffled batches of b is a proxy of S and Q",
    "As β₁ = β₂ → 1, Adam's step at fixed weights, batches of b, tends to √(b(N-1)/N) S/√((b-1)S² + (N-b)Q).",
    read=Read.PAPER,
    kind=Limit(tolerance=0.05, law=laws.power(1 / 2)),
    problem=full_features,
    optimizer_text="Adam (ε = 0, β₁ = β₂) on reshuffled batches of 2, at weights that are held fixed",
    loss="logistic",
    quantity=Deviation(),
    twins=(
        Twin("the proxy of single points", quantity=Deviation(of_single_points), shrink=False),
        Twin("the proxy of full batches, sign S", quantity=Deviation(of_all), shrink=False),
    ),
    share=1 / 4,
)
