"""Prices of one's own, and calls of the past re-priced by them: on the built program, by API and command line, through
restarts, rebuilds and kill -9. Sums are held against sums made call by call."""

import contextlib
import decimal
import json
import pathlib
import re
import sqlite3
import sys
import time
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract
from rebuild import assert_equals_a_rebuild
from steno_process import Server, run

D = decimal.Decimal
HOUSE = {"provider": "openai", "model": "house", "input": "2", "output": "4"}
PERIOD = "from=2026-01-01&to=2026-11-20"


def call(number, **more):
    """10 input and 5 output tokens of the house's model, unless told otherwise."""
    return {"id": str(uuid.UUID(int=number + 1)), "kind": "chat", "name": "house", "source": "python", "status": "success",
            "started_at": f"2026-11-{1 + number % 18:02}T10:00:00.{number % 1000:03}Z", "provider": {"name": "openai"},
            "model": {"requested": "house"}, "usage": {"input_tokens": 10 + number % 7, "output_tokens": 5}} | more


def deliver(server, calls):
    for at in range(0, len(calls), 1000):
        taken = server.request("POST", "/api/v1/calls", {"calls": calls[at:at + 1000]}, {"content-type": "application/json"})[2]
        assert taken["rejected"] == [], taken


def set_prices(server, *prices, expect=200, **more):
    return server.request("POST", "/api/v1/prices", {"prices": list(prices), **more}, expect=expect)[2]


def reprice(server, query=PERIOD, expect=None, **body):
    answer = server.request("POST", f"/api/v1/prices/reprice?{query}", body, expect=expect)[2]
    while answer.get("status") == "running":
        time.sleep(0.05)
        answer = server.get(f"/api/v1/prices/repricings/{answer['id']}")[2]
    return answer


def by_hand(calls, input_price, output_price):
    return sum((D(c["usage"]["input_tokens"]) * D(input_price) + D(c["usage"]["output_tokens"]) * D(output_price)) / 1_000_000 for c in calls)


def recorded(calls):
    return sum(D(c["cost"]["total"]) for c in calls if c.get("cost", {}).get("total"))


@pytest.fixture()
def server(tmp_path):
    with Server(tmp_path / "data") as server:
        yield server


@pytest.fixture()
def contract(server):
    return Contract(server.get("/api/v1/openapi.json")[2])


def test_a_price_holds_at_once_and_each_version_is_kept(server, contract):
    deliver(server, [call(1)])
    assert "total" not in server.call(call(1)["id"]).get("cost", {})
    told = contract.check(set_prices(server, HOUSE, by="ada", reason="contract"), "POST", "/api/v1/prices")
    assert told["prices"][0]["changed"] and told["prices"][0]["before"] is None
    deliver(server, [call(2)])
    cost = server.call(call(2)["id"])["cost"]
    assert cost["price_id"] == "openai/house@undated/own-1" and cost["source"] == "custom" and "repricing" not in cost

    again = set_prices(server, HOUSE)["prices"][0]
    assert not again["changed"] and again["now"]["version"] == 1
    dearer = contract.check(set_prices(server, HOUSE | {"input": "3"}), "POST", "/api/v1/prices")["prices"][0]
    assert dearer["before"]["price"]["input"] == "2" and dearer["now"]["replaces"] == 1
    listed = contract.check(server.get("/api/v1/prices?own=true")[2], "GET", "/api/v1/prices")
    assert [price["version"] for price in listed["prices"]] == [2]
    versions = contract.check(server.get("/api/v1/prices/versions")[2], "GET", "/api/v1/prices/versions")["versions"]
    assert [(v["version"], v["in_force"], v["set_by"], v["replaced_by"]) for v in versions] == [(2, True, None, None), (1, False, "ada", 2)]
    removed = server.request("DELETE", "/api/v1/prices/versions/own-2?by=bob&reason=over")[2]
    contract.check(removed, "DELETE", "/api/v1/prices/versions/{version}")
    assert removed["ended_by"] == "bob" and removed["end_reason"] == "over" and not removed["in_force"]
    contract.check(server.get("/api/v1/prices/versions/1")[2], "GET", "/api/v1/prices/versions/{version}")
    deliver(server, [call(3)])
    assert "total" not in server.call(call(3)["id"]).get("cost", {})


