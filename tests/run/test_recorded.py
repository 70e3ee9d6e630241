"""Unmodified programs: what they see, what is recorded, what the summary says."""

import http.server
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from conftest import node
from steno_process import BINARY, ROOT, Server
from steno_process import run as steno

PYTHON = sys.executable
ASK_OPENAI = """
import openai
answer = openai.OpenAI({}).chat.completions.create(
    model="gpt-4o-mini", messages=[{{"role": "user", "content": "from openai"}}])
print(answer.choices[0].message.content)
"""
ASK_ANTHROPIC = """
import anthropic
with anthropic.Anthropic({}).messages.stream(
    model="claude-haiku-4-5", max_tokens=5000, messages=[{{"role": "user", "content": "from anthropic"}}]) as stream:
    print("".join(stream.text_stream))
"""
ASK_REQUESTS = """
import requests
answer = requests.post("https://api.openai.com/v1/chat/completions", headers={"Authorization": "Bearer sk-SECRETx0123456789"},
    json={"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "from requests"}]})
print(answer.json()["choices"][0]["message"]["content"])
"""


def check_one(run, done, provider, model, prompt, *, stream=False):
    (call,) = run.calls()
    assert call["status"] == "success" and call["source"] == "gateway"
    assert call["provider"]["name"] == provider and call["model"]["requested"] == model
    assert call["request"]["messages"][-1]["parts"][0]["text"] == prompt
    assert call["request"].get("stream", False) is stream
    answer = "".join(part["text"] for part in call["response"]["messages"][0]["parts"] if part["type"] == "text")
    assert answer in done.stdout and answer
    assert call["usage"]["input_tokens"] > 0 and float(call["cost"]["total"]) > 0
    summary = run.summary()
    assert call["labels"]["attributes"]["steno.run"] == summary["run"]
    assert summary["total"]["calls"] == 1 and summary["total"]["cost"]["total"] == call["cost"]["total"]
    assert summary["slowest"][0]["id"] == call["id"] and summary["failed"] == [] and summary["not_recorded"] == {}
    assert "1 AI call, 0 failed" in done.stderr and model in done.stderr
    run.nothing_is_left()
    return call


@pytest.mark.parametrize("flags", [(), ("--no-proxy",)])
@pytest.mark.parametrize("how", ["", "base_url='https://api.openai.com/v1'"])
def test_python_openai(run, how, flags):
    if how and flags:
        pytest.skip("a base URL in the program's code is reached by the proxy alone")
    check_one(run, run(PYTHON, "-c", ASK_OPENAI.format(how), flags=flags), "openai", "gpt-4o-mini", "from openai")


@pytest.mark.parametrize("how", ["", "base_url='https://api.anthropic.com'"])
def test_python_anthropic(run, how):
    check_one(run, run(PYTHON, "-c", ASK_ANTHROPIC.format(how)), "anthropic", "claude-haiku-4-5", "from anthropic", stream=True)


def test_python_requests(run):
    check_one(run, run(PYTHON, "-c", ASK_REQUESTS), "openai", "gpt-4o-mini", "from requests")


BODY = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "from curl"}]})


def curl(*more):
    return ["curl", "-sS", "https://api.openai.com/v1/chat/completions", "-H", "content-type: application/json",
            "-H", "authorization: Bearer sk-SECRETcurl0123456789", "-d", BODY, *more]


def test_curl(run):
    done = run(*curl("-w", "%{http_version} %{ssl_verify_result}"))
    check_one(run, done, "openai", "gpt-4o-mini", "from curl")
    assert done.stdout.endswith("}1.1 0") or done.stdout.endswith("\n1.1 0")


def test_requests_that_reach_no_model_are_no_ai_calls(run):
    models = ["curl", "-sS", "https://api.openai.com/v1/models", "-H", "authorization: Bearer sk-SECRETcurl0123456789", "-o", "/dev/null"]
    both = run("sh", "-c", shlex.join(models) + ";" + shlex.join(curl("-o", "/dev/null")))
    assert both.stderr.startswith("steno: 1 AI call, 0 failed"), both.stderr
    assert "  and 1 request that reached no model" in both.stderr
    summary = run.summary()
    assert (summary["total"]["calls"], summary["other_requests"], len(summary["slowest"])) == (1, 1, 1)
    alone = run(*models)
    assert alone.stderr.startswith("steno: no AI call was seen") and "and 1 request that reached no model" in alone.stderr


