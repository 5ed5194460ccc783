"""Laws that hide their constant in the exponent: powers, exp(-log^2), stretched and plain exponentials told apart."""

from dataclasses import replace

import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.given import LOG_TIME, claim, measured
from verify.claims import Decay
from verify.claims.judge import advise, judge
from verify.claims.verdict import Outcome
from verify.laws import DecayLaw, exponential, log_squared, power
from verify.problems.quantity import Measurement

SUPPORTED, REFUTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE
# By name: -log of the curve up to a factor, from the slowest to the fastest.
GAINS = {
    "power": LOG_TIME,
    "log squared": LOG_TIME**2,
    "stretched": np.exp(LOG_TIME / 3),
    "exponential": np.exp(LOG_TIME),
}
LAWS = {
    "power": Decay(DecayLaw(0.0, 1.0), resolution=0.5),
    "log squared": Decay(log_squared(), resolution=1.0),
    "stretched": Decay(exponential(1 / 3)),
    "exponential": Decay(exponential()),
}


def curves(gain: np.ndarray, count: int = 16):
    """Curves `K exp(-c gain)` with constants of all sizes, and noise; far below the smallest number in the end."""
    rng = np.random.default_rng(1)
    c, log_k = rng.uniform(0.3, 3.0, (count, 1)), rng.uniform(-3, 3, (count, 1))
    logs = log_k - c * gain + 0.02 * rng.normal(size=(count, len(gain)))
    with np.errstate(under="ignore"):
        return replace(measured(np.exp(logs), floor=0.0), log_values=logs)


@pytest.mark.parametrize("truth", GAINS)
@pytest.mark.parametrize("claimed", LAWS)
def test_laws_are_told_apart(truth, claimed):
    names = list(GAINS)
    expected = SUPPORTED if names.index(truth) >= names.index(claimed) else REFUTED
    assert judge(claim(kind=LAWS[claimed]), curves(GAINS[truth])).outcome is expected


@pytest.mark.parametrize(("excess", "outcome"), [(0.0, SUPPORTED), (0.05, SUPPORTED), (0.2, REFUTED)])
def test_the_resolution_is_a_difference_in_exponent(excess, outcome):
    found = judge(claim(kind=Decay(exponential(0.5 + excess))), curves(np.exp(LOG_TIME / 2)))
    assert found.outcome is outcome


def test_what_is_below_its_floor_bears_on_nothing():
    m = measured(np.exp(-np.minimum(np.exp(LOG_TIME), 600.0)) * np.ones((16, 1)))
    found = judge(claim(kind=Decay(exponential())), m)
    assert found.outcome is INCONCLUSIVE
    assert "16 fell below what can be told" in found.sentence


def test_one_that_stops_forbids_support_and_refutes_at_ten_times_the_horizon():
    m = curves(np.exp(LOG_TIME))
    logs = m.logs.copy()
    logs[3] = np.maximum(logs[3], logs[3, 30])
    stuck, kind = replace(m, log_values=logs, values=np.exp(logs)), Decay(exponential())
    found = judge(claim(kind=kind), stuck)
    assert found.outcome is INCONCLUSIVE
    np.testing.assert_array_equal(np.flatnonzero(kind.suspects(stuck)), [3])
    advice = advise(found)
    assert advice is not None
    assert advice.steps == 10

    def rows(of: Measurement) -> Measurement:
        return replace(measured(of.values[[3]], floor=0.0), log_values=of.logs[[3]])

    assert kind.resolve("loss", stuck, np.array([3]), rows(stuck)).outcome is REFUTED
    assert kind.resolve("loss", stuck, np.array([3]), rows(m)).outcome is SUPPORTED
    assert kind.judge_one("loss", rows(stuck)).outcome is REFUTED
    assert kind.judge_one("loss", rows(m)).outcome is SUPPORTED


@pytest.mark.usefixtures("untyped_caller")
def test_bad_input_is_one_sentence():
    with pytest.raises(InputError, match="is no law of a decay"):
        Decay(power(1 / 2))  # type: ignore[arg-type] - the wrong law is what is tried
    with pytest.raises(InputError, match="The resolution of a decay is 0"):
        Decay(exponential(), resolution=0)