@pytest.mark.parametrize("price, says", [
    (HOUSE | {"input": "-1"}, "not negative"),
    (HOUSE | {"input": "0.0000001"}, "looks like a price per token"),
    (HOUSE | {"input": "1e99"}, "decimal"),
    (HOUSE | {"input": "two"}, "decimal"),
    (HOUSE | {"per_banana": "1"}, "per_banana"),
    (HOUSE | {"from": "2026-13-45"}, "no time"),
    (HOUSE | {"from": "2026-12-01", "to": "2026-12-01"}, "to is not after from"),
    (HOUSE | {"currency": "dollars"}, "three capital letters"),
    ({"provider": "openai"}, "model is missing"),
])
def test_what_is_no_price_is_refused_with_a_reason(server, price, says):
    assert says in json.dumps(set_prices(server, price, expect=400))
    assert server.get("/api/v1/prices?own=true")[2] == {"prices": []}


def test_bad_orders_are_refused(server):
    set_prices(server, HOUSE | {"from": "2026-11-01", "to": "2027-01-01"})
    overlapping = set_prices(server, HOUSE | {"from": "2026-12-01"}, expect=409)
    assert "own-1" in overlapping["detail"] and overlapping["remedy"]
    for query, says in (("", "which time"), ("from=2026-11-20&to=2026-11-01", "nothing lies between"), ("period=someday", "someday"),
                        (PERIOD + "&modle=x", "modle"), (PERIOD + "&text=x", "text")):
        assert says in json.dumps(reprice(server, query, expect=400)), query
    for body in (b"[]", b'{"apply": "yes"}', b'{"aply": true}', b"{", b'{"prices": 5}', b"{}" * 3):
        assert server.request("POST", f"/api/v1/prices/reprice?{PERIOD}", body, expect=400)[2]["detail"]
    reprice(server, expect=400, reason="x" * 5000)
    server.request("DELETE", "/api/v1/prices/versions/nine", expect=400)
    server.request("DELETE", "/api/v1/prices/versions/9", expect=404)
    server.get("/api/v1/prices/repricings/2026-11-22-nobody", expect=404)
    assert server.request("POST", "/api/v1/prices", {"prices": []}, expect=400)[2]["remedy"]
    # A page of somebody else's in the browser.
    server.request("POST", f"/api/v1/prices/reprice?{PERIOD}", {}, {"Sec-Fetch-Site": "cross-site"}, expect=403)


