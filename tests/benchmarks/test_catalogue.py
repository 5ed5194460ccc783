"""The catalogue of conjectures whose truth is known: large, varied, and each entry with its reason."""

from collections import Counter

import pytest

import solvers
from benchmarks.soundness.catalogue import ENTRIES, POWER, chosen
from benchmarks.soundness.entry import group, true, vanishes
from solvers.errors import InputError
from verify import losses, optimizers
from verify.claims import kinds
from verify.problems.networks.quantities import NetworkKKT
from verify.problems.subject import Flow, Run

CLAIMS = [entry.claim for entry in ENTRIES]


def test_there_are_many_true_and_many_false_ones():
    counts = Counter(entry.true for entry in ENTRIES)
    assert counts[True] >= 40
    assert counts[False] >= 40


def test_names_are_unique():
    names = [entry.name for entry in (*ENTRIES, *POWER)]
    assert len(set(names)) == len(names)


def test_all_kinds_occur_true_and_false():
    found = {truth: {entry.claim.kind.name for entry in ENTRIES if entry.true is truth} for truth in (True, False)}
    # What holds with a probability is judged case by case as the others are; the theorems have such claims and twins.
    every = {getattr(kinds, name).name for name in kinds.__all__ if name not in ("Kind", "HighProbability")}
    assert found[True] == found[False] == every
    assert {entry.true for entry in ENTRIES if isinstance(entry.claim.quantity, NetworkKKT)} == {True, False}


def test_norms_losses_and_optimizers_are_varied():
    norms = {
        solvers.norm(norm)
        for claim in CLAIMS
        for norm in ([claim.subject.norm] if isinstance(claim.subject.norm, str) else claim.subject.norm or ())
    }
    assert len(norms & set(solvers.norms.NORMS)) >= 8
    used = {losses.loss(claim.subject.loss) for claim in CLAIMS if claim.subject.loss is not None}
    assert used == set(losses.LOSSES.values())
    assert len({id(claim.subject.optimizer) for claim in CLAIMS if isinstance(claim.subject, Run)}) >= 30
    assert len({claim.subject.dynamics for claim in CLAIMS if isinstance(claim.subject, Flow)}) >= 5


def test_an_entry_says_why():
    for entry in (*ENTRIES, *POWER):
        assert len(entry.why.split()) >= 2, entry.name
        assert entry.claim.id == f"soundness/{entry.group}"
        assert entry.name.startswith(f"{entry.group}: ")
        assert (entry.claim.twins, entry.claim.real) == ((), ())


def test_a_group_shares_its_draws():
    for name in {entry.group for entry in ENTRIES}:
        claims = [entry.claim for entry in ENTRIES if entry.group == name]
        assert len({(id(claim.problem), claim.share, claim.horizon) for claim in claims}) == 1, name


def test_the_power_table_has_the_true_law_and_faster_ones():
    for name in {entry.group for entry in POWER}:
        found = {entry.excess: entry.true for entry in POWER if entry.group == name}
        assert found == {0.0: True, 0.02: False, 0.05: False, 0.1: False, 0.2: False}


def test_words_choose():
    assert {entry.group for entry in chosen(ENTRIES, "adam-eps 1e-08")} == {"adam-eps-1e-08"}
    assert chosen(ENTRIES, "") == list(ENTRIES)
    assert chosen(ENTRIES, "adam-eps no-such") == []
    without = chosen(ENTRIES, "adam-eps !1e-08")
    assert without
    assert {*without, *chosen(ENTRIES, "adam-eps 1e-08")} == {*chosen(ENTRIES, "adam-eps")}


def test_an_entry_needs_what_a_claim_needs():
    with pytest.raises(InputError, match="no field 'nrom'"):
        group(
            "sign-gd", "SignGD", true("since it is", kind=vanishes(0.5), nrom="l2"), optimizer=optimizers.sign_gd(0.1)
        )


def test_the_optimizers_are_those_of_the_texts():
    of = {entry.group: entry.claim.subject for entry in ENTRIES}
    assert of["adam-eps-1e-08"].optimizer is optimizers.adam(optimizers.PowerDecay(0.1, 0.5), 0.9, 0.95, 1e-8)
    assert of["adam-eps-1e-08"].optimizer is not of["adam-eps-1e-06"].optimizer
