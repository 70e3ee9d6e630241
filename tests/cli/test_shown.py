"""What people see of a call, of damage and of mistakes; and that nothing meant for a terminal gets into a file."""

import contextlib
import http.server
import json
import pathlib
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import BINARY, NO_KEYS, Server, Simulator, run  # noqa: E402

CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    data = tmp_path_factory.mktemp("shown")
    with Simulator() as simulator, Server(data, *simulator.upstreams()) as server:
        key = {"content-type": "application/json", "authorization": "Bearer sk-mine-0123456789"}
        limited = {"x-sim-limit-requests": "3", "x-sim-remaining-requests": "0", "x-sim-reset-ms": "7000"}
        server.request("POST", "/openai/v1/chat/completions", CHAT, key | limited, expect=429)
        server.request("POST", "/openai/v1/chat/completions", CHAT, key | {"x-sim-status": "400"}, expect=400)
        server.request("POST", "/openai/v1/embeddings", {"model": "text-embedding-3-small", "input": "Buy milk"}, key)
        server.stop()
    return data


def one(data, query):
    (call,) = json.loads(run("calls", "list", "--data", data, "--json", "-f", query).stdout)["calls"]
    return call


def shown(data, call):
    """The lines of `calls show`, by their names."""
    lines = run("calls", "show", call["id"], "--data", data).stdout.splitlines()
    return {line[2:16].strip(): line[17:] for line in lines if line.startswith("  ")}


def test_an_error_is_shown_with_its_key_its_wait_and_the_providers_words(record):
    call = one(record, "error.type=rate_limit")
    lines = shown(record, call)
    assert lines["key"] == call["who"]["api_key_id"]
    assert lines["try again"] == "yes, 7000 ms after the answer"
    error = call["error"]
    assert lines["in its words"] == f"{error['provider_type']} (code {error['provider_code']}), status 429"
    assert shown(record, one(record, "error.type=invalid_request"))["try again"].startswith("no")


def test_an_embedding_has_no_output_to_be_unknown(record):
    (line,) = run("calls", "list", "--data", record, "-f", "kind=embedding").stdout.splitlines()[1:]
    call = one(record, "kind=embedding")
    tokens = str(call["usage"]["input_tokens"])
    assert "→" not in line and "?" not in line and f" {tokens} " in line
    assert shown(record, call)["tokens"] == tokens


@pytest.mark.parametrize(
    "wrong, near",
    [
        ("stauts", "status"),
        ("modle", "model.requested"),
        ("model", "model.requested"),
        ("usage.inputtokens", "usage.input_tokens"),
        ("session", "trace.session_id"),
        ("input_tokens", "usage.input_tokens"),
    ],
)
def test_a_mistyped_field_is_told_its_neighbours(record, wrong, near):
    told = run("calls", "list", "--data", record, "-f", f"{wrong}=1", check=False)
    assert told.returncode == 2 and f'no field "{wrong}"' in told.stderr
    assert "near it: " in told.stderr and near in told.stderr


@pytest.mark.parametrize("strange", ["foo", "latency", "xyzzy.plugh"])
def test_a_field_like_no_other_is_told_the_usual_ones(record, strange):
    told = run("calls", "list", "--data", record, "-f", f"{strange}=bar", check=False)
    assert told.returncode == 2 and "near it" not in told.stderr
    assert "status, kind, provider.name, model.requested" in told.stderr


