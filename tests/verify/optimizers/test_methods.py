"""Optimizers: one contract for all of them, the library's own against optax's, update rules, schedules, errors."""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import solvers.norms
from solvers.errors import InputError
from tests.verify import reference, samples
from verify import optimizers
from verify.optimizers import OPTIMIZERS, PowerDecay
from verify.runs.simulation import Simulation, run

MATRIX = ("spectral_descent", "nuclear_descent", "muon")
OPTAX: dict[str, Callable[[], optax.GradientTransformation]] = {
    "sgd": lambda: optax.sgd(0.1),
    "adam": lambda: optax.adam(0.1),
    "adam, eps 0": lambda: optax.adam(0.1, eps=0),
    "adamw": lambda: optax.adamw(0.1, eps=0),
    "adamax": lambda: optax.adamax(0.1, eps=0),
    "sign_sgd": lambda: optax.sign_sgd(0.1),
    "lion": lambda: optax.lion(0.1),
    "rmsprop": lambda: optax.rmsprop(0.1, eps=0),
    "adagrad": lambda: optax.adagrad(0.1, initial_accumulator_value=0, eps=0),
    "lamb": lambda: optax.lamb(0.1, eps=0),
}
TABLE = {name: (lambda build=build: build(0.1)) for name, build in OPTIMIZERS.items()} | {
    f"optax {name}": build for name, build in OPTAX.items()
}
BINARY, CLASSES = samples.binary(6, 3), samples.classes(7, 4, 3)


def gradients(shape: tuple[int, ...], steps: int = 8) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(size=(steps, *shape))


def updates(optimizer: optax.GradientTransformation, rolled: np.ndarray) -> np.ndarray:
    """What the optimizer adds to the weights at each step, with these gradients."""
    w = jnp.zeros(rolled.shape[1:], rolled.dtype)
    state, moves = optimizer.init(w), []
    for g in rolled:
        move, state = optimizer.update(jnp.asarray(g), state, w)
        moves.append(np.asarray(move))
        w = w + moves[-1]
    return np.array(moves)


@pytest.mark.parametrize("name", TABLE)
def test_every_optimizer_runs_unchanged_separates_and_compiles_once(name: str):
    """The trajectory is that of the optimizer called by hand; a second call of the same shapes compiles nothing."""
    optimizer = TABLE[name]()
    dataset = CLASSES if name in MATRIX else BINARY
    simulation = Simulation(optimizer, [dataset]).advance(21)
    result = simulation.result()
    assert result.time[-1] == 22

    q = jnp.asarray(dataset.margin_vectors).reshape(dataset.n, -1, np.prod(dataset.weights_shape))
    objective = lambda w: jnp.mean(jnp.log1p(jnp.sum(jnp.exp(-q @ w.ravel()), axis=1)))  # noqa: E731 - jitted below
    gradient = jax.jit(jax.grad(objective))
    w = jnp.zeros(dataset.weights_shape)
    state = optimizer.init(w)
    for _ in range(22):
        move, state = optimizer.update(gradient(w), state, w)
        w = w + jnp.asarray(move)
    np.testing.assert_allclose(result.weights[0], w, rtol=1e-8, atol=1e-9)
    assert result.log_loss[0, -1] < np.log(np.log(3 if name in MATRIX else 2))

    programs = simulation.chunks[0].segment, simulation.chunks[0].record
    sizes = [program._cache_size() for program in programs]
    other = samples.classes(8, 4, 3, seed=1) if name in MATRIX else samples.binary(5, 3, seed=1)
    again = Simulation(optimizer, [other]).advance(21)
    assert (again.chunks[0].segment, again.chunks[0].record) == programs
    assert [program._cache_size() for program in programs] == sizes
    assert min(sizes) >= 1


def test_constructors_return_the_same_object_so_that_programs_are_found_again():
    for build in OPTIMIZERS.values():
        assert build(0.25) is build(0.25)
        assert build(PowerDecay(1.0, 0.5)) is build(PowerDecay(1.0, 0.5))
        assert build(0.25) is not build(0.5)


@pytest.mark.parametrize("eps", [0.0, 1e-3])
def test_own_adam_equals_that_of_optax(eps: float):
    g = gradients((5,))
    outside = optimizers.adam(0.1, eps=eps, bias_correction=True)
    np.testing.assert_allclose(updates(outside, g), updates(optax.adam(0.1, eps=eps), g), rtol=1e-12)
    inside = optimizers.adam(0.1, eps=eps, eps_inside_root=True, bias_correction=True)
    np.testing.assert_allclose(updates(inside, g), updates(optax.adam(0.1, eps=0, eps_root=eps), g), rtol=1e-12)
    if eps:
        assert np.abs(updates(inside, g) - updates(outside, g)).max() > 1e-4


