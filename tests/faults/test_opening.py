"""A server whose store takes long to open, as it does when its engine reads back the log that a killed process has left:
calls are taken, recorded and shown meanwhile, questions are told what is going on, and the server can be ended.

What takes long here is a pipe in the place of the engine's log: the engine waits for somebody to write into it, which the
test does when it has seen enough."""

import contextlib
import fcntl
import json
import os
import pathlib
import signal
import socket
import sys
import threading
import urllib.request
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract  # noqa: E402
from rebuild import assert_equals_a_rebuild  # noqa: E402
from steno_process import Process, Server, Simulator, run  # noqa: E402

OPENING = "the store is still being opened"
UNAVAILABLE = 8  # exit code


@pytest.fixture(scope="module")
def simulator():
    with Simulator() as running:
        yield running


def chat(server, prompt, stream=False):
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": prompt}], "stream": stream}
    return server.request("POST", "/openai/v1/chat/completions", body)[1]["x-steno-call-id"]


def prompt_of(call):
    return call["request"]["messages"][0]["parts"][0]["text"]


def watch(server):
    """The first call that the live tail tells of."""
    with urllib.request.urlopen(server.url + "/api/v1/live", timeout=60) as answer:
        return next(json.loads(line[6:]) for line in answer if line.startswith(b"data: "))


class HeldUp:
    """Keeps the store of a folder that nobody uses from opening until `let_go`."""

    def __init__(self, data):
        self.log, self.pipe = data / "store/calls.duckdb.wal", data / "pipe"
        self.log.unlink(missing_ok=True)  # the store is a view: what it loses by that, it is fed again
        os.mkfifo(self.log)

    def let_go(self, server):
        """Takes the pipe away; who waits at it finds nothing in it. Then the server gets ready."""
        self.log.rename(self.pipe)

        def passed():
            with contextlib.suppress(OSError):  # nobody is at it
                os.close(os.open(self.pipe, os.O_WRONLY | os.O_NONBLOCK))
            return server.get("/readyz", expect=None)[0] == 200 or None

        server.wait_for(passed, "store that is open")


@contextlib.contextmanager
def call_under_way(server):
    """A call that only the death of the server ends, and its id."""

    def ask():
        with contextlib.suppress(OSError):
            chat(server, "slowly [sim delay-ms=60000]")

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        server.wait_for(lambda: server.get("/api/v1/status")[2]["calls_running"] == 1 or None, "call under way")
        yield watch(server)["id"]
    finally:
        server.kill()
        asking.join()


def test_calls_are_taken_while_the_store_is_being_opened(tmp_path, simulator):
    data = tmp_path / "data"
    with Server(data, *simulator.upstreams()) as server:
        ended = [chat(server, f"question {n}") for n in range(3)]
        server.stop()
    with Server(data, *simulator.upstreams(), env={"STENO_STORE_FEED": "off"}) as server:
        ended.append(chat(server, "of a server that is killed"))
        with call_under_way(server) as cut:
            pass

    held_up = HeldUp(data)
    with Server(data, *simulator.upstreams(), ready=False) as server:
        status, _, said = server.get("/readyz", expect=None)
        assert (status, said["gateway"], said["queries"]) == (503, "ok", OPENING)
        store = Contract(server.get("/api/v1/openapi.json")[2]).check(
            server.get("/api/v1/status")[2], "GET", "/api/v1/status")["store"]
        assert store["opening"] and store["healthy"] and "rows" not in store and not store["history_fed"]
        assert "\nsteno_store_open 0\n" in server.get("/metrics")[2].decode()

        # Calls are recorded whatever way they come, and are there by their ids.
        during = [chat(server, "while the store is being opened"), chat(server, "streamed", stream=True)]
        delivered = str(uuid.uuid4())
        mine = {"id": delivered, "kind": "chat", "name": "mine", "status": "success", "started_at": "2026-11-21T08:00:00Z"}
        answer = server.request("POST", "/api/v1/calls", {"calls": [mine]}, {"content-type": "application/json"})[2]
        assert answer["accepted"] == 1 and answer["position"]
        server.request("POST", f"/api/v1/calls/{ended[0]}/feedback", {"verdict": "accepted"})
        assert prompt_of(server.call(during[0])) == "while the store is being opened"
        assert server.call(during[1])["status"] == "success"

        # What needs the store says so, and when to come again.
        for path in ("calls", "calls?text=question", f"calls/{ended[0]}", "aggregate?measures=calls", "storage", "limits", "sessions/s",
                     "requests/r"):
            status, head, problem = server.get(f"/api/v1/{path}", expect=503)
            assert (problem["code"], problem["detail"]) == ("unavailable", OPENING) and head["retry-after"], path
        looked = run("calls", "list", "--data", data, check=False)
        assert looked.returncode != 0 and OPENING in looked.stderr
        second = run("serve", "--data", data, "--listen", "127.0.0.1:0", check=False)
        assert second.returncode != 0 and "in use" in second.stderr, second.stderr

        held_up.let_go(server)
        assert not server.get("/api/v1/status")[2]["store"]["opening"]
        assert server.get("/api/v1/status")[2]["calls_interrupted_at_start"] == 1
        statuses = {call["id"]: call["status"] for call in server.calls()}
        assert statuses == {cut: "interrupted", **dict.fromkeys([*ended, *during, delivered], "success")}
        assert server.call(ended[0])["feedback"]["verdict"] == "accepted"
        assert "\nsteno_store_open 1\n" in server.get("/metrics")[2].decode()
        server.stop()
    assert json.loads(run("verify", "--data", data, "--json").stdout)["intact"]
    assert len(assert_equals_a_rebuild(data)) == len(statuses)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_ends_while_its_store_is_being_opened(tmp_path, simulator, number):
    data = tmp_path / "data"
    with Server(data, *simulator.upstreams()) as server:
        with call_under_way(server) as cut:
            pass
    held_up = HeldUp(data)
    with Server(data, *simulator.upstreams(), ready=False) as server:
        during = chat(server, "soon over")
        assert server.stop(number) == 0, server.output()
        assert "error" not in server.output() and not (data / "server.json").exists()
    held_up.log.unlink()
    with Server(data, *simulator.upstreams()) as server:
        assert {call["id"]: call["status"] for call in server.calls()} == {cut: "interrupted", during: "success"}
        server.stop()
    assert json.loads(run("verify", "--data", data, "--json").stdout)["intact"]


