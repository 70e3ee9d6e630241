"""The official clients, unchanged but for their base URL, recorded by `steno.instrument()`: once a call, whole, with context."""

import asyncio
import gc
import json
import pathlib
import weakref

import anthropic
import boto3
import botocore.config
import cohere
import httpx
import mistralai.client
import ollama
import openai
import pip._vendor.requests
import pip._vendor.urllib3
import pytest
import requests
import urllib3
from google import genai
from steno_process import Simulator

import steno
from steno import _instrument

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROMPT = "Tell me about the tides of the North Sea."
MESSAGES = [{"role": "user", "content": PROMPT}]
KEY = "sk-SECRET0123456789abcdef"


@pytest.fixture(scope="module")
def simulator():
    with Simulator() as running:
        yield running


@pytest.fixture
def calls(recorded, simulator, server):
    """`calls()` gives what is recorded; `steno.instrument` is on."""
    host = simulator.url.removeprefix("http://")
    names = ("openai", "anthropic", "gemini", "cohere", "bedrock", "mistral", "ollama")
    steno.instrument(hosts={f"{host}/{name}": name for name in names})

    def get():
        found = recorded()
        assert KEY not in json.dumps(found)
        return found

    yield get
    steno.uninstrument()


def prompt_of(call):
    return call["request"]["messages"][-1]["parts"][0]["text"]


def answer_of(call):
    return "".join(part.get("text", "") for part in call["response"]["messages"][0]["parts"] if part["type"] == "text")


def check(call, provider, text, kind="chat"):
    assert (call["source"], call["kind"], call["status"]) == ("python", kind, "success"), json.dumps(call)
    assert call["provider"]["name"] == provider and call["provider"]["http_status"] == 200
    assert prompt_of(call) == PROMPT and answer_of(call) == text
    assert call["usage"]["input_tokens"] > 0 and call["usage"]["output_tokens"] > 0


@pytest.fixture
def gpt(simulator):
    with openai.OpenAI(base_url=simulator.url + "/openai/v1", api_key=KEY, max_retries=0) as client:
        yield client


def test_openai(calls, gpt, simulator):
    answer = gpt.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, temperature=0.2)
    pieces = gpt.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, stream=True,
                                         stream_options={"include_usage": True})
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
    response = gpt.responses.create(model="gpt-4o-mini", input=PROMPT)
    vectors = gpt.embeddings.create(model="text-embedding-3-small", input=[PROMPT])

    async def main():
        async with openai.AsyncOpenAI(base_url=simulator.url + "/openai/v1", api_key=KEY) as client:
            async with client.responses.stream(model="gpt-4o-mini", input=PROMPT) as stream:
                async for _ in stream:
                    pass
                return (await stream.get_final_response()).output_text

    streamed = asyncio.run(main())
    whole, stream, responses, embedding, asynchronous = calls()
    check(whole, "openai", answer.choices[0].message.content)
    assert whole["usage"]["input_tokens"] == answer.usage.prompt_tokens
    assert whole["usage"]["output_tokens"] == answer.usage.completion_tokens
    assert whole["request"]["parameters"]["temperature"] == 0.2
    assert (whole["model"]["requested"], whole["model"]["served"]) == ("gpt-4o-mini", answer.model)
    assert float(whole["cost"]["total"]) > 0
    assert whole["provider"]["endpoint"]["path"] == "/openai/v1/chat/completions"
    check(stream, "openai", text)
    assert stream["request"]["stream"] is True and stream["time"]["time_to_first_token_ms"] > 0
    check(responses, "openai", response.output_text)
    check(asynchronous, "openai", streamed)
    assert embedding["kind"] == "embedding" and embedding["usage"]["input_tokens"] == vectors.usage.prompt_tokens


