"""What README.md and docs/python.md print of Python works as printed, without a provider's key."""

import os
import re
import shlex
import subprocess
import sys

import pytest
from python_package import ROOT, SITE
from steno_process import Simulator, run

SIMULATOR = "http://127.0.0.1:9000"  # where `steno sim` is, as printed


@pytest.fixture(scope="module")
def simulator():
    with Simulator() as running:
        yield running


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.S)


def texts(call):
    return [message["parts"][0]["text"] for message in call["request"]["messages"] + call["response"]["messages"]]


def test_the_readme(server, simulator, tmp_path):
    [source] = [block for block in blocks("README.md", "python") if "steno" in block and "127.0.0.1" not in block]
    [command] = [block for block in blocks("README.md", "sh") if "plan.py" in block]
    (tmp_path / "plan.py").write_text(source)
    done = subprocess.run(["sh", "-c", command.replace(SIMULATOR, simulator.url)], capture_output=True, text=True, timeout=120, cwd=tmp_path, env={
        **os.environ, "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}", "PYTHONPATH": str(SITE),
        "PYTHONDONTWRITEBYTECODE": "1", "STENO_SERVER": server.url, "STENO_PROJECT": "readme", "STENO_SPOOL": str(tmp_path / "spool")})
    assert done.returncode == 0 and not done.stderr, done.stderr
    agent, call = sorted((server.call(call["id"]) for call in server.calls("&project=readme")), key=lambda call: call["started_at"])
    assert (agent["kind"], agent["name"], call["trace"]["parent_id"]) == ("agent", "calendar", agent["id"])
    assert texts(call) == ["When is the meeting?", done.stdout.strip()] and call["who"]["user_id"] == "ada"


def test_the_page_of_the_sdk(program, simulator, server):
    source = blocks("docs/python.md", "python")
    [create] = re.findall(r"`steno (prompts create .+)`", (ROOT / "docs/python.md").read_text())
    run(*shlex.split(create), "--server", server.url)
    assert len(source) >= 4
    done, calls = program("\n".join(source).replace(SIMULATOR, simulator.url))
    assert (done.returncode, done.stdout, done.stderr) == (0, "At ten.\n", "")
    logged, made = sorted((c for c in calls if c.get("prompt", {}).get("name") == "answer"),
                          key=lambda call: call["started_at"])
    assert texts(made) == ["Answer When is the meeting? in a friendly tone.", "At ten."] and made["model"]["requested"] == "gpt-4o-mini"
    assert made["prompt"] == {"name": "answer", "version": "1", "variables": {"question": "When is the meeting?", "tone": "friendly"},
                              "all_variables_present": True}
    assert logged["time"]["duration_ms"] == 1200 and logged["scores"]["quality"]["value"] == 8.5
    agent, first, found, by_hand = sorted((c for c in calls if c["name"] not in ("boss", "clerk") and c["id"] not in (logged["id"], made["id"])),
                                          key=lambda call: call["started_at"])
    boss, clerk = sorted((c for c in calls if c["name"] in ("boss", "clerk")), key=lambda call: call["name"])
    assert clerk["trace"]["parent_id"] == boss["trace"]["span_id"] and clerk["trace"]["trace_id"] == boss["trace"]["trace_id"]
    assert clerk["trace"]["request_id"] == boss["trace"]["request_id"]
    assert (agent["kind"], agent["name"]) == ("agent", "calendar") and first["trace"]["parent_id"] == agent["id"]
    assert texts(first) == ["When is the meeting?", "At ten."]
    assert texts(found)[0] == "When is the meeting?" and found["usage"]["output_tokens"] > 0 and found["who"]["user_id"] == "ada"
    assert texts(by_hand)[-1] == "Hi there" and by_hand["usage"]["output_tokens"] == 2


def test_its_lines_for_langchain(program, simulator):
    [source] = blocks("docs/python.md", "py")
    done, calls = program(source, {"OPENAI_BASE_URL": simulator.url + "/openai/v1", "OPENAI_API_KEY": "any"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done.stderr
    assert "chat" in {call["kind"] for call in calls} and "agent" in {call["kind"] for call in calls}
