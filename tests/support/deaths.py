"""kill -9 of the server, and of the program, while a program records calls with an SDK; whatever its language.

`command` starts a program of one that takes COUNT and perhaps "durable", records so many calls from several threads, the
input tokens of each being its number, and prints the id of each once it has ended, that is, once the SDK has it; then
"all". It waits for a line on its standard input, delivers the rest, and ends with 0 if all is delivered.
"""

import os
import subprocess

from steno_process import NO_KEYS, Server

ROUNDS = int(os.environ.get("STENO_KILL_ROUNDS", "6"))
NOBODY = "http://127.0.0.1:1"


class Recording:
    def __init__(self, command, count, *how, server, spool, env):
        self.process = subprocess.Popen([*map(str, command), str(count), *how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**NO_KEYS, **env, "STENO_SERVER": server, "STENO_SPOOL": str(spool)})

    def some(self, count):
        return [self.process.stdout.readline().strip() for _ in range(count)]

    def the_rest(self):
        ids = []
        for line in self.process.stdout:
            if line.strip() == "all":
                return ids
            ids.append(line.strip())
        raise AssertionError("the program ended before it had recorded all")

    def end(self):
        said = self.process.communicate("end\n", timeout=600)[0]
        assert self.process.returncode == 0, said

    def kill(self):
        """The ids that it had printed, but for a line that was cut."""
        self.process.kill()
        return [line for line in self.process.communicate()[0].splitlines() if len(line) == 36]


def recorded(server):
    """id → input tokens of all calls, each of which is there once."""
    server.wait_until_fed()
    calls = server.calls()
    assert len({call["id"] for call in calls}) == len(calls)
    return {call["id"]: call["usage"]["input_tokens"] for call in calls}


def death_of_the_server(command, folder, each=2000, env={}):
    """Nothing that the SDK accepted is lost or twice there."""
    count, ids, program, listen = each * (ROUNDS + 1), [], None, "127.0.0.1:0"
    for _ in range(ROUNDS):
        with Server(folder / "record", listen=listen) as server:
            listen = server.url.removeprefix("http://")  # the same one from now on
            program = program or Recording(command, count, server=server.url, spool=folder / "spool", env=env)
            ids += program.some(each)
            server.kill()
    ids += program.the_rest()
    with Server(folder / "record", listen=listen) as server:
        program.end()
        calls = recorded(server)
    assert set(calls) == set(ids) and len(ids) == count
    assert sorted(calls.values()) == list(range(count))
    print(f"\n{ROUNDS} deaths of the server: {count} calls accepted, each on the record once")


def death_of_the_program(command, folder, each=200, env={}):
    """With `durable` a call that has ended is not lost; in every other round a server is there, and takes calls meanwhile."""
    ids = set()
    with Server(folder / "record") as server:
        for number in range(ROUNDS):
            program = Recording(command, 1_000_000, "durable", server=server.url if number % 2 else NOBODY, spool=folder / "spool", env=env)
            ids |= set(program.some(each))
            ids |= set(program.kill())
        # Whichever program uses the folder next delivers what the dead have left.
        program = Recording(command, 1, server=server.url, spool=folder / "spool", env=env)
        ids |= set(program.the_rest())
        program.end()
        calls = recorded(server)
    assert not ids - set(calls)
    assert not [path for path in (folder / "spool").iterdir() if path.suffix == ".broken"]
    print(f"\n{ROUNDS} deaths of the program: {len(ids)} calls had ended, none lost; {len(calls)} on the record")
