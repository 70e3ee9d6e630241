"""The cohere package: both of its clients."""

import json

import cohere
import httpx
import pytest
from cohere.core.api_error import ApiError
from conftest import CLOCK, KEYS, PROMPT, WEATHER, assert_call, assert_failure

CHAT = "command-a-03-2025"


@pytest.fixture
def settings(server, record):
    with httpx.Client(headers=record.headers, timeout=60) as transport:
        yield {"api_key": KEYS["cohere"], "base_url": server.url + "/cohere", "httpx_client": transport}


@pytest.fixture
def v2(settings):
    return cohere.ClientV2(**settings)


@pytest.fixture
def v1(settings):
    return cohere.Client(**settings)


def messages(text=PROMPT):
    return [{"role": "user", "content": text}]


def billed(units):
    return int(units.input_tokens), int(units.output_tokens)


def test_nothing_but_the_base_url(server, monkeypatch):
    monkeypatch.setenv("CO_API_URL", server.url + "/cohere")
    monkeypatch.setenv("CO_API_KEY", KEYS["cohere"])
    answer = cohere.ClientV2().with_raw_response.chat(model=CHAT, messages=messages())
    call = server.call(answer.headers["x-steno-call-id"])
    assert_call(
        call,
        provider="cohere",
        requested=CHAT,
        served="",
        prompt=PROMPT,
        answer=answer.data.message.content[0].text,
        usage=billed(answer.data.usage.billed_units),
    )
    assert call["provider"]["request_id"] == answer.headers["x-debug-trace-id"]
    assert call["provider"]["rate_limit"]["windows"]["requests_minute"]["limit"] == 40


def test_chat(v2, record):
    answer = v2.chat(
        model=CHAT,
        messages=[{"role": "system", "content": "Be brief."}, *messages("[sim cached=8] " + PROMPT)],
        temperature=0.2,
        max_tokens=200,
        documents=[{"id": "d1", "data": {"text": "The tide turns twice a day."}}],
    )
    call = record.call()
    assert_call(
        call,
        provider="cohere",
        requested=CHAT,
        served="",
        answer=answer.message.content[0].text,
        usage=billed(answer.usage.billed_units),
    )
    assert call["request"]["messages"][0]["role"] == "system"
    assert call["request"]["parameters"]["temperature"] == 0.2
    assert call["request"]["parameters"]["documents"][0]["id"] == "d1"
    assert call["response"]["id"] == answer.id and call["response"]["finish_reasons"] == ["COMPLETE"]
    assert call["usage"]["billed"]["tokens"]["input_tokens"] == answer.usage.tokens.input_tokens
    assert call["usage"]["billed"]["cached_tokens"] == answer.usage.cached_tokens == 8
    cited = call["response"]["messages"][0]["parts"][-1]
    assert cited["type"] == "other"
    assert [one["text"] for one in cited["value"]["citations"]] == [one.text for one in answer.message.citations]


@pytest.mark.parametrize("grounded", [False, True])
def test_chat_stream(v2, record, grounded):
    more = {"documents": ["The tide turns twice a day."]} if grounded else {}
    events = list(v2.chat_stream(model=CHAT, messages=messages(), **more))
    text = "".join(event.delta.message.content.text for event in events if event.type == "content-delta")
    end = next(event for event in events if event.type == "message-end")
    call = record.call()
    assert_call(
        call,
        provider="cohere",
        requested=CHAT,
        served="",
        stream=True,
        prompt=PROMPT,
        answer=text,
        usage=billed(end.delta.usage.billed_units),
    )
    assert call["response"]["chunks"] == len(events)
    assert [part["type"] for part in call["response"]["messages"][0]["parts"]] == ["text"] + ["other"] * grounded


