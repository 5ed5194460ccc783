"""A trial in parts: which there are, and that they come to the record of the whole."""

import sys
from types import ModuleType

import numpy as np
import pytest

from tests.verify import conjecture, given
from verify import laws, optimizers
from verify.claims import Limit, Twin
from verify.trials import fingerprint as of_trials
from verify.trials import whereabouts
from verify.trials.parts import Part, Piece, joined, parts_of, tried
from verify.trials.record import record_of
from verify.trials.trial import try_claim

OF_THE_MOMENT = {"seconds", "created"}
CLAIM = given.claim(
    twins=(
        Twin("L2 for L-infinity", norm="l2"),
        Twin("summable steps", optimizer=optimizers.sign_gd(optimizers.PowerDecay(0.1, 3 / 2))),
        Twin("a tolerance of 1e-9", kind=Limit(1e-9, laws.power(1 / 2)), shrink=False),
        Twin("true", loss="logistic"),
    ),
    kind=Limit(0.05, laws.power(1 / 2)),
    real=("iris:0-vs-rest",),
)


@pytest.fixture
def home(monkeypatch):
    """A module that defines the claim."""
    module = ModuleType("claims_of_a_test")
    module.__file__ = __file__
    vars(module)["CLAIM"] = CLAIM
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(of_trials, "fingerprint", lambda claim, home: "mark")
    whereabouts._defined.cache_clear()
    return module


def parts(home, **changes):
    return parts_of(CLAIM, home, "mark", given.TINY, seed=3, platform=None, **changes)


def test_twins_that_share_the_run_go_with_the_claim(home):
    assert [(part.of, part.twins) for part in parts(home)] == [("claim", (0, 2)), ("twin", (1,)), ("twin", (3,))]
    assert [part.name for part in parts(home)] == ["test/claim", "test/claim, twin 1", "test/claim, twin 3"]
    assert parts(home)[0].home == "claims_of_a_test"
    assert parts(home, file=True)[0].home == __file__


def test_parts_come_to_the_record_of_the_whole(home, untyped_caller):
    record, curves = record_of(try_claim(CLAIM, given.TINY, seed=3), "again")
    pieces, left = [], parts(home)
    while left:
        pieces.append(Piece.from_bytes(tried(left.pop())))  # the last first: their order is of no account
        left += pieces[-1].further
    assert {piece.part.of for piece in pieces} == {"claim", "twin", "smallest"}
    assert not any(piece.part.twins == (2,) for piece in pieces if piece.part.of == "smallest")
    found, arrays = joined(pieces, "again")
    assert list(found) == list(record)
    assert {k: v for k, v in found.items() if k not in OF_THE_MOMENT} == {
        k: v for k, v in record.items() if k not in OF_THE_MOMENT
    }
    assert found["seconds"] == sum(piece.seconds for piece in pieces)
    assert list(arrays) == list(curves)
    for name, curve in curves.items():
        assert arrays[name].tobytes() == np.asarray(curve).tobytes(), name


def test_a_claim_of_a_file_is_found_by_its_path(tmp_path, untyped_caller):
    file = tmp_path / "mine.py"
    file.write_text(conjecture.TRUE)
    claim, mark = whereabouts._defined(str(file))["conjectures/true"]
    part = Part(claim.id, str(file), mark, given.TINY, 0, "cpu", "smallest", (0,), 5.0)
    piece = Piece.from_bytes(tried(part))
    assert piece.part == part
    assert piece.twins == {0: {"counterexample": {"x": [[1.0, 2.0]], "y": [1]}}}
    assert part.file == "smallest-0"


def test_a_damaged_piece_is_none():
    with pytest.raises(ValueError, match="no piece of a trial"):
        Piece.from_bytes(b"PK\x03\x04 and no more")
