"""The size of updates, when rows are fed to an optimizer as gradients."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from verify.datasets.dataset import Dataset
from verify.datasets.flavours import Draw
from verify.optimizers.calling import Optimizer
from verify.problems.quantity import ROUNDING, Measurement
from verify.problems.subject import Subject, run_of

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory


@dataclass(frozen=True)
class UpdateSize:
    """Largest entry of the update, when the rows of a dataset are fed to the optimizer as successive gradients."""

    name: str = field(default="largest entry of an update", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """By the number of rows fed; a dataset of fewer rows than another keeps its last value."""
        longest = max(s.n for s in lab.datasets)
        values = np.full((len(lab.datasets), longest), np.nan)
        for i, dataset in enumerate(lab.datasets):
            values[i, : dataset.n] = _update_sizes(run_of(subject).optimizer, dataset.x)
            values[i, dataset.n :] = values[i, dataset.n - 1]
        log_time = np.log(np.arange(1, longest + 1))
        floor = ROUNDING * np.nanmax(np.abs(values), axis=1)
        return Measurement(log_time, values, floor, np.asarray(np.isfinite(values).all(axis=1)), lab.datasets)


def _update_sizes(optimizer: Optimizer, gradients: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
    rows = 1 << (len(gradients) - 1).bit_length()  # a power of two, so that few programs are compiled
    padded = np.zeros((rows, gradients.shape[1]))
    padded[: len(gradients)] = gradients
    return np.asarray(_roll(optimizer)(padded))[: len(gradients)]


@functools.cache
def _roll(optimizer: Optimizer) -> Callable[..., jax.Array]:
    def step(state: Any, g: jax.Array) -> tuple[Any, jax.Array]:
        u, state = optimizer.update(g, state)
        return state, jnp.max(jnp.abs(jnp.asarray(u)))

    return jax.jit(lambda gradients: jax.lax.scan(step, optimizer.init(gradients[0]), gradients)[1])


@st.composite
def _gradients(draw: Draw, longest: int, ratio: float) -> Dataset:
    length, width = draw(st.integers(1, longest)), draw(st.integers(1, 3))
    entries = st.lists(st.integers(-3, 3), min_size=width, max_size=width)
    kind = draw(st.sampled_from(["jumps", "geometric", "burst"]))
    if kind == "jumps":
        rows = np.array([draw(entries) for _ in range(length)], float)
        scales = [draw(st.sampled_from([0, 0, 0, -40, 40])) for _ in range(length)]
        rows *= 2.0 ** np.array(scales)[:, None]
    else:
        # Nearly the worst case of one moving average over the root of another: growth by a fixed ratio; silence.
        growth = ratio * draw(st.sampled_from([1.0, 0.9, 1.1])) if kind == "geometric" else 0.0
        rows = growth ** np.arange(length)[:, None] * np.array(draw(entries), float)
    return Dataset(rows, np.ones(length, int), kind)


def gradient_sequences(longest: int = 128, ratio: float = 1.1) -> st.SearchStrategy[Dataset]:
    """Sequences of up to `longest` gradients of one to three weights: integers that jump in scale, growth by a
    fixed ratio, or one gradient and then none.

    The rows of the dataset are the gradients; its labels are all +1 and mean nothing. `ratio` is the growth factor
    that one wants near its worst.
    """
    return _gradients(longest, ratio)
