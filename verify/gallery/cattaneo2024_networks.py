"""Adam's bias in networks, on scikit-learn's digits: the gradient's perturbed one-norm over the epochs, by ρ and by β.

Stands in for the paper's ResNets on CIFAR-10: one hidden layer, full batch, several seeds at once. With three losses:
that of clean labels, which ends smoothly; of noisy ones, whose gradient oscillates; and the squared one, which does so
itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy import stats

from solvers.errors import InputError
from verify.gallery.experiment import Experiment, Finding, Part, Results
from verify.problems.backward.gradient_norm import NetworkNorm, accuracy_trend
from verify.problems.backward.regimes import Regime, rising
from verify.problems.backward.sweep import Sweep
from verify.problems.backward.training import Training, train

_ID = "cattaneo2024-networks"
_SYMBOLS = {"rho": "ρ", "beta": "β"}
_SIGNS = {"rho": 1, "beta": -1}  # of the trend that the paper reports
_KEPT = 120  # epochs of a drawn curve
_MOMENTS = 20  # at which the preconditioned sharpness is measured


@dataclass(frozen=True)
class Parameters:
    """The network, its training, and the averages that are not swept.

    step_size, noisy_step_size, squared_step_size: with each of the three losses. noise: share of the labels that are
    drawn anew for the second of them.
    """

    seeds: int = 8
    points: int = 256
    hidden: int = 12
    activation: str = "tanh"
    step_size: float = 0.002
    noisy_step_size: float = 0.003
    squared_step_size: float = 0.01
    noise: float = 0.2
    beta: float = 0.8
    rho: float = 0.9
    epochs: int = 1000

    def __post_init__(self) -> None:
        steps = self.step_size, self.noisy_step_size, self.squared_step_size
        if self.seeds < 2 or self.epochs < 100 or min(steps) <= 0 or max(self.beta, self.rho) >= 1:
            raise InputError(
                f"The experiment needs two seeds, 100 epochs, positive step sizes and averages below 1, "
                f"not {self}: choose them so."
            )
        if self.epochs % _MOMENTS:
            raise InputError(f"{self.epochs} epochs are no multiple of {_MOMENTS}: choose one.")

    def training(self, kind: str, seed: int) -> Training:
        """The networks with one of the losses, compared at a level that they reach, and there in their late regime."""
        changes = {
            "clean": {"step_size": self.step_size},
            "noisy": {"step_size": self.noisy_step_size, "noise": self.noise, "level": 0.05},
            "squared": {"step_size": self.squared_step_size, "loss": "squared", "level": 0.1},
        }
        return Training(
            seeds=tuple(seed * 1000 + i for i in range(self.seeds)),
            data="digits",
            points=self.points,
            hidden=self.hidden,
            activation=self.activation,
            beta=self.beta,
            rho=self.rho,
            **changes[kind],
        )


LOSSES: Mapping[str, str] = {"clean": "clean labels", "noisy": "noisy labels", "squared": "squared loss"}
"""What the networks learn with."""

SWEEPS: Mapping[str, Sweep] = {
    "rho": Sweep(("rho",), (0.8, 0.9, 0.95, 0.98)),
    "beta": Sweep(("beta",), (0.0, 0.5, 0.7, 0.8)),
}


def parts(p: Parameters, seed: int) -> dict[str, Part]:
    """The trainings with each loss along each sweep."""
    return {f"{kind} {name}": partial(_trainings, p, seed, kind, name) for kind in LOSSES for name in SWEEPS}


def _trainings(p: Parameters, seed: int, kind: str, name: str, _: Results) -> dict[str, Any]:
    """Curves over the epochs, medians and ranges over seeds `[r t]`; what is compared, `[b r]`; and the regimes."""
    seen = train([p.training(kind, seed)], SWEEPS[name], p.epochs, moments=_MOMENTS)
    shown = np.unique(np.linspace(0, p.epochs - 1, _KEPT).astype(int))
    over_least = seen.loss / np.minimum.accumulate(seen.loss, axis=-1)
    curves = {
        quantity: {key: f(values, axis=0).tolist() for key, f in _SPREADS.items()}
        for quantity, values in (
            ("norm", seen.norm[..., shown]),
            ("loss", seen.loss[..., shown]),
            ("over least", np.maximum.reduceat(over_least, shown, axis=-1)),
            ("sharpness", seen.sharpness),
        )
    }
    compared = {
        key: NetworkNorm(SWEEPS[name], at_level=at_level, oscillating=kind != "clean").compared(seen)
        for key, at_level in (("at_level", True), ("late", False))
    }
    regimes = seen.regimes()
    return {
        "epochs": shown.tolist(),
        "moments": (p.epochs // _MOMENTS * np.arange(1, _MOMENTS + 1)).tolist(),
        **curves,
        **{key: values[judged].tolist() for key, (values, judged) in compared.items()},
        "accuracy_at_level": seen.at_level[compared["at_level"][1]].tolist(),
        "accuracy": seen.accuracy[compared["late"][1]].tolist(),
        "regimes": {str(regime): np.count_nonzero(regimes == regime, axis=0).tolist() for regime in Regime},
        "rising": np.median(rising(seen.loss), axis=0).tolist(),
    }


_SPREADS = {"y": np.median, "low": np.min, "high": np.max}


def _names(name: str) -> list[str]:
    return [f"{_SYMBOLS[name]} = {value:g}" for value in SWEEPS[name].values]


def find(p: Parameters, results: Results) -> Finding:
    """The norms over the epochs as curves, what is compared as a table, Page's tests in words."""
    rows, sentences = [], []
    for kind in LOSSES:
        for name in SWEEPS:
            found = results[f"{kind} {name}"]
            rows += _rows(kind, name, found)
            sentences.append(_sentence(p, kind, name, found))
    return Finding(
        drawing=_drawing(p, results),
        caption=(
            f"Full-batch Adam on digits ({p.activation}, {p.hidden} hidden units, {p.points} points): over the epochs "
            f"the gradient's perturbed one-norm, the loss, the largest loss over the least so far (a spike from 2 on), "
            f"and the preconditioned sharpness over 2 (1 + β) / ((1 - β) h); medians of {p.seeds} seeds. Four values "
            f"of ρ with β = {p.beta:g}, and four of β with ρ = {p.rho:g}. Clean labels: cross-entropy, "
            f"h = {p.step_size:g}. Noisy: {p.noise:.0%} of the labels drawn anew, h = {p.noisy_step_size:g}. Squared "
            f"loss: h = {p.squared_step_size:g}."
        ),
        alternative=(
            "Six columns of panels, for larger ρ and larger β with three losses; in each from above the norm, the "
            f"loss, the loss over its least value so far, and the sharpness. {' '.join(sentences)}"
        ),
        sentences=sentences,
        headings=("Learned", "Value", "Runs", "Epochs of rising loss", "Sharpness / threshold",
                  "Norm at the same loss", "Norm late", "Test accuracy"),
        rows=rows,
        numbers={part: {key: found[key] for key in _COMPARED} for part, found in results.items()},
    )  # fmt: skip


