"""Losses: values and slopes against forty-digit arithmetic, and against each other."""

import decimal
from decimal import Decimal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from solvers.errors import InputError
from tests.verify.reference import CONTEXT, INF, exact_loss
from verify.losses import (
    CROSS_ENTROPY,
    EXPONENTIAL,
    LOG_EXPONENTIAL,
    LOSSES,
    PAIRWISE_LOGISTIC,
    loss,
    own_loss,
    softplus,
)

MARGINS = (
    -800.0,
    -709.9,
    -50.0,
    -1.0,
    -1e-9,
    0.0,
    1e-9,
    1.0,
    3.5,
    9.0,
    20.0,
    36.6,
    37.1,
    50.0,
    345.0,
    704.0,
    746.0,
    1e4,
    99999.5,
)
ROWS = (
    *((z, INF, INF) for z in MARGINS),
    *((z, z, INF) for z in MARGINS),
    *((z, z + 1.0, z + 40.0) for z in MARGINS),
    (-800.0, 0.0, 1e5),
    (-800.0, -800.0, 800.0),
    (INF, 1e5, -3.0),
    (36.0, 36.0, 36.0),
)
BY_NAME = ("exponential", "cross_entropy", "pairwise_logistic", "polynomial_tail")


def log(a: Decimal) -> float:
    with decimal.localcontext(CONTEXT):
        return float(a.ln()) if a else -INF


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_value_and_slopes_are_exact_to_rounding(name: str, dtype: type):
    rows = [tuple(float(dtype(v)) for v in row) for row in ROWS]
    z = jnp.asarray(rows, dtype)
    values, slopes = LOSSES[name].log_value(z), LOSSES[name].log_slopes(z)
    assert values.dtype == slopes.dtype == dtype
    # A logarithm of size v has an error of a few ulp of the margins it comes from, and of v.
    ulp = float(np.finfo(dtype).eps)
    for row, value, slope in zip(rows, np.asarray(values), np.asarray(slopes), strict=True):
        want_value, want_slopes = exact_loss(name, row)
        size = max(1.0, *(abs(v) for v in row if v != INF))
        assert value == pytest.approx(log(want_value), rel=0, abs=8 * ulp * size), row
        assert slope == pytest.approx([log(s) for s in want_slopes], rel=0, abs=8 * ulp * size), row


@pytest.mark.parametrize("name", BY_NAME)
def test_small_losses_and_slopes_are_exact_relatively_where_they_are_representable(name: str):
    """Near separation the slope itself has full precision: nothing was subtracted from 1."""
    for margin in (36.6, 37.1, 50.0, 345.0):
        value, slopes = exact_loss(name, (margin, margin + 2))
        z = jnp.asarray([margin, margin + 2])
        assert float(jnp.exp(LOSSES[name].log_value(z))) == pytest.approx(float(value), rel=1e-13)
        np.testing.assert_allclose(jnp.exp(LOSSES[name].log_slopes(z)), [float(s) for s in slopes], rtol=1e-13)


@pytest.mark.parametrize("name", BY_NAME)
def test_slopes_are_the_derivative_of_the_value(name: str):
    rows = jnp.asarray([r for r in ROWS if INF not in r and max(r) < 600 and min(r) > -600])
    derivative = jax.jit(jax.vmap(jax.grad(lambda z: -jnp.exp(LOSSES[name].log_value(z)))))(rows)
    np.testing.assert_allclose(jnp.exp(LOSSES[name].log_slopes(rows)), derivative, rtol=2e-12)


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("shift", [-790.0, 0.0, 40.0, 1e5])
def test_scaled_slopes_agree_with_their_logarithms(name: str, shift: float):
    """On a dataset whose margins lie around any value: the largest is of order 1, the others exact beside it."""
    z = shift + jnp.asarray([[0.0, 3.0, INF], [INF, 1.0, 25.0], [0.5, INF, 80.0], [900.0, 0.0, INF]])
    slopes, scale = LOSSES[name].scaled_slopes(z)
    want = np.asarray(LOSSES[name].log_slopes(z))
    assert 0.1 <= float(jnp.max(slopes)) <= 1
    seen = want - float(scale) > -700
    slopes = np.asarray(slopes)
    np.testing.assert_allclose(np.log(slopes[seen]) + float(scale), want[seen], rtol=0, atol=1e-10)
    assert np.all(slopes[~seen] == 0)


@pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name].scaled_value])
@pytest.mark.parametrize("rivals", [1, 3])
@pytest.mark.parametrize("shift", [-790.0, -3.0, 0.0, 3.0, 40.0, 700.0, 1e5])
def test_values_over_the_scale_of_the_slopes_agree_with_their_logarithms(name: str, rivals: int, shift: float):
    """The largest to rounding, and so each that counts in a mean; none is lost at any margin."""
    z = shift + jnp.asarray([[0.0, 3.0, INF], [0.0, 1.0, 25.0], [0.5, INF, 80.0], [900.0, 0.0, INF]])[:, :rivals]
    _, scale = LOSSES[name].scaled_slopes(z)
    want = np.exp(np.asarray(LOSSES[name].log_value(z)) - float(scale))
    value = LOSSES[name].scaled_value
    assert value is not None
    # A margin of size z has an error of an ulp, and so its exponential one of z ulp.
    np.testing.assert_allclose(value(z), want, rtol=4e-16 * max(8.0, abs(shift) + 900), atol=0)


@pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name].scaled_total])
@pytest.mark.parametrize("rivals", [1, 3])
@pytest.mark.parametrize("shift", [-790.0, 0.0, 40.0, 1e5])
def test_totals_are_the_sums_of_the_scaled_slopes(name: str, rivals: int, shift: float):
    z = shift + jnp.asarray([[0.0, 3.0, INF], [0.0, 1.0, 25.0], [0.5, INF, 80.0], [900.0, 0.0, INF]])[:, :rivals]
    slopes, total = LOSSES[name].scaled_slopes(z)[0], LOSSES[name].scaled_total
    assert total is not None
    np.testing.assert_allclose(total(z), jnp.sum(slopes, axis=-1, keepdims=True), rtol=1e-15)


@pytest.mark.parametrize("function", ["log_value", "log_slopes"])
def test_cross_entropy_and_pairwise_loss_of_one_rival_are_the_logistic_loss(function: str):
    z = jnp.asarray(MARGINS)[:, None]
    logistic = np.asarray(getattr(loss("logistic"), function)(z))
    np.testing.assert_allclose(getattr(PAIRWISE_LOGISTIC, function)(z), logistic, rtol=1e-14, atol=1e-17)
    # With absent rivals beside the one: the general formula instead of the special one.
    padded = jnp.concatenate([z, jnp.full_like(z, INF)], axis=1)
    np.testing.assert_allclose(
        np.asarray(getattr(CROSS_ENTROPY, function)(padded)).T[0], logistic.T[0], rtol=1e-14, atol=1e-17
    )


def test_scaled_slopes_of_one_rival_are_the_same_in_all_logistic_losses():
    z = jnp.asarray([[3.0], [700.0], [2e3]])
    ones, scale = CROSS_ENTROPY.scaled_slopes(z)
    for name, margins in (("cross_entropy", jnp.pad(z, ((0, 0), (0, 2)), constant_values=INF)), (BY_NAME[2], z)):
        slopes, other = LOSSES[name].scaled_slopes(margins)
        assert float(other) == float(scale)
        np.testing.assert_allclose(slopes[:, :1], ones, rtol=1e-14)


def test_log_exponential_differs_from_the_exponential_in_its_objective_only():
    assert LOG_EXPONENTIAL.of_log
    assert not EXPONENTIAL.of_log
    z = jnp.asarray([[1.0], [2.0]])
    assert bool(jnp.all(LOG_EXPONENTIAL.log_value(z) == EXPONENTIAL.log_value(z)))


def test_a_loss_is_found_by_name_or_passed_through():
    assert loss("logistic") is loss("cross_entropy") is CROSS_ENTROPY
    assert loss(PAIRWISE_LOGISTIC) is PAIRWISE_LOGISTIC
    with pytest.raises(InputError, match=r"^There is no loss 'hinge': use one of exponential, .*log_exponential, or a"):
        loss("hinge")


def test_types_are_checked_while_testing():
    """The import hook of the tests is in place: without it shape annotations would be comments."""
    with pytest.raises(TypeCheckError):
        softplus(jnp.asarray([1, 2, 3]))


@pytest.mark.parametrize("known", [EXPONENTIAL, CROSS_ENTROPY, PAIRWISE_LOGISTIC], ids=lambda known: known.name)
def test_an_own_loss_has_the_slopes_of_the_known_one_with_its_value(known):
    own = own_loss("own", known.log_value)
    z = jnp.asarray([row for row in ROWS if row[0] != INF])
    slopes, want = np.asarray(own.log_slopes(z)), np.asarray(known.log_slopes(z))
    seen = want > np.asarray(known.log_value(z))[:, None] - 700
    np.testing.assert_allclose(slopes[seen], want[seen], rtol=1e-12, atol=1e-12)
    assert (np.isneginf(slopes) | (slopes < -700))[~seen].all()
    z = jnp.asarray([[40.0, INF], [41.0, 45.0], [700.0, INF]])
    slopes, scale = own.scaled_slopes(z)
    np.testing.assert_allclose(slopes, np.exp(known.log_slopes(z) - scale), rtol=1e-12)
    assert float(jnp.max(slopes)) == 1.0


def test_an_own_loss_that_is_in_no_table():
    """`e^(-z^2 sign z)`, far out: `log l' = log 2z - z^2`, where the loss itself is zero."""
    squared = own_loss("squared-tail", lambda z: -z[..., 0] * jnp.abs(z[..., 0]))
    slopes = squared.log_slopes(jnp.asarray([[100.0], [1e4]]))
    np.testing.assert_allclose(slopes, [[np.log(200.0) - 1e4], [np.log(2e4) - 1e8]], rtol=1e-15)
    rising = own_loss("rising", lambda z: z[..., 0])
    assert np.isnan(rising.log_slopes(jnp.ones((1, 1)))).all()
    assert loss(squared) is squared
    with pytest.raises(InputError, match="another name"):
        own_loss("logistic", CROSS_ENTROPY.log_value)
