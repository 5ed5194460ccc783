"""The command `verify doctor`."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from solvers.errors import InputError
from verify.cli.common import out, progress_bar

if TYPE_CHECKING:
    from verify.installation import Cache

_OF_MAKE = Path(".jax_cache")  # where `make` keeps compiled programs
_MEGABYTE = 1e6


@dataclass
class Findings:
    """What was found, in lines by headings, and what is to be mended, each in a sentence."""

    facts: list[tuple[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def doctor(
    cache: Annotated[
        Path | None, typer.Option(help="A folder of compiled programs to look at, beside those that jax and make use.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What was found, as JSON.")] = False,
) -> None:
    """Say what is installed, which devices there are, if compiled programs are sound, and what is missing for what.

    Exits with 1 if something is to be mended.

    Example: verify doctor
    """
    if cache is not None and not cache.is_dir():
        raise InputError(f"{cache} is no folder: give one in which jax keeps compiled programs.")
    found = Findings()
    for look in (_package, _libraries, _extras, _devices, lambda found: _caches(found, cache)):
        look(found)
    if as_json:
        facts = [{"about": name, "found": words} for name, words in found.facts]
        typer.echo(json.dumps({"facts": facts, "faults": found.faults}, ensure_ascii=False, indent=1))
    else:
        table = Table.grid(padding=(0, 2))
        for name, words in found.facts:
            table.add_row(Text(name, style="dim"), Text(words))
        out.print(table)
        for fault in found.faults:
            out.print(Text(f"To mend: {fault}"))
        if not found.faults:
            out.print("Nothing is to be mended.")
    raise typer.Exit(1 if found.faults else 0)


def _package(found: Findings) -> None:
    import verify
    from verify.installation import PACKAGE

    found.facts += [
        (PACKAGE, f"{verify.__version__}, in {Path(verify.__file__).parent}"),
        ("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
    ]


def _libraries(found: Findings) -> None:
    """The libraries that everything needs."""
    from verify.installation import libraries

    asked = libraries()
    found.facts.append(("libraries", ", ".join(f"{each.name} {each.installed or 'is missing'}" for each in asked)))
    if unfit := [each for each in asked if not each.fits]:
        told = ", ".join(f"{each.name} is {each.installed or 'missing'}" for each in unfit)
        asks = " ".join(f"'{each.name}{each.wanted}'" for each in unfit)
        found.faults.append(f"{told}: pip install {asks}.")


def _extras(found: Findings) -> None:
    """What is missing for what: no fault, since nobody needs all of it."""
    from verify.installation import EXTRAS, PACKAGE, libraries

    for extra, purpose in EXTRAS.items():
        missing = [each.name for each in libraries(extra) if not each.fits]
        told = f"lacks {', '.join(missing)}: pip install '{PACKAGE}[{extra}]'" if missing else "complete"
        found.facts.append((f"[{extra}]", f"{purpose}: {told}"))
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        found.facts.append(("browser", "no chromium: the tests of the report's page are skipped"))


def _devices(found: Findings) -> None:
    try:
        import jax

        import verify.backend  # noqa: F401 - it makes a CPU device of each core

        kinds = [each.platform for each in jax.devices()]
    except ImportError:
        return  # among the libraries it is said to be missing
    except RuntimeError as error:
        found.faults.append(f"jax finds no device ({str(error).splitlines()[0]}): unset JAX_PLATFORMS, or say cpu.")
        return
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found.facts.append(("devices", f"{counts}; {cores} cores"))
    if shutil.which("nvidia-smi") and "gpu" not in kinds and not os.environ.get("JAX_PLATFORMS"):
        found.faults.append("There is an NVIDIA GPU that jax does not see: pip install 'implicit-bias-verify[cuda]'.")


def _caches(found: Findings, given: Path | None) -> None:
    """The folders of compiled programs: jax's own, those of `make`, and the one that was given."""
    from verify.installation import cache

    used, bounded = _told_to_jax(found)
    folders = [used, given, *sorted(path for path in _OF_MAKE.glob("*") if path.is_dir())]
    for folder in dict.fromkeys(each for each in folders if each is not None):
        if not folder.is_dir():
            found.facts.append(("cache", f"{folder}: not there yet; jax makes it"))
            continue
        with progress_bar() as bar:
            task = bar.add_task(str(folder))
            # The folders of make are bounded by it.
            read = cache(folder, bounded=bounded or folder.parent == _OF_MAKE, progress=_shown(bar, task))
        found.facts.append(("cache", _described(read)))
        found.faults += _unsound(read)
    if used is None:
        found.facts.append(
            ("cache", "jax keeps no compiled programs: set JAX_COMPILATION_CACHE_DIR to a folder, as make does")
        )


def _shown(bar: Any, task: Any) -> Callable[[int, int], None]:
    return lambda done, total: bar.update(task, completed=done, total=total)


def _told_to_jax(found: Findings) -> tuple[Path | None, bool]:
    """The folder that jax was told to keep programs in, and whether its size is bounded."""
    try:
        import jax
    except ImportError:
        return None, False
    folder = getattr(jax.config, "jax_compilation_cache_dir", None)
    bounded = getattr(jax.config, "jax_compilation_cache_max_size", -1) != -1
    if folder and bounded:
        from importlib.util import find_spec

        if find_spec("filelock") is None:
            found.faults.append("jax needs filelock to bound its cache, and keeps nothing: pip install filelock.")
    return (Path(folder) if folder else None), bounded


def _described(cache: Cache) -> str:
    told = f"{cache.folder}: {cache.programs} programs, {cache.size / _MEGABYTE:.0f} MB"
    unread = f", {cache.unread} of them compressed by Zstandard, which cannot be read here" if cache.unread else ""
    return f"{told}{unread}; {'sound' if cache.sound else 'not sound'}"


def _unsound(cache: Cache) -> Iterator[str]:
    remedy = f"delete the folder {cache.folder}, and programs are compiled again when they are needed"
    if cache.damaged:
        yield f"{len(cache.damaged)} compiled programs are cut short, {cache.damaged[0]} for one: {remedy}."
    if cache.untimed:
        yield (
            f"{len(cache.untimed)} compiled programs lack the time of their last use ({cache.untimed[0]} has no "
            f"-atime file), so that jax cannot keep new ones: {remedy}; then set JAX_COMPILATION_CACHE_MAX_SIZE for "
            "all processes that share the folder, or for none."
        )
