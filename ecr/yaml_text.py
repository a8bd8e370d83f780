"""Writes values as YAML that readers of YAML 1.1 and 1.2 alike take for the same values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import yaml

# Text that some reader takes for a number, a time or a truth, though PyYAML does not: `1e3`, `0o7`, `y` (YAML 1.1,
# "Boolean Language-Independent Type"; go-yaml, which kubectl stands on, reads more forms of numbers).
_DOUBTFUL = re.compile(r"[-+.0-9~][-+.:0-9_xXoObBa-fA-F]*|[yYnN]")


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper, without anchors, and with doubtful text in quotes."""

    def ignore_aliases(self, data: object) -> bool:
        """Write out what stands in several places; an anchor is hard to read, and some readers refuse it."""
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002 - PyYAML's
        """As the base class, with the items of a list further in than its key."""
        del indentless
        super().increase_indent(flow, False)  # noqa: FBT003


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _DOUBTFUL.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def documents(values: Iterable[Mapping[str, object]]) -> str:
    """The documents one after another, with their keys in the order that they have."""
    return yaml.dump_all(
        values, Dumper=_Dumper, sort_keys=False, explicit_start=True, default_flow_style=False, width=4096
    )
