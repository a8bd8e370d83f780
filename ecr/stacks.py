"""Asks the `pulumi` command about the stacks of a project."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ecr.config_reader import shown
from ecr.errors import EcrError, InputError, RemoteError, printable

# A command that only reads answers in about a second, plus what its backend takes.
TIMEOUT_S = 120.0

_COMMAND = "pulumi"
_QUIET = {"PULUMI_SKIP_UPDATE_CHECK": "true"}

# pulumi/pulumi, sdk/go/common/util/cmdutil/exit.go, "Exit code taxonomy for the Pulumi CLI": a stable contract.
_CONFIGURATION, _AUTHENTICATION, _STACK_NOT_FOUND = 2, 3, 6

_INSTALL = "install it (https://www.pulumi.com/docs/install/), or add its folder to PATH"
_SIGN_IN = "sign in with `pulumi login`, or set PULUMI_BACKEND_URL and what that backend asks for"
_LIST = "`pulumi stack ls` lists the stacks"

_MAX_SHOWN = 400
_PASSWORD = re.compile(r"(?<=://)[^/@\s]+@")


def names(project: Path) -> tuple[str, ...]:
    """The stacks of the project in `project`, as `pulumi stack ls` names them.

    Raises:
        InputError: `pulumi` is not there, or does not take the folder as a project.
        RemoteError: not signed in, or the backend failed.
    """
    answer = _ask(project, ["stack", "ls", "--json"])
    if not isinstance(answer, list):
        raise _malformed("stack ls")
    found = [entry.get("name") for entry in answer if isinstance(entry, dict)]
    listed = tuple(name for name in found if isinstance(name, str) and _can_be_asked_for(name))
    if len(listed) != len(answer):
        raise _malformed("stack ls")
    return listed


def outputs(project: Path, stack: str) -> Mapping[str, object]:
    """The outputs of one stack, secrets masked as `[secret]`; none for a stack that was never deployed.

    Raises:
        InputError: no such stack, or as `names`.
        RemoteError: as `names`.
    """
    # Secrets would need --show-secrets.
    answer = _ask(project, ["stack", "output", "--json", _option(stack)])
    if not isinstance(answer, dict):
        raise _malformed("stack output")
    return answer


def resources(project: Path, stack: str) -> Sequence[object]:
    """The resources in a stack's state, as `pulumi stack export` writes them; secrets in it stay encrypted.

    Raises:
        InputError: no such stack, or as `names`.
        RemoteError: as `names`.
    """
    found = state(project, stack).get("resources")
    if found is None:  # a stack that was never deployed
        return []
    if not isinstance(found, list):
        raise _malformed("stack export")
    return found


def state(project: Path, stack: str) -> Mapping[str, object]:
    """All of a stack's state: its resources, and operations that were begun. Secrets and errors as in `resources`."""
    answer = _ask(project, ["stack", "export", _option(stack)])
    deployment = answer.get("deployment") if isinstance(answer, dict) else None
    if not isinstance(deployment, dict):
        raise _malformed("stack export")
    return deployment


def _option(stack: str) -> str:
    """The option that names a stack. `--stack=NAME`: a name that starts with a dash is no option."""
    if not _can_be_asked_for(stack):
        raise InputError("stack", f"{shown(stack)} is no stack's name; {_LIST}")
    return f"--stack={stack}"


def _can_be_asked_for(name: str) -> bool:
    """Whether a name can be an argument. An empty one would mean whatever stack is selected."""
    try:
        return bool(name) and b"\0" not in name.encode()
    except UnicodeEncodeError:
        return False


def _ask(project: Path, arguments: Sequence[str]) -> object:
    operation = " ".join(arguments[:2])
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell
            [_COMMAND, *arguments, "--non-interactive", "--color=never"],
            cwd=project,
            env={**os.environ, **_QUIET},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise InputError(_COMMAND, f"there is no such command; {_INSTALL}") from error
    except OSError as error:
        raise InputError(_COMMAND, f"can't be run: {error.strerror}; {_INSTALL}") from error
    except subprocess.TimeoutExpired as error:
        problem = f"has not answered in {TIMEOUT_S:.0f} s; check the network and the backend"
        raise _failed(operation, "TimeoutExpired", problem, temporary=True) from error
    if done.returncode != 0:
        raise _refused(operation, done.returncode, done.stderr.decode(errors="replace"), arguments[-1])
    try:
        answer: object = json.loads(done.stdout)
    except ValueError as error:
        raise _malformed(operation) from error
    return answer


def _refused(operation: str, code: int, stderr: str, last_argument: str) -> EcrError:
    reason = _reason(stderr)
    if code == _STACK_NOT_FOUND:
        return InputError(last_argument, f"{reason}; {_LIST}")
    if code == _CONFIGURATION:
        return InputError(f"{_COMMAND} {operation}", reason)
    hint = f"; {_SIGN_IN}" if code == _AUTHENTICATION else ""
    return _failed(operation, f"exit code {code}", f"failed: {reason}{hint}")


def _reason(stderr: str) -> str:
    """What Pulumi says, on one line, without passwords in addresses; its last lines where it says much."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("error:").strip() for line in lines if line.startswith("error:")]
    text = _PASSWORD.sub("***@", printable("; ".join(errors or lines[-3:]))) or "no reason given"
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."


def _malformed(operation: str) -> RemoteError:
    problem = "has answered with something else than was asked for; check that `pulumi version` is 3.256.0 or newer"
    return _failed(operation, "MalformedAnswer", problem)


def _failed(operation: str, code: str, problem: str, *, temporary: bool = False) -> RemoteError:
    return RemoteError(
        f"{_COMMAND} {operation} {problem}", service="pulumi", operation=operation, code=code, temporary=temporary
    )
