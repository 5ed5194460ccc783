"""Rates and limits on the scale of a budget, on curves made up from the theory of the deficit."""

from dataclasses import replace

import numpy as np
import pytest

from tests.verify.budgeted import GAMMA, crawling, curves, measured
from tests.verify.given import claim
from verify import laws
from verify.claims import Kind, Limit, Rate, scaled
from verify.claims.judge import advise, judge
from verify.claims.verdict import Finding, Outcome

HALF = laws.power(1 / 2)


def found(kind: Kind, *, farther: float = 10.0, until: float = 2e4, **how) -> Finding:
    """The verdict at a horizon, its suspects run to ten times it."""
    m = measured(curves(until=until, **how))
    verdict = judge(claim(kind=kind), m)
    places = np.flatnonzero(kind.suspects(m))
    if verdict.outcome is not Outcome.INCONCLUSIVE or not len(places):
        return verdict
    return kind.resolve("gap", m, places, measured(curves(until=farther * until, **how)))


@pytest.mark.parametrize("a", [0.3, 0.5, 0.8])
def test_the_true_law_is_supported_and_a_faster_one_refuted(a):
    assert found(Rate(laws.power(1 - a)), a=a).outcome is Outcome.SUPPORTED
    assert found(Rate(laws.power(1 - a + 0.2)), a=a).outcome is Outcome.REFUTED


@pytest.mark.parametrize("a", [0.8, 0.9])
def test_a_law_that_the_weights_will_not_travel_far_enough_for_is_not_supported(a):
    verdict = found(Rate(laws.power(1 - a + 0.1)), a=a)
    assert verdict.outcome is not Outcome.SUPPORTED


def test_data_that_have_all_arrived_but_a_few_support_no_rate():
    c = curves(a=1.5)
    m = measured(replace(c, floor=np.where(np.arange(20) < 14, 1.0, c.floor)))
    assert judge(claim(kind=Rate(laws.inverse_log(in_steps=True))), m).outcome is not Outcome.SUPPORTED


def test_a_plateau_breaks_rates_and_limits():
    assert found(Rate(HALF), plateau=0.2).outcome is Outcome.REFUTED
    assert found(Limit(0.5, laws.power(1 / 4)), plateau=0.2, until=1e5).outcome is Outcome.REFUTED


def test_a_limit_is_supported_where_the_gap_ends_below_its_tolerance():
    assert found(Limit(0.1, laws.power(1 / 4))).outcome is Outcome.SUPPORTED
    verdict = found(Limit(1e-4, laws.power(1 / 4)))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "above 0.0001" in verdict.sentence


@pytest.mark.parametrize("kind", [Rate(laws.power(0.9)), Limit(0.5, laws.power(0.9))], ids=["rate", "limit"])
def test_datasets_before_their_regime_decide_nothing_and_say_how_far_it_is(kind):
    early = curves(size=100.0, plateau=0.001)
    verdict = judge(claim(kind=kind), measured(early))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "times the steps would bring half of them there" in verdict.sentence
    never = replace(early, budget=np.broadcast_to(5 * GAMMA[:, None], early.gap.shape))
    assert "no number of steps" in judge(claim(kind=kind), measured(never)).sentence
    assert advise(verdict) is not None


@pytest.mark.parametrize("plateau", [0.0, 0.9], ids=["a lawful run", "another norm"])
@pytest.mark.parametrize("kind", [Rate(HALF), Limit(0.5, HALF)], ids=["rate", "limit"])
def test_before_a_hidden_constant_nothing_is_supported_or_refuted(kind, plateau):
    early = replace(curves(plateau=plateau), lacks=np.full(20, np.log(10.0)))
    verdict = judge(claim(kind=kind), measured(early))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.sentence.startswith("On 20 of 20 datasets gradients have not been below a constant")
    told = "no number of steps will" if plateau else "times the steps would"
    assert f"{told} bring half of them there" in verdict.sentence


