"""Early-stopped gradient descent is near ridge regression's path, at every step.

Setting: any binary data with `‖x_i‖ ≤ 1`, the mean logistic loss L, which is convex and β-smooth with β = 1/4; here
separable ones.
Algorithm: `w ← w - η ∇L(w)` from `w_0 = 0` with `η ≤ 1/β = 4`; and the ridge path, `u_λ` the minimiser of
`L(u) + (λ/2) ‖u‖²`.
Claim: with `λ = 1/(η t)`, `‖w_t - u_λ‖ ≤ ‖w_t‖ / √2` for every t. So `0.585 ≤ ‖w_t‖ / ‖u_λ‖ ≤ 3.415`.
Reference: Wu, Bartlett, Telgarsky, Yu (2025), Theorem 5.1. Ridge is solved by Newton's method; what its gradient leaves
open of u, at most `‖∇‖/λ` by strong convexity, is added to the distance.
"""

import numpy as np

from properties.papers import WU_2025
from verify import Bound, Read, Twin, strategies
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.descents import Inequality
from verify.runs.descent import Constant, Descent, Path

TIMES = (1, 2, 5, 10, 30, 100, 300)
METHODS = tuple(Descent(Constant(eta), TIMES[-1]) for eta in (4.0, 1.0, 0.1))
_NEWTON = 40


def ridge(path: Path, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """The minimisers `[b d]` of `L(u) + (λ/2) ‖u‖²`, and how far from them the true ones may be `[b]`."""
    d = path.x.shape[2]
    u = np.zeros((len(path.x), d))
    for _ in range(_NEWTON):
        z = path.margins(u[:, None])[:, 0]
        wrong = np.where(path.absent, 0.0, np.exp(-np.logaddexp(0.0, z))) / path.count
        slope = penalty * u - np.einsum("bn,bnd->bd", wrong, path.x)
        curvature = np.einsum("bn,bnd,bne->bde", wrong * np.exp(-np.logaddexp(0.0, -z)), path.x, path.x)
        u = u - np.linalg.solve(curvature + penalty * np.eye(d), slope[:, :, None])[:, :, 0]
    z = path.margins(u[:, None])[:, 0]
    wrong = np.where(path.absent, 0.0, np.exp(-np.logaddexp(0.0, z))) / path.count
    return u, np.linalg.norm(penalty * u - np.einsum("bn,bnd->bd", wrong, path.x), axis=1) / penalty


def distance(
    path: Path, factor: float = 0.5**0.5, penalty=lambda eta, t: 1 / (eta * t)
) -> tuple[np.ndarray, np.ndarray]:
    values, bound = np.zeros(path.log_steps.shape), np.full(path.log_steps.shape, np.inf)
    for t in TIMES:
        u, open_ = ridge(path, penalty(float(path.eta[0, 0]), t))
        values[:, t - 1] = np.linalg.norm(path.weights[:, t] - u, axis=1) + open_
        bound[:, t - 1] = factor * np.linalg.norm(path.weights[:, t], axis=1)
    return values, bound


def along(sides) -> Inequality:
    return Inequality("distance of w_t to the ridge path", sides, METHODS)


CLAIM = WU_2025.claim(
    "ridge-path",
    "Theorem 5.1",
    "Early stopping is near ridge: ‖w_t - u_λ‖ ≤ ‖w_t‖/√2 for λ = 1/(η t)",
    "For every t and any η ≤ 4, gradient descent's w_t is within ‖w_t‖/√2 of the ridge solution of λ = 1/(η t).",
    read=Read.PAPER,
    kind=Bound(lambda m: m.larger_side, "‖w_t‖/√2"),
    problem=lambda: strategies.binary(unit_rows=True),
    optimizer_text="gradient descent from zero, η of 4, 1 and 1/10",
    loss="logistic",
    quantity=along(distance),
    twins=(
        Twin("λ = 2/(η t)²", quantity=along(lambda p: distance(p, penalty=lambda eta, t: 2 / (eta * t) ** 2))),
        Twin("a quarter for 1/√2", quantity=along(lambda p: distance(p, 0.25)), shrink=False),
    ),
    real=("iris:0-vs-rest",),
    prepare=scaled_to_unit_rows,
    share=1 / 4,
)
