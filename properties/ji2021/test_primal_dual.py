"""Gradient descent with loss-normalised steps: its dual variables, its smoothed margin, and lower bounds that match.

Setting: separable binary data with n points `‖x_i‖ ≤ 1`, labels folded in, maximal L2 margin γ; the mean exponential
loss L, `ψ = log(n L)` and the dual variables `q = softmax(-margins)`, `f(q) = ½ ‖Σ q_i x_i‖²`. For one lower bound the
points `(.1, 0)` and n - 1 times `(.2, .2)`.
Algorithm: `w ← w - η̂_t ∇L(w) / L(w)` from `w_0 = 0`, that is `w ← w + η̂_t Σ q_i x_i`, with `η̂_t ≤ 1` never rising.
Claim: with `S = Σ_{j<t} η̂_j`: ψ falls in a step by at least `η̂_t (f(q_t) + f(q_{t+1}))`, f(q_t) never rises, and
`f(q_t) ≤ γ²/2 + ln n / S`. The smoothed margin `-ψ/‖w_t‖`, below the margin, is at least `γ - (1 + ln n)/(γ S)`. The
direction comes to that of the maximal margin like 1/S and not faster, on data with a density. On the points named,
the part of w_t that is orthogonal to it grows beyond `ln n - ln 2`.
Reference: Ji, Telgarsky (2021), Theorem 1 (steps), Theorem 7 (margin), Theorem 8 (direction, with its lower bound),
Theorem 10 (the orthogonal part).
"""

import numpy as np
from hypothesis import strategies as st

from properties.papers import JI_2021
from verify import Bound, Claim, Dataset, Promise, Rate, Read, Tight, Twin, laws, strategies
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.descents import AlongPath, Inequality
from verify.runs.descent import Descent, OverLoss, Path

RULES = (OverLoss(1.0), OverLoss(0.1), OverLoss(1.0, 0.5), OverLoss(1.0, 0.9))
METHODS = tuple(Descent(rule, 400, "exponential") for rule in RULES)
LONG = (Descent(OverLoss(10.0), 400, "exponential"),)
_CERTIFIED = 1e-9  # relative width of a maximal margin's bracket


def hat(path: Path) -> np.ndarray:
    """The loss-normalised steps η̂, `[b r]`."""
    return np.exp(path.log_steps + path.log_loss(path.weights)[:, :-1])


def psi(path: Path) -> np.ndarray:
    return -path.smoothed(path.weights, total=True)


def dual(path: Path) -> np.ndarray:
    """f(q_t) at the weights before each step and after the last, `[b r+1]`."""
    z = path.margins(path.weights)
    q = np.exp(z.min(axis=2, keepdims=True) - z)
    mean = (q / q.sum(axis=2, keepdims=True)) @ path.x
    return np.sum(mean**2, axis=2) / 2


