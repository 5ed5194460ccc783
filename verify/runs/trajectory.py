"""What a run records, and when."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int

import solvers.norms
from solvers.errors import InputError
from solvers.norms import Norm

POINTS_A_DECADE = 12
_SEGMENT = 4  # grid points a call: a third of a decade, a factor of 2.15 in time


@dataclass(frozen=True)
class Trajectories:
    """Runs of one optimizer on `b` datasets, at the `r` steps of `time`.

    margin, log_loss, log_slope: `[b r]` smallest margin, log of the mean loss, log of the mean slope (the mean
    of `|l'|`, of `1 - p_y` for the cross-entropy).
    norms: by norm name, `[b r]` norms of the weights. path: likewise the summed norms of the updates.
    descent, second_order: `[b r]` sums of the gap budget (paths and these are zero unless it was asked for).
    starved: `[b r]` whether some weight's gradient was lost beside the largest one's at that step.
    horizon: `[b]` the step at which a run that needs true gradients left the range of floating point, else -1;
    its curves are NaN from there on. exact: whether the runs have no such horizon, being scale-free.
    weights: the last weights of each dataset, in its own shape.
    """

    time: Int[np.ndarray, " r"]
    margin: Float[np.ndarray, "b r"]
    log_loss: Float[np.ndarray, "b r"]
    log_slope: Float[np.ndarray, "b r"]
    norms: dict[str, Float[np.ndarray, "b r"]]
    path: dict[str, Float[np.ndarray, "b r"]]
    descent: Float[np.ndarray, "b r"]
    second_order: Float[np.ndarray, "b r"]
    starved: Bool[np.ndarray, "b r"]
    horizon: Int[np.ndarray, " b"]
    exact: bool
    weights: list[np.ndarray] = field(repr=False)

    def normalised_margin(self, norm: str | Norm) -> Float[np.ndarray, "b r"]:
        """Smallest margin over the weights' norm, `[b r]`, NaN where the weights are zero.

        Raises `InputError` for a norm that was not recorded.
        """
        name = solvers.norms.norm(norm).name
        if name not in self.norms:
            raise InputError(f"The run did not record the norm {name!r}: name it in `norms`.")
        with np.errstate(invalid="ignore"):
            return self.margin / self.norms[name]


def check_steps(steps: int) -> None:
    """Raise `InputError` unless it is a whole number of steps, at least one."""
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise InputError(f"A run needs at least one step, not {steps!r}: give a positive whole number of steps.")


def grid(steps: int) -> Int[np.ndarray, " r"]:
    """Recorded steps: geometric, twelve a decade, the last one at `steps` or up to a factor 2.2 past it.

    Early points repeat where the geometric grid is finer than the integers.
    """
    check_steps(steps)
    points = int(np.ceil(POINTS_A_DECADE * np.log10(steps) - 1e-9))
    points = -(-max(points, 1) // _SEGMENT) * _SEGMENT
    return np.round(10 ** (np.arange(1, points + 1) / POINTS_A_DECADE)).astype(np.int64)
