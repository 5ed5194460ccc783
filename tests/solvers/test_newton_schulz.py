"""The least alignment of Newton-Schulz steps against closed forms, dense grids and drawn spectra."""

from itertools import pairwise

import numpy as np
import pytest

from solvers import newton_schulz
from solvers.errors import InputError
from solvers.newton_schulz import Alignment, aligned, alignment

CUBIC, QUINTIC = (1.5, -0.5, 0.0), (3.4445, -4.7750, 2.0315)
STEPS = {"none": (), "cubic": (CUBIC,), "five cubic": (CUBIC,) * 5, "quintic": (QUINTIC,), "muon": (QUINTIC,) * 5}
methods = pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)


def brackets(found: Alignment, truth: float) -> bool:
    return found.lower <= truth <= found.upper + 1e-12


@pytest.mark.parametrize("rank", [1, 2, 3, 5])
def test_without_steps_it_is_that_of_the_gradient_itself(rank: int):
    """`1 / (sum s max s)` on the sphere is least at `2 / (1 + sqrt(r))`."""
    found = alignment((), rank)
    assert brackets(found, 2 / (1 + np.sqrt(rank)))
    assert found.upper - found.lower <= 0.01 * found.upper


@methods
def test_two_singular_values_are_found_as_on_a_dense_grid(steps):
    small = np.concatenate([np.geomspace(1e-6, 0.1, 100_000), np.linspace(0.1, np.sqrt(0.5), 100_000)])
    dense = float(aligned(steps, np.stack([np.sqrt(1 - small**2), small], axis=1)).min())
    found = alignment(steps, 2)
    assert found.lower <= dense <= found.upper / (1 - 2e-3)
    assert found.upper <= dense * (1 + 2e-3)


@methods
@pytest.mark.parametrize("rank", [2, 3, 4])
def test_no_spectrum_is_aligned_less_and_the_worst_one_is_shown(steps, rank: int):
    rng = np.random.default_rng(rank)
    found = alignment(steps, rank)
    drawn = np.concatenate([np.abs(rng.normal(size=(20_000, rank))), 10 ** rng.uniform(-4, 0, (20_000, rank))])
    assert found.lower <= aligned(steps, drawn).min()
    assert aligned(steps, np.array(found.spectrum)) == pytest.approx(found.upper, rel=1e-12)
    assert np.sum(np.square(found.spectrum)) == pytest.approx(1, rel=1e-12)
    assert list(found.spectrum) == sorted(found.spectrum, reverse=True)


@methods
def test_more_singular_values_can_only_be_aligned_less(steps):
    ends = [alignment(steps, rank) for rank in (1, 2, 3, 4)]
    assert ends[0] == Alignment(1.0, 1.0, (1.0,))
    assert all(after.lower <= before.upper for before, after in pairwise(ends))
    assert all(found.lower <= found.upper for found in ends)


def test_the_cubic_iteration_tends_to_the_polar_factor():
    """A step multiplies a small singular value by 3/2, so that what is lost falls like `(2/3)^q`."""
    lost = [1 - alignment((CUBIC,) * steps, 2, width=1e-5).upper for steps in (8, 12, 16)]
    ratios = np.divide(lost[1:], lost[:-1])
    np.testing.assert_allclose(ratios, (2 / 3) ** 4, rtol=0.02)


def test_it_is_that_of_matrices():
    g = np.random.default_rng(0).normal(size=(3, 5))
    x = g / np.linalg.norm(g)
    for a, b, c in STEPS["muon"]:
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    ratio = np.sum(g * x) / (np.linalg.norm(g, "nuc") * np.linalg.norm(x, 2))
    assert aligned(STEPS["muon"], np.linalg.svd(g)[1]) == pytest.approx(ratio, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (((), 0), "The rank is 0: give a whole number of singular values, at least one"),
        ((((1.0, 2.0),), 2), r"The Newton-Schulz steps are \(\(1.0, 2.0\),\): give three finite coefficients"),
        ((((1.0, 2.0, float("inf")),), 2), "give three finite coefficients"),
        (((), 2, 1.5), "The width is 1.5: give a part"),
        ((((1.0, -2.0, 0.0),), 2), "turn singular values around: give coefficients"),
    ],
)
def test_bad_input_is_told_in_one_sentence(arguments, told: str):
    with pytest.raises(InputError, match=told):
        alignment(*arguments)


def test_a_width_that_asks_for_too_many_boxes_is_refused(monkeypatch):
    monkeypatch.setattr(newton_schulz, "_MOST", 1000)
    with pytest.raises(InputError, match=r"A width of 1e-05 asks for more than 1000 boxes of spectra: give a larger"):
        alignment((), 3, 1e-5)
