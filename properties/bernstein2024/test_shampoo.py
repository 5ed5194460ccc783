"""Shampoo without accumulation is steepest descent in the spectral norm.

Setting: separable data with k classes, mean cross-entropy, gradients G of any rank.
Algorithm: Shampoo with the present gradient alone in its preconditioners, `W ← W - η (GGᵀ)^(-1/4) G (GᵀG)^(-1/4)`, with
powers of the pseudo-inverse: by eigenvalues of both, and without a singular value decomposition.
Claim: at every step the update U is the polar factor of G: with `G = P S Qᵀ` it is `P S^(-1/2) S S^(-1/2) Qᵀ`. So
`⟨G, U⟩ = ‖G‖_* ‖U‖` and `‖U‖ = 1`, with the nuclear norm of the gradient and the spectral norm of the update. What is
measured is how far both are from being so; eigenvalues below 1e-14 of the largest count as zero.
Reference: Bernstein, Newhouse (2024), on Shampoo; which margin this descent maximises say Fan, Schmidt, Thrampoulidis
(2025).
"""

import functools
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from properties.papers import BERNSTEIN_2024
from verify import Bound, Read, Twin, strategies
from verify.optimizers import PowerDecay, descend
from verify.problems.margins.lemmas import Along, Lemma, Places, Sides, inner

STEPS = PowerDecay(0.1, 1 / 2)
ZERO = 1e-14  # of eigenvalues, relative to the largest
EQUAL = 1e-6  # singular values below the root of ZERO are lost, and those nearby to as much


class Sums(NamedTuple):
    """`sum GGᵀ` and `sum GᵀG`."""

    left: Array
    right: Array


def root(a: Array) -> Array:
    """The fourth root of the pseudo-inverse of a symmetric matrix."""
    values, vectors = jnp.linalg.eigh(a)
    kept = values > ZERO * jnp.max(values)
    powers = jnp.where(kept, jnp.where(kept, values, 1.0) ** -0.25, 0.0)
    return (vectors * powers[None]) @ vectors.T


@functools.cache
def shampoo(right: bool = True, memory: float = 0.0) -> optax.GradientTransformation:
    """memory: what is kept of the preconditioners at each step; 0 for none, 1 for their sum."""

    def init(params):
        k, d = params.shape
        return Sums(jnp.zeros((k, k)), jnp.zeros((d, d)))

    def update(updates, state, params=None):
        size = jnp.sqrt(jnp.sum(updates * updates))
        unit = updates / jnp.where(size > 0, size, 1.0)  # the length of a single gradient is of no account
        sums = Sums(memory * state.left + unit @ unit.T, memory * state.right + unit.T @ unit)
        u = root(sums.left) @ unit
        return (u @ root(sums.right) if right else u), sums

    return descend(optax.GradientTransformation(init, update), STEPS)


def polar(run: Places) -> Sides:
    """What `⟨G, U⟩` falls short of `‖G‖_* ‖U‖`, and by how much `‖U‖` is not 1."""
    u, g = -run.steps, run.at.gradient[:, :-1]
    size = run.value(u)
    aligned = inner(g, u) / (run.dual(g) * size)
    return {
        "alignment": (1 - aligned, np.full_like(size, EQUAL)),
        "size": (np.abs(size - 1), np.full_like(size, EQUAL)),
    }


def lemma(**wrong) -> Lemma:
    runs = Along(lambda norm: shampoo(**wrong), STEPS, 60)
    return Lemma("distance to the polar factor", polar, runs, ("spectral",))


CLAIM = BERNSTEIN_2024.claim(
    "shampoo",
    "on Shampoo",
    "Shampoo without accumulation is spectral descent",
    "At every step (GGᵀ)^(-1/4) G (GᵀG)^(-1/4) is the polar factor of G.",
    read=Read.SECONDARY,
    kind=Bound(lambda m: m.larger_side, "rounding"),
    problem=strategies.multiclass,
    optimizer_text="Shampoo without accumulation, η = 0.1 (t+1)^-1/2",
    loss="cross_entropy",
    norm="spectral",
    quantity=lemma(),
    twins=(
        Twin("sums of all gradients in the preconditioners", quantity=lemma(memory=1.0), shrink=False),
        Twin("the left preconditioner alone", quantity=lemma(right=False), shrink=False),
    ),
    real=("wine:standardise",),
    share=1 / 8,
)
