"""Gradient flow in log time: closed forms, Soudry et al.'s limits, the hand-over, degenerate data, bad input."""

import logging
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers import hard_margin, max_margin
from solvers.errors import InputError
from verify.datasets import Dataset
from verify.errors import FlowError
from verify.flows.flow import Flow, flow
from verify.flows.smoothness import step_limit
from verify.losses import EXPONENTIAL, LOG_EXPONENTIAL, Loss, log_sum_exp
from verify.optimizers import gradient_descent
from verify.problems.margins.residual import residual_exponent, residual_limit
from verify.runs.simulation import run

HALVED = Loss(
    "halved",
    lambda z: log_sum_exp(-z / 2),
    lambda z: jnp.log(0.5) - z / 2,
    lambda z: (jnp.exp((jnp.min(z) - z) / 2) / 2, -jnp.min(z) / 2),
)
"""The exponential loss with its exponent halved: the weights are twice as long."""


def _gaussian(seed: int, n: int, d: int, k: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d))
    if k:
        y = np.arange(n) % k
        return Dataset(0.7 * x + 2 * np.eye(k, d)[y], y)
    return Dataset(x, np.sign(x @ rng.standard_normal(d)).astype(int))


# Generic: support vectors that span the data, with positive multipliers; moderate residuals.
GENERIC = [
    Dataset([[1, 0.5], [0.3, 1]], [1, 1]),
    Dataset([[1, 1], [1, -1], [1, 0.5]], [1, 1, 1]),
    _gaussian(1, 2, 4),
    _gaussian(4, 3, 5),
    _gaussian(0, 3, 4, 3),
]
LOGLOG = Dataset([[1, 0], [1, 1]], [1, 1])


def _hat(dataset: Dataset) -> np.ndarray:
    reference = max_margin(dataset.x, dataset.y)
    return reference.weights / reference.upper


def _residual(result: Flow, i: int, dataset: Dataset) -> np.ndarray:
    """`w(t) - w_hat log t`, one row a recorded time."""
    hat = _hat(dataset)
    drift = result.log_time.reshape(-1, *[1] * hat.ndim) * hat
    return (result.weights[i] - drift).reshape(len(result.log_time), -1)


def _limit_error(result: Flow, i: int, dataset: Dataset, limit: np.ndarray, log_time: float) -> float:
    at = int(np.argmin(np.abs(result.log_time - log_time)))
    return float(np.abs(_residual(result, i, dataset)[at] - limit.ravel()).max())


@pytest.fixture(scope="module", params=["logistic", "exponential"])
def generic(request) -> tuple[str, Flow]:
    # Three classes with the cross-entropy only, to compile one program less.
    datasets = GENERIC if request.param == "logistic" else GENERIC[:4]
    return request.param, flow(datasets, loss=request.param, log_time=1e5)


def test_gap_falls_like_one_over_log_time(generic):
    _, result = generic
    late = result.log_time >= 1e3
    for i in range(4):
        reference = max_margin(GENERIC[i].x, GENERIC[i].y)
        gap = reference.upper - result.normalised_margin("l2")[i, late]
        slope = np.polyfit(np.log(result.log_time[late]), np.log(gap), 1)[0]
        assert abs(slope + 1) < 3e-4, (i, slope)


def test_residual_reaches_its_limit(generic):
    loss, result = generic
    for i, dataset in enumerate(GENERIC[: len(result.weights)]):
        limit = residual_limit(dataset, loss, result.step_size[i])
        assert limit is not None
        assert limit.shape == dataset.weights_shape
        # The slowest exponent here is 0.18, which is e^-1800 at log time 1e4.
        assert _limit_error(result, i, dataset, limit, 1e4) < 1e-7


def test_limit_of_another_step_size_is_refuted(generic):
    """The limit with `eta` in place of `eta / n` is `w_hat log n` off."""
    loss, result = generic
    for i, dataset in enumerate(GENERIC[: len(result.weights)]):
        wrong = residual_limit(dataset, loss, result.step_size[i] * dataset.n)
        assert wrong is not None
        assert _limit_error(result, i, dataset, wrong, 1e4) > 0.1


def test_halved_exponent_is_refuted():
    dataset = GENERIC[0]
    result = flow(dataset, loss=HALVED, step_size=0.1)
    assert residual_limit(dataset, HALVED, 0.1) is None
    limit = residual_limit(dataset, EXPONENTIAL, 0.1)
    assert limit is not None
    true = flow(dataset, loss=EXPONENTIAL, step_size=0.1)
    assert _limit_error(true, 0, dataset, limit, 1e4) < 1e-7
    assert _limit_error(result, 0, dataset, limit, 1e4) > 1e3
    # It still reaches the same direction, with weights twice as long.
    assert result.margin[0, -1] / true.margin[0, -1] == pytest.approx(2, abs=1e-3)


