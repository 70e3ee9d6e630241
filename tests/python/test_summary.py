"""The summary at the end of a request: what is printed, where and when."""

import re
import shlex

CALLS = """
import asyncio, steno

def ask(tokens):
    with steno.call("openai", "gpt-4o-mini") as call:
        call.output("yes").usage(input_tokens=tokens, output_tokens=1)
"""
TREE = CALLS + """
with steno.session("s"), steno.request("sum-1"):
    with steno.agent("calendar") as agent:
        ask(1200)
        with steno.function("taskOperations", operation="create"):
            pass
        ask(48)
        agent.usage(input_tokens=1248, output_tokens=2)  # its calls' again
print("done")
"""


def summaries(done):
    assert done.returncode == 0, done.stderr
    return re.findall(r"^steno: request (\S+) · (\d+) AI calls?.* (\d+) tokens", done.stderr.replace(",", ""), re.M)


def test_a_tree(program, server):
    done, calls = program(TREE, env={"STENO_PRINT_SUMMARY": "1"})
    assert done.returncode == 0 and done.stdout == "done\n" and len(calls) == 4
    assert re.fullmatch(
        r"steno: request sum-1 · 2 AI calls, 0 failed · 1,250 tokens \(1,248 in, 2 out\) · [\d.]+ m?s\n"
        r"  agents    calendar \(1 call, [\d.]+ ms, 1,250 tokens\)\n"
        r"  functions taskOperations \(1 call, [\d.]+ ms\)\n"
        r"  models    gpt-4o-mini \(2 calls, [\d.]+ ms\)\n"
        rf"  cost      at the server's prices: steno calls tree sum-1 --server {re.escape(server.url)}\n", done.stderr), done.stderr
    asked = server.get("/api/v1/requests/sum-1")[2]["summary"]  # the server adds up the same
    assert (asked["ai_calls"], asked["input_tokens"], asked["output_tokens"]) == (2, 1248, 2) and asked["cost"]["total"]


NESTED = CALLS + """
with steno.request("sum-nested"):
    with steno.agent("planner"):
        ask(100)
        with steno.agent("researcher"):
            ask(20)
            with steno.agent("reader"):
                ask(3)
                with steno.agent("planner"):  # by way of others to itself
                    ask(1000)
        with steno.function("report", operation="write"):
            with steno.function("proofread"):
                ask(7)
"""


def test_what_an_agent_used_is_its_own_and_what_was_used_within_it(program, server):
    done, calls = program(NESTED, env={"STENO_PRINT_SUMMARY": "1"})
    assert done.returncode == 0, done.stderr
    ai = [call for call in calls if call["kind"] == "chat"]
    assert len(ai) == 5

    def tokens(test):
        return sum(call["usage"]["input_tokens"] + 1 for call in ai if test(call["trace"]))

    def within(name, what):
        return (tokens(lambda trace: trace.get(what) == name),
                tokens(lambda trace: name in [trace.get(what), *trace.get(f"outer_{what}s", [])]))

    assert within("planner", "agent") == (1110, 1135) and within("researcher", "agent") == (21, 1026)
    assert within("reader", "agent") == (4, 1005)
    said = done.stderr.replace(",", "")
    assert re.search(r"planner \(2 calls [\d.]+ m?s 1135 tokens 1110 in it itself\)", said), said
    assert re.search(r"researcher \(1 call [\d.]+ m?s 1026 tokens 21 in it itself\)", said), said
    assert re.search(r"report \(1 call [\d.]+ m?s 8 tokens 0 in it itself\)", said), said
    told = server.get("/api/v1/statistics?trace.request_id=sum-nested&from=1970-01-02")[2]
    asked = server.get("/api/v1/requests/sum-nested")[2]["summary"]
    for what, names in (("agent", {"planner", "researcher", "reader"}), ("function", {"report", "proofread"})):
        rows = {row[what]: (row["ai_calls"]["total_tokens"] or 0, row["subtree"]["total_tokens"]) for row in told[f"by_{what}"]}
        tree = {row[what]: tuple(row[part]["input_tokens"] + row[part].get("output_tokens", 0) for part in ("own", "subtree"))
                for row in asked[f"by_{what}"]}
        assert rows == tree == {name: within(name, what) for name in names}
    assert told["summary"]["total_tokens"] == asked["input_tokens"] + asked["output_tokens"] == 1135  # nothing twice


def test_it_is_off_unless_wanted(program):
    tree = TREE.replace("sum-1", "sum-2")
    done, calls = program(tree)
    assert (done.stdout, done.stderr) == ("done\n", "") and len(calls) == 4
    done, calls = program(tree, env={"STENO_PRINT_SUMMARY": "1", "STENO_TRACKING": "off"})
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_each_request_has_its_own_however_it_is_opened(program):
    done, _ = program(CALLS + """
steno.start(print_summary=True)

@steno.request("plain")
def plain():
    ask(1)

@steno.request("coroutine")
async def coroutine(tokens):
    await asyncio.to_thread(ask, tokens)

@steno.request("generator")
def generator():
    ask(3)
    yield 1
    ask(3)

@steno.request("failing")
def failing():
    ask(4)
    raise ValueError

async def main():
    await asyncio.gather(*(coroutine(20 + n) for n in range(3)))

plain()
asyncio.run(main())
list(generator())
try:
    failing()
except ValueError:
    pass
with steno.request("empty"):
    pass
""")
    found = summaries(done)
    assert sorted(found) == sorted([("plain", "1", "2"), ("coroutine", "1", "21"), ("coroutine", "1", "22"),
                                    ("coroutine", "1", "23"), ("generator", "2", "8"), ("failing", "1", "5")])


def test_the_command_is_one_that_a_shell_reads(program):
    done, _ = program(TREE.replace("sum-1", "a b"), env={"STENO_PRINT_SUMMARY": "1", "STENO_DATA": "Ada's record"})
    [command] = re.findall("steno calls tree .*", done.stderr)
    assert shlex.split(command) == ["steno", "calls", "tree", "a b", "--data", "Ada's record"]


def test_tokens_that_nobody_told_are_unknown(program):
    done, _ = program(CALLS + """
steno.start(print_summary=True)
with steno.request("none"):
    steno.call("openai", "m").end()
with steno.request("half"):
    steno.call("openai", "m").usage(input_tokens=7).end()
    steno.call("openai", "m").end()
with steno.request("functions"):
    with steno.function("f"):
        pass
""")
    lines = [line for line in done.stderr.splitlines() if line.startswith("steno: ")]
    assert lines[0].startswith("steno: request none · 1 AI call, 0 failed · tokens unknown · "), done.stderr
    assert lines[1].startswith("steno: request half · 2 AI calls, 0 failed · 7 tokens (7 in, – out), unknown of 1 call · ")
    assert re.fullmatch(r"steno: request functions · 0 AI calls, 0 failed · [\d.]+ ms", lines[2])


def test_whoever_has_closed_standard_error_is_not_harmed(program):
    done, calls = program(CALLS + """
import os
reading, writing = os.pipe()
os.close(reading)
os.dup2(writing, 2)
with steno.request("broken"):
    ask(1)
os.close(2)
with steno.request("closed"):
    ask(1)
print("done")
""", env={"STENO_PRINT_SUMMARY": "1"})
    assert done.returncode == 0 and done.stdout == "done\n" and len(calls) == 2
