"""The daily files: of the shape that other programs read, with what the API says, whole whatever happens."""

import collections
import datetime
import decimal
import gzip
import json
import os
import pathlib
import resource
import subprocess
import sys
import time
import zoneinfo

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract  # noqa: E402
from steno_process import BINARY, Server, run  # noqa: E402

JSON = {"content-type": "application/json"}
UNTIL = "2026-11-20T18:00:00Z"
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")

# The interfaces of such files, as TypeScript says them: every field is there, `?` may be missing. What is not known is null.
STRING, NUMBER, BOOL, ANY = (str,), (int, decimal.Decimal), (bool,), (str, int, decimal.Decimal, bool, list, dict)
CALL_TYPES = {"completion", "embedding", "vision", "transcription", "function", "agent", "speech", "image", "video", "moderation", "rerank",
              "intent", "retrieval", "evaluation", "span"}
CALL = {"id": STRING, "timestamp": STRING, "requestId": STRING, "sessionId": STRING, "agent": STRING, "functionName": STRING, "callType": STRING,
        "callSequence": NUMBER, "model": STRING, "requestTokens": NUMBER, "responseTokens": NUMBER, "totalTokens": NUMBER, "startTime": STRING,
        "endTime": STRING, "durationMs": NUMBER, "messages": [{"role": STRING, "content": STRING}], "responseContent": STRING,
        "functionCall?": {"name": STRING, "arguments": ANY}, "success": BOOL, "error": STRING, "userPhone": STRING,
        "metadata": {"method": STRING, "hasFunctionCall": BOOL, "retryAttempt": NUMBER, "*": ANY}}
FUNCTION = {"id": STRING, "timestamp": STRING, "requestId": STRING, "callType": STRING, "functionName": STRING, "agent": STRING, "operation": STRING,
            "startTime": STRING, "endTime": STRING, "durationMs": NUMBER, "success": BOOL, "error": STRING, "arguments": ANY, "result": ANY}
REQUEST = {"requestId": STRING, "sessionId": STRING, "userPhone": STRING, "startTime": STRING, "endTime": STRING, "totalDurationMs": NUMBER,
           "totalTokens": NUMBER, "requestTokens": NUMBER, "responseTokens": NUMBER, "totalAICalls": NUMBER, "totalFunctionCalls": NUMBER,
           "agentsUsed": [STRING], "functionsUsed": [STRING], "success": BOOL, "error": STRING, "estimatedCost": NUMBER}
STATS = {"date": STRING,
         "summary": {name: NUMBER for name in ("totalRequests", "totalAICalls", "totalFunctionCalls", "totalTokens", "totalDurationMs",
                                               "averageTokensPerRequest", "averageDurationPerRequest", "estimatedTotalCost")},
         "byAgent": {"*": {name: NUMBER for name in ("calls", "tokens", "durationMs", "averageTokens", "averageDuration", "successRate")}},
         "byFunction": {"*": {"calls": NUMBER, "durationMs": NUMBER, "averageDuration": NUMBER, "successRate": NUMBER, "operations": {"*": NUMBER}}},
         "byModel": {"*": {name: NUMBER for name in ("calls", "tokens", "averageTokens", "estimatedCost")}},
         "topExpensiveCalls": [{"id": STRING, "agent": STRING, "function": STRING, "tokens": NUMBER, "durationMs": NUMBER, "timestamp": STRING}],
         "slowCalls": [{"id": STRING, "durationMs": NUMBER, "agent": STRING, "function": STRING, "reason": STRING, "timestamp": STRING}],
         "errorRate": {"totalErrors": NUMBER, "errorRate": NUMBER, "errorsByAgent": {"*": NUMBER}, "errorsByFunction": {"*": NUMBER}}}


def check(value, shape, path="$"):
    if isinstance(shape, tuple):
        assert value is None or (type(value) in shape), f"{path}: {value!r}"
    elif isinstance(shape, list):
        assert isinstance(value, list), path
        for number, one in enumerate(value):
            check(one, shape[0], f"{path}[{number}]")
    else:
        assert isinstance(value, dict), path
        named = {name.rstrip("?"): of for name, of in shape.items() if name != "*"}
        assert {name for name in shape if name not in ("*",) and not name.endswith("?")} <= set(value), path
        for name, one in value.items():
            assert name in named or "*" in shape, f"{path}.{name}"
            check(one, named.get(name, shape.get("*")), f"{path}.{name}")


