"""A receiver to be killed: writes down what it gets before it answers, and now and then dies or hesitates in between."""
from __future__ import annotations

import json
import os
import random
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


def main(port: int, path: str, seed: int) -> None:
    lot = random.Random(seed)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps([headers, content.decode()]) + "\n")
                file.flush()
                os.fsync(file.fileno())
            time.sleep(lot.choice((0, 0, 0, 0.002, 0.02)))
            self.send_response(lot.choice((200, 204, 204, 204, 204, 204, 204, 204, 204, 503)))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    HTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
