"""Binary data: runs of optimizers, of known norm and rate.

Why a law is too fast: `S` is the sum of step sizes. Weights end as `S` times a maximiser and something bounded, which
stays: the deficit `D` is a positive constant on some data, and the gap is `D / S`, like `t^-(1-a)` for steps `t^-a`.
Why a norm is wrong: on the one point (1, 2) steepest descent goes along its steepest direction from the first step on.
"""

from __future__ import annotations

import optax

from benchmarks.soundness.entry import MODERATE, SLOW, binary, false, group, rate, true, vanishes
from benchmarks.soundness.problems import clipped, damped_normalised, mostly_alike, sign_and_normalised
from verify import optimizers
from verify.claims.kinds import Limit
from verify.laws import inverse_log
from verify.optimizers import PowerDecay, descend, steepest_descent

CRAWLS = Limit(0.3, inverse_log(in_steps=True))
"""A gap that vanishes like `1/log t`: at 1e5 steps up to a quarter is left."""
FAN, ROOT = "Fan, Schmidt, Thrampoulidis 2025, Theorem ", rate(1 / 2, log=1)
DERIVED = FAN + "3, and the explicit bound (½B² Σ η² + ln n)/Σ η"
STAYS = "the deficit that the first steps leave stays, so that the gap is D/S: 0.1 too fast"
DIAGONAL = "on the point (1, 2) the signs go along (1, 1), with 3/√2 of √5"
ALONG = "on the point (1, 2) the gradient is along (1, 2), with 5/2 of 3"
EPS = "gradients fall below it, and gradient descent takes over: its norm is l2"
DAMPED = "once gradients are below it this is gradient descent, whose gap is 1/log t"


def half(eta0: float = 0.1) -> PowerDecay:
    return PowerDecay(eta0, 1 / 2)


def adam(a: float, eps: float = 0.0, b1: float = 0.9, b2: float = 0.95):
    return optimizers.adam(PowerDecay(0.1, a), b1, b2, eps)


def hidden(eps: float):
    """Adam with a stability constant, on data whose limits are in reach."""
    return group(
        f"adam-eps-{eps:g}",
        f"Adam(.9, .95, ε={eps:g}), η = 0.1 t^-1/2",
        true("Wang et al. 2022: gradients vanish beside ε, what is left is gradient descent", "l2", CRAWLS),
        false(EPS, "linf", rate(1 / 4)),
        false(EPS, "linf", CRAWLS),
        optimizer=adam(1 / 2, eps), loss="logistic", problem=binary(flavours=MODERATE),
    )  # fmt: skip


def damped(eps: float):
    """Normalised gradient descent with a constant beside the norm."""
    return group(
        f"ngd-eps-{eps:g}",
        f"η g/(‖g‖ + {eps:g}), η = 0.1 t^-1/2",
        true("gradient descent in the end, with steps whose sum is infinite", "l2", CRAWLS),
        false(DAMPED, "l2", ROOT),
        false("on the point (1, 2) it goes along (1, 2), with 5/3 of 2", "l1", CRAWLS),
        optimizer=descend(damped_normalised(eps), half()), loss="logistic", problem=binary(flavours=MODERATE),
    )  # fmt: skip


def decayed(decay: float):
    """Lion, whose weights are drawn back."""
    return group(
        f"lion-decay-{decay:g}",
        f"Lion, weight decay {decay:g}, η = 0.1 t^-1/2",
        false("it ends at the least loss over ‖w‖ ≤ 1/λ (Xie, Li 2024), not at the maximal margin", "linf", ROOT),
        optimizer=optax.lion(half(), weight_decay=decay), loss="logistic",
    )  # fmt: skip


