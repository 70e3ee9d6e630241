"""The mistralai package."""

import json

import httpx
import pytest
from conftest import CLOCK, KEYS, PROMPT, WEATHER, assert_call, assert_failure
from mistralai.client import Mistral
from mistralai.client.errors import MistralError

CHAT = "mistral-medium-2508"


@pytest.fixture
def client(server, record):
    with httpx.Client(headers=record.headers, timeout=60) as transport:
        yield Mistral(api_key=KEYS["mistral"], server_url=server.url + "/mistral", client=transport)


def messages(text=PROMPT):
    return [{"role": "user", "content": text}]


def counts(usage):
    return usage.prompt_tokens, usage.completion_tokens


def test_chat(client, record):
    answer = client.chat.complete(
        model=CHAT, messages=[{"role": "system", "content": "Be brief."}, *messages()], temperature=0.2, random_seed=7
    )
    call = record.call()
    assert_call(
        call,
        provider="mistral_ai",
        requested=CHAT,
        served=answer.model,
        prompt=PROMPT,
        answer=answer.choices[0].message.content,
        usage=counts(answer.usage),
    )
    assert call["request"]["messages"][0] == {"role": "system", "parts": [{"type": "text", "text": "Be brief."}]}
    assert call["request"]["parameters"]["random_seed"] == 7
    assert call["response"]["id"] == answer.id and call["response"]["finish_reasons"] == ["stop"]
    assert call["provider"]["request_id"]


def test_chat_stream(client, record):
    chunks = [event.data for event in client.chat.stream(model=CHAT, messages=messages())]
    call = record.call()
    assert_call(
        call,
        provider="mistral_ai",
        requested=CHAT,
        served=chunks[0].model,
        stream=True,
        prompt=PROMPT,
        answer="".join(chunk.choices[0].delta.content for chunk in chunks),
        usage=counts(chunks[-1].usage),
    )
    assert call["response"]["chunks"] == len(chunks) and call["response"]["id"] == chunks[0].id


def test_cached_tokens(client, record):
    answer = client.chat.complete(model="codestral-2508", messages=messages("[sim cached=8] " + PROMPT))
    assert_call(
        record.call(),
        provider="mistral_ai",
        requested="codestral-2508",
        served=answer.model,
        answer=answer.choices[0].message.content,
        usage=counts(answer.usage),
        cached=8,
    )


@pytest.mark.parametrize("stream", [False, True])
def test_thinking_is_not_text(client, record, stream):
    settings = {"model": "magistral-medium-2509", "messages": messages()}
    thought = text = ""
    if stream:
        for event in client.chat.stream(**settings):
            content = event.data.choices[0].delta.content
            if isinstance(content, str):
                text += content
            else:
                thought += content[0].thinking[0].text
    else:
        thinking, said = client.chat.complete(**settings).choices[0].message.content
        thought, text = thinking.thinking[0].text, said.text
    call = record.call()
    assert [(part["type"], part["text"]) for part in call["response"]["messages"][0]["parts"]] == [
        ("reasoning", thought),
        ("text", text),
    ]
    assert "total" in call["cost"]


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_tools_and_the_second_round(client, record, parallel, stream):
    asked = messages("What is the weather in Kiel?" + (" [sim tools=parallel]" if parallel else ""))
    settings = {"model": CHAT, "tools": [WEATHER, CLOCK]}
    if stream:
        last = list(client.chat.stream(messages=asked, **settings))[-1].data
        calls, usage = last.choices[0].delta.tool_calls, last.usage
    else:
        answer = client.chat.complete(messages=asked, **settings)
        calls, usage = answer.choices[0].message.tool_calls, answer.usage
    assert len(calls) == 1 + parallel
    expected = [(call.id, call.function.name, json.loads(call.function.arguments)) for call in calls]
    first = record.call()
    assert_call(
        first, provider="mistral_ai", requested=CHAT, stream=stream, usage=counts(usage), tools=expected
    )
    assert first["response"]["finish_reasons"] == ["tool_calls"]
    second = client.chat.complete(
        messages=[
            *asked,
            {"role": "assistant", "content": "", "tool_calls": calls},
            *({"role": "tool", "tool_call_id": call.id, "content": f"result of {call.id}"} for call in calls),
        ],
        **settings,
    )
    call = record.calls(2)[1]
    assert_call(
        call,
        provider="mistral_ai",
        requested=CHAT,
        answer=second.choices[0].message.content,
        usage=counts(second.usage),
    )
    sent = call["request"]["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant"] + ["tool"] * len(calls)
    assert [(part["id"], part["name"], part["value"]) for part in sent[1]["parts"]] == expected


@pytest.mark.parametrize("stream", [False, True])
def test_fill_in_the_middle(client, record, stream):
    settings = {"model": "codestral-2508", "prompt": "def tide(", "suffix": "return height"}
    if stream:
        chunks = [event.data for event in client.fim.stream(**settings)]
        text, usage = "".join(chunk.choices[0].delta.content for chunk in chunks), chunks[-1].usage
    else:
        answer = client.fim.complete(**settings)
        text, usage = answer.choices[0].message.content, answer.usage
    call = record.call()
    assert_call(
        call,
        provider="mistral_ai",
        requested="codestral-2508",
        kind="completion",
        stream=stream,
        prompt="def tide(",
        answer=text,
        usage=counts(usage),
    )
    assert call["request"]["parameters"]["suffix"] == "return height"


