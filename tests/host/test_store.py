"""Results folders: documents come back as they were, appear whole or not at all, and need no mfbench."""

from __future__ import annotations

import fcntl
import json
import math
import os
import string
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfbench.listing import scan
from mfbench.record import SCHEMA, Cell, Limits, Look, Metric, Record, Spec, Status, Usage
from mfbench.store import RECORDS, Store, decode_record, each_record, read_folders, write_record

finite = st.floats(allow_nan=False, allow_infinity=False)
maybe = st.none() | finite
words = st.text(string.ascii_letters + 'äβ\n"\\\0 ', max_size=12)
work = st.dictionaries(words, st.integers(0, 2**62), max_size=2)
parameters = st.dictionaries(words, st.integers(-(2**53), 2**53) | finite | st.booleans() | words, max_size=3)
cells = st.builds(
    Cell,
    task=st.just("committor"),
    problem=st.sampled_from(["committor/line", "committor/double-well"]),
    problem_parameters=parameters,
    solver=st.sampled_from(["relax", "is-sgd"]),
    solver_parameters=parameters,
    seed=st.integers(0, 99),
    device=st.sampled_from(["cpu", "cuda"]),
    budget=st.floats(1e-3, 1e5),
)
keys = st.text("0123456789abcdef", min_size=64, max_size=64)
limits = st.builds(Limits, threads=st.integers(1, 64), memory_mb=st.integers(1, 2**20))
records = st.builds(
    Record,
    key=keys,
    cell=cells,
    limits=limits,
    status=st.sampled_from(Status),
    sentence=words,
    started=st.just("2026-01-01T00:00:00+00:00"),
    headline=st.just("wrmse"),
    metrics=st.dictionaries(
        words, st.builds(Metric, value=maybe, floor=finite, standard_error=maybe, signed=maybe), max_size=2
    ),
    curve=st.lists(st.builds(Look, seconds=finite, error=maybe, work=work), max_size=3),
    targets=st.lists(finite, max_size=2),
    seconds_to_target=st.dictionaries(words, maybe, max_size=2),
    work_to_target=st.dictionaries(words, st.none() | st.integers(0, 2**62), max_size=2),
    work=work,
    reports=st.dictionaries(words, finite, max_size=2),
    usage=st.builds(Usage, seconds_setup=maybe, threads=st.none() | st.integers(1, 9)),
    versions=st.dictionaries(words, words, max_size=2),
    control=st.booleans(),
    stderr=words,
)
specs = st.builds(Spec, key=keys, cell=cells, limits=limits, plugins=st.lists(words, max_size=2).map(tuple))


@given(spec=specs)
def test_a_spec_is_a_document(spec):
    assert msgspec.json.decode(msgspec.json.encode(spec), type=Spec) == spec


@given(record=records)
def test_a_record_is_a_document_that_any_json_reader_reads(record):
    text = msgspec.json.encode(record)
    assert msgspec.json.decode(text, type=Record) == record
    plain = json.loads(text)
    assert (plain["status"], plain["cell"]["seed"]) == (record.status.value, record.cell.seed)


@settings(max_examples=25)
@given(record=records)
def test_what_is_written_is_read(tmp_path_factory, record):
    store = Store(tmp_path_factory.mktemp("results"))
    path = store.write(record)
    assert store.read(record.cell, record.key) == record
    reading = store.read_all()
    assert (reading.records, reading.unreadable) == ([record], [])
    assert [file for file in store.folder.rglob("*") if file.is_file()] == [path]


@pytest.fixture
def record():
    cell = Cell(
        task="committor", problem="committor/line", problem_parameters={"dim": 1}, solver="relax",
        solver_parameters={}, seed=0, device="cpu", budget=5.0,
    )  # fmt: skip
    return Record(
        key="a" * 64, cell=cell, limits=Limits(), status=Status.OK, sentence="", started="", headline="wrmse"
    )


def changed(record, **changes):
    return msgspec.structs.replace(record, **changes)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


def files(store):
    return sorted(path.name for path in store.folder.rglob("*") if path.is_file())


def test_arrays_keep_every_bit(store, record):
    arrays = {
        "looks": np.array([0.1, np.nan, -np.inf, 5e-324]),
        "gradients": np.zeros((2, 3)),
        "none": np.empty(0),
    }
    store.write(record, arrays)
    again = store.arrays(store.read(record.cell, record.key))
    assert {name: (array.shape, array.tobytes()) for name, array in again.items()} == {
        name: (array.shape, array.tobytes()) for name, array in arrays.items()
    }
    assert store.arrays(record) == {}, "a record that has none"


