"""What every kind keeps, whichever it is: a table of all kinds goes through the same checks."""

import numpy as np
import pytest

from tests.verify.given import LOG_TIME, claim, measured
from verify.claims import (
    Bound,
    Decay,
    Exists,
    HighProbability,
    Kind,
    Limit,
    Order,
    Promise,
    Rate,
    Separation,
    Tight,
    Trend,
)
from verify.claims import kinds as package
from verify.claims.judge import advise, judge, refutes_alone
from verify.claims.verdict import Outcome
from verify.laws import exponential, power

LAW = power(1 / 2)
# One of each kind, a curve that keeps it, and one that does not.
LAWFUL, STUCK = np.exp(-LOG_TIME / 2), np.full(len(LOG_TIME), 0.5)
HALVES, LEVELS = np.exp(-2 * LOG_TIME), np.exp(-LOG_TIME)
KINDS = {
    "bound": (Bound.constant(0.9), 0.5 * np.ones(len(LOG_TIME)), STUCK + 1),
    "limit": (Limit(1e-2, LAW), LAWFUL, STUCK),
    "rate": (Rate(LAW), LAWFUL, STUCK),
    "tight": (Tight(LAW), LAWFUL, STUCK),
    "probability": (HighProbability(Bound.constant(0.9)), 0.5 * np.ones(len(LOG_TIME)), STUCK + 1),
    "exists": (Exists(Bound.constant(0.9)), 0.5 * np.ones(len(LOG_TIME)), STUCK + 1),
    "decay": (Decay(exponential(1 / 2)), np.exp(-0.05 * np.exp(LOG_TIME / 2)), STUCK),
    "order": (Order(1.8, 2.2), HALVES, LEVELS),
    "separation": (Separation(0.1, "small"), LAWFUL, STUCK),
    "trend": (Trend(-1), LAWFUL, 1 / LAWFUL),
    "strict trend": (Trend(-1, strict=True), LAWFUL, 1 / LAWFUL),
}
each = pytest.mark.parametrize("name", KINDS)


def curves(*rows: np.ndarray) -> np.ndarray:
    return np.stack([row for row in rows for _ in range(8)])


def test_the_table_holds_every_kind():
    assert {type(kind) for kind, _, _ in KINDS.values()} == {getattr(package, name) for name in package.__all__} - {
        Kind
    }


@each
def test_what_keeps_the_claim_is_supported_and_what_breaks_it_refuted(name):
    kind, lawful, stuck = KINDS[name]
    assert judge(claim(kind=kind), measured(curves(lawful, lawful))).outcome is Outcome.SUPPORTED
    assert judge(claim(kind=kind), measured(curves(stuck, stuck))).outcome is Outcome.REFUTED


@each
def test_nearness_is_above_the_limit_on_what_refutes_alone_and_on_nothing_else(name):
    kind, lawful, stuck = KINDS[name]
    m = measured(curves(lawful, stuck))
    near, alone = kind.nearness(m), refutes_alone(claim(kind=kind), m)
    np.testing.assert_array_equal(near > kind.limit, alone)
    assert not alone[:8].any()
    assert alone[8:].all() == (name not in ("trend", "probability", "exists"))  # which are the ensemble's
    assert near[8] > near[0]


@each
def test_a_case_that_is_not_a_number_bears_on_nothing(name):
    kind, lawful, stuck = KINDS[name]
    values = curves(lawful, lawful, stuck)
    values[16:, 7] = np.nan
    m = measured(values)
    verdict = judge(claim(kind=kind), m)
    assert verdict.outcome is Outcome.SUPPORTED
    assert "8 datasets left out, whose curve is not a number somewhere" in verdict.measurement.notes


@each
def test_a_case_that_is_not_judged_bears_on_nothing(name):
    kind, lawful, stuck = KINDS[name]
    judged = np.arange(24) < 16
    m = measured(curves(lawful, lawful, stuck), judged=judged)
    assert judge(claim(kind=kind), m).outcome is Outcome.SUPPORTED
    assert not refutes_alone(claim(kind=kind), m)[16:].any()
    assert np.isnan(kind.nearness(m)[16:]).all()


@each
def test_nothing_judged_is_inconclusive_and_names_no_case(name):
    kind, lawful, _ = KINDS[name]
    verdict = judge(claim(kind=kind), measured(curves(lawful), judged=np.zeros(8, bool)))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.worst is None
    advice = advise(verdict)
    assert advice is not None
    assert not advice.helps


@each
def test_every_kind_tells_what_it_claims(name):
    kind, lawful, stuck = KINDS[name]
    law, exponent = kind.claimed()
    assert law
    assert exponent is None or np.isfinite(exponent)
    assert isinstance(kind.promise, Promise)
    assert kind.statistic("error")
    assert "error" in kind.measured("error")
    m = measured(curves(lawful, stuck))
    drawn = kind.drawn(m)
    assert drawn.shape == m.values.shape
    through = kind.law_through(m, drawn)
    assert through is None or through.shape == LOG_TIME.shape
    assert kind.bears(m).shape == (16,)
    assert not kind.suspects(measured(curves(lawful))).any()