def read(path):
    return json.loads(pathlib.Path(path).read_text(), parse_float=decimal.Decimal)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    data = tmp_path_factory.mktemp("daily") / "data"
    run("demo", "--data", data, "--calls", "9000", "--seed", "4", "--days", "40", "--until", UNTIL)
    return data


@pytest.fixture(scope="module")
def files(record, tmp_path_factory):
    """A week of files, in Berlin's days, with all of each text."""
    folder = tmp_path_factory.mktemp("files") / "made" / "for this"
    told = json.loads(run("daily", "--data", record, "--from", "2026-10-22", "--to", "2026-10-28", "--tz", "Europe/Berlin", "--requests",
                          "--max-text", "0", "--output", folder, "--json").stdout)
    assert told["time_zone"] == "Europe/Berlin" and told["folder"] == str(folder)
    assert sorted(os.listdir(folder)) == sorted(file["name"] for file in told["files"]) and len(told["files"]) == 21
    for file in told["files"]:
        assert file["bytes"] == (folder / file["name"]).stat().st_size
        if not file["name"].startswith("stats"):
            assert file["entries"] == len(read(folder / file["name"]))
    return folder


@pytest.fixture(scope="module")
def server(record, files):
    with Server(record) as server:
        server.wait_until_fed()
        yield server


DAYS = [f"2026-10-{day}" for day in range(22, 29)]  # clocks change on the 25th


def test_every_entry_has_the_shape_that_programs_read(files):
    kinds = collections.Counter()
    for day in DAYS:
        for entry in read(files / f"calls-{day}.json"):
            check(entry, FUNCTION if entry["callType"] == "function" else CALL, entry["id"])
            assert entry["callType"] in CALL_TYPES
            kinds[entry["callType"]] += 1
        check(read(files / f"stats-{day}.json"), STATS)
        check(read(files / f"requests-{day}.json"), [REQUEST])
    assert kinds["completion"] > 100 and kinds["function"] > 10 and kinds["agent"] > 5


def test_the_calls_are_those_of_the_record(files, server):
    some = 0
    for day in DAYS:
        entries = read(files / f"calls-{day}.json")
        calls = server.calls(f"&period={day}&tz=Europe/Berlin&order=started_at")
        assert [entry["id"] for entry in entries] == [call["id"] for call in calls]
        for entry, call in list(zip(entries, calls))[::9]:
            some += 1
            whole = server.call(call["id"])
            trace, usage = whole.get("trace", {}), whole.get("usage", {})
            began = datetime.datetime.fromisoformat(entry["startTime"])
            assert began.astimezone(BERLIN).date().isoformat() == day
            assert entry["startTime"][:23] == whole["started_at"][:23] and entry["timestamp"] == entry["startTime"]
            assert entry["success"] == (whole["status"] == "success")
            assert float(entry["durationMs"]) == whole["time"]["duration_ms"]
            assert entry["agent"] == (trace.get("agent") or (whole.get("name") if whole["kind"] == "agent" else None))
            assert entry["functionName"] == (trace.get("function") or (whole.get("name") if whole["kind"] == "function" else None))
            if entry["callType"] == "function":
                assert entry["arguments"] == json.loads(json.dumps(whole.get("request", {}).get("input")), parse_float=decimal.Decimal)
                assert entry["result"] == json.loads(json.dumps(whole.get("response", {}).get("output")), parse_float=decimal.Decimal)
                continue
            assert entry["requestTokens"] == usage.get("input_tokens") and entry["responseTokens"] == usage.get("output_tokens")
            assert entry["metadata"].get("cost") == (decimal.Decimal(whole["cost"]["total"]) if "total" in whole.get("cost", {}) else None)
            answer = "\n\n".join(part["text"] for message in whole.get("response", {}).get("messages", [])
                                 for part in message["parts"] if part["type"] == "text" and part.get("text"))
            assert not answer or entry["responseContent"] == answer
            assert entry["userPhone"] == whole.get("who", {}).get("user_id")
    assert some > 50


