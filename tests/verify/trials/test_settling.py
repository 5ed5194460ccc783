"""The horizon of a verdict: where it is moved, what confirms a refutation, and whose it is."""

import pytest

from tests.verify.budgeted import curves, measured
from tests.verify.given import ARRIVED, POINT, STILL_FALLING, STUCK, TINY, Given, claim
from verify import laws
from verify.claims import Limit, Twin
from verify.claims.verdict import Outcome
from verify.problems.laboratory import Laboratory
from verify.problems.margins.ensembles import run
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject
from verify.trials.settling import settle
from verify.trials.trial import try_claim


@pytest.mark.parametrize(
    ("later", "extensions", "outcome"),
    [
        (STUCK, 1, Outcome.REFUTED),
        (STUCK, 0, Outcome.INCONCLUSIVE),
        (STILL_FALLING, 1, Outcome.INCONCLUSIVE),
        (ARRIVED, 1, Outcome.SUPPORTED),
    ],
)
def test_a_refutation_after_the_last_extension_is_confirmed_as_well(later, extensions, outcome):
    seen = {1_000: STILL_FALLING, 2_000: STUCK, 4_000: later}
    lab = Laboratory([POINT] * 16, steps=1_000)
    assert settle(claim(lambda lab: seen[lab.steps]), lab, extensions).outcome is outcome


def test_a_refutation_at_the_profile_s_own_horizon_is_confirmed_as_well():
    seen = {1_000: STUCK, 2_000: ARRIVED}
    lab = Laboratory([POINT] * 16, steps=1_000)
    false = claim(lambda lab: seen[lab.steps])
    assert settle(false, lab, 0).outcome is Outcome.SUPPORTED
    assert settle(false, lab, 0, confirm=False).outcome is Outcome.REFUTED


class Early:
    """Datasets before their regime; remembers the horizons at which it was asked."""

    name = "relative gap"

    def __init__(self, size: float):
        self.size, self.visited = size, []

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        self.visited.append(lab.steps)
        return measured(curves(size=self.size, plateau=0.001, until=1_000.0))


@pytest.mark.parametrize(("size", "steps"), [(100.0, [1_000, 4_000]), (12.0, [1_000, 2_000, 4_000])])
def test_a_horizon_that_is_known_is_gone_to_at_once(size, steps):
    """Half of the datasets come to their regime at many times the steps, or at less than twice as many."""
    early = Early(size)
    false = claim(quantity=early, kind=Limit(1e-6, laws.power(0.9)))
    assert settle(false, Laboratory([POINT] * 20, steps=1_000), 2).outcome is Outcome.INCONCLUSIVE
    assert early.visited == steps


def horizon(lab: Laboratory) -> int:
    return int(run(claim().subject, lab).time[-1])


MOVES = Given(lambda lab: STILL_FALLING if horizon(lab) else ARRIVED)
STOPS = Given(lambda lab: STUCK if horizon(lab) == 1_000 else ARRIVED)


def test_a_twin_is_judged_alike_in_any_place():
    moves = Twin("it never settles", quantity=MOVES, shrink=False)
    stops = Twin("it stops", quantity=STOPS, shrink=False)

    def outcomes(*twins: Twin) -> dict[str, str]:
        trial = try_claim(claim(lambda lab: ARRIVED, twins=twins), TINY)
        return {twin.wrong: str(twin.verdict.outcome) for twin in trial.twins}

    expected = {"it never settles": "INCONCLUSIVE", "it stops": "REFUTED"}
    assert outcomes(stops, moves) == expected
    assert outcomes(moves, stops) == expected


def test_a_twin_is_judged_at_the_profile_s_horizon_where_the_claim_went_farther():
    lab = Laboratory([POINT] * 16, steps=1_000)
    settle(claim(quantity=MOVES), lab, 2)
    assert lab.steps == 1_000
    assert settle(claim(quantity=STOPS), lab, 0, confirm=False).outcome is Outcome.REFUTED
