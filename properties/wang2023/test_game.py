"""Steepest and mirror descent in l_q norms, with steps over the loss, maximise the margin fast, explicitly.

Setting: separable binary data with n ≥ 2 points `‖x_i‖_p ≤ 1`, 1/p + 1/q = 1, 1 < q ≤ 2; q of 5/4, 3/2 and 2. The mean
exponential loss L, the maximal margin γ in the l_q norm; `g = -∇L(w)/L(w)`, `φ = ‖·‖_p²/2`; zero initial weights.
Algorithm: steepest descent `w ← w + (q-1) ∇φ(g)`; the accelerated one, `w ← w + (q-1) (t+1)/2 ∇φ(y)`,
`y = t/(t+2) x + 2/(t+2) g`, after which x is the same average with the new g; mirror descent, `θ ← θ + η g` and
`w = ∇φ(θ)`.
Claim: the margin's gap is at most `ln n / ((q-1) γ t)` for steepest descent, `4 ln n / ((q-1) γ t (t+1))` for the
accelerated one, and `(2 ln n / η + 1/(q-1)) (1 + ln t) / (γ t)` for the average of mirror descent's weights with any η,
wherever that is below γ; of mirror descent's last weights it is `O(log t / t)`.
Reference: Wang, Hu, Muthukumar, Abernethy (2023), whose rates `log n/((q-1) T)`, `log n/((q-1) T²)` and
`log n log T/((q-1) T)` were read in a secondary source: they come from a regularised game between points and weights.
The constants are derived here. The softmax u of the margins' negatives descends on `f(u) = φ(Σ u_i y_i x_i)` in the
relative entropy, plainly or accelerated, which gains a margin of `γ Σ η_s ‖g_s‖_p - ln n` by `2 f ≥ γ²` and
`a² + γ² ≥ 2 a γ`, while `‖w_t‖_q ≤ Σ η_s ‖g_s‖_p` (of the accelerated one with y for g). In mirror descent `⟨g, w⟩` is
at most the margin and ln n, so that `‖θ_t‖_p² ≤ Σ_s (2 η (γ ‖w_s‖_q + ln n) + η²/(q-1))`, while `‖θ_t‖_p ≥ γ η t`.
"""

import numpy as np

from properties.papers import WANG_2023
from verify import Bound, Claim, Rate, Read, Twin, laws, strategies
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.descents import AlongPath, Inequality
from verify.runs.descent import Path
from verify.runs.geometries import InNorm, accelerated, mirrored, steepest

EXPONENTS = (5 / 4, 3 / 2, 2.0)
LENGTH, LONGER = 500, 2000
ETA = 4.0  # of mirror descent
# A margin of a thousandth of the radius would need millions of steps.
EASY = tuple(name for name in strategies.FLAVOURS if name != "tiny_margin")
_WIDTH = 1e-7  # of a reference in such a norm, for margins of order 1
_TINY = np.finfo(float).tiny


def gap(path: Path, weights: np.ndarray | None = None) -> np.ndarray:
    w = path.weights[:, 1:] if weights is None else weights
    size = np.linalg.norm(w, path.exponent, axis=2)
    return path.gamma - path.margins(w).min(axis=2) / np.maximum(size, _TINY)


def plain(path: Path, power: float = 1.0) -> np.ndarray:
    return np.log(path.count) / ((path.exponent - 1) * path.gamma * path.t**power)


def faster(path: Path, power: float = 1.0) -> np.ndarray:
    return 4 * np.log(path.count) / ((path.exponent - 1) * path.gamma * path.t * (path.t + 1) ** power)


def averaged(path: Path, power: float = 1.0) -> np.ndarray:
    numerator = 2 * np.log(path.count) / ETA + 1 / (path.exponent - 1)
    return numerator * (1 + np.log(path.t)) / (path.gamma * path.t**power)


def methods(way, length: int = LENGTH, **given) -> tuple[InNorm, ...]:
    return tuple(InNorm(way, q, length, **given) for q in EXPONENTS)


def along(bound, runs: tuple[InNorm, ...], *, average: bool = False) -> Inequality:
    """The gap against its bound where that is below γ, on two points or more."""

    def sides(path: Path) -> tuple[np.ndarray, np.ndarray]:
        upper = bound(path)
        says = (upper < path.gamma) & (path.count > 1)
        return gap(path, path.average if average else None), np.where(says, upper, np.inf)

    return Inequality("gap", sides, runs)


