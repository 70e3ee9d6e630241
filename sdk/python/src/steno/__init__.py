"""Steno, the flight recorder for AI calls: tracking inside your program. docs/python.md shows how it is used.

Nothing needs to be started: the first tracked call starts recording to the server that STENO_SERVER names, or to
http://127.0.0.1:8787; if that was not named and nobody is there, recording is quietly off.
"""

from __future__ import annotations

import os
from typing import Mapping, NamedTuple, Optional, Union

from . import _children as _children, _core, middleware
from ._calls import ai_call_tracker, call, current_call
from ._context import (
    agent,
    attributes,
    carry,
    context,
    function,
    prompt,
    request,
    session,
    tags,
    traceparent,
    user,
    within,
)
from ._core import Call, Context, PromptError, PromptNotFound, RenderedPrompt
from ._instrument import instrument, uninstrument
from ._prompts import PerformanceMetrics, Prompt, get_performance_summary, get_prompt, log_execution


class Status(NamedTuple):
    """What has become of the calls since the start of this program."""

    recording: bool  # would a call be recorded now
    ended: int  # handed over
    delivered: int  # acknowledged by a server, which has them on its disk
    spooled: int  # written to the spool folder, and perhaps delivered since
    rejected: int  # a server would not have them
    dropped: int  # lost: no room
    waiting_bytes: int
    last_error: str  # in words; empty when there was none since the last success


def start(
    *,
    server: str = "",
    data_folder: Union[str, "os.PathLike[str]"] = "",
    api_key: str = "",
    project: str = "",
    environment: str = "",
    release: str = "",
    log_level: str = "detailed",
    level_by_prompt_type: Optional[Mapping[str, str]] = None,
    max_text_bytes: int = 0,
    interval: float = 0.1,
    max_memory_bytes: int = 64 << 20,
    spool_folder: str = "",
    max_spool_bytes: int = 256 << 20,
    durable: bool = False,
    exit_patience: float = 2.0,
    print_summary: bool = False,
) -> None:
    """Begins recording with these options, or goes on with them. Times are in seconds. What is empty is asked of
    STENO_SERVER, STENO_DATA, STENO_API_KEY, STENO_PROJECT, STENO_ENVIRONMENT, STENO_RELEASE, STENO_SPOOL; STENO_TRACKING wins over
    log_level. A server that is no address turns recording off; `status().last_error` says so, and a line on standard error.

    data_folder: a data folder of Steno's, made if it is missing, that this process writes its calls to itself: no server is
    needed, and "delivered" is what is fsynced there.

    log_level: detailed; summary (of texts the first 300 bytes); metrics-only; off. max_text_bytes: longer prompts and
    answers are cut, with length and SHA-256 kept. durable: a call that has ended is written to the spool folder
    before it returns, and outlives this program, whatever ends it. (It is not synced: a power failure may take the last.
    With data_folder it is in that folder, and fsynced.)
    print_summary: a few lines to standard error at the end of each `steno.request()`, as with STENO_PRINT_SUMMARY=1.
    """
    _core.start(
        server=server,
        data_folder=os.fspath(data_folder),
        api_key=api_key,
        project=project,
        environment=environment,
        release=release,
        log_level=log_level,
        level_by_prompt_type=dict(level_by_prompt_type or {}),
        max_text_bytes=max_text_bytes,
        interval=interval,
        max_memory_bytes=max_memory_bytes,
        spool_folder=spool_folder,
        max_spool_bytes=max_spool_bytes,
        durable=durable,
        exit_patience=exit_patience,
        print_summary=print_summary,
    )


def stop(patience: float = 2.0) -> None:
    """Delivers what there is within so many seconds, and ends recording. The rest stays in the spool folder."""
    _core.stop(patience)


def flush(patience: float = 10.0) -> bool:
    """Waits until everything that ended before is delivered. False: it was not, within so many seconds, or nobody listens
    at the server's address, or it wants another key: it is not lost, but in memory or in the spool folder."""
    return _core.flush(patience)


def status() -> Status:
    return Status(*_core.status())


__all__ = [
    "Call",
    "Context",
    "PerformanceMetrics",
    "Prompt",
    "PromptError",
    "PromptNotFound",
    "RenderedPrompt",
    "Status",
    "agent",
    "ai_call_tracker",
    "attributes",
    "call",
    "carry",
    "context",
    "current_call",
    "flush",
    "function",
    "get_performance_summary",
    "get_prompt",
    "instrument",
    "log_execution",
    "middleware",
    "prompt",
    "request",
    "session",
    "start",
    "status",
    "stop",
    "tags",
    "traceparent",
    "uninstrument",
    "user",
    "within",
]
