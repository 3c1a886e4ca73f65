"""Sealed values, sealed files, look-up digests and tracking secrets: what was changed, moved or cut does not open."""

import io
import json
import string
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.errors import CaseworkError
from casework.sealing import seal as sealing
from casework.sealing.keyring import KeyMissing, Keyring, current_keyring, use_keyring
from casework.sealing.seal import (
    SealBroken,
    SecretUnreadable,
    grouped_secret,
    key_id_of,
    lookup_digest,
    new_tracking_secret,
    open_json,
    open_sealed,
    open_stream,
    open_text,
    parse_tracking_secret,
    seal,
    seal_json,
    seal_stream,
    seal_text,
    secret_digest,
    secret_matches,
)

CHUNK_BITS = 4
"""Sixteen-byte chunks, so that small examples cross many borders."""

CHUNK = 1 << CHUNK_BITS
purposes = st.text(min_size=1, max_size=20)


@pytest.fixture(autouse=True, scope="module")
def keyring() -> Iterator[Keyring]:
    keyring = Keyring.fresh()
    use_keyring(keyring)
    yield keyring
    use_keyring(None)


def sealed_file(plain: bytes, purpose: str = "file", bits: int = CHUNK_BITS) -> bytes:
    return b"".join(seal_stream([plain], purpose=purpose, chunk_bits=bits))


def opened_file(sealed: bytes, purpose: str = "file") -> bytes:
    return b"".join(open_stream(io.BytesIO(sealed), purpose=purpose))


def chunks_of(sealed: bytes) -> tuple[bytes, list[bytes]]:
    """The header of a sealed file, and its sealed chunks."""
    start = len(sealing.STREAM_MAGIC) + 1 + sealed[len(sealing.STREAM_MAGIC)] + 1 + sealing.SALT_SIZE
    step = CHUNK + sealing.TAG_SIZE
    return sealed[:start], [sealed[at : at + step] for at in range(start, len(sealed), step)]


@given(st.binary(max_size=300), purposes)
def test_a_sealed_value_opens_again(plain: bytes, purpose: str) -> None:
    assert open_sealed(seal(plain, purpose=purpose), purpose=purpose) == plain


@given(st.binary(max_size=50), purposes, purposes)
def test_a_seal_opens_for_its_own_purpose_only(plain: bytes, purpose: str, other: str) -> None:
    if purpose == other:
        return
    with pytest.raises(SealBroken):
        open_sealed(seal(plain, purpose=purpose), purpose=other)


@given(st.binary(max_size=40), st.data())
def test_a_value_with_any_changed_bit_does_not_open(plain: bytes, data: st.DataObject) -> None:
    blob = bytearray(seal(plain, purpose="phone"))
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((SealBroken, KeyMissing)):
        open_sealed(bytes(blob), purpose="phone")


def test_every_byte_of_a_value_counts() -> None:
    blob = seal(b"0909 123 456", purpose="phone")
    for position in range(len(blob)):
        changed = blob[:position] + bytes([blob[position] ^ 0x41]) + blob[position + 1 :]
        for broken in (changed, blob[:position], blob + b"\0"):
            with pytest.raises((SealBroken, KeyMissing)):
                open_sealed(broken, purpose="phone")


def test_the_same_value_never_looks_the_same_twice() -> None:
    assert len({seal(b"K'Brest", purpose="name") for _ in range(50)}) == 50


def test_texts_and_json_keep_their_vietnamese() -> None:
    assert open_text(seal_text("Đạ Sar, thôn 2", purpose="p"), purpose="p") == "Đạ Sar, thôn 2"
    value = {"tên": "Cil Múp Ha Đoan", "số": [1, None, 2.5]}
    assert open_json(seal_json(value, purpose="p"), purpose="p") == value


def test_a_seal_needs_a_purpose() -> None:
    with pytest.raises(ValueError, match="purpose"):
        seal(b"x", purpose="")


def test_plaintext_stands_nowhere_in_the_sealed_bytes() -> None:
    plain = b"CANARY-0909123456" * 10
    assert b"CANARY" not in seal(plain, purpose="p") + sealed_file(plain)


