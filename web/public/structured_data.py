"""What search engines may read of a page in the vocabulary of schema.org: the service of the centre, and one published report.

Only what the page itself shows everybody. Vocabulary: https://schema.org/GovernmentService, https://schema.org/Report.
"""

from typing import Any

from flask import url_for

from casework.bilingual import Bilingual
from casework.local_time import local_day
from casework.public.cases import PublicCase
from casework.setting_values import value_of
from web.addresses import on_the_web
from web.locales import in_reader_language, language
from web.navigation import PRODUCT, CentreWords
from web.public.share import SharePreview

CONTEXT = "https://schema.org"


def service_data(centre: CentreWords) -> dict[str, Any]:
    """The service that takes reports, who provides it, and the ways to it."""
    form = on_the_web(url_for("filing.new_report"))
    channel: dict[str, Any] = {"@type": "ServiceChannel", "serviceUrl": form, "availableLanguage": ["vi", "en"]}
    if centre.phone:
        channel["servicePhone"] = {"@type": "ContactPoint", "telephone": centre.phone}
    provider = organisation(centre.name)
    if address := value_of("controller_address", centre.id):
        provider["address"] = address
    return {
        "@context": CONTEXT, "@type": "GovernmentService", "name": in_reader_language(PRODUCT), "inLanguage": language(),
        "url": on_the_web(url_for("public.home")), "provider": provider, "availableChannel": channel, "isAccessibleForFree": True,
    }  # fmt: skip


def report_data(case: PublicCase, shared: SharePreview, *, publisher: Bilingual) -> dict[str, Any] | None:
    """A published report with its answers' authors; None while nothing of it is published."""
    item = case.item
    if not item.title or item.published_at is None:
        return None
    data: dict[str, Any] = {
        "@context": CONTEXT, "@type": "Report", "headline": item.title, "reportNumber": item.code, "url": shared.address,
        "abstract": shared.description, "image": shared.picture, "inLanguage": "vi", "dateCreated": item.opened_on.isoformat(),
        "datePublished": local_day(item.published_at).isoformat(), "publisher": organisation(publisher),
    }  # fmt: skip
    if authors := [organisation(answer.agency) for answer in case.answers]:
        data["author"] = authors
    if case.corrected_at is not None:
        data["dateModified"] = local_day(case.corrected_at).isoformat()
    return data


def organisation(name: Bilingual) -> dict[str, Any]:
    return {"@type": "GovernmentOrganization", "name": in_reader_language(name)}

