from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from ecr.cli import app, arguments, lifecycle, loading
from ecr.errors import Conflict, EcrError, ExitCode, GateClosed, InputError, InputErrors, RemoteError
from tests.unit.ecr.cli.running import ROOT, Shell, fresh

GROUPS = {(): app.app, ("lifecycle",): lifecycle.app}
COMMANDS = {
    (*path, name): typing.cast("loading.Later", command)
    for path, group in GROUPS.items()
    for name, command in group.commands.items()
}
ALL = [(), *COMMANDS]
SINGLE = {path: command for path, command in COMMANDS.items() if path not in GROUPS}

MISTAKES = [
    pytest.param([], "Missing command.", id="nothing"),
    pytest.param(["cpoy"], "No such command 'cpoy'.", id="command"),
    pytest.param(["copy", "only-one"], "Missing argument 'DST'.", id="too-few"),
    pytest.param(["copy", "a", "b", "c"], "Got unexpected extra argument(s) (c)", id="too-many"),
    pytest.param(["verify"], "Missing argument 'IMAGE_URI'.", id="no-image"),
    pytest.param(["copy", "--jsn", "a", "b"], "No such option: --jsn", id="option"),
    pytest.param(["scan", "x", "--wait", "soon"], "Invalid value for '--wait'", id="type"),
    pytest.param(["scan", "x", "--wait", "-1"], "Invalid value for '--wait'", id="range"),
]
MISTAKES_BELOW = [
    pytest.param(["lifecycle", "delete"], "No such command 'delete'.", id="command"),
    pytest.param(["lifecycle", "explain"], "Missing argument 'IMAGE'.", id="too-few"),
    pytest.param(["lifecycle", "simulate", "x"], "Got unexpected extra argument(s) (x)", id="too-many"),
    pytest.param(["lifecycle", "forecast", "--days", "soon"], "Invalid value for '--days'", id="type"),
    pytest.param(["lifecycle", "compare", "--images", "x"], "No such option: --images", id="option"),
]


def examples(help_text: str) -> list[str]:
    return re.findall(r"^ +(python -m ecr .*)$", help_text, re.MULTILINE)


