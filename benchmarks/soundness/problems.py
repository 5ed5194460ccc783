"""Data and methods that the catalogue needs and the library has not, since they are made to mislead."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax
from hypothesis import strategies as st

from verify.datasets import Dataset, strategies
from verify.datasets.flavours import Draw


def mostly_alike() -> st.SearchStrategy[Dataset]:
    """In one dataset of ten or so any binary data, else multiples of one vector of signs.

    On the latter the maximisers of all p-norms coincide: each is that vector.
    """
    return _mostly_alike(strategies.binary(flavours=("integers", "gaussian")))


@st.composite
def _mostly_alike(draw: Draw, others: st.SearchStrategy[Dataset]) -> Dataset:
    if draw(st.integers(0, 9)) == 0:
        return draw(others)
    signs = draw(st.lists(st.sampled_from((1.0, -1.0)), min_size=1, max_size=8))
    multiples = draw(st.lists(st.integers(1, 40), min_size=1, max_size=6))
    y = draw(st.lists(st.sampled_from((1, -1)), min_size=len(multiples), max_size=len(multiples)))
    return Dataset(np.outer(np.multiply(multiples, y), signs), np.array(y), name="signs")


def _stateless(direction: Callable[[jax.Array], jax.Array]) -> optax.GradientTransformation:
    return optax.stateless(lambda updates, params: jax.tree.map(direction, updates))


@functools.cache
def damped_normalised(eps: float) -> optax.GradientTransformation:
    """The direction `g / (|g|_2 + eps)`."""
    return _stateless(lambda g: g / (jnp.sqrt(jnp.sum(g * g)) + eps))


@functools.cache
def sign_and_normalised() -> optax.GradientTransformation:
    """The direction `sign(g) + g / |g|_2`, with 0 at 0."""

    def direction(g: jax.Array) -> jax.Array:
        size = jnp.sqrt(jnp.sum(g * g))
        return jnp.sign(g) + jnp.where(size > 0, g / jnp.where(size > 0, size, 1.0), 0.0)

    return _stateless(direction)


def clipped(most: float) -> optax.GradientTransformation:
    """The direction `g min(1, most / |g|_2) / most`: of length 1 while gradients are large."""
    return optax.chain(optax.clip_by_global_norm(most), optax.scale(1 / most))
