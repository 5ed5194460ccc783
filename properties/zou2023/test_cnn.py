"""Adam memorises noise where gradient descent learns the feature, from the same start, on a two-layer CNN.

Setting: samples of two patches, `y v` with a 1-sparse unit vector v, and noise: Gaussian of standard deviation σ_p on s
random coordinates, less the feature noise `α y v`. `F_j = Σ_r Σ_p [⟨w_jr, x_p⟩]₊^q` with q ≥ 3, fixed second layer,
softmax loss and `λ/2 ‖W‖²`, weights from `N(0, σ_0²)`. Orders: s = Θ(d^½/n²), σ_p² = Θ(1/(s polylog n)),
α = Θ(σ_p polylog n), σ_0² = Θ(d^-½), m = polylog n, η = 1/poly n, 0 < λ = o(σ_0^{q-2} σ_p/n). By them supports of noise
are disjoint with probability at least 1 - n^-2; here they are so by construction, with d = n⁴ s².
Algorithm: Adam whose gradient contains λW, sign descent in its place, and gradient descent, full batch.
Claim: with probability at least 1 - 1/n, after any T = poly(n)/η steps both have small gradients and training error 0;
Adam's test error is at least ½ - o(1) and gradient descent's o(1). In Adam's network the feature's weights have turned
against the feature. The same is claimed of sign descent, to which the proof reduces Adam.
Assumptions: besides, `α (s σ_p)^{q-1} ≫ 1`, else sign descent learns the feature, and `s σ_p ≫ n`; at finite sizes the
orders do not give them, in the limit they do where d is a high enough power of n. The second is by hand: a neuron that
no sample of its class activates keeps a feature weight w of 1/(s σ_p). At rest `|ℓ'| q z^{q-1} ‖ξ‖² / n = λ z` for what
is memorised, z ≈ 1, so that the feature draws that neuron with `λ n w² / (2 z ‖ξ‖²)` where q = 3 and decay with `λ w`:
it grows, and in time outvotes all others, unless `w < 2 z ‖ξ‖² / n` (`ours/feature-forgotten` has the proof, for
gradient flow and all q); or unless there is none, since it has a chance of 2^{-n/2}.
Tried: n of 4 and 6, α from 0.06 to 0.12, α (s σ_p)^{q-1} ≥ 16, s σ_p ≥ 2n, at all T looked at from 0.6/η to 3/η, in
which time a weight can move by 3; for q = 4 with n = 4 and s σ_p ≥ 3n, since 3 of 40 runs broke the promise at 2n. With
n = 16, s = 64, α = ½ Adam's test error falls to 0 from most starts (a twin), unless its memory is so long that it has
not moved by then; `verify gallery zou2023-probability` maps what lies between. Steps of Adam are 1/(11 s σ_p) at most:
with coarser ones, or n = 8 and s σ_p = 12, the promise is broken now and then which finer steps keep. The thorough
profile draws n of 8, 16 and 32 too, with s σ_p ≥ 2n: of 60 of its starts, 16, 11 and 3 of these, all kept it. Of 24
more with n = 8 two broke it, both without memory; none did with steps of half the size, nor with s σ_p ≥ 3n. How often
starts break it has its interval, which is held against 1/4, a weaker promise than 1/n where n = 6.
Reference: Zou, Cao, Li, Gu (2023), Theorem 4.1, as commonly stated; Adam's half and the orders as Tang et al. (2025,
arXiv 2510.11354) restate them, the feature's weights after the lemmas of the proof.
"""

from dataclasses import replace
from functools import partial
from typing import Any

from properties.papers import ZOU_2023
from verify import HighProbability, Promise, Read, Separation, Twin
from verify.problems.cnn.runs import ADAM, GD, SIGN, Way
from verify.problems.cnn.separation import FeatureSigns, SeparationShortfall
from verify.problems.cnn.settings import settings

PROMISED = (
    "Same start, for every T = poly(n)/η with probability at least 1 - 1/n: training errors 0, small gradients, "
    "{}'s test error ≥ ½ - o(1), GD's = o(1). Tried with n ≤ ½ s σ_p, up to T = 3/η."
)
PROMISED_OF_EACH = Separation(
    1.0, "½ - o(1) ≤ test error, that of GD = o(1), training errors 0, gradients small: over their tolerances"
)
BRIEF, LONG = Way("adam", (0.0, 0.0)), Way("adam", (0.9, 0.999))
"""Adam's memory: without feature noise a short one lets the feature's weights decay to 0, which is no vote at all."""
LARGER = (4, 6, 8) * 4 + (16,) * 3 + (32,)
"""The n of the thorough profile, the dear ones less often: 320 starts take about an hour of a core."""
FINEST = 16.5  # s σ_p up to which 540 steps are 11 at least while a weight moves by 1/(s σ_p)
FEW = 6  # starts on which twins are tried that almost all break


