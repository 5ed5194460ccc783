"""Runs carried on in the logarithm of time, for limits that methods approach like `1 / log t`.

The discrete method runs for its first steps, and is handed over to the flow that it follows while gradients change
slowly (`verify.dynamics`): for gradient descent the gradient flow of the mean loss, in `s = log t`

    dw/ds = eta sum_i e^(s + log |l'_i(z_i)|) y_i x_i / n.

Features times `sqrt(eta)` turn step size `eta` into 1 (weights are then in units of `sqrt(eta)`) for every method
whose updates are proportional to the gradients: each dataset has its own stable step size in one compiled program.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

import solvers.norms
from solvers.display import html, plain_fields
from solvers.errors import InputError
from solvers.norms import Norm
from verify import display, losses
from verify.backend import Progress
from verify.datasets.dataset import Dataset
from verify.errors import FlowError
from verify.flows.dynamics import AdaGrad, Dynamics, GradientDescent
from verify.flows.smoothness import CURVATURE, step_limit
from verify.flows.solver import Path, Solver, Start, grid
from verify.losses import Loss
from verify.runs import simulation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from solvers.certificates import Reference

_MET = 0.01  # error of a hand-over
_DECADE_PARTS = 3  # the discrete run is recorded three times a decade


@dataclass(frozen=True)
class Flow:
    """A method on `b` datasets, and the flow that carries it on, at `r` times.

    log_time: `[r]` logarithm of the number of steps; up to the log of `handover` the curves are of the discrete run.
    margin, log_loss: `[b r]` smallest margin, log of the mean loss. norms: by norm name, `[b r]`.
    weights: per dataset `[r, ...]`, in its own shape.
    step_size: `[b]` step size `eta` of the gradient descent on the mean loss that the flow becomes; NaN if it becomes
    none.
    handover: the number of discrete steps.
    handover_error: `[b]` relative distance, at the hand-over, between the method and the flow that starts
    from it 2.2 times earlier: what replacing the steps by the flow costs there, an upper estimate from there on.
    solver_steps: `[b]` implicit steps taken after the hand-over. rtol: `[b]` their relative tolerance, looser than
    `asked` for where rounding would not let the solver reach it.
    conditioner: AdaGrad's `h`, per dataset `[r, ...]`, infinite where no gradient ever came; else empty.
    """

    log_time: Float[np.ndarray, " r"]
    margin: Float[np.ndarray, "b r"]
    norms: dict[str, Float[np.ndarray, "b r"]]
    log_loss: Float[np.ndarray, "b r"]
    weights: list[np.ndarray] = field(repr=False)
    step_size: Float[np.ndarray, " b"]
    handover: int
    handover_error: Float[np.ndarray, " b"]
    solver_steps: Int[np.ndarray, " b"]
    rtol: Float[np.ndarray, " b"]
    asked: float
    conditioner: list[np.ndarray] = field(default_factory=list, repr=False)

    @property
    def met(self) -> Bool[np.ndarray, " b"]:
        """Where the method and its flow meet at the hand-over, to a percent: elsewhere the flow says nothing of it."""
        return self.handover_error <= _MET

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know about the accuracy."""
        kept = self.handover_error[self.met]
        notes = [f"the flow takes over with a relative error of at most {kept.max(initial=0.0):.1e}"]
        if late := np.count_nonzero(~self.met):
            notes.append(f"{late} runs are left out: at the hand-over the method does not follow its flow yet")
        if (loose := np.count_nonzero(self.rtol > 2 * self.asked)) > 0:
            notes.append(f"rounding took the tolerance of {loose} flows up to {self.rtol.max():.0e}")
        return tuple(notes)

    def normalised_margin(self, norm: str | Norm) -> Float[np.ndarray, "b r"]:
        """Smallest margin over the weights' norm, `[b r]`. Raises `InputError` for a norm that was not recorded."""
        name = solvers.norms.norm(norm).name
        if name not in self.norms:
            raise InputError(f"The flow did not record the norm {name!r}: name it in `norms`.")
        return self.margin / self.norms[name]

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data, arrays as lists: see `solvers.display.plain` for numbers that JSON has not."""
        return plain_fields(self)

    def plot(self, ax: Axes | None = None, *, references: Reference | Iterable[Reference] = ()) -> Axes:
        """Draw the normalised margins over log t, median and 10-90 % band over the datasets; give the axes.

        ax, references: as of `Trajectories.plot`, to which this is alike. Raises `InputError` as that does.
        """
        return display.draw_run(ax, self.log_time, self._margins, references, in_log=True)

    @property
    def _margins(self) -> dict[str, Float[np.ndarray, "b r"]]:
        return {norm: self.margin / size for norm, size in self.norms.items()}

    def _repr_html_(self) -> str:
        count = f"{len(self.margin)} dataset{'' if len(self.margin) == 1 else 's'}"
        words = f"To t = e^{self.log_time[-1]:.6g} on {count}, after {self.handover} steps: {'; '.join(self.notes)}."
        return html("A flow in log time", words, display.ends(self._margins), display.COLUMNS)


def _step_sizes(
    datasets: list[Dataset], loss: Loss, dynamics: Dynamics, step_size: float | str
) -> Float[np.ndarray, " b"]:
    """Step sizes by which a method of step size 1 is scaled; all 1 for a method with a step size of its own."""
    if step_size == "stable":
        return np.array([dynamics.stable_step(dataset, loss) or 1.0 for dataset in datasets])
    if isinstance(step_size, str) or not 0 < step_size < math.inf:
        raise InputError(f'The step size is {step_size!r}: give a positive number, or "stable".')
    if not isinstance(dynamics, GradientDescent):
        raise InputError(f"A step size was given beside {dynamics}: choose it there.")
    if loss in CURVATURE:
        for i, dataset in enumerate(datasets):
            if step_size >= (limit := step_limit(dataset, loss)):
                raise InputError(
                    f"The step size {step_size} on dataset {i} is not below 2 / beta = {limit:.3g}: lower it."
                )
    return np.full(len(datasets), float(step_size))


class _Discrete(NamedTuple):
    """The discrete method at a few steps, `r` in all. Curves have the axes of `Flow`."""

    times: list[int]
    states: list[list[Start]]  # [r][b]
    margin: np.ndarray
    log_loss: np.ndarray
    norms: dict[str, np.ndarray]


def _distance(w: np.ndarray, other: np.ndarray) -> float:
    """Relative to `other`, which is not zero."""
    return float(np.linalg.norm(w - other) / np.linalg.norm(other))


def _parts(handover: int) -> int:
    """The number of thirds of a decade, at least two, that reach the hand-over."""
    return max(math.ceil(_DECADE_PARTS * math.log10(handover) - 1e-9), 2)


def _states(run: simulation.Simulation, datasets: list[Dataset], remembers: bool) -> list[Start]:
    """Weights, and the second moments where the flow goes on with them, in true units."""
    weights = run.result().weights
    if not remembers:
        return [Start(w) for w in weights]
    found: dict[int, Start] = {}
    for chunk in run.chunks:
        square = np.asarray(chunk.carry.state[0].square)
        unit = np.asarray(chunk.carry.unit)
        for j, i in enumerate(chunk.places):
            own = square[(j, *map(slice, datasets[i].weights_shape))]
            found[i] = Start(weights[i], np.ldexp(own, 2 * int(unit[j])))
    return [found[i] for i in range(len(datasets))]


def _run(datasets: list[Dataset], loss: Loss, norms: tuple[Norm, ...], dynamics: Dynamics, handover: int) -> _Discrete:
    run = simulation.Simulation(dynamics.optimizer, datasets, loss=loss, norms=norms)
    times, states = [], []
    for part in range(1, _parts(handover) + 1):
        run.advance(math.floor(10 ** (part / _DECADE_PARTS) + 1e-9))
        times.append(int(run.time[-1]))
        states.append(_states(run, datasets, dynamics.remembers))
    curves = run.result()
    if (curves.horizon >= 0).any():
        i = int(np.argmax(curves.horizon >= 0))
        raise FlowError(f"The discrete run on dataset {i} left the range of floating point: hand over earlier.")
    for i, state in enumerate(states[-1]):
        if not state.weights.any():
            raise FlowError(f"The method on dataset {i} has no gradient at zero: check that it is separable.")
    at = [int(np.flatnonzero(curves.time == t)[-1]) for t in times]
    norm_curves = {name: curve[:, at] for name, curve in curves.norms.items()}
    return _Discrete(times, states, curves.margin[:, at], curves.log_loss[:, at], norm_curves)


def _check(datasets: list[Dataset], loss: Loss, log_time: float, handover: int, points: int, rtol: float) -> None:
    if not datasets:
        raise InputError("There are no datasets to run on: give at least one.")
    if loss.of_log:
        raise InputError(f"The flow of the loss {loss.name!r} is not slow: run it with verify.run.")
    if isinstance(handover, bool) or not isinstance(handover, int | np.integer) or handover < 2:
        raise InputError(f"The hand-over is after {handover} steps: give a whole number of at least 2.")
    steps = round(10 ** (_parts(handover) / _DECADE_PARTS))
    if not math.log(steps + 1) <= log_time < math.inf:
        raise InputError(
            f"The log time {log_time} is not a number past the hand-over at {steps} steps: "
            f"give log({steps + 1}) = {math.log(steps + 1):.4f} or more."
        )
    if points < 1:
        raise InputError(f"There are {points} points a decade to record: give at least 1.")
    if not 1e-12 <= rtol <= 1e-2:
        raise InputError(f"The tolerance rtol is {rtol}: give one between 1e-12 and 1e-2.")


def _join(discrete: _Discrete, flows: list[Path], log_time: np.ndarray, root: np.ndarray) -> dict[str, Any]:
    """The discrete run and the flow, back in the units of the data; the flow's first point is the run's last."""

    def curve(early: np.ndarray, later: list[np.ndarray]) -> np.ndarray:
        return np.hstack([early, np.stack(later)[:, 1:]])

    early = [np.stack([states[i].weights for states in discrete.states]) for i in range(len(flows))]
    return {
        "log_time": np.concatenate([np.log(discrete.times), log_time[1:]]),
        "margin": curve(discrete.margin, [path.margin for path in flows]),
        "log_loss": curve(discrete.log_loss, [path.log_loss for path in flows]),
        "norms": {
            name: root[:, None] * curve(values, [path.norms[:, j] for path in flows])
            for j, (name, values) in enumerate(discrete.norms.items())
        },
        "weights": [a * np.concatenate([w, path.weights[1:]]) for a, w, path in zip(root, early, flows, strict=True)],
        "solver_steps": np.array([path.steps for path in flows]),
        "rtol": np.array([path.rtol for path in flows]),
    }


def _conditioners(discrete: _Discrete, flows: list[Path], dynamics: Dynamics) -> list[np.ndarray]:
    if not isinstance(dynamics, AdaGrad):
        return []
    early = [np.stack([states[i].memory for states in discrete.states]) for i in range(len(flows))]
    return [
        dynamics.conditioner(np.concatenate([memory, path.memory[1:]]))
        for memory, path in zip(early, flows, strict=True)
    ]


def flow(
    datasets: Dataset | Sequence[Dataset],
    *,
    dynamics: Dynamics | None = None,
    loss: str | Loss = "logistic",
    log_time: float = 1e4,
    step_size: float | str = "stable",
    norms: Sequence[str | Norm] = ("l2",),
    handover: int = 1000,
    points: int = 12,
    rtol: float = 1e-8,
    progress: Progress | None = None,
) -> Flow:
    """A method on the mean loss from zero weights, to `t = e^log_time` steps.

    datasets: all of them at once; kinds and sizes may differ. dynamics: the method, by default gradient descent.
    loss: any of `verify.losses` but the log of one.
    step_size: of gradient descent on every dataset, or "stable" for each one's own: for methods with updates
    proportional to the gradients what is surely stable there, for others what they have been given.
    norms: norms of the weights to record. handover: discrete steps, rounded up to the next of 5, 10, 22, 46, 100 ...
    points: recorded points a decade of log time, at least.
    rtol: relative tolerance of an implicit step, loosened by tens to 1e-5 where rounding keeps the solver from it.
    progress: called with the datasets done and the datasets in all.
    Raises `InputError` on bad input, `FlowError` where the solver fails.
    """
    members = [datasets] if isinstance(datasets, Dataset) else list(datasets)
    method = dynamics or GradientDescent()
    kind = losses.loss(loss)
    _check(members, kind, log_time, handover, points, rtol)
    eta = _step_sizes(members, kind, method, step_size)
    root = np.sqrt(eta)
    scaled = [replace(s, x=a * s.x) for a, s in zip(root, members, strict=True)]
    parsed = tuple(dict.fromkeys(solvers.norms.norm(norm) for norm in norms))
    discrete = _run(scaled, kind, parsed, method, int(handover))
    solver = Solver(scaled, kind, parsed, rtol, method)
    before, start = math.log(discrete.times[-2]), math.log(discrete.times[-1])
    times = grid(start, log_time, points)
    # As many points as the grid has: the same compiled program.
    guesses = solver.run(discrete.states[-2], np.linspace(before, start, len(times)))
    error = [_distance(guess.weights[-1], at.weights) for guess, at in zip(guesses, discrete.states[-1], strict=True)]
    flows = solver.run(discrete.states[-1], times, progress)
    effective = math.nan if method.effective_step is None else method.effective_step
    return Flow(
        **_join(discrete, flows, times, root),
        step_size=effective * eta,
        handover=discrete.times[-1],
        handover_error=np.array(error),
        asked=rtol,
        conditioner=_conditioners(discrete, flows, method),
    )


def carry_on(
    datasets: Sequence[Dataset],
    starts: Sequence[np.ndarray],
    *,
    start: float,
    log_time: float,
    loss: str | Loss = "logistic",
    points: int = 12,
    rtol: float = 1e-8,
    progress: Progress | None = None,
) -> tuple[Float[np.ndarray, " r"], list[np.ndarray]]:
    """The gradient flow `dw/dt = -grad` of the mean loss from given weights at `t = e^start`, to `t = e^log_time`.

    starts: weights of each dataset, in its own shape. The other arguments, and the errors, are those of `flow`.
    Returns the log times, the first one `start`, and per dataset the weights `[r, ...]`.
    """
    if not 0 < start < log_time < math.inf:
        raise InputError(f"The flow goes from log time {start} to {log_time}: give 0 < start < log_time.")
    kind = losses.loss(loss)
    times = grid(start, log_time, points)
    solver = Solver(list(datasets), kind, (solvers.norms.norm("l2"),), rtol)
    paths = solver.run([Start(np.asarray(w, dtype=np.float64)) for w in starts], times, progress)
    return times, [path.weights for path in paths]
