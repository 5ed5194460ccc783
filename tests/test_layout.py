"""Where tests lie: each beside the module that it is of, and each longer module with a test."""

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("solvers", "verify", "reports")
MODULES = sorted(path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py"))
PROPERTIES = sorted(path.relative_to(ROOT) for path in (ROOT / "properties").rglob("test_*.py"))
LONG = 60  # lines, beyond which a module has a test of its own

# Tests of what several modules do together.
BEHAVIOURS = {
    "tests/benchmarks/test_first_law.py": "the identity behind docs/first-law.md",
    "tests/test_bad_input.py": "one sentence on wrong input, wherever it comes in",
    "tests/test_display.py": "what all results show of themselves in a notebook",
    "tests/test_docs.py": "what README, CONTRIBUTING and docs/ show",
    "tests/test_docstrings.py": "the docstrings of all packages",
    "tests/test_examples.py": "the files in examples/",
    "tests/test_generate.py": "the site's source as plain files",
    "tests/test_layout.py": "this",
    "tests/test_notebooks.py": "the notebooks in examples/, and their pages",
    "tests/test_reference.py": "the public names, and the pages of the reference",
    "tests/test_properties.py": "the docstrings and sources of all theorems",
    "tests/test_workflow.py": "the workflow in examples/ that a user copies",
    "tests/verify/runs/test_models.py": "runs of models, from `verify.run` down",
    "tests/mutants/test_table.py": "the table of planted bugs, against the program",
    "tests/benchmarks/test_apart.py": "the soundness run by the workers of a cluster",
    "tests/benchmarks/test_catalogue.py": "the catalogue of the soundness run",
    "tests/benchmarks/test_muon.py": "what docs/muon.md is about: data that are built, and rows of its tables",
    "tests/benchmarks/test_identifying.py": "answers about norms, against the truth",
    "tests/benchmarks/test_soundness.py": "the soundness run on a few cheap entries",
    "tests/solvers/test_bad_input.py": "one sentence on wrong input, in all solvers",
    "tests/solvers/test_degenerate.py": "all reference problems on degenerate data",
    "tests/solvers/test_reported.py": "maximal margins of data that others had trouble with",
    "tests/solvers/test_weighted.py": "maximal margins over weighted norms, from the norm to the certificate",
    "tests/reports/test_browser.py": "the page in a headless browser",
    "tests/verify/test_names.py": "the public names of the package",
    "tests/verify/claims/kinds/test_contract.py": "what every kind keeps",
    "tests/verify/cli/test_fuzz.py": "all that can be typed",
    "tests/verify/cli/test_light_start.py": "what a command imports before it computes",
    "tests/verify/optimizers/test_docstrings.py": "the rules and examples of all optimizers",
    "tests/verify/runs/test_optax.py": "every optimizer of optax, through a run",
    "tests/verify/problems/test_quantities.py": "what every quantity keeps",
    "tests/verify/problems/test_settings.py": "what every setting keeps",
    "tests/verify/plugin/test_resume.py": "a run that was interrupted, gone on with",
}
# Longer modules without a test file of their own, and the test that asks them by their names.
COVERED = {
    "reports/captions.py": "tests/reports/test_figures.py",
    "reports/counterexample.py": "tests/verify/trials/test_refutation.py",
    "reports/identification.py": "tests/verify/cli/test_identify.py",
    "reports/maps.py": "tests/reports/test_gallery.py",
    "reports/panels.py": "tests/reports/test_gallery.py",
    "reports/summary.py": "tests/reports/test_matrix.py",
    "reports/text.py": "tests/reports/test_tables.py",
    "solvers/problems.py": "tests/solvers/test_certificates.py",
    "solvers/uniqueness.py": "tests/solvers/test_references.py",
    "verify/claims/catalogue.py": "tests/verify/cli/test_app.py",
    "verify/claims/kinds/kind.py": "tests/verify/claims/kinds/test_contract.py",
    "verify/claims/kinds/order.py": "tests/verify/claims/test_judge.py",
    "verify/claims/kinds/rate.py": "tests/verify/claims/test_judge.py",
    "verify/claims/verdict.py": "tests/verify/claims/test_judge.py",
    "verify/cli/check.py": "tests/verify/cli/test_app.py",
    "verify/cli/common.py": "tests/verify/cli/test_app.py",
    "verify/cli/hunt_apart.py": "tests/verify/cli/test_apart.py",
    "verify/cli/hunted.py": "tests/verify/cli/test_hunt.py",
    "verify/cli/replay.py": "tests/verify/trials/test_refutation.py",
    "verify/datasets/cross_norm.py": "tests/verify/datasets/test_strategies.py",
    "verify/datasets/flavours.py": "tests/verify/datasets/test_strategies.py",
    "verify/datasets/repairs.py": "tests/verify/datasets/test_strategies.py",
    "verify/discovery/sharpened.py": "tests/verify/discovery/test_sharpening.py",
    "verify/flows/solver.py": "tests/verify/flows/test_flow.py",
    "verify/gallery/cattaneo2024_networks.py": "tests/verify/gallery/test_cattaneo2024_valley.py",
    "verify/gallery/experiment.py": "tests/verify/gallery/test_fan2025_experiment.py",
    "verify/gallery/surviving.py": "tests/verify/gallery/test_atlas.py",
    "verify/gallery/zou2023_digits.py": "tests/verify/gallery/test_zou2023_alignment.py",
    "verify/gallery/zou2023_phase.py": "tests/verify/gallery/test_zou2023_alignment.py",
    "verify/identification/continuation.py": "tests/verify/identification/test_identify.py",
    "verify/identification/identification.py": "tests/verify/identification/test_identify.py",
    "verify/identification/response.py": "tests/verify/identification/test_identify.py",
    "verify/identification/shares.py": "tests/verify/identification/test_identify.py",
    "verify/optimizers/directions.py": "tests/verify/optimizers/test_methods.py",
    "verify/optimizers/step_sizes.py": "tests/verify/optimizers/test_methods.py",
    "verify/plugin/fixture.py": "tests/verify/plugin/test_hooks.py",
    "verify/plugin/watch.py": "tests/verify/plugin/test_hooks.py",
    "verify/problems/backward/bias.py": "tests/verify/problems/backward/test_distances.py",
    "verify/problems/backward/settings.py": "tests/verify/problems/backward/test_samples.py",
    "verify/problems/backward/study.py": "tests/verify/cli/test_modified.py",
    "verify/problems/backward/sweep.py": "tests/verify/problems/backward/test_valley.py",
    "verify/problems/cnn/errors.py": "tests/verify/problems/cnn/test_training.py",
    "verify/problems/cnn/runs.py": "tests/verify/problems/cnn/test_separation.py",
    "verify/problems/cnn/settings.py": "tests/verify/problems/cnn/test_patches.py",
    "verify/problems/convex/methods.py": "tests/verify/problems/convex/test_norm_balls.py",
    "verify/problems/convex/runs.py": "tests/verify/problems/convex/test_settings.py",
    "verify/problems/convex/stacks.py": "tests/verify/problems/convex/test_settings.py",
    "verify/problems/margins/budgeted_gap.py": "tests/verify/claims/test_anatomy.py",
    "verify/problems/margins/ensembles.py": "tests/verify/problems/test_laboratory.py",
    "verify/problems/margins/reference_margins.py": "tests/verify/problems/margins/test_discrepancy.py",
    "verify/problems/margins/relations.py": "tests/verify/problems/margins/test_discrepancy.py",
    "verify/problems/margins/residual.py": "tests/verify/flows/test_flow.py",
    "verify/problems/margins/softmax.py": "tests/verify/problems/margins/test_lemmas.py",
    "verify/problems/margins/updates.py": "tests/verify/trials/test_trial.py",
    "verify/problems/networks/methods.py": "tests/verify/problems/networks/test_flow.py",
    "verify/runs/engine.py": "tests/verify/runs/test_simulation.py",
    "verify/runs/recording.py": "tests/verify/runs/test_simulation.py",
}
# Of these the test sees the work, by what calls them: a word of it.
BY_THEIR_CALLERS = {
    "reports/captions.py": "figures.figure(record, curves).caption",
    "reports/identification.py": "--figure",
    "reports/maps.py": 'figure="map"',
    "solvers/uniqueness.py": ".unique",
    "verify/cli/check.py": 'call("check"',
    "verify/cli/common.py": "does not take these options",
    "verify/cli/hunt_apart.py": "open/b, round 1",
    "verify/cli/hunted.py": "rounds in all",
    "verify/datasets/cross_norm.py": "cross_norm=",
    "verify/discovery/sharpened.py": "hunted.sentence.endswith(",
    "verify/flows/solver.py": "flow of dataset 1",
    "verify/identification/continuation.py": "log_time=",
    "verify/identification/identification.py": ".sentence",
    "verify/identification/response.py": ".gradients_pass",
    "verify/optimizers/directions.py": "optimizers.steepest_descent(",
    "verify/plugin/fixture.py": "does not count as verified",
    "verify/plugin/watch.py": "No theorem reached a verdict",
    "verify/runs/engine.py": "Simulation(",
    "verify/runs/recording.py": ".starved",
}
REFERENCE = re.compile(r"`((?:verify|solvers|reports)(?:\.[A-Za-z_]\w*)+)`|^::: (\S+)$", re.MULTILINE)


def mirrored(module: Path) -> Path:
    """The test file of a module."""
    return Path("tests") / module.with_name(f"test_{module.name}")


def lines(path: Path) -> int:
    return len((ROOT / path).read_text("utf-8").splitlines())


def imported(test: str) -> set[str]:
    """The names that a test imports, of modules too."""
    nodes = ast.walk(ast.parse((ROOT / test).read_text("utf-8")))
    return {alias.name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}


def names(module: Path) -> set[str]:
    """The public names that a module defines, and its own."""
    found = {module.stem}
    for node in ast.parse((ROOT / module).read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {name for name in found if not name.startswith("_")}


@pytest.mark.parametrize("path", TESTS, ids=str)
def test_a_test_lies_beside_its_module(path: Path):
    module = path.relative_to("tests").with_name(path.name.removeprefix("test_"))
    assert (module in MODULES) != (path.as_posix() in BEHAVIOURS), f"{path} is the test of no module: say of what"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.name != "__init__.py" and lines(path) > LONG], ids=str
)
def test_a_longer_module_has_a_test(path: Path):
    has, told = (ROOT / mirrored(path)).is_file(), path.as_posix() in COVERED
    assert has or told, f"{path} has no test: write {mirrored(path)}, or say which covers it"
    assert not (has and told), f"{path} has {mirrored(path)} by now: strike it from the list"


