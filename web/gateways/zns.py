"""Zalo Notification Service: templates Zalo has approved, filled with parameters (domain.md, section 3.7).

    POST …/message/template   access_token: LANGBIANG_ZNS_TOKEN
    {"phone": "84912345678", "template_id": "…", "template_data": {…}, "tracking_id": <the same in each attempt>}
    answer: 200 {"error": 0, "data": {"msg_id": "…"}}; what every other number of `error` means: zalo_numbers.py

Delivered at most once: without an answer it is not sent again automatically; it may be lost, and waits with the dead letters.
"""

from casework.messages.http_client import Door
from casework.messages.sending import Outgoing, Receipt
from web.gateways.answers import refuse_unless_taken
from web.gateways.http import post_json, read_json
from web.gateways.zalo_numbers import failure_of


class ZnsGateway:
    def __init__(self, url: str, token: str, door: Door | None = None) -> None:
        self.url = url
        self._token = token
        self._door = (door or Door()).and_to(url)

    def __call__(self, outgoing: Outgoing) -> Receipt:
        """Send one message. Raises Refused, TryLater, Held, Unreachable, NoAnswer."""
        content = {
            "phone": outgoing.address.removeprefix("+"),
            "template_id": outgoing.words.zns_template,
            "template_data": dict(outgoing.words.zns_data),
            "tracking_id": outgoing.token,
        }
        answer = post_json(self._door, self.url, content, {"access_token": self._token, "Idempotency-Key": outgoing.token})
        refuse_unless_taken(answer.status, answer.headers.get("retry-after"))
        said = read_json(answer)
        number = said.get("error")
        if number != 0:
            raise failure_of("zbs", number, template=outgoing.words.zns_template or "")
        data = said.get("data")
        return Receipt(str(data.get("msg_id", "")) if isinstance(data, dict) else "")
