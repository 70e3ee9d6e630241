"""`steno calls export` and `steno stats --output` of a record, by its folder and by its server: every value is what the
API says."""

import csv
import datetime
import decimal
import http.server
import io
import json
import os
import pathlib
import pty
import subprocess
import sys
import threading

import openpyxl
import pyarrow.parquet
import pytest
from openpyxl.utils.escape import unescape

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import BINARY, NO_KEYS, Server, run  # noqa: E402

TEXTS = ["=1+1", "+49", "-5", "@SUM(A1)", "'quoted", "\ttab", "\rcr", "\nlf", "\uff1d1", "NaN", "null", "None", "1e5", "007",
         "a,b;\"c\"\r\nd", "\U0001f600 é\u2028", "<&>]]>", "_x000D_", "nul\0nul", "\x01\x1b[31m", "\ufffe\uffff", " "]
JSON = {"content-type": "application/json"}
FORMATS = ["json", "jsonl", "csv", "xlsx", "parquet"]


def delivered():
    for n in range(700):
        text = TEXTS[n % len(TEXTS)]
        call = {"kind": "chat", "status": "failure" if n % 5 == 0 else "success", "source": "python",
                "started_at": f"2026-11-{1 + n % 20:02}T10:{n % 60:02}:{n * 7 % 60:02}.{n:09}{'Z' if n % 2 else '+01:00'}",
                "provider": {"name": "openai"}, "model": {"requested": "gpt-4o-mini" if n % 3 else "gpt-4o"},
                "name": text if text.strip() else "name", "time": {"duration_ms": n * 1.25 + 0.000001},
                "trace": {"agent": f"agent {n % 4}", "request_id": f"r-{n // 10}"}}
        if n % 4 != 3:  # else a call with nothing more
            call |= {"request": {"messages": [{"role": "user", "parts": [{"type": "text", "text": f"{text} {n} " + "ü" * 10_000}]}]},
                     "response": {"messages": [{"role": "assistant", "parts": [{"type": "text", "text": text}]}]},
                     "usage": {"input_tokens": n * 10**9, "output_tokens": n},
                     "cost": {"total": f"{n}.{n:012}" if n % 2 else "999999999999.999999999999", "currency": "USD"},
                     "labels": {"tags": ["a", f"t{n % 3}"], "attributes": {"tone": text, "level": n / 8, "good": n % 2 == 0},
                                "metadata": {"long": "y" * (40_000 if n == 8 else 10), "deep": {"n": n}}}}
        if n % 5 == 0:
            call["error"] = {"type": "timeout", "message": text}
        yield call


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """A folder, the calls as the API lists them, and some as it shows them whole."""
    data = tmp_path_factory.mktemp("exports") / "record"
    with Server(data) as server:
        calls = list(delivered())
        for at in range(0, len(calls), 200):
            answer = server.request("POST", "/api/v1/calls", {"calls": calls[at:at + 200]}, JSON)[2]
            assert answer["rejected"] == [], answer["rejected"][:2]
        first = server.calls("&limit=1")[0]["id"]
        server.request("POST", f"/api/v1/calls/{first}/scores", {"name": "quality", "value": 8, "source": "human"}, JSON)
        server.wait_until_fed()
        listed = server.calls("&order=started_at")
        whole = {call["id"]: server.call(call["id"]) for call in listed[:50]}
        server.stop()
    assert len(listed) == 700
    return data, listed, whole


def at(call, path):
    for name in path.split("."):
        if not isinstance(call, dict) or name not in call:
            return None
        call = call[name]
    return call


def same_text(cell, value):
    """Of a CSV's cell."""
    if value is None:
        return cell == ""
    if isinstance(value, bool):
        return cell == ("true" if value else "false")
    if isinstance(value, (dict, list)):
        return json.loads(cell) == value
    if isinstance(value, (int, float)):
        return float(cell) == value and (isinstance(value, float) or int(cell) == value)
    return cell.removeprefix("'") == value and not cell.startswith(tuple("=+-@\t\r\n"))


def moment(text):
    return datetime.datetime.fromisoformat(text[:26] + text[29:].replace("Z", "+00:00"))


def same_value(cell, value, kind):
    """Of a Parquet's cell, which has a type."""
    if value is None:
        return cell is None
    if kind.startswith("decimal"):
        return cell == decimal.Decimal(value)
    if kind.startswith("map"):
        return dict(cell) == value
    if isinstance(value, dict) or (isinstance(value, list) and isinstance(cell, str)):
        return json.loads(cell) == value
    return cell == value


def same_in_excel(cell, value):
    if value is None:
        return cell is None
    if isinstance(cell, datetime.datetime):
        return abs(cell.replace(tzinfo=datetime.timezone.utc) - moment(value)) <= datetime.timedelta(milliseconds=1)
    if isinstance(value, (dict, list)):
        return "[cut:" in cell or json.loads(unescape(cell)) == value
    if isinstance(value, str) and isinstance(cell, (int, float)):  # money
        return cell == pytest.approx(float(value), rel=1e-15)
    if isinstance(value, str):
        return unescape(cell) == value
    return cell == pytest.approx(value, rel=1e-15)


