"""The openai package."""

import asyncio
import json
from decimal import Decimal

import openai
import pytest
from conftest import CLOCK, KEYS, PROMPT, WEATHER, assert_call, assert_failure
from pydantic import BaseModel


@pytest.fixture
def client(server, record):
    with openai.OpenAI(
        base_url=server.url + "/openai/v1", api_key=KEYS["openai"], max_retries=0, default_headers=record.headers
    ) as client:
        yield client


def messages(text=PROMPT):
    return [{"role": "user", "content": text}]


def same_usage(call, usage):
    """The record's usage is the client's: verbatim, and by our names."""
    assert call["usage"]["billed"] == usage.model_dump(exclude_unset=True)


def test_nothing_but_the_base_url(server, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", server.url + "/openai/v1")
    monkeypatch.setenv("OPENAI_API_KEY", KEYS["openai"])
    answer = openai.OpenAI().chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=messages())
    call = server.call(answer.headers["x-steno-call-id"])
    parsed = answer.parse()
    assert_call(
        call,
        provider="openai",
        requested="gpt-4o-mini",
        served="gpt-4o-mini-2024-07-18",
        prompt=PROMPT,
        answer=parsed.choices[0].message.content,
        usage=(parsed.usage.prompt_tokens, parsed.usage.completion_tokens),
    )
    assert call["provider"]["request_id"] == answer.headers["x-request-id"] == parsed._request_id
    assert call["client_retry"] == 0


def test_chat(client, record):
    answer = client.chat.completions.create(
        model="gpt-4o-mini",
        temperature=0.2,
        max_completion_tokens=200,
        seed=7,
        messages=[{"role": "system", "content": "Be brief."}, *messages()],
    )
    call = record.call()
    assert_call(
        call,
        provider="openai",
        requested="gpt-4o-mini",
        served=answer.model,
        prompt=PROMPT,
        answer=answer.choices[0].message.content,
        usage=(answer.usage.prompt_tokens, answer.usage.completion_tokens),
    )
    same_usage(call, answer.usage)
    assert call["request"]["messages"][0] == {"role": "system", "parts": [{"type": "text", "text": "Be brief."}]}
    assert call["request"]["parameters"] == {"temperature": 0.2, "max_completion_tokens": 200, "seed": 7}
    assert call["response"]["id"] == answer.id and call["response"]["finish_reasons"] == ["stop"]
    assert call["provider"]["request_id"] == answer._request_id
    assert (
        call["provider"]["endpoint"]["path"].endswith("/v1/chat/completions")
        and call["provider"]["endpoint"]["method"] == "POST"
    )
    assert call["provider"]["rate_limit"]["requests"]["limit"] == 10_000
    assert call["name"] == "gpt-4o-mini"


@pytest.mark.parametrize("usage", [True, False])
def test_chat_stream(client, record, usage):
    more = {"stream_options": {"include_usage": True}} if usage else {}
    chunks = list(client.chat.completions.create(model="gpt-4o-mini", messages=messages(), stream=True, **more))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    reported = [chunk.usage for chunk in chunks if chunk.usage]
    assert len(reported) == usage
    call = record.call()
    assert_call(
        call,
        provider="openai",
        requested="gpt-4o-mini",
        served=chunks[0].model,
        stream=True,
        prompt=PROMPT,
        answer=text,
        usage=(reported[0].prompt_tokens, reported[0].completion_tokens) if usage else None,
    )
    assert call["response"]["id"] == chunks[0].id
    if usage:
        assert call["response"]["chunks"] == len(chunks) and "asked" not in call["usage"]
        same_usage(call, reported[0])
    else:  # asked for in the client's place: one chunk came that the client never saw
        assert call["response"]["chunks"] == len(chunks) + 1 and call["usage"]["asked"] is True
        assert call["usage"]["output_tokens"] > 0 and Decimal(call["cost"]["total"]) > 0


def test_chat_stream_helper(client, record):
    with client.chat.completions.stream(
        model="gpt-4o-mini", messages=messages(), stream_options={"include_usage": True}
    ) as stream:
        for _ in stream:
            pass
        answer = stream.get_final_completion()
    assert_call(
        record.call(),
        provider="openai",
        requested="gpt-4o-mini",
        served=answer.model,
        stream=True,
        prompt=PROMPT,
        answer=answer.choices[0].message.content,
        usage=(answer.usage.prompt_tokens, answer.usage.completion_tokens),
    )


