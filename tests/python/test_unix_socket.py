"""Delivery to a server by its Unix socket."""

import steno
from steno_process import Server


def test_calls_arrive(tmp_path):
    socket = tmp_path / "s"
    with Server(tmp_path / "record", "--socket", socket) as server:
        steno.start(server=f"unix:{socket}", spool_folder=str(tmp_path / "spool"), interval=0.005)
        with steno.call("openai", "gpt-4o-mini") as call:
            call.message("user", "by the socket").output("yes")
        assert steno.flush(30), steno.status()
        [row] = server.calls()
        assert server.call(row["id"])["request"]["messages"][0]["parts"][0]["text"] == "by the socket"
        steno.stop()
