"""steno.langchain with the real langchain, langchain-core, langgraph and langchain-openai, against a simulated provider."""

import asyncio
import concurrent.futures
import os
import re
import subprocess
import sys

import openai
import pytest
from conftest import SITE
from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.language_models import FakeListLLM, GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from steno_process import Simulator

import steno
from steno.langchain import StenoCallbackHandler

run = asyncio.new_event_loop().run_until_complete  # one for all: langchain-openai keeps its clients
KEY = "sk-SECRET0123456789abcdef"
PROMPT = "Tell me about the tides of the North Sea."


@pytest.fixture(scope="module")
def simulator():
    with Simulator() as running:
        yield running


@pytest.fixture(params=["alone", "instrumented"])
def calls(request, recorded, simulator):
    """What is recorded: by the handler alone, and with the HTTP calls found too, which are the same calls."""
    if request.param == "instrumented":
        steno.instrument(hosts={simulator.url.removeprefix("http://") + "/openai": "openai"})

    def get():
        found = recorded()
        assert KEY not in str(found)
        return found

    get.instrumented = request.param == "instrumented"
    yield get
    steno.uninstrument()


@pytest.fixture
def model(simulator):
    return ChatOpenAI(model="gpt-4o-mini", base_url=simulator.url + "/openai/v1", api_key=KEY, temperature=0.1, max_retries=0,
                      stream_usage=True)


@pytest.fixture
def new(tmp_path):
    """A name of this test's own."""
    return lambda name: f"{tmp_path.name}-{name}"


@pytest.fixture
def config():
    return {"callbacks": [StenoCallbackHandler()]}


def answer_of(call):
    return "".join(part.get("text", "") for part in call["response"]["messages"][0]["parts"])


def check(call, text):
    assert (call["source"], call["kind"], call["status"], call["name"]) == ("python", "chat", "success", "ChatOpenAI"), call
    assert call["provider"]["name"] == "openai" and call["model"] == {"requested": "gpt-4o-mini", "served": "gpt-4o-mini-2024-07-18"}
    assert call["request"]["messages"][-1]["parts"][0]["text"] == PROMPT and answer_of(call) == text
    assert call["usage"]["input_tokens"] > 0 and call["usage"]["output_tokens"] > 0
    assert call["request"]["parameters"]["temperature"] == 0.1 and call["response"]["finish_reasons"] == ["stop"]
    assert float(call["cost"]["total"]) > 0


def tree(server, request):
    """[(kind, name, [below])] of a request."""

    def shown(nodes):
        return [(node["call"]["kind"], node["call"].get("name"), shown(node["children"])) for node in nodes]

    return shown(server.get(f"/api/v1/requests/{request}")[2]["tree"])


def test_a_model(calls, model, config):
    async def asynchronous():
        one = await model.ainvoke(PROMPT, config=config)
        return [one.content, "".join([piece.content async for piece in model.astream(PROMPT, config=config)])]

    with steno.session("s-1"), steno.tags("here"):
        texts = [model.invoke(PROMPT, config={**config, "tags": ["mine"], "metadata": {"team": "sea"}}).content]
        texts.append("".join(piece.content for piece in model.stream(PROMPT, config=config)))
        texts += run(asynchronous())
        assert steno.current_call().id == ""
        steno.call("openai", "after").end()
    *asked, after = calls()
    assert after["name"] == "after" and not (after["trace"] or {}).get("parent_id")
    for call, text in zip(asked, texts, strict=True):
        check(call, text)
        assert call["trace"]["session_id"] == "s-1" and "here" in call["labels"]["tags"]
    assert asked[0]["labels"] == {"tags": ["here", "mine"], "metadata": {"team": "sea"}}
    for call in (asked[1], asked[3]):
        assert call["request"]["stream"] is True and call["time"]["time_to_first_token_ms"] >= 0


def test_the_summary_of_a_request(calls, model, config, server, capfd, tmp_path):
    steno.start(server=server.url, project=tmp_path.name, spool_folder=str(tmp_path / "spool"), interval=0.005, print_summary=True)
    chain = ChatPromptTemplate.from_messages([("user", "{question}")]) | model | StrOutputParser()
    chain.invoke({"question": PROMPT}, config=config)  # the handler opens the request, and ends it
    list(chain.stream({"question": PROMPT}, config=config))
    run(chain.ainvoke({"question": PROMPT}, config=config))
    with pytest.raises(openai.RateLimitError):
        chain.invoke({"question": "[sim error=rate_limit]"}, config=config)
    with steno.request():
        chain.batch([{"question": PROMPT}] * 3, config=config)
    calls()
    said = re.findall(r"steno: request (\S+) · (\d+) AI calls?, (\d) failed · (?:tokens unknown|(\d+) tokens)", capfd.readouterr().err)
    assert [(calls, failed) for _, calls, failed, _ in said] == [("1", "0")] * 3 + [("1", "1"), ("3", "0")]
    for request, number, failed, tokens in said:
        summary = server.get(f"/api/v1/requests/{request}")[2]["summary"]
        assert summary["ai_calls"] == int(number)
        assert summary.get("input_tokens", 0) + summary.get("output_tokens", 0) == int(tokens or 0) and bool(tokens) == (failed == "0")


