"""The strategies: separable by construction, edge cases really reached, readable when shrunk, options in force."""

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from scipy.optimize import linprog

from solvers import margins, max_margin, max_margins, normalised_margin
from solvers.errors import InputError
from verify.datasets import Dataset
from verify.datasets.flavours import FLAVOURS, Limits
from verify.datasets.repairs import cross_ratio, with_margin_within, with_support_gap
from verify.datasets.strategies import batches, binary, multiclass

KINDS = (binary, multiclass)
kinds = pytest.mark.parametrize("kind", KINDS)
flavours = pytest.mark.parametrize("flavour", FLAVOURS)
# The runtime type checker picks the items that it checks by the global random state, which hypothesis forbids
# while drawing (options that solve), and it would take most of the time of shrinking and of many small solves.
unchecked = pytest.mark.usefixtures("untyped_caller")


def sample(strategy, count):
    """The first `count` draws (fewer when hypothesis runs out of distinct ones)."""
    drawn = []

    @settings(max_examples=count)
    @given(strategy)
    def collect(value):
        drawn.append(value)

    collect()
    return drawn


def linf_programme(dataset, objective=None, margin=None):
    """A linear programme over `|w| <= 1`: the maximal margin, or an objective where the margin is given."""
    q = dataset.margin_vectors
    m, p = q.shape
    if margin is None:
        return linprog(
            np.append(np.zeros(p), -1.0),
            A_ub=np.hstack([-q, np.ones((m, 1))]),
            b_ub=np.zeros(m),
            bounds=[(-1, 1)] * p + [(None, None)],
        )
    return linprog(objective, A_ub=-q, b_ub=-np.full(m, margin), bounds=[(-1, 1)] * p)


def references(drawn, norm):
    """The datasets with their references, in one solve."""
    return zip(drawn, max_margins([d.problem for d in drawn], norm), strict=True)


def l2_reference(dataset):
    return max_margin(dataset.x, dataset.y, "l2", classes=dataset.classes)


def finite_margins(reference, dataset):
    """Margins and support of the wrong classes (all points, if binary), flat."""
    found = margins(reference.weights, dataset.x, dataset.y)
    kept = np.isfinite(found)
    return found[kept], reference.support[kept], reference.multipliers[kept]


# --- what every flavour promises ---------------------------------------------------------------------------


@kinds
@flavours
def test_all_draws_are_separable_and_within_the_limits(kind, flavour):
    for dataset in sample(kind(flavours=[flavour], max_points=9, max_features=7), 25):
        assert dataset.name == flavour
        assert dataset.n <= 9
        assert dataset.d <= 7
        assert (2 <= dataset.classes <= 4) if kind is multiclass else dataset.binary
        result = linf_programme(dataset)
        assert result.success
        assert -result.fun > 1e-6


@flavours
@pytest.mark.parametrize("k", [0, 2, 3, 4])
def test_the_least_sizes_suffice(flavour, k):
    points, features = FLAVOURS[flavour].least(k)
    sizes = {"max_points": points, "max_features": features, "flavours": [flavour]}
    strategy = multiclass(max_classes=k, **sizes) if k else binary(**sizes)
    for dataset in sample(strategy, 5):
        assert dataset.n <= points
        assert dataset.d <= features
    assert not FLAVOURS[flavour].fits(Limits(points - 1, features, (k,)), k)
    assert not FLAVOURS[flavour].fits(Limits(points, features - 1, (k,)), k)


@unchecked
@kinds
def test_all_flavours_are_drawn_by_default(kind):
    assert {dataset.name for dataset in sample(kind(), 300)} == set(FLAVOURS)


def test_all_numbers_of_classes_and_both_labels_are_drawn():
    assert {dataset.classes for dataset in sample(multiclass(), 60)} == {2, 3, 4}
    assert {label for dataset in sample(binary(), 60) for label in dataset.y.tolist()} == {-1, 1}


@kinds
def test_draws_are_the_same_each_time(kind):
    assert [repr(d) for d in sample(kind(), 40)] == [repr(d) for d in sample(kind(), 40)]


# --- the edges are really there ----------------------------------------------------------------------------


