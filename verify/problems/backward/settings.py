"""Settings of Adam, momentum and their sampling that modified equations are tried on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from hypothesis import strategies as st
from jaxtyping import Int

from solvers.errors import InputError
from verify.datasets.cases import Setting
from verify.problems.backward.batch_losses import batch_order
from verify.problems.backward.samples import LOSSES

MOST_BATCHES = 4


@dataclass(frozen=True, kw_only=True)
class MethodSetting(Setting):
    """A run of a method: its loss, the seed of its data, and `time`, the number of steps times the step size."""

    loss: str
    seed: int = 0
    time: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.loss not in LOSSES:
            raise InputError(f"There is no loss {self.loss!r}: use one of {', '.join(LOSSES)}.")
        if not self.time > 0:
            raise InputError(f"The time of a run must be positive, not {self.time}: choose it so.")

    @property
    def decays(self) -> tuple[float, ...]:
        """What the method's averages keep from step to step."""
        raise NotImplementedError

    @property
    def batches(self) -> int:
        """How many batches there are."""
        return 1


@dataclass(frozen=True, kw_only=True)
class AdamSetting(MethodSetting):
    """A run of Adam (of RMSProp for `beta = 0`).

    order: of the batches in one pass. sampling: how the passes follow, one of `SAMPLINGS`.
    """

    order: tuple[int, ...] = (0,)
    sampling: str = "in turn"
    beta: float
    rho: float
    eps: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (0 <= self.beta < 1 and 0 <= self.rho < 1 and self.eps >= 0):
            raise InputError(f"Adam needs beta and rho in [0, 1) and eps >= 0, not {self}: choose them so.")
        if sorted(set(self.order)) != list(range(self.batches)) or self.batches > MOST_BATCHES:
            raise InputError(f"The order {self.order} must name all batches from 0 on, {MOST_BATCHES} at most.")
        self.drawn_order(0)  # refuses a sampling that there is not

    @property
    def decays(self) -> tuple[float, ...]:
        """What the two averages keep at each step."""
        return self.beta, self.rho

    @property
    def repeats(self) -> bool:
        """Whether the order of the batches does."""
        return self.sampling == "in turn" or self.batches == 1

    def drawn_order(self, steps: int) -> Int[np.ndarray, " n"]:
        """The batch of every step; the draw is the seed's."""
        return batch_order(self.order, self.sampling, steps, np.random.default_rng((self.seed, 1)))

    @property
    def batches(self) -> int:
        """The number of different batches."""
        return len(set(self.order))


@dataclass(frozen=True, kw_only=True)
class MomentumSetting(MethodSetting):
    """A full-batch run of the heavy ball (of gradient descent for `beta = 0`)."""

    beta: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.beta < 1:
            raise InputError(f"Momentum beta must lie in [0, 1), not {self.beta}: choose it so.")

    @property
    def decays(self) -> tuple[float, ...]:
        """What the momentum keeps at each step."""
        return (self.beta,)


@dataclass(frozen=True, kw_only=True)
class DecaySetting(MethodSetting):
    """A full-batch run of a method with decoupled weight decay `decay`: of AdamW, with averages of the gradient and of
    its square that keep `beta` and `rho`, or of Lion, whose step and average keep them.
    """

    beta: float
    rho: float
    eps: float
    decay: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (0 <= self.beta < 1 and 0 <= self.rho < 1 and self.eps > 0 and self.decay >= 0):
            raise InputError(
                f"Decoupled decay needs beta and rho in [0, 1), eps > 0 and decay >= 0, not {self}: choose them so."
            )

    @property
    def decays(self) -> tuple[float, ...]:
        """What is kept at each step."""
        return self.beta, self.rho


def problem_of(setting: MethodSetting, batches: int | None = None) -> tuple[Any, np.ndarray]:
    """Data of the setting's batches, repeated up to `batches` of them, and the start."""
    data, start = LOSSES[setting.loss].draw(np.random.default_rng(setting.seed), setting.batches)
    use = np.resize(np.arange(setting.batches), batches or setting.batches)
    return jax.tree.map(lambda leaf: leaf[use], data), start


