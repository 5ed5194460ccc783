"""A bound that was proposed from a table: how far SignGD travels until it has half of the maximal margin.

The story: `verify table fan2025/sign-gd-binary` writes a row for each drawn dataset, among them `half_path`, the sum S
of the step sizes from which on the gap is below half of the margin. Fitted from above by
`verify.discovery.tabling.propose`, the 45 rows of seeds 0 and 1 in which it is known ask for `S >= 0.92 log n / γ` and
nothing else. A hunt of 120 cases refutes that, by three points whose gap is 0.81 of the margin there. What the rows did
not show is how large points are: a long one makes steps that overshoot. The gap budget knows of it: its second-order
term is at most `R² Σ η² / 2`, so that `S >= (2 log n + R² Σ η²) / γ` would do, R being the largest l1 norm of a point,
and the logarithms of the first loss aside. The conjecture says that less is needed, with the largest l2 norm: on 78
hunted cases it came to 0.50 of the bound. Its false twin is the proposal that came from rows alone, made a little
weaker, and must be refuted in the same run.

    pytest examples/half_margin.py --profile=quick
"""

import numpy as np

from verify import Bound, Twin, conjecture, optimizers, strategies
from verify.optimizers import PowerDecay

STEPS = PowerDecay(0.1, 1 / 2)


def half_after(a, b):
    """The bound on the relative gap: 1/2 once `S γ >= a log n + b R²`, and nothing before."""

    def upper(m):
        times = np.round(m.time).astype(int)
        path = np.cumsum(np.asarray(STEPS(np.arange(times[-1]))))[times - 1]
        radius = np.array([[np.linalg.norm(s.x, axis=1).max()] for s in m.data])
        return np.where(path * m.margin >= a * np.log(m.n) + b * radius**2, 0.5, np.inf)

    return upper


CLAIM = conjecture(
    "half-margin",
    "SignGD has half of the maximal margin once S γ >= 2 log n + R²/100: the relative gap is at most 1/2 then.",
    optimizer=optimizers.sign_gd(STEPS),
    optimizer_text="SignGD, η = 0.1 (t+1)^-1/2",
    problem=strategies.binary,
    loss="logistic",
    norm="linf",
    kind=Bound(half_after(2.0, 0.01), "1/2 once S γ >= 2 log n + R²/100"),
    twins=(
        Twin("no term for the size of points", kind=Bound(half_after(1.0, 0.0), "1/2 once S γ >= log n"), shrink=False),
    ),
)
