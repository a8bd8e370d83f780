from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from ecr.report import page
from ecr.report.facts import CostFacts, Report, Unknown
from tests.unit.ecr.report import samples
from tests.unit.ecr.report.samples import POLICY, REFUSED, images, report, repository, stack

VOID = {"meta", "link", "input", "br", "rect", "line", "path"}
NASTY = "<script>alert(1)</script>\" onload='x' {{ 7*7 }} \x1b[31m\n&"


class Outline(HTMLParser):
    """Checks that elements nest, and keeps texts and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["style"], ["script"]):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def written(given: Report) -> str:
    return "".join(page.chunks(given))


def parsed(given: Report) -> Outline:
    outline = Outline()
    outline.feed(written(given))
    assert outline.open == []
    return outline


REPORTS = {
    "ordinary": samples.ordinary(),
    "empty": report(),
    "one-stack": report(repository("dev/yoon-app", images(1)), stacks=(stack("dev", images(1)[0].digest),)),
    "stack-without-an-image": report(repository("dev/yoon-app"), stacks=(stack("dev"),)),
    "long": samples.long(200, 7),
}


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_is_well_formed_and_the_same_each_time(name: str) -> None:
    assert parsed(REPORTS[name]).text
    assert written(REPORTS[name]) == written(REPORTS[name])


@pytest.mark.parametrize("name", REPORTS)
def test_ids_are_there_once_and_links_stay_on_the_page(name: str) -> None:
    tags = parsed(REPORTS[name]).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in tags:
        assert not {"src", "srcset", "action", "style", "onclick"} & attributes.keys()
        href = attributes.get("href") or "data:,"
        assert href == "data:," or href.removeprefix("#") in ids
    assert "url(" not in written(REPORTS[name])


def test_the_policy_names_style_and_script_by_their_hashes() -> None:
    text = written(samples.ordinary())
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    policy = policy.replace("&#39;", "'")
    for kind, tag in (("style-src", "style"), ("script-src", "script")):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_whatever_is_said_stays_text() -> None:
    image = samples.image("nasty", NASTY, days=1)
    given = report(
        repository(NASTY, (image,), findings={image.digest: {NASTY: 1}}, cost=Unknown(NASTY)),
        repository("b", images=Unknown(NASTY), policy=Unknown(NASTY), findings=Unknown(NASTY)),
        stacks=(stack("dev", drift=NASTY, differences=(NASTY,), unknown=(NASTY,)),),
        unknown=(NASTY,),
        prices=NASTY,
    )
    text, outline = written(given), parsed(given)
    assert text.count("<script>") == 1
    assert "alert(1)" in outline.text
    assert "{{ 7*7 }}" in outline.text
    assert "\x1b" not in text
    assert not any("onload" in attributes for _, attributes in outline.tags)


def test_the_page_is_ascii_whatever_is_in_it() -> None:
    rule = replace(POLICY.rules[0], description="höchstens 14 Tage 한국어")
    given = report(repository("a", images(30), policy=replace(POLICY, rules=(rule,))))
    assert written(given).isascii()
    assert "höchstens 14 Tage 한국어" in parsed(given).text


def test_what_is_not_known_is_said_in_its_place() -> None:
    text = parsed(samples.ordinary()).text
    assert f"Unknown: findings. {REFUSED}" in text
    assert "Unknown: cost. the price list says nothing" in text
    assert f"Unknown: part of this. {REFUSED}" in text
    assert "1 of 3 repositories unknown" in text
    unlisted = parsed(report(repository("a", images=Unknown("no such repository"), findings=Unknown("no")))).text
    assert "Unknown: the images of a. no such repository" in unlisted
    assert "Unknown: what goes. no such repository" in unlisted


def test_the_board_tells_of_every_stack_in_order() -> None:
    text = parsed(samples.ordinary()).text
    board = text[text.index("Which image every stack has") :]
    assert board.index("dev v1.4.0") < board.index("staging from dev v1.4.0") < board.index("prod from staging v1.4.0")
    assert "passed, max HIGH" in board
    assert "tag moved to sha256:" in board
    assert "scan on push: the state says on, ECR has off" in board
    assert "drifted: prod" in text


def test_an_image_that_is_deployed_and_goes_is_marked() -> None:
    text = parsed(samples.ordinary()).text
    assert "1 of them must stay!" in text
    assert "some of them must stay" in text
    assert "pinned by stack prod" in text


def test_without_anything_the_page_says_so() -> None:
    text = parsed(report()).text
    for words in ("No stacks were asked about.", "There are no repositories.", "There is nothing to scan.", "0 images"):
        assert words in text


def test_huge_numbers_stay_short() -> None:
    image = samples.image("huge", "v1", days=1, size=10**30)
    cost = CostFacts(
        stored_bytes=10**30,
        naive_bytes=10**30,
        archived_bytes=0,
        monthly_usd=Decimal(10) ** 40,
        naive_monthly_usd=Decimal(10) ** 40,
    )
    given = report(repository("a", (image,), findings={image.digest: {"CRITICAL": 10**40}}, cost=cost))
    assert max(map(len, parsed(given).text.split(" "))) < 80


def test_names_of_repositories_that_are_alike_have_their_places() -> None:
    here = repository("app", images(1))
    text = parsed(report(here, replace(here, region="us-east-1"))).text
    assert "app (eu-west-1, 123456789012)" in text
    assert "app (us-east-1, 123456789012)" in text


def test_long_tags_and_many_of_them_are_kept_short() -> None:
    image = samples.image("many", *(f"v{number}" for number in range(500)), "x" * 128, days=1)
    text = parsed(report(repository("a", (image,)))).text
    assert "and 493 more" in text


def test_a_hundred_images_that_go_are_named_and_the_rest_counted() -> None:
    given = report(repository("a", images(300)))
    text = parsed(given).text
    assert re.search(r"and \d+ more, which the list of all images tells of", text)


def test_times_are_those_of_the_report() -> None:
    later = replace(samples.ordinary(), at=samples.NOW + timedelta(hours=1))
    assert "2026-11-22 15:20 UTC" in parsed(later).text


def test_images_of_a_single_day_are_a_sentence_and_no_chart() -> None:
    given = report(repository("a", images(2, hours=1)))
    assert "All images were pushed on 2026-11-22: there is nothing to draw yet." in parsed(given).text
    assert 'class="chart' not in written(given)


def test_without_any_scan_a_sentence_stands_in_the_place_of_the_table() -> None:
    given = report(repository("a", images(3), findings={}), repository("b", findings=Unknown("refused")))
    text = parsed(given).text
    assert "None of the 3 images has been scanned." in text
    assert "Unknown: findings of b. refused" in text
    assert "no scan" not in text
    assert 'aria-label="Table of findings"' not in written(given)


def test_a_long_reason_is_cut_after_a_word_with_three_dots() -> None:
    text = parsed(report(repository("a", images(1)), prices="the network, " * 40)).text
    assert "the network, the..." in text or "the network..." in text
    assert "...." not in text
