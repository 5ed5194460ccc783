"""The command line; benchmarks are imported when run, since worker processes import this module first."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Part(StrEnum):
    """What can be run alone."""

    ENGINE = "engine"
    MINIBATCHES = "minibatches"
    SINGLE = "single"
    REFERENCES = "references"
    FLOW = "flow"
    POLAR = "polar"
    MODIFIED = "modified"
    NETWORKS = "networks"
    SOUNDNESS = "soundness"


class What(StrEnum):
    """What a soundness run judges."""

    CATALOGUE = "catalogue"
    PROPERTIES = "properties"
    BOTH = "both"
    IDENTIFY = "identify"


class Platform(StrEnum):
    """Where the engine runs."""

    CPU = "cpu"
    GPU = "gpu"


def _sizes(text: str) -> list[int]:
    try:
        sizes = [int(part) for part in text.split(",")]
    except ValueError:
        sizes = []
    if not sizes or min(sizes) < 1:
        raise typer.BadParameter("give numbers of datasets such as 1,64,1024.")
    return sizes


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds.")] = False,
    only: Annotated[Part | None, typer.Option(help="Run one part.")] = None,
    sizes: Annotated[str, typer.Option(help="Numbers of datasets for the engine, as in 1,64,1024.")] = "64",
    platform: Annotated[Platform, typer.Option(help="gpu adds the GPU to the engine's places.")] = Platform.CPU,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown instead of tables.")] = False,
    write_references: Annotated[
        bool, typer.Option("--write-references", help="Only write benchmarks/references.npz anew.")
    ] = False,
    seeds: Annotated[int, typer.Option(help="soundness: how many master seeds.")] = 1,
    seed_start: Annotated[int, typer.Option(help="soundness: the first master seed.")] = 0,
    profile: Annotated[str, typer.Option(help="soundness: how hard to try: quick or standard.")] = "quick",
    what: Annotated[What, typer.Option(help="soundness: what is judged.")] = What.CATALOGUE,
    words: Annotated[
        str,
        typer.Option("-k", help="soundness: only what has all these words in its name, and none of those after a !."),
    ] = "",
    results: Annotated[Path, typer.Option(help="soundness: where verdicts are kept, a line each.")] = Path(
        "soundness.jsonl"
    ),
    resume: Annotated[bool, typer.Option("--resume", help="soundness: go on with the file of results.")] = False,
    cluster: Annotated[
        str | None, typer.Option(help="soundness: workers that judge, tcp://host:8786 or local:2.")
    ] = None,
) -> None:
    """Measure speed as ratios within one run; --only soundness counts wrong verdicts instead, which takes hours.

    Examples: python -m benchmarks --quick;  python -m benchmarks --only engine --sizes 1,64,1024 --json speed.json;
    python -m benchmarks --only soundness --seeds 20 --resume
    """
    from rich.console import Console

    from benchmarks import problems, suite, tables
    from solvers.errors import InputError
    from verify.errors import ClusterError

    if write_references:
        problems.write_references()
        return
    errors = Console(stderr=True)
    where = tables.machine()
    ended = True
    try:
        if only is Part.SOUNDNESS:
            from benchmarks.soundness.command import soundness_sections
            from verify.haste import hasten

            hasten()  # as the command line and pytest do where they check theorems
            sections, ended = soundness_sections(
                seeds=seeds,
                first=seed_start,
                profile=profile,
                what=what,
                words=words,
                path=results,
                resume=resume,
                cluster=cluster,
            )
        else:
            with errors.status("starting") as status:
                sections = suite.run(
                    only, sizes=_sizes(sizes), quick=quick, gpu=platform is Platform.GPU, show=status.update
                )
    except (InputError, ClusterError, OSError, tables.DifferentWork, problems.StaleReferences) as error:
        errors.print(f"benchmarks: {error}", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    if json_file:
        tables.write_json(json_file, sections, where)
    if markdown:
        print(tables.markdown(sections, where))
    else:
        console = Console()
        console.print(", ".join(f"{key} {value}" for key, value in where.items()), highlight=False)
        for section in sections:
            console.print(tables.console(section))
    if not ended:
        raise typer.Exit(130)


if __name__ == "__main__":
    typer.run(main)
