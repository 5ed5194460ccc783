"""Optimizers and losses of one's own, by `FILE.py:NAME` and by a dotted name in the current folder."""

import sys

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from solvers.errors import InputError
from verify.cli.common import values_of
from verify.cli.own import failures_told, is_own, loss_of, named, optimizer_of
from verify.losses import Loss
from verify.optimizers import Formula, PowerDecay

MINE = """
from __future__ import annotations
from dataclasses import dataclass
import jax.numpy as jnp, optax
from beside_mine import RATE
from verify.losses import own_loss

opt = optax.sign_sgd(RATE)
def my_opt(step_size, b1=0.0):
    return optax.sgd(step_size, momentum=b1)
def free():
    return opt
def fails(step_size):
    raise OSError("no such luck")
def ends(step_size):
    raise SystemExit
def nothing(step_size):
    return step_size
@dataclass(frozen=True)
class Own:
    rate: float = 0.1
    def init(self, params): return ()
    def update(self, updates, state, params=None): return -self.rate * updates, state
number = 3
tail = lambda z: -z[..., 0]
whole = own_loss("whole", tail)
plain = lambda z: jnp.exp(-z)
no_logarithm = lambda z: jnp.exp(-z[..., 0])
rising = lambda z: z[..., 0]
raises = lambda z: 1 / 0
"""
G = jnp.array([1.0, -2.0])


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch, untyped_caller):
    """A folder with files of one's own, and no trace of them afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("mine", "beside_mine", "broken", "unready"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    before = set(sys.modules)
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "beside_mine.py").write_text("RATE = 0.5")
    (tmp_path / "broken.py").write_text("x = 1\n1 / 0\n")
    (tmp_path / "unready.py").write_text("import nothing_of_that_name\n")
    (tmp_path / "numpy.py").write_text("opt = 3\n")
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def step(optimizer):
    return np.asarray(optimizer.update(G, optimizer.init(G), G)[0])


@pytest.mark.parametrize("place", ["mine.py:", "./mine.py:", "mine."])
def test_an_object_and_what_makes_one(place):
    np.testing.assert_array_equal(step(optimizer_of(f"{place}opt", [])), [-0.5, 0.5])
    np.testing.assert_array_equal(step(optimizer_of(f"{place}my_opt", ["step_size=0.25"])), -0.25 * G)
    np.testing.assert_array_equal(step(optimizer_of(f"{place}my_opt", ["step_size=1/(t+2)", "b1=0.5"])), -0.5 * G)
    np.testing.assert_array_equal(step(optimizer_of(f"{place}free", [])), [-0.5, 0.5])
    np.testing.assert_array_equal(step(optimizer_of(f"{place}Own", ["rate=2"])), -2 * G)


def test_an_optimizer_of_optax_or_of_the_library():
    np.testing.assert_array_equal(step(optimizer_of("optax.sgd", ["learning_rate=0.5"])), -0.5 * G)
    np.testing.assert_array_equal(step(optimizer_of("sign_gd", ["eta0=0.5", "a=0"])), [-0.5, 0.5])
    np.testing.assert_array_equal(step(optimizer_of("sign_gd", ["step_size=0.5/(t+1)"])), [-0.5, 0.5])


def test_a_file_whose_name_is_taken_hides_nothing():
    assert named("numpy.py:opt", "optimizer").value == 3
    assert sys.modules["numpy"] is np


def test_a_file_is_read_anew(tmp_path):
    assert step(optimizer_of("mine.py:opt", []))[0] == -0.5
    (tmp_path / "mine.py").write_text("import optax\nopt = optax.sign_sgd(2.0)\n")
    assert step(optimizer_of("mine.py:opt", []))[0] == -2


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("nadamax", [], "There is no optimizer 'nadamax': use one of .*, FILE.py:NAME, or optax.lion, say"),
        ("mine:opt", [], "There is no optimizer 'mine:opt'"),
        ("mine.py", [], r"mine\.py is a file, which may hold many things: give mine\.py:NAME"),
        ("mine.py:", [], r"mine\.py defines no '': choose from RATE, opt, my_opt"),
        ("mine.py:nothing_there", [], r"mine\.py defines no 'nothing_there': choose from nothing\."),
        ("mine.nothing_there", [], r"There is no optimizer 'mine\.nothing_there': choose from"),
        ("optax.lyon", [], r"There is no optimizer 'optax\.lyon': choose from lion"),
        ("gone.py:opt", [], r"gone\.py is no Python file: give"),
        ("gone.opt", [], r"There is no optimizer 'gone\.opt': give FILE\.py:NAME"),
        (".mine.opt", [], r"There is no optimizer '\.mine\.opt'"),
        ("mine..opt", [], r"There is no optimizer 'mine\.\.opt'"),
        ("", [], "There is no optimizer ''"),
        ("broken.py:opt", [], r"broken\.py cannot be run \(ZeroDivisionError: division by zero, line 2\): mend it"),
        ("broken.opt", [], r"broken\.opt cannot be imported \(ZeroDivisionError: division by zero\): mend it"),
        ("unready.opt", [], r"unready\.opt cannot be imported \(ModuleNotFoundError: .*\): install that"),
        ("mine.py:number", [], "is of type int and no optimizer: give an optax transformation, or its maker"),
        ("mine.py:opt", ["b1=0.5"], r"mine\.py:opt is an optimizer already: leave its options \(b1\) away"),
        ("mine.py:my_opt", [], r"does not take these options \(TypeError: .*'step_size'.*\): set them with -o"),
        ("mine.py:my_opt", ["step_size=1", "speed=1"], "does not take these options"),
        ("mine.py:fails", ["step_size=1"], r"cannot be made \(OSError: no such luck, line 14\): mend what makes it"),
        ("mine.py:ends", ["step_size=1"], r"\(SystemExit, line 16\)"),
        ("mine.py:nothing", ["step_size=1"], "1 is no optax transformation: give"),
        ("sign_gd", ["step_size=1", "a=0"], "step_size and a both give the step sizes of sign_gd: choose one"),
        ("sign_gd", ["speed=1"], "sign_gd does not take these options"),
    ],
)
def test_what_is_no_optimizer(name, options, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        optimizer_of(name, options)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


# --- losses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"), [("mine.py:tail", "mine.tail"), ("mine.tail", "mine.tail"), ("./mine.py:whole", "whole")]
)
def test_a_loss_of_ones_own(text, name):
    loss = loss_of(text)
    assert isinstance(loss, Loss)
    assert loss.name == name
    np.testing.assert_array_equal(loss.log_value(jnp.array([[2.0], [3.0]])), [-2, -3])


def test_a_loss_of_the_library_is_left_to_the_engine():
    assert loss_of("logistic") == "logistic"
    assert loss_of("hinge") == "hinge"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mine.py:plain", r"gives \(2, 1\) for margins \(2, 1\): give one value a sample"),
        ("mine.py:no_logarithm", "is no logarithm of a loss that falls to 0: give log loss"),
        ("mine.py:rising", "is no logarithm of a loss that falls to 0"),
        ("mine.py:raises", r"cannot be run \(ZeroDivisionError: division by zero, line \d+\): mend it"),
        ("mine.py:number", "is of type int and no loss: give the logarithm of one"),
        ("mine.py:gone", "mine.py defines no 'gone'"),
    ],
)
def test_what_is_no_loss(text, sentence):
    with pytest.raises(InputError, match=sentence):
        loss_of(text)


# --- what fails later ------------------------------------------------------------------------------------------


def fail_in(*texts):
    with failures_told(*texts):
        raise TypeError("scan carry\nhas changed")


def test_failures_of_ones_own_are_told():
    with pytest.raises(InputError, match=r"mine\.py:opt cannot be run \(TypeError: scan carry has changed\): mend it"):
        fail_in("mine.py:opt", "logistic")
    with pytest.raises(TypeError):
        fail_in("sign_gd", "logistic")  # of the program itself
    assert [is_own(text) for text in ("mine.py:opt", "optax.lion", "sign_gd", "a b.c")] == [True, True, False, False]


# --- options ---------------------------------------------------------------------------------------------------


def test_values_of_options():
    options = [
        "a=1",
        "b=-2.5",
        "c=1e-3",
        "d=True",
        "e=none",
        "f=fan_in",
        "g=1/2",
        "h=0.1*(t+1)**-0.5",
        "i=(1, 2)",
        " j = 3",
    ]
    expected = {"a": 1, "b": -2.5, "c": 1e-3, "d": True, "e": None, "f": "fan_in", "g": 0.5}
    assert values_of(options) == {**expected, "h": Formula("0.1*(t+1)**-0.5"), "i": (1.0, 2.0), "j": 3}
    assert values_of(["f=float32", "g=with-replacement", "h=t"]) == {
        "f": "float32", "g": "with-replacement", "h": Formula("t"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("rate", "'rate' is not of the form key=value"),
        ("=1", "'=1' is not of the form key=value"),
        ("a=", "'a=' is not of the form key=value"),
        ("a b=1", "'a b=1' is not of the form key=value"),
        ("a=__import__('os')", "The option a cannot be read: the formula .* holds"),
        ("a=0.1*(t+1", "The option a cannot be read: '0.1.*' is no formula"),
        ("a=1/t", "The option a cannot be read: the formula '1/t' is inf at t = 0"),
        ("a=²", "The option a cannot be read"),
    ],
)
def test_what_is_no_option(option, sentence):
    with pytest.raises(InputError, match=sentence):
        values_of([option])


def test_the_step_sizes_of_the_library_are_a_power_decay_unless_they_are_given():
    same = optimizer_of("sign_gd", []), optax.sign_sgd(PowerDecay(0.1, 0.5))
    np.testing.assert_allclose(*map(step, same))
