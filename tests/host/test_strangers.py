"""Files of strangers: any bytes give a value or the documented error, at a bounded cost, and nothing in them runs."""

from __future__ import annotations

import ast
import io
import json
import math
import os
import random
import resource
import time
import zipfile
import zlib
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

import mfbench
from mfbench import journal, store, strangers
from mfbench.journal import HEADER, MAGIC, Seen, Setup, read_journal
from mfbench.points import PointsFile, read_points
from mfbench.record import Cell, Limits, Look, Metric, Record, Spec, Status
from mfbench.request import MOST_SUITE, BadRequest, Request, read_suite
from mfbench.store import UNREADABLE, Store, decode_record
from mfbench.strangers import read_arrays, read_file

ROOT = Path(mfbench.__file__).parent
FAST, SLOW = (150, 1), (100_000, 25)
"""Different inputs of every reader, in the default run and in the slow one; and how many are made of one drawing."""

CELL = Cell(
    task="committor", problem="committor/line", problem_parameters={"dim": 1}, solver="relax", solver_parameters={},
    seed=0, device="cpu", budget=5.0,
)  # fmt: skip
RECORD = Record(
    key="a" * 64, cell=CELL, limits=Limits(), status=Status.OK, sentence="", started="", headline="wrmse",
    metrics={"wrmse": Metric(value=0.5)}, curve=[Look(seconds=1.0, error=0.5)], targets=[0.1],
)  # fmt: skip
SUITE = 'preset = "full"\nseeds = 3\nsolver = ["a"]\n[[problem]]\nname = "b"\nparameters = {dim = [1, 2]}\n'


def archive(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def block(body, magic=MAGIC, length=None):
    return HEADER.pack(magic, len(body) if length is None else length, zlib.crc32(body)) + body


SEEN = msgspec.msgpack.encode(Seen(seconds=1.0, work={"evaluations": 1}, reports={}, looks=bytes(16)))
JOURNAL = block(msgspec.msgpack.encode(Setup(seconds=0.5))) + block(SEEN)
SPLICES = (
    b"",
    b"\x00",
    b"\xff",
    b"[" * 40,
    b"{" * 40,
    b'"',
    b"1e999",
    b"9" * 30,
    b"null",
    b"\x1b[2J",
    b"../",
    b"nan",
)


pieces = st.lists(st.sampled_from(SPLICES) | st.binary(max_size=12), min_size=1, max_size=8)
"""What is spliced in."""


def mutated(*seeds):
    """Makes bytes of pieces: none of ours, or ours with one replaced, doubled, cut out or spliced in, or several."""

    def make(rng, pieces):
        if rng.random() < 0.25:
            return b"".join(
                rng.choice(pieces) + rng.randbytes(rng.randint(0, 60)) for _ in range(rng.randint(0, 5))
            )
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.choice((1, 1, 2, 3, 4))):
            start = rng.randint(0, len(data))
            stop = min(len(data), start + rng.randint(0, 12))
            data[start:stop] = rng.choice(pieces) * rng.randint(0, 3)
        return bytes(data)

    return make


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
"""What a journal's body may say in msgpack, and be sound as far as its checksum goes."""

KINDS = (journal.Began, journal.Setup, journal.Seen, journal.Ended)
RIGHT = {
    "seconds": (0.5, -1.0, 1e308, math.inf, math.nan, 3),
    "work": ({}, {"evaluations": 1}, {"evaluations": -(2**63)}),
    "reports": ({}, {"rate": math.nan}, {"": 0}),
    **dict.fromkeys(("looks", "finals", "gradients"), (b"", bytes(7), bytes(16))),
    "how": ("finished", "memory", "", "\x1b[2J"),
    "sentence": ("", "\x00", "x" * 40),
    "threads": (1, 0, -1),
    "milestone": (True, False),
}
"""Values of the types that the fields have, or nearly."""
OTHERS = (0.0, 1, -1e308)


