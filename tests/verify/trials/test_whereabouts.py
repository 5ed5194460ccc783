"""Where another process finds a claim or a question, and whether it is the same there."""

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import jax
import pytest

from solvers.errors import InputError
from tests.verify import given
from verify.claims import Bound, catalogue
from verify.claims.question import Question
from verify.cluster.agreement import Refused
from verify.trials.whereabouts import Whereabouts, at_work

CLAIM = given.claim()
QUESTION = Question("Is it so?", given.claim(kind=Bound.constant(9.0), id="open/question"), refuted="no")


@pytest.fixture
def module(monkeypatch):
    made = ModuleType("claims_that_are_looked_for")
    made.__file__ = __file__
    vars(made).update(CLAIM=CLAIM, QUESTIONS=(QUESTION,))
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


def test_claims_and_questions_are_found_by_the_name_of_their_module(module):
    for target in (CLAIM, QUESTION):
        at = Whereabouts.of(target, module, file=False)
        assert (at.id, at.home) == (target.id, module.__name__)
        assert at.found() is target
    assert len({Whereabouts.of(target, module, file=False).mark for target in (CLAIM, QUESTION)}) == 2


def test_those_of_a_file_are_found_by_its_path_wherever_a_process_stands(tmp_path, monkeypatch, untyped_caller):
    (tmp_path / "mine.py").write_text("from tests.verify.given import claim\n\nCLAIM = claim(id='test/mine')\n")
    monkeypatch.chdir(tmp_path)
    file = catalogue.of_file(Path("mine.py"))
    at = Whereabouts.of(file.CLAIM, file, file=True)
    assert at.home == str(tmp_path / "mine.py")
    monkeypatch.chdir("/")
    assert at.found().id == "test/mine"


def test_what_is_another_here_or_not_here_is_refused(module):
    at = Whereabouts.of(CLAIM, module, file=False)
    with pytest.raises(Refused, match=r"^has another text or other data of test/claim: install"):
        replace(at, mark="another").found()
    with pytest.raises(InputError, match=r"^claims_that_are_looked_for defines no claim test/other here: install"):
        replace(at, id="test/other").found()


def test_work_is_done_on_the_device_that_is_asked_for():
    with at_work("cpu"):
        assert jax.config.jax_default_device.platform == "cpu"
    with pytest.raises(InputError, match="There is no 'tpu' device here"), at_work("tpu"):
        pass
