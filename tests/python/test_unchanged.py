"""Functions that are tracked behave as they would without us, and so do the programs around them."""

import asyncio
import contextlib
import decimal
import functools
import gc
import inspect
import io
import pickle
import sys
import types
import warnings

import cloudpickle
import pytest

import steno

DECORATORS = {"call": steno.ai_call_tracker, "agent": steno.agent("a"), "function": steno.function("f"), "scope": steno.session("s")}
both = pytest.mark.parametrize("decorate", DECORATORS.values(), ids=DECORATORS)


def outcome(of):
    """What it gave or raised."""
    try:
        return "gave", of()
    except BaseException as error:
        return "raised", type(error), str(error)


def texts_of(call):
    return [message["parts"][0]["text"] for message in call["request"]["messages"]]


def test_numbers_are_exact_however_they_are_said(recorded):
    with steno.attributes(order=2**53 + 1, small=2**53, below=-(2**53) - 1, huge=10**30):
        with steno.call("openai", "m") as call:
            call.cost(decimal.Decimal("0.1")).usage(input_tokens=12.0, output_tokens=0.5, cache_read_tokens=float("nan"))
            call.attribute("id", 2**60 + 1)
    with steno.call("openai", "m") as call:
        call.cost(0.000001)
    with steno.call("openai", "m") as call:
        call.cost(3, "EUR").usage(output_tokens=1e300)
    first, second, third = recorded()
    assert first["cost"]["total"] == "0.100000000000" and first["usage"] == {"input_tokens": 12}
    assert first["labels"]["attributes"] == {"order": str(2**53 + 1), "small": 2**53, "below": str(-(2**53) - 1), "huge": str(10**30),
                                             "id": str(2**60 + 1)}
    assert float(second["cost"]["total"]) == 0.000001
    assert (float(third["cost"]["total"]), third["cost"]["currency"]) == (3, "EUR") and not third.get("usage")


@both
def test_running_out_of_stack(recorded, decorate):
    def endless(n):
        seen.append(n)
        return tracked(n + 1)

    tracked, seen = decorate(endless), []
    with pytest.raises(RecursionError) as caught:
        tracked(0)
    assert caught.value.__traceback__ is not None
    assert steno.current_call().id == "" and steno.context().agent() == ""
    calls = recorded(payloads=False)
    assert {call["status"] for call in calls} <= {"failure"}
    if decorate is not DECORATORS["scope"]:
        assert len(seen) <= len(calls) <= len(seen) + 1  # the last may not have got so far as to run


def test_what_an_exceptions_own_code_does_is_not_seen(recorded):
    class Interrupting(Exception):
        def __str__(self):
            raise KeyboardInterrupt

    @steno.ai_call_tracker
    def ask(prompt):
        raise Interrupting

    with pytest.raises(KeyboardInterrupt):  # while it was noted: Ctrl-C is not lost
        ask("x")
    assert steno.current_call().id == ""
    [call] = recorded()
    assert call["status"] == "failure"


@both
def test_generators_end_as_they_would(recorded, decorate):
    def plain():
        try:
            yield 1
        except GeneratorExit:
            yield "stays"
        return "end"

    def returning():
        try:
            yield 1
        except GeneratorExit:
            return "returned"

    def leaving():
        yield 1

    def use(make, how):
        generator = make()
        next(generator)
        return how(generator)

    for function in (plain, returning, leaving):
        tracked = decorate(function)
        assert inspect.isgeneratorfunction(tracked)
        for how in (lambda g: g.throw(GeneratorExit), lambda g: g.throw(GeneratorExit("why")), lambda g: g.close(),
                    lambda g: (g.throw(GeneratorExit), next(g)), lambda g: g.throw(KeyError("k")), lambda g: list(g)):
            assert outcome(lambda: use(tracked, how)) == outcome(lambda: use(function, how)), function
    assert steno.context().session() == "" and steno.current_call().id == ""
    assert "running" not in {call["status"] for call in recorded(payloads=False)}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of those that would not end, ours or not
