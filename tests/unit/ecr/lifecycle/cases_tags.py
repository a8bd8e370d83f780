"""Cases: which images a rule looks at, by their tags."""

from __future__ import annotations

from ecr.lifecycle.policy import PolicyRule
from tests.unit.ecr.lifecycle.making import Case, case, image, in_archive, keep, pushed


def _tag(name: str, who: str, tags: str, *, goes: bool) -> Case:
    """Whether a rule that expires everything older than 5 days takes an image of 10 days with these tags."""
    return case(f"tags: {name}", pushed(1, 5, who), image("a", tags), {"expire@1": "a"} if goes else {})


def _any(priority: int = 9) -> PolicyRule:
    return pushed(priority, 5, "any")


ONE_PATTERN = [
    _tag("a pattern of plain text is the whole tag", "v1", "v1", goes=True),
    _tag("a pattern of plain text is not a prefix", "v1", "v10", goes=False),
    _tag("a pattern of plain text is not a suffix", "v1", "rev1", goes=False),
    _tag("a wildcard may stand for nothing", "v1*", "v1", goes=True),
    _tag("a wildcard at the end", "v1*", "v1.2.3", goes=True),
    _tag("a wildcard at the beginning", "*-rc", "v1-rc", goes=True),
    _tag("a wildcard at the beginning and no such end", "*-rc", "v1-rc2", goes=False),
    _tag("a wildcard in the middle", "v*-rc", "v1.2-rc", goes=True),
    _tag("a wildcard in the middle, ends that overlap", "ab*ba", "aba", goes=False),
    _tag("a wildcard in the middle that stands for nothing", "ab*ba", "abba", goes=True),
    _tag("wildcards on both sides", "*beta*", "v1-beta-2", goes=True),
    _tag("wildcards on both sides stand for nothing", "*beta*", "beta", goes=True),
    _tag("wildcards on both sides and no such text", "*beta*", "v1-bet-a", goes=False),
    _tag("four wildcards in order", "*a*b*c*", "xaybzc", goes=True),
    _tag("four wildcards out of order", "*a*b*c*", "cba", goes=False),
    _tag("a part may be found later than first", "*ab*ab", "abxab", goes=True),
    _tag("one text is not two parts", "*ab*ab", "xab", goes=False),
    _tag("only a wildcard matches each tagged image", "*", "anything", goes=True),
    _tag("only a wildcard matches no untagged image", "*", "", goes=False),
    _tag("capitals count", "Prod*", "prod-1", goes=False),
    _tag("a dot is a dot", "v1.0", "v1x0", goes=False),
    _tag("a dot is a dot beside a wildcard", "v1.*", "v10", goes=False),
    _tag("an underscore is an underscore", "a_*", "a-1", goes=False),
    _tag("any one of the image's tags is enough", "prod*", "beta-1 prod-1 latest", goes=True),
    _tag("the last tag of an image counts like the first", "z*", "a b z", goes=True),
    _tag("no tag of the image", "prod*", "beta-1 latest", goes=False),
    _tag("a tag inside of another text", "prod*", "preprod-1", goes=False),
    _tag("a pattern matches no untagged image", "prod*", "", goes=False),
]

ALL_PATTERNS = [
    _tag("two patterns, two tags", "prod* beta*", "prod-1 beta-1", goes=True),
    _tag("two patterns, tags in the other order", "prod* beta*", "beta-1 prod-1", goes=True),
    _tag("two patterns, the first alone", "prod* beta*", "prod-1", goes=False),
    _tag("two patterns, the second alone", "prod* beta*", "beta-1", goes=False),
    _tag("two patterns met by the same tag", "prod* *-eu", "prod-eu", goes=True),
    _tag("two patterns, one within the other, one tag", "prod* prod-eu*", "prod-eu-1", goes=True),
    _tag("two patterns, one within the other, the wider tag", "prod* prod-eu*", "prod-us-1", goes=False),
    _tag("two tags of one pattern do not make up for the other", "prod* beta*", "prod-1 prod-2", goes=False),
    _tag("three patterns, two of them met", "a* b* c*", "a1 b1", goes=False),
    _tag("three patterns, all met by two tags", "a* *b *c*", "a-b xcx", goes=True),
    _tag("two patterns that no single tag can meet, two tags", "v1 v2", "v1 v2", goes=True),
    _tag("two patterns, untagged image", "* a*", "", goes=False),
]