_COMPARED = ("at_level", "late", "accuracy", "accuracy_at_level", "regimes", "rising")


def _rows(kind: str, name: str, found: Mapping[str, Any]) -> list[tuple[str | float | None, ...]]:
    """A row for each value of the sweep."""

    def middle(key: str, value: int) -> float | None:
        return float(np.median(np.array(found[key])[:, value])) if found[key] else None

    rows = []
    for value, label in enumerate(_names(name)):
        runs = ", ".join(f"{counts[value]} {regime}" for regime, counts in found["regimes"].items() if counts[value])
        signs = f"{found['rising'][value]:.0%}", found["sharpness"]["y"][value][-1]
        compared = (middle(key, value) for key in ("at_level", "late", "accuracy"))
        rows.append((LOSSES[kind], label, runs, *signs, *compared))
    return rows


def _sentence(p: Parameters, kind: str, name: str, found: Mapping[str, Any]) -> str:
    """The late regimes of the runs along a sweep, the trend in two places, and the test accuracy's."""
    counts = ", ".join(f"{sum(each)} {regime}" for regime, each in found["regimes"].items() if sum(each))
    kept = "without a spike" if kind == "clean" else "whose runs all oscillate there"
    trends = "; ".join(
        f"{where} {_trend(name, found[key])}"
        for key, where in (("late", f"in the last quarter of {p.epochs} epochs"), ("at_level", "at the same loss"))
    )
    accuracy = accuracy_trend(np.reshape(found["accuracy"], (-1, len(SWEEPS[name].values))))
    head = f"{LOSSES[kind].capitalize()}, along {_SYMBOLS[name]} (runs late in training: {counts}), on seeds {kept}"
    return f"{head}: {trends}; {accuracy}."


