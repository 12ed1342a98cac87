"""Flat tables of records: all three formats hold the same, and none does harm where it is opened."""

from __future__ import annotations

import csv
import io
import json
import math

import msgspec
import pytest

from mfbench.record import Look, Metric, Status, Usage
from mfbench.report.flat import columns_of, flat, write_csv, write_jsonl, write_parquet

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
