"""Scanning of a registry: which repositories are scanned for vulnerabilities, and how often.

Sources: ECR API reference, PutRegistryScanningConfiguration, RegistryScanningRule and ScanningRepositoryFilter (bounds
and patterns as in botocore 1.44.5); ECR user guide, "Filters to choose which repositories are scanned".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ecr.config_reader import shown
from ecr.lifecycle import patterns
from ecr.problems import Problem, refused, refused_items

MAX_RULES = 2
MAX_FILTERS = 100  # a rule

# ScanningRepositoryFilter: ^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$, which takes exponential time on a text that does
# not match. This one accepts the same texts and tries nothing twice.
_FILTER = re.compile(r"[a-z0-9*]+(?:[._/-][a-z0-9*]+)*")
_MAX_FILTER = 255
FILTER_RULE = (
    "part of a repository's name, or a whole name with '*' for any characters, such as prod/*: 1 to 255 lower-case "
    "letters, digits, '*', and single '.', '_', '-' and '/' between them"
)


class ScanType(StrEnum):
    """Who scans: ECR for the packages of the operating system, or Amazon Inspector for those of languages too."""

    BASIC = "BASIC"
    ENHANCED = "ENHANCED"


class ScanFrequency(StrEnum):
    """When a rule has images scanned.

    ECR's third one, MANUAL, takes no rule: with basic scanning it holds for what no rule names (RegistryScanningRule,
    scanFrequency).
    """

    SCAN_ON_PUSH = "SCAN_ON_PUSH"
    CONTINUOUS_SCAN = "CONTINUOUS_SCAN"


FREQUENCIES = MappingProxyType({ScanType.BASIC: (ScanFrequency.SCAN_ON_PUSH,), ScanType.ENHANCED: tuple(ScanFrequency)})
"""Scan type -> the frequencies that its rules can have."""

FREQUENCY_RULE = (
    "SCAN_ON_PUSH, or with ENHANCED also CONTINUOUS_SCAN; MANUAL takes no rule: with BASIC it holds for what no rule "
    "names"
)


def is_filter(text: str) -> bool:
    """Whether ECR accepts `text` as a filter of repositories for scanning."""
    return len(text) <= _MAX_FILTER and _FILTER.fullmatch(text) is not None


@dataclass(frozen=True)
class ScanningRule:
    """When the images of some repositories are scanned.

    Attributes:
        frequency: on push, or again whenever something new is known.
        repositories: filters, 1 to 100; without a wildcard, one matches every name that contains it.
    """

    frequency: ScanFrequency
    repositories: tuple[str, ...]


@dataclass(frozen=True)
class Scanning:
    """The whole scanning configuration of a registry.

    Attributes:
        type: basic, or enhanced.
        rules: up to 2. What no rule names is scanned by hand with basic scanning, and not at all with enhanced.
    """

    type: ScanType
    rules: tuple[ScanningRule, ...] = ()


def problems(scanning: Scanning) -> Iterator[Problem]:
    """What ECR would refuse, and what could never act."""
    if len(scanning.rules) > MAX_RULES:
        yield Problem("rules", f"has {len(scanning.rules)} rules; ECR accepts up to {MAX_RULES}")
    if scanning.type is ScanType.ENHANCED and not scanning.rules:
        yield Problem("rules", "is missing; ENHANCED scans only what a rule names, such as all: repositories ['*']")
    for index, rule in enumerate(scanning.rules):
        if rule.frequency not in FREQUENCIES[scanning.type]:
            accepted = " or ".join(FREQUENCIES[scanning.type])
            yield refused(f"rules[{index}].frequency", rule.frequency.value, f"{accepted} with type {scanning.type}")
        for problem in _filter_problems(rule.repositories):
            yield problem.below(f"rules[{index}]")
    if len(scanning.rules) <= MAX_RULES and all(len(rule.repositories) <= MAX_FILTERS for rule in scanning.rules):
        yield from _shadowed(scanning.rules)  # which compares each with each of the others


def _filter_problems(filters: tuple[str, ...]) -> Iterator[Problem]:
    if not 1 <= len(filters) <= MAX_FILTERS:
        yield Problem("repositories", f"has {len(filters)} filters; ECR accepts 1 to {MAX_FILTERS}")
    yield from refused_items("repositories", filters, is_filter, FILTER_RULE)


def _shadowed(rules: tuple[ScanningRule, ...]) -> Iterator[Problem]:
    """Filters on push all of whose repositories are scanned continuously, which wins."""
    continuous = [
        (f"rules[{index}].repositories[{place}]", text)
        for index, rule in enumerate(rules)
        if rule.frequency is ScanFrequency.CONTINUOUS_SCAN
        for place, text in enumerate(rule.repositories)
    ]
    for index, rule in enumerate(rules):
        if rule.frequency is not ScanFrequency.SCAN_ON_PUSH:
            continue
        for place, text in enumerate(rule.repositories):
            winner = next((where for where, wider in continuous if _covers(wider, text)), None)
            if winner:
                reason = f"{shown(text)} could never act: {winner} has all of it scanned continuously, and that wins"
                yield Problem(f"rules[{index}].repositories[{place}]", reason)


def _covers(wider: str, narrower: str) -> bool:
    return patterns.covers(_pattern(wider), _pattern(narrower))


def _pattern(text: str) -> str:
    """A filter without a wildcard matches all names that contain it (user guide, "Filter wildcards")."""
    return text if patterns.WILDCARD in text else f"*{text}*"
