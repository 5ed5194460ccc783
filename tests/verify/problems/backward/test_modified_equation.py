"""The modified equation against its definition, summed as it stands with dense Hessians."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from solvers.errors import InputError
from verify import optimizers
from verify.problems.backward import modified_equation
from verify.problems.backward.batch_losses import of_data
from verify.problems.backward.modified_equation import Hyperparameters, Memory, Wording, tables, velocity

BETA, RHO, EPS = 0.5, 0.7, 0.3
NUMBERS = Hyperparameters(BETA, RHO, EPS)


def loss(theta, data):
    x, y = data
    return jnp.sum((jnp.tanh(x @ theta) - y) ** 2)


def problem(batches: int):
    rng = np.random.default_rng(1)
    return (rng.normal(size=(batches, 4, 3)), rng.normal(size=(batches, 4))), jnp.array(rng.normal(size=3))


def by_definition(theta, n, order, data, past=None, beta=BETA, rho=RHO) -> tuple[np.ndarray, np.ndarray]:
    """-M/R and the bracket, term by term; the updates before step n at theta, or at the places `past`."""

    def batches(f, at):
        return np.asarray(jax.vmap(f(loss), (None, 0))(at, data))[order[: n + 1]]

    def weights(decay, m):
        return [(1 - decay) * decay ** (m - k) / (1 - decay ** (m + 1)) for k in range(m + 1)]

    def moments(m, g):
        mean = sum(w * g[k] for k, w in enumerate(weights(beta, m)))
        return mean, np.sqrt(sum(w * g[k] ** 2 for k, w in enumerate(weights(rho, m))) + EPS)

    g, hessian = (batches(f, theta) for f in (jax.grad, jax.hessian))
    gradients = [g if past is None else batches(jax.grad, past[i]) for i in range(n)] + [g]
    update = [mean / root for mean, root in (moments(i, each) for i, each in enumerate(gradients))]
    sums = [sum(update[k:n], np.zeros(3)) for k in range(n + 1)]
    m, r = moments(n, g)
    lag = sum(w * hessian[k] @ sums[k] for k, w in enumerate(weights(beta, n)))
    lag_bar = sum(w * hessian[k] @ update[n] for k, w in enumerate(weights(beta, n)))
    p = sum(w * g[k] * (hessian[k] @ sums[k]) for k, w in enumerate(weights(rho, n)))
    p_bar = sum(w * g[k] * (hessian[k] @ update[n]) for k, w in enumerate(weights(rho, n)))
    return -m / r, m * (2 * p + p_bar) / (2 * r**3) - (2 * lag + lag_bar) / (2 * r)


UNREPEATED = (2, 0, 1, 1, 0, 2, 2, 1, 1, 0, 0, 0, 1, 2, 0, 1, 2, 2, 0, 0, 1)


def carried_at(path, order, data, numbers=NUMBERS, wording=modified_equation.TRUE):
    """The carried form where the interval of the path's last place begins."""
    memory, total = Memory(len(set(order))), of_data(loss)
    places = jnp.asarray(path), jnp.resize(jnp.array(order), (len(path),))

    @jax.jit
    def follow(places):
        begun = jax.tree.map(jnp.asarray, modified_equation.nothing(memory.batches, 3))
        past, _ = jax.lax.scan(
            lambda past, place: (modified_equation.carry(past, *place, total, data, numbers), None), begun, places
        )
        return velocity(places[0][-1], len(path) - 1, total, data, memory, past, numbers, wording)

    return follow(places)


