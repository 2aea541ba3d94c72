"""Every page for a reader, as a browser shows it: on a phone by night and on a screen by day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import Browser, Page
from rich.console import Console

from commands.demo.page import render as render_story
from commands.demo.tale import Tale, checks
from commands.demo.timeline import TimeLine
from steps.deployment.report import render as render_rollout
from steps.pages.live import live
from tests.browser import PATIENCE, chromium
from tests.unit.commands.test_demo import ANSWERS
from tests.unit.data.test_report import page as data_page
from tests.unit.data.test_report import table
from tests.unit.deployment.test_timeline import SETTINGS, tried
from tests.unit.evaluation.answering import answering
from tests.unit.monitoring.test_judgement import labelled
from tests.unit.monitoring.test_page import page as verdict_page

PAGES: dict[str, Callable[[], str]] = {
    "model of two classes": lambda: answering("binary", sensitive=True).page,
    "model of many classes": lambda: answering("multiclass").page,
    "model of a number": lambda: answering("regression").page,
    "first model": lambda: answering("binary", alone=True).page,
    "data": lambda: data_page(table().drop(columns="price"), "kind", drifted=True),
    "data of a number": lambda: data_page(table(wide=20).drop(columns="kind"), "price"),
    "rollout": lambda: render_rollout(tried(failing=True), SETTINGS),
    "story": lambda: story(),
    "verdict": lambda: verdict_page(3000, labelled(3000, wrong=0.6, begin=1500), shift=1.0),
}


def story() -> str:
    """The page of a demo that came no further than its first requests."""
    line = TimeLine(Console(quiet=True), quiet=True)
    line.add("planted", "the world changes")
    line.add("verdict", "drift, 2,400 rows of version 1", "temp: PSI 1.68, limit 0.1")
    tale = Tale(answers=ANSWERS)
    return render_story(line, tale, checks(tale))


SCREENS = {"phone": (390, "dark"), "screen": (1100, "light")}
# Its faults are minor, moderate, serious or critical.
GRAVE = "serious", "critical"
FAULTS = """async () => (await axe.run({resultTypes: ["violations"]})).violations.map(
    (fault) => [fault.impact, fault.id, fault.nodes.slice(0, 3).map((node) => node.html)])"""
WIDER = """() => [...document.querySelectorAll("main *")].filter(
    (each) => !each.closest(".scroll") && each.getBoundingClientRect().right > innerWidth + 1
).map((each) => each.outerHTML.slice(0, 80))"""
# Words of an axis that lie over each other.
CROWDED = """() => [...document.querySelectorAll(".acrosses, .ups")].flatMap((axis) => {
    const held = [...axis.children].map((each) => [each.textContent, each.getBoundingClientRect()]);
    return held.slice(1).filter(([, b], at) => {
        const a = held[at][1];
        return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    }).map(([text]) => text);
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """Each page, drawn once."""
    return {name: draw() for name, draw in PAGES.items()}


@pytest.fixture(params=SCREENS)
def shown(
    request: pytest.FixtureRequest, browser: Browser
) -> Iterator[Callable[[str], tuple[Page, list[str]]]]:
    """How to open a page on that screen; what it complains of comes beside it."""
    width, scheme = SCREENS[request.param]
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page.set_default_timeout(PATIENCE)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url))

    def show(content: str) -> tuple[Page, list[str]]:
        page.set_content(content)
        return page, said

    yield show
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_grave_fault_and_fits(
    name: str, pages: dict[str, str], shown: Callable[[str], tuple[Page, list[str]]]
) -> None:
    """Nothing is too wide, too faint or without words, and nothing is asked for elsewhere."""
    page, said = shown(pages[name])
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    assert page.evaluate(WIDER) == []
    assert page.evaluate(CROWDED) == []
    assert said == []
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text())
    assert [fault for fault in page.evaluate(FAULTS) if fault[0] in GRAVE] == []


def test_a_frame_that_blocks_scripts_shows_the_whole_page(
    pages: dict[str, str], browser: Browser
) -> None:
    """As in ZenML's dashboard."""
    page = browser.new_page()
    page.set_content('<iframe sandbox="" style="width: 100%; height: 800px"></iframe>')
    page.evaluate(
        "content => { document.querySelector('iframe').srcdoc = content }",
        pages["model of two classes"],
    )
    frame = page.frame_locator("iframe")
    frame.locator(".plane svg path.curve").first.wait_for(timeout=PATIENCE)
    box = frame.locator(".plane svg").first.bounding_box()
    assert box
    assert min(box["width"], box["height"]) > 100
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_curves_stand_out_from_their_ground(
    scheme: str, pages: dict[str, str], browser: Browser
) -> None:
    """By 3 to 1, as WCAG asks of pictures."""
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_content(pages["model of many classes"])
    ratios = page.evaluate(
        """() => {
            const light = (text) => {
                const parts = text.match(/[\\d.]+/g).slice(0, 3).map((part) => {
                    const share = part / 255;
                    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
                });
                return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
            };
            const panel = document.querySelector(".panel");
            const ground = light(getComputedStyle(panel).backgroundColor);
            return [...document.querySelectorAll(".plane .curve")].map((curve) => {
                const own = light(getComputedStyle(curve).stroke);
                return (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05);
            });
        }"""
    )
    assert len(ratios) >= 6
    assert min(ratios) >= 3
    page.close()


@pytest.fixture
def moving(pages: dict[str, str], browser: Browser) -> Iterator[Page]:
    """The model report with its script; whatever it complains of fails the test."""
    page, said = browser.new_page(viewport={"width": 1100, "height": 900}), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.set_content(live(pages["model of two classes"]))
    yield page
    assert said == []
    page.close()


def test_a_point_of_a_curve_tells_its_numbers(moving: Page) -> None:
    """With the name of its curve, and only while it is pointed at."""
    plane = moving.locator(".plane svg").first
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    assert box
    moving.mouse.move(box["x"] + 3, box["y"] + box["height"] - 3)
    told = moving.locator(".bubble").inner_text().splitlines()
    assert told[0].split(",")[0] in ("challenger", "champion")
    names, numbers = zip(*(line.rsplit(" ", 1) for line in told[1:]), strict=True)
    assert names == ("false positive rate", "true positive rate")
    assert all(float(number) < 0.1 for number in numbers)
    moving.mouse.move(2, 2)
    assert moving.locator(".bubble").is_hidden()


def test_a_curve_can_be_hidden_by_its_name(moving: Page) -> None:
    """And comes back."""
    key = moving.locator(".keys button").first
    curve = moving.locator(".plane .curve.first").first
    key.click()
    assert curve.is_hidden()
    key.click()
    assert curve.is_visible()


def test_a_table_is_sorted_by_numbers_as_numbers(moving: Page) -> None:
    """By its column's head, down and up."""
    table = moving.locator(".weights").first
    head = table.locator("th button").nth(3)
    orders = []
    for _ in range(2):
        head.click()
        cells = table.locator("tbody tr td:nth-child(4)").all_inner_texts()
        orders.append([float(cell) for cell in cells])
    assert orders[0] == sorted(orders[0], reverse=True)
    assert orders[1] == sorted(orders[0])


def test_what_moves_has_no_grave_fault_either(moving: Page) -> None:
    """Its buttons have names and can be reached."""
    moving.evaluate((files("axe_playwright_python") / "axe.min.js").read_text())
    assert [fault for fault in moving.evaluate(FAULTS) if fault[0] in GRAVE] == []
