"""`python -m ecr lifecycle forecast`: images, bytes and cost over the next days, with a policy and without one."""

# ruff: noqa: PLC0415 - the domain is loaded when it is needed: help has to be quick

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ecr import tables
from ecr.cli import arguments, console, plots
from ecr.cli.lifecycle import sources
from ecr.cli.lifecycle.sources import Sources
from ecr.errors import ExitCode

if TYPE_CHECKING:
    from ecr.cost.prices import Prices
    from ecr.lifecycle.forecast import Forecast, ForecastDay, Stored

HELP = """Show what a repository will hold, and what that costs.

The pushes of the last days, 90 at most, are repeated into the future, and the policy is applied once a day. Beside it
stands what comes without a policy. Sizes and costs are upper bounds: layers that images share are stored once. Policy
and images come from where `simulate` takes them.

\b
Examples:
  python -m ecr lifecycle forecast --policy policy.json --images images.json --plot forecast.svg
  python -m ecr lifecycle forecast --stack prod --days 365
"""

# As in `ecr.lifecycle.forecast`, which is loaded later.
_DAYS, _MAX_DAYS = 90, 3650

Days = Annotated[int, typer.Option("--days", min=1, max=_MAX_DAYS, metavar="N", help="How far to look ahead.")]

_SHOWN_DAYS = (0, 7, 14, 30, 60, 90)
_HEADER = ("DAY", "IMAGES", "ARCHIVED", "SIZE", "USD/MONTH", "WITHOUT POLICY", "SIZE", "USD/MONTH")
_BOUNDS = "sizes and costs are upper bounds, because ECR stores layers that images share once"


def run(
    *,
    policy: sources.PolicyFile = None,
    images: sources.ImagesFile = None,
    stack: sources.Stack = None,
    repository: sources.Repository = None,
    now: sources.Now = None,
    days: Days = _DAYS,
    plot: plots.Plot = None,
    profile: sources.Profile = None,
    region: sources.Region = None,
    as_json: arguments.Json = False,
) -> int:
    """Show what the next days bring."""
    plots.check(plot)
    source = Sources(
        policy=policy, images=images, stack=stack, repository=repository, now=now, profile=profile, region=region
    )
    source.check()

    from ecr import price_table
    from ecr.lifecycle.forecast import forecast

    policy_of, listed = source.read_policy(), source.read_images(source.at)
    found = forecast(policy_of, listed, source.at, days, prices=price_table.prices(price_table.REGION))
    if plot is not None:
        _draw(found, plot, source)
    if as_json:
        console.result_json(_as_json(found))
    else:
        console.result(_lines(found))
    return ExitCode.DONE


def _draw(found: Forecast, path: str, source: Sources) -> None:
    from ecr import plot

    title = f"{source.subject}: the next {tables.plural(found.days[-1].day, 'day')}"
    plots.write(path, plot.svg(found, title))


def _lines(found: Forecast) -> list[str]:
    last = found.days[-1].day
    table = tables.aligned(
        _HEADER, [_cells(row, found.prices) for row in found.days if row.day in {*_SHOWN_DAYS, last}]
    )
    return [*table, f"assuming: {'; '.join(found.assumptions)}", _BOUNDS]


def _cells(row: ForecastDay, prices: Prices) -> Sequence[str]:
    with_policy, without = row.with_policy, row.without_policy
    return (
        str(row.day),
        *(str(with_policy.images), str(with_policy.archived), *_amounts(with_policy, prices)),
        *(str(without.images), *_amounts(without, prices)),
    )


def _amounts(stored: Stored, prices: Prices) -> tuple[str, str]:
    return tables.size(stored.bytes), str(stored.cost_usd(prices))


def _as_json(found: Forecast) -> dict[str, object]:
    return {
        "window_days": found.window_days,
        "pushes": found.pushes,
        "pushed_bytes": found.pushed_bytes,
        "assumptions": [*found.assumptions, _BOUNDS],
        "days": [
            {
                "day": row.day,
                "with_policy": _stored(row.with_policy, found.prices),
                "without_policy": _stored(row.without_policy, found.prices),
            }
            for row in found.days
        ],
    }


def _stored(stored: Stored, prices: Prices) -> dict[str, object]:
    return {
        "images": stored.images,
        "archived": stored.archived,
        "bytes": stored.bytes,
        "cost_usd": float(stored.cost_usd(prices)),
    }
