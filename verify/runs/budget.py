"""The gap budget: a certified upper bound on the margin's gap along a run, split into its causes.

Let `F = log L` with `L` the mean loss, `S` the summed norms of the updates `v_t = w_{t+1} - w_t`, from zero weights,
and `z_ic` the margins. The losses here have slopes `|l'| <= l` and curvatures `l'' <= |l'|` in each margin:

- exponential, `l = sum_c e^(-z_c)`: both are equalities, term by term;
- pairwise logistic, `l = sum_c log(1 + e^(-z_c))`: with `s = 1 / (1 + e^z)` a term has the slope `s <= log(1 + e^(-z))`
  and the curvature `s (1 - s) <= s`;
- cross-entropy, `l = log(1 + sum_c e^(-z_c)) = -log p_y`: its second derivative along `v` is the variance of `z_c(v)`
  (0 for the true class) under the probabilities, at most `(1 - p_y) max_c z_c(v)^2`, and `1 - p_y <= -log p_y`.

So along any segment `F'' <= L'' / L <= max_ic z_ic(v)^2`, with the constant 1 for each of them. Further `|w_T| <= S`,
and `n L_T` is at least the loss of the smallest margin alone: `margin_T >= -log(n L_T)` for the exponential loss, and
`margin_T >= -log(exp(n L_T) - 1)` for the two others. Hence, while the margin is not negative,

    gap_T <= [ sum_t (gamma |v_t| + <grad F_t, v_t>) + D_T + log n + F_0 + c_T ] / S,

with `D_T = 1/2 sum_t max_ic z_ic(v_t)^2`, and `c_T` what `-log(exp(n L_T) - 1)` falls short of `-log(n L_T)` (nothing
for the exponential loss). `F_0` knows the number of rivals: on k classes it is `log(k - 1)`, `log log k` and
`log((k - 1) log 2)` in turn. It holds for any optimizer, in any norm: a gap above its budget is an error, in the
program or in the theory. For normalised steepest descent on the exponential loss `<grad F_t, v_t> <= -gamma |v_t|`:
what then remains, `(D_T + log n + F_0) / S`, is known before the run but for the largest change of a margin.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

import solvers.norms
from solvers.errors import InputError
from solvers.norms import Norm
from verify.datasets.dataset import Dataset
from verify.losses import CROSS_ENTROPY, EXPONENTIAL, LOG_EXPONENTIAL, PAIRWISE_LOGISTIC, Loss
from verify.losses import loss as loss_named
from verify.runs.trajectory import Trajectories

_LOGISTIC = (CROSS_ENTROPY, PAIRWISE_LOGISTIC)
PARTS = ("misalignment", "discretisation", "log_n", "tail")
"""The names of the parts, in the order in which they are told."""


@dataclass(frozen=True)
class GapBudget:
    """The parts of the bound on the gap, each `[b r]`; NaN where the margin is negative and the bound says nothing.

    misalignment: what the updates fall short of the descent of the log loss that the margin allows to the steepest
    direction; negative where a gradient larger than the margin asks for more than makes up for it.
    discretisation: the second-order terms. log_n: `(log n + F_0) / S`, negative for few points on a logistic loss.
    tail: the correction of the logistic losses.
    """

    misalignment: Float[np.ndarray, "b r"]
    discretisation: Float[np.ndarray, "b r"]
    log_n: Float[np.ndarray, "b r"]
    tail: Float[np.ndarray, "b r"]

    @property
    def total(self) -> Float[np.ndarray, "b r"]:
        """The bound on the gap."""
        return self.misalignment + self.discretisation + self.log_n + self.tail


def budgeted(loss: str | Loss) -> Loss | None:
    """The loss whose gap budget holds for a run on this one: itself, or the loss whose logarithm it is; or None."""
    kind = loss_named(loss)
    kind = EXPONENTIAL if kind is LOG_EXPONENTIAL else kind
    return kind if kind in (EXPONENTIAL, *_LOGISTIC) else None


@functools.cache
def _log_loss_at_zero(loss: Loss, rivals: int) -> float:
    return float(loss.log_value(jnp.zeros(rivals)))


def gap_budget(
    run: Trajectories, datasets: Sequence[Dataset], gamma: Sequence[float], *, norm: str | Norm, loss: str | Loss
) -> GapBudget:
    """The gap budget of a run from zero weights that was recorded with `budget=True`.

    gamma: the maximal margins of the datasets in the norm; both the gap and its budget move with them, so that the
    inequality holds whatever they are. Raises `InputError` for a run without its sums, and for a loss for which the
    budget is not derived.
    """
    kind, name = loss_named(loss), solvers.norms.norm(norm).name
    if kind.of_log:
        raise InputError(f"The gap budget of {kind.name} is that of its loss: give the loss itself.")
    if kind not in (EXPONENTIAL, *_LOGISTIC):
        known = ", ".join(known.name for known in (EXPONENTIAL, *_LOGISTIC))
        raise InputError(f"There is no gap budget for the loss {kind.name!r}: use one of {known}.")
    if name not in run.path or not np.any(run.path[name]):
        raise InputError(f"The run has no sums for the norm {name}: run it with budget=True and norms=[{name!r}].")
    start = np.array([[_log_loss_at_zero(kind, max(s.classes - 1, 1))] for s in datasets])
    log_n = np.log([[s.n] for s in datasets])
    path = run.path[name]
    tail = _tail(run.log_loss + log_n) if kind in _LOGISTIC else np.zeros_like(path)
    parts = (np.array(gamma)[:, None] * path - run.descent, run.second_order, log_n + start, tail)
    return GapBudget(*(np.where(run.margin >= 0, part / path, np.nan) for part in parts))


def _tail(log_total: Float[np.ndarray, "b r"]) -> Float[np.ndarray, "b r"]:
    """`log((e^u - 1) / u)` for `u = n L`, from `log u`: no exponential above 1, and `u / 2` where both are tiny."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        u = np.exp(log_total)
        return np.where(u < 1e-6, u / 2, u + np.log(-np.expm1(-u)) - log_total)
