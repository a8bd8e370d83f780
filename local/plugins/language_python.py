"""The stand-in for `pulumi-language-python`: `python -m local.plugins.language_python ENGINE_ADDRESS`.

The engine starts it for a project whose `runtime` is python, reads its port, and asks it what the program needs and to
run it, in the virtual environment that the project's options name. What is asked, and when: `langruntime_plugin.go` of
the engine's source, https://github.com/pulumi/pulumi/tree/v3.256.0/sdk/go/common/resource/plugin. How the program is
given what it has to know: `sdk/python/cmd/pulumi-language-python-exec` there.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path

import grpc.aio  # type: ignore[import-untyped]  # grpcio carries no types
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS  # as server.py does
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from local.plugins.errors import StandInError
from local.plugins.server import Context, answer, engine_answers, until_ended

PROGRAM = Path(__file__).with_name("language_python_program.py")  # run with -P: its neighbours are not the program's
TOLD_THE_USER = 32  # the program has reported what is wrong; the engine has nothing to add
CHUNK = 64 * 1024
PACKAGES = """
import json, pathlib, sysconfig
found = [json.loads(path.read_text())
         for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
         for path in pathlib.Path(folder).glob("*/pulumi-plugin.json")]
print(json.dumps([one for one in found if one.get("resource")]))
"""
DEPENDENCIES = """
import importlib.metadata, json
print(json.dumps(sorted({(one.metadata["Name"], one.version) for one in importlib.metadata.distributions()})))
"""


def virtual_environment(info: language_pb2.ProgramInfo) -> Path | None:
    """Where the project's virtual environment is, or has to be; None when the project names none."""
    named = dict(info.options).get("virtualenv")
    return Path(info.root_directory) / str(named) if named else None


def interpreter(info: language_pb2.ProgramInfo) -> Path:
    """The Python that runs the project's program.

    Raises:
        StandInError: the virtual environment that the project names is not there, or there is no Python at all.
    """
    folder = virtual_environment(info)
    if folder is None:
        on_path = shutil.which("python3") or shutil.which("python")
        if on_path is None:
            raise StandInError("there is no python3 on PATH, and Pulumi.yaml names no virtualenv")
        return Path(on_path)
    python = folder / "bin" / "python"
    if not python.exists():
        raise StandInError(f"Pulumi.yaml names the virtualenv {folder}, which is not there: run pulumi install")
    return python


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers the engine's questions about Python projects."""

    def __init__(self, engine: str) -> None:
        self._engine = engine

    async def GetPluginInfo(self, _request: object, _context: Context) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Names no version: the stand-in belongs to this project, and to whatever engine it has."""
        return plugin_pb2.PluginInfo()

    async def GetRequiredPackages(  # noqa: N802
        self, request: language_pb2.GetRequiredPackagesRequest, context: Context
    ) -> language_pb2.GetRequiredPackagesResponse:
        """The provider packages that are installed for the program, as each one's `pulumi-plugin.json` has it."""
        found = await answer(_asked(request.info, PACKAGES), context)
        packages = [
            plugin_pb2.PackageDependency(
                kind="resource",
                name=str(one["name"]),
                version=str(one.get("version") or ""),
                server=str(one.get("server") or ""),
            )
            for one in found
            if isinstance(one, dict)
        ]
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    async def About(  # noqa: N802
        self, request: language_pb2.AboutRequest, context: Context
    ) -> language_pb2.AboutResponse:
        """The interpreter, for `pulumi about`."""
        code = "import json, platform, sys; print(json.dumps([sys.executable, platform.python_version()]))"
        executable, version = await answer(_asked(request.info, code), context)
        return language_pb2.AboutResponse(executable=str(executable), version=str(version))

    async def GetProgramDependencies(  # noqa: N802
        self, request: language_pb2.GetProgramDependenciesRequest, context: Context
    ) -> language_pb2.GetProgramDependenciesResponse:
        """All packages that are installed for the program, for `pulumi about`."""
        found = await answer(_asked(request.info, DEPENDENCIES), context)
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=str(one[0]), version=str(one[1]))
                for one in found
                if isinstance(one, list)
            ]
        )

    async def RuntimeOptionsPrompts(  # noqa: N802
        self, _request: language_pb2.RuntimeOptionsRequest, _context: Context
    ) -> language_pb2.RuntimeOptionsResponse:
        """Nothing to ask: `Pulumi.yaml` has the options."""
        return language_pb2.RuntimeOptionsResponse()

    async def InstallDependencies(  # noqa: N802
        self, request: language_pb2.InstallDependenciesRequest, context: Context
    ) -> AsyncIterator[language_pb2.InstallDependenciesResponse]:
        """Make the virtual environment where there is none, and install `requirements.txt`."""
        folder = virtual_environment(request.info)
        requirements = Path(request.info.program_directory) / "requirements.txt"
        commands = [[sys.executable, "-m", "venv", str(folder)]] if folder and not folder.exists() else []
        if requirements.exists():
            python = folder / "bin" / "python" if folder else await answer(_found(request.info), context)
            commands.append([str(python), "-m", "pip", "install", "--quiet", "-r", str(requirements)])
        for command in commands:
            async for name, said in _run(command, cwd=request.info.program_directory, env=os.environ):
                if isinstance(said, bytes):
                    yield language_pb2.InstallDependenciesResponse(**{name: said})
                elif said:
                    await answer(_refuse(f"{' '.join(command[1:4])} ended with exit code {said}"), context)

    async def Run(self, request: language_pb2.RunRequest, context: Context) -> language_pb2.RunResponse:  # noqa: N802
        """Run the program to its end; what it prints goes to the engine as it comes."""
        python = await answer(_found(request.info), context)
        arguments = program_arguments(request, self._engine)
        process = await asyncio.create_subprocess_exec(
            str(python), "-uP", str(PROGRAM), json.dumps(arguments), *request.args, cwd=request.pwd
        )
        try:
            code = await process.wait()
        finally:
            _end(process)  # the engine has cancelled the call
        if code == 0:
            return language_pb2.RunResponse()
        if code == TOLD_THE_USER:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program ended with exit code {code}")

    async def RunPlugin(  # noqa: N802
        self, request: language_pb2.RunPluginRequest, context: Context
    ) -> AsyncIterator[language_pb2.RunPluginResponse]:
        """Run a plugin that is written in Python, such as a provider or a policy pack, and pass on what it prints."""
        python = await answer(_found(request.info), context)
        folder = request.info.program_directory
        command = [str(python), "-u", folder, *request.args]
        if request.kind == "analyzer":  # a policy pack is only rules; the SDK serves them
            command = [str(python), "-um", "pulumi.policy", *request.args, folder]
        env = {**os.environ, **dict(one.split("=", 1) for one in request.env)}
        async for name, said in _run(command, cwd=request.pwd, env=env):
            if isinstance(said, int):
                yield language_pb2.RunPluginResponse(exitcode=said)
            elif name == "stdout":
                yield language_pb2.RunPluginResponse(stdout=said)
            else:
                yield language_pb2.RunPluginResponse(stderr=said)


