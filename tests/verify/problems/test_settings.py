"""What every setting keeps, whichever it is: a table of all of them goes through the same checks."""

import dataclasses
import importlib
import json
import math
import pkgutil

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvers.errors import InputError
from verify import problems
from verify.datasets.cases import Setting
from verify.datasets.dataset import shown
from verify.problems.backward.gradient_norm import trainings
from verify.problems.backward.settings import (
    AdamSetting,
    DecaySetting,
    MethodSetting,
    MomentumSetting,
    decay_settings,
    momentum_settings,
)
from verify.problems.backward.settings import settings as adam_settings
from verify.problems.backward.training import Training
from verify.problems.backward.valley import Valley, valleys
from verify.problems.cnn.balance import BalanceSetting, balances
from verify.problems.cnn.patches import PatchModel
from verify.problems.cnn.settings import CnnSetting
from verify.problems.cnn.settings import settings as cnn_settings
from verify.problems.convex.settings import Convex
from verify.problems.convex.settings import problems as convex_problems

TABLE: dict[type[Setting], st.SearchStrategy] = {
    AdamSetting: adam_settings("tanh", samplings=("in turn", "reshuffled")),
    BalanceSetting: balances(alpha=(0.0, 0.3), ratio=(0.55, 1.9)),
    CnnSetting: cnn_settings(),
    Convex: convex_problems(),
    DecaySetting: decay_settings("tanh"),
    MomentumSetting: momentum_settings("bilinear"),
    Training: trainings(),
    Valley: valleys([(0.9, 0.95), (0.5, 0.9)]),
}
NOT_DRAWN = {MethodSetting: "what Adam's and the heavy ball's share", PatchModel: "what a CnnSetting makes of itself"}
each = pytest.mark.parametrize("kind", TABLE, ids=lambda kind: kind.__name__)
# The type checker draws random numbers itself, which hypothesis refuses.
pytestmark = pytest.mark.usefixtures("untyped_caller")


def drawn(kind: type[Setting], count: int = 30) -> list[Setting]:
    found: list[Setting] = []

    @hypothesis.seed(0)
    @hypothesis.settings(max_examples=count, derandomize=False)
    @given(TABLE[kind])
    def collect(case: Setting) -> None:
        found.append(case)

    collect()
    return found


def of_json(kind: type[Setting], text: str) -> Setting:
    """The setting that a record tells of."""
    told = json.loads(text)

    def tuples(value: object) -> object:
        return tuple(map(tuples, value)) if isinstance(value, list) else value

    return kind(name=told["name"], **{name: tuples(value) for name, value in told["setting"].items()})


def test_the_table_holds_every_setting():
    found = set()
    for info in pkgutil.walk_packages(problems.__path__, f"{problems.__name__}."):
        values = vars(importlib.import_module(info.name)).values()
        found |= {value for value in values if isinstance(value, type) and issubclass(value, Setting)}
    assert found - {Setting} == TABLE.keys() | NOT_DRAWN.keys()


@each
def test_it_draws_many_and_the_same_ones_again(kind: type[Setting]):
    found = drawn(kind)
    assert {type(case) for case in found} == {kind}
    assert len({case.key for case in found}) >= 25
    assert [case.key for case in drawn(kind)] == [case.key for case in found]


@each
def test_it_is_a_value(kind: type[Setting]):
    for case in drawn(kind):
        same = kind(name=case.name, **case.values)
        assert (same, hash(same)) == (case, hash(case))
        renamed = dataclasses.replace(case, name="another name")
        assert renamed != case
        assert renamed.key == case.key
        assert hash(renamed.key) == hash(case.key)
        with pytest.raises(dataclasses.FrozenInstanceError):
            case.name = "changed"  # pyright: ignore[reportAttributeAccessIssue]  # frozen is what is tested


@each
def test_a_record_tells_all_of_it(kind: type[Setting]):
    for case in drawn(kind):
        assert case.name
        assert "\n" not in shown(case.to_json())
        assert of_json(kind, json.dumps(case.to_json())) == case


@each
@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_number_that_is_none_is_refused_by_name(kind: type[Setting], wrong: float):
    case = drawn(kind, 1)[0]
    numbers = [name for name, value in case.values.items() if isinstance(value, float)]
    assert numbers
    for name in numbers:
        with pytest.raises(InputError, match=name):
            dataclasses.replace(case, **{name: wrong})
