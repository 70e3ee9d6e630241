"""The openai package's Azure client, its plain client on Azure's v1 API, and the anthropic package's Foundry client."""

import json

import anthropic
import openai
import pytest
from conftest import KEYS, assert_call, assert_failure
from steno_process import Server

PROMPT = "Tell me about the tides of the North Sea."
DEPLOYMENT = "prod-gpt-4o-mini"  # serves gpt-4o-mini
SERVED = "gpt-4o-mini-2024-07-18"
VERSION = "2024-10-21"
CITY = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture
def client(server, record):
    with openai.AzureOpenAI(
        azure_endpoint=server.url + "/azure",
        api_key=KEYS["openai"],
        api_version=VERSION,
        max_retries=0,
        default_headers=record.headers,
    ) as client:
        yield client


def ask(text=PROMPT):
    return [{"role": "user", "content": text}]


def totals(usage):
    return usage.prompt_tokens, usage.completion_tokens


def assert_azure(call, **expected):
    assert_call(call, **{"provider": "azure.ai.openai", "requested": DEPLOYMENT, "served": SERVED} | expected)
    assert call["provider"]["region"] == "Sweden Central"


def test_nothing_but_the_endpoint(server, monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url + "/azure")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEYS["openai"])
    monkeypatch.setenv("OPENAI_API_VERSION", VERSION)
    raw = openai.AzureOpenAI().chat.completions.with_raw_response.create(model=DEPLOYMENT, messages=ask())
    answer = raw.parse()
    call = server.call(raw.headers["x-steno-call-id"])
    assert_azure(call, prompt=PROMPT, answer=answer.choices[0].message.content, usage=totals(answer.usage))
    assert call["provider"]["api_version"] == VERSION
    assert call["provider"]["request_id"] == raw.headers["x-request-id"]
    assert call["provider"]["rate_limit"]["tokens"]["reset_ms"] == 30_000
    verdict = answer.choices[0].model_extra["content_filter_results"]
    assert call["response"]["output"]["content_filter_results"] == [verdict]
    assert "prompt_filter_results" in call["response"]["output"]


