"""kill -9 of the server under load, again and again on one data folder.

What must hold after each restart: a call whose answer reached its client completely is on the record exactly once, as
the success that it was; any other call that was begun is there exactly once too, ended or interrupted; nothing is
there twice; the journal verifies.
"""

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from load import PROMPT, LoadGroup  # noqa: E402
from rebuild import assert_equals_a_rebuild  # noqa: E402
from steno_process import Server, Simulator, run  # noqa: E402

ROUNDS = int(os.environ.get("STENO_KILL_ROUNDS", "10"))
CLIENTS = 8


def test_every_answered_call_survives_kill_9(tmp_path):
    data = tmp_path / "data"
    answered, ok, begun, said = set(), set(), set(), set()
    with Simulator() as simulator:
        for round_number in range(ROUNDS):
            server = Server(data, *simulator.upstreams())
            load = LoadGroup(server.url, CLIENTS)
            # Not a test of time: it only decides where in the work the kill falls.
            load.wait_for(10 + 7 * (round_number % 20))
            server.kill()
            load.stop()
            answered |= load.answered().keys()
            ok |= load.ok()
            begun |= load.begun()
            said |= load.said().keys()

        server = Server(data, *simulator.upstreams())
        with server:
            calls = server.calls()
            by_id = {}
            for call in calls:
                by_id.setdefault(call["id"], []).append(call)
            twice = {i for i, rows in by_id.items() if len(rows) > 1}
            assert not twice, f"{len(twice)} calls are on the record twice"
            missing = answered - by_id.keys()
            assert not missing, f"{len(missing)} of {len(answered)} answered calls are missing"
            wrong = {i: by_id[i][0]["status"] for i in ok if by_id[i][0]["status"] != "success"}
            assert not wrong, f"answered, but recorded as: {wrong}"
            assert not begun - by_id.keys(), "calls whose head arrived are missing"
            unsaid = {i for i in said if by_id[i][0].get("feedback", {}).get("verdict") != "accepted"}
            assert not unsaid, f"{len(unsaid)} acknowledged feedbacks are lost"
            statuses = {call["status"] for call in calls}
            assert "running" not in statuses
            assert statuses <= {"success", "failure", "partial", "cancelled", "interrupted"}
            interrupted = [call for call in calls if call["status"] == "interrupted"]
            assert interrupted, "many kills under load without one call under way: the load is too light to test anything"
            # The prompt of an interrupted call was on disk before the call was sent; also one that no parser could read.
            chats = [server.call(call["id"]) for call in interrupted if call["kind"] == "chat"]
            for chat in chats:
                if chat.get("request", {}).get("messages"):
                    assert chat["request"]["messages"][0]["parts"][0]["text"] == PROMPT, chat
                else:
                    assert "no list" in json.dumps(chat["raw"]["request"]), chat
            server.stop()
        print(f"\n{ROUNDS} kills: {len(answered)} answered, {len(interrupted)} interrupted, {len(calls)} on the record")
        report = json.loads(run("verify", "--data", data, "--json").stdout)
        assert report["intact"], report
        assert_equals_a_rebuild(data)


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
