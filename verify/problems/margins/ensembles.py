"""Runs and flows on all datasets of a laboratory, and the normalised margins along them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

import solvers
from solvers.norms import Norm
from verify.datasets.dataset import Dataset
from verify.flows.flow import Flow as FlowResult
from verify.flows.flow import flow as follow
from verify.losses import Loss
from verify.optimizers.constants import hidden_constants
from verify.problems.deficit import Curves
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import LOG_TIME, STEPS, Clock
from verify.problems.subject import Flow, Run, Subject, flow_of, loss_of, norm_of, run_of
from verify.runs.budget import budgeted, gap_budget
from verify.runs.passing import constants_of, log_gradients
from verify.runs.simulation import Simulation
from verify.runs.trajectory import Trajectories

VECTOR_NORMS = ("l1", "l2", "linf")
MATRIX_NORMS = (*VECTOR_NORMS, "spectral", "nuclear")


def usual_norms(binary: bool) -> tuple[str, ...]:
    """The norms in which margins are recorded beside the claim's own, so that its twins share the run."""
    return VECTOR_NORMS if binary else MATRIX_NORMS


def run(subject: Subject, lab: Laboratory, *, budget: bool = False) -> Trajectories:
    """The subject's optimizer on all datasets, to the horizon.

    budget: record the sums of the gap budget, in no norms but those of the claim and its twins, since a norm of every
    update is dear.
    """
    it = run_of(subject, sampled=True)
    usual = lab.norms if budget else usual_norms(all(s.binary for s in lab.datasets))
    own = () if it.norm is None else (norm_of(it),)
    norms = tuple(dict.fromkeys(solvers.norm(norm) for norm in (*usual, *own)))
    loss = loss_of(it)
    simulation = lab.once(
        ("run", it.optimizer, loss, norms, budget, it.how),
        lambda: Simulation(it.optimizer, lab.datasets, loss=loss, norms=norms, budget=budget, how=it.how),
    )
    return simulation.advance(lab.steps, lab.progress).result(lab.steps)


def with_weights(subject: Subject, lab: Laboratory) -> Trajectories:
    """The subject's optimizer on all datasets, to the horizon, with the weights at all recorded steps (`weights_at`).

    Quantities of one claim share the run.
    """
    it, loss = run_of(subject, sampled=True), loss_of(subject)
    simulation = lab.once(
        ("weights", it.optimizer, loss, it.how),
        lambda: Simulation(it.optimizer, lab.datasets, loss=loss, how=it.how, weights=True),
    )
    return simulation.advance(lab.steps, lab.progress).result(lab.steps)


def flow(subject: Subject, lab: Laboratory) -> FlowResult:
    """The subject's flow in log time on all datasets, to the horizon."""
    it = flow_of(subject)
    own = () if it.norm is None else (norm_of(it),)
    norms = tuple(dict.fromkeys(solvers.norm(norm) for norm in (*VECTOR_NORMS, *own)))
    loss = loss_of(it)
    return lab.once(
        ("flow", it.dynamics, loss, norms, lab.log_time),
        lambda: follow(
            lab.datasets, dynamics=it.dynamics, loss=loss, log_time=lab.log_time, norms=norms, progress=lab.progress
        ),
    )


def clock_of(subject: Subject) -> Clock:
    """How the times of the claim's curves are read."""
    return LOG_TIME if isinstance(subject, Flow) else STEPS


