"""Solves on working sets against solves on all data vectors."""

import numpy as np
import pytest

from solvers import max_margin, norm
from solvers.certificates import lower_bound
from solvers.problems import pose
from solvers.programs import linear
from tests.solvers.data import binary, multiclass
from tests.solvers.test_references import check


@pytest.mark.parametrize("name", ["l2", "linf", "nuclear", "schatten3"])
def test_a_working_set_gives_the_same_bracket(name, monkeypatch):
    x, y = multiclass(8, 60, 4, 3)
    whole = max_margin(x, y, name)
    monkeypatch.setattr("solvers.working_sets.WHOLE", 20)
    reference = max_margin(x, y, name)
    check(reference, x, y, norm(name))
    assert reference.lower <= whole.upper
    assert whole.lower <= reference.upper


def test_the_rounds_of_a_large_problem_are_told(monkeypatch):
    monkeypatch.setattr("solvers.working_sets.WHOLE", 20)
    told: list[str] = []
    x, y = multiclass(8, 60, 4, 3)
    reference = max_margin(x, y, "nuclear", progress=told.append)
    assert any(line.startswith("l2 margin: round 1, ") for line in told)
    last = [line for line in told if line.startswith("nuclear")][-1]
    assert "of 120 data vectors" in last
    assert reference.certified
    told.clear()
    max_margin(x, y, "linf", scale=np.ones((3, 4)), progress=told.append)
    assert any(line.startswith("linf margin") for line in told)


@pytest.mark.parametrize("name", ["l1", "linf"])
@pytest.mark.parametrize(("n", "d"), [(1500, 12), (700, 60)])
def test_large_linear_programmes_have_the_margin_of_one_programme_of_all_data(name, n, d):
    x, y = binary(0, n, d)
    kind = norm(name)
    reference = max_margin(x, y, name)
    check(reference, x, y, kind)
    problem = pose(x, y)
    (found,) = linear([problem.rows(problem.constraints)], kind)
    other = lower_bound(problem, kind, found.weights) * 2.0**problem.exponent
    assert reference.lower == pytest.approx(other, rel=1e-8)
