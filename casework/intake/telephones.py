"""Telephone numbers as dialled in Vietnam; they are stored in E.164."""



def as_dialled(number: str | None) -> str:
    """A number in E.164 as dialled here, 0912 345 678; anything else unchanged, empty for None."""
    import phonenumbers  # late: docs/architecture.md

    if not number:
        return ""
    try:
        parsed = phonenumbers.parse(number, "VN")
    except phonenumbers.NumberParseException:
        return number
    style = phonenumbers.PhoneNumberFormat.NATIONAL if parsed.country_code == 84 else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)
