"""Flows of networks: closed forms, the limits of theory and what is false of them, data that stay unseparated."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from properties.images import pooled
from properties.tsilivis2024.test_lemmas import CLAIM as STEEP
from properties.tsilivis2024.test_steepest_flow import CLAIMS as OF_STEEPEST
from solvers import hard_margin, max_margin
from solvers.errors import InputError, UndecidedError
from solvers.kkt import kkt_residual, polish
from verify.claims.claim import Claim, Paper
from verify.claims.judge import check
from verify.claims.kinds import Bound, Limit
from verify.claims.verdict import Outcome
from verify.datasets import Dataset
from verify.datasets.real import parse
from verify.laws import Law
from verify.models.activations import RELU
from verify.optimizers import gradient_descent
from verify.problems.laboratory import Laboratory
from verify.problems.networks.flow import network_flow
from verify.problems.networks.methods import adagrad, gradient, rmsprop, smooth_sign, steepest
from verify.problems.networks.network import linear, two_layer
from verify.problems.networks.quantities import Growth, NetworkKKT, PolishedDistance, SmoothedMarginDrop, scale_of
from verify.trials.settling import settle

FALLS, TENDS = OF_STEEPEST
NET, THREE = two_layer(4), two_layer(3, classes=3)
POINTS = [
    Dataset([[1, 0.5], [0.3, 1]], [1, 1]),
    Dataset([[1, 0.2], [-0.2, 1], [-1, 0.3]], [1, -1, -1]),
]
CONTRADICTION = Dataset([[1, 0], [1, 0]], [1, -1])

CLAIM = Claim(
    id="test/network",
    title="",
    statement="",
    source="",
    paper=Paper("test", "nobody", "nothing", 2025),
    kind=Limit(1e-3, Law(0, -1 / 3)),
    problem=lambda: None,  # pyright: ignore[reportArgumentType]
    optimizer=gradient_descent(1.0),
    optimizer_text="",
    loss="exponential",
    norm="l2",
    quantity=NetworkKKT(NET),
    flow=True,
)
NEVER_FALLS = replace(CLAIM, kind=Bound(lambda m: np.ones_like(m.values), "1"), quantity=SmoothedMarginDrop(NET))


@pytest.fixture(scope="module")
def lab() -> Laboratory:
    return Laboratory(POINTS, steps=10, log_time=1e18)


def _outcome(lab: Laboratory, claim: Claim, quantity) -> Outcome:
    return check(replace(claim, quantity=quantity), lab).outcome


@pytest.fixture(scope="module")
def line():
    return network_flow(POINTS, linear(), gradient(), log_time=1e5)


def test_a_linear_network_goes_to_the_maximal_margin(line):
    for i, s in enumerate(POINTS):
        hat, _ = hard_margin(s.x, s.y)
        # Where the loss is e^-c the weights are hat c + O(1).
        error = np.linalg.norm(line.weights[i] - hat, axis=1) * line.clock
        assert error[-1] < 5
        assert error[-1] == pytest.approx(error[-10], rel=0.01)


def test_the_clock_is_the_loss(line):
    assert np.abs(np.log(line.log_inverse_loss / line.clock)).max() < 1e-6
    assert line.clock[0] == pytest.approx(1)
    assert line.clock[-1] == pytest.approx(1e5)


def test_log_time_of_one_point():
    """`w' = e^-w`: `t = e^w` up to a constant, so log time is `log 1/L` up to `O(1/clock)`."""
    found = network_flow([Dataset([[1, 0]], [1])] * 2, linear(), gradient(), log_time=1e4)
    np.testing.assert_allclose(found.log_time[0], found.clock, atol=1e-3)


def test_adagrad_solves_the_weighted_problem():
    thin = [Dataset([[2, 0.1], [0.5, 0.2]], [1, 1]), Dataset([[1, 0.1], [-0.2, 0.5], [-1, 0.3]], [1, -1, -1])]
    found = network_flow(thin, linear(), adagrad(1e-3), log_time=1e5)
    for i, s in enumerate(thin):
        scale = scale_of(found, i, "last")
        assert scale.max() / scale.min() > 1.1
        weighted, plain = max_margin(s.x, s.y, scale=scale).weights, max_margin(s.x, s.y).weights
        end = found.weights[i][-1] / np.linalg.norm(found.weights[i][-1])
        assert end @ weighted / np.linalg.norm(weighted) > 1 - 1e-8
        if abs(plain @ weighted) < (1 - 1e-3) * np.linalg.norm(weighted) * np.linalg.norm(plain):
            assert end @ plain / np.linalg.norm(plain) < 1 - 1e-4


@pytest.mark.parametrize(
    ("true", "false"),
    [
        (NetworkKKT(NET), NetworkKKT(NET, norm="l1.5")),
        (NetworkKKT(NET), NetworkKKT(NET, smooth_sign(0.1))),
        (NetworkKKT(NET, rmsprop(0.01)), NetworkKKT(NET, rmsprop(0.01), weights="early")),
        (NetworkKKT(NET, adagrad(0.01), weights="last"), NetworkKKT(NET, adagrad(0.01))),
        (PolishedDistance(NET), PolishedDistance(NET, last=2.0)),
        (PolishedDistance(NET), PolishedDistance(NET, smooth_sign(0.1))),
    ],
    ids=["norm", "sign", "rmsprop", "adagrad", "polished norm", "polished sign"],
)
def test_limits_are_kkt_points_of_the_right_problem_only(lab, true, false):
    assert _outcome(lab, CLAIM, true) is Outcome.SUPPORTED
    assert _outcome(lab, CLAIM, false) is Outcome.REFUTED


def test_growth(lab):
    claim = replace(CLAIM, kind=Limit(0.02, Law(0, -1)))
    assert _outcome(lab, claim, Growth(NET)) is Outcome.SUPPORTED
    assert _outcome(lab, claim, Growth(NET, loss_exponent=1.0)) is Outcome.REFUTED
    assert _outcome(lab, claim, Growth(NET, norm_exponent=0.5)) is Outcome.REFUTED


def test_smoothed_margins_never_fall_in_their_own_norm(lab):
    assert _outcome(lab, NEVER_FALLS, SmoothedMarginDrop(NET)) is Outcome.SUPPORTED
    assert _outcome(lab, NEVER_FALLS, SmoothedMarginDrop(NET, steepest(1.5), norm="l1.5")) is Outcome.SUPPORTED
    assert _outcome(lab, NEVER_FALLS, SmoothedMarginDrop(NET, exponent=3.05)) is Outcome.REFUTED
    assert _outcome(lab, NEVER_FALLS, SmoothedMarginDrop(NET, norm="linf")) is Outcome.REFUTED


def test_the_flow_nears_a_polished_kkt_point():
    data = POINTS[1]
    found = network_flow(POINTS, NET, gradient(), log_time=1e6, scale=0.1)
    margins = jax.jit(lambda v: NET.margins(v, data.x, data.y)[:, 0])
    slopes = jax.jit(jax.jacrev(margins))
    end = polish(found.weights[1][-1], lambda v: np.asarray(margins(v)), lambda v: np.asarray(slopes(v)), NET.degree)
    assert kkt_residual(end, slopes(end), margins(end), NET.degree).total < 1e-5
    directions = found.weights[1] / np.linalg.norm(found.weights[1], axis=1)[:, None]
    distance = np.linalg.norm(directions - end / np.linalg.norm(end), axis=1)
    assert distance[-1] < 0.02
    assert distance[-1] < distance[-22] / 2 < distance[-43] / 4


def test_two_digits():
    data = pooled(parse("digits:classes=1,0,limit=24"))
    assert (data.n, data.d) == (24, 16)
    assert np.linalg.norm(data.x, axis=1).max() == pytest.approx(1)
    found = network_flow([data], NET, gradient(), log_time=1e12, sharpest=1e5)
    assert found.reached.all()
    assert (found.margins[0] > 0).all()
    residual = [
        kkt_residual(found.weights[0][k], found.gradients[0][k], found.margins[0][k], NET.degree).total
        for k in (0, 31, 63)
    ]
    fall = (found.clock[63] / found.clock[31]) ** (-1 / NET.degree)
    assert fall / 2 < residual[2] / residual[1] < 2 * fall
    assert residual[1] < residual[0] / 10


@pytest.mark.parametrize(
    ("claim", "wrong"),
    [(FALLS, "the norm to the power L + 0.1"), (TENDS, "the L2 norm's KKT points"), (STEEP, "the L-infinity norm of")],
    ids=lambda given: given.id if isinstance(given, Claim) else None,
)
def test_real_digits_refute_a_twin_of_steepest_flow(claim, wrong):
    """Without drawn data, on which the twins are tried in a trial."""
    (spec,) = claim.real
    lab = Laboratory([claim.prepare(parse(spec))], steps=10, log_time=10.0 ** (4 + claim.horizon))
    assert settle(claim, lab, 0, one=True).outcome is Outcome.SUPPORTED
    (place,) = (place for place, twin in enumerate(claim.twins) if twin.wrong.startswith(wrong))
    assert settle(claim.twin(place), lab, 0, confirm=False, one=True).outcome is Outcome.REFUTED


def test_a_kept_sharpness_moves_the_flow_by_its_inverse():
    exact, *kept = (
        network_flow(POINTS, NET, gradient(), log_time=1e6, sharpest=sharpest) for sharpest in (1e7, 1e3, 1e4)
    )
    for i in range(len(POINTS)):
        moved = [np.abs(found.weights[i] - exact.weights[i]).max(axis=1) for found in kept]
        assert moved[0].max() < 1e-3
        assert moved[0].max() / moved[1].max() == pytest.approx(10, rel=0.3)
        assert moved[0][exact.clock < 1e3].max() < 1e-5


def test_images_that_are_no_squares_are_refused():
    for features in (8, 9):
        with pytest.raises(InputError, match="even side"):
            pooled(Dataset(np.ones((1, features)), [1]))


def test_runs_that_still_turn_are_left_out():
    """At a loss of e^-1000 the direction still turns, by far more than the tolerance; not by more than a rough one."""
    early = Laboratory(POINTS, steps=10, log_time=1e3)
    verdict = check(CLAIM, early)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert any("still turns: 2" in note for note in verdict.measurement.notes)
    rough = replace(CLAIM, quantity=NetworkKKT(NET, settled=0.5))
    assert check(rough, early).measurement.judged.all()


@pytest.mark.parametrize("quantity", [NetworkKKT(NET), SmoothedMarginDrop(NET), Growth(NET)], ids=lambda q: q.name)
def test_none_is_judged_where_most_cannot_be(quantity):
    claim = replace(NEVER_FALLS, quantity=quantity) if "fall" in quantity.name else replace(CLAIM, quantity=quantity)
    few, half = (
        check(claim, Laboratory(data, steps=10, log_time=1e16)).measurement
        for data in ([CONTRADICTION, CONTRADICTION, POINTS[0]], [CONTRADICTION, POINTS[0]])
    )
    assert not few.judged.any()
    assert any("only 1 of 3" in note for note in few.notes)
    assert half.judged.tolist() == [False, True]


def test_few_runs_refute_nothing():
    """Of the L1.5 norm's KKT points: false on the run that comes to its end."""
    wrong = replace(CLAIM, quantity=NetworkKKT(NET, norm="l1.5"))
    few, half = (
        check(wrong, Laboratory(data, steps=10, log_time=1e16)).outcome
        for data in ([CONTRADICTION, CONTRADICTION, POINTS[0]], [CONTRADICTION, POINTS[0]])
    )
    assert (few, half) == (Outcome.INCONCLUSIVE, Outcome.REFUTED)


