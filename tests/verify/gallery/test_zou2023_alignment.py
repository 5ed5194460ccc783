"""The experiments on the CNN, in small, and its quantities where they refuse."""

import json

import numpy as np
import pytest

from reports.gallery import write_exhibit
from solvers.errors import InputError
from verify.gallery import EXPERIMENTS, zou2023_alignment, zou2023_digits, zou2023_phase
from verify.gallery.making import make
from verify.problems.cnn.runs import STEPS

PHASE = {"alphas": "2", "sparsities": "2", "s_max": "64", "seeds": "2", "n": "8", "m": "6", "points": "100"}


def exhibit(name: str, changes: dict[str, str], folder) -> dict:
    made = make(EXPERIMENTS[name].with_parameters(changes), 0, folder, show=lambda *_: None)
    assert write_exhibit(folder, made)["figure"].is_file()
    return json.loads(json.dumps(made, allow_nan=False))


def test_adam_fails_with_feature_noise_only(tmp_path):
    made = exhibit("zou2023-phase", PHASE, tmp_path)
    (_, clean, noisy) = made["rows"][-1]
    assert made["rows"][-1][0] == "64"
    assert clean <= 0.05
    assert noisy >= 0.5
    assert made["sentences"][1].startswith("With noise on 64 coordinates Adam's test error passes ½ at α = 0.")
    assert made["sentences"][-2] == "The largest training error is 0."
    assert made["sentences"][-1].startswith(
        "Runs go 600 steps, to T = 4/(η s σ_p), in which time a weight can move by "
    )


def test_crossing_lies_between_its_grid_points():
    assert zou2023_phase._crossing([0.0, 0.2, 0.4], np.array([0.0, 0.25, 0.75])) == pytest.approx(0.3)
    assert zou2023_phase._crossing([0.0, 0.2], np.array([0.0, 0.4])) is None
    assert zou2023_phase._crossing([0.1, 0.2], np.array([0.9, 1.0])) == 0.1


def test_phase_with_overlapping_supports(tmp_path):
    made = exhibit("zou2023-phase", PHASE | {"d": "100", "steps": "30", "sparsities": "1"}, tmp_path)
    assert made["parameters"]["d"] == 100
    assert all(0 <= value <= 1 for value in made["rows"][0][1:])


def test_phase_at_a_horizon_of_its_own(tmp_path):
    """At these sizes what failed at T = 0.3/η is lost by 3/η."""
    small = {"alphas": "2", "alpha_max": "0.5", "sparsities": "1", "s_max": "64", "seeds": "4", "n": "8", "m": "12"}
    memoryless = small | {"points": "100", "b1": "0", "b2": "0"}
    early = exhibit("zou2023-phase", memoryless | {"travel": "0.3", "eta": "0.005"}, tmp_path / "early")
    late = exhibit("zou2023-phase", memoryless | {"travel": "3", "eta": "0.005"}, tmp_path / "late")
    assert early["rows"][0][-1] > 0.9
    assert late["rows"][0][-1] < 0.5
    assert late["sentences"][-1] == "Runs go 600 steps, to T = 3/η."


def test_two_of_travel_steps_and_eta_set_the_clock():
    def clock(**changes):
        return zou2023_phase.Parameters(**changes).clock(64)

    unit = 1 / (0.75 * 8)
    assert clock() == (600, pytest.approx(unit / 150))
    assert clock(steps=30) == (30, pytest.approx(unit / 150))
    assert clock(eta=0.01) == (600, 0.01)
    assert clock(travel=3.0) == (STEPS, pytest.approx(3 / STEPS))
    assert clock(travel=3.0, steps=100) == (100, pytest.approx(0.03))
    assert clock(travel=3.0, eta=0.01) == (300, 0.01)
    with pytest.raises(InputError, match="give two of the three"):
        clock(travel=3.0, eta=0.01, steps=300)
    with pytest.raises(InputError, match="travel, steps and eta are 0 or more"):
        clock(travel=-1.0)


def test_published_constants_in_small(tmp_path):
    small = {"n": "8", "d": "40", "s": "8", "m": "3", "steps": "40", "points": "50"}
    made = exhibit("zou2023-published", small, tmp_path)
    assert [row[0] for row in made["rows"]] == [m.name for m in zou2023_alignment.BATCHES]
    assert "outside the theorem's orders" in made["sentences"][-1]


def test_alignment_in_small(tmp_path):
    made = exhibit(
        "zou2023-alignment",
        {"n": "4", "s": "150", "alpha": "0.2", "m": "8", "seeds": "1", "points": "50"},
        tmp_path,
    )
    ends = {row[0]: (row[1], row[2]) for row in made["rows"]}
    assert ends.pop("GD") == (0, 0)
    assert set(ends.values()) == {(0, 1)}
    feature = {row[0]: row[4] for row in made["rows"]}
    assert feature["Adam, β = (0.9, 0.999)"] < 0  # the median neuron has turned against its feature
    assert made["sentences"][-1] == "All orders of the theorem hold at these sizes."
    assert len(made["drawing"]["curves"]) == 4 * len(zou2023_alignment.METHODS)


def test_digits_are_cut_into_patches():
    p = zou2023_digits.Parameters()
    x, y = zou2023_digits.images(p)
    assert x.shape[1:] == (4, 16)
    assert set(y) == {-1.0, 1.0}
    whole = zou2023_digits.parse("digits:classes=3,8").x[0].reshape(8, 8) / 16
    np.testing.assert_array_equal(x[0, 1].reshape(4, 4), whole[:4, 4:])


def test_digits_in_small(tmp_path):
    made = exhibit("zou2023-digits", {"n": "10", "m": "2", "steps": "25", "seeds": "1"}, tmp_path)
    assert len(made["rows"]) == len(zou2023_alignment.METHODS)


def test_parameters_that_do_not_fit():
    with pytest.raises(InputError, match="cannot be halved"):
        zou2023_phase.Parameters(s_max=4, sparsities=5)
    with pytest.raises(InputError, match="leaves no test image"):
        zou2023_digits.images(zou2023_digits.Parameters(n=1000))
    with pytest.raises(InputError, match="1 or more"):
        zou2023_alignment.Alignment(seeds=0)
    with pytest.raises(InputError, match="choose travel > 0"):
        zou2023_alignment.Alignment(travel=0.0)
