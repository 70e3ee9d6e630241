"""Suggestions on demo data, and on situations planted into it: every figure made anew from the calls, one by one."""

import collections
import datetime
import decimal
import pathlib
import random
import re
import subprocess
import shlex
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract
from steno_process import BINARY, Server, run

AI = {"chat", "completion", "embedding", "vision", "transcription", "speech", "image", "video", "moderation", "rerank", "intent"}
D = decimal.Decimal
DAY = 86_400


def text_of(message):
    return [{"role": "user", "parts": [{"type": "text", "text": message}]}]


def planted():
    """A model that is as good and cheaper, one that is cheaper and worse, a prefix, repeats, failures."""
    draw = random.Random(5)
    now = datetime.datetime.now(datetime.timezone.utc)

    def call(prompt, model, days_ago, **more):
        began = now - datetime.timedelta(days=days_ago)
        return {"kind": "chat", "status": "success", "source": "python", "started_at": began.isoformat(),
                "ended_at": (began + datetime.timedelta(seconds=2)).isoformat(),
                "provider": {"name": "anthropic"}, "model": {"requested": model}, "prompt": {"name": prompt},
                "request": {"messages": text_of(f"{prompt} {model} {draw.random()}")},
                "response": {"messages": [{"role": "assistant", "parts": [{"type": "text", "text": "Yes."}]}]},
                "usage": {"input_tokens": 900 + draw.randrange(200), "output_tokens": 100}, **more}

    calls = []
    for i in range(1600):
        for prompt, good in (("equal", 80), ("worse", 70)):
            calls.append(call(prompt, "claude-opus-4-5", 20 * draw.random(), feedback={"verdict": "accepted" if i % 100 < 80 else "rejected"}))
            calls.append(call(prompt, "claude-haiku-4-5", 20 * draw.random(), feedback={"verdict": "accepted" if i % 100 < good else "rejected"}))
    system = "Answer in the language of the user, with the figures of the contract. " * 300
    for i in range(120):
        one = call("prefix", "claude-sonnet-4-5", 1 + i / 1440)
        one["request"]["system"] = system
        one["usage"]["input_tokens"] = 30_000
        calls.append(one)
    for i in range(50):
        one = call("again", "claude-sonnet-4-5", 1 + i / 50)
        one["request"]["messages"] = text_of(f"What is the price of article {i % 5}?")
        calls.append(one)
    for i in range(12):
        calls.append(call("broken", "claude-sonnet-4-5", 3 * draw.random(), status="failure", error={"type": "server"}))
    return calls


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("suggestions") / "data"
    run("demo", "--data", data, "--calls", "2000", "--seed", "6", "--days", "40")
    with Server(data) as server:
        calls = planted()
        for i in range(0, len(calls), 2000):
            taken = server.request("POST", "/api/v1/calls", {"calls": calls[i:i + 2000]}, headers={"content-type": "application/json"})[2]
            assert taken["rejected"] == []
        server.wait_until_fed()
        yield server


@pytest.fixture(scope="module")
def answer(server):
    told = server.get("/api/v1/suggestions?period=30d")[2]
    Contract(server.get("/api/v1/openapi.json")[2]).check(told, "GET", "/api/v1/suggestions")
    return told


@pytest.fixture(scope="module")
def calls(server, answer):
    period = answer["period"]
    return [call for call in server.calls(f"&from={period['from']}&to={period['to']}") if call["kind"] in AI]


def suggested(answer, kind, prompt):
    found = [one for one in answer["suggestions"] if one["kind"] == kind and one["task"]["prompt"] == prompt]
    assert len(found) == 1, (kind, prompt, [(one["kind"], one["task"]) for one in answer["suggestions"]])
    return found[0]


def nanos(text):
    moment = datetime.datetime.fromisoformat(re.sub(r"\.\d+", "", text).replace("Z", "+00:00"))
    fraction = re.search(r"\.(\d+)", text)
    return int(moment.timestamp()) * 10**9 + (int(fraction[1].ljust(9, "0")) if fraction else 0)


def month(amount, begin, end):
    seconds = (nanos(end) - nanos(begin)) // 10**9
    return (amount * (30 * DAY) / seconds).quantize(D("1e-12"), rounding=decimal.ROUND_HALF_EVEN)


def of_prompt(calls, prompt, model=None):
    return [call for call in calls if (call.get("prompt") or {}).get("name") == prompt and model in (None, call["model"]["requested"])]


def cost(calls):
    return sum((D(call["cost"]["total"]) for call in calls if "total" in call.get("cost", {})), D(0))


