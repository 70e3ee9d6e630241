"""What goes wrong around a running server: AI calls go on, nothing that was answered is lost, memory stays bounded,
and /readyz, the metrics and the log say what happened."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from disks import PowerStrip, reason_to_skip  # noqa: E402
from load import LoadGroup  # noqa: E402
from steno_process import ROOT, SANITIZED, Server, Simulator, run  # noqa: E402

HANG_SECONDS = float(os.environ.get("STENO_HANG_SECONDS", "12"))  # /readyz gives a store 10 s
FULL_SECONDS = float(os.environ.get("STENO_FULL_SECONDS", "3"))
UPLOADS = int(os.environ.get("STENO_UPLOADS", "12"))
MAX_RSS = 700 << 20


@pytest.fixture
def strip():
    if reason := reason_to_skip():
        pytest.skip(reason)
    made = PowerStrip()
    yield made
    made.close()


def metric(server, name):
    text = server.get("/metrics")[2].decode()
    return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE).group(1))


def ready(server):
    status, _, body = server.get("/readyz", expect=None)
    return status, body


def wait_until(condition, what, seconds=90):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"no {what} within {seconds} s"
        time.sleep(0.05)
    return value


def rss(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) << 10


def check_record(server, answered, ok):
    """Every answered call is there, once, and as what it was."""
    wait_until(lambda: ready(server)[0] == 200, "readiness")
    wait_until(lambda: metric(server, "steno_records_waiting") == 0 and metric(server, "steno_store_behind") == 0,
               "store that has caught up")
    calls = server.calls()
    by_id = {call["id"]: call for call in calls}
    assert len(by_id) == len(calls), "a call is on the record twice"
    missing = set(answered) - by_id.keys()
    assert not missing, f"{len(missing)} of {len(answered)} answered calls are missing"
    wrong = {i: by_id[i]["status"] for i in ok if by_id[i]["status"] != "success"}
    assert not wrong, wrong
    assert metric(server, "steno_records_lost_total") == 0


def test_a_store_that_hangs(tmp_path, strip):
    data = tmp_path / "data"
    data.mkdir()
    disk = strip.mount(strip.new_disk())
    (data / "store").symlink_to(disk.folder)
    with Simulator() as simulator, Server(data, *simulator.upstreams()) as server:
        load = LoadGroup(server.url, clients=4, pause=0.01)
        load.wait_for(50)
        subprocess.run(["fsfreeze", "-f", disk.folder], check=True)  # whoever writes there now waits
        try:
            began, before = time.monotonic(), len(load.answered())
            said = wait_until(lambda: ready(server)[0] == 503 and ready(server)[1], "word in /readyz")
            assert said["gateway"] == "ok" and "the store does not answer" in said["queries"], said
            assert metric(server, "steno_store_applying_seconds") > 1
            load.wait_for(before + 200)
            time.sleep(max(0.0, HANG_SECONDS - (time.monotonic() - began)))
            during = len(load.answered()) - before
            behind = metric(server, "steno_store_behind")
            memory = rss(server)
        finally:
            subprocess.run(["fsfreeze", "-u", disk.folder], check=True)
        assert behind > 0 and memory < MAX_RSS
        load.wait_for(len(load.answered()) + 50)
        load.stop()
        check_record(server, load.answered(), load.ok())
        server.stop()
    disk.close()
    print(f"\nstore hung {HANG_SECONDS:.0f} s: {during} calls answered meanwhile, {behind:.0f} records behind, "
          f"{memory >> 20} MiB RSS, all there afterwards")


def test_a_journal_disk_that_hangs(tmp_path, strip):
    disk = strip.mount(strip.new_disk())
    data = disk.folder / "data"
    # One loop: its thread is the one that hangs.
    with Simulator() as simulator, Server(data, *simulator.upstreams(), env={"STENO_SERVER_LOOPS": "1"}) as server:
        load = LoadGroup(server.url, clients=6, pause=0.01)
        load.wait_for(50)
        subprocess.run(["fsfreeze", "-f", disk.folder], check=True)  # who writes there waits, whatever he writes
        try:
            began, before = time.monotonic(), len(load.answered())
            # The store lies on this disk, too, and may be the first to be missed.
            said = wait_until(lambda: ready(server)[1]["gateway"] != "ok" and ready(server), "word in /readyz")
            assert said[0] == 503 and re.search("does not (take|answer)", said[1]["gateway"]), (said, server.output())
            load.wait_for(before + 200)
            time.sleep(max(0.0, HANG_SECONDS - (time.monotonic() - began)))
            during = len(load.answered()) - before
            waiting, memory = metric(server, "steno_records_waiting"), rss(server)
        finally:
            subprocess.run(["fsfreeze", "-u", disk.folder], check=True)
        assert waiting > 0 and memory < MAX_RSS
        load.wait_for(len(load.answered()) + 50)
        load.stop()
        check_record(server, load.answered(), load.ok())
        assert "is held up" in server.output()
        server.stop()
    assert json.loads(run("verify", "--data", data, "--json").stdout)["intact"]
    disk.close()
    print(f"\njournal's disk hung {HANG_SECONDS:.0f} s: {during} calls answered meanwhile, {waiting:.0f} records waited, "
          f"{memory >> 20} MiB RSS, all there afterwards")


def test_many_large_uploads_at_once_take_bounded_memory(tmp_path):
    budget = 64 << 20
    size = 32 << 20
    body = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x" * size}]}).encode()
    with Simulator() as simulator, Server(tmp_path / "data", *simulator.upstreams(),
                                          env={"STENO_GATEWAY_BODY_MEMORY_MB": str(budget >> 20)}) as server:
        idle, statuses = rss(server), []

        def upload():
            statuses.append(server.request("POST", "/openai/v1/chat/completions", body,
                                           {"content-type": "application/json"}, expect=None, timeout=600)[0])

        clients = [threading.Thread(target=upload) for _ in range(UPLOADS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert statuses == [200] * UPLOADS
        # A client has its answer a moment before its memory is given back.
        wait_until(lambda: metric(server, "steno_gateway_body_bytes") == 0, "memory given back")
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{server.process.pid}/status").read_text()).group(1)) << 10
        print(f"\n{UPLOADS} uploads of {size >> 20} MiB at once, {budget >> 20} MiB for bodies: {peak >> 20} MiB RSS at most, "
              f"{idle >> 20} before")
        lost = metric(server, "steno_records_lost_total")
        assert lost == 0
        assert SANITIZED or peak < idle + 16 * budget
        wait_until(lambda: metric(server, "steno_records_waiting") == 0 and metric(server, "steno_store_behind") == 0,
                   "store that has caught up")
        assert len(server.calls()) == UPLOADS
        server.stop()


def test_a_disk_that_is_full_for_a_while(tmp_path, strip):
    disk = strip.mount(strip.new_disk(megabytes=200))
    data = disk.folder / "data"
    with Simulator() as simulator, Server(data, *simulator.upstreams()) as server:
        load = LoadGroup(server.url, clients=4, pause=0.01)
        load.wait_for(50)
        subprocess.run(["dd", "if=/dev/zero", f"of={disk.folder}/filler", "bs=1M"], stderr=subprocess.DEVNULL)
        subprocess.run(["dd", "if=/dev/zero", f"of={disk.folder}/filler2", "bs=4k"], stderr=subprocess.DEVNULL)
        began, before = time.monotonic(), len(load.answered())
        # Journal and store meet the full disk each at a time of its own.
        wait_until(lambda: "no space left" in json.dumps(ready(server)).lower(), "word in /readyz")
        load.wait_for(before + 100)
        time.sleep(max(0.0, FULL_SECONDS - (time.monotonic() - began)))
        during, failures = len(load.answered()) - before, metric(server, "steno_journal_append_failures_total")
        memory = rss(server)
        (disk.folder / "filler").unlink()
        (disk.folder / "filler2").unlink()
        assert memory < MAX_RSS
        load.wait_for(len(load.answered()) + 50)
        load.stop()
        check_record(server, load.answered(), load.ok())
        assert "No space left" in server.output()
        server.stop()
    assert json.loads(run("verify", "--data", data, "--json").stdout)["intact"]
    disk.close()
    print(f"\ndisk full {time.monotonic() - began:.0f} s: {during} calls answered meanwhile, {failures:.0f} writes refused, "
          f"{memory >> 20} MiB RSS, all there afterwards")


def test_journal_files_that_are_removed_under_a_running_server(tmp_path):
    data = tmp_path / "data"
    with Simulator() as simulator, Server(data, *simulator.upstreams()) as server:
        load = LoadGroup(server.url, clients=4)
        load.wait_for(60)
        # At one stroke: the server makes new files while old ones are being removed.
        stream = next(data.glob("journal/*/"))
        shutil.rmtree(stream.rename(tmp_path / "removed"))
        wait_until(lambda: metric(server, "steno_journal_files_lost_total") > 0, "count of lost files")
        load.wait_for(len(load.answered()) + 60)
        load.stop()
        status, body = wait_until(lambda: ready(server)[0] == 200 and ready(server), "readiness")
        assert "removed" in body["warning"]
        check_record(server, load.answered(), load.ok())
        assert "is not there any more" in server.output()
        server.stop()
    # The file was still open, so that nothing of it is lost.
    assert json.loads(run("verify", "--data", data, "--json").stdout)["intact"]
    for file in (data / "store").iterdir():
        file.unlink()
    exported = {json.loads(line)["id"] for line in run("calls", "export", "--data", data).stdout.splitlines()}
    assert set(load.answered()) <= exported


def test_commands_that_look_leave_nothing_behind(tmp_path):
    data = tmp_path / "data"
    with Simulator() as simulator, Server(data, *simulator.upstreams()) as server:
        server.request("POST", "/openai/v1/chat/completions", {"model": "gpt-4o-mini", "messages": [
            {"role": "user", "content": "hello"}]})
        server.stop()
    before = sorted(path.name for path in (data / "journal").iterdir())
    for command in (("calls", "list"), ("calls", "export"), ("stats",), ("verify", "--export-head")):
        run(*command, "--data", data)
    left = sorted(path.name for path in (data / "journal").iterdir())
    assert [name for name in left if name != "recovery.lock"] == [name for name in before if name != "recovery.lock"]


def test_a_pipe_among_the_segments_and_a_folder_for_a_store_keep_nobody_waiting(tmp_path):
    data = tmp_path / "data"
    with Simulator() as simulator:
        with Server(data, *simulator.upstreams()) as server:
            server.request("POST", "/openai/v1/chat/completions", {"model": "gpt-4o-mini", "messages": [
                {"role": "user", "content": "hello"}]})
            server.stop()
        os.mkfifo(next(data.glob("journal/*/")) / "0000000000000009.stj")
        for file in (data / "store").iterdir():
            file.unlink()
        (data / "store" / "calls.duckdb").mkdir()
        with Server(data, *simulator.upstreams()) as server:
            wait_until(lambda: len(server.calls()) == 1, "call")
            server.stop()


def test_a_missing_signing_key_is_said(tmp_path):
    data = tmp_path / "data"
    with Simulator() as simulator:
        outputs = []
        for _ in range(2):
            with Server(data, *simulator.upstreams()) as server:
                outputs.append(server.output())
                server.stop()
            shutil.rmtree(data / "keys")
    assert "journal.key is missing" not in outputs[0]
    assert "journal.key is missing" in outputs[1]


@pytest.mark.parametrize("kind", ["whole", "without-texts"])
def test_a_sealed_folder_of_the_first_version_is_read(tmp_path, kind):
    """tests/data/folder-v1-sealed: a sealed file whose stream lost its beginning to retention; in one of the two also its
    prompts and answers."""
    sample = ROOT / "tests/data/folder-v1-sealed"
    expected = [json.loads(line) for line in (sample / "expected.jsonl").read_text().splitlines()]
    data = tmp_path / "data"
    shutil.copytree(sample / kind, data)
    assert json.loads(run("verify", "--data", data, "--json").stdout)["intact"]
    found = {call["id"]: call for call in map(json.loads, run("calls", "export", "--data", data).stdout.splitlines())}
    assert len(found) == len(expected) == 100
    for entry in expected:
        call = found[entry["id"]]
        assert [call["status"], call["started_at"]] == [entry["status"], entry["started_at"]]
        assert call.get("model", {}).get("requested") == entry["model"]
        assert call.get("cost", {}).get("total") == entry["cost"]
        assert call.get("usage", {}).get("input_tokens") == entry["input_tokens"]
        assert call.get("feedback", {}).get("verdict") == entry["verdict"]
        messages = call.get("request", {}).get("messages")
        if kind == "whole":
            text = json.dumps(messages, ensure_ascii=False, sort_keys=True)
            assert hashlib.sha256(text.encode()).hexdigest() == entry["messages_sha256"]
        else:
            assert not messages


def test_a_folder_of_the_first_version_is_opened_and_recorded_on(tmp_path):
    """tests/data/folder-v1: the journal of a process of format version 1 that was killed with a call under way."""
    sample = ROOT / "tests/data/folder-v1"
    expected = json.loads((sample / "expected.json").read_text())
    data = tmp_path / "data"
    shutil.copytree(sample / "data", data)
    with Simulator() as simulator, Server(data, *simulator.upstreams()) as server:
        wait_until(lambda: len(server.calls()) == len(expected), "calls")
        found = {call["id"]: call for call in (server.call(entry["id"]) for entry in expected)}
        for entry in expected:
            call = found[entry["id"]]
            assert {name: call.get(name) for name in entry} == entry
        server.request("POST", "/openai/v1/chat/completions", {"model": "gpt-4o-mini", "messages": [
            {"role": "user", "content": "hello"}]})
        assert len(server.calls()) == len(expected) + 1
        server.stop()
    assert json.loads(run("verify", "--data", data, "--json").stdout)["intact"]
