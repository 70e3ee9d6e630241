"""Statistics against sums made naively, call by call, of what the list of calls says."""

import datetime
import decimal
import json
import math
import pathlib
import re
import sys
import zoneinfo

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract
from steno_process import Server, run

AI = {"chat", "completion", "embedding", "vision", "transcription", "speech", "image", "video", "moderation", "rerank", "intent"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("statistics") / "data"
    run("demo", "--data", data, "--calls", "4000", "--seed", "6", "--days", "200")
    with Server(data) as server:
        server.wait_until_fed()
        yield server


@pytest.fixture(scope="module")
def calls(server):
    return server.calls()


def moment(text):
    return datetime.datetime.fromisoformat(text[:26] + text[29:].replace("Z", "+00:00"))


def nearest_rank(values, fraction):
    return sorted(values)[math.ceil(fraction * len(values)) - 1] if values else None


def figures(calls):
    def of(path):
        first, second = path.split(".")
        return [call[first][second] for call in calls if (call.get(first) or {}).get(second) is not None]

    tokens_in, tokens_out, durations = of("usage.input_tokens"), of("usage.output_tokens"), of("time.duration_ms")
    costs = [decimal.Decimal(cost) for cost in of("cost.total")]
    return {"calls": len(calls), "failures": sum(call["status"] == "failure" for call in calls),
            "input_tokens": sum(tokens_in) if tokens_in else None, "output_tokens": sum(tokens_out) if tokens_out else None,
            "total_tokens": sum(tokens_in) + sum(tokens_out) if tokens_in or tokens_out else None,
            "cost": sum(costs) if costs else None, "duration_ms": sum(durations) if durations else None,
            "p95_duration_ms": nearest_rank(durations, 0.95), "p50_first_token_ms": nearest_rank(of("time.time_to_first_token_ms"), 0.5)}


def same(told, calls):
    wanted = figures(calls)
    for name in ("calls", "failures", "input_tokens", "output_tokens", "total_tokens", "p95_duration_ms", "p50_first_token_ms"):
        assert told[name] == wanted[name], (name, told[name], wanted[name])
    assert (decimal.Decimal(told["cost"]["total"]) if "total" in told["cost"] else None) == wanted["cost"]
    assert (told["duration_ms"] is None) == (wanted["duration_ms"] is None)
    if wanted["duration_ms"] is not None:
        assert told["duration_ms"] == pytest.approx(wanted["duration_ms"])
        assert told["average_duration_ms"] == pytest.approx(wanted["duration_ms"] / sum("duration_ms" in (c.get("time") or {}) for c in calls), abs=1e-5)


def requests_of(calls):
    return len({c["trace"]["request_id"] for c in calls if c.get("trace", {}).get("request_id")}) + sum(
        c["kind"] in AI and not c.get("trace", {}).get("request_id") for c in calls)


def grouped(calls, *path):
    groups = {}
    for call in calls:
        value = call
        for name in path:
            value = (value or {}).get(name)
        if value is not None:
            groups.setdefault(value, []).append(call)
    return groups


def test_every_figure_is_what_the_calls_say(server, calls):
    told = server.get("/api/v1/statistics?from=1970-01-02&groups=10000&limit=20&slow_ms=4000&high_tokens=1500")[2]
    Contract(server.get("/api/v1/openapi.json")[2]).check(told, "GET", "/api/v1/statistics")
    ai, functions, agents = ([c for c in calls if test(c["kind"])] for test in (AI.__contains__, "function".__eq__, "agent".__eq__))
    same(told["ai_calls"], ai)
    same(told["functions"], functions)
    same(told["agents"], agents)
    summary = told["summary"]
    assert (summary["requests"], summary["ai_calls"], summary["function_calls"], summary["agent_runs"]) == (
        requests_of(calls), len(ai), len(functions), len(agents))
    assert summary["total_tokens"] == figures(ai)["total_tokens"]
    assert summary["average_tokens_per_request"] == pytest.approx(summary["total_tokens"] / summary["requests"])

    def within(row, what):
        members = [c for c in ai if row[what] in [(c.get("trace") or {}).get(what), *(c.get("trace") or {}).get(f"outer_{what}s", [])]]
        wanted = figures(members)
        assert {name: row["subtree"][name] for name in ("calls", "failures", "total_tokens")} == {
            name: wanted[name] for name in ("calls", "failures", "total_tokens")}
        assert decimal.Decimal(row["subtree"]["cost"].get("total", 0)) == (wanted["cost"] or 0)

    by_agent, runs = grouped(ai, "trace", "agent"), grouped(agents, "trace", "agent")
    assert {row["agent"] for row in told["by_agent"]} == set(by_agent) | set(runs) and len(by_agent) > 5 and runs
    for row in told["by_agent"]:
        same(row["ai_calls"], by_agent.get(row["agent"], []))
        same(row["runs"], runs.get(row["agent"], []))
        within(row, "agent")
    assert any(row["subtree"]["calls"] > row["ai_calls"]["calls"] for row in told["by_agent"])
    by_function = grouped(functions, "trace", "function")
    assert {row["function"] for row in told["by_function"]} == set(by_function) and by_function
    for row in told["by_function"]:
        same(row["runs"], by_function[row["function"]])
        within(row, "function")
        operations = grouped(by_function[row["function"]], "trace", "operation")
        assert row["operations"] == {name: len(members) for name, members in operations.items()}
    for row in told["by_model"]:
        same(row, [c for c in ai if c["model"]["requested"] == row["model"] and c["provider"]["name"] == row["provider"]])
    assert sum(row["calls"] for row in told["by_model"]) == len(ai)

    dearest = sorted((decimal.Decimal(c["cost"]["total"]) for c in ai if (c.get("cost") or {}).get("total")), reverse=True)
    assert [decimal.Decimal(item["call"]["cost"]["total"]) for item in told["top_expensive"]] == dearest[:20]
    slow = sorted((c["time"]["duration_ms"] for c in calls if (c.get("time") or {}).get("duration_ms", 0) >= 4000), reverse=True)
    assert told["slow"]["calls"] == len(slow) > 20 and [i["call"]["time"]["duration_ms"] for i in told["slow"]["slowest"]] == slow[:20]
    assert all(item["reason"] for item in told["slow"]["slowest"])
    sources = {c["id"]: c["source"] for c in calls}
    assert all(item["call"]["source"] == sources[item["call"]["id"]] for item in told["top_expensive"] + told["slow"]["slowest"])
    large = sorted((c["usage"]["input_tokens"] for c in ai if (c.get("usage") or {}).get("input_tokens", 0) >= 1500), reverse=True)
    assert told["large"]["threshold_tokens"] == 1500 and told["large"]["calls"] == len(large) > 0
    assert [item["call"]["usage"]["input_tokens"] for item in told["large"]["largest"]] == large[:20]
    assert "large" not in server.get("/api/v1/statistics")[2]
    errors = told["errors"]
    assert (errors["total"], errors["functions"], errors["agents"]) == tuple(figures(some)["failures"] for some in (ai, functions, agents))
    assert errors["total"] > 0 and errors["rate"] == pytest.approx(errors["total"] / len(ai))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"])
@pytest.mark.parametrize("unit", ["hour", "day", "week", "month"])
def test_buckets_are_those_of_the_time_zone(server, calls, zone, unit):
    """200 days: at least one change of clocks in each zone that has them."""
    here = zoneinfo.ZoneInfo(zone)

    def key(call):
        local = moment(call["started_at"]).astimezone(here)
        if unit == "hour":
            return local.strftime("%Y-%m-%dT%H") + str(local.utcoffset())
        day = local.date()
        return str({"day": day, "week": day - datetime.timedelta(days=day.weekday()), "month": day.replace(day=1)}[unit])

    wanted = {}
    for call in calls:
        wanted.setdefault(key(call), []).append(call)
    told = server.get(f"/api/v1/statistics?from=1970-01-02&bucket={unit}&tz={zone}&limit=0")[2]
    found = {}
    for bucket in told["buckets"]:
        begin = moment(bucket["begin"])
        assert begin.utcoffset() == begin.astimezone(here).utcoffset()
        name = begin.strftime("%Y-%m-%dT%H") + str(begin.utcoffset()) if unit == "hour" else str(begin.date())
        assert name not in found
        found[name] = bucket
    assert [bucket["begin"] for bucket in told["buckets"]] == [b["begin"] for b in sorted(told["buckets"], key=lambda b: moment(b["begin"]))]
    with_rows = {name for name, members in wanted.items() if requests_of(members)}
    assert set(found) == with_rows
    for name, bucket in found.items():
        same(bucket, [call for call in wanted[name] if call["kind"] in AI])
        assert bucket["requests"] == requests_of(wanted[name])


def test_a_filter_selects_what_is_counted(server, calls):
    agent = next(c["trace"]["agent"] for c in calls if c["kind"] in AI and c.get("trace", {}).get("agent"))
    told = server.get(f"/api/v1/statistics?from=1970-01-02&trace.agent={agent}&status=failure")[2]
    same(told["ai_calls"], [c for c in calls if c["kind"] in AI and c["trace"].get("agent") == agent and c["status"] == "failure"])


def test_an_agents_subtree_is_whole_where_the_agent_is_asked_for(server, calls):
    ai = [c for c in calls if c["kind"] in AI]
    trace = lambda call: call.get("trace") or {}
    for table, own, outer in (("by_agent", "agent", "outer_agents"), ("by_function", "function", "outer_functions")):
        around = [c for c in ai if trace(c).get(outer)]
        for name in {trace(c)[outer][0] for c in around}:
            told = server.get(f"/api/v1/statistics?from=1970-01-02&trace.{own}={name}")[2][table]
            assert [row[own] for row in told] == [name]
            members = [c for c in ai if name == trace(c).get(own) or name in trace(c).get(outer, [])]
            assert told[0]["subtree"]["calls"] == len(members) > told[0]["ai_calls"]["calls"]
            assert decimal.Decimal(told[0]["subtree"]["cost"].get("total", 0)) == figures(members)["cost"]
    assert any(trace(c).get("outer_agents") for c in ai)


def test_subtrees_are_grouped_by_filtered_and_compared(server, calls):
    ai = [c for c in calls if c["kind"] in AI]
    members = lambda call: {(call.get("trace") or {}).get("agent"), *(call.get("trace") or {}).get("outer_agents", [])} - {None}
    names = set().union(*(members(c) for c in ai))
    field = "trace.agent_subtree"
    told = server.get(f"/api/v1/aggregate?group_by={field}&measures=calls,cost&limit=1000&kind.in={','.join(AI)}")[2]["groups"]
    assert {group["key"][field] for group in told} - {None} == names
    for group in told:
        name = group["key"][field]
        inside = [c for c in ai if (name in members(c) if name else not members(c))]
        assert group["calls"] == len(inside) and decimal.Decimal(group["cost"]["total"] or 0) == figures(inside)["cost"]
    compared = server.get(f"/api/v1/compare?from=1970-01-02&to=2100-01-01&against=2020&by={field}&limit=1000")[2]
    for group in compared["groups"]:
        same(group["now"], [c for c in ai if (group["key"][field] in members(c) if group["key"][field] else not members(c))])
    name = sorted(names)[0]
    trend = server.get(f"/api/v1/trends?measure=calls&period=400d&{field}={name}")[2]
    assert trend["all"]["value"] == server.get(f"/api/v1/aggregate?measures=calls&{field}={name}&kind.in={','.join(AI)}")[2]["groups"][0]["calls"]
    newest = max(moment(call["started_at"]) for call in ai)
    assert name in run("compare", "--period", f"{newest:%Y}", "--by", field, "--server", server.url).stdout


def test_an_end_alone_is_all_before_it(server, calls):
    end = sorted(c["started_at"] for c in calls)[len(calls) // 2][:10]
    there = [c for c in calls if c["kind"] in AI and c["started_at"][:10] <= end]
    contract = Contract(server.get("/api/v1/openapi.json")[2])
    for path in ("statistics", "slow", "quality", "data-quality"):
        told = server.get(f"/api/v1/{path}?to={end}")[2]
        contract.check(told, "GET", f"/api/v1/{path}")
        assert told["period"]["from"] is None and told["period"]["to"] > end
    same(server.get(f"/api/v1/statistics?to={end}")[2]["ai_calls"], there)
    shown = run("stats", "--to", end, "--server", server.url).stdout
    assert shown.startswith("until ") and f"{len(there):,}" in shown


@pytest.mark.parametrize("path", ["statistics", "aggregate", "calls", "failures", "slow", "quality", "calls/export"])
def test_a_beginning_after_the_end_is_refused(server, path):
    status, _, body = server.get(f"/api/v1/{path}?from=2026-11-10&to=2026-11-01", expect=None)
    assert status == 400 and "nothing lies between" in body["detail"] and "2026-11-10" in body["detail"], body


def test_a_period_is_named(server, calls):
    newest = max(moment(call["started_at"]) for call in calls)
    for zone in ("UTC", "America/New_York"):
        day = newest.astimezone(zoneinfo.ZoneInfo(zone)).date()
        there = [c for c in calls if c["kind"] in AI and moment(c["started_at"]).astimezone(zoneinfo.ZoneInfo(zone)).date() == day]
        told = server.get(f"/api/v1/statistics?period={day}&tz={zone}")[2]
        same(told["ai_calls"], there)
        same(server.get(f"/api/v1/statistics?from={day}&to={day}&tz={zone}")[2]["ai_calls"], there)
        assert told["period"]["tz"] == zone and told["period"]["from"].startswith(str(day))
        assert len(server.calls(f"&period={day}&tz={zone}&kind=chat")) == sum(c["kind"] == "chat" for c in there)
        total = server.get(f"/api/v1/aggregate?period={day}&tz={zone}&kind=chat&measures=calls")[2]["groups"][0]["calls"]
        assert total == sum(c["kind"] == "chat" for c in there)


@pytest.mark.parametrize("query, word", [
    ("tz=Mars/Olympus", "tz"), ("period=someday", "period"), ("period=today&from=2026-01-01", "from and to"), ("from=x", "from"),
    ("bucket=year", "bucket"), ("limit=1001", "limit"), ("groups=0", "groups"), ("groups=1e9", "groups"), ("slow_ms=-1", "slow_ms"), ("high_tokens=-1", "high_tokens"),
    ("text=x", "text"), ("nonsense=1", "nonsense"), ("project=", "no value"), ("trace.agent.in=", "no value"), ("tz=%2B5", "time zone"), ("period=2199", "begun"), ("tz=" + "x" * 5000, "time zone")])
def test_what_makes_no_sense_is_refused_with_a_word(server, query, word):
    status, _, body = server.get("/api/v1/statistics?" + query, expect=None)
    assert status == 400 and word in json.dumps(body), body


def test_of_nothing_nothing_is_known(server):
    told = server.get("/api/v1/statistics?from=1970-01-02&to=1970-01-03&bucket=day")[2]
    Contract(server.get("/api/v1/openapi.json")[2]).check(told, "GET", "/api/v1/statistics")
    assert told["summary"]["requests"] == 0 and told["summary"]["total_tokens"] is None and told["buckets"] == []


def test_the_command_line_shows_it(server, calls):
    month = "--days", "45", "--tz", "Europe/Berlin"
    told = json.loads(run("stats", "--server", server.url, *month, "--json").stdout)
    assert told["summary"]["ai_calls"] > 100
    for shown in (run("stats", "--server", server.url, *month).stdout, run("stats", "--server", server.url, *month, "--slow-ms", "0").stdout,
                  run("stats", "--server", server.url, "--period", "1999").stdout):
        assert "AI calls" in shown and ("the dearest" in shown or "1999" in shown)
    shown = run("stats", "--server", server.url, *month, "--bucket", "week").stdout
    assert f"{told['summary']['ai_calls']:,}" in shown and "(Europe/Berlin)" in shown and "█" not in shown
    for row in told["by_model"][:5]:
        assert row["model"] in shown
    days = json.loads(run("stats", "--server", server.url, "--days", "7", "--json").stdout)
    assert set(days) == set(told)
    table = run("stats", "--server", server.url, "--days", "400", "--by", "kind", "--measures", "calls").stdout
    assert table.startswith("calls of all kinds, ") and table.splitlines()[2].split() == ["kind", "calls"]
    by_model = json.loads(run("stats", "--server", server.url, "--json").stdout)["groups"]
    assert sum(group["calls"] for group in by_model) == figures([c for c in calls if c["kind"] in AI])["calls"]
    for kinds, kind in (("functions", "function"), ("agents", "agent")):
        counted = run("stats", "--server", server.url, "--kinds", kinds, "--by", "none", "--measures", "calls,errors").stdout
        wanted = figures([c for c in calls if c["kind"] == kind])
        assert counted.splitlines()[-1].replace(",", "").split() == [str(wanted["calls"]), str(wanted["failures"])]
    refused = run("stats", "--server", server.url, "--days", "0", check=False)
    assert refused.returncode != 0 and "--days" in refused.stderr


def test_tables_tell_times_as_the_zones_clocks_do(server, calls):
    clocks = {"Asia/Tokyo": zoneinfo.ZoneInfo("Asia/Tokyo"), "America/New_York": zoneinfo.ZoneInfo("America/New_York"), "": datetime.timezone.utc}
    for zone, clock in clocks.items():
        asked = ["--tz", zone] if zone else []
        for command, form in ((["top", "--days", "400", "-n", "9"], "%m-%d %H:%M:%S"), (["calls", "list", "-n", "9"], "%m-%d %H:%M:%S"),
                              (["stats", "--days", "400"], "%m-%d %H:%M:%S"), (["errors", "-n", "9"], "%Y-%m-%dT%H:%M:%S"),
                              (["quality", "--missing", "--days", "400"], "%Y-%m-%dT%H:%M:%S")):
            shown = run(*command, *asked, "--server", server.url).stdout
            if command[0] == "calls" or "time (" in shown:
                assert f"time ({zone or 'UTC'})" in shown
            rows = {line.split()[-1]: line for line in shown.splitlines() if line}
            found = [call for call in calls if call["id"] in rows]
            assert len(found) >= 9 or command[0] == "quality"
            for call in found:
                assert rows[call["id"]].startswith(moment(call["started_at"]).astimezone(clock).strftime(form)), (command, rows[call["id"]])


def test_every_hour_has_a_line_of_its_own(tmp_path):
    berlin, new_york = zoneinfo.ZoneInfo("Europe/Berlin"), zoneinfo.ZoneInfo("America/New_York")
    at = ["2025-10-25T23:10:00.000000000Z", "2025-10-26T00:20:00.000000000Z", "2025-10-26T00:40:00.000000000Z", "2025-10-26T01:30:00.000000000Z", "2025-10-26T20:00:00.000000000Z", "2026-03-10T05:00:00.000000000Z"]
    with Server(tmp_path / "data") as server:
        server.request("POST", "/api/v1/calls", {"calls": [
            {"kind": "chat", "status": "success", "started_at": time, "ended_at": time, "provider": {"name": "openai"}, "model": {"requested": "gpt-4o"},
             "usage": {"input_tokens": 100, "output_tokens": 10}} for time in at]}, {"content-type": "application/json"})
        server.wait_until_fed()
        # The day on which clocks go back: two hours are called two o'clock.
        day = "--from", "2025-10-26", "--to", "2025-10-26", "--tz", "Europe/Berlin", "--bucket", "hour", "--server", server.url
        hours = [datetime.datetime(2025, 10, 25, 22, tzinfo=datetime.timezone.utc) + datetime.timedelta(hours=i) for i in range(25)]
        held = [sum(moment(time).replace(minute=0) == hour for time in at) for hour in hours]
        assert sum(held) == 5 and held[2] == 2
        for command, calls_at in ((["stats"], 2), (["stats", "--by", "none", "--measures", "calls,cost"], 1), (["cost", "--by", "none"], -4)):
            rows = [line.split() for line in run(*command, *day).stdout.splitlines() if line.startswith("2025-10-2") and "(" not in line]
            assert [row[0] for row in rows] == [hour.astimezone(berlin).isoformat(timespec="minutes") for hour in hours], command
            assert [int(row[calls_at]) for row in rows] == held
        for unit, count in (("day", 137), ("week", 21), ("month", 6)):
            shown = run("cost", "--by", "none", "--bucket", unit, "--limit", "1000", "--tz", "America/New_York", "--server", server.url).stdout
            rows = [line.split()[0] for line in shown.splitlines() if re.match(r"20\d\d-", line)]
            assert len(rows) == count and rows == sorted(set(rows)), unit
            assert rows[-1] <= moment(at[-1]).astimezone(new_york).date().isoformat()
        sparse = run("stats", "--by", "model.requested", *day).stdout
        assert len([line for line in sparse.splitlines() if line.startswith("2025-10-2") and "(" not in line]) == 4


def test_the_prices_behind_a_sum_are_told_of_all_calls(server, calls):
    ai = [c for c in calls if c["kind"] in AI]
    unpriced = [c for c in ai if not (c.get("cost") or {}).get("total")]
    for command in (["cost"], ["stats"]):
        shown = run(*command, "--days", "400", "--server", server.url).stdout
        line = " ".join(re.search(r"prices: (.*(?:\n {8,}.*)*)", shown)[1].split())
        numbers = [int(number.replace(",", "")) for number in re.findall(r"\(([\d,]+)(?: calls?)?[,)]", line)]
        assert sum(numbers) == len(ai)
        assert f"failed without usage ({len(unpriced)})" in line and all(c["status"] == "failure" for c in unpriced)


def test_rows_that_overlap_are_said_to(server):
    for command in ("cost", "stats"):
        for by, said in (("labels.tags", True), ("project,trace.outer_agents", True), ("trace.agent_subtree", True), ("project", False), ("none", False)):
            assert ("counts in the row of each" in run(command, "--by", by, "--server", server.url).stdout) == said


def test_periods_are_compared_with_the_one_before(server, calls):
    here = zoneinfo.ZoneInfo("Europe/Berlin")
    newest = max(moment(call["started_at"]) for call in calls).astimezone(here)
    first = newest.date().replace(day=1)
    before = (first - datetime.timedelta(days=1)).replace(day=1)
    told = server.get(f"/api/v1/compare?period={before:%Y-%m}&by=trace.agent&tz=Europe/Berlin&limit=1000")[2]
    Contract(server.get("/api/v1/openapi.json")[2]).check(told, "GET", "/api/v1/compare")

    def within(month, agent=...):
        return [c for c in calls if c["kind"] in AI and moment(c["started_at"]).astimezone(here).date().replace(day=1) == month
                and (agent is ... or (c.get("trace") or {}).get("agent") == agent)]

    earlier = (before - datetime.timedelta(days=1)).replace(day=1)
    assert told["period"]["from"].startswith(str(before)) and told["against"]["from"].startswith(str(earlier))
    same(told["now"], within(before))
    same(told["before"], within(earlier))
    assert len(told["groups"]) > 5 and not told["truncated"]
    for group in told["groups"]:
        same(group["now"], within(before, group["key"]["trace.agent"]))
        same(group["before"], within(earlier, group["key"]["trace.agent"]))

    def change(group):
        return abs(sum(sign * decimal.Decimal(group[side]["cost"].get("total", 0)) for side, sign in (("now", 1), ("before", -1))))

    assert [change(g) for g in told["groups"]] == sorted(map(change, told["groups"]), reverse=True)
    other = server.get(f"/api/v1/compare?period={before:%Y-%m}&against={first:%Y-%m}&by=none&tz=Europe/Berlin")[2]
    same(other["before"], within(first))
    assert other["groups"] == []
    for query, word in [("by=nonsense", "nonsense"), ("against=x", "period"), ("limit=x", "limit"), ("to=2026-01-01", "beginning")]:
        status, _, body = server.get("/api/v1/compare?" + query, expect=None)
        assert status == 400 and word in json.dumps(body), body
    shown = run("compare", "--server", server.url, "--period", f"{before:%Y-%m}", "--by", "trace.agent", "--tz", "Europe/Berlin").stdout
    assert "before  now" in shown and f"{told['now']['calls']:,}" in shown and "is known" not in shown
    assert moment(told["record_begins"]) == min(moment(call["started_at"]) for call in calls)
    for command in (["compare", "--period", "2026-11", "--against", "1999"], ["trends", "--period", "2026-11", "--against", "1999"]):
        assert "against: nothing is known, the record begins at" in run(*command, "--server", server.url).stdout


def test_the_command_line_says_what_it_cost_what_failed_and_what_was_dear(server, calls):
    ai = [call for call in calls if call["kind"] in AI]
    cost = run("cost", "--server", server.url, "--days", "400", "--by", "trace.agent", "-n", "3").stdout
    assert f"for {len(ai):,} AI calls" in cost and "100.0 %" not in cost and "and more" in cost
    groups = json.loads(run("cost", "--server", server.url, "--days", "400", "--by", "trace.agent", "--json").stdout)["groups"]
    whole = json.loads(run("cost", "--server", server.url, "--days", "400", "--by", "who.user_id", "--json").stdout)
    assert len(whole["groups"]) > 30 and not whole["truncated"]
    assert decimal.Decimal(whole["total"]["cost"]["total"]) == figures(ai)["cost"] and whole["total"]["calls"] == len(ai)
    assert len(json.loads(run("cost", "--server", server.url, "--by", "who.user_id", "--json", "-n", "3").stdout)["groups"]) == 3
    for group in groups:
        members = [c for c in ai if (c.get("trace") or {}).get("agent") == group["key"]["trace.agent"]]
        assert group["calls"] == len(members) and decimal.Decimal(group["cost"].get("total", 0)) == (figures(members)["cost"] or 0)
    for by, value in [("duration", lambda c: (c.get("time") or {}).get("duration_ms")),
                      ("output-tokens", lambda c: (c.get("usage") or {}).get("output_tokens")),
                      ("tokens", lambda c: sum(known) if (known := [n for name in ("input_tokens", "output_tokens")
                                                                    if (n := (c.get("usage") or {}).get(name)) is not None]) else None),
                      ("cost", lambda c: (c.get("cost") or {}).get("total") and decimal.Decimal(c["cost"]["total"]))]:
        told = json.loads(run("top", "--server", server.url, "--by", by, "-n", "5", "--json").stdout)["calls"]
        assert [value(c) for c in told] == sorted((v for v in map(value, calls) if v is not None), reverse=True)[:5]
    failed = [call for call in calls if call["status"] == "failure"]
    answer = json.loads(run("errors", "--server", server.url, "-n", "7", "--by", "trace.agent", "--json").stdout)
    for name, some in (("ai_calls", ai), ("functions", [c for c in calls if c["kind"] == "function"]), ("agents", [c for c in calls if c["kind"] == "agent"])):
        assert (answer[name]["calls"], answer[name]["failures"]) == (len(some), figures(some)["failures"])
    assert {group["key"]["trace.agent"]: group["errors"] for group in answer["groups"]} == {
        agent: figures([c for c in ai if (c.get("trace") or {}).get("agent") == agent])["failures"]
        for agent in {(c.get("trace") or {}).get("agent") for c in ai}}
    assert sum(group["calls"] for group in answer["by_type"]) == answer["ai_calls"]["failures"]
    told = answer["calls"]
    assert [c["id"] for c in told] == [c["id"] for c in sorted(failed, key=lambda c: (moment(c["started_at"]), c["id"]), reverse=True)[:7]]
    shown = run("errors", "--server", server.url, "--by", "trace.agent").stdout
    assert f"{figures(ai)['failures']:,} of" in shown and "runs of functions" in shown and "all of the record" in shown
    assert "error.type" in shown and "the last ones" in shown and told[0]["id"] in shown
    nothing = run("errors", "--server", server.url, "-f", "project=nobody").stdout
    assert nothing.startswith("no failures")
    for command in (["top", "--by", "beauty"], ["cost", "--by", "nonsense"], ["errors", "--period", "someday"], ["compare", "-f", "x"],
                    ["stats", "--days", "3", "-f", "tz=Asia/Tokyo"], ["cost", "-f", "project="]):
        refused = run(*command, "--server", server.url, check=False)
        assert refused.returncode != 0 and refused.stderr and not refused.stdout
    for command in ("stats", "cost", "top", "slow", "errors", "quality", "compare", "trends", "report", "live", "budgets", "alerts", "sql"):
        words = ["sql", "SELECT 1"] if command == "sql" else [command]
        refused = run(*words, "--server", server.url, "--data", "elsewhere", check=False)
        assert refused.returncode == 2 and "--server and --data" in refused.stderr, command


def test_a_request_is_traced(server, calls):
    by_request = grouped([c for c in calls if (c.get("trace") or {}).get("request_id")], "trace", "request_id")
    request, members = max(by_request.items(), key=lambda item: len(item[1]))
    told = server.get(f"/api/v1/requests/{request}/trace")[2]
    Contract(server.get("/api/v1/openapi.json")[2]).check(told, "GET", "/api/v1/requests/{id}/trace")
    assert len(members) > 10 and not told["truncated"]
    first, last = min(moment(c["started_at"]) for c in members), max(moment(c["ended_at"]) for c in members)
    assert told["duration_ms"] == pytest.approx((last - first).total_seconds() * 1000, abs=0.01)
    assert sum(step["took_ms"] for step in told["critical_path"]) == pytest.approx(told["duration_ms"], abs=0.01)
    assert sum(share["share"] for share in told["bottlenecks"]) <= 1.000001
    assert sum(level["calls"] for level in told["levels"]) == len(members)
    assert {level["kind"] for level in told["levels"]} == {c["kind"] for c in members}
    for level in told["levels"]:
        wanted = figures([c for c in members if c["kind"] == level["kind"]])
        assert level["tokens"] == (wanted["total_tokens"] if level["kind"] in AI else None)
        assert sum(map(decimal.Decimal, level["cost"].values())) == (wanted["cost"] or 0)
    shown = run("trace", request[:12], "--server", server.url).stdout
    assert request in shown and "what its end waited for" in shown and "by kind" in shown
    assert json.loads(run("trace", request, "--server", server.url, "--json").stdout) == told
    assert server.get("/api/v1/requests/nobody/trace", expect=None)[0] == 404
    refused = run("trace", "nobody", "--server", server.url, check=False)
    assert refused.returncode != 0 and "nobody" in refused.stderr


def test_as_of_a_moment(server, calls):
    moments = sorted(moment(call["started_at"]) for call in calls)
    at = moments[len(moments) // 2].replace(microsecond=0)
    midnight = at.replace(hour=0, minute=0, second=0)
    then = server.get(f"/api/v1/statistics?period=3d&at={at:%Y-%m-%dT%H:%M:%SZ}")[2]
    begin = midnight - datetime.timedelta(days=2)
    assert then["period"]["from"].startswith(f"{begin:%Y-%m-%dT%H:%M:%S}") and then["period"]["to"].startswith(f"{at:%Y-%m-%dT%H:%M:%S}")
    asked = [call for call in calls if begin <= moment(call["started_at"]) < at]
    assert then["ai_calls"]["calls"] == sum(call["kind"] in AI for call in asked)
    compared = server.get(f"/api/v1/compare?period=3d&at={at:%Y-%m-%dT%H:%M:%SZ}")[2]
    assert compared["now"]["calls"] == then["ai_calls"]["calls"]
    assert compared["against"]["to"].startswith(f"{at - datetime.timedelta(days=3):%Y-%m-%dT%H:%M:%S}")
