"""Norms of layers: values and duals in closed form, directions that attain them, KKT points in them."""

from typing import get_args

import numpy as np
import pytest

from solvers import InputError, Layered, kkt_gap, kkt_residual, max_margin
from solvers.layered import Combine, flat_norm, parsed

SHAPES = {"first": (3, 2), "last": (4,)}
HYBRID = Layered("spectral", "linf", weights={"others": 2.0})
NORMS = [
    Layered(a, b, combine=combine, weights={"first": 0.5})
    for a, b in (("spectral", "linf"), ("l2", "l1"), ("nuclear", "l3"))
    for combine in get_args(Combine)
]
RNG = np.random.default_rng(0)


def test_a_hybrid_norm_in_closed_form():
    w = RNG.normal(size=10)
    norm = HYBRID.on(SHAPES)
    matrix, vector = w[:6].reshape(3, 2), w[6:]
    singular = np.linalg.svd(matrix, compute_uv=False)
    assert norm.value(w) == pytest.approx(max(singular[0], 2 * np.abs(vector).max()))
    assert norm.dual_value(w) == pytest.approx(singular.sum() + np.abs(vector).sum() / 2)
    assert HYBRID.name == "max(spectral, others 2 linf)"
    assert Layered("l2", combine="l2").on(SHAPES).value(w) == pytest.approx(np.linalg.norm(w))
    assert Layered("l1", combine="sum").on(SHAPES).value(w) == pytest.approx(np.abs(w).sum())


@pytest.mark.parametrize("norm", NORMS, ids=str)
def test_the_direction_attains_the_dual_norm_and_nothing_exceeds_it(norm: Layered):
    flat = norm.on(SHAPES)
    for g in RNG.normal(size=(3, 10)):
        u = flat.direction(g)
        assert flat.value(u) == pytest.approx(1)
        assert g @ u == pytest.approx(flat.dual_value(g))
        for v in RNG.normal(size=(20, 10)):
            assert abs(g @ v) <= flat.dual_value(g) * flat.value(v) * (1 + 1e-12)


@pytest.mark.parametrize("norm", NORMS, ids=str)
def test_the_dual_expression_is_the_dual_value(norm: Layered):
    import cvxpy as cp

    flat, g = norm.on(SHAPES), RNG.normal(size=10)
    assert flat.dual_expression(cp.Constant(g)).value == pytest.approx(float(flat.dual_value(g)), rel=1e-6)


def test_a_layer_of_zero_gradient_stays_where_it_is():
    g = np.append(RNG.normal(size=6), np.zeros(4))
    u = HYBRID.on(SHAPES).direction(g)
    assert not u[6:].any()
    assert not HYBRID.on(SHAPES).direction(np.zeros(10)).any()


def test_equal_norms_are_one_norm():
    assert Layered("spectral", "linf", weights={"others": 2.0}) == HYBRID
    assert hash(Layered("spectral", "linf", weights={"others": 2.0})) == hash(HYBRID)
    assert Layered("spectral", "linf") != HYBRID