def test_what_an_older_key_sealed_still_opens_after_a_rotation(keyring: Keyring) -> None:
    old = seal(b"before", purpose="p")
    old_file = sealed_file(b"before")
    new_id = keyring.rotate()
    new = seal(b"after", purpose="p")
    assert (key_id_of(new), key_id_of(sealed_file(b"x"))) == (new_id, new_id)
    assert key_id_of(old) == key_id_of(old_file) != new_id
    assert (open_sealed(old, purpose="p"), open_sealed(new, purpose="p"), opened_file(old_file)) == (b"before", b"after", b"before")


def test_a_missing_key_is_named_in_both_languages(keyring: Keyring) -> None:
    blob, file = seal(b"x", purpose="p"), sealed_file(b"x")
    use_keyring(Keyring.fresh())
    try:
        for attempt in (lambda: open_sealed(blob, purpose="p"), lambda: opened_file(file)):
            with pytest.raises(KeyMissing) as missing:
                attempt()
            assert missing.value.key_id == keyring.current_id
            assert keyring.current_id in missing.value.vi
            assert keyring.current_id in missing.value.en
    finally:
        use_keyring(keyring)


@pytest.mark.parametrize("junk", [b"", b"LBS", b"LBS\x01", b"LBS\x01\x00", b"LBS\x01\x09abc", b"LBS\x01\x03A!C" + b"0" * 60, b"plain text"])
def test_junk_is_refused_and_not_crashed_upon(junk: bytes) -> None:
    for attempt in (lambda: key_id_of(junk), lambda: open_sealed(junk, purpose="p"), lambda: opened_file(junk)):
        with pytest.raises(SealBroken):
            attempt()


def test_a_value_is_no_file_and_a_file_no_value() -> None:
    with pytest.raises(SealBroken):
        opened_file(seal(b"x" * 100, purpose="file"))
    with pytest.raises(SealBroken):
        open_sealed(sealed_file(b"x" * 100), purpose="file")


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_a_sealed_file_opens_again_however_it_was_cut_into_pieces(pieces: list[bytes]) -> None:
    assert opened_file(b"".join(seal_stream(pieces, purpose="file", chunk_bits=CHUNK_BITS))) == b"".join(pieces)


@given(st.integers(0, 5), st.integers(-1, 1))
def test_file_sizes_around_a_chunk_border_open_again(chunks: int, offset: int) -> None:
    plain = bytes(range(256))[: max(0, chunks * CHUNK + offset)]
    assert opened_file(sealed_file(plain)) == plain


def test_a_file_larger_than_the_real_chunk_opens_again() -> None:
    plain = bytes(range(256)) * 4096 * 2 + b"tail"
    sealed = sealed_file(plain, bits=sealing.CHUNK_BITS)
    assert opened_file(sealed) == plain
    assert [len(chunk) for chunk in open_stream(io.BytesIO(sealed), purpose="file")] == [1 << 20, 1 << 20, 4]


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_every_byte_of_a_sealed_file_counts(size: int) -> None:
    sealed = sealed_file(b"x" * size)
    for position in range(len(sealed)):
        for broken in (sealed[:position] + bytes([sealed[position] ^ 0x11]) + sealed[position + 1 :], sealed[:position]):
            with pytest.raises((SealBroken, KeyMissing)):
                opened_file(broken)
    with pytest.raises(SealBroken):
        opened_file(sealed + b"\0")


@given(st.lists(st.integers(0, 3), max_size=6))
def test_chunks_in_any_other_order_or_number_do_not_open(order: list[int]) -> None:
    header, chunks = chunks_of(sealed_file(bytes(4 * CHUNK)))
    if order == [0, 1, 2, 3]:
        return
    with pytest.raises(SealBroken):
        opened_file(header + b"".join(chunks[at] for at in order))


def test_chunks_of_two_files_do_not_mix() -> None:
    header, chunks = chunks_of(sealed_file(bytes(2 * CHUNK)))
    _, foreign = chunks_of(sealed_file(bytes(2 * CHUNK)))
    with pytest.raises(SealBroken):
        opened_file(header + chunks[0] + foreign[1])


def test_a_sealed_file_opens_for_its_own_purpose_only() -> None:
    with pytest.raises(SealBroken):
        opened_file(sealed_file(b"voice", purpose="file/a"), purpose="file/b")


