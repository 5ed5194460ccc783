"""Runs of models: against plain loops with true gradients, in any company, under mini-batches, far past the range of
floating point; and what is refused."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from solvers import Layered
from solvers.errors import InputError
from tests.verify.samples import binary, classes
from verify import Dataset, optimizers, run
from verify.errors import TrajectoryError
from verify.models import Model, convolutional, diagonal_linear, two_layer
from verify.optimizers import PowerDecay

STEP = PowerDecay(0.1, 0.5)
NETWORK = two_layer(3)
TWO, MANY = [binary(5, 3, seed=i) for i in range(2)], [classes(6, 4, 3, seed=i) for i in range(2)]
HYBRID = Layered("spectral", "linf")
LINEAR = Model("linear", lambda key, d, k: jnp.zeros(d if k == 1 else (k, d)), lambda w, x: x @ w.T, 1)


def loss(model: Model, params: Any, data: Dataset) -> jax.Array:
    f = model.outputs(params, jnp.asarray(data.x))
    if data.binary:
        return jnp.mean(jnp.logaddexp(0.0, -data.y * f))
    return jnp.mean(jax.nn.logsumexp(f, axis=1) - jnp.take_along_axis(f, jnp.asarray(data.y)[:, None], axis=1)[:, 0])


def loop(optimizer: Any, model: Model, data: Dataset, steps: int) -> Any:
    """The same run as a user would write it."""
    # The start: steps are below rounding.
    params = run(optimizers.sign_gd(1e-300), data, model=model, steps=1).weights[0]

    def objective(params: Any) -> jax.Array:
        return loss(model, params, data)

    state = optimizer.init(params)

    @jax.jit
    def step(params: Any, state: Any) -> tuple[Any, Any]:
        value, g = jax.value_and_grad(objective)(params)
        u, state = optax.with_extra_args_support(optimizer).update(
            g, state, params, value=value, grad=g, value_fn=objective
        )
        return optax.apply_updates(params, u), state

    for _ in range(steps):
        params, state = step(params, state)
    return params


def close(a: Any, b: Any, rtol: float = 1e-9) -> None:
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(x, y, rtol=rtol, atol=1e-12)


@pytest.mark.parametrize(
    ("optimizer", "data"),
    [
        pytest.param(optimizers.steepest_descent(STEP, HYBRID, b1=0.9), TWO, id="hybrid"),
        pytest.param(optimizers.adam(STEP), TWO, id="adam-binary"),
        pytest.param(optimizers.adam(STEP), MANY, id="adam-classes"),
        pytest.param(optax.adamw(0.02), MANY, id="adamw"),
        pytest.param(optax.lbfgs(), MANY, id="lbfgs"),
    ],
)
def test_a_run_is_the_loop_that_a_user_would_write(optimizer, data):
    found = run(optimizer, data, model=NETWORK, steps=15)
    for i in range(2):
        close(found.weights[i], loop(optimizer, NETWORK, data[i], 15), 1e-6)


def test_a_linear_classifier_as_a_model_is_the_linear_run():
    mini: dict[str, Any] = {"sampling": "reshuffled", "batch": 2}
    for data, hows in ((TWO, ({}, mini)), (MANY, (mini,))):
        for how in hows:
            plain = run(optimizers.adam(STEP), data, steps=100, norms=["l2", "linf"], weights=True, **how)
            model = run(optimizers.adam(STEP), data, steps=100, norms=["l2", "linf"], weights=True, model=LINEAR, **how)
            np.testing.assert_allclose(model.margin, plain.margin, rtol=1e-9)
            np.testing.assert_allclose(model.log_loss, plain.log_loss, rtol=1e-9)
            np.testing.assert_allclose(model.normalised_margin("linf"), plain.normalised_margin("linf"), rtol=1e-9)
            assert plain.weights_at is not None
            assert model.weights_at is not None
            close(model.weights_at, plain.weights_at)
            assert plain.alignment is None


def test_what_is_recorded_is_that_of_the_parameters():
    data = TWO[0]
    found = run(optimizers.sign_gd(STEP), data, model=NETWORK, steps=60, norms=["l2", HYBRID], weights=True)
    assert found.weights_at is not None
    assert found.alignment is not None
    for j in (20, -1):
        p = jax.tree.map(lambda leaf, j=j: leaf[j], found.weights_at[0])
        margins = data.y * np.asarray(NETWORK.outputs(p, jnp.asarray(data.x)))
        g = jax.grad(lambda p: loss(NETWORK, p, data))(p)
        flat, slope = (np.concatenate([leaf.ravel() for leaf in jax.tree.leaves(tree)]) for tree in (p, g))
        assert found.margin[0, j] == pytest.approx(margins.min())
        assert found.log_loss[0, j] == pytest.approx(float(jnp.log(loss(NETWORK, p, data))))
        size = np.linalg.norm(flat)
        assert found.norms["l2"][0, j] == pytest.approx(size)
        assert found.normalised_margin("l2")[0, j] == pytest.approx(margins.min() / size**3)
        hybrid = max(np.linalg.norm(p["first"], 2), np.abs(p["last"]).max())
        assert found.normalised_margin(HYBRID)[0, j] == pytest.approx(margins.min() / hybrid**3)
        assert found.alignment[0, j] == pytest.approx(-(flat @ slope) / size / np.linalg.norm(slope))


def test_company_and_shape_change_nothing():
    few, more = binary(3, 3), binary(9, 3)
    both = run(optimizers.adam(STEP), [few, MANY[0], more], model=NETWORK, steps=40)
    for i, data in enumerate((few, MANY[0], more)):
        close(both.weights[i], run(optimizers.adam(STEP), data, model=NETWORK, steps=40).weights[0])


def test_start_parameters_come_from_data_and_seed_or_are_given():
    def start(seed: int, **more: Any) -> Any:
        return run(optimizers.sign_gd(1e-300), TWO, model=NETWORK, steps=1, seed=seed, **more).weights

    close(start(0), start(0))
    assert np.abs(start(0)[0]["last"] - start(1)[0]["last"]).max() > 0.01
    assert np.abs(start(0)[0]["last"] - start(0)[1]["last"]).max() > 0.01
    close(start(0, w0=start(1)), start(1))


def test_a_scale_free_run_is_exact_far_past_the_range_of_floating_point():
    """Of one point, in closed form: each entry of `u` and `v` moves by the same steps, whatever the loss."""
    data, model = Dataset([[1.0, -2.0]], [1]), diagonal_linear(2)
    found = run(optimizers.sign_gd(1.0), data, model=model, steps=1000, loss="exponential")
    w0 = run(optimizers.sign_gd(1e-300), data, model=model, steps=1, loss="exponential").weights[0]
    assert found.exact
    assert found.margin[0, -1] > 1e6
    np.testing.assert_allclose(found.weights[0]["u"][0], w0["u"][0] + 1000, rtol=1e-12)
    np.testing.assert_allclose(found.weights[0]["v"][1], w0["v"][1] + 1000, rtol=1e-12)
    assert found.log_loss[0, -1] == pytest.approx(-found.margin[0, -1])


def test_true_gradients_end_at_a_horizon_that_is_named():
    """Signs of true gradients: what asks for the loss's value has to be fed its gradient as it is."""

    def update(g: Any, state: Any, params: Any = None, *, value: Any) -> Any:
        return jax.tree.map(lambda leaf: -0.1 * jnp.sign(leaf), g), state

    method = optax.GradientTransformationExtraArgs(lambda params: (), update)
    found = run(method, TWO[0], model=diagonal_linear(2), steps=3000, loss="exponential", weights=True)
    assert not found.exact
    assert 30 < found.horizon[0] < 3000
    assert found.log_loss[0, found.time <= found.horizon[0]][-1] > -680
    before = found.time <= found.horizon[0]
    assert found.weights_at is not None
    assert found.alignment is not None
    for curve in (found.margin[0], found.alignment[0], found.weights_at[0]["u"][:, 0]):
        np.testing.assert_array_equal(np.isfinite(curve), before)