def test_node_openai(run):
    program = """
        import OpenAI from "openai";
        const answer = await new OpenAI().chat.completions.create({
            model: "gpt-4o-mini", messages: [{ role: "user", content: "from node" }] });
        console.log(answer.choices[0].message.content);"""
    folder = ROOT / "tests/clients"
    if not (folder / "node_modules/openai").is_dir():
        pytest.skip("tests/clients/node_modules is not installed")
    script = run.tmp.parent / "ask.mjs"
    script.write_text(program.replace('"openai"', json.dumps(str(folder / "node_modules/openai/index.mjs"))))
    check_one(run, run(node(), script), "openai", "gpt-4o-mini", "from node")


def test_node_fetch(run):
    version = subprocess.run([node(), "--version"], capture_output=True, text=True).stdout.strip().removeprefix("v")
    proxied = tuple(map(int, version.split(".")))[:2]
    # Older ones know of no proxy; of a base URL they do.
    heeds_proxy = proxied >= (24, 0) or (22, 21) <= proxied < (23, 0)
    base = '"https://api.openai.com/v1"' if heeds_proxy else "process.env.OPENAI_BASE_URL"
    done = run(node(), "--input-type=module", "-e", f"""
        const answer = await fetch({base} + "/chat/completions", {{ method: "POST",
            headers: {{ "content-type": "application/json", authorization: "Bearer " + process.env.OPENAI_API_KEY }},
            body: JSON.stringify({{ model: "gpt-4o-mini", messages: [{{ role: "user", content: "from fetch" }}] }}) }});
        console.log((await answer.json()).choices[0].message.content);""")
    check_one(run, done, "openai", "gpt-4o-mini", "from fetch")


def curl_program():
    program = os.environ.get("STENO_CURL_PROGRAM") or str(ROOT / "build/release/tests/run/run_curl_program")
    if not os.access(program, os.X_OK):
        pytest.skip("built without libcurl's headers")
    return program


def test_libcurl(run):
    done = run("sh", "-c", f'exec {curl_program()} "$OPENAI_BASE_URL/chat/completions"')
    assert done.stdout.startswith("200 ")
    check_one(run, done, "openai", "gpt-4o-mini", "from libcurl")


def test_libcurl_without_base_url_is_left_alone(run):
    """It would refuse the certificate of the run. Whether it reaches the real host is the network's affair."""
    done = run(curl_program(), "https://api.openai.com/v1/chat/completions", check=False)
    assert "certificate" not in done.stdout and not done.stdout.startswith("200 "), done.stdout
    assert "base URL" in run.summary()["not_recorded"]["api.openai.com"] and "HTTP library" in done.stderr
    assert run.calls() == []


def java_program():
    if shutil.which("java") is None:
        pytest.skip("no java on this machine")
    modules = subprocess.run(["java", "--list-modules"], capture_output=True, text=True).stdout
    if "jdk.compiler" not in modules:
        pytest.skip("this java cannot run a source file: it is no JDK")
    return ["java", pathlib.Path(__file__).parent / "programs/Ask.java"]


def test_java(run):
    done = run(*java_program(), flags=["--java"])
    assert done.stdout.split() == ["200", "200"]
    assert [call["request"]["messages"][0]["parts"][0]["text"] for call in run.calls()] == ["from HttpClient", "from HttpsURLConnection"]
    assert "Picked up JAVA_TOOL_OPTIONS" in done.stderr and run.summary()["not_recorded"] == {}
    run.nothing_is_left()


def test_java_is_left_alone_unless_it_is_asked_for(run):
    """Its standard error would not be its own. Whether it reaches the real host is the network's affair."""
    done = run(*java_program(), check=False)
    assert "Picked up" not in done.stderr and "--java" in run.summary()["not_recorded"]["java"]
    assert run.calls() == []
    told = ["-Dhttps.proxyHost=127.0.0.1", "-Dhttps.proxyPort=$port"]  # it comes here by itself, and would refuse
    script = f'port=${{https_proxy##*:}}; exec env {shlex.join(map(str, java_program()[:1]))} {" ".join(told)} {java_program()[1]}'
    run("sh", "-c", script, check=False)
    assert "1 connection of java: Java trusts a list of its own" in run.summary()["not_recorded"]["api.openai.com"]


