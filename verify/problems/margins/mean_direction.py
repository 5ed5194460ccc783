"""How far a run is from the mean of the points' directions, where single points of unit steps take it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

import solvers.norms
from verify.problems.margins import ensembles
from verify.problems.quantity import ROUNDING, Measurement
from verify.problems.subject import Subject

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory


@dataclass(frozen=True)
class MeanDirection:
    """Distance of `w_t / (η t)` to the mean of the steepest directions `u_i` along the signed points `z_i = y_i x_i`.

    step_size: the constant step size `η`. norm: that of the steps and of the distance, entry-wise: by default L2, with
    `u_i = z_i / |z_i|`; of L-infinity `u_i = sign z_i`. The larger side is `n / (2 t)`: what an epoch that is under way
    can be off from the mean, while every epoch has seen each point once.
    """

    step_size: float
    norm: str = "l2"
    name: str = field(default="distance to the mean of the points' directions", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Along the run of binary data, at all recorded steps; the floor is what rounding does to a sum."""
        run = ensembles.with_weights(subject, lab)
        use, log_time, normalised, notes = ensembles.recorded(run, "l2")
        geometry = solvers.norms.norm(self.norm)
        assert run.weights_at is not None
        values = []
        for weights, dataset in zip(run.weights_at, lab.datasets, strict=True):
            directions = np.stack([np.asarray(geometry.direction(z)) for z in dataset.signed])
            mean_step = weights[use] / (self.step_size * run.time[use])[:, None]
            values.append(np.array([float(geometry.value(v)) for v in mean_step - directions.mean(axis=0)]))
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
