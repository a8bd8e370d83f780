"""The option `--plot`: a picture beside the result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecr.config_reader import shown
from ecr.errors import InputError
from ecr.report.output import Kind

Plot = Annotated[str | None, typer.Option("--plot", metavar="FILE.svg", help="Draw it as well, as SVG.")]

_SVG = ".svg"
_MARK = "<!-- container-registry plot -->"
_PICTURE = Kind(
    option="--plot",
    name="plot of this program",
    mark=_MARK.encode(),
    instead=f"the name of a file that ends in {_SVG}",
    otherwise="delete it first",
)


def check(path: str | None) -> None:
    """Refuse a file that can be no picture, or holds anything but one of ours, before anything else is done.

    Raises:
        InputError: its name does not end in `.svg`, since nothing here makes a PNG; or it may not be written.
    """
    if path is None:
        return
    if Path(path).suffix != _SVG:
        raise InputError("--plot", f"{shown(path)} is not accepted; accepted: the name of a file that ends in {_SVG}")
    _PICTURE.check(path)


def write(path: str, svg: str) -> None:
    """Write a picture: as a whole or not at all, with a comment before its root by which it is known again.

    Raises:
        InputError: the file can't be written.
    """
    before, root, after = svg.partition("<svg")
    _PICTURE.write(path, (before, f"{_MARK}\n", root, after))
