"""`verify scaling`: what it prints and writes, and with which code it exits."""

import json
from pathlib import Path

import pytest

from tests.verify.cli.calling import Caller, one_sentence

FILE = """
from tests.verify.discovery.grown import {maker}
from verify import Limit, laws

CLAIM = {maker}({arguments})
"""
FEW = ("--datasets", "4")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Caller:
    return Caller(monkeypatch, capsys, columns=200)


def written(folder: Path, arguments: str, maker: str = "bounded") -> str:
    path = folder / "test_mine.py"
    path.write_text(FILE.format(maker=maker, arguments=arguments))
    return str(path)


def test_the_answer_is_a_sentence_with_a_table_and_a_figure(tmp_path: Path, call: Caller):
    target, figure = written(tmp_path, "{'gamma': -1.0}, wobble=0.0"), tmp_path / "a.svg"
    code, out, err = call("scaling", target, "--in", "gamma", "--figure", str(figure), *FEW)
    assert (code, err) == (0, "")
    assert out.startswith(
        "The bound of grown/size says γ^-1.00; measured, the grown quantity grows like γ^-1.00 [-1.00"
    )
    assert "γ^-1.00 is real on these data" in out
    assert "sparse" in out
    assert "12 of 12" in out
    assert "Held: n = 16, d = 8, k = 2, radius = 5." in out
    drawn = figure.read_text()
    assert "grown quantity" in drawn
    assert "largest" in drawn


def test_as_json_with_values_and_what_is_held(tmp_path: Path, call: Caller):
    target = written(tmp_path, "{'n': 0.5}", "claim")
    code, out, _ = call(
        "scaling", target, "--in", "n", "--values", "8,32,64", "--hold", "d=4", "--stated", "1", "--json", *FEW
    )
    told = json.loads(out)
    assert code == 0
    assert told["values"] == [8, 32, 64]
    assert told["held"]["d"] == 4
    assert told["stated"] == 1
    assert told["whole"]["median"]["exponent"] == pytest.approx(0.5, abs=0.1)
    assert told["answer"].startswith("n^1.00 is not seen")


def test_where_nothing_tells_it_exits_with_1(tmp_path: Path, call: Caller):
    code, out, _ = call("scaling", written(tmp_path, "{}, floor=1e3"), "--in", "n", *FEW)
    assert code == 1
    assert "nothing can be measured" in out


@pytest.mark.parametrize(
    ("arguments", "more", "words"),
    [
        ("{}", ("--in", "k"), "no classes to move"),
        ("{}, Limit(0.1, laws.power(0.5))", ("--in", "n"), "states no law or bound"),
        ("{}", ("--in", "n", "--values", "8,x"), "give numbers such as"),
        ("{}", ("--in", "n", "--hold", "d=fast"), "d is to be held at 'fast'"),
        ("{}", ("--in", "n", "-o", "a=1"), "give --optimizer too"),
        ("{}", ("--in", "beta", "--optimizer", "sign_gd"), "takes none of b1, momentum"),
        ("{}", ("--in", "n", "--figure", "a.pdf"), "svg or .png"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path: Path, call: Caller, arguments: str, more: tuple[str, ...], words: str):
    code, _, err = call("scaling", written(tmp_path, arguments, "claim"), *more)
    assert code == 2
    assert words in one_sentence(err)


FAMILY = """
import numpy as np
from verify import Dataset

def of_points(n, seed):
    return Dataset(np.abs(np.random.default_rng(seed).standard_normal((int(n), 3))) + 0.1, np.ones(int(n), int))

def nothing(n, seed):
    return n

def fails(n, seed):
    raise RuntimeError("no data today")

SEVEN = 7
"""


def test_a_family_of_ones_own_is_named_by_its_file(tmp_path: Path, call: Caller):
    target, data = written(tmp_path, "{'n': 0.5}, wobble=0.0", "claim"), tmp_path / "data.py"
    data.write_text(FAMILY)
    code, out, err = call(
        "scaling", target, "--in", "n", "--values", "4,16,64", "--family", f"{data}:of_points", "--json", *FEW
    )
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert [each["ensemble"] for each in told["ensembles"]] == ["own"]
    assert told["whole"]["median"]["exponent"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("of_points", (), "needs the values that it is to take: give --values"),
        ("of_points", ("--values", "4,8,16", "--hold", "d=3"), "leave --hold away"),
        ("nothing", ("--values", "4,8,16"), "gives a value of type float: give a Dataset"),
        ("fails", ("--values", "4,8,16"), "cannot be run (RuntimeError: no data today"),
        ("SEVEN", ("--values", "4,8,16"), "is of type int: give a function of a value and a seed"),
        ("absent", ("--values", "4,8,16"), "defines no 'absent'"),
    ],
)
def test_a_family_that_is_none_is_one_sentence(tmp_path: Path, call: Caller, name: str, more: tuple, words: str):
    target, data = written(tmp_path, "{'n': 0.5}", "claim"), tmp_path / "data.py"
    data.write_text(FAMILY)
    code, _, err = call("scaling", target, "--in", "n", "--family", f"{data}:{name}", *more, *FEW)
    assert code == 2
    assert words in one_sentence(err)
