"""`verify run`: on own optimizers, losses and data; what it prints, draws, saves and speaks as JSON."""

import json

import numpy as np
import optax
import pytest

from solvers import max_margin
from verify import load
from verify import run as run_in_python
from verify.cli import app, common

MINE = """
import optax
def my_opt(step_size):
    return optax.sign_sgd(step_size)
my_loss = lambda z: -z[..., 0]
def broken():
    def update(updates, state, params=None):
        raise RuntimeError("no step")
    return optax.GradientTransformation(lambda params: (), update)
"""
POINTS = "1.5,2.5,0\n2.5,1.5,0\n2.5,2.5,1\n"
OWN = ("--optimizer", "mine.py:my_opt", "-o", "step_size=0.1*(t+1)**-0.5", "--data", "points.csv:intercept")
SHORT = ("--steps", "20", "--norm", "linf", "--norm", "l2")


@pytest.fixture
def call(untyped_caller, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(common.out, "width", 200)
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "points.csv").write_text(POINTS)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["verify", "run", *arguments])
        with pytest.raises(SystemExit) as stopped:
            app.main()
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out, captured.err

    return run


def test_json_is_one_object_and_guesses_are_on_standard_error(call):
    code, out, err = call(*OWN, *SHORT, "--loss", "mine.py:my_loss", "--json")
    assert code == 0
    assert err == (
        "verify: points.csv is read with no header (header=none); its last column as labels (label=-1); "
        "it has 2 classes.\n"
    )
    found = json.loads(out)
    data = load("points.csv", header="none", label=-1, intercept=True)
    same = run_in_python(
        optax.sign_sgd(lambda t: 0.1 * (t + 1.0) ** -0.5), data, loss="exponential", steps=20, norms=["linf", "l2"]
    )
    assert found["data"] == {"name": "points.csv", "n": 3, "d": 3, "classes": 2}
    np.testing.assert_allclose(found["curves"]["margin"], same.margin[0], rtol=1e-12)
    np.testing.assert_allclose(found["curves"]["normalised_margin"]["l2"], same.normalised_margin("l2")[0], rtol=1e-12)
    np.testing.assert_allclose(found["weights"], same.weights[0], rtol=1e-12)
    linf, l2 = found["norms"]
    assert (linf["norm"], l2["norm"]) == ("linf", "l2")
    assert linf["lower"] == max_margin(data.x, data.y, "linf").lower
    assert l2["share"] == pytest.approx(same.normalised_margin("l2")[0, -1] / l2["upper"])


def test_a_table_a_figure_and_arrays(call, tmp_path):
    code, out, err = call(*OWN, *SHORT, "--figure", "run.svg", "--save", "run.npz")
    assert code == 0
    assert "points.csv is read with no header" in err
    assert "mine.py:my_opt on points.csv:intercept: n = 3, d = 3, classes = 2" in out
    assert "maximal linf margin 0.111111111" in out
    figure = (tmp_path / "run.svg").read_text("utf-8")
    assert "mine.py:my_opt on points.csv:intercept" in figure
    assert "10⁻¹" in figure  # a decade is shown, however little the gaps fell
    with np.load(tmp_path / "run.npz", allow_pickle=False) as saved:
        assert saved["normalised_margin_linf"].shape == saved["time"].shape
        about = json.loads(str(saved["about"]))
        assert about["title"] == "mine.py:my_opt on points.csv:intercept"
        assert saved["normalised_margin_linf"][-1] / about["norms"][0]["upper"] == about["norms"][0]["share"]
        np.testing.assert_array_equal(saved["x"], [[1.5, 2.5, 1], [2.5, 1.5, 1], [2.5, 2.5, 1]])


