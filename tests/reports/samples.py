"""Synthetic records and curves: several kinds, all verdicts, and the odd cases that a report must stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from reports.records import write_record

LONG_ID = "gonzalez2031/" + "-".join(["non-asymptotic-steepest-descent-with-momentum"] * 2)


def power_law_gap(seed: int, datasets: int, times: np.ndarray, exponent: float) -> np.ndarray:
    """Gaps `[datasets, r]` that fall as `times**exponent`, each with its own constant and ripple."""
    rng = np.random.default_rng(seed)
    level = rng.lognormal(-0.5, 0.6, size=(datasets, 1))
    phase = rng.uniform(0, 6, size=(datasets, 1))
    return level * times**exponent * np.exp(0.15 * np.sin(np.log(times) + phase))


def record(**changes: Any) -> dict[str, Any]:
    """A valid record of a supported rate with one refuted twin; `changes` replace whole fields."""
    base: dict[str, Any] = {
        "schema": 1,
        "id": "fan2025/signgd-max-norm",
        "paper": "fan2025",
        "title": "SignGD maximises the max-norm margin",
        "statement": "For separable data and step sizes ηₜ = t^(-1/2), the max-norm margin of SignGD's "
        "iterates tends to γ∞ = max{‖W‖∞ ≤ 1} min margin, and γ∞ − margin(Wₜ)/‖Wₜ‖∞ = O(t^(-1/2) log t).",
        "source": "Fan, Schmidt, Thrampoulidis 2025, Theorem 1",
        "reference": {
            "key": "fan2025",
            "authors": "Chen Fan, Mark Schmidt, Christos Thrampoulidis",
            "title": "Implicit Bias of Spectral Descent and Muon on Multiclass Separable Data",
            "year": 2025,
            "arxiv": "2502.04664",
        },
        "kind": "rate",
        "verdict": "SUPPORTED",
        "sentence": "The gap over the law does not grow: envelope ratio 0.83, in [0.74, 0.91], under 1.26.",
        "optimizer": "SignGD, step sizes t^-0.5",
        "loss": "cross-entropy",
        "norm": "entry-wise max",
        "quantity": "relative gap",
        "claimed": {"law": "t^-1/2 log t", "exponent": -0.5},
        "observed": {
            "exponent": -0.497,
            "interval": [-0.531, -0.466],
            "statistic": "envelope ratio E",
            "value": 0.83,
            "value_interval": [0.74, 0.91],
            "threshold": 1.26,
        },
        "datasets": {
            "drawn": 48,
            "informative": 40,
            "flavours": {"integers": 20, "ties": 12, "zero columns": 8, "gaussian": 8},
            "real": [
                {
                    "name": "iris",
                    "verdict": "SUPPORTED",
                    "sentence": "Envelope ratio 0.9.",
                    "last_gap": 0.0021,
                },
                {"name": "digits 0/1", "verdict": "INCONCLUSIVE", "sentence": "Too short.", "last_gap": None},
            ],
            "worst": {
                "dataset": {"x": [[1, 2], [3, -1], [2, 2]], "y": [1, -1, 1]},
                "value": 1.12,
                "step": 100000,
                "note": "largest envelope ratio",
            },
        },
        "horizon": {"steps": 100000, "log_time": False, "note": ""},
        "twins": [
            {
                "id": "fan2025/signgd-max-norm~l2",
                "wrong": "L2 margin instead of max-norm margin",
                "verdict": "REFUTED",
                "sentence": "The gap levels off at 0.12, interval [0.10, 0.14].",
                "counterexample": {"x": [[1, 2]], "y": [1]},
                "curve": "twin_0",
            }
        ],
        "time": {"axis": "t", "label": "step t"},
        "profile": "standard",
        "seed": 20250,
        "device": "cpu",
        "dtype": "float64",
        "versions": {"python": "3.11.9", "jax": "0.10.0", "numpy": "2.4.0", "optax": "0.2.6"},
        "seconds": 41.7,
        "created": "2026-03-04T05:06:07+00:00",
        "reproduce": "pytest properties/fan2025 -k signgd_max_norm --profile=standard --seed=20250",
        "notes": ["8 datasets were not informative: their margin was reached exactly."],
    }
    return base | changes


def curves(seed: int = 0, datasets: int = 40, exponent: float = -0.5) -> dict[str, np.ndarray]:
    """Curves that fit `record()`."""
    times = np.geomspace(10, 1e5, 33)
    twin_times = np.geomspace(10, 3e4, 21)
    return {
        "time": times,
        "gap": power_law_gap(seed, datasets, times, exponent),
        "law": 2.5 * times**exponent,
        "twin_0": 0.12 + power_law_gap(seed + 1, datasets, twin_times, exponent),
        "twin_0_time": twin_times,
        "real_0": power_law_gap(seed + 2, 1, times, exponent)[0],
        "spectators": np.zeros(3),
    }


def log_time_case() -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Gradient flow in s = log t, to t = e^100000."""
    times = np.geomspace(10, 1e5, 33)
    case = record(
        id="soudry2018/gradient-flow",
        paper="soudry2018",
        title="Gradient flow maximises the L2 margin at rate 1 / log t",
        claimed={"law": "1 / log t", "exponent": -1},
        observed=record()["observed"] | {"exponent": -1.0, "interval": [-1.0003, -0.9997]},
        time={"axis": "log t", "label": "log t"},
        horizon={"steps": 100000, "log_time": True, "note": "implicit solver in s = log t"},
    )
    arrays = {
        "time": times,
        "gap": power_law_gap(5, 30, times, -1.0),
        "law": 3 / times,
        "twin_0": 0.3 + power_law_gap(6, 30, times, -1.0),
    }
    return case, arrays


