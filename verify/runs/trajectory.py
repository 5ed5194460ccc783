"""What a run records, and when."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float, Int

from solvers.display import html, plain_fields
from solvers.errors import InputError
from solvers.layered import Layered, parsed
from solvers.norms import Norm
from verify import display

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from solvers.certificates import Reference

POINTS_A_DECADE = 12
EPOCHS = "epochs"
_MOST_STEPS = 10**9  # they are counted in 32 bits, and the grid may end a little later
SEGMENT = 4  # grid points a call: a third of a decade, a factor of 2.15 in time


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
    epoch: `[b]` the steps in which every point is seen once, 1 of full batches. Of a model the weights are its pytrees.
    weights_at, average_at: where they were asked for, per dataset `[r ...]` the weights at the times, and the means of
    the weights after each step up to them. degree: of the model's homogeneity, 1 of the linear one, None where it has
    none. alignment: of a model, `[b r]` cosine between minus the gradient and the parameters.
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
    weights: list[Any] = field(repr=False)
    epoch: Int[np.ndarray, " b"]
    weights_at: list[Any] | None = field(default=None, repr=False)
    average_at: list[Any] | None = field(default=None, repr=False)
    degree: float | None = 1
    alignment: Float[np.ndarray, "b r"] | None = None

    def normalised_margin(self, norm: str | Norm | Layered) -> Float[np.ndarray, "b r"]:
        """Smallest margin over the weights' norm, to the power of the degree, `[b r]`, NaN where the weights are zero.

        Raises `InputError` for a norm that was not recorded, and of a model that declares no degree.
        """
        name = (parsed(norm) if isinstance(norm, str) else norm).name
        if name not in self.norms:
            raise InputError(f"The run did not record the norm {name!r}: name it in `norms`.")
        if self.degree is None:
            raise InputError("The model has no degree of homogeneity to normalise margins by: declare degree=.")
        with np.errstate(invalid="ignore"):
            return self.margin / self._sized(name)

    def _sized(self, name: str) -> Float[np.ndarray, "b r"]:
        """What margins grow like in a norm: the weights' norm to the power of the degree."""
        return self.norms[name] if self.degree in (1, None) else self.norms[name] ** self.degree

    def first(self, count: int) -> Trajectories:
        """The same up to the recorded step of that number, of runs that keep the weights at the steps."""
        if self.weights_at is None:
            raise InputError("The run did not keep its weights at the recorded steps: ask for weights=True.")

        def cut(value: Any) -> Any:
            if isinstance(value, dict):
                return {name: cut(each) for name, each in value.items()}
            return value[:, :count] if isinstance(value, np.ndarray) and value.ndim == 2 else value

        changed = {each.name: cut(getattr(self, each.name)) for each in fields(self)}
        kept = [_at(w, slice(count)) for w in self.weights_at]
        averages = None if self.average_at is None else [_at(w, slice(count)) for w in self.average_at]
        time = self.time[:count]
        changed |= {"time": time, "horizon": np.where(self.horizon < time[-1], self.horizon, -1)}
        changed |= {"weights": [_at(w, -1) for w in kept], "weights_at": kept, "average_at": averages}
        return replace(self, **changed)

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
            return {norm: self.margin / self._sized(norm) for norm in self.norms}

    def _repr_html_(self) -> str:
        stopped = int(np.count_nonzero(self.horizon >= 0))
        exact = "exact at any margin" if self.exact else f"true gradients, {stopped} left the range of floating point"
        count = f"{len(self.margin)} dataset{'' if len(self.margin) == 1 else 's'}"
        words = f"To t = {self.time[-1]} on {count}; {exact}."
        return html("Runs of an optimizer", words, display.ends(self._margins), display.COLUMNS)


def _at(weights: Any, where: int | slice) -> Any:
    """Weights at some of the times: arrays `[r ...]`, or a pytree of them."""
    if isinstance(weights, np.ndarray):
        return weights[where]
    import jax

    return jax.tree.map(lambda leaf: leaf[where], weights)


def check_steps(steps: int) -> None:
    """Raise `InputError` unless it is a whole number of steps, at least one."""
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise InputError(f"A run needs at least one step, not {steps!r}: give a positive whole number of steps.")
    if steps > _MOST_STEPS:
        raise InputError(f"A run counts its steps up to {_MOST_STEPS}, not to {float(steps):.3g}: give fewer steps.")


def _points(steps: int) -> int:
    """Points of a geometric grid from one step on, in whole segments."""
    check_steps(steps)
    points = int(np.ceil(POINTS_A_DECADE * np.log10(steps) - 1e-9))
    return -(-max(points, 1) // SEGMENT) * SEGMENT


def grid(steps: int) -> Int[np.ndarray, " r"]:
    """Steps at which a run that may be carried on records: geometric, twelve a decade, whatever the horizon.

    The last one is at `steps` or up to a factor 2.2 past it. Early points repeat where the grid is finer than the
    integers.
    """
    return np.round(10 ** (np.arange(1, _points(steps) + 1) / POINTS_A_DECADE)).astype(np.int64)


def grid_to(steps: int) -> Int[np.ndarray, " r"]:
    """Steps at which a run that ends at exactly `steps` records: geometric, twelve a decade, back from there.

    Of a power of ten it is `grid`. Early points repeat where the grid is finer than the integers.
    """
    back = np.arange(_points(steps))[::-1]
    return np.maximum(np.round(steps * 10 ** (-back / POINTS_A_DECADE)), 1).astype(np.int64)


def recorded_steps(steps: int, record: str | Iterable[int] | None = None, epoch: int = 1) -> Int[np.ndarray, " r"]:
    """The steps that a run to `steps` records, of which it is the last.

    record: steps of one's own, rising; or `epochs`, for whole epochs of that many steps, twelve a decade; by default
    those of `grid_to`. Raises `InputError` for steps that are none, and for a run that ends within an epoch.
    """
    check_steps(steps)
    if record is None:
        return grid_to(steps)
    if isinstance(record, str):
        if record != EPOCHS:
            raise InputError(f"A run cannot record {record!r}: give {EPOCHS!r}, or the steps themselves.")
        if steps % epoch:
            longer = (steps // epoch + 1) * epoch
            raise InputError(f"{steps} steps end within an epoch, which has {epoch}: give {longer} steps, say.")
        return epoch * np.unique(grid_to(steps // epoch))
    own = list(record)
    if not own or any(isinstance(t, bool) or not isinstance(t, int | np.integer) or not 1 <= t <= steps for t in own):
        raise InputError(f"A run of {steps} steps cannot record {own}: give whole steps from 1 to {steps}.")
    if any(b <= a for a, b in itertools.pairwise(own)):
        raise InputError(f"The steps to record, {own}, do not rise: give each once, in order.")
    return np.array(own if own[-1] == steps else [*own, steps], np.int64)
