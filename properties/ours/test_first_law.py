"""In the clock of the path the gap falls like 1/S: the deficit is bounded, for every method, norm and schedule.

Setting: separable binary data, mean logistic or exponential loss, steps `η_t = η_0 (t + 1)^-a` with 0 < a < 1, and
`S_t = Σ_{s<t} η_s`.
Algorithm: steepest descent in a norm with steps of size `η_t`: SignGD, coordinate descent, normalised gradient descent,
the l3 norm; along an average of gradients (Signum, Lion); and Adam without ε, whose steps are of that size in the max
norm up to a constant.
Claim: `S_t` times the gap of the normalised margin to the maximal one stays bounded: the deficit `γ ‖w_t‖ -
margin(w_t)` does. In t the gap is `O(t^{-(1-a)})` for every a.
Reference: no paper at hand proves it. For steepest descent they have `t^-a` for a < 1/2 and `t^-1/2 log t` for a = 1/2
(Fan, Schmidt, Thrampoulidis 2025), and for Adam `t^-a/2` for a < 2/3 (Zhang, Zou, Cao 2024). It was found here, by
`verify sharpen` and by the deficit; docs/first-law.md says where it holds, and where not.
"""

from collections.abc import Callable

import optax

from properties.papers import OURS
from verify import Claim, Rate, Read, Twin, laws, optimizers, strategies
from verify.optimizers import PowerDecay

RESOLUTION = 0.08  # finer than usual: of steps t^-0.8 the paths S and S^1.2 differ by t^0.04
# Where the margin is a thousandth of the data's radius, the regime lies beyond any horizon here.
MODERATE = tuple(name for name in strategies.FLAVOURS if name != "tiny_margin")
# Where the maximiser is a corner of the ball, SignGD is there after a few steps, and tells of no law.
EDGES = tuple(name for name in MODERATE if name not in ("single", "linf_unique", "linf_nonunique"))
NAMES = {0.3: "0.3", 1 / 2: "1/2", 2 / 3: "2/3", 0.8: "0.8"}
LION = optax.scale_by_lion(0.9, 0.95)

# By name: the norm, another one, and the method with given steps.
METHODS: dict[str, tuple[str, str, Callable[[PowerDecay], optax.GradientTransformation]]] = {
    "SignGD": ("linf", "l2", optimizers.sign_gd),
    "Signum": ("linf", "l2", lambda steps: optimizers.steepest_descent(steps, "linf", b1=0.9)),
    "Lion": ("linf", "l2", lambda steps: optimizers.descend(LION, steps)),
    "coordinate descent": ("l1", "l2", optimizers.coordinate_descent),
    "normalised GD": ("l2", "linf", optimizers.normalised_gd),
    "l3 descent": ("l3", "l1", lambda steps: optimizers.steepest_descent(steps, "l3")),
    "Adam": ("linf", "l2", lambda steps: optimizers.adam(steps, 0.9, 0.99, eps=0.0)),
}


def claim(method: str, a: float, loss: str = "logistic", faster: float = 1.2, real: tuple[str, ...] = ()) -> Claim:
    norm, other, make = METHODS[method]
    steps = PowerDecay(0.1, a)
    key = f"{method.lower().replace(' ', '-')}-{NAMES[a].replace('1/2', '0.5').replace('2/3', '0.667')}"
    return OURS.claim(
        f"first-law-{key}" + ("" if loss == "logistic" else f"-{loss}"),
        "the first law",
        f"{method}'s gap falls like 1/S, steps t^-{NAMES[a]}",
        f"{method} on the {loss} loss, steps t^-{NAMES[a]}: the {norm} margin's gap is O(1/S), S = Σ η_t.",
        read=Read.OBSERVED,
        kind=Rate(laws.path(steps), RESOLUTION),
        problem=lambda: strategies.binary(flavours=EDGES if method == "SignGD" else MODERATE),
        optimizer=make(steps),
        optimizer_text=f"{method}, η = 0.1 (t+1)^-{NAMES[a]}",
        loss=loss,
        norm=norm,
        twins=(
            Twin(
                f"the faster law S^-{faster:g} for 1/S", kind=Rate(laws.path(steps, faster), RESOLUTION), shrink=False
            ),
            Twin(f"the {other} margin for the {norm} margin", norm=other, shrink=False),
        ),
        real=real,
        share=1 / 2,
    )


CLAIMS = (
    *(claim("SignGD", a) for a in (0.3, 1 / 2, 2 / 3)),
    # S grows by no more than t^0.24 here, and a law that is little faster is not told on every draw.
    claim("SignGD", 0.8, faster=1.6),
    claim("SignGD", 1 / 2, "exponential"),
    claim("Signum", 1 / 2),
    claim("Lion", 2 / 3),
    claim("coordinate descent", 1 / 2, real=("iris:0-vs-rest",)),
    claim("normalised GD", 0.3),
    claim("l3 descent", 0.3),
    # Its gap times S still falls at this horizon, towards a constant.
    claim("Adam", 2 / 3, faster=1.6),
)
