"""Input transformers: what EventBridge makes of an event before it publishes it.

EventBridge user guide, "Amazon EventBridge input transformation": a variable is put into the template as it is, without
being escaped; an object or list that stands in a text loses its quotes; and one that isn't in the event leaves a hole.
So the templates use nothing but fields that each event of the kind has, and put into texts only what can't hold a quote
or a line break: names, tags and digests, whose grammars are ECR's own, times, Regions and numbers. Whatever somebody
could have written freely stays inside of `detail`, which is an object and stands by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ecr.notifications.events import Kind, Scope

_DETAIL = "detail"


class Format(StrEnum):
    """How a notification is written.

    JSON is one object for programs. SLACK and TEAMS are what Amazon Q Developer in chat applications, once AWS Chatbot,
    takes from a topic and shows in a channel (its administrator guide, "Custom notifications"): the same object for
    both, with a text in the markdown of the one or the other.
    """

    JSON = "json"
    SLACK = "slack"
    TEAMS = "teams"


@dataclass(frozen=True)
class InputTransformer:
    """What a rule's target gets.

    Attributes:
        paths: variable -> where its value stands in the event.
        template: JSON with the variables in angle brackets.
    """

    paths: Mapping[str, str]
    template: str


_COMMON = {"account": "$.account", "region": "$.region", "time": "$.time", "id": "$.id"}
_IMAGE = {"repository": "$.detail.repository-name", "digest": "$.detail.image-digest"}

# Variable -> path, for what each kind of event always has.
_PATHS: Mapping[Kind, Mapping[str, str]] = MappingProxyType(
    {
        Kind.PUSH: {**_IMAGE, "tag": "$.detail.image-tag"},
        Kind.SCAN: {**_IMAGE, "tags": "$.detail.image-tags", "findings": "$.detail.finding-severity-counts"},
        Kind.ENHANCED_SCAN: {**_IMAGE, "tags": "$.detail.image-tags", "findings": "$.detail.finding-severity-counts"},
        Kind.REPLICATION: {
            **_IMAGE,
            "sourceRegion": "$.detail.source-region",
            "sourceAccount": "$.detail.source-account",
        },
        Kind.LIFECYCLE: {"repository": "$.detail.serviceEventDetails.repositoryName", "event": "$.detail.eventID"},
        Kind.DELETION: {**_IMAGE, "action": "$.detail.action-type"},
    }
)

# What a channel reads: the title, and the text below it.
_WORDS: Mapping[Kind, tuple[str, str]] = MappingProxyType(
    {
        Kind.PUSH: ("Image pushed to {repository}", "{bold}<tag>{bold} is <digest>"),
        Kind.SCAN: ("Scan findings in {repository}", "{bold}<findings>{bold} in <digest>, tagged <tags>"),
        Kind.ENHANCED_SCAN: ("Scan findings in {repository}", "{bold}<findings>{bold} in <digest>, tagged <tags>"),
        Kind.REPLICATION: (
            "Replication failed: {repository}",
            "{bold}<digest>{bold} did not arrive from <sourceRegion> of account <sourceAccount>",
        ),
        Kind.LIFECYCLE: (
            "Lifecycle policy acted on {repository}",
            "CloudTrail event {bold}<event>{bold} (PolicyExecutionEvent) names the images and the rules",
        ),
        Kind.DELETION: ("Image gone from {repository}", "{bold}<action>{bold} of <digest>"),
    }
)
_BOLD = {Format.SLACK: "*", Format.TEAMS: "**"}
_WHERE = ", in <region> of account <account> at <time>"

# Both kinds of scan are one event to the reader.
_NAMES = {Kind.ENHANCED_SCAN: Kind.SCAN.value}


def transformer(kind: Kind, written: Format, scope: Scope) -> InputTransformer:
    """What is told of an event of a kind.

    A repository that is known beforehand stands in the template by its name. Otherwise it is what the event calls it,
    which for enhanced scans is its ARN.
    """
    content = _object(kind, scope) if written is Format.JSON else _chat(kind, written, scope)
    template = json.dumps(content, separators=(",", ":")).replace(f'"<{_DETAIL}>"', f"<{_DETAIL}>")
    paths = {**_COMMON, **_PATHS[kind], _DETAIL: "$.detail"}
    return InputTransformer({name: path for name, path in paths.items() if f"<{name}>" in template}, template)


def _object(kind: Kind, scope: Scope) -> Mapping[str, object]:
    """The plain object; `detail` is the event's own, unchanged."""
    image = {"digest": "<digest>"} if "digest" in _PATHS[kind] else {}
    return {
        "event": _NAMES.get(kind, kind.value),
        "repository": _repository(scope),
        **image,
        **{name: f"<{name}>" for name in _COMMON},
        _DETAIL: f"<{_DETAIL}>",
    }


def _chat(kind: Kind, written: Format, scope: Scope) -> Mapping[str, object]:
    title, description = _WORDS[kind]
    return {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": title.format(repository=_repository(scope)),
            "description": description.format(bold=_BOLD[written]) + _WHERE,
        },
    }


def _repository(scope: Scope) -> str:
    return scope.name if scope.name is not None else "<repository>"
