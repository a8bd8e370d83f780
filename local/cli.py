"""The command line: arguments in, calls on `LocalCloud`, results on stdout, one line and an exit code on failure."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from local import policy_packs, report
from local.cloud import LocalCloud
from local.console import say
from local.environment import applied
from local.errors import Interrupted, LocalError, translated
from local.layout import from_environment, parse_port
from local.stack_files import NOT_EMULATED

DEFAULT_STACK = "dev"


def main(argv: Sequence[str]) -> int:
    """Run one command; its exit code."""
    arguments = _parser().parse_args(list(argv))
    signal.signal(signal.SIGTERM, _terminated)
    try:
        port = parse_port(arguments.port, "--port") if arguments.port is not None else None
        cloud = LocalCloud(from_environment(os.environ, state=arguments.state, port=port))
        command: Callable[[LocalCloud, argparse.Namespace], int] = arguments.run
        return command(cloud, arguments)
    except LocalError as error:
        return _failed(error)
    except OSError as error:
        return _failed(translated(error))
    except KeyboardInterrupt:
        return _failed(Interrupted(signal.SIGINT))


def _failed(error: LocalError) -> int:
    say(f"error: {error}")
    return error.exit_code


def _terminated(signum: int, _frame: FrameType | None) -> None:
    raise Interrupted(signum)


def _up(cloud: LocalCloud, arguments: argparse.Namespace) -> int:
    stacks, settings = arguments.stacks or [DEFAULT_STACK], arguments.set
    cloud.check(stacks, settings)
    docker = cloud.needs_docker(stacks, settings)
    outputs: dict[str, dict[str, object]] = {}
    with cloud.locked():
        packs = _packs(cloud, stacks, arguments)
        cloud.start(docker=docker)
        say(cloud.describe())
        _say_left_out(cloud, stacks, settings)
        for name in stacks:
            stack = cloud.stack(name, settings)
            stack.up(pack=packs.get(name))
            outputs[name] = stack.outputs()
            _print(report.aligned(outputs[name]))
        if len(outputs) > 1:
            with applied(cloud.environment()):
                _print(["", *report.board(outputs)])
    last = stacks[-1]
    region = cloud.region(last, settings)
    _print(["", *report.next_steps(cloud.layout, outputs[last], region=region)])
    return 0


def _operate(operation: str) -> Callable[[LocalCloud, argparse.Namespace], int]:
    def run(cloud: LocalCloud, arguments: argparse.Namespace) -> int:
        stacks, settings = arguments.stacks or [DEFAULT_STACK], arguments.set
        if operation == "destroy":
            stacks = stacks[::-1]  # the last may read the first
        if operation == "preview":
            cloud.check(stacks, settings)  # the others do not run the program
        docker = cloud.needs_docker(stacks, settings)
        with cloud.locked():
            packs = _packs(cloud, stacks, arguments) if operation == "preview" else {}
            cloud.start(docker=docker)
            if operation == "preview":
                _say_left_out(cloud, stacks, settings)
            for name in stacks:
                stack = cloud.stack(name, settings)
                held_to = {"pack": packs[name]} if name in packs else {}  # a preview's only
                outcome = getattr(stack, operation)(**held_to)
                changes = ", ".join(f"{count} {kind}" for kind, count in sorted(outcome.changes.items()))
                _print([f"{operation} {name}: {changes or 'nothing there'}"])
        return 0

    return run


def _packs(cloud: LocalCloud, stacks: Sequence[str], arguments: argparse.Namespace) -> Mapping[str, policy_packs.Pack]:
    """What each stack is held to; found out for all of them before anything is done to one."""
    return {name: policy_packs.of_stack(cloud.layout, name) for name in stacks} if arguments.policies else {}


def _say_left_out(cloud: LocalCloud, stacks: Sequence[str], settings: Sequence[str]) -> None:
    """What is left out must be said: a gate that is off passes everything."""
    for key, names in cloud.left_out(stacks, settings).items():
        say(f"the emulator has no {NOT_EMULATED[key]}: {key} of {', '.join(names)} is checked and left out")
    if names := cloud.without_gate(stacks, settings):
        say(f"the emulator does not scan images: the gate of {', '.join(names)} is off, whatever the stack file says")


def _outputs(cloud: LocalCloud, arguments: argparse.Namespace) -> int:
    outputs = cloud.outputs(arguments.stack)
    _print([report.as_json(outputs)] if arguments.json else report.aligned(outputs))
    return 0


def _env(cloud: LocalCloud, _arguments: argparse.Namespace) -> int:
    _print(cloud.shell_lines())
    return 0


def _status(cloud: LocalCloud, arguments: argparse.Namespace) -> int:
    status = cloud.status()
    _print([report.as_json(report.status_json(status))] if arguments.json else report.status_lines(status))
    return 0 if status.endpoint else 1


def _down(cloud: LocalCloud, arguments: argparse.Namespace) -> int:
    for what in cloud.stop(wipe=arguments.wipe) or ["nothing was running"]:
        say(f"stopped: {what}" if what != "nothing was running" else what)
    return 0


def _print(lines: Sequence[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description="The whole project on this machine, no AWS.")
    parser.add_argument("--state", type=Path, metavar="DIR", help="state directory (default: .local in the checkout)")
    parser.add_argument("--port", metavar="N", help="port of the emulated AWS and its registry (default: 4566)")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    changing = {
        "up": (_up, "deploy stacks, starting what is needed"),
        "preview": (_operate("preview"), "show what `up` would change"),
        "refresh": (_operate("refresh"), "take over into the state what was changed by hand"),
        "destroy": (_operate("destroy"), "delete what stacks hold"),
    }
    for name, (run, text) in changing.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("stacks", nargs="*", metavar="STACK", help=f"default: {DEFAULT_STACK}")
        command.add_argument("-c", dest="set", action="append", default=[], metavar="KEY=VALUE",
                             help="one stack setting for this run, such as build.tag=v2; repeatable")  # fmt: skip
        if name in ("up", "preview"):
            command.add_argument("--policies", action="store_true",
                                 help="hold each stack to policies/, as policies/levels/STACK.json says")  # fmt: skip
        command.set_defaults(run=run)
    outputs = commands.add_parser("outputs", help="print a stack's outputs, secrets masked")
    outputs.add_argument("stack", metavar="STACK")
    outputs.add_argument("--json", action="store_true")
    outputs.set_defaults(run=_outputs)
    commands.add_parser("env", help="print exports for `eval`").set_defaults(run=_env)
    status = commands.add_parser("status", help="tell what runs; exit code 1 when the emulator does not")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=_status)
    down = commands.add_parser("down", help="stop all that runs")
    down.add_argument("--wipe", action="store_true", help="and remove the state directory")
    down.set_defaults(run=_down)
    return parser
