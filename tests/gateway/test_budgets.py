"""Budgets: what calls cost is counted exactly, and what goes beyond a hard limit does not pass."""

import concurrent.futures
import decimal
import json
import pathlib
import sys
import time
import urllib.parse
import uuid

import pytest
from conftest import Gateway
from scripted import completion, question, whole
from steno_process import Server, Simulator, run

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract  # noqa: E402

D = decimal.Decimal
MODEL = "gpt-4o-mini"  # 0.15 and 0.60 USD a million tokens
BODY = {"model": MODEL, "messages": [{"role": "user", "content": "hi there, what is the time?"}], "max_tokens": 64}


def put(server, budget, expect=200, **members):
    return server.request("PUT", f"/api/v1/budgets/{budget}", members, expect=expect)[2]


def state(server, name):
    return server.get(f"/api/v1/budgets/{name}")[2]


def spent_on_record(server, budget, **fields):
    """The sum call by call, of what the list of calls says."""
    start, end = budget["period"]["from"], budget["period"]["to"]
    query = urllib.parse.urlencode({"from": start, "to": end, **fields})
    costs = [call.get("cost", {}) for call in server.calls("&" + query)]
    return sum((D(cost["total"]) for cost in costs if cost.get("total") and cost["currency"] == budget["currency"]), D(0))


def ask(server, body=BODY, headers=None, expect=200, name="openai"):
    return server.request("POST", f"/{name}/v1/chat/completions", body, {"Content-Type": "application/json", **(headers or {})},
                          expect=expect)


@pytest.fixture(scope="module")
def simulator():
    with Simulator() as simulator:
        yield simulator


@pytest.fixture()
def server(simulator, tmp_path):
    with Server(tmp_path / "data", *simulator.upstreams()) as server:
        yield server


def test_a_budget_is_set_asked_for_changed_and_removed(server):
    contract = Contract(server.get("/api/v1/openapi.json")[2])
    added = server.request("POST", "/api/v1/budgets", {"name": "shop", "limit": "50", "scope": {"project": "shop"}}, expect=201)[2]
    assert added["spent"] == "0.000000000000" and added["soft"] == [50, 80, 100] and added["hard"] is False
    assert server.request("POST", "/api/v1/budgets", {"name": "shop", "limit": 1}, expect=409)[2]["code"] == "already_exists"
    changed = put(server, "shop", limit="12.50", per="day", tz="Europe/Berlin", soft=[10, 90], hard=True, answer=429,
                  currency="EUR", scope={"user": "ann", "model": MODEL})
    assert changed["scope"] == {"user": "ann", "model": MODEL} and changed["limit"] == "12.500000000000"
    assert changed["period"]["from"][11:19] == "00:00:00" and changed["answer"] == 429
    contract.check(changed, "PUT", "/api/v1/budgets/{name}")
    contract.check(server.get("/api/v1/budgets")[2], "GET", "/api/v1/budgets")
    contract.check(server.get("/api/v1/budgets?days=true")[2], "GET", "/api/v1/budgets")
    contract.check(server.get("/api/v1/budgets/shop")[2], "GET", "/api/v1/budgets/{name}")
    contract.check(server.get("/api/v1/status")[2], "GET", "/api/v1/status")
    assert [budget["name"] for budget in server.get("/api/v1/budgets")[2]["budgets"]] == ["shop"]
    server.request("DELETE", "/api/v1/budgets/shop", expect=204)
    assert server.get("/api/v1/budgets")[2]["budgets"] == []
    assert server.get("/api/v1/budgets/shop", expect=404)[2]["code"] == "not_found"


@pytest.mark.parametrize("members,word", [
    ({}, "limit"), ({"limit": "-1"}, "limit"), ({"limit": "much"}, "limit"), ({"limit": "1e30"}, "limit"),
    ({"limit": "0.0000000000001"}, "limit"), ({"limit": "1", "currency": "XXQ"}, "currency"),
    ({"limit": "1", "tz": "Mars/Olympus"}, "Mars/Olympus"), ({"limit": "1", "per": "year"}, "per"),
    ({"limit": "1", "scope": {"colour": "red"}}, "colour"), ({"limit": "1", "scope": "all"}, "scope"),
    ({"limit": "1", "soft": [0]}, "soft"), ({"limit": "1", "soft": "50"}, "soft"), ({"limit": "1", "answer": 500}, "answer"),
    ({"limit": "1", "hard": "yes"}, "hard"), ({"limit": "1", "name": "other"}, "name"), ({"limit": "1", "lmit": "1"}, "lmit"),
])
def test_bad_input_is_named(server, members, word):
    problem = put(server, "b", expect=400, **members)
    assert word in problem["detail"], problem
    assert server.get("/api/v1/budgets")[2]["budgets"] == []


