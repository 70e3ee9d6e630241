"""The anthropic package."""

import asyncio
import json

import anthropic
import httpx2
import pytest
from conftest import KEYS, assert_call, assert_failure, dollars

WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
    },
}
CLOCK = {
    "name": "get_time",
    "input_schema": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
}
PROMPT = "Tell me about the tides of the North Sea."
HAIKU = {"model": "claude-haiku-4-5", "max_tokens": 500}


@pytest.fixture
def client(server, record):
    with anthropic.Anthropic(
        base_url=server.url + "/anthropic", api_key=KEYS["anthropic"], max_retries=0, default_headers=record.headers
    ) as client:
        yield client


def messages(text=PROMPT):
    return [{"role": "user", "content": text}]


def totals(usage):
    """(all input, cache included; all output): what Anthropic counts apart, the record has together."""
    return usage.input_tokens + (usage.cache_read_input_tokens or 0) + (
        usage.cache_creation_input_tokens or 0
    ), usage.output_tokens


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def expected_tools(message):
    return [(block.id, block.name, block.input) for block in message.content if block.type == "tool_use"]


def test_nothing_but_the_base_url(server, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url + "/anthropic")
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEYS["anthropic"])
    client = anthropic.Anthropic()
    answer = client.messages.with_raw_response.create(messages=messages(), **HAIKU)
    call = server.call(answer.headers["x-steno-call-id"])
    message = answer.parse()
    assert_call(
        call,
        provider="anthropic",
        requested="claude-haiku-4-5",
        prompt=PROMPT,
        answer=text_of(message),
        usage=totals(message.usage),
    )
    assert call["provider"]["request_id"] == answer.headers["request-id"] == message._request_id
    assert call["provider"]["api_version"] == client.default_headers["anthropic-version"]


def test_messages(client, record):
    message = client.messages.create(
        messages=messages(), system="Be brief.", stop_sequences=["END"], metadata={"user_id": "u-1"}, **HAIKU
    )
    call = record.call()
    assert_call(
        call,
        provider="anthropic",
        requested="claude-haiku-4-5",
        served=message.model,
        prompt=PROMPT,
        answer=text_of(message),
        usage=totals(message.usage),
    )
    assert call["usage"]["billed"] == message.usage.model_dump(exclude_unset=True)
    assert call["request"]["system"] == "Be brief."
    assert call["request"]["parameters"] == {
        "max_tokens": 500,
        "metadata": {"user_id": "u-1"},
        "stop_sequences": ["END"],
    }
    assert call["response"]["id"] == message.id and call["response"]["finish_reasons"] == ["end_turn"]
    assert (
        call["provider"]["service_tier"] == "standard" and call["provider"]["rate_limit"]["requests"]["limit"] == 4000
    )


@pytest.mark.parametrize("helper", [False, True])
def test_stream(client, record, helper):
    if helper:
        with client.messages.stream(messages=messages(), **HAIKU) as stream:
            text, message = "".join(stream.text_stream), stream.get_final_message()
        usage = message.usage
    else:
        events = list(client.messages.create(messages=messages(), stream=True, **HAIKU))
        message = events[0].message
        text = "".join(event.delta.text for event in events if event.type == "content_block_delta")
        usage = next(event.usage for event in events if event.type == "message_delta")
    call = record.call()
    assert_call(
        call,
        provider="anthropic",
        requested="claude-haiku-4-5",
        stream=True,
        prompt=PROMPT,
        answer=text,
        usage=totals(usage),
    )
    assert call["response"]["id"] == message.id and call["response"]["finish_reasons"] == ["end_turn"]
    if not helper:
        assert call["response"]["chunks"] in (len(events), len(events) + 1)  # the client swallows the ping