ORDERS = ((0,), (0, 1, 2), (0, 1, 2, 3), (0, 2, 1), (0, 1, 1, 2), (1, 0, 2, 0, 1, 2))
"""Full batch, cyclic orders of three and four batches, and orders that repeat but are not cyclic."""

MINI_BATCH = st.sampled_from([(a / 20, b / 20) for a in range(17) for b in range(4, 17) if abs(a - b) >= 5])
"""`(β, ρ)` that are told apart, up to 0.8."""

_LONG = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98)

LONG_MEMORY = st.sampled_from([(a, b) for a in _LONG for b in _LONG[1:] if a != b and max(a, b) >= 0.9])
"""`(β, ρ)` of which one has a memory of 10 to 50 steps, `1 / (1 - β)` or `1 / (1 - ρ)`, twice the other's at least."""


def settings(
    loss: str,
    *,
    orders: tuple[tuple[int, ...], ...] = ORDERS,
    samplings: tuple[str, ...] = ("in turn",),
    decays: st.SearchStrategy[tuple[float, float]] = MINI_BATCH,
    eps: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0),
    time: tuple[float, ...] = (0.5, 1.0),
) -> st.SearchStrategy[AdamSetting]:
    """Settings of one loss, with numbers from these choices."""

    def build(
        seed: int, order: tuple[int, ...], sampling: str, pair: tuple[float, float], e: float, t: float
    ) -> AdamSetting:
        name = "full batch" if len(set(order)) == 1 else f"{len(set(order))} batches"
        name += "" if sampling == "in turn" else f" {sampling}"
        numbers = {"beta": pair[0], "rho": pair[1], "eps": e, "time": t}
        return AdamSetting(loss=loss, seed=seed, order=order, sampling=sampling, **numbers, name=f"{loss}, {name}")

    choices = (orders, samplings), (eps, time)
    (order, sampling), (e, t) = (map(st.sampled_from, pair) for pair in choices)
    return st.builds(build, st.integers(0, 999), order, sampling, decays, e, t)


FULL_BATCH = st.sampled_from(
    [(a / 20, b / 20) for a in range(20) for b in range(4, 20) if abs(a - b) >= 5 and max(a, b) <= 18]
)
"""`(β, ρ)` that are told apart, up to 0.9."""


def momentum_settings(
    loss: str, *, betas: tuple[float, ...] = (0.25, 0.5, 0.7, 0.8, 0.9), time: tuple[float, ...] = (0.5, 1.0)
) -> st.SearchStrategy[MomentumSetting]:
    """Settings of the heavy ball on one loss; the times are those of its effective step `h / (1 - β)`."""

    def build(seed: int, beta: float, t: float) -> MomentumSetting:
        return MomentumSetting(loss=loss, seed=seed, beta=beta, time=t * (1 - beta), name=loss)

    return st.builds(build, st.integers(0, 999), st.sampled_from(betas), st.sampled_from(time))


def decay_settings(
    loss: str,
    *,
    decays: st.SearchStrategy[tuple[float, float]] = MINI_BATCH,
    eps: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0),
    decay: tuple[float, ...] = (0.5, 1.0, 2.0),
    time: tuple[float, ...] = (0.5, 1.0),
) -> st.SearchStrategy[DecaySetting]:
    """Settings of methods with decoupled weight decay on one loss, with numbers from these choices."""

    def build(seed: int, pair: tuple[float, float], e: float, lam: float, t: float) -> DecaySetting:
        return DecaySetting(loss=loss, seed=seed, beta=pair[0], rho=pair[1], eps=e, decay=lam, time=t, name=loss)

    return st.builds(build, st.integers(0, 999), decays, *map(st.sampled_from, (eps, decay, time)))