def test_mini_batches_and_steps_of_ones_own(call):
    sampled = ("--sampling", "reshuffled", "--batch", "2", "--seed", "3")
    code, out, _ = call(*OWN, *SHORT, *sampled, "--record", "5,15", "--json")
    assert code == 0
    found = json.loads(out)
    data = load("points.csv", header="none", label=-1, intercept=True)
    optimizer = optax.sign_sgd(lambda t: 0.1 * (t + 1.0) ** -0.5)
    same = run_in_python(optimizer, data, steps=20, sampling="reshuffled", batch=2, seed=3)
    assert found["curves"]["time"] == [5, 15, 20]
    assert found["sampling"] == {"kind": "reshuffled", "batch": 2, "epoch": 2}
    np.testing.assert_allclose(found["weights"], same.weights[0], rtol=1e-12)
    code, out, _ = call(*OWN, *SHORT, *sampled, "--record", "epochs")
    assert code == 0
    assert "classes = 2; batches of 2, reshuffled" in out
    rows = [line.split()[1] for line in out.splitlines() if line.startswith("│")]
    assert rows == ["2", "4", "6", "8", "10", "12", "14", "16", "20"]


def test_a_hidden_constant_is_told_and_from_when_on_it_rules(call, tmp_path):
    (tmp_path / "easy.csv").write_text("3,0,0\n0,3,1\n")
    adam = ("--optimizer", "optax.adam", "-o", "learning_rate=0.1", "-o", "eps=0.05", "--data", "easy.csv")
    code, out, _ = call(*adam, "--steps", "200", "--norm", "l2", "--json")
    assert code == 0
    (told,) = json.loads(out)["constants"]
    assert 0.05 / 3 < told["size"] < 0.15
    assert told["passed"] == 1
    code, out, _ = call(*adam, "--steps", "200", "--norm", "l2")
    assert told["sentence"] in " ".join(out.split())
    assert f"Gradients are below it from t = {told['step']:.2g} on." in told["sentence"]
    code, out, _ = call(*adam, "--steps", "2", "--norm", "l2")
    assert "gradients are still above it: nothing is seen of what happens for ever" in " ".join(out.split())


def test_two_classes_have_a_matrix_of_weights(call):
    code, out, _ = call("--optimizer", "sign_gd", "--data", "points.csv:intercept,classes=2", "--steps", "20", "--json")
    assert code == 0
    found = json.loads(out)
    assert np.shape(found["weights"]) == (2, 3)
    assert [norm["norm"] for norm in found["norms"]] == ["linf", "l2", "l1", "spectral", "nuclear"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--optimizer", "mine.py:broken", "--data", "points.csv:intercept"],
            "makes no step on weights of shape (3,) (RuntimeError: no step)",
        ),
        (["--optimizer", "mine.py:gone", "--data", "points.csv"], "mine.py defines no 'gone'"),
        ([*OWN, "--loss", "mine.py:gone"], "mine.py defines no 'gone'"),
        ([*OWN, "--figure", "run.pdf"], "an .svg or .png file"),
        ([*OWN, "--save", "run.txt"], "in an .npz file"),
        ([*OWN, "--steps", "0"], "at least one step"),
        ([*OWN, "--record", "soon"], "The steps to record are 'soon'"),
        ([*OWN, "--steps", "9", "--record", "10"], "A run of 9 steps cannot record [10]"),
        ([*OWN, "--sampling", "cyclic"], "'cyclic' has no batch size"),
        ([*OWN, "--sampling", "cyclic", "--batch", "4"], "batch of 4 is larger than dataset 0, of 3 points"),
        ([*OWN, "--steps", "many"], "'--steps'"),
        (["--optimizer", "sign_gd"], "Missing option '--data'"),
        (["--stps", "3"], "No such option"),
        (
            ["--optimizer", "sign_gd", "--data", "twice.csv"],
            "twice.csv is not linearly separable, since points 1 and 2 have the same features",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_two(call, tmp_path, arguments, sentence):
    (tmp_path / "twice.csv").write_text("a,b,label\n1,2,0\n2,1,0\n2,1,1\n")
    code, out, err = call(*arguments)
    last = err.strip().splitlines()[-1]
    assert (code, out) == (2, "")
    assert last.startswith("verify: ")
    assert sentence in last
    assert all("is read with" in line for line in err.strip().splitlines()[:-1])
