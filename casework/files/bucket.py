"""Files in an S3 bucket, for an installation of several machines.

The order is that of the folder: `put` returns when the bucket has acknowledged the bytes and then reported their size; only then is the
row that names them committed. A name is random and written once, so nothing is ever replaced.

Every request has a time limit and is repeated after growing pauses; a request that fails for good ends in a one-sentence refusal, and the
caller keeps what was typed.

Bytes changed in transit or in the bucket break a seal or differ from the SHA-256 of their row: reading them detects it, and `langbiang
verify` reads them all. A reader whose connection breaks continues from the byte it had reached.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import certifi
from minio import Minio
from minio.error import MinioException, S3Error
from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from casework.files.local import (
    PIECE,
    STORED_NAME,
    CountedPieces,
    FileMissing,
    FileNotStored,
    StorageUnreachable,
    StoredFile,
    Unsealed,
    purpose_of,
    sound_name,
)
from casework.sealing.seal import key_id_of, seal_stream

PART = 16 << 20
"""Bytes sent in one request and held in memory: every photo is one part."""

CONNECT_SECONDS, ANSWER_SECONDS = 3, 10
TRIES = 3
PAUSE = 0.4
"""Seconds before the second attempt; the third waits twice as long."""

CONNECTIONS = 32
ABSENT = frozenset({"NoSuchKey", "NoSuchUpload"})
PROBE = "probe"
"""An empty object, written over and over to check that the bucket accepts writes and to read its clock."""

ANCHORS = "anchors/"


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """The address of the bucket, and its key."""

    url: str
    name: str
    key: str
    secret: str
    region: str


class BucketFileStore:
    def __init__(self, bucket: Bucket) -> None:
        address = urlsplit(bucket.url)
        self.bucket = bucket.name
        self._client = Minio(
            address.netloc, access_key=bucket.key, secret_key=bucket.secret, secure=address.scheme == "https", region=bucket.region,
            http_client=_patient(),
        )  # fmt: skip

    def put(self, stored_name: str, content: bytes | BinaryIO, *, sealed: bool = False) -> StoredFile:
        count = CountedPieces(content)
        with _storing():
            if self._size_of(sound_name(stored_name)) is not None:
                raise FileExistsError(stored_name)
            sending = _Sent(_sealed(count, stored_name) if sealed else iter(count))
            self._send(stored_name, sending)
        return StoredFile(stored_name, count.size, count.digest.hexdigest(), key_id_of(sending.opening) if sealed else None)

    def open(self, stored_name: str, *, sealed: bool = False) -> BinaryIO:
        reading = io.BufferedReader(_Received(self._client, self.bucket, sound_name(stored_name)), PIECE)
        return io.BufferedReader(Unsealed(reading, purpose_of(stored_name)), PIECE) if sealed else reading

    def read_part(self, stored_name: str, start: int, size: int) -> bytes:
        with _asking():
            try:
                response = self._client.get_object(self.bucket, sound_name(stored_name), offset=start, length=size)
            except S3Error as error:
                if error.code in ABSENT:
                    raise FileMissing(stored_name) from None
                raise
            try:
                return response.read()
            finally:
                # read to its end, so the connection serves the next part
                response.close()
                response.release_conn()

    def delete(self, stored_name: str) -> None:
        with _asking():
            self._client.remove_object(self.bucket, sound_name(stored_name))

    def exists(self, stored_name: str) -> bool:
        with _asking():
            return self._size_of(sound_name(stored_name)) is not None

    def list_names(self, older_than: datetime | None = None) -> Iterator[str]:
        with _asking():
            before = None if older_than is None else older_than + self._ahead()
            for each in self._client.list_objects(self.bucket, recursive=True):
                name, written = each.object_name or "", each.last_modified
                if STORED_NAME.fullmatch(name) and (before is None or (written is not None and written < before)):
                    yield name

    def drop_staged(self, older_than: datetime) -> int:
        dropped = 0
        with _asking():
            before = older_than + self._ahead()
            # the library would send an empty delimiter, which Swift finds in every name; no name of ours contains this one
            for upload in self._client._list_multipart_uploads(self.bucket, delimiter="|").uploads:
                if upload.initiated_time is not None and upload.initiated_time < before:
                    self._client._abort_multipart_upload(self.bucket, upload.object_name, upload.upload_id or "")
                    dropped += 1
        return dropped

    def refuse_unusable(self) -> None:
        with _asking():
            self._client.put_object(self.bucket, PROBE, io.BytesIO(b""), 0)

    def keeps_what_is_deleted(self) -> bool:
        with _asking():
            return self._client.get_bucket_versioning(self.bucket).status == "Enabled"

    def shared_names(self) -> list[str]:
        """The names of the anchors in the bucket, in order."""
        with _asking():
            found = self._client.list_objects(self.bucket, prefix=ANCHORS, recursive=True)
            return sorted((each.object_name or "").removeprefix(ANCHORS) for each in found)

    def read_shared(self, name: str) -> bytes:
        with io.BufferedReader(_Received(self._client, self.bucket, ANCHORS + name), PIECE) as reading:
            return reading.read()

    def share(self, name: str, content: bytes) -> None:
        """Put an anchor next to the files; an existing one stays. Raises FileNotStored. The caller ensures it is the only one
        (anchors.py)."""
        with _storing():
            if self._size_of(ANCHORS + name) is None:
                self._send(ANCHORS + name, _Sent(iter([content])))

    def _send(self, name: str, sending: "_Sent") -> None:
        """Send, then check that the object is there in full, so that a bucket that acknowledges without storing is noticed before any row
        names the file."""
        content: Any = sending                                             # of a file the library wants `read` alone
        self._client.put_object(self.bucket, name, content, -1, part_size=PART, num_parallel_uploads=1)
        if self._size_of(name) != sending.size:
            raise FileNotStored

    def _size_of(self, name: str) -> int | None:
        """The size of the stored object in bytes; None where there is none."""
        try:
            return self._client.stat_object(self.bucket, name).size
        except S3Error as error:
            if error.code in ABSENT:
                return None
            raise

    def _ahead(self) -> timedelta:
        """How far the bucket's clock, which dates the objects, is ahead of ours."""
        self._client.put_object(self.bucket, PROBE, io.BytesIO(b""), 0)
        there = self._client.stat_object(self.bucket, PROBE).last_modified
        return timedelta(0) if there is None else there - datetime.now(UTC)


