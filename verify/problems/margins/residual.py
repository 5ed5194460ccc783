"""Where `w(t) - w_hat log t` goes under gradient descent, and how fast (Soudry et al., arXiv 1710.10345, Theorem 4).

With `w = w_hat s + rho`, `s = log t`, only the support vectors' slopes survive, and the residual obeys
`d rho / ds = eta/n sum_S exp(-<q, rho>) q - w_hat`. Its rest point minimises a convex function, which has a minimum if
and only if `w_hat` is a combination of all the support vectors with positive multipliers `alpha`; there,
`eta/n exp(-<q, rho>)` is such a combination. Dependent support vectors (duplicated points, say) are no obstacle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import jax.numpy as jnp
import numpy as np
import scipy.optimize
from jaxtyping import Float

from solvers import max_margin
from solvers.errors import InputError, UndecidedError
from verify import losses
from verify.datasets.dataset import Dataset
from verify.losses import Loss
from verify.problems.margins import ensembles
from verify.problems.quantity import LOG_TIME, Measurement
from verify.problems.subject import Subject, loss_of

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory

_SEEN = 20.0  # p log t at the horizon, from which on a limit approached like t^-p is seen to 1e-8


@dataclass(frozen=True)
class Residual:
    """Distance of `w(t) - w_hat log t` to its predicted limit in the span of the support vectors, over `||w_hat||`.

    Judged where the theorem speaks (positive multipliers on all support vectors) and the horizon suffices: a point
    whose margin is hardly larger than a support vector's fades like a small power of t.
    `log_factor` and `step_factor` spoil the prediction, for twins: the coefficient of `log t`, and the step size.
    """

    step_factor: float = 1.0
    log_factor: float = 1.0

    @property
    def name(self) -> str:
        """What the reports call it."""
        return "residual"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Along the flow; the notes say how many datasets could be judged, and why others could not."""
        from verify.problems.margins.residual import residual_in_span

        flow = ensembles.flow(subject, lab)
        references = lab.references("l2")
        values = np.full((len(lab.datasets), len(flow.log_time)), np.nan)
        judged = np.zeros(len(lab.datasets), bool)
        slow = 0
        for i, dataset in enumerate(lab.datasets):
            found = residual_in_span(dataset, loss_of(subject), self.step_factor * float(flow.step_size[i]))
            if found is None or not flow.met[i]:
                continue
            if found.exponent * flow.log_time[-1] < _SEEN:
                slow += 1
                continue
            w_hat = references[i].weights.ravel() / references[i].upper
            weights = flow.weights[i].reshape(len(flow.log_time), -1)
            residual = weights - self.log_factor * flow.log_time[:, None] * w_hat
            values[i] = np.linalg.norm((residual - found.point) @ found.basis.T, axis=1) / np.linalg.norm(w_hat)
            judged[i] = True
        notes = [f"{np.count_nonzero(judged)} of the {len(judged)} datasets could be judged", *flow.notes]
        if slow:
            notes.append(f"on {slow} more the limit is approached like t^-p with a p too small for the horizon")
        return Measurement(
            flow.log_time, values, np.full(len(judged), 1e-9), judged, lab.datasets, None, tuple(notes), clock=LOG_TIME
        )


_ZERO = 1e-9  # a multiplier below this part of their sum is taken for zero
_ACCURACY = 1e-10


class _Support(NamedTuple):
    """The max-margin problem scaled so that `vectors @ direction = 1`, `|direction| = 1` and multipliers sum to 1."""

    vectors: np.ndarray  # [m p] support vectors, times `norm`
    direction: np.ndarray  # [p]
    norm: float  # of w_hat
    excess: float  # smallest margin under w_hat of any other data vector, less 1; inf if there is none
    spans: bool  # whether the support vectors span the data


class _Rest(NamedTuple):
    """The rest point at `eta / n = |w_hat|^2`, and the multipliers (with sum 1) there."""

    point: np.ndarray  # [p], times |w_hat|
    multipliers: np.ndarray  # [m]
    basis: np.ndarray  # [rank p] orthonormal, of the span of the support vectors


def _support(dataset: Dataset) -> _Support:
    reference = max_margin(dataset.x, dataset.y, classes=dataset.classes)
    rows = dataset.margin_vectors / reference.upper
    direction = reference.weights.ravel()
    support = reference.support
    if not dataset.binary:
        support = support[np.arange(dataset.classes) != dataset.y[:, None]]
    support = support.ravel()
    vectors = rows[support]
    others = rows[~support] @ direction
    spans = bool(np.linalg.matrix_rank(vectors) == np.linalg.matrix_rank(rows))
    return _Support(vectors, direction, 1 / reference.upper, float(others.min(initial=np.inf)) - 1, spans)


def _positive_multipliers(support: _Support, independent: bool) -> np.ndarray | None:
    """Multipliers with sum 1 whose smallest is as large as can be; None where that is zero."""
    vectors, direction = support.vectors, support.direction
    if independent:
        multipliers = np.linalg.lstsq(vectors.T, direction)[0]
        return multipliers if multipliers.min() > _ZERO else None
    # In units of the equal share 1/m: maximise the least of them, the last variable.
    m = len(vectors)
    result = scipy.optimize.linprog(
        -np.eye(1, m + 1, m)[0],
        A_ub=np.hstack([-np.eye(m), np.ones((m, 1))]),
        b_ub=np.zeros(m),
        A_eq=np.hstack([vectors.T, np.zeros((len(direction), 1))]),
        b_eq=m * direction,
    )
    if result.status != 0:
        raise UndecidedError(f"The linear programme of the multipliers failed: {result.message}")
    # The programme's own tolerance is 1e-7.
    return result.x[:m] / m if result.x[m] > 1e-6 else None


