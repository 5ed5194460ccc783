"""Relations between runs: true of the data and weights, exact on signs, and false where a word is wrong."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from solvers import margins
from solvers.errors import InputError
from tests.verify import samples
from verify import optimizers
from verify.claims.claim import Claim, Paper
from verify.claims.judge import check
from verify.claims.kinds import Bound
from verify.claims.verdict import Outcome
from verify.datasets import Dataset
from verify.optimizers import PowerDecay
from verify.problems.laboratory import Laboratory
from verify.problems.margins import discrepancy, relations
from verify.problems.margins.discrepancy import NOISE, Discrepancy, noisy
from verify.problems.margins.reference_margins import KnownMargins, OrderedMargins, TwoClassMargins
from verify.runs.simulation import run
from verify.seeds import generator

EPS = 2.0**-52
THREE = [samples.classes(8, 5, 3, seed) for seed in range(4)]
TWO = [samples.classes(8, 5, 2, seed) for seed in range(4)]
STEPS = PowerDecay(0.1, 1 / 2)
CLAIM = Claim(
    id="test/relation",
    title="A relation",
    statement="A relation.",
    source="nowhere",
    paper=Paper("test", "nobody", "nothing", 2025),
    kind=Bound(lambda m: m.larger_side, "noise"),
    problem=lambda: pytest.fail("nothing is drawn"),
    optimizer=optimizers.sign_gd(STEPS),
    optimizer_text="SignGD",
    loss="cross_entropy",
    norm="l2",
)


def verdict(quantity, data=THREE, optimizer=CLAIM.subject.optimizer, steps=100):
    return check(replace(CLAIM, quantity=quantity, optimizer=optimizer), Laboratory(data, steps=steps))


def sorted_margins(dataset, w):
    """The finite margins of every sample, in an order that does not depend on the numbers of samples and classes."""
    table = np.atleast_2d(margins(w, dataset.x, dataset.y).T).T
    return np.sort(np.unique(np.round(table[np.isfinite(table)], 9)))


EXACT = ("rotation", "signed_permutation", "reordering", "doubling", "shift", "two_classes_as_binary")
SPOILT = ("shift_of_one", "relabelling_alone")


@pytest.mark.parametrize("name", EXACT + SPOILT)
def test_an_image_has_the_margins_of_the_original_unless_it_is_a_twins(name):
    agree = []
    for dataset in TWO if name == "two_classes_as_binary" else THREE:
        w = generator(dataset.x, dataset.y, "w").normal(size=dataset.weights_shape)
        image = getattr(relations, name)(dataset, generator(dataset.x, dataset.y, "relation"))
        before, after = sorted_margins(dataset, w), sorted_margins(image.dataset, image.carry(w))
        agree.append(len(before) == len(after) and np.allclose(before, after, rtol=0, atol=2e-9))
    assert all(agree) if name in EXACT else not all(agree)


def test_binary_data_are_reordered_and_doubled_too():
    dataset = samples.binary(6, 3)
    w = np.arange(3.0)
    for relation in (relations.reordering, relations.doubling, relations.doubling_of_one):
        image = relation(dataset, np.random.default_rng(0))
        np.testing.assert_array_equal(
            np.unique(margins(w, image.dataset.x, image.dataset.y)), np.unique(margins(w, dataset.x, dataset.y))
        )
    assert relations.doubling(dataset, np.random.default_rng(0)).dataset.n == 12
    assert relations.doubling_of_one(dataset, np.random.default_rng(0)).dataset.n == 7


@pytest.mark.parametrize("relation", [relations.signed_permutation, relations.reordering, relations.doubling])
def test_sign_gd_agrees_to_the_last_bit_where_signs_do(relation):
    # Its weights round alike; only the recorded margins are sums in another order.
    found = verdict(Discrepancy(relation)).measurement
    assert found.judged.all()
    assert found.values.max() <= 2 * EPS
    assert found.larger_side.min() >= NOISE > 1e3 * found.values.max()


@pytest.mark.parametrize(
    ("quantity", "optimizer", "outcome"),
    [
        (Discrepancy(relations.rotation), optimizers.normalised_gd(STEPS), Outcome.SUPPORTED),
        (Discrepancy(relations.rotation), optimizers.sign_gd(STEPS), Outcome.REFUTED),
        (Discrepancy(relations.centring), optimizers.normalised_gd(STEPS), Outcome.SUPPORTED),
        (Discrepancy(relations.centring), optimizers.sign_gd(STEPS), Outcome.REFUTED),
        (Discrepancy(relations.doubling), optimizers.normalised_gd(STEPS), Outcome.SUPPORTED),
        (Discrepancy(relations.doubling_of_one), optimizers.normalised_gd(STEPS), Outcome.REFUTED),
        (Discrepancy(relations.shift_of_one), optimizers.sign_gd(STEPS), Outcome.REFUTED),
    ],
)
def test_a_relation_holds_for_the_methods_that_have_it(quantity, optimizer, outcome):
    assert verdict(quantity, optimizer=optimizer).outcome is outcome


@pytest.mark.parametrize(
    ("scale", "changes"),
    [
        (lambda optimizer: relations.scaled_gradients(optimizer, 3.0), Outcome.SUPPORTED),
        (relations.unevenly_scaled_gradients, Outcome.REFUTED),
    ],
)
def test_normalised_gd_depends_on_the_gradients_direction_alone(scale, changes):
    optimizer = optimizers.normalised_gd(STEPS)
    assert verdict(Discrepancy(relations.unchanged, scale(optimizer)), optimizer=optimizer).outcome is changes


def test_uneven_factors_belong_to_places_and_are_positive():
    identity = relations.unevenly_scaled_gradients(optimizers.gradient_descent(1.0))
    small, large = (jnp.ones(shape) for shape in ((2, 3), (4, 5)))
    factors, padded = (-np.asarray(identity.update(g, identity.init(g), g)[0]) for g in (small, large))
    np.testing.assert_array_equal(factors, padded[:2, :3])
    assert set(padded.ravel()) == {0.25, 0.5, 1.0, 2.0, 4.0}


def test_a_run_that_noise_throws_off_is_left_out_and_counted():
    # Steps so long that each of them overshoots: a difference in the weights grows.
    wild = verdict(Discrepancy(relations.rotation), optimizer=optimizers.normalised_gd(300.0), steps=1_000)
    assert not wild.measurement.judged.all()
    lost = np.count_nonzero(~wild.measurement.judged)
    assert wild.measurement.notes == (
        f"{lost} of 4 runs are left out: they make noise of 2^-36 in the data grow more than 64-fold",
    )
    assert verdict(Discrepancy(relations.rotation)).measurement.notes == ()


def test_weights_are_those_of_the_run_at_the_recorded_steps():
    m = verdict(Discrepancy(relations.shift)).measurement
    np.testing.assert_array_equal(np.round(m.time), [2, 5, 10, 22, 46, 100])
    starts = [generator(s.x, s.y, "start").normal(size=s.weights_shape) for s in THREE]
    trail = discrepancy._trail(CLAIM.subject.optimizer, THREE, starts, loss="cross_entropy", steps=100)
    again = run(CLAIM.subject.optimizer, THREE, loss="cross_entropy", steps=100, w0=starts)
    for a, b in zip(trail.weights[-1], again.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(trail.margin[:, -1], again.margin[:, -1])
    assert not np.array_equal(trail.weights[0][0], trail.weights[1][0])


def test_noise_is_small_relative_and_reproducible():
    dataset = samples.with_zero_columns(samples.classes(8, 5, 3))
    change = noisy(dataset).x - dataset.x
    assert np.all(change[:, [0, -1]] == 0)
    assert np.all(change[:, 1:-1] != 0)
    assert np.all(np.abs(change) <= NOISE * np.abs(dataset.x) * (1 + 1e-4))
    np.testing.assert_array_equal(noisy(dataset).x, noisy(dataset).x)
    draws = {generator(s.x, s.y, purpose).random() for s in THREE for purpose in ("start", "noise")}
    assert len(draws) == 2 * len(THREE)


def test_relations_of_classes_refuse_binary_data():
    rng = np.random.default_rng(0)
    for relation in (relations.shift, relations.shift_of_one, relations.centring):
        with pytest.raises(InputError, match="use class ids"):
            relation(samples.binary(4, 2), rng)
    with pytest.raises(InputError, match="3 classes"):
        relations.two_classes_as_binary(THREE[0], rng)


def test_two_class_margins_by_hand():
    # (3, 4) and its opposite: 5 in L2 and 7 in L-infinity with labels +1/-1.
    data = [Dataset(np.array([[3, 4], [-3, -4]]), np.array([0, 1]), classes=2)]
    right = TwoClassMargins(
        ("l2", "linf", "spectral"), lambda norm: 2.0 if norm.p == np.inf and not norm.matrix_only else 2**0.5
    )
    assert verdict(right, data).outcome is Outcome.SUPPORTED
    wrong = verdict(TwoClassMargins(("linf",), lambda norm: 1.75), data)
    assert wrong.outcome is Outcome.REFUTED
    np.testing.assert_allclose(wrong.measurement.values, (2 - 1.75) / 1.75, rtol=1e-6)
    assert wrong.measurement.larger_side[0, 0] < 1e-8


def test_ordered_margins_by_hand():
    # One point (1, 1): margins 1, sqrt 2 and 2 in L1, L2 and L-infinity.
    data = [Dataset(np.array([[1, 1]]), np.array([1]))]
    rising = verdict(OrderedMargins((("l1", "l2", "linf"),)), data)
    np.testing.assert_allclose(rising.measurement.values, 0.5**0.5, rtol=1e-8)
    assert rising.outcome is Outcome.SUPPORTED
    falling = verdict(OrderedMargins((("linf", "l2", "l1"),)), data)
    np.testing.assert_allclose(falling.measurement.values, 2**0.5, rtol=1e-8)
    assert falling.outcome is Outcome.REFUTED


def test_known_margins_by_hand():
    # One point (3, 4): 4, 5 and 7 in L1, L2 and L-infinity.
    data = [Dataset(np.array([[3, 4]]), np.array([1]))]
    norms = {"l1": 4.0, "l2": 5.0, "linf": 7.0}
    right = verdict(KnownMargins(tuple(norms), lambda norm, dataset: norms[norm.name]), data)
    assert right.outcome is Outcome.SUPPORTED
    wrong = verdict(KnownMargins(tuple(norms), lambda norm, dataset: 5.0), data)
    np.testing.assert_allclose(
        wrong.measurement.values, 2 / 5, rtol=1e-8
    )  # 7 for 5, the farthest in its bracket's units
    assert wrong.outcome is Outcome.REFUTED
