"""google-genai in Vertex mode, and the anthropic package's Vertex client."""

import anthropic
import openai
import pytest
from conftest import KEYS, assert_call, assert_failure
from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials

PROMPT = "Tell me about the tides of the North Sea."
FLASH = "gemini-2.5-flash"
HAIKU = "claude-haiku-4-5@20251001"
REGION = "europe-west4"


@pytest.fixture
def client(server, record):
    with genai.Client(
        enterprise=True,
        project="p-1",
        location=REGION,
        credentials=Credentials(KEYS["vertex"]),
        http_options=types.HttpOptions(
            base_url=server.url + "/vertex",
            headers=record.headers,
            retry_options=types.HttpRetryOptions(attempts=1),
        ),
    ) as client:
        yield client


@pytest.fixture
def claude(server, record):
    with anthropic.AnthropicVertex(
        region=REGION,
        project_id="p-1",
        access_token=KEYS["vertex"],
        base_url=server.url + "/vertex/v1",
        max_retries=0,
        default_headers=record.headers,
    ) as client:
        yield client


def totals(usage):
    return usage.prompt_token_count, (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)


def assert_vertex(call, requested=FLASH, **expected):
    assert_call(call, **{"provider": "gcp.vertex_ai", "requested": requested} | expected)
    assert call["provider"]["region"] == REGION


def test_generate(client, record):
    answer = client.models.generate_content(model=FLASH, contents=PROMPT)
    call = record.call()
    assert_vertex(call, prompt=PROMPT, answer=answer.text, usage=totals(answer.usage_metadata))
    assert call["response"]["id"] == answer.response_id


def test_stream(client, record):
    chunks = list(client.models.generate_content_stream(model=FLASH, contents=PROMPT))
    text = "".join(chunk.text or "" for chunk in chunks)
    assert_vertex(
        record.call(), stream=True, prompt=PROMPT, answer=text, usage=totals(chunks[-1].usage_metadata)
    )


def test_an_endpoint_of_ones_own(client, record):
    answer = client.models.generate_content(model=f"projects/p-1/locations/{REGION}/endpoints/{FLASH}", contents=PROMPT)
    assert_vertex(record.call(), answer=answer.text, usage=totals(answer.usage_metadata))


def test_count_tokens(client, record):
    counted = client.models.count_tokens(model=FLASH, contents=PROMPT)
    call = record.call()
    assert call["kind"] == "span" and "cost" not in call and "usage" not in call
    assert call["response"]["output"]["totalTokens"] == counted.total_tokens > 5


def test_embeddings(client, record):
    answer = client.models.embed_content(model="text-embedding-005", contents=["one", "two words"])
    tokens = sum(int(embedding.statistics.token_count) for embedding in answer.embeddings)
    call = record.call()
    assert_vertex(call, "text-embedding-005", served="", kind="embedding", usage=(tokens, 0))
    assert call["response"]["output"] == {"count": 2, "dimensions": 3}


def test_images(client, record):
    answer = client.models.generate_images(
        model="imagen-4.0-generate-001", prompt="A heron", config=types.GenerateImagesConfig(number_of_images=2)
    )
    call = record.call()
    assert call["kind"] == "image" and call["usage"]["images"] == len(answer.generated_images) == 2
    assert call["provider"]["name"] == "gcp.vertex_ai" and call["modality"]["output"] == ["image"]


def test_a_video_is_begun(client, record):
    operation = client.models.generate_videos(
        model="veo-3.1-generate-preview",
        source=types.GenerateVideosSource(prompt="Waves"),
        config=types.GenerateVideosConfig(duration_seconds=8, number_of_videos=2),
    )
    call = record.call()
    assert call["kind"] == "video" and call["response"]["id"] == operation.name
    assert call["usage"] == {"seconds": 16, "estimated": True}


@pytest.mark.parametrize("stream", [False, True])
def test_an_error(client, record, stream):
    ask = client.models.generate_content_stream if stream else client.models.generate_content
    with pytest.raises(errors.ClientError) as caught:
        list(ask(model=FLASH, contents="[sim error=not_found]"))
    assert_failure(record.call(), "not_found", caught.value.code)


@pytest.mark.parametrize("stream", [False, True])
def test_claude(claude, record, stream):
    asked = {"model": HAIKU, "max_tokens": 500, "messages": [{"role": "user", "content": PROMPT}]}
    if stream:
        with claude.messages.stream(**asked) as running:
            message = running.get_final_message()
    else:
        message = claude.messages.create(**asked)
    call = record.call()
    assert_vertex(
        call,
        HAIKU,
        stream=stream,
        prompt=PROMPT,
        answer=message.content[0].text,
        usage=(message.usage.input_tokens, message.usage.output_tokens),
    )
    assert call["provider"]["api_version"] == anthropic._constants.ANTHROPIC_API_VERSION
    assert call["response"]["id"] == message.id and call["response"]["finish_reasons"] == ["end_turn"]


def test_claudes_tokens_counted(claude, record):
    counted = claude.messages.count_tokens(model=HAIKU, messages=[{"role": "user", "content": PROMPT}])
    call = record.call()
    assert call["kind"] == "span" and call["response"]["output"] == {"input_tokens": counted.input_tokens}
    assert "cost" not in call


@pytest.mark.parametrize("stream", [False, True])
def test_claudes_error(claude, record, stream):
    with pytest.raises(anthropic.RateLimitError):
        claude.messages.create(
            model=HAIKU,
            max_tokens=500,
            messages=[{"role": "user", "content": "[sim error=rate_limit]"}],
            stream=stream,
        )
    assert_failure(record.call(), "rate_limit", 429)


@pytest.mark.parametrize("stream", [False, True])
def test_the_compatible_endpoint(server, record, stream):
    place = f"/vertex/v1/projects/p-1/locations/{REGION}/endpoints/openapi"
    with openai.OpenAI(
        base_url=server.url + place, api_key=KEYS["vertex"], max_retries=0, default_headers=record.headers
    ) as client:
        asked = {"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": PROMPT}]}
        if stream:
            chunks = list(
                client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
            )
            text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
            usage = chunks[-1].usage
        else:
            answer = client.chat.completions.create(**asked)
            text, usage = answer.choices[0].message.content, answer.usage
    assert_vertex(
        record.call(),
        "google/gemini-2.5-flash",
        stream=stream,
        prompt=PROMPT,
        answer=text,
        usage=(usage.prompt_tokens, usage.completion_tokens),
    )
