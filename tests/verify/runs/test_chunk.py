"""Calls of a compiled program: on one dataset in its own shape, on small ones, and on all devices."""

from dataclasses import asdict

import jax
import numpy as np
import optax
import pytest

from tests.verify import samples
from verify import optimizers
from verify.datasets import Dataset
from verify.runs import chunk as chunks
from verify.runs.sampling import Sampling
from verify.runs.simulation import Simulation
from verify.runs.trajectory import grid, grid_to

STEPS = 100


@pytest.mark.parametrize("dataset", [samples.binary(70, 3), samples.classes(70, 4, 3)], ids=["binary", "classes"])
@pytest.mark.parametrize("sampling", [{}, {"how": Sampling("reshuffled", 7)}], ids=["full", "mini-batches"])
def test_a_large_dataset_alone_runs_on_its_own_features_as_it_runs_beside_another(dataset: Dataset, sampling: dict):
    optimizer = optimizers.sign_gd(optimizers.PowerDecay(0.5, 0.5))
    alone = Simulation(optimizer, [dataset], budget=True, **sampling).advance(STEPS)
    assert np.shares_memory(np.asarray(alone.chunks[0].data.x), dataset.x)
    beside = Simulation(optimizer, [dataset, dataset], budget=True, **sampling).advance(STEPS).result()
    for field in ("margin", "log_loss", "log_slope", "descent", "second_order"):
        mine, theirs = getattr(alone.result(), field)[0], getattr(beside, field)[0]
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9)


def test_a_small_dataset_alone_takes_its_first_steps_in_one_call():
    """And is recorded as in calls of a segment each: carried on by stages, and cut."""
    dataset, optimizer = samples.binary(20, 5), optimizers.adam(optimizers.PowerDecay(0.5, 0.5))
    chunk = Simulation(optimizer, [dataset]).chunks[0]
    assert [len(ends) for ends in chunk.calls(grid(10_000))] == [48]
    assert [len(ends) for ends in chunk.calls(grid(100_000))] == [48, 4, 4, 4]
    assert [len(ends) for ends in chunk.calls(grid_to(50))] == [len(grid_to(50))]
    assert [len(ends) for ends in chunk.calls(np.array([20_000, 30_000, 40_000]))] == [3]
    whole = Simulation(optimizer, [dataset]).advance(STEPS)
    staged = Simulation(optimizer, [dataset]).advance(22).advance(STEPS)
    for until in (22, STEPS):
        wanted = jax.tree.leaves(asdict(Simulation(optimizer, [dataset]).advance(until).result()))
        for simulation in (whole, staged):
            for one, other in zip(jax.tree.leaves(asdict(simulation.result(until))), wanted, strict=True):
                np.testing.assert_array_equal(one, other)


def test_every_device_has_a_share_of_the_batch():
    data = [samples.binary(6, 3), samples.classes(7, 4, 3), samples.binary(14, 5), samples.classes(5, 3, 2)]
    simulation = Simulation(optimizers.sign_gd(0.1), data)
    for chunk in simulation.chunks:
        shards = chunk.carry.w.addressable_shards
        assert {shard.device for shard in shards} == set(jax.devices())
        assert len({shard.data.shape for shard in shards}) == 1


def test_a_run_alone_from_zero_begins_with_a_state_that_is_made_once():
    """And is carried on from its own; start weights of one's own make states of their own."""
    adam, made = optimizers.adam(0.1), []

    def init(w: jax.Array) -> optax.OptState:
        made.append(w.shape)
        return adam.init(w)

    counted = optax.GradientTransformation(init, adam.update)
    dataset = samples.binary(20, 5)
    first = Simulation(counted, [dataset]).advance(STEPS).result()
    before = len(made)
    second = Simulation(counted, [dataset]).advance(STEPS).result()
    assert len(made) == before > 0
    np.testing.assert_array_equal(first.margin, second.margin)
    moved = Simulation(counted, [dataset], w0=[np.ones(5)]).advance(STEPS).result()
    assert len(made) > before
    assert not np.array_equal(moved.margin, first.margin)


@pytest.mark.parametrize(
    ("steps", "count", "hasty", "brief"),
    [(1000, 1, True, True), (10**9, 1, True, False), (1000, 2, True, False), (1000, 1, False, False)],
)
def test_only_a_brief_run_alone_in_a_hasty_process_is_compiled_in_passing(steps, count, hasty, brief, monkeypatch):
    made = Simulation(optimizers.sign_gd(0.1), count * [Dataset([[1.0, 0.5], [2.0, -0.3]], [1, 1])]).chunks[0]
    said = []
    monkeypatch.setattr(chunks, "hasty", lambda: hasty)
    monkeypatch.setattr(chunks, "_program", lambda *_, brief: said.append(brief))
    made._choose(steps)
    assert said == [brief, brief]
