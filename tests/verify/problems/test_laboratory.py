"""What is asked of a laboratory twice."""

import pytest

from tests.verify.given import POINT, claim
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