def test_cached_and_reasoning_tokens(client, record):
    answer = client.chat.completions.create(
        model="gpt-5-mini", messages=messages("[sim cached=8 reasoning=128] " + PROMPT)
    )
    usage = answer.usage
    assert usage.prompt_tokens_details.cached_tokens == 8 and usage.completion_tokens_details.reasoning_tokens == 128
    call = record.call()
    assert_call(
        call,
        provider="openai",
        requested="gpt-5-mini",
        served=answer.model,
        answer=answer.choices[0].message.content,
        usage=(usage.prompt_tokens, usage.completion_tokens),
        cached=8,
    )
    assert (call["usage"]["cache_read_tokens"], call["usage"]["reasoning_tokens"]) == (8, 128)


def test_several_choices(client, record):
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=messages(), n=3)
    call = record.call()
    assert [message["parts"][0]["text"] for message in call["response"]["messages"]] == [
        choice.message.content for choice in answer.choices
    ]
    assert (
        call["response"]["finish_reasons"] == ["stop"] * 3
        and call["usage"]["output_tokens"] == answer.usage.completion_tokens
    )


def test_length_limit(client, record):
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=messages(), max_completion_tokens=3)
    assert answer.choices[0].finish_reason == "length"
    assert_call(
        record.call(),
        provider="openai",
        requested="gpt-4o-mini",
        served=answer.model,
        status="partial",
        answer=answer.choices[0].message.content,
        usage=(answer.usage.prompt_tokens, 3),
    )


def expected_tools(calls):
    return [(call.id, call.function.name, json.loads(call.function.arguments)) for call in calls]


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_tools_and_the_second_round(client, record, parallel, stream):
    asked = messages(
        "What is the weather in Kiel? [sim tools=parallel]" if parallel else "What is the weather in Kiel?"
    )
    settings = {"model": "gpt-4o-mini", "tools": [WEATHER, CLOCK]}
    if stream:
        with client.chat.completions.stream(
            messages=asked, stream_options={"include_usage": True}, **settings
        ) as running:
            for _ in running:
                pass
            answer = running.get_final_completion()
    else:
        answer = client.chat.completions.create(messages=asked, **settings)
    message = answer.choices[0].message
    assert len(message.tool_calls) == 1 + parallel
    first = record.call()
    usage = (answer.usage.prompt_tokens, answer.usage.completion_tokens)
    assert_call(
        first,
        provider="openai",
        requested="gpt-4o-mini",
        served=answer.model,
        stream=stream,
        usage=usage,
        tools=expected_tools(message.tool_calls),
    )
    assert first["response"]["finish_reasons"] == ["tool_calls"]
    assert [part["type"] for part in first["response"]["messages"][0]["parts"]] == ["tool_call"] * (1 + parallel)
    assert [tool["function"]["name"] for tool in first["request"]["tools"]] == ["get_weather", "get_time"]

    results = [
        {"role": "tool", "tool_call_id": call.id, "content": f"result of {call.id}"} for call in message.tool_calls
    ]
    second = client.chat.completions.create(
        messages=[*asked, message.model_dump(exclude_none=True, include={"role", "content", "tool_calls"}), *results],
        **settings,
    )
    assert second.choices[0].message.content
    call = record.calls(2)[1]
    assert_call(
        call,
        provider="openai",
        requested="gpt-4o-mini",
        served=second.model,
        answer=second.choices[0].message.content,
        usage=(second.usage.prompt_tokens, second.usage.completion_tokens),
    )
    sent = call["request"]["messages"]
    assert [m["role"] for m in sent] == ["user", "assistant"] + ["tool"] * len(results)
    assert [(part["id"], part["name"], part["value"]) for part in sent[1]["parts"]] == expected_tools(
        message.tool_calls
    )
    assert [m["parts"] for m in sent[2:]] == [
        [{"type": "tool_result", "id": r["tool_call_id"], "text": r["content"]}] for r in results
    ]


class Meeting(BaseModel):
    title: str
    people: list[str]
    minutes: int


