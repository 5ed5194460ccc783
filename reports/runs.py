"""The plan of a run of checks, `<report_dir>/run.json`: by it a report can tell whether it is partial."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from reports.records import Record, ReportError, load_curves, read_record, replace_file, slug

_TEMPORARY = re.compile(r"\..+\.(?P<process>\d+)\.[0-9a-f]{32}\.tmp")  # as `replace_file` names them
_OLD = 60.0  # seconds; a file is written and moved into place in far less


@dataclass(frozen=True)
class Plan:
    """What a run of checks is to do: the fingerprint of each claim by its id, and how all of them are tried."""

    planned: Mapping[str, str]
    profile: str
    seed: int
    device: str

    def of(self, record: Record) -> bool:
        """Whether this is the record of a planned claim, finished in this run or taken over from an earlier one."""
        mine = (self.planned.get(record["id"], ""), self.profile, self.seed, self.device)
        return (record.get("fingerprint"), record["profile"], record["seed"], record["device"]) == mine

    def finished(self, records: Iterable[Record]) -> int:
        """How many of the planned claims have their record."""
        return sum(self.of(record) for record in records)


def write_plan(report_dir: Path | str, plan: Plan) -> Path:
    """Write the plan into the report's folder, in one step."""
    path = Path(report_dir, "run.json")
    content = json.dumps({"schema": 1} | asdict(plan), sort_keys=True)
    replace_file(path, lambda file: file.write(f"{content}\n".encode()))
    return path


def read_plan(report_dir: Path | str) -> Plan | None:
    """The plan of the last run; None where there is none, or none that this version can read."""
    try:
        content = json.loads(Path(report_dir, "run.json").read_text("utf-8"))
        if content.pop("schema") != 1:
            return None
        planned = dict(content.pop("planned"))
        return Plan(planned, **content)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def kept(report_dir: Path | str, claim_id: str, plan: Plan) -> Record | None:
    """The record of a claim, if it is whole, its curves too, and what the plan wants; else None."""
    try:
        record = read_record(Path(report_dir, "records", f"{slug(claim_id)}.json"))
        load_curves(report_dir, record)
    except (ReportError, FileNotFoundError):
        return None
    return record if plan.of(record) else None


def partial(report_dir: Path | str, records: Iterable[Record]) -> str:
    """ "Partial: 12 of 146 claims." where the last run has not finished what it planned, else nothing."""
    plan = read_plan(report_dir)
    done = plan.finished(records) if plan else 0
    return f"Partial: {done} of {len(plan.planned)} claims." if plan and done < len(plan.planned) else ""


def sweep(report_dir: Path | str) -> int:
    """Remove the half-written files that killed processes left in a report's folder; returns how many there were."""
    found = 0
    for path in Path(report_dir).rglob(".*.tmp"):
        match = _TEMPORARY.fullmatch(path.name)
        if match and not _runs(int(match["process"])) and time.time() - path.stat().st_mtime > _OLD:
            path.unlink(missing_ok=True)
            found += 1
    return found


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # another user's; no number of a process here
        return True
    return True
