"""Flat tables of records: all three formats hold the same, and none does harm where it is opened."""

from __future__ import annotations

import csv
import io
import json
import math
import os

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from mfbench.cli import main
from mfbench.record import Look, Metric, Status, Usage
from mfbench.report.flat import columns_of, flat, write_csv, write_jsonl, write_parquet
from mfbench.store import Store

EVIL = '=HYPERLINK("http://x")\x1b]0;title\x07\u202eback'


@pytest.fixture
def records(a_record):
    usage = Usage(
        **{field.name: 1 if field.name == "threads" else 1.5 for field in msgspec.structs.fields(Usage)}
    )
    return [
        a_record("sgd", 1e-2, reaches={0.1: 2.5, 0.01: None}, usage=usage, reports={"rate": -1.0},
                 curve=[Look(seconds=1.0, error=None), Look(seconds=2.0, error=0.5, work={"evaluations": 7})]),
        a_record("grid", math.inf, parameters={"cells": 8}, metrics={"skill": Metric(value=None)}),
        a_record("hog", status=Status.CRASHED, sentence=EVIL, work={"samples": 3}),
    ]  # fmt: skip


def as_csv(rows):
    text = io.StringIO()
    write_csv(lambda: iter(rows), text)
    return text.getvalue()


def test_csv_has_a_row_for_each_and_every_usage_column(records):
    text = as_csv([flat(record, curve=True) for record in records])
    read = list(csv.DictReader(io.StringIO(text)))
    assert len(read) == 3 and "\r" not in text
    assert {f"usage.{field.name}" for field in msgspec.structs.fields(Usage)} <= read[0].keys()
    first, second, third = read
    assert (first["error"], second["error"], third["error"]) == ("0.01", "inf", "")
    assert (first["metrics.skill"], second["metrics.skill"]) == ("", "inf")
    assert (first["seconds_to_target.0.1"], first["seconds_to_target.0.01"]) == ("2.5", "inf")
    assert first["reports.rate"] == "-1.0", "a number is no formula"
    assert first["curve.error"] == "[inf,0.5]" and first["curve.evaluations"] == "[null,7]"
    assert json.loads(second["solver_parameters"]) == {"cells": 8}
    assert "curve.error" not in as_csv([flat(records[0])])


def test_csv_does_no_harm(records):
    text = as_csv([flat(record) for record in records])
    sentence = list(csv.DictReader(io.StringIO(text)))[2]["sentence"]
    assert sentence.startswith("'=HYPERLINK")
    assert all(character == "\n" or character.isprintable() for character in text)


@pytest.mark.parametrize("start", ["=1", "+1", "-1", "@x", "\t=1", " \n=1", "\x00=1"])
def test_no_text_cell_begins_as_a_formula(records, start):
    """Also not behind blanks or control characters, and not in the names of columns."""
    record = msgspec.structs.replace(
        records[0], sentence=f"{start}2", reports={start: 1.0}, versions={"x": start}
    )
    for line in csv.reader(io.StringIO(as_csv([flat(record)]))):
        for cell in line:
            try:
                float(cell)
            except ValueError:
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\n", " "))


def test_json_lines_are_ascii_and_give_the_rows_back(records):
    text = io.StringIO()
    write_jsonl((flat(record, curve=True) for record in records), text)
    lines = text.getvalue().splitlines()
    assert all(character == "\n" or " " <= character <= "~" for character in text.getvalue())
    first, second, third = (json.loads(line, parse_constant=pytest.fail) for line in lines)
    assert third["sentence"] == EVIL
    assert first["curve.error"] == [None, 0.5] and second["error"] is None and "error" not in third
    assert json.loads(lines[0])["error"] == 0.01


