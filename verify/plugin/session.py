"""What a run of pytest knows of itself: its seed, folder and device, and the names under which workers tell more."""

from __future__ import annotations

from pathlib import Path

import pytest

THEOREM, OUTCOME, NOTE = "implicit_bias_theorem", "implicit_bias_outcome", "implicit_bias_note"
SEED, STATES = "implicit_bias_seed", "implicit_bias_states"
WATCH = "implicit-bias-verdicts"
SEED_KEY = pytest.StashKey[int]()
PLAN_KEY = pytest.StashKey["Plan"]()


def report_folder(config: pytest.Config) -> Path:
    """Where records and curves go."""
    return Path(str(config.getoption("report_dir")))


def platform(config: pytest.Config) -> str:
    """The device of this run, as records name it."""
    from solvers.errors import InputError
    from verify.backend import devices

    asked: str | None = config.getoption("device")
    try:
        return devices(asked)[0].platform
    except InputError:
        return str(asked)  # each theorem says that there is none