def sound_journal(rng, values):
    """Blocks whose checksums are right, of the fields that they have, with values of the right type and of any."""
    bodies = []
    for _ in range(rng.randint(1, 3)):
        kind = rng.choice(KINDS)
        wild = rng.choice((0.0, 0.1, 0.5))
        fields = {"type": kind.__name__}
        for name in kind.__struct_fields__:
            if rng.random() > wild / 2:
                fields[name] = rng.choice(values if rng.random() < wild else RIGHT.get(name, OTHERS))
        bodies.append(fields if rng.random() < 0.9 else rng.choice(values))
    try:
        return b"".join(block(msgspec.msgpack.encode(body)) for body in bodies)
    except (OverflowError, UnicodeEncodeError):  # numbers and texts that msgpack cannot say
        return None


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("strangers") / "file"


@pytest.fixture
def in_memory():
    """A file that is never on a disk: rewriting one there a hundred thousand times is mostly waiting for it."""
    number = os.memfd_create("strangers")
    yield Path(f"/proc/self/fd/{number}")
    os.close(number)


def reads_record(path, data):
    path.write_bytes(data)
    try:
        record = decode_record(path)
    except UNREADABLE:
        return
    inside = Path("/results")
    place = Store(inside).path(record.cell, record.key)
    assert place.is_relative_to(inside) and ".." not in place.parts


def reads_arrays(path, data):
    path.write_bytes(data)
    try:
        arrays = read_arrays(path)
    except (OSError, ValueError):
        return
    assert all(array.dtype.kind in "fiub" for array in arrays.values())


def reads_journal(path, data):
    path.write_bytes(data)
    for found, offset in read_journal(path):
        assert isinstance(found, journal.Block) and 0 < offset <= len(data)


def reads_suite(path, data):
    path.write_bytes(data)
    try:
        assert isinstance(read_suite(path, {}), Request)
    except BadRequest as error:
        assert str(error).startswith(f"{path}: ")


READERS = {
    "record": (reads_record, pieces, mutated(msgspec.json.encode(RECORD))),
    "arrays": (
        reads_arrays, pieces, mutated(archive(looks=np.ones(3)), archive(a=np.array(["x"]), b=np.ones((2, 2))))
    ),
    "journal": (reads_journal, pieces, mutated(JOURNAL, block(SEEN) + JOURNAL)),
    "sound journal": (reads_journal, st.lists(plain, min_size=1, max_size=8), sound_journal),
    "suite": (
        reads_suite,
        st.tuples(pieces, st.lists(st.text(max_size=60).map(str.encode), max_size=4)).map(
            lambda both: [*both[0], *both[1]]
        ),
        mutated(SUITE.encode()),
    ),
}  # fmt: skip
"""Who reads; what hypothesis draws; and how inputs are made of that, many of one drawing: drawing is what takes long."""