def test_residual_approaches_its_limit_at_the_predicted_exponent():
    for dataset in (GENERIC[0], _gaussian(2, 8, 2)):
        result = flow(dataset, log_time=400, rtol=1e-10, points=35)
        limit, exponent = residual_limit(dataset, "logistic", result.step_size[0]), residual_exponent(dataset)
        assert limit is not None
        assert exponent is not None
        error = np.linalg.norm(_residual(result, 0, dataset) - limit.ravel(), axis=1)
        span = (error < 1e-2) & (error > 1e-7) & (result.log_time > 20)
        assert span.sum() > 5
        slope = np.polyfit(result.log_time[span], np.log(error[span]), 1)[0]
        assert slope == pytest.approx(-exponent, rel=0.02)


def test_residual_limit_solves_soudrys_equation():
    """`eta/n exp(-y_n <x_n, w>) = alpha_n` on independent support vectors, and `w` lies in their span."""
    for dataset in (GENERIC[0], GENERIC[2], _gaussian(2, 8, 2)):
        _, alpha = hard_margin(dataset.x, dataset.y)
        used = alpha > 0
        limit = residual_limit(dataset, "logistic", 0.3)
        assert limit is not None
        scale = 0.3 / dataset.n * np.exp(-dataset.signed[used] @ limit)
        np.testing.assert_allclose(scale, alpha[used], rtol=1e-9)
        coefficients = np.linalg.lstsq(dataset.signed[used].T, limit)[0]
        np.testing.assert_allclose(dataset.signed[used].T @ coefficients, limit, atol=1e-9)


def test_dependent_support_vectors_have_a_limit_where_all_multipliers_can_be_positive():
    duplicated = Dataset([[1, 0.5], [0.3, 1], [0.3, 1]], [1, 1, 1])
    # Four points with margin 1 under (1, 0, 0) in three dimensions: multipliers are not unique.
    square = Dataset([[1, 1, 0], [1, -1, 0.5], [1, 0, 1], [1, 0.2, -1.5]], [1, 1, 1, 1])
    result = flow([duplicated, square])
    for i, dataset in enumerate((duplicated, square)):
        limit = residual_limit(dataset, "logistic", result.step_size[i])
        assert limit is not None
        assert _limit_error(result, i, dataset, limit, 1e4) < 1e-7


def test_no_limit_where_the_theorem_does_not_speak():
    assert residual_limit(LOGLOG) is None
    assert residual_exponent(LOGLOG) is None
    # A third feature that no support vector has.
    free = Dataset([[1, 0], [3, 1]], [1, 1])
    assert residual_limit(free) is None
    assert residual_limit(GENERIC[0], LOG_EXPONENTIAL) is None
    with pytest.raises(InputError, match="step size is 0"):
        residual_limit(GENERIC[0], step_size=0)


def test_support_vector_without_multiplier_moves_like_log_log():
    result = flow(LOGLOG, log_time=1e5)
    late = result.log_time >= 10
    ratio = result.weights[0][late, 1] / np.log(result.log_time[late])
    error = np.abs(ratio - 1)
    assert error[-1] < 2e-3
    assert error[-1] < error[0] / 10
    # The first component has no such term: the residual there stays bounded.
    assert abs(result.weights[0][-1, 0] - result.log_time[-1]) < 5


@pytest.mark.parametrize("x", [[[3.0]], [[1, 2, -0.5]]])
def test_single_point_exponential_loss(x):
    """`z' = a e^-z` with `a = eta |x|^2` has `z = log(e^z0 + a (t - t0))`, and the weights lie along `x`."""
    dataset = Dataset(x, [-1])
    result = flow(dataset, loss="exponential", log_time=1e5)
    square = float(np.sum(dataset.x**2))
    a = result.step_size[0] * square
    at = int(np.flatnonzero(result.log_time == math.log(result.handover))[0])
    rest = math.exp(result.margin[0, at]) - a * result.handover
    expected = np.logaddexp(result.log_time[at:] + math.log(a), math.log(rest))
    np.testing.assert_allclose(result.margin[0, at:], expected, rtol=0, atol=2e-7)
    np.testing.assert_allclose(result.log_loss[0], -result.margin[0], rtol=1e-12)
    np.testing.assert_allclose(result.weights[0][at:], -expected[:, None] * dataset.x / square, rtol=0, atol=2e-7)
    # From zero weights the flow is log(1 + a t): discrete steps are ahead by the hand-over's error only.
    assert abs(result.margin[0, -1] - (result.log_time[-1] + math.log(a))) < 1e-7


