"""How the history says that the bodies of a case have changed, by the names of the day."""

from casework.bilingual import Bilingual
from casework.sentences import Known, Payload, Said, says


def reorganised(payload: Payload, _known: Known) -> Said:
    """For staff: from whom to whom."""
    pairs = [*(payload.get("moved") or ()), *(payload[name] for name in ("area", "centre") if payload.get(name))]
    said = list(dict.fromkeys((tuple(before or ("…", "…")), tuple(behind or ("…", "…"))) for before, behind in pairs))
    vi = "; ".join(f"{before[0]} → {behind[0]}" for before, behind in said)
    en = "; ".join(f"{before[1]} → {behind[1]}" for before, behind in said)
    if released := payload.get("released"):
        vi, en = f"{vi}. {released} việc trả về việc chung", f"{en}. Tasks put back for anybody: {released}"
    return says(f"Sắp xếp đơn vị: {vi}", f"Bodies reorganised: {en}", is_main=True)


def goes_on_elsewhere(payload: Payload, _known: Known) -> Said:
    """For people outside: who continues the work, by the agencies, or else the centre, or else the place the case is in now."""
    pairs = payload.get("moved") or [payload[name] for name in ("centre", "area") if payload.get(name)][:1]
    said = list(dict.fromkeys(tuple(behind) for _before, behind in pairs if behind))
    note = Bilingual(", ".join(each[0] for each in said), ", ".join(each[1] for each in said)) if said else None
    return says("Do sắp xếp đơn vị, hồ sơ được xử lý tiếp", "Public bodies were reorganised; the work goes on", note=note)
