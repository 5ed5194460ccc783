"""Trajectories: equal to a forty-digit reference step by step, at any margin; their records, limits and errors."""

import functools
from dataclasses import asdict

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from solvers import OwnNorm, norm
from solvers.errors import InputError
from tests.verify import reference, samples
from tests.verify.reference import adaptive, follow
from verify import optimizers
from verify.datasets import Dataset
from verify.errors import TrajectoryError
from verify.runs.simulation import Simulation, run
from verify.runs.trajectory import grid

STEPS, LONG = 100, 215  # the grid ends there
MIXED = [
    samples.binary(6, 3),
    samples.classes(7, 4, 3),
    samples.binary(4, 2),
    samples.binary(14, 5),
    samples.classes(5, 3, 2),
    Dataset([[1.5, -0.5]], [1]),
]
RULES = {
    "sign_gd": (optimizers.sign_gd, reference.sign),
    "normalised_gd": (optimizers.normalised_gd, reference.normalised),
    "gradient_descent": (optimizers.gradient_descent, reference.plain),
    "adam": (optimizers.adam, lambda: adaptive(0.9, 0.999)),
}


@pytest.mark.parametrize("name", RULES)
def test_every_dataset_of_a_mixed_batch_follows_its_own_reference(name: str):
    """So padding of samples, columns and classes, companions and buckets change nothing; gap budget included."""
    optimizer, rule = RULES[name]
    schedule = optimizers.PowerDecay(0.5, 0.5)
    result = run(optimizer(schedule), MIXED, steps=STEPS, norms=("l2", "linf"), budget=True)
    assert result.time[-1] == STEPS
    close = functools.partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-9)
    for i, dataset in enumerate(MIXED):
        want = follow(dataset, rule(), STEPS, lambda t: 0.5 * (t + 1.0) ** -0.5)
        at = functools.partial(np.take, indices=result.time)
        close(result.weights[i], want.weights[-1])
        close(result.margin[i], at(want.margin))
        close(result.log_loss[i], at(want.log_loss))
        close(result.log_slope[i], at(want.log_slope))
        close(result.norms["l2"][i], [np.linalg.norm(want.weights[t]) for t in result.time])
        close(result.path["l2"][i], at(want.path))
        close(result.descent[i], at(want.descent))
        close(result.second_order[i], at(want.second_order))
        jumps = np.abs(np.diff(want.weights, axis=0)).reshape(STEPS, -1).max(axis=1)
        close(result.path["linf"][i], np.cumsum(jumps)[result.time - 1])
        assert result.weights[i].shape == dataset.weights_shape


def test_order_and_companions_change_nothing():
    optimizer = optimizers.normalised_gd(optimizers.PowerDecay(0.5, 0.5))
    datasets = [samples.binary(20, 5), samples.binary(6, 3), samples.binary(4, 2), samples.binary(14, 5)]
    together = run(optimizer, datasets, steps=STEPS)
    order = [3, 0, 2, 1]
    permuted = run(optimizer, [datasets[i] for i in order], steps=STEPS)
    np.testing.assert_array_equal(permuted.margin, together.margin[order])
    alone = run(optimizer, datasets[0], steps=STEPS)  # in its own shape, 20 x 5, instead of 32 x 16
    np.testing.assert_allclose(alone.margin[0], together.margin[0], rtol=1e-10, atol=1e-10)


def test_more_datasets_than_fit_in_one_call():
    """140 datasets on two devices: chunks of 64 a device, the last one filled up with repetitions."""
    many = [samples.binary(3 + i % 7, 2, seed=i) for i in range(140)]
    optimizer = optimizers.sign_gd(0.1)
    result = run(optimizer, many, steps=10)
    for i in (0, 77, 127, 128, 139):
        np.testing.assert_allclose(result.weights[i], follow(many[i], reference.sign(), 10, lambda t: 0.1).weights[-1])


# Exactness past the range of floating point

