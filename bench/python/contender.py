"""One contender's measurement: contender.py NAME CALLS, with figures as JSON on the last line, in microseconds."""

import asyncio
import gc
import json
import os
import sys
import time

NAME, CALLS = sys.argv[1], int(sys.argv[2])
PROMPT, ANSWER = "p" * 1024, "a" * 1024
clock = time.perf_counter_ns


def plain(prompt, temperature=0.2):
    return ANSWER


async def plain_async(prompt, temperature=0.2):
    await asyncio.sleep(0)
    return ANSWER


def steno_contender():
    import steno

    steno.start(durable=NAME.endswith("durable"))
    track = steno.ai_call_tracker(provider="openai", model="gpt-4o-mini")

    def asked(prompt, temperature=0.2):
        steno.current_call().usage(input_tokens=300, output_tokens=300)
        return ANSWER

    async def asked_async(prompt, temperature=0.2):
        steno.current_call().usage(input_tokens=300, output_tokens=300)
        await asyncio.sleep(0)
        return ANSWER

    def finish():
        steno.flush(60)
        status = steno.status()
        return f"{status.delivered:,} of {status.ended:,} delivered, {status.dropped} dropped"

    return track(asked), track(asked_async), finish


def langfuse_contender():
    os.environ.update(LANGFUSE_PUBLIC_KEY="pk-lf-0", LANGFUSE_SECRET_KEY="sk-lf-0", LANGFUSE_HOST=os.environ["SINK"],
                      LANGFUSE_BASE_URL=os.environ["SINK"])
    from langfuse import get_client, observe

    client = get_client()
    told = dict(model="gpt-4o-mini", model_parameters={"temperature": 0.2}, usage_details={"input": 300, "output": 300})

    @observe(as_type="generation")
    def asked(prompt, temperature=0.2):
        client.update_current_generation(**told)
        return ANSWER

    @observe(as_type="generation")
    async def asked_async(prompt, temperature=0.2):
        client.update_current_generation(**told)
        await asyncio.sleep(0)
        return ANSWER

    def finish():
        client.flush()
        return ""

    return asked, asked_async, finish


def opentelemetry_contender():
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=os.environ["SINK"] + "/v1/traces")))
    trace.set_tracer_provider(provider)
    tracer = trace.get_tracer("bench")

    def note(span, prompt, temperature, answer):
        span.set_attribute("gen_ai.provider.name", "openai")
        span.set_attribute("gen_ai.request.model", "gpt-4o-mini")
        span.set_attribute("gen_ai.request.temperature", temperature)
        span.set_attribute("gen_ai.input.messages", prompt)
        span.set_attribute("gen_ai.output.messages", answer)
        span.set_attribute("gen_ai.usage.input_tokens", 300)
        span.set_attribute("gen_ai.usage.output_tokens", 300)

    def asked(prompt, temperature=0.2):
        with tracer.start_as_current_span("chat gpt-4o-mini") as span:
            note(span, prompt, temperature, ANSWER)
            return ANSWER

    async def asked_async(prompt, temperature=0.2):
        with tracer.start_as_current_span("chat gpt-4o-mini") as span:
            await asyncio.sleep(0)
            note(span, prompt, temperature, ANSWER)
            return ANSWER

    def finish():
        provider.force_flush()
        return ""

    return asked, asked_async, finish


def quantiles(times):
    times.sort()
    return times[len(times) // 2] / 1e3, times[len(times) * 99 // 100] / 1e3


def time_calls(function):
    times = []
    for _ in range(CALLS):
        began = clock()
        function(PROMPT)
        times.append(clock() - began)
        if len(times) % 20 == 0:
            time.sleep(0.002)  # a program does something else as well: its batches are carried meanwhile
    return quantiles(times)


async def tasks(function):
    """Between two turns of a task that only yields, the longest times: by the clock, and of work on the loop's thread.
    (On a machine that does other things, the clock mostly shows those.)"""
    stalls, work_done, ended = [], [], False

    async def heart():
        last, worked = clock(), time.thread_time_ns()
        while not ended:
            await asyncio.sleep(0)
            now, worked_now = clock(), time.thread_time_ns()
            stalls.append(now - last)
            work_done.append(worked_now - worked)
            last, worked = now, worked_now

    async def work():
        for _ in range(CALLS // 64):
            await function(PROMPT)
            await asyncio.sleep(0.001)

    beat = asyncio.create_task(heart())
    await asyncio.gather(*(work() for _ in range(32)))
    ended = True
    await beat
    return max(stalls) / 1e6, max(work_done) / 1e6


async def serial(function):
    times = []
    for _ in range(CALLS // 4):
        began = clock()
        await function(PROMPT)
        times.append(clock() - began)
    return quantiles(times)[0]


def main():
    asked, asked_async, finish = {"steno": steno_contender, "steno, durable": steno_contender, "langfuse": langfuse_contender,
                                  "opentelemetry": opentelemetry_contender}[NAME]()
    for _ in range(500):
        asked(PROMPT)
    gc.collect()
    without, _ = time_calls(plain)
    p50, p99 = time_calls(asked)
    task_without = asyncio.run(serial(plain_async))
    task_with = asyncio.run(serial(asked_async))
    stall_without, work_without = asyncio.run(tasks(plain_async))
    stall, work = asyncio.run(tasks(asked_async))
    print(json.dumps({"p50": p50 - without, "p99": p99 - without, "task_p50": task_with - task_without, "stall": stall,
                      "stall_without": stall_without, "work": work, "work_without": work_without, "note": finish()}))


main()
