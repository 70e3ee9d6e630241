"""The HTTP API of a real server over real calls: every resource, against the OpenAPI document and against arithmetic."""

import decimal
import http.client
import json
import pathlib
import re
import sys
import threading
import urllib.parse

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract  # noqa: E402
from steno_process import Server, Simulator  # noqa: E402

CHAT = "/openai/v1/chat/completions"


def chat(server, prompt="hello", model="gpt-4o-mini", expect=200, **headers):
    head = {"content-type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    _, answer_head, body = server.request(
        "POST", CHAT, {"model": model, "messages": [{"role": "user", "content": prompt}]}, head, expect=expect)
    return answer_head["x-steno-call-id"], body


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Simulator() as simulator, Server(tmp_path_factory.mktemp("record"), *simulator.upstreams()) as running:
        yield running


@pytest.fixture(scope="module")
def contract(server):
    return Contract(server.get("/api/v1/openapi.json")[2])


@pytest.fixture(scope="module")
def filled(server):
    """Forty calls of two agents and two models, one in ten failing."""
    ids = []
    for n in range(40):
        failing = n % 10 == 9
        ids.append(chat(server, f"question {n} about refunds" if n % 4 == 0 else f"question {n}",
                        model="gpt-4o" if n % 2 else "gpt-4o-mini", expect=500 if failing else 200,
                        x_steno_session=f"filled-{n % 4}", x_steno_agent="calendar" if n % 2 else "mail",
                        x_steno_tags="even" if n % 2 == 0 else "odd,loud", x_steno_user=f"u-{n % 5}",
                        x_steno_attributes=json.dumps({"tone": "friendly" if n % 3 == 0 else "plain", "round": n}),
                        **({"x-sim-status": "500"} if failing else {}))[0])
    return ids


def only(server, query):
    return server.calls("&trace.session_id.prefix=filled-" + query)


def test_a_call_is_there_at_once_and_whole(server, contract):
    call_id, answer = chat(server, "when is the meeting?", x_steno_project="shop")
    call = contract.check(server.call(call_id), "GET", "/api/v1/calls/{id}")
    assert call["project"] == "shop"
    assert call["request"]["messages"][0]["parts"][0]["text"] == "when is the meeting?"
    assert call["response"]["messages"][0]["parts"][0]["text"] == answer["choices"][0]["message"]["content"]
    assert call["usage"]["input_tokens"] == answer["usage"]["prompt_tokens"]
    tokens_in, tokens_out = answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]
    cached = answer["usage"].get("prompt_tokens_details", {}).get("cached_tokens", 0)
    expected = (decimal.Decimal("0.15") * (tokens_in - cached) + decimal.Decimal("0.075") * cached +
                decimal.Decimal("0.6") * tokens_out) / 1_000_000
    assert decimal.Decimal(call["cost"]["total"]) == expected
    raw = server.get(f"/api/v1/calls/{call_id}/raw?part=request")[2]
    assert json.loads(raw)["messages"][0]["content"] == "when is the meeting?"


def test_lists_filter_by_every_kind_of_field(server, contract, filled):
    contract.check(server.get("/api/v1/calls?limit=5")[2], "GET", "/api/v1/calls")
    assert len(only(server, "")) == 40
    assert len(only(server, "&status=failure")) == 4
    assert len(only(server, "&status.ne=failure")) == 36
    assert len(only(server, "&model.requested=gpt-4o")) == 20
    assert len(only(server, "&model.requested.in=gpt-4o,gpt-4o-mini")) == 40
    assert len(only(server, "&labels.tags=loud")) == 20
    assert len(only(server, "&labels.attributes.tone=friendly")) == 14
    assert len(only(server, "&labels.attributes.round.gte=30")) == 10
    assert len(only(server, "&error.type.exists=true")) == 4
    assert len(only(server, "&provider.http_status=500")) == 4
    assert len(only(server, "&usage.input_tokens.gt=0")) == 36
    assert len(only(server, "&text=about%20REFUNDS")) == 10
    first = only(server, "&order=started_at")[0]
    later = urllib.parse.quote(first["started_at"])
    assert len(only(server, "&from=" + later)) == 40
    assert len(only(server, "&to=" + later)) == 0


