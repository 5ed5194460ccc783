"""Probing: which optimizers are scale-free, how their states scale, and which of them padding would change."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
import pytest

from solvers.errors import InputError
from verify import optimizers
from verify.optimizers.homogeneity import Homogeneity, check_optimizer, harmless_padding, probe

D = (16,)


def accumulated(every: int) -> optax.GradientTransformation:
    """The sign of the sum of `every` gradients, once in so many steps."""

    def update(updates, state, params=None):
        count, total = state[0] + 1, state[1] + updates
        due = count % every == 0
        return jnp.where(due, -jnp.sign(total), 0), (count, jnp.where(due, 0, total))

    return optax.GradientTransformation(lambda params: (jnp.zeros([], jnp.int32), jnp.zeros_like(params)), update)


SCALE_FREE: dict[str, tuple[Callable[[], optax.GradientTransformation], tuple[int, ...]]] = {
    "sign_gd": (lambda: optimizers.sign_gd(0.1), ()),
    "normalised_gd": (lambda: optimizers.normalised_gd(0.1), ()),
    "coordinate_descent": (lambda: optimizers.coordinate_descent(0.1), ()),
    "l3": (lambda: optimizers.steepest_descent(0.1, "l3"), ()),
    "scheduled sign_gd": (lambda: optimizers.sign_gd(optimizers.PowerDecay(0.1, 0.5)), (0,)),
    "signum": (lambda: optimizers.steepest_descent(0.1, "linf", b1=0.9), (0, 1)),
    "adam": (lambda: optimizers.adam(0.1), (0, 1, 2)),
    "rmsprop": (lambda: optimizers.rmsprop(0.1), (0, 1, 2)),
    "adagrad": (lambda: optimizers.adagrad(0.1), (0, 1, 2)),
    "optax sign_sgd": (lambda: optax.sign_sgd(0.1), ()),
    "optax adam": (lambda: optax.adam(0.1, eps=0), (0, 1, 2)),
    "optax adamw": (lambda: optax.adamw(0.1, eps=0), (0, 1, 2)),
    "optax lion": (lambda: optax.lion(0.1), (0, 1)),
    "optax rmsprop": (lambda: optax.rmsprop(0.1, eps=0), (2,)),
    "optax adagrad": (lambda: optax.adagrad(0.1, initial_accumulator_value=0, eps=0), (2,)),
    "optax adamax": (lambda: optax.adamax(0.1, eps=0), (0, 1, 1)),
    "optax lamb": (lambda: optax.lamb(0.1, eps=0), (0, 1, 2)),
    "momentum after adam": (lambda: optax.chain(optax.scale_by_rms(eps=0), optax.trace(0.9)), (2, 0)),
    "optax adam, float32 mean": (lambda: optax.adam(0.1, eps=0, mu_dtype=jnp.float32), (0, 1, 2)),
    # The accumulator is zero after every second step: its degree shows in between.
    "accumulated sign": (lambda: accumulated(2), (0, 1)),
}

NOT_SCALE_FREE: dict[str, Callable[[], optax.GradientTransformation]] = {
    "gradient_descent": lambda: optimizers.gradient_descent(0.1),
    "heavy_ball": lambda: optimizers.heavy_ball(0.1),
    "unnormalised": lambda: optimizers.steepest_descent(0.1, "linf", normalised=False),
    "adam, eps outside": lambda: optimizers.adam(0.1, eps=1e-8),
    "adam, eps inside": lambda: optimizers.adam(0.1, eps=1e-8, eps_inside_root=True),
    # Far below what doubling the gradients a few times would show, yet decisive at a margin of 40.
    "adam, eps 1e-16": lambda: optimizers.adam(0.1, eps=1e-16),
    "adam, eps 1e-100": lambda: optimizers.adam(0.1, eps=1e-100),
    "clipped at 1e50": lambda: optax.chain(optax.clip(1e50), optax.scale_by_rms(eps=0)),
    "optax sgd": lambda: optax.sgd(0.1),
    "optax adam": lambda: optax.adam(0.1),
    "optax adagrad": lambda: optax.adagrad(0.1),
    # Nothing happens within the probe, so nothing is known.
    "accumulated over 50": lambda: accumulated(50),
}


@pytest.mark.parametrize("name", SCALE_FREE)
def test_scale_free_optimizers_and_the_degrees_of_their_state(name: str):
    build, degrees = SCALE_FREE[name]
    optimizer = build()
    found = probe(optimizer, D)
    assert found.scale_free
    # A state of several kinds is compared in the order in which jax lists its leaves.
    leaves = len(jax.tree.leaves(optimizer.init(jnp.zeros(D))))
    assert found.degrees is not None
    assert len(found.degrees) == leaves
    assert tuple(sorted(found.degrees)) == tuple(sorted(degrees + (0,) * (leaves - len(degrees))))
    assert found.highest == max(degrees, default=0)


@pytest.mark.parametrize("name", NOT_SCALE_FREE)
def test_optimizers_that_feel_the_scale(name: str):
    assert probe(NOT_SCALE_FREE[name](), D) == Homogeneity(False, None)


def test_degrees_stand_in_the_order_of_the_leaves():
    assert probe(optimizers.adam(0.1), D).degrees == (0, 1, 2, 0, 0, 0, 0)  # count, mean, square; step sizes


def test_matrices_have_their_own_probe():
    assert probe(optimizers.spectral_descent(0.1, b1=0.9), (4, 3)).degrees == (0, 1, 0, 0, 0, 0)
    assert probe(optimizers.nuclear_descent(0.1), (4, 3)).scale_free
    with pytest.raises(InputError, match="spectral norm needs a matrix"):
        probe(optimizers.spectral_descent(0.1), D)


def by_shape() -> optax.GradientTransformation:
    return optax.stateless(lambda updates, params: jax.tree.map(lambda g: g * g.shape[0] ** 0.5, updates))


@pytest.mark.parametrize(
    ("optimizer", "harmless"),
    [
        (optimizers.sign_gd(0.1), True),
        (optimizers.adam(0.1), True),
        (optimizers.rotated(optimizers.sign_gd(0.1)), True),
        (optax.adam(0.1, eps=0), True),  # 0/0 stays in the padding
        (optax.lamb(0.1), True),
        (optax.lamb(0.1, eps=0), False),  # and here it does not
        (optax.clip_by_block_rms(0.1), False),
        (by_shape(), False),
    ],
    ids=["sign", "adam", "rotated", "optax adam", "lamb with eps", "lamb", "rms", "by shape"],
)
def test_padding_that_would_change_an_optimizer_is_found(optimizer: optax.GradientTransformation, harmless: bool):
    assert harmless_padding(optimizer, False) is harmless


def test_padding_of_matrices():
    assert harmless_padding(optimizers.spectral_descent(0.1), True)
    assert harmless_padding(optimizers.nuclear_descent(0.1), True)
    assert not harmless_padding(by_shape(), True)


def test_anything_else_is_no_optimizer():
    with pytest.raises(InputError, match=r"^'adam' is no optax transformation: give an object with init and update"):
        check_optimizer("adam")
    assert check_optimizer(optimizers.adam(0.1)) is optimizers.adam(0.1)
