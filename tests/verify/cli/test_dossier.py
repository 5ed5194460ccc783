"""`verify dossier`: what it writes and prints, and what bad input is told."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.verify.cli.calling import Caller, one_sentence
from tests.verify.discovery.dossiers import small
from verify.claims.catalogue import from_file
from verify.discovery import dossier as module
from verify.optimizers.step_sizes import PowerDecay

FILE = """
import jax.numpy as jnp
import optax

FIXED = optax.sgd(0.1)
NOTHING = lambda step, **more: None


def make(step_size, beta=0.5, weight_decay=1.0):
    assert weight_decay == 0.0
    return optax.chain(optax.trace(beta), optax.scale_by_learning_rate(step_size))
"""


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Caller]:
    (tmp_path / "makers.py").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield Caller(monkeypatch, capsys, columns=200)
    sys.modules.pop("makers", None)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the dossier is asked for, in place of which there is the small one."""
    found: dict[str, Any] = {}

    def instead(make: Any, **more: Any) -> Any:
        found.update(more, make=make)
        return small()

    monkeypatch.setattr(module, "dossier", instead)
    return found


def test_the_page_and_its_conjectures_are_written(call: Caller, asked: dict[str, Any], tmp_path: Path):
    code, out, err = call("dossier", "--optimizer", "makers.py:make", "-o", "beta=0.9", "--folder", "notes")
    assert (code, err) == (0, "")
    assert "It maximises the linf margin" in out
    assert (tmp_path / "notes" / "dossier-makers-make.html").is_file()
    page = (tmp_path / "notes" / "dossier-makers-make.md").read_text("utf-8")
    assert "verify dossier --optimizer makers.py:make -o beta=0.9" in page
    written = sorted(path.name for path in tmp_path.glob("test_*.py"))
    assert written == ["test_makers_make_linf_a0_5.py", "test_makers_make_linf_a0_8.py"]
    (claim,) = from_file(tmp_path / written[0]).values()
    assert claim.statement.endswith("the gap to the maximum is O(t^-1/2).")
    assert claim.twins
    assert asked["step_size"] is None
    assert asked["make"](0.1).update


def test_a_conjecture_that_is_there_is_left_alone(call: Caller, asked: dict[str, Any], tmp_path: Path):
    path = tmp_path / "test_makers_make_linf_a0_5.py"
    path.write_text("kept")
    assert call("dossier", "--optimizer", "makers.py:make")[0] == 0
    assert path.read_text() == "kept"
    assert "was there, and is left as it was" in (tmp_path / "dossier-makers-make.md").read_text("utf-8").replace(
        "\\", ""
    )
    assert call("dossier", "--optimizer", "makers.py:make", "--force")[0] == 0
    assert path.read_text() != "kept"


def test_json_is_one_object_with_the_files(call: Caller, asked: dict[str, Any], tmp_path: Path):
    code, out, _ = call("dossier", "--optimizer", "sign_gd", "-o", "eta0=0.2", "--json", "--no-conjectures")
    told = json.loads(out)
    assert code == 0
    assert told["identified"]["norm"] == "linf"
    assert told["files"]["conjectures"] == []
    assert asked["step_size"] == PowerDecay(0.2, 0.5)
    assert not list(tmp_path.glob("test_*.py"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--optimizer", "makers.py:gone"), "makers.py defines no 'gone'"),
        (("--optimizer", "makers.py:FIXED", "-o", "beta=1"), "is an optimizer already"),
        (("--optimizer", "makers.py:NOTHING"), "no optax transformation"),
        (("--optimizer", "makers.py:make", "-o", "gamma=1"), "cannot be made of step sizes"),
        (("--optimizer", "makers.py:make", "-o", "step_size=fast"), "The step sizes step_size=fast are none"),
        (("--optimizer", "sign_gd", "-o", "step_size=0.1", "-o", "a=1"), "both give the step sizes"),
        (("--optimizer", "sign_gd", "--steps", "10"), "tells nothing: give 400 or more"),
        (("--optimizer", "sign_gd", "--norm", "l0.5"), "below 1 it is no norm"),
        (("--optimizer", "sign_gd", "--norm", "l2"), "name two at least"),
        (("--optimizer", "sign_gd", "--folder", "makers.py"), "is no folder"),
        (("--optimizer", "sign_gd", "--seed", "-1"), "The seed is -1"),
    ],
)
def test_bad_input_is_one_sentence(call: Caller, arguments: tuple[str, ...], words: str):
    code, out, err = call("dossier", *arguments)
    assert (code, out) == (2, "")
    assert words in one_sentence(err)
