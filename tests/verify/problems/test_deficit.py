"""The deficit, its regime and its allowed curve, on curves made up from their theory and on runs."""

from dataclasses import replace

import numpy as np
import pytest

from tests.verify import samples
from tests.verify.budgeted import GAMMA, crawling, curves, unexplained
from verify import laws, optimizers
from verify.optimizers import PowerDecay
from verify.problems import deficit
from verify.problems.laboratory import Laboratory
from verify.problems.margins.gap import Gap
from verify.problems.subject import Run

LAW = laws.power(1 / 2).log_value


@pytest.mark.parametrize("a", [0.3, 0.5, 0.8])
def test_the_slope_is_zero_where_the_gap_vanishes_and_one_where_it_levels_off(a):
    assert np.all(np.abs(deficit.deficit_slopes(curves(a, until=1e6))) < 0.01)
    assert np.all(np.abs(deficit.deficit_slopes(curves(a, plateau=0.9, until=1e6)) - 1) < 0.1)


def test_the_slope_is_the_runs_own():
    data = [samples.binary(8, 4, seed=i) for i in range(6)]
    sign = Run(optimizers.sign_gd(PowerDecay(0.1, 0.5)), "SignGD", "exponential", "linf")
    lab = Laboratory(data, steps=20_000, norms=("linf", "l2"))
    own, other = Gap().measure(sign, lab).scale, Gap().measure(replace(sign, norm="l2"), lab).scale
    assert own is not None
    assert other is not None
    assert np.median(deficit.deficit_slopes(own)) < 0.1
    assert np.median(deficit.deficit_slopes(other)) > 0.5
    inside = deficit.regime(own).inside
    assert inside.any()
    bound = np.where(np.isfinite(own.budget), own.budget, np.inf)
    assert np.all(own.gap[inside] <= bound[inside] + own.floor[inside, None] + 1e-9)


def test_a_flow_and_a_loss_without_a_budget_have_no_scale():
    heavy = Run(optimizers.gradient_descent(1.0), "GD", "polynomial_tail", "l2")
    lab = Laboratory([samples.binary(6, 3)], steps=50)
    assert Gap().measure(heavy, lab).scale is None
    assert Gap().measure(replace(heavy, loss="log_exponential"), lab).scale is not None
    unscaled = Laboratory(lab.datasets, steps=50, scaled=False)
    assert Gap().measure(replace(heavy, loss="exponential"), unscaled).scale is None


def test_the_logarithm_of_the_loss_has_the_budget_of_the_loss():
    """Descent of log L by g / L is that of L by g with another step size: the same run, the same budget."""
    data = [samples.binary(8, 4, seed=i) for i in range(3)]
    steps = PowerDecay(0.1, 0.5)
    of_log = Run(optimizers.steepest_descent(steps, "l2"), "NGD", "log_exponential", "l2")
    lab = Laboratory(data, steps=200, norms=("l2",))
    ours, its = Gap().measure(of_log, lab).scale, Gap().measure(replace(of_log, loss="exponential"), lab).scale
    assert ours is not None
    assert its is not None
    np.testing.assert_allclose(ours.budget, its.budget, rtol=1e-9)
    np.testing.assert_allclose(ours.misaligned, its.misaligned, rtol=1e-9, atol=1e-12)


def test_the_regime_begins_where_the_budget_is_below_half_of_gamma():
    c = curves()
    inside, start = deficit.regime(c)
    assert inside.all()
    begun = c.budget[np.arange(20), start] / GAMMA
    assert np.all((begun <= deficit.ENTER) & (begun > deficit.ENTER / 2))
    far = replace(c, budget=np.broadcast_to(5 * GAMMA[:, None], c.gap.shape))
    assert not deficit.regime(far).inside.any()
    assert np.isnan(deficit.allowed(far, LAW)).all()


def test_the_allowed_curve_starts_at_the_budget_and_falls_by_the_law():
    c = curves()
    allowed = deficit.allowed(c, LAW)
    start = deficit.regime(c).start[0]
    assert allowed[0, start] == pytest.approx(c.budget[0, start] / c.gamma[0])
    assert allowed[0, -1] / allowed[0, start] == pytest.approx(np.exp((c.log_time[start] - c.log_time[-1]) / 2))
    assert np.all(deficit.excess(c, LAW) < 1)
    assert np.all(deficit.excess(curves(plateau=0.2), laws.power(0.9).log_value) > 3)


def test_lawful_budgets_are_certified_and_others_are_not():
    assert deficit.certified(curves(), LAW, 0.05).all()
    assert not deficit.certified(curves(), laws.power(0.75).log_value, 0.05).any()
    assert not deficit.certified(curves(plateau=0.1), LAW, 0.05).any()


@pytest.mark.parametrize("a", [0.3, 0.5, 0.8, 0.9, 1 - 1e-9, 1.2])
def test_a_path_is_carried_on_by_the_exponent_that_it_will_have(a):
    """Not by that over the last decade, which for a = 0.9 is 0.15 where the gap will fall like t^-0.1."""
    c = curves(a)
    if a < 1:
        assert deficit.sustained(c, laws.power(max(1 - a, 1e-6)).log_value, 0.02).all()
    assert not deficit.sustained(c, laws.power(max(1 - a, 0) + 0.1).log_value, 0.02).any()
    assert deficit.sustained(c, laws.inverse_log(in_steps=True).log_value, 0.02).all() == (a < 1.1)


