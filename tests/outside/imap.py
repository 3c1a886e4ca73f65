"""A mailbox of its own: the part of IMAP4rev1 the product speaks, on a port it says on its first line.

Letters are files `<uid>.letter` in its folder, their flags lines of `<uid>.flags`; one that is taken out becomes `<uid>.gone`. An order
names the command it is for: `STORE hold`, `LOGIN no`, `FETCH hang up`, `FETCH huge`, `FETCH no`, `SEARCH garbage`, `SEARCH endless`.
With a file `<folder>.pem` of certificate and key it speaks TLS from the first byte.
"""
from __future__ import annotations

import asyncio
import base64
import re
import ssl
import sys
from pathlib import Path

from tests.outside import Outside

USER, PASSWORD = "phanhoi", "mật khẩu"


def put(mailbox: Outside, raw: bytes, uid: int | None = None) -> int:
    """Deliver a letter; returns its number there."""
    uid = uid or max((int(path.stem) for path in mailbox.folder.glob("[0-9]*")), default=0) + 1
    draft = mailbox.folder / f"{uid}.coming"
    draft.write_bytes(raw)
    draft.rename(mailbox.folder / f"{uid}.letter")
    return uid


def there(mailbox: Outside) -> dict[int, set[str]]:
    """The letters that are in the mailbox, with their flags."""
    return {uid: _flags(mailbox.folder, uid) for uid in _uids(mailbox.folder)}


def _uids(folder: Path) -> list[int]:
    return sorted(int(path.stem) for path in folder.glob("*.letter"))


def _flags(folder: Path, uid: int) -> set[str]:
    path = folder / f"{uid}.flags"
    return set(path.read_text(encoding="utf-8").split()) if path.exists() else set()


class Session:
    """One conversation."""

    def __init__(self, folder: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.folder, self.reader, self.writer = folder, reader, writer
        self.is_signed_in = False

    async def run(self) -> None:
        self.say("* OK ready")
        while line := (await self.reader.readline()).decode("utf-8").rstrip("\r\n"):
            tag, _, rest = line.partition(" ")
            verb = rest.upper().removeprefix("UID ").partition(" ")[0]
            order = self.order_for("LOGIN" if verb == "AUTHENTICATE" else verb)
            if order == "hang up":
                self.writer.transport.abort()
                return
            if order == "no":
                self.say(f"{tag} NO not now")
            elif not await self.answer(tag, verb, rest, order):
                return
            if order == "hold":
                await asyncio.sleep(3600)
            await self.writer.drain()

    def order_for(self, verb: str) -> str:
        path = self.folder / "orders"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        if not lines or not lines[0].startswith(f"{verb} "):
            return ""
        path.write_text("".join(f"{line}\n" for line in lines[1:]), encoding="utf-8")
        return lines[0].partition(" ")[2]

    def say(self, line: str) -> None:
        self.writer.write(f"{line}\r\n".encode())

    async def answer(self, tag: str, verb: str, rest: str, order: str) -> bool:
        """Answer a command; False ends the conversation."""
        if order == "hold":
            (self.folder / "held").touch()
            return True
        if verb == "CAPABILITY":
            self.say("* CAPABILITY IMAP4rev1 AUTH=PLAIN")
        elif verb == "AUTHENTICATE":
            self.say("+ ")
            await self.writer.drain()
            said = base64.b64decode(await self.reader.readline()).decode().split("\0")
            self.is_signed_in = said == ["", USER, PASSWORD]
            if not self.is_signed_in:
                self.say(f"{tag} NO [AUTHENTICATIONFAILED] {said[-1]} is wrong")
                return True
        elif verb == "LOGOUT":
            self.say("* BYE")
            self.say(f"{tag} OK done")
            await self.writer.drain()
            self.writer.close()
            return False
        elif not self.is_signed_in:
            self.say(f"{tag} BAD sign in first")
            return True
        else:
            await getattr(self, f"on_{verb.lower()}")(rest, order)
        self.say(f"{tag} OK done")
        return True

    async def on_select(self, _rest: str, _order: str) -> None:
        for line in (f"{len(_uids(self.folder))} EXISTS", "FLAGS (\\Deleted \\Flagged \\Seen)", "OK [UIDVALIDITY 7] valid"):
            self.say(f"* {line}")

    async def on_search(self, _rest: str, order: str) -> None:
        while order == "endless":
            self.writer.write(b"* SEARCH " + b"1 " * 10_000)
            await self.writer.drain()
        free = [uid for uid in _uids(self.folder) if not _flags(self.folder, uid) & {"\\Deleted", "\\Flagged"}]
        self.say("* SEARCH fünf ( [" if order == "garbage" else "* SEARCH " + " ".join(map(str, free)))

    async def on_fetch(self, rest: str, order: str) -> None:
        _uid, _fetch, numbers, what = rest.split(" ", 3)
        for uid in sorted(set(map(int, numbers.split(","))) & set(_uids(self.folder))):
            raw = (self.folder / f"{uid}.letter").read_bytes()
            if "SIZE" in what:
                self.say(f"* {uid} FETCH (UID {uid} RFC822.SIZE {len(raw)})")
                continue
            asked = re.search(r"<0\.(\d+)>", what)
            part = raw[: int(asked[1])] if asked else raw
            self.say(f"* {uid} FETCH (UID {uid} BODY[]<0> {{{10**9 if order == 'huge' else len(part)}}}")
            self.writer.write(part)
            self.say(")")

    async def on_store(self, rest: str, _order: str) -> None:
        _uid, _store, number, _how, flags = rest.split(" ", 4)
        kept = _flags(self.folder, int(number)) | set(flags.strip("()").split())
        (self.folder / f"{number}.flags").write_text(" ".join(sorted(kept)), encoding="utf-8")

    async def on_expunge(self, _rest: str, _order: str) -> None:
        for uid in [uid for uid in _uids(self.folder) if "\\Deleted" in _flags(self.folder, uid)]:
            (self.folder / f"{uid}.letter").rename(self.folder / f"{uid}.gone")
            self.say(f"* {uid} EXPUNGE")


async def serve(folder: Path) -> None:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await Session(folder, reader, writer).run()
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    context, pem = None, Path(f"{folder}.pem")
    if pem.exists():
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pem)
    server = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
