"""Small networks: the lanes are Adam's runs, and what is compared is read off rightly."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from solvers.errors import InputError
from verify.problems.backward import training
from verify.problems.backward.regimes import Regime, stability_threshold, turns_back
from verify.problems.backward.sweep import Sweep, one_norm
from verify.problems.backward.training import Curves, Training, train

RHOS = Sweep(("rho",), (0.9, 0.99))
SMALL = Training(seeds=(0, 1), points=16, hidden=3)


@pytest.mark.parametrize(
    ("activation", "name"), [("tanh", "cross-entropy"), ("softplus", "cross-entropy"), ("ReLU", "squared")]
)
def test_lanes_are_runs_of_adam(activation, name):
    setting = replace(SMALL, activation=activation, loss=name, noise=0.3)
    seen = train([setting], RHOS, 20, moments=2)
    assert seen.loss.shape == (2, 2, 20)
    assert seen.sharpness.shape == (2, 2, 2)
    x, y = training._points(setting, 1)
    parts = {k: jnp.asarray(v) for k, v in training._start(x.shape[1], 3, 2, 1).items()}

    def loss(parts):
        hidden = {"tanh": jnp.tanh, "softplus": jax.nn.softplus, "ReLU": jax.nn.relu}[activation](
            x[:16] @ parts["first"] + parts["first bias"][None]
        )
        logits = hidden @ parts["second"] + parts["second bias"][None]
        if name == "squared":
            return jnp.mean(jnp.sum((logits - np.eye(2)[y[:16]]) ** 2, axis=1)) / 2
        return -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(16), y[:16]])

    method = optax.adam(setting.step_size, b1=0.9, b2=0.99, eps=0.0, eps_root=setting.eps)
    state = method.init(parts)
    slope = jax.jit(jax.value_and_grad(loss))
    gradients = []
    for t in range(20):
        value, gradient = slope(parts)
        gradients.append(gradient)
        assert seen.turned[1, 1, t] == (t > 1 and bool(turns_back(*gradients[:-4:-1])))
        assert seen.loss[1, 1, t] == pytest.approx(float(value), rel=1e-9)
        norm = sum(float(one_norm(g.ravel(), setting.norm_eps)) for g in gradient.values())
        assert seen.norm[1, 1, t] == pytest.approx(norm, rel=1e-7)
        updates, state = method.update(gradient, state)
        parts = optax.apply_updates(parts, updates)


def test_constants_are_arguments_of_one_program():
    train([SMALL], RHOS, 20)
    before = training._run._cache_size()
    train([replace(SMALL, step_size=0.01, beta=0.5, eps=1e-6, activation="softplus", loss="squared")], RHOS, 20)
    assert training._run._cache_size() == before


def test_settings_of_other_shapes_keep_their_places():
    wide = replace(SMALL, hidden=4, seeds=(7,))
    together = train([SMALL, wide, replace(SMALL, seeds=(3, 4))], RHOS, 20)
    np.testing.assert_allclose(together.loss[2], train([wide], RHOS, 20).loss[0], rtol=1e-12)
    np.testing.assert_allclose(together.loss[4], train([replace(SMALL, seeds=(4, 5))], RHOS, 20).loss[0], rtol=1e-12)


def test_activations_that_differ_are_each_its_own():
    soft = replace(SMALL, activation="softplus")
    together = train([SMALL, soft], RHOS, 20)
    np.testing.assert_allclose(together.loss[2:], train([soft], RHOS, 20).loss, rtol=1e-12)


def curves(loss: list[float], norm: list[float], level: float = 0.5, turned: list[bool] | None = None) -> Curves:
    """One repetition, one value."""
    one = np.ones((1, 1))
    turns = np.array([[turned or [False] * len(loss)]])
    return Curves(np.array([[loss]]), np.array([[norm]]), turns, one[..., None], one, one, np.array([level]))


def test_norm_at_level_is_interpolated():
    found = curves([1.0, 0.75, 0.25, 0.1], [8.0, 4.0, 1.0, 0.5]).norm_at_level()
    assert found == pytest.approx(np.array([[2.0]]))
    assert np.isnan(curves([1.0, 0.9], [1.0, 1.0]).norm_at_level()).all()
    assert np.isnan(curves([0.4, 0.3], [1.0, 1.0]).norm_at_level()).all()  # below from the start: nothing to compare


def test_spikes():
    assert not curves([1.0, 0.5, 0.9, 0.2], [1.0] * 4).spiked.any()
    assert curves([1.0, 0.2, 0.5, 0.1], [1.0] * 4).spiked.all()


def test_oscillation_is_averaged_around_the_level():
    loss = np.linspace(1.0, 0.0, 101)  # first at the level at epoch 50
    norm = np.where(np.arange(101) % 2, 4.0, 1.0)
    turned = (np.arange(101) >= 40) & (np.arange(101) < 60)
    seen = curves(list(loss), list(norm), turned=list(turned))
    assert seen.mean_norm_at_level() == pytest.approx(np.array([[2.0]]))
    assert (seen.regimes(at_level=True) == Regime.OSCILLATING).all()
    assert (seen.regimes() == Regime.SMOOTH).all()
    outside = curves(list(loss[40:58]), list(norm[:18]), turned=[True] * 18)  # only 8 epochs are left after it
    assert np.isnan(outside.mean_norm_at_level()).all()
    assert (outside.regimes(at_level=True) == Regime.SMOOTH).all()


def test_late_norm():
    assert curves([1.0] * 8, [9.0] * 6 + [1.0, 3.0]).late_norm() == pytest.approx(np.array([[2.0]]))


def test_drawn_and_real_points():
    x, y = training._points(SMALL, 0)
    assert abs(y.mean() - 0.5) < 0.01
    assert not np.array_equal(x, training._points(SMALL, 1)[0])
    x, y = training._points(replace(SMALL, data="digits:classes=3,8"), 0)
    assert x.shape == (216, 16)
    assert set(y) == {0, 1}


def test_noise_spares_the_points_held_out():
    clean, noisy = (training._points(replace(SMALL, points=100, noise=share), 0) for share in (0.0, 0.5))
    np.testing.assert_array_equal(clean[0], noisy[0])
    np.testing.assert_array_equal(clean[1][100:], noisy[1][100:])
    assert 10 <= np.count_nonzero(clean[1][:100] != noisy[1][:100]) <= 40  # half of a half on average


EDGE = Training(seeds=tuple(range(4)), points=128, step_size=0.01, loss="squared", beta=0.8, rho=0.9)


def test_runs_oscillate_where_the_sharpness_is_at_its_threshold():
    settings = [EDGE, replace(EDGE, loss="cross-entropy", step_size=0.006)]
    seen = train(settings, Sweep(("beta",), (0.5, 0.8)), 600, moments=1)
    oscillates = seen.regimes() == Regime.OSCILLATING
    assert oscillates[:4].all()
    assert not oscillates[4:].any()
    assert (seen.sharpness[:4] > 0.8).all()
    assert (seen.sharpness[:4] < 1.5).all()
    assert (seen.sharpness[4:] < 0.5).all()
    assert stability_threshold(0.9, 1.0) == pytest.approx(38.0)


def test_a_run_that_spikes_is_told():
    spiking = replace(EDGE, points=32, rho=0.99)  # it soon fits the points, and ρ is far above β
    seen = train([spiking], Sweep(("beta",), (0.0, 0.5)), 600)
    assert (seen.regimes() == Regime.SPIKED).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"activation": "sine"}, "choose from tanh, softplus, ReLU"),
        ({"seeds": ()}, "needs a seed"),
        ({"points": 1}, "two points"),
        ({"loss": "hinge"}, "choose from cross-entropy, squared"),
        ({"noise": 1.5}, "Noise and level are shares"),
        ({"level": 0.0}, "Noise and level are shares"),
    ],
)
def test_bad_trainings(changes, words):
    with pytest.raises(InputError, match=words):
        replace(SMALL, **changes)


def test_bad_data_and_moments():
    with pytest.raises(InputError, match="has 150 points, and 216 are needed"):
        train([replace(SMALL, data="iris")], RHOS, 10)
    with pytest.raises(InputError, match="cannot be split into 3"):
        train([SMALL], RHOS, 10, moments=3)
