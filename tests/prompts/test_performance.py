"""Performance of prompts, versions compared, trends: on the demo's record against the calls one by one, and on traffic that is made
to differ."""

import collections
import datetime
import decimal
import json
import math
import pathlib
import random
import shlex
import sys
import urllib.parse

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract  # noqa: E402
from steno_process import Server, run  # noqa: E402

AI = {"chat", "completion", "embedding", "vision", "transcription", "speech", "image", "video", "moderation", "rerank", "intent"}
NOW = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("performance") / "data"
    run("demo", "--data", data, "--calls", "6000", "--seed", "11", "--days", "50")
    with Server(data) as running:
        running.wait_until_fed()
        yield running


@pytest.fixture(scope="module")
def executions(server):
    found = collections.defaultdict(list)
    for call in server.calls():
        name = (call.get("prompt") or {}).get("name")
        if name and call["kind"] in AI:
            found[name].append(call)
    return found


@pytest.fixture(scope="module")
def contract(server):
    return Contract(server.get("/api/v1/openapi.json")[2])


def path(name, resource, **parameters):
    return f"/api/v1/prompts/{urllib.parse.quote(name, safe='')}/{resource}?" + urllib.parse.urlencode(parameters)


def ask(server, name, resource, expect=200, **parameters):
    return server.get(path(name, resource, **parameters), expect)[2]


def deliver(server, calls):
    for begin in range(0, len(calls), 2000):
        answer = server.request("POST", "/api/v1/calls", {"calls": calls[begin:begin + 2000]}, {"Content-Type": "application/json"})[2]
        assert answer["rejected"] == [] and answer["ignored"] == []
    server.wait_until_fed()


def values(calls, *names):
    found = []
    for call in calls:
        value = call
        for name in names:
            value = (value or {}).get(name)
        if value is not None:
            found.append(value)
    return sorted(found)


