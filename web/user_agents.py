"""A session's browser in two words: enough to recognise one's own telephone, too little to track anybody."""

FAMILIES = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("coc_coc", "Cốc Cốc"),
    ("Zalo", "Zalo"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""In this order, since most browsers also name the ones they descend from."""

SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
           ("Linux", "Linux"))


def browser_words(user_agent: str) -> str:
    """Family and system from a User-Agent header: `Chrome, Android`; `?` for unknown."""
    family = next((name for mark, name in FAMILIES if mark in user_agent), "?")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "?")
    return f"{family}, {system}"
