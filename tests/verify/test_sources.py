"""What results depend on beside their input: source texts, read as they stand."""

import importlib.util
import os
import sys

import pytest

from verify import sources
from verify.claims.catalogue import from_file
from verify.cli.own import of_file
from verify.sources import AsWritten

CLAIMS = """
from verify import Rate, Twin, conjecture, laws
from verify.optimizers import PowerDecay, sign_gd

CLAIM = conjecture(
    "mine-{which}", "SignGD maximises the L-infinity margin.", optimizer=sign_gd(PowerDecay(0.1, 0.5)), norm="linf",
    kind=Rate(laws.power(1 / 2, log=1)), twins=(Twin("the L2 margin", norm="l2"),),
)
"""


def written(path, text):
    """Two texts of one length, written at one time."""
    path.write_text(text, "utf-8")
    os.utime(path, (1e9, 1e9))


@pytest.mark.parametrize("load", [from_file, lambda path: vars(of_file(path, "optimizer"))], ids=["claims", "own"])
def test_a_file_that_is_written_anew_is_read_anew(tmp_path, monkeypatch, load):
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    monkeypatch.setattr("sys.path", [*sys.path])
    path = tmp_path / "test_mine.py"
    for which in ("one", "two"):
        written(path, CLAIMS.format(which=which))
        assert f"mine-{which}" in str(load(path))
    assert not (tmp_path / "__pycache__").exists()


def test_python_alone_would_take_the_compiled_file(tmp_path, monkeypatch):
    """What the loader is for: without it the second text is not read."""
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    path, found = tmp_path / "mine.py", []
    for loader in (None, None, AsWritten("mine", str(path))):
        written(path, f"NUMBER = {len(found)}\n")
        spec = importlib.util.spec_from_file_location("mine", path, loader=loader)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found.append(module.NUMBER)
    assert found == [0, 0, 2]


def test_an_engine_is_told_by_its_texts():
    every, without = sources.engine(), sources.engine(("cli",))
    assert {line for line in every if line not in without} == {line for line in every if line.startswith("verify/cli/")}
    assert any(line.startswith("solvers/norms.py ") for line in every)


def test_what_is_not_installed_has_no_version():
    assert sources.versions()["jax"][0].isdigit()
    assert set(sources.versions().values()) - {"none"}
