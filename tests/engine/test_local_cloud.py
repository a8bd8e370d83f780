"""The local cloud's own promises, through its command line: what is left behind, signals, two at once, `kill -9`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest

from local.engine_process import engine_record
from local.layout import Layout
from local.processes import wait_until
from tests.engine.bench import REGION
from tests.engine.conftest import ROOT, still_running

pytestmark = pytest.mark.engine

STACK = "staging"  # builds no image, so that no Docker is needed
ALONE = ("-c", "promote=")  # nor promotes any: the repository alone
UP, PREVIEW = ("up", STACK, *ALONE), ("preview", STACK, *ALONE)
REPOSITORY = "staging/yoon-app"
DEADLINE_S = 180.0
AT_WORK = "aws:ecr:Repository repository-repo creating"


@dataclass
class Command:
    """One run of the command line in the background, and what it has said so far."""

    process: subprocess.Popen[bytes]
    said: Path

    def wait_for(self, text: str) -> None:
        """Wait until `text` is on its stderr."""
        wait_until(lambda: text in self.stderr() or self.process.poll() is not None, DEADLINE_S)
        assert text in self.stderr(), self.stderr()

    def stderr(self) -> str:
        return self.said.read_text(errors="replace")

    def end(self) -> int:
        return self.process.wait(DEADLINE_S)


@dataclass
class CommandLine:
    """`python -m local` for a local cloud of the test's own."""

    layout: Layout
    folder: Path
    started: list[Command] = field(default_factory=list)

    def start(self, *arguments: str) -> Command:
        said = self.folder / f"stderr-{len(self.started)}"
        options = ("--state", str(self.layout.state), "--port", str(self.layout.port))
        with said.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", "local", *options, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=sink
            )
        self.started.append(Command(process, said))
        return self.started[-1]

    def run(self, *arguments: str) -> str:
        """Run a command that has to end well; its stdout."""
        command = self.start(*arguments)
        out, _ = command.process.communicate(timeout=DEADLINE_S)
        assert command.process.returncode == 0, command.stderr()
        return out.decode()

    def assert_all_is_there(self) -> None:
        """The cloud has what the stack file says, and the engine knows it."""
        client = boto3.client("ecr", region_name=REGION, endpoint_url=self.layout.endpoint,
                              aws_access_key_id="test", aws_secret_access_key="test")  # fmt: skip
        assert client.get_lifecycle_policy(repositoryName=REPOSITORY)["lifecyclePolicyText"]
        assert self.run(*PREVIEW) == f"preview {STACK}: 4 same\n"
        assert REPOSITORY in self.run("outputs", STACK)


@pytest.fixture
def local(layouts: Callable[[Path], Layout], tmp_path: Path) -> Iterator[CommandLine]:
    """A local cloud that nothing has been started of; whatever the test leaves of it is ended."""
    made = CommandLine(layouts(tmp_path / "state"), tmp_path)
    yield made
    for command in made.started:
        if command.process.poll() is None:
            command.process.kill()
        command.process.communicate(timeout=DEADLINE_S)
    made.run("down", "--wipe")
    assert not still_running(made.layout)


def test_down_leaves_nothing_running_and_the_next_up_finds_all_as_it_was(local: CommandLine) -> None:
    local.run(*UP)
    assert local.run("status")
    local.run("down")
    assert still_running(local.layout) == []
    local.run(*UP)
    local.assert_all_is_there()


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_middle_of_up_keeps_the_state_and_the_next_up_goes_on(
    local: CommandLine, signum: signal.Signals, code: int
) -> None:
    up = local.start(*UP)
    up.wait_for(AT_WORK)
    up.process.send_signal(signum)
    assert up.end() == code, up.stderr()
    assert up.stderr().rstrip().endswith("interrupted; what was done is kept, run the command again to go on")
    assert "Traceback" not in up.stderr()
    local.run(*UP)
    local.assert_all_is_there()


def test_of_two_ups_at_once_the_second_waits_and_says_so(local: CommandLine) -> None:
    first = local.start(*UP)
    first.wait_for("starting the AWS emulator")
    first.process.send_signal(signal.SIGSTOP)  # it holds the lock for as long as the second needs to ask for it
    second = local.start(*UP)
    second.wait_for(f"waiting for pid {first.process.pid}")
    first.process.send_signal(signal.SIGCONT)
    assert (first.end(), second.end()) == (0, 0), second.stderr()
    local.assert_all_is_there()


@pytest.mark.parametrize("engine_too", [False, True], ids=["the command", "the command and its engine"])
def test_after_a_kill_in_the_middle_of_up_the_next_one_puts_all_right(local: CommandLine, *, engine_too: bool) -> None:
    up = local.start(*UP)
    up.wait_for(AT_WORK)
    engine = engine_record(local.layout).running()
    assert engine is not None
    up.process.kill()
    if engine_too:
        os.kill(engine.pid, signal.SIGKILL)
    up.end()
    local.run(*UP)
    local.assert_all_is_there()


def test_a_command_that_reads_leaves_the_record_of_the_running_engine_alone(local: CommandLine) -> None:
    local.run(*UP)
    up = local.start(*UP)
    up.wait_for(f"Updating ({STACK})")
    before = engine_record(local.layout).read()
    os.kill(up.process.pid, signal.SIGSTOP)  # the engine waits for its program, and its record stays
    local.run("outputs", STACK)
    after = engine_record(local.layout).read()
    os.kill(up.process.pid, signal.SIGCONT)
    assert up.end() == 0
    assert before == after is not None


def test_outputs_of_a_stack_that_holds_nothing_say_so(local: CommandLine) -> None:
    local.run(*UP)
    local.run("destroy", STACK)
    outputs = local.start("outputs", STACK)
    assert outputs.end() == 1
    assert f"error: stack {STACK} has not been deployed here: " in outputs.stderr()
