"""Which norm's KKT points runs of networks approach: the known answers, what is left out, and what is refused."""

import json
from functools import cache
from typing import Any

import numpy as np
import optax
import pytest
from matplotlib import pyplot

import verify
from solvers.errors import InputError
from solvers.layered import Layered
from tests.verify.cli.calling import Caller, one_sentence
from verify import Dataset, optimizers
from verify.cli import common
from verify.identification.identification import Identification
from verify.identification.stationarity import MODEL_NORMS, norms_of
from verify.models import Model, diagonal_linear, two_layer
from verify.optimizers import PowerDecay
from verify.runs.stationarity import kkt_gap_of_model

STEP = PowerDecay(0.1, 0.7)
NETWORK = two_layer(4, scale=0.5)


def separable(seed: int) -> Dataset:
    """Three to five points of norm 1 in three dimensions, not near the hyperplane that labels them."""
    rng = np.random.default_rng(seed)
    direction, x = rng.normal(size=3), rng.normal(size=(rng.integers(3, 6), 3))
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    x = x[np.abs(x @ direction) > 0.2]
    return Dataset(x, np.sign(x @ direction).astype(int), f"drawn {seed}")


DATASETS = [separable(seed) for seed in (0, 2, 3, 5, 7, 8)]  # of which the third is not separated from its start
METHODS = {
    "linf": (optimizers.sign_gd(STEP), 30_000),
    "l2": (optimizers.steepest_descent(STEP, Layered("l2", combine="l2")), 100_000),
    "max(spectral, others l2)": (optimizers.steepest_descent(STEP, Layered("spectral")), 30_000),
}


@cache
def found(name: str) -> Identification:
    """One run for all tests that ask for it."""
    optimizer, steps = METHODS[name]
    return verify.identify(optimizer, DATASETS, model=NETWORK, steps=steps)


@pytest.mark.parametrize("name", METHODS)
def test_the_norm_whose_kkt_points_are_approached(name: str):
    it = found(name)
    best, *others = it.ranking
    assert it.norm == best.norm == name
    assert it.settled
    assert it.model == str(NETWORK)
    assert it.runs is not None
    assert 4 <= it.runs < it.datasets == 6
    assert best.falls == best.judged == it.runs
    # What is gained is aligned long before the parameters have forgotten their start.
    assert best.gained > 0.99
    assert best.share < best.gained
    assert all(score.gained < 0.93 and score.share < best.share and score.wins == 0 for score in others)
    assert f"It tends to KKT points of the {name} margin, on {it.runs} of {it.runs} runs" in it.sentence
    assert it.sentence.count("Runs left out, ") == 1
    assert it.sentence.endswith(": 1 of 6.")


def test_the_gaps_are_those_of_the_runs():
    it, (optimizer, steps) = found("linf"), METHODS["linf"]
    run = verify.run(optimizer, DATASETS, model=NETWORK, steps=steps, weights=True)
    np.testing.assert_allclose(it.gaps["linf"][0, -1], kkt_gap_of_model(NETWORK, run.weights[0], DATASETS[0], "linf"))
    assert np.isnan(it.gaps["linf"][2]).all()
    assert it.log_time[-1] == pytest.approx(np.log(steps))
    assert np.ptp(it.log_time) == pytest.approx(np.log(100))


def test_it_shows_itself_as_one_of_a_linear_model_does():
    it = found("linf")
    assert "KKT points of which margin? The linf margin" in it._repr_html_()
    told = json.loads(json.dumps(it.to_dict()))
    assert told["ranking"][0]["norm"] == "linf"
    assert told["left"] == ["runs left out, that did not separate the data: 1 of 6"]
    axes = it.plot()
    assert axes.get_ylabel() == "KKT gap"
    pyplot.close("all")


def test_a_norm_that_is_not_among_those_tried_is_not_replaced_by_the_nearest():
    it = verify.identify(METHODS["linf"][0], DATASETS, model=NETWORK, steps=30_000, norms=("l2", Layered("l2"), "l1"))
    assert it.norm is None
    assert all(score.wins == 0 for score in it.ranking)


def test_signs_on_single_points_follow_none():
    it = verify.identify(
        METHODS["linf"][0], DATASETS, model=NETWORK, steps=100_000, norms=("linf", "l2"), sampling="cyclic", batch=1
    )
    assert (it.norm, it.settled) == (None, True)
    assert it.sentence.startswith("With batches of 1, cyclic: it tends to KKT points in none of these norms")
    assert min(score.misalignment for score in it.ranking) > 0.3


def test_what_is_gained_within_an_epoch_says_nothing():
    it = verify.identify(
        METHODS["linf"][0], DATASETS, model=NETWORK, steps=4, norms=("linf", "l2"), sampling="cyclic", batch=1
    )
    assert it.norm is None
    assert all(np.isnan(score.gained) for score in it.ranking)


def test_too_few_steps_and_constants_are_told():
    it = verify.identify(optax.adam(0.01), DATASETS[:2], model=NETWORK, steps=2_000, norms=("l2", "linf"))
    assert it.norm in (None, "linf")
    (constant,) = it.constants
    assert 1e-8 / 3 < constant.size < 3e-8
    assert "hidden in the optimizer" in it.sentence


