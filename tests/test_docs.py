"""Every block of code in README.md, CONTRIBUTING.md and docs/ is run, and what is too dear to run is parsed.

The blocks of a file are run in their order, in a folder of their own and, the Python ones, in one namespace. A block
with a `title="name.py"` is also written there under that name.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from verify import cli, theorem

ROOT = Path(__file__).parent.parent
FILES = sorted(["README.md", "CONTRIBUTING.md", *(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))])
LANGUAGES = {"python", "sh", "text"}  # that is run, that is run, and what it prints
FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SNIPPET = re.compile(r'^--8<-- "(.*)"$', re.MULTILINE)
TOLD = re.compile(r"^(?:\S+|  false twin \(.*\)): ([A-Z]+)\. ", re.MULTILINE)

# Put after a command's own options, so that it takes seconds: the last one of a kind counts.
SMALL = {
    "run": ["--steps", "500"],
    "identify": ["--steps", "300", "--draws", "2", "--log-time", "50", "--norm", "l2", "--norm", "linf"],
    "hunt": ["--examples", "4", "--steps", "100"],
    "replay": ["--steps", "100"],
    "check": [],  # the quick profile is made small
}
# By the first words of a command: why it is not run but held against the command's real options.
PARSED = {
    "verify gallery fan2025-experiment": "minutes; tests/verify/test_experiments.py runs small ones",
    "verify check soudry2018": "flows to t = e^10000 on four claims",
    "verify compare before-report": "the folder of an earlier run; tests/verify/test_cli_compare.py runs it",
    "make": "these call the tests themselves; their targets and variables are looked up",
    "pytest": "verify check, beside it, tries the same; what it collects is looked at",
}
FINDINGS = {"check": {0, 1}, "compare": {0, 1}}  # 1 says that a claim does not count as verified


@dataclass(frozen=True)
class Block:
    """A fenced block, and the title after its language."""

    language: str
    title: str
    text: str


def blocks(path: str) -> list[Block]:
    found = []
    for language, rest, text in FENCE.findall((ROOT / path).read_text("utf-8")):
        title = re.search(r'title="([^"]*)"', rest)
        whole = SNIPPET.sub(lambda snippet: (ROOT / snippet[1]).read_text("utf-8"), text)
        found.append(Block(language, title[1] if title else "", whole))
    return found


def commands(block: Block) -> list[list[str]]:
    """The commands of a block, without comments and `$`."""
    return [words for line in block.text.splitlines() if (words := shlex.split(line, comments=True))]


def parsed_only(words: list[str]) -> bool:
    return any(words[: len(start.split())] == start.split() for start in PARSED)


class Reader:
    """Runs the blocks of one file as a reader would."""

    def __init__(self, path: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        self.path, self.folder, self.monkeypatch, self.capsys = path, folder, monkeypatch, capsys
        self.names: dict[str, object] = {"__name__": "docs"}
        self.printed = ""

    def read(self, block: Block) -> None:
        if block.title:
            (self.folder / block.title).write_text(block.text, "utf-8")
        if block.language == "python":
            self.printed = ""
            code = compile(block.text, f"{self.path} (a block)", "exec")
            exec(code, self.names)
        elif block.language == "sh":
            self.printed = "".join(self.command(words) for words in commands(block))
        else:
            self.compare(block.text)

    def command(self, words: list[str]) -> str:
        program, *arguments = words
        if program == "make":
            make(arguments)
        elif program == "pytest":
            collect(arguments, self.folder)
        elif program == "verify" and parsed_only(words):
            parse(arguments)
        elif program == "verify":
            return self.run(arguments)
        else:
            pytest.fail(f"{self.path}: {program} is no command that is tested: add it to tests/test_docs.py")
        return ""

    def run(self, arguments: list[str]) -> str:
        parse(arguments)
        small = [*arguments, *SMALL.get(arguments[0], [])]
        self.monkeypatch.setattr("sys.argv", ["verify", *small])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        captured = self.capsys.readouterr()
        assert (stopped.value.code or 0) in FINDINGS.get(arguments[0], {0}), (small, captured.err)
        return captured.out

    def compare(self, shown: str) -> None:
        """The verdicts that are shown are those that were printed; numbers are the full profile's, not the small one's.

        What is shown after a Python block is looked at in tests/test_examples.py.
        """
        if self.printed:
            assert TOLD.findall(shown) == TOLD.findall(self.printed) != [], self.printed


def parse(arguments: list[str]) -> None:
    """Hold the arguments against the options of the command, as typer knows them; raises for an unknown one."""
    group: Any = typer.main.get_command(cli.app)
    name, *rest = arguments
    assert name in group.commands, f"verify has no command {name}"
    with group.commands[name].make_context(name, list(rest)):
        pass


def make(arguments: list[str]) -> None:
    """The target and the variables must be in the Makefile."""
    text = (ROOT / "Makefile").read_text("utf-8")
    for each in arguments:
        name, assigned, _ = each.partition("=")
        assert re.search(rf"^{name}\s*\?=" if assigned else rf"^{name}:", text, re.MULTILINE), each


def collect(arguments: list[str], folder: Path) -> None:
    """pytest must know the options, and find a test."""
    paths = [str(ROOT / each) if each.startswith(("properties", "examples")) else each for each in arguments]
    command = [sys.executable, "-m", "pytest", *paths, "--collect-only", "-q", "-p", "no:cacheprovider"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path, monkeypatch, untyped_caller):
    """An empty folder to work in, with the examples beside, and a quick profile that takes seconds."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setitem(theorem.PROFILES, "quick", theorem.Profile("quick", 16, 1_000, 1e3, 1, 10))
    return tmp_path


@pytest.mark.parametrize("path", FILES)
def test_a_reader_can_do_what_is_written(path, folder, monkeypatch, capsys):
    reader = Reader(path, folder, monkeypatch, capsys)
    for block in blocks(path):
        reader.read(block)


@pytest.mark.parametrize("path", FILES)
def test_every_block_says_its_language(path):
    assert {block.language for block in blocks(path)} <= LANGUAGES
    # As many fences begin as are found, so that none is overlooked.
    assert len(re.findall(r"^\s*(?:```|~~~)", (ROOT / path).read_text("utf-8"), re.MULTILINE)) == 2 * len(blocks(path))


def test_what_is_only_parsed_occurs():
    written = [words for path in FILES for block in blocks(path) if block.language == "sh" for words in commands(block)]
    for start in PARSED:
        assert any(words[: len(start.split())] == start.split() for words in written), start


@pytest.mark.parametrize(
    "arguments", [["check", "x", "--no-such-option"], ["check"], ["run", "--optimizer", "sign_gd"], ["nothing"]]
)
def test_a_wrong_command_is_noticed(arguments):
    with pytest.raises(Exception, match=r"(?i)no such option|missing|no command"):
        parse(arguments)


@pytest.mark.parametrize("arguments", [["no-such-target"], ["verify", "NO_SUCH_VARIABLE=1"]])
def test_a_wrong_target_is_noticed(arguments):
    with pytest.raises(AssertionError):
        make(arguments)
