"""The google-genai package."""

import asyncio
import json

import openai
import pytest
from conftest import KEYS, assert_call, assert_failure, dollars
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

PROMPT = "Tell me about the tides of the North Sea."
FLASH = "gemini-2.5-flash"
TOOLS = [
    types.Tool(
        function_declarations=[
            types.FunctionDeclaration(
                name="get_weather",
                description="The weather of a city",
                parameters=types.Schema(
                    type="OBJECT",
                    properties={"city": types.Schema(type="STRING"), "days": types.Schema(type="INTEGER")},
                    required=["city", "days"],
                ),
            ),
            types.FunctionDeclaration(
                name="get_time",
                parameters=types.Schema(
                    type="OBJECT", properties={"zone": types.Schema(type="STRING")}, required=["zone"]
                ),
            ),
        ]
    )
]
ONE_TRY = types.HttpRetryOptions(attempts=1)


@pytest.fixture
def client(server, record):
    with genai.Client(
        api_key=KEYS["gemini"],
        http_options=types.HttpOptions(base_url=server.url + "/gemini", headers=record.headers, retry_options=ONE_TRY),
    ) as client:
        yield client


def totals(usage):
    return usage.prompt_token_count, (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)


def test_nothing_but_the_base_url(server, monkeypatch):
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.url + "/gemini")
    monkeypatch.setenv("GEMINI_API_KEY", KEYS["gemini"])
    with genai.Client() as client:
        answer = client.models.generate_content(model=FLASH, contents=PROMPT)
    headers = {name.lower(): value for name, value in answer.sdk_http_response.headers.items()}
    assert_call(
        server.call(headers["x-steno-call-id"]),
        provider="gcp.gemini",
        requested=FLASH,
        served=answer.model_version,
        prompt=PROMPT,
        answer=answer.text,
        usage=totals(answer.usage_metadata),
    )


def test_generate_content(client, record):
    answer = client.models.generate_content(
        model=FLASH,
        contents=PROMPT,
        config=types.GenerateContentConfig(system_instruction="Be brief.", temperature=0.2, max_output_tokens=400),
    )
    call = record.call()
    assert_call(
        call,
        provider="gcp.gemini",
        requested=FLASH,
        served=answer.model_version,
        prompt=PROMPT,
        answer=answer.text,
        usage=totals(answer.usage_metadata),
    )
    assert call["request"]["system"] == "Be brief."
    assert call["request"]["parameters"]["generationConfig"] == {"temperature": 0.2, "maxOutputTokens": 400}
    assert call["response"]["id"] == answer.response_id and call["response"]["finish_reasons"] == ["STOP"]
    assert call["usage"]["billed"]["totalTokenCount"] == answer.usage_metadata.total_token_count
    assert call["provider"]["endpoint"]["path"].endswith(f"/models/{FLASH}:generateContent")


def test_generate_content_stream(client, record):
    chunks = list(client.models.generate_content_stream(model=FLASH, contents=PROMPT))
    call = record.call()
    assert_call(
        call,
        provider="gcp.gemini",
        requested=FLASH,
        served=chunks[0].model_version,
        stream=True,
        prompt=PROMPT,
        answer="".join(chunk.text or "" for chunk in chunks),
        usage=totals(chunks[-1].usage_metadata),
    )
    assert call["response"]["chunks"] == len(chunks) > 1 and call["response"]["id"] == chunks[0].response_id


