"""What deficits and updates say of runs on mini-batches: known answers, and what the sums of updates lack."""

import math
from functools import cache
from typing import Any

import numpy as np
import pytest

import verify
from solvers.errors import InputError
from verify import Dataset, optimizers
from verify.identification.drawn import drawn
from verify.identification.identification import Identification
from verify.identification.identify import identify
from verify.optimizers import PowerDecay

NORMS = ("l2", "linf")
DECAY = PowerDecay(0.1, 0.5)
ADAM = optimizers.adam(DECAY, 0.9, 0.95)


def rademacher(seed: int) -> Dataset:
    """Five points, each of one absolute value in all of its eight features, separable by the first."""
    rng = np.random.default_rng(seed)
    signs = np.column_stack([np.ones(5), rng.choice([-1.0, 1.0], (5, 7))])
    y = np.array([1, -1, 1, -1, 1])
    return Dataset(y[:, None] * rng.choice([0.5, 1.0, 2.0, 3.0], (5, 1)) * signs, y, f"Rademacher {seed}")


DATASETS = [rademacher(seed) for seed in (12, 14, 22, 24, 29, 32)]  # which tell the two norms apart


@cache
def found(name: str, sampling: str = "full", batch: int | None = None) -> Identification:
    """One run for all tests that ask for it."""
    if name == "Adam":
        return identify(ADAM, DATASETS, steps=5_000, norms=NORMS, sampling=sampling, batch=batch)
    made = {
        "Signum": optimizers.steepest_descent(DECAY, "linf", b1=0.99),
        "NGD": optimizers.normalised_gd(PowerDecay(1.0, 0.5)),
        "GD": optimizers.gradient_descent(0.5),
    }
    steps = 100_000 if name == "NGD" else 10_000
    return identify(made[name], drawn(4, classes=0), steps=steps, norms=NORMS, sampling=sampling, batch=batch)


def test_adam_on_single_points_leaves_the_linf_margin_of_scaled_rademacher_data():
    """Baek, Song, Yun (2025), Theorem 3.3."""
    full, cyclic = found("Adam"), found("Adam", "cyclic", 1)
    assert (full.norm, cyclic.norm) == ("linf", "l2")
    assert cyclic.ranking[0].wins == 6
    assert cyclic.ranking[1].share < 0.8 < 0.99 < cyclic.ranking[0].share
    assert cyclic.sentence.startswith("With batches of 1, cyclic: it maximises the l2 margin, on 6 of 6 datasets")
    assert (full.sampling, cyclic.sampling) == ("full batch", "batches of 1, cyclic")
    assert full.sentence.startswith("It maximises the linf margin")


@pytest.mark.parametrize("sampling", ["cyclic", "with-replacement"])
def test_signum_of_a_long_memory_keeps_linf_on_single_points(sampling: str):
    """Baek, Song, Yun (2025), Theorem 5.1."""
    assert found("Signum", sampling, 1).norm == "linf"


def test_normalised_steps_on_single_points_follow_none():
    """They go to the mean of the points' directions."""
    it = found("NGD", "cyclic", 1)
    assert (it.norm, it.settled) == (None, True)
    assert "with batches of 1, cyclic: it maximises the margin of none of these norms" in it.sentence.lower()
    # What the updates add up to lacks as much as the weights do, where single updates lack more than half again.
    for score in it.ranking:
        assert score.misalignment == pytest.approx(1 - score.gained, abs=0.01)


def test_what_updates_on_batches_add_up_to_is_straight_where_they_are_not():
    """Gradient descent's updates on single points go along these points, and to the l2 maximiser in the mean."""
    it = found("GD", "cyclic", 1)
    l2 = next(score for score in it.ranking if score.norm == "l2")
    assert abs(l2.misalignment) < 0.02
    assert it.norm in (None, "l2")
    assert it.norm or not it.settled


def test_steps_within_an_epoch_tell_nothing_of_alignment():
    it = identify(
        optimizers.normalised_gd(PowerDecay(1.0, 0.5)), DATASETS[0], steps=8, norms=NORMS, sampling="cyclic", batch=1
    )
    assert all(math.isnan(score.misalignment) for score in it.ranking)
    assert not it.settled


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"sampling": "cyclic"}, "The sampling 'cyclic' has no batch size: give batch=1"),
        ({"batch": 2}, "A full step sees all points, not a batch of 2"),
        ({"sampling": "cyclic", "batch": 6}, "The batch of 6 is larger than dataset 0, of 5 points"),
        ({"sampling": "shuffled", "batch": 1}, "There is no sampling 'shuffled': use one of full, cyclic"),
    ],
)
def test_bad_batches(wrong: dict[str, Any], sentence: str):
    with pytest.raises(InputError, match=sentence):
        verify.identify(ADAM, DATASETS, norms=NORMS, **wrong)
