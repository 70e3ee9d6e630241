"""Whatever is tracked, and wherever: the program behaves as without us."""

import asyncio
import contextvars
import dataclasses
import datetime
import decimal
import enum
import gc
import signal
import sys
import threading
import typing
import uuid
import weakref

import pytest

import steno
from steno._core import current_context


class Hostile:
    """Every way of looking at it raises."""

    def __repr__(self):
        raise RuntimeError("no repr")

    __str__ = __getattribute__ = __iter__ = __len__ = __bool__ = __eq__ = __hash__ = __repr__


def test_dataclasses_wherever_their_fields_are(recorded):
    """In slots, in the object's dictionary, or in both; without code of their classes."""

    class Bare:
        __slots__ = ()

    @dataclasses.dataclass(frozen=True)
    class Slots:
        __slots__ = ("x", "hidden", "unset")
        kind: typing.ClassVar[str] = "of the class"
        x: int
        hidden: object
        unset: int

        def __init__(self, x, hidden):
            object.__setattr__(self, "x", x)
            object.__setattr__(self, "hidden", hidden)

        def __getattribute__(self, name):
            raise RuntimeError("no attributes")

    class Loose:
        """Objects of classes below it have a dictionary."""

    @dataclasses.dataclass
    class Both(Loose):
        __slots__ = ("x", "more")
        x: int
        more: list

    @dataclasses.dataclass
    class Plain:
        x: int
        y: int = 2
        computed: dataclasses.InitVar[int] = 3

    @dataclasses.dataclass
    class Below(Both):
        y: str = "y"

    around = Both(1, [])
    around.more.append(around)
    around.besides = "no field"
    removed = Plain(1)
    del removed.y
    odd = [Slots(1, Hostile()), around, Plain(1), removed, Below(1, [Slots(2, None)]), Bare()]
    expected = [{"x": 1, "hidden": f"<{__name__}.Hostile>"}, {"x": 1, "more": ["<cycle>"]}, {"x": 1, "y": 2}, {"x": 1},
                {"x": 1, "more": [{"x": 2, "hidden": None}], "y": "y"}, f"<{__name__}.Bare>"]
    if sys.version_info >= (3, 10):
        odd.append(dataclasses.make_dataclass("Made", ["a", ("b", object)], slots=True)("1", b"12"))
        expected.append({"a": "1", "b": "<2 bytes>"})

    @steno.function("f")
    def work(value):
        return value

    for value in odd:
        assert work(value) is value
    assert [call["response"]["output"] for call in recorded()] == expected


def test_odd_arguments_and_results(recorded):
    @dataclasses.dataclass
    class Point:
        x: int
        y: object

    class Colour(enum.Enum):
        RED = 1

    circle = {"name": "loop"}
    circle["self"] = circle
    deep = []
    for _ in range(10_000):
        deep = [deep]
    odd = [Hostile(), circle, deep, object(), b"\xff\x00", bytearray(b"x"), memoryview(b"x"), "\ud800 lone", {1: "a", None: "b",
           (1, 2): "c"}, float("nan"), float("-inf"), 10**5000, 2**63, -(2**63), Point(1, Colour.RED), {"a", }, frozenset(),
           datetime.datetime(2026, 1, 2), decimal.Decimal("1.5"), uuid.UUID(int=1), sys, int, lambda: None, (x for x in ()),
           Exception("e"), range(3), 1j, ..., "x" * 10_000_000]

    @steno.ai_call_tracker
    def ask(value):
        return value

    @steno.function("f")
    def work(value):
        return value

    for value in odd:
        assert ask(value) is value
        assert work(value) is value
    calls = recorded()
    assert len(calls) == 2 * len(odd)
    works = [call for call in calls if call["kind"] == "function"]
    seen = [call["request"]["input"]["value"] for call in works]
    assert seen[0] == "<test_bad_input.Hostile>"
    assert seen[1] == {"name": "loop", "self": "<cycle>"}
    assert seen[4] == "<2 bytes>" and seen[7] == "\\ud800 lone"
    assert seen[8] == {"1": "a", "null": "b", "<tuple>": "c"}
    assert seen[9] == "NaN" and seen[12] == 2**63
    assert seen[14] == {"x": 1, "y": "<test_bad_input.Colour>"}
    assert seen[17] == "2026-01-02 00:00:00" and seen[18] == "1.5"
    assert len(seen[-1]) <= (1 << 20) + 1 and seen[-1].endswith("x…")


