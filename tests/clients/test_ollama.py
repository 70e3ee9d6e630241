"""The ollama package, with Ollama's own API; and its compatible one with OpenAI's client and Anthropic's."""

import anthropic
import ollama
import openai
import pytest
from conftest import assert_failure

MODEL = "qwen3:8b"
PROMPT = "Tell me about the tides of the North Sea."
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")


def weather(city: str, days: int) -> str:
    """The weather of a city."""


@pytest.fixture
def client(server, record):
    return ollama.Client(host=server.url + "/ollama", headers=record.headers)


def messages(text=PROMPT):
    return [{"role": "user", "content": text}]


def check(call, last, *, kind="chat", stream=False, answer=None, status="success"):
    """`last`: what the client has of the counts and times."""
    assert (call["kind"], call["status"], call["provider"]["name"]) == (kind, status, "ollama")
    assert call["model"] == {"requested": MODEL, "served": last.model}
    assert call["request"]["stream"] is stream and ("chunks" in call["response"]) is stream
    assert call["usage"]["input_tokens"] == last.prompt_eval_count
    assert call["usage"]["output_tokens"] == last.eval_count
    assert call["usage"]["billed"] == {"prompt_eval_count": last.prompt_eval_count, "eval_count": last.eval_count}
    assert call["response"]["finish_reasons"] == [last.done_reason]
    phases = {
        "provider_processing": last.total_duration,
        "load": last.load_duration,
        "prompt": last.prompt_eval_duration,
        "completion": last.eval_duration,
    }
    assert call["time"]["phases"] == pytest.approx({name: nanos / 1e6 for name, nanos in phases.items()})
    if answer is not None:
        texts = [
            part["text"] for one in call["response"]["messages"] for part in one["parts"] if part["type"] == "text"
        ]
        assert "".join(texts) == answer


