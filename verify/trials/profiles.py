"""How hard to try."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """How hard to try: datasets to draw, the horizon, how often it may be moved, runs spent on shrinking, and whether
    claims that have a larger problem draw from that."""

    name: str
    datasets: int
    steps: int
    log_time: float
    extensions: int
    shrinking: int
    larger: bool = False


PROFILES = {
    p.name: p
    for p in (
        Profile("quick", 64, 20_000, 1e4, 2, 24),
        Profile("standard", 128, 100_000, 1e4, 2, 60),
        Profile("thorough", 512, 1_000_000, 1e5, 2, 200, larger=True),
    )
}
