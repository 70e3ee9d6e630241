"""Whose calls these are: requests, sessions, agents, functions, prompts. Each is a context manager and a decorator."""

from __future__ import annotations

import contextvars
import functools
import inspect
import types
from types import TracebackType
from typing import Any, Callable, Dict, Mapping, Optional, Tuple, Type, TypeVar, cast

from . import _core, _decorate
from ._scope import Scope

F = TypeVar("F", bound=Callable[..., Any])


# What is entered here and not left: (by whom, what). A task has what was entered around it, and its own.
_here: contextvars.ContextVar[Tuple[Tuple[_Entered, Any], ...]] = contextvars.ContextVar("steno_entered", default=())


class _Entered:
    """What one object has entered. Tasks that share the object leave what they entered themselves."""

    def __init__(self) -> None:
        self._items: Dict[int, Any] = {}

    def push(self, item: Any) -> None:
        self._items[id(item)] = item
        _here.set((*_here.get(), (self, item)))

    def pop(self) -> Any:
        """The latest of this task's; if it has none, as where a framework leaves in another context, the latest of all."""
        here = _here.get()
        for at in reversed(range(len(here))):
            owner, item = here[at]
            if owner is self and self._items.pop(id(item), None) is not None:
                _here.set(here[:at] + here[at + 1 :])
                return item
        try:
            return self._items.popitem()[1]
        except KeyError:
            return None


class scope(Scope[_core.Context]):
    """Says something of all calls within. `with` gives the context; a function decorated with it runs within it."""

    def __init__(
        self, change: Callable[[_core.Context], _core.Context], left: Optional[Callable[[_core.Context], None]] = None
    ) -> None:
        """`left`: is told of the context when it is over."""
        self._change, self._left = change, left
        self._entered = _Entered()

    def __enter__(self) -> _core.Context:
        context = self._change(_core.current_context())
        self._entered.push((context, _core.enter(context)))
        return context

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        entered = self._entered.pop()
        if entered is not None:
            _core.leave(entered[1])
            if self._left is not None:
                self._left(entered[0])

    def __call__(self, function: F) -> F:
        change, left = self._change, self._left
        wrapper: Callable[..., Any]
        if inspect.isasyncgenfunction(function):
            wrapper = _decorate.async_generator(function, self._around)
        elif _decorate.is_generator_based(function):

            @types.coroutine
            def generator_based(*args: Any, **kwargs: Any) -> Any:
                with scope(change, left):
                    return (yield from function(*args, **kwargs))

            wrapper = generator_based
        elif inspect.isgeneratorfunction(function):
            wrapper = _decorate.generator(function, self._around)
        elif inspect.iscoroutinefunction(function):

            async def coroutine(*args: Any, **kwargs: Any) -> Any:
                with scope(change, left):
                    return await function(*args, **kwargs)

            wrapper = coroutine
        else:

            def plain(*args: Any, **kwargs: Any) -> Any:
                with scope(change, left):
                    return function(*args, **kwargs)

            wrapper = plain
        return _decorate.wrapped_as(function, wrapper)

    def _around(self, args: object, kwargs: object) -> _Around:
        return _Around(self._change(_core.current_context()), self._left)


class _Around:
    """The context around the steps of a generator."""

    def __init__(self, context: _core.Context, left: Optional[Callable[[_core.Context], None]]) -> None:
        self._context, self._left = context, left

    def _enter(self) -> None:
        self._token = _core.enter(self._context)

    def _leave(self) -> None:
        _core.leave(self._token)

    def _piece(self, piece: object) -> None:
        pass

    def cancelled(self) -> None:
        pass

    def _failed(self, error: BaseException) -> None:
        self.end()

    def end(self) -> None:
        self._leave()
        if self._left is not None:
            self._left(self._context)


def request(id: str = "", *, user: str = "", traceparent: str = "") -> scope:
    """One request of your program's users: calls within carry its id (a new one, if none is given) and are numbered.
    `traceparent`: the header that came with it, whose trace it goes on with; else it begins one. At its end a summary, if
    `steno.start(print_summary=True)` or STENO_PRINT_SUMMARY=1 wants it."""

    def change(context: _core.Context) -> _core.Context:
        context = context.with_request(id)
        context = context.with_user(user) if user else context
        return context.with_traceparent(traceparent) if traceparent else context

    return scope(change, _core.end_request)


def session(id: str, *, user: str = "") -> scope:
    """A conversation, or whatever else many requests belong to."""
    return scope(lambda context: context.with_session(id).with_user(user) if user else context.with_session(id))


def user(id: str) -> scope:
    return scope(lambda context: context.with_user(id))


def tags(*names: str) -> scope:
    return scope(lambda context: functools.reduce(_core.Context.with_tag, names, context))


def attributes(**values: object) -> scope:
    """Names and values that calls are found by."""

    def change(context: _core.Context) -> _core.Context:
        for name, value in values.items():
            context = context.with_attribute(name, value)
        return context

    return scope(change)


def prompt(
    type: str = "", *, name: str = "", version: str = "", text: str = "", variables: Optional[Mapping[str, object]] = None
) -> scope:
    """The prompt that calls within use. Placeholders of `text` ({name}, {{name}}, ${name}) without a variable, or with None
    for one, are recorded as missing."""
    given: Dict[str, Any] = dict(variables or {})
    return scope(lambda context: context.with_prompt(type, name, version, text, given))


def context() -> _core.Context:
    """The one that calls begin in here; `with steno.within(context):` elsewhere."""
    return _core.current_context()


def within(context: _core.Context) -> scope:
    """That context and nothing of the current one: for threads that others started, queues, callbacks."""
    return scope(lambda _: context)


def carry(function: F) -> F:
    """`function` with the current context of all contextvars, to be called by another thread."""
    variables = contextvars.copy_context()
    # A context can be entered by one at a time: each call has a copy of its own.
    return cast(F, functools.wraps(function)(lambda *args, **kwargs: variables.copy().run(function, *args, **kwargs)))


def traceparent() -> str:
    """The W3C header for the next service, naming the innermost call that is open here; empty outside of a request."""
    return _core.current_context().traceparent()


class _timed(Scope[_core.Call]):
    """An agent or a function: a call of its own, and the parent of calls within."""

    def __init__(self, kind: str, name: str, operation: str) -> None:
        self._kind, self._name, self._operation = kind, name, operation
        self._tracked = self._make(name)
        self._entered = _Entered()

    def _make(self, _: str, **more: Any) -> _core.Tracked:
        return _core.Tracked(self._kind, self._name, operation=self._operation, **more)

    def __enter__(self) -> _core.Call:
        call = self._tracked.begin((), {}, True)
        if call is None:
            call = _core.Call(self._kind, self._name).level("off")
        self._entered.push(call)
        return call

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        call = self._entered.pop()
        if call is None:
            return
        call.end() if error is None else call._failed(error)

    def __call__(self, function: F) -> F:
        return _decorate.track(function, False, self._make)


class agent(_timed):
    """`with steno.agent("calendar"):` or `@steno.agent("calendar")`."""

    def __init__(self, name: str) -> None:
        super().__init__("agent", str(name), "")


class function(_timed):
    """`with steno.function("taskOperations", operation="create"):`, or the same as a decorator."""

    def __init__(self, name: str, operation: str = "") -> None:
        super().__init__("function", str(name), str(operation))
