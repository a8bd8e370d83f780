"""Runs commands against an ECR that moto plays, each in a process of its own, in several ways to treat its output.

Started as a program by `test_surroundings.py`: what is asked comes as JSON on stdin, what came out goes to stdout. Each
command is run in a fork, with real file descriptors, so that loading all of it is paid for once.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import NoReturn, TextIO

import boto3
from moto import mock_aws

from ecr.cli.app import main
from tests.unit.ecr.cli.amazon import push

EXPIRE = {"type": "expire"}
RULE = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10}


def closed() -> None:
    """As `>&-`."""
    os.close(1)


def unread() -> None:
    """As `| head -c0` once `head` has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    os.dup2(writing, 1)
    os.close(writing)


def narrow() -> None:
    os.environ["COLUMNS"] = "40"


WAYS: dict[str, Callable[[], None]] = {
    "as-usual": lambda: None,
    "narrow": narrow,
    "stdout-closed": closed,
    "nobody-reads": unread,
}


class Fork:
    """A command that runs."""

    def __init__(self, argv: list[str], prepare: Callable[[], None]) -> None:
        self._files = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - closed by `wait`
        self._child = os.fork()
        if self._child == 0:
            _command(argv, prepare, *(file.fileno() for file in self._files))

    def wait(self) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        _, status = os.waitpid(self._child, 0)
        texts = []
        for file in self._files:
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
            file.close()
        return os.waitstatus_to_exitcode(status), texts[0], texts[1]


def _command(argv: list[str], prepare: Callable[[], None], out: int, err: int) -> NoReturn:
    os.dup2(out, 1)
    os.dup2(err, 2)
    prepare()
    sys.stdout = _stdout()
    try:
        code = main(argv)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - as Python ends
        with contextlib.suppress(OSError):
            traceback.print_exc()
        code = 99
    os._exit(code)


def _stdout() -> TextIO:
    """As Python makes it when it starts, with this process's encoding: none where the descriptor is closed."""
    try:
        return io.TextIOWrapper(io.FileIO(1, "w", closefd=False), sys.stdout.encoding)
    except OSError:
        return None  # type: ignore[return-value]  # what Python does


def play() -> dict[str, dict[str, tuple[int, str, str]]]:
    """Way -> command -> what came out."""
    asked = json.load(sys.stdin)
    with mock_aws():
        push("dev/yoon-app", "v1.0.0")
        policy = {"rules": [{"rulePriority": 1, "description": "최신 열 개", "selection": RULE, "action": EXPIRE}]}
        boto3.client("ecr").put_lifecycle_policy(repositoryName="dev/yoon-app", lifecyclePolicyText=json.dumps(policy))
        results: dict[str, dict[str, tuple[int, str, str]]] = {way: {} for way in asked["ways"]}
        for name, argv in asked["commands"].items():
            running = {way: Fork(argv, WAYS[way]) for way in results}
            for way, fork in running.items():
                results[way][name] = fork.wait()
        return results


def no_host(*_: object, **__: object) -> NoReturn:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


if __name__ == "__main__":
    socket.getaddrinfo = no_host
    sys.stdout.write(json.dumps(play()))
