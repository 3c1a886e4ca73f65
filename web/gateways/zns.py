"""Zalo Notification Service: templates Zalo has approved, filled with parameters (domain.md, section 3.7).

    POST …/message/template   access_token: of the Official Account, or LANGBIANG_ZNS_TOKEN
    {"phone": "84912345678", "template_id": "…", "template_data": {…}, "tracking_id": <the same in each attempt>}
    answer: 200 {"error": 0, "data": {"msg_id": "…"}}; what every other number of `error` means: zalo_numbers.py

Delivered at most once: without an answer it is not sent again automatically; it may be lost, and waits with the dead letters.
"""

from casework.messages.http_client import Door
from casework.messages.sending import Outgoing, Receipt
from web.gateways.answers import refuse_unless_taken
from web.gateways.http import post_json, read_json
from web.gateways.zalo_keys import ZaloKey
from web.gateways.zalo_numbers import failure_of, is_about_token


class ZnsGateway:
    def __init__(self, url: str, key: ZaloKey, door: Door | None = None) -> None:
        self.url = url
        self._key = key
        self._door = (door or Door()).and_to(url)

    def __call__(self, outgoing: Outgoing) -> Receipt:
        """Send one message. Raises Refused, TryLater, Held, Unreachable, NoAnswer."""
        content = {
            "phone": outgoing.address.removeprefix("+"),
            "template_id": outgoing.words.zns_template,
            "template_data": dict(outgoing.words.zns_data),
            "tracking_id": outgoing.token,
        }
        access = self._key.access()
        answer = post_json(self._door, self.url, content, {"access_token": access.token, "Idempotency-Key": outgoing.token})
        refuse_unless_taken(answer.status, answer.headers.get("retry-after"))
        said = read_json(answer)
        number = said.get("error")
        if number != 0:
            is_renewed = is_about_token("zbs", number) and self._key.is_renewed(access.generation)
            raise failure_of("zbs", number, template=outgoing.words.zns_template or "", is_renewed=is_renewed)
        data = said.get("data")
        return Receipt(str(data.get("msg_id", "")) if isinstance(data, dict) else "")