def test_a_parameter_without_gradient_stays_though_optax_gives_0_over_0():
    unused = Model("unused", lambda key, d, k: {"w": jnp.zeros(d), "not": jnp.ones(2)}, lambda p, x: x @ p["w"], None)
    found = run(optax.adam(0.1, eps=0.0), TWO[0], model=unused, steps=20)
    np.testing.assert_array_equal(found.weights[0]["not"], np.ones(2))
    assert np.abs(found.weights[0]["w"]).min() > 0


def test_a_lost_gradient_is_told():
    """Neuron two sees the second point alone, whose margin runs ahead by more than floating point can tell."""
    data = Dataset([[1.0, 0.0], [0.0, 20.0]], [1, 1])
    start = {"first": np.eye(2), "last": np.ones(2)}
    found = run(optimizers.sign_gd(0.1), data, model=two_layer(2), steps=100, w0=[start], loss="exponential")
    assert found.starved[0, -1]
    assert not found.starved[0, 0]


def test_mini_batches_see_their_points_alone():
    data = TWO[0]
    found = run(optimizers.adam(STEP), data, model=NETWORK, steps=12, sampling="cyclic", batch=2, weights=True)
    params = run(optimizers.sign_gd(1e-300), data, model=NETWORK, steps=1).weights[0]
    method = optimizers.adam(STEP)
    state = method.init(params)
    for t in range(12):
        points = [[0, 1], [2, 3], [4]][t % 3]
        part = Dataset(data.x[points], data.y[points]) if len(set(data.y[points])) > 1 else None
        x, y = jnp.asarray(data.x[points]), jnp.asarray(data.y[points])
        assert part is None or part.n == 2
        g = jax.grad(lambda p, x=x, y=y: jnp.mean(jnp.logaddexp(0.0, -y * NETWORK.outputs(p, x))))(params)
        u, state = method.update(g, state, params)
        params = optax.apply_updates(params, u)
    close(found.weights[0], params, 1e-8)
    assert found.epoch[0] == 3


