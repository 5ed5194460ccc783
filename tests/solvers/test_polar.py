"""The inline decomposition of small matrices against numpy's, on matrices that are hard for it, in one batch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers import norm
from solvers.polar import LARGEST_SIDE, small_singular_values, small_svd

SHAPES = [(4, 16), (3, 7), (2, 5), (1, 3), (9, 4)]
COUNT = 200
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


def with_spectrum(rng: np.random.Generator, shape: tuple[int, int], spectrum: np.ndarray) -> np.ndarray:
    u, v = (np.linalg.qr(rng.normal(size=(side, side)))[0] for side in shape)
    return (u[:, : len(spectrum)] * spectrum) @ v[:, : len(spectrum)].T


def hard(shape: tuple[int, int]) -> np.ndarray:
    """Matrices with condition numbers up to 1e12, ties, near ties, rank deficiency, zeros, graded rows and columns."""
    rng = np.random.default_rng(shape)
    rank = min(shape)
    spectra = [
        lambda: 10.0 ** -rng.uniform(0, 12, rank),
        lambda: 10.0 ** -rng.choice([0.0, 4.0, 8.0, 12.0], rank),
        lambda: rng.choice([1.0, 0.5, 1e-6], rank),
        lambda: rng.choice([1.0, 1 + 1e-9, 1e-6, 1e-6 * (1 + 1e-5)], rank),
        lambda: rng.choice([1.0, 0.3, 0.0], rank),
    ]
    drawn = [with_spectrum(rng, shape, spectrum()) for spectrum in spectra for _ in range(COUNT)]
    drawn += [rng.integers(-2, 3, size=shape).astype(float) for _ in range(COUNT)]
    drawn += [rng.normal(size=shape) * 10.0 ** -rng.uniform(0, 14, (shape[0], 1)) for _ in range(COUNT)]
    drawn += [rng.normal(size=shape) * 10.0 ** -rng.uniform(0, 14, (1, shape[1])) for _ in range(COUNT)]
    centred = [a - a.mean(axis=0) for a in rng.normal(size=(COUNT, *shape))]  # as gradients of the cross-entropy are
    return np.array([*drawn, *centred, np.zeros(shape)])


def largest(matrices: np.ndarray) -> np.ndarray:
    top = np.linalg.norm(matrices, 2, axis=(1, 2))
    return np.where(top > 0, top, 1)[:, None, None]


@shapes
def test_polar_factors_and_singular_values_are_as_exact_as_numpys(shape):
    """`u` is a partial isometry of numpy's rank, and `a u^T` is symmetric, positive, and keeps all of `a`."""
    matrices = hard(shape)
    matrices = matrices / largest(matrices)
    both = jax.jit(jax.vmap(lambda a: (norm("spectral").direction(a, inline=True), small_svd(jnp, a))))
    with jax.enable_x64(True):
        u, factors = jax.tree.map(np.asarray, both(jnp.asarray(matrices)))
    ut = u.transpose(0, 2, 1)
    assert np.abs(u @ ut @ u - u).max() < 1e-12
    positive = matrices @ ut
    assert np.abs(positive - positive.transpose(0, 2, 1)).max() < 1e-12
    assert np.linalg.eigvalsh(positive).min() > -1e-14
    assert np.abs(u @ ut @ matrices - matrices).max() < max(shape) * 1e-14
    want = np.linalg.svd(matrices, compute_uv=False)
    rank = np.sum(want > max(shape) * np.finfo(float).eps * want[:, :1], axis=1)
    np.testing.assert_array_equal(np.round(np.sum(u * u, axis=(1, 2))), rank)

    left, s, right = factors
    found = np.sort(s, axis=1)[:, ::-1][:, : want.shape[1]]
    np.testing.assert_allclose(found, want, rtol=0, atol=1e-14)
    np.testing.assert_allclose((left * s[:, None, :]) @ right, matrices, rtol=0, atol=1e-14)


@shapes
def test_values_alone_are_as_exact(shape):
    matrices = hard(shape)
    matrices = matrices / largest(matrices)
    with jax.enable_x64(True):
        s = np.asarray(jax.jit(jax.vmap(lambda a: small_singular_values(jnp, a)))(jnp.asarray(matrices)))
    want = np.linalg.svd(matrices, compute_uv=False)
    np.testing.assert_allclose(np.sort(s, axis=1)[:, ::-1][:, : want.shape[1]], want, rtol=0, atol=1e-14)


def test_values_of_graded_rows_keep_their_relative_accuracy():
    """Rows of very different size, at right angles: the small singular values are known to all digits."""
    rows = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 4)))[0].T * np.array([[1e-12], [1.0], [1e-8], [1e-4]])
    _, s, _ = small_svd(np, rows)
    np.testing.assert_allclose(np.sort(s), [1e-12, 1e-8, 1e-4, 1.0], rtol=1e-13)
    np.testing.assert_allclose(np.sort(small_singular_values(np, rows)), [1e-12, 1e-8, 1e-4, 1.0], rtol=1e-13)


def test_inline_norms_agree_with_those_of_the_library():
    methods = [m for kind in map(norm, ("nuclear", "schatten3")) for m in (kind.value, kind.dual_value, kind.direction)]
    matrices = np.random.default_rng(0).normal(size=(50, 2, 7))
    with jax.enable_x64(True):
        inline = jax.jit(jax.vmap(lambda a: [method(a, inline=True) for method in methods]))(jnp.asarray(matrices))
    for method, found in zip(methods, inline, strict=True):
        np.testing.assert_allclose(found, [method(a) for a in matrices], rtol=1e-12, atol=1e-13)


def test_single_precision_stays_single():
    a = jnp.asarray(np.random.default_rng(0).normal(size=(3, 7)), dtype=jnp.float32)
    u = jax.jit(lambda a: norm("spectral").direction(a, inline=True))(a)
    assert u.dtype == jnp.float32
    np.testing.assert_allclose(u @ u.T, np.eye(3), atol=1e-6)


def test_larger_matrices_keep_the_librarys_decomposition():
    side = LARGEST_SIDE + 1
    a = jnp.asarray(np.random.default_rng(0).normal(size=(side, 2 * side)))
    text = jax.jit(lambda a: norm("spectral").direction(a, inline=True)).lower(a).as_text()
    small = jax.jit(lambda a: norm("spectral").direction(a, inline=True)).lower(a[:LARGEST_SIDE]).as_text()
    assert "gesdd" in text
    assert "gesdd" not in small
