"""The option `--plot`: a picture beside the result."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ecr.config_reader import shown
from ecr.errors import InputError

Plot = Annotated[str | None, typer.Option("--plot", metavar="FILE.svg", help="Draw it as well, as SVG.")]

_SVG = ".svg"


def check(path: str | None) -> None:
    """Refuse a file that can be no picture, before anything else is done.

    Raises:
        InputError: its name does not end in `.svg`; nothing here makes a PNG.
    """
    if path is not None and Path(path).suffix != _SVG:
        raise InputError("--plot", f"{shown(path)} is not accepted; accepted: the name of a file that ends in {_SVG}")


def write(path: str, svg: str) -> None:
    """Write a picture.

    Raises:
        InputError: the file can't be written.
    """
    try:
        Path(path).write_text(svg, encoding="utf-8")
    except OSError as error:
        raise InputError("--plot", f"{path} can't be written: {os.strerror(error.errno or 0)}") from error