def test_a_server_killed_while_its_store_is_being_opened(tmp_path, simulator):
    data = tmp_path / "data"
    with Server(data, *simulator.upstreams()) as server:
        ended = [chat(server, "before")]
        server.stop()
    held_up = HeldUp(data)
    for _ in range(2):
        with Server(data, *simulator.upstreams(), ready=False) as server:
            ended.append(chat(server, "during"))
            server.kill()
    held_up.log.unlink()
    with Server(data, *simulator.upstreams()) as server:
        assert {call["id"]: call["status"] for call in server.calls()} == dict.fromkeys(ended, "success")
        server.stop()
    assert_equals_a_rebuild(data)


def test_a_server_that_cannot_listen_says_so_while_its_store_is_being_opened(tmp_path, simulator):
    data = tmp_path / "data"
    with Server(data) as server:
        server.stop()
    HeldUp(data)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        refused = run("serve", "--data", data, "--listen", listen, check=False)
    assert refused.returncode > 0 and listen in refused.stderr, (refused.returncode, refused.stderr)


@pytest.mark.parametrize("what", ["secret", "aws"])
def test_a_server_that_cannot_go_on_says_so_while_its_store_is_being_opened(tmp_path, what):
    """Its store is left behind in the engine then; the process ends by its exit code all the same."""
    data = tmp_path / "data"
    with Server(data) as server:
        server.stop()
    wrong = tmp_path / "credentials" if what == "aws" else data / "keys/api-keys.key"
    wrong.write_text("nothing of use\n")
    env = {"STENO_AWS_CREDENTIALS_FILE": str(wrong)} if what == "aws" else {}
    HeldUp(data)
    for _ in range(5):
        refused = run("serve", "--data", data, "--listen", "127.0.0.1:0", check=False, env=env)
        assert refused.returncode > 0 and str(wrong) in refused.stderr, (refused.returncode, refused.stderr)


def test_a_store_that_another_process_has_ends_the_server(tmp_path, simulator):
    data = tmp_path / "data"
    with Server(data, *simulator.upstreams()) as server:
        server.stop()
    with open(data / "store/calls.duckdb", "rb+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        server = Process("serve", "--data", data, "--listen", "127.0.0.1:0")
        code = server.process.wait(timeout=60)
    looked = run("calls", "list", "--data", data, check=False)
    assert looked.returncode == 0, looked.stderr
    assert "is in use by another process" in server.output() and code == UNAVAILABLE, (code, server.output())


def test_a_damaged_store_is_made_anew_while_calls_are_taken(tmp_path, simulator):
    data = tmp_path / "data"
    with Server(data, *simulator.upstreams()) as server:
        ended = [chat(server, f"question {n}") for n in range(5)]
        server.stop()
    store = data / "store/calls.duckdb"
    store.write_bytes(b"\xff" * store.stat().st_size)
    with Server(data, *simulator.upstreams(), ready=False) as server:
        ended.append(chat(server, "one more"))
        server.wait_until_ready()
        assert server.get("/api/v1/status")[2]["store"]["rebuilt_at_start"]
        assert {call["id"] for call in server.calls()} == set(ended)
        server.stop()