class _Sent:
    """The bytes to send, read in parts of any size and counted."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""
        self.opening = b""
        self.size = 0

    def read(self, size: int) -> bytes:
        """The next `size` bytes; fewer at the end."""
        gathered, have = [self._rest], len(self._rest)
        while have < size and (piece := next(self._pieces, b"")):
            self.opening = self.opening or piece
            gathered.append(piece)
            have += len(piece)
        together = b"".join(gathered)
        self._rest = together[size:]
        self.size += min(size, have)
        return together[:size]


class _Received(io.RawIOBase):
    """An object being received; after a break it continues from the byte reached."""

    def __init__(self, client: Minio, bucket: str, name: str) -> None:
        self._client, self._bucket, self._name = client, bucket, name
        self._response: BaseHTTPResponse | None = None
        self._reached = 0
        self._response = self._ask()
        self._whole = int(self._response.headers["Content-Length"])

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed has no public name for it
        for tried in range(TRIES):
            if self._reached == self._whole or not len(buffer):
                return 0
            try:
                if tried:
                    sleep(PAUSE * 2 ** (tried - 1))
                    self._response = self._ask()
                assert self._response is not None
                got = self._response.read(len(buffer))
            except (HTTPError, OSError):
                got = b""
            if got:
                buffer[: len(got)] = got
                self._reached += len(got)
                return len(got)
            self._let_go()
        raise StorageUnreachable

    def close(self) -> None:
        self._let_go()
        super().close()

    def _ask(self) -> BaseHTTPResponse:
        with _asking():
            try:
                return self._client.get_object(self._bucket, self._name, offset=self._reached)
            except S3Error as error:
                if error.code in ABSENT:
                    raise FileMissing(self._name) from None
                raise

    def _let_go(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None


def _sealed(count: CountedPieces, stored_name: str) -> Iterator[bytes]:
    return seal_stream(count, purpose=purpose_of(stored_name))


def _patient() -> PoolManager:
    """Time limits, and growing pauses between attempts. A POST is not repeated: its first try may have come to its end."""
    retries = Retry(total=TRIES - 1, backoff_factor=PAUSE, backoff_jitter=PAUSE, status_forcelist=(429, 500, 502, 503, 504))
    return PoolManager(
        timeout=Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS), retries=retries, maxsize=CONNECTIONS, cert_reqs="CERT_REQUIRED",
        ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
    )  # fmt: skip


@contextmanager
def _storing() -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise
    except (MinioException, HTTPError, OSError) as error:
        raise FileNotStored from error


@contextmanager
def _asking() -> Iterator[None]:
    try:
        yield
    except (MinioException, HTTPError, OSError) as error:
        raise StorageUnreachable from error
