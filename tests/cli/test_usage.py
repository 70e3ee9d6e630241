"""What a person is told who does not know the commands yet: names, examples, short ids, replays."""

import json
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import Server, Simulator, run  # noqa: E402

CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """A folder with a call, its replay, an embedding and a call that was not to be kept; its server stopped."""
    data = tmp_path_factory.mktemp("record")
    with Simulator() as simulator, Server(data, *simulator.upstreams()) as server:
        server.request("POST", "/openai/v1/chat/completions", CHAT, {"x-steno-tags": "a,b"})
        first = server.calls()[0]["id"]
        server.request("POST", "/api/v1/replay", {"call_id": first})
        server.request("POST", "/openai/v1/embeddings", {"model": "text-embedding-3-small", "input": ["x", "y"]})
        server.request("POST", "/openai/v1/chat/completions", CHAT | {"user": "u"}, {"x-steno-store-full-data": "false"})
        server.stop()
    return data


@pytest.mark.parametrize("group, commands", [
    ("calls", ["list", "show", "tree", "tail", "export"]), ("prices", ["list", "show", "set", "import", "remove", "explain", "reprice", "undo", "history"]),
    ("journal", ["dump", "seal"]), ("config", ["show", "check"]),
])
def test_a_group_of_commands_says_what_it_has(group, commands):
    told = run(group, check=False)
    assert told.returncode == 2 and f"error: steno {group} needs one of its commands" in told.stderr
    helped = run(group, "--help").stdout
    for command in commands:
        assert command in told.stderr and command in helped
    assert "Examples:" in helped and f"steno {group} {commands[0]}" in helped
    assert run("help", group).stdout == helped


@pytest.mark.parametrize("written, says, meant", [
    (["calls", "lst"], 'steno calls has no command "lst"', "did you mean steno calls list?"),
    (["clls"], 'steno has no command "clls"', "did you mean steno calls?"),
    (["prices", "exp"], 'steno prices has no command "exp"', "did you mean steno prices explain?"),
    (["journal", "xyzzy"], 'steno journal has no command "xyzzy"', "dump"),
    (["calls", "list", "--lmit", "3"], "steno calls list has no option --lmit", "did you mean --limit?"),
    (["calls", "show"], "steno calls show: id is required", "steno calls show 3f0c6c1e"),
    (["stats", "--days", "abc"], 'steno stats: --days takes a number from 1 to 36500; "abc" is none', "steno stats --days 7"),
    (["calls", "--data", "x"], "steno calls needs one of its commands", "list"),
    ([], "steno needs one of its commands", "serve"),
])
def test_a_mistyped_command_is_told_its_neighbour(written, says, meant):
    told = run(*written, check=False)
    assert told.returncode == 2 and told.stdout == ""
    assert f"error: {says}" in told.stderr and "try:" in told.stderr and meant in told.stderr


def test_stats_by_a_field_that_is_none(record):
    told = run("stats", "--data", record, "--by", "modle", check=False)
    assert told.returncode == 2 and "near it: " in told.stderr and "model.requested" in told.stderr
    assert "often used: status, kind, provider.name" in told.stderr


def listed(record, *filters):
    return json.loads(run("calls", "list", "--data", record, "--json", *filters).stdout)["calls"]


def test_a_replay_is_marked_and_found(record):
    (replay,) = listed(record, "-f", "replay.of.exists=true")
    original = replay["replay"]["of"]
    assert [call["id"] for call in listed(record, "-f", f"replay.of={original}")] == [replay["id"]]
    assert run("calls", "list", "--data", record).stdout.count("[replay]") == 1
    assert re.search(rf"replay of +{original}", run("calls", "show", replay["id"], "--data", record).stdout)


def test_a_short_id_is_enough(record):
    for call in listed(record):
        assert call["id"] in run("calls", "show", call["id"][:23], "--data", record).stdout
    ids = [call["id"] for call in listed(record)]
    common = ids[0][:4]
    told = run("calls", "show", common, "--data", record, check=False)
    assert told.returncode == 2 and "begins with" in told.stderr and "give more of the id" in told.stderr


def test_a_call_is_shown_in_words(record):
    shown = run("calls", "show", listed(record, "-f", "labels.tags=a")[0]["id"], "--data", record).stdout
    assert re.search(r"finish +stop\n", shown) and re.search(r"tags +a, b\n", shown)
    (embedding,) = listed(record, "-f", "kind=embedding")
    assert re.search(r"output +2 × 1536 dimensions", run("calls", "show", embedding["id"], "--data", record).stdout)
    assert "2 × 1536 dimensions" in run("calls", "list", "--data", record).stdout
    (unkept,) = listed(record, "-f", "privacy.full_data=false")
    assert "at the sender's wish" in run("calls", "show", unkept["id"], "--data", record).stdout


def test_the_live_tail_shows_ids_that_can_be_looked_up(tmp_path):
    from steno_process import Process
    with Simulator() as simulator, Server(tmp_path / "d", *simulator.upstreams()) as server:
        tail = Process("calls", "tail", "--server", server.url)
        # The first calls may be over before the tail stands.
        short = tail.wait_for(lambda: server.request("POST", "/openai/v1/chat/completions", CHAT) and re.search(
            r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4})  success", tail.output()), "a call in the tail").group(1)
        whole = [call["id"] for call in server.calls() if call["id"].startswith(short)]
        assert whole and whole[0] in run("calls", "show", short, "--server", server.url).stdout
        tail.stop()


def test_a_replay_without_its_upstream_says_how_to_get_it_back(record):
    original = listed(record, "-f", "labels.tags=a")[0]
    told = run("replay", original["id"], "--data", record, check=False)
    host = original["provider"]["endpoint"]["host"]
    assert told.returncode == 6 and f"no server has {record}" in told.stderr and host in told.stderr
    assert f"--upstream openai=http://{host}/openai" in told.stderr and f"steno sim --listen {host}" in told.stderr


def test_a_demo_folder_says_where_it_can_be_looked_at(tmp_path):
    with Server(tmp_path / "running") as server:
        told = run("demo", "--data", tmp_path / "demo", "--calls", "20", "--days", "1",
                   env={"STENO_SERVER_LISTEN": server.url.removeprefix("http://")}).stdout
    hint = re.search(r"steno serve --data \S+ --listen 127\.0\.0\.1:(\d+)", told)
    assert hint and not server.url.endswith(":" + hint.group(1))