def test_structured_output(client, record):
    answer = client.chat.completions.parse(
        model="gpt-4o-mini", messages=messages("Plan a meeting."), response_format=Meeting
    )
    assert isinstance(answer.choices[0].message.parsed, Meeting)
    call = record.call()
    assert call["response"]["structured"] == answer.choices[0].message.parsed.model_dump()
    assert (
        call["request"]["parameters"]["response_format"]["type"] == "json_schema"
        and "json" in call["modality"]["output"]
    )


def test_an_image_in_the_question(client, record):
    image = "data:image/png;base64,iVBORw0KGgo="
    client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": image}},
                ],
            }
        ],
    )
    call = record.call()
    assert call["kind"] == "vision" and call["modality"]["input"] == ["text", "image"]
    assert call["request"]["messages"][0]["parts"][1] == {"type": "image", "mime": "image/png", "url": image}


def test_responses(client, record):
    answer = client.responses.create(model="gpt-4o-mini", instructions="Be brief.", input=PROMPT, temperature=0.5)
    call = record.call()
    assert_call(
        call,
        provider="openai",
        requested="gpt-4o-mini",
        served=answer.model,
        prompt=PROMPT,
        answer=answer.output_text,
        usage=(answer.usage.input_tokens, answer.usage.output_tokens),
    )
    same_usage(call, answer.usage)
    assert call["request"]["system"] == "Be brief." and call["request"]["parameters"] == {"temperature": 0.5}
    assert call["response"]["id"] == answer.id and call["response"]["finish_reasons"] == ["completed"]


def test_responses_stream(client, record):
    events = list(client.responses.create(model="gpt-5-mini", input=PROMPT, stream=True))
    answer = events[-1].response
    assert events[-1].type == "response.completed"
    call = record.call()
    assert_call(
        call,
        provider="openai",
        requested="gpt-5-mini",
        served=answer.model,
        stream=True,
        prompt=PROMPT,
        answer=answer.output_text,
        usage=(answer.usage.input_tokens, answer.usage.output_tokens),
        cached=answer.usage.input_tokens_details.cached_tokens,
    )
    same_usage(call, answer.usage)
    assert call["response"]["chunks"] == len(events)
    assert call["usage"]["reasoning_tokens"] == answer.usage.output_tokens_details.reasoning_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
def test_responses_tools_and_the_second_round(client, record, stream):
    tools = [{"type": "function", "strict": False, **tool["function"]} for tool in (WEATHER, CLOCK)]
    asked = [{"role": "user", "content": "What is the weather in Kiel? [sim tools=parallel]"}]
    answer = client.responses.create(model="gpt-4o-mini", input=asked, tools=tools, stream=stream)
    if stream:
        answer = list(answer)[-1].response
    calls = [item for item in answer.output if item.type == "function_call"]
    assert len(calls) == 2
    assert_call(
        record.call(),
        provider="openai",
        requested="gpt-4o-mini",
        served=answer.model,
        stream=stream,
        usage=(answer.usage.input_tokens, answer.usage.output_tokens),
        tools=[(item.call_id, item.name, json.loads(item.arguments)) for item in calls],
    )
    results = [
        {"type": "function_call_output", "call_id": item.call_id, "output": f"result of {item.call_id}"}
        for item in calls
    ]
    second = client.responses.create(
        model="gpt-4o-mini",
        tools=tools,
        input=[*asked, *(item.model_dump(exclude_none=True) for item in calls), *results],
    )
    call = record.calls(2)[1]
    assert_call(
        call,
        provider="openai",
        requested="gpt-4o-mini",
        served=second.model,
        answer=second.output_text,
        usage=(second.usage.input_tokens, second.usage.output_tokens),
    )
    parts = [part for message in call["request"]["messages"] for part in message["parts"]]
    assert [part["type"] for part in parts] == ["text", "tool_call", "tool_call", "tool_result", "tool_result"]
    assert [(part["id"], part["text"]) for part in parts[3:]] == [(r["call_id"], r["output"]) for r in results]