LARGE = {
    "sign_gd": (optimizers.sign_gd(100.0), reference.sign, 100.0),
    "adam": (optimizers.adam(500.0), lambda: adaptive(0.9, 0.999), 500.0),
    "optax adam": (optax.adam(2500.0, eps=0), lambda: adaptive(0.9, 0.999, bias_correction=True), 2500.0),
    "float32 mean": (
        optax.adam(2500.0, eps=0, mu_dtype=jnp.float32),
        lambda: adaptive(0.9, 0.999, bias_correction=True),
        2500.0,
    ),
    "rmsprop": (optimizers.rmsprop(8000.0, 0.5), lambda: adaptive(0.0, 0.5), 8000.0),
    "adagrad": (optimizers.adagrad(12000.0), lambda: adaptive(0.0, None), 12000.0),
}


@pytest.mark.parametrize(
    ("name", "dtype"),
    [*((name, np.float64) for name in LARGE), *((name, np.float32) for name in ("sign_gd", "adam", "adagrad"))],
)
def test_scale_free_optimizers_are_exact_at_margins_past_ten_thousand(name: str, dtype: type):
    """Steps that move the gradient's scale by hundreds of nats each."""
    optimizer, rule, step_size = LARGE[name]
    dataset = samples.binary(6, 3, seed=6)
    result = run(optimizer, dataset, steps=LONG, dtype=dtype)
    want = follow(dataset, rule(), LONG, lambda t: step_size)
    assert result.exact
    assert not result.starved.any()
    assert max(want.margin) > 1e4
    tolerance = 1e-9 if dtype is np.float64 and name != "float32 mean" else 1e-3
    np.testing.assert_allclose(result.weights[0], want.weights[-1], rtol=tolerance)
    np.testing.assert_allclose(result.margin[0], np.take(want.margin, result.time), rtol=tolerance, atol=tolerance)


# Two points that pull apart: a step that is too long makes one margin very negative, the next step the other.
SEESAW = Dataset([[1.0, 0.01], [-0.9, 0.1]], [1, 1])


@pytest.mark.parametrize(
    ("loss", "b1", "b2", "size"),
    [
        ("exponential", 0.9, 0.999, 1.0),
        ("exponential", 0.0, 0.5, 1.0),
        ("logistic", 0.9, 0.999, 1.0),
        ("exponential", 0.9, 0.999, 1e-120),  # the state is then small beside the slopes, too
    ],
)
def test_gradients_that_rise_and_fall_by_a_thousand_nats_in_one_step(loss: str, b1: float, b2: float, size: float):
    dataset = Dataset(size * SEESAW.x, SEESAW.y)
    step_size = 1000.0 / size
    for w0 in (np.zeros(2), np.array([-3000.0, -300.0]) / size):
        result = run(optimizers.adam(step_size, b1, b2), dataset, loss=loss, steps=46, w0=[w0])
        want = follow(dataset, adaptive(b1, b2), 46, lambda t: step_size, loss, w0)
        changes = np.diff(want.log_slope)
        assert min(changes) < -1000
        assert max(changes) > 700 or (b1 == 0 and w0.any())
        np.testing.assert_allclose(result.weights[0], want.weights[-1], rtol=1e-8)
        np.testing.assert_allclose(result.log_loss[0], np.take(want.log_loss, result.time), rtol=1e-8, atol=1e-8)


def test_an_update_from_the_momentum_alone_once_the_gradient_is_negligible():
    """After one step of 1e6 the gradient is e^-1000000: Adam then coasts on its moments."""
    dataset = Dataset([[1.0, 0.5]], [1])
    optimizer = optimizers.adam(1e6)
    result = run(optimizer, dataset, steps=100)
    want = follow(dataset, adaptive(0.9, 0.999), 100, lambda t: 1e6)
    np.testing.assert_allclose(result.weights[0], want.weights[-1], rtol=1e-10)
    assert result.log_slope[0, -1] < -1e6


# Zero columns