@pytest.mark.parametrize("stream", [False, True])
def test_cache_reads_and_writes(client, record, stream):
    asked = {
        "messages": [
            {
                "role": "user",
                "content": [
                    {
                        "type": "text",
                        "text": "[sim cached=10 cache-write=7 cache-write-1h=5] " + PROMPT * 3,
                        "cache_control": {"type": "ephemeral"},
                    }
                ],
            }
        ],
        **HAIKU,
    }
    if stream:
        with client.messages.stream(**asked) as running:
            usage = running.get_final_message().usage
    else:
        usage = client.messages.create(**asked).usage
    assert (usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (10, 12)
    call = record.call()
    assert_call(
        call,
        provider="anthropic",
        requested="claude-haiku-4-5",
        stream=stream,
        usage=totals(usage),
        cached=10,
        written=[(7, "1.25"), (5, "2")],
    )
    assert call["usage"]["cache_read_tokens"] == 10 and call["usage"]["cache_write_tokens"] == {"5m": 7, "1h": 5}


@pytest.mark.parametrize("stream", [False, True])
def test_thinking(client, record, stream):
    asked = {
        "model": "claude-haiku-4-5",
        "max_tokens": 5000,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "messages": messages(),
    }
    if stream:
        with client.messages.stream(**asked) as running:
            message = running.get_final_message()
    else:
        message = client.messages.create(**asked)
    assert message.content[0].type == "thinking"
    call = record.call()
    assert_call(
        call,
        provider="anthropic",
        requested="claude-haiku-4-5",
        stream=stream,
        prompt=PROMPT,
        answer=text_of(message),
        usage=totals(message.usage),
    )
    assert call["response"]["messages"][0]["parts"][0] == {"type": "reasoning", "text": message.content[0].thinking}
    assert call["usage"]["reasoning_tokens"] > 0


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_tools_and_the_second_round(client, record, stream, parallel):
    asked = messages("What is the weather in Kiel?" + (" [sim tools=parallel]" if parallel else ""))
    settings = {"tools": [WEATHER, CLOCK], **HAIKU}
    if stream:
        with client.messages.stream(messages=asked, **settings) as running:
            message = running.get_final_message()
    else:
        message = client.messages.create(messages=asked, **settings)
    tools = expected_tools(message)
    assert len(tools) == 1 + parallel and message.stop_reason == "tool_use"
    call = record.call()
    assert_call(
        call,
        provider="anthropic",
        requested="claude-haiku-4-5",
        stream=stream,
        usage=totals(message.usage),
        tools=tools,
    )
    assert call["response"]["finish_reasons"] == ["tool_use"]

    results = [{"type": "tool_result", "tool_use_id": id, "content": f"result of {name}"} for id, name, _ in tools]
    second = client.messages.create(
        messages=[*asked, {"role": "assistant", "content": message.content}, {"role": "user", "content": results}],
        **settings,
    )
    call = record.calls(2)[1]
    assert_call(
        call, provider="anthropic", requested="claude-haiku-4-5", answer=text_of(second), usage=totals(second.usage)
    )
    sent = call["request"]["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "user"]
    assert [(part["id"], part["name"], part["value"]) for part in sent[1]["parts"]] == tools
    assert sent[2]["parts"] == [{"type": "tool_result", "id": r["tool_use_id"], "text": r["content"]} for r in results]


def test_length_limit(client, record):
    message = client.messages.create(model="claude-haiku-4-5", max_tokens=3, messages=messages())
    assert message.stop_reason == "max_tokens"
    assert_call(
        record.call(),
        provider="anthropic",
        requested="claude-haiku-4-5",
        status="partial",
        answer=text_of(message),
        usage=totals(message.usage),
    )


def test_count_tokens_is_relayed_and_costs_nothing(client, record):
    counted = client.messages.count_tokens(model="claude-haiku-4-5", messages=messages()).input_tokens
    assert counted > 5
    call = record.call()
    assert call["kind"] == "span" and call["status"] == "success" and "cost" not in call
    assert call["provider"]["name"] == "anthropic" and call["name"] == "POST /v1/messages/count_tokens"
    assert call["response"]["output"] == {"input_tokens": counted} and "usage" not in call


def test_a_batch(client, record):
    """Four requests go; each result is a call of its own, and is on the record once though it is fetched twice."""
    requests = [
        {"custom_id": f"request-{n}", "params": {"messages": messages(f"number {n}"), **HAIKU}} for n in range(4)
    ]
    batch = client.messages.batches.create(requests=requests)
    assert client.messages.batches.retrieve(batch.id).processing_status == "ended"
    client.messages.batches.list()
    client.messages.batches.cancel(batch.id)
    results = {one.custom_id: one.result for one in client.messages.batches.results(batch.id)}
    assert len(results) == 4
    assert {one.custom_id for one in client.messages.batches.results(batch.id)} == set(results)
    calls = record.calls(8 + 4)  # to have the results, the client looks the batch up again
    spans = [call for call in calls if call["kind"] == "span"]
    assert len(spans) == 8 and all("cost" not in call and call["status"] == "success" for call in spans)
    found = {call["labels"]["attributes"]["batch.custom_id"]: call for call in calls if call["kind"] != "span"}
    assert set(found) == set(results)
    for name, result in results.items():
        call = found[name]
        assert call["kind"] == "chat" and call["provider"]["name"] == "anthropic" and call["provider"]["batch"] is True
        assert call["labels"]["attributes"]["batch.id"] == batch.id
        if result.type == "errored":
            assert call["status"] == "failure" and call["error"]["type"] == "invalid_request" and "cost" not in call
            assert call["error"]["message"] == result.error.error.message
            continue
        message = result.message
        assert call["status"] == "success" and call["response"]["id"] == message.id
        assert call["model"] == {"served": message.model}
        assert "".join(part["text"] for part in call["response"]["messages"][0]["parts"]) == text_of(message)
        took, gave = totals(message.usage)
        assert (call["usage"]["input_tokens"], call["usage"]["output_tokens"]) == (took, gave)
        assert call["cost"]["total"] == dollars((took, "0.5"), (gave, "2.5"))  # half of the usual
    assert sum(call["status"] == "failure" for call in found.values()) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_the_old_completions(client, record, stream):
    """No current client has them; the gateway does."""
    answer = client.post(
        "/v1/complete",
        body={
            "model": "claude-2.1",
            "prompt": f"\n\nHuman: {PROMPT}\n\nAssistant:",
            "max_tokens_to_sample": 100,
            "stream": stream,
        },
        cast_to=httpx2.Response,
    )
    call = record.call()
    assert call["kind"] == "completion" and call["status"] == "success"
    assert call["model"] == {"requested": "claude-2.1", "served": "claude-2.1"}
    text = "".join(part["text"] for part in call["response"]["messages"][0]["parts"])
    assert call["response"]["finish_reasons"] == ["stop_sequence"] and "usage" not in call and "cost" not in call
    lines = answer.text.splitlines() if stream else ["data: " + answer.text]
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert text == "".join(event.get("completion", "") for event in events) != ""


@pytest.mark.parametrize(
    "knob,exception,type,http_status",
    [
        ("error=invalid", anthropic.BadRequestError, "invalid_request", 400),
        ("error=context_length", anthropic.BadRequestError, "context_length", 400),
        ("error=auth", anthropic.AuthenticationError, "authentication", 401),
        ("error=permission", anthropic.PermissionDeniedError, "permission", 403),
        ("error=not_found", anthropic.NotFoundError, "not_found", 404),
        ("error=rate_limit", anthropic.RateLimitError, "rate_limit", 429),
        ("error=quota", anthropic.APIStatusError, "quota", 402),
        ("error=server", anthropic.InternalServerError, "server", 500),
        ("error=overloaded", anthropic.APIStatusError, "overloaded", 529),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors(client, record, knob, exception, type, http_status, stream):
    with pytest.raises(exception) as caught:
        client.messages.create(messages=messages(f"[sim {knob}]"), stream=stream, **HAIKU)
    assert caught.value.status_code == http_status
    call = record.call()
    assert_failure(call, type, http_status)
    assert call["error"]["message"] == caught.value.body["error"]["message"]
    assert (
        call["error"]["provider_type"] == caught.value.body["error"]["type"]
        and call["provider"]["request_id"] == caught.value.request_id
    )


def test_an_error_inside_a_stream(client, record):
    text = ""
    with pytest.raises(anthropic.APIError):
        with client.messages.stream(
            messages=messages("[sim stream-error-after=7 chunks=9] " + PROMPT), **HAIKU
        ) as stream:
            for piece in stream.text_stream:
                text += piece
    call = record.call()
    assert (
        call["status"] == "failure" and call["error"]["type"] == "overloaded" and call["provider"]["http_status"] == 200
    )
    assert "".join(part["text"] for part in call["response"]["messages"][0]["parts"]) == text != ""
    assert "cost" not in call and "output_tokens" not in call["usage"]  # message_start's 1 is a placeholder


def test_a_stream_that_breaks(client, record):
    with pytest.raises(Exception) as caught:  # what the transport raises is the client's own affair
        list(client.messages.create(messages=messages("[sim cut-after=6 chunks=9] " + PROMPT), stream=True, **HAIKU))
    assert not isinstance(caught.value, AssertionError)
    call = record.call()
    assert call["status"] == "partial" and call["error"]["type"] == "connection"
    # What it would have reported at its end is counted from what came, and says so.
    assert call["usage"]["estimated"] is True and call["cost"]["source"] == "estimated"


def test_async_client(server, record):
    async def ask():
        async with anthropic.AsyncAnthropic(
            base_url=server.url + "/anthropic", api_key=KEYS["anthropic"], max_retries=0, default_headers=record.headers
        ) as client:

            async def plain(number):
                return text_of(await client.messages.create(messages=messages(f"number {number}"), **HAIKU))

            async def streamed(number):
                async with client.messages.stream(messages=messages(f"number {number}"), **HAIKU) as stream:
                    return text_of(await stream.get_final_message())

            return await asyncio.gather(*(plain(n) if n % 2 else streamed(n) for n in range(20)))

    answers = asyncio.run(ask())
    recorded = {
        call["request"]["messages"][0]["parts"][0]["text"]: call["response"]["messages"][0]["parts"][0]["text"]
        for call in record.calls(20)
    }
    assert recorded == {f"number {n}": answer for n, answer in enumerate(answers)}
