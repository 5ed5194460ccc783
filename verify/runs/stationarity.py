"""How far a model's parameters are from a KKT point of its margin problem, in any norm; see `solvers.kkt`."""

from __future__ import annotations

import functools
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from solvers.errors import InputError
from solvers.kkt import KKTResidual, kkt_gap, kkt_residual
from solvers.layered import Layered, flat_norm
from solvers.norms import Norm
from verify.datasets.dataset import Dataset
from verify.losses import Loss
from verify.models.model import Model, Params, Shaped
from verify.runs import batches
from verify.runs.engine import gradient
from verify.runs.linear import margins


def kkt_of_model(model: Model, params: Params, dataset: Dataset, norm: str | Norm | Layered = "l2") -> KKTResidual:
    """The KKT residual of `min 1/2 ||params||^2` subject to margins of 1 or more, at these parameters.

    params: the model's pytree, as a run's `weights` hold it. norm: an entry-wise one of all parameters, or a
    `solvers.Layered`. Raises `InputError` for a model without a degree, and where the parameters do not separate the
    data.
    """
    return kkt_residual(*_problem(model, params, dataset, norm))


def kkt_gap_of_model(model: Model, params: Params, dataset: Dataset, norm: str | Norm | Layered = "l2") -> float:
    """The KKT gap at these parameters (see `solvers.kkt_gap`); arguments and errors are those of `kkt_of_model`."""
    return kkt_gap(*_problem(model, params, dataset, norm))


def _problem(model: Model, params: Params, dataset: Dataset, norm: str | Norm | Layered) -> tuple[Any, ...]:
    if model.degree is None:
        raise InputError(f"{model} has no degree of homogeneity, and its margins no KKT points: declare degree=.")
    shaped = model.at(dataset.d, dataset.classes or 1)
    theta = shaped.flat(params)
    z, slopes = margins_and_gradients(shaped, theta[None], dataset)
    return theta, slopes[0], z[0], model.degree, flat_norm(norm, shaped.shapes)


def margins_and_gradients(
    model: Shaped, flat: Float[np.ndarray, "r p"], dataset: Dataset
) -> tuple[Float[np.ndarray, "r m"], Float[np.ndarray, "r m p"]]:
    """All margins of a dataset, against each wrong class, and their gradients in the parameters."""
    data = jax.tree.map(lambda leaf: leaf[0], batches.points([dataset], dataset.n, model.size))
    z, slopes = map(np.asarray, _program(model)(flat, data))
    rivals = np.asarray(data.rivals).reshape(-1)
    return z.reshape(len(flat), -1)[:, rivals], slopes.reshape(len(flat), -1, model.size)[:, rivals]


def log_gradients_of_model(
    model: Shaped, flat: Float[np.ndarray, "r p"], dataset: Dataset, loss: Loss
) -> Float[np.ndarray, " r"]:
    """Logarithms of the root mean square of the gradient's entries, of the mean loss, at parameters on the way."""
    data = jax.tree.map(lambda leaf: leaf[0], batches.points([dataset], dataset.n, model.size))
    direction, log_scale = map(np.asarray, _gradients(model, loss)(flat, data))
    with np.errstate(divide="ignore"):
        return log_scale + np.log(np.sqrt(np.mean(direction**2, axis=1)))


@functools.cache
def _gradients(model: Shaped, loss: Loss) -> Any:
    def each(w: Any, data: Any) -> tuple[Any, Any]:
        found = gradient(loss, w, data, model)
        return found.direction, found.log_scale

    return jax.jit(jax.vmap(each, in_axes=(0, None)))


@functools.cache
def _program(model: Shaped) -> Any:
    def each(w: Any, data: Any) -> tuple[Any, Any]:
        return margins(model, w, data), jax.jacrev(lambda w: margins(model, w, data))(w)

    return jax.jit(jax.vmap(each, in_axes=(0, None)))