SIGNS = (
    *group(
        "sign-gd-a0.4", "SignGD, η = 0.1 t^-2/5",
        true(DERIVED, "linf", rate(0.4)),
        false(STAYS, "linf", rate(0.7)),
        false(DIAGONAL + ", and a slow law is none", "l2", rate(0.1)),
        optimizer=optimizers.sign_gd(PowerDecay(0.1, 0.4)), loss="logistic",
    ),
    *group(
        "sign-gd-a0.6", "SignGD, η = 0.1 t^-3/5",
        true(DERIVED, "linf", rate(0.4)),
        false(STAYS, "linf", rate(0.5)),
        false("on the point (1, 2) the signs have .973 of the l3 margin", "l3", rate(0.4)),
        optimizer=optimizers.sign_gd(PowerDecay(0.1, 0.6)), loss="exponential",
    ),
    *group(
        "sign-gd-a0.9", "SignGD, η = t^-9/10",
        true(DERIVED, "linf", rate(0.1)),
        false(STAYS, "linf", rate(0.2)),
        optimizer=optimizers.sign_gd(PowerDecay(1.0, 0.9)), loss="logistic",
    ),
    *group(
        "sign-gd-a1", "SignGD, η = t^-1",
        true(DERIVED, "linf", SLOW),
        optimizer=optimizers.sign_gd(PowerDecay(1.0, 1.0)), loss="logistic",
    ),
    *group(
        "sign-gd-constant", "SignGD, η = 0.1",
        false("from (0, 2η) the points L(3, -1), L(-1, 2) with ηL large send it to (η, η) and back", "linf",
              vanishes(1 / 2)),
        false("the same points: weights go round, no margin grows", "linf", rate(1 / 2)),
        optimizer=optimizers.sign_gd(0.1), loss="logistic",
    ),
    *group(
        "sign-gd-summable", "SignGD, η = t^-11/10",
        false("the weights stay below Σ η = 10.6, and a gap above 0 stops with them", "linf", SLOW),
        optimizer=optimizers.sign_gd(PowerDecay(1.0, 1.1)), loss="logistic",
    ),
    *group(
        "sign-gd-tiny-margins", "SignGD, η = 0.1 t^-1/2, margins a thousandth of the data's radius",
        true(FAN + "1", "linf", ROOT),
        false("no less than on other data: in the plane the signs are one of four", "l2", ROOT),
        optimizer=optimizers.sign_gd(half()), loss="logistic", problem=binary(flavours=("tiny_margin",)),
    ),
    *group(
        "sign-gd-mostly-alike", "SignGD, η = 0.1 t^-1/2, nine datasets of ten multiples of signs",
        true(FAN + "1", "linf", ROOT),
        false("on any data but multiples of signs, a tenth of these: " + DIAGONAL, "l2", ROOT),
        optimizer=optimizers.sign_gd(half()), loss="logistic", problem=mostly_alike,
    ),
    *group(
        "sign-gd-polynomial", "SignGD on the loss 1/(1 + z), η = 0.1 t^-1/2",
        false("all points weigh in for ever, not the support vectors alone (Ji et al. 2020)", "linf", ROOT),
        optimizer=optimizers.sign_gd(half()), loss="polynomial_tail",
    ),
    *group(
        "sign-gd-rotated", "SignGD on turned features, η = 0.1 t^-1/2",
        false("it maximises the margin over the turned cube", "linf", ROOT),
        optimizer=optimizers.rotated(optimizers.sign_gd(half())), loss="logistic",
    ),
    *group(
        "sign-and-normalised", "η (sign(g) + g/‖g‖), η = 0.1 t^-1/2",
        false("on the point (1, 2) it goes along (1, 1) + (1, 2)/√5", "linf", ROOT),
        false("the same", "l2", ROOT),
        optimizer=descend(sign_and_normalised(), half()), loss="logistic",
    ),
    *group(
        "signum-0.99", "Signum(0.99), η = 0.1 t^-1/2",
        true(FAN + "2", "linf", ROOT),
        false(STAYS, "linf", rate(0.6)),
        false(DIAGONAL, "l2", ROOT),
        optimizer=steepest_descent(half(), "linf", b1=0.99), loss="logistic",
    ),
    *group(
        "lion-a0.7", "Lion, η = 0.1 t^-7/10",
        true("its average lags by O(η) as Signum's does (" + FAN + "2)", "linf", rate(0.3)),
        false(STAYS, "linf", rate(0.4)),
        false(DIAGONAL, "l2", rate(0.3)),
        optimizer=optax.lion(PowerDecay(0.1, 0.7), weight_decay=0.0), loss="logistic",
    ),
    *decayed(1e-1),
    *decayed(1e-3),
)  # fmt: skip

