"""Live experiments end to end: definitions, states, assignment and the fetch of prompts through the API of a real server."""

import math
import pathlib
import sys
import urllib.parse
import uuid

import pytest
import xxhash

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract  # noqa: E402
from steno_process import Server  # noqa: E402

BASE = "/api/v1/experiments"


@pytest.fixture(scope="module")
def contract(server):
    return Contract(server.get("/api/v1/openapi.json")[2])


@pytest.fixture
def name():
    return f"e-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def prompt(server):
    """A prompt of three versions, the first of them in production."""
    made = f"p-{uuid.uuid4().hex[:12]}"
    server.request("POST", "/api/v1/prompts", {"name": made, "text": "Answer {{question}}", "model": "gpt-5", "temperature": 1, "parameters": {"seed": 7, "stop": ["x"]}, "labels": ["production"]}, expect=201)
    for text in ("Answer {{question}} in one sentence", "Answer {{question}}, and say why"):
        server.request("POST", f"/api/v1/prompts/{made}/versions", {"text": text, "model": "gpt-5"}, expect=201)
    return made


def definition(name, prompt, **more):
    return {"name": name, "prompt": prompt, "metric": "acceptance_rate", "variants": [{"name": "control"}, {"name": "short", "version": "2"}], **more}


def create(server, name, prompt, expect=201, start=False, **more):
    made = server.request("POST", BASE, definition(name, prompt, **more), expect=expect)[2]
    return act(server, name, "start") if start else made


def act(server, name, action, expect=200, headers=None, **query):
    return server.request("POST", f"{BASE}/{name}/{action}?{urllib.parse.urlencode(query)}", headers=headers, expect=expect)[2]


def change(server, name, body, expect=200, headers=None, **query):
    return server.request("PATCH", f"{BASE}/{name}?{urllib.parse.urlencode(query)}", body, headers, expect)[2]


def fetch(server, prompt, expect=200, headers=None, **query):
    return server.get(f"/api/v1/prompts/{prompt}/fetch?{urllib.parse.urlencode(query)}", expect, headers)


def assign(server, name, unit, expect=200, **query):
    return server.get(f"{BASE}/{name}/assign?{urllib.parse.urlencode({'unit': unit, **query})}", expect)[2]


def expected(plan, unit):
    """The variant, made again from the plan by what docs/experiments.md says alone."""
    digest = lambda text, seed: xxhash.xxh64(text.encode(), seed=seed).intdigest()  # noqa: E731
    number = lambda hashed: ((hashed >> 11) + 0.5) * 2.0**-53  # noqa: E731
    if number(digest(unit, digest(plan["id"], 0))) >= plan["share"]:
        return None
    seed = digest(plan["id"], 1)
    live = [variant for variant in plan["variants"] if variant["weight"] > 0]
    first = min(live, key=lambda variant: -math.log(number(digest(unit, digest(variant["name"], seed)))) / variant["weight"])
    return plan["variants"][0]["name"] if first["stopped"] else first["name"]


