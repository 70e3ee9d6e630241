"""Trends, odd hours and the forecast, against sums made naively, call by call, of what the list of calls says."""

import datetime
import decimal
import json
import math
import pathlib
import sys
import zoneinfo

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract
from steno_process import Server, run

AI = {"chat", "completion", "embedding", "vision", "transcription", "speech", "image", "video", "moderation", "rerank", "intent"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("trends") / "data"
    run("demo", "--data", data, "--calls", "6000", "--seed", "6", "--days", "120")
    with Server(data) as server:
        server.wait_until_fed()
        yield server


@pytest.fixture(scope="module")
def calls(server):
    return [call for call in server.calls() if call["kind"] in AI]


@pytest.fixture(scope="module")
def contract(server):
    return Contract(server.get("/api/v1/openapi.json")[2])


def moment(text):
    return datetime.datetime.fromisoformat(text[:26] + text[29:].replace("Z", "+00:00"))


def of(calls, path):
    first, second = path.split(".")
    return [call[first][second] for call in calls if (call.get(first) or {}).get(second) is not None]


def total(calls, path):
    return sum(of(calls, path)) if of(calls, path) else None


def rank(values, fraction):
    return sorted(values)[math.ceil(fraction * len(values)) - 1] if values else None


def requests_of(calls):
    ids = of(calls, "trace.request_id")
    return len(set(ids)) + len(calls) - len(ids)


def cost(calls):
    costs = [decimal.Decimal(text) for text in of(calls, "cost.total")]
    return sum(costs) if costs else None


def per(amount, count):
    return None if amount is None or not count else (amount / count).quantize(decimal.Decimal("1e-12"), decimal.ROUND_HALF_EVEN)


def speed(calls):
    told = [c for c in calls if (c.get("usage") or {}).get("output_tokens", 0) > 0 and (c.get("time") or {}).get("duration_ms", 0) > 0]
    return sum(of(told, "usage.output_tokens")) / sum(of(told, "time.duration_ms")) * 1000 if told else None


MEASURES = {
    "cost": lambda c: cost(c) if c else decimal.Decimal(0),
    "calls": len,
    "requests": requests_of,
    "failures": lambda c: sum(call["status"] == "failure" for call in c),
    "failure_rate": lambda c: sum(call["status"] == "failure" for call in c) / len(c) if c else None,
    "tokens": lambda c: sum(of(c, "usage.input_tokens")) + sum(of(c, "usage.output_tokens")) if not c or of(c, "usage.input_tokens") or of(c, "usage.output_tokens") else None,
    "cost_per_call": lambda c: per(cost(c), len(c)),
    "cost_per_request": lambda c: per(cost(c), requests_of(c)),
    "tokens_per_second": speed,
    "cache_share": lambda c: (total(c, "usage.cache_read_tokens") or 0) / total(c, "usage.input_tokens") if total(c, "usage.input_tokens") and of(c, "usage.cache_read_tokens") else None,
    "duration_p95": lambda c: rank(of(c, "time.duration_ms"), 0.95),
    "ttft_p50": lambda c: rank(of(c, "time.time_to_first_token_ms"), 0.5),
}


def same(told, wanted, what):
    if isinstance(wanted, decimal.Decimal):
        assert told is not None and decimal.Decimal(told) == wanted, (what, told, wanted)
    elif wanted is None:
        assert told is None, (what, told)
    else:
        assert told == pytest.approx(wanted, rel=1e-9), (what, told, wanted)


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_is_what_the_calls_say(server, calls, contract, measure):
    newest = max(moment(call["started_at"]) for call in calls)
    begin, end = (newest - datetime.timedelta(days=20)).date(), newest.date()
    told = server.get(f"/api/v1/trends?measure={measure}&from={begin}&to={end}&bucket=day&by=provider.name&groups=3")[2]
    contract.check(told, "GET", "/api/v1/trends")
    there = [c for c in calls if begin <= moment(c["started_at"]).date() <= end]
    before = [c for c in calls if begin - datetime.timedelta(days=21) <= moment(c["started_at"]).date() < begin]
    # The last day is not over; what is compared with it is as far as it has come.
    now = moment(told["period"]["to"])
    before = [c for c in before if moment(c["started_at"]) < moment(told["against"]["to"])]
    assert [p["begin"][:10] for p in told["all"]["points"]] == [str(begin + datetime.timedelta(days=i)) for i in range(21)]
    for series, provider in [(told["all"], ...)] + [(group, group["key"]["provider.name"]) for group in told["groups"]]:
        mine = [c for c in there if provider is ... or (c.get("provider") or {}).get("name") == provider]
        theirs = [c for c in before if provider is ... or (c.get("provider") or {}).get("name") == provider]
        same(series["value"], MEASURES[measure](mine), measure)
        same(series["before"], MEASURES[measure](theirs), measure)
        assert series["calls"] == len(mine) and series["calls_before"] == len(theirs)
        if series["before"] is not None and float(series["before"]) and series["value"] is not None:
            assert series["change"] == pytest.approx(float(series["value"]) / float(series["before"]) - 1)
        for point in series["points"]:
            members = [c for c in mine if moment(point["begin"]) <= moment(c["started_at"]) < moment(point["end"])]
            same(point["value"], MEASURES[measure](members), (measure, point))
            assert point["calls"] == len(members)
    values = [float(group["value"]) for group in told["groups"] if group["value"] is not None]
    assert values == sorted(values, reverse=True) and len(told["groups"]) == 3 and now


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"])
@pytest.mark.parametrize("unit", ["hour", "day", "week", "month"])
def test_every_bucket_is_there_once_and_they_hold_every_call(server, calls, zone, unit):
    """120 days, with a change of clocks; buckets follow each other without a gap."""
    told = server.get(f"/api/v1/trends?measure=calls&period=5mo&bucket={unit}&tz={zone}")[2]
    points = told["all"]["points"]
    assert all(a["end"] == b["begin"] for a, b in zip(points, points[1:]))
    assert sum(point["calls"] for point in points) == told["all"]["calls"]
    assert any(point["calls"] == 0 and point["value"] == 0 for point in points) or unit != "hour"
    here = zoneinfo.ZoneInfo(zone)
    for point in points:
        begin = moment(point["begin"]).astimezone(here)
        assert unit == "hour" or (begin.hour == 0 and (unit != "week" or begin.weekday() == 0) and (unit != "month" or begin.day == 1))
        assert moment(point["begin"]) < moment(point["end"])
        if unit in ("week", "month"):
            assert point["calls"] == sum(moment(point["begin"]) <= moment(c["started_at"]) < moment(point["end"]) for c in calls)


def test_odd_hours_are_told_with_what_was_expected(server, contract):
    told = server.get("/api/v1/anomalies?measure=calls&period=30d&tz=Europe/Berlin")[2]
    contract.check(told, "GET", "/api/v1/anomalies")
    assert told["hours"] == len(told["series"]) >= 29 * 24 and told["judged"] == told["hours"]
    for hour in told["series"]:
        assert hour["verdict"] in ("usual", "high", "low") and hour["low"] <= hour["expected"] <= hour["high"]
        local = moment(hour["begin"]).astimezone(zoneinfo.ZoneInfo("Europe/Berlin"))
        twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()  # judged together
        if hour["verdict"] == "usual" and hour["stretch_hours"] == 1 and not twice:
            assert hour["low"] - 1e-6 <= hour["value"] <= hour["high"] + 1e-6 or abs(hour["value"] - hour["expected"]) < 1.5
    odd = [hour for hour in told["series"] if hour["verdict"] in ("high", "low")]
    assert bool(odd) == bool(told["found"])
    strict = server.get("/api/v1/anomalies?measure=calls&period=30d&tz=Europe/Berlin&threshold=1.5")[2]
    assert len(strict["found"]) > len(told["found"])
    # The same ones stand in the trend of the period.
    trend = server.get("/api/v1/trends?measure=calls&period=30d&tz=Europe/Berlin")[2]
    assert trend["anomalies"]["judged"] >= told["judged"] and [a["from"] for a in trend["anomalies"]["found"]][:len(told["found"])] == [a["from"] for a in told["found"]]
    assert server.get("/api/v1/trends?measure=cache_share")[2]["anomalies"] is None
    assert server.get("/api/v1/trends?measure=calls&period=4mo")[2]["anomalies"] is None
    nobody = server.get("/api/v1/anomalies?project=nobody")[2]
    assert nobody["found"] == [] and nobody["judged"] == 0


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_what_was_spent_is_exact_and_the_forecast_comes_true_about_as_often_as_it_says(server, calls, contract, zone):
    here = zoneinfo.ZoneInfo(zone)
    last = max(moment(call["started_at"]) for call in calls).astimezone(here)
    first_of_month = last.date().replace(day=1)
    held = tried = 0
    for back in range(0, 60, 6):  # days in the months that are over
        at = datetime.datetime.combine(first_of_month - datetime.timedelta(days=4 + back), datetime.time(15, 30), here)
        told = server.get(f"/api/v1/forecast?tz={zone}&at={at.astimezone(datetime.timezone.utc):%Y-%m-%dT%H:%M:%SZ}")[2]
        contract.check(told, "GET", "/api/v1/forecast")
        month = [c for c in calls if moment(c["started_at"]).astimezone(here).strftime("%Y-%m") == at.strftime("%Y-%m")]
        spent = cost([c for c in month if moment(c["started_at"]) < at]) or 0
        assert decimal.Decimal(told["spent"].get("total", 0)) == spent
        days = [day for day in told["days"] if day["cost"] is not None]
        assert sum(decimal.Decimal(day["cost"]) for day in days) == spent
        assert all(d["expected"] is None for d in days[:-1]) and len(told["days"]) == (at.replace(day=28) + datetime.timedelta(days=4)).replace(day=1).toordinal() - at.replace(day=1).toordinal()
        if told["forecast"]:
            low, total_, high = (decimal.Decimal(told["forecast"][k]) for k in ("low", "total", "high"))
            assert spent <= low <= total_ <= high and told["reason"] is None
            to_come = sum(day["expected"] for day in told["days"] if day["expected"] is not None)
            assert float(spent) + to_come == pytest.approx(float(total_), abs=1e-5)
            tried += 1
            held += low <= cost(month) <= high
        else:
            assert told["reason"]
    assert tried >= 8 and held >= tried * 0.6


def test_without_history_there_is_no_forecast(server, calls, contract):
    first = min(moment(call["started_at"]) for call in calls)
    early = (first + datetime.timedelta(days=9)).date()
    told = server.get(f"/api/v1/forecast?at={early}")[2]
    contract.check(told, "GET", "/api/v1/forecast")
    assert told["forecast"] is None and "28 whole days" in told["reason"]
    assert server.get("/api/v1/forecast?project=nobody")[2]["forecast"] is None
    assert server.get("/api/v1/forecast?at=1980-01-01")[2]["spent"]["unpriced_calls"] == 0


@pytest.mark.parametrize("query, word", [
    ("trends?measure=beauty", "measure"), ("trends?by=nonsense", "nonsense"), ("trends?bucket=year", "bucket"), ("trends?groups=51", "groups"),
    ("trends?from=1990-01-01&bucket=minute", "points"), ("trends?period=2y", "period"), ("trends?text=x", "text"), ("trends?measure=max(started_at)", "number"),
    ("trends?against=x", "period"), ("anomalies?measure=cache_share", "cache_share"), ("anomalies?period=4mo", "93"), ("anomalies?threshold=0", "threshold"),
    ("forecast?coverage=1", "coverage"), ("forecast?at=2199-01-01", "at"), ("forecast?period=today", "month"), ("forecast?at=x", "time"),
    ("statistics?period=7d&at=2199-01-01", "not come"), ("compare?period=7d&at=x", "time"), ("aggregate?measures=calls&at=2026-11-01", "at")])
def test_what_makes_no_sense_is_refused_with_a_word(server, query, word):
    status, _, body = server.get("/api/v1/" + query, expect=None)
    assert status == 400 and word in json.dumps(body), body


def test_the_command_line_shows_it(server):
    told = json.loads(run("trends", "--server", server.url, "--measure", "cost", "--by", "trace.agent", "--json").stdout)
    shown = run("trends", "--server", server.url, "--by", "trace.agent").stdout
    assert "cost of AI calls" in shown and "before" in shown and f"{told['all']['calls']:,}" in shown and "█" not in shown and "▁" not in shown
    for group in told["groups"]:
        assert (group["key"]["trace.agent"] or "–") in shown
    assert shown.count("\n20") == len(told["all"]["points"]) + len(told["anomalies"]["found"])
    for measure in ("failure_rate", "duration_p95", "tokens_per_second", "calls"):
        assert measure in run("trends", "--server", server.url, "--measure", measure, "--days", "3").stdout
    forecast = json.loads(run("cost", "--forecast", "--server", server.url, "--json").stdout)
    shown = run("cost", "--forecast", "--server", server.url).stdout
    assert ("the whole month: about" in shown) == (forecast["forecast"] is not None) and forecast["from"][:7] in shown
    for command in (["trends", "--measure", "beauty"], ["cost", "--forecast", "--days", "3"], ["trends", "-f", "measure=calls"], ["trends", "--groups", "99"]):
        refused = run(*command, "--server", server.url, check=False)
        assert refused.returncode != 0 and refused.stderr and not refused.stdout