def test_looked_at_applied_and_kept_over_restart_and_rebuild(server, contract, tmp_path):
    calls = [call(n) for n in range(500)]
    calls += [call(n, cost={"total": "0.5", "currency": "USD", "source": "provider"}) for n in range(500, 520)]
    calls += [call(n, model={"requested": "nobody-knows"}) for n in range(520, 530)]
    set_prices(server, HOUSE)
    deliver(server, calls)
    server.request("PUT", "/api/v1/budgets/november", {"limit": "100", "per": "month"})
    before = server.calls()
    house = [c for c in before if c["model"]["requested"] == "house" and c["cost"]["source"] == "custom"]
    assert len(house) == 500 and recorded(house) == by_hand(house, 2, 4)

    set_prices(server, HOUSE | {"input": "3", "from": "2026-11-10"})
    later = [c for c in house if c["started_at"] >= "2026-11-10"]
    look = contract.check(reprice(server), "GET", "/api/v1/prices/repricings/{id}")
    found = look["difference"]
    assert (found["looked_at"], found["changed"], found["kept"], found["unpriced"], found["same"]) == (530, len(later), 20, 10, 500 - len(later))
    (totals,) = found["totals"]
    assert D(totals["before"]) == recorded(before)
    assert D(totals["difference"]) == by_hand(later, 3, 4) - by_hand(later, 2, 4) == D(found["amended"][0]["difference"])
    assert found["reasons"] == [{"reason": "no price is known for openai/nobody-knows", "calls": 10}]
    assert server.calls() == before and server.get("/api/v1/prices/repricings")[2] == {"repricings": []}

    spent = D(server.get("/api/v1/budgets/november")[2]["spent"])
    applied = reprice(server, apply=True, by="ada", reason="contract")
    assert applied["difference"] == found and applied["status"] == "done"
    after = {c["id"]: c for c in server.calls()}
    for old in before:
        now = after[old["id"]]
        if old in later:
            assert now["cost"]["repricing"] == applied["id"] and now["cost"]["price_id"] == "openai/house@2026-11-10/own-2"
            assert now["cost"]["former"] == {name: old["cost"][name] for name in ("total", "currency", "price_id", "source")}
            assert D(now["cost"]["total"]) == by_hand([old], 3, 4)
        else:
            assert now == old
    if all(c["started_at"].startswith(time.strftime("%Y-%m")) for c in before):  # of this month, as long as it is that
        assert D(server.get("/api/v1/budgets/november")[2]["spent"]) - spent == D(totals["difference"])
    groups = server.get(f"/api/v1/aggregate?{PERIOD}&group_by=cost.repricing,cost.source&measures=calls,cost")[2]["groups"]
    assert {(g["key"]["cost.repricing"], g["key"]["cost.source"]): g["calls"] for g in groups} == {
        (applied["id"], "custom"): len(later), (None, "custom"): 500 - len(later), (None, "provider"): 20, (None, None): 10}
    explained = contract.check(server.get(f"/api/v1/prices/explain/{later[0]['id']}")[2], "GET", "/api/v1/prices/explain/{id}")
    assert explained["repricing"] == applied["id"] and explained["former_total"] == later[0]["cost"]["total"]

    again = reprice(server, apply=True)
    assert again["difference"]["changed"] == again["difference"]["priced"] == 0
    deliver(server, [calls[0], call(17, release="once more")])
    assert server.call(call(17)["id"])["cost"] == after[call(17)["id"]]["cost"]

    server.stop()
    lines = assert_equals_a_rebuild(server.data)
    assert sum(applied["id"] in line for line in lines) == len(later)
    with Server(server.data) as restarted:
        trail = contract.check(restarted.get("/api/v1/prices/repricings")[2], "GET", "/api/v1/prices/repricings")["repricings"]
        assert [one["id"] for one in trail] == [again["id"], applied["id"]]
        assert trail[1]["difference"] == found and (trail[1]["by"], trail[1]["reason"]) == ("ada", "contract")


def undo(server, run_id, expect=None, **body):
    answer = server.request("POST", f"/api/v1/prices/repricings/{run_id}/undo", body, expect=expect)[2]
    while answer.get("status") == "running":
        time.sleep(0.05)
        answer = server.get(f"/api/v1/prices/repricings/{answer['id']}")[2]
    return answer


