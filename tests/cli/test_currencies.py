"""Money in two currencies, and periods that cannot be compared: both amounts are told, and nothing is claimed between them."""

import datetime
import decimal
import json
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract
from steno_process import Server, run

NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


def delivered(n, when, provider, model, agent, cost, currency="USD", **more):
    return {"id": f"01990000-0000-7000-8000-{n:012d}", "kind": "chat", "status": "success", "provider": {"name": provider}, "model": {"requested": model},
            "trace": {"agent": agent}, "started_at": when.strftime("%Y-%m-%dT%H:%M:%SZ"), "time": {"duration_ms": 900 + n},
            "usage": {"input_tokens": 10, "output_tokens": 5}, **({"cost": {"total": cost, "currency": currency}} if cost else {}), **more}


def calls_of(count_by_agent):
    """(agent, provider, cost, currency, how many): within today and yesterday, one an hour back."""
    calls = []
    for agent, provider, cost, currency, count in count_by_agent:
        for _ in range(count):
            calls.append(delivered(len(calls), NOW - datetime.timedelta(minutes=len(calls) + 1), provider, "gpt-4o", agent, cost, currency))
    return calls


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    # "few" is the agent with the greatest amounts, and ninth by calls.
    agents = [(f"agent-{i}", "openai", "0.01", "USD", 20 - i) for i in range(8)] + [("few", "azure.ai.openai", "7.25", "EUR", 1), ("few", "openai", "9.5", "USD", 1)]
    calls = calls_of(agents)
    calls[-1]["trace"]["outer_agents"] = ["agent-0"]  # so that agents have the column of those in them
    calls.append(delivered(900, NOW - 40 * DAY, "openai", "gpt-4o", "agent-0", "1"))
    calls += [{**delivered(910, NOW - datetime.timedelta(hours=1), "", "", "few", None), "kind": "agent", "provider": {}, "model": {}, "name": "few",
               "time": {"duration_ms": 90_000}}]
    with Server(tmp_path_factory.mktemp("currencies") / "data") as server:
        server.request("POST", "/api/v1/calls", {"calls": calls}, {"content-type": "application/json"})
        server.wait_until_fed()
        server.recent = [call for call in calls if call["kind"] == "chat" and call["started_at"] > (NOW - 10 * DAY).isoformat()]
        yield server


def sums(calls):
    totals = {}
    for call in calls:
        if "cost" in call:
            totals[call["cost"]["currency"]] = totals.get(call["cost"]["currency"], 0) + decimal.Decimal(call["cost"]["total"])
    return totals


def recent(server, agent=None):
    return [c for c in server.recent if agent in (None, c["trace"]["agent"])]


def told(cost):
    return {currency: decimal.Decimal(amount) for currency, amount in cost["totals"].items()}


def test_the_api_tells_each_currency(server):
    contract = Contract(server.get("/api/v1/openapi.json")[2])
    statistics = server.get("/api/v1/statistics?period=7d")[2]
    contract.check(statistics, "GET", "/api/v1/statistics")
    assert "total" not in statistics["summary"]["cost"] and told(statistics["summary"]["cost"]) == sums(recent(server))
    agents = {row["agent"]: row["subtree"]["cost"] for row in statistics["by_agent"]}
    assert told(agents["few"]) == sums(recent(server, agent="few")) == {"EUR": decimal.Decimal("7.25"), "USD": decimal.Decimal("9.5")}
    assert "totals" not in agents["agent-1"]
    assert [row["agent"] for row in statistics["by_agent"]][0] == "agent-0"  # the most tokens: 9.5 is not more than 7.25 of another
    compared = server.get("/api/v1/compare?period=7d&by=trace.agent")[2]
    contract.check(compared, "GET", "/api/v1/compare")
    assert told(compared["now"]["cost"]) == sums(recent(server))
    trend = server.get("/api/v1/trends?period=7d&by=trace.agent&bucket=day")[2]
    contract.check(trend, "GET", "/api/v1/trends")
    assert trend["currency"] == "mixed" and trend["all"]["value"] is None and told(trend["all"]) == sums(recent(server))
    assert trend["anomalies"]["judged"] == 0
    by_agent = {group["key"]["trace.agent"]: group for group in trend["groups"]}
    assert by_agent["agent-3"]["currency"] == "USD" and decimal.Decimal(by_agent["agent-3"]["value"]) == sums(recent(server, agent="agent-3"))["USD"]
    assert by_agent["few"]["currency"] == "mixed" and told(by_agent["few"])["EUR"] == decimal.Decimal("7.25")
    contract.check(server.get("/api/v1/forecast")[2], "GET", "/api/v1/forecast")


