"""The gap budget: a certified upper bound on the margin's gap along a run, split into its causes.

For the exponential, logistic and cross-entropy loss let `F = log(mean loss)` and `S` the summed norms of the updates
`w_{t+1} - w_t`, from zero weights. Along any segment the second derivative of `F` is at most the largest squared
change of a margin, `|w_T| <= S`, and `margin_T >= -log(exp(n L_T) - 1)`. So while the margin is not negative

    gap_T <= [ (gamma S - sum <grad F_t, w_t - w_{t+1}>) + D_T + log n + F_0 + c_T ] / S,

with `D_T` half the summed squares of the largest change of a margin, and `c_T` what `-log(exp(n L_T) - 1)` falls short
of `-F_T - log n` (nothing for the exponential loss). It holds for any optimizer, in any norm: a gap above its budget
is an error, in the program or in the theory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

import solvers.norms
from solvers.errors import InputError
from verify.datasets import Dataset
from verify.losses import EXPONENTIAL, Loss
from verify.losses import loss as loss_named
from verify.trajectory import Trajectories


@dataclass(frozen=True)
class GapBudget:
    """The parts of the bound on the gap, each `[b r]`; NaN where the margin is negative and the bound says nothing.

    misalignment: what the updates fall short of the steepest descent of the log loss that the margin would allow.
    discretisation: the second-order terms. log_n: `(log n + F_0) / S`. tail: the correction of the logistic losses.
    """

    misalignment: Float[np.ndarray, "b r"]
    discretisation: Float[np.ndarray, "b r"]
    log_n: Float[np.ndarray, "b r"]
    tail: Float[np.ndarray, "b r"]

    @property
    def total(self) -> Float[np.ndarray, "b r"]:
        """The bound on the gap."""
        return self.misalignment + self.discretisation + self.log_n + self.tail


def _log_loss_at_zero(loss: Loss, dataset: Dataset) -> float:
    rivals = max(dataset.classes - 1, 1)
    return float(loss.log_value(jnp.zeros(rivals)))


def gap_budget(
    run: Trajectories, datasets: Sequence[Dataset], gamma: Sequence[float], *, norm: str, loss: str | Loss
) -> GapBudget:
    """The gap budget of a run from zero weights that was recorded with `budget=True`.

    gamma: the maximal margins of the datasets in the norm. Raises `InputError` for a run without its sums, and for a
    loss whose logarithm was descended.
    """
    kind, name = loss_named(loss), solvers.norms.norm(norm).name
    if kind.of_log:
        raise InputError(f"The gap budget of {kind.name} is that of its loss: give the loss itself.")
    if name not in run.path or not np.any(run.path[name]):
        raise InputError(f"The run has no sums for the norm {name}: run it with budget=True and norms=[{name!r}].")
    start = np.array([[_log_loss_at_zero(kind, s)] for s in datasets])
    log_n = np.log([[s.n] for s in datasets])
    path = run.path[name]
    with np.errstate(over="ignore"):
        total = np.exp(run.log_loss + log_n)  # n L
        tail = np.log(np.expm1(total)) - (run.log_loss + log_n) if kind is not EXPONENTIAL else np.zeros_like(path)
    # Where n L is tiny the difference of the two logarithms is n L / 2 to rounding.
    tail = np.where((kind is not EXPONENTIAL) & (total < 1e-6), total / 2, tail)
    parts = (np.array(gamma)[:, None] * path - run.descent, run.second_order, log_n + start, tail)
    return GapBudget(*(np.where(run.margin >= 0, part / path, np.nan) for part in parts))
