"""What workers must have in common, and what is said where they have not."""

import os

import pytest

from tests.test_bad_input import check_sentence
from verify.cluster.agreement import FLAGS, Refused, compare, identity, settle_in


def test_a_process_agrees_with_itself():
    own = identity(None)
    compare(own, identity(None))
    assert own["device"] == "cpu"
    assert {"jax", "python", "engine", FLAGS} <= own.keys()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("jax", "0.1", "jax 0.1 where .* is wanted: install the same there, and start it anew"),
        ("engine", "abc", "other source texts of verify and solvers: install"),
        ("device", "gpu", "device gpu where cpu is wanted"),
        ("threads", "4", "several threads .*: start it with --nthreads 1"),
        (FLAGS, "--no", f"{FLAGS} --no where .* is wanted: start it anew"),
    ],
)
def test_the_first_difference_is_told(name, value, said):
    own = identity(None)
    with pytest.raises(Refused, match=f"^has {said}") as refused:
        compare(own, own | {name: value})
    check_sentence(f"The worker tcp://there:1 {refused.value}")


def test_what_a_worker_lacks_is_told():
    with pytest.raises(Refused, match="has numpy none where 2 is wanted"):
        compare({"numpy": "2"}, {})


def test_flags_of_ones_own_are_left_alone(monkeypatch):
    monkeypatch.setenv(FLAGS, "mine")
    settle_in("theirs")
    assert os.environ[FLAGS] == "mine"
    monkeypatch.delenv(FLAGS)
    settle_in("theirs")
    assert os.environ[FLAGS] == "theirs"
    monkeypatch.delenv(FLAGS)
    settle_in(None)
    assert FLAGS not in os.environ
