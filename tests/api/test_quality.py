"""How well calls do, what fails, what prompts lacked and what goes on now: against the calls, one by one."""

import collections
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract
from steno_process import Server, run

AI = {"chat", "completion", "embedding", "vision", "transcription", "speech", "image", "video", "moderation", "rerank", "intent"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("quality") / "data"
    run("demo", "--data", data, "--calls", "4000", "--seed", "9", "--days", "30")
    with Server(data) as server:
        server.wait_until_fed()
        yield server


@pytest.fixture(scope="module")
def calls(server):
    return server.calls()


@pytest.fixture(scope="module")
def contract(server):
    return Contract(server.get("/api/v1/openapi.json")[2])


def ai_calls(calls):
    return [call for call in calls if call["kind"] in AI]


def average(values):
    return pytest.approx(sum(values) / len(values)) if values else None


def same(told, calls, score):
    statuses = collections.Counter(call["status"] for call in calls)
    assert told["statuses"] == dict(statuses)
    assert told["success_rate"] == pytest.approx(statuses["success"] / len(calls))
    assert told["partial_rate"] == pytest.approx(statuses["partial"] / len(calls))
    verdicts = collections.Counter((call.get("feedback") or {}).get("verdict", "none") for call in calls)
    feedback = told["feedback"]
    assert [feedback[name] for name in ("accepted", "rejected", "modified", "none")] == [verdicts[name] for name in ("accepted", "rejected", "modified", "none")]
    judged = len(calls) - verdicts["none"]
    assert feedback["acceptance_rate"] == (pytest.approx(verdicts["accepted"] / judged) if judged else None)
    edits = [call["feedback"]["edit_distance"] for call in calls if "edit_distance" in (call.get("feedback") or {})]
    assert (told["edit_distance"]["calls"], told["edit_distance"]["average"]) == (len(edits), average(edits))
    values = [call["scores"][score]["value"] for call in calls if "value" in (call.get("scores") or {}).get(score, {})]
    assert (told["score"]["calls"], told["score"]["average"]) == (len(values), average(values))
    present = collections.Counter((call.get("prompt") or {}).get("all_variables_present") for call in calls)
    assert (told["data_quality"]["complete"], told["data_quality"]["incomplete"]) == (present[True], present[False])
    assert told["figures"]["calls"] == len(calls)


def test_quality_is_what_the_calls_say(server, calls, contract):
    told = server.get("/api/v1/quality?period=60d&score=helpfulness")[2]
    contract.check(told, "GET", "/api/v1/quality")
    wanted = ai_calls(calls)
    same(told["all"], wanted, "helpfulness")
    groups = collections.defaultdict(list)
    for call in wanted:
        groups[(call.get("prompt") or {}).get("type"), (call.get("prompt") or {}).get("version")].append(call)
    assert len(told["groups"]) == len(groups) > 3
    for group in told["groups"]:
        same(group, groups[group["key"]["prompt.type"], group["key"]["prompt.version"]], "helpfulness")
    scores = collections.defaultdict(list)
    for call in wanted:
        for name, score in (call.get("scores") or {}).items():
            scores[name].append(score.get("value"))
    assert {score["name"] for score in told["scores"]} == set(scores) and len(scores) > 2
    for score in told["scores"]:
        values = [value for value in scores[score["name"]] if value is not None]
        assert (score["calls"], score["average"], score["least"], score["greatest"]) == (
            len(scores[score["name"]]), average(values), min(values), max(values))


def test_scores_are_fields_like_others(server, calls):
    wanted = {call["id"] for call in calls if (call.get("scores") or {}).get("helpfulness", {}).get("value", -1) >= 0.8}
    listed = server.get("/api/v1/calls?scores.helpfulness.gte=0.8&limit=1000&order=-scores.helpfulness")[2]["calls"]
    assert {call["id"] for call in listed} == wanted and wanted
    values = [call["scores"]["helpfulness"]["value"] for call in listed]
    assert values == sorted(values, reverse=True)
    page, seen = server.get("/api/v1/calls?scores=thumbs&limit=7&order=scores.thumbs")[2], []
    while True:
        seen += [call["id"] for call in page["calls"]]
        if not page["next_cursor"]:
            break
        page = server.get(f"/api/v1/calls?scores=thumbs&limit=7&order=scores.thumbs&cursor={page['next_cursor']}")[2]
    assert len(seen) == len(set(seen)) and set(seen) == {call["id"] for call in calls if "thumbs" in (call.get("scores") or {})}
    table = server.get("/api/v1/aggregate?group_by=scores&measures=calls")[2]["groups"]
    assert {group["key"]["scores"] for group in table} >= {"thumbs", "helpfulness", None}


def test_a_score_counts_as_soon_as_it_was_said(server, calls):
    call = next(call for call in ai_calls(calls) if not call.get("scores"))
    assert server.request("POST", f"/api/v1/calls/{call['id']}/scores", {"name": "said now", "value": 12.5}, {"Content-Type": "application/json"})[0] == 200
    assert [c["id"] for c in server.get("/api/v1/calls?scores.said%20now=12.5")[2]["calls"]] == [call["id"]]


def test_missing_variables_by_name_and_prompt(server, calls, contract):
    told = server.get("/api/v1/data-quality?period=60d&limit=50")[2]
    contract.check(told, "GET", "/api/v1/data-quality")
    incomplete = [call for call in ai_calls(calls) if (call.get("prompt") or {}).get("all_variables_present") is False]
    assert told["incomplete"] == len(incomplete) > 0
    names = collections.Counter(name for call in incomplete for name in call["prompt"].get("missing_variables", []))
    assert {row["variable"]: row["calls"] for row in told["variables"]} == dict(names)
    assert sum(prompt["incomplete"] for prompt in told["prompts"]) == len(incomplete)
    newest = sorted(incomplete, key=lambda call: (call["started_at"], call["id"]), reverse=True)[:50]
    assert [call["id"] for call in told["calls"]] == [call["id"] for call in newest]
    assert all(call["prompt"]["missing_variables"] for call in told["calls"])


def test_failures_come_with_their_inputs(server, calls, contract):
    told = server.get("/api/v1/failures?limit=20")[2]
    contract.check(told, "GET", "/api/v1/failures")
    failed = sorted((call for call in calls if call["status"] == "failure"), key=lambda call: (call["started_at"], call["id"]), reverse=True)
    assert [call["id"] for call in told["calls"]] == [call["id"] for call in failed[:20]]
    assert all(call["error"]["type"] for call in told["calls"])
    given = [call for call in told["calls"] if call["kind"] == "chat"]
    assert given and all((call.get("request") or {}).get("messages") for call in given)
    assert server.get("/api/v1/failures?nonsense=1", expect=400)


def test_slow_calls_with_reasons(server, calls, contract):
    told = server.get("/api/v1/slow?period=60d&threshold_ms=3000&limit=5")[2]
    contract.check(told, "GET", "/api/v1/slow")
    slow = sorted((call["time"]["duration_ms"] for call in calls if (call.get("time") or {}).get("duration_ms", 0) >= 3000), reverse=True)
    assert told["slow"]["calls"] == len(slow) > 5
    assert [row["call"]["time"]["duration_ms"] for row in told["slow"]["slowest"]] == slow[:5]
    assert all(row["reason"] for row in told["slow"]["slowest"])


def test_the_last_minutes_hold_what_has_just_ended(server, contract):
    import datetime
    now = datetime.datetime.now(datetime.timezone.utc)
    ended = [{"kind": "chat", "status": status, "model": {"requested": "gpt-4o"}, "trace": {"agent": "of now", "request_id": f"r{n % 2}"},
              "started_at": (now - datetime.timedelta(minutes=90)).isoformat(), "ended_at": (now - datetime.timedelta(seconds=20)).isoformat(),
              "time": {"duration_ms": 1000 + n}, "usage": {"input_tokens": 10, "output_tokens": 1}} for n, status in enumerate(["success", "failure", "success"])]
    begun = [{"kind": "agent", "status": "running", "trace": {"agent": "at work"}, "started_at": now.isoformat()}]
    assert server.request("POST", "/api/v1/calls", {"calls": ended + begun}, {"Content-Type": "application/json"})[0] == 200
    told = server.get("/api/v1/realtime?minutes=2&trace.agent.in=of%20now,at%20work")[2]
    contract.check(told, "GET", "/api/v1/realtime")
    assert told["complete"] is True and told["minutes"] == 2
    assert (told["requests"], told["ai_calls"]["calls"], told["ai_calls"]["failures"], told["ai_calls"]["total_tokens"]) == (2, 3, 1, 33)
    assert told["ai_calls"]["average_duration_ms"] == 1001
    assert told["running"] == {"calls": 1, "ai_calls": 0, "truncated": False}
    assert told["active_agents"] == ["at work", "of now"]
    assert [row["agent"] for row in told["by_agent"]] == ["of now"] and told["by_model"][0]["model"] == "gpt-4o"
    for wrong in ("minutes=0", "minutes=1441", "minutes=x", "from=2026-01-01", "text=x"):
        assert server.get(f"/api/v1/realtime?{wrong}", expect=400)[2]["detail"], wrong


def test_wrong_questions_are_told(server):
    for path in ("quality?by=nonsense", "quality?groups=0", "quality?groups=10001", "quality?text=x", "data-quality?limit=1001", "data-quality?period=never",
                 "slow?threshold_ms=-1", "slow?limit=1001", "calls?scores.quality=high", "aggregate?measures=avg(scores)"):
        assert server.get(f"/api/v1/{path}", expect=400)[2]["detail"], path
    assert server.get("/api/v1/quality?score=")[2]["all"]["score"]["name"] == "quality"
