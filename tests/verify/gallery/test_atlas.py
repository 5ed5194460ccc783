"""The atlas: which claims it has, and what it makes of what survives."""

from dataclasses import replace
from pathlib import Path

import pytest

from reports import gallery
from solvers.errors import InputError
from tests.test_bad_input import check_sentence
from tests.verify.discovery.made import claim
from verify import laws
from verify.gallery import EXPERIMENTS, surviving
from verify.gallery.atlas import _method
from verify.gallery.experiment import Part
from verify.gallery.making import make
from verify.gallery.surviving import Parameters, Surviving, parts

EXPERIMENT = EXPERIMENTS["atlas"]


@pytest.mark.parametrize(
    ("about", "method", "schedule"),
    [
        ("SignGD, η = 0.1 (t+1)^-1/2", "SignGD", "0.5"),
        ("Adam (β₁=0.9, β₂=0.99, ε=0), η = 0.1 (t+1)^^-2/3", "Adam", "0.67"),
        ("Adam(β₁=0.9, β₂=0.99, ε=0), η = 0.1 (t+1)^-0.667", "Adam", "0.67"),
        ("normalised gradient descent, η = 0.1 (t+1)^-1/2", "normalised GD", "0.5"),
        ("normalised steepest descent in the l1.5 norm, η = 0.1 (t+1)^-0.3", "steepest descent, l1.5", "0.3"),
        ("gradient descent from zero, η = 1", "gradient descent from zero", "other"),
    ],
)
def test_methods_and_schedules_are_read_from_their_words(about, method, schedule):
    assert _method(about) == (method, schedule)


def test_every_proved_rate_is_a_part_and_no_other_is():
    found = parts(Parameters(), 0)
    assert {"zhang2024/adam-0.5", "soudry2018/gradient-descent-tight", "ji2021/direction"} <= set(found)
    assert not any(name.startswith(("ours/", "kale2026/")) for name in found)
    assert all(part.mark for part in found.values() if isinstance(part, Surviving))


def made(folder: Path, mark: str = "a mark") -> dict:
    """The exhibit of two claims about curves of t^-1/2, of which t^-1/10 is stated."""
    claims = [claim(laws.power(0.5)), replace(claim(laws.power(0.1)), id="made/tight")]
    found: dict[str, Part] = {c.id: Surviving(c, Parameters(datasets=16), 0, mark) for c in claims}
    experiment = replace(EXPERIMENT, parts=lambda p, seed: found)
    return make(experiment, 0, folder, show=lambda *_: None)


def test_the_widest_gap_stands_first(tmp_path):
    exhibit = made(tmp_path)
    gallery.write_exhibit(tmp_path, exhibit)
    assert [row[0] for row in exhibit["rows"]] == ["made/curve", "made/tight"]
    assert exhibit["rows"][0][2:4] == ["t^-1/10", "t^-1/2"]
    assert (
        exhibit["sentences"][0]
        == "Of 2 proved rates 1 is loose by the whole interval, 1 also if a factor of log t may stand beside the power."
    )
    first, second = exhibit["drawing"]["marks"]
    assert first["low"] > first["proved"] == second["proved"] == 0.1
    assert second["low"] <= second["proved"] <= second["high"]


def test_an_atlas_without_a_mark_is_told(tmp_path):
    results = {
        "made/curve": made(tmp_path)["numbers"]["made/curve"] | {"survives": None, "interval": None, "wide": None}
    }
    with pytest.raises(InputError, match="Of 1 rates no law in steps survives on fresh draws") as told:
        EXPERIMENT.find(Parameters(), results)
    check_sentence(str(told.value))


def test_a_claim_that_was_tried_is_kept_until_its_file_changes(tmp_path, monkeypatch):
    before = made(tmp_path)
    asked = []
    monkeypatch.setattr(surviving, "sharpen", lambda claim, **_: asked.append(claim.id))
    assert made(tmp_path) == before
    assert not asked
    with pytest.raises(AttributeError):
        made(tmp_path, mark="another")
    assert asked == ["made/curve"]


@pytest.mark.parametrize("changes", [{"datasets": "1"}, {"steps": "10"}, {"log_time": "0"}, {"resolution": "0"}])
def test_what_cannot_be_is_said(changes):
    with pytest.raises(InputError, match="The atlas needs 2 datasets"):
        EXPERIMENT.with_parameters(changes)


def test_claims_that_state_no_rate_are_said():
    with pytest.raises(InputError, match="No claim whose id begins with 'gone' states a proved rate"):
        parts(Parameters(only="gone"), 0)
