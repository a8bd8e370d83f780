"""The commands that the documentation names: they and their options have to be there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.core import TyperGroup

from ecr.cli.app import COMMANDS, app
from ecr.cli.loading import Later

if TYPE_CHECKING:
    from typer._click import Command

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")]
    if path.name != "CHANGELOG.md"
)
CODE = re.compile(r"^```(?:sh)?\n(.*?)^```$|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
OTHER_BLOCK = re.compile(r"^```(?!sh$)\w+\n.*?^```$", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"(?<![\w/.:-])(?:(?:\.venv/bin/)?python -m )?ecr ((?:[a-z]+)(?: [^|#;&<>)\"\n]*)?)")


def calls(text: str) -> Iterator[str]:
    """What follows `ecr` or `python -m ecr` wherever it stands as code."""
    for block, span in CODE.findall(OTHER_BLOCK.sub("", text)):
        for match in CALL.finditer(block or span):
            if not re.search(r"aws $", (block or span)[: match.start()]):
                yield match.group(1).strip()


@cache
def command(name: str) -> Command:
    found = app.commands[name]
    return found.load() if isinstance(found, Later) else found


def unknown(call: str) -> list[str]:
    """The words of a call that its command does not know: the command itself, or options."""
    words = shlex.split(call.replace("...", ""))
    if words[0] not in COMMANDS:
        return words[:1]
    found, words = command(words[0]), words[1:]
    if isinstance(found, TyperGroup):
        if not words or words[0] not in found.commands:
            return words[:1]
        inner = found.commands[words[0]]
        found, words = inner.load() if isinstance(inner, Later) else inner, words[1:]
    options = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    given = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return [option for option in given if option not in {*options, "--help"}]


def test_a_call_is_seen_wherever_it_stands_as_code() -> None:
    block = "```sh\n.venv/bin/python -m ecr status -s dev   # a word\naws ecr get-x\n```\n"
    text = f"`ecr scan X --json | jq .`\n{block}```mermaid\necr a\n```\necr no\n"
    assert list(calls(text)) == ["scan X --json", "status -s dev"]


@pytest.mark.parametrize(
    ("call", "missing"),
    [
        pytest.param("status --stack dev -s prod", [], id="all there"),
        pytest.param("statu", ["statu"], id="no command"),
        pytest.param("status --stak dev", ["--stak"], id="no option"),
        pytest.param("lifecycle simulate --images=x", [], id="in a group"),
        pytest.param("lifecycle simulat", ["simulat"], id="not in a group"),
    ],
)
def test_what_is_not_there_is_found(call: str, missing: list[str]) -> None:
    assert unknown(call) == missing


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_commands_and_options_that_are_there(page: str) -> None:
    named = {call: missing for call in calls((ROOT / page).read_text()) if (missing := unknown(call))}
    assert named == {}
