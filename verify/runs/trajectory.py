"""What a run records, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float, Int

import solvers.norms
from solvers.display import html, plain_fields
from solvers.errors import InputError
from solvers.norms import Norm
from verify import display

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from solvers.certificates import Reference

POINTS_A_DECADE = 12
_MOST_STEPS = 10**9  # they are counted in 32 bits, and the grid may end a little later
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

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data, arrays as lists: see `solvers.display.plain` for numbers that JSON has not."""
        return plain_fields(self)

    def plot(self, ax: Axes | None = None, *, references: Reference | Iterable[Reference] = ()) -> Axes:
        """Draw the normalised margins over the steps, median and 10-90 % band over the datasets; give the axes.

        ax: where to draw; by default in a new figure. references: maximal margins, of each norm as many as datasets, in
        their order; what is drawn is then the relative gap to them, in these norms.
        Raises `InputError` for references that do not fit, and where no norm was recorded.
        """
        return display.draw_run(ax, np.log(self.time), self._margins, references, in_log=False)

    @property
    def _margins(self) -> dict[str, Float[np.ndarray, "b r"]]:
        with np.errstate(divide="ignore", invalid="ignore"):  # weights that are zero have no direction
            return {norm: self.margin / size for norm, size in self.norms.items()}

    def _repr_html_(self) -> str:
        stopped = int(np.count_nonzero(self.horizon >= 0))
        exact = "exact at any margin" if self.exact else f"true gradients, {stopped} left the range of floating point"
        count = f"{len(self.margin)} dataset{'' if len(self.margin) == 1 else 's'}"
        words = f"To t = {self.time[-1]} on {count}; {exact}."
        return html("Runs of an optimizer", words, display.ends(self._margins), display.COLUMNS)


def check_steps(steps: int) -> None:
    """Raise `InputError` unless it is a whole number of steps, at least one."""
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise InputError(f"A run needs at least one step, not {steps!r}: give a positive whole number of steps.")
    if steps > _MOST_STEPS:
        raise InputError(f"A run counts its steps up to {_MOST_STEPS}, not to {float(steps):.3g}: give fewer steps.")


def grid(steps: int) -> Int[np.ndarray, " r"]:
    """Recorded steps: geometric, twelve a decade, the last one at `steps` or up to a factor 2.2 past it.

    Early points repeat where the geometric grid is finer than the integers.
    """
    check_steps(steps)
    points = int(np.ceil(POINTS_A_DECADE * np.log10(steps) - 1e-9))
    points = -(-max(points, 1) // _SEGMENT) * _SEGMENT
    return np.round(10 ** (np.arange(1, points + 1) / POINTS_A_DECADE)).astype(np.int64)
