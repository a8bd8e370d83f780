from __future__ import annotations

from xml.etree import ElementTree as ET

from ecr import cost_plot, price_table
from ecr.cost.estimate import RepositoryCost, estimate
from tests.unit.ecr.cost.making import NOW, contents, image, known

SVG = "{http://www.w3.org/2000/svg}"
PRICES = price_table.prices(price_table.REGION)


def cost(name: str, size: int) -> RepositoryCost:
    return estimate(name, [image("a", size=size)], known(contents("a", 0, l=size)), policy=None, prices=PRICES, now=NOW)


def texts(costs: list[RepositoryCost]) -> list[str]:
    root = ET.fromstring(cost_plot.svg(costs))  # noqa: S314 - our own
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def test_each_repository_has_its_bytes_and_its_policies() -> None:
    found = texts([cost("dev/app", 10**9), cost("prod/app", 2 * 10**9)])
    for name in ("dev/app", "prod/app"):
        assert {name, f"{name}, sizes", f"{name}, now", f"{name}, none", f"{name}, keep-10"} <= set(found)


def test_of_many_repositories_the_dearest_are_drawn_and_that_is_said() -> None:
    found = texts([cost(f"r{number}", number * 10**9) for number in range(20)])
    assert found[0] == "What repositories store and cost: the dearest 12 of 20 repositories"
    assert "r19" in found
    assert "r7" not in found


def test_repositories_without_a_byte_are_drawn_as_well() -> None:
    assert "dev/app" in texts([cost("dev/app", 0)])
