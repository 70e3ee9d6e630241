"""The program's process: exit, signals, streams, terminal, environment."""

import ctypes
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from steno_process import BINARY


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_exit_codes(run):
    for code in (0, 1, 77, 255):
        assert run("sh", "-c", f"exit {code}", check=False).returncode == code
    assert run("/no/such/program", check=False).returncode == 127
    assert run("/etc/passwd", check=False).returncode == 126
    run.nothing_is_left()


def test_ended_by_a_signal(run):
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGINT):
        assert run("sh", "-c", f"kill -{int(number)} $$", check=False).returncode == -number
    shell = subprocess.run(["sh", "-c", '"$@"; echo "$?"', "sh", *map(str, run.command("sh", "-c", "kill -9 $$"))],
                           capture_output=True, text=True, env=run.environment())
    assert shell.stdout == "137\n"


@pytest.mark.parametrize("number", [n for n in signal.valid_signals()
                                    if n not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE,
                                                 signal.SIGILL, signal.SIGCHLD, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)])
def test_signals_reach_the_program_once(run, tmp_path, number):
    program = f"""
import signal, sys, pathlib, time
got = []
signal.signal({int(number)}, lambda n, frame: got.append(n))
pathlib.Path({str(tmp_path / "ready")!r}).touch()
while not got: time.sleep(0.01)  # not pause(): a signal between the look and the pause would be waited for for ever
print(got)
sys.exit(7)
"""
    process = subprocess.Popen(run.command(sys.executable, "-c", program), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, env=run.environment())
    wait_for((tmp_path / "ready").exists)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert out == f"[{int(number)}]\n" and process.returncode == 7, err
    run.nothing_is_left()


def test_streams_belong_to_the_program(run):
    done = run("sh", "-c", "cat; echo to-stderr >&2", stdin="line 1\nline 2", flags=["--quiet"])
    assert (done.stdout, done.stderr) == ("line 1\nline 2", "to-stderr\n")
    done = run("sh", "-c", "echo out")
    assert done.stdout == "out\n" and done.stderr.startswith("steno: no AI call was seen in ")


def test_what_the_program_inherits(run, tmp_path):
    """The same as without Steno: file mask, ignored and blocked signals, open files, arguments, variables."""
    script = ("umask; grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status; ls /proc/self/fd; cat <&5; "
              "printf '%s|' \"$0\" \"$@\"; env | grep -v -i -E 'proxy|cert|bundle|_url=|_host=|steno|llvm_profile|^_='; pwd")
    command = ["sh", "-c", script, "name", "a b", "", "--json", "--", "*", '["a","b"]', "[]", "run"]
    (tmp_path / "five").write_text("the fifth\n")
    outputs = []
    for arguments in (command, run.command(*command, flags=["--quiet"])):
        outputs.append(subprocess.run(
            ["sh", "-c", f'umask 027; trap "" USR2; exec "$@" 5<{tmp_path}/five', "sh", *map(str, arguments)],
            capture_output=True, text=True, env=run.environment({"MULTI": "two\nlines"})))
    assert outputs[0].stdout == outputs[1].stdout and "the fifth" in outputs[0].stdout
    assert outputs[1].stderr == ""


def test_the_exit_code_stands_whatever_becomes_of_the_summary(run):
    program = list(map(str, run.command("sh", "-c", "exit 3", flags=["--quiet"])))
    program.remove("--quiet")
    for outer in ('"$@" 2>/dev/full', '"$@" <&- >&- 2>&-', '{ "$@"; echo $? >&3; } 2>&1 >&- 3>&4 | :'):
        done = subprocess.run(["bash", "-c", f"exec 4>&1; {outer}", "bash", *program], capture_output=True, text=True,
                              env=run.environment())
        assert (done.stdout.strip() or str(done.returncode)) == "3", outer


def test_the_summary_goes_into_what_is_there(run, tmp_path):
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    target.write_text("of before, and longer than the summary" * 100)
    link.symlink_to(target)
    run.summary_file = link
    run("true")
    assert link.is_symlink() and json.loads(target.read_text())["models"] == []
    run.summary_file = "/dev/null"
    run("true")
    assert pathlib.Path("/dev/null").is_char_device()


def test_no_program_runs_without_a_record(run, tmp_path):
    done = subprocess.run([BINARY, "run", "--server", "http://127.0.0.1:1", "--", "touch", tmp_path / "ran"],
                          capture_output=True, text=True, env=run.environment())
    assert done.returncode not in (0, 126, 127) and "127.0.0.1:1" in done.stderr
    assert not (tmp_path / "ran").exists()


def test_an_ignored_sigpipe_stays_as_it_was(run):
    for setting, expected in (("SIG_DFL", -13), ("SIG_IGN", 0)):
        outer = f"import signal, os, sys; signal.signal(signal.SIGPIPE, signal.{setting}); os.execvp(sys.argv[1], sys.argv[1:])"
        done = subprocess.run([sys.executable, "-c", outer, *map(str, run.command("sh", "-c", "kill -PIPE $$"))],
                              capture_output=True, env=run.environment(), restore_signals=False)
        assert done.returncode == expected, (setting, done.stderr)


def test_a_parent_that_ignores_its_children(run):
    outer = "import signal, os, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execvp(sys.argv[1], sys.argv[1:])"
    script = "grep SigIgn /proc/self/status; exit 4"
    alone, under = (subprocess.run([sys.executable, "-c", outer, *map(str, command)], capture_output=True, text=True,
                                   env=run.environment(), timeout=60)
                    for command in (["sh", "-c", script], run.command("sh", "-c", script)))
    assert alone.stdout == under.stdout and alone.returncode == under.returncode == 4


