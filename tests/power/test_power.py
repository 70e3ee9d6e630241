"""Loss of power under load: the disk as it is at a random moment is copied, mounted elsewhere, recovered, and compared
with what clients had been answered until then.

What must hold. Always: the journal is intact, every call is there once, feedback that was acknowledged is there.
gateway.durability = "strict": every call whose answer had arrived whole is there. By default an answer may be lost whose
record's fsync had not ended: it begins at most 10 ms after the record was written, and takes as long as the disk takes.
The longest time that any lost answer had been with its client is printed; on a disk whose fsync takes f it should be
about 10 ms + 2 f (its record may have come just after a running fsync began)."""

import json
import os
import pathlib
import random
import re
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from disks import PowerStrip, reason_to_skip  # noqa: E402
from load import LoadGroup  # noqa: E402
from rebuild import assert_equals_a_rebuild  # noqa: E402
from steno_process import Server, Simulator, run  # noqa: E402

ROUNDS = int(os.environ.get("STENO_POWER_ROUNDS", "6"))  # cuts, for each of the two modes
CUTS_A_LIFE = 6
SEED = int(os.environ.get("STENO_POWER_SEED", "0")) or random.SystemRandom().getrandbits(32)


@pytest.fixture(scope="module")
def strip():
    if reason := reason_to_skip():
        pytest.skip(reason)
    made = PowerStrip()
    yield made
    made.close()


def recovered(data):
    """Everything that is on the record after recovery: call id -> call; verified before and after, and the same after the
    store was made anew."""
    before = json.loads(run("verify", "--data", data, "--json").stdout)  # raises if it is not intact
    assert before["intact"], before
    lines = assert_equals_a_rebuild(data)
    after = json.loads(run("verify", "--data", data, "--json").stdout)
    assert after["intact"], after
    calls = [json.loads(line) for line in lines]
    by_id = {call["id"]: call for call in calls}
    assert len(by_id) == len(calls), "a call is on the record twice"
    return by_id


def check_cut(strip, image, answered, ok, said, began, strict):
    """Returns (answers lost, seconds that the oldest of them had been with its client)."""
    with strip.mount(image) as folder:
        there = recovered(folder / "data")
    image.unlink()
    ended = {i for i, call in there.items() if call["status"] != "interrupted"}
    lost = {i: began - at for i, at in answered.items() if at < began and i not in ended}
    assert not (strict and lost), f"{len(lost)} answered calls are lost: {lost}"
    wrong = {i: there[i]["status"] for i in ok if i in ended and there[i]["status"] != "success"}
    assert not wrong, f"answered, but recorded as {wrong}"
    unsaid = [i for i, at in said.items()
              if at < began and i in there and there[i].get("feedback", {}).get("verdict") != "accepted"]
    assert not unsaid, f"{len(unsaid)} acknowledged feedbacks are lost"
    assert all(i in there for i, at in said.items() if at < began), "calls with acknowledged feedback are lost"
    return len(lost), max(lost.values(), default=0.0)


@pytest.mark.parametrize("durability", ["strict", "normal"])
def test_what_was_answered_survives_the_loss_of_power(strip, durability):
    chance = random.Random(f"{SEED}-{durability}")
    cuts = compared = lost = lives = 0
    oldest, longest_sync = [], 0.0
    while cuts < ROUNDS:
        image = strip.new_disk()
        disk = strip.mount(image)
        with Simulator() as simulator:
            # Small segments: cuts fall into the turns of segments, too.
            server = Server(disk.folder / "data", *simulator.upstreams(), env={
                "STENO_GATEWAY_DURABILITY": durability, "STENO_JOURNAL_SEGMENT_BYTES": "262144"})
            load = LoadGroup(server.url)
            lives += 1
            pending = []
            while len(pending) < CUTS_A_LIFE and cuts + len(pending) < ROUNDS:
                load.wait_for(len(load.answered()) + chance.randrange(1, 40))
                time.sleep(chance.random() * 0.05)  # only decides where in the work the cut falls
                answered, ok, said, began = load.answered(), load.ok(), load.said(), time.monotonic()
                pending.append((strip.cut(image), answered, ok, said, began))
            load.stop()
            metrics = server.get("/metrics")[2].decode()
            found = re.search(r"^steno_journal_longest_sync_seconds (\S+)$", metrics, re.MULTILINE)
            longest_sync = max(longest_sync, float(found.group(1)))
            server.kill()
        disk.close()
        image.unlink()
        for cut in pending:
            count, age = check_cut(strip, *cut, durability == "strict")
            cuts += 1
            compared += len(cut[1])
            lost += count
            oldest.append(age)
    print(f"\npower lost {cuts} times in {lives} lives of a server ({durability}, seed {SEED}): {compared} answers compared, "
          f"{lost} lost in {sum(1 for age in oldest if age > 0)} cuts; oldest lost answer {max(oldest) * 1000:.1f} ms, longest fsync "
          f"{longest_sync * 1000:.1f} ms")
