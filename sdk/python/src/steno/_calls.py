"""The decorator, and the scope for instrumenting by hand."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Callable, Mapping, Optional, Sequence, Type, TypeVar, overload

from . import _core, _decorate
from ._scope import Scope

F = TypeVar("F", bound=Callable[..., Any])


def _kind(input_type: str, output_type: str) -> str:
    by_output = {"image": "image", "audio": "speech", "video": "video", "embedding": "embedding"}
    if output_type in by_output:
        return by_output[output_type]
    return {"audio": "transcription", "image": "vision", "video": "vision"}.get(input_type, "chat")


@overload
def ai_call_tracker(function: F, /) -> F: ...


@overload
def ai_call_tracker(
    *,
    provider: str = ...,
    model: str = ...,
    kind: str = ...,
    name: str = ...,
    input_type: str = ...,
    output_type: str = ...,
    log_level: str = ...,
    session_id: str = ...,
    user_id: str = ...,
    tags: Sequence[str] = ...,
    custom_metadata: Optional[Mapping[str, object]] = ...,
) -> Callable[[F], F]: ...


def ai_call_tracker(
    function: Optional[Callable[..., Any]] = None,
    /,
    *,
    provider: str = "",
    model: str = "",
    kind: str = "",
    name: str = "",
    input_type: str = "",
    output_type: str = "",
    log_level: str = "detailed",
    session_id: str = "",
    user_id: str = "",
    tags: Sequence[str] = (),
    custom_metadata: Optional[Mapping[str, object]] = None,
) -> Any:
    """Records each call of a function that asks a model. Functions, methods, coroutines and generators of both kinds
    stay what they are; what they raise is recorded and raised.

    Of the arguments, texts are recorded as what the user says, `messages`, `system` and `model` as what they are called,
    all others as parameters; the result as the answer. `kind` is one of the record's ("chat", "embedding", …) and follows
    from the types if it is not given.
    """

    def make(function_name: str, **more: Any) -> _core.Tracked:
        return _core.Tracked(
            kind or _kind(input_type, output_type),
            name or function_name,
            provider=provider,
            model=model,
            input_type=input_type,
            output_type=output_type,
            log_level=log_level,
            session=session_id,
            user=user_id,
            tags=tuple(tags),
            metadata=dict(custom_metadata) if custom_metadata is not None else None,
            **more,
        )

    def decorate(decorated: F) -> F:
        return _decorate.track(decorated, output_type == "structured_data", make)

    return decorate if function is None else decorate(function)


class call(_core.Call, Scope["call"]):
    """A call that is recorded by hand, and the parent of calls within.

        with steno.call("openai", "gpt-4o-mini") as call:
            call.message("user", prompt)
            answer = ask(prompt)
            call.output(answer).usage(input_tokens=12, output_tokens=34)

    Without `with`, it ends with `end()`.
    """

    __slots__ = ()

    def __new__(cls, provider: str = "", model: str = "", *, kind: str = "chat", name: str = "") -> call:
        self = super().__new__(cls, kind, name or model)
        if provider:
            self.provider(provider)
        if model:
            self.model(model)
        return self

    def __enter__(self) -> call:
        return self._enter()

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.end() if error is None else self._failed(error)


def current_call() -> _core.Call:
    """The innermost tracked call that is open here, to say more of it; outside of any, one that is not recorded."""
    return _core.current_call() or _core.Call("span", "").level("off")
