"""kill -9 of the server under load, again and again on one data folder.

What must hold after each restart: a call whose answer reached its client completely is on the record exactly once, as
the success that it was; any other call that was begun is there exactly once too, ended or interrupted; nothing is
there twice; the journal verifies.
"""

import http.client
import json
import os
import pathlib
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import Server, Simulator, run  # noqa: E402

ROUNDS = int(os.environ.get("STENO_KILL_ROUNDS", "20"))
CLIENTS = 8


class Load(threading.Thread):
    """Sends calls one after another, streams too, and notes which answers arrived whole."""

    def __init__(self, url, stop, number, round_number):
        super().__init__(daemon=True)
        self.host = urllib.parse.urlsplit(url).netloc
        self.stop_event, self.number, self.round = stop, number, round_number
        self.complete, self.begun = [], []

    def run(self):
        sent = 0
        while not self.stop_event.is_set():
            marker = f"r{self.round}-c{self.number}-n{sent}"
            stream = sent % 2 == 1
            sent += 1
            body = json.dumps({"model": "gpt-4o-mini", "stream": stream, "stream_options": {"include_usage": True}} | {
                "messages": [{"role": "user", "content": "a short word, please"}]}).encode()
            if not stream:
                body = body.replace(b', "stream_options": {"include_usage": true}', b"")
            try:
                connection = http.client.HTTPConnection(self.host, timeout=30)
                connection.request("POST", "/openai/v1/chat/completions", body,
                                   {"content-type": "application/json", "x-steno-session": marker, "x-sim-chunks": "20"})
                answer = connection.getresponse()
                call_id = answer.headers["x-steno-call-id"]
                if call_id:
                    self.begun.append(call_id)
                content = answer.read()  # raises IncompleteRead when it was cut
                if answer.status == 200 and (not stream or content.rstrip().endswith(b"data: [DONE]")):
                    self.complete.append(call_id)
                connection.close()
            except (OSError, http.client.HTTPException):
                if self.stop_event.is_set():
                    return
                time.sleep(0.005)


def test_every_answered_call_survives_kill_9(tmp_path):
    data = tmp_path / "data"
    complete, begun = set(), set()
    with Simulator() as simulator:
        for round_number in range(ROUNDS):
            server = Server(data, *simulator.upstreams())
            stop = threading.Event()
            clients = [Load(server.url, stop, n, round_number) for n in range(CLIENTS)]
            for client in clients:
                client.start()
            # Not a test of time: it only decides where in the work the kill falls.
            wanted = 10 + 7 * round_number
            deadline = time.monotonic() + 60
            while sum(len(c.complete) for c in clients) < wanted and time.monotonic() < deadline:
                time.sleep(0.001)
            server.kill()
            stop.set()
            for client in clients:
                client.join(timeout=60)
                complete.update(client.complete)
                begun.update(client.begun)

        server = Server(data, *simulator.upstreams())
        with server:
            calls = server.calls()
            by_id = {}
            for call in calls:
                by_id.setdefault(call["id"], []).append(call)
            twice = {i for i, rows in by_id.items() if len(rows) > 1}
            assert not twice, f"{len(twice)} calls are on the record twice"
            missing = complete - by_id.keys()
            assert not missing, f"{len(missing)} of {len(complete)} answered calls are missing"
            wrong = {i: by_id[i][0]["status"] for i in complete if by_id[i][0]["status"] != "success"}
            assert not wrong, f"answered, but recorded as: {wrong}"
            assert not begun - by_id.keys(), "calls whose head arrived are missing"
            statuses = {call["status"] for call in calls}
            assert "running" not in statuses
            assert statuses <= {"success", "failure", "partial", "cancelled", "interrupted"}
            interrupted = [call for call in calls if call["status"] == "interrupted"]
            assert interrupted, "20 kills under load without one call under way: the load is too light to test anything"
            # The prompt of an interrupted call was on disk before the call was sent.
            whole = server.call(interrupted[0]["id"])
            assert whole["request"]["messages"][0]["parts"][0]["text"] == "a short word, please"
            server.stop()
        print(f"{len(complete)} answered, {len(interrupted)} interrupted, {len(calls)} on the record")
        report = json.loads(run("verify", "--data", data, "--json").stdout)
        assert report["intact"], report


def test_a_deleted_store_is_rebuilt_from_the_journal(tmp_path):
    data = tmp_path / "data"
    with Simulator() as simulator:
        with Server(data, *simulator.upstreams()) as server:
            for n in range(30):
                server.request("POST", "/openai/v1/chat/completions", {
                    "model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"question {n}"}]})
            before = sorted(server.calls("&fields=" + WHOLE), key=lambda c: c["id"])
            server.stop()
        for file in (data / "store").iterdir():
            file.unlink()
        with Server(data, *simulator.upstreams()) as server:
            after = sorted(server.calls("&fields=" + WHOLE), key=lambda c: c["id"])
    assert len(before) == 30
    assert after == before


WHOLE = "name,kind,status,started_at,ended_at,time,provider,model,request,response,raw,usage,cost,error,labels,trace"
