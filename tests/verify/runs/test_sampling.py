"""Mini-batches: equal to a forty-digit loop over the same points, drawn fairly, and alone as in company."""

import itertools

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from solvers.errors import InputError
from tests.verify import reference, samples
from tests.verify.reference import adaptive, follow
from verify import optimizers
from verify.datasets import Dataset
from verify.runs import sampling
from verify.runs.batches import pad
from verify.runs.sampling import Sampling, draw, keys, stretch
from verify.runs.simulation import Simulation, run

SMALL, OTHER = samples.binary(7, 3), samples.binary(4, 2)
CLASSES = samples.classes(6, 4, 3)
STEP = 0.5


def cyclic(n: int, batch: int):
    """The points of step `t`, by hand: an epoch sees each once, its last batch what is left."""
    batches = [range(first, min(first + batch, n)) for first in range(0, n, batch)]
    return lambda t: batches[t % len(batches)]


def drawn(how: Sampling, dataset: Dataset, steps: int, seed: int = 0) -> list[list[int]]:
    """The points that the steps of a run see."""
    key, n = jnp.asarray(keys([dataset], seed)[0]), jnp.asarray(dataset.n)
    found = []
    for first in range(0, steps, stretch(how.batch or 1, 16)):
        points, weights = draw(how, key, n, jnp.asarray(first), padded=16)
        found += [p[w > 0].tolist() for p, w in zip(np.asarray(points), np.asarray(weights), strict=True)]
        np.testing.assert_allclose(np.sum(weights, axis=1), 1, rtol=1e-12)
    return found[:steps]


def joined(parts: list[list[int]]) -> list[int]:
    return list(itertools.chain(*parts))


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("dataset", [SMALL, CLASSES], ids=["binary", "classes"])
def test_cyclic_batches_follow_a_loop_by_hand(dataset: Dataset, batch: int):
    """Adam's memory goes on over the batches; what is recorded, the gap budget among it, is of all points."""
    result = run(
        optimizers.adam(STEP), [dataset, OTHER if dataset.binary else samples.classes(4, 4, 3)],
        steps=30, sampling="cyclic", batch=batch, budget=True,
    )  # fmt: skip
    want = follow(dataset, adaptive(0.9, 0.999), 30, lambda t: STEP, seen=cyclic(dataset.n, batch))
    np.testing.assert_allclose(result.weights[0], want.weights[-1], rtol=1e-9, atol=1e-9)
    for found, expected in (
        (result.margin, want.margin),
        (result.log_loss, want.log_loss),
        (result.path["l2"], want.path),
        (result.descent, want.descent),
        (result.second_order, want.second_order),
    ):
        np.testing.assert_allclose(found[0], np.take(expected, result.time), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ["reshuffled", "with-replacement"])
def test_drawn_batches_follow_a_loop_over_the_same_points(kind: str):
    points = drawn(Sampling(kind, 2), SMALL, 30, seed=5)
    result = run(optimizers.normalised_gd(STEP), [OTHER, SMALL], steps=30, sampling=kind, batch=2, seed=5)
    w = np.zeros(3)
    for seen in points:
        slopes = 1 / (1 + np.exp(SMALL.signed[seen] @ w))
        g = slopes @ SMALL.signed[seen]
        w = w + STEP * g / np.linalg.norm(g)
    np.testing.assert_allclose(result.weights[1], w, rtol=1e-9)


def test_samples_whose_gradients_differ_by_ten_thousand_nats_from_step_to_step():
    """Far beyond the range of floating point: the memory knows the large ones, and the small ones change nothing."""
    dataset = Dataset([[1.0, 0.2], [0.1, 1.0], [3.0, 2.0]], [1, 1, 1])
    for rule, optimizer, size in (
        (adaptive(0.9, 0.999), optimizers.adam(2000.0), 2000.0),
        (reference.sign(), optimizers.sign_gd(100.0), 100.0),
    ):
        result = run(optimizer, dataset, steps=60, sampling="cyclic", batch=1)
        want = follow(dataset, rule, 60, lambda t, size=size: size, seen=cyclic(3, 1))
        apart = dataset.signed @ want.weights[-1]
        assert np.ptp(apart) > 1e4
        assert result.exact
        assert not result.starved.any()
        np.testing.assert_allclose(result.weights[0], want.weights[-1], rtol=1e-9)


