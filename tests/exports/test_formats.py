"""A table with the values that break writers, in every format, read back by other programs: Python's csv and json,
openpyxl, pyarrow. And what becomes of the file when writing it fails."""

import csv
import datetime
import decimal
import json
import os
import pathlib
import resource
import signal
import subprocess
import time

import openpyxl
import pyarrow.parquet
import pytest
from openpyxl.utils.escape import unescape

SAMPLE = os.environ.get("STENO_EXPORTS_SAMPLE",
                        str(pathlib.Path(__file__).resolve().parents[2] / "build/release/exports_sample"))
FORMATS = ["json", "jsonl", "csv", "xlsx", "parquet"]
ROWS = 400
CUT = 32_767


def sample(*arguments, check=True, limit=None):
    done = subprocess.run([SAMPLE, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                          preexec_fn=limit)
    assert not check or done.returncode == 0, done.stderr
    return done


def exact(text):
    return json.loads(text, parse_float=decimal.Decimal)


def nanos(moment):
    """Of RFC 3339 with nine digits of a second."""
    whole = datetime.datetime.fromisoformat(moment[:19] + (moment[29:] if moment[29:] != "Z" else "+00:00"))
    return int(whole.timestamp()) * 10**9 + int(moment[20:29])


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """What the table holds, by its JSON Lines."""
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    facts = sample(path, ROWS).stdout.split()
    assert int(facts[0]) == ROWS and int(facts[1]) == path.stat().st_size
    return [exact(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def test_json_lines_hold_what_went_in(rows):
    assert [row["n"] for row in rows] == list(range(ROWS))
    assert rows[30] == {"n": 30}, "absent cells are left out"
    assert rows[1]["a text"] == "=1+1" and rows[23]["a text"] == "nul\0nul" and rows[25]["a text"] == "\ufffe\uffff"
    assert rows[4]["=integer"] == 2**63 - 1 and rows[5]["=integer"] == -2**63
    assert rows[4]["money"] == "-999999999999999.999999999999" and rows[5]["money"] == "1000000000000000.000000000000"
    assert rows[1]["moment"] == "2025-11-19T23:23:20.123456789-01:30"
    assert rows[1]["duration"] == decimal.Decimal("0.001001") and float(rows[2]["number"]) == 1e300
    assert rows[1]["truth"] is False and rows[2]["truth"] is True
    assert rows[1]["attributes"]["text"] == "=1+1" and rows[1]["attributes"]["=truth"] is True
    assert rows[4]["counts"] == {"a": 2**63 - 1, "b c": 2}
    assert rows[7]["durations"] == {"first": decimal.Decimal("1.5"), "second": decimal.Decimal("0.000007")}


def test_json(rows, tmp_path):
    sample(tmp_path / "rows.json", ROWS)
    assert exact((tmp_path / "rows.json").read_text(encoding="utf-8")) == rows
    sample(tmp_path / "none.json", 0)
    assert json.loads((tmp_path / "none.json").read_text()) == []


def csv_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def test_csv(rows, tmp_path):
    path = tmp_path / "rows.csv"
    sample(path, ROWS)
    raw = path.read_bytes()
    assert raw.startswith(b"n,a text,'=integer,money,number,") and raw.endswith(b"\r\n")
    with path.open(encoding="utf-8", newline="") as file:
        found = list(csv.reader(file, strict=True))
    names = [name.removeprefix("'") for name in found[0]]
    assert len(found) == ROWS + 1
    for cells, row in zip(found[1:], rows):
        for name, cell in zip(names, cells):
            value = row.get(name)
            if value is None:
                assert cell == ""
            elif name == "a text":
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))
                assert cell.removeprefix("'") == value and (cell == value or cell == "'" + value)
            elif isinstance(value, (dict, list)):
                assert exact(cell) == value
            elif name in ("number", "duration"):
                assert float(cell) == float(value)
            else:
                assert cell == csv_text(value)


def test_csv_of_no_rows_has_a_head(tmp_path):
    sample(tmp_path / "none.csv", 0)
    assert (tmp_path / "none.csv").read_bytes().count(b"\r\n") == 1


def test_parquet(rows, tmp_path):
    path = tmp_path / "it's.parquet"
    sample(path, ROWS)
    table = pyarrow.parquet.read_table(path)
    types = {field.name: str(field.type) for field in table.schema}
    assert types["=integer"] == "int64" and types["money"] == "decimal128(38, 12)" and types["number"] == "double"
    assert types["moment"] == "timestamp[ns]" and types["truth"] == "bool" and types["texts"].startswith("list<")
    assert types["counts"].startswith("map<string, int64") and types["durations"].startswith("map<string, double")
    moments = table["moment"].cast("int64").to_pylist()
    found = table.drop_columns(["moment"]).to_pylist()
    assert len(found) == ROWS
    for cells, moment, row in zip(found, moments, rows):
        assert moment == (nanos(row["moment"]) if "moment" in row else None)
        for name, cell in cells.items():
            value = row.get(name)
            if value is None:
                assert cell is None
            elif name == "money":
                assert cell == decimal.Decimal(value)
            elif name in ("counts", "durations"):
                assert {key: float(v) for key, v in cell} == {key: float(v) for key, v in value.items()}
                assert name == "durations" or dict(cell) == value
            elif name == "attributes":
                assert exact(cell) == value
            elif name in ("number", "duration"):
                assert cell == float(value)
            else:
                assert cell == value
    facts = pyarrow.parquet.ParquetFile(path).metadata
    assert facts.row_group(0).column(0).compression == "ZSTD"


def sheets_of(path):
    book = openpyxl.load_workbook(path, read_only=True)
    return [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets]


def same_in_excel(name, cell, value):
    if value is None:
        return cell is None
    if name == "a text":
        if len(value) > CUT:
            return len(cell.encode("utf-16-le")) // 2 <= CUT and " … [cut: 40001 characters]" in cell
        return unescape(cell) == value
    if name == "moment":
        want = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=nanos(value) // 1000)
        return abs(cell - want) <= datetime.timedelta(milliseconds=1)
    if name == "money":
        return float(cell) == pytest.approx(float(decimal.Decimal(value)), rel=1e-15)
    if isinstance(value, (dict, list)):
        return "[cut:" in cell or exact(unescape(cell)) == value
    if isinstance(value, (int, decimal.Decimal)) and not isinstance(value, bool):
        return cell == pytest.approx(float(value), rel=1e-15)
    return cell == value


def test_excel(rows, tmp_path):
    path = tmp_path / "rows.xlsx"
    facts = [int(fact) for fact in sample(path, ROWS).stdout.split()]
    [sheet] = sheets_of(path)
    assert list(sheet[0])[:4] == ["n", "a text", "=integer", "money"] and len(sheet) == ROWS + 1
    cut = 0
    for cells, row in zip(sheet[1:], rows):
        for name, cell in zip(sheet[0], cells):
            assert same_in_excel(name, cell, row.get(name)), (name, cell, row.get(name))
            cut += isinstance(cell, str) and "[cut:" in cell
    assert facts[2:4] == [1, cut] and cut > 0
    assert facts[4] == sum(len(str(abs(decimal.Decimal(row[name]).normalize())).replace(".", "").strip("0")) > 15
                           for row in rows for name in ("=integer", "money", "number", "duration") if name in row)
    book = openpyxl.load_workbook(path)
    texts = {cell.data_type for line in book.active.iter_rows() for cell in line}
    assert "f" not in texts, "nothing is a formula"
    assert book.active.freeze_panes == "A2" and book.active["F2"].number_format.startswith("yyyy")


def test_excel_goes_on_in_further_sheets(rows, tmp_path):
    path = tmp_path / "rows.xlsx"
    facts = sample(path, ROWS, 101).stdout.split()
    sheets = sheets_of(path)
    assert [len(sheet) for sheet in sheets] == [101] * 4 and facts[2] == "4"
    assert all(sheet[0] == sheets[0][0] for sheet in sheets)
    assert [cells[0] for sheet in sheets for cells in sheet[1:]] == [row["n"] for row in rows]


def test_more_rows_than_a_sheet_of_excel_holds(tmp_path):
    path = tmp_path / "many.xlsx"
    facts = sample(path, 1_048_577).stdout.split()
    book = openpyxl.load_workbook(path, read_only=True)
    assert facts[2] == "2" and len(book.worksheets) == 2
    assert [row[0] for row in book.worksheets[1].iter_rows(values_only=True)] == ["n", 1_048_575, 1_048_576]


@pytest.mark.parametrize("name", FORMATS)
def test_a_source_that_breaks_off_leaves_no_file(tmp_path, name):
    path = tmp_path / f"rows.{name}"
    path.write_text("what was there")
    done = sample(path, 100_000, 0, 70_000, check=False)
    assert done.returncode == 1 and done.stderr == "the source has gone\n"
    assert [file.name for file in tmp_path.iterdir()] == [path.name] and path.read_text() == "what was there"


@pytest.mark.parametrize("name", FORMATS)
def test_a_full_disk_leaves_no_file(tmp_path, name):
    def full():  # as the program sees it: a write fails
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    done = sample(tmp_path / f"rows.{name}", 100_000, check=False, limit=full)
    assert done.returncode == 1 and "writing" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_killed_program_leaves_no_file_that_looks_whole(tmp_path, name):
    path = tmp_path / f"rows.{name}"
    parts = lambda: list(tmp_path.glob(f"rows.{name}.*.part"))  # noqa: E731
    process = subprocess.Popen([SAMPLE, path, "1000000000"])
    try:
        deadline = time.monotonic() + 60
        while not parts() or parts()[0].stat().st_size == 0:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait()
    assert not path.exists() and len(parts()) == 1
    sample(path, 10)
    assert path.exists() and not parts(), "the next one removes it"
