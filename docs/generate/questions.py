"""`python -m docs.generate.questions`: writes docs/open-questions.md, from the records of the hunts that are kept.

The records are those of `properties/open/hunts`, which `verify hunt open --report-dir properties/open` goes on with.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reports import text
from reports.hunts import answered, dataset, read_questions, sentence
from reports.tables import escape_markdown

ROOT = Path(__file__).parents[2]
KEPT = "properties/open"
PAGE = "docs/open-questions.md"

_HEAD = """# Open questions

What nobody has proved, as conjectures that are hunted. A question is never red: its record says on how many datasets
the conjecture held and which came nearest, or which dataset answers it. `pytest properties/` hunts each for a moment;

```sh
verify hunt open --minutes 30 --report-dir properties/open
```

goes on from the records that are kept there, and `python -m docs.generate.questions` makes this page of them. A round
of a hunt draws new datasets and changes some of its archive, which holds the hardest one of each number of points,
features and support vectors and each margin. It begins with the datasets by which lower bounds were published. Where
the program has changed since, the hardest datasets are tried again first, and the count of the hunt before stays beside
the new one.

| Question | Where it stands | Datasets |
| --- | --- | --- |
"""


def page(root: Path = ROOT) -> str:
    """The page in Markdown; raises `ReportError` where a record is damaged."""
    records = sorted(read_questions(root / KEPT), key=lambda record: (answered(record), record["id"]))
    rows = [
        f"| [{escape_markdown(record['asks'])}](#{_anchor(record)}) | {'answered' if answered(record) else 'open'} | "
        f"{record['judged']} |\n"
        for record in records
    ]
    return "".join([_HEAD, *rows, *map(_section, records)])


def _anchor(record: Mapping[str, Any]) -> str:
    return str(record["id"]).replace("/", "-")


def _section(record: Mapping[str, Any]) -> str:
    hardest = record["archive"][:3]
    lines = [
        f"\n## {escape_markdown(record['asks'])} {{#{_anchor(record)}}}\n",
        f"`{record['id']}`, {escape_markdown(record['source'])}.\n",
        f"Conjectured: {escape_markdown(record['statement'])}\n",
        f"**{'Answered' if answered(record) else 'Open'}**: {escape_markdown(sentence(record).partition(': ')[2])}\n",
        *([f"Known: {escape_markdown(record['known'])}\n"] if record["known"] else []),
        f"Tried: {record['judged']} of {record['cases']} datasets, {record['about']}, to {record['horizon']}, in "
        f"{record['rounds']} rounds, {text.duration(record['seconds'])}; last on {record['created'][:10]}. The archive "
        f"holds {text.count(len(record['archive']), 'dataset')}"
        + (", of which the hardest are\n" if hardest else ".\n"),
    ]
    if record.get("earlier"):
        judged = sum(each["judged"] for each in record["earlier"])
        lines.insert(-1, f"Before, with earlier states of the program: {text.count(judged, 'dataset')}.\n")
    table = [f"| {escape_markdown(record['statistic'])} | points | features | dataset |\n| --- | --- | --- | --- |\n"]
    for hard in hardest:
        value = "infinite" if hard["value"] is None else text.number(hard["value"])
        n, d = hard["cell"][:2]
        table.append(f"| {value} | {n} | {d} | {escape_markdown(dataset(hard['case']))} |\n")
    return "\n".join(lines) + ("\n" + "".join(table) if hardest else "")


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit("python -m docs.generate.questions takes no arguments: it reads properties/open/hunts.")
    (ROOT / PAGE).write_text(page(), "utf-8")