def fuzz(reader, path, inputs, together):
    read, drawn, make = READERS[reader]
    seen = set()

    @settings(max_examples=2 * inputs // together, database=None, deadline=None, derandomize=True)
    @given(material=drawn, root=st.integers(0, 2**64 - 1))
    def check(material, root):
        rng = random.Random(repr((root, material)))
        for _ in range(together if len(seen) < inputs else 0):
            data = make(rng, material)
            if data is not None and data not in seen:
                note(f"input: {data!r}")
                read(path, data)
                seen.add(data)  # not before: what fails is read again

    check()
    assert len(seen) >= inputs, len(seen)


@pytest.mark.parametrize("reader", READERS)
def test_any_bytes_give_a_value_or_the_documented_error(reader, in_memory):
    fuzz(reader, in_memory, *FAST)


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_any_of_very_many_bytes_give_a_value_or_the_documented_error(reader, in_memory):
    fuzz(reader, in_memory, *SLOW)


@pytest.fixture
def little_memory():
    """The process may not hold 400 MB more than now: what a file promises must not be believed."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    used = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData")
    )
    resource.setrlimit(resource.RLIMIT_DATA, (int(used.split()[1]) * 1024 + 400 * 2**20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_DATA, before)


def huge(path, size, start=b""):
    """A file with a hole: as long as it says, and no room on the disk."""
    path.write_bytes(start)
    os.truncate(path, size)
    return path


def test_files_of_ten_gigabytes_are_refused_unread(path, little_memory, tmp_path):
    for read in (decode_record, lambda path: read_suite(path, {}), read_arrays):
        with pytest.raises((ValueError, BadRequest), match="it has 10000000000 bytes; expected at most"):
            read(huge(path, 10**10, b"{"))
    points = PointsFile(path=str(path), looks=(2, 1), finals=(1, 1), gradients=(1, 1), step=0.1)
    with pytest.raises(ValueError, match="holds 1250000000 numbers; expected 4"):
        read_points(points)
    assert [found for found, _ in read_journal(huge(path, 10**10, JOURNAL))] == [
        Setup(seconds=0.5),
        msgspec.msgpack.decode(SEEN, type=Seen),
    ]


@pytest.mark.parametrize("shape", [(-1, 2), (2, -1), (-2, -2)])
def test_shapes_that_are_none(path, shape):
    path.write_bytes(bytes(32))
    with pytest.raises(ValueError, match="holds 4 numbers"):
        read_points(PointsFile(path=str(path), looks=shape, finals=(0, 1), gradients=(0, 1), step=0.1))


def test_a_block_that_is_as_long_as_it_says_and_too_long_is_not_read(path, little_memory):
    huge(path, 2 * 2**30, JOURNAL + HEADER.pack(MAGIC, 2**30, 0))
    assert len(list(read_journal(path))) == 2


def test_a_bomb_is_not_unpacked(path, little_memory):
    """A thousand times as much comes out: refused by what the table of contents says."""
    packed = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with packed as file, file.open("looks.npy", "w") as member:
        np.lib.format.write_array_header_1_0(
            member, {"descr": "<f8", "fortran_order": False, "shape": (2**25,)}
        )
        for _ in range(2**8):
            member.write(bytes(2**20))
    assert path.stat().st_size < 2**21
    with pytest.raises(ValueError, match=r"unpacks to 2684\d+ bytes; expected at most 268435456"):
        read_arrays(path)


def test_a_bomb_whose_table_of_contents_lies_unpacks_to_no_more_than_it_says(path, little_memory):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "<f8", "fortran_order": False, "shape": (2**40,)}
        )
        file.writestr("looks.npy", header.getvalue() + bytes(2**20))
    data = path.read_bytes()
    said = (len(header.getvalue()) + 2**20).to_bytes(4, "little")
    assert said in data
    path.write_bytes(data.replace(said, (1000).to_bytes(4, "little")))
    with pytest.raises(ValueError, match=str(path)):
        read_arrays(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_archives_packed_by_methods_without_bounds_are_refused(path, method):
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("looks.npy", b"")
    with pytest.raises(ValueError, match="another method"):
        read_arrays(path)


def test_an_archive_of_a_million_names_is_refused(path):
    with zipfile.ZipFile(path, "w") as file:
        for number in range(1000):
            file.writestr(f"{number}.npy", b"")
    with pytest.raises(ValueError, match="table of contents"):
        read_arrays(path)


def test_what_is_no_file_is_not_waited_for(tmp_path):
    """A pipe without a writer, a device without an end, a folder."""
    pipe, endless, folder = (tmp_path / name for name in ("pipe.json", "endless.json", "folder.json"))
    os.mkfifo(pipe)
    endless.symlink_to("/dev/zero")
    folder.mkdir()
    for path in (pipe, endless, folder):
        with pytest.raises(UNREADABLE):
            decode_record(path)
        with pytest.raises((OSError, ValueError)):
            read_arrays(path)
        with pytest.raises(BadRequest):
            read_suite(path, {})
        assert list(read_journal(path)) == []


def test_a_limit_is_met_exactly(path):
    path.write_bytes(bytes(100))
    assert len(read_file(path, 100)) == 100
    with pytest.raises(ValueError, match="it has 100 bytes; expected at most 99"):
        read_file(path, 99)


SUITES = {
    "nested lists": "seeds = " + "[" * 10_000,
    "nested tables": "seeds = " + "{a = " * 10_000,
    "a long dotted key": "a." * 20_000 + "a = 1",
    "a deep dotted key": "\n".join("a" + ".b" * 900 + f".c{i} = 1" for i in range(9)),
    "a million millions": "[[solver]]\nname = 'a'\n[solver.parameters]\n"
    + "\n".join(f"p{i} = {list(range(10))}" for i in range(12)),
    "a number without end": "seeds = 0x" + "f" * 50_000,
    "a number with too many digits": "jobs = " + "9" * 50_000,
    "a name of sixty thousand letters": "solver = ['" + "a*" * 30_000 + "[k=v']",
    "jobs beyond all cores": "jobs = 1000000000000",
    "as long as can be": "#" * (MOST_SUITE + 1),
}


@pytest.mark.parametrize("case", SUITES)
def test_suites_that_would_never_end(case, path, little_memory):
    """Processor seconds, so that other processes do not count; a hundredth of a second is what each takes."""
    began = time.process_time()
    with pytest.raises(BadRequest) as caught:
        reads = path.write_text(SUITES[case])
        assert reads
        read_suite(path, {})
    assert str(caught.value).startswith(f"{path}: ")
    assert time.process_time() - began < 10.0


@pytest.mark.parametrize("key", ["../../../etc/x", "a/b", "..", "", "a" * 65, "a\x00", "a\n", ".hidden"])
def test_keys_that_lead_out_of_a_folder_are_foreign(path, key):
    document = json.loads(msgspec.json.encode(RECORD)) | {"key": key}
    path.write_text(json.dumps(document))
    with pytest.raises(msgspec.ValidationError, match=r"\$.key"):
        decode_record(path)
    spec = msgspec.to_builtins(Spec(key="k", cell=CELL)) | {"key": key}
    with pytest.raises(msgspec.ValidationError, match=r"\$.key"):
        msgspec.convert(spec, Spec)


def test_the_values_of_a_record_are_those_beside_it_whatever_it_says(tmp_path):
    results = Store(tmp_path / "results")
    results.write(RECORD, {"looks": np.ones(3)})
    np.savez(tmp_path / "other.npz", looks=np.zeros(3))
    foreign = msgspec.structs.replace(RECORD, arrays="../../../../../other.npz")
    assert results.arrays(foreign)["looks"].tolist() == [1.0, 1.0, 1.0]


TREES = {path: ast.parse(path.read_text()) for path in sorted(ROOT.parent.glob("mfbench*/**/*.py"))} | {
    path: ast.parse(path.read_text())
    for name in ("plugins", "problems")
    for path in sorted((ROOT.parent / name).rglob("*.py"))
}
RUNNERS = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "yaml"}


def test_no_module_imports_what_runs_what_it_reads():
    imports = {
        (path.name, name.partition(".")[0])
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
        )
    }
    assert len(TREES) > 100
    assert {found for found in imports if found[1] in RUNNERS} == set()


def test_every_load_of_arrays_refuses_pickles():
    """`np.load` says allow_pickle=False each time; nobody calls `torch.load`, `eval` or `exec` on what was read."""
    loads, others = [], []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if name in ("np.load", "numpy.load"):
                    said = {word.arg: ast.unparse(word.value) for word in node.keywords}
                    loads.append((path.name, said.get("allow_pickle")))
                elif name in ("eval", "exec", "torch.load", "np.fromregex", "pickle.loads"):
                    others.append((path.name, name))
    assert loads and {pickles for _, pickles in loads} == {"False"}, loads
    assert others == []


EXECUTORS = ("entry", "place", "LOCAL")
"""What is opened there is no file."""


def test_only_one_module_of_the_host_opens_files_of_strangers():
    """Every document, archive and journal is read by `strangers`, which bounds it."""
    readers = {
        path.name
        for path, tree in TREES.items()
        if path.is_relative_to(ROOT)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("load", "loads", "read_bytes", "read_text", "open")
        and ast.unparse(node) not in ("os.open", "tomllib.loads", "np.load", *(f"{name}.open" for name in EXECUTORS))
    }  # fmt: skip
    # The code of plugins, /proc and /sys, the machine's lock files, files that the host or its probe itself is
    # writing, and the index, which lies in a folder of one's own or counts for nothing.
    machine = {"confinement.py", "provenance.py", "doctor.py", "occupancy.py"}
    own = {"closure.py", "store.py", "points.py", "index.py", "interleaving.py", "probe.py", "whole_files.py"}
    assert readers <= machine | own, readers - machine - own
    assert strangers.MOST_VALUES < 2**30 and store.MOST_RECORD < 2**30