def test_parquet_gives_the_rows_back(records, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    rows = [flat(record, curve=True) for record in records]
    write_parquet(lambda: iter(rows), tmp_path / "table.parquet")
    read = pq.read_table(tmp_path / "table.parquet").to_pylist()
    assert list(read[0]) == columns_of(rows)
    for row, found in zip(rows, read, strict=True):
        assert found == {name: row.get(name) for name in found}


BEYOND = {
    "counts": [{"work": {"evaluations": 2**64 - 1}}, {"work": {"evaluations": 3}}],
    "a count between": [{"work": {"evaluations": 2**63}}, {"work": {"evaluations": 2**60 + 1}}],
    "targets": [{"work_to_target": {"0.1": 2**60}}, {"work_to_target": {"0.1": None}}],
    "a curve": [{"curve": [Look(seconds=1.0, error=1.0, work={"evaluations": n})]} for n in (2**64 - 1, 2**60 + 1)],
    "no count at all": [{"work": {"evaluations": 10**400}}],
}  # fmt: skip


@pytest.mark.parametrize("case", BEYOND)
def test_parquet_takes_numbers_that_are_no_64_bits(a_record, tmp_path, case):
    """They are reals there, as near as those come."""
    pq = pytest.importorskip("pyarrow.parquet")
    records = [a_record("sgd", 1e-2, **fields) for fields in BEYOND[case]]
    cells = [msgspec.structs.replace(record.cell, seed=2**63 + n) for n, record in enumerate(records)]
    records = [msgspec.structs.replace(one, cell=cell) for one, cell in zip(records, cells, strict=True)]
    rows = [flat(record, curve=True) for record in records]
    write_parquet(lambda: iter(rows), tmp_path / "table.parquet")
    read = pq.read_table(tmp_path / "table.parquet").to_pylist()
    assert [row["seed"] for row in read] == [2.0**63] * len(rows)
    column = {"targets": "work_to_target.0.1", "a curve": "curve.evaluations"}.get(case, "work.evaluations")

    def number(value):
        return math.inf if value > 2**1000 else float(value)

    for row, found in zip(rows, read, strict=True):
        whole = row[column] if isinstance(row[column], list) else [row[column]]
        assert np.ravel(found[column]).tolist() == [number(value) for value in whole]


def test_the_smallest_of_64_bits_stays_whole(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    rows = [{"a": -(2**63), "b": 2**63 - 1}]
    write_parquet(lambda: iter(rows), tmp_path / "table.parquet")
    assert pq.read_table(tmp_path / "table.parquet").select(["a", "b"]).to_pylist() == rows


@pytest.mark.parametrize("style", ["csv", "jsonl", "parquet"])
def test_a_table_that_cannot_be_finished_leaves_what_there_was(records, tmp_path, monkeypatch, style):
    if style == "parquet":
        pytest.importorskip("pyarrow")
    store = Store(tmp_path / "re")
    for number, record in enumerate(records):
        store.write(msgspec.structs.replace(record, key=f"{number}"))
    target = tmp_path / "table"
    command = ["export", str(store.folder), "--format", style, "-o", str(target)]
    assert CliRunner().invoke(main, command, catch_exceptions=False).exit_code == 0
    before = target.read_bytes()
    assert len(before) > 1000
    seen = []

    def full(record, curve=False):
        seen.append(record)
        if (
            len(seen) > 1 + {"csv": 5, "jsonl": 2, "parquet": 8}[style]
        ):  # the last time that the rows are asked for
            raise OSError(28, "No space left on device")
        return flat(record, curve)

    monkeypatch.setattr("mfbench.report.flat.flat", full)
    done = CliRunner().invoke(main, command)
    assert (done.exit_code, "No space left" in done.output) == (2, True)
    assert target.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["re", "table"]


def test_a_pipe_is_written_as_it_comes(records, tmp_path):
    store = Store(tmp_path / "re")
    store.write(msgspec.structs.replace(records[0], key="0"))
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    command = ["export", str(store.folder), "-o", str(tmp_path / "pipe")]
    assert CliRunner().invoke(main, command, catch_exceptions=False).exit_code == 0
    assert os.read(reader, 100).startswith(b"key,task,")
    os.close(reader)


def test_columns_that_hold_several_kinds(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    rows = [
        {"a": 1, "b": [], "c": 1, "d": True},
        {"a": 0.5, "b": [2], "c": "x", "d": False},
        {"b": [0.5, None]},
    ]
    write_parquet(lambda: iter(rows), tmp_path / "table.parquet")
    read = pq.read_table(tmp_path / "table.parquet").select(list("abcd")).to_pylist()
    assert read == [
        {"a": 1.0, "b": [], "c": "1", "d": True},
        {"a": 0.5, "b": [2.0], "c": "x", "d": False},
        {"a": None, "b": [0.5, None], "c": None, "d": None},
    ]
