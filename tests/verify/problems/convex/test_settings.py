"""Convex problems: that padding changes nothing, that both statements of a loss agree, and what bad input says."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings

from solvers.errors import InputError
from tests.verify.samples import binary
from verify import optimizers
from verify.errors import TrajectoryError
from verify.problems.convex.methods import Method
from verify.problems.convex.runs import Run, columns, descend, horizon, nearness, problems_of, recorded, weights_of
from verify.problems.convex.settings import FLAWS, Convex, convex_of, fresh_points, model, problems, start
from verify.problems.convex.stacks import cubic_network, evaluate, networks, regularised, risk, stack
from verify.problems.laboratory import Laboratory

CASES = [
    Convex(loss="squares", n=5, d=3, k=2, decay=0.3, seed=1),
    Convex(loss="logistic", n=7, d=2, decay=0.5, seed=2),
    Convex(loss="softmax", n=6, d=4, k=3, decay=0.1, seed=3, flaw="zero column"),
]
GD = Method("GD", lambda p: optax.sgd(1 / (p.curvature + p.decay)))
SIGN_GD = Method("SignGD", lambda p: optimizers.sign_gd(0.1))


def own(case, padded):
    k, d = model(case).shape
    return padded[:k, :d]


def test_stacked_losses_are_those_of_the_models():
    p = stack(CASES)
    w = np.where(p.real, np.random.default_rng(0).normal(size=p.start.shape), 0.0)[:, None]
    for objective, penalty in ((risk, 0.0), (regularised, 0.5)):
        values, gradients = evaluate(objective, p, w)
        for i, case in enumerate(CASES):
            mine = own(case, w[i, 0])
            expected = model(case).value(mine) + penalty * case.decay * np.sum(mine**2)
            slope = model(case).gradient(mine) + 2 * penalty * case.decay * mine
            np.testing.assert_allclose(values[i, 0], expected, rtol=1e-12)
            np.testing.assert_allclose(own(case, gradients[i, 0]), slope, rtol=1e-10, atol=1e-14)
            assert not gradients[i, 0][~p.real[i]].any()


@pytest.mark.parametrize("method", [GD, SIGN_GD], ids=lambda m: m.name)
def test_a_problem_runs_the_same_alone_and_in_company(method):
    together = descend(Run(method), stack(CASES), CASES, 20)
    for i, case in enumerate(CASES):
        alone = descend(Run(method), stack([case]), [case], 20)
        np.testing.assert_allclose(together[i], alone[0], rtol=1e-12, atol=1e-14)
        assert not together[i][:, ~stack(CASES).real[i]].any()


def test_runs_are_those_of_a_plain_loop():
    case = CASES[0]
    m, w = model(case), start(case)
    rate = 1 / (float(stack([case]).curvature[0]) + case.decay)
    kept = descend(Run(GD), stack([case]), [case], 10)[0]
    for t in range(1, 11):
        w = w - rate * (m.gradient(w) + case.decay * w)
        at = np.flatnonzero(recorded(10) == t)[0]
        np.testing.assert_allclose(own(case, kept[at]), w, rtol=1e-10)


def test_a_method_gets_the_value_that_it_asks_for():
    """Polyak's step is the value over the squared gradient."""
    case = CASES[0]
    m, w = model(case), start(case)
    kept = descend(Run(Method("Polyak", lambda p: optax.polyak_sgd(0.1))), stack([case]), [case], 10)[0]
    for _ in range(10):
        g = m.gradient(w) + case.decay * w
        w = w - min((m.value(w) + case.decay * np.sum(w**2) / 2) / np.sum(g**2), 0.1) * g
    np.testing.assert_allclose(own(case, kept[-1]), w, rtol=1e-9)


def test_a_method_is_measured_where_it_says():
    """Lookahead of two steps halves the way that they went."""
    case = CASES[0]
    m, w = model(case), start(case)
    kept = descend(
        Run(Method("lookahead", lambda p: optax.lookahead(optax.sgd(0.01), 2, 0.5))), stack([case]), [case], 10
    )[0]
    for _ in range(5):
        begin = w
        for _ in range(2):
            w = w - 0.01 * (m.gradient(w) + case.decay * w)
        w = (begin + w) / 2
    np.testing.assert_allclose(own(case, kept[-1]), w, rtol=1e-9)


def test_divergence_names_step_and_case():
    explode = Method("GD", lambda p: optax.sgd(1e200))
    with pytest.raises(TrajectoryError, match=r"GD met NaN or infinity by step \d+ on case 0"):
        descend(Run(explode), stack(CASES[:1]), CASES[:1], 20)


@settings(max_examples=30)
@given(problems(betas=((0.0, 0.0), (0.9, 0.99))))
def test_drawn_problems_are_valid(case):
    m = model(case)
    assert (len(m.x), *m.shape) == (case.n, case.k, case.d)
    assert fresh_points(case).shape == (400, case.d)
    assert 0.05 <= case.decay <= 1.0
    if case.loss == "softmax":
        np.testing.assert_array_equal(m.target.sum(axis=1), 1)
    assert Convex(**case.values).key == case.key


def test_flaws_are_what_they_say():
    cases = {flaw: Convex(n=6, d=3, seed=4, flaw=flaw) for flaw in FLAWS}
    x = {flaw: model(case).x for flaw, case in cases.items()}
    assert not x["zero column"][:, 0].any()
    assert (x["twin columns"][:, -1] == x["twin columns"][:, 0]).all()
    assert (x["repeated point"][3:] == x["repeated point"][0]).all()
    assert (x["small integers"] == np.round(x["small integers"])).all()


def test_real_data():
    case = Convex(loss="softmax", source="iris:standardise", decay=0.1)
    assert model(case).shape == (3, 4)
    assert stack([case]).x.shape == (1, 256, 16)


def test_the_network_has_neurons_of_its_own_and_a_gradient():
    p = networks(CASES[1:2])
    assert p.real[0, :, :2].all()
    assert not p.real[0, :, 2:].any()
    value, gradient = evaluate(cubic_network, p, p.start[:, None])
    one = jax.tree.map(lambda a: a[0], p)
    direction = np.where(p.real[0], 1.0, 0.0)
    step = 1e-6 * direction
    slope = (
        cubic_network(one, jnp.asarray(p.start[0] + step)) - cubic_network(one, jnp.asarray(p.start[0] - step))
    ) / 2e-6
    assert value[0, 0] > 0
    np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-6)


def test_a_laboratory_runs_once():
    lab = Laboratory(CASES, steps=50)
    assert weights_of(Run(GD), lab, 0.5) is weights_of(Run(GD), lab, 0.5)
    assert problems_of(lab) is problems_of(lab)
    assert horizon(lab, 0.5) == 25
    assert horizon(lab, 0.01) == 10
    use, log_time = columns(25)
    np.testing.assert_allclose(np.exp(log_time), recorded(25)[use])
    assert np.all(np.diff(log_time) > 0)


def test_nearness_counts_what_exceeds_the_floor():
    values, bound = np.array([[1.0, 2.0, 1e-9]]), np.array([[2.0, 0.0, 0.0]])
    np.testing.assert_array_equal(nearness(values, bound, np.array([1e-6]))[0], [(1 - 1e-6) / 2, np.inf, 0.0])


def test_bad_input():
    with pytest.raises(InputError, match=r"draw verify\.problems\.convex\.settings\.problems"):
        convex_of([binary(4, 2)])
    with pytest.raises(InputError, match="no flaw 'bent'"):
        model(Convex(flaw="bent"))