@kinds
def test_integers(kind):
    entries = {value for d in sample(kind(flavours=["integers"]), 40) for value in d.x.ravel().tolist()}
    assert entries <= set(range(-20, 21))


@kinds
def test_gaussian_is_mostly_in_full_precision(kind):
    drawn = sample(kind(flavours=["gaussian"]), 60)
    full = [d for d in drawn if (d.x * 1000 != np.round(d.x * 1000)).any()]
    assert len(full) > 0.25 * len(drawn)


@kinds
def test_duplicated(kind):
    for d in sample(kind(flavours=["duplicated"]), 40):
        assert len(np.unique(np.column_stack([d.x, d.y]), axis=0)) < d.n


@kinds
def test_zero_columns(kind):
    for d in sample(kind(flavours=["zero_columns"]), 40):
        assert (d.x == 0).all(axis=0).any()
        assert (d.x != 0).any()


@unchecked
@kinds
@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_near_margin(kind, norm):
    drawn = sample(kind(flavours=["near_margin"]), 20)
    for d, reference in references(drawn, norm):
        found, support, _ = finite_margins(reference, d)
        excess = found[~support].min() / reference.upper - 1.0
        assert 1e-4 < excess < 1 / 16 + 1e-9


@unchecked
@kinds
def test_tiny_margin(kind):
    for d in sample(kind(flavours=["tiny_margin"]), 40):
        relative = l2_reference(d).upper / np.linalg.norm(d.margin_vectors, axis=1).max()
        assert 1e-6 < relative < 1.5e-3


@unchecked
@kinds
def test_zero_multiplier(kind):
    for d in sample(kind(flavours=["zero_multiplier"]), 40):
        _, support, multipliers = finite_margins(l2_reference(d), d)
        assert multipliers[support].min() < 1e-9
        assert multipliers[support].max() > 1e-3


@kinds
def test_wide(kind):
    assert all(d.d > d.n for d in sample(kind(flavours=["wide"]), 30))


@kinds
def test_single(kind):
    assert all(d.n == max(1, d.classes) for d in sample(kind(flavours=["single"]), 30))


@unchecked
@kinds
@pytest.mark.parametrize("flavour", ["linf_unique", "linf_nonunique"])
def test_uniqueness_of_the_linf_maximiser(kind, flavour):
    """The width of the set of maximisers along a random direction, by two linear programmes."""
    rng = np.random.default_rng(0)
    for d in sample(kind(flavours=[flavour]), 20):
        best = -linf_programme(d).fun * (1 - 1e-9)
        objective = rng.standard_normal(np.prod(d.weights_shape))
        least = linf_programme(d, objective, best).fun
        most = -linf_programme(d, -objective, best).fun
        assert (most - least < 1e-6) is (flavour == "linf_unique")
        assert max_margin(d.x, d.y, "linf", classes=d.classes).unique is not (flavour == "linf_nonunique")


# --- shrinking ---------------------------------------------------------------------------------------------


def l2_maximiser_misses_linf(dataset):
    return cross_ratio(dataset, "linf", "l2") < 0.95


def one_misses_linf(batch):
    """The same of any dataset in a batch, in one solve for each norm."""
    data = [d.problem for d in batch]
    best, other = max_margins(data, "linf"), max_margins(data, "l2")
    reached = [normalised_margin(b.weights, *d[:2], "linf") for d, b in zip(data, other, strict=True)]
    return any(value < 0.95 * a.lower for value, a in zip(reached, best, strict=True))


def smallest(strategy, condition):
    # Without the phase that explains a failure, a hundred more draws that change nothing of what is found.
    return find(strategy, condition, settings=settings(max_examples=500, phases=[Phase.generate, Phase.shrink]))


@unchecked
def test_the_simplest_datasets():
    assert repr(smallest(binary(), lambda d: True)) == "Dataset([[1]], [1])"
    assert repr(smallest(multiclass(), lambda d: True)) == "Dataset([[1], [-1]], [0, 1], classes=2)"


