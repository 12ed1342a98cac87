"""The index of a results folder: it is used where it fits the documents, counts for nothing where it does not, and
what is ranked is the same with it and without."""

from __future__ import annotations

import os
import shutil
import zlib
from pathlib import Path

import msgspec
import pytest

from mfbench import index
from mfbench.ranking import rank
from mfbench.record import Look, Metric, Status
from mfbench.store import RECORDS, Store, read_folders


@pytest.fixture
def store(tmp_path, a_record, monkeypatch):
    """A folder of twelve records that are old enough for an index, which is worth it from two on."""
    monkeypatch.setattr(index, "WORTH", 2)
    monkeypatch.setattr(index, "SETTLED", -1.0)
    store = Store(tmp_path / "results")
    for solver in ("sgd", "grid"):
        for seed in range(6):
            record = a_record(
                solver,
                1e-2 * (1 + seed) + len(solver),
                seed=seed,
                key=f"{len(solver)}{seed:x}" * 32,
                reaches={0.1: 2.0, 0.01: None},
                status=Status.CRASHED if (solver, seed) == ("grid", 3) else Status.OK,
                curve=[Look(seconds=1.0, error=0.5, work={"evaluations": 3})],
                metrics={"skill": Metric(value=None, floor=0.1, standard_error=0.2)},
                stderr="said",
                versions={"numpy": "2.1"},
            )
            store.write(record)
    return store


@pytest.fixture
def opened(monkeypatch):
    """The documents that were opened."""
    found = []
    from mfbench import store as module

    real = module.decode_record
    monkeypatch.setattr(module, "decode_record", lambda path: found.append(Path(path).name) or real(path))
    return found


def without_index(store):
    (store.folder / index.NAME).unlink(missing_ok=True)
    return rank(store.read_all().records)


def test_nothing_is_opened_twice_and_the_ranking_is_the_same(store, opened):
    store.summaries()
    assert len(opened) == 12 and (store.folder / index.NAME).is_file()
    opened.clear()
    reading = store.summaries()
    assert opened == []
    assert rank(reading.records) == without_index(store)
    assert reading.paths == store.read_all().paths


def test_a_summary_is_the_record_less_what_it_says(store):
    store.summaries()
    whole, less = store.read_all().records, store.summaries().records
    for record, summary in zip(whole, less, strict=True):
        left_out = {
            "curve",
            "stderr",
            "reports",
            "metrics",
            "usage",
            *(() if record.status != "ok" else ["sentence"]),
        }
        kept = [name for name in record.__struct_fields__ if name not in left_out]
        assert [getattr(record, name) for name in kept] == [getattr(summary, name) for name in kept]
        assert msgspec.structs.asdict(record.usage) == msgspec.structs.asdict(summary.usage)
        assert {name: (one.value, one.floor) for name, one in record.metrics.items()} == {
            name: (one.value, one.floor) for name, one in summary.metrics.items()
        }
        assert (summary.curve, summary.stderr, summary.reports) == ([], "", {})


def rewritten(store):
    record = store.read_all().records[0]
    store.write(msgspec.structs.replace(record, metrics={"wrmse": Metric(value=9e-9)}))


def same_size_and_time(store):
    """An edit that a look at size and time alone would miss."""
    path = sorted(store.folder.rglob("*.json"))[0]
    before, text = path.stat(), path.read_text()
    assert '"seed": 0' in text
    path.write_text(text.replace('"seed": 0', '"seed": 7'))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def removed(store):
    sorted(store.folder.rglob("*.json"))[0].unlink()


def another_machine(store):
    """A copy with its times, as rsync makes it, index and all."""
    moved = store.folder.with_name("moved")
    shutil.copytree(store.folder, moved)
    shutil.rmtree(store.folder)
    moved.rename(store.folder)


@pytest.mark.parametrize("change", [rewritten, same_size_and_time, removed, another_machine])
def test_a_stale_index_is_never_believed(store, change):
    store.summaries()
    change(store)
    assert rank(store.summaries().records) == without_index(store)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:],
        lambda data: b"mfbj" + data[4:],
        lambda data: data + b"\0" * index.ENTRY_BYTES * 20,
        lambda data: b"\xff" * 8 + b"\x81" * 5000,
    ],
)
def test_a_broken_index_counts_for_nothing(store, damage, opened):
    store.summaries()
    file = store.folder / index.NAME
    file.write_bytes(damage(file.read_bytes()))
    opened.clear()
    assert len(store.summaries().records) == 12
    assert len(opened) == 12


def test_an_index_of_another_layout_counts_for_nothing(store, monkeypatch, opened):
    store.summaries()
    monkeypatch.setattr(index, "LAYOUT", "other")
    opened.clear()
    store.summaries()
    assert len(opened) == 12


def test_documents_that_have_just_changed_are_not_taken_up(store, monkeypatch, opened):
    monkeypatch.setattr(index, "SETTLED", 3600.0)
    store.summaries()
    assert index.read_index(store.folder, 12).bundles == []
    opened.clear()
    store.summaries()
    assert len(opened) == 12