def test_pages_neither_repeat_nor_skip_while_calls_come_in(server, filled):
    seen, cursor = [], ""
    while True:
        page = server.get("/api/v1/calls?limit=7&trace.session_id.prefix=filled-" + cursor)[2]
        seen += [call["id"] for call in page["calls"]]
        chat(server, "one more, elsewhere", x_steno_session="other")
        if not page["next_cursor"]:
            break
        cursor = "&cursor=" + page["next_cursor"]
    assert sorted(seen) == sorted(filled)


def test_field_selection_gives_just_what_was_asked_for(server, filled):
    call = server.get("/api/v1/calls?limit=1&fields=status,usage.input_tokens,request.messages&status=success")[2]["calls"][0]
    assert set(call) == {"id", "status", "usage", "request"}
    assert set(call["usage"]) == {"input_tokens"}
    assert call["request"]["messages"]
    assert "messages" not in server.get("/api/v1/calls?limit=1")[2]["calls"][0].get("request", {})


def test_aggregates_equal_arithmetic_over_the_list(server, contract, filled):
    calls = only(server, "")
    answer = server.get("/api/v1/aggregate?trace.session_id.prefix=filled-&group_by=trace.agent"
                        "&measures=calls,errors,error_rate,input_tokens,cost,duration_p50,duration_p95,duration_avg")[2]
    contract.check(answer, "GET", "/api/v1/aggregate")
    groups = {group["key"]["trace.agent"]: group for group in answer["groups"]}
    assert set(groups) == {"calendar", "mail"}
    for agent, group in groups.items():
        mine = [call for call in calls if call["trace"]["agent"] == agent]
        failed = [call for call in mine if call["status"] == "failure"]
        assert group["calls"] == len(mine)
        assert group["errors"] == len(failed)
        assert group["error_rate"] == pytest.approx(len(failed) / len(mine))
        assert group["input_tokens"] == sum(call.get("usage", {}).get("input_tokens", 0) for call in mine)
        assert decimal.Decimal(group["cost"]["total"]) == sum(
            decimal.Decimal(call["cost"]["total"]) for call in mine if "cost" in call)
        durations = sorted(call["time"]["duration_ms"] for call in mine)
        for name, fraction in (("duration_p50", 0.5), ("duration_p95", 0.95)):
            rank = -(-len(durations) * int(fraction * 100) // 100)
            assert group[name] == pytest.approx(durations[rank - 1])
    whole = server.get("/api/v1/aggregate?trace.session_id.prefix=filled-&bucket=hour&measures=calls")[2]["groups"]
    assert sum(group["calls"] for group in whole) == 40


def test_an_unknown_price_is_unknown_and_counted(server, filled):
    call_id, _ = chat(server, "hello", model="nobody-knows-this-model", x_steno_session="unpriced")
    assert "cost" not in server.call(call_id)
    chat(server, "hello", x_steno_session="unpriced")
    cost = server.get("/api/v1/aggregate?trace.session_id=unpriced&measures=cost")[2]["groups"][0]["cost"]
    assert cost["unpriced_calls"] == 1 and decimal.Decimal(cost["total"]) > 0
    explained = server.get(f"/api/v1/prices/explain/{call_id}")[2]
    assert "total" not in explained and "nobody-knows-this-model" in explained["missing"]


def test_a_request_is_a_tree_and_a_session_a_list(server, contract):
    root, _ = chat(server, "plan", x_steno_request="r-tree", x_steno_session="s-tree", x_steno_agent="planner", x_steno_kind="agent")
    child, _ = chat(server, "step", x_steno_request="r-tree", x_steno_session="s-tree", x_steno_parent=root)
    chat(server, "detail", x_steno_request="r-tree", x_steno_session="s-tree", x_steno_parent=child)
    chat(server, "orphan", x_steno_request="r-tree", x_steno_session="s-tree", x_steno_parent="unrecorded")
    chat(server, "next", x_steno_request="r-tree-2", x_steno_session="s-tree")
    tree = contract.check(server.get("/api/v1/requests/r-tree")[2], "GET", "/api/v1/requests/{id}")
    assert [node["call"]["id"] for node in tree["tree"]][0] == root
    assert len(tree["tree"]) == 2
    assert tree["tree"][0]["children"][0]["call"]["id"] == child
    assert len(tree["tree"][0]["children"][0]["children"]) == 1
    assert tree["summary"]["calls"] == 4 and tree["summary"]["ai_calls"] == 3
    session = contract.check(server.get("/api/v1/sessions/s-tree")[2], "GET", "/api/v1/sessions/{id}")
    assert [entry["request_id"] for entry in session["requests"]] == ["r-tree", "r-tree-2"]
    contract.check(server.get("/api/v1/requests/none", expect=404)[2], "GET", "/api/v1/requests/{id}", 404)


def test_feedback_and_scores_stick_also_on_a_call_not_yet_fed(server, contract):
    call_id, _ = chat(server)
    said = server.request("POST", f"/api/v1/calls/{call_id}/feedback", {"verdict": "rejected", "comment": "wrong day"})[2]
    contract.check(said, "POST", "/api/v1/calls/{id}/feedback")
    server.request("POST", f"/api/v1/calls/{call_id}/feedback", {"verdict": "accepted", "by": "u-1"})
    server.request("POST", f"/api/v1/calls/{call_id}/scores", {"name": "quality", "value": 8, "min": 1, "max": 10, "source": "human"})
    listed = server.calls(f"&id={call_id}")[0]
    call = server.call(call_id)
    for seen in (listed, call):
        assert seen["feedback"]["verdict"] == "accepted" and seen["feedback"]["by"] == "u-1"
        assert seen["scores"]["quality"]["value"] == 8
    assert len(server.calls(f"&id={call_id}&feedback.verdict=accepted")) == 1


@pytest.mark.parametrize("path, says", [
    ("/api/v1/calls?model.requestd=x", "model.requested"),
    ("/api/v1/calls?limit=0", "limit"),
    ("/api/v1/calls?limit=abc", "limit"),
    ("/api/v1/calls?cursor=nonsense", "cursor"),
    ("/api/v1/calls?from=yesterday", "from"),
    ("/api/v1/calls?usage.input_tokens.gte=many", "input_tokens"),
    ("/api/v1/calls?status=broken", "status"),
    ("/api/v1/calls?order=nothing", "nothing"),
    ("/api/v1/aggregate?measures=everything", "everything"),
    ("/api/v1/aggregate?bucket=fortnight", "fortnight"),
    ("/api/v1/aggregate?text=refund", "text"),
    ("/api/v1/calls/not-an-id", "not-an-id"),
    ("/api/v1/calls?fields=nosuch", 'there is no field "nosuch"'),
    ("/api/v1/calls?fields=id,model.requestd", "model.requested"),
    ("/api/v1/calls?fields=status.x", "status"),
    ("/api/v1/calls?nosuch=1", 'there is no field "nosuch"'),
    ("/api/v1/calls?limt=5", "did you mean limit?"),
    ("/api/v1/aggregate?group=kind", "did you mean group_by?"),
    ("/api/v1/prices?modle=x", "did you mean model?"),
    ("/api/v1/limits?colour=red", "provider, api_key_id, model, exhausted, limit"),
    ("/api/v1/calls/00000000-0000-4000-8000-000000000000?projekt=x", "did you mean project?"),
    ("/api/v1/calls/00000000-0000-4000-8000-000000000000/raw?prt=request", "did you mean part?"),
    ("/api/v1/requests/x?limit=1", "this path takes none"),
    ("/api/v1/sessions/x?limit=1", "this path takes none"),
])
def test_bad_input_is_a_problem_that_says_what_to_do(server, contract, path, says):
    status, head, problem = server.get(path, expect=None)
    assert status == 400
    assert head["content-type"] == "application/problem+json"
    contract.check(problem, "GET", "/api/v1/calls", 400)
    assert says in problem["detail"] + problem.get("remedy", "")


def test_whatever_a_record_has_can_be_asked_for(server, filled):
    for fields in ("id", "usage", "usage.billed", "usage.billed.input_tokens", "labels.attributes.tone", "scores",
                   "scores.quality", "scores.quality.value", "feedback", "feedback.verdict", "request", "raw.request",
                   "request.messages.role", "response.tool_calls", "preview", "time.phases.x", "privacy.masked"):
        assert server.get(f"/api/v1/calls?limit=1&fields={fields}")[2]["calls"], fields


def test_what_is_said_of_a_call_is_bounded(server):
    call_id, _ = chat(server)

    def say(what, **said):
        return server.request("POST", f"/api/v1/calls/{call_id}/{what}", json.dumps(said).encode(), expect=None)

    assert say("scores", name="n" * 256, value=1)[0] == 200
    for wrong in ({"name": "n" * 257, "value": 1}, {"name": "n", "label": "x" * 1025},
                  {"name": "n", "value": 1, "explanation": "x" * 65537}, {"name": "n", "value": 1, "by": "b" * 257}):
        status, _, problem = say("scores", **wrong)
        assert status == 400 and "bytes; at most" in problem["detail"] and problem["remedy"], wrong
    assert say("feedback", verdict="accepted", comment="c" * 65536)[0] == 200
    status, _, problem = say("feedback", verdict="accepted", comment="c" * 65537)
    assert status == 400 and "comment has 65537 bytes" in problem["detail"]


def test_questions_are_counted_by_their_kind(server, filled):
    def answered():
        metrics = server.get("/metrics")[2].decode()
        found = re.findall(r'^steno_queries_answered_total\{kind="(\w+)"\} (\d+)$', metrics, re.MULTILINE)
        return {kind: int(count) for kind, count in found}

    before = answered()
    for path in ("/api/v1/calls?text=meeting", "/api/v1/calls?limit=1", "/api/v1/aggregate", "/api/v1/status"):
        server.get(path)
    assert answered() == {kind: before[kind] + more for kind, more in (("search", 1), ("sum", 1), ("list", 2), ("sql", 0))}


def test_bad_bodies_and_methods(server):
    call_id, _ = chat(server)
    for path, body in ((f"/api/v1/calls/{call_id}/feedback", b"{"), (f"/api/v1/calls/{call_id}/feedback", b"[]"),
                       (f"/api/v1/calls/{call_id}/feedback", b'{"verdict": "splendid"}'),
                       (f"/api/v1/calls/{call_id}/scores", b'{"value": 1}'), ("/api/v1/replay", b"{}")):
        status, _, problem = server.request("POST", path, body, expect=None)
        assert status == 400 and problem["detail"], (path, body)
    status, head, _ = server.request("DELETE", f"/api/v1/calls/{call_id}", expect=None)
    assert status == 405 and head["allow"] == "GET"
    assert server.request("POST", f"/api/v1/calls/{call_id}/feedback", b"x" * (2 << 20), expect=None)[0] == 413
    assert server.get("/api/v1/nothing", expect=None)[0] == 404
    assert server.get("/api/v1/calls/00000000-0000-4000-8000-000000000000", expect=None)[0] == 404


def test_the_live_tail_shows_a_call_begin_and_end(server):
    host = urllib.parse.urlsplit(server.url).netloc
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("GET", "/api/v1/live?trace.session_id=live-1")
    stream = connection.getresponse()
    assert stream.status == 200 and stream.headers["content-type"] == "text/event-stream"
    assert stream.fp.readline().startswith((b":", b"1", b"c", b"d"))  # it watches: the comment, or its chunk's size
    sender = threading.Thread(target=lambda: (chat(server, x_steno_session="elsewhere"), chat(server, x_steno_session="live-1")))
    sender.start()
    seen = []
    while len(seen) < 2:
        line = stream.fp.readline()
        if line.startswith(b"data: "):
            seen.append(json.loads(line[6:]))
    sender.join()
    connection.close()
    assert [call["status"] for call in seen] == ["running", "success"]
    assert seen[0]["id"] == seen[1]["id"] and seen[1]["trace"]["session_id"] == "live-1"


def test_replay_changes_what_was_asked_for_and_compares(server, contract):
    call_id, _ = chat(server, "when is the meeting?")
    outcome = server.request("POST", "/api/v1/replay", {"call_id": call_id, "model": "gpt-4o", "set": {"temperature": 0.2},
                                                         "prompt": "When, exactly, is the meeting?"})[2]
    contract.check(outcome, "POST", "/api/v1/replay")
    replay = server.call(outcome["replay"]["id"])
    assert replay["replay"]["of"] == call_id
    assert replay["model"]["requested"] == "gpt-4o"
    assert replay["request"]["parameters"]["temperature"] == 0.2
    assert replay["request"]["messages"][0]["parts"][0]["text"] == "When, exactly, is the meeting?"
    assert 0 <= outcome["comparison"]["similarity"] <= 1
    delta = decimal.Decimal(replay["cost"]["total"]) - decimal.Decimal(outcome["original"]["cost"]["total"])
    assert decimal.Decimal(outcome["comparison"]["cost_delta"]) == delta


def test_a_replay_changes_the_system_text_or_the_whole_request(server, contract):
    call_id, _ = chat(server, "when is the meeting?")
    outcome = server.request("POST", "/api/v1/replay", {"call_id": call_id, "system": "Answer in French."})[2]
    contract.check(outcome, "POST", "/api/v1/replay")
    first, second = outcome["replay"]["request"]["messages"]
    assert first["role"] == "system" and first["parts"][0]["text"] == "Answer in French."
    assert second["parts"][0]["text"] == "when is the meeting?"
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Something else"}]}
    outcome = server.request("POST", "/api/v1/replay", {"call_id": call_id, "request": body})[2]
    assert outcome["replay"]["model"]["requested"] == "gpt-4.1"
    assert [m["parts"][0]["text"] for m in outcome["replay"]["request"]["messages"]] == ["Something else"]


def test_what_its_sender_did_not_want_kept_is_not_kept_of_a_replay_either(server):
    call_id, _ = chat(server, "a secret", x_steno_store_full_data="false", x_steno_retention="short")
    outcome = server.request("POST", "/api/v1/replay", {"call_id": call_id})[2]
    assert outcome["replay"]["privacy"]["full_data"] is False
    assert outcome["replay"]["privacy"]["retention"] == "short"


def test_ids_may_be_shortened_as_long_as_they_name_one_call(server, contract):
    ids = sorted(chat(server, f"short {n}")[0] for n in range(2))
    for one in ids:
        for short in (one[:23], one[:23].replace("-", ""), one.upper()):
            assert server.get(f"/api/v1/calls/{short}")[2]["id"] == one
    common = next(n for n in range(36) if ids[0][n] != ids[1][n])
    ambiguous = server.get(f"/api/v1/calls/{ids[0][:common]}", expect=400)[2]
    assert "begins with" in ambiguous["detail"] and "more of the id" in ambiguous["remedy"]
    assert server.get("/api/v1/calls/ffff0000ffff", expect=404)[2]["detail"].startswith("there is no call whose id begins with")
    outcome = server.request("POST", "/api/v1/replay", {"call_id": ids[0][:23]})[2]
    assert outcome["original"]["id"] == ids[0]
    server.request("POST", f"/api/v1/calls/{ids[1][:23]}/feedback", {"verdict": "accepted"}, expect=None)
    assert server.call(ids[1])["feedback"]["verdict"] == "accepted"


def test_a_search_says_what_it_looked_through(server, contract, filled):
    page = server.get("/api/v1/calls?text=meeting&limit=1")[2]
    contract.check(page, "GET", "/api/v1/calls")
    assert page["searched"]["calls"] >= len(page["calls"]) == 1
    assert page["searched"]["last_started_at"] == page["calls"][0]["started_at"]
    nothing = server.get("/api/v1/calls?text=nowhere-to-be-found")[2]
    assert nothing["calls"] == [] and nothing["next_cursor"] is None
    assert nothing["searched"]["calls"] > page["searched"]["calls"]
    assert "searched" not in server.get("/api/v1/calls")[2]


def test_health_metrics_and_status(server, contract, filled):
    contract.check(server.get("/healthz")[2], "GET", "/healthz")
    contract.check(server.get("/readyz")[2], "GET", "/readyz")
    contract.check(server.get("/api/v1/status")[2], "GET", "/api/v1/status")
    storage = contract.check(server.get("/api/v1/storage")[2], "GET", "/api/v1/storage")
    assert storage["calls"] == sum(month["calls"] for month in storage["months"]) >= 40
    assert storage["journal"]["plain"]["bytes"] > 0 and storage["bytes"] > storage["journal"]["bytes"] + storage["store"]["bytes"] > 0
    assert storage["oldest_call"] > "2026"
    metrics = server.get("/metrics")[2].decode()
    values = dict(line.split(" ") for line in metrics.splitlines() if not line.startswith("#"))
    assert int(values["steno_calls_ended_total"]) >= 40 and values["steno_records_lost_total"] == "0"
    assert values["steno_journal_healthy"] == "1"


def test_limits_as_described(server, contract, filled):
    found = contract.check(server.get("/api/v1/limits")[2], "GET", "/api/v1/limits")
    assert found["total"] == len(found["limits"]) >= 2
    gpt = [one for one in found["limits"] if one["model"] == "gpt-4o"]
    assert gpt and {w["name"] for w in gpt[0]["windows"]} >= {"requests", "tokens"}
    assert [one["model"] for one in server.get("/api/v1/limits?model=gpt-4o&limit=1")[2]["limits"]] == ["gpt-4o"]
    assert server.get("/api/v1/limits?model=no-such-model")[2]["total"] == 0
    for wrong in ("limit=0", "limit=x", "exhausted=maybe", "colour=red"):
        problem = server.get("/api/v1/limits?" + wrong, expect=400)[2]
        contract.check(problem, "GET", "/api/v1/limits", 400)


@pytest.mark.parametrize("path, headers, status", [
    ("/api/v1/calls", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"}, 403),
    ("/api/v1/calls", {"Sec-Fetch-Site": "same-site"}, 403),
    ("/api/v1/calls", {"Sec-Fetch-Site": "same-origin"}, 200),
    ("/api/v1/calls", {"Origin": "https://evil.example"}, 403),
    ("/api/v1/calls", {"Host": "evil.example"}, 403),
    ("/api/v1/calls", {"Host": "127.0.0.1:80@evil.example"}, 403),
    ("/openai/v1/models", {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}, 403),
    ("/openai/v1/models", {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "cross-site"}, 200),
    ("/", {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none", "Accept": "text/html"}, 200),
])
def test_what_a_browser_may_ask(server, path, headers, status):
    assert server.get(path, headers=headers, expect=None)[0] == status


def test_queries_are_bounded(server):
    many = "&".join(f"trace.agent.ne=a{n}" for n in range(60))
    assert server.get("/api/v1/calls?" + many, expect=None)[0] == 400
    wide = "labels.tags.in=" + ",".join(f"t{n}" for n in range(2500))
    assert server.get("/api/v1/calls?" + wide, expect=None)[0] == 400


def test_credentials_in_a_body_go_upstream_but_not_on_the_record(server):
    _, head, _ = server.request("POST", "/openai/v1/responses", {
        "model": "gpt-4o-mini", "input": "hello", "tools": [
            {"type": "mcp", "server_label": "m", "server_url": "http://127.0.0.1/x", "authorization": "secret-of-the-tool",
             "headers": {"X-Key": "secret-of-the-header"}}]}, {"content-type": "application/json"}, expect=None)
    call = server.call(head["x-steno-call-id"])
    shown = json.dumps(call)
    assert "secret-of" not in shown and "***" in shown
    assert call["privacy"]["masked"] == {"credential": 2}
    refused = server.request("POST", "/api/v1/replay", {"call_id": call["id"]}, expect=None)
    assert refused[0] == 409 and "credential" in refused[2]["detail"]


def test_the_openapi_document_names_every_route(contract):
    routes = (pathlib.Path(__file__).resolve().parents[2] / "src/server/routes.cpp").read_text()
    streams = ("/api/v1/live", "/api/v1/calls/export", "/api/v1/daily/{file}")  # which the server sends itself
    for path in contract.document["paths"]:
        assert path in streams or f'"{path}"' in routes
    for line in routes.splitlines():
        if "Route{" in line:
            method, path = line.split('"')[1::2]
            assert method.lower() in contract.document["paths"][path]
