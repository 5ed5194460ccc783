"""Sweeps: what moves, what is held, and what cannot be moved."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st

from solvers import Norm
from solvers.errors import InputError
from tests.verify.discovery import grown, made
from verify import Dataset, laws, strategies
from verify.discovery.sweeps import swept
from verify.optimizers import adam, sign_gd


class Doubled(Norm):
    """A norm of one's own."""


HOW = {"values": None, "held": {}, "datasets": 2, "seed": 0}


@pytest.mark.parametrize("parameter", ["n", "d", "gamma", "radius"])
def test_one_size_moves_and_the_others_are_held(parameter):
    found = swept(grown.claim({}), parameter, **HOW)
    assert len(found.cases) == np.prod(found.shape)
    sizes = [grown.sizes(case, 0.0) for case in found.cases]  # pyright: ignore[reportArgumentType]
    for name in {"n", "d", "radius"} - {parameter}:
        np.testing.assert_allclose([s[name] for s in sizes], found.held[name])
    if parameter != "gamma":
        np.testing.assert_allclose([s[parameter] for s in sizes], np.tile(found.values, found.shape[0]))
    assert found.values[-1] / found.values[0] >= 10


def test_classes_move_where_there_are_some():
    found = swept(grown.claim({}, multiclass=True), "k", **HOW)
    assert [case.classes for case in found.cases[: found.shape[1]]] == list(found.values)  # pyright: ignore[reportAttributeAccessIssue]


def test_data_of_unit_rows_stay_so():
    claim = grown.PAPER.claim(
        "unit", "", "Unit: rows.", "Unit.", read=grown.Read.DERIVED, kind=grown.Rate(laws.power(0.5)),
        problem=lambda: strategies.binary(unit_rows=True), quantity=grown.Grown({}), optimizer_text="none", norm="l2",
    )  # fmt: skip
    with pytest.raises(InputError, match="no point longer than 1"):
        swept(claim, "radius", **(HOW | {"values": [0.5, 1, 2]}))
    for parameter in ("n", "radius"):
        for case in swept(claim, parameter, **HOW).cases:
            assert np.linalg.norm(case.x, axis=1).max() <= 1 + 1e-9  # pyright: ignore[reportAttributeAccessIssue]


def test_what_is_held_can_be_chosen():
    found = swept(grown.claim({}), "n", **(HOW | {"held": {"gamma": 0.5, "d": 5}}))
    assert found.held == {"d": 5, "k": 2, "gamma": 0.5, "radius": 5.0}


def test_a_beta_makes_optimizers_anew_on_the_same_data():
    claim = grown.PAPER.claim(
        "run", "", "A: run.", "A run.", read=grown.Read.DERIVED, kind=grown.Rate(laws.power(0.5)),
        problem=strategies.binary, optimizer=adam(0.1), optimizer_text="Adam", norm="linf", loss="logistic",
    )  # fmt: skip
    seen = []
    found = swept(claim, "beta", **HOW, make=lambda beta: seen.append(beta) or adam(0.1, beta))
    assert seen == [0, 0.5, 0.75, 0.875, 0.9375, 0.96875]
    assert len(found.claims) == len(found.values)
    assert len(found.cases) == found.shape[0]
    with pytest.raises(InputError, match="is not known: give --optimizer"):
        swept(claim, "beta", **HOW)


@st.composite
def apart_never(draw: st.DrawFn) -> Dataset:
    return Dataset([[draw(st.integers(1, 99))], [draw(st.integers(1, 99))]], [1, -1], classes=0)


@st.composite
def two_points(draw: st.DrawFn) -> Dataset:
    return Dataset(draw(st.lists(st.lists(st.integers(1, 9), min_size=3, max_size=3), min_size=2, max_size=2)), [1, 1])


def of(problem):
    return grown.PAPER.claim(
        "odd", "", "Odd: data.", "Odd.", read=grown.Read.DERIVED, kind=grown.Rate(laws.power(0.5)), problem=problem,
        quantity=grown.Grown({}), optimizer_text="none", norm="l2",
    )  # fmt: skip


def running(optimizer):
    return grown.PAPER.claim(
        "run", "", "A: run.", "A run.", read=grown.Read.DERIVED, kind=grown.Rate(laws.power(0.5)),
        problem=strategies.binary, optimizer=optimizer, optimizer_text="it", norm="linf", loss="logistic",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("claim", "parameter", "how", "words"),
    [
        (grown.claim({}), "m", {}, "no parameter 'm'"),
        (grown.claim({}), "k", {}, "no classes to move"),
        (grown.claim({}), "beta", {}, "has no beta to move"),
        (running(sign_gd(0.1)), "beta", {}, "keeps no average of gradients, and has no beta to move"),
        (grown.claim({}), "n", {"family": lambda v, seed: None, "held": {"d": 3}}, "leave --hold away"),
        (grown.claim({}), "n", {"held": {"n": 3}}, "n cannot be held while n moves"),
        (grown.claim({}), "n", {"held": {"k": 3}}, "cannot be held at 3 classes"),
        (grown.claim({}), "n", {"held": {"gamma": -1.0}}, "cannot be held at -1.0"),
        (grown.claim({}), "n", {"values": [8, 16]}, "show no exponent"),
        (grown.claim({}), "n", {"values": [8, 16, 20.5]}, "give whole numbers"),
        (grown.claim({}), "gamma", {"values": [-1, 1, 2]}, "show no exponent"),
        (grown.claim({}), "n", {"make": adam}, "no bearing on n"),
        (grown.claim({}), "n", {"family": lambda v, seed: None}, "needs the values"),
        (made.claim(laws.power(0.5)), "n", {}, "is tried on settings"),
        (of(apart_never), "n", {}, "have no maximal margin"),
        (of(two_points), "n", {}, "has n = 2 always"),
        (replace(grown.claim({}), norm=Doubled("entrywise", 2.0)), "n", {}, "built for p-norms"),
    ],
)
def test_what_cannot_be_moved_is_told_in_a_sentence(claim, parameter, how, words):
    with pytest.raises(InputError, match=words):
        swept(claim, parameter, **(HOW | how))
