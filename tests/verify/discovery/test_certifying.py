"""Certificates: written of a refutation, and checked by a file that knows nothing of this program."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.discovery.made import claim as made
from verify import Bound, Dataset, Rate, Twin, conjecture, laws
from verify.discovery import check_certificate
from verify.discovery.certifying import certify, certify_tight
from verify.optimizers import PowerDecay, gradient_descent, normalised_gd, sign_gd
from verify.problems.margins.gap import Gap

POINT = Dataset([[1, 2]], [1])
CLASSES = Dataset([[1, 2], [-1, 1], [0, -2]], [0, 1, 2])


def claimed(norm: str, loss: str = "logistic"):
    return conjecture(
        f"sign-gd-{norm}", "SignGD: a margin.", optimizer=sign_gd(PowerDecay(0.1, 0.5)), norm=norm, loss=loss,
        kind=Rate(laws.power(0.5)), twins=(Twin("another", norm="linf"),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def point() -> dict:
    return certify(claimed("l2"), POINT, steps=200)


def test_sign_gd_misses_the_l2_margin_of_one_point_by_hand(point):
    # It goes along (1, 1), whose L2 margin on (1, 2) is 3 / sqrt 2 where sqrt 5 is the maximum.
    assert [float(Fraction(run["short"])) for run in point["runs"]] == pytest.approx([1 - 3 / 10**0.5] * 2, rel=1e-9)
    assert float(Fraction(point["kept"])) == pytest.approx(1.0, rel=1e-6)
    assert point["claim"]["statement"] == "SignGD: a margin."
    assert len(check_certificate.check(point)) == 5


@pytest.mark.parametrize(("norm", "data", "loss"), [("l1", POINT, "logistic"), ("l2", CLASSES, "cross_entropy")])
def test_other_norms_and_classes(norm, data, loss):
    found = certify(claimed(norm, loss), data, steps=100)
    assert found["data"]["classes"] == data.classes
    assert "fall short of it by" in check_certificate.check(found)[1]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"lower": "3"}, "The bracket"),
        ({"upper": "1/2", "lower": "1/3"}, "do not prove the upper end"),
        ({"witness": ["1", "1"]}, "The witness does not"),
        ({"multipliers": ["1/2"]}, "not on the simplex"),
        ({"digest": "0" * 64}, "The digest is not"),
        ({"format": "another"}, "The format is"),
        ({"kept": "2"}, "fallen by more"),
        # Nothing is a multiple of no weights.
        ({"witness": ["0", "0"], "lower": "1000", "upper": "1000"}, "The witness does not"),
        ({"data": {"x": [["1", "2"]], "y": [math.nan], "classes": 0}}, "A label"),
        ({"data": {"x": [["1", "2"]], "y": [1.0], "classes": 0}}, "A label"),
        ({"data": {"x": [["1", "2"]], "y": [2], "classes": 0}}, "A label"),
        ({"data": {"x": [["1", "2"]], "y": [True], "classes": 0}}, "A label"),
        ({"data": {"x": [["1", "2"]], "y": [7], "classes": 3}}, "A label"),
        ({"data": {"x": [["1", "2"]], "y": [1], "classes": None}}, "There are None classes"),
    ],
)
def test_what_is_not_so_is_noticed(point, changed, words):
    with pytest.raises(check_certificate.Wrong, match=words):
        check_certificate.check(point | changed)


@pytest.mark.parametrize(("key", "value"), [("weights", ["1", "2"]), ("short", "1/2"), ("reached", "1")])
def test_a_run_that_was_changed_is_noticed(point, key, value):
    with pytest.raises(check_certificate.Wrong, match="The weights after"):
        check_certificate.check(point | {"runs": [point["runs"][0] | {key: value}, point["runs"][1]]})


def test_the_same_run_is_not_one_of_twice_the_steps(point):
    with pytest.raises(check_certificate.Wrong, match="not twice as long"):
        check_certificate.check(point | {"runs": [point["runs"][0]] * 2})


def test_of_a_negative_margin_the_least_share_is_told(point):
    # The maximal margin of (1, 2) in linf is 3. All that is known of it is said to be [1, 4]; -1 is reached.
    claim = point["claim"] | {"norm": "linf"}
    run = {"steps": 1, "weights": ["1", "-1"], "reached": "-1", "short": "5/4"}
    wide = point | {
        "norm": "linf", "claim": claim, "digest": check_certificate.digest(claim), "lower": "1", "upper": "4",
        "witness": ["0", "1"], "runs": [run, run | {"steps": 2}], "kept": "5/8",
    }  # fmt: skip
    assert len(check_certificate.check(wide)) == 5
    with pytest.raises(check_certificate.Wrong, match="do not fall short by what is said"):
        check_certificate.check(wide | {"runs": [run | {"short": "2"}] * 2})
    with pytest.raises(check_certificate.Wrong, match="fallen by more"):
        check_certificate.check(wide | {"kept": "1"})


def test_words_that_were_exchanged_are_noticed(point):
    claim = point["claim"] | {"norm": "linf"}
    with pytest.raises(check_certificate.Wrong, match="another norm"):
        check_certificate.check(point | {"claim": claim, "digest": check_certificate.digest(claim)})
    with pytest.raises(check_certificate.Wrong, match="The digest"):
        check_certificate.check(point | {"claim": point["claim"] | {"statement": "Another."}})


def test_the_checker_needs_the_standard_library_only(tmp_path: Path, point):
    path = tmp_path / "point.json"
    path.write_text(json.dumps(point))
    checker = str(check_certificate.__file__)
    # -I and -S: neither this project nor an installed package can be imported.
    ended = subprocess.run([sys.executable, "-I", "-S", checker, str(path)], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "PROVED, of these weights; not that the optimizer gives them."
    path.write_text(json.dumps(point | {"kept": "2"}))
    assert check_certificate.main([str(path)]) == 1
    deep = "[" * 100_000 + "]" * 100_000
    for upper in ("1e999999999", "0.5", 3, "1" * 400):
        path.write_text(json.dumps(point | {"upper": upper}))
        assert check_certificate.main([str(path)]) == 2
    for text in ("[]", deep, json.dumps(point | {"kept": math.nan}), json.dumps(point | {"witness": "12"})):
        path.write_text(text)
        assert check_certificate.main([str(path)]) == 2
    assert check_certificate.main([str(tmp_path / "gone.json")]) == 2
    assert check_certificate.main([]) == 2


def test_what_cannot_be_certified_is_told():
    with pytest.raises(InputError, match="is about no maximal margin of a dataset"):
        certify(made(laws.power(0.5)), POINT)
    with pytest.raises(InputError, match="has no rational bracket"):
        certify(claimed("l3"), POINT)
    with pytest.raises(InputError, match="has the maximal margin, as far as is known"):
        certify(claimed("linf"), POINT, steps=100)


def bounded(bound: float, norm: str = "l2"):
    return replace(claimed(norm), kind=Bound.constant(bound))


@pytest.fixture(scope="module")
def tight() -> dict:
    return certify_tight(bounded(0.06), POINT, steps=200)


def test_how_near_a_run_comes_to_a_bound_is_proved_by_hand(tight):
    # The relative gap is 1 - 3 / sqrt 10 from the first step on.
    gap = 1 - 3 / 10**0.5
    assert [float(Fraction(each)) for each in tight["run"]["gap"]] == pytest.approx([gap] * 2, rel=1e-9)
    assert [float(Fraction(each)) for each in tight["share"]] == pytest.approx([gap / 0.06] * 2, rel=1e-9)
    told = check_certificate.check(tight)
    assert 'keeps the bound "0.06", whose value there is, by the claim\'s words, 0.06' in told[2]
    assert check_certificate.verdict(tight) == "PROVED, of these weights; not that the optimizer gives them."


@pytest.mark.parametrize(("bound", "word"), [(0.06, "keeps"), (0.05, "breaks")])
def test_whether_the_bound_holds_there_is_said(bound, word):
    assert f"It {word} the bound" in check_certificate.check(certify_tight(bounded(bound), POINT, steps=50))[2]


def test_the_step_is_the_one_that_is_nearest_to_the_bound():
    claim = replace(bounded(1.0), kind=Bound(lambda m: np.where(m.time < 20, 0.06, 1.0)[None], "0.06 before step 20"))
    assert certify_tight(claim, POINT, steps=200)["run"]["steps"] < 20


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"bound": {"text": "0", "value": "0"}}, "not that share of the bound"),
        ({"share": ["1/2", "1/2"]}, "not that share of the bound"),
        ({"relative": False}, "The gap is not what"),
        ({"digest": "0" * 64}, "The digest is not"),
        ({"bound": {"text": "0.07", "value": "7/100"}, "share": None}, "The bound is not that of the claim's words"),
        ({"bound": {"text": "0.06", "value": "7/100"}, "share": None}, "The words' bound lies in"),
        ({"replayed": True}, "name no steps that can be replayed"),
    ],
)
def test_what_is_not_so_of_a_tight_case_is_noticed(tight, changed, words):
    if "share" in changed and changed["share"] is None:
        value = Fraction(changed["bound"]["value"])
        changed |= {"share": [str(Fraction(each) / value) for each in tight["run"]["gap"]]}
    with pytest.raises(check_certificate.Wrong, match=words):
        check_certificate.check(tight | changed)


def test_the_gap_is_the_one_of_the_words(tight):
    # In its own units it is larger here, and would break the bound.
    unit = (Fraction(tight["lower"]) + Fraction(tight["upper"])) / 2
    low, high = map(Fraction, tight["run"]["reached"])
    gap = [Fraction(tight["lower"]) - high, Fraction(tight["upper"]) - low]
    assert float(gap[0] / unit) == pytest.approx(1 - 3 / 10**0.5)
    share = [str(each / Fraction(tight["bound"]["value"])) for each in gap]
    other = {"relative": False, "share": share, "run": tight["run"] | {"gap": [*map(str, gap)]}}
    with pytest.raises(check_certificate.Wrong, match="which say whether it is relative"):
        check_certificate.check(tight | other)


@pytest.mark.parametrize("reached", [["3", "4"], ["0", "1"]])
def test_a_margin_that_is_elsewhere_is_noticed(tight, reached):
    with pytest.raises(check_certificate.Wrong, match="does not lie where it is said to"):
        check_certificate.check(tight | {"run": tight["run"] | {"reached": reached}})


def test_what_has_no_tight_case_is_told():
    with pytest.raises(InputError, match="bounds no gap to a maximal margin by a formula"):
        certify_tight(claimed("l2"), POINT, steps=50)


STEPS = PowerDecay(0.5, 0.5)
METHODS = {
    "SignGD, η = 0.5 (t+1)^-1/2": (sign_gd(STEPS), "logistic"),
    "normalised GD, η = 0.5 (t+1)^-1/2": (normalised_gd(STEPS), "exponential"),
    "gradient descent, η = 0.5": (gradient_descent(0.5), "logistic"),
    "gradient descent with unit steps on the log of the mean exponential loss": (
        gradient_descent(1.0),
        "log_exponential",
    ),
}
THREE = Dataset([[1, 2], [2, -1], [-3, 1]], [1, 1, -1])


def run_of(text: str, data: Dataset, *, optimizer=None, loss: str = "", kind=None, bound: str = "(1 + ln n)/(γ t)"):
    made, usual = METHODS[text]
    claim = conjecture(
        "run", "A margin.", optimizer=optimizer or made, optimizer_text=text, norm="l2", loss=loss or usual,
        kind=kind or Bound(lambda m: (1 + np.log(m.n)) / (m.margin * m.time), bound), twins=(),
    )  # fmt: skip
    return certify_tight(replace(claim, quantity=Gap(relative=False)), data, steps=60)


@pytest.mark.parametrize("text", METHODS)
def test_steps_that_the_words_name_are_taken_again(text):
    found = run_of(text, THREE)
    assert found["replayed"]
    assert "The steps of the words, taken again from zero weights" in check_certificate.check(found)[3]
    assert check_certificate.verdict(found).endswith("that the optimizer gives them was computed again, not proved.")
    moved = [str(Fraction(w) * Fraction(1001, 1000)) for w in found["run"]["weights"]]
    with pytest.raises(check_certificate.Wrong, match="give other weights"):  # of the same direction, but longer
        check_certificate.replayed(found | {"run": found["run"] | {"weights": moved}})


def test_a_part_of_a_step_is_not_replayed():
    found = run_of("SignGD, η = 0.5 (t+1)^-1/2", THREE)
    with pytest.raises(check_certificate.Wrong, match="are not whole"):
        check_certificate.replayed(found | {"run": found["run"] | {"steps": found["run"]["steps"] + 0.5}})


@pytest.mark.parametrize("loss", ["cross_entropy", "pairwise_logistic"])
def test_steps_with_classes_too(loss):
    assert run_of("normalised GD, η = 0.5 (t+1)^-1/2", CLASSES, loss=loss)["replayed"]


def test_other_steps_than_the_words_name_are_not_said_to_be_theirs():
    found = run_of("SignGD, η = 0.5 (t+1)^-1/2", THREE, optimizer=sign_gd(PowerDecay(0.5, 0.6)))
    assert not found["replayed"]
    assert check_certificate.verdict(found).endswith("not that the optimizer gives them.")


def test_a_bound_in_words_that_are_not_read_is_only_said():
    found = run_of("SignGD, η = 0.5 (t+1)^-1/2", THREE, bound="what is known of γ")
    assert "whose value there is said to be" in check_certificate.check(found)[2]
    assert "; the bound's value is only said; " in check_certificate.verdict(found)


def test_a_bound_with_sums_of_steps_is_evaluated():
    def upper(m):
        eta = 0.5 * np.arange(1, round(m.time[-1]) + 1) ** -0.5
        first, second = (np.cumsum(each)[np.round(m.time).astype(int) - 1] for each in (eta, eta**2))
        return (m.radius("l2") ** 2 * second / 2 + np.log(m.n)) / first

    kind = Bound(upper, "(½ B² Σ η² + ln n)/Σ η")
    found = run_of("normalised GD, η = 0.5 (t+1)^-1/2", THREE, kind=kind)
    assert "by the claim's words" in check_certificate.check(found)[2]
