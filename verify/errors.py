"""What can go wrong in a run, a flow or on a cluster, as errors with a sentence; what is told of data by a warning."""

from __future__ import annotations


class TrajectoryError(RuntimeError):
    """A run met NaN or infinity: the message names the step and the dataset."""


class Guessed(UserWarning):
    """What a file of data leaves open was guessed: the message says what, and how to say it oneself."""


class FlowError(RuntimeError):
    """The solver gave up on a flow: the message names the dataset and how far it came."""


class ClusterError(RuntimeError):
    """The scheduler of a cluster is lost: the message says what is kept."""
