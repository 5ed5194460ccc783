"""The experiment on KKT residuals, in small."""

import numpy as np
import pytest

from solvers import max_margin
from solvers.errors import InputError
from verify.gallery import EXPERIMENTS, kkt_residuals
from verify.gallery.kkt_residuals import COLUMNS, Parameters

SMALL = Parameters(points=4, features=2, datasets=2, decades=15)


@pytest.fixture(scope="module")
def results() -> dict:
    return {name: part({}) for name, part in kkt_residuals.parts(SMALL, 0).items()}


def test_datasets_are_separable_and_differ():
    drawn = [kkt_residuals.dataset(SMALL, 0, index) for index in range(3)]
    assert all(max_margin(s.x, s.y).lower > 0 for s in drawn)
    assert not np.any(drawn[0].x == drawn[1].x)
    np.testing.assert_array_equal(kkt_residuals.dataset(SMALL, 0, 1).x, drawn[1].x)


def test_residuals_fall_in_the_problem_that_is_solved_and_in_no_other(results):
    for column in COLUMNS:
        if column.own:
            own = kkt_residuals._residuals(results, column, column.own)
            assert (own[:, 0] > 0.1).all()
            assert (own[:, -1] < 1e-3).all()
        if column.other:
            assert np.median(kkt_residuals._residuals(results, column, column.other)[:, -1]) > 0.01


def test_finding(results):
    found = kkt_residuals.find(SMALL, results)
    assert found.rows[0][0] == "1"
    assert float(found.rows[-1][0]) == pytest.approx(1e15)
    assert {len(row) for row in found.rows} == {len(found.headings)}
    assert [curve["strong"] for curve in found.drawing["curves"]].count(True) == 3
    assert any("not proved" in sentence for sentence in found.sentences)
    assert any("have settled" in sentence for sentence in found.sentences)


def test_what_is_left_out_is_told(results):
    spoilt = {name: part | {"turning": [0.5, 0.0], "notes": ["one lost"]} for name, part in results.items()}
    sentences = kkt_residuals.find(SMALL, spoilt).sentences
    assert "GD: one lost." in sentences
    assert any("1 of 2 directions still turn" in sentence for sentence in sentences)
    assert not any("have settled" in sentence for sentence in sentences)


def test_it_is_registered_and_checks_its_parameters():
    assert EXPERIMENTS["kkt-residuals"] is kkt_residuals.EXPERIMENT
    for wrong in ({"features": 0}, {"decades": 31}, {"eps": 0.0}):
        with pytest.raises(InputError, match=r"give|choose"):
            Parameters(**wrong)
