"""What hunts come to, on one machine or on many: their records, and what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.cli.check import say
from verify.cli.common import err
from verify.cli.replay import recorded

if TYPE_CHECKING:
    from verify.trials.hunt_record import Expedition
    from verify.trials.hunting import Hunt


def expedition_of(target: Any, home: Path, steps: int | None, seed: int) -> Expedition:
    """The hunt in rounds of a claim or a question. home: the file that defines it. steps: None for its own."""
    from verify.trials.hunt_record import Expedition

    changes: dict[str, Any] = {"seed": seed} | ({} if steps is None else {"steps": steps})
    return Expedition.of(target, home, **changes)


def record_before(report_dir: Path, name: str) -> dict[str, Any] | None:
    """The record of an earlier hunt in rounds; None where there is none."""
    from reports.hunts import path_of, read_hunt

    path = path_of(report_dir, name)
    return read_hunt(path, name) if path.is_file() else None


def tell_rounds(report_dir: Path, record: dict[str, Any]) -> None:
    """Say where a hunt in rounds stands."""
    from reports.hunts import path_of, sentence

    path = path_of(report_dir, record["id"])
    say(f"{record['id']}: {sentence(record)}")
    say(f"  {record['rounds']} rounds in all, {len(record['archive'])} hard datasets kept in {path}")


def tell_found(claim: Any, found: Hunt, report_dir: Path) -> None:
    """Say what a steered search found, and add it to the claim's record, where there is one."""
    from reports.records import load_curves, write_record
    from verify.datasets.dataset import shown
    from verify.trials.record import plain_hunt

    if found.case is None:
        say(f"{claim.id}: none of {found.examples} cases could be judged.")
        return
    fails = f"it fails at {found.limit:g}"
    say(f"{claim.id}: {found.statistic} {found.value:.6g} at most ({fails}), on {found.judged} cases.")
    say(f"  before the search was steered: {found.untargeted:.6g}")
    say(f"  {shown(found.case.to_json())}")
    if found.refuted:
        say("  This case refutes the claim, and does so again with twice the steps.")
    if (record := recorded(report_dir, claim.id)) is not None:
        # What `verify tighten` found beside an earlier hunt is not this one's to replace.
        kept = {name: value for name, value in record.get("tightness", {}).items() if name == "extremal"}
        record["tightness"] = plain_hunt(found) | kept
        write_record(report_dir, record, load_curves(report_dir, record))


def complain_of(name: str, error: BaseException) -> None:
    """Tell why one of several cannot be hunted."""
    err.print(f"{name}: {error}", highlight=False, markup=False, soft_wrap=True)
