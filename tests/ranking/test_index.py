"""The index of a results folder: it is used where it fits the documents, counts for nothing where it does not, and
what is ranked is the same with it and without."""

from __future__ import annotations

import os
import shutil

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
    monkeypatch.setattr(module, "decode_record", lambda path: found.append(path.name) or real(path))
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
