"""The language of a page, and the one place where texts can be marked (the pseudo-locale of the tests)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.support import NullTranslations, Translations
from flask import Flask, Response, current_app, g, has_request_context, request, session
from flask_babel import Babel, Domain, get_locale

from casework.bilingual import Bilingual
from web.config import LANGUAGES
from web.sessions import signed_in_account

LANGUAGE_COOKIE = "langbiang_language"
ONE_YEAR = 365 * 86_400
CATALOGUES = "translations"
"""The program's own folder of catalogues, in the package."""


@dataclass(frozen=True, slots=True)
class PageLanguage:
    """A language pages can be read in: its code, its name in itself, the direction it is written in (`ltr` or `rtl`), and the folder of its
    catalogue."""

    code: str
    name: str
    direction: str
    folder: Path


class Texts(Domain):
    """The catalogue; marks every translated text when app.config["PSEUDO_LOCALE"] is set."""

    def get_translations(self) -> Any:
        """The translations of the reader's language; cached for the request, because a page asks some hundred times."""
        here = locale_here()
        locale, found = g.get("texts", (None, None))
        if found is None or locale is not here:
            locale, found = here, _catalogue(languages()[language()])
            if current_app.config.get("PSEUDO_LOCALE"):
                found = MarkedTexts(found)
            g.texts = locale, found
        return found


class MarkedTexts:
    """Translations that put marks around every text, so that a text that was never translated stands out."""

    def __init__(self, wrapped: Translations | NullTranslations) -> None:
        self.ugettext = _marked(wrapped.ugettext)
        self.ungettext = _marked(wrapped.ungettext)
        self.upgettext = _marked(wrapped.upgettext)
        self.unpgettext = _marked(wrapped.unpgettext)


class Languages(Babel):
    """Flask-Babel with our catalogue in place of its own."""

    _texts = Texts(domain="messages")

    @property
    def domain_instance(self) -> Texts:
        return self._texts


def install(app: Flask) -> None:
    app.config["BABEL_DEFAULT_LOCALE"] = app.config["LANGUAGE"]
    app.jinja_env.globals.update(other_languages=other_languages)
    texts = Languages(app, locale_selector=reader_language).domain_instance
    # as Flask-Babel does it, without looking up the catalogue for each text
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: texts.get_translations().ugettext(text),
        lambda one, many, number: texts.get_translations().ungettext(one, many, number),
        newstyle=True,
        pgettext=lambda context, text: texts.get_translations().upgettext(context, text),
        npgettext=lambda context, one, many, number: texts.get_translations().unpgettext(context, one, many, number),
    )
    open_languages(app)
    app.after_request(_keep_language)


def open_languages(app: Flask) -> None:
    """Find the catalogues: the program's own, and those of LANGBIANG_TRANSLATIONS."""
    folders = [Path(app.root_path) / CATALOGUES, *app.config["TRANSLATIONS"]]
    found = dict.fromkeys(LANGUAGES, folders[0]) | _further(folders)
    app.extensions["languages"] = {code: _named(code, folder) for code, folder in found.items()}


def _further(folders: list[Path]) -> dict[str, Path]:
    """The languages beside the two of the product that have a compiled catalogue: their codes in alphabetical order, with its folder."""
    found = {path.parent.parent.name: folder for folder in folders for path in folder.glob("*/LC_MESSAGES/messages.mo")}
    return {code: found[code] for code in sorted(found.keys() - set(LANGUAGES)) if len(code) == 2 and _is_known(code)}


def _is_known(code: str) -> bool:
    try:
        Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return False
    return True


def _named(code: str, folder: Path) -> PageLanguage:
    locale = Locale.parse(code)
    name = locale.get_display_name(code) or code
    return PageLanguage(code, name[:1].upper() + name[1:], str(locale.text_direction), folder)


@cache
def _catalogue(read: PageLanguage) -> Translations | NullTranslations:
    """A catalogue as it was when the program began; none for English, whose texts are those of the code."""
    return Translations.load(read.folder, [read.code])


def languages() -> dict[str, PageLanguage]:
    """The languages of pages by code: Vietnamese, English, and those that have a catalogue (LANGBIANG_TRANSLATIONS)."""
    known: dict[str, PageLanguage] = current_app.extensions["languages"]
    return known


def other_languages(code: str) -> list[PageLanguage]:
    """The languages a page may be switched to."""
    return [each for each in languages().values() if each.code != code]


def reader_language() -> str:
    """The language chosen in this browser, else the account's, else the only one of ours the browser asks for, else the installation's."""
    account = signed_in_account() if chosen_in_browser() is None else None
    return account.language if account is not None else chosen_language()


def chosen_language() -> str:
    """The language without asking the database, for the page that says the database failed."""
    return chosen_in_browser() or asked_by_browser() or str(current_app.config["LANGUAGE"])


def chosen_in_browser() -> str | None:
    if not has_request_context():
        return None
    given = (session.get("language"), request.cookies.get(LANGUAGE_COOKIE))
    return next((code for code in given if code in languages()), None)


def asked_by_browser() -> str | None:
    """The language the browser asks for, if it asks for only one of ours. A browser that lists both decides nothing: telephones sold here
    often put English first for readers of Vietnamese."""
    if not has_request_context():
        return None
    g.language_asked = True
    asked = {name.partition("-")[0].lower() for name, quality in request.accept_languages if quality > 0} & set(languages())
    return asked.pop() if len(asked) == 1 else None


def locale_here() -> Locale | None:
    """Cached get_locale(), which does five lookups each time; a page calls it some hundred times."""
    try:
        found: Locale | None = g._flask_babel.babel_locale
    except (AttributeError, RuntimeError):
        found = None
    return found or get_locale()


def language() -> str:
    """The code of the page's language: `vi`, `en`, or one that has a catalogue."""
    locale = locale_here()
    return str(locale.language if locale else current_app.config["LANGUAGE"])


def in_reader_language(words: Bilingual | str | None) -> str:
    """A bilingual text in the reader's language; plain text (a person's name) unchanged, empty for None."""
    if not isinstance(words, Bilingual):
        return words or ""
    text = words.in_language(language())
    return mark(text) if text and current_app.config.get("PSEUDO_LOCALE") else text


def mark(text: str) -> str:
    return f"⟦{text}⟧"


def _marked(translate: Callable[..., str]) -> Callable[..., str]:
    return lambda *texts: mark(translate(*texts))


def _keep_language(response: Response) -> Response:
    """Keep a chosen language beyond the browser session; it says nothing about the person, so the cookie is unsigned.

    Where the browser's preference was used, tell caches that the page varies by it. What is kept for good is the same for everybody, and
    what caches give to others brings no cookie. The doors to other systems have a language of their own (web/open311/door.py).
    """
    if response.cache_control.immutable or g.get("is_of_door"):
        return response
    if g.get("language_asked"):
        response.vary.add("Accept-Language")
    chosen = session.get("language")
    if chosen in languages() and request.cookies.get(LANGUAGE_COOKIE) != chosen and not response.cache_control.public:
        response.set_cookie(
            LANGUAGE_COOKIE, chosen, max_age=ONE_YEAR, httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"]
        )
    return response