def false(wrong: str, quantity: SeparationShortfall | FeatureSigns, **changes: Any) -> Twin:
    return Twin(wrong, quantity=quantity, shrink=False, **changes)


def twins(way: Way, brief: Way, long: Way) -> tuple[Twin, ...]:
    """Each breaks another of the theorem's assumptions, or exchanges the parts. brief, long: without memory, and with
    a long one."""
    few = partial(SeparationShortfall, fails=way, first=FEW, finest=FINEST)
    return (
        false("no feature noise (α = 0)", few(fails=long, alpha=0.0, n=8)),
        false("s σ_p of order 1", few(s=2)),
        false("a feature of s entries", few(dense=True)),
        false("mini-batches of 2, without memory", few(fails=replace(brief, batch=2))),
        # From half of the starts, so that it takes the theorem's own probability, 1/16, and more of them.
        false(
            "s σ_p < n and α = ½",
            few(fails=brief, n=16, s=64, alpha=0.5, first=24),
            kind=HighProbability(PROMISED_OF_EACH),
        ),
        false("λ = 3000 σ_0^{q-2} σ_p/n in place of o(σ_0^{q-2} σ_p/n)", few(decay=3e3)),
        false("gradient descent in its place", few(fails=GD)),
    )


of_adam = partial(
    ZOU_2023.claim,
    promise=Promise.ASYMPTOTIC,
    problem=settings,
    optimizer_text="Adam against gradient descent, η = 1/180 and 0.3, λ = 0.03 σ_0^{q-2} σ_p/n, ε = λη",
)
WEAKER = 0.25  # 1/6 takes a hundred starts and more to tell
KEPT = HighProbability(PROMISED_OF_EACH, weaker=WEAKER)
VOTES = Separation(0.0, "feature margin of Adam < 0 < feature margin of GD, on both labels")

CLAIMS = (
    of_adam(
        "cnn-adam",
        "Theorem 4.1",
        "Adam fails where GD generalises, CNN",
        PROMISED.format("Adam"),
        read=Read.STATED,
        kind=KEPT,
        larger=partial(settings, n=LARGER),
        quantity=SeparationShortfall(finest=FINEST),
        twins=twins(ADAM, BRIEF, LONG),
        share=5 / 8,
    ),
    of_adam(
        "cnn-sign",
        "after Theorem 4.1, sign descent",
        "Sign descent fails where GD generalises, CNN",
        PROMISED.format("sign descent"),
        read=Read.DERIVED,
        kind=KEPT,
        optimizer_text="sign descent against gradient descent, η = 1/180 and 0.3, λ = 0.03 σ_0^{q-2} σ_p/n",
        quantity=SeparationShortfall(fails=SIGN),
        twins=twins(SIGN, SIGN, SIGN),
        share=5 / 8,
    ),
    of_adam(
        "cnn-q4",
        "Theorem 4.1",
        "Adam fails where GD generalises, CNN, q = 4",
        PROMISED.format("Adam"),
        read=Read.STATED,
        kind=KEPT,
        problem=partial(settings, n=(4,), q=4, reach=3.0),
        quantity=SeparationShortfall(),
        twins=(false("no feature noise (α = 0)", SeparationShortfall(fails=LONG, alpha=0.0, first=FEW)),),
        share=1 / 2,
    ),
    of_adam(
        "cnn-feature",
        "proof of Theorem 4.1",
        "Adam's network votes against the feature, GD's for it",
        "Same start, for every T = poly(n)/η: on the feature patch alone Adam's network has a negative margin and GD's "
        "a positive one, for both labels. Tried with n ≤ 6 ≤ ½ s σ_p, up to T = 3/η.",
        read=Read.STATED,
        kind=HighProbability(VOTES, weaker=WEAKER),
        quantity=FeatureSigns(),
        twins=(
            false("no feature noise (α = 0)", FeatureSigns(fails=LONG, alpha=0.0, first=FEW)),
            false("gradient descent twice", FeatureSigns(fails=GD, first=FEW)),
        ),
        share=5 / 8,
    ),
)
