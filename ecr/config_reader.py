"""Reads typed values out of a stack's configuration, and collects every mistake with the path of its key."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from ecr.errors import InputError, InputErrors

_MAX_SHOWN = 80
# No number that AWS or GitHub gives is larger.
COUNTS = range(1, 2**63)
_QUOTES = "in quotes, so that YAML takes it as text"

Choice = TypeVar("Choice", bound=StrEnum)


def open_section(namespace: str, values: Mapping[str, object]) -> Section:
    """The top of a configuration, whose keys are named `NAMESPACE:KEY`, `NAMESPACE:KEY.KEY` and `NAMESPACE:KEY[0]`."""
    return Section(f"{namespace}:", values, [])


class Section:
    """One object of the configuration. Values are asked for by key and type; `finish` names the keys nobody asked for.

    A wrong value is noted and its default handed out, so that one reading finds all mistakes.
    """

    def __init__(self, path: str, values: Mapping[str, object], errors: list[InputError]) -> None:
        self._path = path
        self._values = values
        self._errors = errors
        self._asked: set[str] = set()
        self._nulls: set[str] = set()

    @property
    def mistakes(self) -> int:
        """How many mistakes have been noted so far, in the whole configuration."""
        return len(self._errors)

    def has(self, key: str) -> bool:
        """Whether the key is there with a value."""
        self._asked.add(key)
        return self._values.get(key) is not None

    def value(self, key: str) -> object:
        """Whatever stands under the key, for a reader that must look at it itself; None when it is missing."""
        return self._get(key)

    def refuse_nulls(self) -> None:
        """Note each key that stands there without a value, where leaving it out would mean something else."""
        for key in sorted(key for key, value in self._values.items() if value is None):
            self._asked.add(key)
            self._nulls.add(key)
            self.wrong(key, "has no value; give it one, or take the key out")

    def wrong(self, key: str, problem: str) -> None:
        """Note a mistake; `key` may be a path below this section, or empty for the section itself."""
        self._errors.append(InputError(self._name(key), problem))

    def add(self, errors: InputErrors) -> None:
        """Note mistakes that somebody else has found in a value, and named by its whole path."""
        self._errors += errors.errors

    def finish(self) -> None:
        """Note unknown keys. At the top, raise `InputErrors` when there was any mistake."""
        for key in sorted(set(self._values) - self._asked):
            self.wrong(key, f"is not a known key; known: {', '.join(sorted(self._asked))}")
        if self._path.endswith(":") and self._errors:
            raise InputErrors(tuple(self._errors))

    def text(self, key: str, accept: Callable[[str], bool], rule: str) -> str | None:
        """The text under `key`, None when it is missing or wrong."""
        value = self._get(key)
        if value is None or self._accepted(key, value, accept, rule):
            return value if isinstance(value, str) else None
        return None

    def required_text(self, key: str, accept: Callable[[str], bool], rule: str, *, example: str) -> str:
        """The text under `key`; a missing one is a mistake, and '' is handed out."""
        if key in self._nulls:
            return ""
        if not self.has(key):
            name = self._name(key).partition(":")[2]
            self.wrong(key, f"is missing; accepted: {rule}. Run: pulumi config set --path {name} {example}")
            return ""
        return self.text(key, accept, rule) or ""

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false, also as Pulumi's text for them."""
        value = self._get(key)
        if value is None:
            return default
        if value in ("true", "false"):
            return value == "true"
        if isinstance(value, bool):
            return value
        self._refuse(key, value, "true or false")
        return default

    def count(self, key: str) -> int | None:
        """A whole number of 1 or more, None when it is missing or wrong."""
        value = self._get(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            if value in COUNTS:
                return value
            if value > COUNTS[-1]:
                self._refuse(key, value, f"a whole number, 1 to {COUNTS[-1]}")
                return None
        self._refuse(key, value, "a whole number, 1 or more")
        return None

    def number(self, key: str, accepted: range) -> int | None:
        """A whole number of the range, None when it is missing or wrong."""
        value = self._get(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value in accepted:
            return value
        self._refuse(key, value, f"a whole number, {accepted.start} to {accepted.stop - 1}")
        return None

    def choice(self, key: str, kind: type[Choice], *, default: Choice) -> Choice:
        """One of the values of an enumeration."""
        value = self._get(key)
        if value is None:
            return default
        if isinstance(value, str) and value in set(kind):
            return kind(value)
        self._refuse(key, value, f"one of {', '.join(kind)}")
        return default

    def section(self, key: str) -> Section | None:
        """The object under `key`; an empty one counts as missing, because Pulumi.yaml gives it as the default."""
        value = self._structure(key)
        if value is None or value == {}:
            return None
        if isinstance(value, dict):
            return Section(f"{self._name(key)}.", value, self._errors)
        self._refuse(key, value, "an object with keys")
        return None

    def sections(self, key: str, *, secret: bool = False) -> tuple[Section, ...]:
        """The objects of the list under `key`; with `secret`, no message shows what stands there in place of them."""
        found = []
        for index, value in enumerate(self.items(key, secret=secret)):
            if isinstance(value, dict):
                found.append(Section(f"{self._name(key)}[{index}].", value, self._errors))
            else:
                self._refuse(f"{key}[{index}]", value, "an object with keys", secret=secret)
        return tuple(found)

    def items(self, key: str, *, secret: bool = False) -> list[object]:
        """The list under `key`, whatever is in it; with `secret`, no message shows what stands there in its place."""
        value = self._structure(key)
        if value is None or isinstance(value, list):
            return value or []
        self._refuse(key, value, "a list", secret=secret)
        return []

    def texts(self, key: str, accept: Callable[[str], bool], rule: str) -> tuple[str, ...]:
        """The texts of the list under `key`."""
        items = enumerate(self.items(key))
        return tuple(str(value) for index, value in items if self._accepted(f"{key}[{index}]", value, accept, rule))

    def names(self, key: str, accept: Callable[[str], bool], rule: str, *, required: bool = False) -> tuple[str, ...]:
        """The texts of the list under `key`, each once; an empty list, which could mean none or all, is a mistake."""
        before = self.mistakes
        found = self.texts(key, accept, rule)
        if self.mistakes == before:  # of values that were read well, each is where it was written
            seen: set[str] = set()
            for index, text in enumerate(found):
                if text in seen:
                    self.wrong(f"{key}[{index}]", stands_twice(text))
                seen.add(text)
            self._refuse_nothing(key, found, rule if required else None)
        return found

    def objects(self, key: str, *, required: str | None = None, secret: bool = False) -> tuple[Section, ...]:
        """The objects of the list under `key`; an empty list is a mistake.

        Args:
            key: of the list.
            required: what each object is, where the list must be there.
            secret: whether no message may show what stands in place of an object, because it might be a secret.
        """
        before = self.mistakes
        found = self.sections(key, secret=secret)
        if self.mistakes == before:
            self._refuse_nothing(key, found, required)
        return found

    def _refuse_nothing(self, key: str, found: Collection[object], required: str | None) -> None:
        if found or key in self._nulls:
            return
        state = "empty" if self.has(key) else "missing"
        if required is not None:
            self.wrong(key, f"is {state}; accepted: a list of at least one, each {required}")
        elif self.has(key):
            self.wrong(key, "is empty; give it a value, or take the key out")

    def text_map(self, key: str, accept_key: Callable[[str], bool], rule: str) -> Mapping[str, str]:
        """The object under `key` whose values are all texts."""
        value = self._structure(key)
        if value is None:
            return MappingProxyType({})
        if not isinstance(value, dict):
            self._refuse(key, value, f"an object: {rule}")
            return MappingProxyType({})
        for name, item in value.items():
            if not accept_key(name):
                self.wrong(key, f"{shown(name)} is not accepted as a key; accepted: {rule}")
            elif not isinstance(item, str):
                self._refuse(f"{key}.{name}", item, f"{rule}; {_QUOTES}")
        return MappingProxyType({name: item for name, item in value.items() if isinstance(item, str)})

    def _structure(self, key: str) -> object:
        """An object or list, which Pulumi hands over as JSON text at the top."""
        value = self._get(key)
        if not (isinstance(value, str) and value[:1] in ("{", "[")):
            return value
        try:
            parsed: object = json.loads(value)
        except (ValueError, RecursionError):
            return value
        return parsed

    def _get(self, key: str) -> object:
        self._asked.add(key)
        return self._values.get(key)

    def _accepted(self, key: str, value: object, accept: Callable[[str], bool], rule: str) -> bool:
        if isinstance(value, str) and accept(value):
            return True
        self._refuse(key, value, rule if isinstance(value, str) else f"{rule}; {_QUOTES}")
        return False

    def _refuse(self, key: str, value: object, rule: str, *, secret: bool = False) -> None:
        seen = "what stands there (not shown, it may be a secret)" if secret else shown(value)
        self.wrong(key, f"{seen} is not accepted; accepted: {rule}")

    def _name(self, key: str) -> str:
        return self._path + key if key else self._path.rstrip(".")


def stands_twice(value: object = None) -> str:
    """What is wrong with a value that stands in its list before; one that can't be shown goes without saying."""
    which = "" if value is None else f"{shown(value)} "
    return f"{which}stands in the list twice; take one out"


def shown(value: object) -> str:
    """`value` as a message shows it: as JSON, shortened."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, TypeError, RecursionError):  # a number of thousands of digits, among others
        return f"what stands there ({type(value).__name__})"
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."
