"""Two runs against each other: what got worse, what moved beyond its interval, and what is no change."""

from __future__ import annotations

import pytest

from reports.compare import BETTER, OTHER, WORSE, compare, compare_folders, console, markdown
from reports.records import ReportError, write_record
from tests.reports import samples


def changed(**changes):
    """The comparison of the sample record with a changed one."""
    return compare([samples.record()], [samples.record(**changes)])


def twin(verdict: str, wrong: str = "L2 margin instead of max-norm margin") -> dict:
    return samples.record()["twins"][0] | {"verdict": verdict, "wrong": wrong}


def observed(**changes) -> dict:
    return samples.record()["observed"] | changes


def told(comparison) -> list[tuple[str, str]]:
    return [(change.direction, change.what) for change in comparison.changes]


def test_a_run_equals_itself():
    records = [record for record, _ in samples.all_cases()]
    found = compare(records, list(reversed(records)))
    assert (found.conditions, found.changes, found.worse, found.common) == ((), (), False, 6)


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ("SUPPORTED", "INCONCLUSIVE", WORSE),
        ("SUPPORTED", "REFUTED", WORSE),
        ("INCONCLUSIVE", "REFUTED", WORSE),
        ("INCONCLUSIVE", "SUPPORTED", BETTER),
        ("REFUTED", "INCONCLUSIVE", BETTER),
    ],
)
def test_verdicts(before, after, direction):
    found = compare([samples.record(verdict=before)], [samples.record(verdict=after)])
    assert told(found) == [(direction, "verdict")]
    assert found.worse == (direction == WORSE)
    (change,) = found.changes
    assert (change.before, change.after, change.claim) == (before, after, "fan2025/signgd-max-norm")


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [("REFUTED", "INCONCLUSIVE", WORSE), ("REFUTED", "SUPPORTED", WORSE), ("SUPPORTED", "REFUTED", BETTER)],
)
def test_a_twin_is_to_be_refuted(before, after, direction):
    found = compare([samples.record(twins=[twin(before)])], [samples.record(twins=[twin(after)])])
    assert told(found) == [(direction, "false twin (L2 margin instead of max-norm margin)")]


def test_twins_and_claims_come_and_go():
    found = changed(twins=[twin("REFUTED", "another word")])
    assert told(found) == [
        (OTHER, "false twin (L2 margin instead of max-norm margin) removed"),
        (OTHER, "false twin (another word) added"),
    ]
    found = compare([samples.record()], [samples.record(id="fan2025/new")])
    assert told(found) == [(OTHER, "claim removed"), (OTHER, "claim added")]
    assert (found.worse, found.common) == (False, 0)


def test_real_datasets():
    datasets = samples.record()["datasets"]
    found = changed(datasets=datasets | {"real": [one | {"verdict": "REFUTED"} for one in datasets["real"]]})
    assert told(found) == [(WORSE, "real dataset (iris)"), (WORSE, "real dataset (digits 0/1)")]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"exponent": -0.4, "interval": [-0.465, -0.38]}, ["exponent"]),
        ({"exponent": -0.4, "interval": [-0.466, -0.38]}, []),
        ({"exponent": -0.6, "interval": [-0.7, -0.532]}, ["exponent"]),
        ({"exponent": -0.4, "interval": None}, []),
        ({"value": 1.2, "value_interval": [1.1, 1.3]}, ["envelope ratio E"]),
        ({"value": 1.2, "value_interval": [0.9, 1.3]}, []),
        ({"statistic": "another", "value": 1.2, "value_interval": [1.1, 1.3]}, []),
    ],
)
def test_numbers_that_moved_beyond_their_intervals(changes, what):
    found = changed(observed=observed(**changes))
    assert told(found) == [(OTHER, name) for name in what]
    assert not found.worse


def test_conditions_are_named():
    found = changed(profile="quick", seed=1, versions=samples.record()["versions"] | {"jax": "0.11.0", "diffrax": "1"})
    assert found.conditions == (
        ("profile", "standard", "quick"),
        ("seed", "20250", "1"),
        ("diffrax", "absent", "1"),
        ("jax", "0.10.0", "0.11.0"),
    )
    assert not found.changes


def test_times_are_of_the_common_claims():
    other = samples.record(id="fan2025/new", seconds=1e5)
    found = compare([samples.record(seconds=20)], [samples.record(seconds=10), other])
    assert found.seconds == (20, 10)
    assert "20 s before, 10 s after (ratio 0.5)" in found.headline()
    assert compare([samples.record(seconds=0)], [samples.record()]).pace() == "0.0 s before, 42 s after"


def test_what_got_worse_comes_first_and_nothing_is_interpreted():
    moved, other = observed(exponent=0, interval=[0, 0]), twin("REFUTED", "a|<b>")
    new = samples.record(verdict="REFUTED", observed=moved, twins=[other])
    found = compare([samples.record()], [new])
    assert found.changes[0].direction == WORSE
    assert console(found).row_count == len(found.changes) == 4
    words = markdown(found, "old_run", "new|run")
    assert "old\\_run against new\\|run" in words
    assert "| worse | verdict | fan2025/signgd-max-norm | SUPPORTED | REFUTED |" in words
    assert "a\\|\\<b\\>" in words


def test_bad_folders(tmp_path):
    run, empty = tmp_path / "run", tmp_path / "empty"
    write_record(run, samples.record(), samples.curves())
    empty.mkdir()
    with pytest.raises(ReportError, match="nowhere is no folder: give the report folder"):
        compare_folders(run, tmp_path / "nowhere")
    with pytest.raises(ReportError, match="empty holds no records"):
        compare_folders(empty, run)
    assert compare_folders(run, run).changes == ()
