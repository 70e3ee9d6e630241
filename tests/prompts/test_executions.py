"""What became of each use of a prompt, from a program that kept it in a prompt_performance.json, and back."""

import json
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import Server, run  # noqa: E402


def execution(n, **metrics):
    return {"prompt_name": "coach", "prompt_version": "1.0" if n % 2 else "1.1", "timestamp": f"2026-01-05T10:00:00.{n:06}", "input_data": {"user_input": f"Help {n}"},
            "output": f"Answer {n}", "metrics": {"execution_time_ms": 1000 + n, "token_count": n, "output_length": 10 * n, "success": n % 5 != 0,
                                                 "quality_score": n % 10 + 0.5, "user_feedback": f"said {n}", "error_message": None if n % 5 else "timeout", **metrics}}


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path / "data") as running:
        yield running


def count(server):
    return server.get("/api/v1/aggregate?measures=calls")[2]["groups"][0]["calls"]


@pytest.fixture
def prompts(server):
    def ask(*args, code=0):
        done = run("prompts", *args, "--server", server.url, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return ask


def test_executions_become_calls_once_and_come_back(server, prompts, tmp_path):
    file = tmp_path / "prompt_performance.json"
    all_of_them = [execution(n) for n in range(1, 1201)]  # three deliveries
    file.write_text(json.dumps(all_of_them))
    for _ in range(2):
        assert "1200 executions on the record" in prompts("import", file).stdout
        server.wait_for(lambda: count(server) == 1200 or None, "the executions")
    back = json.loads(prompts("export", "--executions").stdout)
    assert len(back) == 1200
    for before, after in zip(all_of_them, sorted(back, key=lambda one: one["timestamp"])):
        assert after.pop("model") is None and after.pop("call_id") and after["timestamp"] == before["timestamp"] + "000Z"
        assert {**after, "timestamp": before["timestamp"]} == before
    lines = prompts("export", "--executions", "--prompt", "coach", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["metrics"] for line in lines] == [one["metrics"] for one in back]
    for what in ("--executions", "--metrics"):
        assert 'no prompt named "nobody"' in prompts("export", what, "--prompt", "nobody", code=3).stderr
        assert json.loads(prompts("export", what, "--prompt", "coach", "--from", "2020-01-01", "--to", "2020-01-02").stdout) in ([], {})
    one = tmp_path / "one.json"
    day = ("--from", "2026-01-05T09:59:58.9989Z", "--to", "2026-01-05T09:59:59Z")
    assert "1 execution in" in prompts("export", "--executions", *day, "--output", one).stderr
    metrics = json.loads(prompts("export", "--metrics").stdout)
    for version, members in (("1.0", all_of_them[0::2]), ("1.1", all_of_them[1::2])):
        found, measured = metrics["coach"][version], [one["metrics"] for one in members]
        assert found["total_executions"] == 600 and found["success_rate"] == sum(m["success"] for m in measured) / 600
        for mine, theirs in (("avg_execution_time_ms", "execution_time_ms"), ("avg_token_count", "token_count"),
                             ("avg_output_length", "output_length"), ("avg_quality_score", "quality_score")):
            assert found[mine] == pytest.approx(sum(m[theirs] for m in measured) / 600)
    told = json.loads(prompts("performance", "coach", "--from", "2026-01-01", "--json").stdout)
    assert {row["key"]["prompt.version"]: row["figures"]["calls"] for row in told["groups"]} == {"1.0": 600, "1.1": 600}


def whole(server, *members):
    return [{name: call.get(name) for name in members} for call in server.get("/api/v1/calls?limit=100&order=started_at")[2]["calls"]]


def test_an_export_comes_back_as_the_same_calls(server, prompts, tmp_path):
    """Calls that the record has are left as they are, and another server gets them under the same ids."""
    call = {"id": "018f4b1d-0f52-7a0e-8c7d-613c2e7705d4", "kind": "chat", "status": "success", "started_at": "2026-01-05T10:00:00.25+01:00", "time": {"duration_ms": 900.5},
            "prompt": {"name": "coach", "version": "1.0", "variables": {"n": 5.0}}, "model": {"requested": "m"}, "usage": {"input_tokens": 3, "output_tokens": 4},
            "response": {"messages": [{"role": "assistant", "parts": [{"type": "text", "text": "Well."}]}]}}
    answered = server.request("POST", "/api/v1/calls", {"calls": [call]}, headers={"content-type": "application/json"}, expect=None)
    assert answered[0] in (200, 202), answered
    by_hand = {"prompt_name": "coach", "prompt_version": "1.0", "timestamp": "2026-01-05 10:00:00", "input_data": {"a": 1, "b": 5.0}, "metrics": {"quality_score": 8.50}}
    same = [{**by_hand, "timestamp": moment} for moment in ("2026-01-05T10:00:00Z", "2026-01-05T10:00:00.000", "2026-01-05T11:00:00+01:00", "2026-01-05T10:00:00.000000000Z")]
    same.append({"metrics": {"quality_score": 8.5, "success": True}, "input_data": {"b": 5, "a": 1.0}, "timestamp": "2026-01-05T10:00:00Z", "version": 1.0, "name": "coach"})
    file = tmp_path / "prompt_performance.json"
    for one in (by_hand, *same[:4]):
        file.write_text(json.dumps([one]))
        prompts("import", file)
    file.write_text(json.dumps(same[4:]))
    prompts("import", file)
    server.wait_for(lambda: count(server) == 2 or None, "the calls")
    before = whole(server, "id", "kind", "source", "status", "started_at", "ended_at", "usage", "prompt", "model")
    exported = prompts("export", "--executions").stdout
    assert {one["call_id"] for one in json.loads(exported)} == {one["id"] for one in before}
    file.write_text(exported)
    told = prompts("import", file).stdout
    assert "2 executions on the record" in told and "2 of them by their call_id" in told
    assert json.loads(prompts("import", file, "--json").stdout) == {"executions": 2, "already_there": 2, "left_out": []}
    assert count(server) == 2 and whole(server, *before[0]) == before
    without = [{name: value for name, value in one.items() if name != "call_id"} for one in json.loads(exported) if one["call_id"] != call["id"]]
    file.write_text(json.dumps(without))  # as exports were that had no call_id
    prompts("import", file)
    assert count(server) == 2
    with Server(tmp_path / "other") as other:
        file.write_text(exported)
        for _ in range(2):
            run("prompts", "import", file, "--server", other.url)
            other.wait_for(lambda: count(other) == 2 or None, "the calls")
        assert sorted(one["id"] for one in whole(other, "id")) == sorted(one["id"] for one in before)


def answered(server):
    return int(re.search(r'steno_queries_answered_total\{kind="list"\} (\d+)', server.get("/metrics")[2].decode())[1])


def test_many_that_the_record_has_are_asked_about_together(server, prompts, tmp_path):
    """Those that lists leave out, too: one prompt's kind is not active."""
    server.request("PATCH", "/api/v1/prompt-types/quiet", {"is_active": False})
    calls = [{"id": f"018f4b1d-0f52-7a0e-8c7d-{n:012x}", "kind": "chat", "status": "success", "started_at": "2026-01-05T10:00:00Z", "usage": {"input_tokens": n},
              "prompt": {"name": "coach", "version": "1", "type": "quiet" if n % 3 == 0 else "loud"}} for n in range(1, 1101)]
    server.request("POST", "/api/v1/calls", {"calls": calls}, {"content-type": "application/json"})
    server.wait_for(lambda: count(server) == 1100 or None, "the calls")
    file = tmp_path / "prompt_performance.json"
    exported = [{"call_id": call["id"], "prompt_name": "coach", "prompt_version": "1", "timestamp": "2026-01-05T10:00:00Z", "metrics": {"token_count": 5}} for call in calls]
    new = {**exported[0], "call_id": "018f4b1d-0f52-7a0e-8c7d-613c2e7705d4"}
    file.write_text(json.dumps([*exported[:700], new, *exported[700:]]))
    before = answered(server)
    assert json.loads(prompts("import", file, "--json").stdout)["already_there"] == 1100
    assert answered(server) - before < 20
    server.wait_for(lambda: count(server) == 1101 or None, "the new one")
    assert server.get("/api/v1/aggregate?measures=sum(usage.output_tokens)")[2]["groups"][0]["sum(usage.output_tokens)"] == 5


def test_what_is_no_such_file_is_told_apart(server, prompts, tmp_path):
    file = tmp_path / "data.json"
    file.write_text(json.dumps({"coach": {"1.0": {"total_executions": 3, "success_rate": 1.0}}}))
    assert "prompt_performance.json" in prompts("import", file, code=2).stderr
    file.write_text(json.dumps([execution(1), execution(2, execution_time_ms=-5)]))
    refused = prompts("import", file, code=2).stderr
    assert "execution 2" in refused and "execution_time_ms" in refused and count(server) == 0
    file.write_text(json.dumps([{**execution(1), "mood": "fine"}]))
    assert "left out: mood" in prompts("import", file).stdout
    assert json.loads(prompts("import", file, "--json").stdout) == {"executions": 1, "already_there": 0, "left_out": ["mood"]}
    assert "steno calls export" in prompts("export", "--executions", "--format", "csv", code=2).stderr
    prompts("export", "--metrics", "--format", "csv", code=2)
    prompts("export", "--days", "3", code=2)
