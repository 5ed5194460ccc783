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
# What anyone may type anywhere.
ODD = [
    "",
    " ",
    "-1",
    "0",
    "1",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "9" * 30,
    "ä",
    "..",
    "/",
    ".",
    "~",
    "a b",
    "$HOME",
    "'",
    '"',
    "[bold]x[/bold]",
    "%s",
    "{0}",
    "-",
    "=",
    ":",
    ",",
    ";",
    "x" * 400,
    "true",
    "none",
    "l2",
    "mine.py",
    "mine.py:",
    "*",
    "data.csv",
    "1/2",
    "\n",
    "\t",
    "é.py:x",
    "a=b",
    "0x10",
    "1_0",
    "()",
    "[]",
    "None",
    "😀",
    "--help=1",
    "\\",
    "\x1b[31m",
]
OPTIMIZERS = [
    "sign_gd",
    "adam",
    "nadam",
    "optax.sgd",
    "optax.nothing",
    "optax",
    "mine.py:opt",
    "mine.py:make",
    "mine.py:fails",
    "mine.py:number",
    "mine.py:gone",
    "gone.py:opt",
    "broken.py:opt",
    "mine.opt",
    "mine.gone",
    "broken.opt",
    "os.getcwd",
    "sys.exit",
    "math.pi",
    "optax.adam",
    "builtins.print",
    "json.dumps",
    "folder.py:x",
    "empty.csv:x",
    "mine:opt",
]
OPTIONS = [
    "step_size=0.1",
    "step_size=0.1*(t+1)**-0.5",
    "step_size=-1",
    "step_size=fast",
    "step_size=1/t",
    "a=0",
    "a=-1",
    "eta0=nan",
    "b1=2",
    "b1=(1,2)",
    "learning_rate=0.1",
    "learning_rate=t if t < 5 else 5",
    "learning_rate=9**9**9",
    "learning_rate=__import__('os')",
    "step_size=lambda: 1",
    "step_size=1;2",
    "rate",
    "=",
    "a=",
    "step_size=None",
    "step_size=[]",
    "eps=1e-8",
    "b2=0.9",
    "momentum=none",
    "learning_rate=true",
    "step_size=(((((((((t)))))))))",
]
DATA = [
    "points.csv",
    "bare.csv",
    "empty.csv",
    "text.csv",
    "points.svm",
    "bad.svm",
    "points.npz",
    "bad.npz",
    "X.npy",
    "folder",
    "X.npy,y.npy",
    "X.npy,gone.npy",
    "gone.csv",
    "irid",
    "twice.csv",
    "one.csv",
    "picture.png",
    "iris",
    "iris:0-vs-rest",
    "points.csv:intercept",
    "points.csv:label=0",
    "points.csv:label=gone",
    "points.csv:header=none",
    "points.csv:header=x",
    "points.csv:classes=2",
    "points.csv:classes=0,1",
    "points.csv:classes=",
    "points.csv:limit=0",
    "points.csv:limit=x",
    "points.csv:9-vs-rest",
    "points.csv:standardise,intercept",
    "points.csv:",
    ":intercept",
    "points.svm:label=1",
    "X.npy:label=0",
    "points.npz:label=y",
    "points.npz:label=z",
    "drawn",
    "points.csv:limit=1",
    "points.csv:label=",
]
PATHS = [
    "a.svg",
    "a.png",
    "a.pdf",
    "a",
    "folder",
    "folder.svg/a.svg",
    "mine.py/a.svg",
    "/proc/a.svg",
    "a.npz",
    "gone/a.npz",
]
GOOD = {
    "run": [("--optimizer", "sign_gd"), ("--data", "points.csv"), ("--steps", "1"), ("--norm", "l2")],
    "identify": [
        ("--optimizer", "sign_gd"),
        ("--data", "points.csv"),
        ("--steps", "1"),
        ("--log-time", "5"),
        ("--norm", "l2"),
        ("--norm", "linf"),
    ],
    "new": [("", "name"), ("--optimizer", "sign_gd"), ("--norm", "linf"), ("--force", None)],
    "modified": [("--loss", "mine.py:whole"), ("--steps", "10")],  # too few: it says how many it needs
    "list": [("", "sign")],
    "show": [("", "fan2025/sign-gd-binary"), ("--report-dir", "report")],
    "report": [("--report-dir", "report")],
    "check": [("", "gone.py"), ("--profile", "quick")],
    "replay": [("", "fan2025/sign-gd-binary"), ("--report-dir", "report"), ("--steps", "1")],
    "hunt": [("", "gone.py"), ("--report-dir", "report")],
    "certify": [("", "fan2025/sign-gd-binary"), ("--report-dir", "report"), ("--steps", "1"), ("--folder", "folder")],
    "sharpen": [("", "gone.py"), ("--folder", "folder")],
    "scaling": [("", "gone.py"), ("--in", "n"), ("--figure", "a.svg")],
    "table": [("", "gone.py")],
    # Too few steps, of which it says so.
    "dossier": [("--optimizer", "sign_gd"), ("-o", "a=1"), ("--steps", "1"), ("--folder", "folder")],
    "tighten": [("", "gone.py"), ("--report-dir", "report")],
    "attain": [("", "gone.py"), ("--rate", "-1"), ("--folder", "folder")],
    "gallery": [("--report-dir", "report")],
    "compare": [("", "report"), ("", "later")],
    "doctor": [("--json", None)],
}
VALUES = {
    "--optimizer": OPTIMIZERS,
    "--data": DATA,
    "-o": OPTIONS,
    "--model": ["two-layer", "convolutional", "two-layers", "mine.py:whole", "mine.py:number", "optax.lion", ""],
    "-m": ["width=2", "width=0", "size=9", "height=1", "width=2.5", "scale=nan", "width", "activation=relu"],
    "--figure": PATHS,
    "--save": PATHS,
    "--folder": PATHS,
    "--steps": ["1", "0", "-5", "x", "1.5", "9" * 12, "1e3", ""],
    "--norm": ["l2", "linf", "l0.5", "lnan", "spectral", "nuclear", "L2", "schatten", "schatten0", "l-1", "l1e3", "l"],
    "--loss": [
        "logistic",
        "hinge",
        "exponential",
        "mine.py:loss",
        "mine.py:number",
        "mine.loss",
        "mine.py:whole",
        "optax.sgd",
    ],
    "--device": ["cpu", "tpu", "gpu:0", "CPU"],
    "--log-time": ["5", "0", "-1", "nan", "inf", "x"],
    "--draws": ["1", "0", "-3", "x"],
    "--seed": ["0", "-1", "x", "9" * 30],
    "--rate": ["-1/2", "1/3", "0", "1/0", "1e999999999", "-", "nan", "0.5", "½", "1/2/3"],
    "--tolerance": ["0.05", "0", "1", "nan", "-1", "x"],
    "--own": ["norm", "loss", "optimizer", "steps", "data", "nothing"],
    "--start": ["1,2", "1,b", ",", "nan,1", ""],
    "--order": ["0", "0,7", "x", "-1"],
    "--beta": ["0.5", "1", "-1", "nan", "x"],
    "--rho": ["0.5", "1", "nan"],
    "--eps": ["0", "-1", "nan", "inf"],
    "--step-size": ["1e-3", "0", "-1", "nan"],
    "--form": ["auto", "carried", "own"],
    "--sampling": ["in-turn", "own", "cyclic", "reshuffled", "with-replacement", "full"],
    "--json": [None],
    "--multiclass": [None],
    "--force": [None],
    "--wide": [None],
    "--fresh": [None],
    "--paper": ["fan2025", "nobody", ""],
    "--kind": ["rate", "bound", "kind"],
    "--batch": ["1", "0", "-1", "9", "x"],
    "--record": ["1", "1,2", "2,1", "0", "x", ",", "1,2,9"],
    "--report-dir": ["report", "later", "damaged", "folder", "gone", "mine.py", "points.csv/x"],
    "--overview": [*PATHS, "a/b/c.png"],
    "--readme": ["marked.md", "plain.md", "gone.md", "folder", "picture.png"],
    "--single-file": [None],
    "--as-paper": [None],
    "--profile": ["quick", "fast", "", "QUICK"],
    "--budget": ["1", "0", "-1", "nan", "inf", "x"],
    "--twin": ["0", "1", "9", "-1", "x"],
    "--resolution": ["0.1", "0", "-1", "nan", "x"],
    "--run": [None],
    "--tight": [None],
    "--parquet": [None],
    "--conjectures": [None],
    "--in": ["n", "gamma", "beta", "m", ""],
    "--values": ["8,16,32", "1", "x", "", "0,1,2", "nan,1,2"],
    "--hold": ["gamma=0.5", "gamma=x", "n", "d=0", "k=true"],
    "--stated": ["1", "-1", "nan", "x"],
    "--datasets": ["4", "0", "-1", "x"],
    "--examples": ["1", "0", "-1", "x"],
    "--markdown": ["changes.md", "folder", "gone/changes.md", "mine.py/a.md"],
    "--cache": ["folder", "gone", "mine.py"],
    "--nothing": ["x", None],
    "": ["name", "class", "2nd", "löwe", "test_x"],
}
# Arguments without a name, by command: none of them makes a claim be tried, or an experiment be done.
BARE = {
    "new": VALUES[""],
    "list": ["adam", "no such words", "[", "t^-1/2"],
    "show": [
        "fan2025/sign-gd-binary",
        "fan2025/adam",
        "fan2025",
        "gone",
        "gone.py",
        "broken.py",
        "mine.py",
        "folder.py",
    ],
    "check": ["gone", "gone.py", "broken.py", "mine.py", "folder.py", "fan2025/", "/", "empty.csv"],
    "hunt": ["gone", "gone.py", "broken.py", "mine.py", "folder.py"],
    "certify": ["fan2025/signgd-max-norm", "fan2025/sign-gd-binary", "gone", "mine.py", "../report"],
    "sharpen": ["gone", "gone.py", "broken.py", "mine.py", "folder.py", "fan2025"],
    "table": ["gone", "gone.py", "broken.py", "mine.py", "folder.py"],
    "scaling": ["gone", "gone.py", "broken.py", "mine.py", "folder.py", "fan2025"],
    "tighten": ["gone", "gone.py", "broken.py", "mine.py", "folder.py", "fan2025"],
    "attain": ["gone", "gone.py", "broken.py", "mine.py", "folder.py", "fan2025"],
    "replay": ["fan2025/signgd-max-norm", "fan2025/sign-gd-binary", "gone", "mine.py", "../report"],
    "gallery": ["gone", "All", "fan2025"],
    "compare": VALUES["--report-dir"],
}
MANY = ("--norm", "-o", "-m", "--own", "")


