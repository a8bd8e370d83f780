"""The dynamic provider behind `PromotedImage`: translates properties, calls `ecr.promoter`, translates back.

The state keeps this module's path, so the module must stay where it is, and importing it must create nothing.
Properties hold no client and no credential. Names of properties are a contract (tests/unit/components).
"""

from __future__ import annotations

import json
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.runtime import rpc

from ecr import config_reader, gate_config, promotion
from ecr.errors import EcrError, printable
from ecr.promotion import Origin, Promotion, Release
from ecr.repository import Mutability, TagMutability

if TYPE_CHECKING:
    from ecr.promoter import Promoter

Properties = dict[str, object]


class PromotionProvider(ResourceProvider):
    """Create, read, update and delete for one promoted image."""

    serialize_as_secret_always = False  # nothing in it is secret, and a secret would be encrypted on each run

    def configure(self, req: ConfigureRequest) -> None:  # noqa: ARG002 - the SDK's signature
        """Called once in the plugin's process."""
        _report_errors_in_one_line()

    def check(self, _olds: Properties, news: Properties) -> CheckResult:
        """Everything that can be refused is refused here, in the preview already. Adds what was found out."""
        if _has_unknown(news):
            return CheckResult(news, [])
        try:
            return CheckResult(news | _found_out(news, previous=_olds), [])
        except EcrError as error:
            # No property is named: the engine would print its value behind each line.
            return CheckResult(news, [CheckFailure("", line) for line in str(error).splitlines()])

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> DiffResult:
        """A change is another release, another rule, or a tag that no longer holds what was promoted."""
        moved = [key for key in ("targetRepository", "targetRegion") if _olds.get(key) != _news.get(key)]
        # `gated` differs when something was gated anew: a record must not outlive what it is about.
        watched = ("tag", "digest", "gate", "gated", "profile")
        changed = [key for key in watched if _olds.get(key) != _news.get(key)]
        return DiffResult(changes=bool(moved or changed or _text(_news, "drift")), replaces=moved)

    def create(self, props: Properties) -> CreateResult:
        """Promote. The same digest under the tag already is success; another one that can't be moved is `Conflict`."""
        return CreateResult(f"{props['targetUrl']}", _promoted(props))

    def update(self, _id: str, _olds: Properties, _news: Properties) -> UpdateResult:
        """Promote. What was promoted before stays in the repository."""
        return UpdateResult(_promoted(_news))

    def read(self, id_: str, props: Properties) -> ReadResult:
        """What the tag holds now; an image that is gone is forgotten, so that the next `up` brings it back."""
        held = _promoter(props).held(_text(props, "tag"))
        if held is None:
            return ReadResult("", {})
        return ReadResult(id_, props | {"digest": held})

    def delete(self, _id: str, _props: Properties) -> None:
        """Keeps the image: what was promoted may be in use."""


def _found_out(news: Properties, *, previous: Properties) -> Properties:
    promoter = _promoter(news)
    plan = promoter.plan()
    before = _release(previous)
    if not plan.is_due and before == plan.release and previous.get("gate") == news.get("gate"):
        # Promoted before, and nothing to do: an image in use is not refused for what was found in it later.
        gated, origin = previous.get("gated"), _text(previous, "origin")
    else:
        _say(plan.reason(_text(news, "targetRepository"), before))
        gated, origin = json.dumps(promoter.examine(plan, say=_say), sort_keys=True), plan.origin.value
    return {
        "tag": plan.release.tag,
        "digest": plan.release.digest,
        "origin": origin,
        "drift": (plan.tag_holds or "nothing") if plan.is_due and before == plan.release else "",
        "gated": gated,
    }


def _promoted(props: Properties) -> Properties:
    release = Release(tag=_text(props, "tag"), digest=_text(props, "digest"))
    result = _promoter(props).copy(release, Origin(_text(props, "origin")))
    return {
        **props,
        "drift": "",
        "promotedAt": datetime.now(UTC).isoformat(timespec="seconds"),
        "bytesMoved": result.bytes_moved,
        "blobsMounted": result.blobs_mounted,
        "blobsSkipped": result.blobs_skipped,
        "blobsCopied": result.blobs_copied,
    }


def _promoter(props: Properties) -> Promoter:
    # A third of a second to load, in the plugin's process only.
    from ecr.promoter import Promoter, TargetRepository  # noqa: PLC0415

    gate = config_reader.open_section("gate", json.loads(_text(props, "gate") or "{}"))
    return Promoter(
        Promotion(
            source_stack=_text(props, "sourceStack"),
            digest=_text(props, "pinnedDigest") or None,
            tag=_text(props, "pinnedTag") or None,
            gate=gate_config.read_gate(gate),
        ),
        promotion.source_image(
            _text(props, "sourceStack"),
            arn=_text(props, "sourceArn"),
            url=_text(props, "sourceUrl"),
            digest=_text(props, "sourceDigest"),
            tag=_text(props, "sourceTag"),
        ),
        TargetRepository(
            name=_text(props, "targetRepository"),
            region=_text(props, "targetRegion") or None,
            profile=_text(props, "profile") or None,
            tag_mutability=TagMutability(
                Mutability(_text(props, "tagMutability")), _texts(props, "mutabilityExclusions")
            ),
        ),
    )


def _release(props: Properties) -> Release | None:
    if not ("tag" in props and "digest" in props):
        return None
    return Release(tag=_text(props, "tag"), digest=_text(props, "digest"))


def _text(props: Properties, key: str) -> str:
    """The text under a key; empty for one that is not there, which is how Pulumi passes None."""
    value = props.get(key)
    return value if isinstance(value, str) else ""


def _texts(props: Properties, key: str) -> tuple[str, ...]:
    value = props.get(key)
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _has_unknown(props: Properties) -> bool:
    """Whether something that decides is not known yet. The URL of the target, perhaps still to be made, does not."""
    return any(value == rpc.UNKNOWN for key, value in props.items() if key != "targetUrl")


def _say(line: str) -> None:
    """What a plugin writes to its standard error, the engine shows."""
    sys.stderr.write(f"{printable(line)}\n")
    sys.stderr.flush()


def _report_errors_in_one_line() -> None:
    """Make the SDK's plugin report our errors by their message alone.

    It formats every exception with `traceback.format_exc` (pulumi/dynamic/__main__.py of SDK 3.272) and has no other
    way to fail. Bugs keep their traceback.
    """
    whole = traceback.format_exc

    def short(limit: int | None = None, chain: bool = True) -> str:  # noqa: FBT001, FBT002 - the standard signature
        error = sys.exc_info()[1]
        return str(error) if isinstance(error, EcrError) else whole(limit, chain)

    traceback.format_exc = short