@pytest.mark.parametrize("coding", ["base64", "float"])
def test_embeddings(client, record, coding):
    texts = ["the tide comes in", "the tide goes out"]
    more = {} if coding == "base64" else {"encoding_format": "float"}  # the client itself asks for base64
    answer = client.embeddings.create(model="text-embedding-3-small", input=texts, dimensions=64, **more)
    assert [len(item.embedding) for item in answer.data] == [64, 64]
    call = record.call()
    assert_call(
        call,
        provider="openai",
        requested="text-embedding-3-small",
        kind="embedding",
        usage=(answer.usage.prompt_tokens, 0),
    )
    assert call["request"]["input"] == texts and call["response"]["output"] == {"count": 2, "dimensions": 64}


def test_models_are_relayed_and_recorded(client, record):
    ids = [model.id for model in client.models.list()]
    assert "gpt-4o-mini" in ids
    call = record.call()
    assert call["kind"] == "span" and call["status"] == "success" and call["name"] == "GET /v1/models"


@pytest.mark.parametrize(
    "knob,exception,type,http_status",
    [
        ("error=invalid", openai.BadRequestError, "invalid_request", 400),
        ("error=context_length", openai.BadRequestError, "context_length", 400),
        ("error=content_filter", openai.BadRequestError, "content_filter", 400),
        ("error=auth", openai.AuthenticationError, "authentication", 401),
        ("error=permission", openai.PermissionDeniedError, "permission", 403),
        ("error=not_found", openai.NotFoundError, "not_found", 404),
        ("error=rate_limit", openai.RateLimitError, "rate_limit", 429),
        ("error=quota", openai.RateLimitError, "quota", 429),
        ("error=server", openai.InternalServerError, "server", 500),
        ("error=overloaded", openai.InternalServerError, "overloaded", 503),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors(client, record, knob, exception, type, http_status, stream):
    with pytest.raises(exception) as caught:
        client.chat.completions.create(model="gpt-4o-mini", messages=messages(f"[sim {knob}]"), stream=stream)
    assert caught.value.status_code == http_status
    call = record.call()
    assert_failure(call, type, http_status)
    assert call["error"]["message"] == caught.value.body["message"]
    assert (
        call["error"].get("provider_code") == caught.value.code
        and call["provider"]["request_id"] == caught.value.request_id
    )


def test_each_retry_of_the_client_is_a_call(server, record):
    with openai.OpenAI(
        base_url=server.url + "/openai/v1", api_key=KEYS["openai"], max_retries=2, default_headers=record.headers
    ) as client:
        with pytest.raises(openai.RateLimitError):
            client.chat.completions.create(
                model="gpt-4o-mini", messages=messages("[sim error=rate_limit retry-after=0]")
            )
    assert [call["client_retry"] for call in record.calls(3)] == [0, 1, 2]


def test_a_stream_that_breaks(client, record):
    text = ""
    with pytest.raises(Exception) as caught:  # what the transport raises is the client's own affair
        for chunk in client.chat.completions.create(
            model="gpt-4o-mini", stream=True, messages=messages("[sim cut-after=4 chunks=9] " + PROMPT)
        ):
            text += chunk.choices[0].delta.content or ""
    assert not isinstance(caught.value, AssertionError)
    call = record.call()
    assert call["status"] == "partial" and call["error"]["type"] == "connection"
    assert "".join(part["text"] for part in call["response"]["messages"][0]["parts"]) == text != ""


def test_an_error_inside_a_stream(client, record):
    with pytest.raises(openai.APIError):
        list(
            client.chat.completions.create(
                model="gpt-4o-mini", stream=True, messages=messages("[sim stream-error-after=3 error=overloaded]")
            )
        )
    call = record.call()
    assert (
        call["status"] == "failure"
        and call["provider"]["http_status"] == 200
        and call["error"]["type"] in ("overloaded", "server")
    )


def test_a_client_that_stops_reading(client, record):
    stream = client.chat.completions.create(
        model="gpt-4o-mini", stream=True, messages=messages("[sim chunks=50 chunk-delay-ms=100] " + PROMPT)
    )
    next(iter(stream))
    stream.close()
    call = record.call()
    assert call["status"] == "cancelled" and call["error"]["type"] == "cancelled"


def test_async_client(server, record):
    async def ask():
        async with openai.AsyncOpenAI(
            base_url=server.url + "/openai/v1", api_key=KEYS["openai"], max_retries=0, default_headers=record.headers
        ) as client:

            async def plain(number):
                return (
                    (await client.chat.completions.create(model="gpt-4o-mini", messages=messages(f"number {number}")))
                    .choices[0]
                    .message.content
                )

            async def streamed(number):
                stream = await client.chat.completions.create(
                    model="gpt-4o-mini", messages=messages(f"number {number}"), stream=True
                )
                return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

            return await asyncio.gather(*(plain(n) if n % 2 else streamed(n) for n in range(40)))

    answers = asyncio.run(ask())
    recorded = {
        call["request"]["messages"][0]["parts"][0]["text"]: call["response"]["messages"][0]["parts"][0]["text"]
        for call in record.calls(40)
    }
    assert recorded == {f"number {n}": answer for n, answer in enumerate(answers)}


def test_names_in_headers_are_not_without_end(client, record):
    many = ",".join(f"n{i}" for i in range(300))
    headers = {"x-steno-outer-agents": many, "x-steno-outer-functions": '["a, b", "", "c"]', "x-steno-tags": many}
    answer = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=messages(), extra_headers=headers)
    warning = answer.headers["x-steno-warning"]
    assert "x-steno-outer-agents taken in part" in warning and "x-steno-tags taken in part" in warning
    assert "outer-functions" not in warning
    call = record.call()
    assert call["trace"]["outer_agents"] == [f"n{i}" for i in range(16)]
    assert call["trace"]["outer_functions"] == ["a, b", "c"]
    assert call["labels"]["tags"] == [f"n{i}" for i in range(50)]


def test_context_headers(client, record):
    context = {
        "x-steno-request": "r-1",
        "x-steno-parent": "p-1",
        "x-steno-user": "u-7",
        "x-steno-agent": "calendar",
        "x-steno-outer-agents": "main, planner",
        "x-steno-function": "planner",
        "x-steno-operation": "create",
        "x-steno-kind": "intent",
        "x-steno-project": "shop",
        "x-steno-environment": "prod",
        "x-steno-prompt-type": "answer_question",
        "x-steno-prompt-name": "meeting",
        "x-steno-prompt-version": "3",
        "x-steno-variables": '{"city": "Kiel", "n": 2}',
        "x-steno-tags": "demo, spring",
        "x-steno-attributes": '{"tone":"friendly","score":0.5,"vip":true}',
        "x-steno-metadata": '{"deep": {"er": [1, null]}}',
        "x-steno-subject": "person-9",
        "x-steno-retention": "short",
    }
    client.chat.completions.create(model="gpt-4o-mini", messages=messages(), extra_headers=context)
    call = record.call()
    assert call["trace"] == {
        "session_id": record.session,
        "request_id": "r-1",
        "parent_id": "p-1",
        "agent": "calendar",
        "function": "planner",
        "operation": "create",
        "outer_agents": ["main", "planner"],
    }
    who = call["who"]
    assert who.pop("api_key_id").startswith("sk-proj:") and who == {"user_id": "u-7", "subject": "person-9"}
    assert (call["kind"], call["project"], call["environment"], call["privacy"]["retention"]) == (
        "intent",
        "shop",
        "prod",
        "short",
    )
    prompt = call["prompt"]
    assert (prompt["type"], prompt["name"], prompt["version"], prompt["variables"]) == (
        "answer_question",
        "meeting",
        "3",
        {"city": "Kiel", "n": 2},
    )
    assert call["labels"] == {
        "tags": ["demo", "spring"],
        "attributes": {"tone": "friendly", "score": 0.5, "vip": True},
        "metadata": {"deep": {"er": [1, None]}},
    }


def test_context_that_cannot_be_understood_never_stops_a_call(client, record):
    answer = client.chat.completions.with_raw_response.create(
        model="gpt-4o-mini",
        messages=messages(),
        extra_headers={
            "x-steno-attributes": "no json",
            "x-steno-kind": "nonsense",
            "x-steno-user": "u" * 300,
            "x-steno-colour": "blue",
        },
    )
    warnings = " ".join(answer.headers.get_list("x-steno-warning"))
    for name in ("x-steno-attributes", "x-steno-kind", "x-steno-user", "x-steno-colour"):
        assert name in warnings
    call = record.call()
    assert call["status"] == "success" and list(call["who"]) == ["api_key_id"] and call["kind"] == "chat"
