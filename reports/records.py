"""The record of one checked claim: its format, and writing and reading it.

A record is one JSON object on one line, `<report_dir>/records/<slug>.json`; its curves are the arrays of
`<report_dir>/curves/<slug>.npz`. `record.schema.json` describes every field. Arrays that have a meaning here:

- `time [r]`: t, or s = log t when `time.axis` is "log t"; increasing;
- `gap [datasets, r]`: the record's `quantity`; an entry of 0 or below is a margin that was reached exactly;
- `law [r]`: the claimed law, scaled to the data (may be absent);
- `allowed [r]`: the same with the constant that the runs' gap budgets give it, NaN before they do (may be absent);
- `twin_0`, `twin_1`, ... `[datasets', r']`, each with an optional `twin_0_time [r']` (else `time`);
- `part_<name> [r]`: the median of one part of the bound, for each part of `anatomy`; NaN where it is not known;
- `real_0`, `real_1`, ... `[r']` in the order of `datasets.real`, each with an optional `real_0_time [r']`.

Other arrays are kept and ignored.
"""

from __future__ import annotations

import json
import os
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

Record = dict[str, Any]
Curves = dict[str, np.ndarray]


class ReportError(ValueError):
    """A record, its curves or a report folder is unusable. The message is one sentence with the remedy."""


def slug(claim_id: str) -> str:
    """File name of a claim, without its ending: "fan2025/adam" becomes "fan2025__adam"."""
    return claim_id.replace("/", "__")


