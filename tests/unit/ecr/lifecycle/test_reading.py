from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr.errors import InputError, InputErrors
from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.reading import MAX_IMAGES, parse_images
from ecr.strict_json import read_json

NAME = "images.json"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PUSHED = "2026-01-31T12:00:00+00:00"
DIGEST = f"sha256:{'a' * 64}"
OTHER = f"sha256:{'b' * 64}"
ABSENT = object()


def detail(**changes: object) -> dict[str, object]:
    entry = {"imageDigest": DIGEST, "imageTags": ["v1"], "imageSizeInBytes": 7, "imagePushedAt": PUSHED, **changes}
    return {key: value for key, value in entry.items() if value is not ABSENT}


def read(document: object) -> tuple[Image, ...]:
    return parse_images(document, NAME, now=NOW)


def read_one(**changes: object) -> Image:
    (image,) = read({"imageDetails": [detail(**changes)]})
    return image


def mistakes(document: object) -> list[str]:
    with pytest.raises(InputErrors) as raised:
        read(document)
    return [str(error) for error in raised.value.errors]


def test_every_member_reaches_the_image() -> None:
    entry = detail(
        registryId="123456789012",
        repositoryName="app",
        imageScanStatus={"status": "COMPLETE"},
        imageScanFindingsSummary={"findingSeverityCounts": {"LOW": 1}},
        imageManifestMediaType="application/vnd.oci.image.index.v1+json",
        artifactMediaType="application/vnd.oci.image.config.v1+json",
        lastRecordedPullTime="2026-02-01T00:00:00Z",
        subjectManifestDigest=OTHER,
        imageStatus="ARCHIVED",
        lastArchivedAt="2026-02-02T00:00:00.5+02:00",
        lastActivatedAt="2026-02-03T00:00:00-08:00",
    )
    index = {"imageId": {"imageDigest": DIGEST, "imageTag": "v1"}, "imageManifest": manifest(OTHER, DIGEST)}
    assert read({"imageDetails": [entry], "images": [index], "failures": []}) == (
        Image(
            digest=DIGEST,
            tags=("v1",),
            pushed_at=datetime(2026, 1, 31, 12, tzinfo=UTC),
            size=7,
            status=ImageStatus.ARCHIVED,
            pulled_at=datetime(2026, 2, 1, tzinfo=UTC),
            archived_at=datetime(2026, 2, 1, 22, 0, 0, 500_000, tzinfo=UTC),
            activated_at=datetime(2026, 2, 3, 8, tzinfo=UTC),
            media_type="application/vnd.oci.image.index.v1+json",
            subject=OTHER,
            children=(OTHER, DIGEST),
        ),
    )


