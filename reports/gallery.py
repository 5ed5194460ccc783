"""The gallery: experiments' findings, each a JSON file and a figure, on the report's page.

An exhibit is one JSON object, `<report_dir>/gallery/<id>.json`, which `gallery.schema.json` describes. Its figure is
drawn from its data alone, as `<id>.svg` beside it and on the page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from matplotlib.figure import Figure as Canvas

from reports import atlas, maps, panels, svg, text
from reports.records import ReportError, replace_file
from reports.tables import escape_markdown

Exhibit = dict[str, Any]


@dataclass(frozen=True)
class Drawing:
    """How a kind of figure is drawn: whole for a file, in pieces for a page of any width."""

    whole: Callable[[Any], Canvas]
    pieces: Callable[[Any], list[tuple[str, Canvas]]]


FIGURES: dict[str, Drawing] = {
    "panels": Drawing(panels.whole, panels.pieces),
    "map": Drawing(maps.whole, maps.pieces),
    "atlas": Drawing(atlas.whole, atlas.pieces),
}
"""By the name that an exhibit's `figure` gives."""


_CHECKED: dict[str, Callable[[Any], str | None]] = {"map": maps.problem, "atlas": atlas.problem}


@cache
def validator() -> Draft202012Validator:
    """The validator of `gallery.schema.json`."""
    schema = json.loads(resources.files("reports").joinpath("gallery.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def folder(report_dir: Path | str) -> Path:
    """Where a run's gallery is."""
    return Path(report_dir, "gallery")


def write_exhibit(report_dir: Path | str, exhibit: Mapping[str, Any]) -> dict[str, Path]:
    """Write an exhibit and its figure; an earlier one of the same id is replaced.

    Their paths are returned by "numbers" and "figure".

    Raises `ReportError` where the exhibit breaks the schema, or holds NaN or infinity.
    """
    what = f"The exhibit {exhibit.get('id', '(no id)')!r}"
    try:
        content = json.dumps(exhibit, allow_nan=False, ensure_ascii=False, indent=1)
    except (TypeError, ValueError) as error:
        raise ReportError(f"{what} cannot be written as JSON ({error}): write null for NaN and infinity.") from error
    plain = json.loads(content)
    _check(plain, what, "correct that field")
    paths = {"numbers": folder(report_dir) / f"{plain['id']}.json", "figure": folder(report_dir) / f"{plain['id']}.svg"}
    picture = standalone(plain)
    replace_file(paths["figure"], lambda file: file.write(picture.encode()))
    replace_file(paths["numbers"], lambda file: file.write(f"{content}\n".encode()))
    return paths


def read_exhibits(report_dir: Path | str) -> list[Exhibit]:
    """All exhibits of a run, sorted by id; an empty list if there are none.

    Raises `ReportError` where a file is damaged, breaks the schema, or does not have its exhibit's name.
    """
    remedy = "delete the file and make the exhibit again"
    exhibits = []
    for path in sorted(folder(report_dir).glob("*.json")):
        try:
            exhibit = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise ReportError(f"{path} is not valid JSON ({error}): {remedy}.") from error
        _check(exhibit, str(path), remedy)
        if path.stem != exhibit["id"]:
            raise ReportError(f"{path} holds the exhibit {exhibit['id']} under another name: delete the file.")
        exhibits.append(exhibit)
    return exhibits


def standalone(exhibit: Exhibit) -> str:
    """The figure as an SVG file, byte for byte the same for the same exhibit, for a light or a dark ground."""
    with svg.style(exhibit["id"]):
        return svg.standalone(
            svg.render(FIGURES[exhibit["figure"]].whole(exhibit["drawing"]), title=exhibit["alternative"])
        )


def inline(exhibit: Exhibit) -> list[str]:
    """The figure's pieces as SVG elements without size; the first one's title is the alternative text."""
    with svg.style(exhibit["id"]):
        pieces = FIGURES[exhibit["figure"]].pieces(exhibit["drawing"])
        drawn = [
            svg.render(canvas, title=name if i else exhibit["alternative"]) for i, (name, canvas) in enumerate(pieces)
        ]
    return [svg.inline(piece, f"g{i}-{exhibit['id']}-") for i, piece in enumerate(drawn)]


def markdown(exhibit: Exhibit) -> str:
    """The table of an exhibit in Markdown (GitHub's dialect), ending in a newline."""
    lines = [exhibit["headings"], ["---"] * len(exhibit["headings"]), *exhibit["rows"]]
    return "".join(f"| {' | '.join(escape_markdown(cell(value)) for value in line)} |\n" for line in lines)


def cell(value: str | float | None) -> str:
    """A cell of an exhibit's table as text."""
    return value if isinstance(value, str) else text.number(value)


def _check(exhibit: Any, what: str, remedy: str) -> None:
    """Raise ReportError unless the exhibit fulfils the schema and what a schema cannot say."""
    error = best_match(validator().iter_errors(exhibit))
    if error is not None:
        message = error.message if len(error.message) <= 200 else f"{error.message[:200]} ..."
        raise ReportError(f"{what} breaks the schema at {error.json_path} ({message}): {remedy}.")
    if any(len(row) != len(exhibit["headings"]) for row in exhibit["rows"]):
        raise ReportError(f"{what} has a row that is not as long as its headings: {remedy}.")
    drawing = exhibit["drawing"]
    if exhibit["figure"] in _CHECKED:
        if (wrong := _CHECKED[exhibit["figure"]](drawing)) is not None:
            raise ReportError(f"{what} {wrong}: {remedy}.")
        return
    for i, curve in enumerate(drawing["curves"]):
        if len({len(curve[name]) for name in ("x", "y", "low", "high")}) != 1:
            raise ReportError(f"{what} has columns of different lengths in its curve {i}: {remedy}.")
        places = (curve["series"], "series"), (curve["row"], "rows"), (curve["column"], "columns")
        if any(place >= len(drawing[kind]) for place, kind in places):
            raise ReportError(f"{what} names a series, row or column that is not there in its curve {i}: {remedy}.")
