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
from markupsafe import escape

from docs.generate import commands as commands_page
from docs.generate import docstrings, schema, theorems
from docs.generate.outside import outside
from reports import gallery, records
from reports.records import write_record
from tests.reports import samples
from verify.claims.catalogue import all_claims
from verify.cli import app
from verify.trials import profiles

ROOT = Path(__file__).parent.parent
FILES = sorted(["README.md", "CONTRIBUTING.md", *(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))])
LANGUAGES = {"python", "sh", "text"}  # that is run, that is run, and what it prints
FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SNIPPET = re.compile(r'^--8<-- "(.*)"$', re.MULTILINE)
TOLD = re.compile(r"^(?:\S+|  false twin \(.*\)): ([A-Z]+)\. ", re.MULTILINE)
NUMBER = re.compile(r"[-+]?\d[\d.]*(?:e[-+]?\d+)?")

# Put after a command's own options, so that it takes seconds: the last one of a kind counts.
SMALL = {
    "run": ["--steps", "500"],
    "identify": ["--steps", "100", "--draws", "1", "--log-time", "20", "--norm", "l2", "--norm", "linf"],
    "hunt": ["--examples", "4", "--steps", "100"],
    "replay": ["--steps", "100"],
    "check": [],  # the quick profile is made small
}
# By the first words of a command: why it is not run but held against the command's real options.
PARSED = {
    "verify gallery fan2025-experiment": "minutes; tests/verify/gallery/test_fan2025_experiment.py runs small ones",
    "verify check soudry2018": "flows to t = e^10000 on four claims",
    "verify check --all": "hours; tests/verify/cli/test_clustered.py tries a conjecture on a cluster",
    "verify check ours": "its claims are tried where all others are",
    "verify certify": "a reader's own claim; tests/verify/discovery/test_certifying.py makes and checks some",
    "verify hunt open": "half an hour; tests/verify/cli/test_hunt.py runs small ones",
    "verify hunt ji2021/normalised-gd --minutes": "half an hour; tests/verify/cli/test_hunt.py runs small ones",
    "verify check mine.py": "a reader's own claim, by other profiles and seeds; the pages on conjectures run theirs",
    "verify check test_sign_gd_fast.py": "a third trial of what the others on its page try",
    "verify replay conjectures/sign-gd-l2 --steps": "its case is that of the full profile; another page replays one",
    "verify dossier": "minutes; tests/verify/discovery/test_dossier.py makes a small one",
    "verify table": "64 runs; tests/verify/cli/test_table.py writes small ones",
    "verify gallery step-sizes": "a minute; tests/verify/gallery/test_step_sizes.py measures small ones",
    "verify gallery atlas": "a quarter of an hour; tests/verify/gallery/test_atlas.py makes a small one",
    "verify sharpen": "laws are told apart by the full profile; tests/verify/cli/test_sharpen.py runs small ones",
    "verify scaling": "a quarter of a minute and more; tests/verify/cli/test_scaling.py runs small ones",
    "verify attain": "half a minute; tests/verify/cli/test_attain.py runs a small one",
    "verify tighten": "half a minute; tests/verify/cli/test_tighten.py runs small ones",
    "verify show conjectures/mine": "a reader's own claim",
    "verify replay conjectures/mine": "a reader's own claim",
    "verify compare before-report": "the folder of an earlier run; tests/verify/cli/test_compare.py runs it",
    "verify identify --optimizer optax.contrib.muon": "ten seconds of compiling; its neighbours are run",
    "make": "these call the tests themselves; their targets and variables are looked up",
    "pytest": "verify check, beside it, tries the same; what it collects is looked at",
}
# 1 says that a claim does not count as verified, or that something is to be mended.
FINDINGS = {"check": {0, 1}, "compare": {0, 1}, "doctor": {0, 1}}


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
            app.main()
        captured = self.capsys.readouterr()
        assert (stopped.value.code or 0) in FINDINGS.get(arguments[0], {0}), (small, captured.err)
        return captured.out

    def compare(self, shown: str) -> None:
        """The verdicts that are shown are those that were printed; numbers are the full profile's, not the small one's.

        What is shown without verdicts was printed line by line, but for the numbers. What is shown after a Python block
        is looked at in tests/test_examples.py.
        """
        if self.printed and TOLD.search(shown):
            assert TOLD.findall(shown) == TOLD.findall(self.printed), self.printed
        elif self.printed:
            assert [line for line in wordings(shown) if line not in wordings(self.printed)] == [], self.printed


def wordings(text: str) -> list[str]:
    """The lines of a text without their numbers, and without the rules of tables."""
    plain = (re.sub(r"[\u2500-\u257f]+", " ", NUMBER.sub("#", line)) for line in text.splitlines())
    return [" ".join(line.split()) for line in plain if line.strip()]


def parse(arguments: list[str]) -> None:
    """Hold the arguments against the options of the command, as typer knows them; raises for an unknown one."""
    group: Any = typer.main.get_command(app.app)
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
    monkeypatch.setitem(profiles.PROFILES, "quick", profiles.Profile("quick", 32, 4_000, 1e3, 1, 10))
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
    "arguments", [["check", "x", "--no-such-option"], ["hunt"], ["run", "--optimizer", "sign_gd"], ["nothing"]]
)
def test_a_wrong_command_is_noticed(arguments):
    with pytest.raises(Exception, match=r"(?i)no such option|missing|no command"):
        parse(arguments)


