"""The dossier of an optimizer."""

import json
from fractions import Fraction
from typing import Any, cast

import optax
import pytest

from solvers.errors import InputError
from tests.verify.discovery.dossiers import small, without_laws
from verify.discovery.dossier import dossier


def test_it_names_the_norm_and_measures_in_it():
    found = small()
    assert found.identified.norm == found.norm == "linf"
    assert found.followed
    assert found.above is None
    assert not found.matrix
    assert found.homogeneity.scale_free
    assert "exact at any margin" in found.precision
    assert any(near.id.startswith("fan2025/sign-gd") for near in found.theorems)


def test_a_bounded_deficit_suggests_one_over_the_sum_of_step_sizes():
    laws = {round(each.step_size.a, 1): each.rate for each in small().suggestions if each.step_size}
    assert laws == {0.5: Fraction(1, 2), 0.8: Fraction(1, 5)}
    assert small().suggestions[0].sentence == "the gap to the maximal linf margin is O(t^-1/2) with steps t^-0.5"
    assert small().silence == ""


def test_where_nothing_is_suggested_it_says_why():
    assert without_laws().silence == "None is suggested, since it was not shown to follow a norm."


def test_it_is_plain_data_without_curves():
    told = small().to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["identified"]["norm"] == "linf"
    assert told["schedules"][0]["in_path"]["low"] <= told["schedules"][0]["in_path"]["high"]
    assert not {"log_time", "gap", "travelled"} & set(told["schedules"][0])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": 399}, "A dossier of runs of 399 steps tells nothing: give 400 or more."),
        ({"draws": 1}, "A dossier on 1 drawn datasets tells nothing: give 2 or more."),
        ({"step_size": 0.1}, "is an optimizer already, with its step sizes"),
    ],
)
def test_bad_input_is_a_sentence(changes, words):
    with pytest.raises(InputError, match=words):
        dossier(optax.sgd(0.1), **changes)


def test_what_makes_no_optimizer_is_a_sentence():
    with pytest.raises(InputError, match="no optax transformation"):
        dossier(lambda step_size: cast(Any, step_size))
