"""Flows of methods with memory: where they end, how they meet the discrete runs, closed forms, bad input."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from properties.wang2022.test_adam import DIRECTION
from solvers import max_margin
from solvers.errors import InputError
from verify.datasets import Dataset
from verify.flows.dynamics import AdaGrad, Adam, GradientDescent, SteepestDescent
from verify.flows.flow import flow
from verify.problems.laboratory import Laboratory
from verify.problems.margins.gap import Gap
from verify.problems.margins.residual import residual_limit
from verify.runs.simulation import run

SLANTED = Dataset([[1, 0.5], [0.3, 1]], [1, 1])
THREE = Dataset([[1, 1], [1, -1], [1, 0.5]], [1, 1, 1])
DATASETS = [SLANTED, THREE]

DYNAMICS = {
    "average": GradientDescent(0.9, average=True),
    "inside": Adam(0.1, 1e-4),
    "outside": Adam(0.1, 1e-2, eps_inside_root=False),
    "rmsprop": Adam(0.1, 1e-2, b1=0.0, bias_correction=True),
}
EFFECTIVE = {"average": 1.0, "inside": 0.1 / 1e-2, "outside": 0.1 / 1e-2, "rmsprop": 0.1 / 0.1}


@dataclass(frozen=True)
class Misplaced(Adam):
    """Adam with eps inside the root, whose flow has it outside."""

    @property
    def numbers(self):
        return self.step_size, 0.0, self.eps**2, 1.0


@pytest.mark.parametrize("name", DYNAMICS)
def test_residual_is_that_of_the_effective_step_size(name):
    """Of the memory nothing remains but a factor in gradient descent's step size."""
    result = flow(DATASETS, dynamics=DYNAMICS[name])
    for i, dataset in enumerate(DATASETS):
        reference = max_margin(dataset.x, dataset.y)
        residual = result.weights[i][-1] - result.log_time[-1] * reference.weights / reference.upper
        own = flow(dataset).step_size[0] if name == "average" else 1.0
        limit = residual_limit(dataset, "logistic", EFFECTIVE[name] * own)
        wrong = residual_limit(dataset, "logistic", 2 * EFFECTIVE[name] * own)
        assert limit is not None
        assert wrong is not None
        assert np.abs(residual - limit).max() < 1e-8
        assert np.abs(residual - wrong).max() > 0.1


@pytest.mark.parametrize("dynamics", [*DYNAMICS.values(), AdaGrad(0.5), AdaGrad(0.5, 1e-4)], ids=str)
def test_flow_carries_the_method_on(dynamics):
    """Against 50 000 steps of the method itself: as near as the error at the hand-over, or nearer."""
    if isinstance(dynamics, GradientDescent):
        # The flow's step size is each dataset's own.
        steps = flow(SLANTED, dynamics=dynamics).step_size[0]
        data = Dataset(math.sqrt(steps) * SLANTED.x, SLANTED.y)
        result = flow(SLANTED, dynamics=dynamics, log_time=math.log(46416))
        weights = result.weights[0][-1] / math.sqrt(steps)
    else:
        data = SLANTED
        result = flow(data, dynamics=dynamics, log_time=math.log(46416))
        weights = result.weights[0][-1]
    later = run(dynamics.optimizer, data, steps=46_416)
    distance = np.linalg.norm(weights - later.weights[0]) / np.linalg.norm(later.weights[0])
    assert 0 < distance < result.handover_error[0] < 5e-3


def test_wrong_flow_is_seen_at_the_hand_over():
    """The flow of eps outside the root does not meet the run with eps inside, where gradients are not small yet."""
    right = flow(SLANTED, dynamics=Adam(0.1, 1e-4), handover=1000)
    wrong = flow(SLANTED, dynamics=Misplaced(0.1, 1e-4), handover=1000)
    assert right.handover_error[0] < 2e-3
    assert wrong.handover_error[0] > 50 * right.handover_error[0]


def test_a_run_that_has_not_settled_is_left_out():
    """With an eps as small as 1e-16 the moments still lag behind the gradients after 1000 steps of 0.1."""
    early = Adam(0.1, 1e-16)
    result = flow(DATASETS, dynamics=early)
    np.testing.assert_array_equal(result.met, [False, False])
    assert "2 runs are left out" in result.notes[1]
    lab = Laboratory(DATASETS, steps=1000)
    assert not Gap().measure(replace(DIRECTION, flow=early).subject, lab).judged.any()
    assert Gap().measure(DIRECTION.subject, lab).judged.all()


def test_heavy_ball_is_the_average_of_a_larger_step():
    """`m = b m + g` and `m = b m + (1 - b) g` differ by the factor `1 - b` alone."""
    heavy, average = (flow(SLANTED, dynamics=GradientDescent(0.5, average=a)) for a in (False, True))
    np.testing.assert_allclose(heavy.step_size, 2 * average.step_size)


