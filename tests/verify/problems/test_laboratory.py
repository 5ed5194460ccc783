"""What is asked of a laboratory twice, and its horizons."""

from dataclasses import replace

import numpy as np
import pytest

from solvers import max_margins
from solvers.errors import BracketError, InputError
from tests.verify.given import POINT, claim
from verify import Dataset, Setting
from verify.losses import CROSS_ENTROPY
from verify.problems.laboratory import Laboratory
from verify.problems.margins.ensembles import flow, run


@pytest.mark.parametrize("other", ["cross_entropy", CROSS_ENTROPY], ids=["other name", "the loss itself"])
@pytest.mark.parametrize(("follow", "of"), [(run, {}), (flow, {"flow": True})], ids=["run", "flow"])
def test_what_was_run_is_shared_however_its_loss_is_spelled(other, follow, of):
    steps = []
    lab = Laboratory([POINT], steps=10, log_time=50.0, progress=lambda done, total: steps.append(done))
    follow(claim(loss="logistic", **of).subject, lab)
    made = len(steps)
    assert made
    follow(claim(loss=other, **of).subject, lab)
    assert len(steps) == made


def laboratory() -> Laboratory:
    return Laboratory([POINT, Dataset([[2, 1], [1, 1]], [1, 1])], steps=10, log_time=50.0, norms=("l2",))


def test_what_is_asked_twice_is_made_once():
    lab, made = laboratory(), []
    assert [lab.once(key, lambda: made.append(0) or len(made)) for key in ("a", "a", "b", "a")] == [1, 1, 2, 1]
    assert lab.references("l2") is lab.references("l2")
    assert lab.references("l2") is not lab.references("linf")


def test_a_view_has_a_horizon_of_its_own_and_shares_the_rest():
    lab = laboratory()
    view = lab.view()
    view.extend(2.5)
    assert (view.steps, view.log_time) == (25, 125.0)
    assert (lab.steps, lab.log_time) == (10, 50.0)
    assert view.references("l2") is lab.references("l2")


def test_a_part_has_some_of_the_cases_and_a_longer_horizon():
    lab = laboratory()
    part = lab.part([1], 10)
    assert part.cases == [lab.cases[1]]
    assert (part.steps, part.log_time, part.norms) == (100, 500.0, ("l2",))
    assert len(part.references("l2")) == 1


def test_norms_are_told_apart_where_the_maximiser_of_one_misses_the_margin_of_the_other():
    symmetric = Dataset([[1, 1]], [1])
    np.testing.assert_array_equal(Laboratory([POINT, symmetric], steps=1).told_apart("linf", "l2"), [True, False])


def test_cases_that_are_no_datasets_are_refused_where_datasets_are_asked_for():
    with pytest.raises(InputError, match="was asked of settings"):
        _ = Laboratory([Setting(name="a setting")], steps=1).datasets


def test_a_reference_that_its_proof_does_not_bear_out_is_blamed_itself(monkeypatch):
    def wrong(datasets, norm):
        return [replace(r, lower=0.999 * r.lower, upper=0.999 * r.upper) for r in max_margins(datasets, norm)]

    monkeypatch.setattr("verify.problems.laboratory.max_margins", wrong)
    with pytest.raises(BracketError, match=r"Dataset 0: The maximal l2 margin .* not in a theorem"):
        laboratory().references("l2")