def test_calls_at_the_gateway_are_counted_as_the_record_says(server):
    put(server, "all", limit="1")
    put(server, "shop", limit="1", scope={"project": "shop"})
    put(server, "other-model", limit="1", scope={"model": "gpt-4o"})
    for n in range(20):
        ask(server, headers={"x-steno-project": "shop"} if n % 2 else {})
    everything, shop = state(server, "all"), state(server, "shop")
    assert D(everything["spent"]) == spent_on_record(server, everything) > 0
    assert D(shop["spent"]) == spent_on_record(server, shop, project="shop") > 0
    assert shop["calls"] == 10 and everything["calls"] == 20 and state(server, "other-model")["calls"] == 0
    assert everything["calls_under_way"] == 0 and D(everything["reserved"]) == 0
    assert sum(D(day["spent"]) for day in everything["days"]) == D(everything["spent"])
    assert D(everything["remaining"]) == 1 - D(everything["spent"])
    metrics = server.get("/metrics")[2].decode()
    assert 'steno_budget_limit{budget="all",currency="USD"} 1\n' in metrics
    assert server.get("/api/v1/status")[2]["budgets"]["kept_to"] == 3


def test_a_subtree_counts_what_agents_within_do_where_calls_say_so(server):
    put(server, "own", limit="1", scope={"agent": "planner"})
    put(server, "whole", limit="1", scope={"agent_subtree": "planner"})
    for headers in ({"x-steno-agent": "planner"}, {"x-steno-agent": "writer", "x-steno-outer-agents": "director,planner"},
                    {"x-steno-agent": "writer"}, {}):
        ask(server, headers=headers)
    own, whole = state(server, "own"), state(server, "whole")
    assert own["calls"] == 1 and whole["calls"] == 2 and whole["scope"] == {"agent_subtree": "planner"}
    assert D(whole["spent"]) == spent_on_record(server, whole, **{"trace.agent_subtree": "planner"}) > D(own["spent"]) > 0
    # What is delivered later counts by the agents that it names.
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    late = [{"id": str(uuid.uuid4()), "kind": "chat", "status": "success", "started_at": now, "trace": trace,
             "cost": {"total": "0.25", "currency": "USD"}}
            for trace in ({"agent": "critic", "outer_agents": ["planner"]}, {"agent": "critic"})]
    server.request("POST", "/api/v1/calls", {"calls": late}, {"content-type": "application/json"})
    assert D(state(server, "whole")["spent"]) == D(whole["spent"]) + D("0.25")
    # And a hard limit holds for all of the subtree.
    put(server, "whole", limit="0.0001", scope={"agent_subtree": "planner"}, hard=True)
    ask(server, headers={"x-steno-agent": "writer", "x-steno-outer-agents": "planner"}, expect=402)
    ask(server, headers={"x-steno-agent": "planner"}, expect=402)
    ask(server, headers={"x-steno-agent": "writer"})


