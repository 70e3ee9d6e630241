"""Live experiments on prompts that programs fetch: assigned in the program, by the plan that came with the prompt."""

import collections
import urllib.request

import pytest
import steno
from steno import _core
from steno_process import Server, Simulator

USERS = [f"user-{n}" for n in range(12)]


@pytest.fixture
def own(tmp_path):
    with Simulator() as simulator, Server(tmp_path / "data", *simulator.upstreams()) as running:
        running.request("POST", "/api/v1/prompts", {"name": "tone", "text": "Be {{mood}}."}, expect=201)
        running.request("POST", "/api/v1/prompts", {"name": "answer", "text": "{{question}}", "labels": ["production"]}, expect=201)
        running.request("POST", "/api/v1/prompts/answer/versions", {"version": "2", "text": "{{> tone}} {{question}}"}, expect=201)
        steno.start(server=running.url, spool_folder=str(tmp_path / "spool"), interval=0.005)
        yield running
        steno.stop()


def begin(own, unit="user", **more):
    own.request("POST", "/api/v1/experiments", {
        "name": "words", "prompt": "answer", "unit": unit, "metric": "acceptance_rate",
        "variants": [{"name": "control", "weight": 1},
                     {"name": "kind", "weight": 1, "version": "2", "model": "gpt-4.1-mini", "temperature": 0.25}], **more}, expect=201)
    return own.request("POST", "/api/v1/experiments/words/start", {})[2]


def record(prompt, **variables):
    with prompt.use(mood="kind", **variables) as filled:
        call = steno.Call("chat", "m")
        call.end()
    return filled


def test_users_get_the_variant_that_the_server_would_give_them(own):
    experiment = begin(own)
    seen = collections.Counter()
    for user in USERS:
        there = own.get(f"/api/v1/prompts/answer/fetch?unit={user}")[2]
        with steno.user(user):
            prompt = steno.get_prompt("answer")
            record(prompt, question="Why?")
        assert (prompt.experiment, prompt.variant, prompt.version) == ("words", there["experiment"]["variant"], there["version"])
        assert steno.get_prompt("answer", unit=user).variant == prompt.variant  # without a context
        assert prompt.messages(question="Why?", mood="kind")[0]["content"] == (
            "Why?" if prompt.variant == "control" else "Be kind. Why?")
        assert (prompt.model, prompt.temperature) == (("", None) if prompt.variant == "control" else ("gpt-4.1-mini", 0.25))
        seen[prompt.variant] += 1
    assert seen["control"] and seen["kind"]
    assert steno.flush(30)
    own.wait_until_fed()
    calls = [own.call(call["id"]) for call in own.calls()]
    assert len(calls) == len(USERS)
    for call in calls:
        user = call["who"]["user_id"]
        variant = own.get(f"/api/v1/experiments/words/assign?unit={user}")[2]["variant"]
        assert call["prompt"]["experiment"] == {"id": experiment["id"], "variant": variant, "unit": user, "probability": 0.5,
                                                "revision": experiment["revision"]}
        assert call["prompt"]["version"] == ("1" if variant == "control" else "2")


def test_who_names_a_version_gets_it_and_who_says_no_unit_the_label(own):
    experiment = begin(own)
    for user in USERS:
        assert steno.get_prompt("answer", version="2", unit=user).variant == ""
        assert steno.get_prompt("answer", version="1", unit=user).version == "1"
        assert steno.get_prompt("answer", label="latest", unit=user).variant == ""  # the experiment is on production
        assert steno.get_prompt("answer", label="production", unit=user).variant != ""
    prompt = steno.get_prompt("answer")
    assert (prompt.version, prompt.variant, prompt.experiment) == ("1", "", "")
    record(prompt, question="Why?")
    assert steno.flush(30)
    own.wait_until_fed()
    [call] = own.calls()
    assert own.call(call["id"])["prompt"]["experiment"] == {
        "id": experiment["id"], "left_out": "the program says no user, by which the experiment divides"}


def test_sessions_and_requests_are_units_too(own):
    begin(own, unit="session")
    variants = set()
    for user in USERS:
        with steno.session(user):
            first, again = steno.get_prompt("answer"), steno.get_prompt("answer")
        assert first.variant == again.variant == own.get(f"/api/v1/experiments/words/assign?unit={user}")[2]["variant"]
        variants.add(first.variant)
    assert variants == {"control", "kind"}


def test_variants_are_there_while_the_server_is_away(own):
    begin(own)
    before = {user: steno.get_prompt("answer", unit=user).variant for user in USERS}
    own.__exit__()
    assert {user: steno.get_prompt("answer", unit=user, max_age=0, patience=0.5).variant for user in USERS} == before


def test_the_gateway_keeps_to_what_the_program_has_chosen(own):
    """The prompt was fetched, and so assigned, by the program; its call goes through the gateway, where the same experiment
    would assign it by its kind of prompt."""
    experiment = begin(own, prompt_type="faq")
    for user in USERS:
        with steno.user(user), steno.prompt("faq"):
            prompt = steno.get_prompt("answer")
            with prompt.use(question="Why?", mood="kind") as filled:
                headers = dict(_core.relay_headers())
                body = f'{{"model":"gpt-4o-mini","messages":[{{"role":"user","content":"{filled.text}"}}]}}'.encode()
                request = urllib.request.Request(own.url + "/openai/v1/chat/completions", body,
                                                 {"content-type": "application/json", **headers})
                with urllib.request.urlopen(request) as answer:
                    call = own.call(answer.headers["x-steno-call-id"])
        assert call["prompt"]["experiment"] == {"id": experiment["id"], "variant": prompt.variant, "unit": user, "probability": 0.5,
                                                "revision": experiment["revision"]}
        assert call["prompt"]["version"] == prompt.version and "client_request" not in call["raw"]
