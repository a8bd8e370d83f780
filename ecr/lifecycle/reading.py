"""The images of a repository, out of what `aws ecr describe-images` prints.

Sources: ECR API reference, DescribeImages, ImageDetail, BatchGetImage and ImageIdentifier (the form of a digest);
AWS CLI user guide, "Migration guide for the AWS CLI version 2" (version 1 prints times as seconds, version 2 as text).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from ecr.errors import InputError, InputErrors
from ecr.lifecycle.images import MAX_SKEW, Image, ImageStatus
from ecr.oci.manifest import descriptors_in, json_object
from ecr.strict_json import brief, shown
from ecr.tables import short_digest

# A good million images: AWS CLI prints some 700 bytes for one, and ECR's quota is 100,000 in a repository.
MAX_IMAGES_BYTES = 1 << 30
# As `read_json` counts them; some 20 describe one image.
MAX_IMAGES_VALUES = 24_000_000
MAX_IMAGES = 2_000_000  # of descriptions with hardly anything in them
_MAX_SHOWN = 20

_DETAIL_KEYS = frozenset(
    (
        *("registryId", "repositoryName", "imageDigest", "imageTags", "imageSizeInBytes", "imagePushedAt"),
        *("imageScanStatus", "imageScanFindingsSummary", "imageManifestMediaType", "artifactMediaType"),
        *("lastRecordedPullTime", "subjectManifestDigest", "imageStatus", "lastArchivedAt", "lastActivatedAt"),
    )
)
_ENTRY_KEYS = frozenset({"registryId", "repositoryName", "imageId", "imageManifest", "imageManifestMediaType"})
_KEYS = ("imageDetails", "images", "failures")
_TOKENS = ("NextToken", "nextToken")  # AWS CLI's own with --max-items, and the API's

_DIGEST = re.compile(r"[A-Za-z0-9_+.-]+:[A-Fa-f0-9]+")
_STATUSES = {status.value: status for status in ImageStatus}
_DIGEST_RULE = 'a digest, such as "sha256:" and 64 hex digits'
_TAG_RULE = "a tag, as text"
_SIZE_RULE = "a whole number of bytes, 0 to 10^18"
_MAX_SIZE = 10**18  # a million times what ECR takes for one image
_TEXT_RULE = "text"
_TIME_RULE = 'a time with its zone, such as "2026-01-31T12:00:00+00:00", or seconds since 1970'
_MISSING = object()
_STATUS_RULE = ", ".join(shown(status.value) for status in ImageStatus)


def parse_images(document: object, name: str, *, now: datetime) -> tuple[Image, ...]:
    """The images that a file lists.

    A member that is null counts as missing: `--query` prints such. The entries of `images`, as
    `aws ecr batch-get-image` prints them, tell which images an index lists.

    Args:
        document: the JSON, read: `{"imageDetails": [...]}`, optionally with `"images": [...]`, or the list alone.
        name: where it comes from, for messages.
        now: the moment, with its zone, after which nothing can have happened.

    Raises:
        InputErrors: with a line for each problem, `NAME: imageDetails[INDEX].FIELD: reason`. After 20 it stops looking.
    """
    notes = _Notes(name)
    details, manifests = _lists(document, notes)
    children = _children(manifests, notes)
    reader = _Details(notes, children, now)
    where = "imageDetails" if isinstance(document, dict) else ""
    images = [reader.image(entry, f"{where}[{index}]") for index, entry in enumerate(details)]
    reader.finish()
    notes.finish()
    return tuple([image for image in images if image is not None])


class _Notes:
    """The problems found so far. When there are too many, they are raised at once: the rest is most likely alike."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._errors: list[InputError] = []

    def wrong(self, path: str, problem: str) -> None:
        if len(self._errors) == _MAX_SHOWN:
            self._errors.append(InputError(self._name, "and more problems; mend these first"))
            self.finish()
        self._errors.append(InputError(f"{self._name}: {path}" if path else self._name, problem))

    def refuse(self, path: str, value: object, accepted: str) -> None:
        self.wrong(path, _refused(value, accepted))

    def finish(self) -> None:
        if self._errors:
            raise InputErrors(tuple(self._errors))


def _refused(value: object, accepted: str) -> str:
    given = "is missing" if value is _MISSING else f"{shown(value)} is not accepted"
    return f"{given}; accepted: {accepted}"


