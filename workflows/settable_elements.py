"""The elements of the live models that daily settings may be made for; importing this registers them with the settings."""

from collections.abc import Iterator, Mapping

from casework.permissions import Role
from casework.settings.elements import ElementFacts, tell_elements
from workflows.definitions.cache import LruCache
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Definition
from workflows.desk_access import REPORTER
from workflows.element_settings import limit_of, roles_for, takes_limit, waits_as_drawn
from workflows.versions.live import NoLiveVersion, live_version

MODELS_KEPT = 16


def settable_elements(centre_id: int | None) -> Mapping[str, ElementFacts]:
    """The settable elements of the live model of a centre (None: the installation); none before one is live."""
    try:
        version = live_version(centre_id)
    except NoLiveVersion:
        return {}
    return _facts.get(version.sha256, lambda: dict(_settable(definition_of(version))))


def _settable(definition: Definition) -> Iterator[tuple[str, ElementFacts]]:
    for element in definition.elements.values():
        if (element.is_step and element.role != REPORTER) or waits_as_drawn(element, definition):
            roles = roles_for(element)
            yield element.id, ElementFacts(
                label=element.label, is_step=element.is_step, takes_limit=takes_limit(element), limit=limit_of(element),
                role=Role(element.role) if element.is_step and element.role else None, roles=roles if len(roles) > 1 else (),
            )  # fmt: skip


_facts: LruCache[str, dict[str, ElementFacts]] = LruCache(MODELS_KEPT)

tell_elements(settable_elements)