def test_runs_are_judged_up_to_where_their_gradients_underflow():
    """Cubic margins of points of unequal sizes are soon apart by more than floating point holds."""
    unequal = [Dataset(s.x * np.linspace(1, 6, s.n)[:, None], s.y, s.name) for s in DATASETS]
    signs = optimizers.sign_gd(PowerDecay(0.3, 0.3))
    it = verify.identify(signs, unequal, model=NETWORK, steps=1_000, norms=("l2", "linf"))
    run = verify.run(signs, unequal, model=NETWORK, steps=1_000, weights=True)
    assert np.mean(run.starved[:, run.time <= np.exp(it.until) + 1e-6].any(axis=1)) <= 0.25
    assert np.mean(run.starved.any(axis=1)) > 0.25
    assert it.until < np.log(900)
    assert it.left[0].startswith("steps left out, after which gradients underflow in more than a quarter of the runs")


def test_where_no_run_can_be_judged_nothing_is_said():
    it = verify.identify(METHODS["linf"][0], DATASETS, model=NETWORK, steps=1, norms=("l2", "linf"))
    assert (it.norm, it.settled, it.runs) == (None, False, 0)
    assert "no run can be judged" in it.sentence
    assert "nan" not in it.sentence
    stopped = verify.identify(optax.sgd(0.0), DATASETS[:2], model=NETWORK, steps=100, norms=("l2", "linf"))
    assert not stopped.moved
    assert "The weights do not move" in stopped.sentence


def test_norms_that_are_one_on_a_models_layers_are_tried_once():
    names = [norm.name for norm in norms_of(None, [two_layer(4).at(3, 1)])]
    assert names == ["l1", "l2", "linf", "max(l2)", "max(spectral, others l2)", "max(spectral, others linf)"]
    vectors = [norm.name for norm in norms_of(None, [diagonal_linear(2).at(3, 1)])]
    assert vectors == ["l1", "l2", "linf", "max(l2)"]
    assert [norm.name for norm in norms_of(["max(spectral, others 0.5 linf)", "l2"], [two_layer(4).at(3, 1)])] == [
        "max(spectral, others 0.5 linf)",
        "l2",
    ]
    assert len(MODEL_NORMS) == 6


FREE = Model("free", NETWORK.init, NETWORK.outputs)
WRONG = Model("wrong", NETWORK.init, NETWORK.outputs, 2)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"model": FREE}, "The free has no degree of homogeneity, and its margins no KKT points: declare degree="),
        ({"model": WRONG}, "wrong is not homogeneous of degree 2"),
        ({"model": NETWORK, "norms": ["l2"]}, "The norms are l2: name two at least"),
        ({"model": NETWORK, "norms": ["l2", "spectral"]}, "The spectral norm is no norm of several layers"),
        ({"model": NETWORK, "norms": ["l2", "max(spectral, inner linf)"]}, "There is no layer 'inner' for a norm"),
        ({"model": NETWORK, "norms": ["l2", "max(spectral, others linf l2)"]}, "cannot be read at 'others linf l2'"),
        ({"model": NETWORK, "references": {"l2": []}}, "The references are maximal margins, which the two-layer"),
        ({"model": NETWORK, "sampling": "cyclic", "batch": 9}, "The batch of 9 is larger than dataset 0"),
        ({"model": NETWORK, "steps": 0}, "at least one step"),
        ({"norms": [Layered("l2"), "l2"]}, r"The norm max\(l2\) is of a model's layers: give model="),
    ],
)
def test_bad_input(given: dict[str, Any], sentence: str):
    arguments: dict[str, Any] = {"steps": 100} | given
    with pytest.raises(InputError, match=sentence):
        verify.identify(METHODS["linf"][0], DATASETS[:2], **arguments)


# On the command line


@pytest.fixture
def call(untyped_caller, monkeypatch, capsys, tmp_path) -> Caller:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(common.out, "width", 200)
    (tmp_path / "mine.py").write_text(
        "from verify.models import Model, two_layer\nof = two_layer(2)\nfree = Model('free', of.init, of.outputs)\n"
    )
    return Caller(monkeypatch, capsys)


SHORT = ("identify", "--optimizer", "sign_gd", "-o", "a=0.7", "--data", "drawn:binary", "--draws", "2")


def test_the_command_ranks_norms_of_layers(call: Caller, tmp_path):
    norms = ("--norm", "linf", "--norm", "max(spectral, others 0.5 linf)")
    code, out, _ = call(*SHORT, "--steps", "100", "--model", "mine.py:of", *norms, "--figure", "a.svg")
    assert code == 0
    assert "KKT" in out
    assert "max(spectral, others 0.5 linf)" in " ".join(out.split())
    assert "KKT gap" in (tmp_path / "a.svg").read_text()
    code, out, _ = call(*SHORT, "--steps", "100", "--model", "mine.py:of", "--json")
    assert code == 0
    assert json.loads(out)["model"] == "two-layer squared ReLU network of width 2"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-m", "width=3"), "The options width=3 are a model's, and there is none: give --model too"),
        (("--model", "mine.py:free"), "has no degree of homogeneity"),
        (("--model", "two-layer", "--norm", "l2"), "name two at least"),
        (("--norm", "max(spectral)", "--norm", "l2"), "is of a model's layers: give model="),
    ],
)
def test_what_the_command_refuses(call: Caller, arguments: tuple[str, ...], told: str):
    code, out, err = call(*SHORT, "--steps", "100", *arguments)
    assert (code, out) == (2, "")
    assert told in one_sentence(err)