def test_sums_are_those_of_the_statistics_and_of_the_calls(files, server):
    for day in DAYS:
        stats, summary = read(files / f"stats-{day}.json"), read(files / f"stats-{day}.json")["summary"]
        said = json.loads(json.dumps(server.get(f"/api/v1/statistics?period={day}&tz=Europe/Berlin&groups=1000")[2]), parse_float=decimal.Decimal)
        assert stats["date"] == day
        assert summary["totalRequests"] == said["summary"]["requests"] and summary["totalAICalls"] == said["summary"]["ai_calls"]
        assert summary["totalFunctionCalls"] == said["summary"]["function_calls"] and summary["totalTokens"] == said["summary"]["total_tokens"]
        assert summary["averageTokensPerRequest"] == said["summary"]["average_tokens_per_request"]
        assert summary["averageDurationPerRequest"] == said["summary"]["average_ai_duration_per_request_ms"]
        assert summary["totalDurationMs"] == said["ai_calls"]["duration_ms"]
        assert summary["estimatedTotalCost"] == decimal.Decimal(said["summary"]["cost"]["total"])
        assert {name: agent["calls"] for name, agent in stats["byAgent"].items()} == {one["agent"]: one["ai_calls"]["calls"] for one in said["by_agent"]}
        for one in said["by_function"]:
            if one["runs"]["calls"]:
                mine = stats["byFunction"][one["function"]]
                assert (mine["calls"], mine["operations"], mine["durationMs"]) == (one["runs"]["calls"], one["operations"], one["runs"]["duration_ms"])
                assert abs(mine["successRate"] - one["runs"]["success_rate"] * 100) < decimal.Decimal("1e-9")
        assert stats["errorRate"]["totalErrors"] == said["errors"]["total"]
        assert abs(stats["errorRate"]["errorRate"] - said["errors"]["rate"] * 100) < decimal.Decimal("1e-9")
        assert stats["errorRate"]["errorsByAgent"] == said["errors"]["by_agent"]
        assert [call["id"] for call in stats["topExpensiveCalls"]] == [one["call"]["id"] for one in said["top_expensive"]]
        assert [(call["id"], call["reason"]) for call in stats["slowCalls"]] == [(one["call"]["id"], one["reason"]) for one in said["slow"]["slowest"]]

        entries = read(files / f"calls-{day}.json")
        ai = [entry for entry in entries if entry["callType"] not in ("function", "agent", "retrieval", "span", "evaluation")]
        assert summary["totalAICalls"] == len(ai) and summary["totalFunctionCalls"] == sum(entry["callType"] == "function" for entry in entries)
        assert summary["totalTokens"] == sum(entry["totalTokens"] or 0 for entry in ai)
        assert summary["estimatedTotalCost"] == sum(entry["metadata"].get("cost", 0) for entry in ai)
        models = collections.Counter(entry["model"] for entry in ai)
        assert {name: model["calls"] for name, model in stats["byModel"].items()} == models
        assert sum(model["estimatedCost"] or 0 for model in stats["byModel"].values()) == summary["estimatedTotalCost"]

        requests = read(files / f"requests-{day}.json")
        assert len(requests) == summary["totalRequests"] == len({request["requestId"] for request in requests})
        assert {request["requestId"] for request in requests} == {entry["requestId"] for entry in entries if entry["requestId"]}
        assert sum(request["totalTokens"] or 0 for request in requests) == summary["totalTokens"]
        assert sum(request["estimatedCost"] or 0 for request in requests) == summary["estimatedTotalCost"]
        assert sum(request["totalAICalls"] for request in requests) == summary["totalAICalls"]
        assert [request["startTime"] for request in requests] == sorted(request["startTime"] for request in requests)
        for request in requests[::20]:
            whole = server.get(f"/api/v1/requests/{request['requestId']}", expect=None)
            if whole[0] == 200:
                said = whole[2]["summary"]
                assert request["success"] == said["success"] and float(request["totalDurationMs"]) == said["duration_ms"]
                assert request["agentsUsed"] == said["agents"] and request["functionsUsed"] == said["functions"]