def test_adagrad_maximises_the_margin_of_its_own_norm():
    """And no other: `h` with its exponent wrong has a margin that stays away."""
    dataset = Dataset([[4, 1, -1], [-1, 1, 1]], [1, 1])
    result = flow(dataset, dynamics=AdaGrad(0.5), log_time=1e4)
    h = result.conditioner[0]
    assert h.shape == result.weights[0].shape
    assert (np.diff(h, axis=0) < 1e-9).all()
    assert np.abs(h[-1] / h[-30] - 1).max() < 1e-9
    gaps = []
    for power in (-0.5, 0.0, 0.5):
        scale = h[-1] ** power
        reference = max_margin(dataset.x, dataset.y, scale=scale)
        gaps.append(1 - result.margin[0, -1] / np.linalg.norm(scale * result.weights[0][-1]) / reference.upper)
    assert 0 <= gaps[0] < 1e-3
    assert min(gaps[1:]) > 0.05


def test_adagrad_on_a_single_point_goes_to_its_signs():
    point = Dataset([[0.1, -2, 0]], [1])
    result = flow(point, dynamics=AdaGrad(0.5))
    w, h = result.weights[0], result.conditioner[0]
    np.testing.assert_allclose(w[:, 0], -w[:, 1], rtol=1e-12)
    np.testing.assert_allclose(h[:, 0] * 0.1, h[:, 1] * 2, rtol=1e-12)
    assert (w[:, 2] == 0).all()
    assert np.isinf(h[:, 2]).all()
    # With eps the ratios change.
    w = flow(point, dynamics=AdaGrad(0.5, 1.0)).weights[0]
    assert abs(w[-1, 0] / w[-1, 1]) < 0.5


def test_adagrad_on_a_single_point_of_one_feature():
    """`dw/dv = 1 / (g sqrt(v))`: with the exponential loss `g = e^-w`, `d(e^-w)/dv = -1 / sqrt(v)` while eta is 1."""
    result = flow(Dataset([[1.0]], [1]), dynamics=AdaGrad(1.0), loss="exponential", log_time=1e4)
    late = result.log_time > math.log(result.handover) - 1e-9
    g, root = np.exp(-result.weights[0][late, 0]), 1 / result.conditioner[0][late, 0]
    np.testing.assert_allclose(g + 2 * root, g[0] + 2 * root[0], rtol=1e-6)


def test_steepest_descent_goes_to_the_margin_of_its_norm():
    dataset, norm = Dataset([[1, 0.2, -0.4], [0.1, 1, 3]], [1, 1]), "l1.5"
    result = flow(dataset, dynamics=SteepestDescent(norm), loss="exponential", norms=[norm, "l2", "linf"])
    gaps = {n: 1 - result.normalised_margin(n)[0, -1] / max_margin(dataset.x, dataset.y, n).upper for n in result.norms}
    assert 0 <= gaps.pop(norm) < 1e-3
    assert min(gaps.values()) > 5e-3
    assert result.handover_error[0] < 1e-3
    assert np.isnan(result.step_size[0])


def test_classes_and_zero_columns():
    classes = Dataset([[1, 0, 0.2], [0, 0, 1], [-1, 0, -1]], [0, 1, 2])
    result = flow(classes, dynamics=AdaGrad(0.5), loss="cross_entropy")
    assert (result.weights[0][..., 1] == 0).all()
    assert np.isinf(result.conditioner[0][..., 1]).all()
    assert result.margin[0, -1] > 1e3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Adam(0.1, 0.0), "eps = 0.0 has no flow in log time, since its steps never shrink: give eps > 0"),
        (lambda: Adam(0.1, -1e-8), "eps = -1e-08 has no flow"),
        (lambda: Adam(0.0, 1e-8), "step size is 0.0"),
        (lambda: Adam(0.1, 1e-200, eps_inside_root=False), "rounding at eps = 1e-200: give 1.5e-154 or more"),
        (lambda: AdaGrad(-1.0), "positive step size"),
        (lambda: SteepestDescent("linf"), "linf has no smooth flow: use an entry-wise norm, 1 < p <= 2"),
        (lambda: SteepestDescent("l3"), "l3 has no smooth flow"),
        (lambda: SteepestDescent("spectral"), "spectral has no smooth flow"),
        (lambda: flow(SLANTED, dynamics=Adam(0.1, 1e-4), step_size=0.2), "step size was given beside Adam"),
        (
            lambda: flow(SLANTED, dynamics=SteepestDescent("l1.5"), loss="pairwise_logistic"),
            "No step size is known for steepest descent on 'pairwise_logistic'",
        ),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(InputError, match=message):
        make()