def test_anthropic(calls, simulator):
    settings = dict(base_url=simulator.url + "/anthropic", api_key=KEY, max_retries=0)
    asked = dict(model="claude-haiku-4-5", max_tokens=100, messages=MESSAGES)
    with anthropic.Anthropic(**settings) as client:
        answer = client.messages.create(**asked)
        with client.messages.stream(**asked) as stream:
            text = "".join(stream.text_stream)

    async def main():
        async with anthropic.AsyncAnthropic(**settings) as client:
            return await client.messages.create(**asked)

    again = asyncio.run(main())
    for call, said in zip(calls(), (answer.content[0].text, text, again.content[0].text), strict=True):
        check(call, "anthropic", said)
    assert calls()[0]["usage"]["output_tokens"] == answer.usage.output_tokens


def test_google(calls, simulator):
    options = {"base_url": simulator.url + "/gemini"}
    with genai.Client(api_key=KEY, http_options=options) as client:
        answer = client.models.generate_content(model="gemini-2.5-flash", contents=PROMPT)
        text = "".join(piece.text or "" for piece in
                       client.models.generate_content_stream(model="gemini-2.5-flash", contents=PROMPT))

        async def main():
            return await client.aio.models.generate_content(model="gemini-2.5-flash", contents=PROMPT)

        again = asyncio.run(main())
    for call, said in zip(calls(), (answer.text, text, again.text), strict=True):
        check(call, "gcp.gemini", said)


def test_cohere(calls, simulator):
    settings = dict(api_key=KEY, base_url=simulator.url + "/cohere")
    answer = cohere.ClientV2(**settings).chat(model="command-a-03-2025", messages=MESSAGES)
    text = "".join(event.delta.message.content.text or "" for event in
                   cohere.ClientV2(**settings).chat_stream(model="command-a-03-2025", messages=MESSAGES)
                   if event.type == "content-delta")
    for call, said in zip(calls(), (answer.message.content[0].text, text), strict=True):
        check(call, "cohere", said)


def test_mistral(calls, simulator):
    with mistralai.client.Mistral(api_key=KEY, server_url=simulator.url + "/mistral") as client:
        answer = client.chat.complete(model="mistral-medium-2508", messages=MESSAGES)
        with client.chat.stream(model="mistral-medium-2508", messages=MESSAGES) as events:
            text = "".join(event.data.choices[0].delta.content or "" for event in events)
    for call, said in zip(calls(), (answer.choices[0].message.content, text), strict=True):
        check(call, "mistral_ai", said)


def test_ollama(calls, simulator):
    client = ollama.Client(host=simulator.url + "/ollama")
    answer = client.chat("llama3.2", messages=MESSAGES)
    text = "".join(piece.message.content for piece in client.chat("llama3.2", messages=MESSAGES, stream=True))
    for call, said in zip(calls(), (answer.message.content, text), strict=True):
        check(call, "ollama", said)


def test_bedrock(calls, simulator):
    client = boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=simulator.url + "/bedrock",
                          aws_access_key_id="AKIASECRET", aws_secret_access_key=KEY,
                          config=botocore.config.Config(retries={"max_attempts": 0}))
    asked = dict(modelId="anthropic.claude-haiku-4-5-20251001-v1:0", messages=[{"role": "user", "content": [{"text": PROMPT}]}])
    answer = client.converse(**asked)["output"]["message"]["content"][0]["text"]
    text = "".join(event["contentBlockDelta"]["delta"].get("text", "") for event in client.converse_stream(**asked)["stream"]
                   if "contentBlockDelta" in event)
    for call, said in zip(calls(), (answer, text), strict=True):
        check(call, "aws.bedrock", said)


@pytest.fixture(params=["urllib3 2", "urllib3 1.26"])
def plain(request, calls):
    """requests and urllib3; also as many pin it: pip has a copy of version 1.26."""
    if request.param == "urllib3 2":
        return requests, urllib3
    assert pip._vendor.urllib3.__version__.startswith("1.26.")
    _instrument._patch_urllib3(pip._vendor.urllib3)
    return pip._vendor.requests, pip._vendor.urllib3


