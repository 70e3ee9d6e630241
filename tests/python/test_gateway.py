"""Calls that go through Steno's own gateway, which records them: once each, with the context of the program that makes them."""

import asyncio
import contextlib
import http.server
import json
import os
import subprocess
import sys
import threading

import aiohttp
import httpx
import openai
import pytest
import requests
from steno_process import BINARY, Server, Simulator

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
    assert call["prompt"]["type"] == "summary" and call["prompt"]["variables"] == {"a": "Ä"} and call["prompt"]["all_variables_present"] is True
    assert (call["trace"]["parent_id"], call["trace"]["agent"]) == (agent["id"], "calendar")
    assert (call["trace"]["session_id"], call["trace"]["request_id"], call["who"]["user_id"]) == ("s-é", "i-1", "ada")
    assert call["trace"]["trace_id"] == agent["trace"]["trace_id"] and len(call["trace"]["trace_id"]) == 32
    assert (agent["kind"], agent["source"]) == ("agent", "python") and KEY not in json.dumps([agent, call])


def test_what_a_prompt_lacks(calls, gpt):
    with steno.prompt(name="short", version="3", text="{a} {b}", variables={"a": "x"}):
        gpt.chat.completions.create(**ASK)
    (call,) = calls()
    assert call["prompt"]["missing_variables"] == ["b"] and call["prompt"]["all_variables_present"] is False


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

    with steno.agent("main, of all"), steno.function("plan"), steno.function("look"), steno.agent("a"):
        ask("x")
    *_, agent, call = calls()
    assert (call["source"], call["name"], call["prompt"]["type"]) == ("gateway", "ask", "summary")
    assert (call["trace"]["agent"], call["trace"]["outer_agents"]) == ("a", ["main, of all"]) == \
        (agent["trace"]["agent"], agent["trace"]["outer_agents"])
    assert (call["trace"]["function"], call["trace"]["outer_functions"]) == ("look", ["plan"])
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


def test_the_summary_says_what_the_server_counts(calls, gpt, gateway, capfd, tmp_path):
    steno.start(server=gateway.url, project=tmp_path.name, spool_folder=str(tmp_path / "spool"), interval=0.005, print_summary=True)

    @steno.ai_call_tracker
    def ask(prompt):
        return gpt.chat.completions.create(**ASK).choices[0].message.content

    with steno.request("through"):
        ask("x")
        list(gpt.chat.completions.create(**ASK, stream=True))
    with steno.request("besides"):
        with steno.call("openai", "m") as call:
            call.usage(input_tokens=3)
        ask("x")
    calls()
    said = capfd.readouterr().err
    on_the_server = f"steno calls tree {{}} --server {gateway.url}\n"
    assert "steno: request through · 0 AI calls, 0 failed · " in said and "tokens" not in said.split("steno: request besides")[0]
    assert "  gateway   2 AI calls more, counted by the server: " + on_the_server.format("through") in said
    assert "steno: request besides · 1 AI call, 0 failed · 3 tokens (3 in, – out) · " in said
    assert "  gateway   1 AI call more, counted by the server: " + on_the_server.format("besides") in said


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
    assert not (call.get("trace") or {}).get("session_id") and call["labels"]["tags"] == ["a,b", "c"] and call["status"] == "success"
    assert call["who"]["user_id"] == "é" * 100