def test_chains(calls, model, config, server, new):
    chain = ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "{question}")]) | model | StrOutputParser()
    shape = [("span", "RunnableSequence", [("span", "ChatPromptTemplate", []), ("chat", "ChatOpenAI", []), ("span", "StrOutputParser", [])])]

    async def asynchronous():
        with steno.request(new("async")):
            await chain.ainvoke({"question": PROMPT}, config=config)
        with steno.request(new("astream")):
            [piece async for piece in chain.astream({"question": PROMPT}, config=config)]
        with steno.request(new("abatch")), steno.agent("outer"):
            await chain.abatch([{"question": PROMPT}] * 3, config=config)

    with steno.request(new("sync")):
        text = chain.invoke({"question": PROMPT}, config=config)
    with steno.request(new("stream")):
        assert "".join(chain.stream({"question": PROMPT}, config=config))
    with steno.request(new("batch")), steno.agent("outer"):
        chain.batch([{"question": PROMPT}] * 3, config=config)
    run(asynchronous())
    chain.invoke({"question": PROMPT}, config={**config, "metadata": {"thread_id": "t-1", "user_id": "ada"}})
    found = calls()
    assert len(found) == 4 * 4 + 2 * (1 + 3 * 4) + 4
    for name in ("sync", "async"):
        assert tree(server, new(name)) == shape
    for name in ("stream", "astream"):  # all steps begin at once, in any order
        [(kind, name, below)] = tree(server, new(name))
        assert (kind, name) == ("span", "RunnableSequence") and sorted(below) == sorted(shape[0][2])
    for name in ("batch", "abatch"):
        assert tree(server, new(name)) == [("agent", "outer", shape * 3)]
    model_call = next(call for call in found if call["kind"] == "chat")
    check(model_call, text)
    sequence = next(call for call in found if call["name"] == "RunnableSequence")
    assert sequence["request"]["input"] == {"question": PROMPT} and sequence["response"]["output"] == text
    own = found[-4:]  # no request was open: it is one of its own
    assert len({call["trace"]["request_id"] for call in own}) == 1 and own[0]["trace"]["request_id"]
    assert {(call["trace"]["session_id"], call["who"]["user_id"]) for call in own} == {("t-1", "ada")}
    assert all("thread_id" not in str(call["labels"].get("tags")) for call in own)


def weather_agent(model, name=None):
    @steno.function("lookup", operation="read")
    def lookup(city):
        return f"sunny in {city}"

    @tool
    def weather(city: str) -> str:
        """The weather of a city."""
        return lookup(city)

    return create_agent(model, [weather], name=name)


def test_an_agent(calls, model, config, server, new):
    ask = {"messages": [("user", "What is the weather in Paris? [sim tool=weather]")]}
    agent, named = weather_agent(model), weather_agent(model, "forecaster")
    with steno.request(new("sync")), steno.agent("outer"):
        answer = agent.invoke(ask, config=config)["messages"][-1].content
    with steno.request(new("async")):
        run(named.ainvoke(ask, config=config))
    found = calls()
    step = ("span", "model", [("chat", "ChatOpenAI", [])])
    tools = ("span", "tools", [("function", "weather", [("function", "lookup", [])])])
    assert tree(server, new("sync")) == [("agent", "outer", [("agent", "LangGraph", [step, tools, step])])]
    assert tree(server, new("async")) == [("agent", "forecaster", [step, tools, step])]
    assert len(found) == 8 + 1 + 8
    asked = [call for call in found if call["kind"] == "chat"]
    first, last = [call for call in asked if call["trace"]["request_id"] == new("sync")]
    assert first["response"]["tool_calls"][0]["name"] == "weather" and answer_of(last) == answer
    assert first["request"]["tools"] and len(last["request"]["messages"]) == 3
    assert {call["trace"]["agent"] for call in asked} == {"LangGraph", "forecaster"}
    used = next(call for call in found if call["name"] == "weather")
    assert "city" in used["request"]["input"] and used["response"]["output"].startswith("sunny in")


def test_failures(calls, model, config, server, new):
    chain = ChatPromptTemplate.from_template("{q}") | model

    @tool
    def broken(x: str) -> str:
        """Breaks."""
        raise ConnectionError("no way")

    with steno.request(new("f")):
        with pytest.raises(openai.RateLimitError):
            chain.invoke({"q": "[sim error=rate_limit]"}, config=config)
        with pytest.raises(openai.NotFoundError):
            run(chain.ainvoke({"q": "[sim error=not_found]"}, config=config))
        with pytest.raises(ConnectionError):
            broken.invoke({"x": "y"}, config=config)
        with pytest.raises(KeyError):
            RunnableLambda(lambda x: x["missing"]).invoke({}, config=config)
    found = calls()
    assert [(call["kind"], call["status"]) for call in found] == [
        ("span", "failure"), ("span", "success"), ("chat", "failure")] * 2 + [("function", "failure"), ("span", "failure")]
    limited, missing = [call["error"] for call in found if call["kind"] == "chat"]
    assert (limited["type"], missing["type"]) == ("rate_limit", "not_found")
    assert found[6]["error"]["type"] == "connection" and "no way" in found[6]["error"]["message"]


