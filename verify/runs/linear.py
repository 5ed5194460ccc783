"""Models: the margins of a padded dataset as a function of the weights."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from verify import backend as backend
from verify.models.model import Shaped
from verify.runs.batches import Batch


def margins(model: Shaped | None, w: Float[Array, "..."], data: Batch) -> Float[Array, "n m"]:
    """Margins on one dataset of a batch, `+inf` against absent rivals: of a linear classifier, or of a model.

    model: whose flat parameters `[p]` the weights are, and whose binary labels stand in the batch's `label [n 1]`.
    """
    if model is None:
        return linear_margins(w, data)
    found = model.outputs(w, data.x)
    if model.k == 1:
        return data.label * found
    own = jnp.sum(found * data.label, axis=-1, keepdims=True)
    return jnp.where(data.rivals, own - found, jnp.inf)


def linear_margins(w: Float[Array, "..."], data: Batch) -> Float[Array, "n m"]:
    """Margins of a linear classifier on one dataset of a batch, `+inf` against absent rivals.

    Binary: weights `[d]`, margins `[n 1]`. Multiclass: weights `[k d]`, margins `[n k]`.
    """
    if w.ndim == 1:
        z = data.x @ w
        return (z if isinstance(data.sign, tuple) else data.sign * z)[:, None]
    logits = data.x @ w.T
    own = jnp.sum(logits * data.label, axis=-1, keepdims=True)
    return jnp.where(data.rivals, own - logits, jnp.inf)


def linear_gradient(
    slopes: Float[Array, "n m"], data: Batch, totals: Float[Array, "n 1"] | None = None
) -> Float[Array, "..."]:
    """The gradient of a mean loss in the weights, from its slopes `-d loss / d z`, which are 0 for absent rivals.

    totals: the slopes' sums over the rivals, where they are known. Not to be differentiated in reverse mode.
    """
    if not data.label.shape[-1]:
        pushes = -data.weight * slopes[:, 0]
        return (pushes if isinstance(data.sign, tuple) else data.sign * pushes) @ data.x
    totals = jnp.sum(slopes, axis=-1, keepdims=True) if totals is None else totals
    pulls = slopes - data.label * totals
    return _laid_out(pulls.T * data.weight[None, :]) @ data.x


@jax.custom_batching.custom_vmap
def _laid_out(factor: Float[Array, "..."]) -> Float[Array, "..."]:
    """The first factor of a product. One alone is best left to XLA, which reads it as it was written."""
    return factor


@_laid_out.def_vmap
def _all_laid_out(size: int, batched: list[bool], factor: Float[Array, "..."]) -> tuple[Float[Array, "..."], bool]:
    """Many: their products are up to twice as fast on factors that were transposed in memory, which XLA would undo."""
    return jax.lax.optimization_barrier(factor), batched[0]


def linear_reach(slopes: Float[Array, "n m"], data: Batch) -> Float[Array, "..."]:
    """`sum |slope * feature|` for every weight: its gradient without any cancellation.

    `slopes` are those of the samples' margins, zero against absent rivals and for padding.
    """
    if not data.label.shape[-1]:
        return slopes[:, 0] @ jnp.abs(data.x)
    return (slopes + data.label * jnp.sum(slopes, axis=-1, keepdims=True)).T @ jnp.abs(data.x)
