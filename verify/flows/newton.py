"""Newton's method for the implicit solvers of flows, and its chord method for those with many weights."""

from __future__ import annotations

from typing import Any

import diffrax
import jax.numpy as jnp
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
