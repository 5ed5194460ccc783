"""The balance of feature and memory: its law along flows, by hand on one sample a class, and what twins change."""

from dataclasses import replace

import numpy as np
import pytest

from solvers.errors import InputError
from verify import Dataset
from verify.problems.cnn.balance import TIMES, BalanceSetting, Forgotten, flow, largest_feature, memory
from verify.problems.laboratory import Laboratory
from verify.problems.subject import Described

SETTINGS = [
    BalanceSetting(n=n, m=m, q=q, alpha=0.0, lam=lam, ratio=ratio, seed=seed)
    for seed, (n, m, q, lam, ratio) in enumerate([(2, 2, 3, 0.01, 0.7), (6, 4, 4, 1e-3, 1.3), (4, 3, 5, 1e-4, 0.9)])
]
NOISY = [replace(setting, alpha=0.2, ratio=0.8) for setting in SETTINGS]
TEXT = Described("gradient flow")


def sides(quantity: Forgotten, settings: list[BalanceSetting]) -> np.ndarray:
    """The quantity over its bound."""
    m = quantity.measure(TEXT, Laboratory(settings, steps=1))
    assert m.judged.all()
    return m.values / m.larger_side


def test_the_balance_grows_as_the_law_says():
    for setting, states in zip(SETTINGS, flow(SETTINGS), strict=True):
        data, power = setting.data(), setting.q - 2.0
        first, *later = (
            largest_feature(w) ** -power - memory(w, data, setting.q) ** -power for w in (setting.start(), *states)
        )
        np.testing.assert_allclose(later, first * np.exp(power * TIMES)[:, None], rtol=1e-7)


def test_feature_noise_only_helps_to_forget_the_feature():
    for setting, states in zip(NOISY, flow(NOISY), strict=True):
        data, power = setting.data(), setting.q - 2.0
        balance = [
            np.maximum(largest_feature(w), 1e-300) ** -power - memory(w, data, setting.q) ** -power
            for w in (setting.start(), *states)
        ]
        assert np.all(balance[1:] >= balance[0] * np.exp(power * TIMES)[:, None])


def test_memory_of_one_sample_a_class_by_hand():
    setting = replace(SETTINGS[0], m=1)
    data = setting.data()
    w = {"feature": np.zeros((2, 1, 1)), "noise": np.full((2, 1, 2, 1), 2.0)}
    lengths = np.asarray(data.noise)[:, 0]
    # U = 2 |xi|, so that M = (1 / (U |xi|^2))^-1 = 2 |xi|^3.
    np.testing.assert_allclose(memory(w, data, 3.0), 2 * lengths**3)


def test_memory_of_a_class_is_less_than_that_of_each_sample():
    setting = SETTINGS[1]
    data, w = setting.data(), setting.start()
    assert np.all(memory(w, data, setting.q) < memory(w, data, setting.q, whole=False))


@pytest.mark.parametrize("setting", [*SETTINGS, *NOISY])
def test_a_start_has_the_ratio_that_was_asked_for(setting):
    w = setting.start()
    ratio = (largest_feature(w) / memory(w, setting.data(), setting.q)) ** (setting.q - 2)
    np.testing.assert_allclose(ratio, setting.ratio)


def test_the_lesser_is_forgotten_and_no_faster_and_no_other():
    for settings in (SETTINGS, NOISY):
        assert np.all(sides(Forgotten(), settings) <= 1 + 1e-6)
    last = sides(Forgotten(), SETTINGS)[:, -1]
    assert np.all(last > 0.97)
    np.testing.assert_allclose(sides(Forgotten(decay=1.1), SETTINGS)[:, -1], last * np.exp(0.1 * TIMES[-1]))
    assert np.all(sides(Forgotten(factor=0.5), SETTINGS)[:, -1] > 1.2)


def test_a_sample_that_is_not_memorised_is_refused():
    setting = SETTINGS[0]
    w = setting.start()
    with pytest.raises(InputError, match="memorised by no neuron"):
        memory({**w, "noise": -np.abs(w["noise"])}, setting.data(), setting.q)


def test_it_wants_settings_of_its_own():
    lab = Laboratory([Dataset(np.array([[1.0, 2.0]]), np.array([1]))], steps=10)
    with pytest.raises(InputError, match="on its own settings"):
        Forgotten().measure(TEXT, lab)
