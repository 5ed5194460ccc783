"""Kills a run of theorems at random moments, again and again, and compares its verdicts with those of a run in peace.

    python -m tests.verify.plugin.kills -k "fan2025/norm-sandwich or zou2023/convex-distance" --kills 10

Takes as long as some runs of these theorems; no part of the tests. Both runs start with a cache of compiled programs of
their own, empty at first, which the kills strike too. Exits with 1 where a verdict differs.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from reports.records import read_records

ROOT = Path(__file__).parents[3]


def started(folder: Path, theorems: str, profile: str) -> subprocess.Popen[bytes]:
    """A run of the theorems that keeps records and compiled programs in a folder, as a group of processes."""
    command = [sys.executable, "-m", "pytest", "properties", "-q", "-n", "0", f"--profile={profile}", "-k", theorems]
    command += [f"--report-dir={folder / 'report'}", "-p", "no:cacheprovider"]
    cache = {
        "JAX_COMPILATION_CACHE_DIR": str(folder / "programs"),
        "JAX_COMPILATION_CACHE_MAX_SIZE": "2000000000",
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    with (folder / "output").open("ab") as output:
        return subprocess.Popen(
            command, cwd=ROOT, env=os.environ | cache, stdout=output, stderr=output, start_new_session=True
        )


def verdicts(folder: Path) -> dict[str, Any]:
    """The verdicts of the finished claims, with their sentences and their twins'."""
    return {
        record["id"]: [record["verdict"], record["sentence"], [twin["sentence"] for twin in record["twins"]]]
        for record in read_records(folder / "report")
    }


def disturbed(folder: Path, theorems: str, profile: str, kills: int, seconds: float, rng: random.Random) -> list[str]:
    """Run, kill, and go on; what happened each time. A run that ends in peace is cleared away, so that all kills bite.

    seconds: that an undisturbed run takes.
    """
    told = []
    while len(told) < kills:
        moment = rng.uniform(0, seconds)
        run = started(folder, theorems, profile)
        try:
            run.wait(moment)
            for path in (folder / "report").rglob("*.json"):
                path.unlink()
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            told.append(f"killed after {moment:.1f} s, {len(verdicts(folder))} claims finished")
            print(told[-1], flush=True)  # noqa: T201 - a script
    return told


def main() -> int:
    """Both runs, and what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-k", dest="theorems", default="fan2025/norm-sandwich or zou2023/convex-distance")
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        peace, war = Path(name) / "peace", Path(name) / "war"
        for folder in (peace, war):
            folder.mkdir()
        begun = time.monotonic()
        status = started(peace, given.theorems, given.profile).wait()
        seconds = time.monotonic() - begun
        print(f"undisturbed: {seconds:.0f} s, exit status {status}", flush=True)  # noqa: T201
        disturbed(war, given.theorems, given.profile, given.kills, seconds, random.Random(given.seed))
        again = started(war, given.theorems, given.profile).wait()
        expected, found = verdicts(peace), verdicts(war)
        for claim in sorted(expected.keys() | found.keys()):
            same = expected.get(claim) == found.get(claim)
            print(f"{claim}: {found.get(claim, ['none'])[0]}, {'the same' if same else 'NOT THE SAME'}")  # noqa: T201
        print(f"after the kills: exit status {again}")  # noqa: T201
        print(*(war / "output").read_text().splitlines()[-12:], sep="\n")  # noqa: T201
        return int(not expected or expected != found or again != status)


if __name__ == "__main__":
    sys.exit(main())
