"""How the history says that a part was split off, or joined again."""

from casework.sentences import Known, Payload, Said, says


def divided(payload: Payload, _known: Known) -> Said:
    """For staff."""
    code = payload.get("part", "")
    return says(f"Tách một phần thành hồ sơ {code}", f"Split off a part as case {code}", is_main=True)


def joined(payload: Payload, _known: Known) -> Said:
    """For staff."""
    if "main" in payload:
        return says(f"Nhập lại vào hồ sơ {payload['main']}", f"Joined to case {payload['main']} again", is_main=True)
    code = payload.get("part", "")
    return says(f"Nhập lại phần {code}", f"Part {code} joined again", is_main=True)