def test_agents(client, record):
    answer = client.agents.complete(agent_id="ag_tides", messages=messages())
    call = record.call()
    assert call["kind"] == "chat" and call["name"] == "ag_tides"
    assert call["model"] == {"served": answer.model}
    assert call["request"]["parameters"]["agent_id"] == "ag_tides"
    assert call["usage"]["output_tokens"] == answer.usage.completion_tokens and "total" in call["cost"]


@pytest.mark.parametrize("stream", [False, True])
def test_conversations(client, record, stream):
    settings = {"model": CHAT, "inputs": PROMPT, "instructions": "Be brief."}
    if stream:
        events = [event.data for event in client.beta.conversations.start_stream(**settings)]
        conversation, usage = events[0].conversation_id, events[-1].usage
        text = "".join(event.content for event in events if event.type == "message.output.delta")
    else:
        answer = client.beta.conversations.start(**settings)
        conversation, usage, text = answer.conversation_id, answer.usage, answer.outputs[0].content
    call = record.call()
    assert_call(
        call,
        provider="mistral_ai",
        requested=CHAT,
        stream=stream,
        prompt=PROMPT,
        answer=text,
        usage=counts(usage),
    )
    assert call["response"]["id"] == conversation and call["request"]["system"] == "Be brief."


@pytest.mark.parametrize("stream", [False, True])
def test_a_conversation_with_tools(client, record, stream):
    settings = {"model": CHAT, "inputs": "What is the weather in Kiel? [sim tools=parallel]", "tools": [WEATHER, CLOCK]}
    if stream:
        events = [event.data for event in client.beta.conversations.start_stream(**settings)]
        conversation, calls = events[0].conversation_id, {}
        for event in events:
            if event.type == "function.call.delta":
                one = calls.setdefault(event.tool_call_id, [event.tool_call_id, event.name, ""])
                one[2] += event.arguments
        calls = list(calls.values())
    else:
        answer = client.beta.conversations.start(**settings)
        conversation = answer.conversation_id
        calls = [[entry.tool_call_id, entry.name, entry.arguments] for entry in answer.outputs]
    expected = [
        (id, name, json.loads(given) if isinstance(given, str) else given) for id, name, given in calls
    ]
    assert len(expected) == 2
    first = record.call()
    assert [(tool["id"], tool["name"], tool["arguments"]) for tool in first["response"]["tool_calls"]] == expected
    client.beta.conversations.append(
        conversation_id=conversation,
        inputs=[{"type": "function.result", "tool_call_id": id, "result": f"result of {id}"} for id, _, _ in expected],
    )
    call = record.calls(2)[1]
    assert call["kind"] == "chat" and call["status"] == "success"
    assert [message["parts"][0] for message in call["request"]["messages"]] == [
        {"type": "tool_result", "id": id, "text": f"result of {id}"} for id, _, _ in expected
    ]


def test_ocr(client, record):
    answer = client.ocr.process(
        model="mistral-ocr-latest",
        document={"type": "document_url", "document_url": "https://example.com/tides.pdf"},
        pages=[0, 2, 3],
    )
    call = record.call()
    assert call["kind"] == "vision" and call["status"] == "success" and call["provider"]["name"] == "mistral_ai"
    assert call["request"]["messages"][0]["parts"] == [{"type": "document", "url": "https://example.com/tides.pdf"}]
    assert [part["text"] for part in call["response"]["messages"][0]["parts"]] == [
        page.markdown for page in answer.pages
    ]
    assert call["usage"]["pages"] == answer.usage_info.pages_processed == 3
    assert call["usage"]["billed"]["doc_size_bytes"] == answer.usage_info.doc_size_bytes


def test_embeddings(client, record):
    texts = ["the tide comes in", "the tide goes out"]
    answer = client.embeddings.create(model="mistral-embed", inputs=texts)
    call = record.call()
    assert_call(
        call, provider="mistral_ai", requested="mistral-embed", kind="embedding", usage=(answer.usage.prompt_tokens, 0)
    )
    assert call["request"]["input"] == texts
    assert call["response"]["output"] == {"count": 2, "dimensions": len(answer.data[0].embedding)}


@pytest.mark.parametrize(
    "knob,type,http_status",
    [
        ("error=invalid", "invalid_request", 422),
        ("error=context_length", "context_length", 400),
        ("error=auth", "authentication", 401),
        ("error=permission", "permission", 403),
        ("error=rate_limit", "rate_limit", 429),
        ("error=server", "server", 500),
        ("error=overloaded", "overloaded", 503),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors(client, record, knob, type, http_status, stream):
    ask = client.chat.stream if stream else client.chat.complete
    with pytest.raises(MistralError) as caught:
        list(ask(model=CHAT, messages=messages(f"[sim {knob}]"), retries=None))
    assert caught.value.status_code == http_status
    call = record.call()
    assert_failure(call, type, http_status)
    body = json.loads(caught.value.body)
    assert call["error"]["message"] == body.get("detail", body.get("message"))
    assert call["error"].get("provider_code") == body.get("code")


def test_a_stream_that_breaks(client, record):
    text = ""
    with pytest.raises(Exception) as caught:  # what the transport raises is the client's own affair
        for event in client.chat.stream(model=CHAT, messages=messages("[sim cut-after=4 chunks=9] " + PROMPT)):
            text += event.data.choices[0].delta.content
    assert not isinstance(caught.value, AssertionError)
    call = record.call()
    assert call["status"] == "partial" and call["error"]["type"] == "connection"
    assert call["response"]["messages"][0]["parts"] == [{"type": "text", "text": text}] and text
    assert not call.get("usage", {}).get("billed")