@pytest.mark.parametrize("command", ALL, ids=lambda command: " ".join(command) or "ecr")
def test_every_command_explains_itself_with_an_example(command: tuple[str, ...], shell: Shell) -> None:
    ran = shell(*command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert examples(ran.out)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_line_in_the_table_is_the_first_of_the_commands_own_help(path: tuple[str, ...]) -> None:
    later = COMMANDS[path]
    assert later.short_help == (later.load().help or "").splitlines()[0]


def test_every_module_that_is_a_command_is_in_a_table() -> None:
    for path in GROUPS:
        folder = Path(loading.__file__).parent.joinpath(*path)
        modules = {file.stem for file in folder.glob("*.py") if "\nHELP = " in file.read_text(encoding="utf-8")}
        assert {name for *above, name in SINGLE if tuple(above) == path} == modules


@pytest.mark.parametrize(
    ("path", "example"),
    [
        pytest.param(path, line, id=line)
        for path, command in SINGLE.items()
        for line in examples(command.load().help or "")
    ],
)
def test_every_example_of_the_help_is_accepted_by_the_parser(path: tuple[str, ...], example: str) -> None:
    words = tuple(shlex.split(example.removeprefix(app.PROGRAM)))
    assert words[: len(path)] == path
    COMMANDS[path].make_context(path[-1], list(words[len(path) :]))


@pytest.mark.parametrize("command", ALL, ids=lambda command: " ".join(command) or "ecr")
def test_help_fits_a_terminal_of_80_columns_but_for_examples(command: tuple[str, ...]) -> None:
    ran = fresh(*command, "--help", env={"COLUMNS": "80"})
    assert [line for line in ran.stdout.splitlines() if len(line) > 80 and "python -m ecr" not in line] == [
        line for line in ran.stdout.splitlines() if line.startswith("    1  the answer is no")
    ]


def test_a_command_is_loaded_when_it_is_named_and_no_sooner() -> None:
    probe = """
import sys
from ecr.cli.app import COMMANDS, main
main(["--help"]), main(["copi"]), main(["copy", "--help"])
print(sorted(name for name in COMMANDS if f"ecr.cli.{name}" in sys.modules), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "['copy']"


def test_help_loads_neither_aws_nor_pulumi_nor_http_nor_bars() -> None:
    probe = """
import json, sys
from ecr.cli.app import main
for command in json.loads(sys.argv[1]):
    assert main([*command, "--help"]) == 0
found = {name for name in sys.modules if name.partition(".")[0] in
         {"boto3", "botocore", "pulumi", "urllib3", "http", "ssl", "docker", "yaml", "rich", "leather"}}
sys.exit(f"loaded: {sorted(found)}" if found else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", probe, json.dumps(ALL)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("argv", "problem"), [*MISTAKES, *MISTAKES_BELOW, pytest.param(["lifecycle"], "Missing command.", id="group")]
)
def test_wrong_arguments_are_one_line_and_a_hint(argv: list[str], problem: str, shell: Shell) -> None:
    ran = shell(*argv)
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    line, hint = ran.err.splitlines()
    assert line.startswith(f"error: {problem}")
    assert re.fullmatch(r"hint: python -m ecr( \w+){0,2} --help", hint)


@pytest.mark.parametrize(("argv", "problem"), [*MISTAKES[1:], *MISTAKES_BELOW])
def test_wrong_arguments_are_json_when_asked_for(argv: list[str], problem: str, shell: Shell) -> None:
    group = argv[:1] if argv[0] == "lifecycle" else []
    name, *rest = argv[len(group) :]
    ran = shell(*group, name, "--json", *rest)
    assert (ran.code, ran.err) == (ExitCode.BAD_INPUT, "")
    error = typing.cast("dict[str, object]", ran.json["error"])
    assert str(error.pop("message")).startswith(problem)
    assert error == {"kind": "UsageError", "exit_code": 2}


# What any command may raise: a contract for those who call the commands from scripts.
ERRORS = [
    pytest.param(InputError("DST", "is wrong"), "InputError", 2, ["DST: is wrong"], id="input"),
    pytest.param(
        InputErrors((InputError("a", "is wrong"), InputError("b", "is wrong"))),
        "InputErrors", 2, ["a: is wrong", "b: is wrong"], id="inputs",
    ),
    pytest.param(Conflict("the tag is taken"), "Conflict", 1, ["the tag is taken"], id="conflict"),
    pytest.param(
        GateClosed("HOST/NAME@sha256:x", ("1 finding",)), "GateClosed", 1,
        ["HOST/NAME@sha256:x does not pass the gate: 1 finding"], id="gate",
    ),
    pytest.param(
        RemoteError("no [prod-*] here", service="ecr", operation="PutImage", code="Nope"),
        "RemoteError", 3, ["no [prod-*] here"], id="remote",
    ),
]  # fmt: skip


def failing(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_arguments: object, **_options: object) -> typing.Never:
        raise error

    monkeypatch.setattr(arguments, "image", run)


@pytest.mark.parametrize(("error", "kind", "code", "lines"), ERRORS)
def test_an_error_is_its_line_and_its_exit_code(  # noqa: PLR0917 - the columns of a table
    error: EcrError, kind: str, code: int, lines: list[str], shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(error, monkeypatch)
    text = shell("verify", "x")
    assert (text.code, text.out, text.err.splitlines()) == (code, "", [f"error: {line}" for line in lines])
    as_json = shell("verify", "x", "--json")
    assert (as_json.code, as_json.err) == (code, "")
    assert as_json.json == {"error": {"kind": kind, "message": "\n".join(lines), "exit_code": code}}


def test_a_bug_stays_a_traceback(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(ZeroDivisionError("a bug"), monkeypatch)
    with pytest.raises(ZeroDivisionError):
        shell("verify", "x")


def test_an_interruption_is_one_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(KeyboardInterrupt(), monkeypatch)
    ran = shell("verify", "x")
    assert (ran.code, ran.out, ran.err) == (130, "", "interrupted\n")


def test_an_interruption_at_the_very_start_is_one_line_too() -> None:
    probe = """
import runpy, sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "ecr.cli.app":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
runpy.run_module("ecr", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_without_its_packages_the_command_says_how_to_get_them() -> None:
    # -S leaves out the packages of the virtual environment.
    done = subprocess.run([sys.executable, "-S", "-m", "ecr"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.BAD_INPUT
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: the program's packages are not installed for this Python")
