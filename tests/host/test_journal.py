"""The journal: whatever happens to its end, what was written before stands."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfbench.journal import HEADER, MAGIC, Began, Ended, JournalWriter, Seen, Setup, read_journal, values

seconds = st.floats(0, 1e6)
blocks = st.one_of(
    st.builds(Began, threads=st.integers(1, 64), start_memory_mb=seconds),
    st.builds(Setup, seconds=seconds),
    st.builds(
        Seen,
        seconds=seconds,
        work=st.dictionaries(st.text(max_size=5), st.integers(0, 2**60), max_size=2),
        reports=st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False), max_size=2),
        looks=st.binary(max_size=40),
        finals=st.binary(max_size=40),
    ),
    st.builds(
        Ended,
        how=st.sampled_from(["finished", "stopped", "error"]),
        sentence=st.text(max_size=20),
        seconds=seconds,
        seconds_evaluate=seconds,
        seconds_cpu=seconds,
        peak_memory_mb=seconds,
    ),
)
journals = st.lists(blocks, min_size=1, max_size=6)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("journal") / "journal"


def write(path, written):
    """Write blocks to a fresh journal; returns its bytes and the offset behind each block."""
    path.unlink(missing_ok=True)
    ends = []
    with contextlib.closing(JournalWriter(path)) as writer:
        for block in written:
            writer.append(block)
            ends.append(path.stat().st_size)
    return path.read_bytes(), ends


def read(path):
    return [block for block, _ in read_journal(path)]


@given(written=journals)
def test_what_is_written_is_read(path, written):
    _, ends = write(path, written)
    assert list(read_journal(path)) == list(zip(written, ends, strict=True))


@given(written=journals, data=st.data())
def test_truncation_leaves_the_blocks_before_it(path, written, data):
    whole, ends = write(path, written)
    length = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:length])
    assert read(path) == written[: sum(end <= length for end in ends)]


@given(written=journals, data=st.data())
def test_a_flipped_byte_leaves_the_blocks_before_it(path, written, data):
    whole, ends = write(path, written)
    place = data.draw(st.integers(0, len(whole) - 1))
    torn = bytearray(whole)
    torn[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(torn)
    assert read(path) == written[: sum(end <= place for end in ends)]


@given(written=journals, noise=st.binary(min_size=1, max_size=30))
def test_noise_behind_the_end_adds_nothing(path, written, noise):
    whole, _ = write(path, written)
    path.write_bytes(whole + noise)
    assert read(path) == written


@settings(max_examples=30)
@given(written=journals, data=st.data())
def test_a_watcher_reads_on_where_it_was(path, written, data):
    """Also when it comes while a block is half written."""
    whole, _ = write(path, written)
    lengths = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    found, offset = [], 0
    for length in (*lengths, len(whole)):
        path.write_bytes(whole[:length])
        for block, behind in read_journal(path, offset):
            found.append(block)
            offset = behind
    assert found == written


def test_every_single_byte_and_every_length(path):
    """The two laws above without chance, on one journal."""
    written = [Began(threads=2, start_memory_mb=1.5), Setup(seconds=0.25), Setup(seconds=0.5)]
    whole, ends = write(path, written)
    for place in range(len(whole)):
        expected = written[: sum(end <= place for end in ends)]
        path.write_bytes(whole[:place])
        assert read(path) == expected
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        assert read(path) == expected


def test_no_journal_is_an_empty_one(tmp_path):
    assert read(tmp_path / "absent") == []


def test_a_length_beyond_the_file_reads_nothing(path):
    """A header that promises 4 GB costs no memory."""
    path.write_bytes(HEADER.pack(b"mfbj", 2**32 - 1, 0))
    assert read(path) == []


def test_values_keep_every_bit():
    array = np.array([[0.1, -0.0, np.nan], [np.inf, -np.inf, 5e-324]])
    again = values(array.astype("<f8").tobytes(), array.shape)
    assert again.tobytes() == array.tobytes()


def test_a_full_disk_is_an_error_and_keeps_the_blocks_before_it(tmp_path):
    """The kernel's limit on file size stands in for the disk."""
    path = tmp_path / "journal"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with contextlib.closing(JournalWriter(path)) as writer:
        writer.append(Setup(seconds=1.0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, before[1]))
        try:
            with pytest.raises(OSError, match="is the disk full"):
                writer.append(Setup(seconds=2.0))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
    assert read(path) == [Setup(seconds=1.0)]


def test_a_grandchild_that_is_executed_does_not_inherit_the_journal(tmp_path):
    with contextlib.closing(JournalWriter(tmp_path / "journal")) as writer:
        assert not os.get_inheritable(writer._file)


@pytest.mark.parametrize(
    "body", [b"", b"\xc1", b"\x93\x01\x02\x03", b"\x81\xa4type\xa5Alien", b"\x81\xa4type\xa5Setup"]
)
def test_a_sound_block_of_no_known_kind_ends_the_reading(path, body):
    """A solver can write to whatever is open in its process; nobody who reads may fall over it."""
    data, _ = write(path, [Setup(seconds=1.0)])
    alien = HEADER.pack(MAGIC, len(body), zlib.crc32(body)) + body
    path.write_bytes(data + alien + data)
    assert read(path) == [Setup(seconds=1.0)]
