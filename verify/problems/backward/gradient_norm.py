"""The gradient's perturbed one-norm of small networks along a sweep over Adam's constants, as a quantity of claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Bool, Float
from scipy import stats

from solvers.errors import InputError
from verify.problems.backward.regimes import Regime, rising
from verify.problems.backward.sweep import Sweep
from verify.problems.backward.training import Curves, Training, train
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Clock, Measurement
from verify.problems.subject import Subject


def trainings() -> st.SearchStrategy[Training]:
    """Smooth networks on drawn points, one seed each, with step sizes from 0.002 to 0.004."""
    return st.builds(
        lambda seed, activation, step: Training(
            seeds=(seed,), activation=activation, step_size=step / 10_000, name=activation
        ),
        st.integers(0, 2**31 - 1),
        st.sampled_from(["tanh", "softplus"]),
        st.integers(20, 40),
    )


def noisy_trainings() -> st.SearchStrategy[Training]:
    """Networks with tanh on four times as many points, a fifth of their labels drawn anew; β = 0.8, ρ = 0.9, one seed
    each, with step sizes from 0.0035 to 0.0045."""
    return st.builds(
        lambda seed, step: Training(
            seeds=(seed,), points=256, noise=0.2, level=0.25, beta=0.8, rho=0.9, step_size=step / 10_000, name="noisy"
        ),
        st.integers(0, 2**31 - 1),
        st.integers(35, 45),
    )


def unchanged(setting: Training) -> Training:
    """The setting as it is."""
    return setting


@dataclass(frozen=True)
class NetworkNorm:
    """The gradient's perturbed one-norm along a sweep, a row for each seed of a setting changed by `change`.

    at_level: where the loss first is at the setting's level; else the mean over the last quarter of the epochs.
    Repetitions with a spike of the loss, or one that never reached the level, are not judged.
    oscillating: nor are those of which a run does not oscillate there (`verify.problems.backward.regimes`), and the
    norm at the level is the geometric mean over 20 epochs. rising: the least share of the last quarter's epochs in
    which the loss of an oscillating run rises.
    """

    sweep: Sweep
    at_level: bool = True
    epochs: int = 600
    change: Callable[[Training], Training] = unchanged
    oscillating: bool = False
    rising: float = 0.0

    @property
    def name(self) -> str:
        """What the reports call it."""
        where = "at the same loss" if self.at_level else "after as many epochs"
        return f"perturbed one-norm of the gradient {where}{', oscillating' if self.oscillating else ''}"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On the settings drawn; the notes say what is left out. Raises `InputError` for another kind of case."""
        settings = [case for case in lab.cases if isinstance(case, Training)]
        if len(settings) < len(lab.cases):
            raise InputError("This quantity is measured on settings of the kind Training: draw such ones.")
        changed = [self.change(setting) for setting in settings]
        seen = train(changed, self.sweep, self.epochs, moments=1 if self.oscillating else 0)
        values, judged = self.compared(seen)
        cases = [setting for setting in settings for _ in setting.seeds]
        # Rows with NaN are not judged; their floor only must be a number.
        floor = 1e-12 * np.max(np.nan_to_num(values), axis=1)
        notes = self._notes(seen, values, judged)
        return Measurement(
            self.sweep.log_clock, values, floor, judged, cases, notes=notes, clock=Clock.named(self.sweep.axis)
        )

    def compared(self, seen: Curves) -> tuple[Float[np.ndarray, "b r"], Bool[np.ndarray, " b"]]:
        """What is compared along the sweep, NaN where the level was not reached, and the repetitions to be judged."""
        if not self.at_level:
            values = seen.late_norm()
        else:
            values = seen.mean_norm_at_level() if self.oscillating else seen.norm_at_level()
        judged = ~seen.spiked & np.isfinite(values)
        if self.oscillating:
            judged = judged & (seen.regimes(self.at_level) == Regime.OSCILLATING) & (rising(seen.loss) >= self.rising)
        return values, np.all(judged, axis=1)

    def _notes(self, seen: Curves, values: np.ndarray, judged: np.ndarray) -> tuple[str, ...]:
        """What is left out and why, the regimes, the signs of an oscillation, and the test accuracy."""
        spiked = seen.spiked.any(axis=1)
        unknown = np.isnan(values).any(axis=1) & ~spiked
        notes = [f"{np.count_nonzero(spiked)} of {len(values)} repetitions are left out for a spike of the loss"]
        if unknown.any():
            notes.append(f"{np.count_nonzero(unknown)} are left out, not having reached the loss")
        if self.oscillating:
            others = np.count_nonzero(~judged & ~spiked & ~unknown)
            seldom = f", or whose loss rises in under {self.rising:.0%} of the late epochs" if self.rising else ""
            notes.append(f"{others} are left out for a run that does not oscillate{seldom}")
        found = seen.regimes(self.at_level)
        counts = ", ".join(f"{np.count_nonzero(found == regime)} {regime}" for regime in Regime)
        notes.append(f"of {found.size} runs {'there' if self.at_level else 'late'}: {counts}")
        if self.oscillating:
            low, middle, high = np.quantile(seen.sharpness, [0.1, 0.5, 0.9])
            notes.append(
                f"the loss rises in {np.median(rising(seen.loss)):.0%} of the late epochs; the last preconditioned "
                f"sharpness is {middle:.2f} times 2 (1 + β) / ((1 - β) h), {low:.2f} to {high:.2f} on eight tenths of "
                "the runs"
            )
        accuracy = seen.at_level if self.at_level else seen.accuracy
        return *notes, accuracy_trend(accuracy[judged])


def accuracy_trend(accuracy: Float[np.ndarray, "b r"]) -> str:
    """The test accuracy along a sweep in words, with Page's test for a fall and for a rise."""
    shown = ", ".join(f"{value:.3f}" for value in accuracy.mean(axis=0)) if len(accuracy) else "unknown"
    if len(accuracy) < 2:
        return f"test accuracy along the sweep: {shown}"
    falls, rises = (stats.page_trend_test(sign * accuracy).pvalue for sign in (-1, 1))
    tests = f"p = {falls:.2g} for a fall, {rises:.2g} for a rise"
    return f"mean test accuracy along the sweep: {shown} (Page's test: {tests})"
