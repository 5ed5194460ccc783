"""On data that only part of can be separated, gradient descent's risk comes to its infimum at an explicit rate.

Setting: binary data with n points `‖x_i‖ ≤ 1` that no weights separate; mean logistic or exponential loss L. The points
split into those that can be on the right side of a plane that has no point on its wrong side, and the rest, which span
S: A_⊥ are the former projected onto the complement of S, γ is their maximal margin, v in S minimises the rest's loss.
Algorithm: `w ← w - η_j ∇L(w)` from `w_0 = 0`, `η_j ≤ 1`: 1 and `1/√(j+1)`.
Claim: `L(w_t) - inf L ≤ exp(‖v‖)/t + (‖v‖² + ln(t)²/γ²) / (2 Σ_{j<t} η_j)` for every t ≥ 1; inf L is the rest's part of
the loss at v. And the part of w_t in S comes to v: with steps `1/√(j+1)` on the exponential loss
`‖Π_S w_t - v‖²` falls like `log² t / √t`.
Reference: Ji, Telgarsky (2019), Theorem 3 (risk) and Theorem 1 (iterates). The split is found by a linear programme and
certified by another: the rest has positive multipliers with `Σ λ_i x_i = 0`, so that nothing separates any of it.
"""

import numpy as np
import scipy.linalg
from hypothesis import strategies as st
from scipy.optimize import linprog

import solvers
from properties.papers import JI_2019
from verify import Bound, Claim, Dataset, Rate, Read, Twin, laws
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.descents import AlongPath, Inequality
from verify.runs.descent import Constant, Descent, Path, Scheduled

LENGTH = 500
_NEWTON = 100


def split(z: np.ndarray) -> np.ndarray:
    """Which rows weights can separate that put none on the wrong side; of the others a certificate is found, or raised.

    z: `[n d]`, labels folded in.
    """
    n, d = z.shape
    free = linprog(
        np.r_[np.zeros(d), -np.ones(n)],
        A_ub=np.c_[-z, np.eye(n)],
        b_ub=np.zeros(n),
        bounds=[(None, None)] * d + [(0, 1)] * n,
    )
    apart = free.x[d:] > 0.5
    rest = z[~apart]
    if len(rest):
        certificate = linprog(np.ones(len(rest)), A_eq=rest.T, b_eq=np.zeros(d), bounds=[(1, None)] * len(rest))
        assert certificate.success, "the rest of the data has no positive multipliers"
    return apart


def rest_minimiser(rest: np.ndarray, basis: np.ndarray, loss: str) -> np.ndarray:
    """The minimiser in S of the mean loss of the rest, by Newton's method."""
    a, v = rest @ basis, np.zeros(basis.shape[1])
    for _ in range(_NEWTON):
        z = a @ v
        slope = np.exp(-z) if loss == "exponential" else np.exp(-np.logaddexp(0.0, z))
        second = slope if loss == "exponential" else slope * np.exp(-np.logaddexp(0.0, -z))
        step = np.linalg.solve((a.T * second) @ a, a.T @ slope)
        v = v + step / max(1.0, float(np.linalg.norm(step)))
    return basis @ v


def parts(path: Path, i: int) -> tuple[np.ndarray, np.ndarray, float, float]:
    """A basis of S `[d s]`, v `[d]`, the infimum of the loss, and the margin of the projected part."""
    z = path.x[i][~path.absent[i]]
    apart = split(z)
    basis = scipy.linalg.orth(z[~apart].T)
    v = rest_minimiser(z[~apart], basis, path.loss)
    margins = z[~apart] @ v
    values = np.exp(-margins) if path.loss == "exponential" else np.logaddexp(0.0, -margins)
    projected = z[apart] - z[apart] @ basis @ basis.T
    found = solvers.max_margin(projected, np.ones(len(projected), int), "l2")
    return basis, v, float(values.sum() / len(z)), found.lower


