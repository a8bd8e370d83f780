"""One stack of the local cloud: the engine's operations on it."""

from __future__ import annotations

import json
import os
import re
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pulumi
import pulumi.automation as auto
from pulumi.automation.events import EngineEvent, PolicyEvent

from local import policy_packs, recovery, stack_files
from local.console import colour
from local.engine_process import EngineCommand
from local.environment import applied
from local.errors import (
    AnswerIsNo,
    DiskFull,
    EngineFailed,
    LocalError,
    PolicyViolated,
    ProgramRefused,
    disk_full_in,
)
from local.invocation import invocation
from local.layout import Layout

# After `destroy`: to run `pulumi stack rm`, which is not for the user of a local cloud.
ADVICE = ("The resources in the stack have been deleted, but ", "If you want to remove the stack completely, run ")
# Behind a line of progress; the same text stands under "Diagnostics" and in the last line.
REMARK = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")  # the engine's colours
REPEATED_ERROR = re.compile(r";(?:\s|\x1b\[[0-9;]*m)*error: .*")


@dataclass(frozen=True)
class Outcome:
    """What an operation did: numbers of resources by kind of change (`create`, `same` ...), and the engine's output."""

    changes: Mapping[str, int]
    output: str


@dataclass(frozen=True, kw_only=True)
class Session:
    """What the operations of one command share."""

    layout: Layout
    project: str
    command: EngineCommand
    environment: Mapping[str, str]
    cloud: str  # the emulator's identity
    locked: Callable[[], AbstractContextManager[None]]  # what an operation holds while it runs
    show: Callable[[str], None]


class _QuietStack(auto.Stack):
    """The SDK's stack without the three CLI runs after each operation (2 s), of which two read secrets in clear."""

    def __init__(self, name: str, workspace: auto.Workspace) -> None:
        # Selected when it exists (a third of a second less than trying to make it first).
        opened = auto.Stack.create_or_select(name, workspace)
        self.__dict__.update(opened.__dict__)

    def outputs(self) -> auto.OutputMap:
        return {}

    def info(self, show_secrets: bool = True) -> auto.UpdateSummary:  # noqa: ARG002, FBT001, FBT002 - the SDK's signature
        return auto.UpdateSummary(
            kind="update", start_time=datetime.now(UTC), message="", environment={}, config={}, result="succeeded"
        )


@dataclass
class _Run:
    """What is heard of one operation while it runs."""

    show: Callable[[str], None]
    lines: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    changes: dict[str, int] = field(default_factory=dict)
    refusal: pulumi.RunError | None = None

    def output(self, line: str) -> None:
        self.lines.append(line)
        # The engine repeats the program's one line five times over, and has advice that holds for its own CLI only.
        if self.refusal is None and not line.startswith(ADVICE):
            self.show(REPEATED_ERROR.sub("", line))

    def event(self, event: EngineEvent) -> None:
        if event.summary_event:
            self.changes = {
                str(auto.OpType(kind).value): count for kind, count in event.summary_event.resource_changes.items()
            }
        if event.diagnostic_event and event.diagnostic_event.severity == "error":
            self.errors.append(event.diagnostic_event.message)
        if event.policy_event and event.policy_event.enforcement_level == "mandatory":
            self.violations.append(_one_line(event.policy_event))