def test_nothing_but_the_host(server, monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", server.url + "/ollama")
    answer = ollama.Client().chat(MODEL, messages=messages())
    calls = server.calls("&provider.name=ollama")
    assert any(server.call(row["id"])["response"].get("output_chars") == len(answer.message.content) for row in calls)


def test_chat(client, record):
    answer = client.chat(MODEL, messages=messages(), options={"temperature": 0})
    call = record.call()
    check(call, answer, answer=answer.message.content)
    assert call["request"]["messages"][-1] == {"role": "user", "parts": [{"type": "text", "text": PROMPT}]}
    assert call["request"]["parameters"]["options"] == {"temperature": 0}


def test_chat_stream(client, record):
    lines = list(client.chat(MODEL, messages=messages(), stream=True))
    call = record.call()
    check(call, lines[-1], stream=True, answer="".join(line.message.content for line in lines))
    assert call["response"]["chunks"] == len(lines)


@pytest.mark.parametrize("stream", [False, True])
def test_thinking(client, record, stream):
    if stream:
        lines = list(client.chat(MODEL, messages=messages(), think=True, stream=True))
        last, thought = lines[-1], "".join(line.message.thinking or "" for line in lines)
        text = "".join(line.message.content for line in lines)
    else:
        last = client.chat(MODEL, messages=messages(), think=True)
        thought, text = last.message.thinking, last.message.content
    call = record.call()
    check(call, last, stream=stream, answer=text)
    assert call["response"]["messages"][0]["parts"][0] == {"type": "reasoning", "text": thought}


@pytest.mark.parametrize("stream", [False, True])
def test_tools_and_the_second_round(client, record, stream):
    asked = messages("What is the weather in Kiel? [sim tools=parallel]")
    if stream:
        lines = list(client.chat(MODEL, messages=asked, tools=[weather], stream=True))
        last = lines[-1]
        tools = [tool for line in lines for tool in line.message.tool_calls or []]
    else:
        last = client.chat(MODEL, messages=asked, tools=[weather])
        tools = last.message.tool_calls
    assert len(tools) == 2
    first = record.call()
    check(first, last, stream=stream)
    assert [(tool["name"], tool["arguments"]) for tool in first["response"]["tool_calls"]] == [
        (tool.function.name, dict(tool.function.arguments)) for tool in tools
    ]
    assert first["request"]["tools"][0]["function"]["name"] == "weather"
    results = [{"role": "tool", "tool_name": tool.function.name, "content": "warm"} for tool in tools]
    again = [*asked, {"role": "assistant", "content": "", "tool_calls": tools}, *results]
    answer = client.chat(MODEL, messages=again)
    second = record.calls(2)[1]
    check(second, answer, answer=answer.message.content)
    assert [message["role"] for message in second["request"]["messages"]] == ["user", "assistant", "tool", "tool"]
    assert second["request"]["messages"][3]["parts"] == [{"type": "tool_result", "name": "weather", "text": "warm"}]


def test_images(client, record):
    client.chat(MODEL, messages=[{"role": "user", "content": PROMPT, "images": [PNG]}])
    call = record.call()
    assert call["kind"] == "vision" and call["modality"]["input"] == ["text", "image"]
    assert call["request"]["messages"][0]["parts"][1]["mime"] == "image/png"


@pytest.mark.parametrize("stream", [False, True])
def test_generate(client, record, stream):
    if stream:
        lines = list(client.generate(MODEL, PROMPT, system="Be brief.", stream=True))
        last, text = lines[-1], "".join(line.response for line in lines)
    else:
        last = client.generate(MODEL, PROMPT, system="Be brief.")
        text = last.response
    call = record.call()
    check(call, last, kind="completion", stream=stream, answer=text)
    assert call["request"]["system"] == "Be brief."


def test_a_prompt_that_is_cached_is_not_counted(client, record):
    answer = client.chat(MODEL, messages=messages("[sim cached=1000000] " + PROMPT))
    assert answer.prompt_eval_count is None
    usage = record.call()["usage"]
    assert "input_tokens" not in usage and usage["output_tokens"] == answer.eval_count


def test_embeddings(client, record):
    new = client.embed(MODEL, ["one", "two"], dimensions=16)
    old = client.embeddings(MODEL, "one")
    calls = record.calls(2)
    assert [call["kind"] for call in calls] == ["embedding", "embedding"]
    assert calls[0]["request"]["input"] == ["one", "two"]
    assert calls[0]["response"]["output"] == {"count": 2, "dimensions": 16}
    assert calls[0]["usage"]["input_tokens"] == new.prompt_eval_count
    assert calls[1]["response"]["output"] == {"count": 1, "dimensions": len(old.embedding)}
    assert "usage" not in calls[1]


def test_models_are_spans(client, record):
    assert client.list().models[0].model == MODEL
    client.show(MODEL)
    assert [step.status for step in client.pull(MODEL, stream=True)][-1] == "success"
    calls = record.calls(3)
    assert [(call["kind"], call["name"]) for call in calls] == [
        ("span", "GET /api/tags"),
        ("span", "POST /api/show"),
        ("span", "POST /api/pull"),
    ]


def test_errors(client, record):
    with pytest.raises(ollama.ResponseError) as caught:
        client.chat(MODEL, messages=messages("[sim error=not_found]"))
    call = record.call()
    assert_failure(call, "not_found", caught.value.status_code)
    assert call["error"]["message"] == caught.value.error


def test_an_error_in_the_middle(client, record):
    pieces = []
    with pytest.raises(ollama.ResponseError) as caught:
        for line in client.chat(MODEL, messages=messages("[sim stream-error-after=2] " + PROMPT), stream=True):
            pieces.append(line.message.content)
    call = record.call()
    assert call["status"] == "failure" and call["error"]["message"] == caught.value.error
    assert call["response"]["messages"][0]["parts"][0]["text"] == "".join(pieces)
    assert "billed" not in call.get("usage", {})


def test_a_stream_that_breaks(client, record):
    with pytest.raises(Exception):
        list(client.chat(MODEL, messages=messages("[sim cut-after=3] " + PROMPT), stream=True))
    call = record.call()
    assert call["status"] == "partial" and "billed" not in call.get("usage", {})


def test_the_languages_of_others(server, record):
    with openai.OpenAI(
        base_url=server.url + "/ollama/v1", api_key="ollama", max_retries=0, default_headers=record.headers
    ) as one:
        chat = one.chat.completions.create(model=MODEL, messages=messages())
    with anthropic.Anthropic(
        base_url=server.url + "/ollama", api_key="ollama", max_retries=0, default_headers=record.headers
    ) as other:
        message = other.messages.create(model=MODEL, max_tokens=200, messages=messages())
    first, second = record.calls(2)
    assert {call["provider"]["name"] for call in (first, second)} == {"ollama"}
    assert first["usage"]["output_tokens"] == chat.usage.completion_tokens
    assert second["usage"]["output_tokens"] == message.usage.output_tokens
    assert second["response"]["finish_reasons"] == [message.stop_reason]