def test_plain_http_clients(plain, calls, simulator):
    requests, urllib3 = plain
    url, body = simulator.url + "/openai/v1/chat/completions", {"model": "gpt-4o-mini", "messages": MESSAGES}
    headers = {"authorization": f"Bearer {KEY}"}
    stream = {**body, "stream": True, "stream_options": {"include_usage": True}}
    texts = [requests.post(url, json=body, headers=headers).json()["choices"][0]["message"]["content"]]
    with requests.post(url, json=stream, headers=headers, stream=True) as answer:
        data = [line[6:] for line in answer.iter_lines() if line.startswith(b"data: {")]
    pieces = [choice["delta"].get("content") or "" for event in data for choice in json.loads(event)["choices"]]
    texts.append("".join(pieces))
    pool = urllib3.PoolManager()
    answer = pool.request("POST", url, body=json.dumps(body), headers={**headers, "content-type": "application/json"})
    texts.append(json.loads(answer.data)["choices"][0]["message"]["content"])
    assert answer.data == answer.data
    texts.append(httpx.post(url, json=body, headers=headers).json()["choices"][0]["message"]["content"])
    for call, said in zip(calls(), texts, strict=True):
        check(call, "openai", said)


def test_plain_clients_that_fail_or_leave(plain, calls, simulator):
    requests, urllib3 = plain
    url, body = simulator.url + "/openai/v1/chat/completions", {"model": "gpt-4o-mini", "messages": MESSAGES}
    steno.instrument(hosts={simulator.url.removeprefix("http://"): "openai", "127.0.0.1:9": "openai"})
    with requests.post(url, json={**body, "stream": True}, stream=True) as answer:
        next(answer.iter_lines())
    with requests.post(url, json=body, stream=True):
        pass
    missing = requests.post(url, json={**body, "messages": [{"role": "user", "content": "[sim error=not_found]"}]})
    assert missing.status_code == 404
    with pytest.raises(requests.ConnectionError):
        requests.post("http://127.0.0.1:9/openai/v1/chat/completions", json=body)
    with pytest.raises(urllib3.exceptions.MaxRetryError):
        urllib3.PoolManager().request("POST", "http://127.0.0.1:9/openai/v1/chat/completions", body=json.dumps(body), retries=1)
    ends = [(call["status"], call.get("error", {}).get("type")) for call in calls()]
    assert ends == [("cancelled", "cancelled")] * 2 + [("failure", "not_found")] + [("failure", "connection")] * 3


@pytest.mark.parametrize("host,path,known", [
    ("api.openai.com", "/v1/chat/completions", True),
    ("API.OpenAI.com:443", "/v1/responses", True),
    ("eu.api.openai.com", "/v1/responses", True),
    ("api.openai.com.", "/v1/responses", True),
    ("evilapi.openai.com", "/v1/responses", False),
    ("api.openai.com:8443", "/v1/responses", False),
    ("api.openai.com.evil.example", "/v1/chat/completions", False),
    ("api.openai.com", "/v1/models", False),
    ("api.anthropic.com", "/v1/messages?beta=true", True),
    ("generativelanguage.googleapis.com", "/v1beta/models/gemini-2.5-flash:generateContent", True),
    ("us-east5-aiplatform.googleapis.com",
     "/v1/projects/p/locations/us-east5/publishers/google/models/gemini-2.5-pro:generateContent", True),
    ("bedrock-runtime.eu-west-1.amazonaws.com", "/model/amazon.nova-lite-v1%3A0/converse", True),
    ("s3.eu-west-1.amazonaws.com", "/model/x/converse", False),
    ("mine.openai.azure.com", "/openai/deployments/d/chat/completions?api-version=2024-10-21", True),
    ("mine.cognitiveservices.azure.com", "/openai/deployments/d/chat/completions?api-version=2024-10-21", True),
    ("mine.cognitiveservices.azure.com", "/other/deployments/d/chat/completions", False),
    ("aiplatform.eu.rep.googleapis.com", "/v1/projects/p/locations/eu/publishers/google/models/gemini-2.5-pro:generateContent", True),
    ("bedrock-runtime-fips.us-east-1.amazonaws.com", "/model/amazon.nova-lite-v1%3A0/converse", True),
    ("bedrock-mantle.us-east-1.api.aws", "/v1/chat/completions", True),
    ("codestral.mistral.ai", "/v1/chat/completions", True),
    ("dbc-1.cloud.databricks.com", "/serving-endpoints/chat/completions", True),
    ("dbc-1.cloud.databricks.com", "/api/2.0/v1/chat/completions", False),
    ("org-account.snowflakecomputing.com", "/api/v2/cortex/v1/chat/completions", True),
    ("ollama.com", "/api/chat", True),
    ("api.groq.com", "/openai/v1/chat/completions", True),
    ("api.groq.com", "/openaiv1/chat/completions", False),
    ("api.cloudflare.com", "/client/v4/accounts/a/ai/v1/chat/completions", True),
    ("api.cloudflare.com", "/client/v4/zones/z/v1/chat/completions", False),
    ("localhost:11434", "/api/chat", True),
    ("127.0.0.1:8000", "/v1/chat/completions", False),
    ("", "", False),
])
def test_known_hosts(recorded, host, path, known):
    body = json.dumps({"model": "m", "messages": MESSAGES}).encode()
    exchange = steno._core.begin_exchange("POST" if "models" not in path or ":" in path else "GET", host, path,
                                          [("content-type", "application/json")], body, None, 0)
    assert (exchange is not None) is known


