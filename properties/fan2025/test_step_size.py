"""A normalised step has the size that was declared, in the norm of its method, with and without momentum.

Setting: separable data with k classes, mean cross-entropy loss, `η_t = ½ (t+1)^-1/2`.
Algorithm: `W ← W - η_t D`, `D = argmax ⟨M, D⟩` over `‖D‖ ≤ 1`, M the gradient or its moving average.
Claim: `‖W_{t+1} - W_t‖ = η_t` at every step, since a maximiser lies on the boundary of the ball unless M = 0; so that
`‖W_t - W_0‖ ≤ Σ_{s<t} η_s`, on which every rate of these methods rests.
Reference: Fan, Schmidt, Thrampoulidis (2025), section 2, from the definition of the step.
"""

from properties.papers import FAN_2025
from verify import Bound, Claim, Promise, Read, Twin, optimizers, strategies
from verify.optimizers import PowerDecay
from verify.problems.margins.lemmas import NORMS, Along, Lemma, Places, Sides

FIRST, LENGTH = 0.5, 300


def declared(t):
    """The step sizes as they are written above."""
    return FIRST / (t + 1.0) ** 0.5


def sizes(run: Places) -> Sides:
    """Both inequalities of `‖W_{t+1} - W_t‖ = η_t`, over `η_t`."""
    taken = run.value(run.steps)
    return {"at most": (taken, 0 * taken + 1), "at least": (0 * taken + 1, taken)}


def along(b1: float = 0.0, t0: float = 1.0, norm: str | None = None) -> Along:
    """Runs in the norm that is asked for, or all in one."""
    steps = PowerDecay(FIRST, 1 / 2, t0)
    return Along(lambda each: optimizers.steepest_descent(steps, norm or each, b1=b1), declared, LENGTH)


PLAIN = Along(lambda norm: optimizers.gradient_descent(PowerDecay(FIRST, 1 / 2)), declared, LENGTH)
TEXT = "‖W_{t+1} - W_t‖ / η_t, and one over it"


def claim(name: str, what: str, b1: float, norms: tuple[str, ...]) -> Claim:
    def wrong(words: str, runs: Along) -> Twin:
        return Twin(words, quantity=Lemma(TEXT, sizes, runs, ("l2",)), shrink=False)

    return FAN_2025.claim(
        name,
        "section 2, on the step",
        f"Steps of {what} have the declared size",
        f"{what[0].upper()}{what[1:]}: ‖W_(t+1) - W_t‖ = η_t at every step, in the norm of the method.",
        read=Read.DERIVED,
        promise=Promise.TIGHT,
        kind=Bound(lambda m: m.larger_side, "1"),
        problem=strategies.multiclass,
        optimizer_text=f"{what} in {len(norms)} norms, η = ½ (t+1)^-1/2",
        norm=norms,
        quantity=Lemma(TEXT, sizes, along(b1), norms),
        twins=(
            wrong("η_{t+1} for η_t", along(b1, t0=2.0)),
            wrong("plain gradient descent", PLAIN),
            wrong("the Frobenius norm along max-norm steps", along(b1, norm="linf")),
        ),
        share=1 / 8,
    )


CLAIMS = (
    claim("step-size", "steepest descent", 0.0, NORMS),
    claim("step-size-momentum", "steepest descent with momentum", 0.9, ("l2", "linf", "spectral")),
)
