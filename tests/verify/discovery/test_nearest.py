"""The theorems about methods like an optimizer."""

import optax
import pytest

from verify import optimizers
from verify.claims.index import summaries
from verify.discovery.nearest import nearest
from verify.optimizers import PowerDecay

STEPS = PowerDecay(0.1, 0.5)
KNOWN = [
    each
    for each in summaries()
    if each.id
    in (
        "fan2025/sign-gd-binary",
        "fan2025/signum",
        "zhang2024/adam-0.5",
        "nacson2019/normalised-gd",
        "soudry2018/gradient-descent-logistic",
        "fan2025/muon",
    )
]


@pytest.mark.parametrize(
    ("optimizer", "norm", "first"),
    [
        (optimizers.sign_gd(STEPS), "linf", "fan2025/sign-gd-binary"),
        (optax.chain(optax.trace(0.9), optimizers.sign_gd(STEPS)), "linf", "fan2025/signum"),
        (optax.adam(STEPS, 0.9, 0.99), None, "zhang2024/adam-0.5"),
        (optimizers.gradient_descent(0.3), None, "soudry2018/gradient-descent-logistic"),
        (optimizers.normalised_gd(STEPS), "l2", "nacson2019/normalised-gd"),
    ],
)
def test_the_theorem_about_a_method_is_found(optimizer, norm, first):
    found = nearest(optimizer, norm, known=KNOWN)
    assert found[0].id == first
    assert found[0].cosine > 0.99
    assert found[0].law.startswith("relative gap: ")


def test_no_theorem_is_about_a_norm_that_none_is_about():
    assert nearest(optimizers.sign_gd(STEPS), "l7", known=KNOWN) == []


def test_a_method_that_asks_for_more_than_gradients_is_like_none():
    assert nearest(optax.lbfgs(), "linf", known=KNOWN) == []
