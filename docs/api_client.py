"""A client of the API for an agency's system in fifty lines: reads what waits, accepts it, answers it once. Python 3.11, nothing else.

    python api_client.py https://phananh.example.vn/api/v1 lb1_…
"""

import json
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen


class Api:
    """One address and a key. What is refused is an HTTPError whose body says why: 412 and 409 also who did what, and when."""

    def __init__(self, root: str, key: str, language: str = "vi") -> None:
        self.root, self.headers = root, {"Authorization": f"Bearer {key}", "Accept-Language": language}

    def get(self, path: str, **asked: str) -> tuple[Any, str]:
        """What is there, and its mark for the act that follows."""
        return self._ask(Request(f"{self.root}{path}?{urlencode(asked)}", headers=self.headers))

    def every(self, path: str, **asked: str) -> Iterator[Any]:
        """Each item of a list, page by page."""
        while True:
            told, _mark = self.get(path, **asked)
            yield from told["items"]
            if told["next"] is None:
                return
            asked["cursor"] = told["next"]

    def act(self, assignment: str, verb: str, *, officer: str, mark: str, **body: Any) -> tuple[Any, str]:
        """Do something in the name of an officer who agreed; sent again until it is answered, and done once."""
        headers = {**self.headers, "Langbiang-On-Behalf-Of": officer, "If-Match": mark, "Idempotency-Key": uuid.uuid4().hex,
                   "Content-Type": "application/json"}  # fmt: skip
        return self._ask(Request(f"{self.root}/assignments/{assignment}/{verb}", json.dumps(body).encode(), headers))

    def _ask(self, request: Request) -> tuple[Any, str]:
        for attempt in range(5):
            try:
                with urlopen(request, timeout=30) as answer:
                    return json.load(answer), answer.headers.get("ETag", "")
            except HTTPError as refused:
                if "Retry-After" not in refused.headers:
                    raise
                time.sleep(int(refused.headers["Retry-After"]))
            except OSError:
                time.sleep(2**attempt)
        raise TimeoutError(request.full_url)


if __name__ == "__main__":
    api = Api(*sys.argv[1:3])
    for work in api.every("/assignments", state="asked"):
        print(work["ref"], work["case"], work["due_at"], sep="\t")
