"""One contract for every norm of the table, on numpy and on jax arrays."""

import math
import subprocess
import sys
from typing import Any, cast

import cvxpy as cp
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from solvers import NORMS, InputError, Norm, norm

ENTRYWISE = [kind for kind in NORMS if not kind.matrix_only]
every_norm = pytest.mark.parametrize("kind", NORMS, ids=str)
finite = st.floats(-1e6, 1e6, allow_subnormal=False).filter(lambda v: v == 0 or abs(v) > 1e-6)
matrices = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=4), elements=finite)
pairs = hnp.array_shapes(min_dims=2, max_dims=2, max_side=4).flatmap(
    lambda shape: st.tuples(*[hnp.arrays(np.float64, shape, elements=finite)] * 2)
)


def samples() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(4, 3))
    sparse = np.where(rng.random((4, 3)) < 0.5, 0.0, dense)
    rank_one = np.outer(dense[:, 0], dense[0])
    return [dense, sparse, rank_one, dense.T, np.ones((2, 3)), np.zeros((2, 2)), dense[:1]]


@every_norm
def test_the_direction_attains_the_dual_norm(kind):
    for g in samples():
        u = kind.direction(g)
        assert u.shape == g.shape
        assert np.sum(u * g) == pytest.approx(kind.dual_value(g), rel=1e-13, abs=1e-300)
        assert kind.value(u) <= 1 + 1e-13


@every_norm
def test_the_direction_of_zero_is_zero(kind):
    assert not kind.direction(np.zeros((3, 2))).any()


@every_norm
@settings(max_examples=60, deadline=None)
@given(pair=pairs)
def test_hoelder(kind, pair):
    w, g = pair
    assert abs(np.sum(w * g)) <= kind.value(w) * kind.dual_value(g) * (1 + 1e-12)


@settings(max_examples=60, deadline=None)
@given(w=matrices)
def test_every_entrywise_norm_lies_between_max_and_sum(w):
    for kind in NORMS:
        assert norm("max").value(w) * (1 - 1e-12) <= kind.value(w) <= norm("sum").value(w) * (1 + 1e-12), kind


@every_norm
@settings(max_examples=30, deadline=None)
@given(pair=pairs, factor=st.sampled_from([-3.0, 0.5, 2.0]))
def test_the_norm_axioms(kind, pair, factor):
    w, v = pair
    assert kind.value(factor * w) == pytest.approx(abs(factor) * kind.value(w), rel=1e-13)
    assert kind.value(w + v) <= (kind.value(w) + kind.value(v)) * (1 + 1e-12)


@every_norm
def test_numpy_and_jax_agree(kind):
    with jax.enable_x64(True):
        for method in (kind.value, kind.dual_value, kind.direction):
            compiled = jax.jit(method)
            for w in [w for w in samples() if w.shape == (4, 3)]:
                np.testing.assert_allclose(compiled(jnp.asarray(w)), method(w), rtol=1e-12, atol=1e-13)


@every_norm
def test_a_batch_is_the_callers_vmap(kind):
    with jax.enable_x64(True):
        batch = np.stack([samples()[0], np.zeros((4, 3)), samples()[1]])
        values = jax.jit(jax.vmap(kind.value))(jnp.asarray(batch))
        directions = jax.jit(jax.vmap(kind.direction))(jnp.asarray(batch))
    for w, value, direction in zip(batch, values, directions, strict=True):
        assert value == pytest.approx(kind.value(w), rel=1e-13)
        np.testing.assert_allclose(direction, kind.direction(w), atol=1e-13)


@every_norm
def test_jax_float32_stays_float32(kind):
    w = jnp.asarray(samples()[0], dtype=jnp.float32)
    assert kind.value(w).dtype == kind.direction(w).dtype == jnp.float32


@every_norm
def test_the_dual_of_the_dual_and_the_name_round_trip(kind):
    assert kind.dual.dual == kind
    assert norm(kind.name) == kind
    assert hash(norm(kind.name)) == hash(kind)


@pytest.mark.parametrize(
    ("name", "order"), [("nuclear", "nuc"), ("spectral", 2), ("frobenius", "fro")], ids=lambda v: str(v)
)
def test_matrix_norms_agree_with_numpy(name, order):
    for w in samples():
        assert norm(name).value(w) == pytest.approx(np.linalg.norm(w, order), rel=1e-13)