def test_a_server_sends_the_same_files(files, server, tmp_path):
    contract = Contract(server.get("/api/v1/openapi.json")[2])
    for day in DAYS[2:5]:
        for kind in ("calls", "requests", "stats"):
            name = f"{kind}-{day}.json"
            status, headers, answer = server.get(f"/api/v1/daily/{name}?tz=Europe/Berlin&max_text=0")
            contract.check(answer, "GET", "/api/v1/daily/{file}")
            assert headers["Content-Type"] == "application/json" and headers["Content-Disposition"] == f'attachment; filename="{name}"'
    run("daily", "--server", server.url, "--from", DAYS[0], "--to", DAYS[-1], "--tz", "Europe/Berlin", "--requests", "--max-text", "0", "--output", tmp_path)
    for file in files.iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes(), file.name
    for wrong, status in (("calls-2026-13-01.json", 404), ("x", 404), ("calls-2026-10-25.json?tz=Nowhere", 400), ("calls-2026-10-25.json?limit=5", 400),
                          ("calls-2026-10-25.json?max_text=-1", 400), ("calls-2011-12-30.json?tz=Pacific/Apia", 400)):
        _, headers, problem = server.get(f"/api/v1/daily/{wrong}", expect=status)
        assert headers["Content-Type"] == "application/problem+json" and problem["detail"], wrong
    assert server.get("/api/v1/daily/calls-1999-01-01.json")[2] == []


def test_texts_are_cut_as_told(files, server, record, tmp_path):
    run("daily", "--server", server.url, "--day", "2026-10-24", "--tz", "Europe/Berlin", "--max-text", "20", "--output", tmp_path)
    cut = 0
    for entry, whole in zip(read(tmp_path / "calls-2026-10-24.json"), read(files / "calls-2026-10-24.json")):
        assert entry["id"] == whole["id"]
        for message, of in zip(entry.get("messages", []), whole.get("messages", [])):
            long = len(of["content"]) > 20
            assert message["content"] == (of["content"][:19] + "…" if long else of["content"])
            assert not long or entry["metadata"]["truncated"] is True
            cut += long
    assert cut > 20
    standard = server.get("/api/v1/daily/calls-2026-10-24.json")[2]
    assert max(len(message["content"]) for entry in standard for message in entry.get("messages", [])) <= 1000


def test_wrong_words(record, tmp_path):
    for flags in (["--day", "2026-13-01"], ["--day", "2026-10-20", "--days", "3"], ["--tz", "Nowhere"], ["--max-text", "-1"], ["--to", "2026-10-20"],
                  ["--day", "2099-01-01"]):
        wrong = run("daily", "--data", record, "--output", tmp_path, *flags, check=False)
        assert wrong.returncode != 0 and wrong.stderr, flags
    assert run("daily", "--data", record, check=False).returncode != 0  # where to?
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_no_file_and_what_was_there(server, tmp_path):
    def full():  # as the program sees it: a write fails
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    (tmp_path / "calls-2026-11-18.json").write_text("[]\n")
    done = subprocess.run([BINARY, "daily", "--server", server.url, "--day", "2026-11-18", "--output", tmp_path], capture_output=True, text=True,
                          timeout=120, preexec_fn=full)
    assert done.returncode != 0 and "File too large" in done.stderr
    assert os.listdir(tmp_path) == ["calls-2026-11-18.json"] and (tmp_path / "calls-2026-11-18.json").read_text() == "[]\n"
    (tmp_path / "file").write_text("")
    assert run("daily", "--server", server.url, "--output", tmp_path / "file", check=False).stderr


# The server's own folder.