class LocalStack:
    """A stack: its stack file, the overrides of this run, and the engine."""

    def __init__(self, session: Session, name: str, config: Mapping[str, object]) -> None:
        self.name = name
        self._session = session
        self._config = config
        self._marks = recovery.Marks(session.layout, name)

    def up(self, *, pack: policy_packs.Pack | None = None) -> Outcome:
        """Deploy, by the rules of a policy pack if one is given.

        Raises:
            ProgramRefused: the program told its user about a mistake.
            PolicyViolated: a mandatory policy of the pack is violated.
            EngineFailed: anything else that the engine reports.
        """
        return self._operate("up", changing=True, pack=pack)

    def preview(self, *, pack: policy_packs.Pack | None = None) -> Outcome:
        """Show what `up` would do. Raises as `up` does."""
        return self._operate("preview", changing=False, pack=pack)

    def refresh(self) -> Outcome:
        """Compare the state with the cloud and take over what differs. Raises as `up` does."""
        return self._operate("refresh", changing=True)

    def destroy(self) -> Outcome:
        """Delete every resource; the empty stack stays. Raises as `up` does."""
        return self._operate("destroy", changing=True)

    def outputs(self) -> dict[str, object]:
        """The stack's outputs, secrets masked."""
        return dict(json.loads(self.cli("stack", "output", "--json")))

    def export(self) -> dict[str, object]:
        """The stack's state, as `pulumi stack export` has it."""
        return dict(json.loads(self.cli("stack", "export"))["deployment"])

    def cli(self, *arguments: str) -> str:
        """Run another command of the engine on this stack; what it prints."""
        with self._workspace(lambda: None) as workspace:
            try:
                result = workspace.pulumi_command.run([*arguments, "--stack", self.name], workspace.work_dir, {})
            except auto.StackNotFoundError:
                raise not_deployed(self._session.layout, self.name) from None
            except auto.CommandError as error:
                raise _failure(f"pulumi {arguments[0]}", str(error), []) from None
        return result.stdout

    def _operate(self, operation: str, *, changing: bool, pack: policy_packs.Pack | None = None) -> Outcome:
        with self._session.locked():
            return self._operate_locked(operation, changing=changing, pack=pack)

    def _operate_locked(self, operation: str, *, changing: bool, pack: policy_packs.Pack | None) -> Outcome:
        session = self._session
        recovery.clear_stale_locks(session.layout, session.project, self.name)
        stack_files.write_stack(session.layout, self.name, self._config)
        settled = self._settle_pending()
        run = _Run(session.show)
        replaced = self._marks.cloud_replaced(session.cloud)
        if replaced:
            session.show("the emulator was started anew since the last operation: comparing the state with it first")
        if changing:
            self._marks.begin()
        with self._workspace(self._program(run)) as workspace:
            try:
                stack = _QuietStack(self.name, workspace)
                self._call(stack, operation, run, refresh=settled or replaced, pack=pack)
            except auto.CommandError as error:
                told = self._refused(run) or self._violated(run, operation)
                raise told or _failure(f"{operation} {self.name}", str(error), run.errors) from None
        if changing:
            self._marks.end(session.cloud)
        return Outcome(run.changes, "\n".join(run.lines))

    @staticmethod
    def _call(stack: auto.Stack, operation: str, run: _Run, *, refresh: bool, pack: policy_packs.Pack | None) -> None:
        packs, levels = ([str(pack.folder)], [str(pack.levels)]) if pack else (None, None)
        if operation == "up":
            stack.up(color=colour(), on_output=run.output, on_error=run.output, on_event=run.event, show_secrets=False,
                     suppress_outputs=True, suppress_progress=True, refresh=refresh or None,
                     policy_packs=packs, policy_pack_configs=levels)  # fmt: skip
        elif operation == "preview":
            stack.preview(color=colour(), on_output=run.output, on_error=run.output, on_event=run.event,
                          suppress_progress=True, refresh=refresh or None,
                          policy_packs=packs, policy_pack_configs=levels)  # fmt: skip
        elif operation == "refresh":
            stack.refresh(color=colour(), on_output=run.output, on_error=run.output, on_event=run.event,
                          show_secrets=False, suppress_outputs=True, suppress_progress=True)  # fmt: skip
        else:
            stack.destroy(color=colour(), on_output=run.output, on_error=run.output, on_event=run.event,
                          show_secrets=False, suppress_outputs=True, suppress_progress=True,
                          refresh=refresh or None)  # fmt: skip

    def _settle_pending(self) -> bool:
        """After an operation that did not end: take in what it made unseen, drop the rest; whether there was any.

        Through the state's own export and import: `refresh --import-pending-creates` of engine 3.256.0 accepts the ID
        and then loses the resource, `--clear-pending-creates` drops what was made.
        """
        if not self._marks.unfinished():
            return False
        try:
            deployment = self.export()
        except AnswerIsNo:
            return False  # killed before the stack was there
        if not deployment.get("pending_operations"):
            return False
        region = str(self._config.get("aws:region") or "us-east-1")
        made: dict[str, str] = {}
        for resource in recovery.pending_creates(deployment):
            identity = recovery.id_if_made(resource, self._session.layout.endpoint, region)
            made |= {resource.urn: identity} if identity else {}
            fate = "it was made, and is taken over" if identity else "it is done again"
            self._session.show(f"{resource.urn.rpartition('::')[2]}: its creation was cut short; {fate}")
        path = self._session.layout.run / f"{self.name}.settled.json"
        path.write_text(json.dumps({"version": 3, "deployment": recovery.settled(deployment, made)}))
        self.cli("stack", "import", "--file", str(path))
        path.unlink()
        return True

    @contextmanager
    def _workspace(self, program: Callable[[], None]) -> Iterator[auto.LocalWorkspace]:
        """The SDK's workspace, with this process's environment, folder and path as the program expects them."""
        session = self._session
        checkout, before, path = str(session.layout.checkout), Path.cwd(), list(sys.path)
        with applied(session.environment):
            os.chdir(checkout)
            sys.path[:0] = [checkout]
            try:
                yield auto.LocalWorkspace(
                    work_dir=str(session.layout.workspace), program=program, pulumi_command=session.command
                )
            finally:
                sys.path[:] = path
                os.chdir(before)

    def _program(self, run: _Run) -> Callable[[], None]:
        main = Path(self._session.layout.checkout) / "__main__.py"

        def program() -> None:
            try:
                runpy.run_path(str(main), run_name="__main__")
            except pulumi.RunError as error:
                run.refusal = error
                raise

        return program

    def _violated(self, run: _Run, operation: str) -> PolicyViolated | None:
        if not run.violations:
            return None
        more = len(run.violations) - 1
        told = run.violations[0] + (f" (and {more} more, above)" if more else "")
        return PolicyViolated(f"{operation} {self.name}: {told}", output="\n".join(run.lines))

    def _refused(self, run: _Run) -> ProgramRefused | None:
        if run.refusal is None:
            return None
        cause = run.refusal.__cause__ or run.refusal.__context__
        code = getattr(cause, "exit_code", None)
        return ProgramRefused(
            str(run.refusal), output="\n".join(run.lines), exit_code=code if isinstance(code, int) else 2
        )


def _one_line(violation: PolicyEvent) -> str:
    """What the engine tells of a violation: policy, resource, and what is wrong, which stands below a description."""
    text = " ".join(REMARK.sub("", violation.message).split("\n", 1)[-1].split())
    resource = (violation.resource_urn or "").rpartition("::")[2]
    return f"policy {violation.policy_name}, {resource}: {text}"


def not_deployed(layout: Layout, stack: str) -> AnswerIsNo:
    """The one line for a stack that there is nothing to tell of."""
    return AnswerIsNo(f"stack {stack} has not been deployed here: {invocation(layout, ['up', stack])}")


def _failure(what: str, output: str, errors: Sequence[str]) -> LocalError:
    """The one line for a failed run of the engine."""
    if disk_full_in(output):
        return DiskFull("the engine's state or an image")
    told = [" ".join(text.split()) for text in errors if text.strip()]
    if not told:
        told = [line.strip() for line in output.splitlines() if line.strip().startswith("error:")]
    why = told[0].removeprefix("error:").strip() if told else "see the engine's output above"
    return EngineFailed(f"{what} failed: {why}", output=output)