def risk(path: Path, norm: float = 1.0, logs: float = 1.0, whole: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The excess risk and its bound; the factors spoil its terms. whole: keep the infimum in."""
    values, bound = np.zeros(path.log_steps.shape), np.zeros(path.log_steps.shape)
    t, risks = path.t[0], np.exp(path.log_loss(path.weights))[:, 1:]
    for i in range(len(values)):
        _, v, least, gamma = parts(path, i)
        size = np.linalg.norm(v)
        values[i] = risks[i] - (0.0 if whole else least)
        distance = norm * size**2 + logs * np.log(t) ** 2 / gamma**2
        bound[i] = norm * np.exp(size) / t + distance / (2 * np.cumsum(path.eta[i]))
    return values, bound


def inside(path: Path) -> np.ndarray:
    """`‖Π_S w_t - v‖²`."""
    values = np.zeros(path.log_steps.shape)
    for i in range(len(values)):
        basis, v, _, _ = parts(path, i)
        values[i] = np.sum((path.weights[i, 1:] @ basis - v @ basis) ** 2, axis=1)
    return values


@st.composite
def mixed(draw: st.DrawFn) -> Dataset:
    """Points that contradict each other in one or two features, and points that the other features separate."""
    inner, outer = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    some = st.integers(-3, 3)
    span = np.diag(draw(st.lists(st.integers(1, 3), min_size=inner, max_size=inner))).astype(float)
    rest = np.concatenate([span, -span * draw(st.sampled_from([1, 2])), span[:1]])
    count = draw(st.integers(1, 5))
    apart = np.array(draw(st.lists(st.tuples(*[some] * (inner + outer)), min_size=count, max_size=count)), float)
    apart[:, inner] = np.abs(apart[:, inner]) + 1
    x = np.concatenate([np.pad(rest, ((0, 0), (0, outer))), apart])
    return scaled_to_unit_rows(Dataset(x, np.ones(len(x), int), "partly separable"))


def planted(n: int, gamma: float, seed: int) -> Dataset:
    """Three points that contradict each other in one feature, and others whose projected margin is gamma."""
    rng = np.random.default_rng(seed)
    apart = np.empty((n - 3, 3))
    apart[:, 0] = rng.uniform(-0.5, 0.5, n - 3)
    apart[:, 1] = gamma
    # In pairs across the plane: their mean has the margin and nothing else.
    apart[:, 2] = np.repeat(rng.uniform(0.2, 0.6, n), 2)[: n - 3] * np.resize([1, -1], n - 3)
    x = np.concatenate([[[1, 0, 0], [-1, 0, 0], [1, 0, 0]], apart])
    return Dataset(x, np.ones(n, int), "partly separable")


def of_points(n: float, seed: int) -> Dataset:
    """For `verify scaling --in n`: the margin is 0.3."""
    return planted(int(n), 0.3, seed)


def of_margin(gamma: float, seed: int) -> Dataset:
    """For `verify scaling --in gamma`, up to 0.6: eleven points, the last eight of which can be separated."""
    return planted(11, gamma, seed)


def methods(loss: str) -> tuple[Descent, ...]:
    return tuple(Descent(rule, LENGTH, loss) for rule in (Constant(1.0), Scheduled(1.0, 0.5)))


def claim(loss: str) -> Claim:
    def along(**wrong) -> Inequality:
        return Inequality("excess risk", lambda p: risk(p, **wrong), methods(loss), separable=False)

    return JI_2019.claim(
        f"risk-{loss}",
        "Theorem 3",
        f"Non-separable data, {loss} loss: L - inf L ≤ exp(‖v‖)/t + (‖v‖² + ln²t/γ²)/(2 Σ η)",
        f"On the {loss} loss with η ≤ 1: L(w_t) - inf L ≤ exp(‖v‖)/t + (‖v‖² + ln(t)²/γ²)/(2 Σ η) for every t.",
        read=Read.PAPER,
        kind=Bound(lambda m: m.larger_side, "exp(‖v‖)/t + (‖v‖² + ln²t/γ²)/(2 Σ η)"),
        problem=mixed,
        optimizer_text="gradient descent from zero, η of 1 and 1/√(j+1)",
        loss=loss,
        quantity=along(),
        twins=(
            Twin("0 for inf L", quantity=along(whole=True), shrink=False),
            Twin("no logarithm and no v", quantity=along(norm=0.01, logs=0.0), shrink=False),
        ),
        share=1 / 8,
    )


ITERATES = JI_2019.claim(
    "inner-part",
    "Theorem 1",
    "Non-separable data: ‖Π_S w_t - v‖² is O(log² t / √t)",
    "On the exponential loss with steps 1/√(j+1) the part of w_t in S comes to v: ‖Π_S w_t - v‖² = O(log² t/√t).",
    read=Read.PAPER,
    kind=Rate(laws.power(1 / 2, log=2)),
    problem=mixed,
    optimizer_text="gradient descent from zero, η = 1/√(j+1)",
    loss="exponential",
    quantity=AlongPath("‖Π_S w_t - v‖²", inside, methods("exponential")[1], 1e-20, separable=False),
    twins=(Twin("t^-2", kind=Rate(laws.power(2)), shrink=False),),
    share=1 / 4,
)

CLAIMS = (claim("logistic"), claim("exponential"), ITERATES)
