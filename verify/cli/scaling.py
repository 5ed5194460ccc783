"""The command `verify scaling`."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from solvers.errors import InputError
from verify.cli.apart import check_address, results, workers
from verify.cli.check import say
from verify.cli.common import Cluster, Device, Options, out, progress_bar, values_of
from verify.cli.completion import claim_ids
from verify.cli.written import Json, Outputs
from verify.sources import digest

if TYPE_CHECKING:
    from types import ModuleType

    from verify.claims.claim import Claim
    from verify.cli.own import Named
    from verify.discovery.dependence import Levels, Scaling
    from verify.discovery.sweeps import Sweep
    from verify.trials.whereabouts import Whereabouts

_MEMORIES = ("b1", "momentum", "beta", "decay")
"""What optimizers call the memory of their momentum; optax's and ours."""


def scaling(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="A claim's id, or a file that defines one.", autocompletion=claim_ids)
    ],
    parameter: Annotated[str, typer.Option("--in", help="What moves: n, d, k, gamma, radius or beta.")],
    values: Annotated[str | None, typer.Option(help="The values it takes, 8,32,128 say; of beta 1/(1-beta).")] = None,
    hold: Annotated[list[str] | None, typer.Option(help="A size to hold, gamma=0.5 say; may be given again.")] = None,
    stated: Annotated[float | None, typer.Option(help="The exponent that the theorem states, of a law.")] = None,
    datasets: Annotated[int, typer.Option(help="Sweeps of each kind of data.")] = 8,
    steps: Annotated[int, typer.Option(help="Steps of each run.")] = 10_000,
    log_time: Annotated[float, typer.Option(help="Horizon of flows, as log t.")] = 2e3,
    seed: Annotated[int, typer.Option(help="Master seed of the data.")] = 0,
    family: Annotated[
        str | None, typer.Option(help="Data of your own, FILE.py:NAME: a function of a value and a seed.")
    ] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="Of beta: the optimizer, by name, FILE.py:NAME or module.NAME.")
    ] = None,
    option: Options = None,
    figure: Annotated[
        Path | None, typer.Option(help="Also draw the quantity over the parameter: .svg or .png.")
    ] = None,
    as_json: Json = False,
    cluster: Cluster = None,
    device: Device = None,
) -> None:
    """Measure how a claim's quantity depends on one size of the problem, the others held.

    Data are built for it, and exponents fitted, in the median and in the worst case. Where a theorem asks more of its
    data, --family names a function of your own that builds them. Exits with 1 where too few runs tell. It takes half a
    minute to two minutes. A cluster measures at all values at once.

    Examples: verify scaling ji2021/normalised-gd --in n;  verify scaling fan2025/signum --in d --stated 1;
    verify scaling ji2021/normalised-gd --in d --cluster local:2;
    verify scaling zhang2024/adam-0.5 --in beta --optimizer adam -o a=0.5 -o b2=0.99;
    verify scaling ji2019/risk-logistic --in n --values 8,32,128
    --family properties/ji2019/test_nonseparable.py:of_points
    """
    from verify.cli.own import failures_told
    from verify.discovery.stating import one_located

    check_address(cluster)
    outputs = Outputs(figure, None, as_json)
    outputs.check()
    claim, home = one_located(name)
    if optimizer is None and option:
        raise InputError("-o sets options of the optimizer of a beta: give --optimizer too.")
    asked = Asked(
        parameter, _numbers(values), _held(hold or ()), stated, datasets, steps, log_time, seed, family, optimizer,
        tuple(option or ()),
    )  # fmt: skip
    with failures_told(*filter(None, (family, optimizer))):
        if cluster is None:
            with progress_bar() as bar:
                task = bar.add_task(f"{claim.id}: {parameter} moves")
                found = asked.measured(claim, device, lambda done, total: bar.update(task, completed=done, total=total))
        else:
            found = _apart(claim, home, name.endswith(".py"), asked, cluster, device)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), allow_nan=False, ensure_ascii=False))
    else:
        _tell(found)
    if figure is not None and len(found.curves):
        _draw(figure, found)
    if found.whole.median is None:
        raise typer.Exit(1)


@dataclass(frozen=True)
class Asked:
    """What is to be measured, as plain data; see `verify.scaling`. family: names what builds the data. optimizer,
    options: those of a beta.
    """

    parameter: str
    values: list[float] | None
    held: dict[str, float]
    stated: float | None
    datasets: int
    steps: int
    log_time: float
    seed: int
    family: str | None
    optimizer: str | None
    options: tuple[str, ...]

    @property
    def make(self) -> Callable[[float], Any] | None:
        """From a beta to the optimizer, where one is asked for."""
        return None if self.optimizer is None else _maker(self.optimizer, self.options)

    @property
    def data(self) -> Callable[[float, int], Any] | None:
        """From a value and a seed to a dataset, where that is asked for."""
        return None if self.family is None else _family(self.family)

    @property
    def text(self) -> str:
        """A hash of the files that define what is named; raises `InputError` where nothing is."""
        from verify.cli.own import named, own_optimizer
        from verify.optimizers.methods import OPTIMIZERS

        found = [] if self.family is None else [named(self.family, "family")]
        if self.optimizer is not None and self.optimizer not in OPTIMIZERS:
            found.append(own_optimizer(self.optimizer))
        return "".join(map(_digest_of, found))

    @property
    def anywhere(self) -> Asked:
        """The same for workers, which may stand in another folder."""
        return replace(self, family=_absolute(self.family), optimizer=_absolute(self.optimizer))

    def measured(
        self, claim: Claim, device: str | None, progress: Callable[[int, int], None] | None, **more: Any
    ) -> Scaling:
        """What `verify.scaling` finds. more: its other arguments."""
        from verify.discovery.dependence import scaling as measure

        return measure(
            claim, self.parameter, values=self.values, held=self.held, stated=self.stated, datasets=self.datasets,
            steps=self.steps, log_time=self.log_time, seed=self.seed, family=self.data, make=self.make,
            platform=device, progress=progress, **more,
        )  # fmt: skip


