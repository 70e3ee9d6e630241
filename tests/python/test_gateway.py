"""Calls that go through Steno's own gateway, which records them: once each, with the context of the program that makes them."""

import asyncio
import json

import aiohttp
import httpx
import openai
import pytest
import requests
from steno_process import Server, Simulator

import steno

KEY = "sk-SECRET0123456789abcdef"
MESSAGES = [{"role": "user", "content": "Well?"}]
ASK = dict(model="gpt-4o-mini", messages=MESSAGES)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Simulator() as simulator, Server(tmp_path_factory.mktemp("gateway"), *simulator.upstreams()) as running:
        yield running


@pytest.fixture
def calls(gateway, tmp_path):
    project = tmp_path.name
    steno.start(server=gateway.url, project=project, spool_folder=str(tmp_path / "spool"), interval=0.005)
    steno.instrument()

    def get():
        assert steno.flush(30), steno.status()
        gateway.wait_for(lambda: all(call["status"] != "running" for call in gateway.calls(f"&project={project}")) or None, "the end")
        found = [gateway.call(call["id"]) for call in gateway.calls(f"&project={project}")]
        return sorted(found, key=lambda call: call["started_at"])

    yield get
    steno.uninstrument()
    steno.stop()


@pytest.fixture
def gpt(gateway):
    with openai.OpenAI(base_url=gateway.url + "/openai/v1", api_key=KEY, max_retries=0) as client:
        yield client


def answer_of(call):
    return "".join(part.get("text", "") for part in call["response"]["messages"][0]["parts"])


def test_one_record_with_the_decorators_context(calls, gpt):
    @steno.ai_call_tracker(provider="mine", tags=["analysis", "ähm"], session_id="s-é", user_id="ada", custom_metadata={"project": "x"})
    def analyze(document, *, temperature=0.5):
        return gpt.chat.completions.create(**ASK).choices[0].message.content

    with steno.request("i-1"), steno.agent("calendar"), steno.attributes(tier="gold", seats=3, trial=False), \
            steno.prompt("summary", name="short", version="3", text="{a}", variables={"a": "Ä"}):
        text = analyze("the document")
    agent, call = calls()
    assert (call["source"], call["kind"], call["name"], call["status"]) == ("gateway", "chat", "analyze", "success")
    assert answer_of(call) == text and call["usage"]["output_tokens"] > 0 and call["provider"]["name"] == "openai"
    assert call["labels"] == {"tags": ["analysis", "ähm"], "metadata": {"project": "x"},
                              "attributes": {"tier": "gold", "seats": 3, "trial": False}}
    assert call["prompt"]["type"] == "summary" and call["prompt"]["variables"] == {"a": "Ä"}
    assert (call["trace"]["parent_id"], call["trace"]["agent"]) == (agent["id"], "calendar")
    assert (call["trace"]["session_id"], call["trace"]["request_id"], call["who"]["user_id"]) == ("s-é", "i-1", "ada")
    assert (agent["kind"], agent["source"]) == ("agent", "python") and KEY not in json.dumps([agent, call])


def test_every_client(calls, gateway, gpt):
    url = gateway.url + "/openai/v1/chat/completions"

    async def asynchronous():
        async with openai.AsyncOpenAI(base_url=gateway.url + "/openai/v1", api_key=KEY) as client:
            stream = await client.chat.completions.create(**ASK, stream=True)
            [piece async for piece in stream]
        async with aiohttp.ClientSession() as session:
            async with session.post(url, json=ASK) as answer:
                await answer.read()

    with steno.session("who says"), steno.tags("ü"):
        list(gpt.chat.completions.create(**ASK, stream=True))
        assert requests.post(url, json=ASK).ok and httpx.post(url, json=ASK).is_success
        asyncio.run(asynchronous())
        assert requests.post(url, json=ASK, headers={"X-Steno-Session": "mine"}).ok
    found = calls()
    assert [call["source"] for call in found] == ["gateway"] * 6
    assert [call["trace"]["session_id"] for call in found] == ["who says"] * 5 + ["mine"]
    assert {tuple(call["labels"]["tags"]) for call in found} == {("ü",)}
    assert all(call["usage"]["output_tokens"] > 0 for call in found)  # the gateway has asked for it