def test_data_that_stay_unseparated_support_nothing():
    lab = Laboratory([CONTRADICTION] * 2, steps=10, log_time=1e3)
    for claim in (CLAIM, NEVER_FALLS):
        verdict = check(claim, lab)
        assert verdict.outcome is Outcome.INCONCLUSIVE
        assert any("did not separate" in note for note in verdict.measurement.notes)


def test_of_several_classes_it_is_the_limit_of_small_steps():
    """From separation on, against the cross-entropy as jax has it, by an explicit method in time itself."""
    three = Dataset([[1, 0], [-0.5, 1], [-0.6, -0.7]], [0, 2, 1])
    found = network_flow([three], THREE, gradient(), loss="cross_entropy", log_time=100)
    assert found.reached.all()
    assert found.margins[0].shape == (64, 6)
    assert (found.margins[0] > 0).all()
    scale = found.clock[:, None] ** (1 / THREE.degree)
    start, expected, place = found.weights[0][0] * scale[0], found.weights[0] * scale, 24

    @jax.jit
    def loss(theta):
        outputs = THREE.output(THREE.parts(theta, 2), three.x)
        return -jnp.sum(jax.nn.log_softmax(outputs)[jnp.arange(3), three.y])

    slope = jax.jit(jax.grad(loss))

    def small_enough(_, theta):
        return -np.log(float(loss(theta))) - found.clock[place]

    small_enough.terminal = True
    path = solve_ivp(lambda _, theta: -np.asarray(slope(theta)), (0, 1e6), start, events=small_enough, rtol=1e-9)
    assert found.clock[place] > 5
    np.testing.assert_allclose(path.y_events[0][0], expected[place], rtol=1e-5, atol=1e-6)


