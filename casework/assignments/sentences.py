"""How the history says who was asked, who leads, who got more time."""

from casework.bilingual import Bilingual
from casework.sentences import Known, Payload, Said, agency_name, day_words, says


def distributed(payload: Payload, known: Known) -> Said:
    """For staff."""
    lead = agency_name(payload.get("lead"), known)
    others = [agency_name(key, known) for key in payload.get("cooperating", ())]
    vi, en = f"Phân phối: {lead.vi} chủ trì", f"Distributed: {lead.en} leads"
    if others:
        vi = f"{vi}; phối hợp {', '.join(name.vi for name in others)}"
        en = f"{en}; with {', '.join(name.en for name in others)}"
    return says(vi, en, is_main=True)


def given_to_agencies(payload: Payload, known: Known) -> Said:
    """For people outside: how many, and who leads."""
    lead, others = known.agencies.get(payload.get("lead", "")), len(payload.get("cooperating", ()))
    note = Bilingual(f"{lead.vi} chủ trì", f"{lead.en} leads") if lead else None
    if not others:
        return says("Trung tâm phân phối đến đơn vị xử lý", "The centre gave it to an agency", note=note)
    return says(f"Trung tâm phân phối đến {others + 1} đơn vị", f"The centre gave it to {others + 1} agencies", note=note)


def handed_back(payload: Payload, known: Known) -> Said:
    """For staff."""
    agency, suggested = agency_name(payload.get("agency"), known), payload.get("suggested")
    vi, en = f"{agency.vi} chuyển trả", f"{agency.en} handed it back"
    if suggested:
        name = agency_name(suggested, known)
        vi, en = f"{vi}, đề xuất {name.vi}", f"{en}, suggesting {name.en}"
    return says(vi, en)


def hand_back_decided(payload: Payload, known: Known) -> Said:
    """For staff."""
    agency = agency_name(payload.get("agency"), known)
    if payload.get("upheld"):
        return says(f"Đồng ý cho {agency.vi} chuyển trả", f"Released {agency.en}")
    return says(f"Giữ nguyên {agency.vi}", f"Kept {agency.en} on the case")


def extension_asked(payload: Payload, known: Known) -> Said:
    """For staff."""
    agency, day = agency_name(payload.get("agency"), known), day_words(payload.get("until"))
    return says(f"{agency.vi} đề nghị gia hạn đến hết ngày {day}", f"{agency.en} asked for more time until the end of {day}")


def extension_endorsed(payload: Payload, known: Known) -> Said:
    """For staff."""
    agency = agency_name(payload.get("agency"), known)
    if payload.get("endorsed"):
        return says(f"Lãnh đạo {agency.vi} đồng ý đề nghị gia hạn", f"The head of {agency.en} endorsed the wish for more time")
    return says(f"Lãnh đạo {agency.vi} không đồng ý gia hạn", f"The head of {agency.en} did not endorse the wish for more time")


def extension_decided(payload: Payload, known: Known) -> Said:
    """For staff."""
    agency, day = agency_name(payload.get("agency"), known), day_words(payload.get("until"))
    if payload.get("granted"):
        return says(f"Cho {agency.vi} gia hạn đến hết ngày {day}", f"Gave {agency.en} until the end of {day}", is_main=True)
    return says(f"Không cho {agency.vi} gia hạn", f"Did not give {agency.en} more time")


def given_more_time(payload: Payload, known: Known) -> Said | None:
    """For people outside: only that it was given."""
    agency = known.agencies.get(payload.get("agency", ""))
    if agency is None or not payload.get("granted"):
        return None
    return says(f"{agency.vi} được gia hạn", f"{agency.en} was given more time")
