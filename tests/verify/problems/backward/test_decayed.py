"""Methods with decoupled decay beside their iterations without memory, and the term that memory leaves."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from properties.cattaneo2025.test_decoupled_decay import CLAIMS
from solvers.errors import InputError
from verify.claims.kinds.order import settled_orders
from verify.problems.backward import decayed
from verify.problems.backward.batch_losses import of_data
from verify.problems.backward.decayed import (
    ADAMW,
    LION,
    Decayed,
    Equation,
    MemorylessDecay,
    MemoryTerm,
    Wording,
    mean_lag,
)
from verify.problems.backward.settings import DecaySetting, MomentumSetting
from verify.problems.laboratory import Laboratory

RNG = np.random.default_rng(0)
DATA = RNG.normal(size=(1, 5, 3)), RNG.normal(size=(1, 5))
THETA = jnp.array(RNG.normal(size=3))
NUMBERS = Decayed(0.5, 0.7, 0.2, 0.8)
SUBJECT = CLAIMS[0].subject


def loss(theta, data):
    x, y = data
    return jnp.sum((jnp.tanh(x @ theta) - y) ** 2)


TOTAL = of_data(loss)


def gradient(theta):
    return jax.grad(loss)(theta, (DATA[0][0], DATA[1][0]))


def steps(method: decayed.Method, history) -> jax.Array:
    """`F_0 .. F_n` of all iterates, which the method meets one by one."""
    transformation = method.make(NUMBERS)

    def step(state, theta):
        update, state = transformation.update(gradient(theta), state, theta)
        return state, jnp.asarray(update)

    return jax.lax.scan(step, transformation.init(history[0]), history)[1]


def general(method: decayed.Method, n: int) -> np.ndarray:
    """The term of the general statement, `Σ_k ∂F_n/∂θ_{n-k} Σ_{n-k ≤ s < n} F_s`."""
    here = jnp.stack([THETA] * (n + 1))
    made = steps(method, here)
    moved = jnp.cumsum(made[:n][::-1], axis=0)[::-1]
    along = jnp.concatenate([moved, jnp.zeros((1, 3))])
    return np.asarray(jax.jvp(lambda history: steps(method, history)[-1], (here,), (along,))[1])


def term(method: decayed.Method, n: int, **words) -> np.ndarray:
    whole, bare = (
        method.field(THETA, n, 1.0, (DATA, Equation(NUMBERS, Wording(correction=share, **words))), TOTAL)
        for share in (1.0, 0.0)
    )
    return np.asarray(bare - whole)


@pytest.mark.parametrize("n", [0, 4])
def test_adamws_term_is_that_of_the_general_statement_from_the_first_step_on(n):
    np.testing.assert_allclose(term(ADAMW, n), general(ADAMW, n), rtol=1e-10, atol=1e-14)


def test_lions_term_is_that_of_the_general_statement_in_the_long_run():
    np.testing.assert_allclose(term(LION, 0), general(LION, 90), rtol=1e-10)
    assert np.abs(term(LION, 0) - general(LION, 4)).max() > 0.01 * np.abs(term(LION, 0)).max()


def test_the_bare_step_is_the_method_at_one_place():
    for method in (ADAMW, LION):
        bare = method.field(THETA, 0, 1.0, (DATA, Equation(NUMBERS, Wording(correction=0.0))), TOTAL)
        made = steps(method, jnp.stack([THETA] * 120))[-1]
        np.testing.assert_allclose(-bare, made, rtol=1e-12)


def test_equal_decays_leave_the_same_term_of_both():
    same = NUMBERS._replace(beta=0.6, rho=0.6)
    one, other = (
        method.field(THETA, 0, 0.1, (DATA, Equation(same, Wording(settled=1.0))), TOTAL) for method in (ADAMW, LION)
    )
    np.testing.assert_allclose(one, other, rtol=1e-12)


def test_mean_lag_is_the_weights_mean():
    weights = 0.7 ** np.arange(6)
    np.testing.assert_allclose(mean_lag(0.7, 5), weights @ np.arange(6) / weights.sum())


def test_smooth_lion_without_eps_is_lion():
    smooth, lion = decayed.scale_by_smooth_lion(0.9, 0.5, 0.0), optax.scale_by_lion(0.9, 0.5)
    states = [each.init(THETA) for each in (smooth, lion)]
    for _ in range(5):
        g = jnp.array(RNG.normal(size=3))
        updates, states = zip(*(each.update(g, s) for each, s in zip((smooth, lion), states, strict=True)), strict=True)
        np.testing.assert_allclose(*updates, rtol=1e-12)


def setting(**changes) -> DecaySetting:
    return DecaySetting(**({"loss": "logistic", "beta": 0.3, "rho": 0.6, "eps": 0.3, "decay": 1.0} | changes))


@pytest.mark.parametrize(("method", "one_step"), [(ADAMW, False), (ADAMW, True), (LION, False), (LION, True)])
def test_orders_of_true_and_false_iterations(method, one_step):
    lab, true = Laboratory([setting(), setting(seed=1)], steps=1), 3 if one_step else 2
    for words, order in ((Wording(), true), (Wording(correction=0.0), true - 1), (Wording(decay=0.0), true - 1)):
        m = MemorylessDecay(method, words, one_step).measure(SUBJECT, lab)
        np.testing.assert_allclose(settled_orders(m), order, atol=0.1)


def test_lions_term_falls_with_eps_and_adamws_does_not():
    lab = Laboratory([setting(), setting(seed=1)], steps=1)
    np.testing.assert_allclose(settled_orders(MemoryTerm(LION).measure(SUBJECT, lab)), 1, atol=0.01)
    np.testing.assert_allclose(settled_orders(MemoryTerm(ADAMW).measure(SUBJECT, lab)), 0, atol=0.01)


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(InputError, match="eps > 0 and decay >= 0"):
        setting(decay=-1.0)
    with pytest.raises(InputError, match="tried on a DecaySetting only"):
        MemorylessDecay(LION).measure(SUBJECT, Laboratory([MomentumSetting(loss="tanh", beta=0.5)], steps=1))
