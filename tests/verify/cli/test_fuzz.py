"""A few hundred command lines, right and wrong ones at random: no traceback for anything that can be typed."""

import random
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from reports.records import write_record
from tests.reports import samples
from tests.verify.cli.vocabulary import BARE, GOOD, VALUES, line, takes
from verify.cli.app import app

LINES, EACH = 320, 12
MINE = """
import optax
opt = optax.sign_sgd(0.1)
def make(step_size=0.1): return optax.sign_sgd(step_size)
def fails(step_size=0.1): raise RuntimeError("no")
def loss(z): return -z[..., 0]
def whole(w): return (w ** 2).sum()
start = [1.0, 2.0]
number = 3
"""


@pytest.fixture
def here(tmp_path, monkeypatch, untyped_caller):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("mine", "broken"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    before = set(sys.modules)
    x, y = np.array([[1.0, 2.0], [2.0, 1.0], [-1.0, -3.0], [-2.0, 1.0]]), np.array([1, 1, 0, 0])
    texts = {
        "points.csv": "a,b,label\n1,2,1\n2,1,1\n-1,-3,0\n-2,1,0\n",
        "bare.csv": "1,2,1\n2,1,1\n-1,-3,0\n-2,1,0\n",
        "empty.csv": "",
        "text.csv": "a,b,label\nx,1,0\ny,2,1\n",
        "one.csv": "a,label\n1,0\n2,0\n",
        "twice.csv": "a,label\n1,0\n1,1\n",
        "points.svm": "1 1:1 2:2\n-1 1:-1\n",
        "bad.svm": "1 1:x\n",
        "bad.npz": "text",
        "mine.py": MINE,
        "broken.py": "1 / 0\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\xff\x00")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.py").mkdir()
    np.savez("points.npz", x=x, y=y)
    np.save("X.npy", x)
    np.save("y.npy", y)
    yield
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("mine", "broken") or " of " in name:
            del sys.modules[name]


def told(arguments: list[str], code: int) -> int:
    """The exit code of a line, which is one of those and comes without a traceback; what is wrong is one sentence."""
    result = CliRunner().invoke(app, arguments)
    what = f"verify {arguments}: {result.output[-400:]}"
    assert result.exception is None or isinstance(result.exception, SystemExit), (what, result.exception)
    assert result.exit_code in (0, code, 2), what
    if result.exit_code == 2:
        said = [each for each in result.stderr.splitlines() if each.strip()]
        assert said, what
        assert all(each.startswith("verify: ") for each in said), what
        assert [each for each in said if " is read with " not in each] == said[-1:], what
    return result.exit_code


def test_no_line_ends_in_a_traceback(here):
    rng, codes = random.Random(0), Counter()
    for _ in range(LINES):
        codes[told(line(rng, rng.choice(["run", "run", "identify", "new", "modified"])), 0)] += 1
    # The vocabulary is neither all right nor all wrong.
    assert codes[0] > LINES / 20
    assert codes[2] > LINES / 2


def test_no_line_about_records_ends_in_a_traceback(here, tmp_path, monkeypatch):
    monkeypatch.setattr("verify.cli.check.located_claims", dict)  # for --all
    for folder, verdict in (("report", "SUPPORTED"), ("later", "REFUTED")):
        for name in ("fan2025/signgd-max-norm", "fan2025/sign-gd-binary"):
            write_record(tmp_path / folder, samples.record(id=name, verdict=verdict), samples.curves())
    (tmp_path / "damaged/records").mkdir(parents=True)
    (tmp_path / "damaged/records/fan2025__sign-gd-binary.json").write_text("{")
    (tmp_path / "marked.md").write_text("<!-- theorems -->\n<!-- /theorems -->\n")
    (tmp_path / "plain.md").write_text("no marks\n")
    codes = Counter()
    # Not `dossier`, which with the steps left away takes a minute: its own tests type what is wrong.
    for command in (
        "list", "show", "report", "check", "replay", "hunt", "sharpen", "scaling", "tighten", "attain", "table",
        "certify", "gallery", "compare", "doctor",
    ):  # fmt: skip
        rng = random.Random(command)  # of its own, so that a new command changes no other's lines
        for _ in range(EACH):
            codes[told(line(rng, command), 1 if command in ("compare", "doctor") else 0)] += 1
    assert codes[0] > EACH
    assert codes[2] > EACH
    assert codes[1]


def test_every_option_of_every_command_is_among_them():
    group: Any = typer.main.get_command(app)
    assert set(group.commands) == set(GOOD)
    for command in group.commands:
        assert set(takes(command)) <= set(VALUES), command
        assert command in BARE or "" not in takes(command), command