@pytest.mark.parametrize("answer", [402, 429])
def test_what_goes_beyond_a_hard_limit_is_refused_in_the_providers_words(server, answer):
    put(server, "tight", limit="0.0001", hard=True, answer=answer)
    statuses = [ask(server, expect=None) for _ in range(40)]
    refused = [(head, body) for status, head, body in statuses if status == answer]
    assert statuses[0][0] == 200 and refused and {status for status, _, _ in statuses} == {200, answer}
    head, body = refused[-1]
    assert body["error"]["message"].startswith("Steno gateway: the budget tight") and body["budget"] == "tight"
    assert head["content-type"] == "application/problem+json" and head["x-steno-error"] == "budget"
    assert ("retry-after" in head) == (answer == 429)
    if answer == 429:
        assert int(head["retry-after"]) > 0
    # It is on the record: whose budget it was, and no cost.
    call = server.call(head["x-steno-call-id"])
    assert call["status"] == "failure" and call["error"]["type"] == "quota"
    assert call["error"]["provider_type"] == "steno_budget" and call["error"]["provider_code"] == "tight"
    assert "cost" not in call and "http_status" not in call["provider"]
    tight = state(server, "tight")
    assert tight["refused_calls"] == len(refused) and D(tight["spent"]) <= D(tight["limit"])
    assert D(tight["spent"]) == spent_on_record(server, tight) and tight["unpriced_calls"] == 0
    # The provider has refused nothing.
    assert not any(limit["exhausted"] for limit in server.get("/api/v1/limits")[2]["limits"])
    for name, path, member in (("anthropic", "/v1/messages", "error"), ("gemini", "/v1beta/models/gemini-2.0-flash:generateContent", "error")):
        bodies = {"anthropic": {"model": "claude-3-7-sonnet-20250219", "max_tokens": 1000, "messages": [{"role": "user", "content": "hi"}]},
                  "gemini": {"contents": [{"parts": [{"text": "hi"}]}]}}
        told = server.request("POST", f"/{name}{path}", bodies[name], {"Content-Type": "application/json"}, expect=answer)[2]
        assert "the budget tight" in told[member]["message"]


@pytest.mark.parametrize("kind", ["agent", "embedding", "span"])
def test_another_kind_makes_a_call_no_cheaper(server, kind):
    put(server, "all", limit="1")
    head = ask(server, headers={"x-steno-kind": kind})[1]
    call = server.call(head["x-steno-call-id"])
    assert call["kind"] == "chat" and D(state(server, "all")["spent"]) == D(call["cost"]["total"]) > 0
    # One that is billed the same way may be named.
    head = ask(server, headers={"x-steno-kind": "intent"})[1]
    assert server.call(head["x-steno-call-id"])["kind"] == "intent"
    # Without budgets nobody's word is doubted.
    server.request("DELETE", "/api/v1/budgets/all", expect=204)
    head = ask(server, headers={"x-steno-kind": kind})[1]
    assert server.call(head["x-steno-call-id"])["kind"] == ("chat" if kind == "span" else kind)


def test_what_counts_tokens_or_ends_a_batch_passes_a_limit_that_is_used_up(server):
    put(server, "none", limit="0", hard=True)
    ask(server, expect=402)
    for name, path, body in (("anthropic", "/v1/messages/count_tokens", {"model": "claude-3-5-haiku-latest", "messages": [{"role": "user", "content": "hi"}]}),
                             ("openai", "/v1/batches/batch_1/cancel", {})):
        assert server.request("POST", f"/{name}{path}", body, {"Content-Type": "application/json"}, expect=None)[0] != 402


def test_256_at_once_at_the_edge_overspend_by_no_more_than_reservations_err(server):
    """A call costs at most what was set aside for it, so that nothing is overspent at all."""
    put(server, "edge", limit="0.002", hard=True, scope={"project": "edge"})
    with concurrent.futures.ThreadPoolExecutor(256) as pool:
        answers = list(pool.map(lambda _: ask(server, headers={"x-steno-project": "edge"}, expect=None)[0], range(1024)))
    assert set(answers) == {200, 402}
    edge = state(server, "edge")
    assert D(edge["spent"]) == spent_on_record(server, edge, project="edge")
    assert D(edge["spent"]) <= D(edge["limit"])
    assert edge["calls_under_way"] == 0 and D(edge["reserved"]) == 0
    assert answers.count(402) == edge["refused_calls"]
    # And the limit is used, not only kept to: one after the other calls pass until one more does not fit.
    while ask(server, headers={"x-steno-project": "edge"}, expect=None)[0] == 200:
        pass
    edge = state(server, "edge")
    assert 0 <= D(edge["remaining"]) < D("0.0001")
    assert D(edge["spent"]) == spent_on_record(server, edge, project="edge")


