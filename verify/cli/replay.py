"""The command `verify replay`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from solvers.errors import InputError
from verify.claims.catalogue import all_claims, from_file, no_claim
from verify.cli.check import say
from verify.cli.common import Device, ReportDir, out, progress_bar
from verify.cli.completion import claim_ids

if TYPE_CHECKING:
    from verify.claims.claim import Claim
    from verify.trials.refutation import Refutation


def replay(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="The id of a claim that has a record.", autocompletion=claim_ids)
    ],
    twin: Annotated[
        int | None, typer.Option(help="Replay the counterexample of this false twin: 0, 1, ...; shrunk if it was not.")
    ] = None,
    steps: Annotated[int, typer.Option(help="Steps of the run; it goes on to twice as many.")] = 5_000,
    figure: Annotated[Path | None, typer.Option(help="Where to draw the run: .svg or .png.")] = None,
    device: Device = None,
    report_dir: ReportDir = Path("verify-report"),
) -> None:
    """Run a recorded counterexample again, from the record alone, and draw where the run goes.

    Without a refutation the case that came nearest to one is run. A twin's smallest counterexample is looked for the
    first time it is replayed, and kept in the record.

    Examples: verify replay conjectures/false;  verify replay fan2025/sign-gd-binary --twin 0 --figure run.svg
    """
    from reports import counterexample
    from reports.records import slug
    from verify.backend import working_on
    from verify.problems.subject import Flow
    from verify.trials.record import plain_refutation
    from verify.trials.refutation import explain

    if steps < 1:
        raise InputError(f"A run of {steps} steps shows nothing: give 1 or more.")
    record = recorded(report_dir, name)
    if record is None and name.partition("/")[0] == "open":
        raise no_claim(name)
    if record is None:
        raise InputError(f"{report_dir} has no record of {name!r}: check the claim first, or give --report-dir.")
    claim, plain = claim_of(record), _case(record, twin)
    with progress_bar() as bar:
        task = bar.add_task(name)
        with working_on(device):
            if twin is not None:
                plain = _shrunk(report_dir, record, claim, twin) or plain
                claim = claim.twin(twin)
            found = explain(
                claim, revived(claim, plain), steps=steps,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )  # fmt: skip
    if found is None:
        raise InputError(f"The quantity of {claim.id} cannot be judged on its recorded case: try other --steps.")
    _tell(claim, found)
    figure = figure or report_dir / "replays" / f"{slug(claim.id)}.svg"
    title = f"{claim.title}: {found.sentence}"
    counterexample.draw(
        figure, found.log_time, found.shares, plain_refutation(found), title, flow=isinstance(claim.subject, Flow)
    )
    say(f"figure: {figure}")


def _shrunk(report_dir: Path, record: dict[str, Any], claim: Claim, twin: int) -> dict[str, Any] | None:
    """The smallest case that refutes a twin alone, looked for as the record's trial would and put into the record."""
    from reports.records import load_curves, write_record
    from verify.trials.profiles import PROFILES
    from verify.trials.record import plain_case
    from verify.trials.shrinking import shrunk

    told, profile = record["twins"][twin], PROFILES.get(record["profile"])
    if told["counterexample"] is not None or profile is None or not claim.twins[twin].shrink or not told.get("drawn"):
        return told["counterexample"]
    drawn = revived(claim, told["drawn"])
    told["counterexample"] = plain_case(shrunk(claim.twin(twin), drawn, profile, record["seed"]))
    if told["counterexample"] is not None:
        write_record(report_dir, record, load_curves(report_dir, record))
    return told["counterexample"]


def recorded(report_dir: Path, name: str) -> dict[str, Any] | None:
    """The record of the claim of that id in a report folder, if it has one."""
    from reports.records import read_record, slug

    try:
        return read_record(report_dir / "records" / f"{slug(name)}.json")
    except FileNotFoundError:
        return None


def claim_of(record: dict[str, Any]) -> Claim:
    """The claim of a record: from the file that it was checked in, if that is there, else an installed one."""
    path = re.search(r"[^\s']+\.py", record["reproduce"])
    if path and Path(path.group()).is_file():
        found = from_file(Path(path.group()))
        if record["id"] in found:
            return found[record["id"]]
    known = all_claims()
    if record["id"] not in known:
        raise InputError(
            f"The claim {record['id']} of this record is neither installed nor in the file of its command "
            f"({record['reproduce']}): run from the folder where that file is."
        )
    return known[record["id"]]


def _case(record: dict[str, Any], twin: int | None) -> dict[str, Any]:
    if twin is None:
        worst = record["datasets"]["worst"]
        if worst is None:
            raise InputError(f"The record of {record['id']} holds no case: replay one of its twins, with --twin 0.")
        return worst["dataset"]
    if not 0 <= twin < len(record["twins"]):
        raise InputError(f"{record['id']} has no twin {twin}: its {len(record['twins'])} twins are counted from 0.")
    found = record["twins"][twin]["counterexample"] or record["twins"][twin].get("drawn")
    if found is None:
        raise InputError(f"No dataset of twin {twin} of {record['id']} was recorded: try another twin.")
    return found


def shrunk_or_drawn(report_dir: Path, record: dict[str, Any], claim: Claim, twin: int | None) -> dict[str, Any]:
    """The recorded case of a claim or of one of its twins, of which the smallest is looked for if it was not."""
    plain = _case(record, twin)
    return plain if twin is None else _shrunk(report_dir, record, claim, twin) or plain


def revived(claim: Claim, plain: dict[str, Any]) -> Any:
    """The recorded case as what the claim's problem draws."""
    from verify.datasets.dataset import Dataset

    if "setting" not in plain:
        return Dataset.from_json(plain)
    from hypothesis import Phase, find

    from verify.trials.drawing import quiet

    # The problem knows its settings' class; any draw will do.
    example = find(claim.problem(), lambda case: True, settings=quiet(1, (Phase.generate,)))
    values = {k: _tupled(v) for k, v in plain["setting"].items()}
    return replace(example, **values)


def _tupled(value: Any) -> Any:
    return tuple(_tupled(v) for v in value) if isinstance(value, list) else value


def _tell(claim: Claim, found: Refutation) -> None:
    from reports import counterexample
    from verify.datasets.dataset import shown

    say(f"{claim.id}: {claim.title}")
    say(f"case: {shown(found.case.to_json())}")
    say(found.sentence)
    if not found.margins:
        return
    table = Table("norm", "maximal margin", "reached by the run", "in exact arithmetic", title="certified margins")
    for m in found.margins:
        exactly = "–" if m.exact is None else counterexample.bracket(m.exact[0], m.exact[1])
        mark = " ← followed" if m.norm in found.followed else ""
        table.add_row(m.norm, f"[{m.lower:.9g}, {m.upper:.9g}]", f"{m.share:.6f}{mark}", exactly)
    out.print(table)