def test_an_experiment_from_its_draft_to_its_winner(server, contract, name, prompt):
    made = contract.check(create(server, name, prompt, description="Do short answers do?"), "POST", BASE, 201)
    assert (made["state"], made["revision"], made["unit"], made["share"], made["better"]) == ("draft", 1, "user", 1, "higher")
    assert made["winner"] is None and made["started_at"] is None
    before = fetch(server, prompt, unit="ann")[2]
    assert before["version"] == "1" and before["experiment"] is None  # a draft assigns nobody

    started = contract.check(act(server, name, "start", by="ann", reason="ready"), "POST", BASE + "/{name}/start")
    assert started["state"] == "running" and started["changed_by"] == "ann"
    got = {unit: fetch(server, prompt, unit=unit)[2] for unit in map(str, range(60))}
    versions = {"control": "1", "short": "2"}
    for unit, answer in got.items():
        contract.check(answer, "GET", "/api/v1/prompts/{name}/fetch")
        assert answer["experiment"]["unit"] == unit and answer["experiment"]["id"] == made["id"] and answer["experiment"]["revision"] == 2
        assert answer["version"] == versions[answer["experiment"]["variant"]] and answer["experiment"]["probability"] == 0.5
        assert answer == fetch(server, prompt, unit=unit, label="production")[2]
    assert {answer["version"] for answer in got.values()} == {"1", "2"}

    paused = contract.check(act(server, name, "pause", reason="an incident"), "POST", BASE + "/{name}/pause")
    assert paused["state"] == "paused" and fetch(server, prompt, unit="1")[2]["experiment"] is None
    act(server, name, "start")
    again = {unit: fetch(server, prompt, unit=unit)[2] for unit in got}
    assert {unit: answer["version"] for unit, answer in again.items()} == {unit: answer["version"] for unit, answer in got.items()}

    done = contract.check(act(server, name, "conclude", winner="short", by="ann", reason="it won"), "POST", BASE + "/{name}/conclude")
    assert (done["state"], done["winner"]) == ("concluded", "short") and done["concluded_at"] >= done["started_at"]
    assert fetch(server, prompt, unit="1")[2]["version"] == "1"  # the label decides again

    history = contract.check(server.get(f"{BASE}/{name}/history")[2], "GET", BASE + "/{name}/history")["changes"]
    assert [entry["action"] for entry in history] == ["concluded", "started", "paused", "started", "created"]
    assert history[0]["before"] == {"state": "running", "winner": ""} and history[0]["after"] == {"state": "concluded", "winner": "short"}
    assert (history[0]["by"], history[0]["reason"]) == ("ann", "it won") and history[2]["reason"] == "an incident"
    contract.check(server.get(BASE)[2], "GET", BASE)
    assert "weird" in server.request("GET", f"{BASE}?state=weird", expect=400)[2]["detail"]
    assert [one["name"] for one in server.get(f"{BASE}?state=concluded&prompt={prompt}")[2]["experiments"]] == [name]
    assert server.get(f"{BASE}/{made['id']}")[2] == server.get(f"{BASE}/{name}")[2]  # by the id that calls carry, too


def test_who_names_a_version_or_another_label_gets_that(server, name, prompt):
    create(server, name, prompt, variants=[{"name": "a", "version": "2"}, {"name": "b", "version": "3"}], start=True)
    assert fetch(server, prompt, unit="ann")[2]["version"] in ("2", "3")
    assert fetch(server, prompt)[2]["version"] == "1" and "experiment" not in fetch(server, prompt)[2]
    for query in ({"version": "1"}, {"label": "latest"}):
        answer = fetch(server, prompt, unit="ann", **query)[2]
        assert answer["experiment"] is None and answer["version"] == {"version": "1", "label": "3"}[next(iter(query))]
    server.request("PUT", f"/api/v1/prompts/{prompt}/labels/staging", {"version": "1"})
    assert fetch(server, prompt, unit="ann", label="staging")[2]["experiment"] is None


def test_a_variant_lays_its_settings_over_the_version(server, name, prompt):
    create(server, name, prompt, start=True, variants=[{"name": "a", "weight": 1e-9}, {"name": "b", "weight": 1e9, "model": "gpt-5-mini", "temperature": 0.2, "token_limit": 99, "parameters": {"stop": [], "user": "u"}}])
    got = fetch(server, prompt, unit="ann")[2]
    assert (got["version"], got["model"], got["temperature"], got["token_limit"]) == ("1", "gpt-5-mini", 0.2, 99)
    assert got["parameters"] == {"seed": 7, "stop": [], "user": "u"} and got["text"] == "Answer {{question}}"


