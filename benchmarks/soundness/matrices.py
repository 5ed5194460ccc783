"""Data of several classes: runs of optimizers, of known norm and rate. Why laws are too fast is told in `runs`.

With two classes the gradient is `(g, -g)`, of rank one: all Schatten norms are multiples of each other there, and
spectral and nuclear descent are normalised gradient descent. With three or more they are not.
"""

from __future__ import annotations

from benchmarks.soundness.entry import false, group, multiclass, rate, true
from benchmarks.soundness.runs import DERIVED, FAN, ROOT, STAYS, half
from verify import optimizers
from verify.optimizers import PowerDecay, steepest_descent

TWO, THREE, ANY = multiclass(max_classes=2), multiclass(max_classes=3), multiclass()
RANK_ONE = "with two classes gradients have rank one, and these norms are multiples of each other"
UNEQUAL = "for classes at (1, 0, 0), (0, 2, 0), (0, 0, 3) its maximiser has .82 of the l2 margin"
POINTS = "for classes at (-1, 0), (2, 1), (2, 2) its maximiser has "
ONE_SIZE = "its updates have entries of one size, which the other norm's maximiser has not"
SHORT = -1 / 3  # decades of steps less: singular values are dear

BY_ENTRIES = (
    *group(
        "sign-gd-multiclass-a0.8", "SignGD on cross-entropy, η = t^-4/5",
        true(DERIVED, "linf", rate(0.2)),
        false(STAYS, "linf", rate(0.3)),
        optimizer=optimizers.sign_gd(PowerDecay(1.0, 0.8)), loss="cross_entropy", problem=ANY,
    ),
    *group(
        "sign-gd-pairwise", "SignGD on the pairwise logistic loss, η = 0.1 t^-1/2",
        true(FAN + "1 and Appendix F", "linf", ROOT),
        false(ONE_SIZE, "l2", ROOT),
        false(ONE_SIZE, "spectral", ROOT),
        optimizer=optimizers.sign_gd(half()), loss="pairwise_logistic", problem=ANY, horizon=SHORT,
    ),
    *group(
        "ngd-multiclass-a0.7", "normalised GD on the multiclass exponential loss, η = 0.1 t^-7/10",
        true(DERIVED, "l2", rate(0.3)),
        false("for one point a class, of unequal entries, the maximisers differ as in the plane", "linf", rate(0.3)),
        optimizer=optimizers.normalised_gd(PowerDecay(0.1, 0.7)), loss="exponential", problem=ANY,
    ),
    *group(
        "adam-multiclass", "Adam(.9, .99, ε=0) with bias correction on cross-entropy, η = 0.1 t^-2/3",
        true(FAN + "5 and Corollary 2; the correction fades geometrically", "linf", rate(1 / 3, log=1)),
        false(STAYS.replace("0.1", "0.27"), "linf", rate(0.6)),
        false(ONE_SIZE, "l2", rate(1 / 3, log=1)),
        optimizer=optimizers.adam(PowerDecay(0.1, 2 / 3), 0.9, 0.99, bias_correction=True),
        loss="cross_entropy", problem=ANY,
    ),
    *group(
        "steepest-l1.5-multiclass", "steepest descent in l1.5 on the pairwise logistic loss, η = 0.1 t^-3/5",
        true(DERIVED, "l1.5", rate(0.4)),
        false("for one point a class, of unequal entries, the maximisers differ as in the plane", "l1", rate(0.4)),
        optimizer=steepest_descent(PowerDecay(0.1, 0.6), "l1.5"), loss="pairwise_logistic", problem=ANY, horizon=SHORT,
    ),
)  # fmt: skip

BY_SINGULAR_VALUES = (
    *group(
        "spectral-a0.6", "spectral descent on cross-entropy, η = 0.1 t^-3/5",
        true(DERIVED, "spectral", rate(0.4)),
        false(STAYS, "spectral", rate(0.5)),
        false(UNEQUAL, "l2", rate(0.4)),
        optimizer=optimizers.spectral_descent(PowerDecay(0.1, 0.6)), loss="cross_entropy", problem=ANY,
        share=1 / 2, horizon=SHORT,
    ),
    *group(
        "spectral-two-classes", "spectral descent on two classes, η = 0.1 t^-1/2",
        true(RANK_ONE, "l2", ROOT),
        true(RANK_ONE, "nuclear", ROOT),
        false("there it is normalised gradient descent", "linf", ROOT),
        optimizer=optimizers.spectral_descent(half()), loss="cross_entropy", problem=TWO, share=1 / 2, horizon=SHORT,
    ),
    *group(
        "nuclear", "nuclear descent on cross-entropy, η = 0.1 t^-1/2",
        true(FAN + "1", "nuclear", ROOT),
        false(POINTS + ".91 of the l2 margin", "l2", ROOT),
        false(POINTS + ".96 of the Schatten 1.5 margin", "schatten1.5", ROOT),
        optimizer=optimizers.nuclear_descent(half()), loss="cross_entropy", problem=ANY, share=1 / 2, horizon=SHORT,
    ),
    *group(
        "nuclear-three-classes", "nuclear descent on two or three classes, η = 0.1 t^-1/2",
        true(FAN + "1", "nuclear", ROOT),
        false(POINTS + ".91 of the l2 margin; with two classes it is true", "l2", ROOT),
        optimizer=optimizers.nuclear_descent(half()), loss="cross_entropy", problem=THREE, share=1 / 2, horizon=SHORT,
    ),
    *group(
        "nuclear-two-classes", "nuclear descent on two classes, η = 0.1 t^-1/2",
        true(RANK_ONE, "l2", ROOT),
        optimizer=optimizers.nuclear_descent(half()), loss="cross_entropy", problem=TWO, share=1 / 2, horizon=SHORT,
    ),
    *group(
        "schatten3", "steepest descent in the Schatten 3-norm on cross-entropy, η = 0.1 t^-1/2",
        true(FAN + "1", "schatten3", ROOT),
        false(POINTS + ".990 of the l2 margin", "l2", ROOT),
        optimizer=steepest_descent(half(), "schatten3"), loss="cross_entropy", problem=ANY,
        share=1 / 2, horizon=SHORT,
    ),
    *group(
        "muon", "Muon(0.95) with the exact polar factor, η = 0.1 t^-1/2",
        true(FAN + "2", "spectral", ROOT),
        false("its updates have singular values of one size, which the max norm's maximiser has not", "linf", ROOT),
        optimizer=optimizers.spectral_descent(half(), b1=0.95), loss="cross_entropy", problem=ANY,
        share=1 / 2, horizon=SHORT,
    ),
    *group(
        "muon-newton-schulz", "Muon(0.95) with five Newton-Schulz steps, η = 0.1 t^-1/2",
        false("these end at singular values from .7 to 1.2, not at 1: on four points its gap grows to .1", "spectral",
              ROOT),
        optimizer=optimizers.muon(half()), loss="cross_entropy", problem=ANY, share=1 / 2, horizon=SHORT,
    ),
)  # fmt: skip

ENTRIES = BY_ENTRIES + BY_SINGULAR_VALUES