@pytest.mark.parametrize("kind", ENTRYWISE, ids=str)
def test_vector_norms_agree_with_numpy(kind):
    for w in samples():
        assert kind.value(w.ravel()) == pytest.approx(np.linalg.norm(w.ravel(), kind.p), rel=1e-13)


@pytest.mark.parametrize("p", [1.5, 3.0])
def test_schatten_norms_are_norms_of_the_singular_values(p):
    for w in samples():
        singular = np.linalg.svd(w, compute_uv=False)
        assert Norm("schatten", p).value(w) == pytest.approx(np.linalg.norm(singular, p), rel=1e-13)


@every_norm
@pytest.mark.parametrize("factor", [1e300, 1e-300])
def test_no_norm_overflows_or_underflows(kind, factor):
    w = samples()[0]
    assert kind.value(w * factor) == pytest.approx(kind.value(w) * factor, rel=1e-12)
    np.testing.assert_allclose(kind.direction(w * factor), kind.direction(w), atol=1e-12)


def test_known_directions():
    g = np.array([[3.0, 0.0], [0.0, -4.0]])
    np.testing.assert_array_equal(norm("linf").direction(g), [[1, 0], [0, -1]])
    np.testing.assert_array_equal(norm("l1").direction(g), [[0, 0], [0, -1]])
    np.testing.assert_allclose(norm("l2").direction(g), g / 5)
    np.testing.assert_allclose(norm("spectral").direction(g), [[1, 0], [0, -1]], atol=1e-15)
    np.testing.assert_allclose(norm("nuclear").direction(g), [[0, 0], [0, -1]], atol=1e-15)


def test_l1_takes_the_first_of_the_largest_entries():
    np.testing.assert_array_equal(norm("l1").direction(np.array([1.0, -2.0, 2.0])), [0, -1, 0])


def test_the_spectral_direction_drops_singular_values_that_are_rounding():
    rank_one = np.outer([1.0, 2.0, 3.0], [1.0, -1.0])
    direction = norm("spectral").direction(rank_one)
    assert np.linalg.matrix_rank(direction, tol=1e-8) == 1


@every_norm
def test_the_cvxpy_expression_has_the_same_unit_ball(kind):
    g = samples()[0]
    w = cp.Variable(g.shape)
    outside: list[Any] = [cp.sum(cp.multiply(g, w)) >= 1]
    problem = cp.Problem(cp.Minimize(kind.expression(w)), outside)
    least = cast(float, problem.solve(solver="CLARABEL"))
    # By duality the least norm of w with <g, w> >= 1 is 1 / ||g||_*.
    assert least * kind.dual_value(g) == pytest.approx(1, rel=1e-6)


def test_aliases():
    assert norm("max") == norm("linf") == Norm("entrywise", math.inf)
    assert norm("sum") == norm("l1") == Norm("entrywise", 1.0)
    assert norm("frobenius") == norm("schatten2") == norm("l2") == Norm("schatten", 2.0)
    assert norm("schatten1") == norm("nuclear")
    assert norm("schatteninf") == norm("spectral")
    assert norm(norm("l3")) == norm("l3.0")
    assert Norm("entrywise", 4 / 3).name != "l1.33333"
    assert norm(Norm("entrywise", 4 / 3).name) == Norm("entrywise", 4 / 3)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("l0.5", "p >= 1"),
        ("schatten0.9", "p >= 1"),
        ("L2", "Unknown norm 'L2': use l1, l2, linf"),
        ("euclid", "Unknown norm"),
    ],
)
def test_bad_norms_are_named_with_the_remedy(spec, words):
    with pytest.raises(InputError, match=words):
        norm(spec)


def test_an_exponent_that_is_no_number():
    with pytest.raises(InputError, match="p >= 1"):
        Norm("entrywise", math.nan)


def test_schatten_norms_need_matrices():
    with pytest.raises(InputError, match="needs a matrix"):
        norm("spectral").value(np.ones(3))
    with pytest.raises(InputError, match="needs a matrix"):
        norm("nuclear").expression(cp.Variable(3))
    with pytest.raises(InputError, match=r"numpy\.asarray"):
        norm("l2").value(cast(Any, [1.0, 2.0]))


def test_integers_are_measured_as_floats():
    assert norm("l2").value(np.array([3, -4])) == 5.0
    assert norm("linf").direction(np.array([3, -4])).dtype == np.float64


def test_importing_the_solvers_does_not_import_cvxpy_or_jax():
    code = "import sys, solvers; print([m for m in ('cvxpy', 'jax') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
