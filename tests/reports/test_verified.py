"""When a record counts as verified."""

from __future__ import annotations

import pytest

from reports.text import summarise
from reports.verified import failures, is_verified
from tests.reports import samples


@pytest.mark.parametrize(
    ("verdict", "twins", "verified"),
    [
        ("SUPPORTED", ["REFUTED"], True),
        ("SUPPORTED", ["REFUTED", "REFUTED"], True),
        ("SUPPORTED", ["REFUTED", "INCONCLUSIVE"], False),
        ("SUPPORTED", ["SUPPORTED"], False),
        ("SUPPORTED", [], False),
        ("INCONCLUSIVE", ["REFUTED"], False),
        ("REFUTED", ["REFUTED"], False),
    ],
)
def test_verified_needs_every_twin_refuted(verdict, twins, verified):
    twin = samples.record()["twins"][0]
    record = samples.record(verdict=verdict, twins=[twin | {"verdict": word} for word in twins])
    assert is_verified(record) is verified
    assert bool(failures(record)) is not verified


def test_a_claim_that_a_real_dataset_refutes_is_not_verified():
    record = samples.record()
    assert is_verified(record)
    record["datasets"]["real"][0]["verdict"] = "REFUTED"
    assert any("it is REFUTED on" in why for why in failures(record))
    assert summarise([record]).verified == 0
