"""Growth in the first stage, on runs: by η a step of a feature that signs follow, and as the tensor power method."""

from dataclasses import replace

import numpy as np
import pytest

from verify.problems.cnn.runs import GD
from verify.problems.cnn.settings import CnnSetting
from verify.problems.cnn.stages import Growth, TensorPower, own_noise
from verify.problems.laboratory import Laboratory
from verify.problems.subject import Described

SETTING = CnnSetting(n=6, s=500, alpha=0.1, noise=0.75, m=16, b1=0.0, b2=0.0)
LAB = Laboratory([SETTING], steps=10)
TEXT = Described("Adam")


def test_a_samples_own_noise_is_seen_by_the_neurons_of_its_class():
    job = Growth().job(SETTING, GD)
    w = {name: np.asarray(value) for name, value in job.start.items()}
    products = np.einsum("jrns,ns->jrn", w["noise"], np.asarray(job.data.noise))  # each noise has weights of its own
    for i, y in enumerate(np.asarray(job.data.y)):
        assert own_noise(w, job)[i] == pytest.approx(products[0 if y > 0 else 1, :, i].max())


def test_signs_move_a_feature_by_eta_a_step():
    m = Growth(what="feature", factor=2.0).measure(TEXT, LAB)
    np.testing.assert_allclose(m.values, 1.0, rtol=1e-4)
    np.testing.assert_array_equal(m.larger_side, 2.0)


def test_signs_move_noise_by_more_and_gradient_descent_by_less():
    noise = Growth(what="noise", at_least=True, law="s sigma_p", factor=0.3)
    m, slow = (quantity.measure(TEXT, LAB) for quantity in (noise, replace(noise, way=GD)))
    np.testing.assert_allclose(m.values, 0.3 / SETTING.unit)
    assert np.all(m.larger_side > m.values)
    assert np.all(slow.larger_side < slow.values)


def test_the_feature_follows_the_tensor_power_method_and_the_noise_does_not():
    feature, noise = (TensorPower(what=what).measure(TEXT, LAB) for what in ("feature", "noise"))
    assert np.all(feature.values <= feature.larger_side)
    assert (feature.values > 0).any()
    assert (noise.values > noise.larger_side).any()
