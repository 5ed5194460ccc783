"""Convex problems with a weight decay: drawn as settings, and stacked so that one program serves all of them.

The loss is the mean loss of linear outputs `z_i = W x_i` (`solvers.constrained.LinearModel`): squares, the logistic
loss of two classes, or the cross-entropy. Weights are `[k d]` throughout, with k = 1 for two classes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from solvers.constrained import LinearModel
from solvers.errors import InputError
from verify import backend as backend
from verify.datasets import real
from verify.datasets.cases import Case, Setting

FLAWS = ("none", "repeated point", "zero column", "twin columns", "small integers")
_NOISE = 0.3


@dataclass(frozen=True, kw_only=True)
class Convex(Setting):
    """A convex problem with weight decay `decay`, and a start.

    loss: see `LinearModel`. n, d, k: points, features, outputs. flaw: a degeneracy of the features, one of `FLAWS`.
    source: a real dataset (see `realdata.parse`), whose labels and sizes then replace all of these; squares of it
    regress on the one-hot labels. betas: for methods with two averages, that take theirs from the problem.
    """

    loss: Literal["squares", "logistic", "softmax"] = "squares"
    n: int = 1
    d: int = 1
    k: int = 1
    decay: float = 1.0
    flaw: str = "none"
    seed: int = 0
    source: str = ""
    betas: tuple[float, float] = (0.9, 0.999)


def problems(
    losses: Sequence[str] = ("squares", "logistic", "softmax"),
    decays: tuple[float, float] = (0.05, 1.0),
    most: tuple[int, int, int] = (16, 8, 4),
    betas: Sequence[tuple[float, float]] = ((0.9, 0.999),),
) -> st.SearchStrategy[Convex]:
    """Settings with at most so many points, features and outputs, and a decay on a grid of 0.05."""
    low, high = (round(20 * decay) for decay in decays)
    return _problems(st.sampled_from(losses), st.integers(low, high), most, st.sampled_from(betas))


@st.composite
def _problems(
    draw: Callable[[Any], Any],
    losses: st.SearchStrategy[str],
    twentieths: st.SearchStrategy[int],
    most: tuple[int, int, int],
    betas: st.SearchStrategy[tuple[float, float]],
) -> Convex:
    loss = draw(losses)
    outputs = {"squares": st.integers(1, most[2]), "logistic": st.just(1), "softmax": st.integers(2, most[2])}
    return Convex(
        name=loss,
        loss=loss,
        n=draw(st.integers(1, most[0])),
        d=draw(st.integers(1, most[1])),
        k=draw(outputs[loss]),
        decay=draw(twentieths) / 20,
        flaw=draw(st.sampled_from(FLAWS)),
        seed=draw(st.integers(0, 2**20)),
        betas=draw(betas),
    )


def convex_of(cases: Sequence[Case]) -> list[Convex]:
    """The cases, all of which must be convex problems; raises `InputError` if one is not."""
    found = [case for case in cases if isinstance(case, Convex)]
    if len(found) < len(cases):
        raise InputError(
            "A quantity of convex problems was asked of other cases: draw verify.problems.convex.settings.problems."
        )
    return found


@functools.lru_cache(maxsize=4096)
def _data(loss: str, n: int, d: int, k: int, flaw: str, seed: int, source: str) -> tuple[LinearModel, np.ndarray]:
    """The model and points that it was not fitted to."""
    kind = cast(Literal["squares", "logistic", "softmax"], loss)
    rng = np.random.default_rng([seed, n, d, k])
    if source:
        data = real.parse(source)
        target = np.eye(data.classes)[data.y] if data.classes else (data.y[:, None] > 0) * 1.0
        spread = np.std(data.x, axis=0)
        return LinearModel(data.x, target, kind), data.x.mean(axis=0) + spread * rng.normal(size=(_FRESH, data.d))
    x = _spoilt(rng.normal(size=(n + _FRESH, d)), n, flaw)
    outputs = x @ rng.normal(size=(d, k)) + _NOISE * rng.normal(size=(len(x), k))
    if loss == "squares":
        target = outputs
    elif loss == "logistic":
        target = (outputs > 0) * 1.0
    else:
        target = np.eye(k)[np.argmax(outputs, axis=1)]
    return LinearModel(x[:n], target[:n], kind), x[n:]


_FRESH = 400  # test points


def _spoilt(x: Float[np.ndarray, "m d"], n: int, flaw: str) -> Float[np.ndarray, "m d"]:
    """The points, of which the first n are to be fitted, with a degeneracy."""
    if flaw == "repeated point":
        x[n // 2 : n] = x[0]
    elif flaw == "zero column":
        x[:, 0] = 0.0
    elif flaw == "twin columns":
        x[:, -1] = x[:, 0]
    elif flaw == "small integers":
        x = np.round(x)
    elif flaw != "none":
        raise InputError(f"There is no flaw {flaw!r} of features: choose from {', '.join(FLAWS)}.")
    return x


def model(case: Convex) -> LinearModel:
    """The data and the loss of a setting."""
    return _data(case.loss, case.n, case.d, case.k, case.flaw, case.seed, case.source)[0]


def fresh_points(case: Convex) -> Float[np.ndarray, "m d"]:
    """Points of the same distribution that are not fitted (for real data, of the same means and deviations)."""
    return _data(case.loss, case.n, case.d, case.k, case.flaw, case.seed, case.source)[1]


def start(case: Convex) -> Float[np.ndarray, "k d"]:
    """Random weights of size about 1 to start from."""
    return np.random.default_rng([case.seed, 1]).normal(size=model(case).shape)
