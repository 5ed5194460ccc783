"""What is measured along runs of models: where SignGD's and gradient descent's directions end, and who is left out."""

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers import InputError, Layered
from verify import Dataset, optimizers
from verify.models import Model, two_layer
from verify.optimizers import PowerDecay
from verify.problems.laboratory import Laboratory
from verify.problems.margins.gap import Gap
from verify.problems.networks.trained import MarginFall, SmoothedFall, TrainedKKT
from verify.problems.subject import Run, varied
from verify.runs.stationarity import kkt_gap_of_model

DATA = [
    Dataset([[0.8, 0.3], [0.2, 0.9]], [1, 1]),
    Dataset([[1.0, 0.2], [-0.5, 0.3]], [1, -1]),
    Dataset([[0.9, 0.1], [0.1, -0.8], [0.7, -0.3]], [1, -1, 1]),
]
STEP = PowerDecay(0.1, 0.7)
SIGN = Run(optimizers.sign_gd(STEP), "SignGD", "exponential", "linf", model=two_layer(4, scale=0.1))
NGD = replace(SIGN, optimizer=optimizers.steepest_descent(STEP, Layered("l2", combine="l2")))


@pytest.fixture(scope="module")
def lab() -> Laboratory:
    return Laboratory(DATA, steps=10_000)


def test_gaps_fall_in_the_norm_that_is_descended_in(lab: Laboratory):
    for subject, own in ((SIGN, "linf"), (NGD, "l2")):
        falls = TrainedKKT(own).measure(subject, lab)
        kept = falls.judged
        assert kept.any()
        assert (falls.values[kept, -1] < falls.values[kept, 0] / 2).all()
        assert falls.values[kept, -1].max() < 0.06
        assert falls.time[-1] == pytest.approx(10_000)
        assert falls.time[0] == pytest.approx(100, rel=0.01)
    other = TrainedKKT("l2").measure(SIGN, lab)
    assert other.values[other.judged, -1].max() > 0.1


def test_the_last_value_is_that_of_the_last_parameters(lab: Laboratory):
    quantity = TrainedKKT("linf")
    m, found = quantity.measure(SIGN, lab), quantity.run(SIGN, lab)
    i = int(np.flatnonzero(m.judged)[0])
    model = SIGN.model
    assert model is not None
    assert m.values[i, -1] == pytest.approx(kkt_gap_of_model(model, found.weights[i], DATA[i], "linf"), abs=1e-9)


def test_a_fall_is_what_is_lost_of_the_largest_normalised_margin(lab: Laboratory):
    for norm in ("linf", "l1"):
        m, found = MarginFall(norm).measure(SIGN, lab), TrainedKKT("linf").run(SIGN, lab)
        i = int(np.flatnonzero(m.judged)[0])
        assert found.weights_at is not None
        flat = np.concatenate([leaf.reshape(len(leaf), -1) for leaf in jax.tree.leaves(found.weights_at[i])], axis=1)
        size = np.abs(flat).max(axis=1) if norm == "linf" else np.abs(flat).sum(axis=1)
        margins = (found.margin[i] / size**3)[found.time >= 100]
        np.testing.assert_allclose(m.values[i], np.maximum.accumulate(margins) / margins - 1, atol=1e-9)


def test_a_smoothed_margin_falls_by_what_an_earlier_one_was_above_it(lab: Laboratory):
    m = SmoothedFall("linf", math.inf, exponent=4.0).measure(SIGN, lab)
    found = TrainedKKT("linf").run(SIGN, lab)
    assert found.weights_at is not None
    for i in np.flatnonzero(m.judged):
        leaves = jax.tree.leaves(found.weights_at[i])
        flat = np.concatenate([leaf.reshape(len(leaf), -1) for leaf in leaves], axis=1)
        log_inverse = -found.log_loss[i] - np.log(DATA[i].n)  # the run's loss is the mean
        smoothed = log_inverse / np.abs(flat).max(axis=1) ** 4
        use = np.flatnonzero(found.time >= 100)
        falls = [max((smoothed[s] / smoothed[t] - 1) * log_inverse[s] for s in use if s <= t) for t in use]
        np.testing.assert_allclose(m.values[i], falls, rtol=1e-6, atol=1e-8)
    assert m.values[m.judged].max() > 0.1
    own = SmoothedFall("linf", math.inf).measure(SIGN, lab)
    assert own.values[own.judged].max() < 1e-6


def test_who_is_left_out_is_told():
    """Opposite labels on a ray are not separated by two neurons of which none looks there; a quick turn is no limit."""
    dead = Model(
        "dead", lambda key, d, k: {"w": -jnp.ones(d), "a": jnp.ones(())}, lambda p, x: p["a"] * _squared(x @ p["w"]), 3
    )
    m = TrainedKKT().measure(replace(SIGN, model=dead), Laboratory([Dataset([[1.0, 1.0]], [1])], steps=100))
    assert not m.judged.any()
    assert m.notes == ("runs left out, that did not separate the data: 1 of 1",)
    m = TrainedKKT(settled=1e-9).measure(SIGN, Laboratory(DATA[:1], steps=1000))
    assert not m.judged.any()
    assert "whose direction still turned by 1e-09" in m.notes[0]


def _squared(z: jax.Array) -> jax.Array:
    return jnp.square(jnp.maximum(z, 0))


def test_models_are_kept_changed_and_refused():
    assert varied(SIGN, {"norm": "l2"}).model is SIGN.model  # pyright: ignore[reportAttributeAccessIssue]
    assert varied(SIGN, {"model": None}).model is None  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(InputError, match="one of linear models, and not of the two-layer"):
        Gap().measure(SIGN, Laboratory(DATA, steps=10))
    with pytest.raises(InputError, match="one of homogeneous models, but 'SignGD' has none"):
        TrainedKKT().measure(replace(SIGN, model=None), Laboratory(DATA, steps=10))
    with pytest.raises(InputError, match="A model is trained by a run of an optimizer"):
        varied(None, {"model": SIGN.model, "optimizer_text": "words"})
