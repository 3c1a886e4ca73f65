"""The only WeasyPrint call: HTML of our own templates becomes a tagged PDF, byte for byte the same from the same input.

Nothing is fetched. WeasyPrint's own fetcher would read local files and the network for whatever a text managed to name,
so ours knows the assets it is given, by `app:///name`, and refuses the rest (components.md, 1a). Fonts are whole TrueType
files: from the web's woff2 subsets WeasyPrint makes one font with mixed glyphs.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

Assets = Mapping[str, tuple[str, bytes]]
"""Media type and bytes by name."""

FONT_FILES = (
    "BeVietnamPro-Regular.ttf", "BeVietnamPro-Bold.ttf", "BeVietnamPro-Italic.ttf",
    "LiberationSerif-Regular.ttf", "LiberationSerif-Bold.ttf", "LiberationSerif-Italic.ttf", "LiberationSerif-BoldItalic.ttf",
)  # fmt: skip
FONT_FACES = """
@font-face { font-family: "Be Vietnam Pro"; src: url("app:///fonts/BeVietnamPro-Regular.ttf"); }
@font-face { font-family: "Be Vietnam Pro"; src: url("app:///fonts/BeVietnamPro-Bold.ttf"); font-weight: 700; }
@font-face { font-family: "Be Vietnam Pro"; src: url("app:///fonts/BeVietnamPro-Italic.ttf"); font-style: italic; }
"""


SERIF_FACES = """
@font-face { font-family: "Liberation Serif"; src: url("app:///fonts/LiberationSerif-Regular.ttf"); }
@font-face { font-family: "Liberation Serif"; src: url("app:///fonts/LiberationSerif-Bold.ttf"); font-weight: 700; }
@font-face { font-family: "Liberation Serif"; src: url("app:///fonts/LiberationSerif-Italic.ttf"); font-style: italic; }
@font-face { font-family: "Liberation Serif"; src: url("app:///fonts/LiberationSerif-BoldItalic.ttf"); font-weight: 700;
font-style: italic; }
"""
"""For official letters: it has the measures of Times New Roman, which NĐ 30/2020 asks for and which may not be handed on."""


class FetchRefused(ValueError):
    """A document asked for something it was not given. WeasyPrint leaves that thing out and goes on."""


class AssetFetcher(URLFetcher):
    """Serves the given assets and nothing else: no file, no network, no data address."""

    def __init__(self, assets: Assets) -> None:
        super().__init__(allowed_protocols={"app"}, allow_redirects=False)
        self._assets = assets

    def fetch(self, url: str, headers: Any = None) -> Any:
        """Return an asset; raises FetchRefused."""
        parts = urlsplit(url)
        asset = self._assets.get(parts.path.lstrip("/")) if parts.scheme == "app" and not parts.netloc else None
        if asset is None:
            raise FetchRefused(f"{parts.scheme or 'relative'} address refused")
        media_type, data = asset
        return URLFetcherResponse(url, data, {"Content-Type": media_type})


def render_pdf(html: str, *, stylesheet: str, assets: Assets | None = None, faces: str = FONT_FACES) -> bytes:
    """Set a page of HTML as PDF/UA-1; `<html lang>` and `<title>` must be there. Takes some 60 ms: outside any write transaction."""
    fetcher = AssetFetcher({**_fonts(), **(assets or {})})
    fonts = FontConfiguration()
    styles = [CSS(string=text, url_fetcher=fetcher, font_config=fonts, base_url="app:///") for text in (faces, stylesheet)]
    document = HTML(string=html, url_fetcher=fetcher, base_url="app:///")
    # by default the identifier is random: two prints of one receipt could not be compared
    identifier = hashlib.sha256("\0".join((html, stylesheet)).encode()).digest()[:16]
    pdf: bytes = document.write_pdf(stylesheets=styles, font_config=fonts, pdf_variant="pdf/ua-1", pdf_identifier=identifier)
    return pdf


@cache
def _fonts() -> Assets:
    folder = resources.files("reports") / "fonts"
    return {f"fonts/{name}": ("font/ttf", (folder / name).read_bytes()) for name in FONT_FILES}
