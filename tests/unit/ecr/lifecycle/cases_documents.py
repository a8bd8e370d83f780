"""Policies as ECR's JSON: those that it refuses, with what is said about them, and those at the edge that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ABSENT = object()

Raw = dict[str, object]


def rule(priority: object = 1, **changes: object) -> Raw:
    """A rule that keeps ten images; `changes` are members of the selection, the action, or the rule itself."""
    selection: Raw = {"tagStatus": "tagged", "tagPatternList": ["v*"], "countType": "imageCountMoreThan"}
    raw: Raw = {"rulePriority": priority, "selection": selection | {"countNumber": 10}, "action": {"type": "expire"}}
    for key, value in changes.items():
        owner = raw
        if key in ("type", "targetStorageClass"):
            owner = members(raw, "action")
        elif key not in ("description", "selection", "action", "rulePriority", "extra"):
            owner = members(raw, "selection")
        owner[key] = value
        if value is ABSENT:
            del owner[key]
    return raw


def members(raw: Raw, key: str) -> Raw:
    found = raw[key]
    assert isinstance(found, dict)
    return found


def tagged(*patterns: object, **changes: object) -> Raw:
    return rule(tagPatternList=list(patterns), **changes)


def prefixed(priority: object, *prefixes: object, **changes: object) -> Raw:
    return rule(priority, tagPatternList=ABSENT, tagPrefixList=list(prefixes), **changes)


def untagged(priority: object = 1, **changes: object) -> Raw:
    return rule(priority, tagStatus="untagged", tagPatternList=ABSENT, **changes)


def anything(priority: object = 1, **changes: object) -> Raw:
    return rule(priority, tagStatus="any", tagPatternList=ABSENT, **changes)


def pushed(**changes: object) -> Raw:
    return rule(**{"countType": "sinceImagePushed", "countUnit": "days", **changes})


def pulled(**changes: object) -> Raw:
    archive = {"type": "transition", "targetStorageClass": "archive"}
    return rule(**{"countType": "sinceImagePulled", "countUnit": "days", **archive, **changes})


def archived(**changes: object) -> Raw:
    stored = {"storageClass": "archive", "countType": "sinceImageTransitioned", "countUnit": "days", "countNumber": 90}
    return rule(**{**stored, **changes})


INVALID: Mapping[str, tuple[Sequence[object], str]] = {
    # The shape of rules
    "a-number-for-a-rule": ([7], "rules[0]: 7 is not accepted; accepted: an object"),
    "a-list-for-a-rule": ([rule(), []], "rules[1]: a list is not accepted"),
    "null-for-a-rule": ([None], "rules[0]: null is not accepted"),
    "an-unknown-key": ([rule(extra=1)], "rules[0].extra: is not a known key; known: rulePriority, description"),
    "an-unknown-selection": (
        [rule(tagPattern=["v*"])],
        "rules[0].selection.tagPattern: is not a known key; known: tagS",
    ),
    "another-case": ([rule(CountUnit="days")], "rules[0].selection.CountUnit: is not a known key"),
    "an-unknown-action": (
        [rule(action={"type": "expire", "when": 1})],
        "rules[0].action.when: is not a known key; known: type, targetStorageClass",
    ),
    "no-selection": ([rule(selection=ABSENT)], "rules[0].selection: is missing; accepted: an object with tagStatus"),
    "no-action": ([rule(action=ABSENT)], "rules[0].action: is missing; accepted: an object with type"),
    "a-null-selection": ([rule(selection=None)], "rules[0].selection: null is not accepted"),
    "a-text-for-a-selection": ([rule(selection="any")], 'rules[0].selection: "any" is not accepted'),
    "a-text-for-an-action": ([rule(action="expire")], 'rules[0].action: "expire" is not accepted; accepted: an object'),
    "a-null-action": ([rule(action=None)], "rules[0].action: null is not accepted"),
    # rulePriority
    "no-priority": ([rule(rulePriority=ABSENT)], "rules[0].rulePriority: is missing; accepted: a whole number, 1"),
    "a-null-priority": ([rule(None)], "rules[0].rulePriority: null is not accepted"),
    "a-boolean-priority": (
        [rule(rulePriority=True)],
        "rules[0].rulePriority: true is not accepted; accepted: a whole number",
    ),
    "a-text-priority": ([rule("1")], 'rules[0].rulePriority: "1" is not accepted; accepted: a whole number'),
    "a-fraction-priority": ([rule(1.0)], "rules[0].rulePriority: 1.0 is not accepted; accepted: a whole number"),
    "priority-zero": ([rule(0)], "rules[0].rulePriority: 0 is not accepted; accepted: a whole number, 1 or more"),
    "a-negative-priority": ([rule(-1)], "rules[0].rulePriority: -1 is not accepted"),
    "a-priority-twice": (
        [rule(3), rule(1), prefixed(3, "a")],
        "rules[2].rulePriority: 3 is the priority of rule [0] too; accepted: each number once",
    ),
    # description
    "a-null-description": ([rule(description=None)], "rules[0].description: null is not accepted; accepted: text"),
    "a-number-description": ([rule(description=7)], "rules[0].description: 7 is not accepted; accepted: text"),
    # tagStatus
    "no-status": ([rule(tagStatus=ABSENT)], 'rules[0].selection.tagStatus: is missing; accepted: "tagged", "untagged"'),
    "a-null-status": ([rule(tagStatus=None)], "rules[0].selection.tagStatus: null is not accepted"),
    "an-unknown-status": (
        [rule(tagStatus="all")],
        'rules[0].selection.tagStatus: "all" is not accepted; accepted: "tag',
    ),
    "an-upper-case-status": ([rule(tagStatus="TAGGED")], 'rules[0].selection.tagStatus: "TAGGED" is not accepted'),
    "a-list-of-status": ([rule(tagStatus=["any"])], "rules[0].selection.tagStatus: a list is not accepted"),
    "two-untagged": (
        [untagged(1), untagged(2)],
        'rules[1].selection.tagStatus: "untagged" is the tag status of rule [0] too; accepted: one such rule',
    ),
    "two-any": ([anything(1), anything(2)], 'rules[1].selection.tagStatus: "any" is the tag status of rule [0] too'),
    "two-untagged-by-count-and-age": (
        [untagged(1), untagged(2, countType="sinceImagePushed", countUnit="days")],
        'rules[1].selection.tagStatus: "untagged" is the tag status of rule [0] too',
    ),
    "two-any-in-the-archive": (
        [
            archived(tagStatus="any", tagPatternList=ABSENT),
            archived(rulePriority=2, tagStatus="any", tagPatternList=ABSENT),
        ],
        '"any" is the tag status of rule [0] too; accepted: one such rule for the storage class "archive"',
    ),
    "any-before-tagged": (
        [anything(1), rule(2)],
        "rules[0].rulePriority: 1 is lower than the 2 of rule [1]; accepted: the highest number of the storage class",
    ),
    "any-before-untagged": ([untagged(9), anything(8)], "rules[1].rulePriority: 8 is lower than the 9 of rule [0]"),
    "any-before-tagged-in-the-archive": (
        [archived(tagStatus="any", tagPatternList=ABSENT), archived(rulePriority=2)],
        "rules[0].rulePriority: 1 is lower than the 2 of rule [1]",
    ),
    # tagPatternList and tagPrefixList
    "tagged-without-a-list": (
        [rule(tagPatternList=ABSENT)],
        'rules[0].selection.tagPatternList: is missing; with tagStatus "tagged" a rule needs tagPatternList or tagPref',
    ),
    "both-lists": (
        [rule(tagPrefixList=["v"])],
        "rules[0].selection.tagPrefixList: is not accepted beside tagPatternList; accepted: one of them",
    ),
    "untagged-with-patterns": (
        [rule(tagStatus="untagged")],
        'rules[0].selection.tagPatternList: is not accepted with tagStatus "untagged"; accepted: with "tagged" only',
    ),
    "any-with-patterns": ([rule(tagStatus="any")], 'selection.tagPatternList: is not accepted with tagStatus "any"'),
    "untagged-with-prefixes": (
        [prefixed(1, "v", tagStatus="untagged")],
        'rules[0].selection.tagPrefixList: is not accepted with tagStatus "untagged"',
    ),
    "any-with-prefixes": (
        [prefixed(1, "v", tagStatus="any")],
        'rules[0].selection.tagPrefixList: is not accepted with tagStatus "any"',
    ),
    "no-patterns-in-the-list": ([tagged()], "rules[0].selection.tagPatternList: an empty list is not accepted"),
    "no-prefixes-in-the-list": ([prefixed(1)], "rules[0].selection.tagPrefixList: an empty list is not accepted"),
    "any-with-an-empty-list": (
        [anything(tagPrefixList=[])],
        "rules[0].selection.tagPrefixList: an empty list is not accepted; accepted: a list of texts, or no such key",
    ),
    "null-patterns": ([rule(tagPatternList=None)], "rules[0].selection.tagPatternList: null is not accepted"),
    "a-text-of-patterns": ([rule(tagPatternList="v*")], 'rules[0].selection.tagPatternList: "v*" is not accepted'),
    "null-prefixes": ([anything(tagPrefixList=None)], "rules[0].selection.tagPrefixList: null is not accepted"),
    "a-number-pattern": ([tagged("v*", 7)], "rules[0].selection.tagPatternList[1]: 7 is not accepted; accepted: text"),
    "a-null-prefix": ([prefixed(1, None)], "rules[0].selection.tagPrefixList[0]: null is not accepted; accepted: text"),
    "a-boolean-pattern": ([rule(tagPatternList=[True])], "rules[0].selection.tagPatternList[0]: true is not accepted"),
    "an-empty-pattern": ([tagged("a", "")], 'rules[0].selection.tagPatternList[1]: "" is empty; accepted: 1 to 128'),
    "an-empty-prefix": ([prefixed(1, "")], 'rules[0].selection.tagPrefixList[0]: "" is empty'),
    "five-wildcards": ([tagged("a*b*c*d*e*")], 'tagPatternList[0]: "a*b*c*d*e*" has 5 wildcards; accepted: '),
    "a-space-in-a-pattern": ([tagged("git hash")], 'tagPatternList[0]: "git hash" has characters that no tag has'),
    "a-slash-in-a-pattern": ([tagged("feature/*")], 'tagPatternList[0]: "feature/*" has characters that no tag has'),
    "a-colon-in-a-prefix": ([prefixed(1, "app:v")], 'tagPrefixList[0]: "app:v" has characters that no tag has'),
    "an-umlaut-in-a-prefix": ([prefixed(1, "\u00fc")], 'tagPrefixList[0]: "\u00fc" has characters that no tag has'),
    "a-line-break-after-a-pattern": ([tagged("v*\n")], "rules[0].selection.tagPatternList[0]: "),
    "a-pattern-longer-than-tags": ([tagged("x" * 129)], 'xxx..." is longer than any tag; accepted: 1 to 128 letters'),
    "a-prefix-longer-than-tags": ([prefixed(1, "x" * 129)], 'xxx..." is longer than any tag'),
    "a-pattern-twice": (
        [tagged("a", "b", "a")],
        'tagPatternList[2]: "a" stands twice in the list; accepted: each once',
    ),
    "a-prefix-twice": ([prefixed(1, "a", "a")], 'rules[0].selection.tagPrefixList[1]: "a" stands twice in the list'),
    "the-same-prefixes-in-two-rules": (
        [prefixed(1, "a", "b"), prefixed(2, "b", "a")],
        "rules[1].selection.tagPrefixList: has the prefixes of rule [0]; accepted: different ones in each rule",
    ),
    # countType, storageClass and action.type
    "no-count-type": ([rule(countType=ABSENT)], 'rules[0].selection.countType: is missing; accepted: "imageCountMoreT'),
    "an-unknown-count-type": ([rule(countType="imageCount")], 'rules[0].selection.countType: "imageCount" is not acc'),
    "a-null-count-type": ([rule(countType=None)], "rules[0].selection.countType: null is not accepted"),
    "a-null-storage-class": ([rule(storageClass=None)], "rules[0].selection.storageClass: null is not accepted"),
    "an-unknown-storage-class": (
        [rule(storageClass="glacier")],
        'rules[0].selection.storageClass: "glacier" is not accepted; accepted: "standard", "archive"',
    ),
    "counting-in-the-archive": (
        [rule(storageClass="archive")],
        'selection.storageClass: "archive" is not accepted with countType "imageCountMoreThan"; accepted: "standard"',
    ),
    "since-push-in-the-archive": (
        [pushed(storageClass="archive")],
        'selection.storageClass: "archive" is not accepted with countType "sinceImagePushed"; accepted: "standard"',
    ),
    "since-pull-in-the-archive": (
        [pulled(storageClass="archive")],
        'selection.storageClass: "archive" is not accepted with countType "sinceImagePulled"; accepted: "standard"',
    ),
    "since-archiving-in-standard": (
        [archived(storageClass="standard")],
        'selection.storageClass: "standard" (which a missing one means) is not accepted with countType "sinceImageTr',
    ),
    "since-archiving-without-a-storage-class": (
        [archived(storageClass=ABSENT)],
        'rules[0].selection.storageClass: "standard" (which a missing one means) is not accepted',
    ),
    "since-pull-expires": (
        [pulled(type="expire", targetStorageClass=ABSENT)],
        'rules[0].action.type: "expire" is not accepted with countType "sinceImagePulled"; accepted: "transition"',
    ),
    "since-archiving-archives": (
        [archived(type="transition", targetStorageClass="archive")],
        'action.type: "transition" is not accepted with countType "sinceImageTransitioned"; accepted: "expire"',
    ),
    "no-action-type": ([rule(type=ABSENT)], 'rules[0].action.type: is missing; accepted: "expire", "transition"'),
    "an-unknown-action-type": ([rule(type="archive")], 'rules[0].action.type: "archive" is not accepted'),
    "a-null-action-type": ([rule(type=None)], "rules[0].action.type: null is not accepted"),
    "no-target": (
        [rule(type="transition")],
        'rules[0].action.targetStorageClass: is missing; with type "transition" it must be "archive"',
    ),
    "a-null-target": (
        [rule(type="transition", targetStorageClass=None)],
        'rules[0].action.targetStorageClass: null is not accepted; accepted: "archive"',
    ),
    "the-wrong-target": (
        [rule(type="transition", targetStorageClass="standard")],
        'rules[0].action.targetStorageClass: "standard" is not accepted; accepted: "archive"',
    ),
    "a-target-for-expire": (
        [rule(targetStorageClass="archive")],
        'rules[0].action.targetStorageClass: is not accepted with type "expire"; leave it out',
    ),
    "a-null-target-for-expire": (
        [rule(targetStorageClass=None)],
        'rules[0].action.targetStorageClass: is not accepted with type "expire"; leave it out',
    ),
    # countUnit
    "a-unit-for-a-count": (
        [rule(countUnit="days")],
        'rules[0].selection.countUnit: is not accepted with countType "imageCountMoreThan"; leave it out',
    ),
    "a-null-unit-for-a-count": ([rule(countUnit=None)], "rules[0].selection.countUnit: is not accepted with countType"),
    "no-unit-since-push": (
        [pushed(countUnit=ABSENT)],
        'rules[0].selection.countUnit: is missing; with countType "sinceImagePushed" it must be "days"',
    ),
    "no-unit-since-pull": ([pulled(countUnit=ABSENT)], "rules[0].selection.countUnit: is missing"),
    "no-unit-since-archiving": ([archived(countUnit=ABSENT)], "rules[0].selection.countUnit: is missing"),
    "a-null-unit": ([pushed(countUnit=None)], 'rules[0].selection.countUnit: null is not accepted; accepted: "days"'),
    "another-unit": (
        [pushed(countUnit="hours")],
        'rules[0].selection.countUnit: "hours" is not accepted; accepted: "d',
    ),
    "one-day": ([pushed(countUnit="day")], 'rules[0].selection.countUnit: "day" is not accepted'),
    # countNumber
    "no-number": ([rule(countNumber=ABSENT)], "rules[0].selection.countNumber: is missing; accepted: a whole number"),
    "a-null-number": ([rule(countNumber=None)], "rules[0].selection.countNumber: null is not accepted"),
    "number-zero": ([rule(countNumber=0)], "rules[0].selection.countNumber: 0 is not accepted; accepted: a whole num"),
    "a-negative-number": ([pushed(countNumber=-5)], "rules[0].selection.countNumber: -5 is not accepted"),
    "a-boolean-number": ([rule(countNumber=True)], "rules[0].selection.countNumber: true is not accepted"),
    "a-false-number": ([rule(countNumber=False)], "rules[0].selection.countNumber: false is not accepted"),
    "a-text-number": ([rule(countNumber="10")], 'rules[0].selection.countNumber: "10" is not accepted'),
    "a-fraction-number": ([rule(countNumber=10.5)], "rules[0].selection.countNumber: 10.5 is not accepted"),
    "a-whole-fraction-number": ([rule(countNumber=10.0)], "rules[0].selection.countNumber: 10.0 is not accepted"),
    "89-days-in-the-archive": (
        [archived(countNumber=89)],
        'countNumber: 89 is not accepted with countType "sinceImageTransitioned"; accepted: 90 or more',
    ),
    # All rules
    "no-rules": ([], "policy.json: rules: has 0 rules; accepted: 1 to 50"),
    "51-rules": (
        [tagged(f"t{n}", rulePriority=n) for n in range(1, 52)],
        "policy.json: rules: has 51 rules; accepted: 1",
    ),
}


VALID: Mapping[str, Sequence[object]] = {
    "four-wildcards": [tagged("a*b*c*d*")],
    "only-a-wildcard": [tagged("*")],
    "a-pattern-as-long-as-tags": [tagged("x" * 128 + "*")],
    "a-prefix-as-long-as-tags": [prefixed(1, "x" * 128)],
    "a-wildcard-in-a-prefix": [prefixed(1, "v*")],
    "every-character-of-tags": [tagged("aZ09._-")],
    "90-days-in-the-archive": [archived()],
    "count-one": [rule(countNumber=1)],
    "standard-by-name": [rule(storageClass="standard")],
    "counting-archives": [rule(type="transition", targetStorageClass="archive")],
    "since-push-archives": [pushed(type="transition", targetStorageClass="archive")],
    "since-pull-archives": [pulled()],
    "gaps-between-priorities": [rule(5), prefixed(9000, "a"), untagged(70)],
    "50-rules": [tagged(f"t{n}", rulePriority=n) for n in range(1, 51)],
    "any-last-though-first-in-the-list": [anything(9), rule(8), untagged(7)],
    "one-untagged-and-one-any-in-each-class": [
        untagged(1),
        anything(2),
        archived(rulePriority=3, tagStatus="untagged", tagPatternList=ABSENT),
        archived(rulePriority=4, tagStatus="any", tagPatternList=ABSENT),
    ],
    "any-before-a-rule-of-the-other-class": [anything(1), archived(rulePriority=2)],
    "the-same-prefixes-in-each-class": [
        prefixed(1, "a"),
        archived(rulePriority=2, tagPatternList=ABSENT, tagPrefixList=["a"]),
    ],
    "overlapping-prefixes": [prefixed(1, "a"), prefixed(2, "a", "b")],
    "the-same-patterns-in-two-rules": [rule(1), rule(2)],
    "an-empty-description": [rule(description="")],
    "a-description-in-any-script": [rule(description="\u65e7\u3044 \U0001f600")],
}
