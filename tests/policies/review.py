"""Policy documents that somebody has read and found right, whole, each a file in `reviewed/`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).with_name("reviewed")


def compare(name: str, document: Mapping[str, object]) -> None:
    """Assert that the document is the reviewed one.

    A change is made by hand in `reviewed/NAME.json`, by somebody who means it; nothing writes these files.
    """
    path = FOLDER / f"{name}.json"
    assert path.is_file(), f"{path} is missing; review this and write it:\n{json.dumps(document, indent=2)}"
    wanted = json.loads(path.read_text())
    difference = difflib.unified_diff(_lines(wanted), _lines(document), str(path), "now", lineterm="")
    assert document == wanted, "\n".join(difference)


def _lines(document: Mapping[str, object]) -> list[str]:
    return json.dumps(document, indent=2).splitlines()