def test_a_program_for_two_losses_serves_each():
    """`w' = s`, with `s = e^-w` or `1 / (1 + e^w)`: `log 1/L` is `w`, or `-log log(1 + e^-w)`."""
    points = [Dataset([[1, 0]], [1])] * 2
    for loss, at_one in (("exponential", 1.0), ("logistic", -np.log(np.expm1(np.exp(-1.0))))):
        found = network_flow(points, linear(), gradient(), loss=loss, log_time=100)
        assert found.weights[0][0, 0] == pytest.approx(at_one, rel=1e-6)
        np.testing.assert_allclose(found.log_inverse_loss[0], found.clock, rtol=1e-6)


def test_runs_from_which_no_kkt_point_is_reached_are_left_out(lab, monkeypatch):
    def lost(*_, **__):
        raise UndecidedError("No KKT point was reached.")

    monkeypatch.setattr("verify.problems.networks.quantities.polish", lost)
    verdict = check(replace(CLAIM, quantity=PolishedDistance(NET)), lab)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert any("no KKT point" in note for note in verdict.measurement.notes)


def test_company_changes_no_flow():
    alone = network_flow(POINTS[:1] * 2, linear(), gradient(), log_time=1e3)
    both = network_flow(POINTS, linear(), gradient(), log_time=1e3)
    np.testing.assert_allclose(alone.weights[0], both.weights[0], rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: rmsprop(0.0), "eps"),
        (lambda: adagrad(0.0), "eps"),
        (lambda: steepest(3.0), "not smooth"),
        (lambda: smooth_sign(0.0), "width"),
        (lambda: network_flow([], NET, gradient()), "no datasets"),
        (lambda: network_flow(POINTS, two_layer(2, RELU), gradient()), "kinks"),
        (lambda: network_flow(POINTS, NET, gradient(), log_time=1e31), "log_time"),
        (lambda: network_flow(POINTS, NET, gradient(), sharpest=1e8), "sharpness"),
        (lambda: network_flow(POINTS, replace(NET, degree=2), gradient()), "homogeneous"),
        (
            lambda: network_flow([Dataset([[1], [2], [3]], [0, 1, 2])], NET, gradient()),
            "has 3 classes, but .* binary labels",
        ),
        (lambda: network_flow(POINTS, THREE, gradient()), "has binary labels, but .* for 3 classes"),
        (lambda: network_flow(POINTS, NET, gradient(), scale=0.0), "scale"),
    ],
)
def test_bad_input_is_named(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()
