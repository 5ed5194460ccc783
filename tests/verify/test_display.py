"""Relative gaps of runs to the references that they are drawn against, and the table of their ends."""

from dataclasses import replace

import numpy as np
import pytest

from solvers import InputError, max_margin
from verify.display import draw_run, ends, gaps

REFERENCE = max_margin([[1.0, 2.0]], [1], "linf")
OTHER = max_margin([[3.0, 1.0]], [1], "linf")
MARGINS = {"linf": np.array([[1.5, 2.7], [2.0, 3.6]]), "l2": np.ones((2, 2))}
TIME = np.log([1.0, 10.0])


def test_a_gap_is_what_is_missing_of_the_maximal_margin():
    assert (REFERENCE.upper, OTHER.upper) == pytest.approx((3.0, 4.0))
    found = gaps(MARGINS, [REFERENCE, OTHER])
    assert found.keys() == {"linf"}
    np.testing.assert_allclose(found["linf"], [[0.5, 0.1], [0.5, 0.1]], rtol=1e-9)


@pytest.mark.parametrize(
    ("references", "sentence"),
    [
        ([REFERENCE], "There are 1 references in linf for 2 datasets: give one for each."),
        ([REFERENCE, OTHER, OTHER], "There are 3 references in linf for 2 datasets"),
        ([max_margin([[1.0, 2.0]], [1], "l1")] * 2, "did not record the norm 'l1': name it in `norms`."),
    ],
)
def test_references_that_do_not_fit_are_refused(references, sentence):
    with pytest.raises(InputError, match=sentence):
        draw_run(None, TIME, MARGINS, references, in_log=False)


def test_a_run_without_norms_has_nothing_to_draw():
    with pytest.raises(InputError, match="recorded no norm"):
        draw_run(None, TIME, {}, (), in_log=False)


def test_the_last_margin_that_is_known_is_told():
    curves = np.array([[1.0, 2.0, np.nan], [1.0, 3.0, 4.0], [np.nan] * 3])
    rows = ends({"linf": curves, "l2": np.full((1, 3), np.nan)})
    assert rows == [("linf", "3", "2", "4"), ("l2", "–", "–", "–")]


def test_one_reference_will_do_for_one_dataset():
    axes = draw_run(None, TIME, {"linf": np.array([[1.5, 2.7]])}, replace(REFERENCE), in_log=False)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), np.log10([0.5, 0.1]), rtol=1e-9)
    axes.figure.clear()
