"""Laws on how fast a quantity falls: `t^-p (log t)^q`, powers of the path, and `exp(-c t^p)` and its kin.

All of them hide a constant: a factor, or the c in the exponent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.integrate import cumulative_trapezoid

from solvers.errors import InputError

__all__ = ["DecayLaw", "Law", "PathLaw", "exponential", "inverse_log", "log_squared", "path", "power", "summed"]

_SUMMED = 10_000  # steps whose sizes are added one by one; later ones are integrated
_GRID = 400  # points a decade of the integral
_FAR = (1e14, 1e16)


@dataclass(frozen=True)
class Law:
    """The law `t^-power (log t)^log_power (log log t)^log_log_power`, evaluated in log time so that `t = e^10000` is no
    number too large.

    Its *clock* is the time in which it is a power law: `t` where `power > 0`, else `log t`. Decades, slopes and
    resolutions of a rate are meant in its clock. `in_steps` takes `t` in any case, for runs that see few decades of
    `log t`: what is judged is then whether `quantity * log t` grows from one decade of `t` to the next.
    """

    power: float
    log_power: float = 0.0
    in_steps: bool = False
    log_log_power: float = 0.0

    def __post_init__(self):
        if not (self.power > 0 or (self.power == 0 and self.log_power < 0)):
            raise InputError(
                f"A law of power {self.power} and log_power {self.log_power} does not fall: give power > 0."
            )

    @property
    def in_time(self) -> bool:
        """Whether the clock is `t` itself, and not `log t`."""
        return self.power > 0 or self.in_steps

    def log_value(self, log_time: Float[np.ndarray, " r"]) -> Float[np.ndarray, " r"]:
        """Logarithm of the law at `log t`, which must be positive."""
        value = -self.power * log_time + self.log_power * np.log(log_time)
        if self.log_log_power:
            # Before t = e^e the factor counts as 1: it would vanish at t = e.
            value = value + self.log_log_power * np.log(np.log(np.maximum(log_time, np.e)))
        return value

    def log_clock(self, log_time: Float[np.ndarray, " r"]) -> Float[np.ndarray, " r"]:
        """Logarithm of the clock."""
        return log_time if self.in_time else np.log(log_time)

    @property
    def exponent(self) -> float:
        """Slope against the clock, logarithmic factors of `t^-p` left out."""
        return -self.power if self.in_time else self.log_power

    def faster(self, by: float) -> Law:
        """The same law with the exponent of its clock lowered by `by`."""
        if self.in_time:
            return replace(self, power=self.power + by, in_steps=False)
        return replace(self, log_power=self.log_power - by)

    def __str__(self) -> str:
        logs = _logs(self.log_power)
        if self.log_log_power == 1 and (self.power, self.log_power) == (0, -1):
            return "log log t / log t"
        if self.log_log_power:
            logs = f"{logs} (log log t)^{_fraction(self.log_log_power)}".strip()
        if self.power == 0:
            return "1/log t" if (self.log_power, self.log_log_power) == (-1, 0) else logs
        return f"t^-{_fraction(self.power)} {logs}".strip()


@dataclass(frozen=True)
class PathLaw(Law):
    """The law `S^-power`, where `S_t` is the sum of the first t step sizes: how far the weights may have travelled.

    step_size: of the step after t others, for an array of t. Decades and resolutions are still meant in t.

    Raises `InputError` for a factor of log t.
    """

    step_size: Callable[[Any], Any] = field(kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        if self.log_power or self.log_log_power or self.in_steps:
            raise InputError("A law in the path S is a power of S: leave its logarithms away.")

    def log_value(self, log_time: Float[np.ndarray, " r"]) -> Float[np.ndarray, " r"]:
        """Logarithm of the law at `log t`, t at least 1."""
        return -self.power * np.log(summed(self.step_size, np.exp(log_time)))

    @property
    def exponent(self) -> float:
        """Slope against t, where t is so large that the first steps count for nothing, to three digits."""
        early, late = self.log_value(np.log(np.array(_FAR)))
        return round(float((late - early) / np.log(_FAR[1] / _FAR[0])), 3)

    def __str__(self) -> str:
        return f"S^-{_fraction(self.power)}"


def summed(step_size: Callable[[Any], Any], time: Float[np.ndarray, " r"]) -> Float[np.ndarray, " r"]:
    """The sums of the first t step sizes: exact for the first ten thousand, then by an integral, to about 1e-5."""
    time = np.asarray(time, float)
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(step_size(np.arange(_SUMMED)), float))])
    early = np.interp(time, np.arange(_SUMMED + 1), sums)
    if not len(time) or time.max() <= _SUMMED:
        return early
    # The sum from s to t - 1 is near the integral from s - 1/2 to t - 1/2.
    low, high = _SUMMED - 0.5, time.max() - 0.5
    grid = np.geomspace(low, high, 2 + int(_GRID * np.log10(high / low)))
    sizes = np.asarray(step_size(grid), float)
    late = sums[-1] + cumulative_trapezoid(sizes * grid, np.log(grid), initial=0.0)
    return np.where(time > _SUMMED, np.interp(time - 0.5, grid, late), early)


@dataclass(frozen=True)
class DecayLaw:
    """The law `exp(-c s)`, `s = t^power (log t)^log_power`, for some c > 0 that it hides.

    `power = 0` and `log_power = 1` is a power of t that is not named, `t^-c`.
    """

    power: float
    log_power: float = 0.0

    def __post_init__(self):
        if self.power < 0 or (self.power == 0 and self.log_power <= 0):
            raise InputError(
                f"exp(-c t^{self.power} (log t)^{self.log_power}) does not fall: give a positive power of t or log t."
            )

    def speed(self, log_time: Float[np.ndarray, " r"]) -> Float[np.ndarray, " r"]:
        """`s` at `log t`, which must be positive."""
        return np.exp(self.power * log_time) * log_time**self.log_power

    def slower(self, by: float) -> DecayLaw:
        """The same law with the exponent of t lowered by `by`, or that of log t where t has none.

        Raises `InputError` where such a law would not fall.
        """
        if self.power > 0:
            return replace(self, power=self.power - by)
        return replace(self, log_power=self.log_power - by)

    def __str__(self) -> str:
        times = f"t^{_fraction(self.power)}" if self.power not in (0.0, 1.0) else "t" if self.power else ""
        logs = "log^2 t" if self.log_power == 2 else _logs(self.log_power)
        return "t^-c" if (self.power, self.log_power) == (0, 1) else f"exp(-c {f'{times} {logs}'.strip()})"


def _fraction(a: float) -> str:
    near = Fraction(a).limit_denominator(12)
    return str(near) if abs(float(near) - a) < 1e-9 else f"{a:g}"


def _logs(power: float) -> str:
    return {0.0: "", 1.0: "log t"}.get(power, f"(log t)^{_fraction(power)}")


def exponential(p: float = 1.0) -> DecayLaw:
    """The law `exp(-c t^p)` for some c > 0: a stretched exponential where p < 1."""
    return DecayLaw(p)


def log_squared() -> DecayLaw:
    """The law `exp(-c log^2 t)` for some c > 0: faster than any power of t, slower than any stretched exponential."""
    return DecayLaw(0.0, 2.0)


def power(p: float, *, log: float = 0.0) -> Law:
    """The law `t^-p (log t)^log`."""
    return Law(p, log)


def path(step_size: Callable[[Any], Any], p: float = 1.0) -> PathLaw:
    """The law `S^-p` in the summed step sizes; step_size: a schedule, such as `PowerDecay(0.1, 1 / 2)`."""
    return PathLaw(p, step_size=step_size)


def inverse_log(*, in_steps: bool = False) -> Law:
    """The law `1 / log t`; `in_steps`: see `Law`."""
    return Law(0.0, -1.0, in_steps)
