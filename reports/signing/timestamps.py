"""Requests timestamps (RFC 3161) from an authority, through the single outbound HTTP client."""

from collections.abc import Collection

from asn1crypto import tsp
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError

from casework.messages.http_client import CallFailed, Door

ASKS = {"Content-Type": "application/timestamp-query"}
ANSWERS = "application/timestamp-reply"


class OurTimeStamper(TimeStamper):
    """An authority at one address; `inside` are the hosts of this network that may be called."""

    def __init__(self, url: str, inside: Collection[str] = ()) -> None:
        super().__init__()
        self._url = url
        self._door = Door(inside).and_to(url)

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Request it and block: nothing else runs in this loop. Raises TimestampRequestError."""
        try:
            answer = self._door.call("POST", self._url, content=req.dump(), headers=ASKS)
        except CallFailed as failure:
            raise TimestampRequestError(f"no answer: {failure}") from failure
        if not answer.has_succeeded or answer.headers.get("content-type", "").partition(";")[0].strip() != ANSWERS:
            raise TimestampRequestError(f"HTTP {answer.status}")
        return tsp.TimeStampResp.load(answer.content)
