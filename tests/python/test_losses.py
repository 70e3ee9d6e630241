"""What would else be lost unheard: a line on standard error says it, and what to do, once a process."""

import contextlib
import http.server
import json
import pathlib
import re
import shutil
import threading

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
        assert line == (f"steno: not delivered: 3 calls kept in {file} for the next program that finds a server; cannot connect to "
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
    assert done.stdout in ("1 0\n", "1 1\n") and len(calls) == 5  # a slow server lets it wait in the spool first
    assert re.match(r"steno: not delivered: 1 call refused by http://[^ ]+; .* at most 16777216 are taken; .*\n$", done.stderr), done.stderr


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
    # A run under a sanitizer names the folder of the library; here it shall not be found.
    done, _ = program(CALLS, {"STENO_DATA": "record", "PYTHONPATH": str(tmp_path / "without"), "LD_LIBRARY_PATH": ""})
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


@contextlib.contextmanager
def answering(status, detail):
    """A server that answers every delivery so: its address."""
    body = json.dumps({"detail": detail}).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as there:
        threading.Thread(target=there.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{there.server_port}"
        there.shutdown()


def test_what_a_server_says_is_cut_and_steers_no_terminal(program):
    with answering(400, "no\x1b[2J\r\nsteno: all is well\x9b" + "x" * 500_000) as url:
        done, _ = program(CALLS + "steno.flush()\nprint(len(steno.status().last_error), '\\x1b' in steno.status().last_error)",
                          {"STENO_SERVER": url})
    [line] = done.stderr.removesuffix("\n").split("\n")
    assert line.startswith(f"steno: not delivered: 3 calls refused by {url}; {url} answered 400: no?[2J??steno: all is well?xxx"), line[:300]
    assert len(line) < 1200 and line.isprintable() and done.returncode == 0
    length, steers = done.stdout.split()
    assert int(length) < 1100 and steers == "False"


def test_a_standard_error_that_nobody_reads_is_not_waited_for(program):
    for free in (0, 100, 4096):  # bytes that it can still take
        with answering(400, "x" * 500_000) as url:
            done, _ = program(CALLS + f"""
import fcntl, os
reading, writing = os.pipe()
filled = fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ) - {free}
os.write(writing, b"x" * filled)
os.dup2(writing, 2)
""", {"STENO_SERVER": url})
        assert done.returncode == 0


def test_it_is_said_where_standard_error_was_led_into_a_pipe_or_a_pair(program):
    for made, read in (("os.pipe()", "os.read(ours, 9999)"), ("[end.detach() for end in socket.socketpair()]", "os.read(ours, 9999)")):
        done, _ = program(CALLS + f"import os, socket\nours, theirs = {made}\nos.dup2(theirs, 2)\nsteno.stop()\nprint({read}.decode())",
                          {"STENO_SERVER": NOBODY})
        assert re.match(r"steno: not delivered: \d+ calls kept in ", done.stdout) and done.stderr == "" and done.returncode == 0


def test_a_child_says_what_it_loses(program):
    done, _ = program("""
import os, steno
steno.start(max_spool_bytes=0)
steno.call("openai", "m").end()
steno.stop()
child = os.fork()
steno.start(max_spool_bytes=0)
for _ in range(1 if child else 2):
    steno.call("openai", "m").end()
steno.stop()
os._exit(os.waitpid(child, 0)[1] if child else 0)
""", {"STENO_SERVER": NOBODY})
    said = [line.split(";")[0] for line in done.stderr.splitlines()]
    assert said == ["steno: not delivered: 1 call lost", "steno: not delivered: 2 calls lost"] and done.returncode == 0


@pytest.mark.parametrize("how", ["environment", "option"])
def test_a_password_in_the_address_is_shown_nowhere(program, how):
    address = "http://ada:s3cr3t@127.0.0.1:8787"
    start = f"steno.start(server={address!r})\n" if how == "option" else ""
    done, _ = program(CALLS.replace("import steno\n", "import steno\n" + start) + "print(steno.status())",
                      {"STENO_SERVER": address if how == "environment" else "", "STENO_PRINT_SUMMARY": "1"})
    assert done.stderr.startswith('steno: nothing is recorded: "http://***@127.0.0.1:8787" is no address of a server; ')
    assert "s3cr3t" not in done.stderr + done.stdout and "http://***@" in done.stdout and done.returncode == 0


def test_a_folder_that_cannot_be_written_for_a_while(program):
    done, _ = program("""
import resource, steno

def limit_of_files(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

def ask(times):
    for _ in range(times):
        steno.call("openai", "gpt-4o-mini").end()

ask(2)
assert steno.flush()
limit_of_files(0)
ask(1)
assert not steno.flush(0.5)
limit_of_files(resource.RLIM_INFINITY)
assert steno.flush()
limit_of_files(0)
ask(3)
""", {"STENO_DATA": "record"})
    first, last = done.stderr.splitlines()
    # Why it is so at the end is told, though that was said before of calls that are recorded since.
    assert first.startswith("steno: not all is recorded so far: ") and first.endswith("File too large"), first
    assert last.startswith("steno: not delivered: 3 calls lost; ") and last.endswith("File too large"), last
    assert done.returncode == 0
