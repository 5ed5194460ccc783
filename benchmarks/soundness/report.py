"""The tables of a soundness run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.soundness.identifying import counts, missed
from benchmarks.soundness.judging import ERROR
from benchmarks.soundness.results import Line
from benchmarks.soundness.run import Part, Plan, wrong
from benchmarks.tables import Cell, Section

_SHORT = 200  # characters of a sentence
_VERDICTS = ("SUPPORTED", "REFUTED", "INCONCLUSIVE")


def sections(plan: Plan, lines: Sequence[Line]) -> list[Section]:
    """All tables that have rows: counts of verdicts, what was wrong, what was left open, thin twins, and the power."""
    counted = [line for line in lines if line["part"] not in (Part.POWER, Part.IDENTIFY)]
    answers = [line for line in lines if line["part"] == Part.IDENTIFY]
    made = [
        Section(f"Soundness, {plan.profile.name}", _note(plan, lines), _counts(counted)),
        Section("Seed by seed", "Claims of `properties` and their false twins.", list(_by_seed(counted))),
        Section("Wrong verdicts", "Each with its seed, and what was said.", list(_wrong(counted))),
        Section("Open verdicts", "INCONCLUSIVE; the sentence is that of the first seed.", list(_open(counted))),
        Section("Twins that were not refuted", "On the seeds named.", list(_thin(counted))),
        Section("Power", _POWER, list(_power(lines))),
        Section("Which norm is followed", _ANSWERS, list(counts(answers))),
        Section("Wrong answers", "Each with its seed, and what was said.", list(missed(answers))),
    ]
    return [section for section in made if section.rows]


_POWER = (
    "Verdicts (supported/inconclusive/refuted) on laws whose exponent is too large by so much; 0 is the true law. "
    "A law is told apart where it is refuted."
)
_ANSWERS = (
    "What `verify.identify` says on 8 drawn datasets of 5 classes. Right: the norm that the method follows in "
    "the end, or one that is told to give way to it. Wrong: another, `none of these` where there is one, or without a "
    "known truth what a longer run contradicts."
)


def _note(plan: Plan, lines: Sequence[Line]) -> str:
    seeds = sorted({task.seed for task in plan.tasks})
    through = f"seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"seed {seeds[0]}"
    missing = len(plan.tasks) - len(lines)
    left = f" {missing} of {len(plan.tasks)} verdicts are not there yet." if missing else ""
    effort = f"{plan.profile.datasets} datasets, {plan.profile.steps} steps"
    return f"Master {through}; {effort}. Wrong: a true one refuted, or a false one supported.{left}"


def _counts(lines: Sequence[Line]) -> list[dict[str, Cell]]:
    """A row for the true and one for the false of each part, and of each kind of the catalogue."""
    parts = {str(part): [line for line in lines if line["part"] == part] for part in Part}
    catalogue = parts[Part.CATALOGUE]
    parts |= {
        f"catalogue, {kind}": [line for line in catalogue if line["kind"] == kind]
        for kind in sorted({line["kind"] for line in catalogue})
    }
    groups = [(name, truth, [line for line in those if line["true"] is truth]) for name, those in parts.items()
              for truth in (True, False)]  # fmt: skip
    rows = [_row(name, truth, [line["outcome"] for line in those], those) for name, truth, those in groups if those]
    if twins := [twin["verdict"] for line in lines for twin in line.get("twins", ())]:
        rows.append(_row("twins of properties", False, twins, []))
    return rows


def _row(name: str, truth: bool, outcomes: Sequence[str], lines: Sequence[Line]) -> dict[str, Cell]:
    """The verdicts counted; the seconds of twins are those of their claims."""
    counts = {verdict: list(outcomes).count(verdict) for verdict in _VERDICTS}
    row: dict[str, Cell] = {"what": name, "it is": "true" if truth else "false", "verdicts": len(outcomes)}
    row |= {verdict.lower(): count for verdict, count in counts.items()}
    row |= {"wrong": counts["REFUTED" if truth else "SUPPORTED"], "errors": list(outcomes).count(ERROR)}
    return row | {"seconds": float(sum(line["seconds"] for line in lines)) if lines else None}


def _by_seed(lines: Sequence[Line]) -> Iterable[dict[str, Cell]]:
    """A row a seed, so that runs at different times stand in one table."""
    claims = [line for line in lines if line["part"] == Part.PROPERTIES]
    for seed in sorted({line["seed"] for line in claims}):
        those = [line for line in claims if line["seed"] == seed]
        twins = [twin["verdict"] for line in those for twin in line.get("twins", ())]
        row: dict[str, Cell] = {"seed": seed, "claims": len(those)}
        row |= {outcome.lower(): sum(line["outcome"] == outcome for line in those) for outcome in (*_VERDICTS, ERROR)}
        row |= {"twins": len(twins)} | {f"twins {v.lower()}": twins.count(v) for v in _VERDICTS}
        yield row | {"seconds": float(sum(line["seconds"] for line in those))}


def _wrong(lines: Sequence[Line]) -> Iterable[dict[str, Cell]]:
    for line in lines:
        for what in wrong(line):
            sentence = line["sentence"]
            for said in (*line.get("twins", ()), *line.get("real", ())):
                if repr(said.get("wrong")) in what or what.endswith(f" on {said.get('name')}"):
                    sentence = said["sentence"]
            yield {"name": line["name"], "seed": line["seed"], "wrong": what, "said": _brief(sentence)}


def _open(lines: Sequence[Line]) -> Iterable[dict[str, Cell]]:
    names = dict.fromkeys(line["name"] for line in lines if line["outcome"] == "INCONCLUSIVE")
    for name in names:
        those = [line for line in lines if line["name"] == name and line["outcome"] == "INCONCLUSIVE"]
        of = sum(line["name"] == name for line in lines)
        truth = "true" if those[0]["true"] else "false"
        yield {"name": name, "it is": truth, "seeds": f"{len(those)} of {of}", "said": _brief(those[0]["sentence"])}


def _thin(lines: Sequence[Line]) -> Iterable[dict[str, Cell]]:
    missed: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for line in lines:
        for twin in line.get("twins", ()):
            if twin["verdict"] != "REFUTED":
                missed.setdefault((line["name"], twin["wrong"]), []).append((line["seed"], twin["verdict"]))
    for (name, twin), seeds in missed.items():
        of = sum(line["name"] == name for line in lines)
        said = ", ".join(f"{seed} {verdict}" for seed, verdict in seeds)
        yield {"name": name, "twin": twin, "seeds": f"{len(seeds)} of {of}", "said": said}


def _power(lines: Sequence[Line]) -> Iterable[dict[str, Cell]]:
    lines = [line for line in lines if line["part"] == Part.POWER]
    rows: dict[str, list[Line]] = {}
    for line in lines:
        rows.setdefault(line["name"].rpartition(", ")[0], []).append(line)
    excesses = sorted({line["excess"] for line in lines})
    for name, those in rows.items():
        row: dict[str, Cell] = {"run": name}
        for excess in excesses:
            found = [line["outcome"] for line in those if line["excess"] == excess]
            counts = (found.count(verdict) for verdict in ("SUPPORTED", "INCONCLUSIVE", "REFUTED"))
            row[f"{excess:g}"] = "/".join(map(str, counts)) if found else None
        yield row


def _brief(sentence: str) -> str:
    return sentence if len(sentence) <= _SHORT else sentence[: _SHORT - 3].rstrip() + "..."
