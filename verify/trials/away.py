"""Hunts on the workers of a cluster: a hunt that is steered as a whole, and one in rounds round by round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from verify.datasets.dataset import Dataset
from verify.trials.hunt_record import Expedition
from verify.trials.hunting import Hunt, hunt
from verify.trials.long_hunt import Progress, after_round
from verify.trials.whereabouts import Whereabouts, at_work


@dataclass(frozen=True)
class Round:
    """One more round of a hunt, as plain data.

    of: the claim or the question. changes: of its ground, but for what is given first, which is in `given` where the
    round is the first. so_far: what was done before it.
    """

    of: Whereabouts
    changes: Mapping[str, Any]
    given: Sequence[Dataset]
    so_far: Progress
    platform: str | None

    @property
    def name(self) -> str:
        """What it is, in words."""
        return f"{self.of.id}, round {self.so_far.rounds}"

    @classmethod
    def next(cls, of: Whereabouts, expedition: Expedition, so_far: Progress, platform: str | None) -> Round:
        """The round of an expedition that comes after what was done."""
        ground = expedition.ground
        changes = {name: getattr(ground, name) for name in ("steps", "log_time", "seed", "size")}
        return cls(of, changes, ground.given if so_far.rounds == 0 else (), so_far, platform)


def followed(one: Round) -> Progress:
    """What is known after the round; raises as `verify.trials.long_hunt.after_round`, and as `Whereabouts.found`."""
    with at_work(one.platform):
        ground = Expedition.of(one.of.found(), Path(one.of.home)).ground
        return after_round(replace(ground, **one.changes, given=one.given), one.so_far)


def hunted(of: Whereabouts, examples: int, seed: int, steps: int, platform: str | None) -> Hunt:
    """What a steered search finds; raises as `verify.trials.hunting.hunt`, and as `Whereabouts.found`."""
    with at_work(platform):
        return hunt(of.found(), examples=examples, seed=seed, steps=steps)
