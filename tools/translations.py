"""The catalogue of texts. Message ids are English; web/translations/vi holds the Vietnamese, complete.

    --update      take new texts of code and templates into the catalogue, keep what is translated, compile
    --fill FILE   the same, and put in the translations of a JSON file {"English": "Vietnamese"}; for a plural ["Vietnamese"]
    --begin FILE  write the catalogue of a further language, e.g. FOLDER/lo/LC_MESSAGES/messages.po: the texts to translate
    --pseudo FILE the same with every text marked instead of translated, compiled: to see what a language does to the pages
    --check       fail if a text is missing, untranslated, doubtful or no longer used, or the compiled file is old
"""
from __future__ import annotations

import argparse
import io
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "web/translations/vi/LC_MESSAGES/messages.po"
COMPILED = CATALOGUE.with_suffix(".mo")
SOURCES = (("web", [("**/templates/**.html", "jinja2"), ("**/templates/**.txt", "jinja2"), ("**.py", "python")]),)
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None, "_l": None, "pgettext": ((1, "c"), 2)}
RIGHT_TO_LEFT, LEFT_TO_RIGHT = "\u202e", "\u202c"
"""Override the direction of what follows, and end that (Unicode RLO and PDF)."""
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    act = parser.add_mutually_exclusive_group(required=True)
    act.add_argument("--update", action="store_true")
    act.add_argument("--fill", type=Path)
    act.add_argument("--begin", type=Path)
    act.add_argument("--pseudo", type=Path)
    act.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    if further := chosen.begin or chosen.pseudo:
        begin(further, is_marked=bool(chosen.pseudo))
        return 0
    if chosen.update or chosen.fill:
        update(json.loads(chosen.fill.read_text(encoding="utf-8")) if chosen.fill else {})
    faults = list(find_faults())
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(catalogue())} texts, {len(faults)} faults")
    return 1 if chosen.check and faults else 0


def texts_in_use() -> Catalog:
    """Every translatable text in code and templates, with the files it is in."""
    found = Catalog()
    for folder, methods in SOURCES:
        extracted = extract_from_dir(ROOT / folder, methods, keywords=KEYWORDS, comment_tags=("Translators:",))
        for name, _, message, comments, context in extracted:
            found.add(message, locations=[(f"{folder}/{name}", None)], auto_comments=comments, context=context)
    return found


def catalogue() -> Catalog:
    if not CATALOGUE.exists():
        return Catalog(locale="vi", project="langbiang", charset="utf-8", fuzzy=False)
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="vi")


def update(translations: dict[str, str | list[str]]) -> None:
    merged = catalogue()
    merged.update(texts_in_use(), no_fuzzy_matching=True)
    merged.obsolete.clear()
    for message in merged:
        given = translations.get(words(message)) if message.id else None
        if given is not None:
            message.string = tuple(given) if isinstance(given, list) else given
    merged.creation_date = merged.revision_date = datetime(2026, 1, 1, tzinfo=UTC)      # a date that changes is a conflict at every merge
    merged.header_comment = "# Langbiang in Vietnamese; made by tools/translations.py"
    merged.project, merged.version, merged.msgid_bugs_address, merged.last_translator, merged.language_team = "langbiang", "", "", "", ""
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as file:
        write_po(file, merged, sort_by_file=True, width=140)
    COMPILED.write_bytes(compiled(catalogue()))


def begin(path: Path, *, is_marked: bool) -> None:
    """A catalogue of every text in use, in the language its folder is named after; texts that stay empty are shown in English."""
    made = Catalog(locale=path.parent.parent.name, project="langbiang", charset="utf-8", fuzzy=False)
    for message in texts_in_use():
        if message.id:
            one, *many = message.id if isinstance(message.id, tuple) else (message.id,)
            forms = [mirrored(one), *[mirrored(many[0])] * (made.num_plurals - 1)] if many else [mirrored(one)]
            strings = tuple(forms if is_marked else [""] * len(forms))
            made.add(message.id, strings if many else strings[0], locations=message.locations, context=message.context)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, made, sort_by_file=True, width=140)
    path.with_suffix(".mo").write_bytes(compiled(made))


def mirrored(text: str) -> str:
    """The text between marks and written from right to left, its placeholders as they were."""
    kept = PLACEHOLDER.sub(LEFT_TO_RIGHT + r"\g<0>" + RIGHT_TO_LEFT, text)
    return f"⟦{RIGHT_TO_LEFT}{kept}{LEFT_TO_RIGHT}⟧"


def compiled(translated: Catalog) -> bytes:
    made = io.BytesIO()
    write_mo(made, translated)
    return made.getvalue()


def find_faults() -> Iterator[str]:
    used, translated = texts_in_use(), catalogue()
    for message in used:
        if message.id and translated.get(message.id, message.context) is None:
            yield f"not in the catalogue: {words(message)!r} ({message.locations[0][0]})"
    for message in translated:
        if not message.id:
            continue
        if used.get(message.id, message.context) is None:
            yield f"no longer used: {words(message)!r}"
        elif message.fuzzy or not all(message.string if isinstance(message.string, tuple | list) else (message.string,)):
            yield f"not translated: {words(message)!r}"
        elif not placeholders_agree(message):
            yield f"placeholders differ: {words(message)!r}"
    if not COMPILED.exists() or COMPILED.read_bytes() != compiled(translated):
        yield "the compiled catalogue is old: run python tools/translations.py --update"


def words(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def placeholders_agree(message: Message) -> bool:
    """A placeholder lost in translation is a lost number; an invented one breaks the page."""
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    wanted = set(PLACEHOLDER.findall(message.id if isinstance(message.id, str) else message.id[-1]))
    return all(set(PLACEHOLDER.findall(string)) == wanted for string in strings)


if __name__ == "__main__":
    sys.exit(main())
