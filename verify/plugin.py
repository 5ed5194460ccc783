"""The pytest plugin: `theorem(claim)` in a test tries hard to refute a claim, and writes its record.

Options: `--profile`, `--device`, `--report-dir`, `--resume`; hypothesis' own `--hypothesis-seed` sets the master seed.
A run in which theorems were collected but none reached a verdict fails.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from verify.claims import Claim

_PROFILES = ("quick", "standard", "thorough")
_PROPERTY = "implicit_bias_claim"


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
    group.addoption("--resume", action="store_true", help="keep records of the same profile and seed in the report dir")


def pytest_configure(config: pytest.Config) -> None:
    """Watch for runs without a verdict; on the workers of pytest-xdist this is left to the controller."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Watch(config), "implicit-bias-verdicts")


class _Watch:
    """Counts theorems and verdicts as the reports come in, from this process or from workers."""

    def __init__(self, config: pytest.Config):
        self.config = config
        self.theorems: set[str] = set()
        self.claims: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.theorems |= {item.nodeid for item in items if "theorem" in getattr(item, "fixturenames", ())}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        found = [str(value) for name, value in report.user_properties if name == _PROPERTY]
        if report.when == "call":
            self.claims += found

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.theorems and not self.claims and not self.config.option.collectonly and exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.theorems and not self.claims and not self.config.option.collectonly:
            terminalreporter.write_line("No theorem reached a verdict: the run fails.", red=True)
        if self.claims:
            from reports.records import read_records
            from reports.tables import console

            records = [r for r in read_records(str(self.config.getoption("report_dir"))) if r["id"] in self.claims]
            terminalreporter.ensure_newline()
            terminalreporter.write(console_text(console(records), terminalreporter))


def console_text(table: Any, terminalreporter: Any) -> str:
    """A rich table as the text of a terminal of that width."""
    from rich.console import Console

    console = Console(width=max(terminalreporter._tw.fullwidth, 100), force_terminal=terminalreporter.hasmarkup)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


@contextlib.contextmanager
def _live(config: pytest.Config) -> Iterator[Callable[[str, int, int], None] | None]:
    """A live progress line on a terminal, past pytest's capturing; None where there is no terminal."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    if hasattr(config, "workerinput") or capture is None:
        yield None
        return
    with capture.global_and_fixture_disabled():
        if not sys.stderr.isatty():
            yield None
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("drawing datasets", total=None)
            yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)


def master_seed(config: pytest.Config) -> int:
    """The seed of all draws: hypothesis' own option, 0 by default."""
    given = config.getoption("hypothesis_seed", None)
    if given is None or given == "":
        return 0
    return secrets.randbits(32) if str(given) == "random" else int(str(given))


@pytest.fixture
def theorem(request: pytest.FixtureRequest) -> Callable[[Claim], dict[str, Any]]:
    """Try hard to refute a claim; the test passes if the claim is supported and all its twins are refuted."""

    def attempt(claim: Claim) -> dict[str, Any]:
        from reports.records import write_record
        from verify.recording import failures, record_of
        from verify.theorem import PROFILES, try_claim

        config = request.config
        folder = Path(str(config.getoption("report_dir")))
        profile, seed = PROFILES[str(config.getoption("profile"))], master_seed(config)
        reproduce = f"pytest '{request.node.nodeid}' --profile={profile.name} --hypothesis-seed={seed}"
        record = _finished(folder, claim.id, profile.name, seed) if config.getoption("resume") else None
        if record is None:
            with _live(config) as progress:
                trial = try_claim(
                    claim,
                    profile,
                    seed=seed,
                    platform=config.getoption("device"),
                    progress=progress and (lambda what, done, all_: progress(f"{claim.id}: {what}", done, all_)),
                )
            record, curves = record_of(trial, reproduce)
            write_record(folder, record, curves)
        request.node.user_properties.append((_PROPERTY, claim.id))
        if found := failures(record):
            pytest.fail(_message(record, found), pytrace=False)
        return record

    return attempt


def _finished(folder: Path, claim_id: str, profile: str, seed: int) -> dict[str, Any] | None:
    from reports.records import ReportError, read_records

    try:
        records = read_records(folder)
    except (ReportError, FileNotFoundError):
        return None
    same = (r for r in records if (r["id"], r["profile"], r["seed"]) == (claim_id, profile, seed))
    return next(same, None)


def _message(record: dict[str, Any], found: list[str]) -> str:
    from verify.datasets import Dataset

    observed, claimed = record["observed"], record["claimed"]
    lines = [
        f"{record['id']} does not count as verified: " + "; ".join(found),
        f"  claimed:  {record['quantity']} ~ {claimed['law']}",
        f"  observed: {observed['statistic']} = {observed['value']} {observed['value_interval']}, "
        f"threshold {observed['threshold']}; exponent {observed['exponent']} {observed['interval']}",
    ]
    if worst := record["datasets"]["worst"]:
        lines.append(f"  dataset:  {Dataset.from_json(worst['dataset'])!r} ({worst['note']})")
    lines.append(f"  again:    {record['reproduce']}")
    return "\n".join(lines)
