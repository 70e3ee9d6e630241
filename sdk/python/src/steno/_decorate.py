"""Functions of all kinds, recorded without a change to how they are called."""

from __future__ import annotations

import functools
import inspect
from types import CoroutineType
from typing import Any, AsyncGenerator, Callable, Dict, Generator, Protocol, Tuple, TypeVar, cast

from . import _failure
from ._core import Call, Tracked

F = TypeVar("F", bound=Callable[..., Any])
Begin = Callable[[Tuple[Any, ...], Dict[str, Any], bool], Any]


def _positional(function: Callable[..., Any]) -> Tuple[Tuple[str, ...], int]:
    """Names of the positional parameters, and how many of the first are the method's own."""
    code = getattr(function, "__code__", None)
    if code is None:
        return (), 0
    names = tuple(code.co_varnames[: code.co_argcount])
    return names, 1 if names[:1] in (("self",), ("cls",)) else 0


def track(function: F, structured: bool, make: Callable[..., Tracked]) -> F:
    """`function`, recorded as `make(name, parameters=…, skipped=…)` says."""
    if isinstance(function, (staticmethod, classmethod)):
        wrapped = track(function.__func__, structured, make)
        return cast(F, type(function)(wrapped))
    parameters, skipped = _positional(inspect.unwrap(function))
    begin = make(getattr(function, "__name__", type(function).__name__), parameters=parameters, skipped=skipped).begin
    if inspect.isasyncgenfunction(function):
        wrapper = async_generator(function, _opened(begin), _failure.note)
    elif inspect.iscoroutinefunction(function):
        wrapper = _coroutine(function, begin, structured)
    elif inspect.isgeneratorfunction(function):
        wrapper = generator(function, _opened(begin), _failure.note)
    else:
        wrapper = _plain(function, begin, structured)
    return cast(F, functools.wraps(function)(wrapper))


def _opened(begin: Begin) -> Callable[[Any, Any], Call]:
    """The call of a generator, not current yet."""
    return lambda args, kwargs: begin(args, kwargs, False) or Call("span", "").level("off")


def _plain(function: Callable[..., Any], begin: Begin, structured: bool) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = begin(args, kwargs, True)
        if call is None:
            return function(*args, **kwargs)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            _failure.note(call, error)
            call.end()
            raise
        if type(result) is CoroutineType:
            call._leave()
            return _awaited(call, result, structured)
        call._done(result, structured)
        return result

    return wrapper


async def _awaited(call: Call, coroutine: Any, structured: bool) -> Any:
    call._enter()
    try:
        result = await coroutine
    except BaseException as error:
        _failure.note(call, error)
        call.end()
        raise
    call._done(result, structured)
    return result


def _coroutine(function: Callable[..., Any], begin: Begin, structured: bool) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = begin(args, kwargs, True)
        if call is None:
            return await function(*args, **kwargs)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            _failure.note(call, error)
            call.end()
            raise
        call._done(result, structured)
        return result

    return wrapper


# A generator's own code runs within the call; what its user does between two pieces does not. A decorated one does nothing
# before it is asked for its first piece, as all generators; wrong arguments are found out then, too.


class Around(Protocol):
    """What is done around the steps of a generator."""

    def _enter(self) -> object: ...
    def _leave(self) -> object: ...
    def _piece(self, piece: object, /) -> object: ...
    def cancelled(self) -> object: ...
    def end(self) -> object: ...  # leaves, too


A = TypeVar("A", bound=Around)


def generator(
    function: Callable[..., Any], begin: Callable[[Any, Any], A], note: Callable[[A, BaseException], None]
) -> Callable[..., Any]:
    """The generator function, each step within `begin(args, kwargs)`; `note` is told what it raises."""

    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        around = begin(args, kwargs)
        steps = function(*args, **kwargs)
        resume, value = steps.send, None
        while True:
            around._enter()
            try:
                piece = resume(value)
            except StopIteration as stop:
                around.end()
                return stop.value
            except BaseException as error:
                note(around, error)
                around.end()
                raise
            around._leave()
            around._piece(piece)
            try:
                value = yield piece
                resume = steps.send
            except GeneratorExit:
                around.cancelled()
                around._enter()
                try:
                    steps.close()
                finally:
                    around.end()
                raise
            except BaseException as error:
                value, resume = error, steps.throw

    return wrapper


def async_generator(
    function: Callable[..., Any], begin: Callable[[Any, Any], A], note: Callable[[A, BaseException], None]
) -> Callable[..., Any]:
    """The same of an asynchronous one."""

    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        around = begin(args, kwargs)
        steps = function(*args, **kwargs)
        resume, value = steps.asend, None
        while True:
            around._enter()
            try:
                piece = await resume(value)
            except StopAsyncIteration:
                around.end()
                return
            except BaseException as error:
                note(around, error)
                around.end()
                raise
            around._leave()
            around._piece(piece)
            try:
                value = yield piece
                resume = steps.asend
            except GeneratorExit:
                around.cancelled()
                around._enter()
                try:
                    await steps.aclose()
                finally:
                    around.end()
                raise
            except BaseException as error:
                value, resume = error, steps.athrow

    return wrapper
