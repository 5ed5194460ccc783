"""The verdict matrix, and the short summary that has it."""

from __future__ import annotations

import pytest

from reports import summary, tables
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


def seen(kind: str, value: float | None, interval: list[float] | None = None, **others) -> dict:
    """A record of that kind without an exponent."""
    observed = samples.record()["observed"] | {"exponent": None, "interval": None, "statistic": "it"}
    observed |= {"value": value, "value_interval": interval} | others
    return samples.record(id=f"fan2025/{kind}-{value}", kind=kind, observed=observed)


OBSERVED = {
    "trends": (
        [
            seen("trend", 0.25, [0.2, 0.3], least_step=-0.002, p_value=1e-9),
            seen("trend", 3.5, [3, 4], least_step=0.5, p_value=0.0),
        ],
        "changes along the sweep 0.25 to 3.5, least step −0.002, largest p = 10⁻⁹",
    ),
    "strict trends": (
        [seen("trend", 0.25, least_step=0.01, p_value=None), seen("trend", 0.5, least_step=0.1, p_value=None)],
        "changes along the sweep 0.25 to 0.5, least step 0.01",
    ),
    "older trends": ([seen("trend", 0.25), seen("trend", 0.5)], "changes along the sweep 0.25 to 0.5"),
    "beyond doubt": (
        [seen("trend", 1, p_value=0.0), seen("trend", 2, p_value=0.0)],
        "changes along the sweep 1 to 2, largest p < 10⁻³⁰⁰",
    ),
    "separations": (
        [
            seen("separation", 0.008, [0.0078, 0.037], threshold=1.0),
            seen("separation", 0.0149, threshold=1.0),
            seen("separation", -0.021, [-0.0258, -0.0199], threshold=0.0),
        ],
        "at worst 0.0149 to 0.037 against 1; at worst −0.0199 against 0",
    ),
    "all kinds": (
        [samples.record(), seen("bound", 0.5), seen("limit", 1e-7), seen("trend", 0.25), seen("separation", 2)],
        "exponents −0.497; of the bound 0.5; last values 10⁻⁷; changes along the sweep 0.25; at worst 2 against 1.26",
    ),
    "others": ([seen("rate", 0.1, [0, 0.2]), seen("KKT", 3), seen("order", None)], "it 0.10 [0.00, 0.20]; it 3"),
    "nothing": ([seen("rate", None), seen("trend", None), seen("separation", None)], "–"),
}


@pytest.mark.parametrize("name", OBSERVED)
def test_every_kind_of_claim_shows_what_was_observed(name):
    records, words = OBSERVED[name]
    (theorem,) = theorems(records)
    assert theorem.observed == words
    cells = tables.markdown_by_source(records).splitlines()[2].split(" | ")
    assert cells[3] == tables.escape_markdown(words)


def test_one_trend_tells_its_significance():
    (theorem,) = theorems([seen("trend", 0.25, [0.2, 0.3], least_step=0.01, p_value=0.004)])
    assert theorem.observed == "it 0.25 [0.20, 0.30], p = 0.004"


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
