"""What folds of the report form people open before they fill it in."""
from __future__ import annotations

from playwright.sync_api import Page


def tell_place(page: Page, commune: str = "Xã Lát") -> None:
    """Choose the commune, in words; without a script these fields are open already."""
    if not page.locator("[name=area]").is_visible():
        page.click("[data-in-words-open]")
    page.select_option("[name=area]", label=commune)


def open_more(page: Page) -> None:
    """Open “Thêm”, with name, field, voice and video."""
    if page.locator("details[data-more]").get_attribute("open") is None:
        page.locator("details[data-more] > summary").click()


def put_at(page: Page, latitude: float, longitude: float) -> None:
    """The place as numbers, as a telephone or the map tells it."""
    page.evaluate("""at => { const form = document.querySelector('form[data-report]');
        [form.elements.latitude.value, form.elements.longitude.value] = at;
        form.dispatchEvent(new CustomEvent('pointed')); }""", [str(latitude), str(longitude)])  # fmt: skip