@pytest.mark.parametrize(("module", "test"), COVERED.items(), ids=COVERED)
def test_what_is_said_to_be_covered_is_imported(module: str, test: str):
    if module in BY_THEIR_CALLERS:
        assert BY_THEIR_CALLERS[module] in (ROOT / test).read_text("utf-8")
    else:
        assert names(Path(module)) & imported(test), f"{test} imports nothing of {module}"


def test_the_lists_name_files_that_are_there():
    for path in [*BEHAVIOURS, *COVERED, *COVERED.values(), *BY_THEIR_CALLERS]:
        assert (ROOT / path).is_file(), path
    assert COVERED.keys() >= BY_THEIR_CALLERS.keys()
    assert not [path for path in COVERED if lines(Path(path)) <= LONG]


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES}), ids=str)
def test_every_package_says_what_it_holds(folder: Path):
    start = ROOT / folder / "__init__.py"
    assert start.is_file()
    assert ast.get_docstring(ast.parse(start.read_text("utf-8")))


def resolves(name: str) -> bool:
    """Whether it is a module, or what one holds."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part) and part not in getattr(found, "__annotations__", {}):
                return False
            found = getattr(found, part, None)
        return True
    return False


TEXTS = [*MODULES, *PROPERTIES, Path("README.md"), Path("CONTRIBUTING.md")]
TEXTS += sorted(path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md"))
TEXTS.remove(Path("docs/migration.md"))  # which names modules that are no more


@pytest.mark.parametrize("path", TEXTS, ids=str)
def test_what_a_text_refers_to_is_there(path: Path):
    found = {one or other for one, other in REFERENCE.findall((ROOT / path).read_text("utf-8"))}
    assert [name for name in sorted(found) if not resolves(name)] == []


def test_what_is_not_there_is_noticed():
    assert resolves("verify.runs.budget.GapBudget.parts") or resolves("verify.runs.budget.GapBudget")
    assert not resolves("verify.budget")
    assert not resolves("verify.runs.nothing")
    assert REFERENCE.findall("see `verify.budget`, verify.a") == [("verify.budget", "")]
