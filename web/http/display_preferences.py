"""A reader's text size and contrast: a browser cookie, applied on <html> so that it holds from the first paint."""

from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from casework.permissions import Action
from web.guards import performs
from web.http.security import own_address

bp = Blueprint("comfort", __name__)

COOKIE = "langbiang_comfort"
ONE_YEAR = 365 * 86_400
SIZES = ("", "large", "larger")
"""Values of data-text; the style sheets define the sizes."""

MORE = "more"
"""The value of data-contrast. Without it the system preference counts (prefers-contrast)."""


@dataclass(frozen=True, slots=True)
class DisplayPreferences:
    text: str = ""
    contrast: str = ""

    @classmethod
    def told(cls, cookie: str) -> "DisplayPreferences":
        """Read the cookie; values without meaning are ignored."""
        text, _dot, contrast = cookie.partition(".")
        return cls(text if text in SIZES else "", contrast if contrast == MORE else "")

    def after(self, text: str, contrast: str) -> "DisplayPreferences":
        """The preferences after a button: text `smaller`, `bigger`, `normal` or a size; contrast `more`, `normal` or `other`."""
        place = SIZES.index(self.text)
        sizes = {size or "normal": size for size in SIZES}
        sizes |= {"smaller": SIZES[max(0, place - 1)], "bigger": SIZES[min(len(SIZES) - 1, place + 1)]}
        contrasts = {MORE: MORE, "normal": "", "other": "" if self.contrast else MORE}
        return DisplayPreferences(sizes.get(text, self.text), contrasts.get(contrast, self.contrast))

    def as_cookie(self) -> str:
        """The cookie's value; empty where nothing was chosen."""
        return f"{self.text}.{self.contrast}" if self.text or self.contrast else ""


def install(app: Flask) -> None:
    app.context_processor(lambda: {"contrast": comfort().contrast, "text_size": comfort().text})


def comfort() -> DisplayPreferences:
    if "comfort" not in g:
        g.comfort = DisplayPreferences.told(request.cookies.get(COOKIE, "")) if request else DisplayPreferences()
    found: DisplayPreferences = g.comfort
    return found


@bp.route("/comfort", methods=["GET", "POST"])
@performs(Action.READ_PUBLIC)
def set_comfort() -> ResponseReturnValue:
    """Set by buttons on every page. Like the language it only changes how this browser shows pages, so it needs no token."""
    wished = comfort().after(request.values.get("text", ""), request.values.get("contrast", ""))
    response: Response = redirect(own_address(request.values.get("next"), url_for("public.home")))
    if cookie := wished.as_cookie():
        response.set_cookie(
            COOKIE, cookie, max_age=ONE_YEAR, httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"]
        )
    else:
        response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"])
    return response