def test_what_programs_deliver_is_spent_when_it_arrives_and_once(server):
    put(server, "all", limit="1")
    now = time.time_ns()
    call = {"id": "01999999-0000-7000-8000-000000000001", "kind": "chat", "status": "success", "project": "sdk",
            "started_at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now / 1e9)) + "Z",
            "provider": {"name": "openai"}, "model": {"requested": MODEL}, "usage": {"input_tokens": 1000, "output_tokens": 1000}}
    unpriced = {**call, "id": "01999999-0000-7000-8000-000000000002", "model": {"requested": "house-model"}}
    euros = {**call, "id": "01999999-0000-7000-8000-000000000003", "cost": {"total": "7", "currency": "EUR"}}
    for _ in range(3):
        server.request("POST", "/api/v1/calls", {"calls": [call, unpriced, euros]}, {"Content-Type": "application/json"}, expect=None)
        told = state(server, "all")
        assert told["spent"] == "0.000750000000" and told["unpriced_calls"] == 1 and told["calls"] == 3
        assert told["other_currencies"] == [{"currency": "EUR", "spent": "7.000000000000"}]


def test_ai_calls_alone_count(server):
    put(server, "all", limit="50")
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    calls = [{"kind": kind, "name": "x", "source": "python", "status": "success", "started_at": started,
              "cost": {"total": "0.5", "currency": "USD", "source": "provider"}} for kind in ("chat", "chat", "function", "agent", "retrieval")]
    server.request("POST", "/api/v1/calls", {"calls": calls}, {"content-type": "application/json"})
    told = server.wait_for(lambda: (one := state(server, "all")) and one["calls"] and one, "the calls")
    assert (told["calls"], D(told["spent"])) == (2, D(1))
    assert [(day["calls"], D(day["spent"])) for day in told["days"]] == [(2, D(1))]
    totals = json.loads(run("cost", "--days", "1", "--by", "model.requested", "--json", "--server", server.url).stdout)["total"]
    assert totals["calls"] == 2 and D(totals["cost"]["total"]) == D(told["spent"])


def test_a_channel_that_there_is_not_changes_nothing(server):
    here = ("--server", server.url)
    run("budgets", "set", "shop", "--limit", "50", *here)
    before = json.loads(run("budgets", "show", "shop", "--json", *here).stdout)
    refused = run("budgets", "set", "shop", "--limit", "80", "--alert", "10,20", "--channel", "nix", *here, check=False)
    assert refused.returncode != 0 and 'no channel named "nix"' in refused.stderr and "log" in refused.stderr
    after = json.loads(run("budgets", "show", "shop", "--json", *here).stdout)
    assert (after["limit"], after["soft"]) == (before["limit"], before["soft"])
    run("budgets", "set", "shop", "--alert", "10,20", "--channel", "log", *here)
    twice = run("alerts", "add-defaults", *here).stdout
    assert "budget-shop and budgets both tell of the budget shop" in twice
    assert "gets each message twice" in run("budgets", "show", "shop", *here).stdout
    # Whoever sets a rule that tells what another does is told so at once.
    spending = run("alerts", "set", "spending", "--any-budget", *here)
    assert "warning: budgets and spending both tell of every budget: messages come twice (steno alerts remove budgets)" in spending.stderr
    assert "budget-shop and spending both tell of the budget shop" in spending.stderr and "budget-shop and budgets" not in spending.stderr
    run("alerts", "remove", "budgets", *here)
    run("alerts", "remove", "spending", *here)
    for elsewhere in (["--at", "25"], ["--at", "none", "--projected"]):
        run("alerts", "set", "shop-80", "--budget", "shop", "--at", "80,100", *here)
        early = run("alerts", "set", "shop-early", "--budget", "shop", *elsewhere, *here)
        assert "shop-80 and shop-early" not in early.stderr, elsewhere
    assert "shop-80 and shop-early both tell of the budget shop" in run("alerts", "set", "shop-early", "--budget", "shop", "--at", "100", *here).stderr
    assert run("alerts", "set", "slow", "--metric", "duration_p95", "--warning", "9s", *here).stderr == ""


def test_after_a_kill_the_figure_is_that_of_the_record(simulator, tmp_path):
    """Journaled and not fed, fed and not told, running: whatever it was when the process died."""
    data = tmp_path / "data"
    flags = simulator.upstreams()
    for turn in range(4):
        with Server(data, *flags) as server:
            if turn == 0:
                put(server, "all", limit="100", hard=True)
            told = state(server, "all")
            assert told["known"] and D(told["spent"]) == spent_on_record(server, told)
            assert told["calls"] == len(server.calls())
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda _: ask(server), range(40)))
            told = state(server, "all")
            assert D(told["spent"]) == spent_on_record(server, told)
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                futures = [pool.submit(ask, server) for _ in range(40)]
                while sum(future.done() for future in futures) < 10:
                    time.sleep(0.001)
                server.kill()
                for future in futures:
                    future.exception()