def takes(command: str) -> list[str]:
    """The options of a command, as typer knows them, and "" where it takes arguments without a name."""
    group: Any = typer.main.get_command(app)
    parameters = group.commands[command].params
    named = [part.opts[0] for part in parameters if part.param_type_name == "option"]
    # A flag of `report`, where it takes no value as it does of `list`.
    named = ["--as-paper" if (command, name) == ("report", "--paper") else name for name in named]
    return named + [""] * (len(named) < len(parameters))


def line(rng: random.Random, command: str) -> list[str]:
    """A command with its arguments: a right one, of which one to three are changed, added or left away."""
    given = list(GOOD[command])
    for _ in range(rng.choice([1, 1, 2, 3])):
        way = rng.random()
        name = rng.choice([*takes(command), "--nothing"] if way < 0.9 else [*VALUES])
        known = BARE.get(command, VALUES[""]) if name == "" else VALUES[name]
        value = rng.choice(known if rng.random() < 0.75 else ODD)
        places = [i for i, (other, _) in enumerate(given) if other == name]
        if way < 0.1 and given:
            given.pop(rng.randrange(len(given)))
        elif places and name not in MANY:
            given[places[0]] = (name, value)
        else:
            given.append((name, value))
    names = [(name.replace("--as-paper", "--paper"), value) for name, value in given]
    return [command, *(part for pair in names for part in pair if part)]


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