@pytest.mark.parametrize("optimizer", [optax.adam(0.1, eps=0), optimizers.adam(0.1)], ids=["optax", "own"])
def test_a_zero_column_changes_nothing(optimizer: optax.GradientTransformation):
    dataset = samples.binary(6, 3)
    plain, padded = run(optimizer, [dataset, samples.with_zero_columns(dataset)], steps=100).weights
    np.testing.assert_allclose(padded[1:-1], plain, rtol=1e-12)
    assert padded[0] == padded[-1] == 0


def test_a_trust_ratio_and_a_rotation_are_not_changed_by_padding():
    """A trust ratio is a norm over all entries, NaN where one is 0/0; a rotation is not changed by padding."""
    dataset = samples.binary(6, 3)
    lamb = optax.lamb(0.01, eps=0)
    w, state = jnp.zeros(3), lamb.init(jnp.zeros(3))
    gradient = jax.grad(lambda w: jnp.mean(jnp.log1p(jnp.exp(-dataset.signed @ w))))
    for _ in range(22):
        update, state = lamb.update(gradient(w), state, w)
        w = jnp.asarray(w + update)
    np.testing.assert_allclose(run(lamb, [dataset, MIXED[2]], steps=22).weights[0], w, rtol=1e-10)
    turned = run(optimizers.rotated(optimizers.sign_gd(0.1), 0.5), [dataset, MIXED[2]], steps=22)
    c, s = np.cos(0.5), np.sin(0.5)
    q = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    reference_run = follow(Dataset(dataset.x @ q, dataset.y), reference.sign(), 22, lambda t: 0.1)
    np.testing.assert_allclose(turned.weights[0], q @ reference_run.weights[-1], rtol=1e-10)


# Limits: precision horizon, starved weights, NaN


def test_runs_on_true_gradients_end_at_the_precision_horizon():
    """Exponentially growing steps: the margin passes 672 = log(eps / tiny), the curves end just there."""
    growing = optax.chain(optax.scale_by_schedule(lambda t: jnp.exp(1.5 * jnp.minimum(t, 464))), optax.scale(-1.0))
    datasets = [Dataset([[1.0, 0.5]], [1]), Dataset([[0.1, 0.0]], [1])]
    result = run(growing, datasets, loss="exponential", steps=464)
    assert not result.exact
    limit = np.log(np.finfo(float).tiny / np.finfo(float).eps)
    for i, dataset in enumerate(datasets):
        want = follow(dataset, reference.plain(), 464, lambda t: float(np.exp(1.5 * min(t, 464))), "exponential")
        horizon = next(t for t, slope in enumerate(want.log_slope) if slope < limit)
        assert abs(result.horizon[i] - horizon) <= 1
        past = result.time > result.horizon[i]
        assert past.any()
        for curve in (result.margin, result.log_loss, result.log_slope, result.norms["l2"]):
            np.testing.assert_array_equal(np.isnan(curve[i]), past)
        seen = ~past
        np.testing.assert_allclose(result.margin[i, seen], np.take(want.margin, result.time[seen]), rtol=1e-6)
    assert result.horizon[0] != result.horizon[1]


def test_the_curves_last_until_the_horizon_itself():
    """One step goes to a margin of 1000: the weights are still right there, and the next gradient is lost."""
    result = run(
        optimizers.gradient_descent(1000.0), Dataset(np.ones((1, 1)), np.ones(1)), loss="exponential", steps=10
    )
    assert result.horizon.tolist() == [1]
    assert set(result.margin[0, result.time == 1]) == {1000.0}
    assert np.isnan(result.margin[0, result.time > 1]).all()


def test_scale_free_runs_have_no_horizon():
    result = run(optimizers.sign_gd(100.0), samples.binary(6, 3), steps=STEPS)
    assert result.horizon.tolist() == [-1]
    assert np.isfinite(result.margin).all()