def test_huge_texts_are_cut_and_their_length_kept(recorded):
    text = "a" * (9 << 20)
    assert steno.ai_call_tracker(lambda prompt: prompt)(text) is text
    [call] = recorded()
    cut = call["privacy"]["truncated"]
    assert cut["request.messages"]["bytes"] == cut["response.messages"]["bytes"] == len(text)
    assert len(cut["request.messages"]["sha256"]) == 64


def test_hostile_exceptions(recorded):
    class Worse(Exception):
        def __str__(self):
            raise RuntimeError("no str")

        @property
        def status_code(self):
            raise RuntimeError("no status")

    class Group(BaseException):
        pass

    for problem in (Worse(), Group("b"), KeyboardInterrupt(), SystemExit(3), RecursionError("deep"), StopIteration(4),
                    Exception("\udcff")):
        @steno.ai_call_tracker
        def ask(prompt):
            raise problem

        with pytest.raises(type(problem)) as caught:
            ask("x")
        assert caught.value is problem
    messages = [call["error"]["message"] for call in recorded()]
    assert messages[0] == "Worse" and messages[1] == "Group: b" and "\\udcff" in messages[-1]


def test_wrong_arguments_are_the_callers_error(recorded):
    @steno.ai_call_tracker
    def ask(prompt):
        return prompt

    for wrong in (lambda: ask(), lambda: ask(1, 2), lambda: ask(other=1)):
        with pytest.raises(TypeError):
            wrong()
    steno.call("openai", "m").message(None, 3).output(b"\xff").usage(input_tokens="many", output_tokens=-1).cost("much") \
        .parameters(Hostile()).attribute("n", Hostile()).http_status("ok").metadata({"x": Hostile()}).end()
    call = recorded()[-1]
    assert call["status"] == "success" and not call.get("usage") and not call.get("cost")


def test_recursion_and_reentrance(recorded):
    @steno.ai_call_tracker
    def down(prompt, n):
        return prompt if n == 0 else down(prompt, n - 1)

    assert down("x", 30) == "x"
    calls = recorded()
    assert len(calls) == 31
    parents = {call["id"]: call["trace"].get("parent_id") if call.get("trace") else None for call in calls}
    assert sum(1 for parent in parents.values() if parent is None) == 1

    @steno.ai_call_tracker
    def endless(prompt):
        return endless(prompt)

    with pytest.raises(RecursionError):
        endless("x")


def test_the_exception_being_handled_stays(recorded):
    @steno.ai_call_tracker
    def ask(prompt):
        return sys.exc_info()[1]

    try:
        raise KeyError("outer")
    except KeyError as outer:
        assert ask("x") is outer
        with pytest.raises(ValueError) as caught:
            @steno.ai_call_tracker
            def fail(prompt):
                raise ValueError("inner")
            fail("y")
        assert caught.value.__context__ is outer


