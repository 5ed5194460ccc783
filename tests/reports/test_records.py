"""Records: the schema, atomic writing, and reading."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from reports.records import ReportError, load_curves, read_records, slug, validator, write_record
from tests.reports import samples


def with_value(path: str, value: object) -> dict:
    """The valid record with one value replaced, e.g. at "datasets.worst.note" or "twins.0.verdict"."""
    changed = json.loads(json.dumps(samples.record()))
    *parents, last = path.split(".")
    place = changed
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place[key]
    place[last] = value
    return changed


@pytest.mark.parametrize("case", samples.all_cases(), ids=lambda case: case[0]["kind"])
def test_round_trip(tmp_path, case):
    record, curves = case
    path = write_record(tmp_path, record, curves)
    assert path == tmp_path / "records" / f"{slug(record['id'])}.json"
    assert path.read_text("utf-8").count("\n") == 1
    assert read_records(tmp_path) == [record]
    loaded = load_curves(tmp_path, record)
    assert loaded.keys() == curves.keys()
    for name, curve in curves.items():
        np.testing.assert_array_equal(loaded[name], curve)


def test_every_field_is_described():
    def undescribed(node: dict, place: str):
        for name, field in node.get("properties", {}).items():
            if not field.get("description"):
                yield f"{place}.{name}"
            for part in (field, field.get("items", {}), *field.get("oneOf", [])):
                yield from undescribed(part, f"{place}.{name}")

    schema = validator().schema
    assert isinstance(schema, dict)
    assert list(undescribed(schema, "$")) == []


@pytest.mark.parametrize("field", [name for name in samples.record() if name != "reference"])
def test_required_fields(tmp_path, field):
    record = samples.record()
    del record[field]
    with pytest.raises(ReportError, match=f"'{field}' is a required property"):
        write_record(tmp_path, record, {})
    assert not (tmp_path / "records").exists()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schema", 2, "1 was expected"),
        ("id", "../outside", "does not match"),
        ("id", "a/../b", "does not match"),
        ("id", "fan2025//signgd", "does not match"),
        ("id", "fan2025/a__b", "does not match"),
        ("id", "fan2025/a\n", "does not match"),
        ("id", "fan2025/" + "a" * 120, "too long"),
        ("verdict", "supported", "not one of"),
        ("verdict", None, "not one of"),
        ("title", "", "non-empty"),
        ("typo", 1, "'typo' was unexpected"),
        ("seed", 1.5, "not of type 'integer'"),
        ("seconds", -1, "minimum"),
        ("created", "4 March 2026", "does not match"),
        ("reproduce", "pytest\nrm x", "does not match"),
        ("claimed.exponent", "-1/2", "not of type"),
        ("observed.interval", [1], "too short"),
        ("observed.interval", [0.2, 0.1], "lower end"),
        ("observed.value_interval", [2, 1], "lower end"),
        ("observed.value", float("nan"), "not JSON compliant"),
        ("observed.value", float("inf"), "not JSON compliant"),
        ("observed.value", np.float64("nan"), "not JSON compliant"),
        ("observed.value", {1}, "type set"),
        ("datasets.drawn", 3, "more informative"),
        ("datasets.flavours", {"ties": -1}, "minimum"),
        ("datasets.worst.dataset", {"x": [[1, 2]], "y": [1, 1]}, "different lengths"),
        ("datasets.worst.dataset", {"x": [[1, 2], [1]], "y": [1, 1]}, "rows of x"),
        ("datasets.real.0.verdict", "MAYBE", "not one of"),
        ("twins.0.counterexample", {"x": [], "y": []}, r"\[\]"),
        ("twins.0.counterexample", {"x": [[1], [2]], "y": [1]}, "different lengths"),
        ("time.axis", "", "non-empty"),
        ("versions", {"jax": "0.10"}, "'python' is a required"),
        ("notes", "one note", "not of type 'array'"),
    ],
)
def test_bad_records_are_refused(tmp_path, path, value, message):
    with pytest.raises(ReportError, match=message) as caught:
        write_record(tmp_path, with_value(path, value), samples.curves())
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "records").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gap": np.ones((4, 5))}, "gap has shape"),
        ({"gap": np.ones(33)}, "gap has shape"),
        ({"law": np.ones((1, 33))}, "law has shape"),
        ({"law": ["fast"] * 33}, "not numbers"),
        ({"real_0": np.ones(32)}, "real_0 has shape"),
        ({"twin_0": np.ones((4, 33))}, "twin_0 has shape"),
        ({"time": np.ones(33)}, "increasing"),
        ({"time": np.full(33, np.nan)}, "increasing"),
        ({"time": np.ones((33, 1))}, "increasing"),
        ({"time": None}, "gap has no time"),
        ({"twin_0": None}, "names the array twin_0"),
    ],
)
def test_bad_curves_are_refused(tmp_path, changes, message):
    curves = {k: v for k, v in (samples.curves() | changes).items() if v is not None}
    with pytest.raises(ReportError, match=message):
        write_record(tmp_path, samples.record(), curves)
    assert not (tmp_path / "records").exists()


def test_numpy_values_become_plain(tmp_path):
    record = with_value("datasets.worst.dataset", {"x": np.eye(2, dtype=int), "y": np.array([1.0, -1.0])})
    record["seed"] = np.int64(7)
    record["horizon"]["log_time"] = np.bool_(False)
    write_record(tmp_path, record, {"twin_0": np.ones((1, 2)), "time": [1, 2]})
    (read,) = read_records(tmp_path)
    assert read["seed"] == 7
    assert read["datasets"]["worst"]["dataset"] == {"x": [[1, 0], [0, 1]], "y": [1.0, -1.0]}


def test_sorted_by_paper_then_id(tmp_path):
    samples.write_all(tmp_path)
    for name in ("fan2025/z", "fan2025/a"):
        write_record(tmp_path, samples.record(id=name, twins=[]), {})
    keys = [(record["paper"], record["id"]) for record in read_records(tmp_path)]
    assert keys == sorted(keys)
    assert len(keys) == len(samples.all_cases()) + 2


@pytest.mark.parametrize(("syncs", "finished"), [(1, []), (3, [".npz"])], ids=["curves", "record"])
@pytest.mark.parametrize("again", [False, True], ids=["first", "again"])
def test_a_crash_loses_nothing_finished(tmp_path, monkeypatch, syncs, finished, again):
    """A crash while the curves (first sync) or the record (third; the second is the folder's) are written."""
    if again:
        write_record(tmp_path, samples.record(), samples.curves())
    sync, left = os.fsync, iter(range(syncs - 1))

    def crash(descriptor):
        if next(left, None) is None:
            raise KeyboardInterrupt
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", crash)
        with pytest.raises(KeyboardInterrupt):
            write_record(tmp_path, samples.record(title="second"), samples.curves(1))
    records = read_records(tmp_path)
    assert [record["title"] for record in records] == [samples.record()["title"]] * again
    assert sorted(path.suffix for path in tmp_path.rglob("*.*")) == ([".json", ".npz"] if again else finished)
    for record in records:
        load_curves(tmp_path, record)


def test_temporary_leftovers_are_ignored(tmp_path):
    path = write_record(tmp_path, samples.record(), samples.curves())
    (path.parent / f".{path.name}.123.abc.tmp").write_text('{"schema": 1, "id')
    assert len(read_records(tmp_path)) == 1


def test_writing_again_replaces(tmp_path):
    for title in ("first", "second"):
        write_record(tmp_path, samples.record(title=title), samples.curves())
    assert [record["title"] for record in read_records(tmp_path)] == ["second"]


def test_a_file_is_replaced_whole(tmp_path):
    """Whoever has the old file open goes on reading the old record."""
    with write_record(tmp_path, samples.record(title="first"), samples.curves()).open("rb") as old:
        write_record(tmp_path, samples.record(title="second"), samples.curves())
        assert json.load(old)["title"] == "first"


def test_writers_at_once(tmp_path):
    names = [f"fan2025/claim-{i}" for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: write_record(tmp_path, samples.record(id=name), samples.curves()), names))
    assert [record["id"] for record in read_records(tmp_path)] == names


