"""The samples of the documentation: what a reader pastes has to be accepted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import settings
from tests import picture

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/access.md", "docs/registry.md", "docs/pipelines.md", "examples/eks/README.md")
REGION = "eu-west-1"
NAMESPACE = "container-registry:"
_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def samples() -> Iterator[object]:
    for page in PAGES:
        for number, block in enumerate(_BLOCK.findall((ROOT / page).read_text())):
            yield pytest.param(block, id=f"{page}-{number}")


@pytest.mark.parametrize("block", list(samples()))
def test_a_sample_of_a_stack_file_is_accepted_as_it_stands(block: str) -> None:
    content = yaml.safe_load(block)
    config = content.get("config", content)
    assert config
    assert all(key.startswith(NAMESPACE) for key in config)
    values = {"repository": "dev/yoon-app", **{key.removeprefix(NAMESPACE): value for key, value in config.items()}}
    settings.parse(values, ROOT, region=REGION)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_samples(page: str) -> None:
    assert _BLOCK.search((ROOT / page).read_text())


LINK = re.compile(r"\]\((?!https?://)([^)#]+)")


@pytest.mark.parametrize(
    "page", sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
)
def test_a_link_leads_to_a_file_that_is_there(page: str) -> None:
    missing = [link for link in LINK.findall((ROOT / page).read_text()) if not ((ROOT / page).parent / link).exists()]
    assert missing == []


def test_the_picture_of_the_code_is_that_of_todays_code() -> None:
    assert f"{picture.BEGIN}{picture.picture()}{picture.END}" in picture.PAGE.read_text(), "run: make picture"
