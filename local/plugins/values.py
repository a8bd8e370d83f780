"""Property values as plain Python, and back, without losing what is secret or still unknown.

The SDK's `PropertyValue.unmarshal` keeps the engine's marker for an unknown as an ordinary string, and `marshal`
refuses `PropertyValue.computed()` (read in pulumi 3.272.0, property_value.py): both translations are made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeAlias, Union

from pulumi.provider.experimental.property_value import PropertyValue, PropertyValueType
from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_MARKER

from local.plugins.errors import StandInError


class Unknown(Enum):
    """A value that is known only after an update has run; previews meet it."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN
# Union: `|` does not take forward references to the alias itself on Python 3.11.
Plain: TypeAlias = Union[bool, int, float, str, Unknown, "list[Plain]", "dict[str, Plain]", None]
Props: TypeAlias = dict[str, Plain]
Wrapped: TypeAlias = Mapping[str, PropertyValue]


def plain(value: PropertyValue) -> Plain:
    """The value as plain Python; whole numbers become ints (the wire has only floats), secretness is left behind."""
    inner = value.value
    if value.type is PropertyValueType.COMPUTED or inner == UNKNOWN_MARKER:
        return UNKNOWN
    if inner is None or isinstance(inner, bool | str):
        return inner
    if isinstance(inner, float):
        return int(inner) if inner.is_integer() else inner
    if isinstance(inner, Mapping):
        return {key: plain(item) for key, item in inner.items()}
    if isinstance(inner, tuple | list):
        return [plain(item) for item in inner]
    raise StandInError(
        f"a value of kind {value.type.value} is not implemented by the stand-in; install the official plugin"
    )


def plain_map(values: Wrapped) -> Props:
    """The properties as plain Python, without the nulls (an SDK sends a null for an argument that was left out)."""
    return {key: item for key, value in values.items() if (item := plain(value)) is not None}


def wrap(value: Plain, like: PropertyValue | None = None) -> PropertyValue:
    """The value for the engine: secret wherever `like` is secret, or as a whole where the shapes no longer match."""
    if like is not None and like.is_secret:
        return wrap(value).with_secret(is_secret=True)
    inner = like.value if like is not None else None
    if isinstance(value, dict):
        known: Mapping[str, PropertyValue] = inner if isinstance(inner, Mapping) else {}
        lost = any(item.contains_secret() for key, item in known.items() if key not in value)
        wrapped = PropertyValue({key: wrap(item, known.get(key)) for key, item in value.items()})
        return wrapped.with_secret(lost or _hides(like, Mapping))
    if isinstance(value, list):
        items = inner if isinstance(inner, tuple) and len(inner) == len(value) else None
        wrapped = PropertyValue([wrap(item, items[at] if items else None) for at, item in enumerate(value)])
        return wrapped.with_secret(items is None and _contains_secret(like))
    return PropertyValue(_leaf(value), is_secret=_contains_secret(like))


def wrap_map(values: Props, *likes: Wrapped) -> dict[str, PropertyValue]:
    """The properties for the engine; one that is (or contains) a secret in any of `likes` stays secret."""
    wrapped: dict[str, PropertyValue] = {}
    for key, value in values.items():
        examples = [like[key] for like in likes if key in like]
        example = next((item for item in examples if item.contains_secret()), None)
        wrapped[key] = wrap(value, example)
    return wrapped


def secrets_in(values: Wrapped) -> set[str]:
    """Every text that arrived as (or inside) a secret: what no message and no log line may show."""
    found: set[str] = set()
    for value in values.values():
        found |= _texts(value, inside=False)
    return found


def secret_at(values: Wrapped, path: str) -> bool:
    """Whether the value at a dotted path is secret, by itself or as part of something secret."""
    key, _, rest = path.partition(".")
    value = values.get(key)
    if value is None or not rest:
        return _contains_secret(value)
    return value.is_secret or (isinstance(value.value, Mapping) and secret_at(value.value, rest))


def contains_unknown(value: Plain) -> bool:
    """Whether any part of the value is still unknown."""
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    return value is UNKNOWN


def text_of(value: Plain) -> str:
    """The value when it is a string, else an empty string: for optional string properties."""
    return value if isinstance(value, str) else ""


def props_of(value: Plain) -> Props:
    """The value when it is an object, else an empty one: for optional object properties."""
    return value if isinstance(value, dict) else {}


def texts_of(value: Plain) -> dict[str, str]:
    """A map of texts (tags, build arguments), leaving out entries without a value."""
    return {
        key: item if isinstance(item, str) else str(item) for key, item in props_of(value).items() if item is not None
    }


def _leaf(value: float | str | Unknown | None) -> float | str | None:
    if isinstance(value, Unknown):
        return UNKNOWN_MARKER
    return value if value is None or isinstance(value, bool | str) else float(value)


def _contains_secret(like: PropertyValue | None) -> bool:
    return like is not None and like.contains_secret()


def _hides(like: PropertyValue | None, shape: type) -> bool:
    return _contains_secret(like) and like is not None and not isinstance(like.value, shape)


def _texts(value: PropertyValue, *, inside: bool) -> set[str]:
    secret, inner = inside or value.is_secret, value.value
    if isinstance(inner, str):
        return {inner} if secret and inner != UNKNOWN_MARKER else set()
    if isinstance(inner, Mapping):
        return {text for item in inner.values() for text in _texts(item, inside=secret)}
    if isinstance(inner, tuple | list):
        return {text for item in inner for text in _texts(item, inside=secret)}
    return set()