def smoothed(path: Path, log: float = 1.0, power: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    length = np.linalg.norm(path.weights[:, 1:], axis=2)
    gap = path.gamma + psi(path)[:, 1:] / length
    return gap, (1 + log * np.log(path.count)) / (path.gamma * np.cumsum(hat(path), axis=1) ** power)


def descent(path: Path) -> tuple[np.ndarray, np.ndarray]:
    f, value = dual(path), psi(path)
    rounding = 4 * np.finfo(float).eps * (1 + np.abs(value[:, :-1]))
    return hat(path) * (f[:, :-1] + f[:, 1:]), value[:, :-1] - value[:, 1:] + rounding


def falls(path: Path) -> tuple[np.ndarray, np.ndarray]:
    return dual(path)[:, 1:], dual(path)[:, :-1]


def converges(path: Path, log: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    least = path.gamma**2 / 2 * (1 + 4 * _CERTIFIED)
    return dual(path)[:, 1:], least + log * np.log(path.count) / np.cumsum(hat(path), axis=1)


def orthogonal(path: Path, wanted=lambda n: np.log(n) - np.log(2)) -> tuple[np.ndarray, np.ndarray]:
    """On Theorem 10's points, whose maximal margin is that of the first axis."""
    away = np.abs(path.weights[:, 1:, 1])
    return wanted(path.count) + 0 * away, np.where(path.t >= 100, away, np.inf)


def direction(path: Path) -> np.ndarray:
    """The distance of the direction to that of late weights of many steps, which is that of the maximal margin."""
    w = path.weights[:, 1:]
    late = path.again(Descent(OverLoss(1e4), None, "exponential")).weights[:, -1:]
    away = w / np.linalg.norm(w, axis=2, keepdims=True) - late / np.linalg.norm(late, axis=2, keepdims=True)
    return np.linalg.norm(away, axis=2)


@st.composite
def lopsided(draw: st.DrawFn) -> Dataset:
    n = draw(st.integers(50, 300))
    x = np.full((n, 2), 0.2)
    x[0] = 0.1, 0.0
    return Dataset(x, np.ones(n, int), "lopsided")


def claim(name: str, where: str, title: str, statement: str, quantity, kind, *twins: Twin, **more) -> Claim:
    given = {"real": ("iris:0-vs-rest",), "prepare": scaled_to_unit_rows, "share": 1 / 4} | more
    return JI_2021.claim(
        name,
        where,
        title,
        statement,
        read=Read.PAPER,
        kind=kind,
        **({"problem": lambda: strategies.binary(unit_rows=True)} | given),
        optimizer_text="gradient descent, steps η̂/L, η̂ of 1, 1/10, t^-1/2 and t^-9/10",
        loss="exponential",
        quantity=quantity,
        twins=twins,
    )


def bound(text: str) -> Bound:
    return Bound(lambda m: m.larger_side, text)


def long(name: str, sides) -> Twin:
    return Twin("η̂ of 10", quantity=Inequality(name, sides, LONG), shrink=False)


CLAIMS = (
    claim(
        "smoothed-margin",
        "Theorem 7",
        "Steps η̂/L: the smoothed margin's gap is at most (1 + ln n)/(γ Σ η̂)",
        "With any η̂ ≤ 1 that never rise, -ψ/‖w_t‖ is at least γ - (1 + ln n)/(γ Σ η̂) at every step.",
        Inequality("gap of the smoothed margin", smoothed, METHODS),
        bound("(1 + ln n)/(γ Σ η̂)"),
        Twin("no ln n", quantity=Inequality("gap of the smoothed margin", lambda p: smoothed(p, 0.0), METHODS)),
        Twin(
            "(Σ η̂)² for Σ η̂",
            quantity=Inequality("gap of the smoothed margin", lambda p: smoothed(p, 1.0, 2.0), METHODS),
            shrink=False,
        ),
    ),
    claim(
        "dual-descent",
        "Theorem 1",
        "Steps η̂/L: ψ falls by η̂ (f(q_t) + f(q_{t+1})) or more",
        "With any η̂ ≤ 1 that never rise, ψ falls in every step by at least η̂ (f(q_t) + f(q_{t+1})).",
        Inequality("η̂ (f(q_t) + f(q_{t+1}))", descent, METHODS),
        bound("ψ_t - ψ_{t+1}"),
        long("η̂ (f(q_t) + f(q_{t+1}))", descent),
    ),
    claim(
        "dual-falls",
        "Theorem 1",
        "Steps η̂/L: f(q_t) never rises",
        "With any η̂ ≤ 1 that never rise, f(q_t) = ½ ‖Σ q_i x_i‖² never rises.",
        Inequality("f(q_{t+1})", falls, METHODS),
        bound("f(q_t)"),
        long("f(q_{t+1})", falls),
    ),
    claim(
        "dual-rate",
        "Theorem 1",
        "Steps η̂/L: f(q_t) ≤ γ²/2 + ln n/Σ η̂",
        "With any η̂ ≤ 1 that never rise, f(q_t) is at most its least value γ²/2 and ln n/Σ η̂.",
        Inequality("f(q_t)", converges, METHODS),
        bound("γ²/2 + ln n/Σ η̂"),
        Twin("no ln n", quantity=Inequality("f(q_t)", lambda p: converges(p, 0.0), METHODS), shrink=False),
    ),
    claim(
        "orthogonal-part",
        "Theorem 10",
        "Steps 1/L: the orthogonal part grows beyond ln n - ln 2",
        "On (.1, 0) with n - 1 times (.2, .2) the part of w_t across the maximal margin's is at least ln n - ln 2.",
        Inequality("ln n - ln 2", orthogonal, METHODS[:1]),
        bound("‖v_t‖, t ≥ 100"),
        Twin("n", quantity=Inequality("n", lambda p: orthogonal(p, lambda n: n), METHODS[:1]), shrink=False),
        promise=Promise.LOWER,
        problem=lopsided,
        real=(),
    ),
    claim(
        "direction",
        "Theorem 8",
        "Steps 1/L: the direction converges like 1/t, and not faster",
        "On data with a density the direction comes to that of the maximal margin like 1/t, and not faster.",
        AlongPath("distance to the direction", direction, Descent(OverLoss(1.0), 3000, "exponential"), 1e-9),
        Tight(laws.power(1), resolution=0.3, share=0.3),
        Twin("t^-3/2", kind=Rate(laws.power(3 / 2)), shrink=False),
        Twin("t^-1/4, and not faster", kind=Tight(laws.power(1 / 4), share=0.3), shrink=False),
        problem=lambda: strategies.binary(unit_rows=True, max_points=6, max_features=4, flavours=["gaussian"]),
        real=(),
        share=1 / 2,
    ),
)
