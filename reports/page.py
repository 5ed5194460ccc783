"""The report of a run: one self-contained HTML page, Markdown and JSON."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports import anatomy, gallery, summary, tables, text
from reports.figures import figure
from reports.mathematics import mathml
from reports.matrix import theorems
from reports.records import ReportError, load_curves, read_records, replace_file, slug
from reports.runs import partial
from reports.verified import is_verified


def write_report(report_dir: Path | str) -> dict[str, Path]:
    """Write `index.html`, `report.md` and `report.json` of a run's records into its folder.

    Their paths are returned by "html", "markdown" and "json". The page needs no other file and no network. Records of
    the same bytes give files of the same bytes.

    Raises `ReportError` where there are no records, or one of them or its curves is damaged.
    """
    records = read_records(report_dir)
    if not records:
        raise ReportError(f"{report_dir} holds no records: run `make verify` first.")
    counts = text.summarise(records)
    pairs = [(record, load_curves(report_dir, record)) for record in records]
    fields = {
        "summary": counts,
        "headline": " ".join(filter(None, (partial(report_dir, records), text.headline(counts)))),
        "theorems": theorems(records),
        "figures": {r["id"]: (figure(r, curves), anatomy.figure(r, curves)) for r, curves in pairs},
        "exhibits": [(exhibit, gallery.inline(exhibit)) for exhibit in gallery.read_exhibits(report_dir)],
        "rows": tables.rows(records),
        "papers": sorted({record["paper"] for record in records}),
        "kinds": sorted({record["kind"] for record in records}),
        "verdicts": text.VERDICTS,
    }
    loader = PackageLoader("reports")
    page = _environment(loader, autoescape=True)
    css, script = (Markup(loader.get_source(page, name)[0]) for name in ("report.css", "report.js"))
    inline = {"css": css, "script": script, "script_hash": _hash(script)}
    plain = _environment(loader, autoescape=False)
    markdown = {"records": records, "table": tables.markdown(records), "theorems": tables.markdown_by_source(records)}
    contents = {
        "html": ("index.html", page.get_template("report.html.j2").render(fields, **inline)),
        "markdown": ("report.md", plain.get_template("report.md.j2").render(fields, **markdown)),
        "json": ("report.json", tables.to_json(records)),
        "summary": ("summary.md", summary.markdown(records)),
    }
    return {kind: _write(Path(report_dir, name), content) for kind, (name, content) in contents.items()}


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