@pytest.mark.parametrize(("name", "far"), [("sign_gd", 800.0), ("adam", 500.0)])
def test_a_weight_whose_gradient_is_lost_beside_the_largest_one_is_reported(name: str, far: float):
    """The second feature belongs to a sample whose slope is e^-far of the other's."""
    dataset = Dataset([[1.0, 0.0], [1.0, 1.0]], [1, 1])
    optimizer = {"sign_gd": optimizers.sign_gd(1.0), "adam": optimizers.adam(1.0)}[name]
    near = run(optimizer, dataset, steps=1, w0=[np.array([0.0, 300.0])])
    lost = run(optimizer, dataset, steps=1, w0=[np.array([0.0, far])])
    assert not near.starved[0, 0]
    assert lost.starved[0, 0]
    assert near.weights[0][1] > 300
    assert lost.weights[0][1] == far


def nan_at(step: int, weight: float) -> optax.GradientTransformation:
    """NaN at a step, on datasets on which the first weight is already past `weight`."""

    def update(updates, state, params):
        bad = (state == step) & (params[0] > weight)
        return jnp.where(bad, jnp.nan, -jnp.sign(updates)), state + 1

    return optax.GradientTransformation(lambda params: jnp.zeros([], jnp.int32), update)


def test_nan_stops_the_run_and_names_step_and_dataset():
    datasets = [Dataset([[-1.0]], [1]), Dataset([[-2.0]], [1]), Dataset([[3.0]], [1]), Dataset([[-4.0]], [1])]
    with pytest.raises(
        TrajectoryError, match=r"^NaN or infinity after 7 steps on dataset 2, Dataset\(\[\[3\]\], \[1\]\):"
    ):
        run(nan_at(6, 0.0), datasets, steps=100)


def test_nan_of_the_last_step_is_seen():
    last = int(grid(10)[-1])
    with pytest.raises(TrajectoryError, match=f"after {last} steps on dataset 0"):
        run(nan_at(last - 1, 0.0), Dataset([[3.0]], [1]), steps=10)


def test_infinite_weights_are_an_error_even_where_slopes_stay_finite():
    """A margin of minus infinity has the slope 1 in the logistic loss."""
    dataset = Dataset([[-1.0]], [1])
    assert 9 not in grid(10)  # between two records
    with pytest.raises(TrajectoryError, match="after 9 steps on dataset 0"):
        run(optax.scale_by_schedule(lambda t: jnp.where(t == 8, jnp.inf, -1e-3)), dataset, steps=10)


# Stages and progress


def test_two_stages_equal_one_and_report_their_progress():
    optimizer, calls = optimizers.adam(optimizers.PowerDecay(0.5, 0.5)), []
    whole = run(optimizer, MIXED, steps=STEPS, progress=lambda done, total: calls.append((done, total)))
    simulation = Simulation(optimizer, MIXED)
    stages: list[list[tuple[int, int]]] = [[], [], []]
    for steps, stage in zip((21, STEPS, 30), stages, strict=True):
        simulation.advance(steps, lambda done, total, stage=stage: stage.append((done, total)))
    np.testing.assert_array_equal(simulation.result().margin, whole.margin)
    np.testing.assert_array_equal(simulation.result().time, whole.time)
    for reports, steps in ((calls, STEPS), (stages[0], 22), (stages[1], STEPS - 22)):
        done = [d for d, _ in reports]
        assert done == sorted(set(done))
        assert {total for _, total in reports} == {done[-1]} == {steps * len(MIXED)}
    assert stages[2] == []  # the horizon was reached before


