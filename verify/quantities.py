"""What is measured along a run: non-negative curves, one a dataset, that a claim says must fall or stay bounded."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Bool, Float

import solvers.norms
from solvers.errors import InputError
from solvers.norms import Norm
from verify.cases import Case
from verify.datasets import Dataset, datasets_of

if TYPE_CHECKING:
    from verify.claims import Claim
    from verify.laboratory import Laboratory

ROUNDING = 1e-12  # of a normalised margin computed in float64, relative
_SEEN = 20.0  # p log t at the horizon, from which on a limit approached like t^-p is seen to 1e-8


@dataclass(frozen=True)
class Measurement:
    """Curves of one quantity on `b` datasets.

    log_time: `[r]`. values: `[b r]`. floor: `[b]`, what of a value may be the reference's width or rounding.
    judged: `[b]`, False where nothing can be said (no certified reference, a precision horizon, a theorem's
    assumption that does not hold); `notes` say why. gamma: `[b]` the reference margins, where there are any.
    bound: `[b r]` the larger side, of a quantity that measures both sides of an inequality. parts: by name, `[b r]`
    terms that add up to `bound`, where the inequality has some. axis: what the clock is, where it is not steps, nor
    `log t` of a flow: `exp(log_time)`, or `log_time` itself of a flow. all_or_none: whether nothing may be concluded
    where fewer than half of the cases could be judged, because what left the others out casts doubt on these.
    """

    log_time: Float[np.ndarray, " r"]
    values: Float[np.ndarray, "b r"]
    floor: Float[np.ndarray, " b"]
    judged: Bool[np.ndarray, " b"]
    datasets: Sequence[Case]
    gamma: Float[np.ndarray, " b"] | None = None
    notes: tuple[str, ...] = ()
    bound: Float[np.ndarray, "b r"] | None = None
    parts: Mapping[str, Float[np.ndarray, "b r"]] | None = None
    axis: str | None = None
    all_or_none: bool = False

    @property
    def larger_side(self) -> Float[np.ndarray, "b r"]:
        """The larger side of the inequality that was measured."""
        if self.bound is None:
            raise InputError("This quantity measures no inequality: give the claim's Bound a formula of its own.")
        return self.bound

    @property
    def time(self) -> Float[np.ndarray, " r"]:
        """Steps."""
        return np.exp(self.log_time)

    @property
    def data(self) -> list[Dataset]:
        """The datasets, where no case is a setting."""
        return datasets_of(self.datasets)

    @property
    def n(self) -> Float[np.ndarray, "b 1"]:
        """Number of points of each dataset."""
        return np.array([[float(s.n)] for s in self.data])

    @property
    def margin(self) -> Float[np.ndarray, "b 1"]:
        """The reference margins as a column."""
        if self.gamma is None:
            raise InputError("This quantity has no reference margin: use one that has, such as Gap.")
        return self.gamma[:, None]

    def radius(self, norm: str | Norm) -> Float[np.ndarray, "b 1"]:
        """Largest dual norm of a data vector (of a margin's gradient), as a column."""
        geometry = solvers.norms.norm(norm)
        vectors = [s.margin_vectors.reshape(-1, *s.weights_shape) for s in self.data]
        return np.array([[max(float(geometry.dual_value(q)) for q in each)] for each in vectors])


@runtime_checkable
class Quantity(Protocol):
    """Something that can be measured. `name` says what, in a few words."""

    @property
    def name(self) -> str: ...

    def measure(self, claim: Claim, lab: Laboratory) -> Measurement:
        """Measure it for the claim's optimizer on the laboratory's datasets."""
        ...


@dataclass(frozen=True)
class Gap:
    """The gap of the normalised margin to the maximal margin, in the claim's norm; relative to it by default.

    Measured from the upper end of the reference's bracket, so that it never is too small.
    """

    relative: bool = True

    @property
    def name(self) -> str:
        return "relative gap" if self.relative else "gap"

    def measure(self, claim: Claim, lab: Laboratory) -> Measurement:
        references = lab.references(claim.norm)
        log_time, normalised, notes = lab.normalised_margins(claim)
        upper = np.array([r.upper for r in references])
        width = np.array([r.upper - r.lower for r in references]) + ROUNDING * upper
        scale = upper if self.relative else np.ones_like(upper)
        certified = np.array([r.certified for r in references])
        reached = ~np.isnan(normalised).any(axis=1)
        if not certified.all():
            notes = (*notes, f"{np.count_nonzero(~certified)} references were not certified and are left out")
        values = (upper[:, None] - normalised) / scale[:, None]
        return Measurement(
            log_time,
            values,
            width / scale,
            certified & reached,
            lab.datasets,
            np.array([r.lower for r in references]),
            notes,
        )


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
        return "residual"

    def measure(self, claim: Claim, lab: Laboratory) -> Measurement:
        from verify.residual import residual_in_span

        flow = lab.flow(claim)
        references = lab.references("l2")
        values = np.full((len(lab.datasets), len(flow.log_time)), np.nan)
        judged = np.zeros(len(lab.datasets), bool)
        slow = 0
        for i, dataset in enumerate(lab.datasets):
            found = residual_in_span(dataset, claim.loss, self.step_factor * float(flow.step_size[i]))
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
        return Measurement(flow.log_time, values, np.full(len(judged), 1e-9), judged, lab.datasets, None, tuple(notes))


@dataclass(frozen=True)
class UpdateSize:
    """Largest entry of the update, when the rows of a dataset are fed to the optimizer as successive gradients."""

    name: str = field(default="largest entry of an update", init=False)

    def measure(self, claim: Claim, lab: Laboratory) -> Measurement:
        longest = max(s.n for s in lab.datasets)
        values = np.full((len(lab.datasets), longest), np.nan)
        for i, dataset in enumerate(lab.datasets):
            values[i, : dataset.n] = _update_sizes(claim.optimizer, dataset.x)
            values[i, dataset.n :] = values[i, dataset.n - 1]
        log_time = np.log(np.arange(1, longest + 1))
        floor = ROUNDING * np.nanmax(np.abs(values), axis=1)
        return Measurement(log_time, values, floor, np.asarray(np.isfinite(values).all(axis=1)), lab.datasets)


def _update_sizes(
    optimizer: optax.GradientTransformation, gradients: Float[np.ndarray, "n d"]
) -> Float[np.ndarray, " n"]:
    rows = 1 << (len(gradients) - 1).bit_length()  # a power of two, so that few programs are compiled
    padded = np.zeros((rows, gradients.shape[1]))
    padded[: len(gradients)] = gradients
    return np.asarray(_roll(optimizer)(padded))[: len(gradients)]


@functools.cache
def _roll(optimizer: optax.GradientTransformation) -> Callable[..., jax.Array]:
    def step(state: Any, g: jax.Array) -> tuple[Any, jax.Array]:
        u, state = optimizer.update(g, state)
        return state, jnp.max(jnp.abs(jnp.asarray(u)))

    return jax.jit(lambda gradients: jax.lax.scan(step, optimizer.init(gradients[0]), gradients)[1])
