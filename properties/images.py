"""Images made small enough for networks whose flows are followed exactly."""

import math
from dataclasses import replace

import numpy as np

from solvers.errors import InputError
from verify.datasets import Dataset


def pooled(dataset: Dataset) -> Dataset:
    """Square images `[n, s s]` as means over patches of 2 by 2 pixels, scaled to a largest length of 1.

    Raises `InputError` where the features are not those of a square of an even side.
    """
    side = math.isqrt(dataset.d)
    if side * side != dataset.d or side % 2:
        raise InputError(f"{dataset.d} features are no square image of an even side: use digits, or images like it.")
    half = side // 2
    x = dataset.x.reshape(dataset.n, half, 2, half, 2).mean(axis=(2, 4)).reshape(dataset.n, half * half)
    return replace(dataset, x=x / np.linalg.norm(x, axis=1).max())
