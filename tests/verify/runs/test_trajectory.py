"""What a run records, and where it ends."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify import reference, samples
from tests.verify.reference import follow
from verify import optimizers
from verify.datasets import Dataset
from verify.runs.simulation import run
from verify.runs.trajectory import grid, grid_to, recorded_steps

MIXED = [samples.binary(6, 3), samples.classes(7, 4, 3)]


def test_grid_is_geometric_and_covers_the_horizon():
    assert grid(1).tolist() == [1, 1, 2, 2]
    assert grid(1000)[-1] == 1000
    assert grid(1001)[-1] == 2154
    assert 10_000 in grid(10_000)
    for steps in (1, 2, 3, 99, 465, 12_345):
        ends = grid(steps)
        assert steps <= ends[-1] <= 2.2 * max(steps, 1)
        assert np.all(np.diff(ends) >= 0)
        np.testing.assert_array_equal(grid(3 * steps)[: len(ends)], ends)


def test_a_run_ends_where_it_is_asked_to():
    for steps in (1, 2, 5, 99, 1500):
        times = grid_to(steps)
        assert times[-1] == steps
        assert times[0] == 1
        assert np.all(np.diff(times) >= 0)
    for steps in (10, 1000, 10**6):
        np.testing.assert_array_equal(grid_to(steps), grid(steps))
    assert run(optimizers.sign_gd(0.1), MIXED, steps=37).time[-1] == 37


def test_steps_of_ones_own_are_recorded_and_weights_and_their_averages_kept():
    dataset, rule = MIXED[1], reference.normalised()
    optimizer = optimizers.normalised_gd(optimizers.PowerDecay(0.5, 0.5))
    found = run(optimizer, [MIXED[0], dataset], steps=40, record=[3, 11], weights=True, average=True)
    want = follow(dataset, rule, 40, lambda t: 0.5 * (t + 1.0) ** -0.5)
    assert found.time.tolist() == [3, 11, 40]
    assert found.weights_at is not None
    assert found.average_at is not None
    for j, t in enumerate(found.time):
        np.testing.assert_allclose(found.weights_at[1][j], want.weights[t], rtol=1e-9)
        np.testing.assert_allclose(found.average_at[1][j], np.mean(want.weights[1 : t + 1], axis=0), rtol=1e-9)
    np.testing.assert_array_equal(found.weights_at[1][-1], found.weights[1])
    np.testing.assert_allclose(found.margin[1], np.take(want.margin, found.time), rtol=1e-9)
    assert run(optimizer, dataset, steps=2).weights_at is None


def test_kept_weights_end_at_the_horizon_too():
    found = run(optimizers.gradient_descent(1e3), Dataset([[1]], [1]), loss="exponential", steps=9, weights=True)
    assert found.weights_at is not None
    np.testing.assert_array_equal(np.isnan(found.weights_at[0][:, 0]), found.time > found.horizon[0])


def test_steps_that_cannot_be_recorded_are_named(untyped_caller: None):
    cases = {
        r"A run of 10 steps cannot record \[5, 11\]: give": (10, [5, 11]),
        r"cannot record \[0\]: give whole steps from 1 to 10": (10, [0]),
        r"cannot record \[\]: give": (10, []),
        r"cannot record \[2\.5\]: give": (10, [2.5]),
        r"record, \[5, 5\], do not rise: give": (10, [5, 5]),
        "cannot record 'decades': give 'epochs'": (10, "decades"),
        "10 steps end within an epoch, which has 4: give 12 steps": (10, "epochs"),
    }
    for sentence, (steps, record) in cases.items():
        with pytest.raises(InputError, match=sentence):
            recorded_steps(steps, record, epoch=4)


# A table as papers print it: gradient descent on 16 points in 3 dimensions, the sum of their logistic losses.
TABLE = np.array([100, 1000, 10046, 99540, 895364])


def test_rows_of_a_table_are_met_to_nine_digits():
    dataset, eta = samples.binary(16, 3), 1 / 32
    found = run(
        optimizers.gradient_descent(16 * eta), dataset, steps=int(TABLE[-1]), record=TABLE.tolist(), weights=True
    )
    np.testing.assert_array_equal(found.time, TABLE)
    assert found.weights_at is not None

    def step(_: object, w: jax.Array) -> jax.Array:
        return w + eta * (1 / (1 + jnp.exp(dataset.signed @ w))) @ dataset.signed

    w, at = jnp.zeros(3), 0
    for j, t in enumerate(TABLE.tolist()):
        w = jax.lax.fori_loop(at, t, step, w)
        at = t
        np.testing.assert_allclose(found.weights_at[0][j], w, rtol=1e-9)
        loss = np.sum(np.log1p(np.exp(-dataset.signed @ np.asarray(w))))
        assert found.log_loss[0, j] + np.log(16) == pytest.approx(np.log(loss), abs=1e-9)
    plain = np.zeros(3)
    for _ in range(TABLE[1]):
        plain = plain + eta * (1 / (1 + np.exp(dataset.signed @ plain))) @ dataset.signed
    np.testing.assert_allclose(found.weights_at[0][1], plain, rtol=1e-9)


def test_a_run_is_cut_to_what_it_was_before():
    optimizer, data = optimizers.sign_gd(0.1), samples.binary(6, 3)
    whole, short = (run(optimizer, data, record=[2, 4], steps=n, weights=True, average=True) for n in (8, 4))
    cut = whole.first(2)
    for a, b in zip(jax.tree.leaves(cut.to_dict()), jax.tree.leaves(short.to_dict()), strict=True):
        assert a == b
    with pytest.raises(InputError, match="ask for weights=True"):
        run(optimizer, data, steps=8).first(2)
