"""Sweeps of Adam's parameters, and the one-norm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import optax
from jaxtyping import Float

from solvers.errors import InputError
from verify import backend as backend

_AXES = {"beta": "1 / (1 - β)", "rho": "1 / (1 - ρ)", "step_size": "step size over the smallest"}


def one_norm(gradient: Any, eps: Any) -> Any:
    """The perturbed one-norm `Σ_i √(g_i² + eps)` over the last axis."""
    return ((gradient**2 + eps) ** 0.5).sum(-1)


class Adam(NamedTuple):
    """Adam's constants: numbers, or arrays of one number a run."""

    beta: Any
    rho: Any
    step_size: Any
    eps: Any

    @property
    def transformation(self) -> optax.GradientTransformation:
        """The method, `θ - h m̂ / √(v̂ + eps)` with bias-corrected averages m̂ and v̂."""
        return optax.adam(self.step_size, b1=self.beta, b2=self.rho, eps=0.0, eps_root=self.eps)


@dataclass(frozen=True)
class Sweep:
    """A sweep over constants of Adam: `names` are set to each of `values`, a step size is multiplied by them.

    Its clock is the memory `1 / (1 - value)` of averages, and the factor of step sizes; it must increase.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.names or any(name not in _AXES for name in self.names):
            raise InputError(f"A sweep over {self.names} is not known: choose from {', '.join(_AXES)}.")
        if len(self.values) < 2 or not np.all(np.diff(self.values) > 0) or not np.all(np.isfinite(self.log_clock)):
            raise InputError(f"A sweep needs two increasing values at least, averages' below 1, not {self.values}.")

    @property
    def log_clock(self) -> Float[np.ndarray, " r"]:
        """Logarithm of the swept memory, or of the factor of the step size, whose first value is 1."""
        values = np.array(self.values)
        if self.names[0] == "step_size":
            return np.log(values / values[0])
        with np.errstate(divide="ignore", invalid="ignore"):
            return -np.log1p(-values)

    @property
    def axis(self) -> str:
        """What the clock is, in words."""
        return _AXES[self.names[0]]

    def columns(self, at: Adam) -> list[Adam]:
        """Adam's constants along the sweep, the others being those of `at`."""
        scale = {name: getattr(at, name) if name == "step_size" else 1.0 for name in self.names}
        return [at._replace(**{name: scale[name] * value for name in self.names}) for value in self.values]
