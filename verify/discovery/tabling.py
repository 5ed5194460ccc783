"""Every measurement of claims as a row of one open table, and bounds that are proposed from such rows.

A row is one case of one claim: what the case is (sizes and maximal margins), and what came of it at the horizon. What
is not known, or means nothing, is None.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.optimize import linprog

import verify
from solvers.errors import InputError
from solvers.references import max_margins_in
from verify.claims import faults
from verify.claims.claim import Claim
from verify.claims.kinds import Rate
from verify.datasets.dataset import Dataset
from verify.discovery.moving import reach
from verify.problems import deficit
from verify.problems.deficit import LN10, Curves
from verify.problems.quantity import Measurement
from verify.problems.subject import named
from verify.trials.profiles import PROFILES, Profile
from verify.trials.trial import laboratory

Row = dict[str, Any]
Told = Callable[[str, int, int], None]

VECTORS, MATRICES = ("l1", "l2", "linf"), ("spectral", "nuclear")
"""Norms whose maximal margins a row has; the matrix norms of data with classes only."""
COLUMNS: dict[str, str] = {
    "claim": "its id",
    "kind": "its kind",
    "version": "of this program",
    "profile": "how hard it was tried",
    "seed": "master seed of the draws",
    "case": "which of the draws",
    "n": "points",
    "d": "features",
    "k": "classes, 0 for labels +1/-1",
    "radius": "the largest l2 norm of a point",
    **{f"gamma_{norm}": f"the maximal {norm} margin" for norm in (*VECTORS, *MATRICES)},
    "norm": "of the claim",
    "loss": "of the claim",
    "judged": "whether the case bears on the claim at all",
    "regime": "whether the gap budget says something of it",
    "q": "the relative gap over what the law allows, of a rate",
    "time": "t at the horizon, log t of a flow",
    "value": "the measured quantity there",
    "floor": "what of it may be rounding or the reference's width",
    "exponent": "p of time^-p over the last decade",
    "exponent_in_path": "p of S^-p over the last decade",
    "deficit_slope": "of log D against log S over the last decade",
    "path": "S at the horizon, the summed norms of the updates",
    "half_path": "S from which on the gap is below half of the margin",
}
"""The columns in their order, and what stands in them."""


def table(
    claims: Iterable[Claim],
    *,
    profile: str | Profile = "quick",
    seed: int = 0,
    progress: Told | None = None,
) -> list[Row]:
    """Draw the cases of claims, measure them as a trial does at its first horizon, and give a row for each.

    profile: by name, or one of one's own. progress: called with the claim's id, and how many are done of how many.
    Raises `InputError` for a profile that there is not.
    """
    if isinstance(profile, str):
        if profile not in PROFILES:
            raise InputError(f"There is no profile {profile!r}: use one of {', '.join(PROFILES)}.")
        profile = PROFILES[profile]
    asked, found = list(claims), []
    for number, claim in enumerate(asked):
        if progress:
            progress(claim.id, number, len(asked))
        m = faults.measured(claim, laboratory(claim, profile, seed=seed))
        head = {"claim": claim.id, "kind": claim.kind.name, "version": verify.__version__, "profile": profile.name}
        head |= {"seed": seed, "norm": named(claim.subject.norm), "loss": named(claim.subject.loss)}
        found += [{name: row.get(name) for name in COLUMNS} for row in _rows(claim, m, head)]
    return found


def to_csv(rows: Sequence[Row]) -> str:
    """The rows as CSV, with a heading; None is empty."""
    written = io.StringIO()
    writer = csv.DictWriter(written, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def to_parquet(rows: Sequence[Row]) -> bytes:
    """The rows as parquet. Raises `InputError` where polars is not installed."""
    try:
        import polars
    except ImportError as error:
        raise InputError("Parquet is written by polars, which is not installed: pip install polars.") from error
    written = io.BytesIO()
    polars.DataFrame(list(rows), schema=list(COLUMNS), infer_schema_length=None).write_parquet(written)
    return written.getvalue()


def propose(target: Float[np.ndarray, " b"], terms: Mapping[str, Float[np.ndarray, " b"]]) -> dict[str, float]:
    """The coefficients, none below zero, of the sum of terms that is nowhere below the target, and least in the mean.

    target, terms: a value for each row. What is proposed from some rows is to be tried on others.
    Raises `InputError` where a value is not a number, and where no such sum is above the target.
    """
    columns = np.stack([np.asarray(each, float) for each in terms.values()], axis=1)
    target = np.asarray(target, float)
    if not (np.isfinite(columns).all() and np.isfinite(target).all() and len(target)):
        raise InputError("A bound is proposed from numbers: leave rows out in which something is not known.")
    found = linprog(columns.mean(axis=0), A_ub=-columns, b_ub=-target, bounds=(0, None), method="highs")
    if found.status != 0:
        raise InputError(f"No sum of {', '.join(terms)} is above the target in every row: give other terms.")
    return {name: float(value) for name, value in zip(terms, found.x, strict=True)}


def _rows(claim: Claim, m: Measurement, head: Row) -> list[Row]:
    margins, time = _margins(m), m.clock.at(float(m.log_time[-1]))
    curves = {"exponent": _exponents(m)} | ({} if m.scale is None else _scaled(claim, m.scale))
    found = []
    for i, case in enumerate(m.datasets):
        row = head | {"case": i, "judged": bool(m.judged[i]), "time": time}
        row |= {"value": _number(m.values[i, -1]), "floor": _number(m.floor[i])}
        if isinstance(case, Dataset):
            radius = float(np.linalg.norm(case.x, axis=1).max())
            row |= {"n": case.n, "d": case.d, "k": case.classes, "radius": radius}
        row |= {f"gamma_{norm}": _number(values[i]) for norm, values in margins.items()}
        found.append(row | {name: _plain(values[i]) for name, values in curves.items()})
    return found


def _margins(m: Measurement) -> dict[str, Float[np.ndarray, " b"]]:
    """The maximal margins of the datasets in each norm, NaN for cases that are none, or that no weights separate."""
    found = {norm: np.full(len(m.datasets), np.nan) for norm in (*VECTORS, *MATRICES)}
    for norms, classes in ((VECTORS, False), ((*VECTORS, *MATRICES), True)):
        places = [i for i, s in enumerate(m.datasets) if isinstance(s, Dataset) and bool(s.classes) == classes]
        problems = [s.problem for s in m.datasets if isinstance(s, Dataset) and bool(s.classes) == classes]
        if not places:
            continue
        try:
            for norm, references in max_margins_in(norms, problems):
                found[norm][places] = [reference.lower for reference in references]
        except InputError:  # of data that no weights separate
            continue
    return found


def _exponents(m: Measurement) -> Float[np.ndarray, " b"]:
    """Of the values against the clock, over its last decade; NaN where there is none, or a value is not positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        clock = np.log(m.log_time) if m.clock.in_log else m.log_time
        before = clock <= clock[-1] - LN10 + 1e-9
        if not before.any():
            return np.full(len(m.values), np.nan)
        at = int(np.flatnonzero(before)[-1])
        fallen = (m.logs[:, at] - m.logs[:, -1]) / (clock[-1] - clock[at])
        return np.where(m.values[:, -1] > m.floor, fallen, np.nan)


def _scaled(claim: Claim, scale: Curves) -> dict[str, np.ndarray]:
    """What the gap budget and what was travelled say."""
    fallen = -deficit.growth(scale, np.zeros_like)
    with np.errstate(divide="ignore", invalid="ignore"):
        travelled = np.log1p(deficit.travelled(scale)) / LN10
        in_path = np.where(travelled > 0, fallen / travelled, np.nan)
    told = {
        "regime": deficit.regime(scale).inside,
        "exponent_in_path": np.where(scale.resolved, in_path, np.nan),
        "deficit_slope": np.where(scale.resolved, deficit.deficit_slopes(scale), np.nan),
        "path": scale.path[:, -1],
        "half_path": reach(scale),
    }
    if isinstance(claim.kind, Rate):
        told["q"] = deficit.excess(scale, claim.kind.law.log_value)
    return told


def _plain(value: Any) -> Any:
    return bool(value) if isinstance(value, np.bool_) else _number(value)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
