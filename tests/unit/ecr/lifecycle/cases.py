"""All cases of the evaluation, see the modules of each theme."""

from __future__ import annotations

from tests.unit.ecr.lifecycle import cases_archive, cases_manifests, cases_rules, cases_tags, cases_time

CASES = [
    *cases_tags.CASES,
    *cases_rules.CASES,
    *cases_time.CASES,
    *cases_archive.CASES,
    *cases_manifests.CASES,
]
