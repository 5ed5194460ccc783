"""The pytest plugin: `theorem(claim)` in a test tries hard to refute a claim, and writes its record.

Options: `--profile`, `--device`, `--report-dir`, `--fresh`; hypothesis' own `--hypothesis-seed` sets the master seed.
A theorem whose record is there already, of the same claim and engine, profile, seed and device, is not tried again
unless `--fresh`. A run in which theorems were collected but none reached a verdict fails.
"""

from __future__ import annotations

import ast
import secrets
from collections.abc import Callable, Iterable
from inspect import signature
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import pytest

from verify.haste import hasten
from verify.plugin import asking
from verify.plugin.session import PLAN_KEY, SEED, SEED_KEY, THEOREM, WATCH, platform, report_folder
from verify.plugin.watch import Watch

if TYPE_CHECKING:
    from verify.claims.claim import Claim


_COLLECTED = ("CLAIM", "CLAIMS")
_PROFILES = ("quick", "standard", "thorough")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the theorem checks."""
    group = parser.getgroup("implicit-bias-verify", "theorem checks")
    group.addoption(
        "--profile", choices=_PROFILES, default="standard", help="how hard to try: quick (CI), standard, thorough"
    )
    group.addoption("--device", default=None, metavar="PLATFORM", help="where to run: cpu or gpu (default: jax's own)")
    group.addoption(
        "--report-dir",
        default="verify-report",
        metavar="DIR",
        help="where records and curves go (default: %(default)s)",
    )
    group.addoption(
        "--hunt",
        type=int,
        default=0,
        metavar="N",
        help="also search each claim for the case that brings it closest to failing, among N cases",
    )
    group.addoption("--fresh", action="store_true", help="try every theorem again, those with a valid record as well")


def pytest_configure(config: pytest.Config) -> None:
    """Fix the seed, and watch for runs without a verdict; the workers of pytest-xdist leave both to the controller."""
    given: dict[str, Any] | None = getattr(config, "workerinput", None)
    # `verify.compiled` sees to jax's cache; what it cannot see there costs time too, and no claim.
    config.addinivalue_line("filterwarnings", "default:Error (reading|writing) persistent compilation cache entry")
    config.stash[SEED_KEY] = _given_seed(config) if given is None else given[SEED]
    if given is None:
        config.pluginmanager.register(Watch(config), WATCH)


def _given_seed(config: pytest.Config) -> int:
    """The seed of all draws: hypothesis' own option, 0 by default."""
    given = config.getoption("hypothesis_seed", None)
    if given is None or given == "":
        return 0
    if str(given) == "random":
        return secrets.randbits(32)
    try:
        return int(str(given))
    except ValueError:
        raise pytest.UsageError(f"--hypothesis-seed is {given!r}: give a whole number, or random.") from None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the reports of theorems, so that a controller that collects nothing itself knows them."""
    for item in _theorems(items):
        item.user_properties.append((THEOREM, item.nodeid))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Write down which theorems this run is to try."""
    found = {claim.id: (claim, item.path) for item in _theorems(session.items) for claim in _claims(item)}
    config = session.config
    if not found or config.option.collectonly:
        return
    hasten()
    from reports.runs import Plan, write_plan
    from verify.trials.fingerprint import fingerprint

    planned = {name: fingerprint(*found[name]) for name in sorted(found)}
    plan = Plan(planned, str(config.getoption("profile")), config.stash[SEED_KEY], platform(config))
    config.stash[PLAN_KEY] = plan
    write_plan(report_folder(config), plan)  # by every worker, in the same words


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> list[pytest.Item] | None:
    """Make a test of each claim in a module's `CLAIM` or `CLAIMS`, unless functions of the module see to it;
    and of each open question in its `QUESTION` or `QUESTIONS`."""
    if name in asking.COLLECTED and isinstance(collector, pytest.Module) and _assigns(collector.path, name):
        return asking.items(collector, name, obj if isinstance(obj, tuple | list) else (obj,))
    if name not in _COLLECTED or not isinstance(collector, pytest.Module):
        return None
    from verify.claims.claim import Claim

    claims = [claim for claim in (obj if isinstance(obj, tuple | list) else (obj,)) if isinstance(claim, Claim)]
    if (
        not claims
        or not _assigns(collector.path, name)
        or any(_sees_to_it(value, name) for value in vars(collector.obj).values())
    ):
        return None
    return [
        pytest.Function.from_parent(collector, name=f"{name.lower()}[{claim.id}]", callobj=_test_of(claim))
        for claim in claims
    ]


def _assigns(path: Path, name: str) -> bool:
    """Whether the module itself defines that name, and does not import it."""
    for node in ast.parse(path.read_text("utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return True
    return False


def _sees_to_it(value: object, name: str) -> bool:
    """Whether that is a function that asks for `theorem`, or does something else with the name."""
    return isinstance(value, FunctionType) and (
        "theorem" in signature(value).parameters or name in value.__code__.co_names
    )


def _test_of(claim: Claim) -> Callable[..., None]:
    def test(theorem: Callable[[Claim], object]) -> None:
        theorem(claim)

    test.__doc__ = claim.statement
    vars(test)["claims"] = [claim]
    return test


def _theorems(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    return [item for item in items if "theorem" in getattr(item, "fixturenames", ())]


def _claims(item: pytest.Item) -> list[Claim]:
    """The claims that a test is about: among its parameters, else those that its body names."""
    from verify.claims.claim import Claim

    values = getattr(getattr(item, "callspec", None), "params", {}).values()
    if found := [value for value in values if isinstance(value, Claim)]:
        return found
    function: Any = getattr(item, "function", None)
    if function is None:
        return []
    if collected := getattr(function, "claims", None):
        return collected
    return [v for name in function.__code__.co_names if isinstance(v := function.__globals__.get(name), Claim)]
