"""A mail server of its own: aiosmtpd, on a port it says on its first line."""
from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from tests.outside import keep, next_order


class Post:
    """Does with each letter as it was ordered to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.order = ""

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        self.order = next_order(self.folder)
        if self.order[:1] in ("4", "5"):
            return f"{self.order} 5.1.1 <{address}> is not here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.order == "hang up":
            server.transport.abort()
            return "421 gone"
        keep(self.folder, envelope.content)
        if self.order == "taken, then hang up":
            server.transport.abort()
        if self.order == "hold":
            await asyncio.sleep(3600)
        return "250 taken\r\n250 taken" if self.order == "twice" else "250 taken"


async def serve(folder: Path) -> None:
    post = Post(folder)
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(post, hostname="mail.test", enable_SMTPUTF8=False), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
