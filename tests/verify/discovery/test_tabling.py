"""Open tables: a row for each measurement, and bounds that are proposed from rows."""

import csv
import io
import sys
from dataclasses import replace

import numpy as np
import polars
import pytest

from solvers.errors import InputError
from tests.verify.discovery import made
from verify import laws, optimizers, strategies
from verify.claims.conjectures import conjecture
from verify.claims.kinds import Rate
from verify.discovery.tabling import COLUMNS, Row, propose, table, to_csv, to_parquet
from verify.optimizers import PowerDecay
from verify.trials.profiles import Profile

PROFILE = Profile("made", 16, 2_000, 1e3, 0, 0)
CLAIM = conjecture(
    "sign",
    "SignGD maximises the linf margin.",
    optimizer=optimizers.sign_gd(PowerDecay(0.1, 0.5)),
    norm="linf",
    kind=Rate(laws.power(0.5, log=1)),
    problem=lambda: strategies.binary(max_points=6, max_features=4),
    twins=(),
)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return table([CLAIM], profile=PROFILE, seed=3)


def test_a_row_has_the_case_and_what_came_of_it(rows: list[Row]):
    assert len(rows) == 16
    assert all(list(row) == list(COLUMNS) for row in rows)
    for row in rows:
        assert (row["claim"], row["seed"], row["norm"], row["loss"]) == ("conjectures/sign", 3, "linf", "logistic")
        assert 1 <= row["n"] <= 6
        # Margins over larger norms are smaller; there is none over a norm of matrices.
        assert 0 < row["gamma_l1"] <= row["gamma_l2"] * (1 + 1e-9) <= row["gamma_linf"] * (1 + 2e-9)
        assert row["gamma_spectral"] is None
    told = [row for row in rows if row["exponent_in_path"] is not None and row["regime"]]
    assert told
    assert np.median([row["exponent_in_path"] for row in told]) == pytest.approx(1.0, abs=0.2)
    assert all(0 < row["half_path"] <= row["path"] for row in rows if row["half_path"] is not None)


def test_csv_and_parquet_hold_the_same(rows: list[Row]):
    read = list(csv.DictReader(io.StringIO(to_csv(rows))))
    assert list(read[0]) == list(COLUMNS)
    assert [float(row["value"]) for row in read] == [row["value"] for row in rows]
    assert read[0]["gamma_spectral"] == ""
    frame = polars.read_parquet(io.BytesIO(to_parquet(rows)))
    assert frame.to_dicts() == rows


def test_curves_of_a_known_exponent_have_it():
    found = table([made.claim(laws.power(0.5))], profile=replace(made.PROFILE, datasets=8))
    assert [row["n"] for row in found] == [None] * 8
    assert [row["exponent"] for row in found] == pytest.approx([0.5] * 8, abs=0.05)


def test_without_polars_parquet_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(InputError, match="pip install polars"):
        to_parquet([])


def test_a_profile_that_there_is_not_is_said():
    with pytest.raises(InputError, match="There is no profile 'fast'"):
        table([CLAIM], profile="fast")


def test_a_proposal_is_the_least_that_is_nowhere_below():
    n, gamma = np.random.default_rng(0).uniform(1, 10, (2, 30))
    terms = {"n / gamma": n / gamma, "1 / gamma^2": 1 / gamma**2}
    found = propose(2 * terms["n / gamma"] + 3 * terms["1 / gamma^2"], terms)
    assert found == pytest.approx({"n / gamma": 2.0, "1 / gamma^2": 3.0})
    slack = np.random.default_rng(1).uniform(0, 1, 30)
    target = 2 * terms["n / gamma"] - slack
    above = propose(target, terms)
    assert (sum(above[name] * terms[name] for name in terms) >= target - 1e-9).all()


@pytest.mark.parametrize(
    ("target", "words"), [([1.0, np.nan], "leave rows out"), ([1.0, 2.0], "No sum of zero is above the target")]
)
def test_what_cannot_be_proposed_is_said(target: list[float], words: str):
    with pytest.raises(InputError, match=words):
        propose(np.array(target), {"zero": np.zeros(2)})
