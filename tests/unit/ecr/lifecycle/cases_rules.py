"""Cases: counting, what a higher rule keeps from a lower one, ties, and the order of rules."""

from __future__ import annotations

from datetime import timedelta

from ecr.lifecycle.images import Image
from ecr.lifecycle.policy import Action
from tests.unit.ecr.lifecycle.making import archived, case, image, in_archive, keep, pulled, pushed

A_TO_D = [image("a", "v1", 4), image("b", "v2", 3), image("c", "v3", 2), image("d", "v4", 1)]


def _at_once(names: str, tags: str = "v") -> list[Image]:
    return [image(name, tags, 7) for name in names.split()]


COUNTS = [
    case("count: no image at all", keep(1, 1, "any"), []),
    case("count: no image at all, all kinds of rules",
         [pushed(1, 1, "v*"), archived(2, 90, "any"), keep(3, 1, "any")], []),
    case("count: no image matches", keep(1, 1, "x*"), A_TO_D),
    case("count: a single image stays, however old", keep(1, 1, "any"), image("a", "v1", 5000)),
    case("count: one fewer than the limit", keep(1, 5, "any"), A_TO_D),
    case("count: exactly the limit", keep(1, 4, "any"), A_TO_D),
    case("count: one more than the limit", keep(1, 3, "any"), A_TO_D, {"expire@1": "a"}),
    case("count: all but one", keep(1, 1, "any"), A_TO_D, {"expire@1": "a b c"}),
    case("count: the order of the list does not matter", keep(1, 2, "any"), A_TO_D[::-1], {"expire@1": "a b"}),
    case("count: images can be archived instead", keep(1, 2, "any", Action.ARCHIVE), A_TO_D, {"archive@1": "a b"}),
    case("count: the last pull does not make an image younger", keep(1, 1, "any"),
         [image("a", "v1", 9, pulled=1), image("b", "v2", 8)], {"expire@1": "a"}),
    case("count: being restored does not make an image younger", keep(1, 1, "any"),
         [image("a", "v1", 9, activated=1), image("b", "v2", 8)], {"expire@1": "a"}),
    case("count: a push after now is the youngest", keep(1, 1, "any"),
         [image("a", "v1", -1), image("b", "v2", 0)], {"expire@1": "b"}),
]  # fmt: skip

TIES = [
    case("ties: of two pushed at once the smaller digest stays", keep(1, 1, "any"), _at_once("a b"), {"expire@1": "b"}),
    case("ties: the list's order does not decide", keep(1, 1, "any"), _at_once("b a"), {"expire@1": "b"}),
    case("ties: three at once, two stay", keep(1, 2, "any"), _at_once("c a b"), {"expire@1": "c"}),
    case("ties: all at once and the limit is all", keep(1, 3, "any"), _at_once("c a b")),
    case("ties: a microsecond is no tie", keep(1, 1, "any"),
         [image("a", "v", timedelta(days=7, microseconds=1)), image("b", "v", 7)], {"expire@1": "a"}),
    case("ties: the tie is at the limit", keep(1, 2, "any"),
         [image("z", "v", 1), *_at_once("a b"), image("c", "v", 9)], {"expire@1": "b c"}),
    case("ties: digests are compared as text", keep(1, 1, "any"), _at_once("10 9"), {"expire@1": "9"}),
    case("ties: images pushed at once expire together by age",
         pushed(1, 6, "any"), _at_once("a b c"), {"expire@1": "a b c"}),
]  # fmt: skip

