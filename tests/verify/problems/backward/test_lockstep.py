"""Methods beside equations: orders that are known, errors of the solver, and numbers that are lost."""

import jax.numpy as jnp
import numpy as np
import pytest

from verify.errors import TrajectoryError
from verify.problems.backward import memoryless, modified_equation
from verify.problems.backward.batch_losses import of_data
from verify.problems.backward.lockstep import Contest, Numbers, adam_contest, distances
from verify.problems.backward.memoryless import Momentum
from verify.problems.backward.modified_equation import Hyperparameters, Memory


def quartic(theta, data):
    return jnp.sum(data * theta**4) / 4


TOTAL = of_data(quartic)


def descent(start: float, scale: float, discrete: bool = False) -> tuple[Contest, Numbers]:
    """Gradient descent against `-∇E` and `scale` times its h-term."""
    beta = np.zeros(1)
    words = Momentum(beta, np.array([scale]), np.array([3.0]), np.array([1.0]))
    contest = Contest(TOTAL, 1, memoryless.momentum_method, (memoryless.heavy_ball,), discrete)
    return contest, Numbers(np.full((1, 2), start), np.ones((1, 1, 2)), np.zeros((1, 1), int), beta, words)


def orders(course) -> np.ndarray:
    return np.log2(course.largest[:, :-1] / course.largest[:, 1:])


def test_orders_of_gradient_descent():
    for scale, order in ((0.0, 1.0), (1.0, 2.0), (2.0, 1.0)):
        course = distances(*descent(1.0, scale), np.array([1.0]), [100, 200, 400])
        np.testing.assert_allclose(orders(course)[:, -1], order, atol=0.03)
        assert np.all(course.solver < 1e-3 * course.largest)


def test_gradient_descent_without_its_h_term_is_itself_as_an_iteration():
    course = distances(*descent(1.0, 0.0, discrete=True), np.array([1.0]), [10, 20])
    assert course.largest.max() < 1e-14
    np.testing.assert_array_equal(course.ends[0].method, course.ends[0].equation)


def test_what_the_solver_says_of_its_error_is_so():
    contest, case = descent(1.0, 1.0)
    few, many = (distances(contest, case, np.array([1.0]), [count]) for count in (5, 10))
    # θ' = -θ³ has the solution 1/√(1 + 2t) where the h-term is left out.
    flow, bare = descent(1.0, 0.0)
    ends = [distances(flow, bare, np.array([1.0]), [count]).ends[0].equation for count in (5, 10)]
    errors = [np.abs(end - 3**-0.5).max() for end in ends]
    assert errors[1] < errors[0] / 16
    assert few.solver.max() > errors[0]
    assert many.solver.max() < few.solver.max() / 8


def test_burn_in_starts_the_equation_at_the_method():
    contest, case = descent(1.0, 0.0)
    course = distances(contest, case, np.array([1.0]), [64], burn_in=1.0)
    assert course.largest.max() == 0


def test_least_is_the_smallest_gradient_entry():
    contest, case = descent(1.0, 0.0)
    course = distances(contest, case, np.array([1.0]), [400])
    np.testing.assert_allclose(course.least[0, 0], 3**-1.5, rtol=0.01)


def test_lost_numbers_name_step_and_case():
    with pytest.raises(TrajectoryError, match=r"NaN or infinity at step \d+ of 10 on mine"):
        distances(*descent(1e3, 1.0), np.array([1.0]), [10], names=["mine"])


@pytest.mark.parametrize("carried", [False, True])
@pytest.mark.parametrize("period", [0, 3])
def test_an_order_that_never_repeats_is_followed_too(period, carried):
    rng = np.random.default_rng(3)
    order = rng.integers(0, 3, 1600) if not period else np.resize([0, 1, 2], 1600)
    memory = Memory(3) if carried else Memory(3, modified_equation.window(0.4, 0.7), period)
    past = modified_equation.nothing(3, 2)
    if not carried:
        past = modified_equation.tables(order if not period else (0, 1, 2), 1600, memory, 0.4, 0.7)
    numbers = Hyperparameters(*np.array([[0.4], [0.7], [0.2], [1.0]]))
    words = modified_equation.Wording(*np.ones((4, 1)))
    one = type(past)(*(np.asarray(leaf)[None] for leaf in past))
    data = 1 + rng.uniform(size=(1, 3, 2))
    case = Numbers(np.array([[1.0, 0.8]]), data, order[None], numbers, (one, numbers, words))
    course = distances(adam_contest(TOTAL, memory), case, np.array([0.3]), [400, 800, 1600], change=memory.transient)
    # The constant depends on the order of the batches, and more of a random one is used at every level.
    np.testing.assert_allclose(orders(course)[0, -1], 2.0, atol=0.3 if not period else 0.05)