@pytest.mark.parametrize("order", [(0,), (0, 1, 2), UNREPEATED])
def test_velocity_is_its_definition(order):
    batches = len(set(order))
    data, theta = problem(batches)
    memory = Memory(batches, modified_equation.window(BETA, RHO), 0)
    table = tables(order, 30, memory, BETA, RHO)
    at = jax.jit(lambda n: velocity(theta, n, of_data(loss), data, memory, table, NUMBERS))
    for n in (0, 1, 7, 20):
        found = at(n)
        leading, correction = by_definition(theta, n, np.resize(order, 30), data)
        np.testing.assert_allclose(found.leading, leading, rtol=1e-12)
        np.testing.assert_allclose(found.correction, correction, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(found.at(0.1), leading + 0.1 * correction, rtol=1e-10)


@pytest.mark.parametrize(("beta", "rho"), [(BETA, RHO), (0.0, 0.9), (0.98, 0.3)])
@pytest.mark.parametrize("order", [(0,), (0, 1, 2), UNREPEATED])
def test_carried_form_is_its_definition(order, beta, rho):
    data, theta = problem(len(set(order)))
    path = np.asarray(theta) + 0.3 * np.random.default_rng(4).normal(size=(21, 3))
    for n in (0, 1, 7, 20):
        found = carried_at(path[: n + 1], order, data, Hyperparameters(beta, rho, EPS))
        expected = by_definition(path[n], n, np.resize(order, 30), data, path, beta, rho)
        np.testing.assert_allclose(found.leading, expected[0], rtol=1e-12)
        np.testing.assert_allclose(found.correction, expected[1], rtol=1e-11, atol=1e-13)


def test_carried_form_within_an_interval_moves_all_but_the_past():
    data, theta = problem(3)
    path = np.asarray(theta) + 0.3 * np.random.default_rng(4).normal(size=(8, 3))
    past = jax.tree.map(jnp.asarray, modified_equation.nothing(3, 3))
    for place, batch in zip(path, UNREPEATED[:8], strict=True):
        past = modified_equation.carry(past, jnp.asarray(place), batch, of_data(loss), data, NUMBERS)
    found = velocity(theta, 7, of_data(loss), data, Memory(3), past, NUMBERS)
    leading, correction = by_definition(theta, 7, np.array(UNREPEATED), data, path)
    np.testing.assert_allclose(found.leading, leading, rtol=1e-12)
    np.testing.assert_allclose(found.correction, correction, rtol=1e-11)


def test_carried_form_differs_from_the_published_one_by_order_h():
    data, theta = problem(3)
    memory = Memory(3, modified_equation.window(BETA, RHO))
    apart = []
    for steps in (600, 1200, 2400):  # to one time, on one curve, in whole passes
        time = np.linspace(0, 0.5, steps + 1)[:, None]
        path = np.asarray(theta) + np.hstack([time, np.sin(time), -(time**2)])
        published = velocity(
            jnp.asarray(path[-1]), steps, of_data(loss), data, memory,
            tables((0, 1, 2), steps + 1, memory, BETA, RHO), NUMBERS,
        )  # fmt: skip
        found = carried_at(path, (0, 1, 2), data)
        np.testing.assert_allclose(found.leading, published.leading, rtol=1e-12)
        apart.append(np.abs(found.correction - published.correction))
    np.testing.assert_allclose(np.log2(np.array(apart[:-1]) / np.array(apart[1:])), 1.0, atol=0.03)


def test_both_forms_begin_alike():
    data, theta = problem(3)
    memory = Memory(3, modified_equation.window(BETA, RHO))
    table = tables(UNREPEATED, 21, memory, BETA, RHO)
    published = velocity(theta, 0, of_data(loss), data, memory, table, NUMBERS)
    found = carried_at(np.asarray(theta)[None], UNREPEATED, data)
    for mine, other in zip(found, published, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-14)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2, 0, 1, 2), (0, 1, 1, 2)])
def test_settled_form_is_the_same_once_the_start_is_forgotten(order):
    data, theta = problem(3)
    memory = Memory(3, modified_equation.window(BETA, RHO), 6)
    table = tables(order, memory.transient + 9, memory, BETA, RHO)

    @jax.jit
    def both(n):
        at = theta, n, of_data(loss), data, memory, table, NUMBERS
        return velocity(*at), velocity(*at, settled=True)

    for n in range(memory.transient, memory.transient + 8):
        whole, short = both(n)
        np.testing.assert_allclose(short.correction, whole.correction, rtol=1e-9)
        np.testing.assert_allclose(short.leading, whole.leading, rtol=1e-12)


def test_wording_changes_the_h_term_only():
    data, theta = problem(3)
    memory = Memory(3, modified_equation.window(BETA, RHO), 0)
    table = tables((0, 1, 2), 20, memory, BETA, RHO)
    at = jax.jit(lambda wording: velocity(theta, 9, of_data(loss), data, memory, table, NUMBERS, wording))
    true, flipped, short = map(at, (modified_equation.TRUE, Wording(correction=-1.0), Wording(bars=0.0)))
    np.testing.assert_array_equal(true.leading, flipped.leading)
    np.testing.assert_allclose(flipped.correction, -true.correction)
    assert np.all(np.abs(np.asarray(short.correction - true.correction)) > 1e-6)
    # The bracket is the sum of what the past gives and of what the barred terms do.
    forgetful = at(Wording(past=0.0))
    assert np.all(np.abs(np.asarray(forgetful.correction)) > 1e-6)
    np.testing.assert_allclose(short.correction + forgetful.correction, true.correction)


def test_weights_sum_to_one_and_start_with_the_first_batch():
    table = modified_equation.weights(np.array([1, 0, 0, 1]), 2, 0.9, 3)
    assert table.shape == (7, 2)
    np.testing.assert_array_equal(table[:3], 0)
    np.testing.assert_allclose(table[3:].sum(axis=1), 1)
    np.testing.assert_allclose(table[4], [1 / 1.9, 0.9 / 1.9])


@pytest.mark.parametrize("inside", [True, False])
def test_the_method_is_adam(inside):
    own = optimizers.adam(0.1, BETA, RHO, EPS, eps_inside_root=inside, bias_correction=True)
    other = NUMBERS._replace(inside=float(inside)).transformation
    theta = jnp.zeros(3)
    states = own.init(theta), other.init(theta)
    for g in jnp.array(np.random.default_rng(2).normal(size=(5, 3))):
        first, one = own.update(g, states[0], theta)
        second, two = other.update(g, states[1], theta)
        states = one, two
        np.testing.assert_allclose(np.asarray(first), -0.1 * np.asarray(second), rtol=1e-12)
    assert isinstance(other, optax.GradientTransformation)


def test_the_window_leaves_nothing_of_weight():
    assert modified_equation.window(0.0) == 1
    assert (
        0.9 ** modified_equation.window(0.3, 0.9)
        <= modified_equation.TRUNCATION
        < 0.9 ** (modified_equation.window(0.9) - 1)
    )
    with pytest.raises(InputError, match=r"\[0, 1\)"):
        modified_equation.window(0.3, 1.0)


def test_an_order_names_batches():
    with pytest.raises(InputError, match="must name them as 0 to 1"):
        tables((0, 2), 4, Memory(2, 1, 0), BETA, RHO)