def test_no_line_about_records_ends_in_a_traceback(here, tmp_path):
    for folder, verdict in (("report", "SUPPORTED"), ("later", "REFUTED")):
        for name in ("fan2025/signgd-max-norm", "fan2025/sign-gd-binary"):
            write_record(tmp_path / folder, samples.record(id=name, verdict=verdict), samples.curves())
    (tmp_path / "damaged/records").mkdir(parents=True)
    (tmp_path / "damaged/records/fan2025__sign-gd-binary.json").write_text("{")
    (tmp_path / "marked.md").write_text("<!-- theorems -->\n<!-- /theorems -->\n")
    (tmp_path / "plain.md").write_text("no marks\n")
    rng, codes = random.Random(2), Counter()
    commands = [
        "list",
        "show",
        "report",
        "check",
        "replay",
        "hunt",
        "sharpen",
        "scaling",
        "tighten",
        "attain",
        "certify",
        "gallery",
        "compare",
        "doctor",
    ]
    for _ in range(len(commands) * EACH):
        command = rng.choice(commands)
        codes[told(line(rng, command), 1 if command in ("compare", "doctor") else 0)] += 1
    # Too few lines at random are right enough to find something.
    codes[told(["compare", "report", "later"], 1)] += 1
    assert codes[0] > len(commands) * EACH / 20
    assert codes[2] > EACH
    assert codes[1]


def test_every_option_of_every_command_is_among_them():
    group: Any = typer.main.get_command(app)
    assert set(group.commands) == set(GOOD)
    for command in group.commands:
        assert set(takes(command)) <= set(VALUES), command
        assert command in BARE or "" not in takes(command), command