def test_streams_that_are_left(calls, model, config):
    stream = model.stream(PROMPT, config=config)
    next(stream)
    stream.close()

    async def main():
        stream = model.astream(PROMPT, config=config)
        await stream.__anext__()
        await stream.aclose()

    run(main())
    assert steno.current_call().id == ""
    found = calls()
    assert [call["kind"] for call in found] == ["chat"] * 2 and {call["status"] for call in found} <= {"cancelled", "partial"}


def test_retries_are_calls_of_their_own(calls, simulator, config):
    model = ChatOpenAI(model="gpt-4o-mini", base_url=simulator.url + "/openai/v1", api_key=KEY, max_retries=1)
    with pytest.raises(openai.InternalServerError):
        model.invoke("[sim error=server]", config=config)
    found = calls()
    if calls.instrumented:
        outer, *attempts = found
        assert outer["kind"] == "function" and [call["kind"] for call in attempts] == ["chat"] * 2
    else:
        assert [call["kind"] for call in found] == ["chat"]
    assert {call["status"] for call in found} == {"failure"}


class Shelf(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        return [Document(page_content="about " + query, metadata={"page": 3})]


def test_retrievers_and_other_models(recorded, config, server, new):
    with steno.request(new("r")):
        Shelf().invoke("tides", config=config)
        assert FakeListLLM(responses=["one"]).invoke("Well?", config=config) == "one"
        fake = GenericFakeChatModel(messages=iter([AIMessage("Hello there"), AIMessage("Hello again")]))
        assert fake.invoke([SystemMessage("Be kind."), HumanMessage("Hi")], config=config).content == "Hello there"
        assert "".join(piece.content for piece in fake.stream("Hi", config=config)) == "Hello again"
    shelf, completion, chat, stream = recorded()
    assert (shelf["kind"], shelf["name"], shelf["request"]["input"]) == ("retrieval", "Shelf", {"query": "tides"})
    assert shelf["response"]["output"][0]["page_content"] == "about tides" and shelf["response"]["output"][0]["metadata"] == {"page": 3}
    assert (completion["kind"], answer_of(completion)) == ("completion", "one")
    assert [(m["role"], m["parts"][0]["text"]) for m in chat["request"]["messages"]] == [("system", "Be kind."), ("user", "Hi")]
    assert answer_of(chat) == "Hello there" and answer_of(stream) == "Hello again" and stream["response"]["chunks"] > 1


def test_a_thread_without_its_context(recorded, config, server, new):
    inner = RunnableLambda(lambda x: x).with_config(run_name="inner")

    def outer(value, config):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return pool.submit(inner.invoke, value, config).result()

    with steno.request(new("threads")):
        RunnableLambda(outer).with_config(run_name="outer").invoke(1, config=config)
    assert len(recorded(payloads=False)) == 2
    assert tree(server, new("threads")) == [("span", "outer", [("span", "inner", [])])]


def test_one_handler_for_many_threads(recorded, config):
    chain = RunnableLambda(lambda x: x + 1) | RunnableLambda(lambda x: steno.call("openai", "m").end() or x)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda number: chain.invoke(number, config=config), range(100))) == list(range(1, 101))
    found = recorded(payloads=False)
    assert len(found) == 400 and len({call["trace"]["request_id"] for call in found}) == 100
    assert not config["callbacks"][0]._runs


def test_recording_that_is_off(server, config, model):
    steno.start(server=server.url, log_level="off")
    try:
        assert model.invoke(PROMPT, config=config).content
        assert not config["callbacks"][0]._runs and steno.current_call().id == ""
    finally:
        steno.stop()


def test_odd_values(recorded, config):
    class Hostile:
        def __repr__(self):
            raise RuntimeError("no repr")

        __str__ = __repr__

    odd = Hostile()
    assert RunnableLambda(lambda x: x).invoke(odd, config={**config, "metadata": {"x": odd, "thread_id": odd}}) is odd
    circle = {"name": "loop"}
    circle["self"] = circle
    assert RunnableLambda(lambda x: x).invoke(circle, config=config) is circle
    assert len(recorded(payloads=False)) >= 1


def test_langchain_is_not_imported_for_those_who_do_not_use_it():
    source = "import sys, steno; steno.instrument(); assert not [name for name in sys.modules if name.startswith('langchain')]"
    subprocess.run([sys.executable, "-c", source], check=True,
                   env={**os.environ, "PYTHONPATH": str(SITE), "STENO_TRACKING": "off"})
