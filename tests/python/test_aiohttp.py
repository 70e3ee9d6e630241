"""aiohttp, which programs use by themselves."""

import asyncio
import gc
import gzip
import json

import aiohttp
import pytest
from aiohttp import web
from steno_process import Simulator

import steno

MESSAGES = [{"role": "user", "content": "Well?"}]


@pytest.fixture(scope="module")
def simulator():
    with Simulator() as running:
        yield running


def test_aiohttp(recorded, simulator):
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


def test_answers_that_are_dropped_and_those_left_encoded(recorded):
    said = json.dumps({"model": "gpt-4o-mini", "choices": [{"message": {"role": "assistant", "content": "Well."}, "finish_reason": "stop"}],
                       "usage": {"prompt_tokens": 3, "completion_tokens": 2}}).encode()

    async def answer(request):
        how = (await request.json())["model"]
        if how == "nothing":
            return web.Response(status=500)
        return web.Response(body=gzip.compress(said), headers={"content-encoding": "gzip", "content-type": "application/json"})

    async def main():
        app = web.Application()
        app.router.add_post("/v1/chat/completions", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host = "%s:%d" % runner.addresses[0][:2]
        steno.instrument(hosts={host: "openai"})
        url = f"http://{host}/v1/chat/completions"
        async with aiohttp.ClientSession() as session:
            for model, options in (("decoded", {}), ("encoded", {"auto_decompress": False}), ("nothing", {}), ("nothing", {})):
                async with aiohttp.ClientSession(**options) as own:
                    async with own.post(url, json={"model": model, "messages": MESSAGES}) as given:
                        assert (await given.read() == said) is (model == "decoded")
            await session.post(url, json={"model": "dropped", "messages": MESSAGES})
        gc.collect()
        await runner.cleanup()

    try:
        asyncio.run(main())
    finally:
        steno.uninstrument()
    *read, dropped = recorded()
    assert [call["status"] for call in read] == ["success", "success", "failure", "failure"]
    assert [call["usage"]["output_tokens"] for call in read[:2]] == [2, 2]
    assert [call["provider"]["http_status"] for call in read[2:]] == [500, 500]
    assert dropped["model"]["requested"] == "dropped" and dropped["status"] in ("cancelled", "failure")
