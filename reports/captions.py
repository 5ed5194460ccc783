"""What a claim's figure shows, in sentences made from its data."""

from __future__ import annotations

from reports import text
from reports.curves import Band, band, last, last_slope
from reports.records import Curves, Record


def caption(record: Record, curves: Curves) -> str:
    """The caption of a claim's figure: what is drawn, with slopes, verdicts and what could not be drawn."""
    gap = band(curves)
    parts = [_gap_sentences(record, gap) if gap is not None else "No curve of the gap was recorded for this claim."]
    if gap is not None and "law" in curves:
        parts.append(_law_sentence(record, curves))
    parts += _twin_sentences(record, curves)
    names = [real["name"] for i, real in enumerate(record["datasets"]["real"]) if f"real_{i}" in curves]
    if names:
        plural = "s" * (len(names) > 1)
        parts.append(f"Thin line{plural}: the real dataset{plural} {', '.join(names)}.")
    if record["time"]["axis"] == "log t" and gap is not None and gap.times.size:
        end = text.number(float(gap.times[-1]))
        parts.append(f"The horizontal axis is log t, itself on a logarithmic scale: it ends at t = e^{end}.")
    parts.append(f"Verdict on the claim: {record['verdict']}.")
    return " ".join(part for part in parts if part)


def alternative(record: Record, curves: Curves) -> str:
    """A short alternative text of the figure, for those who do not see it."""
    gap = band(curves)
    head = f"{_capital(record['quantity'])} against {record['time']['label']} for {record['title']}"
    if gap is None or not gap.drawable:
        return f"{head}: nothing to draw for the claim itself."
    first, end = last(gap.median[:1]), last(gap.median)
    fall = (
        f": the median over {text.count(gap.datasets, 'dataset')} goes from {text.number(first)} to {text.number(end)}"
    )
    return f"{head}{fall}. Verdict: {record['verdict']}."


def _gap_sentences(record: Record, gap: Band) -> str:
    quantity = _capital(record["quantity"])
    if not gap.drawable:
        reason = f"{gap.exact} of {text.count(gap.datasets, 'dataset')} reached the margin exactly"
        if gap.unknown:
            reason += f", and {gap.unknown} have unknown values"
        if gap.left_out:
            reason += f"; {text.count(gap.left_out, 'time')} are not above 0"
        return f"{quantity}: a logarithmic axis has nothing to show of it; {reason}."
    what = "median (line) and 10–90 % quantiles (band) over " if gap.datasets > 1 else ""
    sentences = [f"{quantity} against {record['time']['label']}: {what}{text.count(gap.datasets, 'dataset')}."]
    slope = last_slope(gap.times, gap.median)
    if slope is not None:
        sentences.append(
            f"Over its last decade the {'median' if gap.datasets > 1 else 'curve'} has the log-log slope "
            f"{_slope(slope)}; its last value is {text.number(last(gap.median))}."
        )
    if gap.exact:
        sentences.append(
            f"{gap.exact} of {text.count(gap.datasets, 'dataset')} reached the margin exactly, {gap.exact_at_end} "
            "of them at the last time: such a gap counts as 0, a line ends where its quantile is 0, and the band "
            "runs down there."
        )
    if gap.left_out:
        sentences.append(f"The first {text.count(gap.left_out, 'time')}, not above 0, cannot be shown.")
    if gap.unknown:
        sentences.append(f"Unknown values, in {gap.unknown} of {text.count(gap.datasets, 'dataset')}, are left out.")
    return " ".join(sentences)


def _law_sentence(record: Record, curves: Curves) -> str:
    slope = last_slope(curves["time"], curves["law"])
    of_slope = f", slope {_slope(slope)} over the last decade" if slope is not None else ""
    name = f" {record['claimed']['law']}" if record["claimed"]["law"] else ""
    return f"Dashed: the claimed law{name}, scaled to the data{of_slope}."


def _twin_sentences(record: Record, curves: Curves) -> list[str]:
    sentences = []
    for twin in record["twins"]:
        wrong = band(curves, twin["curve"]) if twin["curve"] is not None else None
        if wrong is None:
            continue
        slope, end = last_slope(wrong.times, wrong.median), last(wrong.median)
        seen = f"; its median ends at {text.number(end)}" if end is not None else ""
        seen += f" with slope {_slope(slope)}" if slope is not None else ""
        kind = "Dash-dotted" if not sentences else "Dotted"
        sentences.append(f"{kind}: the false twin ({twin['wrong']}){seen}; verdict on the twin: {twin['verdict']}.")
    return sentences


def _slope(slope: float) -> str:
    rounded = f"{slope:.2f}".replace("-", "−")
    return "0.00" if rounded == "−0.00" else rounded


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