def test_gaps_that_stand_still_are_told():
    assert deficit.stands(curves(plateau=0.9, until=1e5)).all()
    assert not deficit.stands(curves()).any()
    level = curves(plateau=0.9, until=1e5)
    assert deficit.levelled_off(level).all()  # 1.8 gamma: outside the regime for ever
    assert not deficit.levelled_off(curves()).any()


def test_updates_that_are_misaligned_for_good_tell_a_plateau_before_the_gap_has_come_down_to_it():
    early = curves(plateau=0.3, size=30.0)
    assert not deficit.stands(early).any()
    assert not deficit.levelled_off(early).any()
    np.testing.assert_allclose(deficit.misalignment(early), 0.3)
    assert deficit.astray(early).all()
    assert not deficit.astray(curves()).any()
    assert not deficit.astray(curves(plateau=0.02, size=0.1)).any()  # too little to tell
    assert not deficit.astray(replace(early, misaligned=GAMMA[:, None] * np.sqrt(early.path))).any()  # it fades away


def test_updates_that_stay_misaligned_by_little_linger():
    little = curves(plateau=0.02, size=0.1)
    assert deficit.lingers(little).all()
    assert not deficit.lingers(curves()).any()
    assert deficit.lingers(replace(little, misaligned=little.misaligned / 15)).all()
    fades = replace(little, misaligned=GAMMA[:, None] * 0.02 * np.sqrt(little.path))
    assert not deficit.lingers(fades).any()
    assert not deficit.lingers(replace(little, sampled=True)).any()
    large = replace(little, misaligned=little.misaligned * 10)  # the gap is far below it, and does not end there
    assert not deficit.lingers(large).any()
    tiny = replace(little, misaligned=little.misaligned / 100)  # the gap is far above it yet, and tells nothing of it
    assert not deficit.lingers(tiny).any()
    assert deficit.adrift(large).all()
    assert not deficit.adrift(replace(large, sampled=True)).any()
    assert not deficit.adrift(little).any()  # below what counts


def test_gaps_are_bound_to_vanish_where_updates_stay_aligned_however_slow_the_path():
    crawls = crawling()
    assert (deficit.deficit_slopes(crawls) > deficit.STANDS).all()
    assert deficit.aligned(crawls).all()
    for share, bound in ((0.05, True), (0.2, False)):  # of the gap
        misaligned = share * crawls.relative[:, -1:] * GAMMA[:, None] * crawls.path
        assert deficit.aligned(replace(crawls, misaligned=misaligned)).all() == bound
    assert not deficit.aligned(unexplained(crawls)).any()
    still = replace(crawls, path=np.broadcast_to(crawls.path[:, -1:], crawls.path.shape))
    assert not deficit.aligned(still).any()
    levelled = replace(crawls, budget=np.broadcast_to(crawls.budget[:, -1:], crawls.budget.shape))
    assert not deficit.aligned(levelled).any()
    assert not deficit.aligned(replace(crawls, budget=10 * crawls.budget)).any()  # before its regime


def test_updates_that_are_misaligned_one_by_one_but_not_in_the_mean_are_not_astray():
    c = curves()
    assert not deficit.astray(replace(c, misaligned=0.5 * GAMMA[:, None] * c.path)).any()


def test_a_runs_updates_are_misaligned_in_another_norm():
    data = [samples.binary(8, 4, seed=i) for i in range(6)]
    sign = Run(optimizers.sign_gd(PowerDecay(0.1, 0.5)), "SignGD", "logistic", "linf")
    lab = Laboratory(data, steps=5_000, norms=("linf", "l2"))
    own, other = Gap().measure(sign, lab).scale, Gap().measure(replace(sign, norm="l2"), lab).scale
    assert own is not None
    assert other is not None
    assert np.max(deficit.misalignment(own)) < deficit.ASTRAY
    assert not deficit.astray(own).any()
    assert np.all(deficit.misalignment(other) > 4 * deficit.ASTRAY)
    assert deficit.astray(other).any()


def test_when_the_regime_is_awaited():
    early = curves(size=100.0)  # a budget of 200 gamma / S, S about 2 sqrt t: half of gamma at t = 4e4
    assert not deficit.regime(early).inside[10:].any()
    assert 2e4 < np.exp(deficit.awaited(early)) < 2e5
    assert deficit.awaited(curves(plateau=0.9)) == np.inf
    assert deficit.awaited(curves()) == curves().log_time[-1]


@pytest.mark.parametrize(("eps", "settled"), [(0.0, True), (1.0, True), (1e-2, False), (1e-30, False)])
def test_a_run_that_has_not_come_past_a_hidden_constant_says_nothing_of_ever_after(eps, settled):
    data = [samples.binary(8, 4, seed=i) for i in range(2)]
    adam = Run(optimizers.adam(PowerDecay(0.1, 0.5), 0.9, 0.95, eps), "Adam", "logistic", "linf")
    scale = Gap().measure(adam, Laboratory(data, steps=60)).scale
    assert scale is not None
    assert bool(scale.settled.all()) is settled
    assert bool(scale.settled.any()) is settled
    if not settled:
        assert scale.lacks is not None
        assert np.all(scale.lacks > 0)


def test_the_wait_for_a_constant_is_that_of_the_path():
    c = curves()
    assert deficit.awaited(replace(c, lacks=np.full(20, np.log(10.0)))) == pytest.approx(
        c.log_time[-1] + 2 * np.log(10.0), rel=0.05
    )


def test_summable_steps_travel_no_more():
    assert np.all(deficit.travelled(curves(a=1.5)) < 0.02)
    assert np.all(deficit.travelled(curves()) > 1)
