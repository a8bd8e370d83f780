"""What is where: the stacks' own outputs next to what the registries hold, as one row for each stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ecr import tables
from ecr.reference import RepositoryArn, is_digest

NO_DRIFT = "none"
UNKNOWN_DRIFT = "unknown"

_HEADER = ("STACK", "TAG", "DIGEST", "AGE", "PROMOTED FROM", "GATE", "DRIFT")
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a stack says in its outputs; None for what it does not say.

    Attributes:
        stack: the stack's name.
        repository: the ARN of its repository.
        tag: the tag of its image.
        digest: the digest of its image.
        image_uri: `HOST/NAME@sha256:...`
        promoted_from: the image URI that it was promoted from.
        gate: the record of the gate, of a promoted image.
    """

    stack: str
    repository: RepositoryArn | None = None
    tag: str | None = None
    digest: str | None = None
    image_uri: str | None = None
    promoted_from: str | None = None
    gate: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class Live:
    """What the registry says about a stack's repository.

    Attributes:
        repository: whether it is there.
        tag_digest: what the stack's tag names; None when there is no such tag.
        image: whether the stack's image is there.
        pushed_at: when the image was pushed, with its zone.
    """

    repository: bool
    tag_digest: str | None = None
    image: bool = False
    pushed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class StatusRow:
    """One stack.

    Attributes:
        published: what the stack says.
        age: time since its image was pushed; None when that is not known.
        drift: `none`, or in words what was changed behind the stack's back; `unknown` when the registry can't be asked;
            None when there is nothing to compare.
    """

    published: Published
    age: timedelta | None = None
    drift: str | None = None

    @property
    def has_drifted(self) -> bool:
        """Whether what the stack says is not what the registry holds."""
        return self.drift not in (None, NO_DRIFT, UNKNOWN_DRIFT)


def published(stack: str, outputs: Mapping[str, object]) -> Published:
    """Read a stack's outputs. Anything may stand there: what is not of the right form counts as not said."""
    digest = _text(outputs, "image_digest")
    gate = outputs.get("gate")
    return Published(
        stack=stack,
        repository=_arn(_text(outputs, "repository_arn")),
        tag=_text(outputs, "image_tag"),
        digest=digest if digest and is_digest(digest) else None,
        image_uri=_text(outputs, "image_uri"),
        promoted_from=_text(outputs, "promoted_from"),
        gate=gate if isinstance(gate, Mapping) else None,
    )


def row(said: Published, live: Live | None, now: datetime) -> StatusRow:
    """Compare what a stack says with what the registry holds.

    Args:
        said: the stack's outputs.
        live: the registry's answer; None when it could not be asked.
        now: the time, with its zone.
    """
    if said.repository is None:
        return StatusRow(published=said)
    if live is None:
        return StatusRow(published=said, drift=UNKNOWN_DRIFT)
    age = now - live.pushed_at if live.pushed_at else None
    return StatusRow(published=said, age=age, drift=_drift(said, live))


def in_promotion_order(rows: Sequence[StatusRow]) -> list[StatusRow]:
    """A stack comes after the one that it was promoted from; otherwise, and in a circle, the name decides."""
    waiting = sorted(rows, key=lambda each: each.published.stack)
    ordered: list[StatusRow] = []
    while waiting:
        names = {each.published.stack for each in waiting}
        ready = (each for each in waiting if _source(each, rows) not in names - {each.published.stack})
        following = next(ready, waiting[0])
        waiting.remove(following)
        ordered.append(following)
    return ordered


def table(rows: Sequence[StatusRow]) -> list[str]:
    """A header and one line for each row, aligned, with short digests."""
    return tables.aligned(_HEADER, [cells(each, rows) for each in rows])


def cells(each: StatusRow, rows: Sequence[StatusRow]) -> tuple[str, ...]:
    """Stack, tag, digest, age, where it was promoted from, gate and drift in short; empty for what there is not."""
    said = each.published
    drift = " ".join(tables.short_digest(word) if is_digest(word) else word for word in (each.drift or "").split(" "))
    return (
        said.stack,
        said.tag or "",
        tables.short_digest(said.digest or ""),
        _age(each.age),
        _source(each, rows) or _short_uri(said.promoted_from or ""),
        _gate(said.gate),
        drift,
    )


def as_json(rows: Sequence[StatusRow]) -> dict[str, object]:
    """`{"stacks": [...]}`, with full digests, ages in seconds, and null for what there is not."""
    return {
        "stacks": [
            {
                "stack": each.published.stack,
                "repository_arn": str(each.published.repository) if each.published.repository else None,
                "tag": each.published.tag,
                "digest": each.published.digest,
                "image_uri": each.published.image_uri,
                "age_seconds": int(each.age.total_seconds()) if each.age is not None else None,
                "promoted_from": each.published.promoted_from,
                "gate": each.published.gate,
                "drift": each.drift,
            }
            for each in rows
        ]
    }


def _drift(said: Published, live: Live) -> str:
    if not live.repository:
        return "repository gone"
    if said.digest is None or said.tag is None:
        return NO_DRIFT
    if live.tag_digest not in (None, said.digest):
        moved = f"tag moved to {live.tag_digest}"
        return moved if live.image else f"image deleted and {moved}"
    if not live.image:
        return "image deleted"
    return NO_DRIFT if live.tag_digest else "tag deleted"


def _source(each: StatusRow, rows: Sequence[StatusRow]) -> str | None:
    """The stack whose repository the image was promoted from; None when it is not one of the rows."""
    repository = (each.published.promoted_from or "").partition("@")[0]
    for other in rows:
        if repository and other is not each and (other.published.image_uri or "").partition("@")[0] == repository:
            return other.published.stack
    return None


def _gate(record: Mapping[str, object] | None) -> str:
    """What the gate said, in short: the record that `ecr.scan.record` has made and the stack's state has kept."""
    if record is None:
        return ""
    if record.get("off"):
        return "off"
    if record.get("passed") is not True:
        return "refused"
    ignored = record.get("ignored")
    count = f", {len(ignored)} ignored" if isinstance(ignored, list) and ignored else ""
    return f"passed, max {record.get('max_severity')}{count}"


def _age(age: timedelta | None) -> str:
    """The largest unit that fits: `3 d`, `5 h`, `12 min`, `40 s`. Clocks that differ don't make it negative."""
    if age is None:
        return ""
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if age >= unit:
            return f"{age // unit} {name}"
    return f"{max(int(age.total_seconds()), 0)} s"


def _short_uri(uri: str) -> str:
    repository, at, digest = uri.partition("@")
    return f"{repository}{at}{tables.short_digest(digest)}" if at else uri


def _text(outputs: Mapping[str, object], name: str) -> str | None:
    value = outputs.get(name)
    return value if isinstance(value, str) and value else None


def _arn(text: str | None) -> RepositoryArn | None:
    try:
        return RepositoryArn.parse(text) if text else None
    except ValueError:
        return None
