"""The base of every refusal. Each refusal class is defined next to the function that raises it."""

from casework.bilingual import Bilingual


class CaseworkError(Exception):
    """An act the rules do not allow, or input that cannot be used; says so in both languages.

    `about` names the argument of the use case it is about; empty where the act itself is not allowed. The web layer shows `.text` in the
    reader's language at that field of the form, or above the form.
    """

    def __init__(self, vi: str, en: str, *, about: str = "") -> None:
        super().__init__(en)
        self.text = Bilingual(vi, en)
        self.about = about

    @property
    def vi(self) -> str:
        return self.text.vi

    @property
    def en(self) -> str:
        return self.text.en
