"""What the studio's editor loads, made of files of others: smaller than they are, because its page is to come in 260 KB.

`derive()` makes all of it; `faults()` needs neither Node nor network and says what no longer fits the pages it is for.

- bpmn-editor.min.js and .css, from tools/bpmn-editor by esbuild: the parts of bpmn-js our editor uses, with the minimap.
- the signs of bpmn-font that the editor draws, and Be Vietnam Pro in two weights without hinting.
- the rules of Bootstrap that the editor's page can need: those whose classes stand as words in its templates and scripts.
- these and Bootstrap itself compressed with Brotli, beside each; compressing at the best level takes a second and is done here once.
"""
from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STATIC, TEMPLATES = ROOT / "web/static", ROOT / "web/templates"
VENDOR = STATIC / "vendor"
BPMN, FONTS = VENDOR / "bpmn-js", VENDOR / "fonts"
PARTS = ROOT / "tools/bpmn-editor"
BUNDLE, SHEET, SENTENCES = BPMN / "bpmn-editor.min.js", BPMN / "bpmn-editor.css", BPMN / "bpmn-editor-sentences.json"
SIGNS = BPMN / "bpmn-editor-signs.woff2"
BOOTSTRAP, LEAN_BOOTSTRAP = VENDOR / "bootstrap/bootstrap.min.css", VENDOR / "bootstrap/bootstrap.studio.css"
PRESSED = (BUNDLE, SHEET, LEAN_BOOTSTRAP, BOOTSTRAP)
OF_PAGE = ("base.html", "staff_base.html", "studio/edit.html", "components/*.html")
SCRIPTS = ("js/studio/*.js", "js/staff.js", "js/palette.js", "js/bell.js", "js/palette-later.js", "js/forms.js")
SHEETS = ("css/tokens.css", "css/screens.css", "css/palette.css", "css/comfort.css", "css/studio-editor.css")
WEIGHTS = {"400": "400", "500": "600", "600": "600", "700": "600"}
"""The cut in which a weight is drawn on the editor's page."""
LETTERS = {
    "latin": "U+20-7E,U+A0-FF,U+2010-2015,U+2018-201E,U+2022,U+2026,U+2032,U+2039-203A,U+20AC,U+2122,U+2190-2193,U+2212",
    "vietnamese": "U+102-103,U+110-111,U+128-129,U+168-169,U+1A0-1A1,U+1AF-1B0,U+300-301,U+303,U+309,U+323,U+1EA0-1EF9,U+20AB",
}
TRANSLATED = re.compile(r"""\b_?translate\(\s*(?:'([^']+)'|"([^"]+)"|([A-Z_]{4,}))""")


def derive() -> None:
    """Make every file again, with the versions of tools/bpmn-editor/package-lock.json."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for each in PARTS.iterdir():
            shutil.copy(each, place)
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=place, check=True)
        _bundle(place)
        _sheet(place)
    for subset, letters in LETTERS.items():
        for weight in sorted(set(WEIGHTS.values())):
            cut = FONTS / f"be-vietnam-pro-{subset}-{weight}-normal.woff2"
            _subset(cut, FONTS / f"be-vietnam-pro-{subset}-{weight}-lean.woff2", letters)
    LEAN_BOOTSTRAP.write_text(lean_bootstrap(), encoding="utf-8")
    press()


def faults() -> Iterator[str]:
    """Yield what is outdated: a Bootstrap rule or icon the page now needs, or a compressed file that does not match its original."""
    import brotli

    if LEAN_BOOTSTRAP.read_text(encoding="utf-8") != lean_bootstrap():
        yield f"{LEAN_BOOTSTRAP.name} is not what the editor's page needs"
    for each in PRESSED:
        pressed = _pressed(each)
        if not pressed.exists() or brotli.decompress(pressed.read_bytes()) != each.read_bytes():
            yield f"{pressed.name} is not {each.name}"
    for name in signs_drawn(BPMN / "bpmn-font/css/bpmn.css"):
        if f".bpmn-icon-{name}:before" not in SHEET.read_text(encoding="utf-8"):
            yield f"{SHEET.name} lacks the sign {name}"


def press() -> None:
    """Compress with Brotli what is large, or comes with the editor's page."""
    import brotli

    for each in PRESSED:
        _pressed(each).write_bytes(brotli.compress(each.read_bytes(), quality=11, mode=brotli.MODE_TEXT))


