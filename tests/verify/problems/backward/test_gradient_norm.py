"""The perturbed one-norm as a quantity: what is compared, what is left out, and what is told of it."""

from dataclasses import replace

import numpy as np
import pytest

from properties.cattaneo2024.test_networks import CLAIMS
from properties.cattaneo2024.test_oscillating_networks import BETAS, HALVES, RHOS, SQUARED
from solvers.errors import InputError
from verify import Dataset, Outcome, Trend
from verify.claims.judge import judge
from verify.problems.backward import gradient_norm
from verify.problems.backward.gradient_norm import NetworkNorm, accuracy_trend
from verify.problems.backward.sweep import Sweep
from verify.problems.backward.training import Training, train
from verify.problems.laboratory import Laboratory

FEW_RHOS = Sweep(("rho",), (0.9, 0.95, 0.99))
SMALL = Training(seeds=(0, 1), points=16, hidden=3)


def test_spiked_repetitions_are_not_judged(monkeypatch):
    seen = train([SMALL], FEW_RHOS, 200)
    loss = seen.loss.copy()
    loss[1, 0, -1] = 10 * loss[1, 0].max()
    monkeypatch.setattr(gradient_norm, "train", lambda *_, **__: replace(seen, loss=loss))
    found = NetworkNorm(FEW_RHOS, at_level=False).measure(CLAIMS[0].subject, Laboratory([SMALL], steps=10))
    assert found.judged.tolist() == [True, False]
    assert found.notes[0].startswith("1 of 2 repetitions are left out for a spike")
    assert len(found.datasets) == 2


def test_trend_holds_and_its_opposite_falls():
    setting = Training(seeds=tuple(range(8)), name="drawn")
    claim = CLAIMS[1]
    assert isinstance(claim.quantity, NetworkNorm)
    quantity = replace(claim.quantity, epochs=300)
    found = quantity.measure(claim.subject, Laboratory([setting], steps=10))
    assert judge(claim, found).outcome is Outcome.SUPPORTED
    assert judge(replace(claim, kind=Trend(1)), found).outcome is Outcome.REFUTED


@pytest.mark.parametrize("at_level", [False, True])
def test_repetitions_with_a_run_that_does_not_oscillate_are_not_judged(monkeypatch, at_level):
    setting = replace(SMALL, seeds=(0, 1, 2, 3))
    seen = train([setting], FEW_RHOS, 200, moments=1)
    turned = np.ones_like(seen.turned)
    turned[1, 0] = False
    loss = seen.loss.copy()
    loss[2, 1, -1] = 10 * loss[2, 1].max()
    monkeypatch.setattr(gradient_norm, "train", lambda *_, **__: replace(seen, loss=loss, turned=turned))
    quantity = NetworkNorm(FEW_RHOS, at_level=at_level, oscillating=True)
    found = quantity.measure(CLAIMS[0].subject, Laboratory([setting], steps=10))
    assert found.judged.tolist() == [True, False, False, True]
    assert found.notes[:2] == (
        "1 of 4 repetitions are left out for a spike of the loss",
        "1 are left out for a run that does not oscillate",
    )
    where = "there" if at_level else "late"
    assert found.notes[2] == f"of 12 runs {where}: 1 smooth, 10 oscillating, 1 spiked, 0 diverged"
    rose = replace(quantity, rising=0.05).measure(CLAIMS[0].subject, Laboratory([setting], steps=10))
    assert not rose.judged.any()  # the loss of none rises
    assert rose.notes[1].startswith("3 are left out for a run that does not oscillate, or whose loss rises in under 5%")


def test_regimes_are_told_of_all_claims():
    found = NetworkNorm(FEW_RHOS, epochs=200).measure(CLAIMS[0].subject, Laboratory([SMALL], steps=10))
    assert "of 6 runs there: 6 smooth, 0 oscillating, 0 spiked, 0 diverged" in found.notes
    assert not any("sharpness" in note for note in found.notes)


def test_oscillating_loss_tells_beta_and_not_rho():
    setting = replace(Training(seeds=tuple(range(6)), points=128, beta=0.8, rho=0.9), step_size=0.005)
    claim = replace(CLAIMS[1], kind=HALVES)
    by_beta, by_rho = (
        replace(SQUARED(sweep), epochs=600).measure(claim.subject, Laboratory([setting], steps=10))
        for sweep in (BETAS, RHOS)
    )
    assert judge(claim, by_beta).outcome is Outcome.SUPPORTED
    assert judge(claim, by_rho).outcome is Outcome.REFUTED
    assert any("the last preconditioned sharpness is" in note for note in by_beta.notes)


def test_accuracy_is_told():
    told = accuracy_trend(np.array([[0.9, 0.8, 0.7]] * 6))
    assert told.startswith("mean test accuracy along the sweep: 0.900, 0.800, 0.700")
    assert "unknown" in accuracy_trend(np.zeros((0, 3)))


def test_bad_cases():
    with pytest.raises(InputError, match="draw such ones"):
        NetworkNorm(FEW_RHOS).measure(CLAIMS[0].subject, Laboratory([Dataset([[1, 2]], [1])], steps=10))
