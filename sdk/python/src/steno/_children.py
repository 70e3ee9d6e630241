"""Children of multiprocessing end by os._exit, which no atexit function sees: what they have recorded is delivered, or
left in the spool folder, when multiprocessing itself tidies up in them."""

from __future__ import annotations

import contextlib
from multiprocessing import process, util

from . import _core

PATIENCE = 2.0  # seconds, as at the normal end of a program


class _Child:
    """What multiprocessing calls in every child, whatever way it was started, before its own work begins."""

    def begin(self) -> None:
        # The lowest priority: after the child's own finalizers, which may still make calls.
        util.Finalize(None, self.end, exitpriority=-1_000_000)

    def end(self) -> None:
        with contextlib.suppress(Exception):
            _core.stop(PATIENCE)


_child = _Child()
util.register_after_fork(_child, _Child.begin)
if process.parent_process() is not None:  # imported by the child's own work
    _child.begin()