def manifest(*digests: str) -> str:
    children = [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": d, "size": 1} for d in digests]
    return json.dumps({"schemaVersion": 2, "manifests": children})


def test_an_image_needs_a_digest_and_the_time_of_its_push_only() -> None:
    bare = {"imageDigest": DIGEST, "imagePushedAt": PUSHED}
    expected = Image(digest=DIGEST, pushed_at=datetime(2026, 1, 31, 12, tzinfo=UTC))
    nulls = dict.fromkeys(("imageTags", "imageSizeInBytes", "lastRecordedPullTime", "imageStatus", "lastArchivedAt"))
    assert read([bare]) == read({"imageDetails": [bare], "nextToken": None}) == read([{**nulls, **bare}]) == (expected,)


@pytest.mark.parametrize("document", [[], {"imageDetails": []}], ids=["list", "answer"])
def test_a_repository_may_be_empty(document: object) -> None:
    assert read(document) == ()


@pytest.mark.parametrize(
    "value",
    ["2026-01-31T12:00:00Z", "2026-01-31T14:00:00+02:00", "2026-01-31 12:00:00.000000+00:00", 1769860800, 1769860800.0],
)
def test_times_are_read_as_both_versions_of_the_aws_cli_print_them(value: object) -> None:
    assert read_one(imagePushedAt=value).pushed_at == datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_a_clock_may_be_five_minutes_ahead() -> None:
    ahead = NOW + timedelta(minutes=5)
    assert read_one(imagePushedAt=ahead.isoformat()).pushed_at == ahead
    (found,) = mistakes([detail(imagePushedAt=(ahead + timedelta(seconds=1)).isoformat())])
    assert found == (
        'images.json: [0].imagePushedAt: "2026-03-01T12:05:01+00:00" is later than now, 2026-03-01T12:00:00+00:00; '
        f"correct --now, or the clock of this machine (image {DIGEST[:19]})"
    )


def test_now_may_be_in_any_zone() -> None:
    now = NOW.astimezone(timezone(timedelta(hours=-8)))
    assert len(parse_images([detail(imagePushedAt=NOW.isoformat())], NAME, now=now)) == 1


FIELDS: Mapping[str, tuple[str, object, str]] = {
    "no-digest": ("imageDigest", ABSENT, 'is missing; accepted: a digest, such as "sha256:" and 64 hex digits'),
    "a-short-digest": ("imageDigest", "sha256", '"sha256" is not accepted; accepted: a digest'),
    "no-hex-digest": ("imageDigest", "sha256:xyz", '"sha256:xyz" is not accepted'),
    "a-digest-and-a-line-break": ("imageDigest", f"{DIGEST}\n", f'"{DIGEST[:57]}..." is not accepted'),
    "a-number-for-a-digest": ("imageDigest", 7, "7 is not accepted"),
    "a-text-of-tags": ("imageTags", "v1", '"v1" is not accepted; accepted: a list of tags'),
    "a-number-for-a-tag": ("imageTags[1]", ["v1", 7], "7 is not accepted; accepted: a tag, as text"),
    "a-null-tag": ("imageTags[0]", [None], "null is not accepted; accepted: a tag, as text"),
    "an-empty-tag": ("imageTags[0]", [""], '"" is not accepted; accepted: a tag, as text'),
    "a-control-character-in-a-tag": ("imageTags[0]", ["a\0b"], '"a\\u0000b" is not accepted'),
    "a-boolean-size": ("imageSizeInBytes", True, "true is not accepted; accepted: a whole number of bytes, 0 to 10^18"),
    "a-negative-size": ("imageSizeInBytes", -1, "-1 is not accepted"),
    "a-size-out-of-all-bounds": ("imageSizeInBytes", 10**18 + 1, f"{10**18 + 1} is not accepted"),
    "a-fraction-for-a-size": ("imageSizeInBytes", 7.0, "7.0 is not accepted"),
    "a-text-for-a-size": ("imageSizeInBytes", "7", '"7" is not accepted'),
    "no-date": ("imagePushedAt", ABSENT, "is missing; accepted: a time with its zone, such as"),
    "a-null-date": ("imagePushedAt", None, "null is not accepted; accepted: a time with its zone"),
    "no-zone": ("imagePushedAt", "2026-01-31T12:00:00", '"2026-01-31T12:00:00" has no time zone; accepted: a time'),
    "a-day": ("imagePushedAt", "2026-01-31", '"2026-01-31" has no time zone'),
    "a-day-that-is-none": ("imagePushedAt", "2026-02-30T00:00:00Z", '"2026-02-30T00:00:00Z" is not accepted'),
    "words-for-a-date": ("imagePushedAt", "yesterday", '"yesterday" is not accepted; accepted: a time with its zone'),
    "an-empty-date": ("imagePushedAt", "", '"" is not accepted'),
    "a-boolean-date": ("imagePushedAt", True, "true is not accepted"),
    "milliseconds": ("imagePushedAt", 1769860800000, "1769860800000 is not accepted"),
    "seconds-out-of-all-bounds": ("imagePushedAt", 10**30, f"{10**30} is not accepted"),
    "before-all-calendars": ("imagePushedAt", "0001-01-01T00:00:00+10:00", '"0001-01-01T00:00:00+10:00" is not accept'),
    "a-pull-in-the-future": (
        "lastRecordedPullTime",
        "2026-03-02T00:00:00Z",
        '"2026-03-02T00:00:00Z" is later than now',
    ),
    "an-archiving-in-the-future": (
        "lastArchivedAt",
        "2027-01-01T00:00:00Z",
        '"2027-01-01T00:00:00Z" is later than now',
    ),
    "a-return-in-the-future": ("lastActivatedAt", 1893456000, "1893456000 is later than now"),
    "a-pull-without-zone": ("lastRecordedPullTime", "2026-01-31T12:00:00", '"2026-01-31T12:00:00" has no time zone'),
    "archived-at-no-time": ("lastArchivedAt", {}, "an object is not accepted"),
    "an-unknown-status": (
        "imageStatus",
        "DELETED",
        '"DELETED" is not accepted; accepted: "ACTIVE", "ARCHIVED", "ACTIV',
    ),
    "a-list-of-status": ("imageStatus", ["ACTIVE"], "a list is not accepted"),
    "a-number-for-a-media-type": ("imageManifestMediaType", 7, "7 is not accepted; accepted: text"),
    "a-subject-that-is-none": ("subjectManifestDigest", "v1", '"v1" is not accepted; accepted: a digest'),
    "a-list-of-repositories": ("repositoryName", ["app"], "a list is not accepted; accepted: text"),
    "an-unknown-key": ("pushedAt", PUSHED, "is not a known key; known: artifactMediaType, imageDigest"),
}


@pytest.mark.parametrize(("field", "value", "problem"), FIELDS.values(), ids=FIELDS)
def test_a_wrong_member_is_refused_with_its_place(field: str, value: object, problem: str) -> None:
    (found,) = mistakes({"imageDetails": [detail(imageDigest=OTHER), detail(**{field.partition("[")[0]: value})]})
    assert found.startswith(f"images.json: imageDetails[1].{field}: {problem}")


def test_an_archived_image_without_the_time_of_archiving_is_refused() -> None:
    (found,) = mistakes([detail(imageStatus="ARCHIVED")])
    assert found.startswith("images.json: [0].lastArchivedAt: is missing; accepted: a time with its zone")
    assert read_one(imageStatus="ACTIVATING").status is ImageStatus.ACTIVATING


def index(**changes: object) -> dict[str, object]:
    entry = {"imageId": {"imageDigest": DIGEST}, "imageManifest": manifest(OTHER), **changes}
    return {"imageDetails": [], "images": [{key: value for key, value in entry.items() if value is not ABSENT}]}


DOCUMENTS: Mapping[str, tuple[object, str]] = {
    "null": (None, "images.json: null is not accepted; accepted: what `aws ecr describe-images` prints"),
    "a-text": ("x", 'images.json: "x" is not accepted; accepted: what'),
    "no-images": ({}, "images.json: imageDetails: is missing; accepted: a list of images"),
    "null-for-images": ({"imageDetails": None}, "images.json: imageDetails: null is not accepted; accepted: a list of"),
    "an-object-of-images": ({"imageDetails": {}}, "images.json: imageDetails: an object is not accepted"),
    "an-unknown-key": (
        {"imageDetails": [], "imageIds": []},
        "images.json: imageIds: is not a known key; known: imageDe",
    ),
    "more-pages": ({"imageDetails": [], "nextToken": "x"}, "images.json: nextToken: says that there are more images"),
    "more-for-the-cli": ({"imageDetails": [], "NextToken": "x"}, "images.json: NextToken: says that there are more"),
    "failures": ({"imageDetails": [], "failures": [{}]}, "images.json: failures: says that manifests are missing"),
    "a-number-for-an-image": ([7], "images.json: [0]: 7 is not accepted; accepted: an object that describes an image"),
    "a-digest-twice": (
        {"imageDetails": [detail(), detail()]},
        f"images.json: imageDetails[1].imageDigest: {DIGEST} is that of imageDetails[0] too; accepted: each image once",
    ),
    "two-repositories": (
        [detail(repositoryName="app"), detail(imageDigest=OTHER, repositoryName="web")],
        "images.json: lists images of several repositories: app, web; accepted: those of one",
    ),
    "an-object-of-manifests": ({"imageDetails": [], "images": {}}, "images.json: images: an object is not accepted"),
    "a-text-for-a-manifest": ({"imageDetails": [], "images": ["x"]}, 'images.json: images[0]: "x" is not accepted'),
    "an-unknown-key-of-a-manifest": (index(digest=DIGEST), "images.json: images[0].digest: is not a known key"),
    "a-manifest-of-nothing": (
        index(imageId=ABSENT),
        "images.json: images[0].imageId.imageDigest: is missing; accepted",
    ),
    "no-manifest": (
        index(imageManifest=ABSENT),
        "images.json: images[0].imageManifest: is missing; accepted: the text",
    ),
    "null-for-a-manifest": (index(imageManifest=None), "images.json: images[0].imageManifest: null is not accepted"),
    "a-broken-manifest": (index(imageManifest="{"), "images.json: images[0].imageManifest: is not JSON: "),
    "an-endless-manifest": (
        index(imageManifest="[" * 9999),
        "images.json: images[0].imageManifest: is JSON without end",
    ),
    "a-manifest-of-other-shape": (
        index(imageManifest='{"manifests": [{"digest": 7}]}'),
        "images.json: images[0].imageManifest: has a descriptor without digest and size",
    ),
}


@pytest.mark.parametrize(("document", "problem"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_what_is_no_list_of_images_is_refused(document: object, problem: str) -> None:
    (found,) = mistakes(document)
    assert found.startswith(problem)


def test_the_manifest_of_an_image_lists_nothing() -> None:
    document = index(imageManifest='{"config": {}, "layers": []}')
    assert read({**document, "imageDetails": [detail()]})[0].children == ()


def test_all_problems_are_said_at_once() -> None:
    broken = detail(imageDigest="x", imageSizeInBytes=-1, imagePushedAt=ABSENT, when=1)
    found = mistakes({"imageDetails": [broken, 7], "nextToken": "more"})
    assert [line.removeprefix("images.json: ").partition(": ")[0] for line in found] == [
        *("nextToken", "imageDetails[0].when", "imageDetails[0].imageDigest", "imageDetails[0].imageSizeInBytes"),
        *("imageDetails[0].imagePushedAt", "imageDetails[1]"),
    ]


def test_all_wrong_tags_of_an_image_are_said() -> None:
    found = mistakes([detail(imageTags=["v1", "", 7, "v1", None])])
    assert [line.split(": ")[1:3] for line in found] == [
        ["[0].imageTags[1]", '"" is not accepted; accepted'],
        ["[0].imageTags[2]", "7 is not accepted; accepted"],
        ["[0].imageTags[4]", "null is not accepted; accepted"],
    ]


@pytest.mark.parametrize(("count", "shown"), [(20, 20), (21, 21), (1000, 21)])
def test_after_twenty_problems_nothing_is_looked_at_any_more(count: int, shown: int) -> None:
    found = mistakes([7] * count)
    assert len(found) == shown
    assert (found[-1] == "images.json: and more problems; mend these first") == (count > 20)


@pytest.mark.parametrize(
    "entry", [1, [], {}, detail(imageTags=[""] * 20, when=1)], ids=["a-number", "a-list", "an-object", "an-image"]
)
@pytest.mark.parametrize("key", ["imageDetails", "images"])
def test_many_wrong_entries_are_refused_in_no_time(key: str, entry: object) -> None:
    start = time.process_time()
    assert len(mistakes({"imageDetails": [], key: [entry] * 1_000_000})) == 21
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("document", "where"),
    [
        pytest.param([{}] * (MAX_IMAGES + 1), "", id="list"),
        pytest.param({"imageDetails": [{}] * (MAX_IMAGES + 1)}, "imageDetails: ", id="answer"),
        pytest.param({"imageDetails": [], "images": [{}] * (MAX_IMAGES + 1)}, "images: ", id="manifests"),
    ],
)
def test_more_images_than_any_repository_has_are_not_read(document: object, where: str) -> None:
    assert mistakes(document) == [f"images.json: {where}lists 2000001 images; accepted: at most 2000000"]


# ---------------------------------------------------------------------------------------------------------------------
# Anything at all
# ---------------------------------------------------------------------------------------------------------------------

KEYS = (*detail(), "lastRecordedPullTime", "lastArchivedAt", "imageStatus", "subjectManifestDigest", "repositoryName")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from([DIGEST, PUSHED]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
DATES = st.datetimes().map(datetime.isoformat) | st.datetimes(timezones=st.timezones()).map(datetime.isoformat)


def refusal(text: str | bytes) -> str:
    try:
        read(read_json(text, NAME, max_bytes=1 << 20))
    except (InputError, InputErrors) as error:
        return str(error)
    return f"{NAME}: nothing"


@given(st.binary(max_size=300) | st.text(max_size=100) | VALUES.map(json.dumps))
def test_any_text_is_a_list_of_images_or_refused(text: str | bytes) -> None:
    said = refusal(text)
    assert said.startswith("images.json: ")
    assert all(line.isprintable() for line in said.splitlines())


@given(st.dictionaries(st.sampled_from(KEYS), VALUES | DATES, max_size=4), VALUES)
def test_images_with_any_values_in_them_are_read_or_refused(changes: dict[str, object], manifests: object) -> None:
    document = {"imageDetails": [detail(**changes), detail(imageDigest=OTHER)], "images": manifests}
    assert refusal(json.dumps(document)).startswith("images.json: ")
    assert refusal(json.dumps(index(imageManifest=json.dumps(manifests)))).startswith("images.json: ")


@given(st.dictionaries(st.sampled_from(KEYS), VALUES | DATES, max_size=4))
def test_no_image_is_left_out_without_a_word(changes: dict[str, object]) -> None:
    try:
        found: int = len(read([detail(**changes)]))
    except InputErrors as error:
        found = len(error.errors)
    assert found >= 1
