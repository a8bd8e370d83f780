"""A report as JSON. The keys are a contract. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from ecr import status
from ecr.cost.prices import cents
from ecr.report import scanned, views
from ecr.report.deletions import Deletion
from ecr.report.facts import CostFacts, Report, RepositoryFacts, StackFacts, Unknown


def document(report: Report) -> dict[str, object]:
    """`at`, `program`, `prices`, `unknown`, `stacks` in the order of promotion, `repositories`.

    A stack is as in `status --json`, with `differences` and `unknown` (lists of lines). A repository has `name`,
    `account`, `region`, `images`, `findings`, `cost`, `next` and `unknown`: part -> why it is null.
    """
    return {
        "at": _instant(report.at),
        "program": report.program,
        "prices": report.prices or None,
        "unknown": list(report.unknown),
        "stacks": _stacks(report.stacks),
        "repositories": [
            _repository(each, gone) for each, gone in zip(report.repositories, views.going(report), strict=True)
        ],
    }


def _stacks(stacks: Sequence[StackFacts]) -> list[dict[str, object]]:
    rows = status.as_json([stack.row for stack in stacks])["stacks"]
    told = rows if isinstance(rows, list) else []
    return [
        {**row, "differences": list(stack.differences), "unknown": list(stack.unknown)}
        for row, stack in zip(told, stacks, strict=True)
    ]


def _repository(each: RepositoryFacts, gone: Sequence[Deletion]) -> dict[str, object]:
    parts = {"images": each.images, "findings": each.findings, "cost": each.cost, "next": each.policy}
    unknown = {part: value.reason for part, value in parts.items() if isinstance(value, Unknown)}
    if isinstance(each.images, Unknown):
        unknown.setdefault("next", each.images.reason)
    return {
        "name": each.name,
        "account": each.account or None,
        "region": each.region or None,
        "unknown": unknown,
        "images": None if "images" in unknown else _images(each),
        "findings": None if "findings" in unknown else _findings(each),
        "cost": _cost(each.cost),
        "next": None if "next" in unknown else [_next(deletion, each) for deletion in gone],
    }


def _images(each: RepositoryFacts) -> list[dict[str, object]]:
    known = {} if isinstance(each.findings, Unknown) else each.findings
    return [
        {
            "digest": image.digest,
            "tags": list(image.tags),
            "pushed_at": _instant(image.pushed_at),
            "pulled_at": _instant(image.pulled_at) if image.pulled_at else None,
            "size_bytes": image.size,
            "status": str(image.status),
            "findings": dict(known[image.digest]) if image.digest in known else None,
            "protected": each.protected.get(image.digest),
        }
        for image in sorted(each.known_images, key=lambda one: (-one.pushed_at.timestamp(), one.digest))
    ]


def _findings(each: RepositoryFacts) -> dict[str, object]:
    known = {} if isinstance(each.findings, Unknown) else each.findings
    tally = scanned.tally((image.digest for image in each.known_images), known)
    counts = {level.value: count for level, count in zip(scanned.LEVELS, tally.counts, strict=True)}
    return {"images": tally.images, "scanned": tally.scanned, "counts": counts}


def _cost(cost: CostFacts | Unknown | None) -> dict[str, object] | None:
    if cost is None or isinstance(cost, Unknown):
        return None
    return {
        "stored_bytes": cost.stored_bytes,
        "naive_bytes": cost.naive_bytes,
        "archived_bytes": cost.archived_bytes,
        "monthly_usd": _usd(cost.monthly_usd),
        "naive_monthly_usd": _usd(cost.naive_monthly_usd),
        "saved_by_policy_usd": None if cost.saved_by_policy_usd is None else _usd(cost.saved_by_policy_usd),
        "cheapest": cost.cheapest or None,
        "notes": list(cost.notes),
    }


def _next(deletion: Deletion, each: RepositoryFacts) -> dict[str, object]:
    return {
        "digest": deletion.image.digest,
        "tags": list(deletion.image.tags),
        "outcome": deletion.outcome.value,
        "when": deletion.when,
        "on": deletion.on.isoformat() if deletion.on else None,
        "rule_priority": deletion.rule.priority,
        "protected": each.protected.get(deletion.image.digest),
    }


def _usd(amount: Decimal) -> float:
    return float(cents(amount))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
