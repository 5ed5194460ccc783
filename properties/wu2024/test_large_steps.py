"""Gradient descent with steps of any size on separable data: bounds on loss and weights at every step.

Setting: separable binary data with n points `‖x_i‖ ≤ 1` and maximal L2 margin γ; L the mean logistic loss, G the mean
of its slopes' sizes, F the mean exponential loss at the same weights.
Algorithm: `w ← w - η ∇L(w)` from `w_0 = 0`, η any positive number: tried from 0.1 to 1000.
Claim: with `q = γ² η t`, for every t: the average of L over the first t weights is at most `(1 + ln² q + η²/4) / q`.
For `q ≥ 1` also `‖w_t‖ ≤ (√2 + 2 ln q + η) / γ`, and the average of G is at most `(√2 + 2 ln q + η) / q`. Once
`L(w_s) ≤ 1/η` the loss never rises again, and `L(w_t) ≤ (2 F(w_s) + ln² q_s) / q_s` with `q_s = γ² η (t - s)`; some
`s ≤ τ = (60/γ²) max{η, n, e, ((η + n)/η) ln((η + n)/η)}` has it, with `F(w_s) ≤ 1`.
Reference: Wu, Bartlett, Telgarsky, Yu (2024), Theorem 1 and its Lemmas 8 (norm), 9 (G) and 10 (from 2/η on the loss
falls already); that norm and G ask for `q ≥ 1`, below which the logarithm is negative, is ours. That the average is
below `(1 + (ln q + η/2)²/2) / q` too, which is less, is derived: their comparator `u = (ln q / γ + η/(2 γ)) w*` and one
square completed.
"""

import numpy as np
from hypothesis import strategies as st

from properties.papers import WU_2024
from verify import Bound, Claim, Dataset, Read, Twin, strategies
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.descents import FirstPassage, Inequality
from verify.runs.descent import Constant, Descent, Path

SIZES = (0.1, 1.0, 10.0, 100.0, 1000.0)
METHODS = tuple(Descent(Constant(eta), 500) for eta in SIZES)


def q(path: Path, power: float = 2.0) -> np.ndarray:
    return path.gamma**power * path.eta * path.t


def averages(path: Path, log_values: np.ndarray) -> np.ndarray:
    return np.exp(np.logaddexp.accumulate(log_values[:, :-1], axis=1)) / path.t


