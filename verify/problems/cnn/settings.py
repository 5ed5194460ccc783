"""Settings of the two-layer CNN, and the conditions of its theorems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from verify import backend as backend
from verify.datasets.cases import Setting
from verify.problems.cnn.patches import PatchModel


@dataclass(frozen=True, kw_only=True)
class CnnSetting(Setting):
    """A point in the theorem's regime, all sizes derived from a few by its orders: `d = n^4 s^2`, `sigma_0 = d^-1/4`.

    n, s, alpha: as for `PatchModel`. noise: the expected length of a noise vector, `sigma_p s^1/2`, to be
    1 / polylog n. m: neurons of a class. q: the activation's power. b1, b2: Adam's constants. lam: AdamW's decoupled
    weight decay. seed: of data and start.
    """

    n: int
    s: int
    alpha: float
    noise: float
    m: int
    q: int = 3
    b1: float = 0.9
    b2: float = 0.99
    lam: float = 0.5
    seed: int = 0

    @property
    def sigma_p(self) -> float:
        """Standard deviation of an entry of the noise, `noise / s^1/2`."""
        return self.noise / self.s**0.5

    @property
    def sigma_0(self) -> float:
        """Standard deviation of the weights at the start, `d^-1/4`."""
        return 1 / (self.n * self.s**0.5)

    @property
    def unit(self) -> float:
        """`1 / (s sigma_p)`: what every weight of a sign method has moved when noise products have grown to about 1."""
        return 1 / (self.s * self.sigma_p)

    @property
    def decay(self) -> float:
        """`sigma_0^(q-2) sigma_p / n`, far above any weight decay that the theorem allows."""
        return self.sigma_0 ** (self.q - 2) * self.sigma_p / self.n

    def model(self, *, width: int = 1) -> PatchModel:
        """The law of the data; the feature's width may be changed, for twins."""
        d = self.n**4 * self.s**2 + width
        return PatchModel(n=self.n, d=d, s=self.s, alpha=self.alpha, sigma_p=self.sigma_p, width=width)


BETAS = ((0.0, 0.0), (0.5, 0.5), (0.0, 0.9), (0.9, 0.9), (0.9, 0.99), (0.9, 0.999))
"""Adam's constants that are drawn. The shortest memory moves farthest by a horizon, and the first is drawn first."""


def settings(
    *,
    n: Sequence[int] = (4, 6),
    q: int = 3,
    betas: Sequence[tuple[float, float]] = BETAS,
    alpha: tuple[float, float] = (0.06, 0.12),
    strength: float = 16.0,
    reach: float = 2.0,
    m: tuple[int, int] = (16, 20),
) -> st.SearchStrategy[CnnSetting]:
    """Settings inside the theorem's regime; n even, so that the classes are equal.

    alpha, m: their ranges. strength, reach: s is the least with `alpha (s sigma_p)^(q-1) >= strength` and
    `s sigma_p >= reach n`.
    """

    def setting(
        n: int, alpha: float, noise: float, m: int, pair: tuple[float, float], lam: float, seed: int
    ) -> CnnSetting:
        # From (s sigma_p)^2 = noise^2 s.
        s = ceil(max((strength / alpha) ** (1 / (q - 1)), reach * n) ** 2 / noise**2)
        return CnnSetting(
            n=n, s=s, alpha=alpha, noise=noise, m=m, q=q, b1=pair[0], b2=pair[1], lam=lam, seed=seed, name=f"β = {pair}"
        )

    def hundredths(low: float, high: float) -> st.SearchStrategy[float]:
        return st.integers(round(100 * low), round(100 * high)).map(lambda k: k / 100)

    return st.builds(
        setting,
        st.sampled_from(list(n)),
        hundredths(*alpha),
        hundredths(0.7, 0.8),
        st.integers(*m),
        st.sampled_from(list(betas)),
        hundredths(0.2, 1.0),
        st.integers(0, 10**6),
    )


class Condition(NamedTuple):
    """One of the theorem's orders: its ratio, the range in which it counts as fulfilled, and whether it is."""

    name: str
    ratio: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the ratio is in its range."""
        return bool(self.low <= self.ratio <= self.high)


def conditions(model: PatchModel, *, m: int, q: float, sigma_0: float, lam: float) -> list[Condition]:
    """Which orders of the theorem a setting fulfils, at finite size.

    An order Theta(f) counts as fulfilled from f/4 to 4 f, `polylog n` is up to `(4 log n)^2`, `o(f)` is at most f/4,
    and "much larger than 1" is 4 or more, 16 for a product of two such factors. These readings are ours: the theorem
    names no constants.
    """
    polylog = (4 * np.log(max(model.n, 2))) ** 2
    n, d, s = model.n, model.d, model.s
    return [
        Condition("s / (d^1/2 / n^2)", s * n**2 / d**0.5, 0.25, 4.0),
        Condition("s sigma_p^2 (1 / polylog n)", s * model.sigma_p**2, 1 / polylog, 1.0),
        Condition("s sigma_p (much larger than 1)", s * model.sigma_p, 4.0, np.inf),
        # Implied by the others in the limit: else the feature is not turned while noise grows.
        Condition("alpha (s sigma_p)^(q-1)", model.alpha * (s * model.sigma_p) ** (q - 1), 16.0, np.inf),
        # Implied by d = poly(n) of a large enough power. After memorising, a neuron that none of its class's samples
        # activates has a feature weight of 1 / (s sigma_p), which decays only where that is less than about 1/n.
        Condition("n / (s sigma_p) (small)", n / max(s * model.sigma_p, 1e-300), 0.0, 0.5),
        Condition("alpha / sigma_p (polylog n)", model.alpha / max(model.sigma_p, 1e-300), 0.25, polylog),
        Condition("alpha (o(1))", model.alpha, 1e-9, 0.25),
        Condition("sigma_0 / d^-1/4", sigma_0 * d**0.25, 0.25, 4.0),
        Condition("m (polylog n)", m, 1.0, polylog),
        Condition("lambda / (sigma_0^(q-2) sigma_p / n)", lam * n / (sigma_0 ** (q - 2) * model.sigma_p), 1e-300, 0.25),
        Condition("q", q, 3.0, np.inf),
        Condition("entries of the feature v", model.width, 1.0, 1.0),
        Condition("expected shared noise coordinates", _shared(model), 0.0, 0.25),
    ]


def _shared(model: PatchModel) -> float:
    return 0.0 if model.disjoint else model.n * (model.n - 1) / 2 * model.s**2 / (model.d - model.width)
