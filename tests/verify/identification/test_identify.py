"""Which margin an optimizer maximises: the known answers, and that wrong ones are not given."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import solvers
from solvers import InputError, NonSeparableError, references
from verify import optimizers as library
from verify.datasets import Dataset
from verify.identification import identify as identifying
from verify.identification.drawn import drawn
from verify.identification.identify import identify
from verify.identification.shares import WEIGHTED
from verify.optimizers import PowerDecay

NORMS = ("l1.5", "l2", "l3", "linf")
DECAY = PowerDecay(0.1, 0.5)
DATASETS = drawn(4, seed=0, classes=0)

FOLLOWED = {
    "SignGD": (library.sign_gd(DECAY), "linf"),
    "Signum": (library.steepest_descent(DECAY, "linf", b1=0.9), "linf"),
    "Lion": (optax.lion(DECAY, weight_decay=0.0), "linf"),
    "Adam without eps": (library.adam(DECAY, b2=0.95), "linf"),
    "RMSProp without eps": (library.rmsprop(DECAY, b2=0.95), "linf"),
    "normalised GD": (library.normalised_gd(DECAY), "l2"),
    "GD": (library.gradient_descent(0.5), "l2"),
    "RMSProp with eps": (library.rmsprop(0.01, eps=1e-3), "l2"),
    "AdaGrad": (optax.adagrad(0.1), WEIGHTED),
    "AdaGrad without eps": (library.adagrad(0.1), WEIGHTED),
}


@pytest.mark.parametrize("name", FOLLOWED)
def test_the_norm_followed(name):
    optimizer, norm = FOLLOWED[name]
    found = identify(optimizer, DATASETS, steps=10_000, log_time=1e3, norms=NORMS)
    assert found.norm == norm
    best, second = found.ranking[:2]
    assert (best.norm, best.wins, best.judged) == (norm, 4, 4)
    assert second.wins == 0
    assert second.share < 0.988 < best.share
    misalignment = {score.norm: score.misalignment for score in found.ranking}
    if norm == WEIGHTED:
        assert math.isnan(misalignment[norm])
    else:
        # The update of a method without constant size is crooked too, but less so than in the wrong geometries.
        assert -0.05 < misalignment[norm] < min(misalignment.values()) + 0.02 < max(misalignment.values()) - 0.08
    assert found.confidence == 1
    assert found.interval == pytest.approx((0.025 ** (1 / 4), 1.0))  # Clopper and Pearson's for 4 of 4
    assert found.coincide == ()
    assert f"maximises the {norm} margin, on 4 of 4 datasets" in found.sentence
    flows = norm in ("l2", WEIGHTED) and name != "normalised GD"
    assert found.until == pytest.approx(1e3 if flows else math.log(10_000))


def test_coordinate_descent_follows_l1():
    found = identify(
        library.coordinate_descent(DECAY), drawn(8, classes=0), steps=20_000, norms=("l1", "l1.5", "l2", "linf")
    )
    assert found.norm == "l1"


def test_muon_follows_the_spectral_norm():
    muon = library.spectral_descent(DECAY, b1=0.9)
    found = identify(muon, drawn(2, classes=5), steps=20_000, norms=("l2", "linf", "spectral"))
    assert found.norm == "spectral"


@pytest.mark.parametrize("steps", [20_000, 100_000])
def test_adam_changes_from_linf_to_l2_where_gradients_pass_eps(steps):
    found = identify(optax.adam(3e-4, b2=0.95), DATASETS, steps=steps, log_time=1e3, norms=NORMS)
    (constant,) = found.constants
    assert 1e-8 / 3 < constant.size < 3e-8
    assert (constant.above, constant.below) == (0, 1)
    if steps == 20_000:
        assert (found.norm, found.later) == ("linf", "l2")
        assert "goes to the l2 margin" in found.sentence
        assert found.gradients_pass is None
        assert (constant.log_time, constant.passed) == (None, 0)
        assert "gradients are still above it" in found.sentence
        assert found.between is None
        assert found.until == pytest.approx(math.log(20_000))
    else:
        assert (found.norm, found.later) == ("l2", None)
        assert found.until == pytest.approx(1e3)
        assert [phase.norm for phase in found.phases] == ["linf", "l2"]
        assert found.phases[0].end < found.phases[1].end
        assert "changes: linf" in found.sentence
        assert 20_000 < math.exp(found.gradients_pass) < 50_000
        assert 20_000 < math.exp(constant.log_time) < 50_000
        assert found.between.norm == "linf"
        assert 10_000 < math.exp(found.between.log_time) < 100_000
        assert found.between.last < 0.8 < 0.96 < found.between.share
        assert f"it came to {found.between.share:.4f} of the maximal linf margin" in found.sentence
    assert found.saturation == pytest.approx(1e-8, rel=1e-3)


def test_a_rotated_adam_follows_none():
    rotated = library.rotated(library.adam(PowerDecay(1.0, 0.5), b2=0.95), 0.8)
    found = identify(rotated, DATASETS, steps=100_000, norms=("l1.5", "l2", "linf"))
    assert found.norm is None
    assert found.settled
    assert not found.undecided
    assert max(score.wins for score in found.ranking) <= 1
    assert all(score.stands >= 2 and score.slope > 0.9 for score in found.ranking)
    assert "none of these norms" in found.sentence


def test_gaps_that_have_not_stood_still_for_two_decades_do_not_say_none():
    found = identify(library.rotated(library.adam(DECAY, b2=0.95), 0.8), DATASETS, steps=2_000, norms=NORMS)
    assert (found.norm, found.settled, found.undecided) == (None, False, True)
    assert "Not settled yet" in found.sentence


def test_sign_plus_normalised_gradient_is_no_norm_of_these():
    def both(updates, params=None):
        return jax.tree.map(lambda g: jnp.sign(g) + g / jnp.linalg.norm(g), updates)

    mixture = optax.chain(optax.stateless(both), optax.scale_by_learning_rate(DECAY))
    for steps in (100, 1_000, 10_000):
        assert identify(mixture, DATASETS, steps=steps, norms=NORMS).norm is None


SLOW = {
    "Adam without eps, of a constant step": library.adam(1e-3),
    "AdamW": optax.adamw(1e-3),
}


@pytest.mark.parametrize("name", SLOW)
def test_what_still_moves_is_not_said_to_follow_none(name):
    found = identify(SLOW[name], drawn(4, classes=5), steps=20_000)
    assert found.norm in (None, "linf")
    assert found.norm or not found.settled
    assert "none of these" not in found.sentence


@pytest.mark.parametrize(
    ("optimizer", "steps", "seed"),
    [(optax.adamw(1e-3), 100_000, 0), (optax.contrib.madgrad(1e-3), 10_000, 1)],
    ids=["AdamW, once gradients are below eps", "MADGRAD"],
)
def test_a_gap_that_falls_for_a_while_does_not_name_its_norm(optimizer, steps, seed):
    found = identify(optimizer, drawn(8, seed=seed, classes=5), steps=steps, norms=("l2", "l3", "linf"))
    assert (found.norm, found.settled, found.undecided, found.tied) == (None, False, True, ("l3",))
    best = found.ranking[0]
    assert (best.norm, best.falls, best.slope < 1 / 2) == ("l3", 8, True)
    assert best.misalignment > (1 - best.share) / 20
    assert "the gap in l3 falls, but may level off: updates miss" in found.sentence


def test_updates_that_alternate_in_sign_may_miss_much_of_the_margin_beside_a_small_gap():
    found = identify(library.rmsprop(DECAY, b2=0.95), drawn(8, seed=1, classes=5), steps=10_000, norms=("l2", "linf"))
    assert found.norm == "linf"
    assert found.ranking[0].misalignment > 0.1


MATRIX = ("l2", "l3", "nuclear", "schatten1.5", "schatten3", "spectral")


def test_weights_beyond_the_range_of_numbers_have_no_singular_values():
    found = identify(optax.lamb(1e-3), drawn(2, classes=5), steps=20_000, norms=("l2", "spectral"))
    assert found.norm is None


@pytest.mark.parametrize("norm", ["nuclear", "schatten3"])
def test_a_norm_among_close_rivals_is_not_named_wrongly(norm):
    found = identify(library.steepest_descent(DECAY, norm), drawn(8, classes=5), steps=10_000, norms=MATRIX)
    assert found.norm in (None, norm)
    assert found.norm or found.undecided
    if found.norm is None:
        assert norm in found.tied
        assert found.telling > math.log(10_000)
        assert "would tell" in found.sentence


def test_a_norm_that_is_not_among_those_tried_is_not_replaced_by_the_nearest():
    found = identify(library.sign_gd(DECAY), DATASETS, steps=10_000, norms=("l2", "l3"))
    assert found.norm is None
    assert all(score.wins == 0 for score in found.ranking)


def test_too_few_steps_are_said_to_be_too_few():
    found = identify(optax.adam(1e-3, b2=0.99), DATASETS, steps=2_000, norms=NORMS)
    assert found.norm is None
    assert found.undecided
    assert "give more steps" in found.sentence


def test_norms_whose_maximisers_coincide_are_not_told_apart():
    found = identify(library.sign_gd(DECAY), Dataset([[1, 1], [2, 2]], [1, 1]), steps=1_000, norms=NORMS)
    assert found.norm is None
    assert math.isnan(found.confidence)
    assert found.sentence == "These norms cannot be told apart on this dataset: their maximisers coincide."


def test_where_all_maximisers_coincide_nothing_else_is_said():
    points = np.array([[1.0], [2.0], [-1.0], [3.0]])
    for data in ([Dataset(points, np.sign(points[:, 0]))] * 2, [Dataset(np.ones((4, 3)), np.ones(4))]):
        found = identify(optax.adam(0.01), data, steps=1_000, log_time=100, norms=NORMS)
        assert (found.norm, found.settled, found.phases) == (None, False, ())
        assert found.sentence.count(".") == 1
        assert "cannot be told apart" in found.sentence


@pytest.mark.filterwarnings("error")
def test_a_step_size_of_zero_moves_nothing():
    found = identify(optax.sign_sgd(0.0), DATASETS[:2], steps=1_000, norms=NORMS)
    assert (found.norm, found.settled, found.moved, found.undecided) == (None, False, False, False)
    assert found.sentence == "The weights do not move on these datasets: there is no margin to speak of."


def test_one_dataset_names_the_norms_that_coincide_there():
    """At (1, 1, 0) the margins of (1, 3, 0) and (3, 1, 0) are maximal in all three norms; in linf elsewhere as well."""
    data = Dataset([[1, 3, 0], [3, 1, 0]], [1, 1])
    found = identify(library.sign_gd(DECAY), data, steps=3_000, norms=("l1.5", "l2", "linf"))
    assert set(found.coincide) | {found.ranking[0].norm} == {"l1.5", "l2", "linf"}
    assert "cannot be told apart" in found.sentence


def test_weights_that_come_to_rest_still_count():
    """With weight decay the weights stop growing, at the maximiser in a ball."""
    lion = optax.lion(PowerDecay(0.1, 0.5), weight_decay=0.1)
    found = identify(lion, DATASETS, steps=10_000, norms=NORMS)
    assert found.norm == "linf"


def test_the_same_call_gives_the_same_answer():
    first, second = (identify(library.sign_gd(DECAY), DATASETS[:2], steps=200, norms=NORMS) for _ in range(2))
    assert first.ranking == second.ranking
    assert first.sentence == second.sentence
    np.testing.assert_array_equal(first.gaps["l2"], second.gaps["l2"])
    one, other = (drawn(2, seed=5) for _ in range(2))
    assert all(np.array_equal(a.x, b.x) for a, b in zip(one, other, strict=True))
    assert not np.array_equal(drawn(1, seed=6)[0].x, one[0].x)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: identify(library.sign_gd(0.1), []), "no datasets"),
        (lambda: identify(library.sign_gd(0.1), DATASETS, norms=("l2",)), "name two at least"),
        (lambda: identify(library.sign_gd(0.1), DATASETS, norms=("l2", "spectral")), "needs a weight matrix"),
        (lambda: identify(library.sign_gd(0.1), DATASETS, loss="hinge"), "There is no loss"),
        (lambda: identify(library.sign_gd(0.1), DATASETS, steps=0), "at least one step"),
        (lambda: drawn(0), "cannot be drawn"),
        (lambda: drawn(2, classes=1), "cannot be drawn"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()


def test_data_that_cannot_be_separated_are_refused():
    with pytest.raises(NonSeparableError, match="Dataset 0"):
        identify(library.sign_gd(0.1), Dataset([[1, 0], [-1, 0]], [1, 1]))


def test_where_nothing_can_be_told_neither_the_share_nor_its_interval_is_a_number():
    found = identify(library.sign_gd(0.1), Dataset([[1, 1], [2, 2]], [1, 1]), steps=100, norms=("l2", "linf"))
    assert math.isnan(found.confidence)
    assert all(map(math.isnan, found.interval))


def test_norms_are_told_as_they_come_and_solved_once(monkeypatch):
    """Quick ones first, whatever the order in which they were asked for; known ones are not solved again."""
    data = Dataset([[2, 1], [1, 3], [0, 1]], [0, 1, 1], classes=2)
    solve, solved, told = references.max_margins_in, [], []

    def counted(norms, *rest, **others):
        for name, each in solve(norms, *rest, **others):
            solved.append(name)
            yield name, each

    monkeypatch.setattr(identifying, "max_margins_in", counted)
    known = {"l2": solvers.max_margins([data.problem], "l2")}
    norms = ("spectral", "l3", "linf", "l2")
    found = identify(library.sign_gd(0.1), data, steps=100, norms=norms, references=known, told=told.append)
    assert solved == ["linf", "l3", "spectral"]
    assert [sentence.split(":")[0] for sentence in told if "round" not in sentence] == ["l2", "linf", "l3", "spectral"]
    assert all("of the maximal margin after 100 steps, one dataset" in s for s in told if "round" not in s)
    assert set(found.gaps) == set(norms)


# Optimizers that ask for the loss, keep weights of their own or draw random numbers


def test_lookahead_follows_the_norm_of_its_fast_optimizer():
    found = identify(optax.lookahead(library.sign_gd(DECAY), 5, 0.5), DATASETS, steps=2000, norms=NORMS)
    assert found.norm == "linf"
    assert found.exact


@pytest.mark.parametrize("optimizer", [optax.polyak_sgd(), optax.noisy_sgd(0.5, key=0)], ids=["polyak", "noisy"])
def test_runs_are_not_carried_on_where_there_is_no_answer_to_gradients_alone(optimizer: optax.GradientTransformation):
    found = identify(optimizer, DATASETS[:2], steps=500, norms=("l2", "linf"))
    assert found.until == found.steps
    assert found.ranking[0].norm == "l2"