@pytest.mark.parametrize("steps", [1, 10, 22, STEPS])
def test_a_run_that_has_gone_farther_can_be_cut(steps):
    growing = optax.chain(optax.scale_by_schedule(lambda t: jnp.exp(0.1 * t)), optax.scale(-1.0))
    datasets = [Dataset([[1.0, 0.5]], [1]), Dataset([[100.0, 0.0]], [1]), *MIXED]  # they end at different steps
    found = Simulation(growing, datasets, loss="exponential").advance(LONG).result(steps)
    wanted = Simulation(growing, datasets, loss="exponential").advance(steps).result()
    for one, other in zip(*map(jax.tree.leaves, (asdict(found), asdict(wanted))), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_log_loss_is_descended_at_any_margin():
    """Its gradient is of order 1, so that gradient descent has no horizon within reach; the budget knows it."""
    dataset = samples.binary(6, 3)
    result = run(optimizers.gradient_descent(100.0), dataset, loss="log_exponential", steps=46, budget=True)
    assert result.margin[0, -1] > 1000
    assert result.horizon.tolist() == [-1]
    w = np.zeros(3)
    descent = 0.0
    for _ in range(46):
        z = dataset.signed @ w
        p = np.exp(z.min() - z) / np.exp(z.min() - z).sum()
        w, descent = w + 100 * p @ dataset.signed, descent + 100 * np.sum((p @ dataset.signed) ** 2)
    np.testing.assert_allclose(result.weights[0], w, rtol=1e-9)
    assert result.descent[0, -1] == pytest.approx(descent, rel=1e-9)


def test_without_a_budget_its_sums_are_zero():
    result = run(optimizers.sign_gd(0.1), MIXED[0], steps=10)
    assert not any(np.any(curve) for curve in (result.descent, result.second_order, *result.path.values()))


# Wrong arguments


def test_wrong_arguments_are_named_with_the_remedy(untyped_caller: None):
    optimizer, dataset = optimizers.sign_gd(0.1), MIXED[0]
    cases = {
        "is no optax transformation: give": lambda: run("adam", dataset),
        "There is no loss 'hinge': use one of": lambda: run(optimizer, dataset, loss="hinge"),
        "Unknown norm 'l0'|p-norm needs p >= 1": lambda: run(optimizer, dataset, norms=("l0",)),
        "at least one step, not 0: give": lambda: run(optimizer, dataset, steps=0),
        "no datasets to run on: give": lambda: run(optimizer, []),
        "spectral needs a weight matrix: use": lambda: run(optimizer, dataset, norms=("spectral",)),
        "There is no 'tpu' device here: use": lambda: run(optimizer, dataset, platform="tpu"),
        "w0 holds 2 start weights for 1 datasets: give": lambda: run(optimizer, dataset, w0=[np.zeros(3)] * 2),
        r"w0\[0\] has shape \(2,\).*: give finite start weights of shape \(3,\)": lambda: run(
            optimizer, dataset, w0=[np.zeros(2)]
        ),
        "no step yet: call advance": lambda: Simulation(optimizer, [dataset]).result(),
        "has made 10 steps: call advance before": lambda: Simulation(optimizer, [dataset]).advance(10).result(11),
        "did not record the norm 'linf': name it": lambda: run(optimizer, dataset, steps=1).normalised_margin("linf"),
    }
    for sentence, call in cases.items():
        with pytest.raises(InputError, match=sentence) as caught:
            call()
        assert str(caught.value).rstrip().endswith(".")


def test_normalised_margin_is_margin_over_norm():
    result = run(optimizers.sign_gd(0.1), MIXED[0], steps=10, norms=("l2", "linf"))
    w = result.weights[0]
    want = (MIXED[0].signed @ w).min() / np.abs(w).max()
    assert result.normalised_margin("linf")[0, -1] == pytest.approx(want, rel=1e-12)
    assert result.normalised_margin("max") == pytest.approx(result.normalised_margin("linf"))


def test_two_norms_of_one_name_are_refused():
    def own(factor: float) -> OwnNorm:
        return OwnNorm(
            "scaled",
            value=lambda xp, w: factor * xp.max(xp.abs(w)),
            dual_value=lambda xp, g: xp.sum(xp.abs(g)) / factor,
            expression=lambda w: factor * norm("linf").expression(w),
        )

    data, once = Dataset([[1, 2]], [1]), own(2.0)
    found = run(optimizers.sign_gd(0.1), data, steps=10, norms=[once, once, "linf"])
    np.testing.assert_allclose(2 * found.normalised_margin(once), found.normalised_margin("linf"))
    with pytest.raises(InputError, match="Two norms have one name among scaled, scaled"):
        run(optimizers.sign_gd(0.1), data, steps=10, norms=[once, own(3.0)])