@pytest.mark.parametrize("kept", ["generator", "async generator", "coroutine"])
def test_a_cycle_through_an_open_call_is_collected_and_the_call_ends(recorded, kept):
    class Asking:
        @steno.ai_call_tracker
        def generator(self, prompt, **more):
            self.within = steno.current_call(), current_context(), contextvars.copy_context()
            yield "a"
            yield "b"

        @steno.ai_call_tracker
        async def asynchronous(self, prompt, **more):
            self.within = steno.current_call(), current_context(), contextvars.copy_context()
            yield "a"
            yield "b"

        @steno.ai_call_tracker
        async def coroutine(self, prompt, **more):
            self.within = steno.current_call(), current_context(), contextvars.copy_context()
            await asyncio.sleep(0)

    def begin():
        asking = Asking()
        if kept == "generator":
            asking.kept = asking.generator("x", thing=asking)
            next(asking.kept)
        elif kept == "async generator":
            asking.kept = asking.asynchronous("x", thing=[asking])
            with pytest.raises(StopIteration):
                asking.kept.__anext__().send(None)
        else:
            asking.kept = asking.coroutine("x", thing=asking)
            contextvars.copy_context().run(asking.kept.send, None)
        return weakref.ref(asking)

    gone = begin()
    gc.collect()
    assert gone() is None
    [call] = recorded()
    assert call["status"] == "cancelled"


def test_a_cycle_through_what_a_decorator_was_given_is_collected(recorded):
    def begin():
        class Thing:
            pass

        thing = Thing()
        facts = {"thing": thing}
        thing.ask = steno.ai_call_tracker(custom_metadata=facts)(lambda prompt: prompt)
        assert thing.ask("x") == "x"
        return weakref.ref(thing)

    gone = begin()
    gc.collect()
    assert gone() is None


def test_nothing_is_kept_alive(recorded):
    @steno.ai_call_tracker
    def ask(prompt, thing):
        return thing

    class Thing:
        pass

    def count():
        gc.collect()
        return sum(1 for o in gc.get_objects() if type(o) is Thing)

    for _ in range(100):
        ask("x", Thing())
    assert count() == 0
    before = sys.getrefcount(None)
    text = "a text of its own"
    refs = sys.getrefcount(text)
    for _ in range(1000):
        ask(text, {"k": [text, 1.5]})
    assert sys.getrefcount(text) == refs and abs(sys.getrefcount(None) - before) < 500
    abandoned = steno.call("openai", "m")
    del abandoned
    assert recorded()[-1]["status"] == "partial"


def test_many_threads_at_once(recorded):
    @steno.ai_call_tracker
    def ask(prompt):
        with steno.function("inner"):
            return prompt

    def work(number):
        for i in range(200):
            assert ask(f"{number}.{i}") == f"{number}.{i}"

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(recorded(payloads=False)) == 16 * 200 * 2


def test_reentrance_from_finalizers_and_signal_handlers(recorded):
    class Asking:
        def __init__(self):
            self.itself = self  # only the garbage collector ends it, whenever it likes

        def __del__(self):
            ask("from __del__")

    @steno.ai_call_tracker
    def ask(prompt, *more):
        return prompt

    def on_signal(number, frame):
        signals.append(ask("from a signal"))

    signals, before = [], signal.signal(signal.SIGALRM, on_signal)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    threshold = gc.get_threshold()
    gc.set_threshold(5)
    try:
        for number in range(2000):
            Asking()
            with steno.session(str(number)):
                assert ask("x", [str(number)], {"n": [number]}) == "x"
    finally:
        gc.set_threshold(*threshold)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    gc.collect()
    said = [call["preview"]["prompt"] for call in recorded(payloads=False)]
    assert said.count("x") == said.count("from __del__") == 2000 and said.count("from a signal") == len(signals) > 0


def test_a_generator_that_is_collected_elsewhere(recorded):
    @steno.ai_call_tracker
    async def stream(prompt):
        yield "a"
        yield "b"

    async def leave_early():
        async for _ in stream("x"):
            break

    asyncio.run(leave_early())
    gc.collect()
    [call] = recorded()
    assert call["status"] == "cancelled"


