"""Verdicts: what the measured curves say about a claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from verify import statistics
from verify.claims import envelopes
from verify.claims.advice import Advice, _capped, _for_limit, _for_rate, _times
from verify.claims.claim import Bound, Claim, Limit, Order, Rate, Separation, Trend
from verify.claims.envelopes import levels_off
from verify.claims.judging import judge_order, judge_separation, judge_trend, settled_orders
from verify.claims.verdict import Evidence, Outcome, Verdict, _datasets
from verify.datasets.cases import Case
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.statistics import Interval

_AGAIN = 4.0  # cases for one, where the spread does not say how many


def advise(verdict: Verdict) -> Advice | None:
    """What would settle the verdict; None where it is settled."""
    if verdict.outcome is not Outcome.INCONCLUSIVE:
        return None
    m, evidence = verdict.measurement, verdict.evidence
    drawn, judged = len(m.judged), int(np.count_nonzero(m.judged))
    if not judged:
        why = f" ({'; '.join(m.notes)})" if m.notes else ""
        return Advice(1, 1, f"None of the {drawn} cases could be judged{why}: draw others, in the claim's problem.")
    if 2 * judged < drawn:
        return Advice(
            1, 1, f"{drawn - judged} of {drawn} cases were left out: widen what can be judged, or draw others."
        )
    match verdict.claim.kind:
        case Rate():
            return _for_rate(verdict)
        case Limit(tolerance=tolerance):
            return _for_limit(verdict, tolerance)
        case Order():
            finer = "a finer step size, and data or an eps that leave the asymptotic regime more room"
            return Advice(2, 1, f"{evidence.informative} of {judged} cases have a settled order: {finer} would tell.")
        case Separation(threshold=threshold):
            worst = evidence.worst
            if worst is None:
                return Advice(1, 1, "A judged value is not a number: look at the notes.")
            distance = abs(float(m.values[worst, -1]) - threshold)
            factor = _capped((float(m.floor[worst]) / max(distance, 1e-12)) ** 2)
            return Advice(
                1, factor, f"An interval {np.sqrt(factor):.2g} times narrower would tell: {_times(factor)} draws."
            )
        case Trend():
            return Advice(
                1, _AGAIN, f"{evidence.informative} repetitions leave it open: {_times(_AGAIN)} cases would tell."
            )
        case Bound():
            return Advice(
                1, 1, "The bound is not a number on some cases: its precision has to be mended, not the budget."
            )


_FEWEST = 8  # datasets that an ensemble statistic needs


def check(
    claim: Claim,
    datasets: Sequence[Case] | Laboratory,
    *,
    steps: int = 100_000,
    log_time: float = 1e4,
    platform: str | None = None,
) -> Verdict:
    """Check a claim on datasets or settings: measure, judge, and word the outcome.

    datasets: a list, or a laboratory whose runs are shared. steps, log_time: the horizon, for a list.
    Raises `InputError` on bad input, `NonSeparableError` where the data have no margin, `TrajectoryError` at NaN.
    """
    lab = datasets
    if not isinstance(lab, Laboratory):
        lab = Laboratory(lab, steps=steps, log_time=log_time, platform=platform)
    return judge(claim, claim.quantity.measure(claim, lab))


def judge(claim: Claim, measurement: Measurement, among: Bool[np.ndarray, " b"] | None = None) -> Verdict:
    """The verdict on measured curves; with `among`, on those of the cases that the claim is about.

    Where fewer than half of all cases could be judged the claim is not supported (see `capped`), and a measurement that
    is `all_or_none` refutes nothing either.
    """
    m = measurement
    if m.all_or_none and _few(m):
        note = f"none is judged, since only {np.count_nonzero(m.judged)} of {len(m.judged)} runs could be"
        m = replace(m, judged=np.zeros(len(m.judged), bool), notes=(*m.notes, note))
    if among is not None:
        m = replace(m, judged=m.judged & among)
    return capped(_by_kind(claim, m), measurement)


def capped(verdict: Verdict, measurement: Measurement) -> Verdict:
    """The verdict, but not SUPPORTED if fewer than half of the measurement's cases could be judged.

    A claim is of all cases, and one that was left out may break it. That the claim fails on one that was judged no
    other case can change, so that a refutation stands.
    """
    if verdict.outcome is not Outcome.SUPPORTED or not _few(measurement):
        return verdict
    judged, drawn = np.count_nonzero(measurement.judged), len(measurement.judged)
    why = f" ({'; '.join(measurement.notes)})" if measurement.notes else ""
    sentence = f"Only {judged} of {drawn} cases could be judged{why}; on these: {verdict.sentence}"
    return replace(verdict, outcome=Outcome.INCONCLUSIVE, sentence=sentence)


def _few(m: Measurement) -> bool:
    return 2 * int(np.count_nonzero(m.judged)) < len(m.judged)


def _by_kind(claim: Claim, m: Measurement) -> Verdict:
    match claim.kind:
        case Bound():
            return _judge_bound(claim, claim.kind, m)
        case Rate():
            return _judge_rate(claim, claim.kind, m)
        case Limit():
            return _judge_limit(claim, claim.kind, m)
        case Order():
            return judge_order(claim, claim.kind, m)
        case Trend():
            return judge_trend(claim, claim.kind, m)
        case Separation():
            return judge_separation(claim, claim.kind, m)


def _judge_bound(claim: Claim, kind: Bound, m: Measurement) -> Verdict:
    upper = kind.upper(m)
    excess = m.values - m.floor[:, None]
    undefined = m.judged[:, None] & (np.isnan(upper) | np.isnan(excess))
    with np.errstate(invalid="ignore", divide="ignore"):
        # Over a bound that is not positive the ratio means nothing: a violation is infinitely far from it.
        ratio = np.where(upper > 0, excess / upper, np.where(excess > upper, np.inf, 0.0))
    tightness = np.where(m.judged[:, None] & ~undefined, ratio, -np.inf)
    row, column = np.unravel_index(int(np.argmax(tightness)), tightness.shape)
    value, step = float(tightness[row, column]), float(m.log_time[column])
    informative = int(np.count_nonzero(m.judged))
    evidence = Evidence(
        "largest quantity / bound", Interval(value, value, value), 1.0, None, informative,
        int(row), value, step,
    )  # fmt: skip
    if not informative:
        return Verdict(claim, Outcome.INCONCLUSIVE, "No dataset could be judged.", evidence, m)
    when = f"at t = {np.exp(step):.0f}" if step < 50 else f"at t = e^{step:.0f}"
    if value > 1:
        sides = f"{m.values[row, column]:.6g} against {upper[row, column]:.6g} on dataset {row}"
        sentence = f"The {claim.quantity.name} is {value:.4g} times its bound {kind.text} {when}: {sides}."
        return Verdict(claim, Outcome.REFUTED, sentence, evidence, m)
    if undefined.any():
        sentence = f"The bound {kind.text} is not a number on {_datasets(int(undefined.any(axis=1).sum()))}."
        return Verdict(claim, Outcome.INCONCLUSIVE, sentence, evidence, m)
    sentence = (
        f"The {claim.quantity.name} stays below {kind.text} at every recorded step on {_datasets(informative)}; "
        f"it comes nearest, to {value:.3g} of the bound, {when}."
    )
    return Verdict(claim, Outcome.SUPPORTED, sentence, evidence, m)


def _informative(claim: Claim, law, m: Measurement) -> tuple[Bool[np.ndarray, " b"], int]:
    """Datasets whose curve is still above what its reference resolves, and how many reached the margin exactly."""
    late, _ = envelopes.windows(law.log_clock(m.log_time))
    # A curve with NaN has reached nothing; it is not judged either.
    open_ = envelopes.unresolved(np.nan_to_num(m.values, nan=np.inf), m.floor, late)
    return m.judged & open_, int(np.count_nonzero(m.judged & ~open_))


def _judge_rate(claim: Claim, kind: Rate, m: Measurement) -> Verdict:
    use, exact = _informative(claim, kind.law, m)
    threshold = kind.resolution / 2
    name = f"growth of {claim.quantity.name} / ({kind.law}) a decade, as a power of ten"
    ratio = np.full(len(use), np.nan)
    # Below ten floors a curve is only known to be small: growth out of there is no growth.
    floored = np.maximum(m.values, 10 * m.floor[:, None])
    ratio[use] = envelopes.log_envelope_ratio(m.log_time, floored[use], kind.law)
    use &= ~np.isnan(ratio)
    count = int(np.count_nonzero(use))
    if count < _FEWEST:
        evidence = Evidence(name, None, threshold, None, count, *_worst(ratio, m), exactly_reached=exact)
        sentence = f"Only {count} datasets bear on the rate ({exact} reached the limit exactly): {_FEWEST} are needed."
        return Verdict(claim, Outcome.INCONCLUSIVE, sentence, evidence, m)
    growth = statistics.median(ratio[use])
    slopes = envelopes.exponents(m.log_time, m.values[use], kind.law)
    exponent = statistics.median(slopes[~np.isnan(slopes)])
    evidence = Evidence(name, growth, threshold, exponent, count, *_worst(ratio, m), exactly_reached=exact)
    figures = (
        f"over the last decade the {claim.quantity.name} divided by {kind.law} grew by 10^{growth.value:.3f} "
        f"[{growth.low:.3f}, {growth.high:.3f}] (median of {count} datasets, threshold 10^{threshold:.2f})"
    )
    alone = breaks_alone(kind, m)
    if growth.low <= threshold and alone.any():
        worst = _worst(np.where(alone, ratio, np.nan), m)
        evidence = replace(evidence, alone=int(np.count_nonzero(alone)), worst=worst[0], worst_value=worst[1])
        sentence = (
            f"The law is undecided: on {evidence.alone} of {_datasets(count)} the {claim.quantity.name} divided by "
            f"{kind.law} grew in two successive decades, which ten times the horizon would settle."
        )
        return Verdict(claim, Outcome.INCONCLUSIVE, sentence, evidence, m)
    if growth.high <= threshold:
        return Verdict(claim, Outcome.SUPPORTED, f"The law holds: {figures}.", evidence, m)
    recent = envelopes.recent_growth(m.log_time, floored[use], kind.law)
    recent = recent[~np.isnan(recent)]
    # Growth that has died down is no refutation: half a decade must have its half of it.
    if growth.low > threshold and len(recent) and statistics.median(recent).value > threshold / 2:
        return Verdict(claim, Outcome.REFUTED, f"The law fails: {figures}, without slowing.", evidence, m)
    return Verdict(claim, Outcome.INCONCLUSIVE, f"The law is undecided: {figures}.", evidence, m)


def _judge_limit(claim: Claim, kind: Limit, m: Measurement) -> Verdict:
    judged = m.judged & ~np.isnan(m.values).any(axis=1)
    count = int(np.count_nonzero(judged))
    last = np.where(judged, m.values[:, -1], -np.inf)
    name = f"last {claim.quantity.name}"
    if not count:
        evidence = Evidence(name, None, kind.tolerance, None, 0, None, None, None)
        return Verdict(claim, Outcome.INCONCLUSIVE, "No dataset could be judged.", evidence, m)
    ends = np.full(len(judged), -np.inf)
    ends[judged] = envelopes.limits(m.log_time, m.values[judged], kind.law)
    worst = int(np.argmax(last))
    spread = Interval(float(np.median(last[judged])), float(last[judged].min()), float(last[worst]))
    evidence = Evidence(name, spread, kind.tolerance, None, count, worst, float(last[worst]), float(m.log_time[-1]))
    if last[worst] <= kind.tolerance and ends[worst] <= kind.tolerance:
        end = f"ends at {last[worst]:.2g} or less on {_datasets(count)} (tolerance {kind.tolerance:g})"
        sentence = f"The {claim.quantity.name} {end}."
        return Verdict(claim, Outcome.SUPPORTED, sentence, evidence, m)
    # A growing curve has no limit to extrapolate to, but tends to zero least of all.
    grows = last > np.max(m.values[:, : max(1, len(m.log_time) // 2)], axis=1, initial=0.0)
    stuck = judged & (last > kind.tolerance) & (grows | (ends > last / 2)) & levels_off(m, kind.law)
    if stuck.any():
        i = int(np.argmax(np.where(stuck, last, -np.inf)))
        sentence = (
            f"The {claim.quantity.name} stops falling on {np.count_nonzero(stuck)} of {_datasets(count)}: "
            f"on the worst it ends at {last[i]:.3g}, above {kind.tolerance:g}."
        )
        return Verdict(claim, Outcome.REFUTED, sentence, evidence, m)
    sentence = f"The {claim.quantity.name} ends at up to {last[worst]:.2g}, above {kind.tolerance:g}, but still falls."
    return Verdict(claim, Outcome.INCONCLUSIVE, sentence, evidence, m)


def breaks_alone(kind: Rate, m: Measurement) -> Bool[np.ndarray, " b"]:
    """Datasets that break a rate by themselves, as far as this horizon shows: see `rates.breaks_twice`."""
    # A curve with NaN is not judged, or ends in NaN, and both are left out below: its envelope only must not warn.
    floored = np.maximum(np.nan_to_num(m.values, nan=0.0), 10 * m.floor[:, None])
    twice = envelopes.breaks_twice(m.log_time, floored, kind.law, kind.resolution / 2)
    return m.judged & (m.values[:, -1] > 100 * m.floor) & twice


def _worst(ratio: Float[np.ndarray, " b"], m: Measurement) -> tuple[int | None, float | None, float | None]:
    if np.isnan(ratio).all():
        return None, None, None
    worst = int(np.nanargmax(ratio))
    return worst, float(ratio[worst]), float(m.log_time[-1])


def refutes_alone(claim: Claim, m: Measurement) -> Bool[np.ndarray, " b"]:
    """Which datasets refute the claim by themselves.

    A bound or a separation falls by one violation, an order by one that has settled outside its band. A limit or a rate
    falls by a curve that levels off well above its floor: in no time scale does it then follow a law that tends to
    zero. A trend is the ensemble's.
    """
    match claim.kind:
        case Bound(upper=upper):
            with np.errstate(invalid="ignore"):
                return m.judged & ((m.values - m.floor[:, None]) > upper(m)).any(axis=1)
        case Order(low=low):
            with np.errstate(invalid="ignore"):
                return m.judged & (settled_orders(m) < low)
        case Separation(threshold=threshold):
            return m.judged & (m.values[:, -1] - m.floor > threshold)
        case Trend():
            return np.zeros(len(m.values), bool)
        case Limit(tolerance=least):
            pass
        case Rate():
            least = 1e-3
    above = m.values[:, -1] > np.maximum(least, 100 * m.floor)
    return m.judged & above & levels_off(m, claim.kind.law, share=0.02)