def old_days(server):
    """Calls of five days in a row, the last of them a week ago: a day's change was long since."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    days = [(today - datetime.timedelta(days=back)).isoformat() for back in range(12, 7, -1)]
    for number, day in enumerate(days):
        deliver(server, day, 3 + number)
    return days


def deliver(server, day, count, prompt="what is it?"):
    calls = [{"kind": "chat", "status": "success", "started_at": f"{day}T10:00:{n:02}Z", "ended_at": f"{day}T10:00:{n:02}.5Z",
              "provider": {"name": "openai"}, "model": {"requested": "gpt-4o-mini"}, "usage": {"input_tokens": 100, "output_tokens": 10},
              "request": {"messages": [{"role": "user", "parts": [{"type": "text", "text": prompt}]}]}} for n in range(count)]
    assert server.request("POST", "/api/v1/calls", {"calls": calls}, JSON)[2]["rejected"] == []


def settings(folder, **more):
    return {"STENO_DAILY_FILES_DIR": str(folder), **{f"STENO_DAILY_FILES_{name.upper()}": str(value) for name, value in more.items()}}


def daily_status(server):
    return server.get("/api/v1/status")[2]["daily_files"]


def test_a_server_writes_the_days_that_have_none_yet(tmp_path):
    data, folder = tmp_path / "data", tmp_path / "logs"
    with Server(data) as server:
        days = old_days(server)
        assert "daily_files" not in server.get("/api/v1/status")[2]
        server.stop()
    with Server(data, env=settings(folder, requests="on", max_text=5)) as server:
        server.wait_for(lambda: (folder / f"calls-{days[-1]}.json").exists() or None, "calls, which get their name last")
        for number, day in enumerate(days):
            entries = read(folder / f"calls-{day}.json")
            assert len(entries) == 3 + number and entries[0]["messages"][0]["content"] == "what…"
            assert read(folder / f"stats-{day}.json")["summary"]["totalAICalls"] == 3 + number == len(read(folder / f"requests-{day}.json"))
        # Days without calls have files, too, up to the last that has ended.
        now = datetime.datetime.now(datetime.timezone.utc)
        last = (now - datetime.timedelta(days=1, minutes=6)).date().isoformat()
        server.wait_for(lambda: (folder / f"calls-{last}.json").exists() or None, "files of the last day")
        server.wait_for(lambda: daily_status(server).get("last_day", "") >= last or None, "status")
        Contract(server.get("/api/v1/openapi.json")[2]).check(server.get("/api/v1/status")[2], "GET", "/api/v1/status")
        status = daily_status(server)
        assert status["healthy"] and status["dir"] == str(folder) and status["time_zone"] == "UTC"
        assert "steno_daily_files_healthy 1" in server.get("/metrics")[2].decode()
        assert not [name for name in os.listdir(folder) if name.endswith(".part")]


def test_old_files_are_archived(tmp_path):
    data, folder = tmp_path / "data", tmp_path / "logs"
    folder.mkdir()
    (folder / "calls-2020-02-29.json").write_text("[]\n")
    (folder / "notes-2020-02-29.json").write_text("mine")
    with Server(data, env=settings(folder, keep_days=10)) as server:
        archived = folder / "archive" / "calls-2020-02-29.json.gz"
        server.wait_for(lambda: (archived.exists() and not (folder / "calls-2020-02-29.json").exists()) or None, "an archived file")
        assert gzip.decompress(archived.read_bytes()) == b"[]\n"
        assert (folder / "notes-2020-02-29.json").read_text() == "mine"
        server.stop()
    (folder / "calls-2020-03-01.json").write_text("[]\n")
    with Server(data, env=settings(folder, keep_days=10, archive="off")) as server:
        server.wait_for(lambda: not (folder / "calls-2020-03-01.json").exists() or None, "removed file")
        assert os.listdir(folder / "archive") == ["calls-2020-02-29.json.gz"]


def test_a_folder_that_cannot_be_written_harms_nothing_and_is_tried_again(tmp_path):
    data, folder = tmp_path / "data", tmp_path / "logs"
    folder.write_text("a file, no folder")
    with Server(data) as server:
        days = old_days(server)
        server.stop()
    with Server(data, env=settings(folder)) as server:
        server.wait_for(lambda: str(folder) in daily_status(server).get("last_error", "") or None, "trouble")
        ready = server.get("/readyz")[2]  # still 200: calls are recorded, questions answered
        assert ready["gateway"] == "ok" and ready["daily_files"] and str(tmp_path) not in json.dumps(ready), "no key was asked for"
        assert server.output().count("the daily files in") == 1
        folder.unlink()
        server.wait_for(lambda: (folder / f"stats-{days[-1]}.json").exists() or None, "files after the trouble", seconds=120)
        server.wait_for(lambda: daily_status(server)["healthy"] or None, "health")
        assert "daily_files" not in server.get("/readyz")[2]


def test_a_server_that_writes_none_says_so(tmp_path):
    with Server(tmp_path / "data", env={**settings(tmp_path / "logs"), "STENO_STORE_FEED": "off"}, ready=False) as server:
        server.wait_for(lambda: "no daily files are written: store.feed is off" in server.output() or None, "word of it")
        status = daily_status(server)
        assert not status["healthy"] and "store.feed" in status["last_error"]
        assert "steno_daily_files_healthy 0" in server.get("/metrics")[2].decode()


def test_what_is_there_stays(tmp_path):
    """Prompts that retention took out of the record, files of others, and what is in the archive: no write replaces them."""
    data, folder = tmp_path / "data", tmp_path / "logs"
    with Server(data, env=settings(folder)) as server:
        days = old_days(server)
        server.stop()
    with Server(data, env=settings(folder)) as server:
        server.wait_for(lambda: daily_status(server)["healthy"] or None, "files")
        server.stop()
    whole = (folder / f"calls-{days[0]}.json").read_text().replace("what is it?", "what the record has lost")
    (folder / f"calls-{days[0]}.json").write_text(whole)
    (folder / f"stats-{days[0]}.json").unlink()
    (folder / f"calls-{days[1]}.json").write_text("of another program")
    (folder / f"stats-{days[1]}.json").unlink()
    (folder / "archive").mkdir()
    (folder / "archive" / "calls-2020-02-29.json.gz").write_bytes(gzip.compress(b"archived"))
    (folder / "calls-2020-02-29.json").write_text("[]\n")
    with Server(data, env=settings(folder)) as server:
        trouble = server.wait_for(lambda: next(iter(t for t in [daily_status(server).get("last_error", "")] if "archive" in t), None), "trouble")
        assert "calls-2020-02-29.json is in the archive already" in trouble
        for day in days[:2]:
            assert (folder / f"stats-{day}.json").exists()
        assert (folder / f"calls-{days[0]}.json").read_text() == whole
        assert (folder / f"calls-{days[1]}.json").read_text() == "of another program"
        assert gzip.decompress((folder / "archive" / "calls-2020-02-29.json.gz").read_bytes()) == b"archived"
        assert (folder / "calls-2020-02-29.json").read_text() == "[]\n"


def test_a_zone_that_does_not_exist_is_said_at_the_start(tmp_path):
    wrong = run("serve", "--data", tmp_path / "data", check=False, env=settings(tmp_path / "logs", time_zone="Europe/Nowhere"))
    assert wrong.returncode != 0 and "STENO_DAILY_FILES_TIME_ZONE" in wrong.stderr


def test_what_kills_the_server_leaves_no_half_file(tmp_path):
    data, folder = tmp_path / "data", tmp_path / "logs"
    folder.mkdir()
    today = datetime.datetime.now(datetime.timezone.utc).date()
    day = (today - datetime.timedelta(days=9)).isoformat()
    with Server(data) as server:
        for _ in range(40):
            deliver(server, day, 50, prompt="x" * 20_000)
        server.wait_until_fed()
        server.stop()
    whole, killed = folder / f"calls-{day}.json", 0
    parts = lambda: list(folder.glob(f"calls-{day}.json.*.part"))  # noqa: E731
    for _ in range(30):
        with Server(data, env=settings(folder, max_text=0), ready=False) as server:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and not parts() and not whole.exists():
                pass
            server.kill()
        killed += bool(parts())
        for file in folder.glob("calls-*.json"):
            assert isinstance(read(file), list)
        if whole.exists():
            assert len(read(whole)) == 2000
            for file in folder.iterdir():
                file.unlink()
        if killed >= 3:
            break
    assert killed, "it was never killed while it wrote"
    with Server(data, env=settings(folder, max_text=0)) as server:
        server.wait_for(lambda: daily_status(server)["healthy"] or None, "all files")
        assert len(read(whole)) == 2000 and not parts()
        assert max(os.stat(file).st_mode & 0o777 for file in folder.iterdir() if file.is_file()) == 0o600
