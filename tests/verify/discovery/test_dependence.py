"""How a quantity depends on the problem: exponents that are known are found, and what they are held against."""

import json
from dataclasses import replace

import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.discovery.grown import bounded, claim
from verify import Dataset, Limit, laws, scaling

EXPONENTS = ("n", 1.0), ("n", 0.0), ("d", 0.5), ("gamma", -2.0), ("gamma", -0.7), ("radius", 1.5)


@pytest.mark.parametrize(("parameter", "p"), EXPONENTS)
def test_known_exponents_are_found(parameter, p):
    made = scaling(claim({parameter: p, "n" if parameter != "n" else "d": -0.3}), parameter, datasets=4)
    assert made.whole.median is not None
    assert made.whole.worst is not None
    for found in (made.whole.median, made.whole.worst):
        assert found.low - 0.02 <= p <= found.high + 0.02
        assert found.value == pytest.approx(p, abs=0.1)
    assert made.earlier == pytest.approx(made.whole.median.value)
    assert not made.bent


def test_classes_too():
    made = scaling(claim({"k": 0.5}, multiclass=True), "k")
    assert made.whole.median is not None
    assert made.whole.median.value == pytest.approx(0.5, abs=0.1)


def test_what_only_some_data_show_is_the_worst_case():
    made = scaling(claim({"n": 0.5}, by="repeated", wobble=0.0), "n", datasets=4)
    own = {each.ensemble: each for each in made.ensembles}
    assert own["repeated"].median is not None
    assert own["repeated"].median.value == pytest.approx(0.5)
    assert made.whole.median is not None
    assert made.whole.median.value == pytest.approx(0.0, abs=1e-9)
    assert made.whole.worst is not None
    assert made.whole.worst.value == pytest.approx(0.5)


def test_a_bound_says_its_own_exponent_and_whether_it_is_needed():
    made = scaling(bounded({"gamma": -1.0}), "gamma", datasets=4)
    assert made.bound is not None
    assert made.bound.value == pytest.approx(-1.0)
    assert "says γ^-1.00; measured" in made.sentence
    assert made.answer == "γ^-1.00 is real on these data: the worst case grows as fast."
    loose = scaling(bounded({"gamma": -0.4}), "gamma", datasets=4)
    assert loose.answer.startswith("γ^-1.00 is not seen: no data here need more than γ^-0.")


def test_a_logarithm_is_told_by_what_it_looks_like():
    made = scaling(bounded({}, logarithm=True, wobble=0.0), "n", datasets=4)
    assert made.logarithm is not None
    assert made.whole.median is not None
    assert made.whole.median.value == pytest.approx(made.logarithm, abs=0.02)
    assert f"A factor ln n would look like n^{made.logarithm:.2f} over these values." in made.notes


def test_what_is_stated_stands_in_for_a_law():
    said = scaling(claim({"n": 0.2}, wobble=0.0), "n", stated=1.0, datasets=4)
    assert "n^1 is stated" in said.sentence
    assert said.answer == "n^1.00 is not seen: no data here need more than n^0.20."
    unsaid = replace(said, stated=None)
    assert unsaid.answer == ""
    assert "does not say how it depends on n" in unsaid.sentence
    none = scaling(claim({}, wobble=0.0), "n", stated=0.0, datasets=4)
    assert none.answer == "No n is needed, and none is said."


def test_values_at_their_resolution_say_nothing():
    made = scaling(claim({"n": 1.0}, floor=1e3), "n", datasets=4)
    assert made.whole.median is None
    assert "nothing can be measured: 100 of 100 datasets have come down to their resolution" in made.sentence
    assert not len(made.curves)


def test_sweeps_that_are_not_whole_are_left_out_and_counted():
    made = scaling(claim({"n": 1.0}, wrong=lambda n: n == 64), "n", datasets=4)
    assert (made.whole.told, made.whole.of) == (0, 20)
    assert "20 of 100 datasets could not be measured, most at n = 64" in made.sentence


def test_a_family_of_ones_own():
    def family(value: float, seed: int) -> Dataset:
        rng = np.random.default_rng(seed)
        return Dataset(np.abs(rng.standard_normal((int(value), 3))) + 0.1, np.ones(int(value), int))

    made = scaling(claim({"n": 0.7}), "n", family=family, values=[4, 16, 64, 256])
    assert made.whole.median is not None
    assert made.whole.median.value == pytest.approx(0.7, abs=0.05)
    assert [each.ensemble for each in made.ensembles] == ["own"]


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others():
    first, again, other = (scaling(claim({"n": 1.0}), "n", seed=s, datasets=4).to_dict() for s in (1, 1, 2))
    assert first == again
    assert first["seeds"] != other["seeds"]
    assert json.loads(json.dumps(first, allow_nan=False))["whole"]["told"] == 20


def test_a_run_is_measured():
    from tests.verify.discovery.grown import PAPER, Read
    from verify import Rate, strategies
    from verify.optimizers import PowerDecay, adam

    real = PAPER.claim(
        "run", "", "A: run.", "A run.", read=Read.DERIVED, kind=Rate(laws.power(0.5)), problem=strategies.binary,
        optimizer=adam(PowerDecay(0.1, 0.5), 0.0), optimizer_text="Adam", norm="linf", loss="logistic",
    )  # fmt: skip
    made = scaling(real, "beta", values=[1, 2, 4], make=lambda b: adam(PowerDecay(0.1, 0.5), b), datasets=4, steps=500)
    assert made.parameter == "beta"
    assert "of 36 datasets" in made.silent or made.whole.told == made.whole.of == 12
    assert "(1/(1-β)) = 1 to 4" in made.sentence or "nothing can be measured" in made.sentence
    assert "sweeps" in made._repr_html_()


@pytest.mark.parametrize(
    ("kind", "how", "words"),
    [
        (Limit(0.1, laws.power(0.5)), {}, "is of kind limit, which states no law or bound"),
        (None, {"datasets": 1}, "show no dependence"),
        (None, {"steps": 5}, "show no dependence"),
        (None, {"stated": np.nan}, "The stated exponent is nan"),
        (None, {"log_time": 1.0}, "Flows to log t = 1.0"),
    ],
)
def test_bad_input(kind, how, words):
    with pytest.raises(InputError, match=words):
        scaling(claim({}, kind), "n", **how)
