"""Tables on terminals of different widths and in a pipe: what fits, what goes first, and where the points of amounts stand."""

import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import BINARY, NO_KEYS, Server, run  # noqa: E402

LONG = "a-model-whose-name-is-longer-than-any-column-of-a-terminal-is-wide"


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    data = tmp_path_factory.mktemp("tables") / "data"
    run("demo", "--data", data, "--calls", "3000", "--seed", "9", "--days", "30")
    with Server(data) as server:
        server.request("POST", "/api/v1/calls", {"calls": [
            {"kind": "chat", "name": LONG, "status": "failure", "provider": {"name": "openai"}, "model": {"requested": LONG},
             "error": {"type": "timeout", "message": "no answer " * 40}, "trace": {"agent": LONG}, "cost": {"total": total, "currency": currency}}
            for total, currency in (("1234.5", "USD"), ("0.000000000001", "USD"), ("20", "EUR"))]}, {"content-type": "application/json"})
        server.stop()
    return data


def on_terminal(columns, *words):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    child = subprocess.Popen([BINARY, *map(str, words)], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env={**NO_KEYS, "TERM": "xterm"})
    os.close(slave)
    output = b""
    try:
        while piece := os.read(master, 1 << 16):
            output += piece
    except OSError:  # the child was the last to have the other end
        pass
    os.close(master)
    assert child.wait(120) == 0, output
    return re.sub(r"\x1b\[[\d;]*[mK]", "", output.decode().replace("\r\n", "\n"))


COMMANDS = [["stats", "--days", "40"], ["stats", "--days", "40", "--bucket", "week"], ["cost"], ["cost", "--by", "trace.agent"], ["top"],
            ["slow", "--days", "40"], ["errors"], ["compare", "--period", "40d"], ["quality"], ["quality", "--missing"], ["calls", "list"],
            ["trends", "--by", "trace.agent"], ["cost", "--forecast"], ["budgets"]]


@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_people_see_fits_their_terminal(record, columns, command):
    if command == ["budgets"]:
        run("budgets", "set", "all-of-it", "--limit", "50", "--data", record, check=False)
        command = ["budgets"]
    shown = on_terminal(columns, *command, "--data", record)
    # Which prices made the costs is a sentence, not a table: terminals wrap it.
    lines = [line for line in shown.splitlines() if not line.startswith("prices ")]
    assert shown.strip() and max(map(len, lines)) <= columns, max(lines, key=len)


@pytest.mark.parametrize("command", COMMANDS[:-1], ids=" ".join)
def test_what_goes_into_a_pipe_is_never_cut(record, command):
    shown = run(*command, "--data", record).stdout
    assert "█" not in shown and "no room" not in shown and "\x1b" not in shown
    assert all(line == line.rstrip() for line in shown.splitlines())
    if command in (["cost"], ["top"], ["errors"]):
        assert LONG in run(*command, "-n", "100", "--data", record).stdout


def test_an_amount_has_two_decimals_and_more_where_it_needs_them(record):
    run("budgets", "set", "whole", "--limit", "7", "--data", record)
    seen = set()
    for command in (["stats", "--days", "40"], ["stats"], ["cost"], ["cost", "--by", "trace.agent", "--bucket", "day"], ["compare", "--period", "40d"],
                    ["trends", "--by", "trace.agent"], ["cost", "--forecast"], ["quality"], ["budgets"]):
        shown = run(*command, "--data", record).stdout
        amounts = re.findall(r"\$([\d,]+(?:\.\d+)?)", shown) + re.findall(r"([\d,]+(?:\.\d+)?) EUR", shown)
        assert all(re.fullmatch(r"[\d,]+\.\d\d(\d*[1-9])?", amount) for amount in amounts), (command, amounts)
        seen.update(amounts)
    assert {"7.00", "20.00", "1234.500000000001"} <= seen


def test_names_are_cut_only_when_bars_are_small_already(record):
    def bar(shown):
        return max((len(part) for line in shown.splitlines() for part in re.findall("[█▏▎▍▌▋▊▉]+", line)), default=0)

    wide, narrow = (on_terminal(columns, "cost", "--by", "trace.agent", "-f", "cost.currency=USD", "--data", record) for columns in (200, 90))
    assert LONG in wide and bar(wide) == 20
    assert LONG not in narrow and bar(narrow) <= 6
    assert "no room here for: " in on_terminal(60, "cost", "--by", "trace.agent", "--data", record)


def test_points_of_amounts_stand_below_each_other(record):
    for command in (["cost", "--by", "trace.agent,cost.currency"], ["stats", "--by", "cost.currency", "--measures", "calls,cost"]):
        lines = run(*command, "--data", record).stdout.splitlines()
        places = {match.start(1) for line in lines[3:] if (match := re.search(r"\$[\d]+(\.)\d", line))}
        assert len(places) == 1, lines