def test_advice_names_the_steps_that_settle_it():
    law = laws.power(0.9)
    early = judge(claim(kind=Rate(law)), measured(curves(size=100.0, plateau=0.001)))
    advice = advise(early)
    assert advice is not None
    assert 2 <= advice.steps <= 20
    assert "bring half of them there" in advice.sentence
    c = curves(size=100.0, plateau=0.001)
    far = replace(c, budget=np.broadcast_to(5 * GAMMA[:, None], c.gap.shape))
    never = advise(judge(claim(kind=Rate(law)), measured(far)))
    assert never is not None
    assert not never.helps
    short = advise(judge(claim(kind=Limit(1e-3, HALF)), measured(curves())))
    assert short is not None
    # The largest gap is 1.5 / S with S = 2 sqrt t, so that t = (0.75 / tolerance)^2.
    assert short.steps == pytest.approx(1.2 * (0.75 / 1e-3) ** 2 / 2e4, rel=0.2)
    assert "falls below 0.001" in short.sentence
    too_late = advise(judge(claim(kind=Limit(1e-6, HALF)), measured(curves())))
    assert too_late is not None
    assert not too_late.helps


def test_summable_steps_are_refuted():
    verdict = found(Rate(HALF), a=1.5)
    assert verdict.outcome is Outcome.REFUTED
    assert "the weights stand still" in verdict.sentence


def still(rows: int, since: float, until: float):
    """Lawful curves, but that the gaps of some stand still from a time on."""
    c = curves(until=until)
    at = int(np.searchsorted(c.log_time, np.log(since)))
    gap = c.gap.copy()
    gap[:rows, at:] = gap[:rows, [at]]
    return replace(c, gap=gap, budget=np.maximum(c.budget, 2 * gap))


def test_one_dataset_that_stands_still_for_good_refutes_and_is_named():
    kind = Rate(laws.power(0.4))
    m, later = measured(still(1, 20, 2e4)), measured(still(1, 20, 2e5))
    early = judge(claim(kind=kind), m)
    assert early.outcome is Outcome.INCONCLUSIVE
    assert early.evidence.alone == 1
    verdict = kind.resolve("gap", m, np.array([0]), replace_rows(later, 1))
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.evidence.worst == 0


def test_one_dataset_that_falls_again_is_forgiven():
    kind = Rate(laws.power(0.4))
    m = measured(still(1, 2e3, 2e4))
    assert list(np.flatnonzero(kind.suspects(m))) == [0]
    verdict = kind.resolve("gap", m, np.array([0]), replace_rows(measured(curves(until=2e5)), 1))
    assert verdict.outcome is Outcome.SUPPORTED
    assert "none at ten times it" in verdict.sentence


def replace_rows(m, rows: int):
    """The measurement of the first datasets alone."""
    c = m.scale
    assert c is not None
    part = replace(
        c, gap=c.gap[:rows], gamma=c.gamma[:rows], size=c.size[:rows], path=c.path[:rows], budget=c.budget[:rows],
        misaligned=c.misaligned[:rows], floor=c.floor[:rows], judged=c.judged[:rows],
    )  # fmt: skip
    return measured(part)


def test_a_single_dataset_is_supported_by_its_budget_or_its_fall():
    one = replace_rows(measured(curves()), 1)
    assert judge(claim(kind=Rate(HALF)), one, one=True).outcome is Outcome.SUPPORTED
    stuck = replace_rows(measured(curves(plateau=0.3)), 1)
    assert judge(claim(kind=Rate(laws.power(0.9))), stuck, one=True).outcome is not Outcome.SUPPORTED


@pytest.mark.parametrize("kind", [Rate(HALF), Limit(1.0, HALF)], ids=["rate", "limit"])
def test_lawful_gaps_above_a_lasting_misalignment_support_nothing(kind):
    lawful = curves()
    little = replace(lawful, misaligned=0.5 * GAMMA[:, None] * lawful.relative[:, -1:] * lawful.path)
    assert judge(claim(kind=kind), measured(lawful)).outcome is Outcome.SUPPORTED
    finding = judge(claim(kind=kind), measured(little))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "the updates stay misaligned, and the gap may level off there" in finding.sentence
    for count, outcome in ((1, Outcome.SUPPORTED), (2, Outcome.INCONCLUSIVE)):  # of 20; lawful runs have one at times
        few = little.misaligned * (np.arange(20) < count)[:, None]
        assert judge(claim(kind=kind), measured(replace(little, misaligned=few))).outcome is outcome
    alone = replace_rows(measured(little), 1).scale
    assert alone is not None
    assert scaled.read(alone, HALF.log_value, 0.05).untold


