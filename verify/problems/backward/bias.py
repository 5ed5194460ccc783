"""What the bias of full-batch Adam comes to for small and large ε, and what of it a run shows: quantities of claims."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from verify.problems.backward import memoryless
from verify.problems.backward.distances import FullBatchEquation, settings_of
from verify.problems.backward.memoryless import Bias
from verify.problems.backward.samples import LOSSES
from verify.problems.backward.settings import AdamSetting, problem_of
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Clock, Measurement
from verify.problems.subject import Subject

_POWERS = np.arange(2.0, 7.0)  # decades between ε and the squared gradient
_RESOLVED = 1e-13  # of the bias, relative


@functools.cache
def _at_start(loss: str) -> Callable[..., Any]:
    total = LOSSES[loss].total

    def both(start: Any, data: Any, eps: Any, beta: Any, rho: Any) -> Any:
        """The bias for h = 1, and `H sign(g)` and `∇‖g‖²`, between which its limits are multiples."""
        bias, g, _ = memoryless.bias_of(start, 1.0, data, Bias(beta, rho, eps), total)
        gradient = jax.grad(lambda at: total(at[None], data))
        bend = [jax.jvp(gradient, (start,), (along,))[1] for along in (jnp.sign(g), 2 * g)]
        return bias, *bend

    return jax.jit(both)


def _gradient(case: AdamSetting) -> np.ndarray:
    data, start = problem_of(case, 1)
    return np.asarray(jax.grad(lambda at: LOSSES[case.loss].total(at[None], data))(start))


@dataclass(frozen=True)
class BiasLimit:
    """Distance of the bias at the start to its limit for small or large ε, relative, in the largest component.

    It is swept over ε below the smallest squared entry of the gradient, or above the largest one. first, second: what
    `(1+β)/(1-β)` and `(1+ρ)/(1-ρ)` are multiplied by in the limit.
    """

    large: bool
    first: float
    second: float

    @property
    def name(self) -> str:
        """What the reports call it."""
        return f"distance of the bias to its limit for {'large' if self.large else 'small'} ε"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """By ε, from the squares of the gradient's entries at the start outwards."""
        del subject
        cases = settings_of(lab, AdamSetting)
        values = np.stack([self._distances(case) for case in cases])
        axis = "ε" if self.large else "1/ε"
        everyone = np.ones(len(cases), bool)
        return Measurement(
            _POWERS * np.log(10), values, np.full(len(cases), _RESOLVED), everyone, cases, clock=Clock.named(axis)
        )

    def _distances(self, case: AdamSetting) -> np.ndarray:
        data, start = problem_of(case, 1)
        squares = _gradient(case) ** 2
        sweep = squares.max() * 10**_POWERS if self.large else squares.min() / 10**_POWERS
        a, b = ((1 + decay) / (1 - decay) for decay in case.decays)
        braces = self.first * a - self.second * b
        found = []
        for eps in sweep:
            bias, sign, square = map(np.asarray, _at_start(case.loss)(start, data, eps, case.beta, case.rho))
            limit = braces / (4 * np.sqrt(eps)) * square if self.large else braces / 2 * sign
            found.append(np.max(np.abs(bias - limit)) / np.max(np.abs(bias)))
        return np.array(found)


@functools.cache
def _penalised(loss: str) -> Callable[..., Any]:
    total = LOSSES[loss].total

    def norm(theta: Any, data: Any, eps: Any) -> Any:
        g = jax.grad(lambda at: total(at[None], data))(theta)
        return jnp.sum(g * g / (jnp.sqrt(g * g + eps) + jnp.sqrt(eps)))

    return jax.jit(norm)


@dataclass(frozen=True)
class Penalty:
    """Change of `‖∇E‖_{1,ε}` by Adam's bias at the end of a run, relative and for a step size of one, with the sign
    turned so that it is negative where the bias does what the table says.

    The change is against the equation without bias; of the norm, `ε`'s own part, `d √ε`, is taken off. The floor is
    what halving the step size still changes. least: as in `FullBatchEquation`, for settings of small ε.
    says: from the signs of `β - ρ` and of whether ε is large to whether the norm is penalised, 1, or its opposite, -1.
    """

    says: Callable[[bool, bool], int]
    least: float
    name = "change of the penalised norm"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """By the number of steps; settings of small ε are not judged where a gradient comes near to zero."""
        del subject
        cases = settings_of(lab, AdamSetting)
        steps, found = FullBatchEquation((0.0, 1.0, 1.0, 1.0)).curves(cases)
        values = np.array([self._changes(case, ends, steps) for case, ends in zip(cases, found.ends, strict=True)])
        floor = np.abs(values[:, -1] - values[:, -2])
        judged = (found.least >= self.least) | np.array([is_large(case) for case in cases])
        notes = () if judged.all() else (f"on {np.count_nonzero(~judged)} settings a gradient comes near to zero",)
        return Measurement(np.log(steps), values, floor, judged, cases, notes=notes, clock=Clock.named("1/h"))

    def _changes(self, case: AdamSetting, ends: Any, steps: list[int]) -> list[float]:
        data, _ = problem_of(case, 1)
        norm = functools.partial(_penalised(case.loss), data=data, eps=case.eps)
        sign = self.says(case.beta >= case.rho, is_large(case))
        changes = []
        for end, count in zip(ends, steps, strict=True):
            with_bias, without = float(norm(end.method)), float(norm(end.equation))
            changes.append(sign * (with_bias / without - 1) * count)
        return changes


def is_large(case: AdamSetting) -> bool:
    """Whether ε is large beside squared gradients, in the settings that are drawn: of size 1 they are."""
    return case.eps > 1


def table(first: bool, large: bool) -> int:
    """Table 1: small ε penalises the one-norm for `β ≥ ρ` and its opposite else; large ε penalises the two-norm."""
    return 1 if first or large else -1
