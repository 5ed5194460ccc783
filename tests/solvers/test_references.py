"""The references against closed forms, other libraries, each other, and random attempts to beat them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from sklearn.datasets import load_iris, load_wine
from sklearn.svm import SVC

from solvers import (
    NORMS,
    InputError,
    NonSeparableError,
    Norm,
    hard_margin,
    margins,
    max_margin,
    max_margins,
    norm,
    normalised_margin,
)
from solvers.references import max_margins_in
from tests.solvers.data import binary, multiclass, thin

ENTRYWISE = [kind for kind in NORMS if not kind.matrix_only]
every_norm = pytest.mark.parametrize("kind", NORMS, ids=str)
every_vector_norm = pytest.mark.parametrize("kind", ENTRYWISE, ids=str)
TIGHT = {"l1": 1e-9, "l2": 1e-9, "linf": 1e-9}


def combination(x, y, multipliers):
    """The combination of data vectors, written out again as the theory has it."""
    if multipliers.ndim == 1:
        return (multipliers * y) @ x
    total = np.zeros((multipliers.shape[1], x.shape[1]))
    for i, c in zip(*np.nonzero(multipliers), strict=True):
        total[y[i]] += multipliers[i, c] * x[i]
        total[c] -= multipliers[i, c] * x[i]
    return total


def check(reference, x, y, kind):
    """Everything that a reference promises, recomputed from its weights and multipliers."""
    assert reference.certified
    assert reference.width <= TIGHT.get(kind.name, 1e-6)
    assert 0 < reference.lower <= reference.upper
    assert kind.value(reference.weights) == pytest.approx(1, rel=1e-13)
    own = normalised_margin(reference.weights, x, y, kind)
    assert reference.lower <= own <= reference.upper * (1 + 1e-13)
    assert own == pytest.approx(reference.lower, rel=1e-9)
    assert (reference.multipliers >= 0).all()
    assert reference.multipliers.sum() == pytest.approx(1, rel=1e-13)
    proof = kind.dual_value(combination(x, y, reference.multipliers))
    assert proof <= reference.upper
    assert proof == pytest.approx(reference.upper, rel=1e-9)
    table = margins(reference.weights, x, y)
    assert table.shape == reference.multipliers.shape == reference.support.shape
    assert reference.support[table == table.min()].all()
    assert (table[reference.support] <= reference.upper * (1 + 2e-5)).all()


@every_vector_norm
def test_binary_references(kind):
    datasets = [binary(j, 12, 5) for j in range(4)] + [binary(9, 3, 7), binary(10, 40, 2)]
    for (x, y), reference in zip(datasets, max_margins(datasets, kind), strict=True):
        check(reference, x, y, kind)
        assert max_margin(x, y, kind).lower <= reference.upper
        assert reference.lower <= max_margin(x, y, kind).upper


@every_norm
def test_multiclass_references(kind):
    datasets = [multiclass(j, 10, 4, 3) for j in range(2)]
    for (x, y), reference in zip(datasets, max_margins(datasets, kind), strict=True):
        check(reference, x, y, kind)


@every_norm
def test_no_random_weights_beat_the_upper_bound(kind):
    x, y = multiclass(3, 8, 3, 3)
    reference = max_margin(x, y, kind)
    rng = np.random.default_rng(0)
    # Near the maximiser and far from it.
    for spread in (0.01, 0.1, 1.0, 10.0):
        for noise in spread * rng.normal(size=(50, 3, 3)):
            assert normalised_margin(reference.weights + noise, x, y, kind) <= reference.upper
            assert normalised_margin(reference.weights + noise - noise.mean(), x, y, kind) <= reference.upper


@every_vector_norm
def test_a_single_point_has_the_dual_norm_as_margin(kind):
    x = np.array([[3.0, -1.0, 0.0, 0.5]])
    for y in ([1], [-1]):
        reference = max_margin(x, y, kind)
        assert reference.lower <= kind.dual_value(x) * (1 + 1e-15)
        assert reference.upper >= kind.dual_value(x) * (1 - 1e-15)
        assert reference.certified


@every_norm
def test_two_points_on_an_axis(kind):
    # Classes 0 and 1 at +1 and -1: W = [[a], [b]] has margins a - b, so that the margin is ||(1, -1)||_*.
    reference = max_margin([[1.0], [-1.0]], [0, 1], kind, classes=2)
    exact = kind.dual_value(np.array([[1.0], [-1.0]]))
    assert reference.lower * (1 - 1e-15) <= exact <= reference.upper * (1 + 1e-15)


def test_l2_agrees_with_scikit_learn():
    for seed in range(3):
        x, y = binary(seed, 20, 4)
        machine = SVC(kernel="linear", C=1e10, tol=1e-9)
        # scikit-learn always fits an intercept: mirrored points make it 0.
        machine.fit(np.vstack([x, -x]), np.concatenate([y, -y]))
        assert max_margin(x, y).lower == pytest.approx(1 / np.linalg.norm(machine.coef_), rel=1e-4)


@pytest.mark.parametrize("name", ["l1", "linf"])
def test_linear_programmes_agree_with_scipy(name):
    for x, y in (binary(1, 15, 4), binary(2, 5, 6)):
        q = y[:, None] * x
        n, d = q.shape
        if name == "linf":
            table, right, low = np.hstack([-q, np.ones((n, 1))]), np.zeros(n), -1.0
        else:
            ball = np.append(np.ones(2 * d), 0.0)
            table, right, low = np.vstack([np.hstack([-q, q, np.ones((n, 1))]), ball]), np.append(np.zeros(n), 1), 0.0
        bounds = [(low, 1.0)] * (table.shape[1] - 1) + [(None, None)]
        objective = np.append(np.zeros(table.shape[1] - 1), -1.0)
        expected = -linprog(objective, A_ub=table, b_ub=right, bounds=bounds).fun
        assert max_margin(x, y, name).lower == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("name", "factor"), [("linf", 2.0), ("l2", 2**0.5), ("spectral", 2**0.5), ("l1", 1.0)])
def test_two_classes_are_the_binary_problem(name, factor):
    # W = (w, -w) / ... is optimal: the ratio is the dual norm of (1, -1) with the rank-one structure.
    x, y = binary(5, 10, 4)
    single = max_margin(x, y, "l2" if name == "spectral" else name)
    double = max_margin(x, (1 - y) // 2, name, classes=2)
    assert double.lower == pytest.approx(factor * single.lower, rel=1e-6 if name == "spectral" else 1e-8)


def test_max_norm_margins_are_largest_and_sum_norm_margins_smallest():
    x, y = multiclass(4, 9, 4, 3)
    references = [max_margin(x, y, kind) for kind in NORMS]
    largest, smallest = max_margin(x, y, "max"), max_margin(x, y, "sum")
    for reference in references:
        assert smallest.lower <= reference.upper
        assert reference.lower <= largest.upper


def test_wine_and_iris_known_margins():
    x, y = load_wine(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    assert max_margin(x, y, "max").lower == pytest.approx(1.538, abs=1e-3)
    assert max_margin(x, y, "frobenius").lower == pytest.approx(0.4284, abs=1e-4)
    x, y = load_iris(return_X_y=True)
    assert max_margin(x, np.where(y == 0, 1, -1), "linf").lower == pytest.approx(1.121875, abs=1e-9)


@every_vector_norm
@pytest.mark.parametrize("margin", [1e-3, 1e-6])
def test_tiny_margins_are_certified(kind, margin):
    x, y = thin(0, 15, 5, margin)
    reference = max_margin(x, y, kind)
    check_scale = reference.upper / np.abs(x).max()
    assert check_scale < 10 * margin
    assert reference.certified


def test_what_doubles_do_not_permit_is_not_called_certified():
    x, y = thin(0, 30, 10, 1e-10)
    reference = max_margin(x, y)
    assert 0 < reference.lower <= reference.upper
    assert reference.width > 1e-9
    assert not reference.certified


@every_vector_norm
def test_duplicates_and_zero_columns_change_nothing(kind):
    x, y = binary(6, 8, 3)
    plain = max_margin(x, y, kind)
    padded = np.hstack([x, np.zeros((8, 2))])
    doubled = np.vstack([padded, padded[:5], padded[:1]])
    reference = max_margin(doubled, np.concatenate([y, y[:5], y[:1]]), kind)
    check(reference, doubled, np.concatenate([y, y[:5], y[:1]]), kind)
    assert reference.lower == pytest.approx(plain.lower, rel=1e-6)


@pytest.mark.parametrize("factor", [2.0**900, 2.0**-900, 3.0])
@pytest.mark.parametrize("name", ["l2", "linf", "l3"])
def test_the_margin_scales_with_the_features(name, factor):
    x, y = binary(7, 10, 3)
    assert max_margin(x * factor, y, name).upper == pytest.approx(max_margin(x, y, name).upper * factor, rel=1e-6)


def test_integer_features_and_float_labels():
    reference = max_margin(np.array([[1, 2], [-2, -1]]), np.array([1.0, -1.0]), "linf")
    assert reference.lower <= 3 <= reference.upper


def test_references_agree_where_a_solver_returned_nothing(monkeypatch):
    x, y = binary(3, 10, 4)
    exact = max_margin(x, y, "linf")
    monkeypatch.setattr("solvers.programs.linear", lambda batch, norm: [])
    reference = max_margin(x, y, "linf")
    assert not reference.certified
    assert reference.status == "the l2 solution"
    assert reference.lower <= exact.upper
    assert exact.lower <= reference.upper


@pytest.mark.parametrize(
    ("x", "y", "name", "expected"),
    [
        ([[1.0, 0.0]], [1], "l1", True),
        ([[1.0, 1.0]], [1], "l1", False),
        ([[1.0, 1.0]], [1], "linf", True),
        ([[1.0, 0.0]], [1], "linf", False),
        ([[1.0, 0.0]], [1], "l3", True),
        ([[2.0, 1.0], [1.0, 2.0]], [1, 1], "l1", True),
        ([[1.0], [-1.0]], [0, 1], "linf", True),
        ([[1.0, 0.0], [0.0, 1.0]], [0, 1], "spectral", None),
        # A feature below the rounding of the others decides nothing that can be seen.
        ([[1.0, 1e-30]], [1], "linf", None),
        ([[1.0, 1e-30]], [1], "l1", True),
        ([[1.0, 1e-30]], [1], "l2", True),
        ([[1.0, 1e-6]], [1], "linf", True),
    ],
)
def test_uniqueness(x, y, name, expected):
    assert max_margin(x, y, name, classes=2 if 0 in y else None).unique is expected


@settings(max_examples=20)
@given(seed=st.integers(0, 2**20), n=st.integers(1, 12), d=st.integers(1, 8), name=st.sampled_from(["l1", "linf"]))
def test_a_unique_maximiser_has_no_rival(seed, n, d, name):
    x, y = binary(seed, n, d)
    reference = max_margin(x, y, name)
    # The l3 maximiser, moved towards a vertex, or a random step: any rival must lie close to the unique one.
    rng = np.random.default_rng(seed)
    for step in rng.normal(size=(50, d)) * 10.0 ** rng.uniform(-6, 0, size=(50, 1)):
        rival = reference.weights + step
        rival = rival / Norm("entrywise", norm(name).p).value(rival)
        if normalised_margin(rival, x, y, name) >= reference.lower and np.abs(rival - reference.weights).max() > 1e-5:
            assert not reference.unique


def test_hard_margin_satisfies_its_optimality_conditions():
    for seed in range(5):
        x, y = binary(seed, 20, 6)
        w, alpha = hard_margin(x, y)
        assert (alpha >= 0).all()
        np.testing.assert_allclose(w, (alpha * y) @ x, rtol=0, atol=1e-9 * np.abs(w).max())
        slack = y * (x @ w) - 1
        assert slack.min() == pytest.approx(0, abs=1e-9)
        np.testing.assert_allclose(slack[alpha > 0], 0, atol=1e-9)


def test_hard_margin_closed_form():
    # (4, 0) has margin 2 on the maximiser of (1, -1) alone.
    w, alpha = hard_margin([[4.0, 0.0], [-1.0, 1.0]], [1, -1])
    np.testing.assert_allclose(w, [0.5, -0.5], atol=1e-12)
    np.testing.assert_allclose(alpha, [0, 0.5], atol=1e-12)
    # Orthogonal points (2, 0) and (0, 1): w = (1/2, 1), alpha_i = 1 / |x_i|^2.
    w, alpha = hard_margin([[2.0, 0.0], [0.0, 1.0]], [1, 1])
    np.testing.assert_allclose(w, [0.5, 1.0], atol=1e-12)
    np.testing.assert_allclose(alpha, [0.25, 1.0], atol=1e-12)


def test_margins_by_hand():
    np.testing.assert_array_equal(margins([1.0, 2.0], [[1.0, 1.0], [0.0, -2.0]], [1, -1]), [3, 4])
    table = margins([[1.0, 0.0], [0.0, 1.0]], [[3.0, 1.0], [0.0, 2.0]], [0, 1])
    np.testing.assert_array_equal(table, [[np.inf, 2], [2, np.inf]])
    assert normalised_margin([3.0, 4.0], [[1.0, 1.0]], [1], "l2") == pytest.approx(7 / 5)


def test_several_norms_are_as_one_by_one_and_quick_ones_come_first():
    data = [multiclass(0, 7, 3, 3), multiclass(1, 9, 4, 3)]
    told = []
    found = dict(max_margins_in(["spectral", "l3", "linf", "l2"], data, progress=told.append))
    assert list(found) == ["l2", "linf", "l3", "spectral"]
    for name, each in found.items():
        for one, other in zip(each, max_margins(data, name), strict=True):
            assert (one.lower, one.upper) == (other.lower, other.upper)
            np.testing.assert_array_equal(one.weights, other.weights)


def test_bad_data_are_told_before_the_first_of_several_norms():
    x, y = binary(0, 6, 3)
    with pytest.raises(InputError, match="Dataset 0: The spectral norm needs a weight matrix"):
        next(max_margins_in(["l2", "spectral"], [(x, y)]))
    with pytest.raises(NonSeparableError, match="Dataset 0"):
        next(max_margins_in(["linf"], [([[1.0], [-1.0]], [1, 1])]))
