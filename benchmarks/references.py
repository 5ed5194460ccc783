"""The reference problems: plain cvxpy one by one, `solvers.max_margin` one by one, `solvers.max_margins` at once."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks import problems
from benchmarks.tables import Cell, DifferentWork, Section, ratio
from benchmarks.workers import cores, worker

_COUNT = 64
_AGREEMENT = 1e-4  # plain cvxpy stops at tolerances of 1e-8 on squares and objectives
_NOTE = (
    "One core; medians over {rounds} interleaved rounds. The first rows are 64 problems of n = 50, d = 20. `plain"
    " cvxpy`: minimise ||w|| (its square for l2) subject to y_i <x_i, w> >= 1, by Clarabel (l2) and HiGHS (linf)."
    " `HiGHS alone`: the solver's own time for the linear programmes, one by one."
    " `width`: largest relative width (upper - lower) / upper of the brackets, certified for `solvers`, computed "
    "from the primal and dual solutions without regard to rounding for plain cvxpy."
)

Bracket = tuple[float, float]
# Problems of one dataset, the norm, and whether plain cvxpy can be waited for.
_LARGE = (
    ("750 x 25, 15 classes", "l2", False),
    ("750 x 25, 15 classes", "linf", False),
    ("digits", "l2", False),
    ("digits", "linf", False),
    ("digits", "nuclear", False),
    ("digits", "schatten1.5", False),
    ("wine, raw", "nuclear", True),
    ("wine, raw", "schatten1.5", False),
    ("wine, raw", "schatten3", False),
    ("2000 x 784", "l1", False),
    ("2000 x 784", "linf", True),
)


class Solved(NamedTuple):
    """Seconds for all problems, and a bracket of every maximal margin."""

    seconds: float
    brackets: list[Bracket]


def _plain(x: Any, y: Any, norm: str) -> Bracket:
    import cvxpy as cp

    if norm == "nuclear":
        return _plain_nuclear(x, y)
    w = cp.Variable(x.shape[1])
    constraint = cp.multiply(y, x @ w) >= 1
    objective = cp.sum_squares(w) if norm == "l2" else cp.norm(w, "inf")
    cp.Problem(cp.Minimize(objective), [constraint]).solve(solver="CLARABEL" if norm == "l2" else "HIGHS")
    primal, dual = (2, 2) if norm == "l2" else (np.inf, 1)
    weights, multipliers = np.asarray(w.value), np.maximum(np.asarray(constraint.dual_value), 0)
    lower = (y * (x @ weights)).min() / np.linalg.norm(weights, primal)
    upper = np.linalg.norm((multipliers * y) @ x, dual) / multipliers.sum()
    return float(lower), float(upper)


def _plain_nuclear(x: Any, y: Any) -> Bracket:
    import cvxpy as cp

    point, other = np.nonzero(np.arange(y.max() + 1) != y[:, None])
    w = cp.Variable((y.max() + 1, x.shape[1]))
    scores = x @ w.T
    constraint = scores[point, y[point]] - scores[point, other] >= 1
    cp.Problem(cp.Minimize(cp.normNuc(w)), [constraint]).solve(solver="CLARABEL")
    weights, multipliers = np.asarray(w.value), np.maximum(np.asarray(constraint.dual_value), 0)
    margins = np.einsum("md,md->m", x[point], weights[y[point]] - weights[other])
    combined = np.zeros(weights.shape)
    np.add.at(combined, y[point], multipliers[:, None] * x[point])
    np.add.at(combined, other, -multipliers[:, None] * x[point])
    lower = margins.min() / np.linalg.norm(weights, "nuc")
    return float(lower), float(np.linalg.norm(combined, 2) / multipliers.sum())


def _highs(data: list[problems.Data], norm: str) -> list[Bracket]:
    """The programmes alone, passed to HiGHS as its own arrays: maximise g subject to `y_i <x_i, w> >= g` in the box."""
    import highspy

    assert norm == "linf"
    found = []
    for x, y in data:
        n, d = x.shape
        programme = highspy.HighsLp()
        programme.num_col_, programme.num_row_ = d + 1, n
        programme.col_cost_ = np.append(np.zeros(d), -1.0)
        programme.col_lower_, programme.col_upper_ = np.append(-np.ones(d), 0.0), np.append(np.ones(d), np.inf)
        programme.row_lower_, programme.row_upper_ = np.zeros(n), np.full(n, np.inf)
        programme.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        programme.a_matrix_.start_ = np.arange(0, n * (d + 1) + 1, d + 1)
        programme.a_matrix_.index_ = np.tile(np.arange(d + 1), n)
        programme.a_matrix_.value_ = np.hstack([y[:, None] * x, -np.ones((n, 1))]).ravel()
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        highs.passModel(programme)
        highs.run()
        found.append((-highs.getInfo().objective_function_value,) * 2)
    return found


def _solvers(many: bool) -> Callable[[list[problems.Data], str], list[Bracket]]:
    def solve(data: list[problems.Data], norm: str) -> list[Bracket]:
        from solvers import max_margin, max_margins

        found = max_margins(data, norm) if many else [max_margin(x, y, norm) for x, y in data]
        return [(reference.lower, reference.upper) for reference in found]

    return solve


WAYS: dict[str, Callable[[list[problems.Data], str], list[Bracket]]] = {
    "plain cvxpy, one by one": lambda data, norm: [_plain(x, y, norm) for x, y in data],
    "solvers.max_margin, one by one": _solvers(False),
    "solvers.max_margins, at once": _solvers(True),
}
ALONE = "HiGHS alone, without a certificate"


def _data(name: str) -> list[problems.Data]:
    if name == "64 problems":
        return [problems.problem(i) for i in range(_COUNT)]
    if name in ("digits", "wine, raw"):
        return [_raw(name.split(",")[0])]
    if name == "2000 x 784":
        return [problems.planted(2000, 784)]
    return [problems.multiclass(750, 25, 15)]


def _raw(name: str) -> problems.Data:
    """Measurements in their own units, of all classes, with an intercept."""
    from sklearn import datasets

    x, y = {"digits": datasets.load_digits, "wine": datasets.load_wine}[name](return_X_y=True)
    return np.hstack([x, np.ones((len(x), 1))]), y


def solve(way: str, name: str, norm: str) -> Solved:
    """Called in a worker."""
    data = _data(name)
    start = time.perf_counter()
    brackets = (_highs if way == ALONE else WAYS[way])(data, norm)
    return Solved(time.perf_counter() - start, brackets)


def _compare(way: str, found: list[Bracket], certified: list[Bracket]) -> None:
    worst = max(abs(a - b) / b for (a, _), (_, b) in zip(found, certified, strict=True))
    if not worst <= _AGREEMENT:
        raise DifferentWork(f"The margins of {way} differ from the certified ones by {worst:.1e}: find out why first.")


def _width(brackets: list[Bracket]) -> float:
    return max((upper - lower) / upper for lower, upper in brackets)


def _row(name: str, norm: str, way: str, milliseconds: float | None) -> dict[str, Cell]:
    return {
        "problems": name,
        "norm": norm,
        "who": way,
        "ms": milliseconds,
        "plain cvxpy / this": None,
        "range": "",
        "width": None,
    }


def _large(
    timed: Callable[[str, str, str], Solved], name: str, norm: str, compared: bool, rounds: int
) -> list[dict[str, Cell]]:
    """The rows of one dataset: `solvers` alone, or in turns with plain cvxpy."""
    plain, own = "plain cvxpy, one by one", "solvers.max_margin, one by one"
    if not name[0].isdigit() and importlib.util.find_spec("sklearn") is None:
        return [_row(name, norm, "solvers.max_margin", None) | {"range": "scikit-learn is not installed"}]
    found: dict[str, list[Solved]] = {way: [] for way in ((plain, own) if compared else (own,))}
    for _ in range(rounds):
        for way, solved in found.items():
            solved.append(timed(way, name, norm))
    rows = []
    for way, solved in found.items():
        row = _row(name, norm, way.split(",")[0], 1e3 * statistics.median(one.seconds for one in solved))
        if compared:
            seconds = [[one.seconds for one in found[each]] for each in (plain, way)]
            row["plain cvxpy / this"], row["range"] = ratio(*seconds)
        rows.append(row | {"width": _width(solved[0].brackets)})
    return rows


def references_section(*, quick: bool = False, show: Callable[[str], None] = lambda _: None) -> Section:
    """The references' table. Raises `DifferentWork` where the margins differ."""
    rounds, rows = (2 if quick else 7), []
    with worker(cores()[:1]) as pool:

        def timed(way: str, name: str, norm: str) -> Solved:
            return pool.submit(solve, way, name, norm).result()

        for norm in ("l2", "linf"):
            show(f"references: 64 problems, {norm}")
            ways = [*WAYS, ALONE] if norm == "linf" else [*WAYS]
            first = {way: timed(way, "64 problems", norm) for way in ways}
            for way, solved in first.items():
                _compare(way, solved.brackets, first["solvers.max_margins, at once"].brackets)
            times = {way: [] for way in ways}
            for _ in range(rounds):
                for way, found in times.items():
                    found.append(timed(way, "64 problems", norm).seconds)
            for way, found in times.items():
                row = _row("64 problems", norm, way, 1e3 * statistics.median(found))
                row["plain cvxpy / this"], row["range"] = ratio(times["plain cvxpy, one by one"], found)
                rows.append(row if way == ALONE else row | {"width": _width(first[way].brackets)})
        for name, norm, compared in _LARGE:
            show(f"references: {name}, {norm}")
            rows += _large(timed, name, norm, compared, 1 if quick else 3)
    return Section("References", _NOTE.format(rounds=rounds), rows)