def program_arguments(request: language_pb2.RunRequest, engine: str) -> dict[str, object]:
    """What the program's process has to know, as plain values."""
    return {
        "settings": {
            "monitor": request.monitor_address,
            "engine": engine,
            "project": request.project,
            "stack": request.stack,
            "parallel": request.parallel,
            "dry_run": request.dryRun,
            "organization": request.organization,
            "root_directory": request.info.root_directory,
        },
        "config": dict(request.config),
        "secret_keys": list(request.configSecretKeys),
        "program": str(Path(request.info.program_directory) / request.info.entry_point),
    }


async def _found(info: language_pb2.ProgramInfo) -> Path:
    return interpreter(info)


async def _refuse(text: str) -> None:
    raise StandInError(text)


async def _asked(info: language_pb2.ProgramInfo, code: str) -> Iterable[object]:
    """The list that a few lines of Python print as JSON in the program's own environment."""
    process = await asyncio.create_subprocess_exec(
        str(interpreter(info)), "-I", "-c", code, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise StandInError(f"{interpreter(info)} ended with exit code {process.returncode}")
    return list(json.loads(out))


async def _run(command: list[str], *, cwd: str, env: Mapping[str, str]) -> AsyncIterator[tuple[str, bytes | int]]:
    """Run a command: `stdout` and `stderr` in pieces as they come, and `exitcode` last."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    pieces: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    async def read(name: str, stream: asyncio.StreamReader | None) -> None:
        while stream is not None and (piece := await stream.read(CHUNK)):
            pieces.put_nowait((name, piece))
        pieces.put_nowait((name, b""))

    readers = [asyncio.create_task(read(*one)) for one in (("stdout", process.stdout), ("stderr", process.stderr))]
    try:
        open_streams = len(readers)
        while open_streams:
            name, piece = await pieces.get()
            if piece:
                yield name, piece
            else:
                open_streams -= 1
        yield "exitcode", await process.wait()
    finally:
        _end(process)


def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()


async def serve(engine: str) -> None:
    """Serve until the engine ends us, or is gone; prints the port, the engine's handshake."""
    parent = os.getppid()
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(engine), server)
    await until_ended(server, parent)


def main(args: list[str]) -> None:
    """Serve the engine whose address is the last argument; it puts options for itself before it."""
    engine = args[-1] if args else ""
    if not engine or engine.startswith("-"):
        sys.exit("usage: python -m local.plugins.language_python ENGINE_ADDRESS (the Pulumi engine starts this)")
    if not engine_answers(engine):
        sys.exit(f"no Pulumi engine answers at {engine}")
    asyncio.run(serve(engine))


if __name__ == "__main__":
    main(sys.argv[1:])