SHIELDS = [
    case("shield: a kept image is out of reach for a lower rule", [keep(1, 1, "v1"), pushed(2, 1, "any")],
         [image("a", "v1"), image("b", "v2")], {"expire@2": "b"}),
    case("shield: a young image is out of reach, too", [pushed(1, 30, "v*"), keep(2, 1, "any")],
         [image("a", "v1", 5), image("b", "x", 4), image("c", "y", 3)], {"expire@2": "b"}),
    case("shield: a rule that never acts protects", [pushed(1, 36500, "release-*"), pushed(2, 1, "any")],
         [image("a", "release-1", 1000), image("b", "x", 1000)], {"expire@2": "b"}),
    case("shield: it protects nothing from a higher rule", [pushed(1, 1, "release-*"), pushed(2, 36500, "*")],
         [image("a", "release-1"), image("b", "x")], {"expire@1": "a"}),
    case("shield: another tag of the same image is enough", [keep(1, 5, "prod*"), pushed(2, 1, "beta*")],
         [image("a", "beta-1 prod-1"), image("b", "beta-2")], {"expire@2": "b"}),
    case("shield: it works by the tags, whatever both rules count", [pulled(1, 300, "v*"), pushed(2, 1, "any")],
         [image("a", "v1"), image("b", "")], {"expire@2": "b"}),
    case("shield: what the first takes, the second can't", [pushed(1, 5, "v*", Action.ARCHIVE), pushed(2, 5, "any")],
         [image("a", "v1"), image("b", "")], {"archive@1": "a", "expire@2": "b"}),
    case("shield: two higher rules", [keep(1, 9, "a*"), keep(2, 9, "b*"), pushed(3, 1, "any")],
         [image("a", "a1"), image("b", "b1"), image("c", "c1")], {"expire@3": "c"}),
    case("shield: three rules, each wider than the one above", [keep(1, 9, "a*"), keep(2, 1, "*"), pushed(3, 1, "any")],
         [image("a", "a1", 3), image("b", "b1", 4), image("c", "", 5)], {"expire@2": "b", "expire@3": "c"}),
    case("shield: a lower rule does not shield a higher one", [pushed(1, 1, "b*"), keep(2, 9, "any")],
         [image("a", "b1"), image("b", "c1")], {"expire@1": "a"}),
    case("shield: a rule does not shield from itself",
         pushed(1, 1, "any"), [image("a"), image("b")], {"expire@1": "a b"}),
    case("shield: the same tags twice, the second never acts",
         [keep(1, 3, "v*"), keep(2, 1, "v*")], A_TO_D, {"expire@1": "a"}),
    case("shield: untagged above any", [keep(1, 9, "untagged"), pushed(2, 1, "any")],
         [image("a"), image("b", "x")], {"expire@2": "b"}),
    case("shield: prefixes shield like patterns", [keep(1, 9, "^prod"), pushed(2, 1, "*")],
         [image("a", "prod-1"), image("b", "x")], {"expire@2": "b"}),
]  # fmt: skip

COUNTED = [
    case("counted: a shielded image fills a place of the lower rule", [keep(1, 9, "prod*"), keep(2, 1, "any")],
         [image("a", "prod-1", 1), image("b", "x", 2), image("c", "y", 3)], {"expire@2": "b c"}),
    case("counted: an old shielded image is in the excess, and stays", [keep(1, 9, "prod*"), keep(2, 2, "any")],
         [image("a", "prod-1", 9), image("b", "x", 2), image("c", "y", 3), image("d", "z", 4)], {"expire@2": "d"}),
    case("counted: shielded images fill all places", [keep(1, 9, "prod*"), keep(2, 2, "any")],
         [image("a", "prod-1", 1), image("b", "prod-2", 2), image("c", "x", 3)], {"expire@2": "c"}),
    case("counted: the excess is all shielded", [keep(1, 9, "prod*"), keep(2, 1, "any")],
         [image("a", "prod-1", 9), image("b", "prod-2", 8), image("c", "x", 3)]),
    case("counted: an image that goes by a higher rule still counts", [pushed(1, 5, "v*"), keep(2, 2, "any")],
         [image("a", "v1", 6), image("b", "x", 7), image("c", "y", 8)], {"expire@1": "a", "expire@2": "c"}),
    case("counted: two rules that overlap in one image", [keep(1, 1, "a*"), keep(2, 1, "b*")],
         [image("a", "a1", 4), image("b", "a2 b2", 3), image("c", "b3", 5)], {"expire@1": "a", "expire@2": "c"}),
    case("counted: three rules that overlap in a chain", [keep(1, 1, "a*"), keep(2, 1, "b*"), keep(3, 1, "c*")],
         [image("a", "a1 b1", 4), image("b", "b2 c2", 3), image("c", "a3 c3", 5), image("d", "c4", 6)],
         {"expire@1": "c", "expire@3": "d"}),
    case("counted: the tie of a shielded image", [keep(1, 9, "prod*"), keep(2, 1, "any")],
         [image("a", "prod-1", 7), image("b", "x", 7)], {"expire@2": "b"}),
    case("counted: the tie goes to an image that may go", [keep(1, 9, "prod*"), keep(2, 1, "any")],
         [image("a", "x", 7), image("b", "prod-1", 7)]),
]  # fmt: skip

