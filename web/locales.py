"""Which language a page is in, and the one place where texts can be marked (the pseudo-locale of the tests)."""

from collections.abc import Callable
from typing import Any

from babel import Locale
from babel.support import NullTranslations, Translations
from flask import Flask, Response, current_app, g, has_request_context, request, session
from flask_babel import Babel, Domain, get_locale

from casework.bilingual import Bilingual
from web.config import LANGUAGES
from web.sessions import current_session

LANGUAGE_COOKIE = "langbiang_language"
ONE_YEAR = 365 * 86_400


class Texts(Domain):
    """The catalogue; marks every text that went through it when app.config["PSEUDO_LOCALE"] is set."""

    def get_translations(self) -> Any:
        """The translations of the reader's language; kept for the request, because a page asks some hundred times."""
        here = locale_here()
        locale, found = g.get("texts", (None, None))
        if found is None or locale is not here:
            locale, found = here, super().get_translations()
            if current_app.config.get("PSEUDO_LOCALE"):
                found = MarkedTexts(found)
            g.texts = locale, found
        return found


class MarkedTexts:
    """Translations whose every text stands in marks, so that a text which was never translated is seen."""

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
        """What gettext asks."""
        return self._texts


def install(app: Flask) -> None:
    """Give the application its languages."""
    app.config["BABEL_DEFAULT_LOCALE"] = app.config["LANGUAGE"]
    texts = Languages(app, locale_selector=reader_language).domain_instance
    # as Flask-Babel does it, but without asking for each text which catalogue is meant
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: texts.get_translations().ugettext(text),
        lambda one, many, number: texts.get_translations().ungettext(one, many, number),
        newstyle=True,
        pgettext=lambda context, text: texts.get_translations().upgettext(context, text),
        npgettext=lambda context, one, many, number: texts.get_translations().unpgettext(context, one, many, number),
    )
    app.after_request(_keep_language)


def reader_language() -> str:
    """The language chosen in this browser, else the account's, else the only one of ours the browser asks for, else the installation's."""
    is_known = chosen_in_browser() is None and current_session() is not None
    return g.account_language if is_known else chosen_language()


def chosen_language() -> str:
    """The same without asking the database, for the page that says it failed."""
    return chosen_in_browser() or asked_by_browser() or str(current_app.config["LANGUAGE"])


def chosen_in_browser() -> str | None:
    """The language this browser was told to show."""
    if not has_request_context():
        return None
    given = (session.get("language"), request.cookies.get(LANGUAGE_COOKIE))
    return next((code for code in given if code in LANGUAGES), None)


def asked_by_browser() -> str | None:
    """The language the browser asks for, where it is one of ours alone. Of both it says nothing: telephones sold here often put English
    first for readers of Vietnamese."""
    if not has_request_context():
        return None
    g.language_asked = True
    asked = {name.partition("-")[0].lower() for name, quality in request.accept_languages if quality > 0} & set(LANGUAGES)
    return asked.pop() if len(asked) == 1 else None


def locale_here() -> Locale | None:
    """What get_locale() returns, which looks for it five times over; a page asks some hundred times."""
    try:
        found: Locale | None = g._flask_babel.babel_locale
    except (AttributeError, RuntimeError):
        found = None
    return found or get_locale()


def language() -> str:
    """The code of the page's language, `vi` or `en`."""
    locale = locale_here()
    return str(locale.language if locale else current_app.config["LANGUAGE"])


def in_reader_language(words: Bilingual | str | None) -> str:
    """A bilingual text in the reader's language; a plain text (a person's name) as it is, empty for None."""
    if not isinstance(words, Bilingual):
        return words or ""
    text = words.in_language(language())
    return mark(text) if text and current_app.config.get("PSEUDO_LOCALE") else text


def mark(text: str) -> str:
    """The text between the marks of the pseudo-locale."""
    return f"⟦{text}⟧"


def _marked(translate: Callable[..., str]) -> Callable[..., str]:
    return lambda *texts: mark(translate(*texts))


def _keep_language(response: Response) -> Response:
    """A chosen language outlives the browser's session; it says nothing about the person, so it needs no signature.

    Where the browser's wish was asked, caches are told that another browser may read another page.
    """
    if g.get("language_asked"):
        response.vary.add("Accept-Language")
    chosen = session.get("language")
    if chosen in LANGUAGES and request.cookies.get(LANGUAGE_COOKIE) != chosen:
        response.set_cookie(
            LANGUAGE_COOKIE, chosen, max_age=ONE_YEAR, httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"]
        )
    return response