def test_commands_show_both_and_no_wrong_currency(server):
    where = ["--server", server.url, "--days", "7"]
    both = f"7.25 EUR and ${sums(recent(server))['USD']}"
    for command in (["stats"], ["compare"], ["compare", "--by", "trace.agent"], ["trends", "--by", "trace.agent"]):
        shown = run(*command, *where).stdout
        assert both in shown and "mixed" not in shown, (command, shown)
    trends = run("trends", "--by", "trace.agent", *where).stdout
    assert re.search(r"agent-3 +\$0\.17 ", trends) and re.search(r"few +7\.25 EUR and \$9\.50 ", trends)
    compared = run("compare", *where).stdout
    assert "several currencies" in compared and re.search(r"azure\.ai\.openai gpt-4o", compared) and re.search(r"\bopenai gpt-4o", compared)
    assert f"prices now: delivered ({len(recent(server))} calls)" in compared and "prices before" not in compared
    assert "the greatest amounts, whatever their currency" in run("stats", *where).stdout


def test_tables_of_ones_own_tell_each_currency_and_rank_none(server):
    contract = Contract(server.get("/api/v1/openapi.json")[2])
    where = ["--server", server.url, "--days", "7"]
    calls = {name: len(recent(server, agent=name)) for name in {c["trace"]["agent"] for c in recent(server)}}
    for command in (["stats", "--measures", "calls,cost"], ["cost"]):
        answer = json.loads(run(*command, "--by", "trace.agent", "--json", *where).stdout)
        contract.check({name: value for name, value in answer.items() if name != "total"}, "GET", "/api/v1/aggregate")
        rows = {group["key"]["trace.agent"]: group for group in answer["groups"]}
        assert {name: row["calls"] for name, row in rows.items()} == calls
        for name, row in rows.items():
            if name == "few":
                assert row["cost"]["currency"] == "mixed" and "total" not in row["cost"] and told(row["cost"]) == sums(recent(server, agent="few"))
            else:
                assert "totals" not in row["cost"] and decimal.Decimal(row["cost"]["total"]) == sums(recent(server, agent=name))["USD"]
        assert [row["calls"] for row in answer["groups"]] == sorted(calls.values(), reverse=True)
        assert "total" not in answer or told(answer["total"]["cost"]) == sums(recent(server))
        shown = run(*command, "--by", "trace.agent", *where).stdout
        assert re.search(r"few +.*7\.25 EUR and \$9\.50", shown) and re.search(r"agent-0 +.*\$0\.20", shown), shown
        assert "mixed" not in shown and "rows are not in the order of cost" in shown, shown
        of_one = run(*command, "--by", "trace.agent", "-f", "cost.currency=USD", *where).stdout
        assert "not in the order of cost" not in of_one and of_one.index("few") < of_one.index("agent-0"), of_one
    by_day = json.loads(run("stats", "--by", "trace.agent", "--bucket", "day", "--measures", "cost", "--json", *where).stdout)["groups"]
    assert sum(decimal.Decimal(group["cost"].get("totals", {}).get("EUR", 0)) + decimal.Decimal(group["cost"]["total"] if group["cost"].get("currency") == "EUR" else 0)
               for group in by_day) == decimal.Decimal("7.25")
    only = json.loads(run("stats", "--by", "trace.agent", "--measures", "cost", "--json", *where).stdout)["groups"]
    assert [group["key"]["trace.agent"] for group in only] == sorted(calls)  # neither cost nor calls: in the order of names