@unchecked
@kinds
@flavours
def test_every_flavour_shrinks_to_small_whole_numbers(kind, flavour):
    dataset = smallest(kind(flavours=[flavour]), lambda d: True)
    far = 1000 if flavour == "tiny_margin" else 3
    assert dataset.x.size <= (12 if flavour == "zero_multiplier" else 8)
    assert np.abs(dataset.x).max() <= far
    assert (dataset.x == np.round(dataset.x)).all() or flavour == "near_margin"


@unchecked
@pytest.mark.parametrize(("kind", "size"), [(binary, 4), (multiclass, 8)])
def test_a_wrong_norm_shrinks_to_few_points_of_few_classes(kind, size):
    dataset = smallest(kind(), l2_maximiser_misses_linf)
    assert dataset.x.size <= size
    assert np.abs(dataset.x).max() <= 3
    assert (dataset.x == np.round(dataset.x)).all()


@unchecked
@kinds
def test_batches_shrink_to_the_one_dataset_that_matters(kind):
    batch = smallest(batches(kind(), max_size=8), one_misses_linf)
    assert len(batch) == 1
    assert batch[0].x.size <= 8
    assert np.abs(batch[0].x).max() <= 3


@unchecked
def test_gaussian_data_shrink_to_whole_numbers():
    dataset = smallest(binary(), lambda d: d.name == "gaussian" and d.n >= 2 and d.d >= 2)
    assert dataset.x.shape == (2, 2)
    assert (dataset.x == np.round(dataset.x)).all()


# --- batches -----------------------------------------------------------------------------------------------


@unchecked
@kinds
def test_batches_are_often_full_and_fit_the_choices_that_hypothesis_allows(kind):
    sizes = [len(b) for b in sample(batches(kind(max_points=16, max_features=16), max_size=32), 15)]
    assert min(sizes) == 1
    assert sum(size >= 16 for size in sizes) >= 3
    assert max(sizes) > 24


def test_batch_sizes_are_kept():
    assert {len(b) for b in sample(batches(binary(), max_size=3, min_size=3), 10)} == {3}
    assert {len(b) for b in sample(batches(binary(), max_size=4, min_size=2), 60)} == {2, 3, 4}


@pytest.mark.parametrize("sizes", [(0, 3), (4, 3)])
def test_batch_sizes_out_of_order(sizes):
    with pytest.raises(InputError, match="choose 1 <= min_size <= max_size"):
        batches(binary(), min_size=sizes[0], max_size=sizes[1])


# --- options -----------------------------------------------------------------------------------------------


@kinds
def test_unit_rows(kind):
    for d in sample(kind(unit_rows=True), 60):
        largest = np.linalg.norm(d.x, axis=1).max()
        assert largest <= 1.0
        assert largest == pytest.approx(1.0, abs=1e-14)


@unchecked
@kinds
@pytest.mark.parametrize(("gap", "norm"), [(0.1, "l2"), (1.5, "l2"), (0.25, "linf")])
def test_support_gap(kind, gap, norm):
    """At least a fifth of the data have margins outside the support, so that the check is not empty."""
    checked = 0
    drawn = sample(kind(support_gap=gap, gap_norm=norm), 30)
    for d, reference in references(drawn, norm):
        found, support, _ = finite_margins(reference, d)
        assert (found[~support] >= (1 + gap) * reference.lower).all()
        checked += bool((~support).any())
    assert checked >= 0.2 * len(drawn)


@unchecked
@kinds
@pytest.mark.parametrize("gap", [0.1, 1.0])
def test_few_data_are_drawn_anew_for_a_support_gap(kind, gap):
    repaired = [with_support_gap(d, gap, "l2") for d in sample(kind(), 80)]
    assert sum(d is not None for d in repaired) > 0.6 * len(repaired)


def test_a_support_gap_keeps_the_maximiser_and_whole_numbers():
    dataset = Dataset([[1, 0], [2, 1], [5, 5]], [1, 1, 1])
    before = l2_reference(dataset)
    repaired = with_support_gap(dataset, 1.5, "l2")
    assert repaired is not None
    np.testing.assert_array_equal(repaired.x, [[1, 0], [6, 3], [5, 5]])
    np.testing.assert_allclose(l2_reference(repaired).weights, before.weights, atol=1e-12)