def refuted_case() -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A refuted limit whose text is full of HTML, with a surviving twin and one dataset."""
    times = np.geomspace(1, 1e4, 21)
    twin = {
        "id": "conjectures/<b>bold</b>~twin",
        "wrong": "ε > 0 & <i>nothing</i> else",
        "verdict": "SUPPORTED",
        "sentence": "It was not refuted <script>alert(2)</script>.",
        "counterexample": None,
        "curve": None,
    }
    case = record(
        id="conjectures/adam-eps",
        paper="conjectures",
        title="Adam <script>alert('x')</script> & \"ε\"",
        statement="‖W‖₂ < 1 & margin > 0 ⇒ <img src=x onerror=alert(1)> | pipes | too",
        source="A <conjecture> & nothing more | here",
        kind="limit",
        verdict="REFUTED",
        sentence="The gap levels off at 0.2 > 0 & stays <there>.",
        claimed={"law": None, "exponent": None},
        observed={
            "exponent": None,
            "interval": None,
            "statistic": "extrapolated gap",
            "value": 0.2,
            "value_interval": [0.18, 0.22],
            "threshold": 0.01,
        },
        twins=[twin],
        notes=["<notes> & more"],
        reproduce="pytest properties -k 'adam and not \"<eps>\"' && true",
    )
    del case["reference"]
    case["datasets"] = record()["datasets"] | {
        "drawn": 1,
        "informative": 1,
        "real": [],
        "flavours": {"<one>": 1},
    }
    return case, {"time": times, "gap": 0.2 + power_law_gap(7, 1, times, -0.6)}


def exact_case() -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """An inconclusive bound with a long id: gaps reached exactly, gaps unknown, an unknown law."""
    arrays = curves(8, 12, -0.7)
    arrays["gap"][:4, 20:] = 0.0
    arrays["gap"][4, 25:] = -1e-17
    arrays["gap"][5, 28:] = np.nan
    del arrays["law"]
    case = record(
        id=LONG_ID,
        paper="gonzalez2031",
        title="A claim with a long id",
        kind="bound",
        verdict="INCONCLUSIVE",
        sentence="The horizon was reached before the band was narrow enough.",
        claimed={"law": "t^-1", "exponent": -1},
        notes=[],
    )
    case["datasets"] = case["datasets"] | {"drawn": 12, "informative": 7, "worst": None}
    return case, arrays


def all_exact_case() -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A supported bound on which every dataset reached the margin exactly: nothing can be drawn."""
    case = record(
        id="wang2021/n-1",
        paper="wang2021",
        title="One point",
        kind="bound",
        twins=[],
        reproduce="pytest -k n_1",
    )
    case["datasets"] = case["datasets"] | {"drawn": 3, "informative": 0, "real": []}
    times = np.geomspace(1, 1e3, 10)
    return case, {"time": times, "gap": np.zeros((3, 10))}


def no_curves_case() -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A separation of test errors, which has no curve at all."""
    case = record(id="zou2023/separation", paper="zou2023", title="Adam generalises worse", kind="separation")
    case["claimed"] = {"law": None, "exponent": None}
    case["twins"] = [case["twins"][0] | {"curve": None, "verdict": "INCONCLUSIVE"}]
    case["datasets"] = case["datasets"] | {"real": []}
    return case, {}


def anatomy_case() -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A supported bound with its anatomy: a part that grows in share, one below zero, one that vanishes."""
    arrays = curves(9, 16, -0.1)
    arrays["gap"] = arrays["gap"] / 10
    arrays["gap"][:9, 2] = np.nan
    times = arrays["time"]
    parts = {"misalignment": 0.1 * times**-0.1, "log_n": -0.1 * times**-0.5, "tail": 3 * np.exp(-times / 9)}
    arrays |= {f"part_{name}": values for name, values in parts.items()}
    arrays["part_log_n"][0] = np.nan
    whole = sum(values[-1] for values in parts.values())
    slopes = {"misalignment": (-0.1, [-0.12, -0.08]), "log_n": (-0.5, None), "tail": (None, None)}
    anatomy = {
        "parts": [
            {
                "name": name.replace("_", " "),
                "curve": f"part_{name}",
                "exponent": slopes[name][0],
                "interval": slopes[name][1],
                "share": float(values[-1] / whole),
            }
            for name, values in parts.items()
        ],
        "tightest": {"ratio": 0.93, "step": 46, "dataset": "zero <columns>"},
    }
    case = record(
        id="fan2025/budget",
        title="The gap & its budget",
        kind="bound",
        quantity="gap / bound",
        claimed={"law": "its budget", "exponent": None},
        anatomy=anatomy,
    )
    return case, arrays


def all_cases() -> list[tuple[dict[str, Any], dict[str, np.ndarray]]]:
    """Every synthetic claim: pairs of a record and its curves."""
    return [
        (record(), curves()),
        log_time_case(),
        refuted_case(),
        exact_case(),
        all_exact_case(),
        no_curves_case(),
    ]


def write_all(report_dir: Path) -> None:
    """Write every synthetic claim into a report folder."""
    for case, arrays in all_cases():
        write_record(report_dir, case, arrays)