class Terminal:
    """A shell that controls jobs, on a terminal of its own."""

    def __init__(self, env):
        try:
            self.pid, self.fd = pty.fork()
        except OSError as error:
            pytest.skip(f"no terminal to be had here: {error}")
        if self.pid == 0:
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], {**env, "PS1": "PROMPT> ", "TERM": "dumb"})
        self.seen = ""

    def say(self, line):
        os.write(self.fd, line.encode())

    def wait_for(self, text):
        """What came before it."""
        deadline = time.monotonic() + 60
        while text not in self.seen:
            assert select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0], (text, self.seen)
            self.seen += os.read(self.fd, 65536).decode(errors="replace")
        before, self.seen = self.seen.split(text, 1)
        return before

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def test_the_terminal_belongs_to_the_program(run, tmp_path):
    script = tmp_path / "program.py"
    script.write_text("""
import os, signal, sys, threading
# Python's handlers of signals run between two of its steps, so not while it reads.
signals = [signal.SIGCONT, signal.SIGINT]
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
def tell():
    while signal.sigwait(signals) == signal.SIGCONT: os.write(1, b"CONTI" + b"NUED\\n")
    os.write(1, b"INTER" + b"RUPTED\\n")
    os._exit(5)
threading.Thread(target=tell, daemon=True).start()
print("FORE" + "GROUND", os.tcgetpgrp(0) == os.getpgrp(), sys.stdin.isatty(), flush=True)
while True: print("READ:" + input(), flush=True)
""")
    terminal = Terminal(run.environment())
    try:
        terminal.wait_for("PROMPT> ")
        terminal.say(" ".join(map(str, run.command(sys.executable, script, flags=["--quiet"]))) + "\n")
        terminal.wait_for("FOREGROUND True True")
        terminal.say("typed\n")
        terminal.wait_for("READ:typed")
        for _ in range(20):
            terminal.say("\x1a")  # Ctrl-Z: the shell has its prompt back
            assert terminal.wait_for("PROMPT> ").count("Stopped") == 1
            terminal.say("echo sti''ll-there; fg\n")
            terminal.wait_for("still-there")
            terminal.wait_for("CONTINUED")
            # A second stop would take the terminal away from it.
            terminal.say("typed\n")
            assert "Stopped" not in terminal.wait_for("READ:typed")
        terminal.say("\x03")  # Ctrl-C
        assert "Stopped" not in terminal.wait_for("INTERRUPTED")
        terminal.wait_for("PROMPT> ")
        terminal.say("echo co''de $?\n")
        terminal.wait_for("code 5")
    finally:
        terminal.close()
    run.nothing_is_left()


def test_a_stop_before_the_program_begins(run, tmp_path):
    """Ctrl-Z while Steno gets ready, which is held up here by certificates that nobody writes yet."""
    certificates = tmp_path / "certificates"
    os.mkfifo(certificates)
    writer = -1

    def is_awaited():
        nonlocal writer
        try:
            writer = os.open(certificates, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return False
        return True

    terminal = Terminal(run.environment({"SSL_CERT_FILE": str(certificates)}))
    try:
        terminal.wait_for("PROMPT> ")
        terminal.say(" ".join(map(str, run.command("echo", "be''gun", flags=["--quiet"]))) + "\n")
        wait_for(is_awaited)
        terminal.say("\x1a")
        terminal.wait_for("^Z")
        os.write(writer, b"none\n")
        certificates.unlink()
        os.close(writer)
        terminal.wait_for("Stopped")
        terminal.wait_for("PROMPT> ")
        terminal.say("fg\n")
        terminal.wait_for("begun")
    finally:
        terminal.close()


def test_a_folder_that_cannot_be_used_starts_nothing(run, tmp_path):
    (tmp_path / "file").write_text("")
    done = subprocess.run([BINARY, "run", "--data", tmp_path / "file" / "x", "--", "touch", tmp_path / "started"],
                          capture_output=True, text=True, env=run.environment())
    assert done.returncode != 0 and done.stderr and not (tmp_path / "started").exists()
    busy = subprocess.Popen(run.command("cat"), stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=run.environment())
    wait_for((run.data / "server.json").exists)
    done = run("touch", tmp_path / "started", check=False)
    assert done.returncode == 6 and "another steno run" in done.stderr and not (tmp_path / "started").exists()
    busy.communicate(timeout=60)
    assert busy.returncode == 0 and not (run.data / "server.json").exists()


def test_the_value_of_a_queued_signal(run, tmp_path):
    """Real-time signals queue, and may carry a number."""
    program = f"""
import ctypes, pathlib, signal
wanted = signal.SIGRTMIN + 2
signal.pthread_sigmask(signal.SIG_BLOCK, [wanted])
pathlib.Path({str(tmp_path / "ready")!r}).touch()
values = []
for _ in range(3):
    info = (ctypes.c_int * 32)()
    mask = ctypes.create_string_buffer(128)
    ctypes.CDLL(None).sigemptyset(mask)
    ctypes.CDLL(None).sigaddset(mask, int(wanted))
    ctypes.CDLL(None).sigwaitinfo(mask, info)
    values.append(info[6])  # si_value
print(values)
"""
    process = subprocess.Popen(run.command(sys.executable, "-c", program), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, env=run.environment())
    wait_for((tmp_path / "ready").exists)
    libc = ctypes.CDLL(None)
    for value in (7, 8, 9):
        assert libc.sigqueue(process.pid, int(signal.SIGRTMIN + 2), ctypes.c_void_p(value)) == 0
    out, err = process.communicate(timeout=60)
    assert out == "[7, 8, 9]\n" and process.returncode == 0, err
