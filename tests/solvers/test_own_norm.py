"""A norm of the user's own: certified margins in it, and what is refused."""

import cvxpy as cp
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

from solvers import InputError, Norm, OwnNorm, kkt_residual, max_margin, max_margins, norm
from tests.solvers.data import binary, multiclass
from verify import strategies


def scale(xp, w):
    return xp.arange(1, w.shape[-1] + 1)


def safe(xp, size):
    return xp.where(size > 0, size, xp.ones_like(size))


def weighted_dual(xp, g):
    return xp.sqrt(xp.sum(g**2 / scale(xp, g)))


PARTS = {
    "value": lambda xp, w: xp.sqrt(xp.sum(scale(xp, w) * w**2)),
    "dual_value": weighted_dual,
    "expression": lambda w: cp.norm(cp.multiply(np.sqrt(np.arange(1, w.size + 1)), w)),
    "direction": lambda xp, g: g / scale(xp, g) / safe(xp, weighted_dual(xp, g)),
}
WEIGHTED = OwnNorm("weighted-l2", **PARTS, strictly_convex=True)
# Rows in L2, summed up over the classes; its dual takes the largest row.
GROUPED = OwnNorm(
    "rows-l2",
    value=lambda xp, w: xp.sum(xp.sqrt(xp.sum(w**2, axis=-1))),
    dual_value=lambda xp, g: xp.max(xp.sqrt(xp.sum(g**2, axis=-1))),
    expression=lambda w: cp.sum(cp.norm(w, 2, axis=1)) if w.ndim == 2 else cp.norm(w),
)
# A sheared L2 norm, which is not monotone in the entries' sizes: ||w||^2 = sum_j (w_j - w_{j+1} / 2)^2.
SHEARED = OwnNorm(
    "sheared",
    value=lambda xp, w: xp.sqrt(xp.sum((w - xp.concat([w[1:], xp.zeros_like(w[:1])]) / 2) ** 2)),
    dual_value=lambda xp, g: xp.sqrt(xp.sum((_halves(xp, g) @ g) ** 2)),
    expression=lambda w: cp.norm((np.eye(w.size) - np.eye(w.size, k=1) / 2) @ w),
)


def _halves(xp, g):
    places = xp.arange(g.shape[0])
    apart = places[:, None] - places[None, :]
    return xp.where(apart >= 0, 0.5 ** xp.abs(apart), xp.zeros_like(0.5 ** xp.abs(apart)))


@settings(max_examples=30, deadline=None)
@given(data=strategies.binary())
def test_margins_agree_with_the_rescaled_problem(data):
    reference = max_margin(data.x, data.y, WEIGHTED)
    rescaled = max_margin(data.x, data.y, "l2", scale=np.sqrt(np.arange(1, data.d + 1)))
    assert reference.certified
    assert reference.lower <= rescaled.upper
    assert rescaled.lower <= reference.upper
    assert float(WEIGHTED.value(reference.weights)) == pytest.approx(1, rel=1e-12)


def test_a_batch_is_solved_as_its_members_are():
    sets = [binary(seed, 6, 1 + seed % 4) for seed in range(5)]
    for (x, y), reference in zip(sets, max_margins(sets, WEIGHTED), strict=True):
        alone = max_margin(x, y, WEIGHTED)
        assert reference.certified
        assert reference.lower <= alone.upper
        assert alone.lower <= reference.upper


def test_classes():
    x, y = multiclass(1, 9, 4, 3)
    reference = max_margin(x, y, GROUPED)
    assert reference.certified
    assert reference.norm is GROUPED
    # The sum of the rows' norms lies between the Frobenius norm and the sum of all entries.
    assert max_margin(x, y, "l1").lower <= reference.upper
    assert reference.lower <= max_margin(x, y, "l2").upper
    assert reference.unique is None


def test_a_norm_that_is_not_monotone_is_certified():
    x, y = binary(5, 8, 4)
    reference = max_margin(x, y, SHEARED)
    matrix = np.eye(4) - np.eye(4, k=1) / 2
    turned = max_margin(x @ np.linalg.inv(matrix), y, "l2")
    assert reference.certified
    assert reference.lower <= turned.upper
    assert turned.lower <= reference.upper


def test_numpy_and_jax_agree():
    w = binary(0, 3, 4)[0][0]
    with jax.enable_x64(True):
        for method in (WEIGHTED.value, WEIGHTED.dual_value, WEIGHTED.direction):
            np.testing.assert_allclose(jax.jit(method)(jnp.asarray(w)), method(w), rtol=1e-13)


def test_it_stands_where_a_norm_stands():
    assert norm(WEIGHTED) is WEIGHTED
    assert isinstance(WEIGHTED, Norm)
    assert OwnNorm("weighted-l2", **PARTS) != WEIGHTED
    assert len({WEIGHTED, norm("l2"), WEIGHTED}) == 2
    assert not WEIGHTED.matrix_only
    assert not WEIGHTED.polyhedral
    assert str(WEIGHTED) == "weighted-l2"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"value": lambda xp, w: xp.sqrt(scale(xp, w)) * xp.abs(w)}, "no scalar value"),
        ({"value": lambda xp, w: 0 * xp.sum(w)}, "not positive and finite"),
        ({"value": lambda xp, w: xp.sum(w**2)}, "not homogeneous"),
        ({"value": lambda xp, w: xp.sum(xp.abs(w) ** 0.5) ** 2}, "triangle inequality"),
        ({"value": lambda xp, w: xp.sqrt(xp.mean(w**2))}, "padding"),
        ({"value": lambda xp, w: 2 * xp.sqrt(xp.sum(scale(xp, w) * w**2)), "direction": None}, "its expression differ"),
        ({"dual_value": lambda xp, g: xp.sqrt(xp.sum(g**2)), "direction": None}, "dual value"),
        ({"direction": lambda xp, g: xp.sign(g)}, "not the steepest"),
        ({"direction": lambda xp, g: g / scale(xp, g) / weighted_dual(xp, g)}, "direction at 0"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_parts_that_do_not_agree(wrong, sentence):
    x, y = binary(3, 6, 3)
    with pytest.raises(InputError, match=sentence):
        max_margin(x, y, OwnNorm("wrong", **PARTS | wrong))


@pytest.mark.parametrize(("name", "sentence"), [("l2", "in the library"), ("my norm", "other characters")])
def test_bad_names(name, sentence):
    with pytest.raises(InputError, match=sentence):
        OwnNorm(name, **PARTS)


def test_what_an_own_norm_does_not_have_is_said():
    x, y = binary(3, 6, 3)
    plain = OwnNorm("plain", **PARTS | {"direction": None})
    with pytest.raises(InputError, match="no steepest direction"):
        plain.direction(x[0])
    with pytest.raises(InputError, match="use dual_value"):
        _ = plain.dual
    with pytest.raises(InputError, match="entry-wise"):
        max_margin(x, y, WEIGHTED, scale=np.ones(3))
    with pytest.raises(InputError, match="entry-wise"):
        kkt_residual(np.ones(3), np.ones((1, 3)), [1.0], 1.0, WEIGHTED)
