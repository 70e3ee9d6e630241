"""What experiments show, and what is done by itself, on a real server: against sums made call by call here."""

import collections
import datetime
import json
import math
import pathlib
import random
import sys
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract  # noqa: E402
from steno_process import Server, run  # noqa: E402

BASE = "/api/v1/experiments"


@pytest.fixture(scope="module")
def contract(server):
    return Contract(server.get("/api/v1/openapi.json")[2])


@pytest.fixture
def name():
    return f"r-{uuid.uuid4().hex[:12]}"


def started(server, name, **more):
    definition = {"name": name, "prompt_type": f"type-{name}", "metric": "acceptance_rate", "variants": [{"name": "control"}, {"name": "short", "model": "small"}], **more}
    server.request("POST", BASE, definition, expect=201)
    return server.request("POST", f"{BASE}/{name}/start", expect=200)[2]


def calls_of(server, experiment, users, accepted, fails=None, seed=1, each=4):
    """Of users as they are assigned, some calls each; delivered as an SDK does."""
    made, draws = [], random.Random(seed)
    for user in users:
        assigned = server.get(f"{BASE}/{experiment['name']}/assign?unit={user}")[2]
        variant = assigned["variant"]
        share = min(1, max(0, accepted[variant] + draws.uniform(-0.3, 0.3)))
        for _ in range(draws.randint(1, 2 * each - 1)):
            now = datetime.datetime.now(datetime.timezone.utc).isoformat()
            made.append({"id": str(uuid.UUID(int=draws.getrandbits(128), version=4)), "kind": "chat", "started_at": now,
                         "status": "failure" if draws.random() < (fails or {}).get(variant, 0.01) else "success",
                         "time": {"duration_ms": draws.randint(200, 3000)}, "feedback": {"verdict": "accepted" if draws.random() < share else "rejected"},
                         "prompt": {"experiment": {"id": experiment["id"], "variant": variant, "unit": user, "probability": assigned["probability"]}}})
    for begin in range(0, len(made), 2000):
        answer = server.request("POST", "/api/v1/calls", {"calls": made[begin:begin + 2000]}, {"Content-Type": "application/json"})[2]
        assert answer["rejected"] == [] and answer["ignored"] == []
    server.wait_until_fed()
    return made


def test_calls_that_are_left_out_are_told_with_their_reasons(server, name, contract):
    experiment = started(server, name)
    calls_of(server, experiment, ["ann"], {"control": 0.5, "short": 0.5})
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    whys = ["the caller wants no part"] * 2 + ["the call says no user, by which the experiment divides"] * 3 + [None]
    answer = server.request("POST", "/api/v1/calls", {"calls": [
        {"id": str(uuid.uuid4()), "kind": "chat", "status": "success", "started_at": now,
         "prompt": {"experiment": {"id": experiment["id"], **({"left_out": why} if why else {})}}} for why in whys]}, {"Content-Type": "application/json"})[2]
    assert answer["rejected"] == [] and answer["ignored"] == []
    server.wait_until_fed()
    told = contract.check(server.get(f"{BASE}/{name}/result")[2], "GET", BASE + "/{name}/result")
    assert told["calls_left_out"] == 6
    assert told["left_out"] == [{"reason": whys[2], "calls": 3}, {"reason": whys[0], "calls": 2}, {"reason": None, "calls": 1}]
    shown = run("experiments", "result", name, "--server", server.url).stdout
    for words in ("6 calls of the experiment are not counted:", whys[0], whys[2], "they say no unit, or no variant of the experiment"):
        assert words in shown, shown


def ratio(calls, variant):
    """The mean over calls, and its variance by users."""
    units = collections.defaultdict(lambda: [0, 0])
    for call in calls:
        experiment = call["prompt"]["experiment"]
        if experiment["variant"] == variant:
            units[experiment["unit"]][0] += call["feedback"]["verdict"] == "accepted"
            units[experiment["unit"]][1] += 1
    total, count = (sum(part) for part in zip(*units.values()))
    mean = total / count
    squares = sum((one - mean * calls) ** 2 for one, calls in units.values())
    return mean, len(units) / (len(units) - 1) * squares / count**2, count, len(units)


def test_a_result_is_what_its_calls_say(server, contract, name):
    experiment = started(server, name, guards=[{"metric": "duration", "worse_by": 0.5, "relative": True}])
    before = contract.check(server.get(f"{BASE}/{name}/result")[2], "GET", BASE + "/{name}/result")
    assert before["sentence"] == "Of acceptance_rate nothing can be said: no call says it." and before["winner"] is None
    calls = calls_of(server, experiment, [f"u{i}" for i in range(240)], {"control": 0.5, "short": 0.6})
    told = contract.check(server.get(f"{BASE}/{name}/result?tz=Europe/Berlin")[2], "GET", BASE + "/{name}/result")
    (a, va, na, ua), (b, vb, nb, ub) = ratio(calls, "control"), ratio(calls, "short")
    assert [one["units"] for one in told["variants"]] == [ua, ub] and [one["calls"] for one in told["variants"]] == [na, nb]
    primary = told["variants"][1]["primary"]
    assert primary["a"] == pytest.approx(a) and primary["b"] == pytest.approx(b)
    # docs/experiments.md: d ± s √(2 (Nρ² + 1) / (Nρ²) ln(√(Nρ² + 1) / α)), planned for 5,000. A tenth of the 5 % is
    # kept for users of whom none differs from the others.
    alpha = 0.9 * 0.05
    error = math.sqrt(va + vb)
    spread = lambda p, n: p * (1 - p) * n / (n - 1) / n  # noqa: E731
    effective = (na + nb) * (spread(a, na) + spread(b, nb)) / error**2
    assert primary["effective_calls"] == pytest.approx(effective)
    twice = -2 * math.log(alpha)
    scaled = effective * (twice + math.log(twice) + 1) / 5000
    reach = error * math.sqrt(2 * (scaled + 1) / scaled * math.log(math.sqrt(scaled + 1) / alpha))
    assert primary["interval"] == pytest.approx([b - a - reach, b - a + reach])
    assert told["sample_ratio"]["units"] == [ua, ub] and not told["sample_ratio"]["mismatch"] and told["sample_ratio"]["crossed_units"] == 0
    assert told["course"][-1]["variants"][1]["interval"] == pytest.approx(primary["interval"])
    assert not told["variants"][1]["guards"][0]["breached"] and told["variants"][0]["primary"] is None
    assert [one["metric"] for one in told["metrics"]][:2] == ["acceptance_rate", "duration"]
    only = server.get(f"{BASE}/{name}/result?metrics=output_tokens")[2]
    assert [one["metric"] for one in only["metrics"]] == ["acceptance_rate", "duration", "output_tokens"]
    assert only["variants"][1]["also"][0]["why"] == "no call says it"


