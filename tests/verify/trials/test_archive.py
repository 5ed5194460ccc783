"""The archive of hard datasets: one a cell, the hardest."""

import numpy as np

from verify.datasets import Dataset
from verify.trials.archive import LARGEST, Hard, cell_of, merged

AIM = Dataset([[2.0, 1.0], [1.0, 3.0]], [1, 1])


def test_the_archive_keeps_the_hardest_of_each_cell():
    cell = cell_of(AIM)
    assert cell == (2, 2, 0, 0, 2)
    other = (3, *cell[1:])
    low, high, apart = Hard(1.0, AIM, cell), Hard(2.0, AIM, cell), Hard(0.5, AIM, other)
    assert merged([low], [apart, high]) == (high, apart)
    assert merged([high], [low]) == (high,)
    many = [Hard(float(i), AIM, (i, 2, 0, 1, 2)) for i in range(200)]
    assert [hard.value for hard in merged([], many)] == [float(i) for i in range(199, 199 - LARGEST, -1)]
    assert cell_of(Dataset([[1.0], [-1.0]], [1, 1])) is None
    assert cell_of(Dataset([[1e-200]], [1])) is None


def test_an_infinite_value_survives_its_record():
    hard = Hard(np.inf, AIM, (2, 2, 0, 1, 2))
    again = Hard.from_json(hard.to_json())
    assert (again.value, again.cell, again.case.key) == (np.inf, hard.cell, AIM.key)
