"""Gradient descent on losses with any tail: where its dual variables and its direction go, with explicit constants.

Setting: separable binary data with n points `‖x_i‖ ≤ 1`, labels folded in; ℓ the exponential or logistic loss, or
`(1 + z)^-k` with k of 1 and 2; `ψ = -ℓ⁻¹(Σ ℓ(z_i))`, `q_i = ℓ'(z_i)/ℓ'(-ψ)`, `f(q) = ½ ‖Σ q_i x_i‖²`, `S = Σ η̂_j` over
the steps taken.
Algorithm: `w ← w - η_t ∇L(w)` from `w_0 = 0`, that is `w ← w + η̂_t Σ q_i x_i`, where `η̂_t ≤ 1/β` never rises; ψ is
β-smooth: β is 1, n and `(k + 1) n^(1/k)`.
Claim: with q̄ a minimiser of f where ψ* ≤ 0, `‖Σ (q_i - q̄_i) x_i‖² ≤ 2 D/S` with `D = ψ*(q̄) + ψ(0)`, and the cosine of
w_t and `Σ q̄_i x_i` is at least `1 - δ/S`, `δ = (ψ(0) + η̂_0 f(q_0)) / (2 f(q̄))`. With exponential tails that is the
direction of the maximal margin; with polynomial ones that in which `Σ z_i^-k` is least, which is another one.
Reference: Ji, Telgarsky (2021), Theorem 5, with D and δ as they are from zero weights. The smoothness is derived:
`vᵀ∇²ψ v ≤ max v_i² Σ ℓ''(z_i)/|ℓ'(-ψ)|`, and no z_i is below -ψ. So is q̄ for polynomials: ψ* is `Σ q_i - 1` where
`Σ q_i^(k/(k+1)) ≥ 1`, so that f(q̄) is half the square of the largest `(Σ z_i^-k)^(-1/k)` over `‖w‖ ≤ 1`.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

import solvers
from properties.papers import JI_2021
from verify import Bound, Claim, Dataset, Read, Twin, strategies
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.descents import Inequality
from verify.runs.descent import Descent, OverSlope, Path, tail_loss

LENGTH = 800
POWERS = {"polynomial1": 1, "polynomial2": 2}
SMOOTHNESS = {
    "exponential": lambda n: 1 + 0 * n,
    "logistic": lambda n: n,
    "polynomial1": lambda n: 2 * n,
    "polynomial2": lambda n: 3 * np.sqrt(n),
}
_NEWTON = 60
_CERTIFIED = 1e-9  # relative width of a maximal margin's bracket, and of that of polynomials


def method(loss: str, a: float = 0.0) -> Descent:
    return Descent(OverSlope(lambda n: 1 / SMOOTHNESS[loss](n), loss, a), LENGTH, loss)


EXPONENTIAL = method("exponential"), method("exponential", 0.5), method("logistic")
POLYNOMIAL = method("polynomial1"), method("polynomial2"), method("polynomial2", 0.5)


class End(NamedTuple):
    """Of each dataset `Σ q̄_i x_i` `[b d]`, which is NaN where it was not certified, and ψ*(q̄) `[b 1]`."""

    pull: np.ndarray
    conjugate: np.ndarray


def least_sum(z: np.ndarray, k: int, w: np.ndarray) -> tuple[np.ndarray, float]:
    """`Σ q̄_i z_i` and ψ*(q̄) of `(1 + z)^-k`, from the minimiser of `½‖w‖² + Σ (z_i·w)^-k / k` by Newton's method.

    z: `[n d]`. w: separating weights, from which it starts.
    """

    def value(w: np.ndarray) -> float:
        m = z @ w
        return w @ w / 2 + np.sum(m**-k) / k if m.min() > 0 else np.inf

    w = w * np.sum((z @ w) ** -k) ** (1 / (k + 2))
    for _ in range(_NEWTON):
        m = z @ w
        step = np.linalg.solve(np.eye(len(w)) + (k + 1) * (z.T * m ** -(k + 2)) @ z, z.T @ m ** -(k + 1) - w)
        while np.any(step) and not value(w + step) <= value(w):
            step = step / 2
        w = w + step
    m = z @ w / np.linalg.norm(w)
    least = np.sum(m**-k) ** (-1 / k)
    q = (least / m) ** (k + 1)
    pull = z.T @ q
    # What any w of norm 1 has is at most ‖Σ q z‖, whatever q.
    return pull if np.linalg.norm(pull) <= least * (1 + _CERTIFIED) else np.full(len(w), np.nan), q.sum() - 1


@lru_cache(maxsize=16)
def end(path: Path) -> End:
    """Where the dual variables go."""
    pulls, conjugates = np.full(path.weights[:, 0].shape, np.nan), np.zeros(path.gamma.shape)
    for i, absent in enumerate(path.absent):
        z = path.x[i][~absent]
        found = solvers.max_margin(z, np.ones(len(z), int), "l2")
        if path.loss in POWERS:
            pulls[i], conjugates[i] = least_sum(z, POWERS[path.loss], found.weights)
        elif found.certified:
            q = found.multipliers
            pulls[i], conjugates[i] = q @ z, np.sum(q * np.log(np.where(q > 0, q, 1)))
    return End(pulls, conjugates)


def largest(path: Path) -> End:
    """With the pull of the maximal margin, whatever the loss: false for polynomials."""
    return end(path)._replace(pull=end(as_exponential(path)).pull)


@lru_cache(maxsize=16)
def as_exponential(path: Path) -> Path:
    return path.again(EXPONENTIAL[0])


def pulls(path: Path) -> np.ndarray:
    """`Σ q_i x_i` at the weights before each step and after the last, `[b r+1 d]`."""
    tail = tail_loss(path.loss)
    whole = tail.log_slope(path.smoothed(path.weights, total=True))
    q = np.exp(tail.log_slope(path.margins(path.weights)) - whole[..., None])
    return q @ path.x


def hats(path: Path) -> np.ndarray:
    """The steps η̂, `[b r]`."""
    whole = tail_loss(path.loss).log_slope(path.smoothed(path.weights, total=True))
    return np.exp(path.log_steps + whole[:, :-1]) / path.count


def start(path: Path) -> np.ndarray:
    """ψ(0), `[b 1]`."""
    return -path.smoothed(path.weights[:, :1], total=True)


def dual(path: Path, share: float = 1.0, to=end) -> tuple[np.ndarray, np.ndarray]:
    q = to(path)
    away = np.sum((pulls(path)[:, 1:] - q.pull[:, None]) ** 2, axis=2)
    bound = 2 * share * (q.conjugate + start(path)) / np.cumsum(hats(path), axis=1)
    return told(away, bound, q)


def direction(path: Path, psi: float = 1.0, to=end) -> tuple[np.ndarray, np.ndarray]:
    """Of both sides 1 less."""
    q, w = to(path), path.weights[:, 1:]
    f, first = np.sum(q.pull**2, axis=1, keepdims=True) / 2, np.sum(pulls(path)[:, 0] ** 2, axis=1, keepdims=True) / 2
    cosine = np.sum(w * q.pull[:, None], axis=2) / np.linalg.norm(w, axis=2) / np.sqrt(2 * f)
    delta = (psi * start(path) + hats(path)[:, :1] * first) / (2 * f)
    return told(1 - cosine, delta / np.cumsum(hats(path), axis=1), q)


def told(smaller: np.ndarray, larger: np.ndarray, q: End) -> tuple[np.ndarray, np.ndarray]:
    """Silent on data whose q̄ is not certified; the larger side has room for the width of a bracket."""
    known = np.isfinite(q.pull).all(axis=1, keepdims=True)
    return np.where(known, smaller, 0.0), np.where(known, larger + _CERTIFIED, np.inf)


@st.composite
def uneven(draw: st.DrawFn) -> Dataset:
    """Two points across each other, of which the shorter one counts more for the maximal margin."""
    return Dataset(np.diag([1.0, draw(st.integers(3, 7)) / 10]), np.ones(2, int), "uneven")


def problem() -> st.SearchStrategy[Dataset]:
    return st.one_of(strategies.binary(unit_rows=True, max_points=6, max_features=4), uneven())


def claim(name: str, title: str, statement: str, methods: tuple[Descent, ...], sides, text: str, *twins) -> Claim:
    """Twins are pairs of what is wrong, in words and as sides."""
    what = "‖Σ (q_i - q̄_i) x_i‖²" if sides is dual else "1 - cosine"
    return JI_2021.claim(
        name,
        "Theorem 5",
        title,
        statement,
        read=Read.PAPER,
        kind=Bound(lambda m: m.larger_side, text),
        problem=problem,
        optimizer_text="gradient descent from zero, η̂ of 1/β and t^-1/2/β",
        quantity=Inequality(what, sides, methods),
        twins=tuple(Twin(said, quantity=Inequality(what, wrong, methods), shrink=False) for said, wrong in twins),
        real=("iris:0-vs-rest",),
        prepare=scaled_to_unit_rows,
        share=1 / 4,
    )


CLAIMS = (
    claim(
        "dual-limit",
        "Any tail, steps η̂: ‖Σ (q_i - q̄_i) x_i‖² ≤ 2 D/Σ η̂",
        "With exponential and polynomial tails ‖Σ (q_i - q̄_i) x_i‖² is at most 2 (ψ*(q̄) + ψ(0))/Σ η̂ at every step.",
        EXPONENTIAL[:1] + POLYNOMIAL[:2],
        dual,
        "2 D/Σ η̂",
        ("a tenth of D", lambda p: dual(p, 0.1)),
        ("the maximal margin's q̄ for polynomials", lambda p: dual(p, to=largest)),
    ),
    claim(
        "direction-exponential-tail",
        "Exponential tails, steps η̂: the cosine to the maximal margin's direction is 1 - δ/Σ η̂ or more",
        "On the exponential and logistic loss the cosine of w_t and the maximal margin's weights is ≥ 1 - δ/Σ η̂.",
        EXPONENTIAL,
        direction,
        "δ/Σ η̂",
        ("no ψ(0)", lambda p: direction(p, psi=0.0)),
    ),
    claim(
        "direction-polynomial-tail",
        "Polynomial tails, steps η̂: the cosine to the direction of least Σ z_i^-k is 1 - δ/Σ η̂ or more",
        "On the losses (1 + z)^-k the cosine of w_t and the weights of least Σ z_i^-k is at least 1 - δ/Σ η̂.",
        POLYNOMIAL,
        direction,
        "δ/Σ η̂",
        ("the direction of the maximal margin", lambda p: direction(p, to=largest)),
        ("no ψ(0)", lambda p: direction(p, psi=0.0)),
    ),
)
