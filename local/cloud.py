"""The local cloud as an object: what the command line and the engine tests drive.

cloud = LocalCloud(layout)
with cloud.locked():
    cloud.start(docker=True)
    cloud.stack("dev", ["build.tag=v2"]).up()
cloud.stop()
"""

# ruff: noqa: PLC0415 - loaded where needed: the Pulumi SDK takes a second, and `status`, `env` and `down` do without

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local import (
    base_image,
    cli_plugins,
    docker_daemon,
    environment,
    overrides,
    policy_packs,
    providers,
    pulumi_cli,
    shell_tools,
    stack_files,
)
from local.console import say
from local.docker_daemon import Daemon, PrivateDocker
from local.emulator import Emulator
from local.errors import AnswerIsNo, BadInput
from local.invocation import invocation
from local.layout import MARKER, Layout
from local.lock import FileLock

if TYPE_CHECKING:
    from local.stack import LocalStack

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class Status:
    """What runs, and what would be used."""

    endpoint: str | None  # None: the emulator does not answer
    emulator_pid: int | None
    docker: Daemon | None
    base_image: base_image.BaseImage | None
    engine: pulumi_cli.Engine | None
    providers: tuple[providers.Provider, ...]
    stacks: tuple[str, ...]  # those that have been deployed here


class LocalCloud:
    """One local cloud: a state directory, a port, and what runs for it."""

    def __init__(
        self, layout: Layout, *, environ: Mapping[str, str] | None = None, show: Callable[[str], None] = say
    ) -> None:
        """Nothing is touched or started yet. `show` receives the engine's output line by line."""
        self.layout = layout
        self.emulator = Emulator(layout)
        self._environ = dict(os.environ if environ is None else environ)
        self._show = show
        self._lock = FileLock(layout.lock, say=say)
        self._docker: Daemon | None = None
        self._engine: pulumi_cli.Engine | None = None

    def locked(self) -> AbstractContextManager[None]:
        """Hold this local cloud for several calls; each call that changes something holds it by itself, too."""
        self.layout.prepare()
        return self._lock.held()

    def start(self, *, docker: bool = True) -> None:
        """Have engine, emulator and (if asked) Docker with its base image there and running.

        Raises:
            Unavailable: this machine cannot have one of them.
            LocalError: the port is taken, a daemon that the user chose is dead, the disk is full.
        """
        from local.engine_process import settle_orphan

        with self.locked():
            if settle_orphan(self.layout):
                self._stop_plugins()
            self._engine = pulumi_cli.ensure(self.layout, self._environ)
            self.emulator.start()
            if docker:
                self._docker = docker_daemon.ensure(self.layout, self._environ)
                base_image.ensure(self.layout, self._docker)
            chosen = providers.select(self._environ)
            self.layout.docker_config.mkdir(exist_ok=True)
            plugins, analyzers = providers.install(self.layout, chosen), policy_packs.analyzers(self.layout)
            stack_files.write_project(self.layout, plugins, analyzers)

    def describe(self) -> str:
        """One line: what is used."""
        engine = f"engine {self._engine.version} ({self._engine.origin})" if self._engine else "no engine"
        plugins = ", ".join(f"{provider}" for provider in providers.select(self._environ))
        docker = f"; Docker at {self._docker.host}" if self._docker else ""
        return f"{engine}; plugins {plugins}; AWS at {self.layout.endpoint}{docker}"

    def stack(self, name: str, settings: Sequence[str] = ()) -> LocalStack:
        """A stack with overrides (`KEY=VALUE`) for its next operation; call `start` before.

        Raises:
            BadInput: an unknown stack, or a malformed override.
        """
        from local.engine_process import EngineCommand
        from local.stack import LocalStack, Session

        project = stack_files.project_name(self.layout.checkout)
        config = stack_files.emulated(self.config(name, settings), project)
        engine = self._engine or pulumi_cli.ensure(self.layout, self._environ)
        session = Session(
            layout=self.layout,
            project=project,
            command=EngineCommand(engine, self.layout, recorded=lambda: self._lock.is_held),
            environment=self.environment(),
            cloud=self.emulator.identity(),
            show=self._show,
            locked=self.locked,
        )
        return LocalStack(session, name, config)

    def config(self, name: str, settings: Sequence[str] = ()) -> dict[str, object]:
        """A stack's merged configuration. Raises as `stack` does."""
        project = stack_files.project_name(self.layout.checkout)
        parsed = [overrides.parse(text, project) for text in settings]
        config = stack_files.stack_config(self.layout.checkout, name, parsed)
        return stack_files.without_scans(config, parsed, project)

    def without_gate(self, names: Sequence[str], settings: Sequence[str] = ()) -> list[str]:
        """Those of the stacks whose gate is off because nothing scans here."""
        project = stack_files.project_name(self.layout.checkout)
        return [name for name in names if stack_files.gate_is_off(self.config(name, settings), project)]

    def left_out(self, names: Sequence[str], settings: Sequence[str] = ()) -> dict[str, list[str]]:
        """Each key that the emulator has no calls for -> those of the stacks that name it, where it is left out."""
        project = stack_files.project_name(self.layout.checkout)
        named = {
            key: [name for name in names if self.config(name, settings).get(f"{project}:{key}")]
            for key in stack_files.NOT_EMULATED
        }
        return {key: stacks for key, stacks in named.items() if stacks}

    def check(self, names: Sequence[str], settings: Sequence[str] = ()) -> None:
        """Check what the program would be given, by the program's own rules: the engine's come first and say less.

        Raises:
            BadInput: with a line for each mistake.
        """
        project = stack_files.project_name(self.layout.checkout)
        for name in names:
            stack_files.check_settings(self.layout.checkout, project, name, self.config(name, settings))

    def region(self, name: str, settings: Sequence[str] = ()) -> str:
        """The Region that a stack is deployed in."""
        return str(self.config(name, settings).get("aws:region") or DEFAULT_REGION)

    def needs_docker(self, names: Sequence[str], settings: Sequence[str] = ()) -> bool:
        """Whether any of the stacks builds an image."""
        project = stack_files.project_name(self.layout.checkout)
        return any(stack_files.builds(self.config(name, settings), project) for name in names)

    def environment(self) -> dict[str, str]:
        """The variables that the engine, its plugins and the program run with."""
        home = self.layout.pulumi_home
        if providers.uses_real_home(providers.select(self._environ), self._environ):
            home = providers.real_home(self._environ)
        return environment.engine(self.layout, docker_host=self._docker_host(), pulumi_home=home, environ=self._environ)

    def shell_lines(self) -> list[str]:
        """Lines for `eval` in a shell.

        Raises:
            AnswerIsNo: nothing runs that a shell could be pointed at.
        """
        if not self.emulator.healthy():
            raise AnswerIsNo(f"the local cloud does not run: start it with `{invocation(self.layout, ['up'])}`")
        self.layout.docker_config.mkdir(exist_ok=True)
        values = environment.shell(
            self.layout, docker_host=self._docker_host(), region=self._region(), environ=self._environ
        )
        engine = pulumi_cli.find(self.layout, self._environ)
        tools = shell_tools.path_entry(self.layout, engine, self._environ)
        path = [tools] if tools else []
        if engine:
            path += cli_plugins.install(self.layout, providers.select(self._environ), engine, self._environ)
        return environment.shell_lines(values, self._environ, path_entries=path)

    def status(self) -> Status:
        """What runs; starts nothing."""
        process = self.emulator.running()
        daemon = docker_daemon.find(self.layout, self._environ)
        return Status(
            endpoint=self.layout.endpoint if self.emulator.healthy() else None,
            emulator_pid=process.pid if process else None,
            docker=daemon,
            base_image=base_image.find(daemon) if daemon else None,
            engine=pulumi_cli.find(self.layout, self._environ),
            providers=providers.select(self._environ),
            stacks=self.deployed(),
        )

    def deployed(self) -> tuple[str, ...]:
        """The stacks that have been deployed here: the engine keeps a file for each."""
        folder = self.layout.backend / ".pulumi" / "stacks" / stack_files.project_name(self.layout.checkout)
        return tuple(sorted(path.stem for path in folder.glob("*.json")))

    def outputs(self, name: str) -> dict[str, object]:
        """A stack's outputs, secrets masked. A stack that was never deployed is told without any engine.

        Raises:
            BadInput: an unknown stack.
            AnswerIsNo: it has none: never deployed here, or destroyed.
        """
        from local.stack import not_deployed

        stack_files.check_known(self.layout.checkout, name)
        outputs = self.stack(name).outputs() if name in self.deployed() else {}
        if not outputs:
            raise not_deployed(self.layout, name)
        return outputs

    def stop(self, *, wipe: bool = False) -> list[str]:
        """Stop all that runs for this local cloud, and with `wipe` remove its state; what was stopped.

        Raises:
            BadInput: the state directory is not a local cloud's.
        """
        if not self.layout.state.exists():
            return []
        if not (self.layout.state / MARKER).exists():
            raise BadInput(f"--state {self.layout.state}: not the state of a local cloud")
        from local.engine_process import settle_orphan

        with self.locked():
            settle_orphan(self.layout)
            stopped = [f"{count} plugins without an engine"] if (count := self._stop_plugins()) else []
            stopped += [what for what in (self.emulator.stop(), PrivateDocker(self.layout).stop()) if what]
            if wipe:
                shutil.rmtree(self.layout.state)
        return stopped

    def _stop_plugins(self) -> int:
        orphans = providers.orphans(self.layout)
        for process in orphans:
            process.stop(grace_s=5)
        return len(orphans)

    def _docker_host(self) -> str | None:
        daemon = self._docker or docker_daemon.find(self.layout, self._environ)
        return daemon.host if daemon else None

    def _region(self) -> str:
        for name in stack_files.known_stacks(self.layout.checkout):
            region = self.config(name).get("aws:region")
            if isinstance(region, str):
                return region
        return DEFAULT_REGION
