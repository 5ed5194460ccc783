"""The test error of a trained convolutional network: on fresh points, and as a bracket that holds for the population.

The bracket needs no sample. Given the weights, the noise products `u_jr` of a fresh point have exactly known second
and fourth moments; on the event that each stays below c times its root mean square, monotony tells the sign of the
margin, and the complement has a probability of at most `c^-4 sum E u^4 / (E u^2)^2`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from scipy.optimize import root_scalar

from verify.problems.cnn.patches import Fresh, PatchModel, fresh, hits_law
from verify.statistics import binomial_interval

Arrays = Mapping[str, np.ndarray]
_LARGEST = 1e12  # of c: where even this keeps the sign, a fresh point's noise plays no part


def feature_products(w: Arrays) -> Float[np.ndarray, "two m"]:
    """`<w_jr, j v>`, the alignment of each neuron with its own class's feature."""
    width = w["feature"].shape[-1]
    return np.array([[1.0], [-1.0]]) * w["feature"].sum(-1) / np.sqrt(width)


def feature_margin(w: Arrays, q: float) -> float:
    """The lesser of `F_y - F_-y` on the feature patch alone, over both labels."""
    along = feature_products(w)
    own, other = (np.sum(np.maximum(a, 0) ** q, axis=1) for a in (along, -along))
    return float(np.min(own - other[::-1]))


def fresh_margins(w: Arrays, model: PatchModel, q: float, points: Fresh) -> Float[np.ndarray, " n"]:
    """`F_y - F_-y` of fresh points."""
    m = w["noise"].shape[1]
    kept = np.concatenate([w["noise"].reshape(2 * m, -1), w["spare"].reshape(2 * m, -1)], axis=1)
    u = np.asarray(points.noise @ kept.T).T.reshape(2, m, -1)
    return _margins(feature_products(w), u, points.y, model.alpha, q)


def _margins(along: np.ndarray, u: np.ndarray, y: np.ndarray, alpha: float, q: float) -> Float[np.ndarray, " n"]:
    """From alignments `[2 m]`, noise products `[2 m n]` and labels `[n]`."""
    seen = np.array([1.0, -1.0])[:, None, None] * along[..., None] * y
    outputs = np.sum(np.maximum(seen, 0) ** q + np.maximum(u - alpha * seen, 0) ** q, axis=1)
    return y * (outputs[0] - outputs[1])


@functools.lru_cache(maxsize=32)
def kept_points(model: PatchModel, count: int, seed: int) -> Fresh:
    """`fresh` points that are kept, since a run is looked at many times."""
    return fresh(model, count, seed)


def sampled_error(
    w: Arrays, model: PatchModel, q: float, count: int, seed: int, level: float = 0.999
) -> tuple[float, float, float]:
    """The share of `count` fresh points with a margin of 0 or less, and its exact binomial interval."""
    wrong = int(np.count_nonzero(fresh_margins(w, model, q, kept_points(model, count, seed)) <= 0))
    return wrong / count, *binomial_interval(wrong, count, level)


def moments(w: Arrays, model: PatchModel) -> tuple[Float[np.ndarray, "two m"], Float[np.ndarray, "two m"]]:
    """The root mean square of a fresh point's noise products, and `E u^4 / (E u^2)^2`; exact, the support is random.

    Where all weights are zero both are zero.
    """
    flat = w["noise"].reshape(*w["noise"].shape[:2], -1)
    largest = np.maximum(np.max(np.abs(flat), axis=-1), np.max(np.abs(w["spare"]), axis=-1, initial=0.0))[..., None]
    # In units of the largest weight, so that no fourth power underflows.
    unit = np.where(largest > 0, largest, 1.0)
    touched, rest = (flat / unit) ** 2, (w["spare"] / unit) ** 2
    once, twice = _inclusions(model, touched.shape[-1], rest.shape[-1])
    a, b = touched.sum(-1), rest.sum(-1)
    a2, b2 = (touched**2).sum(-1), (rest**2).sum(-1)
    square = once[0] * a + once[1] * b
    fourth = once[0] * a2 + once[1] * b2 + twice[0] * (a**2 - a2) + 2 * twice[1] * a * b + twice[2] * (b**2 - b2)
    ratio = np.where(square > 0, 3 * fourth / np.where(square > 0, square, 1.0) ** 2, 0.0)
    return model.sigma_p * largest[..., 0] * np.sqrt(square), ratio


def _inclusions(model: PatchModel, touched: int, rest: int) -> tuple[tuple[float, float], tuple[float, float, float]]:
    """How often a coordinate is in a fresh point's support, and how often a pair: touched ones, mixed, the rest."""
    s, mean, variance = float(model.s), float(model.s), 0.0
    if model.disjoint:
        mean, variance = (float(a) for a in hits_law(model).stats("mv"))
    second = variance + mean**2
    missed = second - 2 * s * mean + s**2
    once = mean / touched, (s - mean) / max(rest, 1)
    return once, (
        (second - mean) / max(touched * (touched - 1), 1),
        (mean * s - second) / max(touched * rest, 1),
        (missed - (s - mean)) / max(rest * (rest - 1), 1),
    )


def population_error(w: Arrays, model: PatchModel, q: float) -> tuple[float, float]:
    """A bracket `[low, high]` of the population's error given these weights."""
    rms, kurtosis = moments(w, model)
    along = feature_products(w)
    low = high = 0.0
    for y in (1.0, -1.0):
        wrong, unsure = _sure_sign(along, rms, kurtosis, y, model.alpha, q)
        low += 0.5 * (max(0.0, 1 - unsure) if wrong else 0.0)
        high += 0.5 * (1.0 if wrong else min(1.0, unsure))
    return low, high


def _sure_sign(
    along: np.ndarray, rms: np.ndarray, kurtosis: np.ndarray, y: float, alpha: float, q: float
) -> tuple[bool, float]:
    """Whether points of label y are wrong unless their noise is large, and the probability that it is."""
    wrong = float(_margins(along, np.zeros((*along.shape, 1)), np.array([y]), alpha, q)[0]) <= 0
    own = np.array([1.0, -1.0])[:, None] * (-1.0 if wrong else 1.0) * y

    def worst(log_c: float) -> float:
        """The margin's least favourable value while all products stay below c times their root mean square."""
        u = -own * np.exp(log_c) * rms
        return float(_margins(along, u[..., None], np.array([y]), alpha, q)[0]) * (-1 if wrong else 1)

    ends = np.log(1e-12), np.log(_LARGEST)
    if worst(ends[0]) <= 0:
        return wrong, 1.0
    log_c = ends[1] if worst(ends[1]) > 0 else float(root_scalar(worst, bracket=ends, method="brentq").root) - 1e-9
    return wrong, float(min(1.0, kurtosis.sum() * np.exp(-4 * log_c)))