def test_other_traffic_is_not_looked_at(calls, gpt, simulator):
    assert gpt.models.list().data
    requests.get(simulator.url)
    httpx.post(simulator.url + "/elsewhere/v1/chat/completions", json={})
    assert calls() == []


def test_failures(calls, simulator, gpt):
    with pytest.raises(openai.NotFoundError):
        gpt.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "[sim error=not_found]"}])
    steno.instrument(hosts={"127.0.0.1:9": "openai"})
    for ask in (lambda: httpx.post("http://127.0.0.1:9/v1/chat/completions", json={"model": "m", "messages": MESSAGES}),
                lambda: requests.post("http://127.0.0.1:9/v1/chat/completions", json={"model": "m", "messages": MESSAGES})):
        with pytest.raises((httpx.ConnectError, requests.ConnectionError)):
            ask()
    missing, *refused = calls()
    assert missing["status"] == "failure" and missing["error"]["type"] == "not_found" and missing["provider"]["http_status"] == 404
    assert [(call["status"], call["error"]["type"]) for call in refused] == [("failure", "connection")] * 2


def test_streams_that_are_left(calls, gpt):
    stream = gpt.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, stream=True)
    next(iter(stream))
    stream.close()
    unread = gpt.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, stream=True)
    unread.close()
    assert [call["status"] for call in calls()] == ["cancelled", "cancelled"]


def test_plain_streams_that_are_left(calls, simulator):
    url, body = simulator.url + "/openai/v1/chat/completions", {"model": "gpt-4o-mini", "messages": MESSAGES, "stream": True}
    with requests.post(url, json=body, stream=True) as answer:
        for _ in answer.iter_lines():
            break
    gc.disable()
    try:
        for read in (0, 1):
            answer = requests.post(url, json=body, stream=True)
            raw = weakref.ref(answer.raw)
            for _ in range(read):
                next(answer.iter_lines())
            del answer
            assert raw() is None
        answer = requests.post(url, json={**body, "stream": False})
        raw = weakref.ref(answer.raw)
        del answer
        assert raw() is None
    finally:
        gc.enable()
    assert [call["status"] for call in calls()] == ["cancelled"] * 3 + ["success"]


def test_one_record_with_the_decorators_context(calls, gpt):
    @steno.ai_call_tracker(provider="mine", tags=["analysis"], session_id="s-1", custom_metadata={"project": "x"})
    def analyze(document):
        return gpt.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES).choices[0].message.content

    with steno.request("i-1"), steno.agent("calendar"):
        text = analyze("the document")
    agent, call = calls()
    check(call, "openai", text)
    assert call["name"] == "analyze" and call["labels"] == {"tags": ["analysis"], "metadata": {"project": "x"}}
    assert call["trace"]["parent_id"] == agent["id"] and call["trace"]["agent"] == "calendar"
    assert call["trace"]["session_id"] == "s-1" and call["trace"]["request_id"] == "i-1"