@pytest.mark.parametrize("stream", [False, True])
def test_thoughts_and_cache(client, record, stream):
    asked = {
        "model": "gemini-2.5-pro",
        "contents": "[sim cached=8 reasoning=128] " + PROMPT,
        "config": types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True)),
    }
    chunks = (
        list(client.models.generate_content_stream(**asked)) if stream else [client.models.generate_content(**asked)]
    )
    usage = chunks[-1].usage_metadata
    assert (usage.thoughts_token_count, usage.cached_content_token_count) == (128, 8)
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]
    call = record.call()
    assert_call(
        call,
        provider="gcp.gemini",
        requested="gemini-2.5-pro",
        stream=stream,
        cached=8,
        usage=totals(usage),
        answer="".join(part.text for part in parts if not part.thought),
    )
    assert call["response"]["messages"][0]["parts"][0] == {
        "type": "reasoning",
        "text": "".join(part.text for part in parts if part.thought),
    }
    assert (call["usage"]["reasoning_tokens"], call["usage"]["cache_read_tokens"]) == (128, 8)


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_function_calling_and_the_second_round(client, record, stream, parallel):
    asked = [types.UserContent("What is the weather in Kiel?" + (" [sim tools=parallel]" if parallel else ""))]
    settings = {
        "model": FLASH,
        "config": types.GenerateContentConfig(tools=TOOLS, automatic_function_calling={"disable": True}),
    }
    answer = (
        list(client.models.generate_content_stream(contents=asked, **settings))[-1]
        if stream
        else client.models.generate_content(contents=asked, **settings)
    )
    calls = answer.function_calls
    assert len(calls) == 1 + parallel
    tools = [(call.id, call.name, call.args) for call in calls]
    assert_call(
        record.call(),
        provider="gcp.gemini",
        requested=FLASH,
        stream=stream,
        usage=totals(answer.usage_metadata),
        tools=tools,
    )

    results = [
        types.Part(
            function_response=types.FunctionResponse(id=call.id, name=call.name, response={"result": f"of {call.name}"})
        )
        for call in calls
    ]
    second = client.models.generate_content(
        contents=[*asked, answer.candidates[0].content, types.Content(role="user", parts=results)], **settings
    )
    call = record.calls(2)[1]
    assert_call(call, provider="gcp.gemini", requested=FLASH, answer=second.text, usage=totals(second.usage_metadata))
    sent = call["request"]["messages"]
    assert [message["role"] for message in sent] == ["user", "model", "user"]
    assert [(part.get("id"), part["name"], part["value"]) for part in sent[1]["parts"]] == tools
    assert sent[2]["parts"] == [
        {"type": "tool_result", "name": call.name, "value": {"result": f"of {call.name}"}}
        | ({"id": call.id} if call.id else {})
        for call in calls
    ]


def test_automatic_function_calling(client, record):
    asked = []

    def get_weather(city: str) -> str:
        """The weather of a city."""
        asked.append(city)
        return "windy"

    answer = client.models.generate_content(
        model=FLASH, contents="What is the weather in Kiel?", config=types.GenerateContentConfig(tools=[get_weather])
    )
    first, second = record.calls(2)
    assert [tool["arguments"] for tool in first["response"]["tool_calls"]] == [{"city": asked[0]}]
    assert second["request"]["messages"][2]["parts"][0]["value"] == {"result": "windy"}
    assert_call(second, provider="gcp.gemini", requested=FLASH, answer=answer.text, usage=totals(answer.usage_metadata))


class Meeting(BaseModel):
    title: str
    minutes: int


def test_structured_output(client, record):
    answer = client.models.generate_content(
        model=FLASH,
        contents="Plan a meeting.",
        config=types.GenerateContentConfig(response_mime_type="application/json", response_schema=Meeting),
    )
    assert isinstance(answer.parsed, Meeting)
    assert record.call()["response"]["structured"] == answer.parsed.model_dump()


def test_embed_content(client, record):
    answer = client.models.embed_content(
        model="gemini-embedding-001",
        contents=["the tide comes in", "the tide goes out"],
        config=types.EmbedContentConfig(output_dimensionality=64),
    )
    assert [len(embedding.values) for embedding in answer.embeddings] == [64, 64]
    call = record.call()
    assert (
        call["kind"] == "embedding"
        and call["status"] == "success"
        and call["model"]["requested"] == "gemini-embedding-001"
    )
    assert call["response"]["output"] == {"count": 2, "dimensions": 64}
    assert "cost" not in call  # Gemini reports no usage of embeddings: unknown, not zero


def test_count_tokens_is_relayed(client, record):
    counted = client.models.count_tokens(model=FLASH, contents=PROMPT).total_tokens
    call = record.call()
    assert call["kind"] == "span" and call["status"] == "success" and "cost" not in call and "usage" not in call
    assert call["response"]["output"]["totalTokens"] == counted > 5