@unchecked
@kinds
@pytest.mark.parametrize(("bounds", "norm"), [((0.5, 2.0), "l2"), ((0.3, 0.31), "l2"), ((1.0, 1.5), "linf")])
def test_gamma_bounds(kind, bounds, norm):
    drawn = sample(kind(gamma_bounds=bounds, gamma_norm=norm), 25)
    for _, reference in references(drawn, norm):
        assert bounds[0] <= reference.lower
        assert reference.upper <= bounds[1]


def test_scaling_to_a_margin_is_gentle():
    inside = Dataset([[1, 1]], [1])
    assert with_margin_within(inside, (1.0, 2.0), "l2") is inside
    np.testing.assert_array_equal(with_margin_within(Dataset([[12]], [1]), (1.0, 2.0), "l2").x, [[1.5]])
    np.testing.assert_allclose(with_margin_within(Dataset([[12]], [1]), (1.0, 1.02), "l2").x, [[1.02**0.5]])
    np.testing.assert_array_equal(with_margin_within(Dataset([[1]], [1]), (3.0, np.inf), "l2").x, [[8]])


@unchecked
@pytest.mark.parametrize(
    ("kind", "norms", "ratio"),
    [
        (binary, ("linf", "l2"), 0.8),
        (binary, ("l2", "linf"), 0.7),
        (binary, ("l2", "l1"), 0.8),
        (multiclass, ("linf", "l2"), 0.8),
        (multiclass, ("spectral", "linf"), 0.7),
        (multiclass, ("l2", "spectral"), 0.9),
    ],
)
def test_cross_norm(kind, norms, ratio):
    # Five features reach every ratio here, and the search for bases among them is the shorter.
    drawn = sample(kind(cross_norm=(*norms, ratio), max_features=5), 12)
    assert len({d.n for d in drawn}) > 3
    assert all(cross_ratio(d, *norms) <= ratio * (1 + 1e-9) for d in drawn)


@unchecked
@kinds
def test_cross_norm_together_with_other_options(kind):
    options = {"cross_norm": ("linf", "l2", 0.8), "support_gap": 0.2, "unit_rows": True}
    for d in sample(kind(**options), 15):
        assert cross_ratio(d, "linf", "l2") <= 0.8
        assert np.linalg.norm(d.x, axis=1).max() <= 1.0
        reference = l2_reference(d)
        found, support, _ = finite_margins(reference, d)
        assert (found[~support] >= 1.2 * reference.lower).all()


def test_the_simplest_crossed_data():
    assert repr(smallest(binary(cross_norm=("linf", "l2", 0.9)), lambda d: True)) == "Dataset([[1, 2]], [1])"


# --- wrong options -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"flavours": ["plane"]}, "'plane' is no flavour: choose from integers, gaussian"),
        ({"flavours": []}, "flavours is empty: name at least one"),
        ({"flavours": ["wide"], "max_features": 1}, "'wide' does not fit .*: allow 1 points and 2 features"),
        ({"max_points": 0}, "no flavour fits 0 points and 8 features"),
        ({"support_gap": 0.0}, "support_gap is 0.0: give a positive number"),
        ({"support_gap": 0.1, "gap_norm": "l0"}, "below 1 it is no norm"),
        ({"gamma_bounds": (2.0, 1.0)}, r"gamma_bounds is \(2.0, 1.0\): give \(low, high\)"),
        ({"gamma_bounds": (1.0, 2.0), "unit_rows": True}, "both fix the scale"),
        ({"cross_norm": ("linf", "l2", 1.0)}, "the ratio of cross_norm is 1.0"),
        ({"cross_norm": ("linf", "l2", 0.1)}, "ask for a ratio of 0.533 or more"),
        ({"cross_norm": ("linf", "l2", 0.8), "flavours": ["wide"]}, "flavours and cross_norm each choose"),
    ],
)
def test_wrong_options(options, sentence):
    with pytest.raises(InputError, match=sentence):
        binary(**options)


def test_one_class_is_too_few():
    with pytest.raises(InputError, match="max_classes is 1: allow at least two"):
        multiclass(max_classes=1)