def test_single_layers_have_norms_and_weights_of_their_own():
    w = RNG.normal(size=10)
    norm = Layered("l2", layers={"last": "l1"}, weights={"last": 3.0}).on(SHAPES)
    assert norm.value(w) == pytest.approx(max(np.linalg.norm(w[:6]), 3 * np.abs(w[6:]).sum()))
    assert Layered("spectral").others.name == "l2"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Layered("l2", weights={"last": 0.0}), "weight of last in a norm of layers is 0.0"),
        (lambda: Layered("l2", layers={"middle": "l1"}).on(SHAPES), "no layer 'middle' for a norm"),
        (lambda: Layered("l2", "spectral").on(SHAPES), "last has 1 axes, and the spectral norm is of matrices"),
        (lambda: flat_norm("spectral", SHAPES), "spectral norm is no norm of several layers"),
        (lambda: kkt_residual(np.ones(3), np.eye(3), np.ones(3), 1, HYBRID.on(SHAPES)), "layers of the norm"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(make, told):
    with pytest.raises(InputError, match=told):
        make()


X, Y = np.array([[1.0, 0.5, -0.2], [0.3, 1.0, 0.4], [2.0, 1.1, 1.3]]), np.ones(3, int)


@pytest.mark.parametrize("norm", ["l1", "l1.5", "l2", "linf"])
def test_the_gap_of_a_linear_model_is_that_of_its_margin(norm: str):
    w, best = np.array([1.0, 2.0, 3.0]), max_margin(X, Y, norm)
    from solvers import normalised_margin

    assert kkt_gap(w, X, X @ w, 1, norm) == pytest.approx(1 - normalised_margin(w, X, Y, norm) / best.lower, abs=1e-6)
    assert kkt_gap(best.weights, X, X @ best.weights, 1, norm) == pytest.approx(0, abs=1e-6)


def test_layers_of_a_linear_model_are_features_in_groups():
    """max(l2 of two features, l2 of the third): at most 1 each, so the maximiser on one point is known."""
    x = np.array([[3.0, 4.0, 2.0]])
    flat = Layered("l2").on({"a": (2,), "b": (1,)})
    best = np.array([0.6, 0.8, 1.0])
    assert kkt_gap(best, x, x @ best, 1, flat) == pytest.approx(0, abs=1e-6)
    assert kkt_residual(best, x, x @ best, 1, flat).total == pytest.approx(0, abs=1e-5)
    other = np.array([0.6, 0.8, 0.5])  # margin 6 of 7
    assert kkt_gap(other, x, x @ other, 1, flat) == pytest.approx(1 / 7, abs=1e-6)


def test_the_gap_is_continuous_where_the_residual_is_not():
    w, x = np.array([1.0, 1.0 - 1e-6]), np.array([[1.0, 1.0]])
    assert kkt_residual(w, x, x @ w, 1, "linf").stationarity > 0.9
    assert kkt_gap(w, x, x @ w, 1, "linf") < 1e-5


def test_a_network_of_one_neuron_has_its_kkt_point_in_closed_form():
    """`a w^2` has `w^2 = 2 a^2` in l2; in linf `|a| = |w|`."""

    def gap(w: float, a: float, norm: str) -> float:
        return kkt_gap([w, a], np.array([[2 * a * w, w * w]]), np.array([a * w * w]), 3, norm)

    assert gap(np.sqrt(2.0), 1.0, "l2") == pytest.approx(0, abs=1e-6)
    assert gap(1.0, 1.0, "linf") == pytest.approx(0, abs=1e-6)
    assert gap(1.0, 1.0, "l2") == pytest.approx(1 - 3 / np.sqrt(10), abs=1e-6)
    assert gap(np.sqrt(2.0), 1.0, "linf") == pytest.approx(1 - 3 / (2 + np.sqrt(2.0)), abs=1e-6)


@pytest.mark.parametrize(
    "norm",
    [
        Layered("l2"),
        Layered("spectral", "linf"),
        Layered("spectral", combine="l2", weights={"matrices": 2, "others": 0.5}),
        Layered("nuclear", "l1", combine="sum", layers={"last": "l3"}, weights={"first": 1e-3, "last": 4}),
    ],
)
def test_a_norm_is_read_from_its_name(norm: Layered):
    assert parsed(norm.name) == norm


def test_a_name_without_layers_is_that_of_a_norm():
    assert parsed("spectral").name == "spectral"
    assert parsed("max").name == "linf"


@pytest.mark.parametrize("name", ["max(2)", "max(l2,)", "max(l2, others)", "max(l2, others l1 l2)", "max(0.5)"])
def test_a_name_that_cannot_be_read_is_shown(name: str):
    with pytest.raises(InputError, match=r"cannot be read at .*: write it like max\(spectral"):
        parsed(name)


def test_unknown_norms_in_a_name_are_told():
    with pytest.raises(InputError, match="Unknown norm 'linff'"):
        parsed("max(spectral, others linff)")
    with pytest.raises(InputError, match="Unknown norm 'mean"):
        parsed("mean(l2)")
