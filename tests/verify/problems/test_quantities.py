"""What every quantity keeps, whichever it is: a table of all of them, found in the modules, goes through the same
checks, each measured once on a few cases of a claim that uses it."""

import functools
import importlib
import pkgutil
from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import untyped
from verify import problems
from verify.claims import Claim
from verify.claims.catalogue import all_claims
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement, Quantity
from verify.trials.drawing import draw

CASES = 4
# The cheapest claim of a quantity, where that is not the first one by name.
CLAIM = {
    "margins.BudgetedGap": "fan2025/gap-budget-linf",
    "margins.Discrepancy": "fan2025/oracle-two-classes-signgd",
    "margins.Gap": "fan2025/sign-gd-binary",
    "margins.Lemma": "fan2025/lemma-1",
    "margins.Residual": "soudry2018/residual-logistic",
}
# What makes the dear ones cheap, beside the few cases.
_SMALL = {"n": 4, "s": 9, "first": 1}
SMALLER = {
    "cnn.FeatureSigns": _SMALL | {"count": 60},
    "cnn.Growth": _SMALL,
    "cnn.SeparationShortfall": _SMALL | {"count": 60},
    "cnn.Stuck": _SMALL | {"count": 60},
    "cnn.TensorPower": _SMALL,
    "convex.FrankWolfeGap": {"norms": ("l2",)},
}
# Horizons of flows, where the usual one shows nothing of the quantity.
LOG_TIME = {"networks.Growth": 2e3}
# Quantities that may be below zero, and what that says; all others are distances, errors and sizes.
SIGNED = {
    "backward.Penalty": "the norm changes as the table says",
    "cnn.FeatureSigns": "the networks vote as the theorem says",
    "cnn.SeparationShortfall": "the failing way's error is above one half",
    "convex.FrankWolfeGap": "the loss at a point outside of the ball is below the least one inside",
}
UNUSED: dict[str, str] = {
    "networks.MarginFall": "for claims of users on networks in steps; tried in test_trained.py",
}
"""Quantities of no claim, and why they are kept all the same."""


def quantities() -> dict[str, type]:
    """All quantities of the families of problems, by family and name."""
    found = {}
    for info in pkgutil.walk_packages(problems.__path__, f"{problems.__name__}."):
        for value in vars(importlib.import_module(info.name)).values():
            own = isinstance(value, type) and value.__module__ == info.name and info.name.count(".") > 2
            if own and not value.__name__.startswith("_") and hasattr(value, "measure"):
                found[f"{info.name.split('.')[2]}.{value.__name__}"] = value
    return dict(sorted(found.items()))


TABLE = quantities()
CLAIMS = all_claims()
USED = {name: [claim for claim in CLAIMS.values() if type(claim.quantity) is kind] for name, kind in TABLE.items()}
each = pytest.mark.parametrize("name", [name for name in TABLE if name not in UNUSED])


@functools.cache
def measured(name: str) -> tuple[Claim, Laboratory, Measurement]:
    """A claim of that quantity, a small laboratory, and what was measured there."""
    claim = CLAIMS[CLAIM[name]] if name in CLAIM else USED[name][0]
    claim = replace(claim, quantity=replace(claim.quantity, **SMALLER.get(name, {})))
    with untyped():
        cases = draw(claim, CASES, 0)
    lab = Laboratory(cases, steps=300, log_time=LOG_TIME.get(name, 60.0), norms=claim.norms)
    return claim, lab, claim.measure(lab)


def test_each_quantity_is_one_of_a_claim():
    assert {name for name in TABLE if not USED[name]} == UNUSED.keys()
    assert TABLE.keys() >= {*CLAIM, *SMALLER, *LOG_TIME, *SIGNED, *UNUSED}
    for name, claim in CLAIM.items():
        assert CLAIMS[claim] in USED[name]


@each
def test_it_has_words(name: str):
    claim, _, m = measured(name)
    assert isinstance(claim.quantity, Quantity)
    words = [claim.quantity.name, m.clock.axis, m.clock.label, *m.notes]
    for word in words:
        assert word
        assert word == word.strip()
        assert "\n" not in word
    assert m.clock.when(float(m.log_time[-1]))


@each
def test_its_curves_have_one_shape(name: str):
    _, lab, m = measured(name)
    b, r = len(lab.cases), len(m.log_time)
    assert r
    assert m.values.shape == (b, r)
    assert m.values.dtype == np.float64
    assert m.floor.shape == m.judged.shape == (b,)
    assert m.judged.dtype == bool
    assert list(m.datasets) == lab.cases
    for side in (m.bound, *(m.parts or {}).values()):
        assert side is None or side.shape == (b, r)
    if m.gamma is not None:
        assert m.gamma.shape == (b,)
        assert (m.gamma[m.judged] > 0).all()
    if m.scale is not None:
        assert m.scale.gap.shape == (b, r)


@each
def test_its_clock_increases(name: str):
    m = measured(name)[2]
    assert np.isfinite(m.log_time).all()
    assert (np.diff(m.log_time) > 0).all()


@each
def test_what_is_judged_is_a_number(name: str):
    m = measured(name)[2]
    assert np.isfinite(m.values[m.judged]).all()
    assert np.isfinite(m.floor).all()
    assert (m.floor >= 0).all()
    if name not in SIGNED:
        assert (m.values[m.judged] >= -m.floor[m.judged, None]).all()
    if m.bound is not None:
        assert not np.isnan(m.bound[m.judged]).any()


@each
def test_a_second_measurement_is_the_same(name: str):
    claim, lab, first = measured(name)
    again = claim.measure(lab)
    np.testing.assert_array_equal(again.values, first.values)
    np.testing.assert_array_equal(again.log_time, first.log_time)
    np.testing.assert_array_equal(again.judged, first.judged)
