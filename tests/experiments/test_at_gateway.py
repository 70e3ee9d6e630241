"""Live experiments at the gateway: each unit's calls go out as its variant has them, and the record has both forms."""

import collections
import json
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from openapi import Contract  # noqa: E402
from steno_process import Server, Simulator  # noqa: E402

CHAT, RESPONSES, MESSAGES = "/openai/v1/chat/completions", "/openai/v1/responses", "/anthropic/v1/messages"
GEMINI = "/gemini/v1beta/models/gemini-2.5-flash:generateContent"
USERS = [f"user-{n}" for n in range(12)]  # some of each variant: who gets which follows from the id alone, so it is tried


@pytest.fixture(scope="module")
def simulator():
    with Simulator() as running:
        yield running


@pytest.fixture
def server(tmp_path, simulator):
    with Server(tmp_path / "data", *simulator.upstreams()) as running:
        running.request("POST", "/api/v1/prompts", {"name": "answer", "text": "Answer: {{question}}", "labels": ["production"]}, expect=201)
        running.request("POST", "/api/v1/prompts/answer/versions", {"version": "2", "temperature": 0.25, "messages": [
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{question}} In one sentence."}]}, expect=201)
        yield running


def begin(server, name, variants, **more):
    made = {"name": name, "prompt_type": "faq", "unit": "user", "metric": "acceptance_rate", "variants": variants, **more}
    server.request("POST", "/api/v1/experiments", made, expect=201)
    return server.request("POST", f"/api/v1/experiments/{name}/start", {})[2]


def variant_of(server, name, unit):
    return server.get(f"/api/v1/experiments/{name}/assign?unit={unit}")[2]["variant"]


def ask(server, path=CHAT, body=None, expect=200, **headers):
    """A call through the gateway: what is recorded of it."""
    body = body or {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Why?"}]}
    head = {"content-type": "application/json", "x-steno-prompt-type": "faq"} | {
        name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    _, answer, _ = server.request("POST", path, body if isinstance(body, bytes) else json.dumps(body).encode(),
                                  {name: value for name, value in head.items() if value}, expect=expect)
    call = server.call(answer["x-steno-call-id"])
    return call, call.get("prompt", {}).get("experiment")


def test_each_user_gets_the_model_of_his_variant(server):
    experiment = begin(server, "cheaper", [{"name": "control", "weight": 1}, {"name": "mini", "weight": 1, "model": "gpt-4.1-mini",
                                                                             "token_limit": 64}])
    contract = Contract(server.get("/api/v1/openapi.json")[2])
    body = b'{ "model":"gpt-4o-mini", "max_tokens": 500,"messages":[{"role":"user","content":"Wh\\u0079?"}]}'
    seen = collections.Counter()
    for user in USERS:
        variant = variant_of(server, "cheaper", user)
        for _ in range(2):  # and keeps it
            call, part = ask(server, body=body, x_steno_user=user)
            assert part == {"id": experiment["id"], "variant": variant, "unit": user, "probability": 0.5,
                            "revision": experiment["revision"]}
            contract.check(call, "GET", "/api/v1/calls/{id}")
            seen[variant] += 1
            if variant == "control":
                assert call["model"]["served"].startswith("gpt-4o-mini") and "client_request" not in call["raw"]
                assert call["raw"]["request"] == body.decode()
                continue
            assert call["model"]["requested"] == "gpt-4.1-mini" and call["model"]["served"].startswith("gpt-4.1-mini")
            # Both forms, and between them nothing but what the variant changes.
            assert call["raw"]["client_request"] == body.decode()
            assert call["raw"]["request"] == body.decode().replace("gpt-4o-mini", "gpt-4.1-mini").replace(
                '"max_tokens": 500', '"max_completion_tokens": 64')
            raw = server.get(f"/api/v1/calls/{call['id']}/raw?part=client_request")[2]
            assert raw == body
    assert seen["control"] and seen["mini"]


def test_a_version_is_filled_in_with_the_variables_that_the_call_brings(server):
    begin(server, "words", [{"name": "control", "weight": 1, "version": "1"}, {"name": "brief", "weight": 1, "version": "2"}],
          prompt="answer")
    bodies = {
        CHAT: {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Mine: why?"}]},
        RESPONSES: {"model": "gpt-4o-mini", "input": "Mine: why?"},
        MESSAGES: {"model": "claude-3-5-haiku-latest", "max_tokens": 100,
                   "messages": [{"role": "user", "content": [{"type": "text", "text": "Mine: why?"}]}]},
        GEMINI: {"contents": [{"role": "user", "parts": [{"text": "Mine: why?"}]}]},
    }
    for path, body in bodies.items():
        seen = set()
        for user in USERS:
            call, part = ask(server, path, body, x_steno_user=user, x_steno_variables='{"question": "Why is \\"it\\"?"}')
            texts = [message_part["text"] for message in call["request"]["messages"] for message_part in message["parts"]]
            everything = json.dumps([call["request"].get("system"), texts])
            seen.add(part["variant"])
            assert call["prompt"]["name"] == "answer" and call["prompt"]["all_variables_present"] is True
            if part["variant"] == "control":
                assert call["prompt"]["version"] == "1" and texts == ['Answer: Why is "it"?']
            else:
                assert call["prompt"]["version"] == "2" and texts[-1] == 'Why is "it"? In one sentence.'
                assert "Be brief." in everything and "0.25" in json.dumps(call["request"]["parameters"])
            assert "Mine: why?" in call["raw"]["client_request"] and "Mine: why?" not in call["raw"]["request"]
        assert seen == {"control", "brief"}, path


def test_who_takes_no_part_goes_unchanged_and_the_call_says_why(server):
    experiment = begin(server, "words", [{"name": "control", "weight": 1}, {"name": "brief", "weight": 1, "version": "2"}],
                       prompt="answer")
    whose = {"x_steno_variables": '{"question": "Why?"}'}
    cases = [
        ({}, None, "the call says no user, by which the experiment divides"),
        ({"x_steno_user": "USER", "x_steno_experiment": "off"}, None, "the caller wants no part"),
        ({"x_steno_user": "USER", "x_steno_variables": "{}"}, None, "the call brings no value for the variable question"),
        ({"x_steno_user": "USER"}, {"model": "gpt-4o-mini", "messages": [
            {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]},
         "the conversation has gone on beyond the prompt"),
    ]
    for headers, body, why in cases:
        for user in USERS:  # of either variant
            given = {name: user if value == "USER" else value for name, value in {**whose, **headers}.items()}
            call, part = ask(server, body=body, **given)
            assert part == {"id": experiment["id"], "left_out": why}
            assert "client_request" not in call["raw"] and "version" not in call["prompt"]
            assert call["status"] == "success"
    embedding, part = ask(server, "/openai/v1/embeddings", {"model": "text-embedding-3-small", "input": "x"}, x_steno_user="ann", **whose)
    assert part["left_out"] == "requests in this form cannot be edited"
    for body in (b"Why?", b'["Why?"]'):  # nobody can tell what they are, and they are left out of the experiment all the same
        call, part = ask(server, body=body, expect=None, x_steno_user="ann", **whose)
        assert call["kind"] == "span" and part == {"id": experiment["id"], "left_out": "the request's body is no JSON object"}
    server.wait_until_fed()
    told = server.get("/api/v1/experiments/words/result")[2]
    assert {one["reason"]: one["calls"] for one in told["left_out"]} == {
        **{why: len(USERS) for _, _, why in cases}, "requests in this form cannot be edited": 1, "the request's body is no JSON object": 2}
    assert told["calls_left_out"] == len(cases) * len(USERS) + 3
    # Other kinds of prompts, and calls of none, are asked about nothing.
    assert ask(server, x_steno_prompt_type="other", x_steno_user="ann")[1] is None
    call, part = ask(server, x_steno_prompt_type="", x_steno_user="ann", x_steno_experiment="off")
    assert part is None


def test_what_is_paused_or_concluded_changes_nothing(server):
    begin(server, "cheaper", [{"name": "control", "weight": 1}, {"name": "mini", "weight": 1, "model": "gpt-4.1-mini"}])
    user = next(user for user in USERS if variant_of(server, "cheaper", user) == "mini")
    assert ask(server, x_steno_user=user)[0]["model"]["requested"] == "gpt-4.1-mini"
    server.request("POST", "/api/v1/experiments/cheaper/pause", {})
    call, part = ask(server, x_steno_user=user)
    assert part is None and call["model"]["requested"] == "gpt-4o-mini"
    server.request("POST", "/api/v1/experiments/cheaper/start", {})
    assert ask(server, x_steno_user=user)[1]["variant"] == "mini"
    server.request("POST", "/api/v1/experiments/cheaper/conclude", {})
    assert ask(server, x_steno_user=user)[1] is None


def test_an_experiment_runs_on_after_a_restart(tmp_path, simulator):
    with Server(tmp_path / "data", *simulator.upstreams()) as first:
        begin(first, "cheaper", [{"name": "control", "weight": 1}, {"name": "mini", "weight": 1, "model": "gpt-4.1-mini"}])
        before = {user: ask(first, x_steno_user=user)[1] for user in USERS}
    with Server(tmp_path / "data", *simulator.upstreams()) as second:
        assert {user: ask(second, x_steno_user=user)[1] for user in USERS} == before


def large_works(server):
    return int(re.search(r"^steno_gateway_large_works_total (\S+)$", server.get("/metrics")[2].decode(), re.MULTILINE).group(1))


def test_a_version_of_ten_megabytes_holds_up_no_loop(server):
    text = "Answer: {{question}} " + "x" * ((10 << 20) - 100)
    server.request("POST", "/api/v1/prompts", {"name": "long", "text": text}, expect=201)
    begin(server, "longer", [{"name": "control", "weight": 1, "version": "1"}, {"name": "same", "weight": 1, "version": "1"}],
          prompt="long")
    call, part = ask(server, x_steno_user="ann", x_steno_variables='{"question": "Why?"}')
    assert part["variant"] and call["raw"]["request"].count("x" * 1000) > 10_000
    assert large_works(server) == 3, "filling in, the request's record, the answer's"


def test_what_a_program_says_of_its_own_assignment_is_looked_at(server):
    experiment = begin(server, "words", [{"name": "control", "weight": 1, "version": "1"}, {"name": "brief", "weight": 1, "version": "2"}],
                       prompt="answer")

    def told(part):
        """(warning, what is on record) for a call that says this."""
        head = {"content-type": "application/json", "x-steno-prompt-type": "faq", "x-steno-experiment": json.dumps(part)}
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Why?"}]}
        _, answer, _ = server.request("POST", CHAT, json.dumps(body).encode(), head)
        return answer["x-steno-warning"], server.call(answer["x-steno-call-id"])["prompt"]["experiment"]

    good = {"id": experiment["id"], "variant": "brief", "unit": "ann", "probability": 0.5, "revision": 2}
    assert told(good) == (None, good)
    assert told({**good, "variant": "long"}) == (
        "x-steno-experiment taken as it is: the experiment has no such variant", {**good, "variant": "long"})
    other = {**good, "id": "0199a000-0000-7000-8000-000000000000"}
    assert told(other) == ("x-steno-experiment taken as it is: no experiment that was ever started here has this id", other)
    del good["probability"]
    for probability in (0, 2, -1, 1e-300, "0.5"):
        warning, part = told({**good, "probability": probability})
        assert warning.startswith("x-steno-experiment taken in part: it should be off, or a JSON object with id") and part == good
    server.request("POST", "/api/v1/experiments/words/conclude", {})
    assert told(good) == (None, good), "programs may have its plan for a while"


def test_budgets_and_prices_are_of_what_is_really_asked(server):
    begin(server, "dearer", [{"name": "control", "weight": 1}, {"name": "big", "weight": 1, "model": "gpt-4o"}])
    server.request("POST", "/api/v1/budgets", {"name": "no-4o", "limit": "0.0000001", "scope": {"model": "gpt-4o"}, "hard": True},
                   expect=201)
    seen = set()
    for user in USERS:
        variant = variant_of(server, "dearer", user)
        seen.add(variant)
        call, part = ask(server, x_steno_user=user, expect=402 if variant == "big" else 200)
        assert part["variant"] == variant
        if variant == "big":
            assert call["error"]["provider_code"] == "no-4o" and call["model"]["requested"] == "gpt-4o"
    assert seen == {"control", "big"}


def test_streams_are_edited_too(server):
    begin(server, "cheaper", [{"name": "control", "weight": 1}, {"name": "mini", "weight": 1, "model": "gpt-4.1-mini"}])
    user = next(user for user in USERS if variant_of(server, "cheaper", user) == "mini")
    call, _ = ask(server, body={"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "Why?"}]},
                  x_steno_user=user)
    assert call["model"]["served"].startswith("gpt-4.1-mini") and call["usage"]["asked"] is True
    assert call["usage"]["output_tokens"] > 0 and "stream_options" not in call["raw"]["request"]
