"""Two-sided rates, on curves made by hand."""

import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.given import LOG_TIME, claim, measured
from verify.claims import Promise, Tight
from verify.claims.judge import judge
from verify.claims.verdict import Outcome
from verify.laws import power

LAW = power(1 / 2)


def powers(*exponents: float) -> np.ndarray:
    return np.exp(-np.array(exponents)[:, None] * LOG_TIME)


def outcome(kind: Tight, values: np.ndarray) -> Outcome:
    return judge(claim(kind=kind), measured(values)).outcome


def test_what_falls_like_the_law_is_tight_and_what_falls_faster_is_not():
    assert outcome(Tight(LAW), powers(*[0.5] * 32)) is Outcome.SUPPORTED
    assert outcome(Tight(LAW), powers(*[0.9] * 32)) is Outcome.REFUTED
    assert outcome(Tight(LAW), powers(*[0.2] * 32)) is Outcome.REFUTED  # the upper law fails


def test_the_share_is_held_against_its_interval():
    half = powers(*[0.5] * 16, *[0.9] * 16)
    assert outcome(Tight(LAW, share=0.25), half) is Outcome.SUPPORTED
    assert outcome(Tight(LAW, share=0.5), half) is Outcome.INCONCLUSIVE
    assert outcome(Tight(LAW, share=0.9), half) is Outcome.REFUTED


def test_powers_of_log_t_are_allowed_where_they_are_stated():
    logs = powers(*[0.5] * 32) / LOG_TIME**6
    assert outcome(Tight(LAW), logs) is Outcome.REFUTED
    assert outcome(Tight(LAW, logs=6.0), logs) is Outcome.SUPPORTED


def test_a_dataset_at_its_limit_has_fallen_faster():
    values = powers(*[0.5] * 32)
    values[:20] = 1e-15
    verdict = judge(claim(kind=Tight(LAW, share=0.6)), measured(values))
    assert "on 12 of 32 datasets it falls no faster" in verdict.sentence
    assert verdict.outcome is Outcome.REFUTED


@pytest.mark.parametrize(("given", "said"), [({"share": 0.0}, "give a part"), ({"logs": -1.0}, "give 0 or more")])
def test_what_cannot_be_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        Tight(LAW, **given)


def test_it_promises_both_sides():
    assert claim(kind=Tight(LAW)).promises is Promise.TIGHT
    assert Tight(LAW).claimed() == ("t^-1/2, and no faster", -0.5)