@pytest.mark.parametrize("option", ["-Dhttps.proxyHost=corp.example", "-Dhttps.proxyPort=1"])
def test_a_proxy_that_java_has_already_stays_whole(run, option):
    done = run("sh", "-c", "echo $JAVA_TOOL_OPTIONS", flags=["--java"], env={"JAVA_TOOL_OPTIONS": option})
    assert done.stdout == option + "\n"
    assert "name a proxy" in run.summary()["not_recorded"]["java"] and "not recorded: java: " in done.stderr


def test_through_a_running_server(run, simulator):
    flags = simulator.upstreams()
    with Server(run.data, *flags) as server:
        server.request("POST", "/openai/v1/chat/completions", json.loads(BODY))  # somebody else's
        command = [c for c in run.command(PYTHON, "-c", ASK_REQUESTS) if c not in flags]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=run.environment())
        assert done.returncode == 0, done.stderr
        assert run.summary()["total"]["calls"] == 1 and len(server.calls()) == 2
        refused = run("true", check=False)
        assert refused.returncode == 6 and "upstreams hold" in refused.stderr
        server.stop()
    assert len(run.calls()) == 2


def test_a_server_with_keys(run, simulator, tmp_path):
    (tmp_path / "keys").write_text("steno-key-0123456789\n")
    with Server(run.data, *simulator.upstreams(), "--api-key-file", tmp_path / "keys") as server:
        key = {"authorization": "Bearer steno-key-0123456789"}
        done = subprocess.run([BINARY, "run", "--server", server.url, "--api-key-file", tmp_path / "keys", "--",
                               *curl()], capture_output=True, text=True, timeout=120, env=run.environment())
        assert done.returncode == 0 and '"choices"' in done.stdout, done.stderr
        assert len(server.get("/api/v1/calls", headers=key)[2]["calls"]) == 1
        assert "1 AI call, 0 failed" in done.stderr


def test_failures_and_quiet(run):
    done = run(*curl("-H", "x-sim-status: 429", "-o", "/dev/null", "-w", "%{http_code}"), flags=["--quiet"])
    assert done.stdout == "429" and done.stderr == ""
    summary = run.summary()
    assert summary["total"]["errors"] == 1 and summary["failed"][0]["error"]["type"] == "rate_limit"


def test_two_runs_share_a_record_and_tell_theirs_apart(run):
    run(*curl())
    first = run.summary()["run"]
    run(PYTHON, "-c", ASK_REQUESTS + ASK_REQUESTS)
    assert run.summary()["run"] != first and run.summary()["total"]["calls"] == 2
    listed = steno("calls", "list", "--data", run.data, "-f", f"labels.attributes.steno.run={first}", "--json").stdout
    assert len(json.loads(listed)["calls"]) == 1 and len(run.calls()) == 3


def test_a_run_within_a_run(run):
    done = run(*run.command(*curl()))
    assert json.loads(done.stdout)["choices"] and done.stderr.count("1 AI call") == 1
    assert len(run.calls()) == 1


def test_a_run_within_a_run_says_which_flags_are_the_outer_ones(run):
    done = run("env", "STENO_RUN_SEEN=1", *run.command(*curl()), flags=["--quiet"])
    assert "within another steno run" in done.stderr and len(run.calls()) == 1


def test_the_environment_of_a_run_that_has_ended(run):
    """A shell that a run has left: its variables lead to a proxy and to files that are no more."""
    mine = {"OPENAI_BASE_URL": "https://api.groq.com/openai/v1", "NO_PROXY": "a b, c%d"}
    left = dict(line.split("=", 1) for line in run("env", "-0", env=mine).stdout.split("\0") if line)
    assert left["STENO_RUN"].startswith("http://127.0.0.1:")
    # In it, without Steno: nobody is there.
    assert subprocess.run(curl(), capture_output=True, env={**run.environment(), **left}).returncode != 0
    script = 'printf "%s\\n" "$STENO_RUN" "$OPENAI_BASE_URL" "$NO_PROXY"; ' + shlex.join(curl("-o", "/dev/null"))
    done = run("sh", "-c", script, env=left)
    assert "has ended" in done.stderr and len(run.calls()) == 1
    new, base, exempt = done.stdout.splitlines()
    assert new != left["STENO_RUN"] and base == new + "/groq/v1" and exempt == "a b, c%d,localhost,127.0.0.1,::1"
    assert run.summary()["total"]["calls"] == 1


