"""AWS resource types as tables: each field names its key in the API, so that a type is its fields and a few calls."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import ClassVar

from local.plugins.aws_cloud import Cloud
from local.plugins.aws_resource import CloudResource, own_tags, tag_changes
from local.plugins.errors import StandInError
from local.plugins.schema import Field, Kind, changes
from local.plugins.values import Plain, Props, props_of, text_of, texts_of

WAIT_S, POLL_S = 600.0, 2.0  # the official plugin waits as long for a VPC endpoint


class ApiResource(CloudResource):
    """A type of one AWS service; `outputs` are the properties that only the API knows, with their keys there."""

    service: ClassVar[str]
    outputs: ClassVar[Mapping[str, str]] = {}

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.computed = (*self.computed, *self.outputs)

    def call(self, operation: str, **request: Plain) -> Props:
        """One call of the service; a parameter of None is left out."""
        return self.cloud.call(self.service, operation, request)

    def request(self, wanted: Props) -> Props:
        """The API's parameters for what is wanted."""
        return asked(self.fields, wanted)

    def described(self, found: Props) -> Props:
        """The properties that the API's description tells of, with their tags."""
        told = answered(self.fields, found) | {key: found.get(place) for key, place in self.outputs.items()}
        return told | ({"tags": self.tags_told(found)} if "tags" in self.fields else {})

    def tags_told(self, found: Props) -> Plain:
        """The user's tags in an answer; None when there are none."""
        return own_tags(tags_in(found))

    def changed(self, state: Props, wanted: Props) -> set[str]:
        """The names of the properties that differ."""
        return {one.top for one in changes(self.fields, state, wanted)}

    def retag(self, state: Props, wanted: Props, target: Props, *, tag: str, untag: str) -> None:
        """Set and remove tags by the service's two operations; `target` says of what."""
        setting, removing = tag_changes(state, wanted)
        if setting:
            self.call(tag, **target, Tags=pairs(setting))
        if removing:
            self.call(untag, **target, TagKeys=list(removing))


def asked(fields: Mapping[str, Field], wanted: Props) -> Props:
    """The API's parameters for the properties that have a key there."""
    given = {key: (spec, wanted.get(key)) for key, spec in fields.items() if spec.api}
    return {spec.api: _asked(spec, value) for spec, value in given.values() if value is not None}


def _asked(spec: Field, value: Plain) -> Plain:
    if spec.kind is Kind.OBJECT:
        return asked(spec.fields, props_of(value))
    return [asked(spec.fields, item) for item in objects(value)] if spec.kind is Kind.OBJECTS else value


def answered(fields: Mapping[str, Field], found: Props) -> Props:
    """The properties that an API's description tells of."""
    return {key: _answered(spec, found.get(spec.api)) for key, spec in fields.items() if spec.api}


def _answered(spec: Field, value: Plain) -> Plain:
    if spec.kind is Kind.JSON and isinstance(value, dict):
        return json.dumps(value)  # botocore parses IAM's documents
    if spec.kind is Kind.OBJECT and isinstance(value, dict):
        return answered(spec.fields, value) or None
    return [answered(spec.fields, item) for item in objects(value)] if spec.kind is Kind.OBJECTS else value


def objects(value: Plain) -> list[Props]:
    """The objects of a list."""
    return [props_of(item) for item in value] if isinstance(value, list) else []


def texts(value: Plain) -> list[str]:
    """The texts of a list."""
    return [text_of(item) for item in value] if isinstance(value, list) else []


def inside(answer: Props, key: str) -> Props:
    """The object under a key of an answer."""
    return props_of(answer.get(key))


def first(answer: Props, key: str) -> Props | None:
    """The first object of a list in an answer, None when there is none."""
    return next(iter(objects(answer.get(key))), None)


def pairs(tags: Mapping[str, str]) -> Plain:
    """Tags as most services take them; None for no tags."""
    return [{"Key": key, "Value": value} for key, value in tags.items()] or None


def wanted_tags(wanted: Props) -> Plain:
    """The wanted tags as most services take them; None for no tags."""
    return pairs(texts_of(wanted.get("tags")))


def tags_in(found: Props) -> dict[str, str]:
    """The tags of a description."""
    return {text_of(one.get("Key")): text_of(one.get("Value")) for one in objects(found.get("Tags"))}


def step(old: Plain, new: Plain) -> tuple[list[str], list[str]]:
    """What is to be added to, and removed from, a set of texts."""
    before, after = set(texts(old)), set(texts(new))
    return sorted(after - before), sorted(before - after)


def until(done: Callable[[], bool], what: str) -> None:
    """Wait for it. Raises: StandInError when it takes too long."""
    deadline = time.monotonic() + WAIT_S
    while not done():
        if time.monotonic() > deadline:
            raise StandInError(f"waited {WAIT_S:.0f} s, and still not: {what}; look at it in the AWS console")
        time.sleep(POLL_S)
