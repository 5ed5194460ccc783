"""The map of broken promises: what is counted where, what is said of it, and one small map from the start."""

import json

import numpy as np
import pytest

from reports.gallery import write_exhibit
from solvers.errors import InputError
from verify.gallery import EXPERIMENTS
from verify.gallery.making import make
from verify.gallery.zou2023_probability import Parameters, Place
from verify.problems.cnn.runs import SHARES, Way
from verify.problems.cnn.separation import SINCE, SeparationShortfall

LOOKS = len(SHARES) - SINCE


def exhibit(changes: dict[str, str], folder) -> dict:
    made = make(EXPERIMENTS["zou2023-probability"].with_parameters(changes), 0, folder, show=lambda *_: None)
    assert write_exhibit(folder, made)["figure"].is_file()
    return json.loads(json.dumps(made, allow_nan=False))


def told(monkeypatch, late: dict[tuple[int, int, float], int], unsure: dict[tuple[int, int, float], int]) -> None:
    """Let so many runs at a place break the promise at the end and none before."""

    def broken(self, lab, drawn):
        place = drawn[0].n, drawn[0].s, drawn[0].alpha
        k = np.arange(len(drawn))
        certain, open_ = np.zeros((2, len(drawn), LOOKS), bool)
        certain[:, -1] = k < late.get(place, 0)
        open_[:, -1] = ~certain[:, -1] & (k < late.get(place, 0) + unsure.get(place, 0))
        return certain, open_

    monkeypatch.setattr(SeparationShortfall, "broken", broken)


def test_rates_are_told_against_what_the_theorem_allows(monkeypatch, tmp_path):
    told(monkeypatch, {(8, 64, 0.25): 12, (4, 64, 0.5): 2}, {(4, 128, 0.25): 1})
    made = exhibit(
        {"n": "4,8", "s": "64,128", "size": "600", "alphas": "0.5", "alphas_n": "4", "alphas_s": "64"}, tmp_path
    )
    assert made["drawing"]["y"]["values"] == [4, 8]
    assert made["drawing"]["z"]["values"] == [[0, 0], [pytest.approx(12 / 17), None]]
    above, below, undecided, lost, inside = made["sentences"]
    assert above == "The rate is certainly above 1/n at n = 8, α = 0.25, s = 64."
    assert below == "The rate is certainly below 1/n at n = 4, α = 0.25, s = 64."
    assert undecided == "The rate is undecided against 1/n at n = 4, α = 0.25, s = 128; n = 4, α = 0.5, s = 64."
    assert lost == "Of 14 runs that break the promise by T = 3/η, 14 still kept it at T = 0.6/η."
    assert inside == "Where all orders of the theorem hold (n = 4, α = 0.25, s = 128), 0 of 17 runs break it."
    rows = {row[0]: row[3:] for row in made["rows"]}
    assert rows["n = 8, s = 64, α = 0.25"] == [0, 12, 17, "0.397 to 0.918", 0.125, "above"]
    # No failure in 17 runs: at most 1 - 0.01^(1/17).
    assert rows["n = 4, s = 64, α = 0.25"][3] == "0.000 to 0.237"


def test_steps_are_fine_beside_the_first_stage():
    p = Parameters()
    place = Place(4, 64, 0.25)
    rate = p.rate(place)
    assert rate.count == 3 * 20 * 6  # s sigma_p = 0.75 * 8
    assert rate.step_size(p.setting(place, 0), rate.fails) == pytest.approx(3 / rate.count)
    assert rate.fails == Way("adam", (0.0, 0.0))
    longer = Parameters(method="sign_gd", travel=6.0).rate(place)
    assert (longer.fails.method, longer.travel, longer.count) == ("sign_gd", 6.0, 720)


def test_feature_noise_makes_adam_fail_in_small(tmp_path):
    """The promise of the theorem is kept; without feature noise, Adam learns the feature and breaks it."""
    small = {"n": "4", "s": "150", "alphas": "", "seeds": "2", "m": "8", "stage": "15", "b1": "0.9", "b2": "0.9"}
    kept = exhibit(small, tmp_path / "kept")
    assert kept["drawing"]["z"]["values"] == [[0]]
    broken = exhibit(small | {"alpha": "0"}, tmp_path / "broken")
    assert broken["drawing"]["z"]["values"] == [[1]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": "4,x"}, "is no list of numbers"),
        ({"s": "0"}, "not above 0"),
        ({"n": ""}, "choose a larger size"),
        ({"size": 10}, "choose a larger size"),
        ({"seeds": 0}, "a seed, a neuron and a step a stage"),
        ({"method": "lion"}, "the method adam or sign_gd"),
    ],
)
def test_parameters_that_do_not_fit(changes, message):
    with pytest.raises(InputError, match=message):
        Parameters(**changes)