def average_loss(path: Path, eta: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    bound = (1 + np.log(q(path)) ** 2 + eta * path.eta**2 / 4) / q(path)
    return averages(path, path.log_loss(path.weights)), bound


def sharper(path: Path, ours: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    bound = (1 + (np.log(q(path)) + ours * path.eta / 2) ** 2 / 2) / q(path)
    return average_loss(path)[0], np.where(q(path) >= 1, bound, np.inf)


def norm(path: Path, eta: float = 1.0, power: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    bound = (np.sqrt(2) + 2 * np.log(q(path)) + eta * path.eta) / path.gamma**power
    return np.linalg.norm(path.weights[:, 1:], axis=2), np.where(q(path) >= 1, bound, np.inf)


def slopes(path: Path, eta: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    bound = (np.sqrt(2) + 2 * np.log(q(path)) + eta * path.eta) / q(path)
    return averages(path, path.log_slope(path.weights)), np.where(q(path) >= 1, bound, np.inf)


def entry(path: Path, level: float, eta: float = 1.0) -> np.ndarray:
    """The first step before which the loss is at most level / η^eta, the last one where there is none, `[b 1]`."""
    low = path.log_loss(path.weights) <= np.log(level) - eta * path.log_steps[:, :1]
    return np.where(low.any(axis=1), np.argmax(low, axis=1), low.shape[1] - 1)[:, None]


def stable(path: Path, first: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    s = entry(path, 1.0)
    since = np.maximum(path.t - s, 0)
    start = np.take_along_axis(np.exp(path.log_loss(path.weights, "exponential")), s, axis=1)
    ahead = path.gamma**2 * path.eta * np.maximum(since, 1)
    bound = (first * start + np.log(ahead) ** 2) / ahead
    return np.exp(path.log_loss(path.weights))[:, 1:], np.where(since > 0, bound, np.inf)


def monotone(path: Path, level: float = 2.0, eta: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    loss = path.log_loss(path.weights)
    after = path.t > entry(path, level, eta)
    return np.where(after, np.exp(loss[:, 1:] - loss[:, :-1]), 0.0), np.where(after, 1.0, np.inf)


def low(path: Path) -> np.ndarray:
    below = path.log_loss(path.weights) <= -path.log_steps[:, :1]
    return below & (path.log_loss(path.weights, "exponential") <= 0)


def tau(path: Path) -> np.ndarray:
    eta, n = path.eta[:, :1], path.count
    ratio = (eta + n) / eta
    return 60 / path.gamma**2 * np.maximum.reduce([eta, n, np.full_like(n, np.e), ratio * np.log(ratio)])


@st.composite
def two_points(draw: st.DrawFn) -> Dataset:
    """On these the loss rises at once where steps are larger than 20."""
    gamma = draw(st.integers(50, 99)) / 1000
    up = np.sqrt(1 - gamma**2)
    return Dataset(np.array([[gamma, up], [gamma, -up / 2]]), np.array([1, 1]), "two points")


def claim(name: str, where: str, title: str, statement: str, quantity, text: str, *twins: Twin, **changes) -> Claim:
    given = {"read": Read.PAPER, "real": ("iris:0-vs-rest",), "prepare": scaled_to_unit_rows, "share": 1 / 4}
    given |= {"problem": lambda: strategies.binary(unit_rows=True)} | changes
    return WU_2024.claim(
        name,
        where,
        title,
        statement,
        kind=Bound(lambda m: m.larger_side, text),
        optimizer_text="gradient descent from zero, constant steps η from 0.1 to 1000",
        loss="logistic",
        quantity=quantity,
        twins=twins,
        **given,
    )


def along(what: str, sides, methods: tuple[Descent, ...] = METHODS) -> Inequality:
    return Inequality(what, sides, methods)


def wrong(text: str, what: str, sides, *, shrink: bool = False, methods=METHODS) -> Twin:
    return Twin(text, quantity=along(what, sides, methods), shrink=shrink)


AVERAGE = "average loss"
CLAIMS = (
    claim(
        "average-loss",
        "Theorem 1, Lemma 8",
        "Large steps: the average loss is at most (1 + ln² q + η²/4)/q",
        "Gradient descent of any step size: the average loss of t steps is at most (1 + ln² q + η²/4)/q, q = γ² η t.",
        along(AVERAGE, average_loss),
        "(1 + ln² q + η²/4)/q",
        wrong("no η²/4", AVERAGE, lambda p: average_loss(p, 0.0), shrink=True),
        wrong("the rate 1/t²", AVERAGE, lambda p: (average_loss(p)[0], average_loss(p)[1] / p.t)),
    ),
    claim(
        "average-loss-sharper",
        "after Theorem 1",
        "Large steps: the average loss is at most (1 + (ln q + η/2)²/2)/q",
        "Gradient descent of any step size: for q = γ² η t ≥ 1 the average loss is at most (1 + (ln q + η/2)²/2)/q.",
        along(AVERAGE, sharper),
        "(1 + (ln q + η/2)²/2)/q",
        wrong("no η/2", AVERAGE, lambda p: sharper(p, 0.0)),
        wrong("no logarithm", AVERAGE, lambda p: (sharper(p)[0], np.where(q(p) >= 1, 1 / q(p), np.inf))),
        read=Read.DERIVED,
        real=(),
    ),
    claim(
        "norm",
        "Lemma 8",
        "Large steps: ‖w_t‖ ≤ (√2 + 2 ln q + η)/γ",
        "Gradient descent of any step size: ‖w_t‖ is at most (√2 + 2 ln q + η)/γ wherever q = γ² η t ≥ 1.",
        along("norm of the weights", norm),
        "(√2 + 2 ln q + η)/γ",
        wrong("no η", "norm of the weights", lambda p: norm(p, 0.0), shrink=True),
        wrong("no γ", "norm of the weights", lambda p: norm(p, 1.0, 0.0)),
    ),
    claim(
        "slopes",
        "Lemma 9",
        "Large steps: the average slope is at most (√2 + 2 ln q + η)/q",
        "Gradient descent of any step size: the mean of G over t steps is at most (√2 + 2 ln q + η)/q where q ≥ 1.",
        along("average of the mean slope", slopes),
        "(√2 + 2 ln q + η)/q",
        wrong("no η", "average of the mean slope", lambda p: slopes(p, 0.0)),
    ),
    claim(
        "stable-phase",
        "Theorem 1 (stable phase)",
        "Large steps: from L ≤ 1/η on, L ≤ (2 F + ln² q)/q",
        "Once L(w_s) ≤ 1/η, the loss is at most (2 F(w_s) + ln² q)/q at every later step, q = γ² η (t - s).",
        along("loss", stable),
        "(2 F(w_s) + ln² q)/q",
        wrong("no F(w_s)", "loss", lambda p: stable(p, 0.0), shrink=True),
    ),
    claim(
        "monotone",
        "Lemma 10",
        "Large steps: from L ≤ 2/η on the loss never rises",
        "Once the loss is at most 2/η, it never rises again.",
        along("loss over that of the step before", monotone),
        "1",
        wrong("from L ≤ 2 on", "loss over that of the step before", lambda p: monotone(p, 2.0, 0.0), shrink=True),
        problem=lambda: st.one_of(strategies.binary(unit_rows=True), two_points()),
    ),
    claim(
        "phase-transition",
        "Theorem 1 (phase transition)",
        "Large steps: L ≤ 1/η and F ≤ 1 come by the time τ",
        "Some s ≤ τ = (60/γ²) max{η, n, e, ((η+n)/η) ln((η+n)/η)} has L(w_s) ≤ 1/η and F(w_s) ≤ 1.",
        FirstPassage("first time that L ≤ 1/η and F ≤ 1", low, tau, METHODS),
        "τ",
        Twin(
            "1 + n/(100γ²) (no η)",
            quantity=FirstPassage(
                "first time that L ≤ 1/η and F ≤ 1", low, lambda p: 1 + p.count / (100 * p.gamma**2), METHODS
            ),
            shrink=False,
        ),
    ),
)
