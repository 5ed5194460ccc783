"""The page of the formats of records and exhibits, made from their JSON schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reports import gallery, hunts, records

Schema = dict[str, Any]

_HEAD = """# Records

A report folder holds what the checks found, and everything else is made from that:

| Path | What it is |
| --- | --- |
| `records/<slug>.json` | the record of one claim; its slug is the id with `/` written `__` |
| `curves/<slug>.npz` | the arrays that belong to it |
| `hunts/<slug>.json` | what a hunt in rounds tried of an open question, or of a claim, and goes on from |
| `gallery/<id>.json`, `.svg` | the findings of an experiment, and their figure |
| `index.html`, `figures/`, `report.md`, `report.json`, `summary.md` | the report, by `verify report` |

The formats are JSON schemas inside the package (`reports/record.schema.json`, `reports/hunt.schema.json`,
`reports/gallery.schema.json`). A record
that breaks its schema is neither written nor read: the error names the field. Numbers are finite, and what is not known
is `null`. In the tables below `[]` stands for the entries of a list, and `*` for any name.

"""


def page() -> str:
    """The page in Markdown: how a report folder is laid out, and a table for each schema."""
    arrays = (records.__doc__ or "").partition("\n\n")[2]
    parts = [_HEAD, "## Record\n", table(records.validator().schema), "\n## Curves\n\n", arrays, "\n\n"]
    parts += ["## Hunt\n", table(hunts.validator().schema), "\n"]
    return "".join([*parts, "## Exhibit\n", table(gallery.validator().schema)])


def table(schema: Any) -> str:
    """Every field of a schema as a row: its path, type and description; optional ones say so."""
    lines = ["", "| Field | Type | Meaning |", "| --- | --- | --- |"]
    for path, field, required in _fields(schema, schema, ""):
        words = (field.get("description") or "").replace("|", "\\|")
        optional = "" if required else "Optional. "
        lines.append(f"| `{path}` | {_type(field)} | {optional}{words} |")
    return "\n".join(lines) + "\n"


def _fields(schema: Schema, root: Schema, prefix: str) -> Iterator[tuple[str, Schema, bool]]:
    for name, given in schema.get("properties", {}).items():
        path, field = f"{prefix}{name}", _resolved(given, root)
        yield path, field, name in schema.get("required", [])
        yield from _inside(field, root, path)


def _inside(field: Schema, root: Schema, path: str) -> Iterator[tuple[str, Schema, bool]]:
    """The fields below a field, through lists, alternatives and maps of any names."""
    for each in [field, *(_resolved(one, root) for one in field.get("oneOf", []) + field.get("anyOf", []))]:
        yield from _fields(each, root, f"{path}.")
        if isinstance(items := each.get("items"), dict):
            yield from _inside(_resolved(items, root), root, f"{path}[]")
        if isinstance(more := each.get("additionalProperties"), dict):
            yield from _inside(_resolved(more, root), root, f"{path}.*")


def _resolved(field: Schema, root: Schema) -> Schema:
    """The field with what it refers to; its own description comes first."""
    if "$ref" not in field:
        return field
    target: Any = root
    for part in field["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**target, **{name: value for name, value in field.items() if name != "$ref"}}


def _type(field: Schema) -> str:
    """The type in words: `number or null`, `list of object`, or the values that are allowed."""
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    choices = field.get("oneOf", []) + field.get("anyOf", [])
    if choices:
        return " or ".join(dict.fromkeys(_type(choice) for choice in choices))
    kinds = field.get("type", "object")
    words = [kinds] if isinstance(kinds, str) else kinds
    items = field.get("items", {})
    inner = f" of {items['type']}" if isinstance(items, dict) and isinstance(items.get("type"), str) else ""
    return " or ".join({"array": f"list{inner}", "object": "object"}.get(word, word) for word in words)
