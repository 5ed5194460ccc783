"""Claims and their twins as data."""

import pytest

from solvers.errors import InputError
from tests.verify.given import POINT, claim
from verify import strategies
from verify.claims import Limit, Paper, Promise, Read, Twin
from verify.datasets.dataset import scaled_to_unit_rows
from verify.laws import power

OF_THE_CLAIM = {
    "problem": strategies.binary,
    "real": (POINT,),
    "share": 0.5,
    "horizon": 1.0,
    "prepare": scaled_to_unit_rows,
    "paper": Paper("other", "nobody", "nothing", 2025),
    "read": Read.PAPER,
    "promise": Promise.TIGHT,
    "title": "another",
    "statement": "another",
    "source": "elsewhere",
}


@pytest.mark.parametrize("name", OF_THE_CLAIM)
def test_a_twin_may_not_change_what_does_nothing(name):
    with pytest.raises(InputError, match=f"changes '{name}': change one of kind, quantity, subject"):
        claim(twins=(Twin("nothing is wrong", **{name: OF_THE_CLAIM[name]}),))


def test_a_twin_changes_what_is_claimed_and_of_what():
    twins = (Twin("another law", kind=Limit(1e-4, power(1))), Twin("another loss", loss="logistic", norm="l2"))
    own = claim(twins=twins)
    assert own.twin(0).kind == twins[0].changes["kind"]
    assert own.twin(1).subject.loss == "logistic"
