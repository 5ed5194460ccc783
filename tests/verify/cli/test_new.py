"""`verify new`: the files that it writes, that they can be tried as they are, and what it refuses."""

import importlib.util
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from reports.verified import failures
from solvers import OwnNorm
from verify import Claim, Dataset, Limit, Rate, laws, strategies
from verify.claims.catalogue import from_file
from verify.cli import app
from verify.cli.new import Own
from verify.losses import LOSSES, Loss
from verify.optimizers import PowerDecay
from verify.optimizers.homogeneity import probe
from verify.sources import AsWritten
from verify.trials.profiles import Profile
from verify.trials.record import record_of
from verify.trials.trial import try_claim


@pytest.fixture
def call(untyped_caller, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["verify", "new", *arguments])
        with pytest.raises(SystemExit) as stopped:
            app.main()
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out, captured.err

    return run


def loaded(path: Path) -> Claim:
    """The claim of a written file, whose lines are checked on the way."""
    text = path.read_text("utf-8")
    assert max(map(len, text.splitlines())) <= 120
    assert text.endswith(")\n")
    spec = importlib.util.spec_from_file_location(path.stem, path, loader=AsWritten(path.stem, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in vars(module):
        if not name.startswith("__") and name != "CLAIM":
            assert text.count(name) > 1, f"{name} is imported or defined, but not used"
    return module.CLAIM


def test_what_is_named_stands_in_the_file(call, tmp_path):
    code, out, _ = call("lion_linf", "--optimizer", "optax.lion", "-o", "b2=0.98", "--norm", "linf", "--rate", "-1/3")
    assert code == 0
    assert "pytest test_lion_linf.py --profile=quick" in out
    text = (tmp_path / "test_lion_linf.py").read_text("utf-8")
    # With weight decay the weights stay bounded, and another theorem holds.
    assert "optimizer=optax.lion(PowerDecay(0.1, 1 / 2), b2=0.98, weight_decay=0.0)," in text
    claim = loaded(tmp_path / "test_lion_linf.py")
    assert claim.id == "conjectures/lion-linf"
    assert claim.title == "optax.lion maximises the linf margin"
    assert claim.kind == Rate(laws.power(1 / 3))
    assert (claim.subject.norm, claim.subject.loss) == ("linf", "logistic")
    assert claim.problem is strategies.binary
    assert claim.twins[0].changes == {"norm": "l2"}
    assert probe(claim.subject.optimizer, (3,)).scale_free


def test_the_defaults_are_steepest_descent_and_its_rate(call, tmp_path):
    assert call("plain", "--norm", "spectral", "--multiclass", "--loss", "cross_entropy")[0] == 0
    claim = loaded(tmp_path / "test_plain.py")
    assert claim.kind == Rate(laws.power(1 / 2, log=1))
    assert claim.subject.text == "Steepest descent in the spectral norm, η = 0.1 (t+1)^-1/2"
    assert claim.problem is strategies.multiclass
    assert claim.twins[0].changes == {"norm": "linf"}
    assert call("limit", "--tolerance", "0.05", "--optimizer", "adam")[0] == 0
    claim = loaded(tmp_path / "test_limit.py")
    assert claim.kind == Limit(0.05, laws.power(1 / 2))
    assert "relative gap falls below 0.05" in claim.statement


def test_conjectures_have_a_folder_of_their_own(call, tmp_path):
    (tmp_path / "properties/conjectures").mkdir(parents=True)
    assert call("test_one")[0] == 0
    assert loaded(tmp_path / "properties/conjectures/test_one.py").id == "conjectures/one"
    assert call("Two_b", "--folder", "else/where")[0] == 0
    assert loaded(tmp_path / "else/where/test_Two_b.py").id == "conjectures/two-b"


@pytest.mark.parametrize(
    "own", [each for size in range(len(Own) + 1) for each in itertools.combinations(Own, size)], ids="+".join
)
def test_every_choice_of_ones_own_loads(call, tmp_path, own):
    assert call("mine", *itertools.chain.from_iterable(("--own", str(each)) for each in own))[0] == 0
    claim = loaded(tmp_path / "test_mine.py")
    assert isinstance(claim.subject.norm, OwnNorm) == (Own.norm in own)
    assert isinstance(claim.subject.loss, Loss) == (Own.loss in own)
    assert (claim.problem is strategies.binary) == (Own.data not in own)
    assert ("my" in claim.subject.text.lower()) == (Own.steps in own or Own.optimizer in own)


@pytest.mark.parametrize(
    "own",
    [("norm", "loss", "data", "steps"), ("optimizer", "steps")],
    ids=["all but the optimizer", "the optimizer"],
)
def test_ones_own_can_be_tried_as_they_are(call, tmp_path, own):
    assert call("mine", *itertools.chain.from_iterable(("--own", each) for each in own))[0] == 0
    claim = loaded(tmp_path / "test_mine.py")
    trial = try_claim(claim, Profile("quick", 56, 3_000, 1e3, 1, 10))
    record, _ = record_of(trial, "")
    assert failures(record) == []
    assert record["norm"] == ("weighted-l2" if "norm" in own else "linf")
    assert record["loss"] == ("my-loss" if "loss" in own else "logistic")


def test_a_false_one_in_a_norm_of_ones_own_is_refuted_and_explained(call, tmp_path):
    assert call("mine", "--own", "norm", "--own", "data", "--optimizer", "sign_gd", "--tolerance", "0.01")[0] == 0
    claim = loaded(tmp_path / "test_mine.py")
    record, _ = record_of(try_claim(claim, Profile("quick", 16, 1_000, 1e3, 1, 30)), "")
    assert record["verdict"] == "REFUTED"
    assert len(record["refutation"]["case"]["x"]) == 1
    assert "of the maximal weighted-l2 margin" in record["refutation"]["sentence"]
    assert "It went to the maximiser of" in record["refutation"]["sentence"]


def test_the_written_norm_takes_classes_too(call, tmp_path):
    from solvers import max_margin

    assert call("mine", "--own", "norm", "--multiclass")[0] == 0
    claim = loaded(tmp_path / "test_mine.py")
    x, y = np.array([[2.0, 1.0], [-1.0, 3.0], [0.0, -2.0]]), np.arange(3)
    reference = max_margin(x, y, claim.subject.norm)
    assert reference.certified
    rescaled = max_margin(x, y, "l2", scale=np.sqrt(np.array([[1.0, 2.0]] * 3)))
    assert reference.upper == pytest.approx(rescaled.upper, rel=1e-6)
    assert isinstance(Dataset(x, y).margin_vectors, np.ndarray)


def test_a_written_schedule_is_that_of_the_defaults(call, tmp_path):
    assert call("mine", "--own", "steps")[0] == 0
    text = (tmp_path / "test_mine.py").read_text("utf-8")
    assert "optimizers.steepest_descent(steps, " in text
    steps: dict = {}
    exec(text, steps)
    for t in (0, 7, 1000):
        assert float(steps["steps"](t)) == pytest.approx(float(PowerDecay(0.1, 1 / 2)(t)))


MINE = """
import jax.numpy as jnp, optax
def my_opt(step_size, b1=0.5):
    return optax.chain(optax.stateless(lambda g, w: jnp.sign(g)), optax.scale_by_learning_rate(step_size))
opt = my_opt(0.1)
def free():
    return opt
def my_loss(z):
    return -z[..., 0]
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A file of one's own, which nothing has imported."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    (tmp_path / "mine.py").write_text(MINE)
    yield tmp_path
    sys.modules.pop("mine", None)


@pytest.mark.parametrize(
    ("arguments", "expression", "words"),
    [
        (
            ["--optimizer", "mine.py:my_opt", "-o", "step_size=0.1*(t+1)**-0.5", "-o", "b1=0.25"],
            'mine.my_opt(Formula("0.1*(t+1)**-0.5"), b1=0.25)',
            "mine.my_opt, η = 0.1*(t+1)**-0.5",
        ),
        (["--optimizer", "mine.my_opt"], "mine.my_opt(PowerDecay(0.1, 1 / 2))", "mine.my_opt, η = 0.1 (t+1)^-1/2"),
        (["--optimizer", "mine.py:opt"], "mine.opt", "mine.opt"),
        (["--optimizer", "mine.py:free"], "mine.free()", "mine.free"),
        (["--optimizer", "sign_gd", "-o", "step_size=0.5"], "optimizers.sign_gd(0.5)", "sign_gd, η = 0.5"),
    ],
)
def test_an_optimizer_of_ones_own_is_imported(call, mine, arguments, expression, words):
    (mine / "properties/conjectures").mkdir(parents=True)
    assert call("my_own", *arguments)[0] == 0
    # What is imported lies beside it.
    path = mine / ("test_my_own.py" if "mine" in arguments[1] else "properties/conjectures/test_my_own.py")
    assert f"    optimizer={expression},\n" in path.read_text("utf-8")
    assert loaded(path).subject.text == words


def test_a_file_of_ones_own_in_another_folder(call, mine):
    (mine / "notes").mkdir()
    (mine / "mine.py").rename(mine / "notes/mine.py")
    assert call("my_own", "--optimizer", "notes/mine.py:my_opt", "--loss", "notes/mine.py:my_loss")[0] == 0
    path = mine / "notes/test_my_own.py"
    assert 'loss=own_loss("mine.my_loss", mine.my_loss),' in path.read_text("utf-8")
    # As `verify check` does, from the folder above and with nothing imported before.
    sys.modules.pop("mine", None)
    sys.path.remove(str(mine / "notes"))
    (claim,) = from_file(path).values()
    assert claim.subject.loss.name == "mine.my_loss"
    code, _, err = call("my_own", "--optimizer", "notes/mine.py:my_opt", "--folder", "else")
    assert code == 2
    assert "leave --folder away" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--optimizer", "mine.py:opt", "-o", "b1=0.5"], "mine.py:opt is an optimizer already"),
        (["--optimizer", "mine.py:opt", "--own", "steps"], "leave options and --own steps away"),
        (["--optimizer", "mine.py:my_opt", "-o", "speed=1"], "does not take a step size and these options"),
        (["--optimizer", "mine.py:gone"], "mine.py defines no 'gone'"),
        (["--loss", "mine.py:my_loss", "--own", "loss"], "leave --loss or --own loss away"),
        (["--loss", "mine.py:opt"], "is of type"),
        (["--optimizer", "my-own.py:opt"], "cannot be imported by its name: rename it"),
    ],
)
def test_what_of_ones_own_cannot_be_written(call, mine, arguments, sentence):
    (mine / "my-own.py").write_text(MINE)
    code, _, err = call("my_own", *arguments)
    assert code == 2
    assert sentence in err
    assert not list(mine.rglob("test_*.py"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["lion-linf"], "'lion-linf' is no Python identifier"),
        (["2nd"], "'2nd' is no Python identifier"),
        (["class"], "'class' is no Python identifier"),
        (["löwe"], "'löwe' is no Python identifier"),
        (["a", "--norm", "euclid"], "Unknown norm 'euclid'"),
        (["a", "--norm", "spectral"], "--multiclass"),
        (["a", "--optimizer", "nadamax"], "There is no optimizer 'nadamax'"),
        (["a", "--optimizer", "optax.lion", "-o", "speed=1"], "does not take a step size and these options"),
        (["a", "--optimizer", "optax.constant_schedule"], "no optax transformation"),
        (["a", "--optimizer", "math.pi"], "math.pi is of type float and no optimizer"),
        (["a", "-o", "b1=0.5"], "add --optimizer"),
        (["a", "--own", "optimizer", "--optimizer", "adam"], "leave --optimizer"),
        (["a", "--own", "data", "--multiclass"], "leave --multiclass"),
        (["a", "--loss", "hinge"], "There is no loss 'hinge'"),
        (["a", "--rate", "fast"], "'fast' is no exponent"),
        (["a", "--rate", "0"], "'0' is no exponent"),
        (["a", "--rate", "1/2"], "'1/2' is no exponent of t at which a gap falls"),
        (["a", "--rate", "1/0"], "'1/0' is no exponent"),
        (["a", "--rate", "1e999999999"], "'1e999999999' is no exponent"),
        (["a", "--tolerance", "2"], "between 0 and 1"),
        (["a", "--folder", "file"], "cannot be written"),
    ],
)
def test_bad_input_is_one_sentence_and_no_file(call, tmp_path, arguments, sentence):
    (tmp_path / "file").touch()
    code, _, err = call(*arguments)
    assert code == 2
    assert sentence in err
    assert err.startswith("verify: ")
    assert len(err.strip().splitlines()) == 1
    assert not list(tmp_path.rglob("test_*.py"))


def test_an_existing_file_is_kept_unless_forced(call, tmp_path):
    path = tmp_path / "test_mine.py"
    path.write_text("mine")
    code, _, err = call("mine")
    assert code == 2
    assert "exists already" in err
    assert path.read_text() == "mine"
    assert call("mine", "--force")[0] == 0
    assert loaded(path).id == "conjectures/mine"


def test_every_loss_of_the_library_may_be_named(call, tmp_path):
    for name in LOSSES:
        assert call("mine", "--loss", name, "--force")[0] == 0
        assert loaded(tmp_path / "test_mine.py").subject.loss == name
