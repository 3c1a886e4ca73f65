"""As much of a ClamAV daemon as the program speaks to: INSTREAM, on a port it says on its first line. It knows one sample, the EICAR test
file, and a size. Not ClamAV: it shows that we speak the protocol and heed the answer, not what ClamAV finds.

Orders (tests.outside), one line for each file: `hold`, `hang up`, `ERROR`.
"""
from __future__ import annotations

import base64
import socketserver
import struct
import sys
import time
from pathlib import Path

from tests.outside import keep, next_order

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
LARGEST = 1_000_000
EICAR = base64.b64decode("WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNULUZJTEUhJEgrSCo=")
"""The harmless sample every scanner knows, written so that a scanner of this machine leaves the tests alone."""


class Daemon(socketserver.StreamRequestHandler):
    """One file."""

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack(">I", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
        order = next_order(FOLDER)
        keep(FOLDER, str(len(content)).encode())
        if order == "hang up":
            return
        if order == "hold":
            time.sleep(3600)
        if order == "ERROR" or len(content) > LARGEST:
            answer = b"INSTREAM size limit exceeded. ERROR"
        else:
            answer = b"stream: Eicar-Test-Signature FOUND" if EICAR in content else b"stream: OK"
        for sign in answer + b"\0":
            self.wfile.write(bytes([sign]))


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Daemon)
    print(server.server_address[1], flush=True)
    server.serve_forever()
