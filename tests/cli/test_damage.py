"""What cannot be read is said: on standard error and by the exit code, and everything else is still given."""

import json
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import Server, Simulator, run  # noqa: E402

CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}


def record(data, calls):
    """Calls in a stream of their own; returns its folder."""
    known = set((data / "journal").glob("*/")) if data.exists() else set()
    with Simulator() as simulator, Server(data, *simulator.upstreams()) as server:
        for _ in range(calls):
            server.request("POST", "/openai/v1/chat/completions", CHAT)
        server.stop()
    return next(folder for folder in data.glob("journal/*/") if folder not in known)


def flip(path, offset):
    bytes_ = bytearray(path.read_bytes())
    bytes_[offset] ^= 1
    path.write_bytes(bytes_)


def delete_store(data):
    for file in (data / "store").iterdir():
        file.unlink()


def exported(data):
    done = run("calls", "export", "--data", data, check=False)
    return len(done.stdout.splitlines()), done


def test_a_damaged_segment_header_costs_its_own_stream_only_and_is_said(tmp_path):
    data = tmp_path / "data"
    first, second = record(data, 3), record(data, 4)
    assert first != second
    for byte in (8, 10, 40):  # version, flags, first sequence
        segment = next(second.glob("*.stj"))
        flip(segment, byte)
        delete_store(data)
        for _ in range(2):  # also when the store has passed the place already
            count, done = exported(data)
            assert (count, done.returncode) == (3, 11), done.stderr
            assert "cannot be read" in done.stderr and second.name in done.stderr
        assert run("calls", "list", "--data", data, check=False).returncode == 11
        assert run("stats", "--data", data, check=False).returncode == 11
        flip(segment, byte)
    delete_store(data)
    count, done = exported(data)
    assert (count, done.returncode, done.stderr) == (7, 0, "")


def test_a_stream_that_is_gone_is_said_by_those_who_know_of_it(tmp_path):
    data = tmp_path / "data"
    first, second = record(data, 3), record(data, 4)
    exported(data)  # the store is fed
    head = tmp_path / "head.json"
    head.write_text(run("verify", "--data", data, "--export-head").stdout)
    assert run("verify", "--data", data).returncode == 0
    shutil.move(first, tmp_path / "taken")
    for against in ((), ("--against", head)):
        done = run("verify", "--data", data, "--json", *against, check=False)
        assert done.returncode == 11, done.stderr
        report = json.loads(done.stdout)
        damaged = {stream["stream"]: stream["damage"] for stream in report["streams"] if "damage" in stream}
        assert list(damaged) == [first.name] and damaged[first.name]["kind"] == "missing"
    delete_store(data)  # then only a head knows
    assert run("verify", "--data", data).returncode == 0
    assert run("verify", "--data", data, "--against", head, check=False).returncode == 11


def test_a_folder_that_can_only_be_read_is_verified(tmp_path):
    data = tmp_path / "data"
    record(data, 3)
    mount = [["mount", "--bind", data, data], ["mount", "-o", "remount,bind,ro", data]]
    if any(subprocess.run(command, check=False, capture_output=True).returncode for command in mount):
        pytest.skip("only root can mount")
    try:
        done = run("verify", "--data", data)
        assert "intact" in done.stdout
        for look in (("calls", "list"), ("stats",), ("calls", "export")):
            done = run(*look, "--data", data, check=False)
            assert done.returncode != 0 and "can only be read" in done.stderr and "copy the folder" in done.stderr
    finally:
        subprocess.run(["umount", data], check=True)


def test_commands_that_look_wait_for_a_store_that_is_fed_anew(tmp_path):
    data = tmp_path / "data"
    record(data, 5)
    call = json.loads(run("calls", "list", "--data", data, "-n", 1, "--json").stdout)["calls"][0]["id"]
    for command in (("calls", "show", call), ("prices", "explain", call), ("stats", "--storage")):
        delete_store(data)
        done = run(*command, "--data", data, "--json")
        assert done.returncode == 0, done.stderr
        assert command[0] != "stats" or json.loads(done.stdout)["calls"] == 5


def test_a_missing_beginning_is_said(tmp_path):
    data = tmp_path / "data"
    run("demo", "--data", data, "--calls", 300, "--days", 10, env={"STENO_JOURNAL_SEGMENT_BYTES": "200000", "STENO_JOURNAL_SEAL": "off"})
    next(data.glob("journal/*/0000000000000001.stj")).unlink()
    delete_store(data)
    for _ in range(2):
        count, done = exported(data)
        assert 0 < count < 300 and done.returncode == 11 and "the records from 1 to" in done.stderr, done.stderr


def test_a_damaged_mark_hides_nothing_and_is_said(tmp_path):
    data = tmp_path / "data"
    stream = record(data, 3)
    mark = stream / "closed"
    flip(mark, mark.read_text().index('"sequence":') + 11)
    delete_store(data)
    count, done = exported(data)
    assert (count, done.returncode) == (3, 11), done.stderr
    assert str(mark) in done.stderr
    report = run("verify", "--data", data, "--json", check=False)
    assert report.returncode == 11 and not json.loads(report.stdout)["intact"]


def test_damage_in_the_last_segment_of_a_killed_process_is_never_signed_as_whole(tmp_path):
    data = tmp_path / "data"
    with Simulator() as simulator, Server(data, *simulator.upstreams()) as server:
        for _ in range(6):
            server.request("POST", "/openai/v1/chat/completions", CHAT)
        server.calls()
        server.kill()
    segment = next(data.glob("journal/*/*.stj"))
    flip(segment, segment.stat().st_size // 2)
    for _ in range(2):
        count, done = exported(data)
        assert count == 6, "the store keeps what it has"
        assert done.returncode == 11 and "lost" in done.stderr, done.stderr
        assert run("verify", "--data", data, check=False).returncode == 11


def test_a_deleted_store_is_fed_again_before_the_answer(tmp_path):
    data = tmp_path / "data"
    record(data, 30)
    delete_store(data)
    count, done = exported(data)
    assert (count, done.returncode) == (30, 0), done.stderr