def test_no_client_refuses_what_is_said(calls, gpt, gateway):
    url = gateway.url + "/openai/v1/chat/completions"
    odd = [" s1", "alice ", "\t", " ", "", "\u00a0x\u00a0", "\x85", "\x0b", "\x7f", "\x00", "\udcff", "\u2028", "x" * 199 + " y", "\ufeff"]

    async def with_aiohttp():
        async with aiohttp.ClientSession() as session, session.post(url, json=ASK) as answer:
            assert answer.status == 200

    for value in odd:
        with steno.session(value), steno.request(user=value), steno.agent("a"), steno.tags(value, value + "t"), \
                steno.prompt(value, name=value, version=value, variables={"v": value}), steno.attributes(a=value):
            assert httpx.post(url, json=ASK).is_success and requests.post(url, json=ASK).ok
            asyncio.run(with_aiohttp())
    found = [call for call in calls() if call["kind"] == "chat"]
    assert [call["source"] for call in found] == ["gateway"] * 3 * len(odd)
    assert {call["trace"].get("session_id") for call in found[:3]} == {"s1"}
    assert {call["who"]["user_id"] for call in found[3:6]} == {"alice"}
    assert {tuple(call["labels"]["tags"]) for call in found[9:12]} == {("t",)}


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """A provider that sends its clients to another host, and one that does not answer."""

    protocol_version = "HTTP/1.1"
    seen: list = []
    go_on = threading.Event()

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        if "/slow" in self.path:
            self.go_on.wait(30)
        is_first = "/elsewhere" not in self.path
        if not is_first:
            self.seen.append([name for name in self.headers if name.lower().startswith("x-steno")])
        self.send_response(307 if is_first else 200)
        if is_first:
            self.send_header("location", f"http://localhost:{self.server.server_address[1]}/elsewhere")
        self.send_header("content-length", "0")
        with contextlib.suppress(OSError):
            self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as provider:
        threading.Thread(target=provider.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{provider.server_address[1]}"
        with Server(tmp_path_factory.mktemp("elsewhere"), "--upstream", f"openai={url}", "--upstream", f"slow={url}/slow") as running:
            yield running
        provider.shutdown()


def test_the_context_stays_here(elsewhere, tmp_path):
    url = elsewhere.url + "/openai/v1/chat/completions"
    steno.start(server=elsewhere.url, spool_folder=str(tmp_path))
    steno.instrument()

    async def asynchronous():
        async with httpx.AsyncClient(follow_redirects=True) as client:
            sent = client.build_request("POST", url, json=ASK)
            assert (await client.send(sent)).history[0].request is sent
            assert "x-steno-session" not in sent.headers
        async with aiohttp.ClientSession() as session, session.post(url, json=ASK) as answer:
            assert answer.history and "x-steno-session" not in answer.history[0].request_info.headers

    Elsewhere.seen.clear()
    try:
        with steno.session("secret"), steno.prompt("t", variables={"a": "secret"}), httpx.Client(follow_redirects=True) as client:
            request = client.build_request("POST", url, json=ASK)
            before = list(request.headers.raw)
            answer = client.send(request)
            assert answer.is_success and answer.history and list(request.headers.raw) == before
            assert list(answer.history[0].request.headers.raw) == before
            answer = requests.post(url, json=ASK)
            assert answer.ok and answer.history and "x-steno-session" not in answer.history[0].request.headers
            asyncio.run(asynchronous())
    finally:
        steno.uninstrument()
        steno.stop()
    assert Elsewhere.seen == [[]] * 4


def test_a_request_sent_twice(calls, gateway):
    with httpx.Client() as client:
        request = client.build_request("POST", gateway.url + "/openai/v1/chat/completions", json=ASK)
        for name in ("first", "second"):
            with steno.session(name):
                assert client.send(request).is_success
    assert [call["trace"]["session_id"] for call in calls()] == ["first", "second"]


def test_off_keeps_no_more_than_metrics(calls, gpt, gateway, tmp_path):
    def ask(*_):
        return gpt.chat.completions.create(**ASK).choices[0].message.content

    async def later():
        return ask()

    def pieces():
        yield ask()

    tracked = steno.ai_call_tracker(log_level="off", session_id="s", user_id="u")
    with steno.request("r"):
        assert tracked(ask)("x") and asyncio.run(tracked(later)()) and list(tracked(pieces)())
        with steno.call("openai", "gpt-4o-mini") as call:
            ask(call.level("off"))
        ask()
    found = calls()
    assert [call["source"] for call in found] == ["gateway"] * 5
    assert [(call.get("privacy") or {}).get("full_data") for call in found] == [False] * 4 + [None]
    assert {call["trace"]["request_id"] for call in found} == {"r"}
    assert [(call["trace"].get("session_id"), (call.get("who") or {}).get("user_id")) for call in found[:2]] == [("s", "u")] * 2
    named = gpt.with_options(default_headers={"X-Steno-Project": tmp_path.name}).chat.completions.create
    for options in ({"log_level": "off"}, {"level_by_prompt_type": {"secret": "off"}}, {"log_level": "metrics-only"}):
        steno.start(server=gateway.url, project=tmp_path.name, spool_folder=str(tmp_path / "spool"), interval=0.005, **options)
        with steno.session("whose"), steno.prompt("secret", variables={"a": "b"}):
            named(**ASK)
    named(**ASK)
    found = calls()[5:]
    assert [call["privacy"]["full_data"] for call in found] == [False] * 4
    assert [(call.get("trace") or {}).get("session_id") for call in found] == ["whose"] * 3 + [None]
    assert not found[0]["prompt"].get("variables")


def test_what_fails_after_the_answer_is_told(calls, gpt):
    @steno.ai_call_tracker
    def ask(prompt):
        json.loads(gpt.chat.completions.create(**ASK).choices[0].message.content + "{")

    with pytest.raises(ValueError):
        ask("x")
    found = sorted(calls(), key=lambda call: call["kind"])
    assert [(call["source"], call["kind"], call["name"], call["status"]) for call in found] == [
        ("gateway", "chat", "ask", "success"), ("python", "function", "ask", "failure")]
    assert "JSONDecodeError" in found[1]["error"]["message"]


def test_no_answer(elsewhere, tmp_path):
    project = tmp_path.name
    steno.start(server=elsewhere.url, project=project, spool_folder=str(tmp_path), interval=0.005)
    steno.instrument()
    Elsewhere.go_on.clear()
    try:
        with openai.OpenAI(base_url=elsewhere.url + "/slow/v1", api_key=KEY, max_retries=1, timeout=0.2) as client:
            with pytest.raises(openai.APITimeoutError):
                steno.ai_call_tracker(name="ask")(lambda prompt: client.chat.completions.create(**ASK))("x")
        Elsewhere.go_on.set()
        assert steno.flush(30)
        elsewhere.wait_for(lambda: all(call["status"] != "running" for call in elsewhere.calls(f"&project={project}")) or None, "the end")
        found = [(call["source"], call["kind"], call["status"]) for call in elsewhere.calls(f"&project={project}")]
        assert ("python", "function", "failure") in found and all(call == ("python", "function", "failure") or
                                                                  call[:2] == ("gateway", "chat") for call in found)
    finally:
        Elsewhere.go_on.set()
        steno.uninstrument()
        steno.stop()


@pytest.mark.skipif("LD_PRELOAD" in os.environ, reason="steno run would hand a sanitizer's runtime on to itself")
def test_a_run_whose_program_names_the_server(gateway, tmp_path):
    (tmp_path / "program.py").write_text(f"""
import openai, steno
steno.start(server={gateway.url!r}, project={tmp_path.name!r})
steno.instrument()
ask = openai.OpenAI(max_retries=0).chat.completions.create
with steno.session("s"):
    steno.ai_call_tracker(name="ask")(lambda prompt: ask(**{ASK!r}).choices[0].message.content)("x")
assert steno.flush(30)
""")
    done = subprocess.run([BINARY, "run", "--server", gateway.url, "--", sys.executable, "-B", "program.py"], cwd=tmp_path, timeout=120,
                          capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path),
                                                               "OPENAI_API_KEY": KEY, "STENO_SPOOL": str(tmp_path / "spool")})
    assert done.returncode == 0, done.stderr
    [call] = [gateway.call(call["id"]) for call in gateway.calls(f"&project={tmp_path.name}")]
    assert (call["name"], call["trace"]["session_id"], call["provider"]["http_status"]) == ("ask", "s", 200)
