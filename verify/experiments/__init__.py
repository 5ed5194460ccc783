"""Experiments of papers, done again: what `verify gallery` makes."""

from verify.experiments import (
    cattaneo2024,
    cattaneo2024_networks,
    fan2025,
    handover,
    kkt,
    order,
    zou2023,
    zou2023_digits,
    zou2023_phase,
    zou2023_probability,
)
from verify.experiments.experiment import Experiment, Finding

EXPERIMENTS: dict[str, Experiment] = {
    experiment.id: experiment
    for experiment in (
        fan2025.EXPERIMENT,
        handover.EXPERIMENT,
        cattaneo2024.ILLUSTRATION,
        cattaneo2024.TRENDS,
        cattaneo2024_networks.EXPERIMENT,
        kkt.EXPERIMENT,
        order.EXPERIMENT,
        zou2023.ALIGNMENT,
        zou2023.PUBLISHED,
        zou2023_phase.EXPERIMENT,
        zou2023_probability.EXPERIMENT,
        zou2023_digits.EXPERIMENT,
    )
}
"""By id."""

__all__ = ["EXPERIMENTS", "Experiment", "Finding"]