def test_a_guard_stops_a_variant_once(tmp_path):
    name = "guarded"
    with Server(tmp_path / "data") as server:
        contract = Contract(server.get("/api/v1/openapi.json")[2])
        experiment = started(server, name, unit="request", guards=[{"metric": "success_rate", "worse_by": 0.05}])
        assert contract.check(server.request("POST", f"{BASE}/{name}/evaluate")[2], "POST", BASE + "/{name}/evaluate")["done"] == []
        calls_of(server, experiment, [f"r{i}" for i in range(120)], {"control": 0.5, "short": 0.5}, {"control": 0.01, "short": 0.7}, each=1)
        done = server.request("POST", f"{BASE}/{name}/evaluate")[2]["done"]
        assert len(done) == 1 and done[0].startswith("stopped the variant short: short is worse than control in success_rate by more than 5 points"), done
        after = server.get(f"{BASE}/{name}")[2]
        assert after["variants"][1]["stopped"] and after["state"] == "running" and after["changed_by"] == "steno"
        assert {server.get(f"{BASE}/{name}/assign?unit=x{i}")[2]["variant"] for i in range(20)} == {"control"}
        told = server.get(f"{BASE}/{name}/result")[2]
        assert told["winner"] == "control" and told["evaluated"]["done"] == done and told["variants"][1]["guards"][0]["breached"]
        assert server.request("POST", f"{BASE}/{name}/evaluate")[2]["done"] == []
    with Server(tmp_path / "data") as server:  # nothing twice
        assert server.request("POST", f"{BASE}/{name}/evaluate")[2]["done"] == []
        assert server.get(f"{BASE}/{name}")[2]["revision"] == after["revision"]
        history = server.get(f"{BASE}/{name}/history")[2]["changes"]
        assert [(one["action"], one["by"]) for one in history][:1] == [("stopped", "steno")] and "by more than 5 points" in history[0]["reason"]


def test_a_rule_concludes(server, name):
    experiment = started(server, name, rule="conclude_winner")
    calls_of(server, experiment, [f"u{i}" for i in range(60)], {"control": 0.35, "short": 0.65}, seed=3)
    assert server.request("POST", f"{BASE}/{name}/evaluate")[2]["done"] == []  # too few
    calls_of(server, experiment, [f"u{i}" for i in range(60, 700)], {"control": 0.35, "short": 0.65}, seed=4)
    done = server.request("POST", f"{BASE}/{name}/evaluate")[2]["done"]
    assert done and done[0].startswith("concluded with the winner short: short is accepted more often than control: +"), done
    after = server.get(f"{BASE}/{name}")[2]
    assert (after["state"], after["winner"]) == ("concluded", "short")
    assert server.request("POST", f"{BASE}/{name}/evaluate", expect=409)[2]["detail"].startswith("the experiment")
    told = server.get(f"{BASE}/{name}/result")[2]
    assert told["state"] == "concluded" and told["winner"] == "short" and any("less than a week" in warning for warning in told["warnings"])


def test_what_cannot_be_told_is_said(server, name):
    server.request("POST", BASE, {"name": name, "prompt_type": name, "metric": "success_rate", "variants": [{"name": "a"}, {"name": "b"}]}, expect=201)
    assert "was not started" in server.get(f"{BASE}/{name}/result", expect=409)[2]["detail"]
    server.request("POST", f"{BASE}/{name}/start")
    assert "experiments are not decided by" in server.get(f"{BASE}/{name}/result?metrics=beauty", expect=400)[2]["detail"]
    server.get(f"{BASE}/{name}/result?tz=Nowhere", expect=400)
    server.get(f"{BASE}/{name}/result?confidence=2", expect=400)
    server.get(f"{BASE}/nobody-{name}/result", expect=404)


def test_results_on_the_command_line(tmp_path):
    with Server(tmp_path / "data") as server:
        experiment = started(server, "tone", guards=[{"metric": "success_rate", "worse_by": 0.05}])
        calls_of(server, experiment, [f"u{i}" for i in range(200)], {"control": 0.4, "short": 0.6})
        online = run("experiments", "result", "tone", "--server", server.url).stdout
        assert "nothing to be done" in run("experiments", "evaluate", "tone", "--server", server.url).stdout
        told = json.loads(run("experiments", "result", "tone", "--json", "--server", server.url).stdout)
    offline = run("experiments", "result", "tone", "--data", tmp_path / "data").stdout
    for text in (online, offline):
        for words in ("tone  running", told["sentence"], "control (control)", "short", "guard  short is not seen to be worse than control in success_rate by more than 5 points", "hold at every look"):
            assert words in text, text
