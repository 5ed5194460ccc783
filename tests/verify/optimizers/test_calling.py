"""What optimizers ask for, where they are measured, and which of them cannot be called."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optax import contrib

from solvers.errors import InputError
from verify import optimizers
from verify.optimizers.calling import calling, has_keys, measured
from verify.optimizers.homogeneity import Homogeneity, harmless_padding, probe

SHAPE = (3,)
AWAY = optax.chain(contrib.normalize(), optax.sgd(0.05))
BY_VALUE = ("value", "grad", "value_fn")

ASKS = {
    "polyak": (optax.polyak_sgd(), ("value",)),
    "lbfgs": (optax.lbfgs(), BY_VALUE),
    "backtracking": (optax.chain(optax.sgd(1.0), optax.scale_by_backtracking_linesearch(5)), BY_VALUE),
    "momo": (contrib.momo(), ("value",)),
    "plateau": (optax.chain(optax.sgd(0.1), contrib.reduce_on_plateau()), ("value",)),
    "sophia": (contrib.sophia(0.1), ("obj_fn",)),
    # In turn: an object with methods, one that is made anew at each step, and one behind a mask.
    "accumulated": (optax.MultiSteps(optax.polyak_sgd(), 2), ("value",)),
    "injected": (optax.inject_hyperparams(optax.polyak_sgd)(max_learning_rate=0.5), ("value",)),
    "masked": (optax.masked(optax.polyak_sgd(), True), ("value",)),
    "SAM in one step": (contrib.sam(optax.sgd(0.1), AWAY, opaque_mode=True), ("grad_fn",)),
    "SAM in two": (contrib.sam(optax.sgd(0.1), AWAY), ()),
    "adam": (optax.adam(0.1), ()),
}


@pytest.mark.parametrize("name", ASKS)
def test_what_is_asked_for(name: str):
    optimizer, asks = ASKS[name]
    assert calling(optimizer, SHAPE).asks == asks
    if asks:
        assert probe(optimizer, SHAPE) == Homogeneity(False, None)
        assert not harmless_padding(optimizer, False)


@pytest.mark.parametrize("optimizer", [optimizers.adam(0.1), optax.adamw(0.1), optax.lion(0.1)])
def test_ordinary_optimizers_keep_their_functions(optimizer: optax.GradientTransformation):
    called = calling(optimizer, SHAPE)
    assert (called.init, called.update, called.asks, called.measured) == (optimizer.init, optimizer.update, (), None)


def test_optimizers_that_share_an_update_share_what_is_made_of_it():
    one, two = (optax.GradientTransformation(lambda w, s=s: jnp.float32(s), _narrow) for s in (1, 2))
    assert calling(one, SHAPE).update is calling(two, SHAPE).update is not _narrow


def _narrow(g, state, params=None):
    return -(state * g).astype(jnp.float32), state.astype(float)


def test_results_come_in_the_types_of_weights_and_state():
    called = calling(optax.GradientTransformation(lambda w: jnp.float32(2), _narrow), SHAPE)
    update, state = called.update(jnp.ones(3), called.init(jnp.zeros(3)), jnp.zeros(3))
    assert (update.dtype, state.dtype) == (jnp.float64, jnp.float32)
    np.testing.assert_array_equal(update, -2)


def test_lookahead_is_measured_at_its_slow_weights():
    called = calling(optax.lookahead(optax.sgd(1.0), 2, 0.5), SHAPE)
    w, g = jnp.zeros(3), jnp.ones(3)
    state, fast, slow = called.init(w), [], []
    for _ in range(4):
        update, state = called.update(g, state, w)
        w = w + update
        fast.append(float(w[0]))
        slow.append(float(measured(state, w)[0]))
    assert (fast, slow) == ([-1, -1, -2, -2], [0, -1, -1, -2])


def test_schedule_free_is_measured_at_its_evaluation_weights():
    optimizer = optax.chain(optax.clip(10.0), contrib.schedule_free_sgd(1.0, b1=0.5))
    called = calling(optimizer, SHAPE)
    w = jnp.zeros(3)
    update, state = called.update(jnp.ones(3), called.init(w), w)
    assert called.measured is measured
    np.testing.assert_array_equal(measured(state, w + update), contrib.schedule_free_eval_params(state[1], w + update))


def test_sam_is_measured_where_it_does_not_step_aside():
    called = calling(contrib.sam(optax.sgd(1.0), AWAY), SHAPE)
    w = jnp.ones(3)
    update, state = called.update(w, called.init(w), w)
    np.testing.assert_array_equal(measured(state, w + update), w)
    aside = w + update
    update, state = called.update(w, state, aside)
    np.testing.assert_allclose(measured(state, aside + update), 0, atol=1e-15)


def test_random_keys_are_no_numbers():
    noise = optax.add_noise(0.01, 0.5, jax.random.key(1))
    assert has_keys(noise.init(jnp.zeros(3)))
    assert not has_keys(optax.adam(0.1).init(jnp.zeros(3)))
    assert not probe(noise, SHAPE).scale_free
    found = probe(optax.chain(contrib.normalize(), noise), SHAPE)
    assert found.scale_free
    assert set(found.degrees or (1,)) == {0}


@pytest.mark.parametrize(
    ("optimizer", "highest"),
    [
        (optax.adam(0.1, eps=0, mu_dtype=jnp.bfloat16), 2),
        (optax.lookahead(optax.adam(0.1, eps=0), 3, 0.5), 2),
        (contrib.schedule_free(optax.adam(0.1, b1=0.0, eps=0), 0.1), 2),
        (optax.MultiSteps(optimizers.sign_gd(0.1), 3), 1),
        (optax.inject_hyperparams(optax.lion)(learning_rate=0.1), 1),
    ],
    ids=["bfloat16", "lookahead", "schedule-free", "accumulated", "injected"],
)
def test_wrappers_of_scale_free_methods_are_scale_free(optimizer: optax.GradientTransformation, highest: int):
    found = probe(optimizer, SHAPE)
    assert found.scale_free
    assert found.highest == highest


def _growing(g, state, params=None):
    return g, jnp.concatenate([state, g])


def _broken(g, state, params=None):
    raise ValueError("no step\nat all")


@pytest.mark.parametrize(
    ("update", "sentence"),
    [
        (_broken, r"^The optimizer makes no step on weights of shape \(3,\) \(ValueError: no step\): give one"),
        (lambda g, s, w=None: (g.sum(), s), r"of shape \(3,\) with updates of shape \(\): give one"),
        (lambda g, s, w=None: ((g, g), s), "with updates in several parts: give one"),
        (_growing, "state has another form after a step than before: give one"),
        (lambda g, s, w=None, *, batch: (g, s), r"\(TypeError: .* missing 1 required keyword-only argument: 'batch'"),
    ],
    ids=["raises", "scalar", "two", "growing", "unknown"],
)
def test_what_cannot_be_called_is_refused_in_one_sentence(update, sentence: str):
    with pytest.raises(InputError, match=sentence) as caught:
        calling(optax.GradientTransformation(lambda w: jnp.zeros(3), update), SHAPE)
    assert "\n" not in str(caught.value)