def test_what_is_undone_is_as_it_was_after_a_restart_and_a_rebuild_too(server, contract):
    calls = [call(n) for n in range(200)] + [call(n, model={"requested": "late"}) for n in range(200, 220)]
    calls += [call(n, cost={"total": "0.5", "currency": "USD", "source": "provider"}) for n in range(220, 230)]
    set_prices(server, HOUSE)
    deliver(server, calls)
    before = {c["id"]: c for c in server.calls()}
    set_prices(server, HOUSE | {"input": "3"}, HOUSE | {"model": "late", "input": "7"})
    applied = reprice(server, apply=True, include_provider=True, reason="contract")
    assert (applied["difference"]["changed"], applied["difference"]["priced"]) == (210, 20)
    assert applied["undoes"] is None and applied["undone_by"] is None
    # Whatever prices are in force then.
    for number in (2, 3):
        server.request("DELETE", f"/api/v1/prices/versions/{number}?reason=wrong&by=ada")

    look = contract.check(undo(server, applied["id"]), "GET", "/api/v1/prices/repricings/{id}")
    assert look["apply"] is False and look["difference"]["changed"] == 230 and look["difference"]["cleared"] == 20
    assert {c["id"]: c for c in server.calls()} != before
    undone = undo(server, applied["id"], apply=True, reason="the wrong contract", by="bob")
    assert undone["status"] == "done" and undone["difference"] == look["difference"] and undone["undoes"] == applied["id"]
    (totals,) = undone["difference"]["totals"]
    assert D(totals["after"]) == recorded(before.values()) and D(totals["before"]) == D(applied["difference"]["totals"][0]["after"])

    def same_as_before(server):
        for now in server.calls():
            cost = dict(now.get("cost", {}))
            assert cost.pop("repricing") == undone["id"] and cost.pop("former")["price_id"].rsplit("/", 1)[1] in ("own-2", "own-3")
            assert cost == before[now["id"]].get("cost", {})
    same_as_before(server)
    idle = contract.check(undo(server, applied["id"], apply=True), "GET", "/api/v1/prices/repricings/{id}")
    assert idle["difference"]["changed"] == 0 and idle["note"] == f"all of {applied['id']} is undone already, by {undone['id']}"
    assert server.request("POST", "/api/v1/prices/repricings/2026-11-22-nobody/undo", {}, expect=404)[2]["remedy"]
    assert "wrote nothing" in undo(server, look["id"], expect=409)["detail"]
    for body in (b'{"include_provider": true}', b'{"aply": true}', b"[]"):
        server.request("POST", f"/api/v1/prices/repricings/{applied['id']}/undo", body, expect=400)

    server.stop()
    assert_equals_a_rebuild(server.data)
    with Server(server.data) as restarted:
        same_as_before(restarted)
        trail = contract.check(restarted.get("/api/v1/prices/repricings")[2], "GET", "/api/v1/prices/repricings")["repricings"]
        assert [one["id"] for one in trail] == [undone["id"], applied["id"]], "what undid nothing is not on it"
        assert trail[1]["undone_by"] == undone["id"] and trail[0]["undone_by"] is None
        assert [(one["by"], one["reason"]) for one in trail if one["id"] == undone["id"]] == [("bob", "the wrong contract")]
        history = run("prices", "history", "--server", restarted.url).stdout
        assert f"undoes {applied['id']}" in history and f"undone by {undone['id']}" in history
        told = run("prices", "undo", applied["id"], "--server", restarted.url).stdout
        assert "nothing would change" in told and f"is undone already, by {undone['id']}" in told
        told = run("prices", "undo", undone["id"], "--server", restarted.url).stdout
        assert re.search(r"\b230 +would cost again what they did before", told), told
        forth = undo(restarted, undone["id"], apply=True)
        assert (forth["difference"]["changed"], forth["difference"]["priced"], forth["difference"]["cleared"]) == (210, 20, 0)


def test_repricings_are_undone_one_after_the_other(server, contract):
    set_prices(server, HOUSE)
    deliver(server, [call(1), call(2)])
    as_recorded = recorded(server.calls())
    set_prices(server, HOUSE | {"input": "3"})
    first = reprice(server, apply=True, reason="one")
    after_first = recorded(server.calls())
    set_prices(server, HOUSE | {"input": "5"})
    second = reprice(server, apply=True, reason="two")
    told = run("prices", "undo", first["id"], "--apply", "--reason", "both", "--server", server.url).stdout
    assert "nothing was to be undone" in told and "must be undone first, in this order: " + second["id"] in " ".join(told.split())
    assert undo(server, second["id"], apply=True)["difference"]["changed"] == 2
    assert recorded(server.calls()) == after_first
    look = contract.check(undo(server, first["id"]), "GET", "/api/v1/prices/repricings/{id}")
    assert look["difference"]["changed"] == 2 and recorded(server.calls()) == after_first
    told = run("prices", "undo", first["id"], "--apply", "--reason", "both", "--server", server.url).stdout
    assert "2 calls undone as " in told
    assert recorded(server.calls()) == as_recorded == by_hand([call(1), call(2)], 2, 4)
    assert all(one["undone_by"] for one in server.get("/api/v1/prices/repricings")[2]["repricings"] if not one["undoes"])


def sums_answered(server):
    return int(re.search(r'steno_queries_answered_total\{kind="sum"\} (\d+)', server.get("/metrics")[2].decode())[1])


