"""The record of a hunt in rounds, `<report_dir>/hunts/<slug>.json`: of an open question, or of a claim.

It is what a hunt goes on from, and what the pages of open questions are made of. `hunt.schema.json` describes every
field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports import text
from reports.records import ReportError, replace_file, slug

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

_FOLDER = "hunts"
_SHOWN = 64  # numbers of a dataset that is written out


@cache
def validator() -> Draft202012Validator:
    """The validator of `hunt.schema.json`."""
    from jsonschema import Draft202012Validator

    schema = json.loads(resources.files("reports").joinpath("hunt.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def path_of(report_dir: Path | str, claim_id: str) -> Path:
    """Where the record of a claim's or question's hunt is."""
    return Path(report_dir, _FOLDER, f"{slug(claim_id)}.json")


def write_hunt(report_dir: Path | str, record: Mapping[str, Any]) -> Path:
    """Write the record of a hunt in one step, and give its path; raises `ReportError` where it breaks the schema."""
    _check(record, f"The record of the hunt {record.get('id', '(no id)')!r}", "correct that field")
    path = path_of(report_dir, record["id"])
    line = json.dumps(record, ensure_ascii=False, allow_nan=False)
    replace_file(path, lambda file: file.write(f"{line}\n".encode()))
    return path


def read_hunt(path: Path, claim_id: str | None = None) -> dict[str, Any]:
    """The record of one file; raises `ReportError` where it is damaged, and `FileNotFoundError` where there is none.

    claim_id: whose it must be, where that is known.
    """
    remedy = "delete the file and hunt again"
    try:
        record = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ReportError(f"{path} is not valid JSON ({error}): {remedy}.") from error
    _check(record, str(path), remedy)
    if claim_id not in (None, record["id"]):
        raise ReportError(f"{path} is the record of {record['id']}, and not of {claim_id}: {remedy}.")
    for hard in (*record["archive"], *record["answers"]):
        x, y = hard["case"]["x"], hard["case"]["y"]
        if not x or len(x) != len(y) or len({len(row) for row in x}) > 1:
            raise ReportError(f"{path} holds a dataset of {len(x)} rows and {len(y)} labels that is none: {remedy}.")
    return record


def read_questions(report_dir: Path | str) -> list[dict[str, Any]]:
    """The records of all hunts of open questions, by id; an empty list if there are none."""
    return [record for record in read_hunts(report_dir) if record["asks"] is not None]


def read_hunts(report_dir: Path | str) -> list[dict[str, Any]]:
    """The records of all hunts in rounds, of open questions and of claims, by id."""
    return [read_hunt(path) for path in sorted(Path(report_dir, _FOLDER).glob("*.json"))]


def _check(record: Any, what: str, remedy: str) -> None:
    from jsonschema.exceptions import best_match

    error = best_match(validator().iter_errors(record))
    if error is not None:
        message = error.message if len(error.message) <= 200 else f"{error.message[:200]} ..."
        raise ReportError(f"{what} breaks the schema at {error.json_path} ({message}): {remedy}.")


def answered(record: Mapping[str, Any]) -> bool:
    """Whether a case answers the question."""
    return bool(record["answers"])


def sentence(record: Mapping[str, Any]) -> str:
    """Where a hunt stands: "open: held on 320 datasets to 2000 steps; ..." or "answered: refuted by ..." of a question.

    Of a claim the same without "open" and "answered".
    """
    judged = f"{record['judged']} dataset{'' if record['judged'] == 1 else 's'}"
    if answered(record):
        first = record["answers"][0]
        told = f"{_asked(record, 'answered')}refuted by {dataset(first['case'])}, on which {_reached(record, first)}"
        return f"{told}; {record['refuted']}." if record["refuted"] else f"{told}."
    if not record["archive"]:
        return f"{_asked(record, 'open')}none of {record['cases']} datasets could be judged."
    nearest, horizon = record["archive"][0], record["horizon"]
    beyond = sum(hard["value"] is None or hard["value"] > record["limit"] for hard in record["archive"])
    held = f"held on {judged} to {horizon}"
    if beyond:
        # The simplest of each round are run ten times as far: what is beyond the limit before that is no answer.
        go = "goes" if beyond == 1 else "go"
        more = f"{beyond} of the hardest {go} beyond, but none that was run to ten times that did"
        held = f"not refuted on {judged}: to {horizon} {more}"
    told = f"{_asked(record, 'open')}{held}; nearest: {_reached(record, nearest)}"
    return f"{told} on {dataset(nearest['case'])}."


def _asked(record: Mapping[str, Any], word: str) -> str:
    return "" if record["asks"] is None else f"{word}: "


def _reached(record: Mapping[str, Any], hard: Mapping[str, Any]) -> str:
    value = "infinite" if hard["value"] is None else text.number(hard["value"])
    return f"{record['statistic']} is {value}, where {text.number(record['limit'])} is allowed"


def dataset(case: Mapping[str, Any]) -> str:
    """Signed points `y x` of a small binary dataset, points and labels of another small one, or the sizes."""
    x, y = case["x"], case["y"]
    if sum(map(len, x)) > _SHOWN:
        return f"{len(x)} points in {len(x[0])} dimensions"
    if {-1, 1}.issuperset(y):
        points = [(tuple(label * value for value in row)) for row, label in zip(x, y, strict=True)]
        return "points y x = " + ", ".join(_point(point) for point in points)
    return ", ".join(f"{_point(row)} ↦ {label}" for row, label in zip(x, y, strict=True))


def _point(row: Sequence[float]) -> str:
    return f"({', '.join(text.number(value) for value in row)})"
