"""Fingerprints: the same in every process, another one for whatever a check depends on."""

import dataclasses
import functools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.verify import conjecture
from verify import Limit, Twin, laws, optimizers, sources
from verify.claims import catalogue
from verify.trials import fingerprint
from verify.trials.drawing import draw

ROOT = Path(__file__).parents[3]
HOME = Path(conjecture.__file__)


@pytest.fixture(scope="module")
def claim():
    module = {}
    exec(compile(conjecture.TRUE, "conjecture", "exec"), module)
    return module["CLAIM"]


def of(claim, home=HOME):
    return fingerprint.fingerprint(claim, home)


def test_it_is_the_same_in_every_process():
    script = (
        "from verify.claims.catalogue import all_claims; from verify.trials.fingerprint import fingerprint\n"
        f"print([fingerprint(c, {str(HOME)!r}) for n, c in all_claims().items() if n.startswith('fan2025')])"
    )
    found = set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_it_stays_when_cases_are_drawn():
    # Its problem encloses a strategy, which hypothesis adds to once it is used.
    oracle = catalogue.all_claims()["fan2025/oracle-order"]
    before = of(oracle)
    draw(oracle, 4, seed=0)
    assert of(oracle) == before


def test_every_claim_has_its_own():
    claims = catalogue.all_claims()
    assert len({of(claim) for claim in claims.values()}) == len(claims)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": Limit(0.06, laws.power(1 / 2))},
        {"optimizer": optimizers.sign_gd(0.02)},
        {"optimizer": optimizers.sign_gd(lambda t: 0.01)},
        {"norm": "l2"},
        {"twins": (Twin("L2 for L-infinity", norm="l1"),)},
        {"share": 0.5},
        {"prepare": lambda dataset: dataset},
        {"problem": functools.partial(print, 1)},
        {"larger": functools.partial(print, 1)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_any_field_changes_it(claim, changes):
    assert of(claim) == of(dataclasses.replace(claim))
    assert of(dataclasses.replace(claim, **changes)) != of(claim)


def test_the_texts_change_it(claim, tmp_path, monkeypatch):
    home = tmp_path / "test_x.py"
    home.write_text("one")
    before = of(claim, home)
    home.write_text("two")
    assert of(claim, home) != before
    home.write_text("one")
    assert of(claim, home) == before
    monkeypatch.setattr(sources, "versions", lambda: {"jax": "9"})
    assert of(claim, home) != before


def test_the_source_of_a_users_module_changes_it(claim, tmp_path, monkeypatch):
    source = tmp_path / "of_my_own_fingerprint.py"
    source.write_text("def prepare(dataset):\n    return dataset\n")
    monkeypatch.syspath_prepend(tmp_path)
    mine = dataclasses.replace(claim, prepare=__import__("of_my_own_fingerprint").prepare)
    before = of(mine)
    source.write_text("def prepare(dataset):\n    return None\n")
    assert of(mine) != before


def test_a_file_of_data_changes_it(claim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "d.csv"
    data.write_text("a,label\n1,1\n-1,-1\n")
    real = dataclasses.replace(claim, real=("d.csv:intercept",))
    before = of(real)
    data.write_text("a,label\n2,1\n-1,-1\n")
    assert of(real) != before


def test_values_of_all_kinds_are_described():
    describe = fingerprint._Description().of
    same = [
        lambda: np.arange(3.0),
        lambda: {"b": 1, "a": {3, 1, 2}},
        lambda: functools.partial(print, x=1),
        lambda: [1],
    ]
    for make in same:
        assert describe(make()) == describe(make())
    assert describe(np.arange(3.0)) != describe(np.arange(3.0) + 1e-16 + 1e-9)
    assert describe((1, 2)) != describe([1, 2])
    assert len({repr(describe(value)) for value in (1, 1.0, True, "1", "1.0", None, b"1")}) == 7
    endless = []
    endless.append(endless)
    assert describe(endless) == ["builtins.list", "level 0"]
