"""Draws depend on the seed alone, not on which modules are loaded."""

import importlib.util
import sys
from contextlib import nullcontext

import hypothesis
import pytest
from hypothesis import strategies as st

from properties.soudry2018.test_gradient_descent import CLAIMS as GRADIENT_DESCENT
from verify.trials.drawing import draw, quiet, seeded

ODD = (982451653, 961748941, 941083987, 920419823)


def drawn(context) -> list[int]:
    found = []

    @hypothesis.seed(7)
    @quiet(300)
    @hypothesis.given(st.integers(0, 10**9))
    def collect(value: int) -> None:
        found.append(value)

    with context:
        collect()
    return found


def cases() -> list:
    return [case.to_json() for case in draw(GRADIENT_DESCENT[0], 8, 0)]


@pytest.fixture
def module_with_literals(tmp_path, monkeypatch):
    """Loads a module of the user's own that has those literals."""

    def load() -> None:
        path = tmp_path / "own_literals.py"
        path.write_text("".join(f"A{value} = {value}\n" for value in ODD))
        spec = importlib.util.spec_from_file_location("own_literals", path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "own_literals", module)
        spec.loader.exec_module(module)

    return load


def test_a_new_module_changes_no_draw(module_with_literals):
    before, of_claim = drawn(seeded()), cases()
    module_with_literals()
    plain = drawn(nullcontext())
    assert set(plain) & set(ODD)  # hypothesis' own way, against which this guards
    assert drawn(seeded()) == before
    assert not set(before) & set(ODD)
    assert cases() == of_claim


def test_hypothesis_is_left_as_it_was(module_with_literals):
    module_with_literals()
    with pytest.raises(KeyError), seeded():
        raise KeyError
    assert set(drawn(nullcontext())) & set(ODD)