def _trend(name: str, values: list[list[float]]) -> str:
    verb = "rises" if _SIGNS[name] > 0 else "falls"
    if len(values) < 2:
        return f"too few seeds are left to say whether the norm {verb}"
    change = np.median(np.array(values)[:, -1] / np.array(values)[:, 0] - 1)
    claimed, opposite = (stats.page_trend_test(sign * _SIGNS[name] * np.array(values)).pvalue for sign in (1, -1))
    return (
        f"the norm changes by {change:+.1%} from end to end (that it {verb}: Page's test over {len(values)} "
        f"seeds, p = {claimed:.2g}; the opposite, p = {opposite:.2g})"
    )


def _drawing(p: Parameters, results: Results) -> dict[str, Any]:
    """A column for each loss and sweep; below each other the norm, the loss, its rises and the sharpness."""
    curves, columns = [], []
    names = {name: _names(name) for name in SWEEPS}
    for kind, told in LOSSES.items():
        for group, name in enumerate(SWEEPS):
            found = results[f"{kind} {name}"]
            for row, quantity in enumerate(("norm", "loss", "over least", "sharpness")):
                x = found["moments" if quantity == "sharpness" else "epochs"]
                for value in range(len(names[name])):
                    series = group * len(names["rho"]) + value
                    place = {"series": series, "row": row, "column": len(columns), "strong": False, "x": x}
                    curves.append(place | {key: found[quantity][key][value] for key in _SPREADS})
            columns.append(f"larger {_SYMBOLS[name]}: {told}")
    return {
        "x": {"label": "epoch", "scale": "linear"},
        "rows": [
            {"label": "‖∇E‖₁,ε", "scale": "log"},
            {"label": "training loss E", "scale": "log"},
            {"label": "E / least E so far", "scale": "linear"},
            {"label": "sharpness / threshold", "scale": "log"},
        ],
        "columns": columns,
        "series": [{"name": label, "group": group} for group, labels in enumerate(names.values()) for label in labels],
        "curves": curves,
    }


EXPERIMENT = Experiment(
    id=_ID,
    title="Adam's averages and the gradients of a network",
    source="after Cattaneo, Klusowski, Shigida 2024, numerical experiments (there ResNets on CIFAR-10)",
    shows=(
        "A network with one hidden layer learns scikit-learn's digits by full-batch Adam. With clean labels it ends "
        "smoothly; with labels in part drawn anew the gradient oscillates while the loss falls on; with the squared "
        "loss that oscillates too. The larger β, the smaller the gradient's perturbed one-norm, in all three. The "
        "larger ρ, the larger the norm after as many epochs, but not with the squared loss: the sharpness at which "
        "Adam oscillates depends on β and the step size alone. The paper also finds that the test accuracy falls as "
        "the norm rises; what it does here is told below."
    ),
    figure="panels",
    parameters=Parameters(),
    parts=parts,
    find=find,
)