def check(path, listed, fields=None, look=at):
    """The file has these calls in this order, a column a field."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file, strict=True)
        same = lambda name, cell, value: same_text(cell, value)  # noqa: E731
    elif path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path, read_only=True)
        head, *rows = book.worksheets[0].iter_rows(values_only=True)
        same = lambda name, cell, value: same_in_excel(cell, value)  # noqa: E731
    else:
        table = pyarrow.parquet.read_table(path)
        head, kinds = table.schema.names, {field.name: str(field.type) for field in table.schema}
        columns = [table[name].cast("int64").to_pylist() if kinds[name].startswith("timestamp") else table[name].to_pylist()
                   for name in head]
        rows = list(zip(*columns))

        def same(name, cell, value):
            if value is not None and kinds[name].startswith("timestamp"):
                whole = moment(value[:19] + ".000000000" + value[29:])
                return cell == int(whole.timestamp()) * 10**9 + int(value[20:29])
            return same_value(cell, value, kinds[name])

    assert fields is None or list(head) == fields
    assert len(rows) == len(listed)
    for cells, call in zip(rows, listed):
        for name, cell in zip(head, cells):
            assert same(name, cell, look(call, name)), (name, cell, look(call, name))
    return list(head)


@pytest.mark.parametrize("where", ["data", "server"])
@pytest.mark.parametrize("name", ["csv", "xlsx", "parquet"])
def test_every_value_is_what_the_api_says(record, tmp_path, where, name):
    data, listed, _ = record
    path = tmp_path / f"calls.{name}"
    if where == "data":
        done = run("calls", "export", "--data", data, "--output", path)
    else:
        with Server(data) as server:
            done = run("calls", "export", "--server", server.url, "--output", path)
    assert "700 calls in " in done.stderr and done.stdout == ""
    assert ("1 texts are longer" in done.stderr) == (name == "xlsx")
    head = check(path, listed)
    assert {"id", "started_at", "usage.input_tokens", "cost.total", "labels.attributes", "labels.metadata",
            "preview.prompt"} <= set(head)
    assert not any(name.startswith(("request.messages", "raw.")) for name in head)


def test_json_and_json_lines_are_the_whole_record(record, tmp_path):
    data, listed, whole = record
    lines = [json.loads(line) for line in run("calls", "export", "--data", data).stdout.split("\n")[:-1]]
    run("calls", "export", "--data", data, "--output", tmp_path / "calls.json")
    assert json.loads((tmp_path / "calls.json").read_text()) == lines
    assert [line["id"] for line in lines] == [call["id"] for call in listed]
    for line in lines[:50]:
        assert line == whole[line["id"]]
    assert max(len(json.dumps(line, ensure_ascii=False)) for line in lines) > 10_000


@pytest.mark.parametrize("name", ["csv", "xlsx", "parquet"])
def test_fields_that_are_prompts_and_answers(record, tmp_path, name):
    data, listed, whole = record
    path = tmp_path / f"calls.{name}"
    fields = ["id", "request.messages", "response.messages", "labels.attributes.tone", "usage.input_tokens", "scores"]
    run("calls", "export", "--data", data, "-o", path, "--fields", ",".join(fields), "--to", "2026-11-02T00:00:00Z")
    chosen = [call for call in listed if moment(call["started_at"]) < moment("2026-11-02T00:00:00.000000000Z")]
    assert 20 < len(chosen) < 50
    check(path, [whole[call["id"]] for call in chosen], fields)


def test_filters_order_and_text(record):
    data, listed, _ = record

    def ids(*flags):
        rows = csv.DictReader(io.StringIO(run("calls", "export", "--data", data, "--format", "csv", "--fields", "id", *flags).stdout))
        return [row["id"] for row in rows]

    assert ids("-f", "status=failure", "-f", "trace.agent=agent 0") == [
        call["id"] for call in listed if call["status"] == "failure" and call["trace"]["agent"] == "agent 0"]
    assert ids("--order=-usage.output_tokens")[:5] == [
        call["id"] for call in sorted(listed, key=lambda call: -at(call, "usage.output_tokens") if "usage" in call else 1)[:5]]
    assert ids("--text", "@sum(a1)") and set(ids("--text", "@sum(a1)")) < {call["id"] for call in listed}
    assert ids("-f", "trace.agent=nobody") == []


def test_groups_of_fields(record):
    data, _, _ = record
    head = run("calls", "export", "--data", data, "--format", "csv", "--fields", "usage,id,usage.input_tokens").stdout.split("\n")[0]
    names = head.split(",")
    assert names[0] == "usage.input_tokens" and "usage.cache_write_tokens.5m" in names and names[-1] == "id"
    assert len(set(names)) == len(names)


def test_what_cannot_be_is_said(record, tmp_path):
    data, _, _ = record
    for flags, word in ((["--format", "word"], "parquet"), (["--output", tmp_path / "calls.doc"], "--format"),
                        (["--format", "xlsx"], "--output FILE.xlsx"), (["--format", "parquet", "--output", "-"], "--output"),
                        (["--format", "csv", "--fields", "usage.input_tokns"], "usage.input_tokens"),
                        (["--output", tmp_path], "--format"), (["--format", "csv", "--output", tmp_path], "folder"),
                        (["--output", tmp_path / "no/such/folder.csv"], "no/such"),
                        (["--format", "csv", "-f", "usage.input_tokens.gte=many"], "whole number")):
        done = run("calls", "export", "--data", data, *flags, check=False)
        assert done.returncode != 0 and word in done.stderr, (flags, done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_goes_away_leaves_no_file(record, tmp_path):
    data, listed, _ = record

    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path.startswith("/api/v1/calls") and "cursor=" in self.path:
                self.connection.close()  # in the middle
                return
            if self.path.startswith("/api/v1/calls/export"):
                self.wfile.write(b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\n{"id":"a line"}\r\n\r\n')
                self.close_connection = True  # without a last chunk
                return
            body = json.dumps({"calls": listed, "next_cursor": "more"} if self.path.startswith("/api/v1/calls") else
                              {"groups": [{"calls": 1400}]}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in FORMATS:
            done = run("calls", "export", "--server", f"http://127.0.0.1:{server.server_port}", "--output",
                       tmp_path / f"calls.{name}", check=False)
            assert done.returncode != 0 and "error:" in done.stderr and list(tmp_path.iterdir()) == []
        server.shutdown()


def test_a_full_device(record):
    data, _, _ = record
    for name in ("csv", "jsonl", "json"):
        done = run("calls", "export", "--data", data, "--format", name, "--output", "/dev/full", check=False)
        assert done.returncode != 0 and "No space left" in done.stderr


def test_a_reader_that_has_gone(record):
    data, _, _ = record
    for name in ("csv", "jsonl"):
        process = subprocess.Popen([BINARY, "calls", "export", "--data", str(data), "--format", name],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=NO_KEYS)
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait(timeout=60) == 141


def test_progress_is_shown_on_a_terminal(record, tmp_path):
    data, _, _ = record
    ours, theirs = pty.openpty()
    subprocess.run([BINARY, "calls", "export", "--data", str(data), "--output", str(tmp_path / "calls.csv")],
                   stderr=theirs, stdout=subprocess.DEVNULL, env=NO_KEYS, check=True, timeout=60)
    os.close(theirs)
    shown = b""
    while chunk := _read(ours):
        shown += chunk
    assert b"exported [" in shown and b"700 calls in " in shown


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def test_an_export_is_private(record, tmp_path):
    run("calls", "export", "--data", record[0], "--output", tmp_path / "calls.parquet")
    assert (tmp_path / "calls.parquet").stat().st_mode & 0o077 == 0


STATS = ["--by", "model.requested,labels.tags,status", "--bucket", "day",
         "--measures", "calls,cost,error_rate,input_tokens,duration_avg,duration_p95,avg(cost.total),max(started_at),min(trace.agent)"]


@pytest.mark.parametrize("name", FORMATS)
def test_tables_of_stats(record, tmp_path, name):
    data, _, _ = record
    groups = json.loads(run("stats", "--data", data, "--json", "--limit", 100000, *STATS).stdout)["groups"]
    assert len(groups) > 50
    path = tmp_path / f"stats.{name}"
    done = run("stats", "--data", data, "--output", path, *STATS)
    assert f"{len(groups)} groups in" in done.stderr
    want = []
    for group in groups:
        cost = group.pop("cost")
        row = {"bucket": group.pop("bucket"), **group.pop("key"), **group, "cost": cost.get("total"),
               "cost.currency": cost.get("currency"), "cost.unpriced_calls": cost["unpriced_calls"],
               "cost.estimated_calls": cost["estimated_calls"]}
        want.append({key: value for key, value in row.items() if value is not None})
    if name in ("json", "jsonl"):
        text = path.read_text()
        assert (json.loads(text) if name == "json" else [json.loads(line) for line in text.split("\n")[:-1]]) == want
    else:
        check(path, want, look=lambda row, name: row.get(name))


def test_stats_to_standard_output_and_limits(record):
    data, _, _ = record
    whole = list(csv.DictReader(io.StringIO(run("stats", "--data", data, "--by", "id", "--kinds", "all", "--measures", "calls", "--format", "csv").stdout)))
    assert len(whole) == 700, "a file has all groups, where a terminal has thirty"
    some = run("stats", "--data", data, "--by", "id", "--kinds", "all", "--measures", "calls", "--format", "csv", "--limit", "5").stdout
    assert len(some.splitlines()) == 6