def test_verify_tells_the_whole_reason_and_no_place_where_there_is_none(record, tmp_path):
    data = tmp_path / "copy"
    shutil.copytree(record, data)
    (segment,) = data.glob("journal/*/*.stj")
    whole = segment.read_bytes()
    segment.write_bytes(whole[: len(whole) // 2] + b"?" + whole[len(whole) // 2 + 1 :])

    def damage():
        done = run("verify", "--data", data, "--json", check=False)
        assert done.returncode == 11
        (found,) = [s for s in json.loads(done.stdout)["streams"] if "damage" in s]
        text = run("verify", "--data", data, check=False).stdout
        assert found["damage"]["reason"] in text and found["stream"] in text
        assert all(len(line) < 120 for line in text.splitlines()[:2]), "the table itself stays narrow"
        return found["damage"], text

    told, text = damage()
    assert f"segment {told['segment']}, offset {told['offset']}" in text and told["segment"] >= 1
    segment.unlink()
    told, text = damage()
    assert "segment" not in told and "offset" not in told
    assert "segment 0" not in text and "offset 0" not in text and "cut at record 1: " in text


def test_nothing_that_steers_a_terminal_gets_into_a_file(tmp_path):
    demo = tmp_path / "demo"
    commands = [
        ["demo", "--data", demo, "--calls", 3000, "--days", 30],
        ["journal", "seal", "--data", demo],
        ["calls", "export", "--data", demo],
        ["calls", "list", "--data", demo],
        ["verify", "--data", demo],
        ["stats", "--data", demo],
    ]
    for command in commands:
        with open(tmp_path / "out", "wb") as out, open(tmp_path / "err", "wb") as err:
            env = {**NO_KEYS, "STENO_JOURNAL_SEGMENT_BYTES": "300000"}
            done = subprocess.run([BINARY, *map(str, command)], stdout=out, stderr=err, env=env, timeout=120)
        assert done.returncode == 0, (tmp_path / "err").read_text()
        for name in ("out", "err"):
            content = (tmp_path / name).read_bytes()
            assert b"\r" not in content and b"\x1b" not in content, (command, name, content[:500])
    shutil.rmtree(demo / "store", ignore_errors=True)  # so that a server has something to catch up with
    with Server(demo) as server:
        server.get("/api/v1/calls")
        server.stop()
        assert "\r" not in server.output() and "\x1b" not in server.output()


@contextlib.contextmanager
def with_currency(url, currency):
    """The server at this address, but that its money is counted in something else: the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                with urllib.request.urlopen(url + self.path) as answer:
                    status, kind, content = answer.status, answer.headers["content-type"], answer.read()
            except urllib.error.HTTPError as error:
                status, kind, content = error.code, error.headers["content-type"], error.read()
            content = content.replace(b'"USD"', json.dumps(currency).encode())
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    relay = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=relay.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{relay.server_port}"
    finally:
        relay.shutdown()
        relay.server_close()


def test_a_currency_does_not_steer_a_terminal(tmp_path):
    demo = tmp_path / "demo"
    run("demo", "--data", demo, "--calls", 3000, "--days", 60)
    with Server(demo) as server:
        server.wait_until_fed()
        call = next(call for call in server.calls("&cost.total.exists=true&trace.request_id.exists=true"))
        server.request("PUT", "/api/v1/budgets/all", {"limit": "5", "per": "month"})
        server.request("PUT", "/api/v1/alerts/dear", {"metric": "cost", "window": "30d", "warning": 5})
        commands = [
            ["calls", "list"], ["calls", "show", call["id"]], ["trace", call["trace"]["request_id"]], ["prices", "explain", call["id"]],
            ["stats"], ["stats", "--by", "model.requested"], ["top"], ["slow"], ["quality"], ["errors"],
            ["cost"], ["cost", "--forecast"], ["compare"], ["trends"],
            ["budgets"], ["budgets", "show", "all"], ["alerts"], ["live", "--count", "1"],
        ]
        with with_currency(server.url, "\x1b[2J") as url:
            for command in commands:
                shown = run(*command, "--server", url).stdout
                assert "\x1b" not in shown, (command, shown)
            assert "[2J" in run("calls", "list", "--server", url).stdout


def test_the_beginning_of_a_requests_id_is_enough(tmp_path):
    data = tmp_path / "record"
    ids = ["order-17", "order-18/a b", "order-2", "order-2-again"]
    with Server(data) as server:
        server.request("POST", "/api/v1/calls", {"calls": [
            {"kind": "function", "name": f"f of {id}", "status": "success", "trace": {"request_id": id}} for id in ids]},
            {"content-type": "application/json"})
        for at in (["--server", server.url], ["--data", data]):
            assert "f of order-17" in run("calls", "tree", "order-17", *at).stdout
            assert "f of order-18/a b" in run("calls", "tree", "order-18", *at).stdout
            assert json.loads(run("calls", "tree", "order-18", "--json", *at).stdout)["request_id"] == "order-18/a b"
            # A whole id is that one, whatever others begin so.
            assert "again" not in run("calls", "tree", "order-2", *at).stdout
            several = run("calls", "tree", "order-1", *at, check=False)
            assert several.returncode == 2 and "2 requests have an id that begins with order-1: " in several.stderr
            assert "order-17" in several.stderr and "order-18/a b" in several.stderr
            none = run("calls", "tree", "order-3", *at, check=False)
            assert none.returncode != 0 and "no call of request order-3" in none.stderr
        server.get("/api/v1/requests/order-1", expect=404)  # the API takes whole ids alone
        call = server.calls()[0]["id"]
        assert call in run("calls", "show", call[:-1], "--data", data).stdout