def claim(name: str, title: str, statement: str, how: str, kind, quantity, *twins: Twin, **fields) -> Claim:
    given = {"read": Read.DERIVED, "share": 1 / 4} | fields
    return WANG_2023.claim(
        name,
        "rates of the regularised game",
        title,
        statement,
        kind=kind,
        problem=lambda: strategies.binary(unit_rows=True, flavours=EASY),
        optimizer_text=how,
        loss="exponential",
        quantity=quantity,
        twins=twins,
        real=("iris:0-vs-rest",),
        prepare=scaled_to_unit_rows,
        **given,
    )


STEEPEST, MIRRORED = methods(steepest), methods(mirrored, LONGER, eta=ETA)
FIXED = {"over_loss": False}
CLAIMS = (
    claim(
        "steepest-descent",
        "Steepest descent in l_q: the gap is at most ln n/((q-1) γ t)",
        "Steepest descent on log L in l_q, steps q-1: the gap is at most ln n/((q-1) γ t) once that is below γ.",
        "steepest descent in l_q on log L, η = q-1; q of 5/4, 3/2 and 2",
        Bound(lambda m: m.larger_side, "ln n/((q-1) γ t)"),
        along(plain, STEEPEST),
        Twin("fixed steps on L", quantity=along(plain, methods(steepest, **FIXED)), shrink=False),
        Twin("t² for t", quantity=along(lambda p: plain(p, 2.0), STEEPEST), shrink=False),
    ),
    claim(
        "accelerated",
        "Accelerated steepest descent in l_q: the gap is at most 4 ln n/((q-1) γ t (t+1))",
        "Steepest descent along averaged gradients: the gap is at most 4 ln n/((q-1) γ t (t+1)) once that is below γ.",
        "accelerated steepest descent in l_q on log L, η = (q-1) (t+1)/2; q of 5/4, 3/2 and 2",
        Bound(lambda m: m.larger_side, "4 ln n/((q-1) γ t (t+1))"),
        along(faster, methods(accelerated)),
        Twin("no averages, steps that do not grow", quantity=along(faster, STEEPEST), shrink=False),
        Twin("t (t+1)² for t (t+1)", quantity=along(lambda p: faster(p, 2.0), methods(accelerated)), shrink=False),
    ),
    claim(
        "mirror-descent-average",
        "Mirror descent of ‖w‖_q²/2, averaged: the gap is at most (2 ln n/η + 1/(q-1)) (1 + ln t)/(γ t)",
        "Average weights' gap is at most (2 ln n/η + 1/(q-1)) (1 + ln t)/(γ t) once that is below γ.",
        "mirror descent of ‖w‖_q²/2 on log L, η = 4; q of 5/4, 3/2 and 2; the average of the weights",
        Bound(lambda m: m.larger_side, "(2 ln n/η + 1/(q-1)) (1 + ln t)/(γ t)"),
        along(averaged, MIRRORED, average=True),
        Twin(
            "fixed steps on L",
            quantity=along(averaged, methods(mirrored, LONGER, eta=ETA, **FIXED), average=True),
            shrink=False,
        ),
        Twin("t² for t", quantity=along(lambda p: averaged(p, 2.0), MIRRORED, average=True), shrink=False),
    ),
    claim(
        "mirror-descent",
        "Mirror descent of ‖w‖_q²/2: the gap is O(log t/t)",
        "Mirror descent on log L with the potential ‖w‖_q²/2, q = 3/2: the l_q margin's gap is O(log t/t).",
        "mirror descent of ‖w‖_q²/2 on log L, η = 4, q = 3/2",
        Rate(laws.power(1, log=1)),
        AlongPath("gap", gap, MIRRORED[1], _WIDTH),
        Twin(
            "fixed steps on L",
            quantity=AlongPath("gap", gap, InNorm(mirrored, 3 / 2, LONGER, ETA, over_loss=False), _WIDTH),
            shrink=False,
        ),
        Twin("t^-3/2", kind=Rate(laws.power(3 / 2)), shrink=False),
        read=Read.SECONDARY,
        share=1 / 2,
    ),
)