def test_cancelled_streams_failures_and_cuts_leave_nothing_set_aside(tmp_path):
    gateway = Gateway(tmp_path)
    try:
        put(gateway.server, "all", limit="100", hard=True)
        body = json.dumps({**BODY, "stream": True}).encode()
        # Refused by the provider.
        gateway.exchange(whole(b'{"error":{"message":"no"}}', status=400), question())
        # The client goes away before the answer.
        gateway.upstream.script = whole(completion(), fields=[])
        client, session = gateway.ask(body)
        client.close()
        gateway.recorded(session)
        gateway.exchange(whole(completion()), question())
        deadline = time.monotonic() + 30
        while (told := state(gateway.server, "all"))["calls_under_way"] and time.monotonic() < deadline:
            time.sleep(0.05)
        assert told["calls_under_way"] == 0 and D(told["reserved"]) == 0
        assert D(told["spent"]) == spent_on_record(gateway.server, told)
    finally:
        gateway.server.stop()


def test_calls_go_on_where_budgets_cannot_be_read(simulator, tmp_path):
    data = tmp_path / "data"
    with Server(data, *simulator.upstreams()) as server:
        put(server, "none", limit="0", hard=True)
        ask(server, expect=402)
    (data / "control.sqlite").write_bytes(b"this is no database" * 100)
    for rest in ("-wal", "-shm"):
        (data / f"control.sqlite{rest}").unlink(missing_ok=True)
    with Server(data, *simulator.upstreams()) as server:
        ask(server)
        status = server.get("/api/v1/status")[2]["budgets"]
        assert status["healthy"] is False and status["last_error"] and status["kept_to"] == 0
        assert server.get("/api/v1/budgets", expect=None)[0] >= 500
        assert "budgets are not kept to" in server.output()


def test_the_command_line(simulator, tmp_path):
    data = tmp_path / "data"
    with Server(data, *simulator.upstreams()) as server:
        ask(server, headers={"x-steno-project": "shop"})
        at = ("--server", server.url)
        run("budgets", "set", "shop-month", "--limit", "50", "--per", "month", "--project", "shop", "--hard", *at)
        assert "shop-month" in run("budgets", *at).stdout
    # The same on the folder, without a server.
    told = json.loads(run("budgets", "--data", data, "--json").stdout)["budgets"][0]
    assert told["scope"] == {"project": "shop"} and told["calls"] == 1 and told["known"] is True
    run("budgets", "set", "shop-month", "--limit", "80", "--data", data)
    told = json.loads(run("budgets", "show", "shop-month", "--data", data, "--json").stdout)
    assert told["limit"] == "80.000000000000" and told["hard"] is True and told["scope"] == {"project": "shop"}
    shown = run("budgets", "show", "shop-month", "--data", data).stdout
    assert "$80.00 a month" in shown and "refuses calls with 402" in shown
    for wrong, word in ((("--limit", "-5"), "limit"), (("--limit", "1", "--tz", "Nowhere"), "Nowhere"),
                        (("--limit", "1", "--currency", "dollars"), "currency"), (("--limit", "1", "--soft", "half"), "--soft")):
        refused = run("budgets", "set", "b", *wrong, "--data", data, check=False)
        assert refused.returncode != 0 and word in refused.stderr, refused
    assert "needs a limit" in run("budgets", "set", "b", "--data", data, check=False).stderr
    run("budgets", "set", "planner-day", "--limit", "2", "--per", "day", "--agent-subtree", "planner", "--data", data)
    assert "agent subtree planner" in run("budgets", "show", "planner-day", "--data", data).stdout
    run("budgets", "remove", "planner-day", "--data", data)
    run("budgets", "remove", "shop-month", "--data", data)
    assert "no budgets" in run("budgets", "--data", data).stdout
    assert run("budgets", "show", "shop-month", "--data", data, check=False).returncode != 0
