"""The report of a run: an HTML page with its figures, Markdown and JSON."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports import anatomy, exponents, gallery, hunts, summary, svg, tables, text
from reports.figures import Figure, figure
from reports.loose import loose
from reports.mathematics import mathml
from reports.matrix import theorems
from reports.records import Record, ReportError, load_curves, read_records, replace_file, slug
from reports.runs import partial
from reports.verified import is_verified

_FIGURES = "figures"  # the folder of those that lie beside the page


def write_report(report_dir: Path | str, *, single_file: bool = False) -> dict[str, Path]:
    """Write `index.html`, `report.md`, `report.json` and `summary.md` of a run's records into its folder.

    The page's figures lie beside it, as `figures/<slug>.svg`, and are loaded when they are near; with single_file they
    stand in the page itself, which then needs no other file. It needs no network either way. The paths are returned by
    "html", "markdown", "json" and "summary". Records of the same bytes give files of the same bytes.

    A run of hunts and experiments only, in which no theorem was checked, has the page and its Markdown.

    Raises `ReportError` where there is none of these, or one of them or its curves is damaged.
    """
    records = read_records(report_dir)
    exhibits = [(exhibit, _pieces(exhibit)) for exhibit in gallery.read_exhibits(report_dir)]
    hunted = hunts.read_hunts(report_dir)
    if not (records or exhibits or hunted):
        raise ReportError(f"{report_dir} holds no records: run `make verify` first.")
    pairs = [(record, load_curves(report_dir, record)) for record in records]
    drawn = {r["id"]: (figure(r, curves), anatomy.figure(r, curves)) for r, curves in pairs}
    pictures = {name: _pictures(name, *both) for name, both in drawn.items()}
    plain = _environment(PackageLoader("reports"), autoescape=False)
    markdown = {
        "records": records,
        "table": tables.markdown(records),
        "loose": loose(records),
        "theorems": tables.markdown_by_source(records),
    }
    shown = {
        "summary": text.summarise(records) if records else None,
        "headline": headline(report_dir, records, len(exhibits), hunted),
        "figures": drawn,
        "exhibits": exhibits,
        "questions": [record for record in hunted if record["asks"] is not None],
        "hunts": [record for record in hunted if record["asks"] is None],
    }
    contents = {
        "html": ("index.html", _page(records, **shown, pictures=pictures, single_file=single_file)),
        "markdown": ("report.md", plain.get_template("report.md.j2").render(**shown, **markdown)),
    }
    if records:
        contents["json"] = "report.json", tables.to_json(records)
        contents["summary"] = "summary.md", summary.markdown(records)
    if not single_file:
        # Before the page that shows them.
        for picture in [*_flat(pictures.values()), *_flat(pieces for _, pieces in exhibits)]:
            _write(Path(report_dir, picture.path), svg.beside(picture.element))
    return {kind: _write(Path(report_dir, name), content) for kind, (name, content) in contents.items()}


def headline(report_dir: Path | str, records: list[Record], exhibits: int, hunted: list[Record]) -> str:
    """The outcome of a run in a few sentences; what there is beside theorems, where none was checked."""
    if records:
        return " ".join(filter(None, (partial(report_dir, records), text.headline(text.summarise(records)))))
    questions = sum(record["asks"] is not None for record in hunted)
    found = (
        text.count(questions, "open question"),
        text.count(len(hunted) - questions, "hunted claim"),
        text.count(exhibits, "experiment"),
    )
    told = [each for each in found if not each.startswith("0 ")]
    return f"No theorem was checked in this run; it holds {', '.join(told)}."


def _page(records: list[Record], **fields: Any) -> str:
    loader = PackageLoader("reports")
    page = _environment(loader, autoescape=True)
    css, script = (Markup(loader.get_source(page, name)[0]) for name in ("report.css", "report.js"))
    return page.get_template("report.html.j2").render(
        records=records,
        theorems=theorems(records),
        exponents=exponents.figure(records),
        loose=loose(records),
        rows=tables.rows(records),
        papers=sorted({record["paper"] for record in records}),
        kinds=sorted({record["kind"] for record in records}),
        verdicts=text.VERDICTS,
        css=css,
        script=script,
        script_hash=_hash(script),
        **fields,
    )


def _pictures(name: str, main: Figure, parts: Figure | None) -> tuple[svg.Picture | None, svg.Picture | None]:
    """A claim's figure and that of its anatomy, where they show something."""
    both = ((main, ""), (parts, "-anatomy"))
    first, second = (
        svg.Picture(each.svg, f"{_FIGURES}/{slug(name)}{end}.svg") if each and each.svg else None for each, end in both
    )
    return first, second


def _pieces(exhibit: gallery.Exhibit) -> list[svg.Picture]:
    """The pieces of an exhibit's figure."""
    pieces = gallery.inline(exhibit)
    return [svg.Picture(piece, f"{_FIGURES}/exhibit-{exhibit['id']}-{i}.svg") for i, piece in enumerate(pieces)]


def _flat(groups: Iterable[Iterable[svg.Picture | None]]) -> Iterator[svg.Picture]:
    return (picture for group in groups for picture in group if picture is not None)


def _hash(script: str) -> str:
    """The source expression by which a content security policy allows this script and no other."""
    return f"sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _date(created: str) -> str:
    moment = datetime.fromisoformat(created)
    zone = moment.strftime("%z")
    return f"{moment:%Y-%m-%d %H:%M} {'UTC' if zone == '+0000' else f'UTC{zone[:3]}:{zone[3:5]}'}"


def _environment(loader: PackageLoader, autoescape: bool) -> Environment:
    environment = Environment(loader=loader, autoescape=autoescape, undefined=StrictUndefined)
    filters: dict[str, Callable[..., Any]] = {
        "capital": lambda words: words[:1].upper() + words[1:],
        "cell": gallery.cell,
        "claimed": text.claimed,
        "date": _date,
        "duration": text.duration,
        "estimate": text.estimate,
        "extent": text.extent,
        "exhibit_table": gallery.markdown,
        "hunted": hunts.sentence,
        "math": mathml,
        "md": tables.escape_markdown,
        "number": text.number,
        "percent": text.percent,
        "points": text.points,
        "size": text.size,
        "slug": slug,
        "verdict": text.verdict,
        "when": text.when,
    }
    environment.filters.update(filters)
    environment.tests["verified"] = is_verified
    return environment


def _write(path: Path, content: str) -> Path:
    replace_file(path, lambda file: file.write(content.encode()))
    return path