@pytest.mark.parametrize("arguments", [["no-such-target"], ["verify", "NO_SUCH_VARIABLE=1"]])
def test_a_wrong_target_is_noticed(arguments):
    with pytest.raises(AssertionError):
        make(arguments)


# --- generated pages ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, str | bytes]:
    """The theorems' pages, with one record: of SignGD on binary data, with one of its twins by name."""
    report_dir = tmp_path_factory.mktemp("report")
    twin = samples.record()["twins"][0] | {"wrong": "the faster rate t^-3/4"}
    record = samples.record(id="fan2025/sign-gd-binary", twins=[twin])
    write_record(report_dir, record, samples.curves())
    return theorems.pages(ROOT, report_dir).files


def test_every_claim_is_on_a_page(made):
    pages = {name: content for name, content in made.items() if isinstance(content, str)}
    for name, claim in all_claims().items():
        holding = [path for path, text in pages.items() if f"verify check {name}\n" in text]
        assert len(holding) == 1, (name, holding)
        assert str(escape(claim.source)) in pages[holding[0]]
        assert f"{Path(holding[0]).name})" in pages["theorems/index.md"]


def test_a_record_shows_on_its_page(made):
    page = str(made["theorems/fan2025/sign_gd.md"])
    shown, other = page.split("verify check fan2025/sign-gd-binary")
    assert "envelope ratio 0.83" in shown
    assert shown.count("refuted, as it must be") == 1
    assert '<img src="../figures/fan2025__sign-gd-binary.svg"' in shown
    assert made["theorems/figures/fan2025__sign-gd-binary.svg"].startswith(b"<?xml")
    assert "verdict SUPPORTED" not in other
    assert '<span class="verdict SUPPORTED">1 ✓ SUPPORTED</span>' in str(made["theorems/index.md"])


def test_pages_without_a_run_claim_no_verdict(tmp_path):
    pages = theorems.pages(ROOT, tmp_path).files
    assert not any("SUPPORTED</span>" in str(content) for content in pages.values())
    assert theorems.exhibits(tmp_path) == {}


def test_a_docstring_keeps_its_parts_and_formulas():
    text = "Title\non two lines.\n\nSetting: data `x < 1`. Algorithm: `W ← W - η_t D`, see `verify.laws`.\nClaim: it is"
    text += "\n\n    a = 1: O(n / log t)\n\nReference: Somebody (2030).\n\nA remark."
    assert docstrings.title(text) == "Title on two lines"
    found = docstrings.parts(text)
    assert [part.label for part in found] == ["Setting", "Algorithm", "Claim", "Reference", ""]
    assert "<math" in found[1].paragraphs[0]
    assert "<code>verify.laws</code>" in found[1].paragraphs[0]
    assert "&lt;" in found[0].paragraphs[0]
    assert 'class="formulas"' in found[2].paragraphs[1]


def test_the_commands_page_has_every_option():
    page = commands_page.page()
    group: Any = typer.main.get_command(app.app)
    for name, command in group.commands.items():
        section = page.partition(f"## `verify {name}`")[2].partition("\n## ")[0]
        for parameter in command.params:
            for option in parameter.opts if parameter.param_type_name == "option" else []:
                assert option in section or option == "--help", (name, option)
    assert "Examples:" not in page


@pytest.mark.parametrize("module", [records, gallery])
def test_the_records_page_has_every_description(module):
    page = schema.page()

    def look(field: Any) -> None:
        if isinstance(field, dict):
            for name, inner in field.get("properties", {}).items():
                assert re.search(rf"[`.]{name}`", page), name
                look(inner)
            for inner in field.values():
                look(inner)

    look(module.validator().schema)


def test_the_profiles_are_those_that_are_told():
    page = (ROOT / "docs/verdicts.md").read_text("utf-8")
    told = re.findall(r"^\| `(\w+)` \| ([\d ]+) \| ([\d ]+) \| ([\d ]+) \|$", page, re.MULTILINE)
    known = [(p.name, p.datasets, p.steps, p.log_time) for p in profiles.PROFILES.values()]
    assert [(name, *(int(number.replace(" ", "")) for number in rest)) for name, *rest in told] == known


@pytest.mark.parametrize(
    ("name", "content", "count"),
    [
        ("a.html", '<script src="https://cdn.example/x.js"></script>', 1),
        ("a.html", '<link rel="stylesheet" href="//fonts.example/css">', 1),
        (
            "a.html",
            "<style>@import 'https://x.example/a.css'; p { background: url(http://x.example/b.png) }</style>",
            2,
        ),
        ("a.html", '<p style="background: url(https://x.example/b.png)">', 1),
        ("a.css", "@font-face { src: url('https://fonts.example/f.woff2') }", 1),
        ("a.svg", '<svg><image href="https://x.example/b.png"/></svg>', 1),
        ("a.html", '<a href="https://x.example">a link loads nothing</a><img src="b.png"><script src="x.js">', 0),
        ("a.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>', 0),
    ],
)
def test_what_a_page_would_load_from_elsewhere_is_found(tmp_path, name, content, count):
    (tmp_path / name).write_text(content, "utf-8")
    assert len(outside(tmp_path)) == count
