"""While calls come and change, all tables of one answer are about the same calls: they add up to their totals."""

import datetime
import itertools
import random
import sys
import pathlib
import threading
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import Server, run

ROUNDS = 25
MODELS = ["gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-pro"]


def call(seed, call_id=None):
    random_ = random.Random(seed)
    now = datetime.datetime.now(datetime.timezone.utc)
    began = now - datetime.timedelta(seconds=random_.choice([1, 5, 3600, 40 * 3600, 20 * 86400]))
    status = random_.choice(["success", "success", "failure"])
    return {"id": call_id or str(uuid.uuid4()), "kind": "chat", "status": status, "started_at": began.isoformat(),
            "ended_at": (began + datetime.timedelta(milliseconds=random_.randint(5, 9000))).isoformat(),
            "provider": {"name": "openai"}, "model": {"requested": random_.choice(MODELS)},
            "trace": {"agent": random_.choice(["planner", "writer"]), "request_id": str(uuid.uuid4())},
            "prompt": {"type": random_.choice(["greeting", "summary"]), "version": random_.choice(["1", "2"])},
            "usage": {"input_tokens": random_.randint(1, 5000), "output_tokens": random_.randint(1, 500)}}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("one-state") / "data"
    run("demo", "--data", data, "--calls", "5000", "--seed", "9", "--days", "30")
    with Server(data) as server:
        server.wait_until_fed()
        yield server


@pytest.fixture
def arriving(server):
    """Calls that come as fast as they are taken, new ones and second versions of some that are there."""
    stop, failed = threading.Event(), []

    def deliver():
        known = []
        for number in itertools.count():
            if stop.is_set():
                return
            calls = [call(1000 * number + i) for i in range(20)]
            calls += [call(-1000 * number - i, call_id) for i, call_id in enumerate(random.sample(known, min(5, len(known))))]
            known = (known + [one["id"] for one in calls])[-2000:]
            try:
                server.request("POST", "/api/v1/calls", {"calls": calls}, {"content-type": "application/json"})
            except Exception as error:  # noqa: BLE001 (told by the test)
                failed.append(error)
                return

    thread = threading.Thread(target=deliver)
    thread.start()
    yield
    stop.set()
    thread.join()
    assert not failed


def ask(server, question):
    found = server.get("/api/v1/" + question)[2]
    assert not found.get("truncated")
    return found


def total(rows, name):
    return sum(row[name] or 0 for row in rows)


def test_statistics(server, arriving):
    told = set()
    for _ in range(ROUNDS):
        found = ask(server, "statistics?period=31d&bucket=day&groups=10000&limit=1")
        whole = found["ai_calls"]
        told.add(whole["calls"])
        for name in ("calls", "failures", "input_tokens", "output_tokens"):
            assert total(found["by_model"], name) == whole[name], name
            assert total(found["buckets"], name) == whole[name], name
    assert len(told) > ROUNDS // 4, "hardly a call came meanwhile"


def test_comparison(server, arriving):
    for _ in range(ROUNDS):
        found = ask(server, "compare?period=31d&by=model.requested&limit=1000")
        rows = [row["now"] for row in found["groups"] if row["now"]]
        for name in ("calls", "failures", "input_tokens"):
            assert total(rows, name) == found["now"][name], name


def test_quality(server, arriving):
    for _ in range(ROUNDS):
        found = ask(server, "quality?period=31d&by=prompt.type,prompt.version&groups=10000")
        assert total([row["figures"] for row in found["groups"]], "calls") == found["all"]["figures"]["calls"]
        assert sum(found["all"]["statuses"].values()) == found["all"]["figures"]["calls"]


def test_trends(server, arriving):
    for _ in range(ROUNDS):
        found = ask(server, "trends?period=31d&measure=calls&bucket=day&by=model.requested&groups=50")
        assert total(found["groups"], "calls") == found["all"]["calls"]
        assert total(found["all"]["points"], "calls") == found["all"]["calls"]
        for group in found["groups"]:
            assert total(group["points"], "calls") == group["calls"]
