"""What messages to Zalo are sent with: the fixed token of the environment, or the token of an account that is renewed by itself."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from casework.db import db, unit_of_work
from casework.messages.sending import Held
from casework.zalo.tokens import Access, NoAccess, access_of, note_refused

NO_CONSENT, NO_TOKEN = "Zalo OA consent", "Zalo OA token"


class ZaloKey(Protocol):
    """Where the access token of a call comes from."""

    def access(self) -> Access:
        """The token at the moment. Raises Held where there is none."""

    def is_renewed(self, generation: int) -> bool:
        """Zalo refused it: whether it is renewed by itself now."""


class FixedKey:
    """A token that stays until the process is started anew."""

    def __init__(self, token: str) -> None:
        self._token = token

    def access(self) -> Access:
        return Access(self._token, 0)

    def is_renewed(self, generation: int) -> bool:
        return False


class AccountKey:
    """The token of an account's row, read for each message: another process may have renewed it."""

    def __init__(self, oa_id: str, clock: Callable[[], datetime]) -> None:
        self._oa_id, self._clock = oa_id, clock

    def access(self) -> Access:
        try:
            return access_of(self._oa_id, self._clock())
        except NoAccess as none:
            raise Held(NO_CONSENT if none.asks_administrator else NO_TOKEN, asks_administrator=none.asks_administrator) from None
        finally:
            # nothing stays open while the gateway is called
            db.session.rollback()

    def is_renewed(self, generation: int) -> bool:
        with unit_of_work():
            return note_refused(self._oa_id, generation, self._clock())
