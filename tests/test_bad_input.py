"""Bad input, from Python and on the command line: one sentence that names what is wrong, and the remedy."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import optax
import pytest
from hypothesis import strategies as st

from reports import gallery, page, records
from reports.figures import overview
from reports.records import ReportError
from solvers import (
    InputError,
    NonSeparableError,
    hard_margin,
    kkt_residual,
    margins,
    max_margin,
    max_margins,
    normalised_margin,
)
from tests.reports import samples
from tests.verify import conjecture
from verify import Claim, Dataset, Limit, Rate, Twin, drawn, identify, laws, load, optimizers, run, strategies
from verify.claims.claim import Paper
from verify.cli import app
from verify.datasets.real import parse, require_separable
from verify.errors import TrajectoryError
from verify.flows.flow import flow
from verify.gallery import EXPERIMENTS
from verify.optimizers import PowerDecay
from verify.problems.networks.network import Network, check_homogeneous, two_layer
from verify.trials.profiles import Profile
from verify.trials.trial import try_claim

X, Y = [[1.0, 2.0], [2.0, 1.0], [-1.0, -3.0]], [1, 1, -1]
DATA = Dataset(X, Y)
SIGN = optimizers.sign_gd(0.1)
TINY = Profile("quick", 16, 200, 1e3, 0, 1)
GOOD = Claim(
    id="a/b", title="t", statement="s", source="s", paper=Paper("a", "b", "c", 2025),
    kind=Limit(0.05, laws.power(1 / 2)), problem=strategies.binary, optimizer=SIGN, optimizer_text="SignGD",
    loss="exponential", norm="linf", twins=(Twin("L2", norm="l2"),),
)  # fmt: skip
ONE = st.just(DATA)


def claimed(**changes):
    return lambda: try_claim(dataclasses.replace(GOOD, **changes), TINY)


def biased() -> Network:
    """A network with an offset, which no scaling of the weights scales."""
    network = two_layer(2)
    return dataclasses.replace(network, output=lambda parts, x: network.output(parts, x) + 1.0)


def check_sentence(message: str) -> None:
    """One sentence on one line, not long, with a remedy after a colon."""
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 300
    assert not re.search(r"[.!?]\s+[A-Z]", message), "more than one sentence"
    assert re.search(r"[:,] ", message)


# call, what its sentence says, and the error if it is not an InputError
PYTHON = {
    "x 1-d": (lambda: max_margin([1.0, 2.0], [1, -1]), r"shape \(2,\): pass a non-empty matrix"),
    "x empty": (lambda: max_margin(np.zeros((0, 2)), []), r"shape \(0, 2\): pass a non-empty matrix"),
    "x NaN": (lambda: max_margin([[1.0, np.nan], [0, 1]], [1, -1]), "hold nan in row 0, column 1: drop"),
    "x infinite": (lambda: max_margin([[1.0, 0.0], [np.inf, 1]], [1, -1]), "hold inf in row 1, column 0: drop"),
    "x text": (lambda: max_margin([["a"], ["b"]], [1, -1]), "dtype <U1: pass an array of floats"),
    "x ragged": (lambda: max_margin([[1.0], [1.0, 2.0]], [1, -1]), "rows of different lengths: pass a matrix"),
    "x None": (lambda: max_margin(None, None), "dtype object: pass"),
    "y short": (lambda: max_margin(X, [1]), r"shape \(1,\): pass one label per row"),
    "y fraction": (lambda: max_margin(X, [0.5, 1, -1]), "not classes, they hold 0.5: pass"),
    "y text": (lambda: max_margin(X, ["a", "b", None]), "hold 'a' and None: pass"),
    "y mixed": (lambda: max_margin(X, [-1, 0, 1]), r"mix -1 or less \(-1\) with 1: pass"),
    "y class missing": (lambda: max_margin(X, [0, 3, 2]), "no point of class 1: renumber"),
    "y classes": (lambda: max_margin(X, [0, 1, 2], classes=2), "3 distinct values, but 2 classes are asked for: pass"),
    "y no classes": (lambda: max_margin(X, [0, 1, 2], classes=0), "3 distinct values, but binary labels .*: pass"),
    "y classes absent": (lambda: Dataset(X, [0, 2, 2], classes=3), "no point of class 1, but 3 classes are asked for"),
    "y classes text": (lambda: Dataset(X, Y, classes="two"), "number of classes is 'two': pass 2"),
    "y one class": (lambda: max_margin(X, [0, 0, 0]), "one class only, which has no margin: pass at least two"),
    "norm unknown": (lambda: max_margin(X, Y, "l7x"), "Unknown norm 'l7x': use l1"),
    "norm a number": (lambda: max_margin(X, Y, 3), "Unknown norm 3: use l1"),
    "norm below 1": (lambda: max_margin(X, Y, "l0.5"), "not p = 0.5: below 1"),
    "norm of matrices": (lambda: max_margin(X, Y, "spectral"), "spectral norm needs a weight matrix but.*: use"),
    "scale negative": (lambda: max_margin(X, Y, scale=[1.0, -1.0]), "not positive numbers: pass positive"),
    "scale text": (lambda: max_margin(X, Y, scale="big"), "The scale 'big' is no array: pass"),
    "no margin": (
        lambda: max_margin([[1.0], [1.0]], [1, -1]), "points 0 and 1 have the same .*: drop", NonSeparableError,
    ),
    "one of many": (lambda: max_margins([(X, Y), (X, [1])]), r"^Dataset 1: .*shape \(1,\): pass"),
    "weights' shape": (lambda: margins([1.0], X, Y), r"shape \(1,\): these labels need shape \(2,\)"),
    "weights NaN": (lambda: margins([1.0, np.nan], X, Y), "weights w hold nan: pass finite"),
    "weights zero": (lambda: normalised_margin([0.0, 0.0], X, Y), "weights w are zero, .*: pass non-zero"),
    "hard margin": (lambda: hard_margin(X, [0, 1, 2]), "hard-margin problem is binary: pass"),
    "KKT": (lambda: kkt_residual([1.0], [[1.0]], [-1.0], 1.0), "smallest margin is -1: "),
    "dataset 1-d": (lambda: Dataset([1.0, 2.0], [1, -1]), r"features x have shape \(2,\): pass"),
    "dataset NaN": (lambda: Dataset([[1.0, np.nan]], [1]), "hold nan in row 0, column 1: drop"),
    "dataset ragged": (lambda: Dataset([[1.0], [1.0, 2.0]], [1, -1]), "rows of different lengths: pass"),
    "dataset y": (lambda: Dataset(X, [1]), r"labels y have shape \(1,\): pass one label"),
    "dataset y fraction": (lambda: Dataset(X, [0.5, 1, 1]), "not classes, they hold 0.5: pass"),
    "dataset y mixed": (lambda: Dataset(X, [1, 2, -1]), "mix -1 or less .* with 2: pass"),
    "dataset record": (lambda: Dataset.from_json({"x": [[1]]}), "record lacks y: write it"),
    "loss unknown": (lambda: run(SIGN, DATA, loss="hinge"), "There is no loss 'hinge': use one of exponential"),
    "steps negative": (lambda: run(SIGN, DATA, steps=-5), "at least one step, not -5: give"),
    "steps fraction": (lambda: run(SIGN, DATA, steps=2.5), "at least one step, not 2.5: give"),
    "steps text": (lambda: run(SIGN, DATA, steps="many"), "at least one step, not 'many': give"),
    "optimizer a function": (lambda: run(lambda g: g, DATA), "<lambda> is no optax transformation: give"),
    "optimizer not called": (lambda: run(optax.adam, DATA), "adam is no optax transformation: give"),
    "optimizer None": (lambda: run(None, DATA), "None is no optax transformation: give"),
    "no datasets": (lambda: run(SIGN, []), "no datasets to run on: give"),
    "arrays for datasets": (lambda: run(SIGN, (np.array(X), np.array(Y))), "Dataset 0 is a ndarray: make it"),
    "device": (lambda: run(SIGN, DATA, platform="tpu"), "no 'tpu' device here: use cpu"),
    "start weights": (lambda: run(SIGN, DATA, w0=[np.zeros(3)]), r"w0\[0\] has shape \(3,\) .*: give finite"),
    "dtype": (lambda: run(SIGN, DATA, dtype=np.int32), "cannot be made in int32: give a floating-point"),
    "run NaN": (
        lambda: run(optax.sgd(float("nan")), DATA, steps=10), "after 1 steps on dataset 0, .*: give a smaller",
        TrajectoryError,
    ),
    "eps negative": (lambda: optimizers.adam(0.1, eps=-1.0), r"eps must lie in \[0.0, inf\), not -1.0: choose"),
    "eps text": (lambda: optimizers.adam(0.1, eps="small"), "eps must lie in .*, not 'small': choose"),
    "beta too large": (lambda: optimizers.adam(0.1, b1=1.0), r"b1 must lie in \[0.0, 1.0\), not 1.0: choose"),
    "beta negative": (lambda: optimizers.rmsprop(0.1, -0.1), "b2 must lie in .*, not -0.1: choose"),
    "step size negative": (lambda: optimizers.sign_gd(-1.0), "need eta0 > 0, .*eta0=-1.0.*: choose"),
    "step size text": (lambda: optimizers.sign_gd("fast"), "need eta0 > 0, .*eta0='fast'.*: choose"),
    "decay negative": (lambda: PowerDecay(0.1, -1.0), "a >= 0 .*a=-1.0.*: choose"),
    "flow too short": (lambda: flow([DATA], log_time=1.0), "log time 1.0 is not a number past .*: give"),
    "flow's loss": (lambda: flow([DATA], loss="hinge"), "no loss 'hinge': use"),
    "flow's step": (lambda: flow([DATA], step_size=100.0), "step size 100.0 on dataset 0 .*: lower it"),
    "network's width": (lambda: two_layer(0), "The width is 0: give"),
    "law that rises": (lambda: laws.power(-1), "power -1 .* does not fall: give"),
    "flavour": (lambda: strategies.binary(flavours=["odd"]), "'odd' is no flavour: choose from"),
    "classes": (lambda: strategies.multiclass(max_classes=1), "max_classes is 1: allow"),
    "identify's norms": (lambda: identify(SIGN, DATA, norms=["l2"]), "The norms are l2: name two"),
    "identify's log time": (lambda: identify(SIGN, DATA, log_time=-1.0), "log time is -1.0: give"),
    "drawn": (lambda: drawn(0), "0 datasets cannot be drawn: ask"),
    "drawn's seed": (lambda: drawn(2, seed=-1), "The seed is -1: give"),
    "claim's id": (lambda: dataclasses.replace(GOOD, id="My claim"), "'My claim' is not of the form paper/name: use"),
    "claim's kind": (claimed(kind="rate"), "kind of a/b is 'rate': give a Rate"),
    "claim's problem": (claimed(problem=strategies.binary()), "problem of a/b is a .*: give a function"),
    "claim's few cases": (claimed(problem=lambda: ONE), "yields only 1 distinct cases, 16 are asked for: widen"),
    "claim's loss": (claimed(loss="hinge"), "no loss 'hinge': use"),
    "claim's norm": (claimed(norm="q"), "Unknown norm 'q': use"),
    "claim's optimizer": (claimed(optimizer=optax.adam), "adam is no optax transformation: give"),
    "claim's real data": (claimed(real=("irid",)), "'irid' is no dataset: give"),
    "claim's real text": (claimed(real="iris"), "real data of a/b are 'iris': give a tuple"),
    "claim's share": (claimed(share=0.0), "share of a/b is 0.0: give"),
    "claim's law": (lambda: Rate("t^-1/2"), r"'t\^-1/2' is no law: give one of verify.laws"),
    "claim's tolerance": (lambda: Limit(-1.0, laws.power(1)), "tolerance of a limit is -1.0: give"),
    "claim's resolution": (lambda: Rate(laws.power(1), 0.0), "resolution of a rate is 0.0: give"),
    "twin's field": (claimed(twins=(Twin("w", nrom="l2"),)), "twin 'w' changes 'nrom': change one of"),
    "twin without change": (claimed(twins=(Twin("w"),)), "twin 'w' changes nothing .*: give it"),
    "twin alone": (claimed(twins=Twin("w", norm="l2")), "twins of a/b are a Twin: give a tuple"),
    "twin a text": (claimed(twins=("w",)), "'w' is no twin of a/b: give a Twin"),
    "data missing": (lambda: load("missing.csv"), "missing.csv does not exist: check"),
    "data unknown": (lambda: load("irid"), "'irid' is no dataset: give"),
    "data damaged": (lambda: load("bad.npz"), "bad.npz is no .npz file of plain arrays: save"),
    "data without x": (lambda: load("z.npz"), "z.npz holds no arrays x and y but z: save"),
    "data without label": (lambda: load("n.csv"), "n.csv does not say which of its columns are the labels: say"),
    "data with text": (lambda: load("t.csv"), "t.csv, line 2, column 'a' holds 'one': every"),
    "data's class": (lambda: parse("iris:9-vs-rest"), "iris has no class '9': choose"),
    "data's option": (lambda: parse("iris:scaled"), "'scaled' is no option of a dataset: choose"),
    "data's limit": (lambda: parse("iris:limit=0"), "limit is 0: keep"),
    "data no margin": (
        lambda: require_separable(load("iris")), "iris is not linearly separable, .*: leave", NonSeparableError,
    ),
    "experiment's option": (
        lambda: EXPERIMENTS["fan2025-experiment"].with_parameters({"speed": "1"}), "no parameter 'speed': its",
    ),
    "experiment's number": (
        lambda: EXPERIMENTS["fan2025-experiment"].with_parameters({"steps": "ten"}), "steps=ten is no int: write",
    ),
    "record damaged": (lambda: records.read_records("damaged"), "is not valid JSON .*: delete", ReportError),
    "record of another": (lambda: records.read_records("misnamed"), "under another name: delete", ReportError),
    "record broken": (lambda: records.read_records("broken"), r"schema at \$.verdict .*'TRUE'.*: delete", ReportError),
    "record with NaN": (
        lambda: records.write_record("new", samples.record(seconds=float("nan")), {}), "as JSON .*: write null",
        ReportError,
    ),
    "curves missing": (lambda: page.write_report("curveless"), "cannot be read .*: delete it", ReportError),
    "no records": (lambda: page.write_report("nowhere"), "nowhere holds no records: run", ReportError),
    "overview's file": (lambda: overview("fine", Path("a.pdf")), "not a.pdf: change the ending", ReportError),
    "exhibit damaged": (lambda: gallery.read_exhibits("exhibit"), "x.json is not valid JSON .*: delete", ReportError),
    "network with offset": (lambda: check_homogeneous(biased(), 2), "is not homogeneous of degree 3: .*; leave out"),
}  # fmt: skip


def record_in(folder: str) -> tuple[Path, Path]:
    """A good record in a folder of that name, and its curves."""
    path = records.write_record(folder, samples.record(), samples.curves())
    return path, Path(folder, "curves", f"{path.stem}.npz")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The folder with the bad files that the rows name."""
    folder = tmp_path_factory.mktemp("bad")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        np.savez("z.npz", z=1)
        np.savez("lengths.npz", x=X, y=[1, 2])
        record_in("fine")
        path, _ = record_in("damaged")
        path.write_text(path.read_text()[:50])
        path, _ = record_in("misnamed")
        path.rename(path.with_name("other.json"))
        path, _ = record_in("broken")
        path.write_text(path.read_text().replace('"verdict": "SUPPORTED"', '"verdict": "TRUE"', 1))
        record_in("curveless")[1].unlink()
        Path("exhibit/gallery").mkdir(parents=True)
        texts = {
            "bad.npz": "no", "n.csv": "a,b\n1.5,2.5\n", "t.csv": "a,label\none,1\n",
            "d.csv": "a,b,label\n1,2,1\n-1,-3,-1\n",
            "exhibit/gallery/x.json": "{", "marks.md": "no marks", "none.py": "x = 1\n", "syntax.py": "def (:\n",
            "raises.py": "import os\nraise RuntimeError('no\\nidea')\n", "exits.py": "import sys\nsys.exit(3)\n",
            "imports.py": "import nothing_like_this\n",
            "loss.py": conjecture.TRUE.replace('"exponential"', '"hinge"'),
            "twin.py": conjecture.TRUE.replace('norm="l2"', 'nrom="l2"'),
            "eps.py": conjecture.TRUE.replace("PowerDecay(1.0, 0.5)", "PowerDecay(-0.01, 0.5)"),
            "optimizer.py": conjecture.TRUE.replace("optimizer=sign_gd(PowerDecay(1.0, 0.5))", "optimizer=sign_gd"),
        }  # fmt: skip
        for name, text in texts.items():
            Path(name).write_text(text)
    return folder