SMOOTH = (
    *group(
        "ngd-a0.5", "normalised GD, η = 0.1 t^-1/2",
        true("Nacson et al. 2019, and " + FAN + "1", "l2", ROOT),
        false(STAYS + ", where support vectors have unequal multipliers", "l2", rate(0.6)),
        false("on the point (1, 2) it has .98 of the l3 margin", "l3", ROOT),
        false(ALONG + ", and a slow law is none", "linf", rate(0.1)),
        optimizer=optimizers.normalised_gd(half()), loss="logistic",
    ),
    *group(
        "ngd-a0.3", "normalised GD, η = 0.1 t^-3/10",
        true(DERIVED, "l2", rate(0.3)),
        false(STAYS, "l2", rate(0.8)),
        optimizer=optimizers.normalised_gd(PowerDecay(0.1, 0.3)), loss="exponential",
    ),
    *group(
        "ngd-momentum-0.99", "normalised GD with momentum 0.99, η = 0.1 t^-1/2",
        true(FAN + "2", "l2", ROOT),
        false(ALONG, "linf", ROOT),
        optimizer=steepest_descent(half(), "l2", b1=0.99), loss="exponential",
    ),
    *group(
        "ngd-polynomial", "normalised GD on the loss 1/(1 + z), η = 0.1 t^-1/2",
        false("all points weigh in for ever, not the support vectors alone (Ji et al. 2020)", "l2", ROOT),
        optimizer=optimizers.normalised_gd(half()), loss="polynomial_tail",
    ),
    *damped(1e-6),
    *damped(1e-8),
    *group(
        "gd-clipped", "GD clipped to ‖g‖ ≤ 1e-6, η = 1e5 t^-1/2",
        false(DAMPED, "l2", ROOT),
        optimizer=descend(clipped(1e-6), half()), loss="logistic", problem=binary(flavours=MODERATE),
    ),
    *group(
        "coordinate-descent", "coordinate descent, η = 0.1 t^-1/2",
        true(FAN + "1", "l1", ROOT),
        false(STAYS, "l1", rate(0.6)),
        false("on the point (1, 2) it goes along (0, 1), with 2 of √5", "l2", ROOT),
        optimizer=optimizers.coordinate_descent(half()), loss="exponential",
    ),
    *group(
        "steepest-l1.5", "steepest descent in l1.5, η = 0.1 t^-3/5",
        true(DERIVED, "l1.5", rate(0.4)),
        false("on the point (1, 2) it goes along (1, 4), with .976 of the l2 margin", "l2", rate(0.4)),
        optimizer=steepest_descent(PowerDecay(0.1, 0.6), "l1.5"), loss="logistic",
    ),
    *group(
        "steepest-l3", "steepest descent in l3, η = 0.1 t^-7/10",
        true(DERIVED, "l3", rate(0.3)),
        false(STAYS, "l3", rate(0.4)),
        false("on the point (1, 2) it goes along (1, √2), with .988 of the l2 margin", "l2", rate(0.3)),
        optimizer=steepest_descent(PowerDecay(0.1, 0.7), "l3"), loss="logistic",
    ),
    *group(
        "gd", "GD, η = 1, rows of length 1 at most",
        true("Soudry et al. 2018, Theorem 5: 1 < 2/β σ²", "l2", SLOW),
        false("its gap is of the order 1/log t (Soudry et al. 2018)", "l2", rate(1 / 4)),
        false(ALONG, "linf", SLOW),
        optimizer=optimizers.gradient_descent(1.0), loss="logistic", problem=binary(unit_rows=True),
    ),
    *group(
        "heavy-ball", "heavy ball (0.9), η = 0.1, rows of length 1 at most",
        true("Wang et al. 2022: momentum does not change the direction", "l2", SLOW),
        optimizer=optimizers.heavy_ball(0.1, 0.9), loss="exponential", problem=binary(unit_rows=True),
    ),
    *group(
        "gd-on-log-loss", "GD with unit steps on the log of the exponential loss, rows of length 1 at most",
        true("Ji, Telgarsky 2021, Theorem 7", "l2", rate(1)),
        false("Ji, Telgarsky 2021, Theorem 8: not faster than 1/t", "l2", rate(1.1)),
        false(ALONG, "linf", rate(1)),
        optimizer=optimizers.gradient_descent(1.0), loss="log_exponential", problem=binary(unit_rows=True),
    ),
)  # fmt: skip

ADAPTIVE = (
    *group(
        "adam-a0.5", "Adam(.9, .95, ε=0), η = 0.1 t^-1/2",
        true("Zhang, Zou, Cao 2024, Corollary 4.7", "linf", rate(1 / 4)),
        false(STAYS.replace("0.1", "0.3"), "linf", rate(0.8)),
        false(DIAGONAL, "l2", rate(1 / 4)),
        optimizer=adam(1 / 2), loss="logistic",
    ),
    *group(
        "adam-a0.75", "Adam(.9, .95, ε=0), η = 0.1 t^-3/4, moderate margins",
        true("Zhang, Zou, Cao 2024, Theorem 4.3", "linf", vanishes(1 / 4, tolerance=0.3)),
        false(DIAGONAL, "l2", vanishes(1 / 4, tolerance=0.3)),
        optimizer=adam(3 / 4), loss="exponential", problem=binary(flavours=MODERATE),
    ),
    *hidden(1e-3),
    *hidden(1e-6),
    *hidden(1e-8),
    *group(
        "rmsprop", "RMSProp(.99, ε=0), η = 0.1 t^-1/2",
        true("Zhang, Zou, Cao 2024, Corollary 4.7 with β₁ = 0", "linf", rate(1 / 4)),
        false(DIAGONAL, "l2", rate(1 / 4)),
        optimizer=optimizers.rmsprop(half(), 0.99), loss="logistic",
    ),
    *group(
        "adam-rotated", "Adam(.9, .95, ε=0) on turned features, η = 0.1 t^-1/2",
        false("it maximises the margin over the turned cube", "linf", rate(1 / 4)),
        optimizer=optimizers.rotated(adam(1 / 2)), loss="logistic",
    ),
)  # fmt: skip

ENTRIES = SIGNS + SMOOTH + ADAPTIVE
