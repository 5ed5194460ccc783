"""Records of hunts: written, read, and told in a sentence."""

import pytest

from reports.hunts import dataset, path_of, read_hunt, read_questions, sentence, write_hunt
from reports.page import write_report
from reports.records import ReportError, write_record
from tests.reports import samples

HARD = {"value": 0.25, "cell": [2, 2, 0, 1, 2], "case": {"x": [[3, -2], [2, -3]], "y": [1, -1], "name": "two"}}
RECORD = {
    "schema": 1,
    "id": "open/gap",
    "asks": "Does <the> gap fall?",
    "title": "It falls",
    "statement": "The gap falls: always.",
    "source": "asked after Someone 2030",
    "refuted": "no, not always",
    "known": "",
    "about": "SignGD",
    "law": "below 1",
    "statistic": "last gap",
    "limit": 1.0,
    "horizon": "2000 steps",
    "steps": 2000,
    "log_time": 1e3,
    "seed": 0,
    "fingerprint": "f",
    "rounds": 2,
    "cases": 40,
    "judged": 31,
    "archive": [HARD],
    "answers": [],
    "seconds": 1.5,
    "created": "2030-01-01T00:00:00+00:00",
}
NEAREST = "last gap is 0.25, where 1 is allowed on points y x = (3, −2), (−2, 3)"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1.5], "1 of the hardest goes beyond, but none that was run to ten times that did"),
        ([None, 1.5], "2 of the hardest go beyond, but none that was run to ten times that did"),
    ],
)
def test_what_is_beyond_the_limit_at_first_alone_is_told_and_no_answer(values, words):
    beyond = RECORD | {"archive": [*(HARD | {"value": value} for value in values), HARD]}
    assert sentence(beyond).startswith(f"open: not refuted on 31 datasets: to 2000 steps {words}; nearest: ")


def test_a_question_is_open_until_a_case_answers_it():
    assert sentence(RECORD) == f"open: held on 31 datasets to 2000 steps; nearest: {NEAREST}."
    told = sentence(RECORD | {"answers": [HARD | {"value": None}]})
    assert told.startswith("answered: refuted by points y x = (3, −2), (−2, 3), on which last gap is infinite")
    assert told.endswith("; no, not always.")
    nothing = RECORD | {"archive": [], "judged": 0}
    assert sentence(nothing) == "open: none of 40 datasets could be judged."


def test_large_data_are_told_by_their_sizes_and_classes_by_their_labels():
    assert dataset({"x": [[1.0] * 40] * 2, "y": [1, -1]}) == "2 points in 40 dimensions"
    assert dataset({"x": [[1], [2]], "y": [0, 1]}) == "(1) ↦ 0, (2) ↦ 1"


def test_records_come_back_as_they_were_written(tmp_path):
    assert read_questions(tmp_path) == []
    write_hunt(tmp_path, RECORD)
    write_hunt(tmp_path, RECORD | {"id": "ji2021/claim", "asks": None})
    assert read_hunt(path_of(tmp_path, "open/gap")) == RECORD
    assert read_questions(tmp_path) == [RECORD]


def test_a_damaged_record_is_told_in_one_sentence(tmp_path):
    with pytest.raises(ReportError, match=r"breaks the schema at \$\.rounds .*: correct that field\.$"):
        write_hunt(tmp_path, RECORD | {"rounds": -1})
    path = path_of(tmp_path, "open/gap")
    path.parent.mkdir()
    path.write_text("{")
    with pytest.raises(ReportError, match=r"is not valid JSON .*: delete the file and hunt again"):
        read_questions(tmp_path)


def test_the_report_has_a_section_of_open_questions_where_there_are_some(tmp_path):
    write_record(tmp_path, samples.record(), samples.curves())
    assert "Open questions" not in write_report(tmp_path)["html"].read_text("utf-8")
    write_hunt(tmp_path, RECORD)
    written = write_report(tmp_path)
    page, plain = (written[name].read_text("utf-8") for name in ("html", "markdown"))
    assert '<h2 id="questions">Open questions</h2>' in page
    assert "Does &lt;the&gt; gap fall?" in page
    assert "held on 31 datasets" in plain
    assert "open/gap" not in written["json"].read_text("utf-8")


@pytest.mark.parametrize(
    ("case", "told"),
    [({"x": [[3, -2], [2]]}, "2 rows and 2 labels"), ({"y": [1]}, "2 rows and 1 labels"), ({"x": []}, "0 rows")],
)
def test_a_record_with_a_dataset_that_is_none_is_told_with_its_file(tmp_path, case, told):
    path = write_hunt(tmp_path, RECORD | {"archive": [HARD | {"case": HARD["case"] | case}]})
    with pytest.raises(ReportError, match=f"{path.name} holds a dataset of {told}.* that is none: delete the file"):
        read_hunt(path)


def test_the_record_of_another_hunt_is_refused(tmp_path):
    path = write_hunt(tmp_path, RECORD)
    with pytest.raises(ReportError, match="is the record of open/gap, and not of open/other: delete the file"):
        read_hunt(path, "open/other")


def test_a_claim_that_is_hunted_is_not_called_open(tmp_path):
    assert sentence(RECORD).startswith("open: ")
    assert sentence(RECORD | {"asks": None}).startswith("held on ")