def test_a_price_that_does_not_fit_is_said(server, contract):
    recent = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    cached = {"input_tokens": 2000, "output_tokens": 5, "cache_read_tokens": 1408}
    deliver(server, [call(n, started_at=recent, model={"requested": "gpt-4o"}) for n in range(3)])
    deliver(server, [call(n, started_at=recent, model={"requested": "gpt-4o"}, usage=cached) for n in range(3, 7)])
    where = ("--server", server.url)
    told = run("prices", "set", "--provider", "openai", "--model", "gpt-4o", "--input", "2", "--output", "8", *where)
    assert "own-1" in told.stdout and "4 of the 7 calls" in told.stderr and "no price for cache reads of openai/gpt-4o: 4 calls" in told.stderr
    # Whoever sets it without the command is told in the same words.
    body = {"prices": [{"provider": "openai", "model": "gpt-4o", "input": "2", "output": "8"}]}
    before = sums_answered(server)
    answer = contract.check(server.request("POST", "/api/v1/prices", body, {"content-type": "application/json"})[2], "POST", "/api/v1/prices")
    assert sums_answered(server) == before + 1  # in the line of those that read many calls
    (warning,) = answer["warnings"]
    assert told.stderr == f"warning: {warning}\n"
    fit = contract.check(server.get("/api/v1/prices/fit?versions=own-1")[2], "GET", "/api/v1/prices/fit")
    assert fit["looked_at"] == 7 and fit["complete"] is True and fit["providers"] == [{"provider": "openai", "calls": 7}]
    (one,) = fit["prices"]
    assert (one["calls"], one["unpriced"], one["same_as_known"]) == (7, 4, True) and one["models"] == [{"model": "gpt-4o", "calls": 7}]
    whole = run("prices", "set", "--provider", "openai", "--model", "gpt-4o", "--input", "2", "--output", "8", "--cache-read", "1", *where)
    assert whole.stderr == ""
    wrong_model = run("prices", "set", "--provider", "openai", "--model", "gpt4o", "--input", "2", "--output", "8", *where)
    assert "own-3: no call of the last 30 days" in wrong_model.stderr and "asked for gpt-4o" in wrong_model.stderr
    wrong_provider = run("prices", "set", "--provider", "opena", "--model", "gpt-4o", "--input", "2", "--output", "8", *where)
    assert 'a provider "opena"; those on record: openai' in wrong_provider.stderr
    twin = run("prices", "set", "--provider", "openai", "--model", "our-chat", "--same-as", "gpt-9", *where)
    assert "no price is known for the model that it is to cost as" in twin.stderr
    removed = run("prices", "remove", "own-3", "own-4", "--reason", "typing", "--by", "ada", *where).stdout
    assert removed.count("is removed") == 2
    history = run("prices", "history", *where).stdout
    assert "by ada: typing" in history and "cache_read 1" in history
    server.get("/api/v1/prices/fit?versions=99", expect=404)
    server.get("/api/v1/prices/fit?versions=x", expect=400)
    for query in ("", "?versions=", "?versions=,"):
        assert "versions" in server.get(f"/api/v1/prices/fit{query}", expect=400)[2]["detail"]
    own = ("--provider", "openai", "--model", "our-chat", "--same-as", "gpt-4o")
    assert run("prices", "set", *own, *where).stderr == 'warning: own-6: no call of the last 30 days is one that it is for; calls of openai asked for gpt-4o\n'
    drawn = run("prices", "set", "--provider", "openai", "--model", "gpt-4o", "--variant", "1024x1024 hd", "--amount", "per_image=0.07", *where)
    assert drawn.stderr == "", "only requests say of which variant a call is"
    fit = contract.check(server.get("/api/v1/prices/fit?versions=7")[2], "GET", "/api/v1/prices/fit")
    assert fit["complete"] and fit["looked_until"] is None and fit["prices"][0]["calls"] is None and fit["prices"][0]["unpriced"] is None


def test_days_are_those_of_the_zone(server):
    run("prices", "set", "--provider", "openai", "--model", "gpt-4o", "--input", "2", "--output", "8", "--cache-read", "1",
        "--from", "2026-12-01", "--tz", "Europe/Berlin", "--by", "ada", "--server", server.url)
    (kept,) = json.loads(run("prices", "history", "--json", "--server", server.url).stdout)["versions"]
    assert kept["price"]["from"] in ("2026-11-30T23:00:00.000000000Z", "2026-12-01T00:00:00.000000000+01:00")
    assert kept["set_by"] == "ada"