def test_the_report_claims_nothing_between_currencies(server, tmp_path):
    run("report", "--server", server.url, "--days", "7", "--output", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    usd = sums(recent(server))["USD"]
    period = json.loads(run("stats", "--server", server.url, "--days", "7", "--json").stdout)["period"]
    title = f"AI calls, {period['from'][:10]} 00:00 to {period['to'][:10]} "
    assert f"<title>{title}" in page and re.search(re.escape(title) + r"\d\d:\d\d \(UTC\)", page)
    assert "mixed" not in page and f"AI calls cost 7.25 EUR and ${usd}." in page and "as before" not in page
    assert "which cost less" not in page and "none of them dearer" not in page and "… and 1 more, none with more calls." in page
    assert "<th class=right>share</th>" not in page and "<td class=bar>" not in page
    for heading in ("Cost by day in EUR", "Cost by day in USD", "This month in EUR", "The dearest calls in EUR", "By provider"):
        assert f"<h2>{heading}</h2>" in page, heading
    run("report", "--server", server.url, "--days", "7", "--output", tmp_path / "r.pdf")
    text = subprocess.run(["pdftotext", "-layout", tmp_path / "r.pdf", "-"], check=True, capture_output=True, text=True).stdout
    for words in ("cost in EUR", "7.25 EUR", "cost in USD", f"${usd}", "input tokens from a cache", "with those in it"):
        assert words in text, words
    assert "…" not in text.replace("… and", "")  # nothing is cut
    answer = json.loads(run("report", "--server", server.url, "--days", "7", "--json").stdout)
    assert set(answer["by_currency"]) == {"EUR", "USD"} and len(answer["by_currency"]["EUR"]["dearest"]["calls"]) == 1
    run("report", "--server", server.url, "--days", "7", "-f", "project=nix", "--output", tmp_path / "none.html")
    none = (tmp_path / "none.html").read_text()
    assert "as before" not in none and "Only calls with project=nix." in none and "There were no AI calls" in none


def test_slow_calls_of_the_report_are_ai_calls(server, tmp_path):
    page = run("report", "--server", server.url, "--days", "7", "--output", "-").stdout
    assert "The slowest AI calls" not in page  # the agent's run alone took five seconds
    answer = json.loads(run("report", "--server", server.url, "--days", "7", "--json").stdout)
    assert answer["slow"]["slow"]["calls"] == 0 and answer["statistics"]["slow"]["calls"] == 1
    assert "slow: 1 call of all kinds took" in run("stats", "--server", server.url, "--days", "7").stdout


def test_errors_are_by_provider_too(server):
    shown = run("errors", "--server", server.url).stdout
    assert "no failures" in shown


def test_what_was_not_recorded_is_not_compared(server, tmp_path):
    """The record begins 40 days ago: of the 30 days before the last 30 only the last part is known."""
    where = ["--server", server.url, "-f", "cost.currency=USD"]
    for days, compared in ((7, True), (30, False), (45, False)):
        run("report", *where, "--days", str(days), "--output", tmp_path / "r.html")
        page = (tmp_path / "r.html").read_text()
        assert ("where the record begins" in page or "the record begins at" in page) == (not compared), days
        assert ("against before" in page or "none before" in page or "of the period before" in page or "<th class=right>before</th>" in page) == compared, days


def test_a_report_has_budgets_prices_and_what_has_no_price(server, tmp_path):
    server.request("POST", "/api/v1/calls", {"calls": [delivered(950, NOW - datetime.timedelta(minutes=3), "nobody", "unheard-of", "few", None)]},
                   {"content-type": "application/json"})
    server.wait_until_fed()
    run("budgets", "set", "few-month", "--limit", "19", "--agent", "few", "--server", server.url)
    page = run("report", "--server", server.url, "--days", "7", "--output", "-").stdout
    assert "<h2>Budgets</h2>" in page and "few-month" in page and "agent few" in page and "50.0 %" in page and "$19.00</td><td>a month</td>" in page
    assert "1 call has no price and is not in the cost: nobody unheard-of (1)." in page
    assert f"Prices: delivered ({len(recent(server))} calls), no price (1)." in page


@pytest.mark.parametrize("flags, unequal", [
    (["--period", "2026-10", "--against", "2026-09"], False), (["--period", "2026-02", "--against", "2026-03"], False), (["--period", "2025", "--against", "2024"], False),
    (["--period", "2026-W40", "--against", "2026-09"], True), (["--period", "2026-09", "--against", "2026-W40"], True)])
def test_a_chosen_period_is_called_so_and_lengths_are_told(server, flags, unequal):
    for command in ("compare", "trends"):
        shown = run(command, "--server", server.url, *flags).stdout
        lines = shown.splitlines()
        assert lines[1].startswith("now     ") and lines[2].startswith("against ") and "before" not in shown, shown
        assert ("do not compare" in shown) == unequal, shown
    shown = run("compare", "--server", server.url, "--days", "3").stdout
    assert shown.splitlines()[2].startswith("before  ") and "against" not in shown