def test_values_of_an_earlier_run_do_not_stay(store, record):
    store.write(record, {"looks": np.zeros(3)})
    assert len(files(store)) == 2
    store.write(changed(record, status=Status.CRASHED))
    assert files(store) == ["0-aaaaaaaaaaaaaaaaaaaa.json"]
    assert store.arrays(store.read(record.cell, record.key)) == {}


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_write_that_fails_leaves_what_there_was(store, record, monkeypatch, broken):
    store.write(record)

    def fail(*arguments, **named):
        raise OSError("No space left on device")

    target = {"fsync": "os.fsync", "replace": "pathlib.Path.replace"}[broken]
    with monkeypatch.context() as patch:
        patch.setattr(target, fail)
        with pytest.raises(OSError, match="No space left"):
            store.write(changed(record, sentence="new"), {"looks": np.zeros(3)})
    assert files(store) == ["0-aaaaaaaaaaaaaaaaaaaa.json"]
    assert store.read(record.cell, record.key) == record


def test_others_may_read_what_was_written(store, record):
    """Temporary files are private; records are not."""
    assert store.write(record).stat().st_mode & 0o777 == 0o644


def test_unreadable_documents_are_named_and_the_others_read(store, record):
    path = store.write(record)
    newer = json.loads(path.read_text()) | {"schema": SCHEMA + 1}
    bad = {
        "torn.json": path.read_bytes()[:100],
        "empty.json": b"",
        "binary.json": b"\xff\xfe",
        "other.json": b'{"a": 1}',
        "deep.json": b"[" * 100_000,
        "newer.json": json.dumps(newer).encode(),
    }
    for name, data in bad.items():
        path.with_name(name).write_bytes(data)
    path.with_name(".half.part").write_bytes(b"{")
    reading = store.read_all()
    assert reading.records == [record]
    reasons = {file.name: reason for file, reason in reading.unreadable}
    assert reasons.keys() == bad.keys()
    assert reasons["newer.json"] == f"schema {SCHEMA + 1} is newer than {SCHEMA}; update mfbench to read it."
    path.write_bytes(b"{")
    assert store.read(record.cell, record.key) is None, "a torn record is run again"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("solver", "[bold]x[/bold]"), ("solver", "../../x"), ("solver", ""), ("solver", "x\n"), ("task", "a/b"),
        ("problem", "committor"), ("problem", "committor/../line"), ("problem", "/etc/passwd"), ("device", "\x1b[31m"),
    ],
)  # fmt: skip
def test_a_document_whose_names_are_none_is_foreign(store, record, field, value):
    path = store.write(record)
    document = json.loads(path.read_text())
    document["cell"][field] = value
    path.write_text(json.dumps(document))
    reading = store.read_all()
    assert reading.records == []
    [(file, reason)] = reading.unreadable
    assert file == path
    assert f"$.cell.{field}" in reason


def test_a_later_mfbench_may_add_fields(store, record):
    path = store.write(record)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"colour": "red"}))
    assert decode_record(path) == record


def test_pickles_are_refused(store, record, tmp_path):
    store.write(record, {"looks": np.array([{"a": 1}], dtype=object)})
    with pytest.raises(ValueError, match="allow_pickle"):
        store.arrays(store.read(record.cell, record.key))


def test_the_folder_may_be_missing(store, record):
    assert store.read_all().records == []
    assert store.read(record.cell, record.key) is None
    assert not store.folder.exists()


def test_a_folder_that_cannot_be_written_is_said_before_anything_runs(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        OSError, match=r"results folder .*file: Not a directory; choose one that can be written to"
    ):
        Store(tmp_path / "file").check_writable()
    store = Store(tmp_path / "new" / "folder")
    store.check_writable()
    assert files(store) == []


def test_a_record_in_two_folders_counts_once(tmp_path, record):
    other = changed(record, key="b" * 64)
    for name, kept in (("one", [record]), ("two", [record, other])):
        for each in kept:
            Store(tmp_path / name).write(each)
    assert read_folders([tmp_path / "one", tmp_path / "two"]).records == [record, other]