def _apart(claim: Claim, home: ModuleType, file: bool, asked: Asked, address: str, device: str | None) -> Scaling:
    """The same on a cluster; a part is one value of what moves."""
    from verify.cluster.pool import Task
    from verify.trials.whereabouts import Whereabouts

    at, text, asked = Whereabouts.of(claim, home, file=file), asked.text, asked.anywhere

    def measure(sweep: Sweep) -> list[Levels]:
        symbol = asked.parameter
        with workers(address, device) as pool:
            return results(pool, [
                Task(f"{claim.id}, {symbol} = {value:.3g}", level, (at, asked, text, place, pool.device))
                for place, value in enumerate(sweep.values.tolist())
            ])  # fmt: skip

    return asked.measured(claim, None, None, measure=measure)  # the device is the workers'


def level(at: Whereabouts, asked: Asked, text: str, place: int, platform: str | None) -> Levels:
    """On a worker: what is seen at one value of a sweep, by its place.

    text: a hash of what makes the optimizers. Raises `Refused` where claim or optimizer are others here.
    """
    from verify.cluster.agreement import Refused
    from verify.discovery.dependence import levels_at
    from verify.discovery.sweeps import swept
    from verify.trials.whereabouts import at_work

    with at_work(platform):
        claim = at.found()
        if asked.text != text:
            what = " or ".join(filter(None, (asked.family, asked.optimizer)))
            raise Refused(f"has another text of {what}: put the same there, and start it anew.")
        sweep = swept(
            claim, asked.parameter, values=asked.values, held=asked.held, datasets=asked.datasets, seed=asked.seed,
            family=asked.data, make=asked.make,
        )  # fmt: skip
        return levels_at(sweep, place, steps=asked.steps, log_time=asked.log_time)


def _digest_of(own: Named) -> str:
    """A hash of the file that defines it, or names it where it is no function; of none where that is built in."""
    try:
        file = Path(inspect.getfile(own.value))
    except TypeError:
        file = own.file
    return "" if file is None else digest(file)


def _absolute(text: str | None) -> str | None:
    return str(Path(text).absolute()) if text is not None and ".py:" in text else text


def _numbers(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"The values are {text!r}: give numbers such as 8,32,128.") from None


def _held(given: Iterable[str]) -> dict[str, float]:
    found = values_of(given)
    for name, value in found.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{name} is to be held at {value!r}: give a number.")
    return found


def _family(text: str) -> Callable[[float, int], Any]:
    """From a value and a seed to a dataset; raises `InputError` where the text names no function."""
    from verify.cli.own import named

    found = named(text, "family").value
    if not callable(found):
        raise InputError(f"{text} is of type {type(found).__name__}: give a function of a value and a seed.")
    return found


def _maker(name: str, options: Iterable[str]) -> Callable[[float], Any]:
    """From a beta to the optimizer of that name; raises `InputError` where it has none."""
    from verify.cli.own import is_transformation, optimizer_of, own_optimizer
    from verify.optimizers.methods import OPTIMIZERS

    maker = OPTIMIZERS[name] if name in OPTIMIZERS else own_optimizer(name).value
    try:
        known = () if is_transformation(maker) else inspect.signature(maker).parameters
    except (TypeError, ValueError):  # something built in that says nothing of itself
        known = ()
    memory = next((each for each in _MEMORIES if each in known), None)
    if memory is None:
        raise InputError(f"The optimizer {name} takes none of {', '.join(_MEMORIES)}: give one that is made from them.")
    given = list(options)
    return lambda beta: optimizer_of(name, [*given, f"{memory}={beta!r}"])


def _tell(found: Scaling) -> None:
    from verify.discovery.exponents import shown

    for line in filter(None, (found.sentence, found.answer)):
        say(line)
    table = Table("data", "median", "worst case", "sweeps", box=None)
    for each in (*found.ensembles, found.whole):
        cells = (each.ensemble, shown(each.median), shown(each.worst), f"{each.told} of {each.of}")
        table.add_row(*map(Text, cells))  # brackets of an interval are no markup
    out.print(table)
    if len(found.curves):
        columns = {found.symbol: found.values, "median": found.medians, "largest": found.largest}
        if found.bounds is not None:
            columns["bound"] = found.bounds
        levels = Table(*columns, box=None)
        for row in zip(*columns.values(), strict=True):
            levels.add_row(*(f"{value:.4g}" for value in row))
        out.print(levels)
    held = ", ".join(f"{name} = {value:g}" for name, value in found.held.items())
    for line in (*([f"Held: {held}."] if held else []), *found.notes):
        say(line)


def _draw(figure: Path, found: Scaling) -> None:
    from reports import scaling as pictures

    pictures.draw(figure, found.values, found.curves, found.symbol, found.quantity, found.sentence)
