"""Scanning: what nobody has looked for is not found."""

from __future__ import annotations

from collections.abc import Iterator

from .tags import REPOSITORY
from .values import UNKNOWN, Resource, Schema, Settings, Undecided, Value, Verdict, Violation, at, items

REGISTRY = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
TYPES = (REPOSITORY, REGISTRY)

BY_REGISTRY = "byRegistry"
SETTINGS: Schema = {
    BY_REGISTRY: {
        "type": "boolean",
        "default": False,
        "description": "Whether the registry's own settings, made elsewhere, scan every repository.",
    }
}

_SCANS = frozenset({"SCAN_ON_PUSH", "CONTINUOUS_SCAN"})
_SWITCH = "imageScanningConfiguration.scanOnPush"


def check(resource: Resource, settings: Settings) -> Iterator[Verdict]:
    """Repositories must scan on push, unless the registry does; the registry's settings must scan something.

    AWS takes no scanning when nothing is said.
    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanningConfiguration.html and
    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegistryScanningRule.html
    """
    if resource.type == REGISTRY:
        yield from _registry(at(resource.properties, "rules"))
    elif settings.get(BY_REGISTRY) is not True:
        scans = at(resource.properties, *_SWITCH.split("."))
        if scans is UNKNOWN:
            yield Undecided(_SWITCH)
        elif scans is not True:
            problem = "is not set, so images are not scanned" if scans is None else "is off"
            yield Violation(_SWITCH, problem, "set it to true, or have the registry scan and say so in the level file")


def _registry(rules: Value) -> Iterator[Verdict]:
    frequencies = [at(rule, "scanFrequency") for rule in items(rules)]
    if any(frequency in _SCANS for frequency in frequencies):
        return
    if UNKNOWN in frequencies:
        yield Undecided("rules")
    else:
        remedy = "add a rule with SCAN_ON_PUSH or CONTINUOUS_SCAN"
        yield Violation("rules", "scan no repository unless somebody asks for it", remedy)
