"""At AdamW's weight decay Adam is stuck at 0: the same λ, batches and start, with λW in the gradient or beside it.

Setting: as in `test_minibatch`, in batches of 2 that both methods share.
Algorithm: Adam, whose gradient contains λW, ε = λη, and AdamW, which decays its weights beside Adam's step.
Claim: with `λ = ω(σ_0^{q-2})` Adam never leaves its start: the gradient of the loss is of order σ_0^{q-1}, less than λ
times a weight of order σ_0, so that weights decay to 0 and all probabilities stay 1/2. AdamW, which takes Adam's step
whatever the size of the gradient, fits and generalises with λ up to Õ(1): Adam's largest λ is strictly below AdamW's.
Tried: λ from 0.2 to 1, the same for both, which is 30 to 250 times σ_0^{q-2}; n from 32 to 40, s σ_p from 4 to 4.5, α
from 0.5 to 0.6, β of a memory of 2 steps at most, where an epoch has 16 to 20: of 80 starts none broke the promise.
With (0, 0.9), which remembers 10, among them, 1 of 80 did, and 5 of 200 with n from 24 to 32 and steps of half the
size. With n = 16 AdamW fails on 7 of 24 starts: n/B is to be large beside s σ_p. A start may break the promise with
probability 1/n; how often that happens is held against 1/4, a weaker promise.
Looked at: Adam at all T from 0.6/η to 3/η, AdamW at 3/η.
Reference: Tang, Zhang, Cao, Zou (2025), Corollaries 4.3 and 4.6, as a secondary source tells them.
"""

from dataclasses import replace
from functools import partial

from properties.papers import TANG_2025
from verify import Claim, HighProbability, Promise, Read, Separation, Twin
from verify.problems.cnn.runs import Way
from verify.problems.cnn.separation import Stuck
from verify.problems.cnn.settings import settings

ADAMW, ADAM, WEAK = Way("adamw", batch=2), Way("adam", batch=2, strong=True), Way("adam", batch=2)
BETAS = ((0.5, 0.5), (0.0, 0.0))
APART = Stuck(fails=ADAM, learns=ADAMW, count=150)
FEW = 6  # starts on which twins are tried that all break


def false(wrong: str, quantity: Stuck) -> Twin:
    return Twin(wrong, quantity=quantity, shrink=False)


CLAIM = Claim(
    id="zou2023/adam-stuck",
    title="The λ with which AdamW learns keeps Adam at 0, CNN",
    statement="Same start, batches and λ, from ω(σ_0^{q-2}) to Õ(1): Adam's margins vanish, its probabilities stay at "
    "chance; AdamW's training error is 0 and its test error o(1).",
    source=f"{TANG_2025.short}, Corollaries 4.3 and 4.6",
    paper=TANG_2025,
    read=Read.SECONDARY,
    promise=Promise.ASYMPTOTIC,
    kind=HighProbability(
        Separation(1.0, "margins of Adam = o(1), AdamW's test error = o(1), training error 0: over their tolerances"),
        weaker=0.25,
    ),
    problem=partial(settings, n=(32, 36, 40), alpha=(0.5, 0.6), strength=10.0, reach=0.0, betas=BETAS, m=(8, 10)),
    optimizer_text="Adam and AdamW, B = 2, η = 0.02, λ from 0.2 to 1",
    quantity=APART,
    twins=(
        false("Adam and AdamW exchanged", replace(APART, fails=ADAMW, learns=ADAM, first=FEW)),
        false("Adam in AdamW's place", replace(APART, learns=ADAM, first=FEW)),
        false("λ = 0.03 σ_0^{q-2} σ_p/n for Adam", replace(APART, fails=WEAK, first=FEW)),
    ),
    share=3 / 8,
)
