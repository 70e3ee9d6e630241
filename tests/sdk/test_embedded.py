"""Programs that write their calls to a data folder themselves, alone and several at once, beside a server or without."""

import contextlib
import json
import os
import pathlib
import subprocess
import time

import pytest
from test_cpp import programs  # noqa: F401  (a fixture)
from test_cpp import LATE, NO_KEYS, ROOT, Server, expected_models, models
from steno_process import run

ROUNDS = 24


def environment(data):
    return {**NO_KEYS, "STENO_DATA": str(data)}


def environment_of_forks(data):
    """LeakSanitizer takes the forks' threads, which it cannot stop, for leaks."""
    return {**environment(data), "ASAN_OPTIONS": "detect_leaks=0"}


def start(programs, data, count, *how):
    return subprocess.Popen([programs / "recording/recording", str(count), *how], env=environment(data),
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ids_until_all(program, processes=1):
    ids = []
    for line in program.stdout:
        if line.strip() != "all":
            ids.append(line.strip())
        elif (processes := processes - 1) == 0:
            return ids
    raise AssertionError("the program ended before it had recorded all")


def recorded(server, at_least):
    """The ids of all calls, each once, when the server has seen so many: of others it hears within a second."""
    server.wait_for(lambda: server.get("/api/v1/status")[2]["store"]["history_fed"] or None, "store that has all")
    server.wait_for(lambda: len(server.calls()) >= at_least or None, f"{at_least} calls")
    ids = [call["id"] for call in server.calls()]
    assert len(set(ids)) == len(ids)
    return ids


def verified(data):
    report = json.loads(run("verify", "--data", data, "--json").stdout)
    assert report["intact"]
    return report["streams"]


def streams(data):
    return [entry for entry in (pathlib.Path(data) / "journal").iterdir() if entry.is_dir()]


@pytest.mark.parametrize("how", [[], ["durable"]])
def test_one_program_records_without_a_server(programs, tmp_path, how):
    data = tmp_path / "record"
    done = subprocess.run([programs / "recording/embedding", data, *how], env=NO_KEYS, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and not done.stderr
    assert done.stdout == "delivered 1 3 of 3\n\n"
    assert verified(data)[0]["closed"]
    found = json.loads(run("calls", "list", "--data", data, "--json").stdout)["calls"]
    assert len(found) == 3
    for call in found:
        assert call["source"] == "cpp" and call["status"] == "success"
        assert float(call["cost"]["total"]) == 0.00045  # 1000 at $0.15 and 500 at $0.60 a million
    shown = json.loads(run("calls", "show", found[0]["id"], "--data", data, "--json").stdout)
    assert "question" in json.dumps(shown)
    verified(data)


def test_durable_calls_that_end_in_destructors_are_recorded_and_harm_nothing(programs, tmp_path):
    data = tmp_path / "record"
    done = subprocess.run([programs / "recording/late", data], env=NO_KEYS, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert all(stream["closed"] for stream in verified(data))
    found = json.loads(run("calls", "list", "--data", data, "--limit", "1000", "--json").stdout)["calls"]
    assert models(found) == expected_models()


def test_the_lines_in_the_docs_work_as_printed(programs, tmp_path):
    page = (ROOT / "docs/cpp.md").read_text().split("## Without a server: a data folder")[1]
    (tmp_path / "main.cpp").write_text(page.split("```cpp\n")[1].split("```")[0])
    [library] = (programs / "prefix").rglob("libsteno.so")
    compiler = [os.environ.get("STENO_CXX", "clang++-19"), "-std=c++20", *os.environ.get("STENO_CXX_FLAGS", "").split()]
    subprocess.run([*compiler, "main.cpp", "-I", programs / "prefix/include", "-L", library.parent, "-lsteno", f"-Wl,-rpath,{library.parent}",
                    "-o", "main"], cwd=tmp_path, check=True, timeout=300)
    done = subprocess.run(["./main"], cwd=tmp_path, env=NO_KEYS, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and not done.stdout + done.stderr
    [call] = json.loads(run("calls", "list", "--data", tmp_path / "record", "--json").stdout)["calls"]
    assert call["preview"] == {"prompt": "What is a flight recorder?", "answer": "A box that keeps what happened."}


def test_several_programs_and_a_server_use_one_folder_at_once(programs, tmp_path):
    data, count = tmp_path / "record", 3000
    early = start(programs, data, count, "durable")
    early.stdout.readline()  # it was there first
    with Server(data) as server:
        others = [start(programs, data, count, *how) for how in (["durable"], [], [])]
        delivering = subprocess.Popen([programs / "recording/recording", str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      text=True, env={**NO_KEYS, "STENO_SERVER": server.url, "STENO_SPOOL": str(tmp_path / "spool")})
        everybody = [early, *others, delivering]
        ids = [id for program in everybody for id in ids_until_all(program)]
        # All of them live, and the server shows what each of them wrote.
        seen = recorded(server, 5 * count - 1)
        assert set(ids) <= set(seen) and len(seen) == 5 * count
        assert all(program.poll() is None for program in everybody)
        assert not any((stream / "closed").exists() for stream in streams(data))
        for program in everybody:
            said = program.communicate("end\n", timeout=120)[0]
            assert program.returncode == 0, said
        assert len(recorded(server, 5 * count)) == 5 * count
        server.wait_for(lambda: sum((stream / "closed").exists() for stream in streams(data)) == 4 or None, "four ended streams")
        assert server.stop() == 0
    assert all(stream["closed"] for stream in verified(data))
    # A store that is fed anew has the same.
    for path in (data / "store").iterdir():
        path.unlink()
    with Server(data) as server:
        assert len(recorded(server, 5 * count)) == 5 * count


@pytest.mark.parametrize("with_server", [False, True])
def test_nothing_acknowledged_is_lost_or_doubled_when_the_program_is_killed(programs, tmp_path, with_server):
    data, ids = tmp_path / "record", set()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server(data)) if with_server else None
        for i in range(ROUNDS):
            program = start(programs, data, 100_000, "durable")
            for _ in range(20 + 10 * (i % 7)):
                ids.add(program.stdout.readline().strip())
            program.kill()
            # Printed, so ended, before it died.
            ids |= {line for line in program.stdout.read().splitlines() if len(line) == 36}
            program.wait()
            if not with_server and i % 8 == 7:
                verified(data)
        if with_server:
            seen = recorded(server, len(ids))
            # The server finds that they are dead, and says so in the record, while it runs.
            server.wait_for(lambda: sum((stream / "closed").exists() for stream in streams(data)) == ROUNDS or None, "ended streams")
            assert server.stop() == 0
    with Server(data) as server:
        seen = recorded(server, len(ids))
        assert not ids - set(seen)
        # A thread may have died between the fsync and the line: at most four threads a round.
        assert len(seen) - len(ids) <= 4 * ROUNDS
        assert server.stop() == 0
    assert all(stream["closed"] for stream in verified(data))


def test_forked_workers_write_a_stream_each(programs, tmp_path):
    data, workers, count = tmp_path / "record", 4, 300
    with Server(data) as server:
        program = subprocess.Popen([programs / "recording/forking", str(workers), str(count)], env=environment_of_forks(data), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ids = ids_until_all(program, workers + 1)
        assert len(set(ids)) == len(ids) == (workers + 1) * count + 10
        assert set(recorded(server, len(ids))) == set(ids)
        assert len(streams(data)) == 1 + 1 + workers
        said = program.communicate("", timeout=60)[1]
        assert program.returncode == 0 and not said, said
        server.wait_for(lambda: sum((stream / "closed").exists() for stream in streams(data)) == 1 + workers or None, "ended streams")
        assert server.stop() == 0
    assert all(stream["closed"] for stream in verified(data))


def test_a_fork_while_the_folder_is_opened(programs, tmp_path):
    """Whatever the other thread is at: the children record, and nothing of the parent's stays with them."""
    for _ in range(ROUNDS):
        data = tmp_path / str(_)
        done = subprocess.run([programs / "recording/forking", "3", "4", "early"], env=environment_of_forks(data), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and not done.stderr, done.stderr
        ids = [line for line in done.stdout.split() if line != "all"]
        assert len(set(ids)) == len(ids) == 10 + 4 * 4
        assert all(stream["closed"] for stream in verified(data))
        listed = json.loads(run("calls", "list", "--limit", "100", "--data", data, "--json").stdout)["calls"]
        assert {call["id"] for call in listed} == set(ids)


def test_a_stream_ends_with_its_process_though_its_children_live(programs, tmp_path):
    data = tmp_path / "record"
    with Server(data) as server:
        program = subprocess.Popen([programs / "recording/forking", "2", "20"], env=environment_of_forks(data), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        ids = ids_until_all(program, 3)
        program.kill()  # the workers go on waiting
        server.wait_for(lambda: sum((stream / "closed").exists() for stream in streams(data)) == 1 or None, "stream that ended")
        program.stdin.close()
        server.wait_for(lambda: sum((stream / "closed").exists() for stream in streams(data)) == 3 or None, "streams that ended")
        assert set(recorded(server, len(ids))) == set(ids)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def attempt(programs, data, *how):
    began = time.monotonic()
    done = subprocess.run([programs / "recording/embedding", data, *how], env=NO_KEYS, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and time.monotonic() - began < 20
    counts, error = done.stdout.split("\n", 1)
    assert counts == "delivered 0 0 of 3"
    assert done.stderr == f"steno: nothing is recorded so far: {error.strip()}\nsteno: not delivered: 3 calls lost\n"
    return error


@pytest.mark.parametrize("how", [[], ["durable"]])
def test_a_folder_that_cannot_be_written_is_told_and_harms_no_call(programs, tmp_path, how):
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in attempt(programs, tmp_path / "file/record", *how)
    assert "/proc/record" in attempt(programs, "/proc/record", *how)
    if os.geteuid() != 0:
        folder = tmp_path / "mine"
        folder.mkdir(mode=0o555)
        assert str(folder) in attempt(programs, folder / "record", *how)


def test_a_folder_of_a_newer_version_is_told_and_stays_as_it_is(programs, tmp_path):
    data = tmp_path / "record"
    subprocess.run([programs / "recording/embedding", data], env=NO_KEYS, check=True, capture_output=True, timeout=120)
    [segment] = data.glob("journal/*/*.stj")
    content = bytearray(segment.read_bytes())
    size = int.from_bytes(content[12:16], "little")
    content[8:10] = (2).to_bytes(2, "little")
    content[size - 4:size] = crc32c(content[:size - 4]).to_bytes(4, "little")
    segment.write_bytes(content)
    before = sorted(data.rglob("*"))
    assert "use the newer Steno" in attempt(programs, data)
    assert sorted(data.rglob("*")) == before
