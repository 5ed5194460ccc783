"""Plants a bug in a copy of the tree, and runs there what should notice it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from solvers.errors import InputError
from tests.mutants.table import ROOT, Mutant

_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "site", "build", "dist", "verify-report*", "*.egg-info")
_LONGEST = 3600  # seconds of one run of pytest: a bug that makes it hang is noticed, too
_SEED = 0
_ENGINE = ("solvers", "verify", "reports")
_CACHE = "persistent compilation cache"  # in what jax says where one of its files is lost, whatever is run
_CLAIM = re.compile(r"^claims?\[(.+)\]$")


@dataclass(frozen=True)
class Red:
    """A claim or test that failed, and the first line of what it said."""

    name: str
    why: str


@dataclass(frozen=True)
class Outcome:
    """What noticed a planted bug: the first claim and the first test that turned red. mark: of what it was found."""

    name: str
    mark: str
    properties: Red | None
    tests: Red | None
    seconds: float

    @property
    def noticed(self) -> str:
        """By what, in a word or two."""
        seen = bool(self.properties), bool(self.tests)
        return {(True, True): "both", (True, False): "properties", (False, True): "tests"}.get(seen, "nothing")


@contextmanager
def tree(root: Path = ROOT) -> Iterator[Path]:
    """A copy of the tree in a temporary folder, without what git ignores."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(root, copy, ignore=_LEFT_OUT)
        yield copy


def mark(mutant: Mutant, homes: dict[str, str], root: Path = ROOT) -> str:
    """Changes with the engine, the bug, or a file of what should notice it; homes: as `claim_homes` finds them."""
    digest = hashlib.sha256(repr(mutant).encode())
    nodes = [*nodes_of(mutant, homes), *mutant.tests]
    own = dict.fromkeys(node.partition("::")[0] for node in nodes)
    for path in [*_sources(root), *(root / name for name in own)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def nodes_of(mutant: Mutant, homes: dict[str, str]) -> list[str]:
    """Its claims, as pytest names them. Raises `InputError` for one that there is not."""
    if unknown := [claim for claim in mutant.claims if claim not in homes]:
        raise InputError(f"The mutant {mutant.name} names the claim {unknown[0]}, which is not there: rename it.")
    return [homes[claim] for claim in mutant.claims]


def _sources(root: Path) -> list[Path]:
    return sorted(path for package in _ENGINE for path in (root / package).rglob("*.py"))


def claim_homes(copy: Path) -> dict[str, str]:
    """Where each claim is tested, as pytest names it: by the claim's id. Raises `InputError` if nothing is collected.

    Also makes sure that it is the copy's program that is run there, and not an installed one.
    """
    where = _python(copy, "-c", "import verify; print(verify.__file__)").stdout.strip()
    if not Path(where).resolve().is_relative_to(copy.resolve()):
        raise InputError(f"A copy of the tree would run {where} in place of its own program: unset PYTHONPATH.")
    listed = _python(copy, "-m", "pytest", "properties", "--collect-only", "-q", "-p", "no:cacheprovider").stdout
    nodes = [line for line in listed.splitlines() if "::" in line]
    homes = {match[1]: node for node in nodes if (match := _CLAIM.match(node.partition("::")[2]))}
    if not homes:
        raise InputError(f"No claim is collected in properties/: {_last_line(listed)}")
    return homes


def control(copy: Path, nodes: Sequence[str], report: Path) -> dict[str, Red | None]:
    """What each of these claims or files of tests says where no bug is planted: None for green.

    Raises `InputError` where pytest breaks down, or tells of something else.
    """
    reds = _pytest(copy, nodes, report, stop=False)
    if others := [red for red in reds if not any(_is_of(red, node) for node in nodes)]:
        raise InputError(f"Without any bug {others[0].name} fails ({others[0].why}): mend it.")
    return {node: next((red for red in reds if _is_of(red, node)), None) for node in nodes}


def attempt(mutant: Mutant, homes: dict[str, str], root: Path = ROOT) -> Outcome:
    """Plant the bug and run its claims, then its tests, each until the first that turns red."""
    begun, seen = time.perf_counter(), mark(mutant, homes, root)
    with tree(root) as copy:
        file = copy / mutant.file
        file.write_text(mutant.applied(file.read_text("utf-8")), "utf-8")
        report = copy.parent / "red.xml"
        properties, tests = (
            next(iter(_pytest(copy, nodes, report, stop=True)), None) if nodes else None
            for nodes in (nodes_of(mutant, homes), mutant.tests)
        )
    return Outcome(mutant.name, seen, properties, tests, round(time.perf_counter() - begun, 1))


def _is_of(red: Red, node: str) -> bool:
    claim = _CLAIM.match(node.partition("::")[2])
    return red.name == claim[1] if claim else (red.name == node or red.name.startswith((f"{node}::", f"{node}[")))


def _python(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment["PYTHONPATH"] = str(copy)
    return subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True, check=False,
        timeout=_LONGEST,
    )  # fmt: skip


def _pytest(copy: Path, nodes: Iterable[str], report: Path, *, stop: bool) -> list[Red]:
    """Run claims or tests, and give those that failed; a run that breaks down or never ends counts as one."""
    options = ["-q", "-p", "no:cacheprovider", f"--junitxml={report}", f"--hypothesis-seed={_SEED}"]
    options += ["--profile=quick", f"--report-dir={copy.parent / 'records'}", *(["-x"] if stop else [])]
    report.unlink(missing_ok=True)
    try:
        done = _python(copy, "-m", "pytest", *nodes, *options)
    except subprocess.TimeoutExpired:
        return [Red("pytest", f"did not end within {_LONGEST} seconds")]
    reds = list(_read(report)) if report.is_file() else []
    if broken := [red for red in reds if _CACHE in red.why]:
        raise InputError(
            f"The folder of compiled programs is damaged, and no bug's doing: remove it ({broken[0].why})."
        )
    if done.returncode and not reds:
        return [Red("pytest", f"ended with {done.returncode}: {_last_line(done.stderr or done.stdout)}")]
    return reds


def _read(report: Path) -> Iterator[Red]:
    for case in ElementTree.parse(report).iter("testcase"):
        for trouble in (*case.iter("failure"), *case.iter("error")):
            said = trouble.get("message") or trouble.text or ""
            yield Red(_name(case), (said.splitlines() or [""])[0][:400])


def _name(case: ElementTree.Element) -> str:
    """A claim by its id, a test as pytest names it."""
    name, home = case.get("name", ""), case.get("classname", "")
    if claim := _CLAIM.match(name):
        return claim[1]
    return f"{home.replace('.', '/')}.py::{name}" if home else f"{name.replace('.', '/')}.py"


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1][:400]
