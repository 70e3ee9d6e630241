"""Every command and every question to the API that docs/questions.md names, asked of demo data."""

import pathlib
import re
import shlex
import sys
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from steno_process import Server, run

SPANS = [span for line in (ROOT / "docs/questions.md").read_text().splitlines() if line.startswith("|") for span in re.findall(r"`([^`]+)`", line)]
COMMANDS = [span for span in SPANS if span.startswith("steno ")]
QUESTIONS = [span.split()[1] for span in SPANS if span.startswith("GET ")]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("questions") / "data"
    run("demo", "--data", data, "--calls", "2000", "--seed", "3", "--days", "30")
    with Server(data) as server:
        server.wait_until_fed()
        yield server


@pytest.fixture(scope="module")
def names(server, tmp_path_factory):
    """A value of each kind that has calls."""
    calls = server.calls()

    def first(*path):
        for call in calls:
            for name in path:
                call = (call or {}).get(name)
            if call:
                return call
        raise AssertionError(f"no call has {path}")

    return {"REQUEST": first("trace", "request_id"), "SESSION": first("trace", "session_id"), "CALL": first("id"), "AGENT": first("trace", "agent"),
            "FUNCTION": first("trace", "function"), "MODEL": first("model", "requested"), "TYPE": first("prompt", "type"),
            "FOLDER": str(tmp_path_factory.mktemp("folder"))}


def filled(text, names, quote=str):
    return re.sub("|".join(rf"\b{name}\b" for name in names), lambda found: quote(names[found.group()]), text)


def test_the_page_names_enough():
    assert len(COMMANDS) > 20 and len(QUESTIONS) > 20


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_answers(server, names, command):
    arguments = [filled(argument, names) for argument in shlex.split(command)[1:]]
    if arguments[0] == "live":
        arguments += ["--count", "1"]  # it goes on until it is stopped
    done = run(*arguments, "--server", server.url)
    assert done.stdout.strip()


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_api_answers(server, names, question):
    assert server.get(filled(question, names, lambda name: urllib.parse.quote(name, safe="")))[2]
