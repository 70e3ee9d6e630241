"""What would else be lost unheard: a line on standard error says it, and what to do, once a process."""

import pathlib
import re
import shutil

import pytest
from python_package import SITE

NOBODY = "http://127.0.0.1:1"
CALLS = """
import steno
for _ in range(3):
    with steno.call("openai", "gpt-4o-mini") as call:
        call.output("yes")
"""


@pytest.mark.parametrize("named,start", [("localhost", ""), ("", "steno.start(server='http//127.0.0.1')\n"), ("ftp://here", "")])
def test_an_address_that_is_none(program, named, start):
    done, _ = program(CALLS.replace("import steno\n", "import steno\n" + start) + "\n" + start + "print(steno.status().last_error)",
                      {"STENO_SERVER": named})
    [line] = done.stderr.splitlines()
    assert re.fullmatch(r'steno: nothing is recorded: ".+" is no address of a server; set STENO_SERVER, or `server` where recording is '
                        r"started, to http://HOST:PORT, .+", line), line
    assert done.returncode == 0 and line.removeprefix("steno: nothing is recorded: ") == done.stdout.strip()


def test_a_server_that_is_away_at_the_end(program, tmp_path):
    for how in ("", "steno.stop()"):
        done, _ = program(CALLS + how, {"STENO_SERVER": NOBODY, "STENO_SPOOL": str(tmp_path / "spool" / how)})
        [line] = done.stderr.splitlines()
        [file] = (tmp_path / "spool" / how).glob("*.spool")
        assert line == (f"steno: not delivered: 3 calls kept in {file} for the next program that finds {NOBODY}; cannot connect to "
                        "127.0.0.1:1: Connection refused; start the server (steno serve), or name another one: STENO_SERVER"), line
        assert done.returncode == 0


def test_they_are_delivered_by_the_next_program(program, server):
    done, _ = program(CALLS, {"STENO_SERVER": NOBODY})
    assert done.stderr.startswith("steno: not delivered: 3 calls kept in ")
    done, calls = program(CALLS)
    assert done.stderr == "" and len(calls) == 6


def test_calls_that_find_no_room(program):
    done, _ = program("import steno\nsteno.start(max_spool_bytes=0)\n" + CALLS, {"STENO_SERVER": NOBODY})
    assert re.match(r"steno: not delivered: 3 calls lost; .*\n$", done.stderr) and done.returncode == 0, done.stderr


def test_calls_that_the_server_refuses(program):
    done, calls = program(CALLS + """
steno.call("openai", "m", kind="function", name="f").result("x" * 1_000_000).end()
for how in ("delivered", "refused"):
    call = steno.call("openai", "m", kind="function", name="f")
    for tool in range(20 if how == "refused" else 0):
        call.tool_call("id", "name", {"text": "x" * 1_000_000})
    call.end()
steno.flush()
print(steno.status().rejected, steno.status().spooled)
""")
    assert done.stdout == "1 0\n" and len(calls) == 5
    assert re.match(r"steno: not delivered: 1 call refused by http://[^ ]+; .* at most 16777216 are taken\n$", done.stderr), done.stderr


def test_the_default_address_with_nobody_there_stays_quiet(program):
    # Somebody may be there on the machine of a developer: the network of the program has nobody.
    done, _ = program(CALLS + "steno.flush()\nprint(steno.status().recording)", {"STENO_SERVER": ""}, prefix=["unshare", "-rn"])
    if "unshare" in done.stderr:
        pytest.skip("no network of its own can be had here")
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")


def test_another_file_in_the_place_of_standard_error_stays_as_it_is(program, tmp_path):
    for flags, inheritable in (("0", True), ("os.O_APPEND", False)):
        done, _ = program(CALLS + f"import os\nos.dup2(os.open('data', os.O_WRONLY | os.O_CREAT | {flags}), 2, {inheritable})",
                          {"STENO_SERVER": NOBODY})
        assert done.returncode == 0 and (tmp_path / "data").read_text() == ""
    done, _ = program(CALLS + "import os\nos.dup2(os.open('log', os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)", {"STENO_SERVER": NOBODY})
    assert done.returncode == 0 and done.stderr == "" and (tmp_path / "log").read_text().startswith("steno: not delivered: 3 calls kept in ")


def test_the_library_for_data_folders_is_missing(program, tmp_path):
    shutil.copytree(SITE / "steno", tmp_path / "without/steno", ignore=shutil.ignore_patterns("libsteno_embedded*"))
    done, _ = program(CALLS, {"STENO_DATA": "record", "PYTHONPATH": str(tmp_path / "without")})
    first, last = done.stderr.splitlines()
    assert re.match(r"steno: nothing is recorded so far: calls cannot be written to a data folder: libsteno_embedded\.so\.\S+: .* in the Python "
                    r"package$", first), first
    assert last == "steno: not delivered: 3 calls lost" and done.returncode == 0


def test_nothing_is_said_where_recording_is_off(program):
    done, _ = program(CALLS, {"STENO_SERVER": "localhost", "STENO_TRACKING": "off"})
    assert (done.returncode, done.stderr) == (0, "")


def test_flush_waits_for_nobody_who_is_away(program):
    done, _ = program(CALLS + "print(steno.flush(1_000_000), steno.status().spooled)", {"STENO_SERVER": NOBODY})
    assert done.returncode == 0 and done.stdout == "False 3\n"


def test_a_data_folder_that_cannot_be_written(program, tmp_path):
    pathlib.Path(tmp_path / "file").touch()
    done, _ = program(CALLS, {"STENO_DATA": str(tmp_path / "file" / "record")})
    first, last = done.stderr.splitlines()
    assert first.startswith("steno: nothing is recorded so far: the data folder ") and "file" in first, first
    assert last == "steno: not delivered: 3 calls lost" and done.returncode == 0, last