def test_the_plan_is_all_that_a_program_needs(server, contract, name, prompt):
    assert fetch(server, prompt, plan="true")[2]["experiment"] is None
    create(server, name, prompt, share=0.6, variants=[{"name": "control", "weight": 2}, {"name": "short", "version": "2"}, {"name": "why", "version": "3", "model": "gpt-5-mini"}], start=True)
    _, headers, answer = fetch(server, prompt, plan="true", included="true")
    contract.check(answer, "GET", "/api/v1/prompts/{name}/fetch")
    plan = answer["experiment"]
    assert answer["version"] == "1"  # of those that take no part
    assert [(one["variant"], one["version"], one["model"], one["included"]) for one in answer["variants"]] == [("control", "1", "gpt-5", []), ("short", "2", "gpt-5", []), ("why", "3", "gpt-5-mini", [])]
    contents = {one["variant"]: one["version"] for one in answer["variants"]}
    for unit in [f"user-{i}" for i in range(80)] + ["Zoë", "日本", "a b&c"]:
        served, told = fetch(server, prompt, unit=unit)[2], assign(server, name, unit)
        variant = expected(plan, unit)
        assert told["variant"] == variant and told["takes_part"] == (variant is not None)
        assert (served["experiment"] or {"variant": None})["variant"] == variant
        assert served["version"] == (contents[variant] if variant else "1")
    # Kept while nothing changes; a change of the weights is another plan.
    assert fetch(server, prompt, expect=304, headers={"If-None-Match": headers["etag"]}, plan="true", included="true")
    change(server, name, {"weights": {"short": 5}})
    changed = fetch(server, prompt, headers={"If-None-Match": headers["etag"]}, plan="true", included="true")[2]
    assert changed["experiment"]["revision"] == plan["revision"] + 1


def test_assignments_can_be_made_again(server, contract, name, prompt):
    started = create(server, name, prompt, start=True)
    units = [f"user-{i}" for i in range(200)]
    was = {unit: assign(server, name, unit)["variant"] for unit in units}
    moment = server.get(f"{BASE}/{name}")[2]["changed_at"]
    change(server, name, {"weights": {"short": 3}}, by="ann")
    after = {unit: assign(server, name, unit)["variant"] for unit in units}
    moved = {unit for unit in units if was[unit] != after[unit]}
    assert moved and {after[unit] for unit in moved} == {"short"}  # nobody leaves who need not
    for unit in units[:40]:
        assert assign(server, name, unit, revision=started["revision"])["variant"] == was[unit]
        assert assign(server, name, unit, at=moment)["variant"] == was[unit]
    answer = contract.check(assign(server, name, "x"), "GET", BASE + "/{name}/assign")
    assert answer["probability"] == (0.75 if answer["variant"] == "short" else 0.25)
    assert assign(server, name, "x", revision=1)["state"] == "draft"
    assert "no such revision" in assign(server, name, "x", 404, revision=9)["detail"]
    assert assign(server, name, "x", 404, at="2001-01-01T00:00:00Z")
    assert assign(server, name, "x", 400, at="yesterday")
    assert server.get(f"{BASE}/{name}/assign", 400)


def test_a_stopped_variants_units_get_the_control_and_nobody_else_moves(server, contract, name, prompt):
    create(server, name, prompt, variants=[{"name": "a"}, {"name": "b", "version": "2"}, {"name": "c", "version": "3"}], start=True)
    units = [f"user-{i}" for i in range(200)]
    was = {unit: assign(server, name, unit)["variant"] for unit in units}
    stopped = server.request("POST", f"{BASE}/{name}/variants/b/stop?reason=too+dear")[2]
    contract.check(stopped, "POST", BASE + "/{name}/variants/{variant}/stop")
    assert [one["stopped"] for one in stopped["variants"]] == [False, True, False]
    for unit in units:
        now = assign(server, name, unit)
        assert now["variant"] == ("a" if was[unit] == "b" else was[unit])
        assert now["probability"] == pytest.approx(2 / 3 if now["variant"] == "a" else 1 / 3)
    assert server.request("POST", f"{BASE}/{name}/variants/a/stop", expect=400)[2]["detail"]
    assert server.request("POST", f"{BASE}/{name}/variants/x/stop", expect=400)[2]["remedy"] == "there are a, b, c"
    assert "was stopped" in act(server, name, "conclude", 409, winner="b")["detail"]
    assert "stopped for good" in change(server, name, {"weights": {"b": 1}}, 400)["detail"]
    assert [one["weight"] for one in change(server, name, {"weights": {"c": 3}})["variants"]] == [1, 0, 3]