def test_a_scope_within_the_tracked_function(calls, gpt):
    @steno.ai_call_tracker(tags=["outer"])
    def ask(document):
        with steno.prompt("summary", name="short"), steno.tags("inner"), steno.session("s-2"):
            assert steno.current_call().recorded
            return gpt.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES).choices[0].message.content

    @steno.ai_call_tracker
    def another(document):
        with steno.request("of its own"):
            return gpt.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES).choices[0].message.content

    with steno.request("q-1"), steno.agent("a"):
        text = ask("the document")
    another("the document")
    agent, call, outer, inner = calls()
    check(call, "openai", text)
    assert call["name"] == "ask" and sorted(call["labels"]["tags"]) == ["inner", "outer"]
    assert call["prompt"]["type"] == "summary" and call["trace"]["session_id"] == "s-2"
    assert (call["trace"]["parent_id"], call["trace"]["request_id"]) == (agent["id"], "q-1")
    assert inner["trace"]["request_id"] == "of its own" and outer["name"] == "another"


def test_a_tracked_function_with_several_calls_contains_them(calls, gpt):
    @steno.ai_call_tracker
    def compare(document):
        return [gpt.chat.completions.create(model=model, messages=MESSAGES).choices[0].message.content
                for model in ("gpt-4o-mini", "gpt-4o", "gpt-4o-mini")]

    texts = compare("the document")
    outer, *inner = calls()
    assert outer["kind"] == "function" and not outer.get("usage")
    assert [call["trace"]["parent_id"] for call in inner] == [outer["id"]] * 3
    for call, text in zip(inner, texts, strict=True):
        check(call, "openai", text)


def test_a_failed_attempt_and_its_retry(calls, simulator):
    @steno.ai_call_tracker
    def ask(prompt):
        for knob in ("[sim error=rate_limit]", "Well?"):
            body = {"model": "gpt-4o", "messages": [{"role": "user", "content": knob}]}
            answer = httpx.post(f"{simulator.url}/openai/v1/chat/completions", json=body)
        return answer.json()

    ask("x")
    outer, failed, well = calls()
    assert (outer["kind"], failed["status"], well["status"]) == ("function", "failure", "success")


def test_a_stream_that_outlives_its_function(calls, gpt):
    @steno.ai_call_tracker
    def begin(prompt):
        return gpt.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, stream=True,
                                           stream_options={"include_usage": True})

    text = "".join(piece.choices[0].delta.content or "" for piece in begin("x") if piece.choices)
    outer, stream = calls()
    assert outer["kind"] == "function" and stream["trace"]["parent_id"] == outer["id"]
    check(stream, "openai", text)


def test_a_call_turned_off_takes_what_it_asked_along(calls, gpt):
    ask = dict(model="gpt-4o-mini", messages=MESSAGES)
    with steno.call("openai", "gpt-4o-mini") as call:
        gpt.chat.completions.create(**ask)
        call.level("off")
    with steno.call("openai", "gpt-4o-mini") as call:
        stream = gpt.chat.completions.create(**ask, stream=True)
        call.level("off")
        assert [piece for piece in stream]
    with steno.call("openai", "gpt-4o-mini") as call:
        call.level("off").end()
    gpt.chat.completions.create(**ask)
    [after] = calls()
    assert after["status"] == "success" and prompt_of(after) == PROMPT


def test_concurrent_streams(calls, simulator):
    async def one(client, number):
        with steno.request(f"c-{number}"):
            stream = await client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, stream=True,
                                                          stream_options={"include_usage": True})
            return "".join([piece.choices[0].delta.content or "" async for piece in stream if piece.choices])

    async def main():
        async with openai.AsyncOpenAI(base_url=simulator.url + "/openai/v1", api_key=KEY) as client:
            return await asyncio.gather(*(one(client, number) for number in range(16)))

    texts = asyncio.run(main())
    found = {call["trace"]["request_id"]: call for call in calls()}
    assert len(found) == 16
    for number, text in enumerate(texts):
        check(found[f"c-{number}"], "openai", text)


