"""The l1 margin of many data vectors by an interior point method, against the working sets' linear programmes."""

import numpy as np
import pytest

from solvers import max_margin, working_sets
from solvers.interior import least_l1
from solvers.norms import Norm
from solvers.programs import vertices

L1 = Norm("entrywise", 1.0)


def planted(n: int, d: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points that some weights separate with a margin."""
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(n, d)), rng.normal(size=d)
    scores = x @ w / np.linalg.norm(w)
    y = np.where(scores < 0, -1, 1)
    return x + 0.5 * (y - scores)[:, None] * w / np.linalg.norm(w), y


@pytest.mark.parametrize("shape", [(300, 60), (60, 90)])
def test_its_vertex_is_certified(shape: tuple[int, int]):
    """More features than points too, whose normal equations are those of the points."""
    x, y = planted(*shape)
    rows, start = y[:, None] * x, max_margin(x, y, "l2")
    found = least_l1(rows, start.weights, start.multipliers)
    widths = []
    for candidate in (each for rough in found for each in vertices(rows, rough, L1)):
        lower = (rows @ candidate.weights).min() / np.abs(candidate.weights).sum()
        upper = np.abs(candidate.multipliers @ rows).max() / candidate.multipliers.sum()
        widths.append((upper - lower) / upper)
    assert min(widths) < 1e-10


def test_the_margin_is_that_of_working_sets(monkeypatch: pytest.MonkeyPatch):
    x, y = planted(700, 12)
    at_once = max_margin(x, y, "l1")
    assert at_once.solver == "interior"
    monkeypatch.setattr(working_sets, "_ROOM", 0)
    grown = max_margin(x, y, "l1")
    assert grown.solver == "highs"
    assert at_once.lower <= grown.upper
    assert grown.lower <= at_once.upper
    for found in (at_once, grown):
        assert found.upper - found.lower <= 1e-9 * found.upper


def test_points_in_several_copies_are_left_to_the_linear_programmes():
    """Where more vectors than a vertex needs are tight its equations are not known; what comes is certified anyhow."""
    x, y = planted(200, 10)
    once, often = max_margin(x, y, "l1"), max_margin(np.tile(x, (4, 1)), np.tile(y, 4), "l1")
    assert often.upper - often.lower <= 1e-9 * often.upper
    assert often.lower == pytest.approx(once.lower, rel=1e-9)
