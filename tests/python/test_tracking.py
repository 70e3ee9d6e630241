"""The decorator, the contexts and the scope, against a real server."""

import asyncio
import concurrent.futures
import contextvars
import inspect
import os
import subprocess
import sys
import threading

import pytest
from python_package import SITE

import steno


def said(call):
    return [(m["role"], m["parts"][0]["text"]) for m in call["request"]["messages"]]


def answer(call):
    return call["response"]["messages"][0]["parts"][0]["text"]


def test_the_decorator_of_the_mission(recorded):
    @steno.ai_call_tracker(provider="openai", input_type="text", output_type="text", log_level="detailed",
                           session_id="research_session_1", user_id="researcher_123", tags=["analysis", "gpt-4"],
                           custom_metadata={"project": "ai_research"})
    async def analyze_document(document_content: str, temperature: float = 0.2) -> str:
        """Analyzes."""
        return f"about {document_content}"

    assert asyncio.run(analyze_document("a report", temperature=0.5)) == "about a report"
    assert inspect.iscoroutinefunction(analyze_document)
    assert str(inspect.signature(analyze_document)) == "(document_content: str, temperature: float = 0.2) -> str"
    assert (analyze_document.__name__, analyze_document.__doc__) == ("analyze_document", "Analyzes.")
    [call] = recorded()
    assert (call["kind"], call["name"], call["source"], call["status"]) == ("chat", "analyze_document", "python", "success")
    assert call["provider"]["name"] == "openai"
    assert said(call) == [("user", "a report")] and answer(call) == "about a report"
    assert call["request"]["parameters"] == {"temperature": 0.5}
    assert call["modality"] == {"input": ["text"], "output": ["text"]}
    assert (call["trace"]["session_id"], call["who"]["user_id"]) == ("research_session_1", "researcher_123")
    assert sorted(call["labels"]["tags"]) == ["analysis", "gpt-4"]
    assert call["labels"]["metadata"] == {"project": "ai_research"}


