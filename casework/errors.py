"""The base of every refusal. Each refusal class lives beside the function that raises it."""

from casework.words import Bilingual


class CaseworkError(Exception):
    """An act the rules do not allow, or input that cannot be used; says so in both languages.

    The web layer shows `.text` in the reader's language beside the form that was sent.
    """

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.text = Bilingual(vi, en)

    @property
    def vi(self) -> str:
        """The Vietnamese sentence."""
        return self.text.vi

    @property
    def en(self) -> str:
        """The English sentence."""
        return self.text.en
