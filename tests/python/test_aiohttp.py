"""aiohttp, where it is installed (no official client that the tests have needs it)."""

import asyncio
import json

import pytest
from steno_process import Simulator

import steno

MESSAGES = [{"role": "user", "content": "Well?"}]


@pytest.fixture(scope="module")
def simulator():
    with Simulator() as running:
        yield running


def test_aiohttp(recorded, simulator):
    aiohttp = pytest.importorskip("aiohttp")
    steno.instrument(hosts={simulator.url.removeprefix("http://") + "/openai": "openai"})
    url = simulator.url + "/openai/v1/chat/completions"
    body = {"model": "gpt-4o-mini", "messages": MESSAGES}

    async def main():
        async with aiohttp.ClientSession() as session:
            async with session.post(url, json=body) as answer:
                whole = (await answer.json())["choices"][0]["message"]["content"]
            stream = {**body, "stream": True, "stream_options": {"include_usage": True}}
            async with session.post(url, data=json.dumps(stream), headers={"content-type": "application/json"}) as answer:
                events = [json.loads(line[6:]) async for line in answer.content if line.startswith(b"data: {")]
            pieces = "".join(choice["delta"].get("content") or "" for event in events for choice in event["choices"])
            async with session.post(url, json=stream) as answer:
                await answer.content.readline()
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.post("http://127.0.0.1:9/", json=body)
            async with session.get(simulator.url) as answer:
                await answer.read()
            return whole, pieces

    try:
        texts = asyncio.run(main())
    finally:
        steno.uninstrument()
    *read, left = recorded()
    for call, text in zip(read, texts, strict=True):
        assert (call["kind"], call["status"], call["provider"]["name"]) == ("chat", "success", "openai")
        assert call["response"]["messages"][0]["parts"][0]["text"] == text and call["usage"]["output_tokens"] > 0
        assert call["request"]["messages"][0]["parts"][0]["text"] == "Well?"
    assert left["status"] == "cancelled"
