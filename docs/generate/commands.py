"""The page of the command line, made from the commands' own help."""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.cli import get_docs_for_click

_HEAD = """# Command line

This page is made from the commands' own help, `verify COMMAND --help`.

| Command | What it does |
| --- | --- |
"""
_OUTCOME = """
Bad input is one sentence on standard error, with exit code 2. Exit code 1 is a finding: a claim that does not count as
verified (`verify check`), a verdict that got worse (`verify compare`), or something to be mended (`verify doctor`).

`verify --version` says which version this is. `verify --install-completion` lets the shell complete commands, options
and claims' ids, and `verify --show-completion` prints the script that does it.
"""


def page() -> str:
    """The page in Markdown: a table of the commands, and the help of each."""
    from verify.cli.app import app

    group: Any = typer.main.get_command(app)
    context = group.context_class(group, info_name="verify")
    names = group.list_commands(context)
    table = "".join(f"| [`verify {name}`](#verify-{name}) | {_first(group.commands[name].help)} |\n" for name in names)
    described = (_section(group.commands[name], name, context) for name in names)
    return _HEAD + table + _OUTCOME + "\n" + "\n".join(described)


def _first(words: str) -> str:
    """The first sentence of a help text; a full stop within it is followed by no capital letter."""
    paragraph = " ".join(words.split("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z])", paragraph)[0]


def _section(command: Any, name: str, parent: Any) -> str:
    context = command.context_class(command, info_name=name, parent=parent)
    words = get_docs_for_click(obj=command, ctx=context, name=name, indent=1, call_prefix="verify")
    words = re.sub(r"^\* `--help`: .*\n", "", words, flags=re.MULTILINE)
    words = re.sub(r"^\*\*Options\*\*:\n\n(?!\*)", "", words, flags=re.MULTILINE)
    words = re.sub(r"<(?=!--)", "&lt;", words)
    return re.sub(r"^Examples?:(.*?)(?=\n\n)", _examples, words, flags=re.MULTILINE | re.DOTALL)


def _examples(found: re.Match[str]) -> str:
    """The examples of a help text, which semicolons separate, one a line."""
    lines = [" ".join(each.split()) for each in found[1].split(";")]
    return "```sh\n" + "\n".join(lines) + "\n```"