def test_a_header_that_asks_for_huge_chunks_is_refused() -> None:
    sealed = bytearray(sealed_file(b"x"))
    sealed[len(sealing.STREAM_MAGIC) + 1 + sealed[len(sealing.STREAM_MAGIC)]] = 40
    with pytest.raises(SealBroken):
        opened_file(bytes(sealed))


def test_a_source_that_reads_in_drips_opens_all_the_same() -> None:
    class Drips(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 1, 5))

    assert b"".join(open_stream(Drips(sealed_file(b"y" * 50)), purpose="file")) == b"y" * 50


def test_a_lookup_finds_equal_values_within_one_purpose(keyring: Keyring) -> None:
    digest = lookup_digest("+84909123456", purpose="phone")
    assert digest == lookup_digest("+84909123456", purpose="phone")
    assert len(digest) == 64
    others = {lookup_digest("+84909123457", purpose="phone"), lookup_digest("+84909123456", purpose="secret")}
    assert digest not in others
    keyring.rotate()
    assert digest == lookup_digest("+84909123456", purpose="phone")


def test_a_lookup_needs_the_key_of_the_installation(keyring: Keyring) -> None:
    here = lookup_digest("+84909123456", purpose="phone")
    use_keyring(Keyring.fresh())
    try:
        assert lookup_digest("+84909123456", purpose="phone") != here
    finally:
        use_keyring(keyring)


def test_a_tracking_secret_is_long_enough_and_clear_to_read() -> None:
    assert len(sealing.SECRET_ALPHABET) ** sealing.SECRET_LENGTH >= 2**58
    assert not set("OIL01") & set(sealing.SECRET_ALPHABET)
    assert len({new_tracking_secret() for _ in range(200)}) == 200
    assert set("".join(new_tracking_secret() for _ in range(200))) == set(sealing.SECRET_ALPHABET)


@pytest.mark.parametrize(
    "typed",
    [
        "ABCD-EFGH-2345",
        "abcdefgh2345",
        " abcd efgh 2345\n",
        "ABCD–EFGH—2345",
        "abcd.efgh_2345",
        "ＡＢＣＤ－ＥＦＧＨ－２３４５",
        "ABCD\u200bEFGH\u00ad2345",
    ],
)
def test_a_secret_is_understood_as_people_type_it(typed: str) -> None:
    assert parse_tracking_secret(typed) == "ABCDEFGH2345"
    assert secret_matches(typed, secret_digest("ABCDEFGH2345"))
    assert grouped_secret("ABCDEFGH2345") == "ABCD-EFGH-2345"


@pytest.mark.parametrize("typed", ["", "ABCD-EFGH-234", "ABCD-EFGH-23456", "ABCD-EFGH-2340", "ABCD-ÊFGH-2345", "ABCD EFGH 234٥"])
def test_what_cannot_be_a_secret_is_said_so_and_never_matches(typed: str) -> None:
    with pytest.raises(SecretUnreadable) as refusal:
        parse_tracking_secret(typed)
    assert "12" in refusal.value.vi
    assert "12" in refusal.value.en
    assert not secret_matches(typed, secret_digest("ABCDEFGH2345"))


@given(st.text(alphabet=string.ascii_uppercase + string.digits, min_size=12, max_size=12))
def test_only_the_right_secret_matches(typed: str) -> None:
    assert secret_matches(typed, secret_digest("ABCDEFGH2345")) == (typed == "ABCDEFGH2345")


def test_without_a_keyring_nothing_is_sealed(keyring: Keyring) -> None:
    use_keyring(None)
    try:
        with pytest.raises(RuntimeError, match="create_app"):
            seal(b"x", purpose="p")
    finally:
        use_keyring(keyring)


def test_refusals_are_casework_errors_in_two_languages() -> None:
    for refusal in (SealBroken(), SecretUnreadable(), KeyMissing("k1")):
        assert isinstance(refusal, CaseworkError)
        assert refusal.vi != refusal.en
        json.dumps([refusal.vi, refusal.en])


def test_no_key_material_in_any_repr() -> None:
    keyring = current_keyring()
    shown = repr(keyring) + repr(keyring.__dict__) + str(keyring)
    assert repr(keyring.lookup_key)[2:-1] not in shown
    assert repr(keyring.key(keyring.current_id))[2:-1] not in shown