def _pressed(path: Path) -> Path:
    return path.with_name(f"{path.name}.br")


# -- the drawing library ---------------------------------------------------------------------------------------------------


def _bundle(place: Path) -> None:
    command = [
        "node_modules/.bin/esbuild", "editor.js", "--bundle", "--minify", "--format=iife", "--global-name=BpmnJS", "--target=es2022",
        "--footer:js=BpmnJS=BpmnJS.default;", "--legal-comments=none", "--charset=utf8", "--metafile=meta.json", "--outfile=bundle.js",
        "--log-level=error",
    ]  # fmt: skip
    subprocess.run(command, cwd=place, check=True)
    BUNDLE.write_bytes((place / "bundle.js").read_bytes())
    sources = [place / each for each in json.loads((place / "meta.json").read_text())["inputs"]]
    SENTENCES.write_text(json.dumps(sorted(set(_sentences(sources))), indent=1) + "\n", encoding="utf-8")
    parts = sorted({_package_of(each) for each in sources if "node_modules" in each.parts} - {place / "node_modules/bpmn-js"})
    (BPMN / "bpmn-editor-LICENSES").write_text("\n\n".join(_licence(each) for each in parts) + "\n", encoding="utf-8")


def _sentences(sources: Iterable[Path]) -> Iterator[str]:
    """The library's own texts: literals passed to its translator, or constants that hold them."""
    for source in sources:
        text = re.sub(r"/\*.*?\*/", "", source.read_text(encoding="utf-8"), flags=re.DOTALL)
        for single, double, constant in TRANSLATED.findall(text):
            held = re.search(rf"\b{constant} = '([^']+)'", text) if constant else None
            said = single or double or (held[1] if held else "")
            if any(each.isalpha() for each in said) and " + " not in said:
                yield said


def _package_of(source: Path) -> Path:
    at = len(source.parts) - 1 - source.parts[::-1].index("node_modules")
    scoped = source.parts[at + 1].startswith("@")
    return Path(*source.parts[: at + (3 if scoped else 2)])


def _licence(package: Path) -> str:
    told = json.loads((package / "package.json").read_text(encoding="utf-8"))
    text = next((each.read_text(encoding="utf-8").strip() for each in sorted(package.glob("LICEN[CS]E*"))), "")
    return f"--- {told['name']} {told['version']}, {told['license']}\n\n{text}"


def _sheet(place: Path) -> None:
    assets = place / "node_modules/bpmn-js/dist/assets"
    parts = [assets / "diagram-js.css", assets / "bpmn-js.css", place / "node_modules/diagram-js-minimap/assets/diagram-js-minimap.css"]
    icons = (assets / "bpmn-font/css/bpmn.css").read_text(encoding="utf-8")
    codes = dict(re.findall(r"\.bpmn-icon-([\w-]+):before \{ content: '\\(\w+)'", icons))
    drawn = signs_drawn(assets / "bpmn-font/css/bpmn.css")
    _subset(assets / "bpmn-font/font/bpmn.woff2", SIGNS, ",".join(f"U+{codes[each]}" for each in drawn))
    text = _without_unused("".join(each.read_text(encoding="utf-8") for each in parts))
    text += f"@font-face{{font-family:bpmn;src:url({SIGNS.name}) format('woff2')}}"
    text += "[class^=bpmn-icon-]:before,[class*=' bpmn-icon-']:before{font-family:bpmn;font-style:normal;font-weight:400;speak:never;"
    text += "display:inline-block;text-decoration:inherit;width:1em;text-align:center;font-variant:normal;text-transform:none;"
    text += "line-height:1em}"
    text += "".join(f".bpmn-icon-{each}:before{{content:'\\{codes[each]}'}}" for each in drawn)
    (place / "sheet.css").write_text(text, encoding="utf-8")
    command = ["node_modules/.bin/esbuild", "sheet.css", "--minify", f"--outfile={SHEET}", "--allow-overwrite", "--log-level=error"]
    subprocess.run(command, cwd=place, check=True)


