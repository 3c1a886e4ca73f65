"""What the foot of a page leads to: the accessibility statement, the notices of others' software, and whom to tell of a weakness."""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.metadata import Distribution, distribution, requires
from pathlib import Path

from flask import Blueprint, current_app, make_response, render_template, url_for
from flask.typing import ResponseReturnValue

from casework.permissions import Action
from casework.setting_values import value_of
from web.addresses import on_the_web
from web.clock import now
from web.guards import performs
from web.http.replica import may_be_behind
from web.navigation import centre_words

bp = Blueprint("foot", __name__)

PRODUCT = "langbiang"
LASTS = timedelta(days=180)
"""How long a copy of security.txt holds (RFC 9116 advises less than a year)."""
NAMED_LICENCE = re.compile(r"License :: (?:OSI Approved :: )?(.+)")


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of somebody else's software the product is made of."""

    name: str
    licence: str


@bp.get("/accessibility")
@performs(Action.READ_PUBLIC)
@may_be_behind
def accessibility() -> ResponseReturnValue:
    return render_template("public/accessibility.html", contact=value_of("controller_contact", centre_words().id))


@bp.get("/licences")
@performs(Action.READ_PUBLIC)
def licences() -> ResponseReturnValue:
    vendored = Path(current_app.static_folder or "") / "vendor"
    return render_template("public/licences.html", in_browser=_in_browser(vendored / "VENDOR.json"), on_server=_on_server())


@bp.get("/.well-known/security.txt")
@performs(Action.READ_PUBLIC)
@may_be_behind
def security_txt() -> ResponseReturnValue:
    """Whom to tell of a weakness (RFC 9116): the address that is set, else the centre's hotline."""
    centre = centre_words()
    contact = value_of("security_contact", centre.id) or (f"tel:{''.join(centre.phone.split())}" if centre.phone else "")
    if not contact:
        contact = on_the_web(url_for("public.help_page", _anchor="security"))
    elif "@" in contact and not contact.startswith("mailto:"):
        contact = f"mailto:{contact}"
    lines = (
        f"Contact: {contact}",
        f"Expires: {(now() + LASTS).replace(hour=0, minute=0, second=0, microsecond=0):%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: vi, en",
        f"Canonical: {on_the_web(url_for('.security_txt'))}",
        f"Policy: {on_the_web(url_for('public.help_page', _anchor='security'))}",
    )
    answer = make_response("\n".join(lines) + "\n")
    answer.mimetype = "text/plain"
    return answer


@cache
def _in_browser(listed: Path) -> tuple[Work, ...]:
    packages = json.loads(listed.read_text(encoding="utf-8"))["packages"]
    return tuple(sorted({Work(each["name"], each["licence"]) for each in packages}, key=lambda work: work.name.lower()))


@cache
def _on_server() -> tuple[Work, ...]:
    """What the product asks for by name, without versions: those would help an attacker more than a reader."""
    names = {re.split(r"[\s<>=!~;\[]", wanted, maxsplit=1)[0] for wanted in requires(PRODUCT) or () if "extra ==" not in wanted}
    found = [distribution(name) for name in sorted(names, key=str.lower)]
    return tuple(Work(each.metadata["Name"], _licence_of(each)) for each in found)


def _licence_of(package: Distribution) -> str:
    """As its metadata names it: an SPDX expression, else a classifier, else the first line of the text."""
    told = package.metadata.json
    named = [match[1] for each in told.get("classifier", ()) if (match := NAMED_LICENCE.match(each))]
    return str(told.get("license_expression") or ", ".join(named) or str(told.get("license", "")).split("\n")[0][:60])
