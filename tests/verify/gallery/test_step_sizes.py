"""The experiment on step sizes, in small."""

import json

import numpy as np
import pytest

from reports import panels
from solvers import max_margin
from solvers.errors import InputError
from verify import optimizers
from verify.errors import TrajectoryError
from verify.gallery import EXPERIMENTS, step_sizes
from verify.gallery.step_sizes import DESCENT, HALF, NORMS, Parameters, allowed
from verify.runs.walk import read, walk

SMALL = Parameters(datasets=2, most=2, steps=60)


@pytest.fixture(scope="module")
def results() -> dict:
    found: dict = {}
    for name, part in step_sizes.parts(SMALL, 0).items():
        # Through JSON, as the command keeps them.
        found[name] = json.loads(json.dumps(part(found), allow_nan=False))
    return found


def drawn(results: dict, d: int) -> list:
    return [step_sizes.dataset(SMALL, 0, d, i, draw) for i, draw in enumerate(results["draws"][str(d)])]


def test_datasets_are_separable_and_their_samples_have_l1_norm_1_at_most(results):
    for d in SMALL.features:
        for s in drawn(results, d):
            assert np.abs(s.x).sum(axis=1).max() == pytest.approx(1)
            assert max_margin(s.x, s.y, classes=3).lower > 0


def test_the_largest_allowed_step_fulfils_its_condition_with_equality():
    gamma, radius = np.array([0.1, 0.5]), np.array([0.2, 1.0])
    eta = allowed(gamma, radius, 0.5)
    np.testing.assert_allclose(2 * radius**2 * np.exp(2 * radius * eta) * eta, gamma / 2)


def test_allowed_steps_descend_and_differ_by_the_radii(results):
    for norm in NORMS:
        for d in SMALL.features:
            part = results[f"{norm} {d}"]
            assert all(part["kept as promised"])
            ratio = np.array(part["by own"][DESCENT]) / np.array(part["by L1"][DESCENT])
            assert (ratio > 1).all() if norm != "max-norm" else ratio == pytest.approx(1)


def test_the_largest_step_seen_descends_and_one_a_little_larger_does_not(results):
    s, (seen, *_) = drawn(results, 2)[0], results["max-norm 2"]["seen"][DESCENT]
    for factor, falls in ((1.0, True), (1.05, False)):
        run = walk(optimizers.sign_gd(factor * seen), [s], steps=SMALL.steps)
        assert (np.diff(read([s], run.weights).log_loss) < 0).all() == falls


def test_steps_that_lose_half_of_the_margin_are_seen(results):
    s, (seen, *_) = drawn(results, 2)[0], results["max-norm 2"]["seen"][HALF]
    gamma = max_margin(s.x, s.y, "linf", classes=3).lower
    for factor, kept in ((1.0, True), (1.05, False)):
        run = walk(optimizers.sign_gd(factor * seen), [s], steps=SMALL.steps)
        share = read([s], run.weights).margin[0, -1] / np.abs(run.weights[0, -1]).max() / gamma
        assert (share >= 0.5) == kept


def test_finding(results):
    found = step_sizes.find(SMALL, results)
    assert {len(row) for row in found.rows} == {len(found.headings)}
    assert "fell in each of 60 steps in 8 of 8 runs" in found.sentences[-1]
    assert len(found.drawing["curves"]) == 4 * 2 * 3
    assert panels.whole(found.drawing) is not None


def test_nan_is_told(monkeypatch):
    monkeypatch.setattr(step_sizes, "_program", lambda norm, steps: lambda data: (np.array([np.nan]), np.ones(1)))
    with pytest.raises(TrajectoryError, match="in l2 met NaN or infinity"):
        step_sizes._runs("l2", [step_sizes.dataset(SMALL, 0, 2, 0, 0)], np.ones(1), 2, np.ones((1, 1)))


def test_it_is_registered_and_checks_its_parameters():
    assert EXPERIMENTS["step-sizes"] is step_sizes.EXPERIMENT
    with pytest.raises(InputError, match="two classes and features"):
        Parameters(most=1)
