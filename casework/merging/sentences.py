"""How the history says that cases were put together or taken apart; both have the event, each from its side."""

from casework.sentences import Known, Payload, Said, agency_name, says


def merged(payload: Payload, known: Known) -> Said:
    """For staff."""
    if "into" in payload:
        return says(f"Gộp vào hồ sơ {payload['into']}", f"Merged into case {payload['into']}", is_main=True)
    moved = [agency_name(key, known) for key in payload.get("agencies", ())]
    vi, en = f"Nhận gộp hồ sơ {payload.get('source', '')}", f"Took in case {payload.get('source', '')}"
    if moved:
        vi = f"{vi}; {', '.join(name.vi for name in moved)} tiếp tục tại đây"
        en = f"{en}; {', '.join(name.en for name in moved)} goes on here"
    return says(vi, en, is_main=True)


def joined_by_others(payload: Payload, _known: Known) -> Said | None:
    """For the public, in the history of the main case, where the other one's code stands as `source`."""
    if "source" not in payload:
        return None
    return says("Trung tâm gộp thêm phản ánh cùng việc", "The centre added another report of the same matter")


def merged_with(payload: Payload, known: Known) -> Said | None:
    """For the sender."""
    if "into" not in payload:
        return joined_by_others(payload, known)
    code = payload["into"]
    return says(f"Trung tâm gộp với phản ánh {code} cùng việc", f"The centre merged it with report {code}", is_main=True)


def split_off(payload: Payload, _known: Known) -> Said:
    """For staff."""
    if "main" in payload:
        return says(f"Tách khỏi hồ sơ {payload['main']}", f"Taken out of case {payload['main']}", is_main=True)
    return says(f"Tách hồ sơ {payload.get('source', '')}", f"Case {payload.get('source', '')} taken out", is_main=True)


def handled_on_its_own(payload: Payload, _known: Known) -> Said | None:
    """For the sender of the report that was taken apart."""
    if "main" not in payload:
        return None
    return says("Trung tâm tách ra để xử lý riêng", "The centre took it apart to be handled on its own", is_main=True)