@both
def test_asynchronous_generators_end_as_they_would(recorded, decorate):
    async def plain():
        try:
            yield 1
        except GeneratorExit:
            yield "stays"

    async def returning():
        try:
            yield 1
        except GeneratorExit:
            await asyncio.sleep(0)

    async def leaving():
        yield 1

    async def use(make, how):
        generator = make()
        await generator.__anext__()
        return await how(generator)

    for function in (plain, returning, leaving):
        tracked = decorate(function)
        assert inspect.isasyncgenfunction(tracked)
        for how in (lambda g: g.athrow(GeneratorExit), lambda g: g.aclose(), lambda g: g.athrow(KeyError("k")), lambda g: g.__anext__()):
            assert outcome(lambda: asyncio.run(use(tracked, how))) == outcome(lambda: asyncio.run(use(function, how))), function
    gc.collect()


@both
def test_wrong_arguments_of_a_generator(recorded, decorate):
    def stream(prompt):
        yield prompt

    tracked = decorate(stream)
    with pytest.raises(TypeError):
        next(tracked())
    assert steno.current_call().id == "" and steno.context().session() == ""
    assert {call["status"] for call in recorded(payloads=False)} <= {"failure"}


@both
def test_coroutines_of_generators(recorded, decorate):
    @types.coroutine
    def old(prompt):
        yield from asyncio.sleep(0).__await__()
        if prompt == "fail":
            raise KeyError("k")
        return prompt.upper()

    tracked = decorate(old)

    async def main():
        with pytest.raises(KeyError):
            await tracked("fail")
        task = asyncio.ensure_future(tracked("cancelled"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await tracked("well")

    assert asyncio.run(main()) == "WELL"
    calls = recorded()
    if decorate is not DECORATORS["scope"]:
        assert [call["status"] for call in calls] == ["failure", "cancelled", "success"]
    if decorate is steno.ai_call_tracker:
        assert calls[2]["response"]["messages"][0]["parts"][0]["text"] == "WELL" and "chunks" not in calls[2]["response"]


def test_bound_methods(recorded):
    class Client:
        def ask(self, prompt, *, temperature=0.5):
            return prompt

        @classmethod
        def of_class(cls, prompt):
            return prompt

    client = Client()
    assert steno.ai_call_tracker(client.ask)("first", temperature=0.1) == "first"
    assert steno.ai_call_tracker(Client.of_class)("second") == "second"
    assert steno.function("f")(client.ask)("third") == "third"
    first, second, third = recorded()
    assert texts_of(first) == ["first"] and first["request"]["parameters"] == {"temperature": 0.1}
    assert texts_of(second) == ["second"] and third["request"]["input"] == {"prompt": "third"}


@steno.ai_call_tracker(provider="openai", tags=["a"], custom_metadata={"n": 1})
def of_this_module(prompt):
    return prompt.upper()


@steno.agent("pickled")
def agent_of_this_module(prompt):
    return of_this_module(prompt)


def test_pickle(recorded):
    assert pickle.loads(pickle.dumps(of_this_module)) is of_this_module
    assert pickle.loads(pickle.dumps(agent_of_this_module)) is agent_of_this_module


def test_functions_are_sent_to_other_processes_by_value(program):
    done, calls = program("""
import cloudpickle, subprocess, sys, steno

class Client:
    @steno.ai_call_tracker(provider="openai", model="gpt-4o", tags=["a"], custom_metadata={"n": 1}, session_id="s")
    def ask(self, prompt):
        return prompt.upper()

@steno.ai_call_tracker
async def later(prompt):
    return prompt

@steno.ai_call_tracker
def stream(prompt):
    yield prompt

@steno.agent("agent")
def agent(prompt):
    return Client().ask(prompt)

@steno.session("scope")
def scoped(prompt):
    return agent(prompt)

run = '''
import asyncio, cloudpickle, sys, steno
agent, later, stream, scoped = cloudpickle.loads(sys.stdin.buffer.read())
assert agent("x") == "X" and asyncio.run(later("x")) == "x" and list(stream("x")) == ["x"] and scoped("x") == "X"
'''
subprocess.run([sys.executable, "-c", run], input=cloudpickle.dumps((agent, later, stream, scoped)), check=True)
""")
    assert done.returncode == 0, done.stderr
    assert len(calls) == 6
    asked = next(call for call in calls if call["name"] == "ask")
    assert asked["labels"] == {"tags": ["a"], "metadata": {"n": 1}} and asked["model"]["requested"] == "gpt-4o"


def test_a_fork_within_a_call(program):
    done, calls = program("""
import os, steno
@steno.ai_call_tracker
def ask(prompt):
    return prompt
@steno.agent("forking")
def agent():
    pid = os.fork()
    ask("child" if pid == 0 else "parent")
    return pid
def stream():
    yield "a"
    yield str(os.fork())
streamed = steno.ai_call_tracker(stream)()
next(streamed)
pid = agent()
if pid == 0:
    assert steno.flush(), steno.status()
    os._exit(0)
os.waitpid(pid, 0)
inner = next(streamed)
list(streamed)
if inner == "0":
    assert steno.flush(), steno.status()
    os._exit(0)
os.waitpid(int(inner), 0)
""")
    assert done.returncode == 0 and not done.stderr, done.stderr
    kinds = sorted(call["kind"] if call["kind"] == "agent" else texts_of(call)[0] if call.get("request", {}).get("messages") else "stream"
                   for call in calls)
    assert kinds == ["agent", "child", "parent", "stream"]  # what was open is its process's
    agent = next(call for call in calls if call["kind"] == "agent")
    assert agent["status"] == "success" and "output" in agent["response"] and str(agent["response"]["output"]) != "0"
    assert {call["trace"]["parent_id"] for call in calls if call["kind"] == "chat" and call.get("trace")} == {agent["id"]}


def test_files_are_not_inherited(program):
    done, _ = program("""
import fcntl, os, steno
before = {name for name in os.listdir("/proc/self/fd")}
steno.start(durable=True)
steno.call("openai", "m").end()
assert steno.flush()
steno.call("openai", "m").end()
kinds = []
for name in set(os.listdir("/proc/self/fd")) - before:
    try:
        target = os.readlink(f"/proc/self/fd/{name}")
        if not fcntl.fcntl(int(name), fcntl.F_GETFD) & fcntl.FD_CLOEXEC:
            print("inherited:", target)
        kinds.append(target.split(":")[0])
    except OSError:
        pass  # the list's own
assert "socket" in kinds, kinds
""")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@both
def test_a_coroutine_that_is_never_awaited(recorded, decorate):
    """One warning, of the user's function."""

    async def ask(prompt):
        return prompt

    class Callable:
        async def __call__(self, prompt):
            return prompt

    def unawaited(function):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            function("x")
            gc.collect()
        return [str(warning.message) for warning in caught]

    for function in (ask, functools.partial(ask), Callable(), Callable().__call__, lambda prompt: ask(prompt)):
        expected = unawaited(function)
        assert len(expected) == 1 and "was never awaited" in expected[0]
        assert unawaited(decorate(function)) == expected
        assert asyncio.run(decorate(function)("x")) == "x"
    kept = []

    def keep(prompt):
        kept.append(ask(prompt))
        return kept[0]

    decorate(keep)("x")  # what it gives is not awaited, but what it is made of is
    assert asyncio.run(kept.pop()) == "x"


def test_flush_hears_ctrl_c(program):
    done, _ = program("""
import os, signal, socket, threading, time, steno
silent = socket.create_server(("127.0.0.1", 0))
steno.start(server=f"http://127.0.0.1:{silent.getsockname()[1]}")
steno.call("openai", "m").end()
main = threading.main_thread().ident
waiting = threading.Event()
threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT)).start()
began = time.monotonic()
try:
    steno.flush(60)
except KeyboardInterrupt:
    print("heard", time.monotonic() - began < 30)
""")
    assert done.returncode == 0 and done.stdout == "heard True\n", done.stderr


def test_nothing_is_printed(recorded):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        of_this_module("x")
        with pytest.raises(AttributeError):
            of_this_module(3)
    assert out.getvalue() == err.getvalue() == ""
    assert sys.exc_info() == (None, None, None)