def _rest(support: _Support) -> _Rest | None:
    """The rest point in the span of the support vectors; None where there is none."""
    vectors, direction = support.vectors, support.direction
    _, singular, basis = np.linalg.svd(vectors, full_matrices=False)
    rank = int(np.linalg.matrix_rank(vectors))
    multipliers = _positive_multipliers(support, independent=rank == len(vectors))
    if multipliers is None:
        return None
    basis = basis[: len(singular)][:rank]
    inner, target = vectors @ basis.T, basis @ direction
    point = np.linalg.lstsq(inner, -np.log(multipliers))[0]
    if rank < len(vectors):
        point = _stationary(inner, target, point)
        multipliers = np.exp(-inner @ point)
    return _Rest(point @ basis, multipliers, basis)


def _stationary(inner: np.ndarray, target: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The minimiser of `sum exp(-inner u) + <target, u>`; raises `UndecidedError` if it is not found accurately."""

    def slope(u: np.ndarray) -> np.ndarray:
        return target - inner.T @ np.exp(-inner @ u)

    def curvature(u: np.ndarray) -> np.ndarray:
        return (inner.T * np.exp(-inner @ u)) @ inner

    rough = scipy.optimize.minimize(
        lambda u: np.exp(-inner @ u).sum() + target @ u, start, jac=slope, hess=curvature, method="trust-exact"
    )
    # Values of the function resolve its minimiser to 1e-8 only; its slope has the digits.
    point = scipy.optimize.root(slope, rough.x, jac=curvature, tol=1e-15).x
    error = float(np.abs(slope(point)).max())
    if not error < _ACCURACY:
        raise UndecidedError(f"The residual's limit was found to {error:.1e} only: remove dependent support vectors.")
    return point


def _exponential_tail(loss: Loss) -> bool:
    """Whether the loss's slope is `e^-z` for large margins `z`."""
    return all(abs(float(loss.log_slopes(jnp.array([z]))[0]) + z) < 1e-9 for z in (100.0, 200.0, 400.0))


class ResidualLimit(NamedTuple):
    """Where the part of `w(t) - w_hat log t` in the span of the support vectors goes; weights flattened, `p` of them.

    point: the limit. basis: orthonormal, of the span. exponent: the limit is approached like `t^-exponent`.
    """

    point: Float[np.ndarray, " p"]
    basis: Float[np.ndarray, "rank p"]
    exponent: float


def residual_in_span(dataset: Dataset, loss: str | Loss = "logistic", step_size: float = 1.0) -> ResidualLimit | None:
    """The limit of the part of `w(t) - w_hat log t` in the span of the support vectors.

    It solves `eta/n exp(-<q, w>) = alpha` on the support vectors, with positive multipliers `alpha` of
    `w_hat = sum alpha q`. None where the theorem does not speak: some multiplier is zero, or the loss's tail is not
    `e^-z`.
    Raises `InputError` for a step size that is not positive, and as `solvers.max_margin`.
    """
    if not 0 < step_size < math.inf:
        raise InputError(f"The step size is {step_size}: give a positive number.")
    kind = losses.loss(loss)
    support = _support(dataset)
    if kind.of_log or not _exponential_tail(kind) or (rest := _rest(support)) is None:
        return None
    # <q, direction> = 1 on the support vectors: a factor of all the multipliers moves the point along w_hat.
    shift = math.log(step_size) - math.log(dataset.n) - 2 * math.log(support.norm)
    point = (rest.point + shift * support.direction) * support.norm
    return ResidualLimit(point, rest.basis, _exponent(support, rest))


def residual_limit(
    dataset: Dataset, loss: str | Loss = "logistic", step_size: float = 1.0
) -> Float[np.ndarray, "*weights"] | None:
    """The limit of `w(t) - w_hat log t` under gradient descent on the mean loss from zero, `[d]` or `[k d]`.

    As `residual_in_span`, and None also where the support vectors do not span the data: the part outside their span
    then keeps what other points gave it early on.
    """
    if not _support(dataset).spans or (found := residual_in_span(dataset, loss, step_size)) is None:
        return None
    return found.point.reshape(dataset.weights_shape)


def residual_exponent(dataset: Dataset) -> float | None:
    """The `p` with which `w(t) - w_hat log t` approaches its limit like `t^-p`; None where there is no limit.

    `p = min(lambda, delta)`: `lambda` is the smallest eigenvalue of `sum alpha q q^T` on the span of the support
    vectors, `1 + delta` the smallest margin under `w_hat` of a data vector that is no support vector. Never above
    1, which is the eigenvalue of `w_hat`. Raises as `solvers.max_margin`.
    """
    support = _support(dataset)
    if not support.spans or (rest := _rest(support)) is None:
        return None
    return _exponent(support, rest)


def _exponent(support: _Support, rest: _Rest) -> float:
    weighted = np.sqrt(rest.multipliers)[:, None] * support.vectors
    rank = len(rest.basis)
    smallest = float(np.linalg.svd(weighted, compute_uv=False)[rank - 1]) ** 2
    return min(smallest, support.excess)
