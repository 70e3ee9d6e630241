"""The C++ SDK as a user has it: installed, found by CMake, in programs of their own, beside a real server."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from deaths import Recording, death_of_the_program, death_of_the_server, recorded  # noqa: E402
from steno_process import NO_KEYS, Server  # noqa: E402

BUILD = pathlib.Path(os.environ.get("STENO_BUILD", ROOT / "build/release"))


def cmake(*arguments):
    done = subprocess.run(["cmake", *map(str, arguments)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """The folder of the user's programs, built against an installed SDK."""
    folder = tmp_path_factory.mktemp("programs")
    cmake("--install", BUILD, "--component", "sdk", "--prefix", folder / "prefix")
    for name, source in (("agent", ROOT / "examples/cpp/agent"), ("recording", ROOT / "tests/sdk/program")):
        cmake("-G", "Ninja", "-S", source, "-B", folder / name, f"-DCMAKE_PREFIX_PATH={folder / 'prefix'}",
              f"-DCMAKE_CXX_COMPILER={os.environ.get('STENO_CXX', 'clang++-19')}", f"-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror {os.environ.get('STENO_CXX_FLAGS', '')}")
        cmake("--build", folder / name)
    return folder


def environment(url, spool):
    return {**NO_KEYS, "STENO_SERVER": url, "STENO_SPOOL": str(spool)}


def test_the_example_shows_its_tree(programs, tmp_path):
    with Server(tmp_path / "record") as server:
        done = subprocess.run([programs / "agent/agent", "What now?"], env=environment(server.url, tmp_path / "spool"),
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 and not done.stderr, done.stderr
        request = done.stdout.splitlines()[-1]
        found = json.load(urllib.request.urlopen(f"{server.url}/api/v1/requests/{request}"))
        [agent] = found["tree"]
        assert (agent["call"]["kind"], agent["call"]["name"]) == ("agent", "calendar")
        below = agent["children"]
        assert [child["call"]["kind"] for child in below] == ["chat", "function", "chat"]
        assert below[1]["call"]["trace"]["operation"] == "next"
        assert all(call["call"]["source"] == "cpp" for call in [agent, *below])
        # Totals count what was paid for, once; the server knows the prices.
        summary = found["summary"]
        assert summary["output_tokens"] == 24 and float(summary["cost"]["total"]) > 0
        assert summary["agents"] == ["calendar"]
        spool = tmp_path / "spool"
        assert not spool.exists() or not list(spool.iterdir())


def test_what_the_sdk_accepted_survives_the_death_of_the_server(programs, tmp_path):
    death_of_the_server([programs / "recording/recording"], tmp_path)


def test_durable_calls_survive_the_death_of_the_program(programs, tmp_path):
    death_of_the_program([programs / "recording/recording"], tmp_path)


def test_each_level_keeps_what_it_says(programs, tmp_path):
    with Server(tmp_path / "record") as server:
        done = subprocess.run([programs / "recording/levels"], env=environment(server.url, tmp_path / "spool"),
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        calls = {}
        for level, kind, id in map(str.split, done.stdout.splitlines()):
            calls[level, kind] = json.load(urllib.request.urlopen(f"{server.url}/api/v1/calls/{id}"))
        listed = json.load(urllib.request.urlopen(f"{server.url}/api/v1/calls?limit=10"))["calls"]
        previews = {call["id"]: call.get("preview") for call in listed}
    for level in ("detailed", "summary"):
        assert previews[calls[level, "chat"]["id"]] == {"prompt": "prompt " + 293 * "p", "answer": "answer " + 293 * "a"}
        assert previews[calls[level, "function"]["id"]] == {"prompt": '["' + 298 * "i", "answer": '"' + 299 * "r"}
    assert not previews[calls["metrics-only", "chat"]["id"]] and not previews[calls["metrics-only", "function"]["id"]]
    for level in ("summary", "metrics-only"):
        for kind in ("chat", "function"):
            text = json.dumps(calls[level, kind])
            assert not any(301 * letter in text for letter in "pair"), (level, kind)
    for level in ("detailed", "summary", "metrics-only"):
        assert calls[level, "chat"]["response"]["output_chars"] == 5007
        function = calls[level, "function"]
        assert "output_chars" not in function.get("response", {}) and not function.get("modality", {}).get("output")


def test_over_a_unix_socket(programs, tmp_path):
    """The server is killed and comes back at the same path, where its file was left."""
    socket, count, ids, program = tmp_path / "s", 2_000, [], None
    command = [programs / "recording/recording"]
    for _ in range(3):
        with Server(tmp_path / "record", "--socket", socket) as server:
            program = program or Recording(command, count, server=f"unix:{socket}", spool=tmp_path / "spool", env={})
            ids += program.some(count // 5)
            server.kill()
            assert socket.is_socket()
    ids += program.the_rest()
    with Server(tmp_path / "record", "--socket", socket) as server:
        program.end()
        calls = recorded(server)
        server.stop()
    assert set(calls) == set(ids) and len(ids) == count and not socket.exists()


LATE = {"static": 40, "thread": 80, "thread_local": 120, "main": 40}


def models(calls):
    """How many calls there are of each model that the program names, and how many exchanges."""
    counts = dict.fromkeys([*LATE, "exchange", "after recording"], 0)
    for call in calls:
        counts[call["model"]["requested"]] += 1
    return counts


def expected_models():
    half = {name: count // 2 for name, count in LATE.items()}
    return {**half, "exchange": sum(half.values()), "after recording": 0}


def test_what_ends_in_the_destructors_of_statics_and_threads_is_recorded(programs, tmp_path):
    with Server(tmp_path / "record") as server:
        done = subprocess.run([programs / "recording/late"], env=environment(server.url, tmp_path / "spool"),
                              capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        server.wait_for(lambda: len(server.calls()) >= sum(LATE.values()) or None, "all calls")
        assert models(server.calls()) == expected_models()


@pytest.mark.parametrize("again", range(5))
def test_a_program_exits_while_its_threads_make_calls(programs, tmp_path, again):
    done = subprocess.run([programs / "recording/leaving"], env=environment("http://127.0.0.1:1", tmp_path / "spool"),
                          capture_output=True, text=True, timeout=120)
    [line] = done.stderr.splitlines()
    assert done.returncode == 0 and line.startswith("steno: not delivered: "), done.stderr