@cache
def validator() -> Draft202012Validator:
    """The validator of `record.schema.json`."""
    from jsonschema import Draft202012Validator

    schema = json.loads(resources.files("reports").joinpath("record.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def write_record(report_dir: Path | str, record: Mapping[str, Any], curves: Mapping[str, Any]) -> Path:
    """Write one claim's record and curves, and give the path of the record; an earlier one of the same claim is
    replaced.

    Both files are written beside their final place, synced, and moved there in one step, the curves first: a crash
    loses nothing that was finished, and several processes may write different claims at once.

    report_dir: folder of the run; made if it does not exist. record: the fields of `record.schema.json`; NumPy scalars
    and arrays become numbers and lists. curves: the arrays named in this module's docstring; may be empty.

    Raises `ReportError` where the record breaks the schema or holds NaN or infinity, or the curves have wrong shapes.
    """
    claim = repr(record.get("id", "(no id)"))
    line = _to_json(record, f"The record {claim}")
    plain = json.loads(line)
    _check(plain, f"The record {claim}", "correct that field")
    arrays = _to_arrays(curves, f"The curves of {claim}")
    _check_curves(plain, arrays, f"The curves of {claim}", "correct them")
    name = slug(plain["id"])
    replace_file(
        Path(report_dir, "curves", f"{name}.npz"),
        lambda file: np.savez_compressed(file, allow_pickle=False, **arrays),
    )
    path = Path(report_dir, "records", f"{name}.json")
    replace_file(path, lambda file: file.write(f"{line}\n".encode()))
    return path


def read_records(report_dir: Path | str) -> list[Record]:
    """All records of a run, sorted by paper, then id; an empty list if there are none.

    Raises `ReportError` where a file is damaged, breaks the schema, or does not have its claim's name.
    """
    records = [read_record(path) for path in Path(report_dir, "records").glob("*.json")]
    return sorted(records, key=lambda record: (record["paper"], record["id"]))


def read_record(path: Path) -> Record:
    """The record of one file; raises as `read_records` does, and `FileNotFoundError` where there is none."""
    remedy = "delete the file and check the claim again"
    try:
        record = json.loads(path.read_text("utf-8"), parse_constant=_no_constant)
    except ValueError as error:
        raise ReportError(f"{path} is not valid JSON ({error}): {remedy}.") from error
    _check(record, str(path), remedy)
    if path.stem != slug(record["id"]):
        raise ReportError(f"{path} holds the record of {record['id']} under another name: delete the file.")
    return record


def load_curves(report_dir: Path | str, record: Record) -> Curves:
    """The curves of a record by name, as float64.

    Raises `ReportError` where the file is missing or damaged, or its arrays do not fit together.
    """
    path = Path(report_dir, "curves", f"{slug(record['id'])}.npz")
    remedy = f"delete it and the record of {record['id']}, and check the claim again"
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            curves = {name: np.asarray(file[name], dtype=np.float64) for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ReportError(f"{path} cannot be read ({error}): {remedy}.") from error
    _check_curves(record, curves, str(path), remedy)
    return curves


def _to_json(record: Mapping[str, Any], what: str) -> str:
    try:
        return json.dumps(record, allow_nan=False, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError) as error:
        hint = "write null for NaN and infinity, and plain types for the rest"
        raise ReportError(f"{what} cannot be written as JSON ({error}): {hint}.") from error


def _to_arrays(curves: Mapping[str, Any], what: str) -> Curves:
    try:
        return {name: np.asarray(curve, dtype=np.float64) for name, curve in curves.items()}
    except (TypeError, ValueError) as error:
        raise ReportError(f"{what} are not numbers ({error}): pass arrays of numbers.") from error


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"type {type(value).__name__}")


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _check(record: Any, what: str, remedy: str) -> None:
    """Raise ReportError unless the record fulfils the schema and what a schema cannot say."""
    from jsonschema.exceptions import best_match

    error = best_match(validator().iter_errors(record))
    if error is not None:
        message = error.message if len(error.message) <= 200 else f"{error.message[:200]} ..."
        raise ReportError(f"{what} breaks the schema at {error.json_path} ({message}): {remedy}.")
    place, problem = next(_problems(record), (None, None))
    if problem is not None:
        raise ReportError(f"{what} is wrong at {place} ({problem}): {remedy}.")


def _problems(record: Record) -> Iterator[tuple[str, str]]:
    """What is wrong in a record that fulfils the schema: pairs (place, problem)."""
    if record["datasets"]["informative"] > record["datasets"]["drawn"]:
        yield "$.datasets.informative", "more informative datasets than drawn ones"
    for name in ("interval", "value_interval"):
        bounds = record["observed"][name]
        if bounds is not None and bounds[0] > bounds[1]:
            yield f"$.observed.{name}", "its lower end is above its upper end"
    for i, part in enumerate(record.get("anatomy", {"parts": []})["parts"]):
        if part["interval"] is not None and part["interval"][0] > part["interval"][1]:
            yield f"$.anatomy.parts[{i}].interval", "its lower end is above its upper end"
    worst = record["datasets"]["worst"]
    datasets = {"$.datasets.worst.dataset": worst and worst["dataset"]}
    for name in ("counterexample", "drawn"):
        datasets |= {f"$.twins[{i}].{name}": t.get(name) for i, t in enumerate(record["twins"])}
    for place, dataset in datasets.items():
        if dataset is None or "setting" in dataset:
            continue
        if len(dataset["x"]) != len(dataset["y"]):
            yield place, "x and y have different lengths"
        if len({len(row) for row in dataset["x"]}) != 1:
            yield place, "the rows of x have different lengths"


def _check_curves(record: Record, curves: Mapping[str, np.ndarray], what: str, remedy: str) -> None:
    problem = next(_curve_problems(record, curves), None)
    if problem is not None:
        raise ReportError(f"{what} do not fit ({problem}): {remedy}.")


def _curve_problems(record: Record, curves: Mapping[str, np.ndarray]) -> Iterator[str]:
    named = {twin["curve"]: 2 for twin in record["twins"] if twin["curve"] is not None}
    for name in named.keys() - curves.keys():
        yield f"a twin names the array {name}, which is absent"
    parts = {part["curve"]: 1 for part in record.get("anatomy", {"parts": []})["parts"]}
    for name in parts.keys() - curves.keys():
        yield f"the anatomy names the array {name}, which is absent"
    real = {f"real_{i}": 1 for i in range(len(record["datasets"]["real"])) if f"real_{i}" in curves}
    known = {"gap": 2, "law": 1, "allowed": 1} | named | real | parts
    for name, ndim in known.items():
        if name not in curves:
            continue
        times = curves.get(f"{name}_time", curves.get("time"))
        if times is None:
            yield f"{name} has no time"
        elif times.ndim != 1 or not (np.all(np.isfinite(times)) and np.all(np.diff(times) > 0)):
            yield f"the time of {name} is not one increasing row of finite numbers"
        elif curves[name].ndim != ndim or curves[name].shape[-1] != times.size:
            shape = "[datasets, r]" if ndim == 2 else "[r]"
            yield f"{name} has shape {curves[name].shape}, not {shape} with r = {times.size}"


def replace_file(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file under a temporary name in its folder, sync it, and move it into place in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name}.{os.getpid()}.{uuid.uuid4().hex}.tmp"
    try:
        with temporary.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