def test_a_batch(client, record):
    """Four requests go; each result is a call of its own, and is on the record once though it is fetched twice."""
    job = client.batches.create(
        model=FLASH,
        src=[{"contents": [{"role": "user", "parts": [{"text": f"number {n}"}]}]} for n in range(4)],
    )
    done = client.batches.get(name=job.name)
    assert client.batches.get(name=job.name).state == done.state == types.JobState.JOB_STATE_SUCCEEDED
    results = done.dest.inlined_responses
    calls = record.calls(3 + 4)
    assert [call["status"] for call in calls if call["kind"] == "span"] == ["success"] * 3
    found = {
        call["labels"]["attributes"]["batch.custom_id"]: call for call in calls if call["provider"].get("batch") is True
    }
    assert len(results) == len(found) == 4
    for result in results:
        call = found[result.metadata["key"]]
        assert call["kind"] == "chat" and call["provider"]["name"] == "gcp.gemini"
        assert call["labels"]["attributes"]["batch.id"] == job.name and call["model"]["requested"] == FLASH
        if result.error:
            assert call["status"] == "failure" and call["error"]["message"] == result.error.message
            continue
        assert "".join(part["text"] for part in call["response"]["messages"][0]["parts"]) == result.response.text
        took, gave = totals(result.response.usage_metadata)
        assert (call["usage"]["input_tokens"], call["usage"]["output_tokens"]) == (took, gave)
        assert call["cost"]["total"] == dollars((took, "0.15"), (gave, "1.25"))  # half of the usual
    assert sum(call["status"] == "failure" for call in found.values()) == 1


