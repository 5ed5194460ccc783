"""Bands of normalised margins and of their gaps, norm by norm."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from reports.margins import COLOURS, draw_gaps, draw_margins

TIME = np.log([1.0, 10.0, 100.0])


@pytest.fixture
def axes():
    return Figure().add_subplot()


def test_the_median_and_the_quantiles_are_drawn_in_decades(axes):
    gaps = np.array([[1.0, 0.1, 0.01], [1.0, 0.2, 0.02], [1.0, 0.3, 0.03]])
    draw_gaps(axes, TIME, {"linf": gaps}, in_log=False)
    (line,) = axes.lines
    np.testing.assert_allclose(line.get_xdata(), [0, 1, 2], atol=1e-12)
    np.testing.assert_allclose(line.get_ydata(), np.log10([1.0, 0.2, 0.02]), atol=1e-12)
    (band,) = axes.collections
    foot, head = np.quantile(gaps[:, -1], [0.1, 0.9])
    at_the_end = band.get_paths()[0].vertices
    at_the_end = at_the_end[np.isclose(at_the_end[:, 0], 2), 1]
    assert (at_the_end.min(), at_the_end.max()) == pytest.approx((np.log10(foot), np.log10(head)))
    assert axes.get_xlabel() == "steps t"


def test_log_t_is_shown_on_a_logarithmic_axis(axes):
    draw_margins(axes, np.array([1.0, 100.0, 10_000.0]), {"l2": np.array([[0.5, 0.75, 1.0]])}, in_log=True)
    np.testing.assert_allclose(axes.lines[0].get_xdata(), [0, 2, 4])
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0.5, 0.75, 1.0])
    assert axes.get_xlabel() == "log t"
    axes.figure.canvas.draw()
    assert "10²" in [tick.get_text() for tick in axes.get_xticklabels()]


def test_a_gap_that_closes_ends_its_line(axes):
    draw_gaps(axes, TIME, {"l2": np.array([[0.5, 0.0, -1e-16]])}, in_log=False)
    np.testing.assert_array_equal(np.isfinite(axes.lines[0].get_ydata()), [True, False, False])
    assert len(axes.texts) == 0


def test_gaps_that_are_all_closed_are_said_to_be(axes):
    draw_gaps(axes, TIME, {"l2": np.zeros((2, 3))}, in_log=False)
    assert ["nothing to show" in text.get_text() for text in axes.texts] == [True]


def test_a_band_whose_foot_is_zero_runs_down(axes):
    gaps = np.array([[0.1, 0.1, 0.1], [0.1, 0.01, 0.0], [0.1, 0.01, 0.0]])
    draw_gaps(axes, TIME, {"l2": gaps}, in_log=False)
    (band,) = axes.collections
    end = band.get_paths()[0].vertices
    assert end[np.isclose(end[:, 0], 2), 1].min() == pytest.approx(-3)  # a decade below all that is shown
    assert len(axes.texts) == 0


def test_unknown_values_leave_gaps_in_the_line(axes):
    draw_margins(axes, TIME, {"l2": np.array([[1.0, np.nan, np.nan], [3.0, np.nan, 4.0]])}, in_log=False)
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [2.0, np.nan, 4.0])


def test_more_norms_than_colours_are_told_apart(axes):
    names = [f"l{p}" for p in range(1, len(COLOURS) + 3)]
    draw_margins(axes, TIME, {name: np.ones((1, 3)) for name in names}, in_log=False)
    assert len({(line.get_color(), line.get_linestyle()) for line in axes.lines}) == len(names)
    assert axes.get_legend_handles_labels()[1] == names