def test_at_most_one_runs_for_a_prompt(server, name, prompt):
    create(server, name, prompt, start=True)
    create(server, name + "-2", prompt)
    refused = act(server, name + "-2", "start", 409)
    assert name in refused["detail"] and prompt in refused["detail"] and "pause" in refused["remedy"]
    act(server, name, "pause")
    act(server, name + "-2", "start")
    act(server, name, "start", 409)
    act(server, name + "-2", "conclude")
    act(server, name, "start")


def test_what_an_experiment_asks_stays_once_it_was_started(server, name, prompt):
    create(server, name, prompt)
    change(server, name, {"metric": "success_rate", "unit": "session", "variants": [{"name": "x"}, {"name": "y", "version": "3"}]})
    act(server, name, "start")
    for body in ({"metric": "acceptance_rate"}, {"unit": "user"}, {"variants": [{"name": "x"}, {"name": "y"}]}, {"margin": 0.5}, {"label": "staging"}):
        assert change(server, name, body, 409 if "label" not in body else 404)["detail"]
    kept = change(server, name, {"share": 0.5, "description": "later", "guards": [{"metric": "cost_per_call", "worse_by": 0.2, "relative": True}], "rule": "conclude_winner"})
    assert (kept["share"], kept["description"], kept["guards"][0]["better"], kept["rule"]) == (0.5, "later", "lower", "conclude_winner")
    assert change(server, name, {"share": 0.5})["revision"] == kept["revision"]  # is so already
    act(server, name, "conclude")
    assert change(server, name, {"share": 1}, 409)["detail"]
    for action in ("start", "pause", "conclude"):
        assert "concluded" in act(server, name, action, 409)["detail"]


@pytest.mark.parametrize(
    "more, words",
    [
        ({"variants": [{"name": "a"}]}, "2 to 20 variants"),
        ({"variants": [{"name": "a"}, {"name": "a"}]}, 'two variants are named "a"'),
        ({"variants": [{"name": "a"}, {"name": "b", "weight": 0}]}, "weight"),
        ({"variants": [{"name": "a"}, {"name": "b", "weight": -1}]}, "weight"),
        ({"variants": [{"name": "a"}, {"name": "b", "weight": None}]}, "weight: a number"),
        ({"variants": [{"name": "a"}, {"name": "b", "colour": "red"}]}, "colour"),
        ({"metric": "happiness"}, "happiness"),
        ({"metric": "duration_p95"}, "percentile"),
        ({"share": 0}, "share"),
        ({"unit": "planet"}, "user, session or request"),
        ({"name": "Not A Name"}, "name"),
        ({"prompt": ""}, "prompt_type"),
        ({"more": 1}, "more"),
    ],
)
def test_bad_definitions_are_told_and_nothing_is_made(server, name, prompt, more, words):
    answer = server.request("POST", BASE, {**definition(name, prompt), **more}, expect=400)[2]
    assert words in answer["detail"] + answer.get("remedy", "")
    server.get(f"{BASE}/{name}", 404)


def test_what_is_refused_says_what_to_do(server, name, prompt):
    twins = create(server, name, prompt, 400, variants=[{"name": "a"}, {"name": "a"}])
    assert "a name of its own" in twins["remedy"]
    create(server, name, prompt)
    assert "leave it out" in change(server, name, {"name": "another"}, 400)["remedy"]
    assert "nothing to pause" in act(server, name, "pause", 409)["remedy"]
    assert "steno experiments result" in act(server, name, "evaluate", 409)["remedy"]
    act(server, name, "start")
    first, *_ = server.get(f"{BASE}/{name}")[2]["variants"]
    refused = act(server, name, "conclude", 400, winner="nobody")
    assert refused["remedy"].startswith(f"there are {first['name']}, ")
    refused = act(server, name, "pause", 400, reason="x" * 10_000)
    assert "address of what says more" in refused["remedy"]
    for more, words in [({"prompt_type": "faq\u200b"}, "U+200B"), ({"prompt_type": "faq\u3000"}, "a space"), ({"prompt": prompt + "\u3164"}, "U+3164")]:
        refused = server.request("POST", BASE, {**definition(f"{name}-2", prompt), **more}, expect=400)[2]
        assert words in refused["detail"] and "such as" in refused["remedy"]