@pytest.mark.parametrize("tool", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_interactions(client, record, stream, tool):
    asked = {"model": FLASH, "input": PROMPT}
    if tool:
        city = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
        asked["tools"] = [{"type": "function", "name": "get_weather", "parameters": city}]
    if stream:
        events = list(client.interactions.create(**asked, stream=True))
        deltas = [event.delta for event in events if event.event_type == "step.delta"]
        text = "".join(delta.text for delta in deltas if delta.type == "text")
        arguments = "".join(delta.arguments for delta in deltas if delta.type == "arguments_delta")
        tools = [
            (event.step.id, event.step.name, json.loads(arguments))
            for event in events
            if event.event_type == "step.start" and event.step.type == "function_call"
        ]
        answer = next(event.interaction for event in events if event.event_type == "interaction.completed")
    else:
        answer = client.interactions.create(**asked)
        text = "".join(
            piece.text for step in answer.steps if step.type == "model_output" for piece in step.content
        )
        tools = [(step.id, step.name, step.arguments) for step in answer.steps if step.type == "function_call"]
    usage = answer.usage
    assert len(tools) == tool
    call = record.call()
    assert_call(
        call,
        provider="gcp.gemini",
        requested=FLASH,
        stream=stream,
        prompt=PROMPT,
        answer=None if tool else text,
        usage=(usage.total_input_tokens, usage.total_output_tokens + usage.total_thought_tokens),
        tools=tools,
    )
    assert call["response"]["id"] == answer.id
    assert call["response"]["finish_reasons"] == ["requires_action" if tool else "completed"]


@pytest.mark.parametrize("stream", [False, True])
def test_interactions_that_fail(client, record, stream):
    with pytest.raises(Exception) as caught:
        list(client.interactions.create(model=FLASH, input="[sim error=rate_limit]", stream=stream))
    assert not isinstance(caught.value, AssertionError)
    assert_failure(record.calls(1)[0], "rate_limit", 429)


def test_openais_language(server, record):
    with openai.OpenAI(
        base_url=server.url + "/gemini/v1beta/openai",
        api_key=KEYS["gemini"],
        max_retries=0,
        default_headers=record.headers,
    ) as client:
        answer = client.chat.completions.create(model=FLASH, messages=[{"role": "user", "content": PROMPT}])
    assert_call(
        record.call(),
        provider="gcp.gemini",
        requested=FLASH,
        prompt=PROMPT,
        answer=answer.choices[0].message.content,
        usage=(answer.usage.prompt_tokens, answer.usage.completion_tokens),
    )


def test_a_blocked_prompt(client, record):
    answer = client.models.generate_content(model=FLASH, contents="[sim error=content_filter]")
    assert answer.prompt_feedback.block_reason == "PROHIBITED_CONTENT"
    call = record.call()
    assert (
        call["status"] == "failure"
        and call["error"]["type"] == "content_filter"
        and call["provider"]["http_status"] == 200
    )


@pytest.mark.parametrize(
    "knob,exception,type,http_status",
    [
        ("error=invalid", errors.ClientError, "invalid_request", 400),
        ("error=auth", errors.ClientError, "authentication", 400),
        ("error=permission", errors.ClientError, "permission", 403),
        ("error=not_found", errors.ClientError, "not_found", 404),
        ("error=rate_limit", errors.ClientError, "rate_limit", 429),
        ("error=quota", errors.ClientError, "rate_limit", 429),
        ("error=server", errors.ServerError, "server", 500),
        ("error=overloaded", errors.ServerError, "overloaded", 503),
        ("error=timeout", errors.ServerError, "timeout", 504),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors(client, record, knob, exception, type, http_status, stream):
    with pytest.raises(exception) as caught:
        if stream:
            list(client.models.generate_content_stream(model=FLASH, contents=f"[sim {knob}]"))
        else:
            client.models.generate_content(model=FLASH, contents=f"[sim {knob}]")
    assert caught.value.code == http_status
    call = record.call()
    assert_failure(call, type, http_status)
    assert call["error"]["message"] == caught.value.message


def test_an_error_inside_a_stream(client, record):
    with pytest.raises(errors.APIError):
        list(
            client.models.generate_content_stream(model=FLASH, contents="[sim stream-error-after=2 chunks=9] " + PROMPT)
        )
    call = record.call()
    assert (
        call["status"] == "failure" and call["error"]["type"] == "overloaded" and call["provider"]["http_status"] == 200
    )


def test_the_key_in_the_url(server, record):
    """How older clients and curl do it."""
    server.request(
        "POST",
        f"/gemini/v1beta/models/{FLASH}:generateContent?key={KEYS['gemini']}",
        {"contents": [{"parts": [{"text": PROMPT}]}]},
        {"content-type": "application/json", **record.headers},
    )
    call = record.call()
    assert call["status"] == "success" and "SECRET" not in str(call)


def test_a_stream_as_a_json_array(server, record):
    _, _, chunks = server.request(
        "POST",
        f"/gemini/v1beta/models/{FLASH}:streamGenerateContent",
        {"contents": [{"role": "user", "parts": [{"text": PROMPT}]}]},
        {"content-type": "application/json", **record.headers},
    )
    usage = chunks[-1]["usageMetadata"]
    call = record.call()
    assert_call(
        call,
        provider="gcp.gemini",
        requested=FLASH,
        stream=True,
        prompt=PROMPT,
        answer="".join(part["text"] for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]),
        usage=(usage["promptTokenCount"], usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0)),
    )
    assert call["response"]["chunks"] == len(chunks)


def test_async_client(server, record):
    async def ask():
        client = genai.Client(
            api_key=KEYS["gemini"],
            http_options=types.HttpOptions(
                base_url=server.url + "/gemini", headers=record.headers, retry_options=ONE_TRY
            ),
        )

        async def plain(number):
            return (await client.aio.models.generate_content(model=FLASH, contents=f"number {number}")).text

        async def streamed(number):
            return "".join(
                [
                    chunk.text or ""
                    async for chunk in await client.aio.models.generate_content_stream(
                        model=FLASH, contents=f"number {number}"
                    )
                ]
            )

        try:
            return await asyncio.gather(*(plain(n) if n % 2 else streamed(n) for n in range(20)))
        finally:
            await client.aio.aclose()
            client.close()

    answers = asyncio.run(ask())
    recorded = {
        call["request"]["messages"][0]["parts"][0]["text"]: call["response"]["messages"][0]["parts"][0]["text"]
        for call in record.calls(20)
    }
    assert recorded == {f"number {n}": answer for n, answer in enumerate(answers)}
