"""Hunts in rounds: what they find, keep and go on from."""

from dataclasses import replace

import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.given import claim
from verify.claims import Bound
from verify.datasets import Dataset
from verify.trials.long_hunt import Ground, Progress, after_round, follow

AIM = Dataset([[2.0, 1.0], [1.0, 3.0]], [1, 1])


def stretched(lab):
    """How much longer the longest point of each dataset is than its shortest one."""
    sizes = [np.linalg.norm(s.x, axis=1) for s in lab.datasets]
    return np.array([[size.max() / max(size.min(), 1e-3)] for size in sizes])


def ground(limit: float = 1e9, **changes) -> Ground:
    hunted = claim(stretched, kind=Bound.constant(limit))
    return Ground(hunted, **{"admits": lambda s: s.n <= 4, "size": 8, "steps": 10} | changes)


def rounds(count: int):
    return lambda progress: progress.rounds < count


def test_changes_of_the_hardest_come_nearer_than_draws_alone():
    steered, drawn = (follow(ground(admits=admits), Progress(), go_on=rounds(6)) for admits in (
        lambda s: s.n <= 4, None))  # fmt: skip
    assert steered.archive[0].value > drawn.archive[0].value
    assert steered.judged <= steered.cases <= 48


def test_a_hunt_that_is_gone_on_with_is_as_one_without_a_break():
    whole = follow(ground(), Progress(), go_on=rounds(4))
    half = follow(ground(), Progress(), go_on=rounds(2))
    kept = Progress.from_json(half.to_json())
    assert kept.to_json() == half.to_json()
    again = follow(ground(), kept, go_on=rounds(4))
    assert again.to_json() == whole.to_json()


def test_what_is_given_is_tried_first_and_an_answer_is_confirmed_and_kept():
    found = after_round(ground(1.2, given=(AIM, AIM)), Progress())
    assert (found.rounds, found.cases, found.judged) == (1, 1, 1)
    assert found.answers[0].case.key == AIM.key
    assert found.answers[0].value == pytest.approx(np.sqrt(2) / 1.2)
    assert not after_round(ground(2.0, given=(AIM,)), Progress()).answers


def test_an_answer_that_fades_at_ten_times_the_horizon_is_none():
    def fades(lab):
        return np.full((len(lab.cases), 57), 10.0 / lab.steps)

    hunted = claim(fades, kind=Bound.constant(0.6))
    assert not after_round(Ground(hunted, steps=10, given=(AIM,)), Progress()).answers
    lasting = claim(fades, kind=Bound.constant(0.05))
    assert after_round(Ground(lasting, steps=10, given=(AIM,)), Progress()).answers


def test_what_does_not_belong_is_left_out_and_the_rest_prepared():
    halved = replace(ground().claim, prepare=lambda s: Dataset(s.x / 2, s.y))
    one = replace(ground(), claim=halved, admits=lambda s: s.n == 2)
    assert [case.x.tolist() for case in one.prepared([AIM, Dataset([[1.0]], [1])])] == [(AIM.x / 2).tolist()]
    with pytest.raises(InputError, match="not known what belongs to"):
        ground(admits=None).prepared([AIM])


def test_no_steps_are_refused():
    with pytest.raises(InputError, match="at least one step"):
        ground(steps=0)