def test_a_scope_within_the_tracked_function(calls, gpt):
    @steno.ai_call_tracker(tags=["outer"])
    def ask(document):
        with steno.prompt("summary"), steno.tags("inner"):
            return gpt.chat.completions.create(**ASK).choices[0].message.content

    with steno.agent("a"):
        ask("x")
    agent, call = calls()
    assert (call["source"], call["name"], call["prompt"]["type"]) == ("gateway", "ask", "summary")
    assert call["labels"]["tags"] == ["outer", "inner"] and call["trace"]["parent_id"] == agent["id"]


def test_several_calls_take_the_place_of_theirs(calls, gpt):
    @steno.ai_call_tracker(tags=["compared"])
    def compare(document):
        return [gpt.chat.completions.create(**ASK).choices[0].message.content for _ in range(3)]

    @steno.ai_call_tracker
    async def stream(document):
        return [piece for piece in gpt.chat.completions.create(**ASK, stream=True)]

    with steno.agent("a"):
        compare("x")
        asyncio.run(stream("y"))
    agent, *found = calls()
    assert [(call["source"], call["name"], call["trace"]["parent_id"]) for call in found] == \
        [("gateway", "compare", agent["id"])] * 3 + [("gateway", "stream", agent["id"])]
    assert found[0]["labels"]["tags"] == ["compared"]


def test_a_failed_call_is_one_too(calls, gpt):
    @steno.ai_call_tracker
    def ask(prompt):
        return gpt.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "[sim error=rate_limit]"}])

    with pytest.raises(openai.RateLimitError):
        ask("x")
    [call] = calls()
    assert (call["source"], call["name"], call["status"], call["error"]["type"]) == ("gateway", "ask", "failure", "rate_limit")


def test_what_the_gateway_does_not_record_is(calls, gpt, gateway):
    @steno.ai_call_tracker
    def think(prompt):
        assert requests.get(gateway.url + "/api/v1/calls").ok
        return "thought"

    assert think("y")
    assert [(call["source"], call["name"]) for call in calls()] == [("python", "think")]


def test_what_contains_others_stays(calls, gpt):
    @steno.function("lookup")
    def lookup():
        return 1

    @steno.ai_call_tracker
    def ask(prompt):
        lookup()
        return gpt.chat.completions.create(**ASK).choices[0].message.content

    ask("x")
    found = sorted(calls(), key=lambda call: (call["kind"], call["name"]))
    assert [(call["source"], call["kind"], call["name"]) for call in found] == [
        ("gateway", "chat", "ask"), ("python", "function", "ask"), ("python", "function", "lookup")]
    assert found[2]["trace"]["parent_id"] == found[1]["id"]


def test_levels(calls, gpt):
    @steno.ai_call_tracker(log_level="metrics-only")
    def ask(prompt):
        return gpt.chat.completions.create(**ASK).choices[0].message.content

    ask("x")
    steno.ai_call_tracker(kind="intent", name="guess")(lambda prompt: gpt.chat.completions.create(**ASK).id)("y")
    first, second = calls()
    assert first["privacy"]["full_data"] is False and first["name"] == "ask"
    assert (second["kind"], second["name"]) == ("intent", "guess")


def test_odd_context_harms_nothing(calls, gpt):
    with steno.session("a\r\nx-evil: 1"), steno.tags("a,b", "c"), steno.prompt(variables={"long": "x" * 100_000}), steno.user("é" * 500):
        assert gpt.chat.completions.create(**ASK).choices
    [call] = calls()
    assert not (call.get("trace") or {}).get("session_id") and call["labels"]["tags"] == ["c"] and call["status"] == "success"
    assert call["who"]["user_id"] == "é" * 100