def test_no_folder_has_no_records(tmp_path):
    assert read_records(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"schema": 1, "id": "fan2', "not valid JSON"),
        (b"", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[1, 2]", "breaks the schema"),
        (b'{"seconds": NaN}', "NaN is not JSON"),
        (b'{"schema": 1}', "breaks the schema"),
    ],
)
def test_damaged_records(tmp_path, content, message):
    write_record(tmp_path, samples.record(), samples.curves())
    path = tmp_path / "records" / "damaged.json"
    path.write_bytes(content)
    with pytest.raises(ReportError, match=message) as caught:
        read_records(tmp_path)
    assert str(path) in str(caught.value)
    assert "delete the file" in str(caught.value)


def test_a_record_under_another_name(tmp_path):
    path = write_record(tmp_path, samples.record(), samples.curves())
    path.rename(path.with_name("copy.json"))
    with pytest.raises(ReportError, match="under another name"):
        read_records(tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 damaged", b"no zip at all"])
def test_damaged_curves(tmp_path, content):
    record = samples.record()
    write_record(tmp_path, record, samples.curves())
    path = tmp_path / "curves" / f"{slug(record['id'])}.npz"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(ReportError, match="cannot be read") as caught:
        load_curves(tmp_path, record)
    assert str(path) in str(caught.value)
    assert "check the claim again" in str(caught.value)
