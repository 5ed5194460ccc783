"""Non-negative least squares from a known active set, for hulls of many vectors that change little.

The problem is Lawson and Hanson's (Solving Least Squares Problems, 1974, chapter 23), whose routine takes in a vector at
a time and begins with none. Here several enter at once and those whose multiplier is then negative leave at once (as in
Kim and Park, Fast Nonnegative Matrix Factorization, SIAM J. Sci. Comput. 33, 2011); an exchange that does not lower the
residual is tried again with half as many, so that no active set comes back. The normal equations lose half of the
digits, which costs nothing here: what counts is the active set, on which the caller solves again.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
from jaxtyping import Float, Int

Rows = Float[np.ndarray, "m size"]
Active = Int[np.ndarray, " s"]

_FIRST, _MOST = 64, 256  # vectors that enter at once
_SLACK = 1e-10  # relative: what a multiplier's price may lack for rounding


def active_set(rows: Rows, start: Active) -> tuple[Active, Float[np.ndarray, " s"]] | None:
    """Which vectors have multipliers in the least squares solution of `[rows^T; 1] u = [0; 1]`, `u >= 0`, and these.

    start: the vectors to begin with, if any are known. None where rounding or ties leave no exchange that helps.
    """
    if not len(start):
        start = np.array([np.argmin(np.einsum("ij,ij->i", rows, rows))])
    known, entering = _positive(rows, start), _FIRST
    while known is not None and entering:
        active, values = known
        level = 1 - values.sum()
        prices = rows @ (values @ rows[active])
        prices[active] = np.inf
        short = np.flatnonzero(prices < level * (1 - _SLACK))
        if not len(short):
            return known
        room = min(entering, rows.shape[1] + 1 - len(active))
        more = short[np.argsort(prices[short])[:room]]
        found = _positive(rows, np.concatenate([active, more])) if room else None
        if found is not None and found[1].sum() > values.sum():
            known, entering = found, min(2 * entering, _MOST)
        else:
            entering //= 2
    return None


def _positive(rows: Rows, active: Active) -> tuple[Active, Float[np.ndarray, " s"]] | None:
    """The least squares solution on these vectors, without those whose multiplier is not positive."""
    while len(active):
        block = rows[active]
        gram = block @ block.T
        gram += 1
        try:
            factor = scipy.linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
        except np.linalg.LinAlgError:
            return None
        values = scipy.linalg.cho_solve(factor, np.ones(len(active)), check_finite=False)
        if (values > 0).all():
            return active, values
        active = active[values > 0]
    return None
