"""The exhibits on Adam's bias, in small."""

from dataclasses import replace

import numpy as np
import pytest

from solvers.errors import InputError
from verify.gallery import EXPERIMENTS, cattaneo2024_networks, cattaneo2024_valley
from verify.problems.backward.sweep import one_norm
from verify.problems.backward.training import train
from verify.problems.backward.valley import PAPER

SMALL = cattaneo2024_valley.Parameters(step_size=4e-3, steps=4000)
FEW = cattaneo2024_networks.Parameters(seeds=3, points=32, hidden=6, epochs=200, step_size=0.005)
KINDS = ("clean", "noisy", "squared")


def computed(parts) -> dict:
    found: dict = {}
    for name, part in parts.items():
        found[name] = part(found)
    return found


def complete(found, drawing) -> None:
    """Every curve names a series, row and column that are there, and its columns are of one length."""
    assert all(len(row) == len(found.headings) for row in found.rows)
    for curve in drawing["curves"]:
        assert len({len(curve[key]) for key in ("x", "y", "low", "high")}) == 1
        drawing["series"][curve["series"]], drawing["rows"][curve["row"]], drawing["columns"][curve["column"]]


def test_level_sets_are_level():
    first = np.linspace(0.4, 2.0, 20)
    second = cattaneo2024_valley.level_set(PAPER, 3.0, first, 4.0)
    assert np.isfinite(second).all()
    residual = PAPER.y - first * second * PAPER.x
    gradient = -PAPER.x * residual[:, None] * np.stack([second, first], axis=1)
    np.testing.assert_allclose(one_norm(gradient, PAPER.eps), 3.0, rtol=1e-9)
    assert (first * second > PAPER.y / PAPER.x).all()
    assert np.isnan(cattaneo2024_valley.level_set(PAPER, 3.0, first, 0.1)).all()


def test_illustration_shows_the_four_trends():
    results = computed(cattaneo2024_valley.parts(SMALL, 0))
    found = cattaneo2024_valley.find(SMALL, results)
    changes = {name: np.diff(results[name]["one_norm"]) for name in cattaneo2024_valley.COLUMNS}
    assert {name: np.sign(change).tolist() for name, change in changes.items()} == {
        "beta": [-1, -1],
        "rho": [1, 1],
        "step, β > ρ": [-1, -1],
        "step, ρ > β": [1, 1],
    }
    assert max(max(part["off"]) for part in results.values()) < 1e-6
    assert "falls" in found.sentences[0]
    assert "rises" in found.sentences[1]
    complete(found, found.drawing)


def test_trends_and_the_one_that_is_lost():
    results = computed(cattaneo2024_valley.trend_parts(SMALL, 0))
    assert all(part["settled"] for part in results.values())
    found = cattaneo2024_valley.find_trends(SMALL, results)
    changes = {row[0]: row[-1] for row in found.rows}
    assert abs(changes["ρ, ε large"]) < 1e-4
    assert changes["ρ"] > 0.01
    assert changes["β"] < -0.01
    assert sum("at every value" in sentence for sentence in found.sentences[:4]) == 4
    complete(found, found.drawing)


def test_networks():
    results = computed(cattaneo2024_networks.parts(FEW, 0))
    assert list(results) == [f"{kind} {name}" for kind in KINDS for name in ("rho", "beta")]
    found = cattaneo2024_networks.find(FEW, results)
    assert [row[:2] for row in found.rows][:2] == [("clean labels", "ρ = 0.8"), ("clean labels", "ρ = 0.9")]
    assert "(runs late in training: 12 smooth)" in found.sentences[0]
    assert found.rows[0][2] == "3 smooth"
    rising = np.median(results["clean rho"]["late"], axis=0)
    assert rising[-1] > rising[0]
    assert all(sum(sum(each) for each in part["regimes"].values()) == 12 for part in results.values())
    assert min(map(min, results["squared beta"]["over least"]["y"])) >= 1.0
    assert np.median(results["squared beta"]["sharpness"]["y"]) > np.median(results["clean beta"]["sharpness"]["y"])
    complete(found, found.drawing)


def test_only_runs_that_oscillate_are_compared(monkeypatch):
    def still(settings, sweep, epochs, moments):
        seen = train(settings, sweep, epochs, moments=moments)
        turned = np.ones_like(seen.turned)
        turned[0, 1] = False
        return replace(seen, turned=turned)

    monkeypatch.setattr(cattaneo2024_networks, "train", still)
    parts = cattaneo2024_networks.parts(FEW, 0)
    noisy, clean = (parts[name]({}) for name in ("noisy rho", "clean rho"))
    assert len(noisy["late"]) == len(noisy["accuracy"]) == 2
    assert len(clean["late"]) == 3
    assert noisy["regimes"]["smooth"] == [0, 1, 0, 0]
    assert noisy["regimes"]["oscillating"] == [3, 2, 3, 3]


def test_networks_that_did_not_learn_have_no_figure_to_tell():
    slow = replace(FEW, step_size=1e-6, noisy_step_size=1e-6, squared_step_size=1e-6)
    found = cattaneo2024_networks.find(slow, computed(cattaneo2024_networks.parts(slow, 0)))
    assert found.rows[0][5] is None
    assert all("at the same loss too few seeds are left" in sentence for sentence in found.sentences)


def test_they_are_registered_and_check_their_parameters():
    for name in ("illustration", "trends", "networks"):
        assert f"cattaneo2024-{name}" in EXPERIMENTS
    with pytest.raises(InputError, match=r"averages in \[0, 1\)"):
        cattaneo2024_valley.Parameters(rho=1.0)
    with pytest.raises(InputError, match="two seeds"):
        cattaneo2024_networks.Parameters(seeds=1)
    with pytest.raises(InputError, match="no multiple of 20"):
        cattaneo2024_networks.Parameters(epochs=110)
