"""The page of `python -m ecr report`, looked at in a real browser."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from ecr.report.facts import Report, Unknown
from tests.browser.conftest import Look
from tests.unit.ecr.report import samples

MANY = 10_000
PAGE = 100
# What makes a page open slowly; how fast it opens is measured by `python -m benchmarks report`.
MAX_NODES = 5000
MAX_ROW_BYTES = 600

REPORTS = {
    "ordinary": samples.ordinary(),
    "empty": samples.report(),
    "nothing-known": samples.report(
        samples.repository("dev/yoon-app", images=Unknown("no"), findings=Unknown("no"), cost=Unknown("no")),
        stacks=(samples.stack("dev", unknown=("pulumi: there is no such command",)),),
        unknown=("pulumi stack ls failed: not signed in",),
    ),
}


def violations(page: Page) -> list[str]:
    """What axe finds wrong, a line each."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['html'][:200]} {node['failureSummary']}" for each in found for node in each["nodes"]]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("name", REPORTS)
def test_axe_finds_nothing_wrong(look: Look, name: str, script: bool, scheme: str) -> None:  # noqa: FBT001
    assert violations(look(REPORTS[name], script=script, color_scheme=scheme).page) == []


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_is_asked_for_and_nothing_complains(look: Look, name: str) -> None:
    looked = look(REPORTS[name])
    looked.page.wait_for_load_state("networkidle")
    assert looked.requests == [looked.file.as_uri()]
    assert looked.complaints == []
    assert looked.page.evaluate("performance.getEntriesByType('resource').length") == 0


