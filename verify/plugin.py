"""The pytest plugin: `theorem(claim)` in a test tries hard to refute a claim, and writes its record.

Options: `--profile`, `--device`, `--report-dir`, `--fresh`; hypothesis' own `--hypothesis-seed` sets the master seed.
A theorem whose record is there already, of the same claim and engine, profile, seed and device, is not tried again
unless `--fresh`. A run in which theorems were collected but none reached a verdict fails.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from reports.runs import Plan
    from verify.claims import Claim
    from verify.progress import Board, Screen, Tell

_PROFILES = ("quick", "standard", "thorough")
_THEOREM, _OUTCOME = "implicit_bias_theorem", "implicit_bias_outcome"
_SEED, _STATES = "implicit_bias_seed", "implicit_bias_states"
_WATCH = "implicit-bias-verdicts"
_SEED_KEY = pytest.StashKey[int]()
_PLAN_KEY = pytest.StashKey["Plan"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the theorem checks."""
    group = parser.getgroup("implicit-bias-verify", "theorem checks")
    group.addoption(
        "--profile", choices=_PROFILES, default="standard", help="how hard to try: quick (CI), standard, thorough"
    )
    group.addoption("--device", default=None, metavar="PLATFORM", help="where to run: cpu or gpu (default: jax's own)")
    group.addoption(
        "--report-dir",
        default="verify-report",
        metavar="DIR",
        help="where records and curves go (default: %(default)s)",
    )
    group.addoption(
        "--hunt",
        type=int,
        default=0,
        metavar="N",
        help="also search each claim for the case that brings it closest to failing, among N cases",
    )
    group.addoption("--fresh", action="store_true", help="try every theorem again, those with a valid record as well")


def pytest_configure(config: pytest.Config) -> None:
    """Fix the seed, and watch for runs without a verdict; the workers of pytest-xdist leave both to the controller."""
    given: dict[str, Any] | None = getattr(config, "workerinput", None)
    config.stash[_SEED_KEY] = _given_seed(config) if given is None else given[_SEED]
    if given is None:
        config.pluginmanager.register(_Watch(config), _WATCH)


def _given_seed(config: pytest.Config) -> int:
    """The seed of all draws: hypothesis' own option, 0 by default."""
    given = config.getoption("hypothesis_seed", None)
    if given is None or given == "":
        return 0
    if str(given) == "random":
        return secrets.randbits(32)
    try:
        return int(str(given))
    except ValueError:
        raise pytest.UsageError(f"--hypothesis-seed is {given!r}: give a whole number, or random.") from None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the reports of theorems, so that a controller that collects nothing itself knows them."""
    for item in _theorems(items):
        item.user_properties.append((_THEOREM, item.nodeid))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Write down which theorems this run is to try."""
    found = {claim.id: (claim, item.path) for item in _theorems(session.items) for claim in _claims(item)}
    config = session.config
    if not found or config.option.collectonly:
        return
    from reports.runs import Plan, write_plan
    from verify.fingerprint import fingerprint

    planned = {name: fingerprint(*found[name]) for name in sorted(found)}
    plan = Plan(planned, str(config.getoption("profile")), config.stash[_SEED_KEY], _platform(config))
    config.stash[_PLAN_KEY] = plan
    write_plan(_folder(config), plan)  # by every worker, in the same words