def test_stream(client, record):
    chunks = list(
        client.chat.completions.create(
            model=DEPLOYMENT, messages=ask(), stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[0].choices == [] and chunks[0].id == ""
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    call = record.call()
    assert_azure(call, stream=True, prompt=PROMPT, answer=text, usage=totals(chunks[-1].usage))
    assert call["response"]["id"] == chunks[1].id and call["response"]["finish_reasons"] == ["stop"]


def test_a_stream_that_does_not_ask_for_its_usage(client, record):
    chunks = list(client.chat.completions.create(model=DEPLOYMENT, messages=ask(), stream=True))
    assert chunks[0].choices == [] and all(chunk.choices for chunk in chunks[1:])
    assert not any(chunk.usage for chunk in chunks)
    call = record.call()
    assert call["usage"]["input_tokens"] > 0 and call["usage"]["output_tokens"] > 0 and "cost" in call


@pytest.mark.parametrize("stream", [False, True])
def test_tools(client, record, stream):
    asked = {"model": DEPLOYMENT, "messages": ask("What is the weather in Kiel?"), "tools": [CITY]}
    if stream:
        with client.chat.completions.stream(**asked, stream_options={"include_usage": True}) as running:
            answer = running.get_final_completion()
    else:
        answer = client.chat.completions.create(**asked)
    (tool,) = answer.choices[0].message.tool_calls
    call = record.call()
    tools = [(tool.id, tool.function.name, json.loads(tool.function.arguments))]
    assert_azure(call, stream=stream, usage=totals(answer.usage), tools=tools)
    assert call["response"]["finish_reasons"] == ["tool_calls"]


def test_embeddings(client, record):
    answer = client.embeddings.create(model="prod-text-embedding-3-small", input=["one", "two"])
    call = record.call()
    assert_call(
        call,
        provider="azure.ai.openai",
        requested="prod-text-embedding-3-small",
        served=answer.model,
        kind="embedding",
        usage=(answer.usage.prompt_tokens, 0),
    )
    assert call["response"]["output"] == {"count": 2, "dimensions": 1536}


@pytest.mark.parametrize("versioned", [False, True])
def test_responses(server, record, versioned):
    """On the classic path with a version, or on v1 with the plain client."""
    if versioned:
        client = openai.AzureOpenAI(
            azure_endpoint=server.url + "/azure",
            api_key=KEYS["openai"],
            api_version="2025-04-01-preview",
            max_retries=0,
            default_headers=record.headers,
        )
    else:
        client = openai.OpenAI(
            base_url=server.url + "/azure/openai/v1",
            api_key=KEYS["openai"],
            max_retries=0,
            default_headers=record.headers,
        )
    with client:
        answer = client.responses.create(model=DEPLOYMENT, input=PROMPT)
    call = record.call()
    assert_azure(
        call,
        prompt=PROMPT,
        answer=answer.output_text,
        usage=(answer.usage.input_tokens, answer.usage.output_tokens),
    )
    assert call["provider"].get("api_version") == ("2025-04-01-preview" if versioned else None)


@pytest.mark.parametrize(
    "knob,exception,type,http_status,code",
    [
        ("error=content_filter", openai.BadRequestError, "content_filter", 400, "content_filter"),
        ("error=auth", openai.AuthenticationError, "authentication", 401, "401"),
        ("error=not_found", openai.NotFoundError, "not_found", 404, "DeploymentNotFound"),
        ("error=rate_limit", openai.RateLimitError, "rate_limit", 429, "rate_limit_exceeded"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors(client, record, knob, exception, type, http_status, code, stream):
    with pytest.raises(exception) as caught:
        client.chat.completions.create(model=DEPLOYMENT, messages=ask(f"[sim {knob}]"), stream=stream)
    assert caught.value.status_code == http_status
    call = record.call()
    assert_failure(call, type, http_status)
    assert call["error"]["provider_code"] == code == caught.value.code
    assert call["error"]["message"] == caught.value.body["message"]
    assert call["model"]["requested"] == DEPLOYMENT


def test_inference(server, record):
    """Azure AI Inference, whose models any OpenAI client can call with the version in the query."""
    with openai.OpenAI(
        base_url=server.url + "/azure/models",
        api_key=KEYS["openai"],
        default_query={"api-version": "2024-05-01-preview"},
        max_retries=0,
        default_headers=record.headers,
    ) as client:
        answer = client.chat.completions.create(model="gpt-4o-mini", messages=ask())
    call = record.call()
    assert call["provider"]["name"] == "azure.ai.inference" and call["provider"]["api_version"] == "2024-05-01-preview"
    assert (call["usage"]["input_tokens"], call["usage"]["output_tokens"]) == totals(answer.usage)


def test_foundry(server, record):
    with anthropic.AnthropicFoundry(
        base_url=server.url + "/azure/anthropic",
        api_key=KEYS["anthropic"],
        max_retries=0,
        default_headers=record.headers,
    ) as client:
        with client.messages.stream(model="claude-haiku-4-5", max_tokens=500, messages=ask()) as running:
            message = running.get_final_message()
    assert_call(
        record.call(),
        provider="azure.ai.inference",
        requested="claude-haiku-4-5",
        stream=True,
        prompt=PROMPT,
        answer=message.content[0].text,
        usage=(message.usage.input_tokens, message.usage.output_tokens),
    )


def test_without_a_url_the_answer_says_what_to_do(tmp_path):
    with Server(tmp_path) as server:
        status, _, problem = server.request(
            "POST", f"/azure/openai/deployments/d/chat/completions?api-version={VERSION}", {}, expect=404
        )
    assert status == 404 and "--upstream azure=https://RESOURCE.openai.azure.com" in str(problem)