def test_results_are_plain_data():
    found = run(optimizers.sign_gd(STEP), TWO[0], model=convolutional(2, 2), steps=10, weights=True)
    told = found.to_dict()
    assert set(told["weights"][0]) == {"first", "last"}
    assert "Runs of an optimizer" in found._repr_html_()


def test_single_precision():
    found = run(optimizers.sign_gd(STEP), TWO[0], model=NETWORK, steps=20, dtype=np.float32)
    assert found.weights[0]["first"].dtype == np.float32


def explodes(p: Any, x: jax.Array) -> jax.Array:
    return x @ p * jnp.exp(jnp.sum(p * p))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"budget": True}, "gap budget is one of linear models"),
        ({"norms": ["spectral"]}, "spectral norm is no norm of several layers: combine it"),
        (
            {"norms": [Layered("l2", layers={"hidden": "l1"})]},
            "no layer 'hidden' for a norm: the layers are first, last",
        ),
        ({"w0": [{"first": np.ones((3, 3))}]}, "The parameters have the parts first"),
        ({"w0": []}, "w0 holds 0 start parameters for 1 datasets"),
        (
            {"w0": [{"first": np.full((3, 3), np.nan), "last": np.ones(3)}]},
            "start parameters of dataset 0 are not finite",
        ),
        ({"sampling": "cyclic", "batch": 9}, "The batch of 9 is larger than dataset 0"),
        ({"sampling": "cyclic", "batch": 1, "optimizer": optax.lbfgs()}, "searches along a line"),
        ({"model": None, "norms": [HYBRID]}, "is of a model's layers: give model="),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(given, told: str):
    given = {"model": NETWORK, "steps": 3, "optimizer": optimizers.sign_gd(0.1)} | given
    with pytest.raises(InputError, match=told):
        run(given.pop("optimizer"), TWO[0], **given)


def test_a_model_without_a_degree_has_no_normalised_margin():
    found = run(optimizers.sign_gd(0.1), TWO[0], model=Model("free", LINEAR.init, LINEAR.outputs), steps=3)
    with pytest.raises(InputError, match="no degree of homogeneity to normalise margins by"):
        found.normalised_margin("l2")


def test_infinity_is_an_error_that_names_step_and_dataset():
    model = Model("exploding", lambda key, d, k: jnp.full(d, 0.1), explodes)
    with pytest.raises(TrajectoryError, match=r"NaN or infinity after \d+ steps on dataset 0, Dataset"):
        run(optax.sgd(100.0), TWO[0], model=model, steps=100)
