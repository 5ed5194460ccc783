"""The dossier of an optimizer as one page: sections of sentences and tables, and a figure, in HTML and in Markdown."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure as Canvas

from reports import svg, text
from reports.margins import COLOURS
from reports.mathematics import mathml
from reports.records import replace_file
from reports.tables import escape_markdown

Told = Mapping[str, Any]
"""What `verify.discovery.dossier.Dossier.to_dict` gives."""
_PARAMETERS = {"n": "points n", "d": "features d", "gamma": "maximal margin γ"}


@dataclass(frozen=True)
class Curve:
    """Runs under one schedule: its name, the times t `[r]`, relative gaps and what was travelled, `[b r]`."""

    name: str
    times: Float[np.ndarray, " r"]
    gap: Float[np.ndarray, "b r"]
    travelled: Float[np.ndarray, "b r"]


@dataclass(frozen=True)
class Section:
    """A part of the page. sentences stand before the table, whose rows are as long as its headings."""

    title: str
    sentences: Sequence[str]
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True)
class Conjecture:
    """A conjecture that the dossier suggests: what it says, its file, and the command that checks it."""

    sentence: str
    file: str
    command: str


def write(
    folder: Path, name: str, told: Told, curves: Sequence[Curve], conjectures: Sequence[Conjecture], reproduce: str
) -> dict[str, Path]:
    """Write `<name>.html`, one page that needs no other file, and `<name>.md`; their paths by "html" and "markdown".

    told: the dossier as plain data. curves: for the figure. conjectures: that were written. reproduce: the command that
    made it.
    """
    sections = list(_sections(told, conjectures))
    words = _summary(told)
    title = f"Dossier of {told['optimizer']}"
    page = _environment(True)
    css = Markup(PackageLoader("reports").get_source(page, "report.css")[0])
    with svg.style(name):
        picture = svg.element(figure(curves), f"Relative gaps of {told['optimizer']} under each schedule.", name)
    fields = {"title": title, "words": words, "sections": sections, "told": told, "reproduce": reproduce}
    html = page.get_template("dossier.html.j2").render(css=css, picture=Markup(picture), **fields)
    plain = _environment(False).get_template("dossier.md.j2").render(**fields)
    paths = {"html": folder / f"{name}.html", "markdown": folder / f"{name}.md"}
    for path, content in zip(paths.values(), (html, plain), strict=True):
        replace_file(path, lambda file, content=content: file.write(content.encode()))
    return paths


def figure(curves: Sequence[Curve]) -> Canvas:
    """Median relative gaps of all schedules against t, and against what the weights have travelled."""
    canvas = Canvas(figsize=(7.4, 3.6), layout="constrained")
    left, right = canvas.subplots(1, 2, sharey=True)
    for curve, colour in zip(curves, itertools.cycle(COLOURS), strict=False):
        gap = _median(curve.gap)
        left.plot(curve.times, gap, color=colour, label=curve.name)
        right.plot(_median(curve.travelled), gap, color=colour)
    for axes, label in ((left, "steps t"), (right, "travelled S")):
        axes.set(xscale="log", yscale="log", xlabel=label)
        axes.grid(True, color=svg.INK, alpha=0.15, linewidth=0.6)
    left.set_ylabel("relative gap (median)")
    if curves:
        canvas.legend(loc="outside lower center", ncols=2, fontsize=9)
    return canvas


def _median(values: Float[np.ndarray, "b r"]) -> Float[np.ndarray, " r"]:
    known = np.isfinite(values).any(axis=0)
    found = np.full(values.shape[1], np.nan)
    found[known] = np.nanmedian(values[:, known], axis=0)
    return np.where(found > 0, found, np.nan)


def _environment(autoescape: bool) -> Environment:
    environment = Environment(loader=PackageLoader("reports"), autoescape=autoescape, undefined=StrictUndefined)
    environment.filters.update({"math": mathml, "md": escape_markdown, "duration": text.duration})
    return environment


def _summary(told: Told) -> str:
    return told["identified"]["sentence"]


def _sections(told: Told, conjectures: Sequence[Conjecture]) -> Iterator[Section]:
    yield _norm(told)
    yield _constants(told)
    yield _schedules(told)
    yield _dependences(told)
    yield _batches(told)
    yield Section("Rotation, scale and precision", [told["rotation"]["sentence"], told["degree"], told["precision"]])
    yield _theorems(told)
    yield _conjectures(told, conjectures)


def _norm(told: Told) -> Section:
    found = told["identified"]
    rows = [
        [
            score["norm"],
            text.number(score["share"], 4),
            text.number(score["slope"], 2),
            text.number(score["misalignment"], 2),
            f"{score['falls']} of {score['judged']}",
            str(score["stands"]),
        ]
        for score in found["ranking"]
    ]
    phases = [f"{p['norm']} up to {_time(p['end'])}" for p in found["phases"]]
    return Section(
        "The norm that it follows",
        [
            f"Seen up to {_time(found['until'])} on {text.count(found['datasets'], 'drawn dataset')}.",
            *([f"In turn: {', then '.join(phases)}."] if phases else []),
        ],
        ("Norm", "Share of the maximal margin", "Slope of the deficit", "Misalignment", "Gap falls", "Stands still"),
        rows,
    )


def _constants(told: Told) -> Section:
    found = told["identified"]
    sentences = [each["sentence"] for each in found["constants"]]
    if between := found["between"]:
        sentences.append(
            f"Between, at {_time(between['log_time'])}, it had {text.number(between['share'])} of the maximal "
            f"{between['norm']} margin, at the end {text.number(between['last'])}."
        )
    if told["above"]:
        sentences.append(
            f"With all gradients far above: {told['above']['sentence']} What follows was measured so: it holds until "
            "gradients come down to the constant."
        )
    if found["later"]:
        sentences.append(f"At the end it becomes gradient descent, and goes to the {found['later']} margin.")
    if not sentences:
        sentences = ["No constant is hidden in it, as far as gradients from 2^-480 to 2^42 tell."]
    return Section("Hidden constants and hand-overs", sentences)


def _schedules(told: Told) -> Section:
    rows = [
        [
            each["steps"],
            _interval(each["in_time"]),
            _interval(each["in_path"]),
            _interval(each["deficit"]),
            f"{each['tell']} of {each['datasets']}",
            "–" if each["past"] is None else f"{each['past']} of {each['datasets']}",
            text.number(each["path"]),
        ]
        for each in told["schedules"]
    ]
    followed = "" if told["followed"] else ", which it was not shown to follow,"
    return Section(
        "How fast, under which step sizes",
        [
            f"Exponents p of the gap to the maximal {told['norm']} margin{followed} over the last decade before "
            f"t = {told['steps']}: t^-p, and S^-p in what the weights travelled, S (the sum of the step sizes where "
            "updates have norm 1). With a bounded deficit the gap falls like 1/S, whatever the schedule. Intervals are "
            "over the datasets that had half of the margin a decade before; a dash: fewer than four had."
        ],
        (
            "Step sizes",
            "p in t",
            "p in S",
            "Deficit's slope",
            "Datasets that tell",
            "Past its constants",
            "S at the end",
        ),
        rows,
    )


def _dependences(told: Told) -> Section:
    rows = [
        [
            _PARAMETERS[each["parameter"]],
            ", ".join(text.number(value) for value in each["values"]),
            each["quantity"],
            ", ".join(text.number(value) for value in each["medians"]),
            _interval(each["exponent"]),
        ]
        for each in told["dependences"]
    ]
    return Section(
        "What it depends on",
        [
            "One of points n, features d and maximal margin γ moves, the others are held exactly. Two quantities: what "
            "the weights travel until they have half of the margin, and the deficit D by which the gap is D/‖w‖. The "
            "exponent is that of the parameter, median of the replicates with its interval."
        ],
        ("Parameter", "Values", "Quantity", "Medians", "Exponent"),
        rows,
    )


def _batches(told: Told) -> Section:
    rows = [
        [each["sampling"], _followed(each), text.number(each["share"], 4), text.number(each["slope"], 2)]
        for each in told["batches"]
    ]
    size = told["batches"][0]["batch"] if told["batches"] else 0
    return Section(
        "On mini-batches",
        [f"Batches of {text.count(size, 'point')}. Share and slope are those of the {told['norm']} margin."],
        ("Sampling", "Norm followed", "Share of the maximal margin", "Slope of the deficit"),
        rows,
    )


def _followed(batched: Mapping[str, Any]) -> str:
    """The norm that runs on mini-batches follow, or why none is named."""
    if batched["share"] is None:
        return "cannot be run so"
    return batched["norm"] or ("none of these" if batched["settled"] else "not settled")


def _theorems(told: Told) -> Section:
    rows = [
        [each["source"], each["id"], each["about"], each["law"], each["read"], f"{each['cosine']:.4f}"]
        for each in told["theorems"]
    ]
    whose = "about this norm" if told["followed"] else "about any norm"
    words = (
        f"Of the theorems {whose}, those whose method's updates are most parallel to its own, for the same gradients "
        "(mean cosine)."
    )
    return Section(
        "Nearest known theorems",
        [words] if rows else ["No theorem here is about this norm and a method like this one."],
        ("Theorem", "Claim", "Method", "Law", "Read", "Cosine"),
        rows,
    )


def _conjectures(told: Told, conjectures: Sequence[Conjecture]) -> Section:
    if not told["suggestions"]:
        return Section("Conjectures", [told["silence"]])
    if not conjectures:
        sentences = [f"{each['sentence'][:1].upper()}{each['sentence'][1:]}." for each in told["suggestions"]]
        return Section("Conjectures", [*sentences, "None was written to a file."])
    rows = [[each.sentence, each.file, each.command] for each in conjectures]
    return Section(
        "Conjectures",
        ["Laws that the runs suggest, each a file with a false twin. Nothing is known of them until they are checked."],
        ("Law", "File", "Check it by"),
        rows,
    )


def _interval(value: Mapping[str, float] | None) -> str:
    return "–" if value is None else text.estimate(value["value"], (value["low"], value["high"]))


def _time(log_time: float) -> str:
    return f"t = {text.number(math.exp(log_time))}" if log_time < 50 else f"log t = {text.number(log_time)}"