@pytest.fixture
def there(files, monkeypatch, untyped_caller):
    monkeypatch.chdir(files)


@pytest.mark.parametrize("name", PYTHON)
def test_python_says_what_is_wrong(there, name):
    call, words, *kind = PYTHON[name]
    with pytest.raises(kind[0] if kind else InputError, match=words) as raised:
        call()
    check_sentence(str(raised.value))


RUN = ("run", "--optimizer", "sign_gd", "--data")
ADAM = ("run", "--optimizer", "adam", "--data", "d.csv", "-o")
IDENTIFY = ("identify", "--optimizer", "sign_gd")
FAN = ("gallery", "fan2025-experiment", "-o")
COMMANDS = [
    (["check", "nobody/nothing"], "There is no claim 'nobody/nothing': see"),
    (["check", "missing.py"], "missing.py is no Python file: give"),
    (["check", "syntax.py"], "syntax.py cannot be run (SyntaxError: invalid syntax, line 1): mend"),
    (["check", "raises.py"], "raises.py cannot be run (RuntimeError: no idea, line 2): mend"),
    (["check", "exits.py"], "exits.py cannot be run (SystemExit: 3, line 2): mend"),
    (["check", "imports.py"], "cannot be run (ModuleNotFoundError: No module named 'nothing_like_this', line 1): mend"),
    (["check", "none.py"], "none.py defines no claim: put"),
    (["check", "twin.py"], "changes 'nrom': change one of"),
    (["check", "eps.py"], "eta0=-0.01"),
    (["check", "loss.py", "--profile", "quick"], "There is no loss 'hinge': use"),
    (["check", "optimizer.py", "--profile", "quick"], "sign_gd is no optax transformation: give"),
    (["check", "none.py", "--profile", "eager"], "There is no profile 'eager': use one of quick"),
    ([*RUN, "missing.csv"], "missing.csv does not exist: check"),
    ([*RUN, "irid"], "'irid' is no dataset: give"),
    ([*RUN, "bad.npz"], "bad.npz is no .npz file"),
    ([*RUN, "lengths.npz"], "lengths.npz holds x (3, 2) and y (2,): give x as [n, d] and y as [n]."),
    ([*RUN, "n.csv"], "n.csv does not say which of its columns are the labels: say"),
    ([*RUN, "t.csv"], "t.csv, line 2, column 'a' holds 'one'"),
    ([*RUN, "iris"], "iris is not linearly separable"),
    ([*RUN, "iris:9-vs-rest"], "iris has no class '9': choose"),
    ([*RUN, "iris:scaled"], "'scaled' is no option of a dataset"),
    ([*RUN, "d.csv", "--norm", "q"], "Unknown norm 'q': use"),
    ([*RUN, "d.csv", "--norm", "spectral"], "spectral norm needs a weight matrix"),
    ([*RUN, "d.csv", "--loss", "hinge"], "There is no loss 'hinge'"),
    ([*RUN, "d.csv", "--steps", "-5"], "at least one step, not -5"),
    ([*RUN, "d.csv", "--device", "tpu"], "There is no 'tpu' device"),
    ([*RUN, "d.csv", "-o", "rate"], "'rate' is not of the form key=value"),
    ([*RUN, "d.csv", "-o", "rate=1"], "does not take these options"),
    ([*RUN, "d.csv", "-o", "eta0=fast"], "eta0='fast'"),
    ([*ADAM, "eps=-1"], "eps must lie in [0.0, inf), not -1: choose"),
    ([*ADAM, "b1=1.5"], "b1 must lie in [0.0, 1.0), not 1.5: choose"),
    ([*ADAM, "b2=nan"], "b2 must lie in [0.0, 1.0), not nan: choose"),
    (["run", "--optimizer", "nadamax", "--data", "d.csv"], "There is no optimizer 'nadamax': use"),
    (["run", "--optimizer", "optax.nothing", "--data", "d.csv"], "There is no optimizer 'optax.nothing': "),
    (["run", "--optimizer", "os.getcwd", "--data", "d.csv"], "is no optax transformation: give"),
    (
        ["run", "--optimizer", "optax.adam", "-o", "learning_rate=fast", "--data", "d.csv"],
        "optax.adam cannot use learning_rate=fast: give",
    ),
    (
        ["run", "--optimizer", "optax.sgd", "-o", "learning_rate=nan", "--data", "d.csv", "--steps", "10"],
        "NaN or infinity after 1 steps on dataset 0, Dataset([[1, 2], [-1, -3]], [1, -1]): give",
    ),
    ([*IDENTIFY, "--figure", "a.pdf"], "not a.pdf: change"),
    ([*IDENTIFY, "--norm", "l2"], "The norms are l2: name two"),
    ([*IDENTIFY, "--draws", "0"], "0 datasets cannot be drawn"),
    ([*IDENTIFY, "--seed", "-1"], "The seed is -1: give"),
    ([*IDENTIFY, "--log-time", "nan"], "The log time is nan: give"),
    (["gallery", "nothing"], "There is no experiment 'nothing': see"),
    ([*FAN, "steps"], "'steps' is not of the form key=value"),
    ([*FAN, "steps=ten"], "steps=ten is no int: write"),
    ([*FAN, "speed=1"], "has no parameter 'speed'"),
    (["report", "--report-dir", "nowhere"], "nowhere holds no records: run"),
    (["report", "--report-dir", "damaged"], "is not valid JSON"),
    (["report", "--report-dir", "curveless"], "cannot be read"),
    (["report", "--report-dir", "fine", "--readme", "missing.md"], "missing.md is no file: give"),
    (["report", "--report-dir", "fine", "--readme", "marks.md"], "<!-- theorems -->"),
    (["report", "--report-dir", "fine", "--overview", "a.pdf"], "not a.pdf: change"),
]


