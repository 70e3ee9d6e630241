"""The store is a view of the journal: made anew, it says the same."""

from steno_process import run


def exported(data):
    return run("calls", "export", "--data", data).stdout.splitlines()


def assert_equals_a_rebuild(data):
    """Deletes the store of a folder that nobody uses and has it made anew. Returns the lines of its export."""
    before = exported(data)
    for file in (data / "store").iterdir():
        file.unlink()
    after = exported(data)
    assert sorted(after) == sorted(before), "the store was not what the journal makes"
    return before