def test_what_the_provider_said_only_if_asked_for(server):
    set_prices(server, HOUSE)
    deliver(server, [call(1, cost={"total": "0.5", "currency": "USD", "source": "provider"})])
    assert reprice(server, apply=True)["difference"]["changed"] == 0
    assert reprice(server, apply=True, include_provider=True)["difference"]["changed"] == 1
    cost = server.call(call(1)["id"])["cost"]
    assert cost["former"]["source"] == "provider" and D(cost["total"]) == by_hand([call(1)], 2, 4)


def test_killed_in_the_middle_and_made_whole_by_repeating_it(tmp_path):
    calls = [call(n) for n in range(30_000)]
    with Server(tmp_path / "data") as server:
        set_prices(server, HOUSE)
        deliver(server, calls)
        server.wait_until_fed()
        set_prices(server, HOUSE | {"input": "3"})
        started = server.request("POST", f"/api/v1/prices/reprice?{PERIOD}", {"apply": True}, expect=None)[2]
        server.wait_for(lambda: server.get(f"/api/v1/prices/repricings/{started['id']}")[2]["looked_at"] > 4096 or None, "beginning")
        server.kill()
    def summed(server, **filters):
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        (group,) = server.get(f"/api/v1/aggregate?measures=calls,cost&{query}")[2]["groups"] or [{"calls": 0, "cost": {}}]
        return group["calls"], D(group["cost"].get("total") or 0)

    with Server(tmp_path / "data") as server:
        server.wait_until_fed()
        (dead,) = server.get("/api/v1/prices/repricings")[2]["repricings"]
        done, cost = summed(server, **{"cost.repricing.exists": "true"})
        if dead["status"] == "done":  # the machine was faster than the death
            assert done == len(calls)
        else:
            assert dead["status"] == "interrupted" and dead["difference"]["changed"] == done
        assert not done or D(dead["difference"]["amended"][0]["after"]) == cost
        rest = reprice(server, apply=True)
        assert rest["status"] == "done" and rest["difference"]["changed"] == len(calls) - done
        assert summed(server) == (len(calls), by_hand(calls, 3, 4))
        assert reprice(server)["difference"]["changed"] == 0
    assert_equals_a_rebuild(tmp_path / "data")


def test_the_commands_with_a_folder_and_with_a_server(tmp_path):
    data = tmp_path / "data"
    run("demo", "--data", data, "--calls", "2000", "--days", "20", "--seed", "4")
    model = max(json.loads(run("stats", "--days", "30", "--by", "model.requested", "--json", "--data", data).stdout)["groups"],
                key=lambda group: float((group.get("cost") or {}).get("total") or 0))["key"]["model.requested"]
    provider = json.loads(run("calls", "list", "-f", f"model.requested={model}", "-n", "1", "--json", "--data", data).stdout)["calls"][0]["provider"]["name"]
    with Server(data) as server:
        for where in (("--server", server.url), ("--data", data)):
            assert "own-" in run("prices", "set", "--provider", provider, "--model", model, "--input", "1.23", "--output", "4.56", *where).stdout
        looked = run("prices", "reprice", "--days", "30", "--server", server.url).stdout
        assert "would cost something else" in looked and "--apply" in looked and model in looked
    applied = run("prices", "reprice", "--days", "30", "--apply", "--reason", "a test", "--data", data).stdout
    assert "re-priced as" in applied
    assert "nothing was to be changed" in run("prices", "reprice", "--days", "30", "--apply", "--reason", "once more", "--data", data).stdout
    unreasoned = run("prices", "reprice", "--days", "30", "--apply", "--data", data, check=False)
    assert unreasoned.returncode == 2 and "--reason" in unreasoned.stderr
    (first,) = [one for one in json.loads(run("prices", "history", "--json", "--data", data).stdout)["repricings"] if one["reason"] == "a test"]
    assert first["by"]
    looked = run("prices", "undo", first["id"], "--data", data).stdout
    assert "would cost again what they did before" in looked and "steno prices undo" in looked
    assert " undone as " in run("prices", "undo", first["id"], "--apply", "--reason", "wrong", "--data", data).stdout
    history = run("prices", "history", "--data", data).stdout
    assert "a test" in history and "own-1" in history
    assert set(json.loads(run("prices", "history", "--json", "--data", data).stdout)) == {"versions", "damaged", "repricings"}
    told = run("cost", "--days", "30", "--data", data).stdout
    assert "\nprices: catalogue " in told and re.search(r"\([\d,]+, re-priced 20\d\d-", told)
    wrong = run("prices", "reprice", "--data", data, check=False)
    assert wrong.returncode == 2 and "which time" in wrong.stderr
    assert "0.0000" in run("prices", "reprice", "--days", "30", "--json", "--data", data).stdout


