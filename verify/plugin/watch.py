"""Follows theorems and verdicts as the reports come in, and shows the board."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from verify.plugin.session import NOTE, OUTCOME, PLAN_KEY, SEED, SEED_KEY, STATES, THEOREM, report_folder

if TYPE_CHECKING:
    from verify.plugin.progress import Board, Screen


class Watch:
    """Follows theorems and verdicts as the reports come in, from this process or from workers."""

    def __init__(self, config: pytest.Config):
        from verify.plugin.progress import terminal

        self.config = config
        self.theorems: set[str] = set()
        self.outcomes: list[dict[str, Any]] = []
        self.notes: dict[str, None] = {}  # what went wrong and decided nothing, each sentence once
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
        node.workerinput[SEED] = self.config.stash[SEED_KEY]
        node.workerinput[STATES] = str(self.states) if self.states else None
        self.processes += 1

    def pytest_collection_finish(self) -> None:
        """Begin, where this process collects by itself."""
        self._begin()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self) -> None:
        """Begin, once a worker has collected."""
        self._begin()

    def _begin(self) -> None:
        """Once the plan is written: sweep the folder, and show the board."""
        from reports.runs import read_plan, sweep
        from verify.plugin.progress import Board, Screen, read_states

        # Under pytest-xdist this process collects nothing, and each worker reports that it has.
        plan = self.config.stash.get(PLAN_KEY, None) or (
            read_plan(report_folder(self.config)) if self.processes else None
        )
        if plan is None or self.board:
            return
        sweep(report_folder(self.config))
        fresh = self.config.getoption("fresh")
        records = {record["id"]: record for record in readable(report_folder(self.config))}
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
        """Hide the board when the tests are over, however they end."""
        try:
            return (yield)
        finally:
            if self.screen:
                self.screen.hide()
            if self.states:
                shutil.rmtree(self.states, ignore_errors=True)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logstart(self) -> Iterator[None]:
        """Let pytest write."""
        with self._aside():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logfinish(self) -> Iterator[None]:
        """Let pytest write."""
        with self._aside():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Iterator[None]:
        """Note verdicts, and let pytest write."""
        for name, value in report.user_properties:
            if name == THEOREM:
                self.theorems.add(str(value))
            elif name == NOTE:
                self.notes[str(value)] = None
            elif name == OUTCOME and report.when == "call" and isinstance(value, dict):
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
        """Fail a run of theorems none of which reached a verdict."""
        if self.theorems and not self.outcomes and not self.config.option.collectonly and exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Show the verdicts of this run, and what is left to do."""
        if self.config.option.collectonly or not self.theorems:
            return
        from reports.runs import partial
        from reports.tables import console

        terminalreporter.ensure_newline()
        records = readable(report_folder(self.config))
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
        for note in self.notes:
            terminalreporter.write_line(note)
        if words := partial(report_folder(self.config), records):
            terminalreporter.write_line(f"{words} The same command goes on with the others.")


def readable(folder: Path) -> list[dict[str, Any]]:
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