@pytest.mark.parametrize("kind", ["cyclic", "reshuffled"])
def test_a_batch_of_all_points_is_a_full_batch(kind: str):
    optimizer = optimizers.adam(optimizers.PowerDecay(0.5, 0.5))
    full = run(optimizer, SMALL, steps=100, budget=True)
    batch = run(optimizer, SMALL, steps=100, budget=True, sampling=kind, batch=SMALL.n)
    np.testing.assert_allclose(batch.margin, full.margin, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(batch.descent, full.descent, rtol=1e-9)


def test_an_epoch_of_tiny_steps_is_a_full_step_to_second_order():
    """`n` steps of size h on single points against one of `n h` on the mean loss: apart by h squared."""
    apart = []
    for h in (1e-3, 1e-4):
        one = run(optimizers.gradient_descent(SMALL.n * h), SMALL, steps=1)
        for kind in ("cyclic", "reshuffled"):
            many = run(optimizers.gradient_descent(h), SMALL, steps=SMALL.n, sampling=kind, batch=1)
            apart.append(np.linalg.norm(many.weights[0] - one.weights[0]))
            assert apart[-1] > 0
    np.testing.assert_allclose(np.array(apart[:2]) / apart[2:], 100, rtol=0.05)


def test_every_epoch_sees_every_point_once_in_a_new_order():
    for batch in (1, 3):
        steps = Sampling("reshuffled", batch).epoch(7)
        epochs = drawn(Sampling("reshuffled", batch), SMALL, 400 * steps)
        orders = [joined(epochs[i : i + steps]) for i in range(0, len(epochs), steps)]
        assert all(sorted(order) == list(range(7)) for order in orders)
        first = np.bincount([order[0] for order in orders], minlength=7)
        assert 30 < first.min() <= first.max() < 90  # of 400 epochs, 57 each
        after = np.bincount([order[order.index(0) + 1] for order in orders if order[-1] != 0], minlength=7)
        assert after[0] == 0
        assert 25 < after[1:].min() <= after[1:].max() < 95


@pytest.mark.parametrize(("n", "padded", "m"), [(7, 16, 3), (50, 50, 10), (70_000, 70_000, 9)])
def test_orders_are_sorted_by_epoch_and_by_random_bits(n: int, padded: int, m: int):
    """Also where the two do not fit into one number beside the places, as in the last case."""
    key, epoch, size = jnp.asarray(keys([SMALL], 0)[0]), -(-n // m), stretch(m, padded) * m + 2 * (padded + m - 1)
    found = sampling._orders(key, jnp.asarray(n), jnp.asarray(epoch), jnp.asarray(5), m, padded, size)
    behind, place = np.divmod(np.arange(size), epoch * m)
    bits = np.asarray(sampling._bits(key, jnp.asarray(5 + behind), jnp.asarray(place)))
    np.testing.assert_array_equal(found, place[np.lexsort((place, bits, place >= n, behind))])


def test_points_with_replacement_come_alike_often_and_not_once_an_epoch():
    points = drawn(Sampling("with-replacement", 2), SMALL, 3500)
    counts = np.bincount(np.ravel(points), minlength=7)
    assert np.sum((counts - 1000) ** 2 / 1000) < 30  # chi squared of 6 degrees of freedom
    assert any(sorted(joined(points[i : i + 7])) != sorted([*range(7), *range(7)]) for i in range(0, 70, 7))


def test_a_run_depends_on_its_seed_and_not_on_company_padding_or_records():
    optimizer = optimizers.adam(0.1)
    for kind in ("reshuffled", "with-replacement"):
        together = run(optimizer, [OTHER, samples.binary(20, 3), SMALL], steps=1100, sampling=kind, batch=1)
        alone = run(optimizer, SMALL, steps=1100, sampling=kind, batch=1, record=[7, 1050])
        stages = Simulation(optimizer, [SMALL], how=Sampling(kind, 1))
        for times in ([3], [4, 1030], [1100]):
            stages.through(np.array(times))
        np.testing.assert_allclose(alone.weights[0], together.weights[2], rtol=1e-12)
        np.testing.assert_array_equal(stages.result().weights[0], alone.weights[0])
        other = run(optimizer, SMALL, steps=1100, sampling=kind, batch=1, seed=1)
        assert np.abs(other.weights[0] - alone.weights[0]).max() > 1e-3


def test_a_point_that_does_not_touch_a_weight_leaves_it_where_its_memory_is_empty():
    """optax.adam(eps=0) gives 0/0 there."""
    apart = Dataset([[1.0, 0.0], [0.0, 1.0]], [1, 1])
    found = run(optax.adam(0.1, eps=0), apart, steps=2, sampling="cyclic", batch=1, record=[1], weights=True)
    assert found.weights_at is not None
    np.testing.assert_allclose(found.weights_at[0][0], [0.1, 0], rtol=1e-12)
    assert found.weights[0][1] > 0


def test_one_far_point_is_no_horizon_and_all_of_them_are():
    """Gradient descent: the second point's gradient is `e^-1000`, and then both are."""
    dataset = Dataset([[1.0, 0.0], [0.0, 1.0]], [1, 1])
    far = run(optimizers.gradient_descent(1.0), dataset, steps=6, sampling="cyclic", batch=1, w0=[np.array([0, 1e3])])
    assert far.horizon[0] == -1
    assert far.weights[0][0] > 1
    both = run(optimizers.gradient_descent(1.0), dataset, steps=6, sampling="cyclic", batch=1, w0=[np.full(2, 1e3)])
    assert both.horizon[0] == 0


def test_whole_epochs_can_be_recorded():
    found = run(optimizers.sign_gd(0.1), SMALL, steps=21, sampling="reshuffled", batch=3, record="epochs")
    assert found.time.tolist() == [3, 6, 9, 12, 15, 18, 21]
    assert found.epoch.tolist() == [3]


def test_padding_keeps_the_keys_beside_their_datasets():
    found = keys([SMALL, OTHER], 0)
    assert len({tuple(key) for key in [*found, *keys([SMALL], 1)]}) == 3
    np.testing.assert_array_equal(pad([SMALL, OTHER], (16, 8, 0), keys=found).key, found)


def test_what_cannot_be_sampled_is_said_in_a_sentence(untyped_caller: None):
    sign, search = optimizers.sign_gd(0.1), optax.lbfgs()
    both = [SMALL, OTHER]
    cases = {
        "There is no sampling 'shuffled': use one of full, cyclic,": lambda: run(sign, SMALL, sampling="shuffled"),
        "not a batch of 2: give sampling= one of": lambda: run(sign, SMALL, batch=2),
        "'cyclic' has no batch size: give batch=1": lambda: run(sign, SMALL, sampling="cyclic"),
        "The batch is 0: give a whole": lambda: run(sign, SMALL, sampling="cyclic", batch=0),
        "The batch is 1.5: give a whole": lambda: run(sign, SMALL, sampling="cyclic", batch=1.5),
        "batch of 5 is larger than dataset 1, of 4 points: give a batch of at most 4": lambda: run(
            sign, both, sampling="cyclic", batch=5
        ),
        "The seed is -1: give": lambda: run(sign, SMALL, sampling="cyclic", batch=1, seed=-1),
        "searches along a line .* batches of 1, cyclic .*: give it full batches": lambda: run(
            search, SMALL, sampling="cyclic", batch=1
        ),
        "Epochs have 4 to 7 steps .*: give datasets of one size": lambda: run(
            sign, both, sampling="cyclic", batch=1, record="epochs"
        ),
    }
    for sentence, call in cases.items():
        with pytest.raises(InputError, match=sentence) as caught:
            call()
        assert "\n" not in str(caught.value)