def test_a_cheaper_model_that_is_as_good(answer, calls):
    one = suggested(answer, "cheaper_model", "equal")
    dear, cheap = of_prompt(calls, "equal", "claude-opus-4-5"), of_prompt(calls, "equal", "claude-haiku-4-5")
    evidence = one["evidence"]
    assert (evidence["calls"], evidence["calls_of_cheaper"], evidence["cheaper_model"]) == (1600, 1600, "claude-haiku-4-5")
    assert (D(evidence["cost"]), D(evidence["cost_of_cheaper"])) == (cost(dear), cost(cheap))
    amount = cost(dear) - (cost(cheap) * len(dear) / len(cheap)).quantize(D("1e-12"), rounding=decimal.ROUND_HALF_EVEN)
    assert D(one["saving"]["amount"]) == amount
    assert D(one["saving"]["per_month"]) == month(amount, one["from"], one["to"])
    low, high = map(D, one["saving"]["per_month_interval"])
    assert low < D(one["saving"]["per_month"]) < high
    for name, side in (("acceptance_rate", dear), ("acceptance_rate_of_cheaper", cheap)):
        accepted = collections.Counter(call["feedback"]["verdict"] for call in side)
        assert evidence[name] == pytest.approx(accepted["accepted"] / sum(accepted.values()))
    assert evidence["acceptance_rate_verdict"] == "negligible"
    assert -0.05 < evidence["acceptance_rate_difference_low"] < 0 < evidence["acceptance_rate_difference_high"]


def test_a_cheaper_model_that_is_worse_is_not_suggested(answer):
    assert not [one for one in answer["suggestions"] if one["kind"] == "cheaper_model" and one["task"]["prompt"] == "worse"]


def test_a_prefix_that_is_not_cached(server, answer, calls):
    one = suggested(answer, "uncached_prefix", "prefix")
    evidence = one["evidence"]
    tokens = evidence["prefix_tokens"]
    assert (evidence["calls"], evidence["reads"] + evidence["writes"]) == (120, 120)
    prices = next(price for price in server.get("/api/v1/prices?provider=anthropic&model=claude-sonnet-4-5")[2]["prices"]
                  if not price.get("tier") and not price.get("min_input_tokens") and not price.get("region"))
    # Each a minute after the other: kept for five minutes, the first writes and all others read.
    begins = sorted(nanos(call["started_at"]) for call in of_prompt(calls, "prefix"))
    reads = sum(later - begin <= 300 * 10**9 and later - begin >= 2 * 10**9 for begin, later in zip(begins, begins[1:]))
    assert (evidence["kept_for"], evidence["reads"]) == ("5 minutes", reads)

    def of(amount):
        return (D(prices[amount]) * tokens / 1_000_000).quantize(D("1e-12"), rounding=decimal.ROUND_HALF_EVEN)
    amount = reads * (of("input") - of("cache_read")) + (120 - reads) * (of("input") - of("cache_write_5m"))
    assert D(one["saving"]["amount"]) == amount


def test_what_was_answered_before(answer, calls):
    one = suggested(answer, "repeated_request", "again")
    asked, repeats = set(), []
    for call in sorted(of_prompt(calls, "again"), key=lambda call: nanos(call["started_at"])):
        text = call["preview"]["prompt"]
        (repeats if text in asked else []).append(call)
        asked.add(text)
    assert one["affected_calls"] == len(repeats) == 45
    assert D(one["saving"]["amount"]) == cost(repeats)
    assert one["evidence"]["same_answers"] == 45 and one["confidence"] == "high"


def test_failures_that_were_paid_for(answer, calls):
    one = suggested(answer, "paid_failure", "broken")
    assert one["affected_calls"] == 12
    assert D(one["saving"]["amount"]) == cost(of_prompt(calls, "broken"))
    assert D(one["saving"]["per_month_interval"][0]) == 0


def test_the_order_and_what_was_looked_at(answer):
    months = [D(one["saving"]["per_month"]) for one in answer["suggestions"] if one["saving"]]
    assert months == sorted(months, reverse=True)
    saves = [bool(one["saving"]) for one in answer["suggestions"]]
    assert saves == sorted(saves, reverse=True)
    assert len(answer["looked_at"]) == 8 and all(one["words"] for one in answer["looked_at"])


def test_calls_and_commands_that_are_told_can_be_followed(server, answer):
    for one in answer["suggestions"]:
        for id in one["calls"]:
            server.call(id)
        words = shlex.split(one["command"])
        assert words[0] == "steno"
        if words[1] == "replay":  # would send it: the upstream is not ours
            continue
        done = subprocess.run([BINARY, *words[1:], "--server", server.url], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (one["command"], done.stderr)


def test_only_these_kinds_and_calls(server):
    told = server.get("/api/v1/suggestions?kinds=paid_failure,cut_answer&prompt.name=equal")[2]
    assert told["suggestions"] == [] and told["newest"] is None
    assert [one["kind"] for one in told["looked_at"]] == ["paid_failure", "cut_answer"]


@pytest.mark.parametrize("query", ["kinds=cheaper", "margin=5", "margin=x", "newest=0", "newest=99999999", "text=x", "nonsense=1"])
def test_questions_that_make_no_sense(server, query):
    assert server.get(f"/api/v1/suggestions?{query}", expect=400)[2]["detail"]


def test_the_command(server):
    text = run("suggest", "--server", server.url, "--kind", "cheaper_model").stdout
    assert "claude-haiku-4-5 does no worse than claude-opus-4-5" in text
    assert "steno replay" in text and "savings are not to be added up" in text
    nothing = run("suggest", "--server", server.url, "--days", "1", "-f", "prompt.name=nobody").stdout
    assert "nothing to suggest" in nothing and "cheaper model:" in nothing
