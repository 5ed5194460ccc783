"""The data of two patches: their law, what they cost, and which of the theorem's orders they fulfil."""

import itertools

import hypothesis
import numpy as np
import pytest
from scipy import stats

from solvers.errors import InputError
from verify.problems.cnn import patches
from verify.problems.cnn.patches import PatchModel, draw, fresh, hits_law, start
from verify.problems.cnn.settings import CnnSetting, conditions, settings
from verify.statistics import binomial_interval

MODEL = PatchModel(n=6, d=200, s=5, alpha=0.3, sigma_p=0.5)
SETTING = CnnSetting(n=14, s=144, alpha=0.5, noise=0.75, m=12)


def holding(setting: CnnSetting, **changes) -> dict[str, bool]:
    told = {"m": setting.m, "q": setting.q, "sigma_0": setting.sigma_0, "lam": 0.03 * setting.decay}
    return {c.name: c.holds for c in conditions(setting.model(), **(told | changes))}


def test_projections_are_inner_products_with_both_patches():
    data, w = draw(MODEL, 3), start(MODEL, 2, 0.1, 3)
    n, s = MODEL.n, MODEL.s
    whole = np.concatenate([w["feature"], w["noise"].reshape(2, 2, -1)], axis=-1)
    for i in range(n):
        v = np.eye(1, 1 + n * s)[0]
        xi = np.zeros(1 + n * s)
        xi[1 + i * s : 1 + (i + 1) * s] = np.asarray(data.noise)[i]
        found = np.asarray(data.project(w))[:, :, i]
        np.testing.assert_allclose(found[..., 0], whole @ (data.y[i] * v), atol=1e-15)
        np.testing.assert_allclose(found[..., 1], whole @ (xi - 0.3 * data.y[i] * v), atol=1e-15)


def test_overlapping_supports_have_s_entries_each():
    shared = PatchModel(n=40, d=50, s=5, alpha=0.3, sigma_p=0.5, disjoint=False)
    noise = np.asarray(draw(shared, 0).noise)
    assert noise.shape == (40, 49)
    assert (np.count_nonzero(noise, axis=1) == 5).all()
    assert (np.count_nonzero(noise, axis=0) > 1).any()


@pytest.mark.parametrize(("n", "s"), [(2, 4), (6, 40), (48, 12)])
def test_the_chances_of_hits_are_scipys(n, s):
    model = PatchModel(n=n, d=n**4 * s**2 + 1, s=s, alpha=0.1, sigma_p=0.1, width=1)
    chances = patches._relative_chances(model)
    assert chances / chances.sum() == pytest.approx(hits_law(model).pmf(np.arange(s + 1)), rel=1e-6, abs=1e-300)


def test_fresh_points_follow_the_law():
    model = PatchModel(n=6, d=101, s=5, alpha=0.3, sigma_p=0.5)
    points = fresh(model, 4000, 0)
    assert (np.diff(points.noise.indptr) == 5).all()
    ends = points.noise.indptr
    rows = [len(set(points.noise.indices[a:b])) for a, b in itertools.pairwise(ends)]
    assert set(rows) == {5}
    assert np.std(points.noise.data) == pytest.approx(0.5, rel=0.03)
    touched = np.add.reduceat(points.noise.indices < 30, points.noise.indptr[:-1])
    expected = 4000 * stats.hypergeom(100, 30, 5).pmf(np.arange(6))
    assert stats.chisquare(np.bincount(touched, minlength=6), expected).pvalue > 1e-3


def test_draws_depend_on_the_seed_alone():
    np.testing.assert_array_equal(draw(MODEL, 1).noise, draw(MODEL, 1).noise)
    assert not np.any(np.asarray(draw(MODEL, 1).noise) == np.asarray(draw(MODEL, 2).noise))


def test_the_settings_are_inside_the_orders():
    @hypothesis.given(settings())
    @hypothesis.settings(max_examples=50)
    def inside(setting: CnnSetting) -> None:
        assert all(holding(setting).values()), holding(setting)

    inside()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("sigma_0 / d^-1/4", {"sigma_0": 0.1}),
        ("lambda / (sigma_0^(q-2) sigma_p / n)", {"lam": 1e-3}),
        ("q", {"q": 2.0}),
    ],
)
def test_what_lies_outside_is_told(name, changes):
    assert not holding(SETTING, **changes)[name]


def test_published_constants_lie_outside():
    model = PatchModel(n=200, d=1000, s=100, alpha=0.2, sigma_p=0.1, disjoint=False)
    found = {c.name: c for c in conditions(model, m=20, q=3, sigma_0=0.01, lam=1e-5)}
    assert not found["expected shared noise coordinates"].holds
    assert not found["s / (d^1/2 / n^2)"].holds


def test_binomial_interval_is_exact():
    low, high = binomial_interval(0, 1000)
    assert low == 0.0
    assert high == pytest.approx(1 - 0.0005 ** (1 / 1000), rel=1e-6)
    assert binomial_interval(500, 1000)[0] < 0.5 < binomial_interval(500, 1000)[1]


def test_sizes_that_do_not_fit():
    with pytest.raises(InputError, match="n s = 30 coordinates does not fit into d - width = 19"):
        PatchModel(n=6, d=20, s=5, alpha=0.3, sigma_p=0.5)
    with pytest.raises(InputError, match="of 1 or more"):
        PatchModel(n=0, d=20, s=5, alpha=0.3, sigma_p=0.5)