@pytest.mark.parametrize("eps", [0.0, 1e-3])
def test_own_rmsprop_and_adagrad_equal_those_of_optax(eps: float):
    g = gradients((5,))
    want = updates(optax.rmsprop(0.1, decay=0.99, eps=eps), g)
    np.testing.assert_allclose(updates(optimizers.rmsprop(0.1, eps=eps), g), want, rtol=1e-12)
    want = updates(optax.adagrad(0.1, initial_accumulator_value=0, eps=eps), g)
    np.testing.assert_allclose(updates(optimizers.adagrad(0.1, eps=eps), g), want, rtol=1e-12)


@pytest.mark.parametrize("eps_inside_root", [False, True])
def test_adam_equals_its_formula(eps_inside_root: bool):
    g = gradients((3,))
    rule = reference.adaptive(0.8, 0.9, 0.01, inside_root=eps_inside_root)
    want = [[-0.1 * float(u) for u in rule(reference.decimals(step))] for step in g]
    optimizer = optimizers.adam(0.1, 0.8, 0.9, 0.01, eps_inside_root=eps_inside_root)
    np.testing.assert_allclose(updates(optimizer, g), want, rtol=1e-12)


def test_zero_over_zero_is_zero_and_anything_else_over_zero_is_not_hidden():
    g = np.zeros((2, 3))
    g[0] = [1.0, 0.0, 2.0]
    assert updates(optimizers.adam(0.1), g)[:, 1].tolist() == [0, 0]
    assert updates(optimizers.rmsprop(0.1), g)[1].tolist() == [0, 0, 0]
    assert np.isinf(updates(optimizers.adam(0.1, b2=0.0), g)[1, 0])  # momentum over a second moment of zero


@pytest.mark.parametrize("name", ["l1", "l1.5", "l2", "l3", "linf", "nuclear", "schatten3", "spectral"])
def test_steepest_descent_follows_the_steepest_direction_of_its_norm(name: str):
    norm, g = solvers.norms.norm(name), gradients((4, 3), 3)
    moves = updates(optimizers.steepest_descent(0.1, name), g)
    for step, move in zip(g, moves, strict=True):
        assert norm.value(move) == pytest.approx(0.1, rel=1e-12)
        assert -np.sum(step * move) == pytest.approx(0.1 * norm.dual_value(step), rel=1e-12)
    full = updates(optimizers.steepest_descent(0.1, name, normalised=False), g)
    scales = np.array([norm.dual_value(step) for step in g])
    np.testing.assert_allclose(full, moves * scales[:, None, None], rtol=1e-12, atol=1e-15)


def test_momentum_goes_before_the_direction():
    g = gradients((4,))
    average, want = np.zeros(4), []
    for step in g:
        average = 0.9 * average + 0.1 * step
        want.append(-0.1 * average / np.linalg.norm(average))
    np.testing.assert_allclose(updates(optimizers.steepest_descent(0.1, "l2", b1=0.9), g), want, rtol=1e-12)


def test_plain_and_heavy_ball_descent():
    g = gradients((4,))
    np.testing.assert_allclose(updates(optimizers.gradient_descent(0.1), g), -0.1 * g)
    want = [-0.1 * sum(0.5 ** (t - s) * g[s] for s in range(t + 1)) for t in range(len(g))]
    np.testing.assert_allclose(updates(optimizers.heavy_ball(0.1, 0.5), g), want, rtol=1e-12)


def test_named_methods_are_steepest_descent_in_their_norms():
    assert optimizers.sign_gd(0.1) is optimizers.steepest_descent(0.1, "linf")
    assert optimizers.normalised_gd(0.1) is optimizers.steepest_descent(0.1, "l2")
    g = gradients((4, 3), 2)
    for method, norm in ((optimizers.nuclear_descent, "nuclear"), (optimizers.coordinate_descent, "l1")):
        np.testing.assert_array_equal(updates(method(0.1), g), updates(optimizers.steepest_descent(0.1, norm), g))
    spectral = optimizers.steepest_descent(0.1, "spectral", b1=0.5)
    np.testing.assert_array_equal(updates(optimizers.spectral_descent(0.1, b1=0.5), g), updates(spectral, g))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_schedules_set_the_step_size_at_each_step(dtype: type):
    schedule = PowerDecay(0.5, 2 / 3, t0=3.0)
    moves = updates(optimizers.sign_gd(schedule), np.ones((6, 1), dtype))
    assert moves.dtype == dtype
    np.testing.assert_allclose(
        moves.ravel(), [-0.5 * (t + 3) ** (-2 / 3) for t in range(6)], rtol=np.finfo(dtype).eps * 4
    )
    constant, falling = (updates(optimizers.adam(step), np.ones((3, 1))) for step in (1.0, lambda t: 1.0 / (t + 1)))
    np.testing.assert_allclose(falling.ravel(), constant.ravel() / [1, 2, 3])


