"""Newton's method for the implicit solvers of flows, and what stands in for it where there are many weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import diffrax
import jax.numpy as jnp
import lineax
import optimistix


class _Newton(optimistix.Newton):
    """Newton's method that stops when its step is a small part of the tolerance.

    The library's criteria ask for a residual, or a contraction, that rounding errors hide once `|w|` is large
    and the prediction nearly exact: the flow then stalls. Newton's steps shrink quadratically, so a step this
    small leaves an error that is smaller still.
    """

    def terminate(self, fn: Any, y: Any, args: Any, options: Any, state: Any, tags: Any) -> Any:
        results = optimistix.RESULTS
        lost = (state.step > 0) & ~jnp.isfinite(state.diffsize)
        broken = state.result != results.successful
        outcome = results.where(lost, results.nonlinear_divergence, results.successful)
        return (state.diffsize < self.kappa) | lost | broken, results.where(broken, state.result, outcome)


class _Chord(diffrax.VeryChord):
    """The same with one Jacobian and its factors for all stages of a step, which of many weights cost the most.

    Where the iterations do not come nearer the step is tried again in a part of its size.
    """

    def terminate(self, fn: Any, y: Any, args: Any, options: Any, state: Any, tags: Any) -> Any:
        results = optimistix.RESULTS
        lost = (state.step > 0) & ~jnp.isfinite(state.diffsize)
        lost |= (state.step > 1) & (state.diffsize >= state.diffsize_prev) & (state.diffsize >= self.kappa)
        broken = state.result != results.successful
        outcome = results.where(lost, results.nonlinear_divergence, results.successful)
        return (state.diffsize < self.kappa) | lost | broken, results.where(broken, state.result, outcome)


# A Jacobian of few points is of low rank, or that and a diagonal beside it: a dozen products find a Newton step.
_KRYLOV = lineax.GMRES(rtol=1e-4, atol=1e-12, restart=12, stagnation_iters=12, max_steps=30)
_WIDE, _RANKS = 512, 4  # entries of a state, and how many times the rank, from which that is worth while


def root_finder(points: int, weights: tuple[int, ...], remembers: bool, *, large: bool) -> str:
    """Which of `ROOT_FINDERS` suits the flow of so many points and weights of this shape.

    remembers: whether the state has a memory beside the weights. large: whether a Jacobian costs more than its
    programs, which take seconds to compile.
    """
    size = math.prod(weights) * (1 + remembers)
    rank = points * max(weights[0] - 1, 1) if len(weights) == 2 else points
    if not large:
        return "newton"
    return "krylov" if size >= max(_WIDE, _RANKS * rank) else "chord"


ROOT_FINDERS: dict[str, Callable[[], optimistix.AbstractRootFinder]] = {
    "newton": lambda: diffrax.with_stepsize_controller_tols(_Newton)(),
    "chord": lambda: diffrax.with_stepsize_controller_tols(_Chord)(),
    "krylov": lambda: diffrax.with_stepsize_controller_tols(_Newton)(linear_solver=_KRYLOV),
}
"""By name: `newton` has a Jacobian an iteration, `chord` one a step, `krylov` none, but products with it."""
