"""The atlas: of all proved rates here, the exponent that was proved against the one that survives.

A row is a method, a column a schedule of step sizes; what is proved is a stroke, what survives a mark with its
interval. Where that lies to the right of the stroke the theory is loose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from solvers.errors import InputError
from verify.gallery.experiment import Experiment, Finding, Results
from verify.gallery.surviving import Parameters, parts

_SCHEDULE = re.compile(r",? ?η = [\d.]+ \(t\+1\)\^+-([\d./]+)")
_OTHER = "other"
_NAMES = {
    "normalised gradient descent": "normalised GD",
    "momentum NGD": "normalised GD with momentum",
}
_STEEPEST = re.compile(r"(?:normalised )?steepest descent in the (\S+) norm")


def find(p: Parameters, results: Results) -> Finding:
    """The figure, the table, widest gap first, and counts."""
    found = sorted(results.values(), key=lambda each: (-_gap(each), each["claim"]))
    marks = [_mark(each) for each in found if each["in_steps"] and each["survives"]]
    if not marks:
        raise InputError(
            f"Of {len(found)} rates no law in steps survives on fresh draws, so that there is nothing to draw: give "
            "more datasets or steps, or other claims."
        )
    columns = sorted({mark["schedule"] for mark in marks}, key=_power)
    rows = sorted({mark["method"] for mark in marks}, key=str.lower)
    for mark in marks:
        mark["row"], mark["column"] = rows.index(mark.pop("method")), columns.index(mark.pop("schedule"))
    drawing = {"rows": rows, "columns": [_titled(column) for column in columns], "marks": marks}
    return Finding(
        drawing=drawing,
        caption=(
            "Exponents of t: proved (stroke) and surviving (mark, with its interval), by method and step sizes. A mark "
            "to the right of its stroke: the gap falls faster than was proved. Laws of log t are in the table."
        ),
        alternative=f"A panel for each schedule, a row for each method. {_counted(found)}",
        sentences=[_counted(found), *_widest(found)],
        headings=("Claim", "Method", "Proved", "Survives", "Exponent", "With factors of log t", "First refuted"),
        rows=[_row(each) for each in found],
        numbers={name: dict(each) for name, each in results.items()},
    )


def _gap(each: Mapping[str, Any]) -> float:
    """By how much at least the surviving exponent is larger: the interval's lower end less the proved one."""
    return -1e9 if not each["interval"] else float(each["interval"][0]) - each["proved"]["exponent"]


def _mark(each: Mapping[str, Any]) -> dict[str, Any]:
    method, schedule = _method(each["about"])
    low, high = (_finite(end) for end in each["interval"])
    return {
        "claim": each["claim"],
        "title": f"{each['title']}: proved {each['proved']['law']}, survives {each['survives']['law']}",
        "method": method,
        "schedule": schedule,
        "proved": each["proved"]["exponent"],
        "survives": each["survives"]["exponent"],
        "low": low,
        "high": high,
    }


def _finite(end: float | str | None) -> float | None:
    """An end of an interval; None where there is none, an infinity being a text in plain data."""
    return None if end is None or isinstance(end, str) else end


def _method(about: str) -> tuple[str, str]:
    """The method in few words, and the power of its step sizes."""
    power = _SCHEDULE.search(about)
    name = re.split(r"[,(;]", about)[0].strip()
    name = _NAMES.get(name, _NAMES.get(name[:1].lower() + name[1:], name))
    if steepest := _STEEPEST.search(about):
        name = f"steepest descent, {steepest[1]}"
    return name, _OTHER if power is None else f"{_fraction(power[1]):.2g}"


def _fraction(text: str) -> float:
    above, _, below = text.partition("/")
    return float(above) / float(below or 1)


def _power(schedule: str) -> float:
    return 2.0 if schedule == _OTHER else float(schedule)


def _titled(schedule: str) -> str:
    return (
        "other steps" if schedule == _OTHER else f"steps t^-{ {'0.67': '2/3', '0.5': '1/2'}.get(schedule, schedule) }"
    )


def _row(each: Mapping[str, Any]) -> tuple[str, ...]:
    survives, refuted = each["survives"], each["refuted"]
    return (
        each["claim"],
        each["about"],
        each["proved"]["law"],
        survives["law"] if survives else "none",
        _ends(each["interval"]),
        _ends(each["wide"]),
        refuted["law"] if refuted else "none",
    )


def _ends(interval: Sequence[float | str] | None) -> str:
    if interval is None:
        return "–"
    low, high = (end if isinstance(end, str) else f"{end:.2f}" for end in interval)
    return f"[{low}, {'∞' if high == 'inf' else high}]"


def _counted(found: Sequence[Mapping[str, Any]]) -> str:
    told = [each for each in found if each["interval"]]
    faster = sum(_gap(each) > 0 for each in told)
    silent = "" if len(told) == len(found) else f"; of {len(found) - len(told)} no law survives on fresh draws"
    sure = sum((each["wide"] or each["interval"])[0] > each["proved"]["exponent"] for each in told)
    loose = f"{faster} {'is' if faster == 1 else 'are'} loose by the whole interval"
    also = f"{sure} also if a factor of log t may stand beside the power"
    return f"Of {len(found)} proved rates {loose}, {also}{silent}."


def _widest(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """The widest gaps in words."""
    return [
        f"{each['claim']}: {each['proved']['law']} is proved, {each['survives']['law']} survives."
        for each in found[:5]
        if each["survives"] and _gap(each) > 0
    ]


EXPERIMENT = Experiment(
    id="atlas",
    title="The atlas: proved exponents against surviving ones",
    source="of all papers whose rates are stated here",
    shows=(
        "For each claim that states a proved rate, the fastest law of a ladder of exponents that survives on draws "
        "which the search did not see, and the first one that is refuted (`verify sharpen`, without its hunt). Claims "
        "that were observed or conjectured, and decays faster than any power, are left out."
    ),
    figure="atlas",
    parameters=Parameters(),
    parts=parts,
    find=find,
    also=("claims", "trials"),
)