def test_fork_after_start(program):
    done, calls = program("""
import os, steno
@steno.ai_call_tracker
def ask(prompt): return "ok"
ask("parent")
children = []
for i in range(3):
    pid = os.fork()
    if pid == 0:
        ask(f"child {i}")
        assert steno.flush(), steno.status()
        os._exit(0)
    children.append(pid)
codes = [os.waitpid(pid, 0)[1] for pid in children]
ask("after")
print(codes)
""")
    assert done.returncode == 0 and done.stdout == "[0, 0, 0]\n" and not done.stderr, done.stderr
    said = sorted(call["request"]["messages"][0]["parts"][0]["text"] for call in calls)
    assert said == ["after", "child 0", "child 1", "child 2", "parent"]


def test_multiprocessing(program):
    done, calls = program("""
import multiprocessing, steno
@steno.ai_call_tracker
def ask(prompt):
    return "ok"
def work(n):
    ask(str(n))
    return steno.flush()
if __name__ == "__main__":
    ask("parent")
    for how in ("fork", "spawn"):
        with multiprocessing.get_context(how).Pool(2) as pool:
            assert all(pool.map(work, range(4)))
""")
    assert done.returncode == 0, done.stderr
    assert len(calls) == 9


def test_children_that_end_at_once_deliver(program):
    done, calls = program("""
import concurrent.futures, multiprocessing, steno
@steno.ai_call_tracker
def ask(prompt):
    return "ok"
if __name__ == "__main__":
    ask("parent")
    for how in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(how)
        for n in range(2):
            child = context.Process(target=ask, args=(str(n),))
            child.start()
            child.join()
            assert child.exitcode == 0
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
            assert list(pool.map(ask, ["a", "b"])) == ["ok", "ok"]
""")
    assert done.returncode == 0, done.stderr
    assert len(calls) == 13


def test_shutdown_delivers_and_says_nothing(program):
    done, calls = program("""
import atexit, threading, time, steno
@steno.ai_call_tracker
def ask(prompt): return "ok"
ask("main")
atexit.register(ask, "atexit")
class AtTheVeryEnd:
    def __del__(self): ask("del")
kept = AtTheVeryEnd()
open_call = steno.call("openai", "m")
def stream():
    while True:
        ask("daemon"); time.sleep(0.001)
threading.Thread(target=stream, daemon=True).start()
generator = steno.ai_call_tracker(lambda: (yield "a"))()
next(generator)
""")
    assert done.returncode == 0 and done.stdout == "" and done.stderr == "", done.stderr
    said = [call["request"]["messages"][0]["parts"][0]["text"] for call in calls
            if call.get("request", {}).get("messages")]
    assert "main" in said and "atexit" in said


def test_durable_calls_outlive_the_program(program):
    source = """
import os, signal, threading, steno
steno.start(durable=True)
@steno.ai_call_tracker
def ask(prompt): return "ok"
calls = [steno.call("openai", "m") for _ in range(50)]
def work():
    for call in calls: call.end()
    for _ in range(50): ask("x")
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
os.kill(os.getpid(), signal.SIGKILL)
"""
    done, calls = program(source, {"STENO_SERVER": "http://127.0.0.1:1"})
    assert done.returncode == -9 and not calls
    done, calls = program("import steno; steno.start(); assert steno.flush(30)")
    assert done.returncode == 0, done.stderr
    assert len(calls) == 250


def test_nobody_is_there(program):
    source = """
import steno
@steno.ai_call_tracker
def ask(prompt): return "ok"
for _ in range(1000): assert ask("x") == "ok"
"""
    for env, said in (({"STENO_SERVER": "http://127.0.0.1:1"}, "not delivered: 1000 calls kept in "),
                      ({"STENO_SERVER": "nonsense"}, "nothing is recorded: "), ({"STENO_TRACKING": "off"}, ""),
                      ({"STENO_SERVER": "http://127.0.0.1:1", "STENO_SPOOL": "/proc/nowhere"}, "not delivered: 1000 calls lost; ")):
        done, calls = program(source, env)
        assert (done.returncode, done.stdout) == (0, "") and not calls
        assert len(done.stderr.splitlines()) == bool(said) and done.stderr.startswith("steno: " + said if said else ""), done.stderr
