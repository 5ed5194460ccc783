"""Strategies for sequences of gradients, as datasets whose rows are the gradients in the order of time."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from verify.datasets import Dataset


@st.composite
def _gradients(draw: st.DrawFn, longest: int, ratio: float) -> Dataset:
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
