"""A sharper law as a conjecture: its words, its twins, and the file that states it."""

from dataclasses import replace
from pathlib import Path

import pytest

from solvers.errors import InputError
from tests.verify.discovery.made import PROFILE, claim
from verify import Rate, Read, Twin, laws, sharpen, sharper
from verify.claims.catalogue import from_file
from verify.discovery.stating import expression, one_claim, text_of
from verify.laws import DecayLaw, Law
from verify.optimizers import Formula, PowerDecay

FILE = """
from tests.verify.discovery.made import claim
from verify import laws

CLAIM = claim(laws.power(0.5))
"""


def test_the_conjecture_keeps_the_twins_that_stay_false():
    stated = claim(laws.power(0.5))
    looser = Twin("a faster law", kind=Rate(laws.power(0.2)))
    stated = replace(stated, twins=(*stated.twins, looser))
    found = sharper(stated, laws.power(0.5), false=laws.power(0.6))
    assert found.id == "conjectures/made-curve-sharper"
    assert found.kind == Rate(laws.power(0.5), 0.08)
    assert [twin.wrong for twin in found.twins] == ["the faster law t^-3/5", "a plateau"]
    assert found.read is Read.CONJECTURED
    assert found.statement == "Curves fall: the made curve is O(t^-1/2), where O(t^-1/10) is stated."
    assert found.source == "conjecture, after Nobody 2030, page 1"
    assert sharper(found, laws.power(0.6), false=None).id == "conjectures/made-curve-sharper-sharper"


def test_without_a_twin_nothing_is_stated():
    with pytest.raises(InputError, match="No twin of made/curve is known to be false"):
        sharper(replace(claim(laws.power(0.5)), twins=()), laws.power(0.5), false=None)


def test_a_target_of_several_claims_is_told_with_their_names(tmp_path: Path):
    path = tmp_path / "test_two.py"
    path.write_text(f"{FILE}\nfrom dataclasses import replace\n\nOTHER = replace(CLAIM, id='made/other')\n")
    with pytest.raises(InputError, match="stands for 2 claims: give one of made/curve, made/other"):
        one_claim(str(path))
    with pytest.raises(
        InputError, match=r"stands for \d+ claims: give one of (\S+, ){3}\S+ and \d+ more \(verify list qian2019"
    ):
        one_claim("qian2019")


@pytest.mark.parametrize(
    "law",
    [laws.power(0.55), Law(1 / 2, 1.0), Law(0.0, -1.5), Law(0.25, -1.0, in_steps=True), DecayLaw(0.3),
     laws.path(PowerDecay(0.1, 0.3), 1.2)],
    ids=str,
)  # fmt: skip
def test_a_law_as_python_writes_it(law):
    assert eval(expression(law), {"laws": laws, "PowerDecay": PowerDecay}) == law


def test_steps_without_an_expression_are_told():
    with pytest.raises(InputError, match="cannot be written down: give a PowerDecay"):
        expression(laws.path(Formula("0.1/(t+1)")))


@pytest.mark.parametrize("in_file", [False, True], ids=["an id", "a file"])
def test_the_written_file_is_a_claim_of_the_surviving_law(tmp_path: Path, in_file: bool):
    mine = tmp_path / "mine" / "test_mine.py"
    mine.parent.mkdir()
    mine.write_text(FILE)
    stated = one_claim(str(mine)) if in_file else one_claim("nacson2019/normalised-gd")
    made = sharpen(claim(laws.power(0.5)), profile=PROFILE, examples=0)
    path = tmp_path / "test_sharper.py"
    path.write_text(text_of(replace(made, claim=stated), str(mine) if in_file else stated.id, path))
    (found,) = from_file(path).values()
    assert found.id == f"conjectures/{stated.id.replace('/', '-')}-sharper"
    assert found.kind == Rate(made.law, 0.08)
    assert made.refuted is not None
    assert found.twins[0].changes["kind"] == Rate(made.refuted.law, 0.08)


def test_nothing_is_written_where_nothing_sharper_survived(tmp_path: Path):
    made = sharpen(claim(laws.power(0.5), Rate(laws.power(0.5))), profile=PROFILE, examples=0)
    with pytest.raises(InputError, match="there is nothing to write"):
        text_of(made, "made/curve", tmp_path / "test_sharper.py")
