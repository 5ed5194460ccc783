"""The fixture `theorem`: try a claim, write its record, and fail where it does not count as verified."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from verify.plugin.session import NOTE, OUTCOME, SEED_KEY, STATES, WATCH, platform, report_folder

if TYPE_CHECKING:
    from verify.claims.claim import Claim
    from verify.plugin.progress import Tell


def _tell(config: pytest.Config, claim: str) -> Tell | None:
    """Where the progress of a claim is told: to this process' board, or to the controller's; None without a board."""
    from verify.plugin.progress import State, teller, write_state

    given: dict[str, Any] | None = getattr(config, "workerinput", None)
    if given is not None:
        if given[STATES] is None:
            return None
        folder, worker = Path(given[STATES]), str(given["workerid"])
        return teller(claim, lambda state: write_state(folder, worker, state))
    watch: Any = config.pluginmanager.getplugin(WATCH)
    if watch.screen is None:
        return None

    def note(state: State) -> None:
        watch.own = {"": state}

    return teller(claim, note)


@pytest.fixture
def theorem(request: pytest.FixtureRequest) -> Callable[[Claim], dict[str, Any]]:
    """Try hard to refute a claim; the test passes if the claim is supported and all its twins are refuted."""

    def attempt(claim: Claim) -> dict[str, Any]:
        from reports.verified import failures
        from solvers.errors import InputError
        from verify import compiled
        from verify.errors import FlowError, TrajectoryError

        try:
            record, kept = _record(request, claim)
            record = _hunted(request.config, claim, record, kept)
        except (InputError, TrajectoryError, FlowError) as error:
            pytest.fail(f"{claim.id}: {error}", pytrace=False)
        finally:
            request.node.user_properties.extend((NOTE, note) for note in compiled.notes)
        found = failures(record)
        outcome = {"claim": claim.id, "seconds": record["seconds"], "kept": kept, "verified": not found}
        request.node.user_properties.append((OUTCOME, outcome))
        if found:
            pytest.fail(_message(record, found), pytrace=False)
        return record

    return attempt


def _record(request: pytest.FixtureRequest, claim: Claim) -> tuple[dict[str, Any], bool]:
    """The record of a claim, and whether it was kept from an earlier run."""
    from reports.records import write_record
    from reports.runs import Plan, kept
    from verify.trials.fingerprint import fingerprint
    from verify.trials.profiles import PROFILES
    from verify.trials.record import record_of, stamp
    from verify.trials.trial import try_claim

    config, seed = request.config, request.config.stash[SEED_KEY]
    folder, profile = report_folder(config), PROFILES[str(config.getoption("profile"))]
    mark = fingerprint(claim, request.node.path)
    finished = None
    if not config.getoption("fresh"):
        finished = kept(folder, claim.id, Plan({claim.id: mark}, profile.name, seed, platform(config)))
    if finished is not None:
        return finished, True
    trial = try_claim(
        claim, profile, seed=seed, platform=config.getoption("device"), progress=_tell(config, claim.id),
        shrink_twins=False,
    )  # fmt: skip
    reproduce = f"pytest '{request.node.nodeid}' --profile={profile.name} --hypothesis-seed={seed} --fresh"
    record, curves = record_of(trial, reproduce)
    stamp(record, mark, request.node.module)
    _keep_counterexamples(folder, record)
    write_record(folder, record, curves)
    return record, False


def _keep_counterexamples(folder: Path, record: dict[str, Any]) -> None:
    """Give the twins the counterexamples that `verify replay` made of the same trial's record before."""
    from reports.records import ReportError, read_record, slug

    try:
        earlier = read_record(folder / "records" / f"{slug(record['id'])}.json")
    except (ReportError, FileNotFoundError):
        return
    if any(earlier.get(name) != record[name] for name in ("fingerprint", "profile", "seed")):
        return
    for twin, before in zip(record["twins"], earlier["twins"], strict=True):
        twin["counterexample"] = before["counterexample"]


def _hunted(config: pytest.Config, claim: Claim, record: dict[str, Any], kept: bool) -> dict[str, Any]:
    """The record with how tight the claim was found to be, where a search was asked for and is not there already."""
    examples = int(str(config.getoption("hunt")))
    if not examples or (kept and "tightness" in record):
        return record
    from reports.records import load_curves, write_record
    from verify.trials.hunting import hunt
    from verify.trials.record import plain_hunt

    tell = _tell(config, claim.id)
    found = hunt(
        claim, examples=examples, seed=config.stash[SEED_KEY], platform=config.getoption("device"),
        progress=tell and (lambda done, total: tell("hunting the tightest case", done, total)),
    )  # fmt: skip
    record = record | {"tightness": plain_hunt(found)}
    write_record(report_folder(config), record, load_curves(report_folder(config), record))
    return record


def _message(record: dict[str, Any], found: list[str]) -> str:
    from verify.datasets.dataset import shown

    observed, claimed = record["observed"], record["claimed"]
    lines = [
        f"{record['id']} does not count as verified: " + "; ".join(found),
        f"  claimed:  {record['quantity']} ~ {claimed['law']}",
        f"  observed: {observed['statistic']} = {observed['value']} {observed['value_interval']}, "
        f"threshold {observed['threshold']}; exponent {observed['exponent']} {observed['interval']}",
    ]
    if worst := record["datasets"]["worst"]:
        what = "setting:" if "setting" in worst["dataset"] else "dataset:"
        lines.append(f"  {what:9} {shown(worst['dataset'])} ({worst['note']})")
    lines.append(f"  again:    {record['reproduce']}")
    return "\n".join(lines)