@pytest.mark.parametrize("stream", [False, True])
def test_thinking_is_not_text(v2, record, stream):
    more = {"thinking": {"type": "enabled"}, "model": CHAT, "messages": messages("[sim reasoning=64] " + PROMPT)}
    if stream:
        said = {"thinking": "", "text": ""}
        for event in v2.chat_stream(**more):
            if event.type == "content-delta":
                said["thinking"] += event.delta.message.content.thinking or ""
                said["text"] += event.delta.message.content.text or ""
    else:
        answer = v2.chat(**more)
        said = {"thinking": answer.message.content[0].thinking, "text": answer.message.content[1].text}
    parts = record.call()["response"]["messages"][0]["parts"]
    assert [(part["type"], part["text"]) for part in parts] == [
        ("reasoning", said["thinking"]),
        ("text", said["text"]),
    ]


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_tools_and_the_second_round(v2, record, parallel, stream):
    asked = messages("What is the weather in Kiel?" + (" [sim tools=parallel]" if parallel else ""))
    settings = {"model": CHAT, "tools": [WEATHER, CLOCK]}
    if stream:
        calls, plan = [], ""
        for event in v2.chat_stream(messages=asked, **settings):
            if event.type == "tool-plan-delta":
                plan += event.delta.message.tool_plan
            elif event.type == "tool-call-start":
                started = event.delta.message.tool_calls
                calls.append([started.id, started.function.name, ""])
            elif event.type == "tool-call-delta":
                calls[event.index][2] += event.delta.message.tool_calls.function.arguments
            elif event.type == "message-end":
                usage = event.delta.usage
    else:
        answer = v2.chat(messages=asked, **settings)
        plan, usage = answer.message.tool_plan, answer.usage
        calls = [[call.id, call.function.name, call.function.arguments] for call in answer.message.tool_calls]
    assert len(calls) == 1 + parallel and plan
    expected = [(id, name, json.loads(arguments)) for id, name, arguments in calls]
    first = record.call()
    assert_call(
        first,
        provider="cohere",
        requested=CHAT,
        served="",
        stream=stream,
        answer="",
        usage=billed(usage.billed_units),
        tools=expected,
    )
    assert first["response"]["finish_reasons"] == ["TOOL_CALL"]
    assert first["response"]["messages"][0]["parts"][0] == {"type": "reasoning", "text": plan}
    second = v2.chat(
        messages=[
            *asked,
            {
                "role": "assistant",
                "tool_plan": plan,
                "tool_calls": [
                    {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
                    for id, name, arguments in calls
                ],
            },
            *({"role": "tool", "tool_call_id": id, "content": f"result of {id}"} for id, _, _ in calls),
        ],
        **settings,
    )
    call = record.calls(2)[1]
    assert_call(
        call,
        provider="cohere",
        requested=CHAT,
        served="",
        answer=second.message.content[0].text,
        usage=billed(second.usage.billed_units),
    )
    sent = call["request"]["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant"] + ["tool"] * len(calls)
    assert sent[1]["parts"][0] == {"type": "reasoning", "text": plan}
    assert [(part["id"], part["name"], part["value"]) for part in sent[1]["parts"][1:]] == expected
    assert [message["parts"][0]["id"] for message in sent[2:]] == [id for id, _, _ in calls]


def test_v1_chat(v1, record):
    answer = v1.chat(
        model="command-r7b-12-2024",
        message=PROMPT,
        preamble="Be brief.",
        chat_history=[{"role": "USER", "message": "Hello"}, {"role": "CHATBOT", "message": "Hello!"}],
    )
    call = record.call()
    assert_call(
        call,
        provider="cohere",
        requested="command-r7b-12-2024",
        served="",
        prompt=PROMPT,
        answer=answer.text,
        usage=billed(answer.meta.billed_units),
    )
    assert call["response"]["id"] == answer.response_id and call["request"]["system"] == "Be brief."
    assert [message["role"] for message in call["request"]["messages"]] == ["user", "assistant", "user"]


def test_v1_chat_stream(v1, record):
    events = list(v1.chat_stream(model=CHAT, message=PROMPT))
    end = events[-1]
    assert end.event_type == "stream-end"
    call = record.call()
    assert_call(
        call,
        provider="cohere",
        requested=CHAT,
        served="",
        stream=True,
        prompt=PROMPT,
        answer="".join(event.text for event in events if event.event_type == "text-generation"),
        usage=billed(end.response.meta.billed_units),
    )
    assert call["response"]["chunks"] == len(events) and call["response"]["id"] == end.response.response_id


@pytest.mark.parametrize("stream", [False, True])
def test_v1_tools(v1, record, stream):
    settings = {
        "model": CHAT,
        "message": "What is the weather in Kiel? [sim tools=parallel]",
        "tools": [
            {
                "name": name,
                "description": name,
                "parameter_definitions": {"city": {"type": "str", "description": "the city", "required": True}},
            }
            for name in ("get_weather", "get_time")
        ],
    }
    answer = list(v1.chat_stream(**settings))[-1].response if stream else v1.chat(**settings)
    assert len(answer.tool_calls) == 2
    assert_call(
        record.call(),
        provider="cohere",
        requested=CHAT,
        served="",
        stream=stream,
        usage=billed(answer.meta.billed_units),
        tools=[(None, call.name, call.parameters) for call in answer.tool_calls],
    )


@pytest.mark.parametrize("stream", [False, True])
def test_v1_generate(v1, record, stream):
    if stream:
        events = list(v1.generate_stream(model=CHAT, prompt=PROMPT))
        text = "".join(event.text for event in events if event.event_type == "text-generation")
    else:
        answer = v1.generate(model=CHAT, prompt=PROMPT)
        text = answer.generations[0].text
    call = record.call()
    assert_call(call, provider="cohere", requested=CHAT, served="", kind="completion", stream=stream, answer=text)
    assert call["request"]["messages"] == [{"role": "user", "parts": [{"type": "text", "text": PROMPT}]}]
    assert "total" in call["cost"]


def test_embed(v2, record):
    texts = ["the tide comes in", "the tide goes out"]
    answer = v2.embed(
        model="embed-v4.0",
        texts=texts,
        input_type="search_document",
        embedding_types=["float", "int8"],
        output_dimension=256,
    )
    assert [len(vector) for vector in answer.embeddings.float_] == [256, 256]
    call = record.call()
    assert_call(
        call,
        provider="cohere",
        requested="embed-v4.0",
        served="",
        kind="embedding",
        usage=(int(answer.meta.billed_units.input_tokens), 0),
    )
    assert call["request"]["input"] == texts and call["response"]["output"] == {"count": 2, "dimensions": 256}
    assert call["response"]["id"] == answer.id


def test_v1_embed(v1, record):
    answer = v1.embed(model="embed-v4.0", texts=["the tide"], input_type="search_query")
    call = record.call()
    assert call["kind"] == "embedding" and call["cost"]["total"]
    assert call["response"]["output"] == {"count": 1, "dimensions": len(answer.embeddings[0])}


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_rerank(v1, v2, record, version):
    documents = ["Kiel lies on the Baltic Sea.", "The tides of the North Sea are high.", "Bread needs time."]
    client = {"v1": v1, "v2": v2}[version]
    answer = client.rerank(model="rerank-v3.5", query="tides of the North Sea", documents=documents, top_n=2)
    assert answer.results[0].index == 1
    call = record.call()
    assert call["kind"] == "rerank" and call["status"] == "success" and call["provider"]["name"] == "cohere"
    assert call["model"] == {"requested": "rerank-v3.5"}
    assert call["request"]["input"] == {"query": "tides of the North Sea", "documents": documents}
    assert call["request"]["parameters"] == {"top_n": 2}
    assert [(one["index"], one["relevance_score"]) for one in call["response"]["output"]] == [
        (one.index, one.relevance_score) for one in answer.results
    ]
    assert call["usage"]["searches"] == answer.meta.billed_units.search_units == 1
    assert "input_tokens" not in call["usage"]


def test_other_endpoints_are_spans(v1, record):
    v1.tokenize(text="hello", model=CHAT, offline=False)
    call = record.call()
    assert call["kind"] == "span" and call["name"] == "POST /v1/tokenize" and call["status"] == "success"


@pytest.mark.parametrize(
    "knob,type,http_status",
    [
        ("error=invalid", "invalid_request", 400),
        ("error=context_length", "context_length", 400),
        ("error=auth", "authentication", 401),
        ("error=quota", "quota", 402),
        ("error=permission", "permission", 403),
        ("error=not_found", "not_found", 404),
        ("error=rate_limit", "rate_limit", 429),
        ("error=server", "server", 500),
        ("error=overloaded", "overloaded", 503),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors(v2, record, knob, type, http_status, stream):
    ask = v2.chat_stream if stream else v2.chat
    with pytest.raises(ApiError) as caught:
        list(ask(model=CHAT, messages=messages(f"[sim {knob}]"), request_options={"max_retries": 0}))
    assert caught.value.status_code == http_status
    call = record.call()
    assert_failure(call, type, http_status)
    assert call["error"]["message"] == caught.value.body["message"]


def test_an_error_inside_a_stream(v2, record):
    events = list(v2.chat_stream(model=CHAT, messages=messages("[sim stream-error-after=5]")))
    assert events[-1].delta.finish_reason == "ERROR"
    call = record.call()
    assert call["status"] == "failure" and call["error"]["message"] == events[-1].delta.error
    assert call["response"]["finish_reasons"] == ["ERROR"] and "input_tokens" not in call.get("usage", {})


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_stream_that_breaks(v1, v2, record, version):
    text = ""
    knobs = "[sim cut-after=5 chunks=9] "
    with pytest.raises(Exception) as caught:  # what the transport raises is the client's own affair
        if version == "v1":
            for event in v1.chat_stream(model=CHAT, message=knobs + PROMPT):
                text += event.text if event.event_type == "text-generation" else ""
        else:
            for event in v2.chat_stream(model=CHAT, messages=messages(knobs + PROMPT)):
                text += event.delta.message.content.text if event.type == "content-delta" else ""
    assert not isinstance(caught.value, AssertionError)
    call = record.call()
    assert call["status"] == "partial" and call["error"]["type"] == "connection"
    assert call["response"]["messages"][0]["parts"] == [{"type": "text", "text": text}] and text
    assert not call.get("usage", {}).get("billed")
