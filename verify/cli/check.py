"""The command `verify check`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from solvers.errors import InputError
from verify.claims.catalogue import located, located_claims
from verify.cli.apart import complain, parts_bar
from verify.cli.common import Cluster, Device, ReportDir, out, progress_of
from verify.cli.completion import claim_ids

if TYPE_CHECKING:
    from reports.runs import Plan
    from verify.trials.profiles import Profile


def check(
    target: Annotated[
        str | None,
        typer.Argument(
            help="A claim's id, the first part of ids, or a file that defines claims.", autocompletion=claim_ids
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Try all installed claims.")] = False,
    profile: Annotated[str, typer.Option(help="How hard to try: quick, standard or thorough.")] = "standard",
    seed: Annotated[int, typer.Option(help="Master seed of all draws.")] = 0,
    budget: Annotated[
        float,
        typer.Option(help="Try inconclusive claims again, with up to this many times the profile's work."),
    ] = 1.0,
    cluster: Cluster = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="With --all or --cluster: try again what was finished as well.")
    ] = False,
    device: Device = None,
    report_dir: ReportDir = Path("verify-report"),
) -> None:
    """Try to refute claims, and write their records. Exits with 1 if one does not count as verified.

    With --all or --cluster claims that were finished before are kept, so that the same command goes on with the others.
    pytest and make verify keep these records as they do their own, but for those that took more than the profile's
    work.

    Examples: verify check fan2025/sign-gd-binary --profile quick;  verify check my_conjecture.py --budget 20;
    verify check --all --cluster local:2
    """
    from verify.cluster.pool import processes_of
    from verify.trials.fingerprint import fingerprint
    from verify.trials.profiles import PROFILES

    if (target is None) != every:
        raise InputError("A check is of one target, or of all: give a claim's id, a file, or --all.")
    if profile not in PROFILES:
        raise InputError(f"There is no profile {profile!r}: use one of {', '.join(PROFILES)}.")
    if not 1 <= budget < float("inf"):
        raise InputError(f"The budget is {budget}: give how many times the profile's work a trial may cost, 1 or more.")
    if cluster is not None and budget > 1:
        raise InputError(f"The budget {budget:g} is spent by one process: leave --cluster or --budget away.")
    if cluster is not None:
        processes_of(cluster)  # before the claims are imported
    claims = list(located_claims().values()) if target is None else located(target)
    marks = {claim.id: fingerprint(claim, str(home.__file__)) for claim, home in claims}
    asked = _Asked(target, PROFILES[profile], seed, budget, device, report_dir, fresh, claims, marks)
    found = _here(asked) if cluster is None else _on_cluster(asked, cluster)
    raise typer.Exit(0 if all(list(found)) else 1)


@dataclass(frozen=True)
class _Asked:
    """What is asked for: the options, with the claims, each with its module, and their fingerprints by id."""

    target: str | None
    profile: Profile
    seed: int
    budget: float
    device: str | None
    report_dir: Path
    fresh: bool
    claims: list[tuple[Any, ModuleType]]
    marks: dict[str, str]

    def again(self, name: str) -> str:
        """The command that tries a claim again."""
        given = "" if self.budget == 1 else f" --budget {self.budget:g}"
        return f"verify check {self.target or name} --profile {self.profile.name} --seed {self.seed}{given}"

    def plan(self, device: str) -> Plan:
        """The plan of this run on a device; written where it is of all claims."""
        from reports.runs import Plan, sweep, write_plan

        plan = Plan(self.marks, self.profile.name, self.seed, device)
        if self.target is None:
            write_plan(self.report_dir, plan)
            sweep(self.report_dir)
        return plan

    def kept(self, plan: Plan) -> dict[str, bool]:
        """The claims that were finished before, by id, and whether they count as verified; a word on them is said."""
        from reports.runs import kept
        from reports.verified import failures

        found = {} if self.fresh else {name: kept(self.report_dir, name, plan) for name in self.marks}
        verified = {name: not failures(record) for name, record in found.items() if record is not None}
        if verified:
            say(f"{len(verified)} of {len(self.marks)} claims have kept their record; --fresh tries them again.")
        for name in (name for name, well in verified.items() if not well):
            say(f"{name} is not verified: its record is kept.")
        return verified


def _here(asked: _Asked) -> Iterator[bool]:
    """Try the claims one after the other in this process; give of each whether it counts as verified."""
    from verify.backend import devices
    from verify.errors import FlowError, TrajectoryError

    every = asked.target is None
    kept = asked.kept(asked.plan(devices(asked.device)[0].platform)) if every else {}
    yield from kept.values()
    for claim, home in asked.claims:
        if claim.id in kept:
            continue
        try:
            yield not _tell(_tried(asked, claim, home))
        except (InputError, TrajectoryError, FlowError) as error:
            if not every:
                raise
            complain(f"{claim.id}: {error}")
            yield False


def _tried(asked: _Asked, claim: Any, home: ModuleType) -> dict[str, Any]:
    from reports.records import write_record
    from verify.trials.insisting import insist
    from verify.trials.record import record_of, stamp

    further: list[str] = []  # trials with more than the profile's work
    with progress_of(claim.id) as show:

        def tell(sentence: str) -> None:
            further.append(sentence)
            say(sentence)

        trial = insist(
            claim, asked.profile, asked.budget, seed=asked.seed, platform=asked.device, progress=show, tell=tell
        )
    record, curves = record_of(trial, asked.again(claim.id))
    stamp(record, None if further else asked.marks[claim.id], home)
    write_record(asked.report_dir, record, curves)
    return record


def _on_cluster(asked: _Asked, address: str) -> Iterator[bool]:
    """Try the claims in parts, on whatever workers there are; give of each whether it counts as verified."""
    from verify.cli.clustered import Trials, costliest_first
    from verify.cluster.pool import opened
    from verify.trials.parts import parts_of

    with opened(address, asked.device, wait=complain) as pool:
        plan = asked.plan(pool.device)
        kept = asked.kept(plan)
        yield from kept.values()
        trials = Trials(asked.report_dir, asked.again, fresh=asked.fresh)
        left = [(claim, home) for claim, home in asked.claims if claim.id not in kept]
        file = (asked.target or "").endswith(".py")
        for claim, home in costliest_first(left, asked.report_dir, asked.profile.name):
            mark = asked.marks[claim.id]
            parts = parts_of(claim, home, mark, asked.profile, seed=asked.seed, platform=pool.device, file=file)
            if (record := trials.add(claim.id, home, parts)) is not None:
                yield not _tell(record)
        if trials.left:
            where = f"on {pool.workers()} of Dask's workers.{pool.shown}"
            say(f"Parts finished before: {trials.done}; to be done at first: {trials.left}, {where}")
        with parts_bar() as bar:

            def watch(running: Sequence[str]) -> None:
                bar.show(running, trials.done, trials.done + trials.left)

            for record, why in trials.run(pool, watch):
                with bar.aside():
                    if record is None:
                        complain(why)
                    yield record is not None and not _tell(record)


def _tell(record: dict[str, Any]) -> list[str]:
    """Say what was found; give the reasons for which the claim does not count as verified."""
    from reports.verified import failures
    from verify.datasets.dataset import shown

    found = failures(record)
    say(f"{record['id']}: {record['verdict']}. {record['sentence']}")
    for twin in record["twins"]:
        say(f"  false twin ({twin['wrong']}): {twin['verdict']}. {twin['sentence']}")
        if twin["counterexample"]:
            say(f"    smallest counterexample: {shown(twin['counterexample'])}")
        elif twin.get("drawn"):
            say(f"    one of the datasets, as it was drawn: {shown(twin['drawn'])}")
    for reason in found:
        say(f"  not verified: {reason}")
    if settle := record.get("settle"):
        say(f"  what would settle it: {settle['sentence']}")
    if refutation := record.get("refutation"):
        say(f"  smallest counterexample: {shown(refutation['case'])}")
        say(f"  {refutation['sentence']}")
        say(f"  verify replay {record['id']} shows its margins and draws the run.")
    elif record["verdict"] == "REFUTED" and (worst := record["datasets"]["worst"]):
        say(f"  one of the datasets, as it was drawn: {shown(worst['dataset'])}")
        say(f"  verify replay {record['id']} runs it again.")
    return found


def say(line: str) -> None:
    """Print a line as it is."""
    out.print(line, highlight=False, markup=False, soft_wrap=True)