REWRITE = """
import sys
from pathlib import Path
import msgspec
from mfbench.store import Store, decode_record
store, letter = Store(Path(sys.argv[1])), sys.argv[2]
(record,) = store.read_all().records
for _ in range(60):
    store.write(msgspec.structs.replace(record, sentence=letter * 10_000))
"""


def test_what_a_killed_host_left_half_written_is_swept_and_what_is_being_written_is_not(store, record):
    path = store.write(record)
    left, young, held = (path.with_name(f".{name}.part") for name in ("left", "young", "held"))
    for part in (left, young, held):
        part.write_bytes(b"{")
    for part in (left, held):
        os.utime(part, (0, 0))
    with held.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        store.check_writable()
        assert sorted(part.name for part in path.parent.iterdir()) == sorted(
            [path.name, young.name, held.name]
        )
    os.utime(young, (0, 0))
    store.check_writable()
    assert files(store) == [path.name]


def test_two_processes_write_one_record_and_a_reader_sees_one_of_the_two(store, record):
    store.write(record)
    commands = [[sys.executable, "-c", REWRITE, str(store.folder), letter] for letter in "ab"]
    writers = [subprocess.Popen(command) for command in commands]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        seen.add(store.read(record.cell, record.key).sentence)
    assert [writer.wait() for writer in writers] == [0, 0]
    assert seen <= {"", "a" * 10_000, "b" * 10_000}
    assert files(store) == ["0-aaaaaaaaaaaaaaaaaaaa.json"]


def test_a_single_document_takes_its_values_along(tmp_path, record):
    """What `python -m mfbench.trial SPEC RECORD` writes."""
    write_record(tmp_path / "record.json", record, {"looks": np.zeros(2)})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["record.json", "record.npz"]
    assert decode_record(tmp_path / "record.json").arrays == "record.npz"


def test_folders_nested_without_end_hold_no_records_and_stop_nobody(store, record):
    """Deeper than Python calls itself, and than the system takes the path."""
    store.write(record)
    here = os.open(store.folder / RECORDS, os.O_RDONLY)
    try:
        for _ in range(2500):
            os.mkdir("d", dir_fd=here)  # no path is that long
            inner = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
    finally:
        os.close(here)
    try:
        store.check_writable()
        for reading in (store.read_all(), store.summaries()):
            assert len(reading.records) == 1
        assert [one.key for one in each_record([store.folder], print)] == [record.key]
    finally:
        subprocess.run(["rm", "-rf", store.folder / RECORDS / "d"], check=True)  # pytest could not


def test_documents_are_listed_with_folders_before_those_in_them(tmp_path):
    for name in ("b/2.json", "b/a/1.json", "a/x/y.json", "a/0.json", "z.json"):
        (tmp_path / "r" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "r" / name).touch()
    assert list(scan(tmp_path, "r")) == [
        "r/z.json", "r/a/0.json", "r/a/x/y.json", "r/b/2.json", "r/b/a/1.json",
    ]  # fmt: skip


def test_what_is_final_and_what_alarms():
    final = {status for status in Status if status.final}
    assert set(Status) - final == {Status.UNSUPPORTED, Status.INTERRUPTED}
    assert {status for status in Status if status.alarming} == {
        Status.CRASHED,
        Status.ERROR,
        Status.OUT_OF_MEMORY,
    }


def test_an_error_that_is_infinite_is_none_in_a_document(record):
    """JSON has no infinity: `finite` of `scoring` turns it into None, which counts as infinite."""
    scored = changed(record, metrics={"wrmse": Metric(value=None)})
    assert (scored.scored, scored.error) == (True, None)
    assert not record.scored
    assert not changed(scored, status=Status.TIMEOUT).scored
    assert math.isclose(changed(record, metrics={"wrmse": Metric(value=0.5)}).error, 0.5)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("cell.budget", 0),
        ("cell.budget", -1),
        ("cell.budget", 1e12),
        ("cell.seed", -1),
        ("limits.threads", 0),
        ("limits.grace", 1e300),
        ("limits.evaluation", 1e300),
        ("limits.memory_mb", 0),
        ("limits.memory_mb", 2**62),
        ("x", 1),
    ],
)
def test_specs_out_of_range_are_refused(record, path, value):
    document = msgspec.to_builtins(Spec(key="k", cell=record.cell))
    *parents, name = path.split(".")
    (document[parents[0]] if parents else document)[name] = value
    with pytest.raises(msgspec.ValidationError, match=path if parents else "unknown field `x`"):
        msgspec.convert(document, Spec)
