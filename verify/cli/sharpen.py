"""The command `verify sharpen`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from solvers.errors import InputError
from verify.cli.apart import check_address, finished, workers
from verify.cli.check import check, say
from verify.cli.common import Cluster, Device, ReportDir, err, out, progress_of
from verify.cli.completion import claim_ids
from verify.cli.written import Json, conjecture_path, write_conjecture_text

if TYPE_CHECKING:
    from verify.cluster.pool import Done, Pool
    from verify.discovery.sharpening import Sharpened, Step
    from verify.trials.profiles import Profile
    from verify.trials.whereabouts import Whereabouts


def sharpen(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="A claim's id, or a file that defines one.", autocompletion=claim_ids)
    ],
    profile: Annotated[str, typer.Option(help="How hard to try: quick, standard or thorough.")] = "quick",
    seed: Annotated[int, typer.Option(help="Master seed of all draws.")] = 0,
    resolution: Annotated[float, typer.Option(help="Difference in exponent that the judge tells apart.")] = 0.08,
    examples: Annotated[int, typer.Option(help="Cases of the hunt for the slowest dataset; 0 for none.")] = 60,
    folder: Annotated[
        Path | None,
        typer.Option(help="Where the conjecture goes: by default properties/conjectures where it is, else here."),
    ] = None,
    run: Annotated[bool, typer.Option("--run", help="Check the conjecture that was written.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    as_json: Json = False,
    cluster: Cluster = None,
    device: Device = None,
    report_dir: ReportDir = Path("verify-report"),
) -> None:
    """Search for the fastest law that a claim's quantity obeys, and write it down as a conjecture.

    Laws are searched for on some draws and judged on others. Exits with 1 if the claim is itself refuted, or no law
    survives draws and hunt; with --run also if the conjecture does not count as verified. A cluster judges the laws
    that come next, and hunts for their slowest datasets, before it is known that they are asked for.

    Examples: verify sharpen zhang2024/adam-0.5;  verify sharpen my_conjecture.py --profile standard --run;
    verify sharpen zhang2024/adam-0.5 --cluster local:2
    """
    from verify.discovery.sharpening import sharpen as search
    from verify.discovery.stating import one_located, text_of
    from verify.trials.whereabouts import Whereabouts

    if run and as_json:
        raise InputError("--run prints the check's verdict and --json one object: leave one of them away.")
    check_address(cluster)
    claim, home = one_located(name)
    path = conjecture_path(folder, f"{claim.id}_sharper", force=force)
    asked = partial(search, claim, profile=profile, seed=seed, resolution=resolution, examples=examples)
    if cluster is None:
        with progress_of(claim.id) as show:
            found = asked(platform=device, progress=show)
    else:
        with workers(cluster, device) as pool:
            at = Whereabouts.of(claim, home, file=name.endswith(".py"))
            found = asked(doing=_Apart(pool, at, profile, seed, resolution).do)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), allow_nan=False, ensure_ascii=False))
    else:
        _tell(found)
    if found.law is None or found.hunted:
        raise typer.Exit(1)
    if found.sharper:
        write_conjecture_text(path, text_of(found, name, path))
        (err if as_json else out).print(f"Wrote {path}.", highlight=False, markup=False, soft_wrap=True)
    if run and found.sharper:
        check(str(path), profile=profile, seed=seed, cluster=cluster, device=device, report_dir=report_dir)


@dataclass(frozen=True)
class _Apart:
    """A search whose steps are done by a pool, several at once."""

    pool: Pool
    at: Whereabouts
    profile: str
    seed: int
    resolution: float

    def do(self, steps: Sequence[Step], wanted: Callable[[Step], bool]) -> Iterator[tuple[Step, Any]]:
        """As `verify.discovery.sharpening.Doing`."""
        from verify.cluster.pool import Task
        from verify.trials.profiles import PROFILES

        effort = PROFILES[self.profile]
        queue = []
        for step in steps:
            name = f"{self.at.id}, {step.what}" + (f" {step.turn}" if len(steps) > 1 else "")
            arguments = (self.at, effort, self.seed, self.resolution, step, self.pool.device)
            queue.append(Task(name, step_there, arguments))
        failed: list[tuple[Step, Done]] = []
        for done in finished(self.pool, queue):
            step = done.task.arguments[4]
            if done.error is not None:
                failed.append((step, done))
            elif wanted(step):
                yield step, done.value
            queue[:] = [task for task in queue if wanted(task.arguments[4])]
        for step, done in failed:  # what failed may not have been asked for in the end
            if wanted(step):
                done.result()


def step_there(
    at: Whereabouts, profile: Profile, seed: int, resolution: float, step: Step, platform: str | None
) -> Any:
    """On a worker: what a step of a search comes to; raises as `Whereabouts.found`."""
    from verify.discovery.sharpening import Search
    from verify.trials.whereabouts import at_work

    with at_work(platform):
        return Search(at.found(), profile, seed, resolution).do(step)


def _tell(found: Sharpened) -> None:
    from verify.datasets.dataset import shown
    from verify.discovery.smaller import sized

    say(found.sentence)
    if found.counterexample is not None:
        say(f"  smallest counterexample: {shown(found.counterexample.to_json())}")
    if found.law is None or found.judged is None:
        return
    table = Table("", "law", "on fresh draws", box=None)
    rows = [("stated", str(found.proved), ""), ("survives", str(found.law), found.judged.sentence)]
    if (over := found.refuted) is not None:
        rows.append(("refuted", str(over.law), f"{over.datasets} of {over.of} datasets fall behind. {over.sentence}"))
    for row in rows:
        table.add_row(*map(Text, row))  # brackets of an interval are no markup
    out.print(table)
    for line in filter(None, (found.logarithms, f"{found.tried} laws were tried.")):
        say(line)
    if (slow := found.slowest) is not None and slow.case is not None and slow.growth is not None:
        known = slow.later is not None and math.isfinite(slow.later)
        further = f", and by 10^{slow.later:.3f} up to ten times the steps" if known else ""
        grew = slow.growth if slow.drawn is None else slow.drawn
        times = f"beside {found.law} it grew by 10^{grew:.3f} over the last decade"
        say(f"The slowest dataset of {slow.judged} that tell: {times}{further if slow.first is None else ''}.")
        if slow.first is not None:
            change = f"from {sized(slow.first)} to {sized(slow.case)}"
            say(f"  Made smaller {change}, it grows by 10^{slow.growth:.3f} over that decade{further}.")
        say(f"  {shown(slow.case.to_json())}")
        if slow.witness is not None:
            low, high = slow.witness.lower, slow.witness.upper
            exactly = f"= {low}" if low == high else f"in [{float(low):.12g}, {float(high):.12g}]"
            say(f"  its maximal {slow.witness.norm} margin {exactly}, in exact arithmetic")
        if slow.refuted:
            say("  It refutes this law alone, with twice the steps and with ten times as many.")