def test_aligned_updates_certify_a_limit_on_a_path_that_crawls_and_no_rate():
    kinds = Limit(0.1, laws.inverse_log(in_steps=True)), Limit(0.01, HALF), Rate(HALF)
    held, short, rate = (judge(claim(kind=kind), measured(crawling())) for kind in kinds)
    assert held.outcome is Outcome.SUPPORTED
    assert "above 0.01" in short.sentence
    assert rate.outcome is not Outcome.SUPPORTED
    strays = crawling()
    strays = replace(strays, misaligned=0.02 * GAMMA[:, None] * strays.path)  # the gap is where it will stay
    assert judge(claim(kind=kinds[0]), measured(strays)).outcome is not Outcome.SUPPORTED


@pytest.mark.parametrize("kind", [Rate(HALF), Limit(0.5, HALF)], ids=["rate", "limit"])
def test_what_leaves_its_regime_by_ten_times_the_horizon_supports_nothing(kind):
    now, later = curves(), curves(until=2e5)
    drifts = 0.05 * GAMMA[:, None] * (np.arange(20) == 0)[:, None]  # above the gap: ten times the horizon is asked for
    m = measured(replace(now, budget=now.gap + drifts, misaligned=drifts * now.path))
    places = np.flatnonzero(kind.suspects(m))
    assert places.tolist() == [0]
    for above, outcome in ((0.0, Outcome.SUPPORTED), (0.9, Outcome.INCONCLUSIVE)):
        far = measured(replace(later, budget=later.gap + above * GAMMA[:, None]))
        assert kind.resolve("gap", m, places, replace_rows(far, 1)).outcome is outcome


@pytest.mark.parametrize("kind", [Rate(HALF), Limit(0.5, HALF)], ids=["rate", "limit"])
def test_a_dataset_on_which_the_weights_stand_still_is_run_farther_and_forbids_support(kind):
    def stopped(until: float):
        c = curves(until=until)
        at = int(np.searchsorted(c.log_time, np.log(1e3)))
        index = np.where(np.arange(len(c.log_time)) > at, at, np.arange(len(c.log_time)))
        parts = {name: getattr(c, name).copy() for name in ("gap", "size", "path", "budget")}
        for values in parts.values():
            values[0] = values[0, index]
        return measured(replace(c, **parts))

    finding = kind.judge("gap", stopped(2e4))
    assert finding.outcome is Outcome.INCONCLUSIVE
    places = np.flatnonzero(kind.suspects(stopped(2e4)))
    assert places.tolist() == [0]
    alone = replace_rows(stopped(2e5), 1)
    assert kind.resolve("gap", stopped(2e4), places, alone).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("kind", [Rate(HALF), Limit(1.0, HALF)], ids=["rate", "limit"])
def test_a_crowd_whose_updates_are_misaligned_for_good_supports_nothing_however_small_the_gap(kind):
    lawful = curves()
    for count, sampled, outcome in (
        (20, False, Outcome.INCONCLUSIVE),
        (8, False, Outcome.SUPPORTED),  # no more than may be a fifth
        (20, True, Outcome.SUPPORTED),  # one by one, and not in the mean
    ):
        misaligned = 0.2 * GAMMA[:, None] * lawful.path * (np.arange(20) < count)[:, None]
        finding = judge(claim(kind=kind), measured(replace(lawful, misaligned=misaligned, sampled=sampled)))
        assert finding.outcome is outcome
        assert ("on 20 datasets the updates stay misaligned" in finding.sentence) == (outcome is Outcome.INCONCLUSIVE)
