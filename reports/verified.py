"""When a claim counts as verified by its record."""

from __future__ import annotations

from reports.records import Record


def failures(record: Record) -> list[str]:
    """Why a claim does not count as verified: empty if it does.

    It is verified if it is supported, each of its false twins, one at least, was refuted, and no real dataset refutes
    it.
    """
    found = []
    if record["verdict"] != "SUPPORTED":
        found.append(f"it is {record['verdict']}: {record['sentence']}")
    if not record["twins"]:
        found.append("it names no false twin, so its check could not have failed: add a Twin")
    found += [
        f"its false twin ({twin['wrong']}) was not refuted but is {twin['verdict']}: {twin['sentence']}"
        for twin in record["twins"]
        if twin["verdict"] != "REFUTED"
    ]
    found += [
        f"it is REFUTED on {real['name']}: {real['sentence']}"
        for real in record["datasets"]["real"]
        if real["verdict"] == "REFUTED"
    ]
    return found


def is_verified(record: Record) -> bool:
    """Whether nothing keeps the claim from counting as verified."""
    return not failures(record)
