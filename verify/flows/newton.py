"""Newton's method for the implicit solvers of flows."""

from __future__ import annotations

from typing import Any

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
