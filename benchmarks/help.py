"""How long `python -m ecr --help` takes, beside an interpreter that does nothing, and one that loads typer alone."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.figures import ROUNDS, Figure, in_turns, ratio, seconds, timed

LIMIT_S = 0.3
COMMANDS = (("-m", "ecr", "--help"), ("-c", "pass"), ("-c", "import typer"))


def figures() -> list[Figure]:
    ours, bare, typer = in_turns([partial(_run, arguments) for arguments in COMMANDS])
    return [
        seconds("python -m ecr --help", ours, LIMIT_S),
        Figure("python -m ecr --help, processor time", f"{_processor_s():.2f} s"),
        ratio("python -m ecr --help : python -c pass", ours, bare),
        ratio("python -m ecr --help : python -c 'import typer'", ours, typer),
    ]


def _run(arguments: tuple[str, ...], _number: int) -> float:
    root = Path(__file__).resolve().parents[1]
    return timed(lambda: subprocess.run([sys.executable, *arguments], cwd=root, check=True, stdout=subprocess.DEVNULL))


def _processor_s() -> float:
    """What it takes of a processor: the same on a busy machine as on an idle one."""
    taken = []
    for number in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _run(COMMANDS[0], number)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return statistics.median(taken)
