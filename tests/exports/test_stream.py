"""GET /api/v1/calls/export: all calls as one stream that is whole, or seen to be cut, and holds nobody up."""

import csv
import http.client
import io
import json
import pathlib
import socket
import sys
import threading
import time
import urllib.parse

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import Server, run  # noqa: E402

CALLS = 6000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("stream") / "data"
    run("demo", "--data", data, "--calls", str(CALLS), "--seed", "5", "--days", "20")
    with Server(data) as server:
        server.wait_until_fed()
        yield server


@pytest.fixture(scope="module")
def calls(server):
    return sorted(server.calls(), key=lambda call: (call["started_at"], call["id"]))


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_csv_has_every_call_once_in_the_order_of_time(server, calls):
    status, headers, body = server.get("/api/v1/calls/export?format=csv&fields=id,status,usage.input_tokens,cost.total")
    assert status == 200 and headers["Content-Type"].startswith("text/csv") and headers["Transfer-Encoding"] == "chunked"
    assert headers["Content-Disposition"] == 'attachment; filename="calls.csv"'
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert [row["id"] for row in rows] == [call["id"] for call in calls]
    for row, call in zip(rows, calls):
        assert row["status"] == call["status"]
        assert row["usage.input_tokens"] == str((call.get("usage") or {}).get("input_tokens", ""))
        assert row["cost.total"] == ((call.get("cost") or {}).get("total") or "")


def test_jsonl_and_json_have_prompts_and_answers_and_only_what_fits(server, calls):
    failed = [call["id"] for call in calls if call["status"] == "failure"]
    told = lines(server.get("/api/v1/calls/export?status=failure")[2].decode())
    assert [call["id"] for call in told] == failed and len(failed) > 50
    assert any((call.get("request") or {}).get("messages") for call in told)
    assert told[0] == {key: value for key, value in server.call(told[0]["id"]).items() if key != "preview"}
    whole = server.get("/api/v1/calls/export?status=failure", headers={"Accept": "application/json"})[2]
    assert [call["id"] for call in whole] == failed
    few = lines(server.get("/api/v1/calls/export?format=jsonl&fields=status&period=1999")[2].decode())
    assert few == []
    assert server.get("/api/v1/calls/export?format=json&period=1999")[2] == []


def test_wrong_questions_are_answers_and_no_streams(server):
    for query in ("format=xlsx", "format=parquet", "format=x", "fields=nonsense", "format=csv&fields=request.messages", "text=a", "period=never", "limit=5", "status=x"):
        status, headers, problem = server.get(f"/api/v1/calls/export?{query}", expect=400)
        assert headers["Content-Type"] == "application/problem+json" and problem["detail"], query


def test_the_command_writes_the_same_by_its_server_as_from_its_folder(server, calls, tmp_path):
    for name in ("calls.csv", "calls.jsonl", "calls.json"):
        run("calls", "export", "--server", server.url, "--output", tmp_path / name, "--days", "40")
    assert len(list(csv.DictReader((tmp_path / "calls.csv").open(newline="")))) == len(calls)
    assert [call["id"] for call in lines((tmp_path / "calls.jsonl").read_text())] == [call["id"] for call in calls]
    assert [call["id"] for call in json.loads((tmp_path / "calls.json").read_text())] == [call["id"] for call in calls]
    told = run("calls", "export", "--server", server.url, "--output", tmp_path / "again.csv").stderr
    assert f"{len(calls):,} calls in" in told
    assert f"{len(calls):,} calls in" in run("calls", "export", "--server", server.url, "--output", tmp_path / "again.json", "--fields", "id").stderr


def slow_reader(server, query):
    url = urllib.parse.urlparse(server.url)
    connection = socket.create_connection((url.hostname, url.port))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sendall(f"GET /api/v1/calls/export?{query} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
    return connection


def test_readers_that_are_slow_hold_nobody_up_and_too_many_are_told(server):
    readers = [slow_reader(server, "format=jsonl") for _ in range(8)]
    try:
        for reader in readers:
            assert reader.recv(15) == b"HTTP/1.1 200 OK"
        assert server.get("/api/v1/calls?limit=1")[0] == 200
        status, headers, problem = server.get("/api/v1/calls/export", expect=503)
        assert headers["Retry-After"] and "exports" in problem["detail"]
    finally:
        for reader in readers:
            reader.close()
    deadline = time.monotonic() + 60  # those that have gone leave their places
    while True:
        status = server.request("GET", "/api/v1/calls/export?format=csv&fields=id", expect=None)[0]
        if status == 200:
            break
        assert status == 503 and time.monotonic() < deadline
        time.sleep(0.05)


def test_a_stream_that_breaks_off_is_seen_to(tmp_path):
    data = tmp_path / "data"
    run("demo", "--data", data, "--calls", "3000", "--seed", "5")
    with Server(data) as server:
        server.wait_until_fed()
        url = urllib.parse.urlparse(server.url)
        connection = http.client.HTTPConnection(url.hostname, url.port)
        connection.request("GET", "/api/v1/calls/export?format=jsonl")
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read(1000)
        threading.Thread(target=server.kill).start()
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            while answer.read(65536):
                pass
