"""Measures what this project promises about speed, and prints a table of figures, limits and verdicts.

The sides of a ratio alternate in one run on the same machine, and their medians are compared. Lines marked `info` have
no limit of their own.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Figure, table
from local.layout import Layout, from_environment


def _program(layout: Layout) -> list[Figure]:
    from benchmarks import program  # noqa: PLC0415 - Pulumi takes a second to load
    from local.cloud import LocalCloud  # noqa: PLC0415

    return program.figures(LocalCloud(layout, show=lambda _line: None))


def _promotion(layout: Layout) -> list[Figure]:
    from benchmarks import promotion  # noqa: PLC0415

    layout.prepare()
    return promotion.figures(layout)


def _lifecycle(layout: Layout) -> list[Figure]:
    from benchmarks import guard, lifecycle  # noqa: PLC0415
    from local.cloud import LocalCloud  # noqa: PLC0415

    return [*lifecycle.figures(), *guard.figures(LocalCloud(layout, show=lambda _line: None))]


def _help(_layout: Layout) -> list[Figure]:
    from benchmarks import help  # noqa: PLC0415, A004

    return help.figures()


def _cost(_layout: Layout) -> list[Figure]:
    from benchmarks import cost  # noqa: PLC0415

    return cost.figures()


def _images(_layout: Layout) -> list[Figure]:
    from benchmarks import image_list  # noqa: PLC0415

    return image_list.figures()


def _report(_layout: Layout) -> list[Figure]:
    from benchmarks import report  # noqa: PLC0415

    return report.figures()


PARTS: dict[str, Callable[[Layout], list[Figure]]] = {
    "promotion": _promotion,
    "program": _program,
    "lifecycle": _lifecycle,
    "report": _report,
    "help": _help,
    "cost": _cost,
    "images": _images,
}


def main() -> int:
    """Measure, print the table; exit code 1 when a limit is not held."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="?", choices=sorted(PARTS), help="measure this part only")
    chosen = parser.parse_args().part
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped all the same
    figures = [figure for part, measured in PARTS.items() if chosen in (None, part) for figure in _apart(measured)]
    print(f"load of the machine in the last minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(table(figures))
    return 0 if all(figure.held for figure in figures) else 1


def _apart(part: Callable[[Layout], list[Figure]]) -> list[Figure]:
    """The figures of one part, in a state directory of its own."""
    with tempfile.TemporaryDirectory(prefix="cr-bench-") as folder:
        return part(from_environment(os.environ, state=Path(folder) / "state", port=_free_port()))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
