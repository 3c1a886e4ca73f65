"""A client of the door Open311 in fifty lines: lists services, files a report with a photo, and follows it. Python 3.11, nothing else.

    python open311_client.py https://phananh.example.vn/open311/v2 lb1_…
"""

import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen


class Open311:
    """One endpoint, and the key where there is one. What is refused is an HTTPError whose body says why."""

    def __init__(self, endpoint: str, key: str = "", language: str = "vi") -> None:
        self.endpoint = endpoint
        self.headers = {"Accept-Language": language} | ({"Authorization": f"Bearer {key}"} if key else {})

    def get(self, path: str, **asked: str) -> Any:
        return self._ask(Request(f"{self.endpoint}/{path}.json?{urlencode(asked)}", headers=self.headers))

    def post(self, path: str, sent: dict[str, str], photos: tuple[Path, ...] = (), name: str = "") -> Any:
        """`name`: the same for each attempt at the same report, so that it is filed once."""
        line, parts = uuid.uuid4().hex, list[bytes]()
        for field, value in sent.items():
            parts.append(f'--{line}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode())
        for number, photo in enumerate(photos, 1):
            head = f'--{line}\r\nContent-Disposition: form-data; name="photo{number}"; filename="{number}.jpg"\r\n\r\n'
            parts += [head.encode(), photo.read_bytes(), b"\r\n"]
        headers = self.headers | {"Content-Type": f"multipart/form-data; boundary={line}"}
        headers |= {"Idempotency-Key": name} if name else {}
        return self._ask(Request(f"{self.endpoint}/{path}.json", b"".join([*parts, f"--{line}--\r\n".encode()]), headers))

    def _ask(self, request: Request) -> Any:
        for _attempt in range(3):
            try:
                with urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except HTTPError as refused:
                if refused.code not in (429, 503):
                    raise
                time.sleep(int(refused.headers["Retry-After"]))
        raise TimeoutError(request.full_url)


if __name__ == "__main__":
    city = Open311(*sys.argv[1:3])
    for service in city.get("services"):
        print(service["service_code"], service["service_name"], sep="\t")
    for request in city.get("requests", page_size="10"):
        print(request["service_request_id"], request["status"], request["requested_datetime"][:10], sep="\t")