DELIVER = """
import json, os, sys, urllib.request
calls = [{"kind": "chat", "name": "m", "status": "success", "source": "python", "model": {"requested": "m"},
          "usage": {"input_tokens": 5, "output_tokens": 7}}, {"kind": "function", "name": "f", "status": "success", "source": "python"}]
request = urllib.request.Request(os.environ["STENO_SERVER"] + "/api/v1/calls", json.dumps({"calls": calls}).encode(),
    {"content-type": "application/json", **({"origin": sys.argv[1]} if len(sys.argv) > 1 else {})})
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    print(json.load(opener.open(request))["accepted"])
except urllib.error.HTTPError as error:
    print(error.code)
"""


@pytest.mark.parametrize("with_server", [False, True])
def test_what_the_programs_own_sdk_records(run, simulator, tmp_path, with_server):
    """As an SDK delivers it: into the run's record, as of this run, and counted apart."""
    def check(done):
        assert done.stdout == "2\n", done.stderr
        assert "no AI call was seen" in done.stderr
        assert "recorded by the program itself: 1 AI call, 5 tokens in, 7 out\n" in done.stderr
        assert run.summary()["recorded_by_the_program"]["calls"] == 1 and run.summary()["not_recorded"] == {}

    if not with_server:
        check(run(PYTHON, "-c", DELIVER))
        assert {c["labels"]["attributes"]["steno.run"] for c in run.calls()} == {run.summary()["run"]}
        both = run("sh", "-c", shlex.join([PYTHON, "-c", DELIVER]) + ";" + shlex.join(curl("-o", "/dev/null")))
        assert "1 AI call, 0 failed" in both.stderr and "those above may be among them" in both.stderr
        assert run.summary()["total"]["calls"] == 1
        return
    (tmp_path / "keys").write_text("steno-key-0123456789\n")
    socket = tmp_path / "s"
    with Server(run.data, "--api-key-file", tmp_path / "keys", "--socket", socket) as server:
        for where, given in ((server.url, ""), (f"unix:{socket}", f"unix://{socket}")):
            command = [BINARY, "run", "--server", where, "--api-key-file", tmp_path / "keys", "--json", run.summary_file, "--",
                       PYTHON, "-c", DELIVER]
            check(subprocess.run(command, capture_output=True, text=True, timeout=120,
                                 env=run.environment({"STENO_SERVER": given} if given else {})))
        assert len(server.get("/api/v1/calls", headers={"x-steno-api-key": "steno-key-0123456789"})[2]["calls"]) == 4


def test_a_server_that_the_program_has_for_that(run):
    done = run("sh", "-c", "echo $STENO_SERVER", env={"STENO_SERVER": "http://127.0.0.1:9"})
    assert done.stdout == "http://127.0.0.1:9\n" and "STENO_SERVER" in run.summary()["not_recorded"]


def test_no_page_delivers(run):
    assert run(PYTHON, "-c", DELIVER, "http://localhost").stdout == "404\n"
    assert run.calls() == []


def test_a_body_that_is_too_large_is_passed_on(run):
    large = run.tmp.parent / "large.json"
    large.write_text(BODY.replace("from curl", "x" * 5000))
    env = {"STENO_GATEWAY_MAX_BODY_BYTES": "4096"}
    ask = f"curl -sS -o /dev/null -w '%{{http_code}} ' -H 'content-type: application/json' -H 'authorization: Bearer sk-x' -d @{large} "
    done = run("sh", "-c", f"{ask} https://api.openai.com/v1/chat/completions; {ask} $OPENAI_BASE_URL/chat/completions;"
               + shlex.join(curl("-o", "/dev/null", "-w", "%{http_code}")), env=env)
    assert done.stdout == "200 200 200"
    assert run.summary()["total"]["calls"] == 1 and "passed on unread" in run.summary()["not_recorded"]["127.0.0.1"]


