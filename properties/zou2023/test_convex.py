"""With weight decay every method ends at the same point, if the loss is convex: Adam then generalises as GD does.

Setting: a convex mean loss L of linear outputs (squares, logistic, cross-entropy; data separable or not, degenerate
ones included), `f(W) = L(W) + λ/2 ‖W‖²`, a random start.
Algorithm: GD, heavy ball, Adam, RMSProp and AdaGrad with steps that decay where they must, and SignGD. The gradient of
each contains the term λW. L-BFGS is the reference.
Claim: weights with `‖∇f‖ ≤ e` are within e/λ of the optimum, so that any two methods that reach it are within
2e/λ of each other, and points further than e/λ from the decision boundary are classified alike, fitted or not. All
methods end at the one optimum. Asserted with every run's own gradient norm, at every recorded step.
Proof: f is λ-strongly convex, hence `λ ‖w - w'‖² ≤ ⟨∇f(w) - ∇f(w'), w - w'⟩`.
Reference: after Zou, Cao, Li, Gu (2023), Theorem 4.2, which says that training and test errors are the same; the
distances are derived.
"""

from dataclasses import replace
from functools import partial

import optax

from properties.papers import ZOU_2023
from verify import Bound, Limit, Promise, Read, Twin, laws, optimizers
from verify.optimizers import PowerDecay
from verify.problems.convex.methods import ADAMW, DECAYING, Method
from verify.problems.convex.optima import Apart, Astray, FromOptimum, Reclassified, Runs
from verify.problems.convex.settings import Convex, problems
from verify.problems.convex.stacks import Objective, cubic_network, networks, regularised, risk

GD = Method("GD", lambda p: optax.sgd(1 / (p.curvature + p.decay)))
HEAVY_BALL = Method("heavy ball", lambda p: optax.sgd(1 / (p.curvature + p.decay), momentum=0.9))
ADAM = Method("Adam", lambda p: optimizers.adam(DECAYING, 0.9, 0.999, 1e-8, bias_correction=True))
RMSPROP = Method("RMSProp", lambda p: optimizers.rmsprop(DECAYING, 0.99, 1e-8))
ADAGRAD = Method("AdaGrad", lambda p: optimizers.adagrad(0.5))
SIGN_GD = Method("SignGD", lambda p: optimizers.sign_gd(DECAYING))
STOPPING = Method("SignGD", lambda p: optimizers.sign_gd(PowerDecay(0.1, 1.5)))
ADAPTIVE = (ADAM, RMSPROP, ADAGRAD, SIGN_GD)
METHODS = (GD, HEAVY_BALL, *ADAPTIVE)
RUNS = Runs(METHODS)
UNDECAYED = Runs(METHODS, objective=risk)
NETWORK = Runs(ADAPTIVE, objective=cubic_network, stacked=networks)


def lowered(share: float, text: str) -> Bound:
    return Bound(lambda m: share * m.larger_side, text)


def alone(method: Method, objective: Objective = regularised) -> Runs:
    return Runs((method,), objective, share=0.2)


IRIS = Convex(name="iris:standardise", loss="softmax", source="iris:standardise", decay=0.1)
WINE = Convex(name="wine:standardise", loss="softmax", source="wine:standardise", decay=0.05)
DIGITS = Convex(name="digits:classes=3,8", loss="logistic", source="digits:classes=3,8,standardise", decay=0.05)

DISTANCE = ZOU_2023.claim(
    "convex-distance",
    "after Theorem 4.2",
    "Two methods end within 2e/λ of each other",
    "Convex loss, weight decay λ: two methods' weights with ‖∇f‖ ≤ e are at most 2e/λ apart.",
    read=Read.DERIVED,
    kind=Bound(lambda m: m.larger_side, "2e/λ"),
    problem=problems,
    optimizer_text="GD, heavy ball, Adam, RMSProp, AdaGrad and SignGD on the loss with weight decay, in pairs",
    norm="l2",
    quantity=Apart(RUNS),
    twins=(
        Twin("λ overstated tenfold: 2e/(10 λ)", kind=lowered(0.1, "2e/(10 λ)"), shrink=False),
        Twin("a loss without weight decay", quantity=Apart(UNDECAYED), shrink=False),
        Twin("a network of neurons [⟨w, x⟩]₊³", quantity=Apart(NETWORK, losses=("logistic",)), shrink=False),
    ),
    real=(IRIS, WINE),
    share=0.25,
)

OPTIMUM = replace(
    DISTANCE,
    id="zou2023/convex-optimum",
    title="Every method is within e/λ of the optimum",
    statement="Convex loss, weight decay λ: weights with ‖∇f‖ ≤ e are at most e/λ away from the optimum.",
    kind=Bound(lambda m: m.larger_side, "e/λ"),
    optimizer_text="GD, heavy ball, Adam, RMSProp, AdaGrad and SignGD on the loss with weight decay; L-BFGS's optimum",
    quantity=FromOptimum(RUNS),
    twins=(
        Twin("a constant 1/1.05: e/(1.05 λ)", kind=lowered(1 / 1.05, "e/(1.05 λ)")),
        Twin("a loss without weight decay", quantity=FromOptimum(UNDECAYED), shrink=False),
    ),
)

CLASSES = replace(
    OPTIMUM,
    id="zou2023/convex-classes",
    title="Points further than e/λ from the boundary are classified alike",
    statement="Convex loss, weight decay λ: where ‖∇f‖ ≤ e, a point, fitted or not, that is further than e/λ from the "
    "optimum's decision boundary is classified as the optimum classifies it.",
    problem=partial(problems, losses=("logistic", "softmax")),
    quantity=Reclassified(RUNS),
    real=(IRIS, DIGITS),
    twins=(
        Twin("λ overstated tenfold: e/(10 λ)", kind=lowered(0.1, "e/(10 λ)"), shrink=False),
        Twin("a loss without weight decay", quantity=Reclassified(UNDECAYED), shrink=False),
    ),
)

END = replace(
    OPTIMUM,
    id="zou2023/convex-end",
    title="All methods end at the optimum with weight decay",
    statement="Convex loss, weight decay λ: GD, heavy ball, Adam, RMSProp, AdaGrad, SignGD tend to the optimum of f.",
    source=f"{ZOU_2023.short}, after Theorem 4.2, the limit",
    promise=Promise.ASYMPTOTIC,
    kind=Limit(0.02, laws.power(0.5)),
    quantity=Astray(replace(RUNS, share=0.2)),
    real=(WINE,),
    twins=(
        Twin("AdamW, with the weight decay beside the gradient", quantity=Astray(alone(ADAMW, risk)), shrink=False),
        Twin("Adam without weight decay", quantity=Astray(alone(ADAM, risk)), shrink=False),
        Twin("SignGD with steps whose sum is finite", quantity=Astray(alone(STOPPING)), shrink=False),
    ),
)

CLAIMS = DISTANCE, OPTIMUM, CLASSES, END
