"""What a claim is about, made and changed field by field."""

import pytest

from solvers.errors import InputError
from verify import optimizers
from verify.flows import dynamics
from verify.losses import LOSSES
from verify.problems.subject import (
    Described,
    Flow,
    Run,
    flow_of,
    loss_of,
    norm_of,
    run_of,
    varied,
    with_norm,
)
from verify.runs.sampling import Sampling

SIGN = optimizers.sign_gd(0.1)
RUN = Run(SIGN, "SignGD", "logistic", "linf")
FLOW = Flow(dynamics.GradientDescent(0.9), "momentum", "logistic", "l2")
WORDS = Described("a network", "exponential", ("l1", "l2"))


def test_a_subject_is_made_of_its_fields():
    assert varied(None, {"optimizer": SIGN, "optimizer_text": "SignGD", "loss": "logistic", "norm": "linf"}) == RUN
    assert varied(None, {"flow": True, "norm": "l2"}) == Flow(None, "", None, "l2")
    assert varied(None, {"optimizer_text": "a network"}) == Described("a network")
    assert varied(None, {}) == Described("")


@pytest.mark.parametrize("subject", [RUN, FLOW, WORDS], ids=lambda subject: type(subject).__name__)
def test_a_change_leaves_the_rest(subject):
    assert varied(subject, {}) == subject
    changed = varied(subject, {"norm": "l3"})
    assert changed == with_norm(subject, "l3")
    assert (type(changed), changed.text, changed.loss) == (type(subject), subject.text, subject.loss)


def test_runs_become_flows_and_flows_runs():
    assert varied(RUN, {"flow": True}) == Flow(None, "SignGD", "logistic", "linf")
    assert varied(FLOW, {"flow": False, "optimizer": SIGN}) == Run(SIGN, "momentum", "logistic", "l2")
    with pytest.raises(InputError, match="A run in place of a flow needs an optimizer"):
        varied(FLOW, {"flow": False})


def test_mini_batches_are_kept_changed_and_left():
    one = varied(RUN, {"sampling": "cyclic", "batch": 1})
    assert one == Run(SIGN, "SignGD", "logistic", "linf", "cyclic", 1)
    assert varied(one, {"norm": "l2"}).how == one.how
    assert varied(one, {"batch": 2}).how == Sampling("cyclic", 2)
    assert varied(one, {"sampling": "full"}) == RUN
    with pytest.raises(InputError, match="'cyclic' has no batch size"):
        varied(RUN, {"sampling": "cyclic"})
    for subject in (FLOW, WORDS):
        with pytest.raises(InputError, match="Mini-batches are taken by a run"):
            varied(subject, {"sampling": "cyclic", "batch": 1})
    assert run_of(one, sampled=True) is one
    with pytest.raises(InputError, match="on full batches, and not on batches of 1, cyclic: give no sampling"):
        run_of(one)


@pytest.mark.parametrize(
    ("ask", "subject", "missing"),
    [
        (run_of, FLOW, "along a run, but 'momentum' is none"),
        (flow_of, RUN, "along a flow, but 'SignGD' is none"),
        (norm_of, WORDS, "needs a norm, but of 'a network' none is named"),
        (norm_of, Described("words"), "needs a norm"),
        (loss_of, Described("words"), "needs a loss, but of 'words' none is named"),
    ],
)
def test_what_a_quantity_lacks_is_told_in_a_sentence(ask, subject, missing):
    with pytest.raises(InputError, match=missing):
        ask(subject)


def test_what_a_quantity_asks_for_is_given():
    assert run_of(RUN) is RUN
    assert flow_of(FLOW) is FLOW
    assert norm_of(FLOW) == "l2"
    assert loss_of(RUN) is LOSSES["logistic"]
