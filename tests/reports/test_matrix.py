"""The verdict matrix, and the short summary that has it."""

from __future__ import annotations

from reports import summary
from reports.matrix import theorems
from tests.reports import samples


def test_claims_of_one_source_are_one_theorem():
    first, other = samples.record(), samples.record(id="fan2025/other", verdict="INCONCLUSIVE")
    elsewhere = samples.record(id="fan2025/third", source="Lemma 3")
    one, two = theorems([first, elsewhere, other])
    assert [record["id"] for record in one.records] == [first["id"], other["id"]]
    assert one.verdicts == [("SUPPORTED", 1), ("INCONCLUSIVE", 1)]
    assert one.real == [("SUPPORTED", 2), ("INCONCLUSIVE", 2)]
    assert (one.drawn, one.informative, one.twins_refuted) == (96, 80, "2 of 2")
    assert (one.sharp, one.verified, two.verified) == (True, False, True)
    assert one.laws == ["t^-1/2 log t"]
    assert one.observed == "exponents −0.497"
    assert two.observed == "exponent −0.497 [−0.531, −0.466]"
    assert one.anchor != two.anchor


def test_a_theorem_without_twins_is_not_sharp():
    (theorem,) = theorems([samples.record(twins=[])])
    assert not theorem.sharp
    assert theorem.twins_refuted == "–"


def test_the_summary_names_what_is_not_as_it_should_be():
    records = [record for record, _ in samples.all_cases()]
    words = summary.markdown(records)
    head, matrix = words.split("## Verdict matrix\n")
    assert "6 claims from 6 papers" in head
    for record in records:
        assert (f"| {record['id']} | the claim |" in head.replace("\\", "")) == (record["verdict"] != "SUPPORTED")
    assert "| wang2021/n-1 | false twins | – |" in head
    assert "digits 0/1 | ? INCONCLUSIVE | Too short." in head
    assert "<script>" not in words.replace("\\<", "")
    assert matrix.count("\n| ") == len(theorems(records)) + 2
    assert len({line.replace("\\|", "").count("|") for line in matrix.strip().splitlines()}) == 1


def test_the_summary_of_a_good_run_is_short():
    good = samples.record()
    good["datasets"] = good["datasets"] | {"real": good["datasets"]["real"][:1]}
    words = summary.markdown([good])
    assert "Nothing is other than it should be." in words
    assert "Not as it should be" not in words
    assert "48 | 1 of 1 | 1 ✓ SUPPORTED |" in words


def test_docstrings_of_a_theorem_are_told_once():
    words = "The theorem.\n\nSetting: data `x`\nthat are separable.\nClaim: nothing."
    one, other = samples.record(docstring=words), samples.record(id="fan2025/other", docstring=words)
    (theorem,) = theorems([one, other, samples.record(id="fan2025/third")])
    assert theorem.docstrings == [["The theorem.", "Setting: data x that are separable.", "Claim: nothing."]]