def ask_with_every_library(url):
    """Each official client, at an address that nobody has declared."""
    openai.OpenAI(base_url=url + "/openai/v1", api_key=KEY).chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    openai.AzureOpenAI(azure_endpoint=url + "/azure", api_key=KEY, api_version="2024-10-21").chat.completions.create(
        model="prod-gpt-4o-mini", messages=MESSAGES)

    async def asynchronous():
        async with anthropic.AsyncAnthropic(base_url=url + "/anthropic", api_key=KEY) as client:
            await client.messages.create(model="claude-haiku-4-5", max_tokens=100, messages=MESSAGES)

    asyncio.run(asynchronous())
    with genai.Client(api_key=KEY, http_options={"base_url": url + "/gemini"}) as client:
        client.models.generate_content(model="gemini-2.5-flash", contents=PROMPT)
    cohere.ClientV2(api_key=KEY, base_url=url + "/cohere").chat(model="command-a-03-2025", messages=MESSAGES)
    with mistralai.client.Mistral(api_key=KEY, server_url=url + "/mistral") as client:
        client.chat.complete(model="mistral-medium-2508", messages=MESSAGES)
    ollama.Client(host=url + "/ollama").chat("llama3.2", messages=MESSAGES)
    boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=url + "/bedrock", aws_access_key_id="AKIASECRET",
                 aws_secret_access_key=KEY).converse(modelId="amazon.nova-lite-v1:0", messages=[{"role": "user", "content": [{"text": PROMPT}]}])


def test_official_libraries_are_seen_wherever_they_ask(calls, simulator):
    steno.instrument()
    ask_with_every_library(simulator.url)
    found = calls()
    assert [call["provider"]["name"] for call in found] == ["openai", "azure.ai.openai", "anthropic", "gcp.gemini", "cohere", "mistral_ai",
                                                            "ollama", "aws.bedrock"]
    for call in found:
        check(call, call["provider"]["name"], answer_of(call))
    # A declared name goes before the library's.
    steno.instrument(hosts={simulator.url + "/openai": "vllm"})
    openai.OpenAI(base_url=simulator.url + "/openai/v1", api_key=KEY).chat.completions.create(model="m", messages=MESSAGES)
    assert calls()[-1]["provider"]["name"] == "vllm"


def test_the_environment_names_hosts_for_every_client(calls, simulator, monkeypatch):
    body = {"model": "gpt-4o-mini", "messages": MESSAGES}
    monkeypatch.setenv("OPENAI_BASE_URL", simulator.url + "/openai/v1")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", simulator.url + "/anthropic/")
    monkeypatch.setenv("OLLAMA_HOST", "0.0.0.0")
    monkeypatch.setenv("CO_API_URL", "http://[no address")
    monkeypatch.setenv("OPENAI_API_BASE", "https://api.openai.com/v1")
    steno.instrument()
    first = requests.post(simulator.url + "/openai/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"]
    second = httpx.post(simulator.url + "/anthropic/v1/messages", json={**body, "model": "claude-haiku-4-5", "max_tokens": 100}).json()
    assert httpx.get(simulator.url + "/openai/v1/models").is_success
    asked, other = calls()
    check(asked, "openai", first)
    check(other, "anthropic", second["content"][0]["text"])
    monkeypatch.undo()
    steno.instrument()
    assert requests.post(simulator.url + "/openai/v1/chat/completions", json=body).ok and len(calls()) == 2


def test_what_the_program_said_is_not_lost_in_one_record(calls, gpt):
    @steno.ai_call_tracker(kind="intent", name="guess", input_type="audio", output_type="structured_data", tags=["analysis"],
                           session_id="s-1", user_id="ada", custom_metadata={"project": "x"})
    def guess(document, rows=3, *, temperature=0.7, api_key=None, messages=()):
        steno.current_call().attribute("a", 1).tag("own").parameters(mine=1, user="not sent")
        return gpt.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, user="end user", top_p=0.5).choices[0].message.content

    with steno.prompt("summary", name="short"):
        text = guess("the document", temperature=0.9, api_key=KEY)
    [call] = calls()
    check(call, "openai", text, kind="intent")
    assert call["name"] == "guess" and call["prompt"] == {"type": "summary", "name": "short"}
    assert call["request"]["input"] == {"document": "the document", "temperature": 0.9, "api_key": "***"}
    assert call["request"]["parameters"] == {"user": "end user", "top_p": 0.5, "mine": 1}
    assert call["modality"] == {"input": ["audio"], "output": ["structured_data"]} and call["response"]["structured"] == text
    assert call["labels"] == {"tags": ["analysis", "own"], "attributes": {"a": 1}, "metadata": {"project": "x"}}
    assert (call["trace"]["session_id"], call["who"]["user_id"]) == ("s-1", "ada")


