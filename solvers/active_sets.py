"""Non-negative least squares from a known active set, for hulls of many vectors that change little.

The problem is Lawson and Hanson's (Solving Least Squares Problems, 1974, chapter 23), whose routine takes in a vector
at a time and begins with none. Here several enter at once and those whose multiplier is then negative leave at once (as
in Kim and Park, Fast Nonnegative Matrix Factorization, SIAM J. Sci. Comput. 33, 2011). An exchange that does not lower
the residual is tried again with half as many, in the end with one as Lawson and Hanson do, so that no active set comes
back. The normal equations lose half of the digits, which costs nothing here: what counts is the active set, on which
the caller solves again.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
from jaxtyping import Float, Int

Rows = Float[np.ndarray, "m size"]
Active = Int[np.ndarray, " s"]
Values = Float[np.ndarray, " s"]
Found = tuple[Int[np.ndarray, " f"], Float[np.ndarray, " f"]]

_FIRST, _MOST = 64, 256  # vectors that enter at once
_SLACK = 1e-10  # relative: by how much rounding may hide that a vector would lower the residual


def active_set(rows: Rows, start: Active) -> Found | None:
    """Which vectors have multipliers in the least squares solution of `[rows^T; 1] u = [0; 1]`, `u >= 0`, and these.

    start: the vectors to begin with, if any are known. None where rounding or ties leave no exchange that helps.
    """
    if not len(start):
        start = np.array([np.argmin(np.einsum("ij,ij->i", rows, rows))])
    known, entering = _positive(rows, start, None), _FIRST
    while known is not None and entering:
        active, values = known
        total = float(values.sum())
        scores = rows @ (values @ rows[active])
        scores[active] = np.inf
        short = np.flatnonzero(scores < (1 - total) * (1 - _SLACK))
        if not len(short):
            return known
        room = min(entering, rows.shape[1] + 1 - len(active))
        if room <= 0:
            return None
        wanted = np.concatenate([active, short[np.argsort(scores[short])[:room]]])
        found = _positive(rows, wanted, None)
        if room == 1 and not _helps(found, total):
            found = _positive(rows, wanted, np.append(values, 0.0))
        if _helps(found, total):
            known, entering = found, min(2 * entering, _MOST)
        else:
            entering = min(entering, room) // 2
    return None


def _helps(found: Found | None, total: float) -> bool:
    """Whether the residual, which is `1 - sum u`, is less than with this sum."""
    return found is not None and float(found[1].sum()) > total


def _positive(rows: Rows, active: Active, values: Values | None) -> Found | None:
    """The least squares solution on these vectors, without some whose multiplier would not be positive.

    values: multipliers to begin with, from which vectors leave as they come to 0; None for all at once.
    """
    while len(active):
        best = _solution(rows[active])
        if best is None:
            return None
        negative = best <= 0
        if not negative.any():
            return active, best
        stays = ~negative
        if values is not None:
            least = np.minimum(best[negative], -np.finfo(np.float64).tiny)
            part = values[negative] / (values[negative] - least)
            stays = np.ones(len(active), bool)
            stays[np.flatnonzero(negative)[part <= part.min()]] = False
            values = (values + part.min() * (best - values))[stays]
        active = active[stays]
    return None


def _solution(block: Rows) -> Float[np.ndarray, " m"] | None:
    gram = block @ block.T
    gram += 1
    try:
        factor = scipy.linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    except np.linalg.LinAlgError:
        return None
    return scipy.linalg.cho_solve(factor, np.ones(len(block)), check_finite=False)
