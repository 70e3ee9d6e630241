"""What an exception says of a call that failed."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import List, Optional

from ._core import Call, note_failures_with

_BY_STATUS = {
    400: "invalid_request",
    401: "authentication",
    402: "quota",
    403: "permission",
    404: "not_found",
    408: "timeout",
    413: "context_length",
    422: "invalid_request",
    429: "rate_limit",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
_DEEPEST = 50


def kind_of(error: BaseException) -> Optional[str]:
    if isinstance(error, (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit)):
        return "cancelled"
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and not isinstance(status, bool):
        if status in _BY_STATUS:
            return _BY_STATUS[status]
        if 500 <= status <= 599:
            return "server"
    name = type(error).__name__
    if isinstance(error, (TimeoutError, asyncio.TimeoutError)) or "Timeout" in name:
        return "timeout"
    if isinstance(error, ConnectionError) or "ConnectError" in name or "ConnectionError" in name:
        return "connection"
    return None


def words_of(error: BaseException) -> str:
    name = type(error).__name__
    try:
        said = str(error)
        return f"{name}: {said}" if said else name
    except Exception:
        return name


def _stack(traceback: Optional[TracebackType]) -> str:
    # The places alone: source lines would have to be read from files.
    lines: List[str] = []
    while traceback is not None and len(lines) < _DEEPEST:
        code = traceback.tb_frame.f_code
        if not code.co_filename.startswith(_HERE):
            lines.append(f'File "{code.co_filename}", line {traceback.tb_lineno}, in {code.co_name}')
        traceback = traceback.tb_next
    return "\n".join(lines)


_HERE = __file__.rpartition("/")[0] + "/"


def note(call: Call, error: BaseException) -> None:
    """Notes the exception. Whatever its class does when it is looked at, nothing is raised."""
    name, words = type(error).__name__, words_of(error)
    try:
        why = kind_of(error)
    except Exception:
        why = None
    try:
        call.fail(words, why, name, _stack(error.__traceback__))
    except Exception:
        call.fail(name)


note_failures_with(note)
