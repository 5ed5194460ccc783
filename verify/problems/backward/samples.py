"""Small smooth losses of mini-batches on which equations of order are tried, and the settings that name them.

Each is the mean over its batch of a smooth function, with data and start from a seed:

- bilinear: `½ (y - θ₁ θ₂ x)²`, the illustration of Cattaneo, Klusowski, Shigida, with x near 2 and y near 3/2;
- least-squares: `½ (⟨x, θ⟩ - y)²`;
- logistic: `log(1 + exp(-y ⟨x, θ⟩))`;
- tanh: `½ (⟨c, tanh(W x)⟩ - y)²` with the parameters `(W, c)`, two features and three hidden units;
- digits: the logistic loss on pictures of two of scikit-learn's digits, real data.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from verify.datasets import real
from verify.problems.backward.batch_losses import Total, of_data

_POINTS, _FEATURES, _HIDDEN = 4, 3, 3
_DIGIT_POINTS = 20  # in a batch


@dataclass(frozen=True)
class SampleLoss:
    """A loss of one batch, `loss(θ, data_b)`, and the draw of data (a tree with `batches` leading) and start `[d]`."""

    loss: Callable[[Array, Any], Array]
    draw: Callable[[np.random.Generator, int], tuple[Any, np.ndarray]]

    @property
    def total(self) -> Total:
        """The sum of the losses of batches, each with weights of its own."""
        return of_data(self.loss)


def _bilinear(theta: Array, data: Any) -> Array:
    x, y = data
    return 0.5 * jnp.mean((y - theta[0] * theta[1] * x) ** 2)


def _draw_bilinear(rng: np.random.Generator, batches: int) -> tuple[Any, np.ndarray]:
    x, y = 2 + 0.4 * rng.uniform(-1, 1, (batches, 1)), 1.5 + 0.4 * rng.uniform(-1, 1, (batches, 1))
    return (x, y), rng.uniform(1.0, 1.4, 2)


def _least_squares(theta: Array, data: Any) -> Array:
    x, y = data
    return 0.5 * jnp.mean((x @ theta - y) ** 2)


def _draw_regression(rng: np.random.Generator, batches: int) -> tuple[Any, np.ndarray]:
    x = rng.normal(size=(batches, _POINTS, _FEATURES))
    return (x, rng.normal(size=(batches, _POINTS))), rng.normal(size=_FEATURES)


def _logistic(theta: Array, data: Any) -> Array:
    x, y = data
    return jnp.mean(jax.nn.softplus(-y * (x @ theta)))


def _draw_classes(rng: np.random.Generator, batches: int) -> tuple[Any, np.ndarray]:
    # Features of size 3, so that curvature is felt within a time of order 1.
    x = 3 * rng.normal(size=(batches, _POINTS, _FEATURES))
    return (x, rng.choice([-1.0, 1.0], (batches, _POINTS))), 0.5 * rng.normal(size=_FEATURES)


def _tanh(theta: Array, data: Any) -> Array:
    x, y = data
    w, c = theta[:-_HIDDEN].reshape(_HIDDEN, -1), theta[-_HIDDEN:]
    return 0.5 * jnp.mean((jnp.tanh(x @ w.T) @ c - y) ** 2)


def _draw_network(rng: np.random.Generator, batches: int) -> tuple[Any, np.ndarray]:
    x = 2 * rng.normal(size=(batches, _POINTS, 2))
    return (x, 2 * rng.normal(size=(batches, _POINTS))), rng.normal(size=3 * _HIDDEN)


@functools.cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    data = real.parse("digits:classes=3,8,limit=80")
    return data.x / np.linalg.norm(data.x, axis=1, keepdims=True) * 3, np.asarray(data.y, float)


def _draw_digits(rng: np.random.Generator, batches: int) -> tuple[Any, np.ndarray]:
    x, y = (part[: batches * _DIGIT_POINTS].reshape(batches, _DIGIT_POINTS, *part.shape[1:]) for part in _digits())
    return (x, y), 0.1 * rng.normal(size=x.shape[-1])


LOSSES: dict[str, SampleLoss] = {
    "bilinear": SampleLoss(_bilinear, _draw_bilinear),
    "least-squares": SampleLoss(_least_squares, _draw_regression),
    "logistic": SampleLoss(_logistic, _draw_classes),
    "tanh": SampleLoss(_tanh, _draw_network),
    "digits": SampleLoss(_logistic, _draw_digits),
}
"""By name."""