def rank(ordered, percent):
    return ordered[-(-percent * len(ordered) // 100) - 1] if ordered else None


def close(value):
    return None if value is None else pytest.approx(value)


def spread(ordered):
    return {"calls": len(ordered), "average": close(sum(ordered) / len(ordered)) if ordered else None,
            "p50": close(rank(ordered, 50)), "p95": close(rank(ordered, 95))}


def same(told, calls):
    statuses = collections.Counter(call["status"] for call in calls)
    assert told["statuses"] == dict(statuses)
    assert told["success_rate"] == pytest.approx(statuses["success"] / len(calls))
    assert set(told["figures"]) == {"calls", "failures", "input_tokens", "output_tokens", "total_tokens", "cost"}  # told once
    assert (told["figures"]["calls"], told["figures"]["failures"]) == (len(calls), statuses["failure"])
    verdicts = collections.Counter((call.get("feedback") or {}).get("verdict", "none") for call in calls)
    assert [told["feedback"][name] for name in ("accepted", "rejected", "modified", "none")] == [
        verdicts[name] for name in ("accepted", "rejected", "modified", "none")]
    durations = values(calls, "time", "duration_ms")
    assert told["duration_ms"] == spread(durations)
    assert (told["duration_p90_ms"], told["duration_p99_ms"]) == (close(rank(durations, 90)), close(rank(durations, 99)))
    assert told["first_token_ms"] == spread(values(calls, "time", "time_to_first_token_ms"))
    assert told["input_tokens"] == spread(values(calls, "usage", "input_tokens"))
    assert told["output_tokens"] == spread(values(calls, "usage", "output_tokens"))
    assert told["output_chars"] == spread(values(calls, "response", "output_chars"))
    money = [decimal.Decimal(total) for total in values(calls, "cost", "total")]
    assert told["priced_calls"] == len(money)
    if money:
        assert decimal.Decimal(told["figures"]["cost"]["total"]) == sum(money)
        assert abs(decimal.Decimal(told["cost_per_call"]) - sum(money) / len(money)) <= decimal.Decimal("5e-13")
    scores = collections.defaultdict(list)
    for call in calls:
        for name, score in (call.get("scores") or {}).items():
            if score.get("value") is not None:
                scores[name].append(score["value"])
    assert {score["name"] for score in told["scores"]} == set(scores)
    for score in told["scores"]:
        of = sorted(scores[score["name"]])
        assert (score["calls"], score["average"], score["median"]) == (len(of), close(sum(of) / len(of)), close(rank(of, 50)))
    complete = collections.Counter((call.get("prompt") or {}).get("all_variables_present") for call in calls)
    assert (told["data_quality"]["complete"], told["data_quality"]["incomplete"]) == (complete[True], complete[False])
    starts = sorted(datetime.datetime.fromisoformat(call["started_at"]) for call in calls)
    assert datetime.datetime.fromisoformat(told["first_call"]) == starts[0]
    assert datetime.datetime.fromisoformat(told["last_call"]) == starts[-1]


def test_performance_is_what_the_calls_say(server, executions, contract):
    assert len(executions) > 8
    for name, calls in executions.items():
        told = ask(server, name, "performance", groups="1000", period="60d", by="prompt.version,model.requested")
        contract.check(told, "GET", "/api/v1/prompts/{name}/performance")
        assert told["name"] == name and told["labels"] == {}
        same(told["all"], calls)
        groups = collections.defaultdict(list)
        for call in calls:
            groups[call["prompt"].get("version"), call["model"]["requested"]].append(call)
        assert len(told["groups"]) == len(groups)
        for group in told["groups"]:
            same(group, groups[group["key"]["prompt.version"], group["key"]["model.requested"]])


def newcombe(a, na, b, nb, z=1.959963984540054):
    def wilson(x, n):
        middle, reach = x + z * z / 2, z * math.sqrt(x * (n - x) / n + z * z / 4)
        return (middle - reach) / (n + z * z), (middle + reach) / (n + z * z)

    pa, pb, (la, ua), (lb, ub) = a / na, b / nb, wilson(a, na), wilson(b, nb)
    return [pb - pa - math.hypot(pb - lb, ua - pa), pb - pa + math.hypot(ub - pb, pa - la)]


def test_versions_of_the_demo_compared(server, executions, contract):
    name = "support_assistant"
    told = ask(server, name, "compare", period="60d", effect="0.05")
    contract.check(told, "GET", "/api/v1/prompts/{name}/compare")
    assert [version["version"] for version in told["versions"]] == ["1", "2", "3", "4"]
    by_version = collections.defaultdict(list)
    for call in executions[name]:
        by_version[call["prompt"]["version"]].append(call)
    assert {version["version"]: version["calls"] for version in told["versions"]} == {v: len(calls) for v, calls in by_version.items()}
    for version in told["versions"]:
        models = collections.Counter(call["model"]["requested"] for call in by_version[version["version"]])
        assert {row["model"]: row["calls"] for row in version["models"]} == dict(models)
    p_values = []
    for pair in told["comparisons"]:
        assert pair["a"] == "1"
        a, b = by_version[pair["a"]], by_version[pair["b"]]
        assert any("different times" in warning for warning in pair["warnings"])  # one followed the other
        metrics = {metric["metric"]: metric for metric in pair["metrics"]}
        p_values += [(metric["p_value"], metric["adjusted_p_value"]) for metric in pair["metrics"] if metric["p_value"] is not None]
        success = metrics["success_rate"]
        counts = [sum(call["status"] == "success" for call in calls) for calls in (a, b)]
        assert success["interval"] == pytest.approx(newcombe(counts[0], len(a), counts[1], len(b)))
        assert (success["values_a"], success["values_b"]) == (len(a), len(b))
        for metric, percent in (("duration_p50", 50), ("duration_p95", 95)):
            assert (metrics[metric]["a"], metrics[metric]["b"]) == (
                close(rank(values(a, "time", "duration_ms"), percent)), close(rank(values(b, "time", "duration_ms"), percent)))
        for metric, names in (("cost_per_call", ("cost", "total")), ("input_tokens", ("usage", "input_tokens")),
                              ("output_chars", ("response", "output_chars"))):
            of_a, of_b = ([float(value) for value in values(calls, *names)] for calls in (a, b))
            assert (metrics[metric]["values_a"], metrics[metric]["values_b"]) == (len(of_a), len(of_b))
            assert metrics[metric]["difference"] == pytest.approx(sum(of_b) / len(of_b) - sum(of_a) / len(of_a))
        for metric in pair["metrics"]:
            assert metric["sentence"].endswith(".") and (metric["finding"] == "unknown") == ("why" in metric)
            if metric["finding"] in ("better", "worse", "higher", "lower"):
                assert metric["adjusted_p_value"] <= 0.05
    assert told["family"] == len(p_values) > 20
    greatest = 0
    for place, (p, adjusted) in enumerate(sorted(p_values)):  # Holm
        greatest = max(greatest, p * (len(p_values) - place))
        assert adjusted == pytest.approx(min(1, greatest))


def made(name, version, at, dice, accepted=None, ms=1000, status="success", **more):
    call = {"kind": "chat", "status": status, "started_at": at.isoformat(), "prompt": {"name": name, "version": version},
            "model": {"requested": "none-that-has-a-price"}, "time": {"duration_ms": round(ms * dice.lognormvariate(0, 0.4), 3)}, **more}
    if accepted is not None:
        call["feedback"] = {"verdict": "accepted" if dice.random() < accepted else "rejected"}
    return call


def test_a_better_version_is_found_and_said(server):
    dice = random.Random(3)
    name = "folder/ünïcode answer"
    deliver(server, [made(name, version, NOW - datetime.timedelta(hours=dice.uniform(1, 200)), dice, accepted, ms)
                     for version, accepted, ms in (("1.9", 0.55, 1000), ("1.10", 0.75, 1000)) for _ in range(700)])
    told = ask(server, name, "compare")
    assert [version["version"] for version in told["versions"]] == ["1.9", "1.10"]
    (pair,) = told["comparisons"]
    assert pair["warnings"] == []
    metrics = {metric["metric"]: metric for metric in pair["metrics"]}
    accepted = metrics["acceptance_rate"]
    assert accepted["finding"] == "better"
    assert accepted["sentence"].startswith("Version 1.10 is accepted more often than 1.9: +")
    assert "95 % interval +" in accepted["sentence"]
    assert metrics["duration_p50"]["finding"] == "open"
    assert metrics["cost_per_call"]["finding"] == "unknown" and metrics["cost_per_call"]["why"] == "no call says it"
    # With labels: what is in production is what others are compared with, and labels name versions.
    for number in ("1.9", "1.10"):
        body = {"text": f"Say {number}", "version": number}
        if number == "1.9":
            server.request("POST", "/api/v1/prompts", {"name": name, **body}, expect=201)
        else:
            server.request("POST", f"/api/v1/prompts/{urllib.parse.quote(name, safe='')}/versions", {**body, "labels": ["production"]}, expect=201)
    told = ask(server, name, "compare")
    assert told["labels"] == {"latest": "1.10", "production": "1.10"}
    assert told["comparisons"][0]["a"] == "1.10" and {m["metric"]: m["finding"] for m in told["comparisons"][0]["metrics"]}["acceptance_rate"] == "worse"
    named = ask(server, name, "compare", versions="1.9,production", metrics="acceptance_rate")
    assert [metric["finding"] for metric in named["comparisons"][0]["metrics"]] == ["better"]
    assert named["family"] == 1
    of_one = ask(server, name, "performance", version="production", by="model.requested")
    assert of_one["all"] == ask(server, name, "performance", by="model.requested", **{"prompt.version": "1.10"})["all"]
    assert of_one["all"]["figures"]["calls"] == 700
    shown = run("prompts", "performance", name, "--version", "production", "--server", server.url).stdout
    assert "none-that-has-a-price" in shown and "700" in shown


def test_a_change_is_found_and_its_alert_works(server, contract):
    dice = random.Random(4)
    name = "drifting"
    calls = []
    for day in range(40):
        for _ in range(25):
            at = NOW - datetime.timedelta(days=40 - day) + datetime.timedelta(hours=dice.uniform(0, 23.9))
            later = day >= 22
            calls.append(made(name, "2" if later else "1", at, dice, ms=1600 if later else 1000,
                              status="failure" if dice.random() < (0.25 if later else 0.02) else "success"))
    deliver(server, calls)
    told = ask(server, name, "trends", period="41d")
    contract.check(told, "GET", "/api/v1/prompts/{name}/trends")
    assert sum(day["calls"] for day in told["days"]) == 1000 and len(told["days"]) == 41
    series = {one["metric"]: one for one in told["series"]}
    day = (NOW - datetime.timedelta(days=18)).isoformat()[:10]
    # Of 25 calls a day, the day from which on more fail is known to a few days.
    for metric, days in (("duration_p50", 0), ("success_rate", 4)):
        (change,) = series[metric]["changes"]
        assert abs((datetime.date.fromisoformat(change["at"][:10]) - datetime.date.fromisoformat(day)).days) <= days, metric
        assert change["worse"] and change["lasts"]
        if not days:
            assert change["versions"] == ["2"]
    for index, begin in enumerate(told["days"]):
        of_day = [call for call in calls if call["started_at"][:10] == begin["begin"][:10]]
        assert begin["calls"] == len(of_day)
        share = sum(call["status"] == "success" for call in of_day) / len(of_day) if of_day else None
        assert series["success_rate"]["values"][index] == close(share)
        durations = sorted(call["time"]["duration_ms"] for call in of_day)
        assert series["duration_p95"]["values"][index] == close(rank(durations, 95))
    worse = {one["metric"]: one["alert"] for one in told["degradations"]}
    assert set(worse) == {"duration_p50", "duration_p95", "success_rate"}
    for metric, command in worse.items():
        program, *words = shlex.split(command)
        assert program == "steno" and words[:3] == ["alerts", "set", f"drifting-{metric}"]
        run(*words, "--server", server.url)
    rules = {rule["name"]: rule for rule in json.loads(run("alerts", "--json", "--server", server.url).stdout)["alerts"]}
    assert {f"drifting-{metric}" for metric in worse} <= set(rules)
    # With a filter the alert is of these calls, beside that of all.
    of_some = ask(server, name, "trends", period="41d", metrics="success_rate", **{"status.in": "success,failure"})
    command = of_some["degradations"][0]["alert"]
    run(*shlex.split(command)[1:], "--server", server.url)
    rules = {rule["name"]: rule for rule in json.loads(run("alerts", "--json", "--server", server.url).stdout)["alerts"]}
    assert "drifting-success_rate" in rules and "drifting-success_rate-success-failure" in rules
    assert "--filter status.in=success,failure" in command
    timed = ask(server, name, "trends", period="41d", metrics="success_rate", **{"started_at.gte": "2020-01-01T00:00:00Z"})
    contract.check(timed, "GET", "/api/v1/prompts/{name}/trends")
    assert timed["degradations"][0]["alert"] is None and "started_at" in timed["degradations"][0]["why"]
    shown = run("prompts", "trends", name, "--period", "60d", "--server", server.url).stdout
    assert day in shown and "version 2 first called then" in shown and "steno alerts set drifting-success_rate" in shown


def test_commands_on_the_demo(server):
    where = ("--server", server.url)
    shown = run("prompts", "performance", "support_assistant", "--days", "60", *where).stdout
    lines = shown.splitlines()
    assert lines[0].startswith("support_assistant, ")
    assert {line.split()[0] for line in lines if line and line.split()[0] in "1234"} == set("1234")
    assert any(line.startswith("all ") for line in lines) and "thumbs" in shown
    of_one = run("prompts", "performance", "support_assistant", "--version", "2", "--days", "60", "--limit", "1000", *where, "--json").stdout
    told = json.loads(of_one)
    assert told == {**ask(server, "support_assistant", "performance", period="60d", by="model.requested", groups="1000", **{"prompt.version": "2"}),
                    "period": told["period"]}
    done = run("prompts", "performance", "support_assistant", "--version", "9", "--days", "60", *where, check=False)
    assert done.returncode == 3 and "names version 9 of support_assistant" in done.stderr and "calls name " in done.stderr
    shown = run("prompts", "compare", "support_assistant", "1", "4", "--days", "60", "--effect", "5", *where).stdout
    assert "version 4 against 1" in shown and "mostly used at different times" in shown and "to find 5 %" in shown
    assert "corrected for" in shown and "interval" in shown
    shown = run("prompts", "trends", "support_assistant", "--days", "45", *where).stdout
    assert "success_rate" in shown and "first call" in shown
    with_data = run("prompts", "performance", "ticket_triage", "--days", "60", "--json", *where).stdout
    assert json.loads(with_data)["all"]["figures"]["calls"] > 100


@pytest.mark.parametrize("resource, parameters, status, words", [
    ("compare", {"versions": "1,1"}, 400, "compared with itself"),
    ("compare", {"versions": "1,9"}, 404, "names version 9"),
    ("compare", {"versions": "1"}, 409, "only version 1"),
    ("compare", {"metrics": "speed"}, 400, "not measured by"),
    ("compare", {"confidence": "95"}, 400, "0.95"),
    ("compare", {"effect": "-1"}, 400, "above 0"),
    ("compare", {"effect": "5"}, 400, "0.05 is 5 %"),
    ("compare", {"effect": "much"}, 400, "must be a number"),
    ("trends", {"false_alarms": "0.9"}, 400, "false alarms"),
    ("trends", {"period": "2000d"}, 400, "days"),
    ("performance", {"by": "no.field"}, 400, "no.field"),
    ("performance", {"groups": "0"}, 400, "groups"),
    ("performance", {"version": "9"}, 404, "names version 9"),
    ("performance", {"text": "x"}, 400, "text"),
])
def test_bad_questions_are_told(server, resource, parameters, status, words):
    problem = ask(server, "support_assistant", resource, status, **({"period": "60d"} | parameters))
    assert words in problem["detail"] + problem.get("remedy", ""), problem


def test_unknown_prompts_are_told(server):
    for resource in ("performance", "compare", "trends"):
        problem = ask(server, "suport_assistant", resource, 404)
        assert "did you mean support_assistant?" in json.dumps(problem)
    done = run("prompts", "performance", "nothing-like-it", "--server", server.url, check=False)
    assert done.returncode == 3 and "prompt.name" in done.stderr
    # One that the registry has, and no call: nothing is told, and nothing is wrong.
    server.request("POST", "/api/v1/prompts", {"name": "unused", "text": "x"}, expect=201)
    told = ask(server, "unused", "performance")
    assert told["all"]["figures"]["calls"] == 0 and told["groups"] == [] and told["all"]["duration_ms"]["p50"] is None
    assert ask(server, "unused", "compare", 404)["code"] == "not_found"
    assert ask(server, "unused", "trends")["degradations"] == []


def test_an_empty_folder_answers_too(tmp_path):
    done = run("prompts", "performance", "x", "--data", tmp_path / "none", check=False)
    assert done.returncode != 0 and "none" in done.stderr