def test_a_few_new_records_are_read_without_a_new_index(store, opened, monkeypatch, a_record):
    store.summaries()
    before = (store.folder / index.NAME).stat().st_mtime_ns
    store.write(a_record("late", seed=1, key="f" * 64))
    opened.clear()
    assert len(store.summaries().records) == 13
    assert len(opened) == 1
    assert (store.folder / index.NAME).stat().st_mtime_ns == before


def test_small_folders_get_no_index(store, monkeypatch):
    monkeypatch.setattr(index, "WORTH", 1000)
    store.summaries()
    assert [path.name for path in store.folder.iterdir()] == [RECORDS]


def test_a_folder_that_cannot_be_written_is_read_all_the_same(store, monkeypatch):
    def refuse(*arguments, **named):
        raise PermissionError("read-only")

    monkeypatch.setattr("pathlib.Path.touch", refuse)
    assert len(store.summaries().records) == 12
    assert not (store.folder / index.NAME).exists()


def test_unreadable_documents_are_named_each_time(store):
    bad = sorted(store.folder.rglob("*.json"))[2]
    bad.write_text("{")
    for _ in range(2):
        reading = read_folders([store.folder], summaries=True)
        assert [path for path, _ in reading.unreadable] == [bad]
        assert len(reading.records) == 11


def test_two_folders_give_a_record_that_stands_in_both_once(store, tmp_path, a_record):
    other = Store(tmp_path / "other")
    shared, own = store.read_all().records[3], a_record("late", seed=1, key="f" * 64)
    other.write(shared)
    other.write(own)
    for _ in range(2):  # without an index, and with one
        less = read_folders([store.folder, other.folder], summaries=True)
        whole = read_folders([store.folder, other.folder])
        assert len(less.records) == 13
        assert (less.paths, less.keys) == (whole.paths, whole.keys)
        assert [one.key for one in less.records] == [one.key for one in whole.records] == less.keys


def test_of_a_folder_that_has_changed_only_what_is_new_is_opened(store, opened):
    """A removed, a renamed and an added document: the others of their folder are still taken from the index."""
    store.summaries()
    paths = sorted(path for path in store.folder.rglob("*.json") if path.parent.name == "sgd")
    paths[0].unlink()
    paths[1].rename(paths[1].with_name("a.json"))
    shutil.copy(paths[2], paths[2].with_name("9-copy.json"))
    opened.clear()
    reading = store.summaries()
    assert sorted(opened) == ["9-copy.json", "a.json"]
    assert rank(reading.records) == without_index(store)
    assert reading.paths == store.read_all().paths


def repacked(store, change):
    """The index with something else in it, and a checksum that fits."""
    file = store.folder / index.NAME
    document = msgspec.msgpack.decode(file.read_bytes()[index.HEADER.size :])
    change(document)
    body = msgspec.msgpack.encode(document)
    file.write_bytes(index.HEADER.pack(index.MAGIC, zlib.crc32(body)) + body)


LAYOUT, FOLDERS, BUNDLES = range(3)
SHARED, DOCUMENTS, OWN, NUMBERS = range(4)


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: whole[BUNDLES][0].__setitem__(NUMBERS, whole[BUNDLES][0][NUMBERS][8:]),
        lambda whole: whole[BUNDLES][0].__setitem__(NUMBERS, whole[BUNDLES][0][NUMBERS] + b"\0"),
        lambda whole: whole[BUNDLES][0].__setitem__(DOCUMENTS, whole[BUNDLES][0][DOCUMENTS][4:]),
        lambda whole: whole[BUNDLES][0].__setitem__(DOCUMENTS, whole[BUNDLES][0][DOCUMENTS][::-1]),
        lambda whole: whole[BUNDLES][0][OWN].pop(),
        lambda whole: whole[BUNDLES].append(whole[BUNDLES][0]),
        lambda whole: whole[FOLDERS].pop(),
        lambda whole: whole[FOLDERS][0][1].append("x.json"),
        lambda whole: whole[BUNDLES][0][SHARED][0].__setitem__("solver", "../../etc"),
    ],
)
def test_an_index_that_does_not_fit_together_counts_for_nothing(store, change, opened):
    store.summaries()
    repacked(store, lambda whole: None)
    opened.clear()
    store.summaries()
    assert opened == []
    repacked(store, change)
    assert index.read_index(store.folder, 12) == index.NOTHING
    assert len(store.summaries().records) == 12


def test_a_document_with_a_number_that_an_index_cannot_hold_is_opened_each_time(store, opened, a_record):
    store.write(a_record("late", seed=10**30, key="f" * 64))
    for _ in range(2):
        opened.clear()
        reading = store.summaries()
        assert len(reading.records) == 13
        assert max(record.cell.seed for record in reading.records) == 10**30
    assert [name.partition("-")[0] for name in opened] == [str(10**30)]
