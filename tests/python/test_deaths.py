"""kill -9 of the server, and of the program."""

import os
import pathlib
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
