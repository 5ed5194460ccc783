"""Lemmas: the places they are tried at, the worst part that is kept, and what their averages and sums are."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.samples import classes
from tests.verify.trials.test_trial import CLAIM
from verify import optimizers
from verify.claims.judge import check
from verify.claims.kinds import Bound
from verify.claims.verdict import Outcome
from verify.datasets import Dataset
from verify.optimizers import PowerDecay
from verify.problems.laboratory import Laboratory
from verify.problems.margins.lemmas import Along, Arbitrary, Lemma, inner, memory, momentum, summed, unit_l1_samples
from verify.problems.margins.softmax import SoftmaxForm, probabilities, softmax_directions, variance
from verify.trials.drawing import draw

STEPS = PowerDecay(0.1, 1 / 2)
DATA = [classes(6, 4, 3), classes(7, 3, 2)]
NORM_NAMES = ("l1", "l1.5", "linf", "spectral")


def at(norm, datasets=DATA, where=None):
    return (where or Arbitrary((norm,))).places(Laboratory(datasets, steps=1), norm)


def lemma(sides, norms=("linf",)):
    return replace(CLAIM, kind=Bound(lambda m: m.larger_side, "x"), quantity=Lemma("side", sides, Arbitrary(), norms))


def ones(w):
    return np.ones(w.at.margin.shape)


@pytest.mark.parametrize("norm", NORM_NAMES)
def test_some_weights_bring_the_gradient_down_to_the_margin(norm):
    w = at(norm)
    ratio = w.dual(w.at.gradient) / w.gamma
    assert np.all(ratio > 1 - 1e-9)
    assert np.all(ratio.min(axis=1) < 1.005)  # so that a γ larger by 1% is refuted


def test_arbitrary_weights_depend_on_the_dataset_alone():
    together, alone = at("l2").weights, at("l2", DATA[1:]).weights
    np.testing.assert_array_equal(together[1:, :, :2, :3], alone[:, :, :2, :3])
    assert not together[:, 0].any()
    sizes = np.abs(together[:, 1:25]).max(axis=(2, 3))
    assert sizes.max() / sizes.min() > 1e2
    assert (together[1, 25:33, :2, :3] == 0).any()


def test_arbitrary_weights_have_no_steps():
    with pytest.raises(InputError, match="have no steps"):
        _ = at("l2").eta


# Sides are lambdas below: a nested function with annotations would be wrapped by the type checker at every call.
def test_the_part_nearest_to_failing_is_kept():
    sides = lambda w: {"one": (0.5 * ones(w), ones(w)), "two": (0.9 * ones(w), ones(w))}  # noqa: E731
    m = lemma(sides).quantity.measure(CLAIM.subject, Laboratory(DATA, steps=1))
    np.testing.assert_array_equal(m.values, 0.9 * np.ones_like(m.values))
    assert "0.5 (one in linf), 0.9 (two in linf)" in m.notes[0]


def test_every_norm_is_tried():
    sides = lambda w: {"": ((0.9 if w.norm == "l2" else 0.1) * ones(w), ones(w))}  # noqa: E731
    m = lemma(sides, ("l1", "l2")).quantity.measure(CLAIM.subject, Laboratory(DATA, steps=1))
    assert m.values.min() == 0.9
    assert "0.1 (in l1), 0.9 (in l2)" in m.notes[0]


def test_one_place_refutes_and_the_sentence_names_it():
    def sides(w):
        smaller = 0.5 * ones(w)
        smaller[1, 6] = 3.0
        return {"": (smaller, ones(w))}

    verdict = check(lemma(sides), DATA)
    assert verdict.outcome is Outcome.REFUTED
    assert "at t = 7: 3 against 1 on dataset 1" in verdict.sentence


def test_what_is_no_number_supports_nothing():
    sides = lambda w: {"": (np.where(w.weights[..., 0, 0] == 0, np.nan, 0.5), ones(w))}  # noqa: E731
    assert check(lemma(sides), DATA).outcome is Outcome.INCONCLUSIVE


def test_a_lemma_that_says_nothing_on_a_dataset_does_not_judge_it():
    sides = lambda w: {"": (0 * ones(w), ones(w) * [[np.inf], [1.0]])}  # noqa: E731
    m = lemma(sides).quantity.measure(CLAIM.subject, Laboratory(DATA, steps=1))
    np.testing.assert_array_equal(m.judged, [False, True])
    assert "1 of the 2 datasets could be judged" in m.notes


def test_a_negative_larger_side_is_exceeded():
    sides = lambda w: {"": (0 * ones(w), -ones(w))}  # noqa: E731
    assert check(lemma(sides), DATA).outcome is Outcome.REFUTED


def test_claims_with_the_same_places_share_them():
    lab = Laboratory(DATA, steps=1)
    seen = []

    def sides(w):
        seen.append(w)
        return {"": (ones(w), ones(w))}

    where = Along(partial(optimizers.steepest_descent, STEPS), STEPS, 5)
    for _ in range(2):
        Lemma("side", sides, where, ("linf",)).measure(CLAIM.subject, lab)
    assert seen[0] is seen[1]


def test_the_optimizer_descends_along_the_momentum():
    where = Along(partial(optimizers.steepest_descent, STEPS, b1=0.9), STEPS, 30)
    w = at("l2", where=where)
    average = momentum(w, 0.9)[:, :-1]
    np.testing.assert_allclose(-w.steps, w.direction(average), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(inner(average, -w.steps), w.dual(average), rtol=1e-10)
    np.testing.assert_allclose(w.value(w.steps), 1, rtol=1e-10)
    np.testing.assert_allclose(w.eta[0], 0.1 / np.sqrt(np.arange(1, 31)))


def test_memory_is_the_sum_it_says():
    eta, b1, c1 = 0.1 / np.sqrt(np.arange(1, 8)), 0.8, 2.0
    expected = [
        sum(b1**s * np.expm1(c1 * sum(eta[t - tau] for tau in range(1, s + 1))) for s in range(t + 1)) for t in range(7)
    ]
    np.testing.assert_allclose(memory(eta, b1, c1), expected, rtol=1e-12)


def test_memory_tends_to_its_asymptote():
    eta = 0.01 / np.sqrt(np.arange(1, 1001))
    assert memory(eta, 0.5, 2.0)[-1] / (2.0 * 0.5 / 0.25 * eta[-1]) == pytest.approx(1, abs=2e-3)


def test_sums_begin_with_none():
    np.testing.assert_array_equal(summed(np.array([[1.0, 2.0]])), [[0, 1, 3]])


def test_samples_of_unit_l1_norm():
    scaled = unit_l1_samples(Dataset([[1, -3], [1, 1]], [0, 1]))
    np.testing.assert_array_equal(scaled.x, [[0.25, -0.75], [0.25, 0.25]])
    with pytest.raises(InputError, match="every point of the dataset is zero"):
        unit_l1_samples(Dataset([[0, 0]], [1]))


def test_places_know_the_data():
    w = at("l2", [Dataset([[3, -4], [1, 0]], [0, 1], classes=2)])
    assert (w.n.item(), w.radius.item(), w.radius_in("l2").item()) == (2, 7, 5)


def test_softmax_without_cancellation():
    s, others = probabilities(np.array([50.0, 0.0]))
    np.testing.assert_allclose(others, [np.exp(-50), 1], rtol=1e-14)
    v = np.array([1.0, -1.0])
    assert variance(s, v) == pytest.approx(4 * np.exp(-50), rel=1e-14)
    s, _ = probabilities(np.array([0.3, -0.2, 1.0]))
    v = np.array([2.0, -1.0, 0.5])
    assert variance(s, v) == pytest.approx(v @ (np.diag(s) - np.outer(s, s)) @ v, rel=1e-12)


def test_a_softmax_form_is_held_against_every_class():
    form = SoftmaxForm(lambda s, others, v: (variance(s, v), 4 * others))
    lab = Laboratory([Dataset([[0, 0], [1, -1]], [1, 1]), Dataset([[0, 0, 0], [1, 0, 0]], [1, 1])], steps=1)
    m = form.measure(CLAIM.subject, lab)
    np.testing.assert_allclose(m.values, [[1] * 3, [2 / 9] * 3])
    np.testing.assert_allclose(m.larger_side, [[2] * 3, [8 / 3] * 3])


def test_softmax_directions_saturate_and_oppose():
    drawn = draw(replace(CLAIM, problem=softmax_directions), 64, seed=0)
    assert {s.d for s in drawn} == {2, 3, 4, 5, 6}
    sharpest = min(probabilities(s.x[0])[1].min() for s in drawn)
    assert sharpest < 1e-12
    assert any(s.x[1].min() < 0 < s.x[1].max() for s in drawn)
