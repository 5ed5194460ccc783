"""`verify run --model`: networks by name and of one's own, what is told of them, and what is refused."""

import json
from functools import partial

import jax.numpy as jnp
import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.cli.calling import Caller
from verify import load, optimizers
from verify import run as run_in_python
from verify.cli import common
from verify.cli.modelled import model_of
from verify.models import Model, two_layer
from verify.runs.stationarity import kkt_gap_of_model

MINE = """
import jax.numpy as jnp
from verify.models import Model
def product(p, x):
    return p["a"] * (x @ p["w"])
def make(degree=2, start=1.0):
    return Model("product", lambda key, d, k: {"a": jnp.ones(()), "w": start * jnp.ones(d)}, product, degree)
whole = make()
free = make(None)
number = 3
def text():
    return "no model"
"""
RUN = ("run", "--optimizer", "sign_gd", "--data", "points.csv", "--steps", "30")


@pytest.fixture
def call(untyped_caller, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(common.out, "width", 200)
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "points.csv").write_text("x,z,label\n2,1,1\n1,2,1\n-1,-2,-1\n")
    return partial(Caller(monkeypatch, capsys), *RUN)


def test_what_is_told_is_that_of_the_run(call):
    code, out, _ = call("--model", "two-layer", "-m", "width=3", "-m", "activation=relu", "--json", "--save", "run.npz")
    found = json.loads(out)
    model, data = two_layer(3, "relu"), load("points.csv")
    same = run_in_python(
        optimizers.sign_gd(optimizers.PowerDecay(0.1, 0.5)), data, steps=30, norms=["l2", "linf"], model=model
    )
    assert code == 0
    assert found["model"] == {"name": str(model), "degree": 2}
    np.testing.assert_allclose(found["curves"]["normalised_margin"]["linf"], same.normalised_margin("linf")[0])
    np.testing.assert_allclose(found["weights"]["weights['first']"], same.weights[0]["first"])
    assert found["kkt_gap"]["l2"] == pytest.approx(kkt_gap_of_model(model, same.weights[0], data, "l2"))
    with np.load("run.npz") as saved:
        np.testing.assert_allclose(saved["weights['last']"], same.weights[0]["last"])


def test_own_models_with_and_without_a_degree(call):
    code, out, _ = call("--model", "mine.py:make", "-m", "degree=2", "--norm", "l2", "--record", "10,30")
    assert code == 0
    assert "l2 margin" in out
    assert "l2 KKT gap" in out
    code, out, _ = call("--model", "mine.py:free", "--norm", "l2")
    assert code == 0
    assert "alignment" in out
    assert "KKT gap" not in out


def test_norms_of_layers(call):
    norm = "max(spectral, others 0.5 linf)"
    code, out, _ = call("--model", "two-layer", "-m", "width=3", "--norm", norm, "--json")
    found = json.loads(out)
    assert code == 0
    assert list(found["kkt_gap"]) == list(found["curves"]["normalised_margin"]) == [norm]
    code, out, _ = call("--model", "two-layer", "-m", "width=3", "--norm", norm)
    assert f"{norm} KKT gap {found['kkt_gap'][norm]:.4g}" in out
    code, _, err = call("--norm", norm)
    assert code == 2
    assert "is of a model's layers: give --model too" in err


def test_before_the_data_are_separated_there_is_no_gap(call):
    wrong = ("--model", "mine.py:make", "-m", "start=-1")
    code, out, _ = call(*wrong, "-o", "step_size=1e-9", "--norm", "l2")
    assert code == 0
    assert "l2 KKT gap not separated yet" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--model", "two-layers"), "There is no model 'two-layers': use one of two-layer, three-layer"),
        (("--model", "two-layer", "-m", "width=0"), "The width is 0: give a whole number"),
        (("--model", "two-layer", "-m", "height=3"), "The model two-layer does not take these options"),
        (("--model", "mine.py:whole", "-m", "degree=3"), "is a model already: leave its options (degree) away"),
        (("--model", "mine.py:make", "-m", "degree=3"), "is not homogeneous of degree 3"),
        (("--model", "mine.py:text"), "makes a value of type str and no model"),
        (("--model", "mine.py:number"), "The model mine.py:number does not take these options"),
        (("-m", "width=3"), "The options width=3 are a model's, and there is none: give --model too"),
        (("--model", "two-layer", "--figure", "a.svg"), "leave --figure away"),
        (("--model", "two-layer", "--norm", "spectral"), "The spectral norm is no norm of several layers"),
    ],
)
def test_what_is_refused(call, arguments, told):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("verify: ")
    assert told in err


def test_a_model_by_name_is_that_of_the_library():
    assert model_of("two-layer", []) is two_layer()
    assert isinstance(model_of("deep-linear", []), Model)
    outputs = model_of("diagonal-linear", []).outputs({"u": jnp.ones(2), "v": jnp.zeros(2)}, jnp.eye(2))
    np.testing.assert_array_equal(outputs, [1, 1])
    with pytest.raises(InputError, match="not of the form key=value"):
        model_of("two-layer", ["width"])
