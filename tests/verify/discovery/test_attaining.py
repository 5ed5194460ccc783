"""Families of datasets on which a law is attained: found where there are some, and known ones recovered."""

import json
from pathlib import Path

import pytest
from hypothesis import strategies as st

from solvers.errors import InputError
from tests.verify.discovery import grown, made
from verify import Dataset, Rate, attain, attained, conjecture, laws
from verify.claims.catalogue import from_file
from verify.claims.verdict import Outcome
from verify.discovery.attaining import Growing, file_of
from verify.optimizers import gradient_descent
from verify.problems.laboratory import Laboratory
from verify.trials.profiles import Profile
from verify.trials.settling import settle

PROFILE = Profile("made", 16, 1_000, 1e3, 0, 8)
POINTS = Dataset([[1, 2], [3, 4], [-5, 6]], [1, 1, -1])


@st.composite
def two_points(draw: st.DrawFn) -> Dataset:
    """`(g, s)` and `(g, -s)`."""
    g, s = draw(st.integers(1, 12)) / 10, draw(st.integers(5, 20)) / 10
    return Dataset([[g, s], [g, -s]], [1, 1])


def normalised(**changes):
    """Gradient descent with unit steps on the logarithm of the exponential loss."""
    given = {"optimizer": gradient_descent(1.0), "loss": "log_exponential", "kind": Rate(laws.power(1))} | changes
    return conjecture("lower", "Lower: bound.", problem=two_points, norm="l2", twins=(), **given)


def test_a_point_grows():
    copies = Growing(POINTS, "copies", 1)
    assert copies(1).key == POINTS.key
    assert copies(3).x.tolist() == [[1, 2], [3, 4], [-5, 6], [3, 4], [3, 4]]
    assert copies(3).y.tolist() == [1, 1, -1, 1, 1]
    far = Growing(POINTS, "far", 2)
    assert far(1).key == POINTS.key
    assert far(10).x.tolist() == [[1, 2], [3, 4], [-50, 60]]
    assert str(far) == "Dataset([[1, 2], [3, 4], [-5, 6]], [1, 1, -1]), point 2 k times as far out"


@pytest.mark.parametrize(("way", "point", "words"), [("down", 0, "no way 'down'"), ("far", 3, "no point 3")])
def test_what_cannot_grow(way, point, words):
    with pytest.raises(InputError, match=words):
        Growing(POINTS, way, point)


def test_the_simplest_family_whose_constant_grows_is_taken():
    found = attain(grown.claim({"n": 0.5}, wobble=0.0), profile=PROFILE)
    assert found.family is not None
    assert found.family.way == "copies"
    assert found.exponent is not None
    assert 0 < found.exponent < 0.5
    assert found.verdict is not None
    assert found.verdict.outcome is Outcome.SUPPORTED
    seen = {case.n - found.family.dataset.n + 1 for case in found.verdict.measurement.datasets}  # pyright: ignore[reportAttributeAccessIssue]
    assert not seen & {2, 8, 32}
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["family"]["way"] == "copies"
    assert "falls like t^-1/2 and not faster" in found._repr_html_()


@pytest.mark.parametrize("p", [0.2, 1.0], ids=["slower", "faster"])
def test_another_law_is_attained_by_none(p):
    found = attain(grown.claim({"n": 0.5}, wobble=0.0), law=laws.power(p), profile=PROFILE)
    assert found.family is None
    assert "no family of datasets was found" in found.sentence
    with pytest.raises(InputError, match="nothing to write"):
        file_of(found, "grown/size", Path("x.py"))


KNOWN = Dataset([[0.3, 1], [0.3, -1]], [1, 1])
"""The first point taken twice is `{(g, s), (g, s), (g, -s)}`, on which the rates are known to be attained."""


def flow():
    """The same as a gradient flow, whose gap falls like 1 / log t."""
    return grown.PAPER.claim(
        "flow", "", "A flow", "A flow.", read=grown.Read.DERIVED, kind=Rate(laws.inverse_log()), problem=two_points,
        flow=True, optimizer_text="gradient descent", loss="exponential", norm="l2",
    )  # fmt: skip


def test_the_lower_bound_of_normalised_descent_is_found():
    found = attain(normalised(), profile=PROFILE)
    assert found.family is not None
    assert found.family.way == "copies"
    assert found.family.dataset.n == 2


@pytest.mark.parametrize("stated", [normalised, flow])
def test_known_lower_bounds_are_attained_and_no_others(stated):
    law = stated().kind.law
    claim = attained(stated(), KNOWN, "copies", 0, law)
    family = Growing(KNOWN, "copies", 0)
    lab = Laboratory([family(k) for k in range(2, 26)], steps=1_000, log_time=300.0)
    assert settle(claim, lab, 0).outcome is Outcome.SUPPORTED
    for i in range(2):
        assert settle(claim.twin(i), lab, 0, confirm=False).outcome is Outcome.REFUTED


def test_the_file_states_it_again(tmp_path: Path):
    found = attain(grown.claim({"n": 0.5}, wobble=0.0), profile=PROFILE)
    mine = tmp_path / "mine.py"
    mine.write_text("from tests.verify.discovery.grown import claim\n\nCLAIM = claim({'n': 0.5}, wobble=0.0)\n")
    path = tmp_path / "test_attained.py"
    path.write_text(file_of(found, str(mine), path))
    (claim,) = from_file(path).values()
    assert claim.id == "conjectures/grown-size-attained"
    assert claim.kind.claimed()[0] == "t^-1/2, and no faster"
    assert [twin.wrong for twin in claim.twins] == ["the faster law t^-4/5", "the slower law t^-1/5, and not faster"]


@pytest.mark.parametrize(
    ("claim", "how", "words"),
    [
        (made.claim(laws.power(0.5)), {}, "is tried on settings"),
        (grown.bounded({}), {}, "states no law"),
        (grown.claim({}), {"profile": "slow"}, "no profile 'slow'"),
        (grown.claim({}), {"resolution": 0.0}, "The resolution is 0.0"),
    ],
)
def test_bad_input(claim, how, words):
    with pytest.raises(InputError, match=words):
        attain(claim, **how)