def test_what_is_damaged_is_named_and_the_rest_is_shown(tmp_path):
    data = tmp_path / "data"
    with Server(data) as server:
        deliver(server, [call(n) for n in range(3)])
        server.wait_until_fed()
        set_prices(server, HOUSE, by="ada")
        set_prices(server, HOUSE | {"model": "other"})
        applied = reprice(server, apply=True, reason="a test")
        second = reprice(server, apply=True, reason="another", include_provider=True)
    with contextlib.closing(sqlite3.connect(data / "control.sqlite")) as database, database:
        database.execute("UPDATE price_versions SET price = '{\"provider\": ' WHERE version = 1")
        database.execute("UPDATE repricings SET difference = '{\"changed\": ' WHERE id = ?", (applied["id"],))
    with Server(data) as server:
        answer = Contract(server.get("/api/v1/openapi.json")[2]).check(server.get("/api/v1/prices/versions")[2], "GET", "/api/v1/prices/versions")
        assert [one["price_id"] for one in answer["versions"]] == ["openai/other@undated/own-2"]
        (damaged,) = answer["damaged"]
        assert damaged["version"] == 1 and damaged["set_by"] == "ada" and damaged["in_force"] and "own-1" in damaged["remedy"]
        server.get("/api/v1/prices/versions/1", expect=500)
        shown = run("prices", "history", "--server", server.url, check=False)
        assert shown.returncode == 11 and "damaged: own-1, set 20" in shown.stderr and "by ada" in shown.stderr and "steno prices remove own-1" in shown.stderr
        assert "own-2" in shown.stdout and applied["id"] in shown.stdout
        runs = {one["id"]: one for one in json.loads(run("prices", "history", "--json", "--server", server.url, check=False).stdout)["repricings"]}
        assert runs[applied["id"]]["difference"] is None and "damaged" in runs[applied["id"]]["error"]
        if "id" in second and second["id"] in runs:
            assert runs[second["id"]]["difference"]["looked_at"] == 3
        run("prices", "remove", "own-1", "--reason", "damaged", "--server", server.url)
        shown = run("prices", "history", "--server", server.url, check=False)
        assert shown.returncode == 11 and "not in force" in shown.stderr and "steno prices remove" not in shown.stderr


def test_no_database_no_writing(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/control.sqlite").write_text("this is no database at all, is it?" * 100)
    with Server(tmp_path / "data") as server:
        deliver(server, [call(1, model={"requested": "gpt-4o"})])
        assert server.call(call(1)["id"])["cost"]["source"] == "catalogue"
        assert reprice(server)["difference"]["same"] == 1
        for refused in (set_prices(server, HOUSE, expect=None), reprice(server, apply=True)):
            assert refused["detail"] and refused["code"]
        server.get("/api/v1/prices/repricings", expect=409)
        prices = server.get("/api/v1/status")[2]["prices"]
        assert prices["healthy"] is False and prices["last_error"]


def test_nothing_is_applied_where_nothing_is_fed(tmp_path):
    with Server(tmp_path / "data") as server:
        deliver(server, [call(n) for n in range(20)])
        set_prices(server, HOUSE)
        assert server.get("/api/v1/status")[2]["prices"] == {"healthy": True}
        server.wait_until_fed()
    with Server(tmp_path / "data", env={"STENO_STORE_FEED": "off"}) as server:
        for _ in range(2):
            refused = reprice(server, apply=True, expect=409)
            assert "nothing is fed" in refused["detail"] and "store.feed" in str(refused), refused
        assert reprice(server)["difference"]["priced"] == 20
    with Server(tmp_path / "data") as server:
        assert server.get("/api/v1/prices/repricings")[2]["repricings"] == []
        assert reprice(server, apply=True)["difference"]["priced"] == 20
        assert reprice(server, apply=True)["difference"]["same"] == 20
