"""Data of which one size moves while the others are held: points, features, classes, maximal margin and radius.

Points come in pairs `s u + v` and `s u - c v`, labels folded in, with `u` of dual norm 1, `⟨w, u⟩ = ‖w‖ = 1` and
`⟨w, v⟩ = 0`. All have the margin `s` at `w`, and `s u`, which no weights of norm 1 give a larger margin, is a mean of
each pair: so the maximal margin is `s`, in any norm and to rounding. Other pairs lie further along `u` and are no
support vectors. The noise `v` is as large as the radius asks. Of k classes the first k features carry the signal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.optimize
from jaxtyping import Float, Int

import solvers
from solvers.errors import InputError
from solvers.norms import Norm
from verify.datasets.dataset import Dataset
from verify.seeds import derived_seed

ENSEMBLES = ("dense", "sparse", "uneven")
"""How signal and noise lie: the signal in every second feature and the noise in all, alike; the signal in the first one
and each pair's noise in a feature of its own; or as in the first, in features whose sizes fall like `1 / j` (the
noise's like `j^-1/2`)."""
MORE_POINTS = ("inside", "repeated")
"""How points may be added to dense data besides: as means of two of them, which support nothing, and as copies of a
single one. The convex hull stays what it was, and with it margin, maximisers and radius."""


@dataclass(frozen=True)
class Sizes:
    """What a dataset is held to. n: points. d: features. k: classes, 0 for labels +1/-1. gamma: the maximal margin, in
    the norm of whoever asks. radius: the largest dual norm of a margin's gradient, `y_i x_i` of labels +1/-1.
    """

    n: int
    d: int
    k: int
    gamma: float
    radius: float


