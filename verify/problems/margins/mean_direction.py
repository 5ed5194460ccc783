"""How far a run is from the mean of the points' directions, where single points of unit steps take it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from verify.problems.margins import ensembles
from verify.problems.quantity import ROUNDING, Measurement
from verify.problems.subject import Subject, loss_of, run_of
from verify.runs.simulation import Simulation

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory


@dataclass(frozen=True)
class MeanDirection:
    """Distance `|w_t / (η t) - mean of z_i / |z_i||` in the L2 norm, of the signed points `z_i = y_i x_i`.

    step_size: the constant step size `η`. The larger side is `n / (2 t)`: what an epoch that is under way can be off
    from the mean, while every epoch has seen each point once.
    """

    step_size: float
    name: str = field(default="distance to the mean of the points' directions", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Along the run of binary data, at all recorded steps; the floor is what rounding does to a sum."""
        it, loss = run_of(subject, sampled=True), loss_of(subject)
        simulation = lab.once(
            ("weights", it.optimizer, loss, it.how),
            lambda: Simulation(it.optimizer, lab.datasets, loss=loss, how=it.how, weights=True),
        )
        run = simulation.advance(lab.steps, lab.progress).result(lab.steps)
        use, log_time, normalised, notes = ensembles.recorded(run, "l2")
        assert run.weights_at is not None
        values = []
        for weights, dataset in zip(run.weights_at, lab.datasets, strict=True):
            directions = dataset.signed / np.linalg.norm(dataset.signed, axis=1, keepdims=True)
            mean_step = weights[use] / (self.step_size * run.time[use])[:, None]
            values.append(np.linalg.norm(mean_step - directions.mean(axis=0), axis=1))
        count = np.array([[s.n] for s in lab.datasets])
        return Measurement(
            log_time,
            np.stack(values),
            np.full(len(values), 10 * ROUNDING),
            np.asarray(np.isfinite(normalised).all(axis=1)),
            lab.datasets,
            None,
            notes,
            np.asarray(count / (2 * run.time[use])),
        )