def test_what_is_said_to_the_next_one_alone_is_not_passed_on(run):
    """RFC 9110, section 7.6.1: Connection names it."""
    class Upstream(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.server.seen = dict(self.headers), len(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    large = run.tmp.parent / "large.json"
    large.write_text("x" * 5000)
    ask = (f"curl -sS -H 'Connection: x-hop, content-length' -H 'X-Hop: 1' -H 'X-End: 2' -H 'x-steno-user: u' -d @{large} "
           "$OPENAI_BASE_URL/chat/completions")
    try:
        run("sh", "-c", ask, env={"STENO_GATEWAY_MAX_BODY_BYTES": "4096"},
            flags=["--upstream", f"openai=http://127.0.0.1:{server.server_port}"])
    finally:
        server.shutdown()
        server.server_close()
    headers, length = server.seen
    assert length == 5000 and headers["X-End"] == "2" and headers["Connection"] == "close"
    assert not {"x-hop", "x-steno-user"} & {name.lower() for name in headers}


def test_a_delivery_may_be_larger_than_a_call(run):
    program = DELIVER.replace('"name": "m"', '"name": "m", "labels": {"metadata": {"long": "x" * 10000}}')
    assert run(PYTHON, "-c", program, env={"STENO_GATEWAY_MAX_BODY_BYTES": "4096"}).stdout == "2\n"
    assert run.summary()["recorded_by_the_program"]["calls"] == 1 and run.summary()["not_recorded"] == {}


def test_what_outlives_the_program(run):
    # The shell's child is another shell until it is the sleep.
    done = run("sh", "-c", "sleep 600 >/dev/null 2>&1 & until grep -q sleep /proc/$!/comm; do :; done; echo $!")
    pid = int(done.stdout)
    try:
        assert run.summary()["still_running"] == [f"sleep ({pid})"] and f"still running: sleep ({pid})" in done.stderr
    finally:
        os.kill(pid, signal.SIGKILL)
    run("sh", "-c", "sleep 0")
    assert run.summary()["still_running"] == []


@pytest.mark.parametrize("end", ["by itself", "by a signal"])
def test_waiting_for_what_outlives_the_program(run, end):
    go = run.tmp.parent / "go"
    script = f"(while [ ! -e {go} ]; do sleep 0.02; done; {shlex.join(curl())}) >/dev/null 2>&1 & exit 3"
    process = subprocess.Popen(run.command("setsid", "sh", "-c", script, flags=["--wait"]), stderr=subprocess.PIPE, text=True,
                               env=run.environment())
    assert process.stderr.readline().startswith("steno: waiting for ")
    if end == "by a signal":
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[1]
        go.touch()
        assert "still running: " in rest
    else:
        go.touch()
        rest = process.communicate(timeout=60)[1]
        assert "1 AI call, 0 failed" in rest and len(run.calls()) == 1
    assert process.returncode == 3


class Hanging(http.server.BaseHTTPRequestHandler):
    """A server that tells of itself, but answers no question about calls."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if "aggregate" in self.path:
            self.server.asked.set()
            self.server.over.wait(120)
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("how", ["by itself", signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_summary_that_nobody_answers(run, how):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hanging)
    server.asked, server.over = threading.Event(), threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        process = subprocess.Popen([BINARY, "run", "--server", f"http://127.0.0.1:{server.server_port}", "--", "sh", "-c", "exit 3"],
                                   stderr=subprocess.PIPE, text=True, env=run.environment())
        assert server.asked.wait(60)
        if how != "by itself":
            process.send_signal(how)
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 3 and "cannot be summed up" in said and list(run.tmp.iterdir()) == []
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()


def test_own_base_urls_go_on_to_hold(run, simulator):
    # A provider's: through the gateway. Nobody's: as it was.
    env = {"OPENAI_BASE_URL": "https://api.groq.com/openai/v1", "ANTHROPIC_BASE_URL": "http://models.internal:8000/x"}
    done = run("sh", "-c", "echo $OPENAI_BASE_URL $ANTHROPIC_BASE_URL", env=env)
    openai, anthropic = done.stdout.split()
    assert openai.startswith("http://127.0.0.1:") and openai.endswith("/groq/v1")
    assert anthropic == env["ANTHROPIC_BASE_URL"] and "ANTHROPIC_BASE_URL" in run.summary()["not_recorded"]
    done = run("sh", "-c", "echo $OPENAI_BASE_URL $NO_PROXY", env={"AZURE_OPENAI_ENDPOINT": "https://x", "no_proxy": "corp"})
    assert done.stdout == "corp,localhost,127.0.0.1,::1\n"
    for other in ("socks5://proxy.corp:1080", "https://proxy.corp:3128"):
        done = run("true", env={"https_proxy": other}, check=False)
        assert done.returncode == 6 and "cannot go through" in done.stderr and "proxy.corp" not in done.stderr