@dataclass(frozen=True)
class Planted:
    """A family of datasets: how they lie, in which norm, and the largest sizes, within which they are nested.

    core: how many points those of `MORE_POINTS` add to.
    """

    ensemble: str
    norm: Norm
    most_points: int
    most_features: int
    core: int = 8

    def __call__(self, sizes: Sizes, seed: int) -> Dataset:
        """The dataset of these sizes; of one seed those of other sizes have the same points as far as that goes.

        Raises `InputError` for sizes that no data here have.
        """
        each = max(sizes.k, 1)
        if sizes.n < 4 * each or sizes.d < sizes.k + 2:
            raise InputError(
                f"Data with n = {sizes.n}, d = {sizes.d} and k = {sizes.k or 2} are too small to be built: take at "
                f"least {4 * each} points and {sizes.k + 2} features."
            )
        rng = np.random.default_rng(derived_seed(seed, self.ensemble, "planted"))
        pairs = (self.most_points + 1) // 2
        draws = _Draws(
            raw=rng.standard_normal((pairs, self.most_features)),
            shrinks=rng.uniform(0.3, 1.0, pairs),
            stretch=rng.uniform(0.2, 1.0, pairs) * rng.integers(0, 2, pairs),
            labels=rng.choice([-1, 1], self.most_points),
            signs=rng.choice([-1.0, 1.0], self.most_features),
            places=rng.integers(0, 2**31, self.most_points),
            shares=rng.uniform(0.2, 0.8, self.most_points),
        )
        added = self.ensemble in MORE_POINTS
        x, y = self._pairs(sizes, draws, max(4 * each, min(self.core, sizes.n)) if added else sizes.n)
        if added:
            x, y = self._more(x, y, sizes, draws)
        if not sizes.k:
            x, y = x * draws.labels[: len(x), None], draws.labels[: len(x)]
        return Dataset(x, y, self.ensemble, classes=sizes.k)

    def _pairs(self, sizes: Sizes, draws: _Draws, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Points, labels folded in where they are +1/-1, and classes."""
        place = np.arange(n) // 2
        y = place % max(sizes.k, 1)
        signal, noise = self._signal(sizes, draws, y), self._noise(sizes, draws)[place]
        noise = np.where(np.arange(n)[:, None] % 2 == 1, -draws.shrinks[place, None], 1.0) * noise
        least = radius(signal, self.norm, sizes.k).max()
        if not least < sizes.radius:
            raise InputError(
                f"A maximal {self.norm.name} margin of {sizes.gamma:g} needs a radius above {least:g}, and "
                f"{sizes.radius:g} is asked for: take a smaller margin, or a larger radius."
            )
        longest = min(1.0, (sizes.radius / least - 1) / 2)
        turn = place // max(sizes.k, 1)
        stretch = np.where(turn == 0, 0.0, np.where(turn == 1, 1.0, draws.stretch[place]))
        signal = signal * (1 + longest * stretch[:, None])

        def excess(size: float) -> float:
            return float(radius(signal + size * noise, self.norm, sizes.k).max()) - sizes.radius

        high = 1.0
        while excess(high) < 0:
            high *= 2
        size = scipy.optimize.root_scalar(excess, bracket=(0.0, high), xtol=1e-14).root
        return signal + size * noise, y

    def _signal(self, sizes: Sizes, draws: _Draws, y: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n d"]:
        if sizes.k:
            return sizes.gamma / _of_means(self.norm, sizes.k) * np.eye(sizes.k, sizes.d)[y]
        u, _ = self._directions(sizes, draws)
        return np.tile(sizes.gamma * u, (len(y), 1))

    def _directions(self, sizes: Sizes, draws: _Draws) -> tuple[np.ndarray, np.ndarray]:
        """`u` and `w`, `[d]` each."""
        g = draws.signs[: sizes.d].copy()
        # A maximiser that is a vertex of the unit ball is reached exactly, in finitely many steps: here it is none.
        g[1::2] = 0.0
        if self.ensemble == "sparse":
            g[1:] = 0.0
        elif self.ensemble == "uneven":
            g /= np.arange(1.0, sizes.d + 1)
        return g / float(self.norm.dual_value(g)), np.asarray(self.norm.direction(g))

    def _noise(self, sizes: Sizes, draws: _Draws) -> Float[np.ndarray, "p d"]:
        """One row a pair, orthogonal to `w`, or zero in the features of the signal."""
        noise = draws.raw[:, : sizes.d].copy()
        if self.ensemble == "uneven":
            noise /= np.sqrt(np.arange(1.0, sizes.d + 1))
        first = sizes.k or 1
        if self.ensemble == "sparse":
            own = first + np.arange(len(noise)) % (sizes.d - first)
            noise = np.where(np.arange(sizes.d) == own[:, None], np.sign(noise) * (0.5 + np.abs(noise)), 0.0)
        if sizes.k:
            noise[:, : sizes.k] = 0.0
            return noise
        u, w = self._directions(sizes, draws)
        return noise - np.outer(noise @ w, u)

    def _more(
        self, x: np.ndarray, y: np.ndarray, sizes: Sizes, draws: _Draws
    ) -> tuple[Float[np.ndarray, "n d"], Int[np.ndarray, " n"]]:
        """The points and those that are added inside their hull."""
        missing, each = sizes.n - len(x), max(sizes.k, 1)
        places = draws.places[:missing] % len(x)
        if self.ensemble == "repeated":
            places = np.full(missing, draws.places[0] % len(x))
            return np.vstack([x, x[places]]), np.concatenate([y, y[places]])
        deep = x[2 * (each + y[places])]  # a point of the class beyond the margin
        share = draws.shares[:missing, None]
        return np.vstack([x, share * x[places] + (1 - share) * deep]), np.concatenate([y, y[places]])


@dataclass(frozen=True)
class _Draws:
    raw: np.ndarray
    shrinks: np.ndarray
    stretch: np.ndarray
    labels: np.ndarray
    signs: np.ndarray
    places: np.ndarray
    shares: np.ndarray


def radius(x: Float[np.ndarray, "n d"], norm: Norm, k: int) -> Float[np.ndarray, " n"]:
    """The dual norm of each point's margin's gradients: `x_i`, or the matrices `(e_y - e_c) x_i^T` of k classes."""
    dual = norm.dual
    if dual.matrix_only:  # which are of rank one, where all Schatten norms agree
        return np.sqrt(2) * np.linalg.norm(x, axis=1)
    return (2 ** (1 / dual.p) if k else 1.0) * np.linalg.norm(x, ord=dual.p, axis=1)


@cache
def _of_means(norm: Norm, k: int) -> float:
    """The maximal margin of the k unit vectors, a class each."""
    return solvers.max_margin(np.eye(k), np.arange(k), norm, classes=k).lower