PREFIXES = [
    _tag("a prefix is the beginning of a tag", "^prod", "prod-1", goes=True),
    _tag("a prefix is the whole tag", "^prod", "prod", goes=True),
    _tag("a prefix longer than the tag", "^prod-1", "prod", goes=False),
    _tag("a prefix in the middle of a tag", "^prod", "preprod", goes=False),
    _tag("a prefix and capitals", "^prod", "Prod-1", goes=False),
    _tag("a prefix of one of the tags", "^prod", "latest prod-1", goes=True),
    _tag("a prefix and an untagged image", "^prod", "", goes=False),
    _tag("a wildcard in a prefix is no wildcard", "^prod*", "prod-1", goes=False),
    _tag("two prefixes, two tags", "^prod ^beta", "prod-1 beta-1", goes=True),
    _tag("two prefixes, the first alone", "^prod ^beta", "prod-1 prod-2", goes=False),
    _tag("two prefixes, the second alone", "^prod ^beta", "beta-1", goes=False),
    _tag("two prefixes met by the same tag", "^prod ^prod-eu", "prod-eu-1", goes=True),
    _tag("two prefixes, one within the other, the wider tag", "^prod ^prod-eu", "prod-us", goes=False),
]

STATUSES = [
    _tag("untagged takes an image without tags", "untagged", "", goes=True),
    _tag("untagged leaves an image with a tag", "untagged", "v1", goes=False),
    _tag("any takes an image without tags", "any", "", goes=True),
    _tag("any takes an image with tags", "any", "v1 v2", goes=True),
    case(
        "tags: untagged images are counted apart from tagged ones",
        keep(1, 1, "untagged"),
        [image("a", "", 5), image("b", "v1", 1), image("c", "", 3)],
        {"expire@1": "a"},
    ),
    case(
        "tags: tagged images are counted apart from untagged ones",
        keep(1, 1, "*"),
        [image("a", "v1", 5), image("b", "", 1), image("c", "v2", 3)],
        {"expire@1": "a"},
    ),
    case(
        "tags: an image that meets one of two patterns does not count for the rule",
        keep(1, 1, "a* b*"),
        [image("a", "a1 b1", 5), image("b", "a2", 4), image("c", "b3", 3), image("d", "a4 b4", 6)],
        {"expire@1": "d"},
    ),
    case(
        "tags: an image that meets one of two patterns is not shielded",
        [keep(1, 10, "a* b*"), _any()],
        [image("a", "a1 b1"), image("b", "a2"), image("c", "b3")],
        {"expire@9": "b c"},
    ),
    case(
        "tags: an image that meets one of two prefixes is not shielded",
        [keep(1, 10, "^a ^b"), _any()],
        [image("a", "a1 b1"), image("b", "a2"), image("c", "b3")],
        {"expire@9": "b c"},
    ),
    case(
        "tags: an image with many tags counts once",
        keep(1, 1, "v*"),
        [image("a", "v1 v2 v3", 2), image("b", "v4", 3)],
        {"expire@1": "b"},
    ),
    case(
        "tags: the same tag names in both storage classes",
        keep(1, 1, "v*"),
        [image("a", "v1", 3), in_archive("b", "v1", 1, since=1), image("c", "v2", 2)],
        {"expire@1": "a"},
    ),
]

CASES = [*ONE_PATTERN, *ALL_PATTERNS, *PREFIXES, *STATUSES]
