"""Small networks: the lanes are Adam's runs, what is compared is read off rightly, spikes are left out."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from properties.cattaneo2024.test_networks import CLAIMS
from solvers.errors import InputError
from verify import Dataset, Outcome, Trend, small_networks
from verify.laboratory import Laboratory
from verify.perturbed import Sweep, one_norm
from verify.small_networks import Curves, NetworkNorm, Training, accuracy_trend, train
from verify.verdicts import judge

RHOS = Sweep(("rho",), (0.9, 0.99))
SMALL = Training(seeds=(0, 1), points=16, hidden=3)


@pytest.mark.parametrize("activation", ["tanh", "softplus", "ReLU"])
def test_lanes_are_runs_of_adam(activation):
    setting = replace(SMALL, activation=activation)
    seen = train([setting], RHOS, 20)
    assert seen.loss.shape == (2, 2, 20)
    x, y = small_networks._points(setting, 1)
    parts = {k: jnp.asarray(v) for k, v in small_networks._start(x.shape[1], 3, 2, 1).items()}

    def loss(parts):
        hidden = {"tanh": jnp.tanh, "softplus": jax.nn.softplus, "ReLU": jax.nn.relu}[activation](
            x[:16] @ parts["first"] + parts["first bias"][None]
        )
        logits = hidden @ parts["second"] + parts["second bias"][None]
        return -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(16), y[:16]])

    method = optax.adam(setting.step_size, b1=0.9, b2=0.99, eps=0.0, eps_root=setting.eps)
    state = method.init(parts)
    slope = jax.jit(jax.value_and_grad(loss))
    for t in range(20):
        value, gradient = slope(parts)
        assert seen.loss[1, 1, t] == pytest.approx(float(value), rel=1e-9)
        norm = sum(float(one_norm(g.ravel(), setting.norm_eps)) for g in gradient.values())
        assert seen.norm[1, 1, t] == pytest.approx(norm, rel=1e-7)
        updates, state = method.update(gradient, state)
        parts = optax.apply_updates(parts, updates)


def test_constants_are_arguments_of_one_program():
    train([SMALL], RHOS, 20)
    before = small_networks._run._cache_size()
    train([replace(SMALL, step_size=0.01, beta=0.5, eps=1e-6, activation="softplus")], RHOS, 20)
    assert small_networks._run._cache_size() == before


def test_settings_of_other_shapes_keep_their_places():
    wide = replace(SMALL, hidden=4, seeds=(7,))
    together = train([SMALL, wide, replace(SMALL, seeds=(3, 4))], RHOS, 20)
    np.testing.assert_allclose(together.loss[2], train([wide], RHOS, 20).loss[0], rtol=1e-12)
    np.testing.assert_allclose(together.loss[4], train([replace(SMALL, seeds=(4, 5))], RHOS, 20).loss[0], rtol=1e-12)


def curves(loss: list[float], norm: list[float], level: float = 0.5) -> Curves:
    """One repetition, one value."""
    one = np.ones((1, 1))
    return Curves(np.array([[loss]]), np.array([[norm]]), one, one, np.array([level]))


def test_norm_at_level_is_interpolated():
    found = curves([1.0, 0.75, 0.25, 0.1], [8.0, 4.0, 1.0, 0.5]).norm_at_level()
    assert found == pytest.approx(np.array([[2.0]]))
    assert np.isnan(curves([1.0, 0.9], [1.0, 1.0]).norm_at_level()).all()
    assert np.isnan(curves([0.4, 0.3], [1.0, 1.0]).norm_at_level()).all()  # below from the start: nothing to compare


def test_spikes():
    assert not curves([1.0, 0.5, 0.9, 0.2], [1.0] * 4).spiked.any()
    assert curves([1.0, 0.2, 0.5, 0.1], [1.0] * 4).spiked.all()


def test_late_norm():
    assert curves([1.0] * 8, [9.0] * 6 + [1.0, 3.0]).late_norm() == pytest.approx(np.array([[2.0]]))


def test_spiked_repetitions_are_not_judged(monkeypatch):
    seen = train([SMALL], RHOS, 200)
    loss = seen.loss.copy()
    loss[1, 0, -1] = 10 * loss[1, 0].max()
    monkeypatch.setattr(small_networks, "train", lambda *_: replace(seen, loss=loss))
    found = NetworkNorm(RHOS, at_level=False).measure(CLAIMS[0], Laboratory([SMALL], steps=10))
    assert found.judged.tolist() == [True, False]
    assert found.notes[0].startswith("1 of 2 repetitions are left out for a spike")
    assert len(found.datasets) == 2


def test_trend_holds_and_its_opposite_falls():
    setting = Training(seeds=tuple(range(8)), name="drawn")
    claim = CLAIMS[1]
    assert isinstance(claim.quantity, NetworkNorm)
    quantity = replace(claim.quantity, epochs=300)
    found = quantity.measure(claim, Laboratory([setting], steps=10))
    assert judge(claim, found).outcome is Outcome.SUPPORTED
    assert judge(replace(claim, kind=Trend(1)), found).outcome is Outcome.REFUTED


def test_drawn_and_real_points():
    x, y = small_networks._points(SMALL, 0)
    assert abs(y.mean() - 0.5) < 0.01
    assert not np.array_equal(x, small_networks._points(SMALL, 1)[0])
    x, y = small_networks._points(replace(SMALL, data="digits:classes=3,8"), 0)
    assert x.shape == (216, 16)
    assert set(y) == {0, 1}


def test_accuracy_is_told():
    told = accuracy_trend(np.array([[0.9, 0.8, 0.7]] * 6))
    assert told.startswith("mean test accuracy along the sweep: 0.900, 0.800, 0.700")
    assert "unknown" in accuracy_trend(np.zeros((0, 3)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"activation": "sine"}, "choose from tanh, softplus, ReLU"),
        ({"seeds": ()}, "needs a seed"),
        ({"points": 1}, "two points"),
    ],
)
def test_bad_trainings(changes, words):
    with pytest.raises(InputError, match=words):
        replace(SMALL, **changes)


def test_bad_data_and_cases():
    with pytest.raises(InputError, match="has 150 points, and 216 are needed"):
        train([replace(SMALL, data="iris")], RHOS, 10)
    with pytest.raises(InputError, match="draw such ones"):
        NetworkNorm(RHOS).measure(CLAIMS[0], Laboratory([Dataset([[1, 2]], [1])], steps=10))
