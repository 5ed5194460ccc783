"""SignGD's gap to the L-infinity margin is below an explicit bound, at every step and on every dataset.

Setting: separable binary data, exponential loss, any steps η_t, `w_0 = 0`; B the largest L1 norm of a point.
Algorithm: `w ← w - η_t sign(∇L(w))`.
Claim: `γ - min_i y_i ⟨x_i, w_t⟩ / ‖w_t‖_∞ ≤ (½ B² Σ η_s² + ln n) / Σ η_s`, with the sums over s < t.
Reference: the descent argument of Fan, Schmidt, Thrampoulidis (2025) and Gunasekar et al. (2018), with the
constants of the exponential loss: `log L` falls by at least `γ η - ½ B² η²` in a step, and the margin is at
least `-log L - ln n`.
"""

import numpy as np

from properties.papers import FAN_2025
from verify import Bound, Claim, Twin, optimizers, strategies
from verify.optimizers import PowerDecay
from verify.quantities import Gap, Measurement

STEPS = PowerDecay(0.1, 1 / 2)


def bound(m: Measurement, curvature: float = 1.0, points: float = 1.0) -> np.ndarray:
    """The bound at the recorded steps; the factors leave one of its terms out, for the twins."""
    steps = np.asarray(STEPS(np.arange(round(m.time[-1]))))
    taken = np.round(m.time).astype(int) - 1
    first, second = np.cumsum(steps)[taken], np.cumsum(steps**2)[taken]
    return (curvature * m.radius("linf") ** 2 * second / 2 + points * np.log(m.n)) / first


CLAIM = Claim(
    id="fan2025/sign-gd-bound",
    title="SignGD's gap is below an explicit bound",
    statement="On the exponential loss the L-infinity margin's gap is at most (½ B² Σ η² + ln n)/Σ η at every step.",
    source="after Fan, Schmidt, Thrampoulidis 2025, Theorem 1; constants derived for the exponential loss",
    paper=FAN_2025,
    kind=Bound(bound, "(½ B² Σ η² + ln n)/Σ η"),
    problem=strategies.binary,
    optimizer=optimizers.sign_gd(STEPS),
    optimizer_text="SignGD, η = 0.1 (t+1)^-1/2",
    loss="exponential",
    norm="linf",
    quantity=Gap(relative=False),
    twins=(
        Twin("no ln n", kind=Bound(lambda m: bound(m, points=0.0), "½ B² Σ η² / Σ η")),
        Twin("no B², as if steps were a flow", kind=Bound(lambda m: bound(m, curvature=0.0), "ln n / Σ η")),
        Twin("L2 margin for L-infinity margin", norm="l2"),
    ),
    real=("iris:0-vs-rest",),
)


def test_sign_gd_bound(theorem):
    theorem(CLAIM)
