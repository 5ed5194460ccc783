"""Cone programmes at which the solver gives up."""

from itertools import count

import cvxpy as cp
import numpy as np
import pytest

from solvers.constrained import LinearModel, ball_minimum
from solvers.errors import InputError
from solvers.kkt import kkt_residual
from solvers.own_norm import OwnNorm, check_own_norm

_NUMBERS = count()


def _ball() -> object:
    return ball_minimum(LinearModel(np.array([[1.0], [-1.0]]), np.array([[1.0], [0.0]]), "logistic"), "l1", 1.0)


def _own() -> object:
    own = OwnNorm(
        f"twice-{next(_NUMBERS)}",  # else what was found before is remembered
        value=lambda xp, w: 2 * xp.sum(xp.abs(w)),
        dual_value=lambda xp, g: xp.max(xp.abs(g)) / 2,
        expression=lambda w: 2 * cp.norm1(w),
    )
    return check_own_norm(own, (3,))


CALLS = {
    "constrained": _ball,
    "kkt": lambda: kkt_residual([1.0, 2.0], [[1.0, 0.5]], [1.0], 1.0, "linf"),
    "own_norm": _own,
}


@pytest.mark.parametrize("name", CALLS)
def test_a_solver_that_gives_up_is_bad_input(name, monkeypatch):
    def gives_up(*_, **__):
        raise cp.SolverError("Solver 'CLARABEL' failed.")

    CALLS[name]()
    monkeypatch.setattr(cp.Problem, "solve", gives_up)
    with pytest.raises(InputError, match="Solver 'CLARABEL' failed"):
        CALLS[name]()