def test_the_policy_of_the_page_lets_no_other_script_and_no_request_through(look: Look) -> None:
    looked = look(samples.ordinary())
    looked.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          const image = document.createElement("img");
          image.src = "https://outside.example/pixel.png";
          document.body.append(image);
          return fetch("https://outside.example/").catch(() => {});
        }"""
    )
    assert looked.page.evaluate("window.ran === undefined")
    assert looked.requests == [looked.file.as_uri()]
    assert len([line for line in looked.complaints if "Content Security Policy" in line]) >= 3


@pytest.mark.parametrize("width", [320, 768, 1280, 2560])
@pytest.mark.parametrize("name", REPORTS)
def test_the_page_fits_its_window(look: Look, name: str, width: int) -> None:
    page = look(REPORTS[name], viewport={"width": width, "height": 800}).page
    assert overflow(page) <= 0


def test_text_of_twice_the_size_fits(look: Look) -> None:
    page = look(samples.ordinary(), viewport={"width": 640, "height": 800}).page
    before = page.locator("h1").evaluate("element => getComputedStyle(element).fontSize")
    # As a reader's larger default font does; style attributes are against the page's own policy, script's are not.
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.locator("h1").evaluate("element => getComputedStyle(element).fontSize") != before
    assert overflow(page) <= 0
    clipped = page.evaluate(
        """() => Array.from(document.querySelectorAll("h1, h2, h3, .value, .note, dt, .pill"))
          .filter((element) => element.offsetParent !== null && element.scrollWidth > element.clientWidth + 1
            && getComputedStyle(element).display !== "inline")
          .map((element) => element.textContent)"""
    )
    assert clipped == []


def test_landmarks_and_headings_make_an_outline(look: Look) -> None:
    page = look(samples.ordinary()).page
    assert page.locator("html").get_attribute("lang") == "en"
    for role in ("banner", "main", "navigation", "contentinfo"):
        expect(page.get_by_role(role)).to_have_count(1)
    levels = page.evaluate(
        "Array.from(document.querySelectorAll('h1, h2, h3, h4, h5, h6')).map((heading) => Number(heading.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    names = [each.strip() for each in page.get_by_role("heading", level=2).all_inner_texts()]
    assert len(names) == len(set(names)) == 6
    for name in names:
        expect(page.get_by_role("region", name=name, exact=True).first).to_be_visible()
    targets = page.eval_on_selector_all("a[href^='#']", "links => links.map((link) => link.getAttribute('href'))")
    assert all(page.locator(target).count() == 1 for target in targets)


def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(look: Look) -> None:
    page = look(samples.ordinary()).page
    seen: list[str] = []
    for _ in range(80):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """() => {
              const active = document.activeElement;
              if (active === document.body) return null;
              const style = getComputedStyle(active);
              const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
              const name = active.getAttribute("aria-label") || active.textContent.trim().slice(0, 60) || active.id;
              return {name, shown, tag: active.tagName, y: active.getBoundingClientRect().top + scrollY};
            }"""
        )
        if here is None:
            break
        assert here["shown"], here
        seen.append(here["name"])
    assert seen[0] == "Skip to the content"
    order = ["Promotion board", "All images", "Chart of images over time", "Table of findings", "images-filter"]
    places = [seen.index(name) for name in order]
    assert places == sorted(places)
    sortable = ["Repository", "Tags", "Digest", "Pushed", "Size", "State", "Last pull", "Findings", "What happens"]
    assert seen[-len(sortable) :] == sortable


def test_the_first_tab_skips_to_the_content(look: Look) -> None:
    page = look(samples.ordinary()).page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def column(page: Page, number: int) -> list[str]:
    return [each.strip() for each in page.locator(f"#all-images tbody tr > :nth-child({number})").all_inner_texts()]


def test_the_list_is_sorted_by_keyboard(look: Look) -> None:
    page = look(samples.ordinary()).page
    head = page.get_by_role("columnheader", name="Pushed").last
    button = head.get_by_role("button")
    assert head.get_attribute("aria-sort") is None
    button.focus()
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert column(page, 4) == sorted(column(page, 4))
    page.keyboard.press("Space")
    expect(head).to_have_attribute("aria-sort", "descending")
    assert column(page, 4) == sorted(column(page, 4), reverse=True)
    expect(button).to_be_focused()
    other = page.get_by_role("columnheader", name="Findings").last
    other.get_by_role("button").click()
    other.get_by_role("button").click()
    expect(other).to_have_attribute("aria-sort", "descending")
    assert head.get_attribute("aria-sort") is None
    assert column(page, 8)[0].startswith("1 critical, 4 high")


def test_the_list_is_filtered_and_says_how_many_are_left(look: Look) -> None:
    page = look(samples.ordinary()).page
    status = page.locator("#images-shown")
    expect(status).to_have_text("1 to 99 of 99")
    box = page.get_by_role("searchbox")
    box.fill("PROD v1.20.0")
    expect(status).to_have_text("1 to 1 of 1 found in 99")
    assert column(page, 1) == ["prod/yoon-app"]
    box.fill("no such image")
    expect(status).to_have_text("none found in 99")
    box.fill(samples.images(42)[5].digest)
    expect(status).to_have_text("1 to 3 of 3 found in 99")
    box.fill("")
    expect(status).to_have_text("1 to 99 of 99")


def test_ten_thousand_images_are_there_and_few_of_them_in_the_document(look: Look) -> None:
    looked = look(samples.long(MANY))
    page = looked.page
    assert looked.file.stat().st_size < MANY * MAX_ROW_BYTES
    expect(page.locator("#all-images tbody tr")).to_have_count(PAGE)
    expect(page.locator("#images-shown")).to_have_text("1 to 100 of 10,000")
    nodes = page.evaluate("document.getElementsByTagName('*').length")
    assert nodes < MAX_NODES
    last = page.get_by_role("button", name="Next")
    last.click()
    expect(page.locator("#images-shown")).to_have_text("101 to 200 of 10,000")
    page.get_by_role("searchbox").fill("v1.9999.0")
    expect(page.locator("#images-shown")).to_have_text("1 to 1 of 1 found in 10,000")


def test_without_its_script_the_long_list_is_folded_and_complete(look: Look) -> None:
    looked = look(samples.long(1000), java_script_enabled=False)
    page = looked.page
    expect(page.locator("#images-tools")).to_be_hidden()
    expect(page.locator("#all-images")).to_be_hidden()
    expect(page.locator("#all-images tbody tr")).to_have_count(1000)
    page.get_by_text("The list", exact=True).click()
    expect(page.locator("#all-images tbody tr").first).to_be_visible()
    assert overflow(page) <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_printed_dark_on_white_and_within_the_paper(look: Look, scheme: str, tmp_path: Path) -> None:
    page = look(samples.ordinary(), color_scheme=scheme).page
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.locator("nav").is_hidden()
    assert page.get_by_role("searchbox").is_hidden()
    page.set_viewport_size({"width": 703, "height": 1000})  # the width of A4 between its margins, at 96 dots an inch
    wide = page.evaluate(
        """() => Array.from(document.querySelectorAll("table, svg.chart, .board"))
          .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
          .map((element) => element.closest("section").id)"""
    )
    assert wide == []
    printed = page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")


def hostile() -> Report:
    nasty = (
        '<script>window.ran = true</script><img src="https://outside.example/x" onerror="window.ran=true">"\'&{{7*7}}'
    )
    of = (samples.image("nasty", nasty, f"{nasty}\n\x1b[31m", days=1),)
    return samples.report(
        samples.repository(nasty, of, findings={of[0].digest: {nasty: 3}}, cost=Unknown(nasty)),
        samples.repository("other", images=Unknown(nasty)),
        stacks=(samples.stack("dev", drift=nasty, differences=(nasty,), unknown=(nasty,)),),
        unknown=(nasty,),
        prices=nasty,
        program=nasty,
    )


def test_hostile_texts_stay_texts(look: Look) -> None:
    looked = look(hostile())
    looked.page.wait_for_load_state("networkidle")
    assert looked.page.evaluate("window.ran === undefined")
    assert looked.requests == [looked.file.as_uri()]
    assert looked.complaints == []
    assert looked.page.locator("img").count() == 0
    assert looked.page.locator("script").count() == 1
    assert looked.page.get_by_text("{{7*7}}").count() > 0


def test_the_heads_of_all_cards_are_equally_high(look: Look) -> None:
    heads = look(samples.ordinary()).page.locator(".card .head")
    assert len({round(head.bounding_box()["height"], 1) for head in heads.all() if head.bounding_box()}) == 1  # type: ignore[index]


@pytest.mark.parametrize(("width", "shown"), [(500, "narrow"), (1280, "wide")])
def test_the_chart_can_be_read_in_any_window(look: Look, width: int, shown: str) -> None:
    page = look(samples.ordinary(), viewport={"width": width, "height": 800}).page
    charts = page.locator("svg.chart:visible")
    expect(charts).to_have_count(1)
    expect(charts).to_have_class(f"chart {shown}")
    sizes = page.evaluate(
        """() => [...document.querySelectorAll("svg.chart text")].map((text) => text.getBoundingClientRect().height)
          .filter((height) => height > 0)"""
    )
    assert min(sizes) >= 11
    inside = charts.evaluate(
        """(chart) => [...chart.querySelectorAll("text")].every((text) => {
          const [one, all] = [text.getBoundingClientRect(), chart.getBoundingClientRect()];
          return one.left >= all.left - 1 && one.right <= all.right + 1;
        })"""
    )
    assert inside


def test_what_scrolls_can_be_reached_has_a_name_and_shows_an_edge(look: Look) -> None:
    page = look(samples.ordinary(), viewport={"width": 500, "height": 800}).page
    table = page.get_by_role("region", name="Table of findings")
    assert table.evaluate("element => element.scrollWidth > element.clientWidth")
    assert table.get_attribute("tabindex") == "0"
    assert table.evaluate("element => getComputedStyle(element).backgroundAttachment").startswith(
        "local, local, scroll"
    )
