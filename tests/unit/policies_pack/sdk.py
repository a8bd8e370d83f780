"""What the SDK of a Pulumi provider takes: read from its generated code, as importing all of AWS's takes a minute."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_CLASS = re.compile(r"^class (\w+)(?:\(.*\))?:\n((?:    .*\n|\n)*)", re.MULTILINE)
_PROPERTY = re.compile(
    r"@pulumi\.getter(?:\(name=\"(\w+)\"\))?\n(?:    @pulumi\.deprecated\(.*\)\n)?    def (\w+)\(self\) -> (.*):\n"
)
_TOKEN = re.compile(r"\.__init__\(\s*'(\w+:\w+/\w+:\w+)'")
_NESTED = re.compile(r"'(\w+Args)'")

Properties = Mapping[str, str]  # name in camelCase, and type as it is written
Place = tuple[str, str]  # a resource's type, and a path as in `PLACES`


def texts(package: Path, named: re.Pattern[str]) -> Iterator[Place]:
    """Every input of every resource that is a text and is named so, at any depth."""
    for module in sorted(one.parent for one in package.glob("*/__init__.py")):
        types = module / "_inputs.py"
        nested = _classes(types.read_text(encoding="utf-8")) if types.exists() else {}
        for path in sorted(module.glob("[!_]*.py")):
            code = path.read_text(encoding="utf-8")
            if token := _TOKEN.search(code):
                own = next((one for name, one in _classes(code).items() if name.endswith("Args")), {})
                yield from ((token[1], place) for place in _below(own, nested, named, ()))


def _classes(code: str) -> dict[str, Properties]:
    return {
        found[1]: {one[1] or one[2]: one[3] for one in _PROPERTY.finditer(found[2])} for found in _CLASS.finditer(code)
    }


def _below(
    own: Properties, nested: Mapping[str, Properties], named: re.Pattern[str], above: tuple[str, ...]
) -> Iterator[str]:
    for name, annotation in own.items():
        if "_builtins.str]" in annotation and named.fullmatch(name):
            yield name
        type_name = _NESTED.search(annotation)
        if type_name and type_name[1] in nested and type_name[1] not in above:
            step = f"{name}[]" if "Sequence[" in annotation else name
            for below in _below(nested[type_name[1]], nested, named, (*above, type_name[1])):
                yield f"{step}.{below}"
