"""Least losses over norm balls: closed forms, brackets that hold, smoothness constants that are attained."""

import numpy as np
import pytest

from solvers import norm
from solvers.constrained import LinearModel, ball_minimum, duality_gap, smoothness
from solvers.errors import InputError

KINDS = [("squares", 1), ("squares", 3), ("logistic", 1), ("softmax", 3)]
NORM_NAMES = ("l1", "l2", "linf", "spectral", "nuclear")


def model(loss, k, n=9, d=4, seed=0):
    rng = np.random.default_rng([seed, n, d, k])
    x, z = rng.normal(size=(n, d)), rng.normal(size=(n, k))
    target = {"squares": z, "logistic": (z > 0) * 1.0, "softmax": np.eye(k)[z.argmax(axis=1)]}[loss]
    return LinearModel(x, target, loss)


def in_ball(rng, shape, name, radius):
    w = rng.normal(size=shape)
    return w * radius * rng.random() / norm(name).value(w)


@pytest.mark.parametrize(("loss", "k"), KINDS)
def test_gradient_is_that_of_the_value(loss, k):
    m, rng = model(loss, k), np.random.default_rng(1)
    w, v = rng.normal(size=m.shape), rng.normal(size=m.shape)
    slope = (m.value(w + 1e-6 * v) - m.value(w - 1e-6 * v)) / 2e-6
    np.testing.assert_allclose(slope, np.sum(m.gradient(w) * v), rtol=1e-6)


def test_least_squares_over_a_box_clip_where_features_are_orthogonal():
    target = np.array([[3.0], [-0.2], [-5.0]])
    found = ball_minimum(LinearModel(np.eye(3), target, "squares"), "linf", 1.0)
    np.testing.assert_allclose(found.weights, [[1.0, -0.2, -1.0]], atol=1e-6)
    assert found.upper == pytest.approx((4 + 16) / 6, abs=1e-8)
    assert found.upper - found.lower < 1e-7


def test_logistic_value_of_zero_weights():
    assert model("logistic", 1).value(np.zeros((1, 4))) == pytest.approx(np.log(2))
    assert model("softmax", 3).value(np.zeros((3, 4))) == pytest.approx(np.log(3))


@pytest.mark.parametrize("name", NORM_NAMES)
@pytest.mark.parametrize(("loss", "k"), KINDS)
def test_bracket_is_narrow_and_no_point_of_the_ball_is_below_it(loss, k, name):
    m, rng = model(loss, k), np.random.default_rng(2)
    found = ball_minimum(m, name, 0.7)
    assert 0 <= found.upper - found.lower < 1e-5
    assert norm(name).value(found.weights) <= 0.7 * (1 + 1e-12)
    assert m.value(found.weights) == found.upper
    for _ in range(20):
        w = in_ball(rng, m.shape, name, 0.7)
        assert m.value(w) >= found.lower
        # The certificate holds at any point of the ball, not only at the minimum.
        assert m.value(w) - duality_gap(m, w, name, 0.7) <= found.upper


@pytest.mark.parametrize("name", NORM_NAMES)
@pytest.mark.parametrize(("loss", "k"), KINDS)
def test_smoothness_bounds_the_loss_from_above(loss, k, name):
    m, rng = model(loss, k), np.random.default_rng(3)
    h = smoothness(m, name)
    for _ in range(50):
        w, step = rng.normal(size=m.shape), rng.normal(size=m.shape)
        rise = m.value(w + step) - m.value(w) - np.sum(m.gradient(w) * step)
        assert rise <= h / 2 * float(norm(name).value(step)) ** 2 * (1 + 1e-12)


@pytest.mark.parametrize("name", NORM_NAMES)
def test_smoothness_of_squares_is_attained(name):
    """At extreme points of the ball, which random ones come near for few features."""
    m, rng = model("squares", 2, d=2), np.random.default_rng(4)
    rotations = [np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in np.linspace(0, np.pi, 200)]
    units = [np.outer(a[0], b[0]) for a in rotations[::20] for b in rotations]
    signs = [np.sign(rng.normal(size=(2, 2))) for _ in range(50)]
    entries = [np.eye(4)[i].reshape(2, 2) for i in range(4)]
    tries = {"l1": entries, "l2": units, "linf": signs, "spectral": rotations, "nuclear": units}[name]
    forms = [np.mean(np.sum((m.x @ v.T) ** 2, axis=1)) for v in tries]
    assert max(forms) == pytest.approx(smoothness(m, name), rel=1e-3)


def test_many_features_get_a_bound_in_the_max_norm():
    wide = model("squares", 1, n=5, d=17)
    second = wide.x.T @ wide.x / 5
    assert smoothness(wide, "linf") == pytest.approx(np.abs(second).sum())


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: ball_minimum(model("squares", 1), "l2", 0.0), "radius of the ball is 0.0"),
        (lambda: smoothness(model("squares", 1), "l3"), "No smoothness constant is known here in l3"),
        (lambda: LinearModel(np.ones((2, 1)), np.ones((3, 1)), "squares"), "give \\[n d\\] and \\[n k\\]"),
        (lambda: LinearModel(np.full((2, 1), np.nan), np.ones((2, 1)), "squares"), "NaN or infinity"),
    ],
)
def test_bad_input(untyped_caller, call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()


def test_unknown_loss(untyped_caller):
    with pytest.raises(InputError, match="no loss 'hinge'"):
        LinearModel(np.ones((1, 1)), np.ones((1, 1)), "hinge")
