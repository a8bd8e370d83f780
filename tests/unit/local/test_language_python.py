"""The stand-in language host: which Python it takes, what it says of a project, and how it runs plugins."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import NoReturn, TypeVar

import grpc  # type: ignore[import-untyped]  # grpcio carries no types
import pytest
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import language_pb2

from local.plugins.errors import StandInError
from local.plugins.language_python import LanguageHost, interpreter, main, program_arguments

Answer = TypeVar("Answer")


class Aborted(Exception):
    """What the fake context raises, as gRPC does."""


class FakeContext:
    """Raises what a call is ended with."""

    async def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        raise Aborted(code.name, details)


def project(folder: Path, **options: str) -> language_pb2.ProgramInfo:
    chosen = Struct()
    chosen.update(options)
    return language_pb2.ProgramInfo(
        root_directory=str(folder), program_directory=str(folder), entry_point=".", options=chosen
    )


def this_python(folder: Path) -> language_pb2.ProgramInfo:
    """A project whose virtual environment is the one that runs the tests."""
    (folder / "environment").symlink_to(sys.prefix)
    return project(folder, virtualenv="environment", toolchain="pip")


def told(answer: Awaitable[Answer]) -> Answer:
    async def run() -> Answer:
        return await answer

    return asyncio.run(run())


def streamed(answers: AsyncIterator[Answer]) -> list[Answer]:
    async def run() -> list[Answer]:
        return [one async for one in answers]

    return asyncio.run(run())


def test_a_project_runs_in_the_environment_that_it_names(tmp_path: Path) -> None:
    assert interpreter(this_python(tmp_path)) == tmp_path / "environment" / "bin" / "python"


def test_a_project_without_an_environment_runs_with_the_python_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreter(project(tmp_path)) == python
    python.unlink()
    with pytest.raises(StandInError, match="there is no python3 on PATH"):
        interpreter(project(tmp_path))


def test_an_environment_that_is_not_there_is_named_with_what_makes_it(tmp_path: Path) -> None:
    request = language_pb2.GetRequiredPackagesRequest(info=project(tmp_path, virtualenv=".venv"))
    with pytest.raises(Aborted) as refused:
        told(LanguageHost("").GetRequiredPackages(request, FakeContext()))
    words = f"Pulumi.yaml names the virtualenv {tmp_path}/.venv, which is not there: run pulumi install"
    assert refused.value.args == ("UNKNOWN", words)


def test_the_packages_of_the_program_are_told_with_their_versions(tmp_path: Path) -> None:
    request = language_pb2.GetRequiredPackagesRequest(info=this_python(tmp_path))
    found = told(LanguageHost("").GetRequiredPackages(request, FakeContext())).packages
    assert {one.name for one in found} == {"aws", "docker"}
    assert all(one.kind == "resource" and one.version for one in found)


def test_about_tells_of_the_environments_python_and_packages(tmp_path: Path) -> None:
    info = this_python(tmp_path)
    about = told(LanguageHost("").About(language_pb2.AboutRequest(info=info), FakeContext()))
    assert about.version == ".".join(str(part) for part in sys.version_info[:3])
    request = language_pb2.GetProgramDependenciesRequest(info=info)
    packages = told(LanguageHost("").GetProgramDependencies(request, FakeContext())).dependencies
    assert {"pulumi", "boto3"} <= {one.name for one in packages}


def test_the_program_is_told_what_the_engine_has_said() -> None:
    request = language_pb2.RunRequest(
        project="p", stack="s", organization="o", monitor_address="m", parallel=3, dryRun=True,
        config={"p:key": "value"}, configSecretKeys=["p:key"],
        info=language_pb2.ProgramInfo(root_directory="/p", program_directory="/p/main", entry_point="."),
    )  # fmt: skip
    given = program_arguments(request, "e")
    assert json.loads(json.dumps(given)) == {
        "settings": {
            "monitor": "m", "engine": "e", "project": "p", "stack": "s", "parallel": 3, "dry_run": True,
            "organization": "o", "root_directory": "/p",
        },
        "config": {"p:key": "value"},
        "secret_keys": ["p:key"],
        "program": "/p/main",
    }  # fmt: skip


PLUGIN = """
import os, sys
sys.stdout.write("1234\\n")
sys.stdout.flush()
sys.stderr.write(" ".join([*sys.argv[1:], os.environ["GIVEN"], os.getcwd()]))
sys.exit(7)
"""


def test_a_plugin_runs_with_what_it_was_given_and_its_output_and_exit_code_are_passed_on(tmp_path: Path) -> None:
    info = this_python(tmp_path)
    (tmp_path / "__main__.py").write_text(PLUGIN)
    request = language_pb2.RunPluginRequest(
        info=info, pwd="/", args=["127.0.0.1:1"], env=["GIVEN=a=b"], kind="resource"
    )
    said = streamed(LanguageHost("").RunPlugin(request, FakeContext()))
    assert b"".join(one.stdout for one in said) == b"1234\n"
    assert b"".join(one.stderr for one in said) == b"127.0.0.1:1 a=b /"
    assert (said[-1].WhichOneof("output"), said[-1].exitcode) == ("exitcode", 7)


def test_a_policy_pack_is_served_by_the_sdk_in_its_own_environment(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    python.chmod(0o755)
    request = language_pb2.RunPluginRequest(
        info=project(tmp_path, virtualenv=".venv"), pwd="/", args=["127.0.0.1:1"], kind="analyzer"
    )
    said = streamed(LanguageHost("").RunPlugin(request, FakeContext()))
    assert b"".join(one.stdout for one in said).decode() == f"-um|pulumi.policy|127.0.0.1:1|{tmp_path}|"
    assert said[-1].exitcode == 0


def test_install_makes_the_environment_and_says_when_a_package_can_not_be_had(tmp_path: Path) -> None:
    request = language_pb2.InstallDependenciesRequest(info=project(tmp_path, virtualenv=".venv"))
    assert streamed(LanguageHost("").InstallDependencies(request, FakeContext())) == []
    assert (tmp_path / ".venv" / "bin" / "python").exists()
    (tmp_path / "requirements.txt").write_text("./not-there.whl\n")
    with pytest.raises(Aborted) as refused:
        streamed(LanguageHost("").InstallDependencies(request, FakeContext()))
    assert refused.value.args == ("UNKNOWN", "-m pip install ended with exit code 1")


@pytest.mark.parametrize("args", [[], ["--logflow"]], ids=["nothing", "options alone"])
def test_a_person_who_starts_it_is_told_what_it_is(args: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"usage: .*the Pulumi engine starts this"):
        main(args)


def test_without_an_engine_it_does_not_start() -> None:
    with pytest.raises(SystemExit, match="no Pulumi engine answers at"):
        main(["127.0.0.1:1"])