@pytest.fixture
def call(there, monkeypatch, capsys):
    def command(arguments: list[str]) -> tuple[str, str]:
        monkeypatch.setattr("sys.argv", ["verify", *arguments])
        with pytest.raises(SystemExit) as stopped:
            app.main()
        assert stopped.value.code == 2
        captured = capsys.readouterr()
        return captured.out, captured.err

    return command


@pytest.mark.parametrize(("arguments", "words"), COMMANDS, ids=[" ".join(a) for a, _ in COMMANDS])
def test_a_command_says_what_is_wrong(call, arguments, words):
    out, err = call(arguments)
    assert out == ""
    assert err.startswith("verify: ")
    assert words in err
    check_sentence(err.removeprefix("verify: ").removesuffix("\n"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["chek"], "No such command 'chek'"),
        (["hunt"], "Missing argument"),
        (["check", "fan2025", "--fast"], "No such option: --fast"),
        (["check", "fan2025", "--seed", "x"], "'--seed'"),
        ([*RUN, "d.csv", "--steps", "x"], "'--steps'"),
        (["run", "--data", "d.csv"], "Missing option '--optimizer'"),
    ],
)
def test_a_command_that_does_not_exist_shows_its_usage(call, arguments, words):
    out, err = call(arguments)
    assert out == ""
    assert words in err
    assert "Traceback" not in err
