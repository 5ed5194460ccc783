"""Adam memorises noise where gradient descent learns the feature, from the same start, on a two-layer CNN.

Setting: samples of two patches, `y v` with a 1-sparse unit vector v, and noise: Gaussian of standard deviation σ_p on s
random coordinates, less the feature noise `α y v`. `F_j = Σ_r Σ_p [⟨w_jr, x_p⟩]₊^q` with q ≥ 3, fixed second layer,
softmax loss and `λ/2 ‖W‖²`, weights from `N(0, σ_0²)`. Orders: s = Θ(d^½/n²), σ_p² = Θ(1/(s polylog n)),
α = Θ(σ_p polylog n), σ_0² = Θ(d^-½), m = polylog n, η = 1/poly n, 0 < λ = o(σ_0^{q-2} σ_p/n). By them supports of noise
are disjoint with probability at least 1 - n^-2; here they are so by construction, with d = n⁴ s².
Claim: with probability at least 1 - 1/n, after any T = poly(n)/η steps both have small gradients and training error 0;
Adam's test error is at least ½ - o(1) and gradient descent's o(1). In Adam's network the feature's weights have turned
against the feature. The same is claimed of sign descent, to which the proof reduces Adam.
Assumptions: besides, `α (s σ_p)^{q-1} ≫ 1`, else sign descent learns the feature, and `s σ_p ≫ n`; at finite sizes the
orders do not give them, in the limit they do where d is a high enough power of n. The second is by hand: a neuron that
no sample of its class activates keeps a feature weight of 1/(s σ_p). At rest `|ℓ'| q z ‖ξ‖² / n = λ` for what is
memorised, z ≈ 1, so that the feature draws that neuron with `λ n w² / (2 z ‖ξ‖²)` and decay with `λ w`: it grows, and
in time outvotes all others, unless `n / (s σ_p)` is small; or unless there is none, since it has a chance of 2^{-n/2}.
Tried: n of 4 and 6, α from 0.06 to 0.12, α (s σ_p)^{q-1} ≥ 16, s σ_p ≥ 2n, at all T looked at from 0.6/η to 3/η, in
which time a weight can move by 3; for q = 4 with n = 4 and s σ_p ≥ 3n, since 3 of 40 runs broke the promise at 2n. With
n = 16, s = 64, α = ½ Adam's test error falls to 0 from most starts (a twin), unless its memory is so long that it has
not moved by then; `verify gallery zou2023-probability` maps what lies between. Steps of Adam are 1/(11 s σ_p) at most:
with coarser ones, or n = 8 and s σ_p = 12, the promise is broken now and then which finer steps keep.
Reference: Zou, Cao, Li, Gu (2023), Theorem 4.1; the orders as Tang et al. (2025, arXiv 2510.11354) restate them.
"""

from dataclasses import replace

import optax
import pytest

from properties.papers import ZOU_2023
from verify import Claim, Separation, Twin
from verify.problems.cnn.runs import ADAM, GD, SIGN, Way
from verify.problems.cnn.separation import FailureRate, FeatureSigns
from verify.problems.cnn.settings import settings

RARE = Separation(1.0, "n × rate of broken promises ≤ 1, with its interval of level 98 %")
ADAM_TEXT = "Adam against gradient descent, η = 1/180 and 0.3, λ = 0.03 σ_0^{q-2} σ_p/n, ε = λη"
SIGN_TEXT = ADAM_TEXT.replace("Adam", "sign descent").replace(", ε = λη", "")


def claim(name: str, title: str, quantity, kind, twins: dict, text: str, problem=settings, share=1 / 64) -> Claim:
    return Claim(
        id=f"zou2023/{name}",
        title=title,
        statement="Same start, for every T = poly(n)/η with probability at least 1 - 1/n: training errors 0, small "
        "gradients, Adam's test error ≥ ½ - o(1), GD's = o(1). Tried with n ≤ 6 ≤ ½ s σ_p, up to T = 3/η.",
        source="Zou, Cao, Li, Gu 2023, Theorem 4.1 (orders as restated by Tang et al. 2025)",
        paper=ZOU_2023,
        kind=kind,
        problem=problem,
        optimizer=optax.identity(),
        optimizer_text=text,
        loss="cross_entropy",
        norm="l2",
        quantity=quantity,
        twins=tuple(Twin(wrong, quantity=false, shrink=False) for wrong, false in twins.items()),
        share=share,
    )


def twins(way) -> dict[str, FailureRate]:
    """Each breaks another of the theorem's assumptions, or exchanges the parts."""
    brief = replace(way, betas=(0.0, 0.0)) if way.method == "adam" else way
    # Without feature noise a short memory lets the feature's weights decay to 0, which is no vote at all.
    long = replace(way, betas=(0.9, 0.999)) if way.method == "adam" else way

    def of(**changes) -> FailureRate:
        return FailureRate(**{"fails": way, "first": 1, "repetitions": 10} | changes)

    return {
        "no feature noise (α = 0)": of(fails=long, alpha=0.0, n=8),
        "s σ_p of order 1": of(s=2),
        "a feature of s entries": of(dense=True),
        "mini-batches of 2, without memory": of(fails=replace(brief, batch=2)),
        "s σ_p < n and α = ½": of(fails=brief, n=16, s=64, alpha=0.5),
        "λ = 3000 σ_0^{q-2} σ_p/n in place of o(σ_0^{q-2} σ_p/n)": of(decay=3e3),
        "gradient descent in its place": of(fails=GD),
    }


CLAIMS = (
    claim("cnn-adam", "Adam fails where GD generalises, CNN", FailureRate(), RARE, twins(ADAM), ADAM_TEXT),
    claim(
        "cnn-sign",
        "Sign descent fails where GD generalises, CNN",
        FailureRate(fails=SIGN),
        RARE,
        twins(SIGN),
        SIGN_TEXT,
    ),
    claim(
        "cnn-q4",
        "Adam fails where GD generalises, CNN, q = 4",
        FailureRate(repetitions=32),
        RARE,
        {"no feature noise (α = 0)": FailureRate(fails=Way("adam", (0.9, 0.999)), alpha=0.0, first=1, repetitions=10)},
        ADAM_TEXT,
        lambda: settings(n=(4,), q=4, reach=3.0),
        share=1 / 128,
    ),
    claim(
        "cnn-feature",
        "Adam's network votes against the feature, GD's for it",
        FeatureSigns(),
        Separation(0.0, "feature margin of Adam < 0 < feature margin of GD, on both labels"),
        {
            "no feature noise (α = 0)": FeatureSigns(fails=Way("adam", (0.9, 0.999)), alpha=0.0, first=2),
            "gradient descent twice": FeatureSigns(fails=GD),
        },
        ADAM_TEXT,
        share=1 / 16,
    ),
)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_cnn(theorem, claim):
    theorem(claim)
