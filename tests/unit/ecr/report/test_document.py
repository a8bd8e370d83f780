from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import cast

import pytest

from ecr.report.document import document
from tests.unit.ecr.report.samples import COST, report, repository


@pytest.mark.parametrize(
    ("amount", "told"),
    [("0.005", 0.0), ("0.0051", 0.01), ("12.344", 12.34), ("1E27", 1e27), ("1E40", 1e40)],
)
def test_amounts_are_in_cents_however_large_they_are(amount: str, told: float) -> None:
    cost = replace(
        COST,
        monthly_usd=Decimal(amount),
        naive_monthly_usd=Decimal(amount),
        saved_by_policy_usd=Decimal(amount),
    )
    (entry,) = cast("list[dict[str, object]]", document(report(repository("a", cost=cost)))["repositories"])
    said = cast("dict[str, object]", entry["cost"])
    assert [said[key] for key in ("monthly_usd", "naive_monthly_usd", "saved_by_policy_usd")] == [told] * 3