def test_what_is_not_there_is_told(server, name, prompt):
    assert "version" in create(server, name, prompt, 404, variants=[{"name": "a"}, {"name": "b", "version": "9"}])["detail"]
    assert create(server, name, "nowhere", 404)["code"] == "not_found"
    create(server, name, prompt)
    assert name in create(server, name, prompt, 409)["detail"]
    assert act(server, name, "pause", 409)["detail"] and act(server, name, "conclude", 409)["remedy"]
    assert name in server.get(f"{BASE}/{name[:-1]}", 404)[2]["remedy"]
    act(server, name, "start")
    assert act(server, name, "conclude", 400, winner="nobody")["detail"]
    server.request("DELETE", f"{BASE}/{name}", expect=409)


def test_of_two_who_change_at_the_same_time_one_is_told(server, name, prompt):
    read = create(server, name, prompt)
    _, headers, _ = server.get(f"{BASE}/{name}")
    assert headers["etag"] == read["etag"]
    server.get(f"{BASE}/{name}", 304, {"If-None-Match": read["etag"]})
    change(server, name, {"share": 0.5}, headers={"If-Match": read["etag"]})
    assert act(server, name, "start", 412, {"If-Match": read["etag"]})["code"] == "precondition_failed"
    assert change(server, name, {"share": 0.7}, 412, {"If-Match": read["etag"]})
    server.request("DELETE", f"{BASE}/{name}", headers={"If-Match": read["etag"]}, expect=412)
    now = server.get(f"{BASE}/{name}")[2]
    assert (now["state"], now["share"]) == ("draft", 0.5)
    server.request("DELETE", f"{BASE}/{name}", headers={"If-Match": now["etag"]}, expect=204)
    server.get(f"{BASE}/{name}", 404)


def test_an_experiment_outlives_the_server(tmp_path):
    data = tmp_path / "data"
    with Server(data) as first:
        first.request("POST", "/api/v1/prompts", {"name": "answer", "text": "A", "labels": ["production"]}, expect=201)
        first.request("POST", "/api/v1/prompts/answer/versions", {"text": "B"}, expect=201)
        create(first, "tone", "answer", start=True)
        was = [fetch(first, "answer", unit=str(i))[2] for i in range(20)]
        first.kill()
    with Server(data) as second:
        assert [fetch(second, "answer", unit=str(i))[2] for i in range(20)] == was


def test_an_experiment_never_fails_a_fetch(server, name, prompt):
    """What a variant includes has gone since: nobody gets a variant then, and everybody the prompt."""
    part = f"p-{uuid.uuid4().hex[:12]}"
    server.request("POST", "/api/v1/prompts", {"name": part, "text": "Be kind."}, expect=201)
    server.request("POST", f"/api/v1/prompts/{prompt}/versions", {"text": "{{>" + part + "}} Answer {{question}}"}, expect=201)
    create(server, name, prompt, variants=[{"name": "a", "weight": 1e-9}, {"name": "b", "weight": 1e9, "version": "4"}], start=True)
    assert fetch(server, prompt, unit="ann", included="true")[2]["experiment"]["variant"] == "b"
    assert f'version 4 of "{prompt}"' in server.request("DELETE", f"/api/v1/prompts/{part}?force=true")[2]["warnings"][0]
    got = fetch(server, prompt, unit="ann", included="true")[2]
    assert got["version"] == "1" and got["experiment"] is None
    assert fetch(server, prompt, plan="true", included="true")[2]["experiment"] is None
    assert fetch(server, prompt, 400, unit="u" * 1001)
    long = fetch(server, prompt, unit="é" * 150)[2]
    assert long == fetch(server, prompt, unit="é" * 100)[2]  # of a unit the first 200 bytes count
    assert fetch(server, prompt, 400, unit="ann", plan="true")