def test_single_point_logistic_loss():
    """`z' = a / (1 + e^z)`, so `z + e^z - a t` stays."""
    dataset = Dataset([[1, 2]], [1])
    result = flow(dataset, log_time=300)
    a = result.step_size[0] * 5
    at = int(np.flatnonzero(result.log_time == math.log(result.handover))[0])
    z = result.margin[0, at:]
    left = np.logaddexp(z, np.log(z))
    rest = z[0] + math.exp(z[0]) - a * result.handover
    np.testing.assert_allclose(left, np.logaddexp(result.log_time[at:] + math.log(a), math.log(rest)), atol=1e-6)


def test_two_classes_are_the_binary_problem():
    """The weights' difference moves twice as fast as a binary weight, at half the stable step size."""
    binary = [_gaussian(seed, 6, 3) for seed in range(3)]
    classes = [Dataset(s.x, s.y, classes=2) for s in binary]
    one, two = flow(binary), flow(classes, loss="cross_entropy")
    np.testing.assert_allclose(two.step_size, one.step_size / 2)
    np.testing.assert_allclose(two.margin, one.margin, rtol=1e-6)
    np.testing.assert_allclose(two.log_loss, one.log_loss, rtol=1e-6)
    for w, pair in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(pair[:, 1] - pair[:, 0], w, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(pair[:, 1], -pair[:, 0], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("loss", ["logistic", "exponential"])
def test_flow_carries_gradient_descent_on(loss):
    """Against 100 000 steps of gradient descent: as far apart as the hand-over's error says, or less."""
    datasets = [GENERIC[0], LOGLOG]
    result = flow(datasets, loss=loss, log_time=math.log(1e5), handover=100)
    for i, dataset in enumerate(datasets):
        steps = run(gradient_descent(float(result.step_size[i])), dataset, loss=loss, steps=100_000)
        distance = np.linalg.norm(result.weights[i][-1] - steps.weights[0]) / np.linalg.norm(steps.weights[0])
        assert 0 < distance < result.handover_error[i] < 2e-3
        assert result.log_loss[i, -1] == pytest.approx(steps.log_loss[0, -1], abs=1e-2)


def test_handover_error_falls_with_the_handover():
    errors = np.array([flow(GENERIC[:4], handover=h, log_time=100).handover_error for h in (10, 100, 1000)])
    assert (errors[:-1] > 5 * errors[1:]).all()
    assert (errors > 0).all()


def test_times_and_curves():
    result = flow(GENERIC[:2], log_time=500, norms=("l2", "linf"), handover=700, points=20)
    assert result.handover == 1000
    discrete = np.exp(result.log_time[result.log_time <= math.log(1000)])
    np.testing.assert_allclose(discrete, [2, 5, 10, 22, 46, 100, 215, 464, 1000], rtol=1e-12)
    later = result.log_time[len(discrete) - 1 :]
    assert later[-1] == 500
    np.testing.assert_allclose(np.diff(np.log(later)), np.log(later[1] / later[0]))
    assert later[1] / later[0] < 10 ** (1 / 20)
    for i, dataset in enumerate(GENERIC[:2]):
        weights = result.weights[i]
        margins = (weights @ dataset.signed.T).min(axis=1)
        np.testing.assert_allclose(result.margin[i], margins, rtol=1e-10)
        np.testing.assert_allclose(result.norms["linf"][i], np.abs(weights).max(axis=1), rtol=1e-12)
        np.testing.assert_allclose(result.normalised_margin("l2")[i], margins / np.linalg.norm(weights, axis=1))
        assert (np.diff(result.log_loss[i]) < 0).all()
    with pytest.raises(InputError, match="did not record the norm 'l1'"):
        result.normalised_margin("l1")


def test_degenerate_data():
    datasets = [
        Dataset([[1, 2], [1, 2], [1, 2]], [1, 1, 1]),
        Dataset([[1, 0, 2], [2, 0, 1]], [1, 1]),
        Dataset([[-5]], [-1]),
        _gaussian(0, 2, 8),
        Dataset([[1, 1e-3], [-1, 1e-3]], [1, 1]),
        Dataset([[0, 0, 1], [0, 0, -1], [0, 1, 0]], [0, 1, 2]),
        LOGLOG,
        Dataset(1e6 * LOGLOG.x, LOGLOG.y),
    ]
    calls = []
    result = flow(datasets, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (8, 8)
    assert (np.diff([done for done, _ in calls]) > 0).all()
    for i, dataset in enumerate(datasets):
        assert result.weights[i].shape == (len(result.log_time), *dataset.weights_shape)
        normalised = result.normalised_margin("l2")[i]
        assert (normalised <= max_margin(dataset.x, dataset.y).upper * (1 + 1e-12)).all()
        assert normalised[-1] > 0.99 * max_margin(dataset.x, dataset.y).upper
    assert (result.weights[1][:, 1] == 0).all()
    assert (result.weights[5][..., 0] == 0).all()
    # A change of units changes nothing but the units.
    np.testing.assert_allclose(result.margin[7], result.margin[6], rtol=1e-9)


def test_another_end_time_and_other_datasets_compile_nothing(caplog):
    flow(GENERIC[:2])
    with jax.log_compiles(), caplog.at_level(logging.DEBUG):
        flow([GENERIC[1], LOGLOG, GENERIC[2]], log_time=2e4, rtol=1e-7, step_size=0.05)
        assert not [record for record in caplog.records if "Compiling" in record.message]
        jax.jit(lambda a: a + 1.25)(jnp.ones(3))
        assert [record for record in caplog.records if "Compiling" in record.message]


@pytest.mark.parametrize("loss", ["logistic", "exponential", "pairwise_logistic"])
@pytest.mark.parametrize("i", [0, 4])
def test_step_limit_bounds_the_curvature_at_the_start(loss, i):
    """`2 / beta` is tight for these losses up to the factor by which the bound of each is loose at zero weights."""
    dataset = GENERIC[i]
    rows = dataset.margin_vectors
    beta = 2 / step_limit(dataset, loss)
    if loss == "logistic" and not dataset.binary:
        p = np.full((dataset.classes, dataset.classes), -1 / dataset.classes**2) + np.eye(dataset.classes) / 3
        hessian = np.kron(p, dataset.x.T @ dataset.x) / dataset.n
    else:
        hessian = rows.T @ rows / dataset.n * (1 if loss == "exponential" else 0.25)
    curvature = np.linalg.eigvalsh(hessian)[-1]
    assert curvature <= beta * (1 + 1e-12)
    assert beta <= 2 * dataset.n * curvature


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"handover": 1}, "after 1 steps: give a whole number of at least 2"),
        ({"handover": True}, "after True steps"),
        (
            {"log_time": math.log(1000)},
            "not a number past the hand-over at 1000 steps: give log\\(1001\\) = 6.9088 or more",
        ),
        ({"log_time": math.inf}, "not a number past"),
        ({"log_time": 5, "handover": 200}, "at 215 steps"),
        ({"step_size": 0.0}, 'step size is 0.0: give a positive number, or "stable"'),
        ({"step_size": -1}, "step size is -1"),
        ({"step_size": "large"}, "step size is 'large'"),
        ({"step_size": 100.0}, "step size 100.0 on dataset 0 is not below 2 / beta = "),
        ({"points": 0}, "0 points a decade"),
        ({"rtol": 0.5}, "tolerance rtol is 0.5"),
        ({"loss": "log_exponential"}, "is not slow"),
        ({"loss": HALVED}, "No smoothness constant is known for the loss 'halved': give a step size"),
        ({"norms": ("spectral",)}, "needs a weight matrix"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(InputError, match=message):
        flow(GENERIC[0], **options)


def test_no_datasets_and_no_features():
    with pytest.raises(InputError, match="no datasets"):
        flow([])
    with pytest.raises(InputError, match="rescale the features"):
        flow(Dataset([[0.0]], [1]))


def test_inseparable_data_are_named():
    with pytest.raises(FlowError, match="dataset 1 has no gradient at zero"):
        flow([GENERIC[0], Dataset([[1], [1]], [1, -1])])
    with pytest.raises(FlowError, match=r"flow of dataset 1, Dataset.*check that it is separable"):
        flow([GENERIC[0], Dataset([[1], [2]], [1, -1])])


def test_a_tolerance_that_was_loosened_on_every_flow_is_told():
    curve = np.ones((2, 3))
    found = Flow(
        log_time=np.arange(1.0, 4.0),
        margin=curve,
        norms={"l2": curve},
        log_loss=-curve,
        weights=[np.ones((3, 1))] * 2,
        step_size=np.ones(2),
        handover=2,
        handover_error=np.zeros(2),
        solver_steps=np.full(2, 5),
        rtol=np.full(2, 1e-6),
        asked=1e-8,
    )
    assert any("tolerance of 2 flows up to 1e-06" in note for note in found.notes)