@pytest.mark.parametrize("level", ["summary", "metrics-only"])
def test_arguments_are_kept_as_far_as_the_level_goes(calls, gpt, level):
    @steno.ai_call_tracker(log_level=level)
    def ask(document):
        return gpt.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES).choices[0].message.content

    ask("the document")
    [call] = calls()
    assert "the document" not in json.dumps(call) and not (call.get("request") or {}).get("input")


def test_uninstrument_restores_everything(recorded, simulator):
    owners = [(httpx.HTTPTransport, "handle_request"), (httpx.AsyncHTTPTransport, "handle_async_request"),
              (urllib3.HTTPConnectionPool, "_make_request"), (pip._vendor.urllib3.HTTPConnectionPool, "_make_request"),
              (pip._vendor.urllib3.HTTPResponse, "from_httplib")]
    before = [getattr(owner, name) for owner, name in owners]
    steno.instrument()
    steno.instrument()
    _instrument._patch_urllib3(pip._vendor.urllib3)
    assert all(getattr(owner, name) is not one for (owner, name), one in zip(owners, before))
    steno.uninstrument()
    steno.uninstrument()
    assert [getattr(owner, name) for owner, name in owners] == before


def test_the_example_shows_its_tree(program, simulator, server):
    done, _ = program((ROOT / "examples/python/agent.py").read_text(),
                      {"OPENAI_BASE_URL": simulator.url + "/openai/v1", "OPENAI_API_KEY": KEY})
    assert done.returncode == 0 and not done.stderr, done.stderr
    found = server.get(f"/api/v1/requests/{done.stdout.splitlines()[-1]}")[2]
    [agent] = found["tree"]
    assert (agent["call"]["kind"], agent["call"]["name"]) == ("agent", "calendar")
    assert [child["call"]["kind"] for child in agent["children"]] == ["chat", "function", "chat"]
    assert found["summary"]["output_tokens"] > 0 and float(found["summary"]["cost"]["total"]) > 0
    assert found["summary"]["agents"] == ["calendar"]


def test_what_the_proxy_of_steno_run_sees_is_left_to_it(calls, simulator, monkeypatch):
    hosts = {simulator.url.removeprefix("http://") + "/openai": "openai", "proxy.example": "openai"}
    body = {"model": "m", "messages": MESSAGES}

    class Refusing:
        proxy = None

        @property
        def is_closed(self):
            raise ConnectionRefusedError

    def ask(host, proxy):
        url = f"https://{host}/v1/chat/completions"
        with pytest.raises(httpx.ConnectError):
            httpx.post(url, json=body, proxy=proxy)
        pool = urllib3.HTTPSConnectionPool(host, _proxy=urllib3.util.parse_url(proxy))
        with pytest.raises(ConnectionRefusedError):
            pool._make_request(Refusing(), "POST", "/v1/chat/completions", body=json.dumps(body), headers={})

    monkeypatch.setenv("STENO_RUN", "http://127.0.0.1:9")  # where nobody is: what is asked through it fails
    steno.instrument(hosts=hosts)
    ask("api.openai.com", "http://127.0.0.1:9")
    assert calls() == []
    ask("api.openai.com", "http://127.0.0.1:1")
    ask("proxy.example", "http://127.0.0.1:9")
    httpx.post(simulator.url + "/openai/v1/chat/completions", json={"model": "gpt-4o-mini", "messages": MESSAGES})
    seen = [(call["provider"]["endpoint"]["host"], call["status"]) for call in calls()]
    assert seen == [("api.openai.com", "failure")] * 2 + [("proxy.example", "failure")] * 2 + [(seen[4][0], "success")]