def _lists(document: object, notes: _Notes) -> tuple[Sequence[object], Sequence[object]]:
    """The descriptions of images, and their manifests where there are any."""
    if isinstance(document, list):
        return _list(document, "", notes), ()
    if not isinstance(document, dict):
        notes.refuse("", document, "what `aws ecr describe-images` prints")
        return (), ()
    for key in sorted(str(key) for key in document if key not in (*_KEYS, *_TOKENS)):
        notes.wrong(brief(key), f"is not a known key; known: {', '.join(_KEYS)}")
    for key in _TOKENS:
        if document.get(key) is not None:
            notes.wrong(key, "says that there are more images; list all, with `aws ecr describe-images` alone")
    if document.get("failures"):
        notes.wrong("failures", "says that manifests are missing; run `aws ecr batch-get-image` for these again")
    manifests = document.get("images")
    return (
        _list(document.get("imageDetails", _MISSING), "imageDetails", notes),
        () if manifests is None else _list(manifests, "images", notes),
    )


def _list(value: object, key: str, notes: _Notes) -> Sequence[object]:
    if isinstance(value, list):
        if len(value) > MAX_IMAGES:
            notes.wrong(key, f"lists {len(value)} images; accepted: at most {MAX_IMAGES}")
            notes.finish()
        return value
    notes.refuse(key, value, "a list of images")
    return ()


def _children(manifests: Sequence[object], notes: _Notes) -> dict[str, tuple[str, ...]]:
    """Digest of an index -> the digests that it lists."""
    found = {}
    for index, entry in enumerate(manifests):
        path = f"images[{index}]"
        if not isinstance(entry, dict):
            notes.refuse(path, entry, "an object with imageId and imageManifest")
            continue
        _refuse_unknown(entry, _ENTRY_KEYS, path, notes)
        image_id, text = entry.get("imageId"), entry.get("imageManifest", _MISSING)
        field = "imageId.imageDigest"
        try:
            digest = _digest(image_id.get("imageDigest", _MISSING) if isinstance(image_id, dict) else _MISSING)
            field = "imageManifest"
            found[digest] = _listed_in(text)
        except ValueError as error:
            notes.wrong(f"{path}.{field}", str(error))
    return found


def _listed_in(manifest: object) -> tuple[str, ...]:
    """The digests that a manifest lists; none when it is no index."""
    if not isinstance(manifest, str):
        raise _RefusedError(_refused(manifest, "the text of a manifest"))
    return tuple(one.digest for one in descriptors_in(json_object(manifest), "manifests"))


def _refuse_unknown(entry: Mapping[str, object], known: frozenset[str], path: str, notes: _Notes) -> None:
    for key in sorted(str(key) for key in entry if key not in known):
        notes.wrong(f"{path}.{brief(key)}", f"is not a known key; known: {', '.join(sorted(known))}")


class _RefusedError(ValueError):
    """A value that is not accepted, in words that follow its name."""


def _digest(value: object) -> str:
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return value
    raise _RefusedError(_refused(value, _DIGEST_RULE))


