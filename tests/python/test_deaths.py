"""kill -9 of the server, and of the program."""

import os
import pathlib
import subprocess
import sys

from deaths import death_of_the_program, death_of_the_server
from python_package import SITE

COMMAND = [sys.executable, pathlib.Path(__file__).parent / "recording.py"]
ENV = {"PYTHONPATH": str(SITE), "PYTHONDONTWRITEBYTECODE": "1",
       **{name: value for name, value in os.environ.items() if name == "LD_PRELOAD"}}  # a sanitizer's runtime


def test_what_the_sdk_accepted_survives_the_death_of_the_server(tmp_path):
    death_of_the_server(COMMAND, tmp_path, env=ENV)


def test_durable_calls_survive_the_death_of_the_program(tmp_path):
    death_of_the_program(COMMAND, tmp_path, env=ENV)


def test_daemon_threads_in_the_middle_of_a_write_do_not_harm_the_end(tmp_path):
    program = """
import threading, time, steno
steno.start(data_folder="record", durable=True)
written = threading.Event()
def work():
    while True:
        steno.call("openai", "m").output("x" * 1000).end()
        written.set()
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
written.wait()
"""
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env={**os.environ, **ENV}, capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
