"""Experiments of papers, done again: what `verify gallery` makes."""

from verify.gallery import (
    adam_handover,
    atlas,
    cattaneo2024_networks,
    cattaneo2024_order,
    cattaneo2024_valley,
    fan2025_experiment,
    kkt_residuals,
    step_sizes,
    zou2023_alignment,
    zou2023_digits,
    zou2023_phase,
    zou2023_probability,
)
from verify.gallery.experiment import Experiment, Finding

EXPERIMENTS: dict[str, Experiment] = {
    experiment.id: experiment
    for experiment in (
        fan2025_experiment.EXPERIMENT,
        adam_handover.EXPERIMENT,
        cattaneo2024_valley.ILLUSTRATION,
        cattaneo2024_valley.TRENDS,
        cattaneo2024_networks.EXPERIMENT,
        kkt_residuals.EXPERIMENT,
        cattaneo2024_order.EXPERIMENT,
        step_sizes.EXPERIMENT,
        zou2023_alignment.ALIGNMENT,
        zou2023_alignment.PUBLISHED,
        zou2023_phase.EXPERIMENT,
        zou2023_probability.EXPERIMENT,
        zou2023_digits.EXPERIMENT,
        atlas.EXPERIMENT,
    )
}
"""By id."""

__all__ = ["EXPERIMENTS", "Experiment", "Finding"]
