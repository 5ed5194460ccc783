"""Smaller datasets: what is left out, what is kept, and how often one asks."""

import numpy as np
import pytest

from verify import Dataset
from verify.discovery.smaller import smaller, traits

WIDE = Dataset([[3.14159, 0, 7, 1], [-2.5, 1, 0, 2], [0.5, 5, 5, 5], [9, 8, 7, 6]], [1, -1, 1, -1])


def test_what_does_not_matter_is_left_out_and_numbers_are_cut_off():
    found = smaller(WIDE, lambda each: bool(np.abs(each.x).max() >= 6.2), most=200)
    assert np.abs(found.x).tolist() in ([[7]], [[9]], [[8]])
    assert found.y.tolist() == [1]


def test_numbers_are_cut_off_toward_zero_and_no_further_than_it_holds():
    point, exact = Dataset([[0.29, -0.318]], [1]), Dataset([[0.29, 0.31]], [1])

    def of_size(least: float, column: int):
        return lambda each: bool(each.d == 2 and abs(each.x[0, column]) >= least)

    assert smaller(point, of_size(0.3, 1), most=50).x.tolist() == [[0.2, -0.3]]
    assert smaller(point, of_size(0.29, 0), most=50).x.tolist() == [[0.29, -0.31]]
    assert smaller(exact, of_size(0.29, 0), most=50) is exact


def test_no_more_is_asked_than_is_allowed_and_nothing_twice():
    asked: list[tuple] = []

    def holds(each: Dataset) -> bool:
        asked.append((each.x.shape, sorted(map(tuple, np.c_[each.y, each.x].tolist()))))
        return each.n > 2

    copies = Dataset(np.ones((9, 2)), np.ones(9, int))
    assert smaller(copies, holds, most=100).n == 3
    assert len(asked) == len({str(each) for each in asked})
    asked.clear()
    smaller(WIDE, holds, most=3)
    assert len(asked) == 3


def test_where_nothing_smaller_holds_it_is_the_dataset_itself():
    assert smaller(WIDE, lambda each: False, most=100) is WIDE


def test_numbers_that_nothing_can_be_cut_off_are_left_alone():
    tiny = Dataset([[5e-320, 2e-320]], [1])
    assert smaller(tiny, lambda each: each.d == 2, most=50) is tiny


def test_no_class_loses_its_last_point():
    three = Dataset(np.eye(3), [0, 1, 2])
    found = smaller(three, lambda each: True, most=100)
    assert (found.classes, found.n) == (3, 3)


@pytest.mark.parametrize(
    ("drawn", "name", "broken"),
    [
        ([[[0.6, 0.8]], [[0, 0.5]]], "no point is longer than 1", [[1, 1]]),
        ([[[0.6, 0.8]], [[0, 1]]], "points are equally long", [[1, 1], [1, 0]]),
        ([[[1, 0], [0, 2]], [[3, 0]]], "points are orthogonal", [[1, 0], [1, 1]]),
        ([[[1, 0], [1, 2]], [[3, 1]]], "points are independent", [[1, 0], [2, 0]]),
        ([[[1, 0], [1, 2]], [[3], [1]]], "features are independent", [[1, 1], [2, 2]]),
        ([[[1, 0]], [[3, 1]]], "numbers are whole", [[0.5, 1]]),
        ([[[1, 0]], [[3, 0.5]]], "no number is negative", [[-1, 1]]),
        ([[[1, 0]], [[3, 0.5]]], "no point is zero", [[0, 0]]),
        ([[[1, 0], [0, 1]], [[3, 1]]], "no point occurs twice", [[1, 1], [1, 1]]),
        ([[[1, 0]], [[-1]]], "weights separate the points", [[1], [-1]]),
    ],
)
def test_what_all_drawn_data_have_in_common_is_kept(drawn, name, broken):
    data = [labelled(x) for x in drawn]
    kept = traits(data[0], data)
    assert not kept[name](labelled(broken))
    assert all(has(each) for each in data for has in kept.values())
    # What it does not have itself it need not keep.
    assert name not in traits(labelled(broken), data)


def labelled(x: list[list[float]]) -> Dataset:
    return Dataset(np.array(x, float), np.ones(len(x), int))


def test_labels_that_must_both_occur_are_not_folded_in():
    both = [Dataset([[1], [2]], [1, -1]), Dataset([[3], [-1]], [-1, 1])]
    assert {"both labels occur", "labels are evenly many"} <= set(traits(both[0], both))
    found = smaller(Dataset([[4.5, 1], [2, 3], [1, 1]], [1, -1, -1]), lambda each: True, most=100, among=both)
    assert (found.n, set(found.y.tolist())) == (2, {1, -1})
    assert "both labels occur" not in traits(both[0], [*both, Dataset([[1]], [1])])
    assert traits(both[0], []) == {}


def test_sizes_stay_at_those_of_the_smallest_that_is_drawn():
    drawn = [Dataset(np.eye(4)[:, :3] + 1, np.ones(4, int))]
    found = smaller(
        Dataset(np.arange(40.0).reshape(8, 5) + 1, np.ones(8, int)), lambda each: True, most=200, among=drawn
    )
    assert found.x.shape == (4, 3)
