"""Cases: days since a push and since a pull, one second on each side of the limit, and clocks of other zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from ecr.lifecycle.policy import Action
from tests.unit.ecr.lifecycle.making import NOW, SECOND, Case, case, days, image, keep, pulled, pushed

INDIA = timezone(timedelta(hours=5, minutes=30))
HAWAII = timezone(timedelta(hours=-10))
BERLIN = ZoneInfo("Europe/Berlin")  # summer time ended on 2026-10-25 at 03:00, which was 02:00 again


def _age(name: str, limit: int, age: timedelta, *, goes: bool) -> Case:
    return case(f"age: {name}", pushed(1, limit, "any"), image("a", "v1", age), {"expire@1": "a"} if goes else {})


AGES = [
    _age("a second less than the limit", 14, days(14) - SECOND, goes=False),
    _age("exactly the limit", 14, days(14), goes=False),
    _age("a second more than the limit", 14, days(14) + SECOND, goes=True),
    _age("a microsecond more than the limit", 14, days(14) + timedelta(microseconds=1), goes=True),
    _age("a microsecond less than the limit", 14, days(14) - timedelta(microseconds=1), goes=False),
    _age("a second less than one day", 1, days(1) - SECOND, goes=False),
    _age("exactly one day", 1, days(1), goes=False),
    _age("a second more than one day", 1, days(1) + SECOND, goes=True),
    _age("half a day more than the limit", 14, days(14) + timedelta(hours=12), goes=True),
    _age("pushed this moment", 1, days(0), goes=False),
    _age("pushed after now", 1, days(-3), goes=False),
    _age("ten years", 3651, days(3652), goes=True),
    _age("a limit of a hundred years", 36500, days(20000), goes=False),
    case("age: a limit as great as numbers go", pushed(1, 999_999_999, "any"), image("a", "v1", 9999)),
    case(
        "age: each image by itself",
        pushed(1, 5, "any"),
        [image("a", "v1", 4), image("b", "v2", 6), image("c", "", 5), image("d", "", 60)],
        {"expire@1": "b d"},
    ),
    case("age: no image stays when all are old", pushed(1, 5, "any"), [image("a", ago=6)], {"expire@1": "a"}),
    case(
        "age: images can be archived instead",
        pushed(1, 5, "any", Action.ARCHIVE),
        image("a", ago=6),
        {"archive@1": "a"},
    ),
    case(
        "age: a pull does not make an image younger",
        pushed(1, 5, "any"),
        image("a", ago=6, pulled=1),
        {"expire@1": "a"},
    ),
    case(
        "age: being restored does not make an image younger",
        pushed(1, 5, "any"),
        image("a", ago=6, archived=4, activated=1),
        {"expire@1": "a"},
    ),
]


def _pull(name: str, ago: int | timedelta, *, goes: bool, **times: int | timedelta) -> Case:
    one = image(
        "a", "v1", ago, pulled=times.get("pulled"), activated=times.get("activated"), archived=times.get("archived")
    )
    return case(f"pull: {name}", pulled(1, 30, "any"), one, {"archive@1": "a"} if goes else {})


PULLS = [
    _pull("a second less than the limit", 100, pulled=days(30) - SECOND, goes=False),
    _pull("exactly the limit", 100, pulled=30, goes=False),
    _pull("a second more than the limit", 100, pulled=days(30) + SECOND, goes=True),
    _pull("never pulled: a second less since the push", days(30) - SECOND, goes=False),
    _pull("never pulled: the limit since the push", 30, goes=False),
    _pull("never pulled: a second more since the push", days(30) + SECOND, goes=True),
    _pull("pulled lately, pushed long ago", 1000, pulled=1, goes=False),
    _pull("never pulled, restored lately", 1000, activated=1, archived=5, goes=False),
    _pull("never pulled: a second less since it was restored", 1000, activated=days(30) - SECOND, goes=False),
    _pull("never pulled: the limit since it was restored", 1000, activated=30, goes=False),
    _pull("never pulled: a second more since it was restored", 1000, activated=days(30) + SECOND, goes=True),
    _pull("pulled before it was archived, restored lately", 1000, pulled=500, activated=5, goes=False),
    _pull("pulled before it was archived, restored long ago", 1000, pulled=500, activated=31, goes=True),
    _pull("pulled lately, restored long ago", 1000, pulled=5, activated=500, goes=False),
    _pull("pulled and restored long ago", 1000, pulled=40, activated=50, goes=True),
    _pull("archived before and never restored by its dates", 1000, archived=5, goes=True),
    _pull("pulled long ago, and pushed again since then", 5, pulled=31, goes=True),
    _pull("restored long ago, and pushed again since then", 5, activated=31, goes=True),
    case(
        "pull: each image by its own last use",
        pulled(1, 30, "any"),
        [image("a", "v1", 90, pulled=31), image("b", "v2", 90, pulled=29), image("c", "", 31), image("d", "", 29)],
        {"archive@1": "a c"},
    ),
    case(
        "pull: the tags select here, too",
        pulled(1, 30, "dev*"),
        [image("a", "dev-1", 90), image("b", "prod-1", 90)],
        {"archive@1": "a"},
    ),
    case(
        "pull: a pulled image is archived for its age by the lower rule only where no tag shields it",
        [pulled(1, 30, "dev*"), pushed(2, 60, "any", Action.ARCHIVE)],
        [image("a", "dev-1", 90, pulled=1), image("b", "prod-1", 90, pulled=1)],
        {"archive@2": "b"},
    ),
]

ZONES = [
    case(
        "zones: the same moment by three clocks is the same age",
        pushed(1, 14, "any"),
        [
            image("a", "v1", (NOW - days(14)).astimezone(INDIA)),
            image("b", "v2", (NOW - days(14)).astimezone(HAWAII)),
            image("c", "v3", (NOW - days(14)).astimezone(UTC)),
        ],
    ),
    case(
        "zones: a second later by three clocks",
        pushed(1, 14, "any"),
        [
            image("a", "v1", (NOW - days(14) - SECOND).astimezone(INDIA)),
            image("b", "v2", (NOW - days(14) - SECOND).astimezone(HAWAII)),
            image("c", "v3", (NOW - days(14) - SECOND).astimezone(UTC)),
        ],
        {"expire@1": "a b c"},
    ),
    case(
        "zones: now by another clock than the images",
        pushed(1, 14, "any"),
        [image("a", "v1", days(14) + SECOND), image("b", "v2", 14)],
        {"expire@1": "a"},
        now=NOW.astimezone(INDIA),
    ),
    case(
        "zones: the youngest is not the one with the latest clock",
        keep(1, 1, "any"),
        [image("a", "v1", (NOW - days(2)).astimezone(INDIA)), image("b", "v2", (NOW - days(1)).astimezone(HAWAII))],
        {"expire@1": "a"},
    ),
    case(
        "zones: pushed at once by two clocks is a tie",
        keep(1, 1, "any"),
        [image("b", "v1", (NOW - days(1)).astimezone(INDIA)), image("a", "v2", (NOW - days(1)).astimezone(HAWAII))],
        {"expire@1": "b"},
    ),
    case(
        "zones: the hour that comes twice, the second time is the younger",
        keep(1, 1, "any"),
        [
            image("a", "v1", datetime(2026, 10, 25, 2, 50, tzinfo=BERLIN)),
            image("b", "v2", datetime(2026, 10, 25, 2, 10, tzinfo=BERLIN, fold=1)),
        ],
        {"expire@1": "a"},
    ),
    case(
        "zones: one day over the end of summer time has 25 hours",
        pushed(1, 1, "any"),
        [
            image("a", "v1", datetime(2026, 10, 24, 12, tzinfo=BERLIN)),
            image("b", "v2", datetime(2026, 10, 24, 13, tzinfo=BERLIN)),
        ],
        {"expire@1": "a"},
        now=datetime(2026, 10, 25, 12, tzinfo=BERLIN),
    ),
    case(
        "zones: one day over the start of summer time has 23 hours",
        pushed(1, 1, "any"),
        [
            image("a", "v1", datetime(2026, 3, 28, 10, 59, 59, tzinfo=BERLIN)),
            image("b", "v2", datetime(2026, 3, 28, 11, 30, tzinfo=BERLIN)),
        ],
        {"expire@1": "a"},
        now=datetime(2026, 3, 29, 12, tzinfo=BERLIN),
    ),
]

CASES = [*AGES, *PULLS, *ZONES]