def _without_unused(sheet: str) -> str:
    """The rules, except those of parts not in the bundle: menus, palette tooltips, ways into subprocesses."""
    import tinycss2

    unused = re.compile(r"djs-popup|djs-hover-tooltip|palette-tooltip|bjs-(?!container|powered)|data-popup")
    made = []
    for rule in tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True):
        if rule.type != "qualified-rule":
            made.append(rule.serialize())
            continue
        selectors = [each for each in _selectors(tinycss2.serialize(rule.prelude)) if not unused.search(each)]
        if selectors:
            made.append(f"{','.join(selectors)}{{{tinycss2.serialize(rule.content)}}}")
    text = "".join(made)
    return _without_idle(text, re.compile(r"(--[\w-]+):[^;{}]*;"))


def _without_idle(text: str, declared: re.Pattern[str], also: str = "") -> str:
    """A style sheet without variables that no rule in it or in `also` reads, directly or through other variables."""
    for _round in range(4):
        used = set(re.findall(r"var\((--[\w-]+)", text + also))
        idle = {each[0] for each in declared.finditer(text) if each[1] not in used}
        text = declared.sub(lambda one, idle=idle: "" if one[0] in idle else one[0], text)  # type: ignore[misc]
    return text


def signs_drawn(sheet: Path) -> list[str]:
    """The names of the icons used in the editor's scripts."""
    text = "".join(each.read_text(encoding="utf-8") for each in sorted((STATIC / "js/studio").glob("*.js")))
    names = re.findall(r"\.bpmn-icon-([\w-]+):before", sheet.read_text(encoding="utf-8"))
    return sorted({each for each in names if f'bpmn-icon-{each}"' in text or f'tool("{each}"' in text})


def _subset(cut: Path, into: Path, letters: str) -> None:
    from fontTools.subset import Options, Subsetter, load_font, parse_unicodes, save_font

    options = Options(hinting=False, layout_features=["kern", "mark", "mkmk", "ccmp"], flavor="woff2", desubroutinize=True)
    font = load_font(cut, options)
    font.recalcTimestamp = False
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=parse_unicodes(letters))
    subsetter.subset(font)
    made = BytesIO()
    save_font(font, made, options)
    into.write_bytes(made.getvalue())


# -- Bootstrap -------------------------------------------------------------------------------------------------------------


def lean_bootstrap() -> str:
    """Bootstrap's rules for the page: every class in a selector is a word of its templates or scripts; unused variables are removed."""
    import tinycss2

    words = set(re.findall(r"[A-Za-z][\w-]*", "".join(_texts())))
    text = BOOTSTRAP.read_text(encoding="utf-8")
    licence = text[: text.index("*/") + 2]
    kept = _kept(tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True), words)
    own = "".join(each.read_text(encoding="utf-8") for each in _found(STATIC, SHEETS))
    kept = _without_idle(kept, re.compile(r"(--bs-[\w-]+):(?:[^;{}\"']|\"[^\"]*\"|'[^']*')*(?:;|(?=\}))"), own)
    kept = re.sub(r"[^{}]+\{\}", "", kept)
    return f"{licence}\n/* Only what the studio's editor needs: tools/studio_files.py. */\n{kept}\n"


def _texts() -> Iterator[str]:
    for path in (*_found(TEMPLATES, OF_PAGE), *_found(STATIC, SCRIPTS)):
        yield path.read_text(encoding="utf-8")


def _found(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    for name in names:
        yield from sorted(folder.glob(name))


def _kept(rules: Iterable[Any], words: set[str]) -> str:
    import tinycss2

    made = []
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [each for each in _selectors(tinycss2.serialize(rule.prelude)) if _needed(each, words)]
            if selectors:
                made.append(f"{','.join(selectors)}{{{tinycss2.serialize(rule.content)}}}")
        elif rule.type == "at-rule" and rule.at_keyword == "media":
            inner = _kept(tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True), words)
            if inner:
                made.append(f"@media{tinycss2.serialize(rule.prelude)}{{{inner}}}")
        # keyframes belong to spinners, progress bars and placeholders, which the editor does not use
    return "".join(made)


def _selectors(prelude: str) -> list[str]:
    """The selectors of a list; commas within brackets do not separate."""
    return re.split(r",(?![^(\[]*[)\]])", prelude)


def _needed(selector: str, words: set[str]) -> bool:
    return "data-bs-theme=dark" not in selector and all(each in words for each in re.findall(r"\.(-?[A-Za-z_][\w-]*)", selector))