def test_without_arguments_and_in_all_places(recorded):
    class Client:
        @steno.ai_call_tracker
        def ask(self, model, messages, max_tokens=5):
            return "yes"

        @staticmethod
        @steno.ai_call_tracker
        def inner(prompt):
            return "inner"

        @steno.ai_call_tracker
        @classmethod
        def of_class(cls, prompt):
            return cls.__name__

    assert Client().ask("gpt-4o", [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Well?"}]) == "yes"
    assert Client.inner("a") == "inner" and Client().inner("b") == "inner" and Client.of_class("c") == "Client"
    first, *others = recorded()
    assert first["model"]["requested"] == "gpt-4o"
    assert said(first) == [("system", "Be brief."), ("user", "Well?")]
    assert [said(call) for call in others] == [[("user", text)] for text in "abc"]


def test_kinds_and_types(recorded):
    for types, kind in ((dict(output_type="image"), "image"), (dict(input_type="audio"), "transcription"),
                        (dict(input_type="image"), "vision"), (dict(output_type="embedding"), "embedding"),
                        (dict(kind="rerank"), "rerank")):
        steno.ai_call_tracker(**types)(lambda prompt: {"made": prompt})("x")
        assert recorded()[-1]["kind"] == kind
    with pytest.raises(ValueError):
        steno.ai_call_tracker(kind="guess")(len)
    with pytest.raises(ValueError):
        steno.ai_call_tracker(log_level="loud")(len)

    steno.ai_call_tracker(output_type="structured_data")(lambda: {"a": [1]})()
    call = recorded()[-1]
    assert call["response"]["structured"] == {"a": [1]} and call["modality"]["output"] == ["structured_data"]


def test_credentials_among_arguments_are_not_recorded(recorded):
    secret = "sk-SECRET0123456789abcdef"

    @steno.ai_call_tracker
    def ask(prompt, api_key, password=None, options=None, token="", value="", key="", **more):
        return "ok"

    @steno.function("connect")
    def connect(host, api_key, settings):
        return True

    ask("Hello", secret, password="hunter2-hunter2", options={"client_secret": secret, "n": 1}, token=secret, value="What?",
        key=secret, azure_api_key=secret)
    connect("example", secret, {"password": secret})
    steno.call("openai", "m").parameters(temperature=1, api_key=secret).end()
    steno.call("openai", "m", kind="function", name="f").input({"api_key": secret, "n": 1}).end()
    asked, connected, by_hand, function = recorded()
    assert secret not in str([asked, connected, by_hand, function]) and "hunter2" not in str(asked)
    assert said(asked) == [("user", "Hello"), ("user", "What?")]
    assert asked["request"]["parameters"] == {"api_key": "***", "password": "***", "token": "***", "key": "***", "azure_api_key": "***",
                                              "options": {"client_secret": "***", "n": 1}}
    assert connected["request"]["input"] == {"host": "example", "api_key": "***", "settings": {"password": "***"}}
    assert by_hand["request"]["parameters"] == {"temperature": 1, "api_key": "***"}
    assert function["request"]["input"] == {"api_key": "***", "n": 1}


def test_exceptions_are_recorded_and_raised(recorded):
    class TooMany(Exception):
        status_code = 429

    problem = TooMany("slow down")

    @steno.ai_call_tracker
    def ask(prompt):
        raise problem

    with pytest.raises(TooMany) as caught:
        ask("x")
    assert caught.value is problem

    @steno.ai_call_tracker
    async def wait(prompt):
        await asyncio.sleep(3600)

    async def cancel():
        task = asyncio.create_task(wait("y"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    failed, cancelled = recorded()
    assert failed["status"] == "failure"
    assert (failed["error"]["type"], failed["error"]["message"]) == ("rate_limit", "TooMany: slow down")
    assert failed["error"]["provider_type"] == "TooMany" and "in ask" in failed["error"]["stack"]
    assert (cancelled["status"], cancelled["error"]["type"]) == ("cancelled", "cancelled")


def test_generators(recorded):
    @steno.ai_call_tracker(provider="anthropic")
    def stream(prompt):
        got = yield "one "
        assert steno.current_call().recorded
        yield f"{got} "
        return "end"

    generator = stream("count")
    assert inspect.isgeneratorfunction(stream)
    assert next(generator) == "one " and steno.current_call().id == ""
    assert generator.send("two") == "two "
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "end"
    [call] = recorded()
    assert answer(call) == "one two " and call["status"] == "success"
    assert call["response"]["chunks"] == 2 and call["request"]["stream"] is True
    assert 0 <= call["time"]["time_to_first_token_ms"] <= call["time"]["duration_ms"]

    closed = stream("count")
    next(closed)
    closed.close()
    thrown = stream("count")
    next(thrown)
    with pytest.raises(KeyError):
        thrown.throw(KeyError("k"))
    _, of_closed, of_thrown = recorded()
    assert of_closed["status"] == "cancelled" and of_thrown["error"]["message"] == "KeyError: 'k'"


def test_asynchronous_generators(recorded):
    cleaned = []

    @steno.ai_call_tracker
    async def stream(prompt):
        try:
            for piece in ("a", "b", "c"):
                await asyncio.sleep(0)
                with steno.function("within"):
                    pass
                yield piece
        finally:
            cleaned.append(prompt)

    async def use():
        assert [piece async for piece in stream("all")] == ["a", "b", "c"]
        pieces = stream("some")
        assert await pieces.__anext__() == "a"
        await pieces.aclose()

    asyncio.run(use())
    assert inspect.isasyncgenfunction(stream) and cleaned == ["all", "some"]
    calls = recorded()
    whole, part = [call for call in calls if call["kind"] == "chat"]
    assert answer(whole) == "abc" and whole["status"] == "success"
    assert answer(part) == "a" and part["status"] == "cancelled"
    within = [call for call in calls if call["kind"] == "function"]
    assert [call["trace"]["parent_id"] for call in within] == [whole["id"]] * 3 + [part["id"]]


@pytest.mark.parametrize("decorate", [steno.session("s-1"), steno.agent("a-1"), steno.ai_call_tracker(session_id="s-1")])
def test_decorated_asynchronous_generators_are_what_they_were(recorded, decorate):
    seen = []

    @decorate
    async def echo():
        got = "first"
        try:
            while True:
                try:
                    got = yield got, steno.context().session() or steno.context().agent()
                except KeyError:
                    got = "caught"
        finally:
            await asyncio.sleep(0)
            seen.append("cleaned")

    async def main():
        one = echo()
        mine = "a-1" if isinstance(decorate, steno.agent) else "s-1"
        assert await one.__anext__() == ("first", mine)
        assert steno.context().session() == steno.context().agent() == ""
        assert await one.asend("second") == ("second", mine)
        assert await one.athrow(KeyError("k")) == ("caught", mine)
        await one.aclose()
        assert seen == ["cleaned"]

    asyncio.run(main())


def test_a_scope_shared_by_tasks(recorded):
    session, agent = steno.session("shared"), steno.agent("shared")

    async def one(enter, leave):
        async with session, agent as call:
            enter.set()
            await leave.wait()
            assert steno.context().session() == "shared"
            with session:
                pass
            assert steno.context().session() == "shared" and steno.current_call() is call
        assert steno.context().session() == "" and steno.current_call().id == ""
        return call.id

    async def main():
        first, second, first_may, second_may = (asyncio.Event() for _ in range(4))
        tasks = [asyncio.create_task(one(first, first_may))]
        await first.wait()
        tasks.append(asyncio.create_task(one(second, second_may)))
        await second.wait()
        first_may.set()  # the first to enter is the first to leave
        ids = [await tasks[0]]
        second_may.set()
        return ids + [await tasks[1]]

    ids = asyncio.run(main())
    assert [(call["id"], call["status"]) for call in recorded()] == [(id, "success") for id in ids]


def test_a_scope_left_in_another_context(recorded):
    agent = steno.agent("elsewhere")
    contextvars.copy_context().run(agent.__enter__)
    contextvars.copy_context().run(agent.__exit__, None, None, None)
    agent.__exit__(None, None, None)
    [call] = recorded()
    assert (call["name"], call["status"]) == ("elsewhere", "success")


def test_a_tree_over_tasks_and_threads(recorded, server):
    @steno.function("taskOperations", operation="create")
    def create(title):
        return {"done": title}

    @steno.ai_call_tracker(model="gpt-4o")
    async def think(prompt):
        await asyncio.sleep(0.001)
        return prompt.upper()

    @steno.agent("calendar")
    async def agent(number):
        results = await asyncio.gather(*(think(f"{number}.{i}") for i in range(4)))
        await asyncio.to_thread(create, results[0])
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(steno.carry(create), "carried").result()
        return len(results)

    async def one(number):
        with steno.session("s", user="ada"), steno.request(f"r-{number}"):
            return await agent(number)

    async def main():
        return await asyncio.gather(*(one(number) for number in range(8)))

    assert asyncio.run(main()) == [4] * 8
    calls = recorded()
    assert len(calls) == 8 * 7
    for number in range(8):
        [root] = server.get(f"/api/v1/requests/r-{number}")[2]["tree"]
        assert (root["call"]["kind"], root["call"]["name"]) == ("agent", "calendar")
        below = [child["call"] for child in root["children"]]
        assert sorted(call["kind"] for call in below) == ["chat"] * 4 + ["function"] * 2
        mine = [call for call in calls if call["trace"]["request_id"] == f"r-{number}"]
        assert sorted(call["trace"]["sequence"] for call in mine) == list(range(7))
        assert {call["trace"]["agent"] for call in mine} == {"calendar"}
        assert {call["who"]["user_id"] for call in mine} == {"ada"}
        assert {said(call)[0][1].split(".")[0] for call in mine if call["kind"] == "chat"} == {str(number)}
    function = next(call for call in calls if call["kind"] == "function")
    assert (function["trace"]["function"], function["trace"]["operation"]) == ("taskOperations", "create")
    assert "title" in function["request"]["input"] and "done" in function["response"]["output"]


def test_a_thread_of_its_own_has_no_context(recorded):
    with steno.session("here"):
        context = steno.context()
        for target in (lambda: steno.call("openai", "m").end(), steno.carry(lambda: steno.call("openai", "m").end()),
                       steno.within(context)(lambda: steno.call("openai", "m").end())):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
    assert [call["trace"].get("session_id") if call.get("trace") else None for call in recorded()] == [None, "here", "here"]


def test_by_hand(recorded):
    with steno.request(user="bob", traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), steno.tags("beta"), \
            steno.attributes(tier="gold", seats=3, trial=False), \
            steno.prompt("summary", name="short", version="2", text="{who} asks {what}", variables={"who": "Ada"}):
        with steno.call("openai", "gpt-4o-mini") as call:
            call.system("Be kind.").message("user", "Hello").parameters(temperature=0.2, stop=["x"]).tools([{"name": "clock"}])
            for piece in ("Hi", " ", "there"):
                call.output_piece(piece)
            call.tool_call("c1", "clock", {"zone": "UTC"}).finish_reason("stop").served_model("gpt-4o-mini-2024-07-18")
            call.usage(input_tokens=10, output_tokens=4, cache_read_tokens=2).http_status(200).provider_request_id("req_1")
            call.cost("0.00021").attribute("own", "x").tag("mine").metadata({"a": 1}).retry(1)
        assert call.id and not call.recorded
    [got] = recorded()
    assert got["id"] == call.id
    assert (got["request"]["system"], answer(got)) == ("Be kind.", "Hi there")
    assert got["request"]["parameters"] == {"temperature": 0.2, "stop": ["x"]}
    assert got["response"]["tool_calls"] == [{"id": "c1", "name": "clock", "arguments": {"zone": "UTC"}}]
    assert got["usage"]["input_tokens"] == 10 and got["usage"]["cache_read_tokens"] == 2
    assert float(got["cost"]["total"]) == 0.00021 and got["model"]["served"] == "gpt-4o-mini-2024-07-18"
    assert got["prompt"]["missing_variables"] == ["what"] and got["prompt"]["variables"] == {"who": "Ada"}
    assert got["labels"]["attributes"] == {"own": "x", "tier": "gold", "seats": 3, "trial": False}
    assert sorted(got["labels"]["tags"]) == ["beta", "mine"]
    assert (got["trace"]["trace_id"], got["trace"]["parent_id"]) == ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
    assert got["trace"]["span_id"] == got["id"].replace("-", "")[16:] and got["who"]["user_id"] == "bob"
    assert got["client_retry"] == 1 and got["time"]["time_to_first_token_ms"] >= 0

    with pytest.raises(ZeroDivisionError):
        with steno.call("openai", "gpt-4o"):
            raise ZeroDivisionError("none")
    assert recorded()[-1]["error"]["message"] == "ZeroDivisionError: none"


OF_ANOTHER_PROCESS = """
import sys, steno
with steno.request(sys.argv[1], traceparent=sys.argv[2]), steno.agent("clerk"):
    steno.call("openai", "m").end()
"""


def test_a_request_of_two_processes_is_one_tree(server, recorded, tmp_path):
    assert steno.traceparent() == ""
    with steno.request() as request:
        outermost = steno.traceparent()
        with steno.agent("boss"):
            with steno.function("look"):
                assert steno.traceparent() != outermost
            header = steno.traceparent()
            subprocess.run([sys.executable, "-c", OF_ANOTHER_PROCESS, request.request(), header], check=True, timeout=60, env={
                **os.environ, "PYTHONPATH": str(SITE), "STENO_SERVER": server.url, "STENO_PROJECT": tmp_path.name,
                "STENO_SPOOL": str(tmp_path / "other")})
        assert steno.traceparent() == outermost
    boss, look, clerk, call = recorded()
    assert [one["name"] for one in (boss, look, clerk, call)] == ["boss", "look", "clerk", "m"]
    trace = request.request().replace("-", "")
    assert outermost == f"00-{trace}-{trace[16:]}-01"
    assert header == f"00-{trace}-{boss['id'].replace('-', '')[16:]}-01"
    for one in (boss, look, clerk, call):
        assert (one["trace"]["trace_id"], one["trace"]["span_id"]) == (trace, one["id"].replace("-", "")[16:])
    assert clerk["trace"]["parent_id"] == boss["trace"]["span_id"] and call["trace"]["parent_id"] == clerk["id"]
    [root] = server.get(f"/api/v1/requests/{request.request()}")[2]["tree"]
    shown = {node["call"]["name"]: [below["call"]["name"] for below in node["children"]] for node in (root, *root["children"])}
    assert shown == {"boss": ["look", "clerk"], "look": [], "clerk": ["m"]}


def test_saying_more_within_a_tracked_function(recorded):
    @steno.ai_call_tracker
    def ask(prompt):
        steno.current_call().usage(input_tokens=3, output_tokens=1)
        return "ok"

    ask("x")
    steno.current_call().usage(input_tokens=99)  # outside: nobody's
    [call] = recorded()
    assert call["usage"]["input_tokens"] == 3


def test_levels(recorded, server, tmp_path):
    secret = "secret words " * 100
    for level in ("off", "metrics-only", "summary"):
        steno.ai_call_tracker(log_level=level)(lambda prompt, n: secret)(secret, n=1)
    metrics, summary = recorded()
    preview = next(call["preview"] for call in recorded(payloads=False) if call["id"] == summary["id"])  # in lists only
    assert "secret" not in str(metrics) and metrics["request"]["parameters"] == {"n": 1}
    assert 0 < len(preview["prompt"]) <= 300 and 0 < len(preview["answer"]) <= 300
    assert not summary["request"].get("messages")

    project = tmp_path.name + "-cut"
    steno.start(server=server.url, project=project, max_text_bytes=100, level_by_prompt_type={"private": "off"})
    with steno.prompt("private"):
        steno.call("openai", "m").end()
    steno.ai_call_tracker(lambda prompt: prompt)("é" * 1000)
    assert steno.flush()
    [call] = [server.call(call["id"]) for call in server.calls(f"&project={project}")]
    assert answer(call) == "é" * 50
    assert call["privacy"]["truncated"]["response.messages"]["bytes"] == 2000


def test_status_and_options(server, tmp_path):
    steno.start(server=server.url)
    before = steno.status()
    steno.call("openai", "m").end()
    assert steno.flush()
    after = steno.status()
    assert after.recording and after.delivered == before.delivered + 1 and after.dropped == 0
    steno.stop()
    assert not steno.status().recording and steno.call("openai", "m").recorded is False
    steno.start(server="no address")
    assert not steno.call("openai", "m").end()
    assert "no address" in steno.status().last_error
    with pytest.raises(ValueError):
        steno.start(log_level="loud")
    steno.stop()