def _theorems(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    return [item for item in items if "theorem" in getattr(item, "fixturenames", ())]


def _claims(item: pytest.Item) -> list[Claim]:
    """The claims that a test is about: among its parameters, else those that its body names."""
    from verify.claims import Claim

    values = getattr(getattr(item, "callspec", None), "params", {}).values()
    if found := [value for value in values if isinstance(value, Claim)]:
        return found
    function: Any = getattr(item, "function", None)
    if function is None:
        return []
    return [v for name in function.__code__.co_names if isinstance(v := function.__globals__.get(name), Claim)]


def _folder(config: pytest.Config) -> Path:
    return Path(str(config.getoption("report_dir")))


def _platform(config: pytest.Config) -> str:
    """The device of this run, as records name it."""
    from solvers.errors import InputError
    from verify.trajectory import devices

    asked: str | None = config.getoption("device")
    try:
        return devices(asked)[0].platform
    except InputError:
        return str(asked)  # each theorem says that there is none


class _Watch:
    """Follows theorems and verdicts as the reports come in, from this process or from workers."""

    def __init__(self, config: pytest.Config):
        from verify.progress import terminal

        self.config = config
        self.theorems: set[str] = set()
        self.outcomes: list[dict[str, Any]] = []
        self.console = terminal()
        self.board: Board | None = None
        self.screen: Screen | None = None
        self.own: dict[str, Any] = {}  # the state of this process, where it tries theorems itself
        self.states: Path | None = None  # where workers leave theirs
        self.processes = 0

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist the seed, and where to leave its state."""
        if self.console and self.states is None:
            self.states = Path(tempfile.mkdtemp(prefix="implicit-bias-"))
        node.workerinput[_SEED] = self.config.stash[_SEED_KEY]
        node.workerinput[_STATES] = str(self.states) if self.states else None
        self.processes += 1

    def pytest_collection_finish(self) -> None:
        self._begin()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self) -> None:
        self._begin()

    def _begin(self) -> None:
        """Once the plan is written: sweep the folder, and show the board."""
        from reports.runs import read_plan, sweep
        from verify.progress import Board, Screen, read_states

        # Under pytest-xdist this process collects nothing, and each worker reports that it has.
        plan = self.config.stash.get(_PLAN_KEY, None) or (read_plan(_folder(self.config)) if self.processes else None)
        if plan is None or self.board:
            return
        sweep(_folder(self.config))
        fresh = self.config.getoption("fresh")
        records = {record["id"]: record for record in _readable(_folder(self.config))}
        seconds = {name: r["seconds"] for name, r in records.items() if r["profile"] == plan.profile}
        expected = {
            name: 0.0 if not fresh and name in records and plan.of(records[name]) else seconds.get(name)
            for name in plan.planned
        }
        states = self.states
        self.board = Board(
            expected, max(self.processes, 1), (lambda: read_states(states)) if states else (lambda: self.own)
        )
        if self.console:
            terminalreporter: Any = self.config.pluginmanager.getplugin("terminalreporter")
            self.screen = Screen(self.board, self.console, lambda: terminalreporter._tw.width_of_current_line)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Iterator[None]:
        try:
            return (yield)
        finally:
            if self.screen:
                self.screen.hide()
            if self.states:
                shutil.rmtree(self.states, ignore_errors=True)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logstart(self) -> Iterator[None]:
        with self._aside():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logfinish(self) -> Iterator[None]:
        with self._aside():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Iterator[None]:
        for name, value in report.user_properties:
            if name == _THEOREM:
                self.theorems.add(str(value))
            elif name == _OUTCOME and report.when == "call" and isinstance(value, dict):
                self.outcomes.append(value)
                if self.board:
                    self.board.finish(**value)
        with self._aside():
            return (yield)

    @contextlib.contextmanager
    def _aside(self) -> Iterator[None]:
        """Without the board while pytest writes; with it afterwards."""
        if self.screen is None:
            yield
            return
        self.screen.hide()
        yield
        self.screen.show()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.theorems and not self.outcomes and not self.config.option.collectonly and exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.config.option.collectonly or not self.theorems:
            return
        from reports.runs import partial
        from reports.tables import console

        terminalreporter.ensure_newline()
        records = _readable(_folder(self.config))
        if self.outcomes:
            tried = {outcome["claim"] for outcome in self.outcomes}
            table = console([record for record in records if record["id"] in tried])
            terminalreporter.write(console_text(table, terminalreporter))
        else:
            terminalreporter.write_line("No theorem reached a verdict: the run fails.", red=True)
        if kept := sum(outcome["kept"] for outcome in self.outcomes):
            terminalreporter.write_line(
                f"{kept} of {len(self.outcomes)} theorems have kept their record; --fresh tries them again."
            )
        if words := partial(_folder(self.config), records):
            terminalreporter.write_line(f"{words} The same command goes on with the others.")


def _readable(folder: Path) -> list[dict[str, Any]]:
    """The records of a folder that are whole."""
    from reports.records import ReportError, read_record

    records = []
    for path in sorted((folder / "records").glob("*.json")):
        with contextlib.suppress(ReportError, FileNotFoundError):
            records.append(read_record(path))
    return records


def console_text(table: Any, terminalreporter: Any) -> str:
    """A rich table as the text of a terminal of that width."""
    from rich.console import Console

    console = Console(width=max(terminalreporter._tw.fullwidth, 100), force_terminal=terminalreporter.hasmarkup)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def _tell(config: pytest.Config, claim: str) -> Tell | None:
    """Where the progress of a claim is told: to this process' board, or to the controller's; None without a board."""
    from verify.progress import State, teller, write_state

    given: dict[str, Any] | None = getattr(config, "workerinput", None)
    if given is not None:
        if given[_STATES] is None:
            return None
        folder, worker = Path(given[_STATES]), str(given["workerid"])
        return teller(claim, lambda state: write_state(folder, worker, state))
    watch: Any = config.pluginmanager.getplugin(_WATCH)
    if watch.screen is None:
        return None

    def note(state: State) -> None:
        watch.own = {"": state}

    return teller(claim, note)


@pytest.fixture
def theorem(request: pytest.FixtureRequest) -> Callable[[Claim], dict[str, Any]]:
    """Try hard to refute a claim; the test passes if the claim is supported and all its twins are refuted."""

    def attempt(claim: Claim) -> dict[str, Any]:
        from solvers.errors import InputError
        from verify.log_time import FlowError
        from verify.recording import failures
        from verify.trajectory import TrajectoryError

        try:
            record, kept = _record(request, claim)
            record = _hunted(request.config, claim, record, kept)
        except (InputError, TrajectoryError, FlowError) as error:
            pytest.fail(f"{claim.id}: {error}", pytrace=False)
        found = failures(record)
        outcome = {"claim": claim.id, "seconds": record["seconds"], "kept": kept, "verified": not found}
        request.node.user_properties.append((_OUTCOME, outcome))
        if found:
            pytest.fail(_message(record, found), pytrace=False)
        return record

    return attempt


def _record(request: pytest.FixtureRequest, claim: Claim) -> tuple[dict[str, Any], bool]:
    """The record of a claim, and whether it was kept from an earlier run."""
    from reports.records import write_record
    from reports.runs import Plan
    from verify.fingerprint import fingerprint
    from verify.recording import record_of, stamp
    from verify.theorem import PROFILES, try_claim

    config, seed = request.config, request.config.stash[_SEED_KEY]
    folder, profile = _folder(config), PROFILES[str(config.getoption("profile"))]
    mark = fingerprint(claim, request.node.path)
    kept = None
    if not config.getoption("fresh"):
        kept = _finished(folder, claim.id, Plan({claim.id: mark}, profile.name, seed, _platform(config)))
    if kept is not None:
        return kept, True
    trial = try_claim(claim, profile, seed=seed, platform=config.getoption("device"), progress=_tell(config, claim.id))
    reproduce = f"pytest '{request.node.nodeid}' --profile={profile.name} --hypothesis-seed={seed} --fresh"
    record, curves = record_of(trial, reproduce)
    stamp(record, mark, request.node.module)
    write_record(folder, record, curves)
    return record, False


def _hunted(config: pytest.Config, claim: Claim, record: dict[str, Any], kept: bool) -> dict[str, Any]:
    """The record with how tight the claim was found to be, where a search was asked for and is not there already."""
    examples = int(str(config.getoption("hunt")))
    if not examples or (kept and "tightness" in record):
        return record
    from reports.records import load_curves, write_record
    from verify.hunting import hunt
    from verify.recording import plain_hunt

    tell = _tell(config, claim.id)
    found = hunt(
        claim, examples=examples, seed=config.stash[_SEED_KEY], platform=config.getoption("device"),
        progress=tell and (lambda done, total: tell("hunting the tightest case", done, total)),
    )  # fmt: skip
    record = record | {"tightness": plain_hunt(found)}
    write_record(_folder(config), record, load_curves(_folder(config), record))
    return record


def _finished(folder: Path, claim_id: str, plan: Plan) -> dict[str, Any] | None:
    """The record of a claim, if it is whole, its curves too, and what the plan wants."""
    from reports.records import ReportError, load_curves, read_record, slug

    try:
        record = read_record(folder / "records" / f"{slug(claim_id)}.json")
        load_curves(folder, record)
    except (ReportError, FileNotFoundError):
        return None
    return record if plan.of(record) else None


def _message(record: dict[str, Any], found: list[str]) -> str:
    from verify.datasets import shown

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
