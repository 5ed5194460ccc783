"""Formulas of t: what they give, that they compile once, and that nothing but arithmetic is read."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from solvers.errors import InputError
from verify import Dataset, run
from verify.optimizers import Formula, PowerDecay, sign_gd
from verify.optimizers.formulas import formula_or_number

T = np.arange(6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1*(t+1)**-0.5", 0.1 * (T + 1) ** -0.5),
        (" 1/(t+1) ", 1 / (T + 1)),
        ("0.25", np.full(6, 0.25)),
        ("9" * 150, np.full(6, 1e150)),
        ("(" * 99 + "t" + ")" * 99, T),
        ("-" * 198 + "t", T),
        ("-t**2 + 2*t - +3", -(T**2) + 2 * T - 3.0),
        ("min(1, 0.5*t) * max(t % 2, 0.5)", np.minimum(1, 0.5 * T) * np.maximum(T % 2, 0.5)),
        ("0.1 if t < 3 else 0.01", np.where(T < 3, 0.1, 0.01)),
        ("1 if t >= 2 else 2 if t > 0 else 3", np.select([T >= 2, T > 0], [1.0, 2.0], 3.0)),
        ("sqrt(t) + exp(-t) + log(1+t) + abs(cos(pi*t)) + sin(t) + floor(t/2) + t//4",
         np.sqrt(T) + np.exp(-T) + np.log(1 + T) + np.abs(np.cos(np.pi * T)) + np.sin(T) + T // 2 + T // 4),
    ],
)  # fmt: skip
def test_a_formula_gives_what_it_says(text, expected):
    for found in (Formula(text)(T), jax.jit(Formula(text))(jnp.asarray(T, jnp.int32))):
        assert found.dtype == jnp.float64
        np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert Formula(text)(jnp.int32(3)).shape == ()


@pytest.mark.parametrize("make", [sign_gd, optax.sign_sgd])
def test_a_run_with_a_formula_is_that_with_the_schedule(make):
    data = Dataset([[1, 2], [2, -1], [-1, -3]], [1, 1, -1])
    given, written = make(PowerDecay(0.1, 1 / 2)), make(Formula("0.1*(t+1)**-0.5"))
    one, two = (run(optimizer, data, steps=50).margin for optimizer in (given, written))
    np.testing.assert_allclose(two, one, rtol=1e-13)


def test_equal_texts_are_one_optimizer():
    assert sign_gd(Formula("1/(t+1)")).update is not sign_gd(Formula("2/(t+1)")).update
    assert hash(Formula("1/(t+1)")) == hash(Formula("1/(t+1)"))
    assert Formula("1/(t+1)") == Formula("1/(t+1)")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1/2", 0.5), ("10*100", 1000), ("2**10", 1024), ("2.5*2", 5.0), ("(1, 2.5)", (1.0, 2.5)), ("[3]", (3.0,))],
)
def test_numbers(text, expected):
    found = formula_or_number(text)
    assert found == expected
    assert type(found) is type(expected)


def test_what_has_t_in_it_is_a_formula():
    assert formula_or_number("0.1*(t+1)**-0.5") == Formula("0.1*(t+1)**-0.5")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("__import__('os').system('true')", "holds \"__import__"),
        ("(lambda: 1)()", "holds '\\(lambda: 1\\)\\(\\)'"),
        ("t.real", "holds 't.real'"),
        ("[t for t in (1, 2)]", "holds"),
        ("x + 1", "holds 'x'"),
        ("open", "holds 'open'"),
        ("True", "holds True"),
        ("2j", "holds 2j"),
        ("'a' * 9", "holds \"'a'\""),
        ("t if t else 1", "holds"),
        ("1 if 0 < t < 3 else 2", "holds"),
        ("sqrt(t, 2)", "holds 'sqrt\\(t, 2\\)'"),
        ("max(t, key=1)", "holds"),
        ("sqrt(*t)", "holds"),
        ("t @ t", "holds"),
        ("t := 1", "is no formula"),
        ("t; t", "is no formula"),
        ("0.1*(t+1", "is no formula"),
        ("\0", "is no formula"),
        ("t" + "+t" * 200, "at most 200 characters"),
        ("1/t", "is inf at t = 0: give one that is finite"),
        ("log(t)", "is -inf at t = 0"),
        ("exp(t)", "is inf at t = 1000"),
        ("sqrt(50-t)", "is nan at t = 1000"),
        ("9**9**9**9", "is inf at t = 0"),
    ],
)  # fmt: skip
def test_nothing_else_is_read(text, words):
    with pytest.raises(InputError, match=words) as caught:
        Formula(text)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("text", ["1/0", "9**9**9", "(1, t)", "(1, 'a')", "(1, (2, 3))", "1e999"])
def test_what_is_no_finite_number(text):
    with pytest.raises(InputError, match=r"is no finite number|holds"):
        formula_or_number(text)