def test_rotation_turns_features_and_weights():
    g = gradients((3,))
    for method, changes in ((optimizers.normalised_gd(0.1), False), (optimizers.sign_gd(0.1), True)):
        plain, turned = updates(method, g), updates(optimizers.rotated(method, 0.5), g)
        np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(plain, axis=1), rtol=1e-12)
        assert bool(np.abs(plain - turned).max() > 1e-3) is changes


def test_wrong_arguments_are_named_with_the_remedy():
    cases = {
        r"^eps must lie in \[0.0, inf\), not -1e-08": lambda: optimizers.adam(0.1, eps=-1e-8),
        r"^b1 must lie in \[0.0, 1.0\), not 1.0": lambda: optimizers.adam(0.1, 1.0),
        r"^b2 must lie in \[0.0, 1.0\), not 1.5": lambda: optimizers.rmsprop(0.1, 1.5),
        r"^b1 must lie in \[0.0, 1.0\), not -0.5": lambda: optimizers.steepest_descent(0.1, "l2", b1=-0.5),
        r"^eps must lie in \[0.0, inf\), not nan": lambda: optimizers.adagrad(0.1, float("nan")),
        r"^momentum must lie in \[0.0, 1.0\), not 1.0": lambda: optimizers.heavy_ball(0.1, 1.0),
        r"^Unknown norm 'l': use l1, l2": lambda: optimizers.steepest_descent(0.1, "l"),
        r"^The Newton-Schulz iteration needs at least one step, not 0": lambda: optimizers.muon(0.1, iterations=0),
        r"^The Newton-Schulz iteration needs a matrix": lambda: run(optimizers.muon(0.1), BINARY, steps=1),
        r"^Step sizes eta0 \(t \+ t0\)\^-a need eta0 > 0": lambda: PowerDecay(0.0, 0.5),
        r"^The spectral norm needs a matrix .*: pass a matrix": lambda: run(
            optimizers.spectral_descent(0.1), BINARY, steps=1
        ),
    }
    for sentence, call in cases.items():
        with pytest.raises(InputError, match=sentence):
            call()


def test_power_decay_is_a_value():
    assert hash(PowerDecay(0.5, 0.5)) == hash(PowerDecay(0.5, 0.5, 1.0))
    with pytest.raises(dataclasses.FrozenInstanceError):
        PowerDecay(0.5, 0.5).a = 1.0  # pyright: ignore[reportAttributeAccessIssue]  # frozen is what is tested


def test_muon_takes_newton_schulz_steps_which_stop_short_of_the_polar_factor():
    """As optax's iteration does; singular vectors stay, singular values end near one, not at it."""
    g = gradients((3, 4), 5)
    moves = updates(optimizers.muon(1.0, 0.9), g)
    plain = optimizers.descend(optax.contrib.scale_by_muon(beta=0.9, eps=0, nesterov=False), 1.0)
    np.testing.assert_allclose(moves, updates(plain, g), rtol=1e-10)
    np.testing.assert_allclose(updates(optimizers.muon(1.0, 0.9), 1e-200 * g), moves, rtol=1e-10)
    np.testing.assert_allclose(
        updates(optimizers.muon(1.0, 0.9), g.transpose(0, 2, 1)), moves.transpose(0, 2, 1), rtol=1e-10
    )
    exact = updates(optimizers.spectral_descent(1.0, b1=0.9), g)
    values = np.linalg.svd(moves, compute_uv=False)
    assert values.min() > 0.6
    assert values.max() < 1.2
    assert np.abs(values - 1).max() > 0.05
    along = np.einsum("tij,tkj->tik", moves, exact)  # symmetric where the singular vectors are the same
    np.testing.assert_allclose(along, along.transpose(0, 2, 1), atol=1e-10)
    assert not updates(optimizers.muon(1.0), np.zeros((1, 2, 3))).any()
