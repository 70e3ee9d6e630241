"""Unmodified programs: what they see, what is recorded, what the summary says."""

import json
import os
import subprocess
import sys

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


def test_own_base_urls_go_on_to_hold(run, simulator):
    # A provider's: through the gateway. Nobody's: as it was.
    env = {"OPENAI_BASE_URL": "https://api.groq.com/openai/v1", "ANTHROPIC_BASE_URL": "http://models.internal:8000/x"}
    done = run("sh", "-c", "echo $OPENAI_BASE_URL $ANTHROPIC_BASE_URL", env=env)
    openai, anthropic = done.stdout.split()
    assert openai.startswith("http://127.0.0.1:") and openai.endswith("/groq/v1")
    assert anthropic == env["ANTHROPIC_BASE_URL"] and "ANTHROPIC_BASE_URL" in run.summary()["not_recorded"]
    done = run("sh", "-c", "echo $OPENAI_BASE_URL $NO_PROXY", env={"AZURE_OPENAI_ENDPOINT": "https://x", "no_proxy": "corp"})
    assert done.stdout == "corp,localhost,127.0.0.1,::1\n"
    done = run("true", env={"https_proxy": "http://proxy.corp:3128"}, check=False)
    assert done.returncode == 6 and "another proxy" in done.stderr