def _tags(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _RefusedError(_refused(value, "a list of tags"))
    for tag in value:
        _tag(tag)
    return tuple(value)


def _tag(value: object) -> str:
    if isinstance(value, str) and value and value.isprintable():
        return value
    raise _RefusedError(_refused(value, _TAG_RULE))


def _size(value: object) -> int:
    if isinstance(value, int) and 0 <= value <= _MAX_SIZE and not isinstance(value, bool):
        return value
    raise _RefusedError(_refused(value, _SIZE_RULE))


def _status(value: object) -> ImageStatus:
    if isinstance(value, str) and value in _STATUSES:
        return _STATUSES[value]
    raise _RefusedError(_refused(value, _STATUS_RULE))


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise _RefusedError(_refused(value, _TEXT_RULE))


def _time(value: object) -> datetime:
    """The moment in UTC. With one zone for all, comparing is quick."""
    try:
        if isinstance(value, str):
            time = datetime.fromisoformat(value)
            if time.tzinfo is not None:
                return time if time.tzinfo is UTC else time.astimezone(UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:  # OSError: seconds that the C library can't take
        raise _RefusedError(_refused(value, _TIME_RULE)) from error
    if isinstance(value, str):
        raise _RefusedError(f"{shown(value)} has no time zone; accepted: {_TIME_RULE}")
    raise _RefusedError(_refused(value, _TIME_RULE))


class _Details:
    """Reads the descriptions one by one, and knows what must agree among them.

    A hundred thousand are read in a fraction of a second: a description is read in one go, and looked at once more,
    field by field, only when something is wrong with it.
    """

    def __init__(self, notes: _Notes, children: Mapping[str, tuple[str, ...]], now: datetime) -> None:
        self._notes = notes
        self._children = children
        self._now = now
        self._latest = now.astimezone(UTC) + MAX_SKEW
        self._places: dict[str, str] = {}
        self._repository = ""  # the one seen last
        self._repositories: set[str] = set()

    def image(self, entry: object, path: str) -> Image | None:
        """The image that an entry describes; None after noting why it is refused."""
        if not isinstance(entry, dict):
            self._notes.refuse(path, entry, "an object that describes an image")
            return None
        try:
            image = self._read(entry)
        except _RefusedError:
            self._explain(entry, path)
            return None
        first = self._places.setdefault(image.digest, path)
        if first != path:
            self._notes.wrong(
                f"{path}.imageDigest", f"{image.digest} is that of {first} too; accepted: each image once"
            )
        return image

    def finish(self) -> None:
        """Note what is wrong with all together."""
        if len(self._repositories) > 1:
            names = ", ".join(brief(name) for name in sorted(self._repositories)[:3])
            self._notes.wrong("", f"lists images of several repositories: {names}; accepted: those of one")

    def _read(self, entry: Mapping[str, object]) -> Image:
        """One image. Asks the readers only about what is there: for a million images, each call counts."""
        if not _DETAIL_KEYS.issuperset(entry):
            raise _RefusedError("unknown keys")
        get = entry.get
        digest = _digest(get("imageDigest"))
        tags, size, status = get("imageTags"), get("imageSizeInBytes"), get("imageStatus")
        pulled, archived, activated = get("lastRecordedPullTime"), get("lastArchivedAt"), get("lastActivatedAt")
        media_type, subject, repository = (
            get("imageManifestMediaType"),
            get("subjectManifestDigest"),
            get("repositoryName"),
        )
        if archived is None and status == ImageStatus.ARCHIVED:
            raise _RefusedError("no time")
        if repository is not None and repository != self._repository:
            self._repository = _text(repository)
            self._repositories.add(self._repository)
        return Image(
            digest=digest,
            tags=() if tags is None else _tags(tags),
            pushed_at=self._moment(get("imagePushedAt")),
            size=0 if size is None else _size(size),
            status=ImageStatus.ACTIVE if status is None else _status(status),
            pulled_at=None if pulled is None else self._moment(pulled),
            archived_at=None if archived is None else self._moment(archived),
            activated_at=None if activated is None else self._moment(activated),
            media_type="" if media_type is None else _text(media_type),
            subject=None if subject is None else _digest(subject),
            children=self._children.get(digest, ()),
        )

    def _moment(self, value: object) -> datetime:
        time = _time(value)
        if time > self._latest:
            now = self._now.isoformat(timespec="seconds")
            raise _RefusedError(f"{shown(value)} is later than now, {now}; correct --now, or the clock of this machine")
        return time

    def _explain(self, entry: Mapping[str, object], path: str) -> None:
        """Note all that is wrong with one description."""
        readers: Mapping[str, Callable[[object], object]] = {
            "imageDigest": _digest,
            "imageTags": _tags,
            "imageSizeInBytes": _size,
            "imagePushedAt": self._moment,
            "lastRecordedPullTime": self._moment,
            "imageStatus": _status,
            "lastArchivedAt": self._moment,
            "lastActivatedAt": self._moment,
            "imageManifestMediaType": _text,
            "subjectManifestDigest": _digest,
            "repositoryName": _text,
        }
        required = {"imageDigest", "imagePushedAt"}
        if entry.get("imageStatus") == ImageStatus.ARCHIVED:
            required.add("lastArchivedAt")
        _refuse_unknown(entry, _DETAIL_KEYS, path, self._notes)
        digest = entry.get("imageDigest")
        of_image = f" (image {short_digest(brief(digest))})" if isinstance(digest, str) and digest else ""
        for key, read in readers.items():
            value = entry.get(key, _MISSING)
            if value in (None, _MISSING) and key not in required:
                continue
            suffix = of_image if key != "imageDigest" else ""
            if key == "imageTags" and isinstance(value, list):
                for at, tag in enumerate(value):
                    self._note(f"{path}.{key}[{at}]", _tag, tag, suffix)
            else:
                self._note(f"{path}.{key}", read, value, suffix)

    def _note(self, place: str, read: Callable[[object], object], value: object, suffix: str) -> None:
        """Note what is wrong with a value, if its reader refuses it."""
        try:
            read(value)
        except _RefusedError as error:
            self._notes.wrong(place, f"{error}{suffix}")
