"""SMS through a gateway that takes JSON over HTTP.

    POST LANGBIANG_SMS_URL   Authorization: Bearer LANGBIANG_SMS_TOKEN   Idempotency-Key: <the same in each attempt>
    {"to": "+84912345678", "text": "…"}          answer: 2xx, and if it likes {"id": "…"}

Delivered at least once: without an answer it is sent again with the same key, by which the gateway recognises it.
"""

from casework.messages.http_client import Door
from casework.messages.sending import Outgoing, Receipt
from web.gateways.answers import refuse_unless_taken
from web.gateways.http import post_json, read_json


class SmsGateway:
    def __init__(self, url: str, token: str, door: Door | None = None) -> None:
        self.url = url
        self._token = token
        self._door = (door or Door()).and_to(url)

    def __call__(self, outgoing: Outgoing) -> Receipt:
        """Send one message. Raises Refused, TryLater, Held, Unreachable, NoAnswer."""
        headers = {"Idempotency-Key": outgoing.token, **({"Authorization": f"Bearer {self._token}"} if self._token else {})}
        answer = post_json(self._door, self.url, {"to": outgoing.address, "text": outgoing.words.sms}, headers)
        refuse_unless_taken(answer.status, answer.headers.get("retry-after"))
        said = read_json(answer)
        return Receipt(str(said.get("id") or said.get("message_id") or ""))