PRIORITIES = [
    case("priority: gaps mean nothing", [keep(10, 9, "a*"), keep(700, 1, "b*"), pushed(99999, 5, "any")],
         [image("a", "a1"), image("b", "b1", 8), image("c", "b2", 9), image("d", "")],
         {"expire@700": "c", "expire@99999": "d"}),
    case("priority: the number decides, not the place in the document",
         [pushed(3, 1, "any"), keep(2, 9, "b*"), keep(1, 9, "a*")],
         [image("a", "a1"), image("b", "b1"), image("c", "c1")], {"expire@3": "c"}),
    case("priority: numbers are not compared as text", [keep(10, 9, "*"), pushed(9, 5, "v*")],
         [image("a", "v1"), image("b", "x")], {"expire@9": "a"}),
    case("priority: the higher of two that would act does",
         [pushed(2, 1, "v*"), pushed(5, 1, "*"), pushed(7, 1, "any")],
         [image("a", "v1"), image("b", "x"), image("c", "")], {"expire@2": "a", "expire@5": "b", "expire@7": "c"}),
    case("priority: fifty rules, each with its own image",
         [pushed(number, 5, f"t{number:02}") for number in range(1, 51)],
         [image(f"i{number:02}", f"t{number:02}", 6) for number in range(1, 51)],
         {f"expire@{number}": f"i{number:02}" for number in range(1, 51)}),
    case("priority: fifty rules that all match, only the first acts",
         [pushed(number, 51 - number, "v*") for number in range(1, 51)],
         [image("a", "v1", 51), image("b", "v2", 50), image("c", "v3", 1)], {"expire@1": "a"}),
    case("priority: forty-nine shields above any",
         [*(keep(number, 99, f"p{number}-*") for number in range(1, 50)), pushed(50, 1, "any")],
         [image("a", "p1-x"), image("b", "p49-x"), image("c", "p50-x"), image("d", "")], {"expire@50": "c d"}),
    case("priority: archive and expire in one policy",
         [keep(1, 1, "a*"), keep(2, 1, "*", Action.ARCHIVE), pushed(3, 5, "untagged")],
         [image("a", "a1", 9), image("b", "a2", 8), image("c", "b1", 7), image("d", "b2", 6), image("e", "", 6)],
         {"expire@1": "a", "archive@2": "c", "expire@3": "e"}),
    case("priority: a standard rule between archive rules",
         [archived(1, 90, "a*"), pushed(2, 5, "any"), archived(3, 100, "any")],
         [in_archive("a", "a1", since=95), in_archive("b", "b1", since=95), in_archive("c", "b2", since=105),
          image("d", "a2")],
         {"expire@1": "a", "expire@2": "d", "expire@3": "c"}),
]  # fmt: skip

CASES = [*COUNTS, *TIES, *SHIELDS, *COUNTED, *PRIORITIES]
