"""Cases: images in the archive, on their way back, and what keeps the two storage classes apart."""

from __future__ import annotations

from ecr.lifecycle.policy import Action
from tests.unit.ecr.lifecycle.making import (
    ACTIVATING,
    SECOND,
    Ago,
    Case,
    archived,
    case,
    days,
    image,
    in_archive,
    keep,
    pulled,
    pushed,
)


def _archived(name: str, since: Ago, *, goes: bool) -> Case:
    one = in_archive("a", "v1", 1000, since=since)
    return case(f"archive: {name}", archived(1, 90, "any"), one, {"expire@1": "a"} if goes else {})


ARCHIVED = [
    _archived("a second less than the limit", days(90) - SECOND, goes=False),
    _archived("exactly the limit", 90, goes=False),
    _archived("a second more than the limit", days(90) + SECOND, goes=True),
    _archived("archived this moment, pushed long ago", 0, goes=False),
    case(
        "archive: untagged images only",
        archived(1, 90, "untagged"),
        [in_archive("a", "v1", since=95), in_archive("b", "", since=95)],
        {"expire@1": "b"},
    ),
    case(
        "archive: patterns are all met there, too",
        archived(1, 90, "a* b*"),
        [in_archive("a", "a1", since=95), in_archive("b", "a1 b1", since=95), in_archive("c", "b1", since=95)],
        {"expire@1": "b"},
    ),
    case(
        "archive: a higher archive rule shields from a lower one",
        [archived(1, 365, "prod*"), archived(2, 90, "any")],
        [
            in_archive("a", "prod-1", since=100),
            in_archive("b", "x", since=100),
            in_archive("c", "prod-2", 900, since=366),
        ],
        {"expire@1": "c", "expire@2": "b"},
    ),
    case(
        "archive: an archive rule that never acts protects",
        [archived(1, 36500, "release-*"), archived(2, 90, "any")],
        [in_archive("a", "release-1", since=300), in_archive("b", "x", since=300)],
        {"expire@2": "b"},
    ),
    case(
        "archive: archived again counts from the last time",
        archived(1, 90, "any"),
        image("a", "v1", 1000, status=in_archive("x", since=1).status, archived=80, activated=100),
    ),
]

CLASSES = [
    case("class: age does not expire archived images", pushed(1, 5, "any"), in_archive("a", "v1", since=300)),
    case("class: a count does not expire archived images", keep(1, 1, "any"),
         [in_archive("a", "v1", 400, since=300), in_archive("b", "v2", 500, since=300)]),
    case("class: archived images are not archived again", pulled(1, 5, "any"), in_archive("a", "v1", since=300)),
    case("class: archived images fill no place of a count", keep(1, 1, "any"),
         [in_archive("a", "v1", 1, since=0), image("b", "v2", 2)]),
    case("class: an archive rule leaves standard images", archived(1, 90, "any"),
         [image("a", "v1", 900), image("b", "v2", 900, archived=800, activated=700)]),
    case("class: a standard rule does not shield archived images",
         [keep(1, 9, "any", Action.ARCHIVE), archived(2, 90, "any")],
         in_archive("a", "v1", since=95), {"expire@2": "a"}),
    case("class: a standard shield does not protect in the archive",
         [pushed(1, 36500, "prod*"), archived(2, 90, "any")],
         [in_archive("a", "prod-1", since=95), image("b", "prod-2", 900)], {"expire@2": "a"}),
    case("class: an archive rule does not shield standard images", [archived(1, 365, "any"), pushed(2, 5, "any")],
         [image("a", "v1"), in_archive("b", "v2", since=100)], {"expire@2": "a"}),
    case("class: an archive shield does not protect a standard image", [archived(1, 36500, "*"), pushed(2, 5, "*")],
         [image("a", "v1"), in_archive("b", "v2", since=100)], {"expire@2": "a"}),
    case("class: any above untagged, of two classes",
         [archived(1, 90, "any"), pushed(2, 5, "untagged"), keep(3, 1, "any")],
         [in_archive("a", "", since=95), image("b", ""), image("c", "v1", 1), image("d", "v2", 2)],
         {"expire@1": "a", "expire@2": "b", "expire@3": "d"}),
    case("class: archived in this evaluation is not expired in it",
         [pushed(1, 5, "any", Action.ARCHIVE), archived(2, 90, "any")],
         image("a", "v1", 900), {"archive@1": "a"}),
    case("class: a restored image is a standard image", [pushed(1, 5, "any"), archived(2, 90, "any")],
         image("a", "v1", 900, archived=300, activated=1), {"expire@1": "a"}),
]  # fmt: skip

ON_THE_WAY_BACK = [
    case(
        "activating: no rule of either class takes it",
        [pulled(1, 1, "*"), pushed(2, 1, "any"), archived(3, 90, "any")],
        image("a", "v1", 900, status=ACTIVATING, archived=300),
    ),
    case(
        "activating: it fills no place of a count",
        keep(1, 1, "any"),
        [image("a", "v1", 1, status=ACTIVATING, archived=0), image("b", "v2", 2)],
    ),
    case(
        "activating: it fills the place neither of an older one",
        keep(1, 1, "any"),
        [image("a", "v1", 1), image("b", "v2", 2), image("c", "v3", 3, status=ACTIVATING, archived=0)],
        {"expire@1": "b"},
    ),
    case(
        "activating: a referrer of it stays",
        pushed(1, 1, "any"),
        [image("a", "v1", 9, status=ACTIVATING, archived=5), image("b", "", 9, subject="a")],
    ),
    case(
        "activating: a referrer that is on its way back stays, its subject goes",
        pushed(1, 1, "any"),
        [image("a", "v1", 9), image("b", "", 9, subject="a", status=ACTIVATING, archived=5)],
        {"expire@1": "a"},
    ),
    case(
        "activating: an index on its way back keeps its children",
        pushed(1, 1, "any"),
        [image("i", "v1", 9, status=ACTIVATING, archived=5, children="a"), image("a", "", 9)],
    ),
]

CASES = [*ARCHIVED, *CLASSES, *ON_THE_WAY_BACK]
