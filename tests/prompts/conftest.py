import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import Server  # noqa: E402


@pytest.fixture(params=["server", "folder"])
def where(request, tmp_path):
    """The commands, on a server, and on a folder that has none."""
    data = tmp_path / "data"
    with Server(data) as running:
        if request.param == "server":
            yield ("--server", running.url)
            return
    yield ("--data", data)