def scale(subject: Subject, lab: Laboratory, gamma: Float[np.ndarray, " b"]) -> Curves | None:
    """What the gaps of a run are judged by beside themselves.

    None of flows, of losses without a gap budget, and in a laboratory that asks for none.

    gamma: the maximal margins. The floor and what is judged are left to whoever knows the references.
    """
    base = _base(subject, lab)
    if base is None:
        return None
    norm, found = norm_of(subject), run(subject, lab, budget=True)
    use, log_time, normalised, _ = recorded(found, norm)
    name = solvers.norm(norm).name
    budget = gap_budget(found, lab.datasets, list(gamma), norm=norm, loss=base)
    it = run_of(subject, sampled=True)
    return Curves(
        log_time,
        gamma[:, None] - normalised,
        gamma,
        found.norms[name][:, use],
        found.path[name][:, use],
        budget.total[:, use],
        (gamma[:, None] * found.path[name] - found.descent)[:, use],
        floor=np.zeros(len(gamma)),
        judged=np.ones(len(gamma), bool),
        lacks=_lacks(found, it, lab.datasets, use),
        constants=constants_of(it.optimizer, found, lab.datasets),
        sampled=not it.how.full,
    )


def _lacks(
    found: Trajectories, it: Run, datasets: Sequence[Dataset], use: Int[np.ndarray, " r"]
) -> Float[np.ndarray, " b"] | None:
    """The `lacks` of the curves: gradients are `e^-margin`, and margins grow like S."""
    if found.exact:
        return None
    constants = hidden_constants(it.optimizer, not datasets[0].binary)
    if not constants:
        return None
    log_size = log_gradients(found, datasets)[:, use]
    time = found.time[use]
    since = int(np.searchsorted(time, time[-1] / 10 * (1 + 1e-9)))
    above = log_size - np.log(constants[-1])
    margin = np.maximum(found.margin[:, use][:, -1], 1.0)
    more = np.log1p(np.maximum(above[:, -1], 0.0) / margin) + np.log(10) / 2
    return np.where(above[:, since] <= 0, 0.0, more)


def _base(subject: Subject, lab: Laboratory) -> Loss | None:
    """The loss of the subject's gap budget, None where there is none."""
    return budgeted(loss_of(subject)) if lab.scaled and isinstance(subject, Run) else None


def normalised_margins(
    subject: Subject, lab: Laboratory
) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, "b r"], tuple[str, ...]]:
    """Log times, normalised margins in the claim's norm, and notes."""
    norm = norm_of(subject)
    if isinstance(subject, Flow):
        found = flow(subject, lab)
        normalised = found.normalised_margin(norm)
        normalised[~found.met] = np.nan
        return found.log_time, normalised, found.notes
    return recorded(run(subject, lab, budget=_base(subject, lab) is not None), norm)[1:]


def last_weights(subject: Subject, lab: Laboratory) -> list[np.ndarray]:
    """The weights at the horizon, each dataset's in its own shape."""
    if isinstance(subject, Flow):
        return [weights[-1] for weights in flow(subject, lab).weights]
    return run(subject, lab).weights


def recorded(
    run: Trajectories, norm: str | Norm
) -> tuple[Int[np.ndarray, " r"], Float[np.ndarray, " r"], Float[np.ndarray, "b r"], tuple[str, ...]]:
    """The columns of a run that a quantity uses, their log times, normalised margins in the norm, and notes."""
    notes = []
    if (ended := run.horizon[run.horizon >= 0]).size:
        notes.append(f"{ended.size} runs met their precision horizon, the first at step {ended.min()}")
    normalised = run.normalised_margin(norm)
    if run.exact and run.starved.any():
        # A method that takes full steps however small a gradient is would have moved the weight that stood still.
        lost = run.starved.any(axis=1)
        normalised[lost] = np.nan
        notes.append(f"{np.count_nonzero(lost)} runs are left out: a gradient underflowed beside the largest one")
    # The grid repeats early integers; a law needs log t > 0.
    first = np.unique(run.time, return_index=True)[1]
    # Accumulated gradients, or lookahead's slow weights, begin late: before that no run has a direction.
    begun = (run.norms[solvers.norm(norm).name] > 0).any(axis=0)
    use = first[(run.time[first] > 1) & (first >= (np.argmax(begun) if begun.any() else 0))]
    return use, np.log(run.time[use]), normalised[:, use], tuple(notes)
