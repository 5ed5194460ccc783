"""`verify modified`: what it prints and draws, and how it refuses bad input."""

import re

import pytest

from solvers.errors import InputError
from verify.cli import app, common
from verify.problems.backward import study
from verify.problems.backward.modified_equation import Memory

ORDERS = r"order is (0\.9|1\.0)\d without the h-term and (1\.9|2\.0)\d with it"

MINE = """
def loss(w):
    return 0.5 * (1.5 - 2 * w[0] * w[1]) ** 2
batches = [lambda w, x=x: 0.5 * (1.5 - x * w[0] * w[1]) ** 2 for x in (1.8, 2.2)]
tree = lambda p: p["a"] ** 2
nothing = 3
start = [1.4, 1.1]
"""


@pytest.fixture
def call(untyped_caller, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(common.out, "width", 200)
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "bare.py").write_text("loss = lambda w: (w ** 2).sum()\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["verify", "modified", *arguments])
        with pytest.raises(SystemExit) as stopped:
            app.main()
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out, captured.err

    return run


FAST = ("--beta", "0.2", "--rho", "0.6")


def test_both_orders_and_an_avoided_norm(call, tmp_path):
    code, out, _ = call("--loss", "mine.py:loss", *FAST, "--figure", "order.svg")
    assert code == 0
    assert re.search(ORDERS, out)
    assert "flatter places are avoided" in out
    assert "loss" in (tmp_path / "order.svg").read_text()


def test_batches_in_an_order_of_ones_own(call):
    code, out, _ = call("--loss", "mine.py:batches", "--beta", "0.6", "--rho", "0.2", "--order", "0,1,1")
    assert code == 0
    assert re.search(ORDERS, out)
    assert "in the published form" in out
    assert "flatter places are preferred" in out


def test_the_carried_form_on_a_reshuffled_order(call):
    options = ("--loss", "mine.py:batches", *FAST, "--sampling", "reshuffled", "--seed", "3", "--form", "carried")
    code, out, _ = call(*options)
    assert code == 0
    assert re.search(ORDERS, out)
    assert "in its carried form, which is derived" in out
    assert "flatter places are avoided" in out


def test_the_form_is_the_published_one_where_that_is_cheap(call, monkeypatch):
    monkeypatch.setattr(study, "_WORK", 0)
    for loss, form in (("loss", "the published form"), ("batches", "its carried form")):
        assert f"in {form}" in call("--loss", f"mine.py:{loss}", *FAST)[1]
    # Two steps of one run within the transient, and 20 of another's; all where the order does not repeat.
    assert study._terms(Memory(2, 10, 3), [2, 50]) == (2 + 20) * 10 * 2
    assert study._terms(Memory(2, 10, 0), [2, 50]) == (2 + 50) * 10 * 2


@pytest.mark.parametrize(
    ("wrong", "sentence"), [({"form": "own"}, "no form 'own'"), ({"sampling": "own"}, "no sampling")]
)
def test_forms_and_samplings_that_there_are_not(wrong, sentence):
    with pytest.raises(InputError, match=sentence):
        study.study([lambda w: w**2], 1.0, beta=0.2, rho=0.6, eps=0.1, step_size=1e-3, **wrong)


def test_rmsprop_from_a_start_that_is_given(call):
    code, out, _ = call("--optimizer", "rmsprop", "--rho", "0.5", "--loss", "bare.py:loss", "--start", "1,2")
    assert code == 0
    assert "With beta = 0 and rho = 0.5" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--loss", "mine"], "not of the form FILE:NAME"),
        (["--loss", "missing.py:loss"], "not of the form FILE:NAME"),
        (["--loss", "broken.py:loss"], "cannot be run (ZeroDivisionError"),
        (["--loss", "mine.py:nothing"], "no function or list of functions 'nothing'"),
        (["--loss", "bare.py:loss"], "defines no `start`"),
        (["--loss", "mine.py:tree"], "Loss 0 fails at the start"),
        (["--loss", "mine.py:loss", "--start", "1,b"], "no list of numbers"),
        (["--loss", "mine.py:batches", "--order", "0,7"], "must name them as 0 to 1"),
        (["--loss", "mine.py:batches", "--order", "0,7", "--form", "carried"], "must name them as 0 to 1"),
        (["--loss", "mine.py:loss", "--beta", "1"], "beta must lie in"),
        (["--loss", "mine.py:loss", "--eps", "0"], "eps must be positive"),
        (["--loss", "mine.py:loss", "--step-size", "-1"], "step size must be positive"),
        (["--loss", "mine.py:loss", "--steps", "10"], "give 400 at least"),
        (["--loss", "mine.py:loss", "--steps", "1000000"], "give fewer steps"),
        (["--loss", "mine.py:loss", "--figure", "a.pdf"], "an .svg or .png file"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_two(call, arguments, sentence):
    code, _, err = call(*arguments)
    assert code == 2
    assert sentence in err
    assert err.startswith("verify: ")
    assert len(err.strip().splitlines()) == 1
