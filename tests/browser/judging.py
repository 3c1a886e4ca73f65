"""Judging a page for everybody: what axe knows, its width at three sizes, and a walk over it with the Tab key."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, TimeoutError

from tests.browser.waiting import ask
from tests.whole import WHOLE
from web.locales import LANGUAGE_COOKIE

WIDTHS = (360, 768, 1366)
UNFOLD = "document.querySelectorAll('main details').forEach(each => { each.open = true; })"
OPEN_AROUND = "link => { for (let box = link.closest('details'); box; box = box.parentElement.closest('details')) box.open = true; }"
MOST_STOPS = 250


def reach(link: Locator) -> Locator:
    """The link, with whatever it is folded into opened, as somebody does who looks for it."""
    link.evaluate(OPEN_AROUND)
    return link


def speak(page: Page, address: str, language: str) -> None:
    page.context.add_cookies([{"name": LANGUAGE_COOKIE, "value": language, "url": address}])


AXE = Axe()
RUN_AXE = "axe.run({ resultTypes: ['violations'] }).then(found => found.violations)"


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe has to say against the page. What else it says stays in the browser: fetching it took longer than finding it."""
    found: list[dict[str, Any]] = ask(page, f"{AXE.axe_script}\n;{RUN_AXE}")      # together: each document has to be told it anew
    return found


def barriers(page: Page) -> Iterator[str]:
    """What axe finds, however little it weighs."""
    for each in violations(page):
        yield f"{each['id']} ({each['impact']}): {each['nodes'][0]['html'][:200]} ({len(each['nodes'])})"


def resize(page: Page, width: int) -> None:
    """Make the window that wide, which costs a layout, so not where it is already."""
    size: Any = {"width": width, "height": 900}
    if page.viewport_size != size:
        page.set_viewport_size(size)


def other_widths(width: int, turn: int) -> tuple[int, ...]:
    """At which a page looked at at one width is measured, too: at one by turns, in a whole run at all."""
    others = tuple(each for each in WIDTHS if each != width)
    return others if WHOLE else others[turn % len(others):][:1]


def too_wide(page: Page, *widths: int) -> Iterator[str]:
    for width in widths or WIDTHS:
        resize(page, width)
        wide = ask(page, "document.documentElement.scrollWidth")
        if wide > width:
            yield f"{wide} pixels wide at {width}"


FROM_THE_TOP = """() => {
    window.stops = [];
    window.scrollTo(0, 0);
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
}"""

STOP = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const box = at.getBoundingClientRect(), style = getComputedStyle(at);
    const near = at.closest("label, .choice, .combo-in") || at;      // or the box the field stands in
    const rings = [at, near, at.nextElementSibling].filter(Boolean).map(each => getComputedStyle(each));
    window.stops = window.stops || [];
    const last = window.stops[window.stops.length - 1];
    const back = last && (last.compareDocumentPosition(at) & Node.DOCUMENT_POSITION_PRECEDING) && !window.stops.includes(at);
    const seen = window.stops.includes(at) && at !== last;      // a day has several places the focus stops at
    window.stops.push(at);
    return {
        what: at.outerHTML.slice(0, 120), seen, back: Boolean(back),
        shown: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        ring: rings.some(each => each.outlineStyle !== "none" || each.boxShadow !== "none"),
    };
}"""

IS_SHOWN = """() => {
    const box = document.activeElement.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
}"""

PANNING = 2_000
"""Milliseconds a map may take to bring the point that has the focus into sight."""

UNREACHED = """() => {
    const stops = new Set(window.stops || []), radios = new Set([...stops].filter(each => each.type === "radio").map(each => each.name));
    const mayBeReached = each => !each.matches(":disabled, [type=hidden]") && each.tabIndex >= 0
        && each.checkVisibility({ visibilityProperty: true }) && !(each.type === "radio" && radios.has(each.name));
    return [...document.querySelectorAll("main :is(a[href], button, input, select, textarea, summary)")]
        .filter(each => mayBeReached(each) && !stops.has(each)).map(each => each.outerHTML.slice(0, 120));
}"""


def walk(page: Page) -> Iterator[str]:
    """Go over the page with Tab alone: the focus is always seen, goes forward, reaches everything and gets out again."""
    page.evaluate(FROM_THE_TOP)
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None or stop["seen"]:
            break
        if not stop["shown"] and not _comes_into_sight(page):
            yield f"the focus is out of sight at {stop['what']}"
        if not stop["ring"]:
            yield f"the focus is not marked at {stop['what']}"
        if stop["back"]:
            yield f"the focus goes back to {stop['what']}"
    else:
        yield f"the focus does not get out within {MOST_STOPS} steps"
    yield from (f"no key leads to {each}" for each in page.evaluate(UNREACHED))


def _comes_into_sight(page: Page) -> bool:
    """Whether what has the focus is seen in the end: a map moves to its point by and by."""
    try:
        page.wait_for_function(IS_SHOWN, timeout=PANNING)
    except TimeoutError:
        return False
    return True


SHEET, TEXT_AREA = 794, 650
"""The width of A4 in pixels, by which styles choose, and of what is left between the margins of tokens.css."""

ON_PAPER = """width => {
    document.documentElement.style.width = `${width}px`;
    const shown = each => each.checkVisibility({ visibilityProperty: true }) && each.getBoundingClientRect().width > 1;
    const told = each => each.outerHTML.slice(0, 120);
    const useless = ".sitebar, .sitebar *, .tabbar, main nav, main .btn, main button:not(:has(img)), "
        + "main details:not([open], .figdef) > summary";
    const found = [...document.querySelectorAll(useless)].filter(shown).map(each => `prints: ${told(each)}`);
    for (const table of [...document.querySelectorAll("table")].filter(shown)) {
        const box = table.getBoundingClientRect(), cut = table.closest(".scroll-x, .tablebox, .paper");
        const right = Math.ceil(Math.max(box.right, box.left + table.scrollWidth));
        if (right > width + 1) found.push(`${right} pixels wide: ${told(table)}`);
        if (cut && getComputedStyle(cut).overflowX !== "visible") found.push(`may be cut: ${told(table)}`);
    }
    if (!document.querySelector("main .paper") && ![...document.querySelectorAll(".printhead")].some(shown)) found.push("no centre's name");
    return found;
}"""


def misprints(page: Page) -> Iterator[str]:
    """What is wrong with the page on paper: what is there to be pressed, a table that does not fit, no name of the centre."""
    before = page.viewport_size
    page.emulate_media(media="print")
    page.set_viewport_size({"width": SHEET, "height": 1123})
    yield from page.evaluate(ON_PAPER, TEXT_AREA)
    page.emulate_media(media="screen")
    if before is not None:
        page.set_viewport_size(before)
