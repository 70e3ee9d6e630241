"""Functions of all kinds, recorded without a change to how they are called."""

from __future__ import annotations

import functools
import inspect
from types import CoroutineType
from typing import Any, AsyncGenerator, Callable, Dict, Generator, Tuple, TypeVar, cast

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
        wrapper = _async_generator(function, begin)
    elif inspect.iscoroutinefunction(function):
        wrapper = _coroutine(function, begin, structured)
    elif inspect.isgeneratorfunction(function):
        wrapper = _generator(function, begin)
    else:
        wrapper = _plain(function, begin, structured)
    return cast(F, functools.wraps(function)(wrapper))


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


# A generator's own code runs within the call; what its user does between two pieces does not.


def _generator(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        call = begin(args, kwargs, False)
        if call is None:
            return (yield from function(*args, **kwargs))
        generator = function(*args, **kwargs)
        resume, value = generator.send, None
        while True:
            call._enter()
            try:
                piece = resume(value)
            except StopIteration as stop:
                call.end()
                return stop.value
            except BaseException as error:
                _close(call, error)
                raise
            call._leave()
            call._piece(piece)
            try:
                value = yield piece
                resume = generator.send
            except GeneratorExit:
                call.cancelled()
                call._enter()
                try:
                    generator.close()
                finally:
                    call.end()
                raise
            except BaseException as error:
                value, resume = error, generator.throw

    return wrapper


def _async_generator(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        call = begin(args, kwargs, False)
        generator = function(*args, **kwargs)
        if call is None:
            call = Call("span", "")
            call.level("off")
        resume, value = generator.asend, None
        while True:
            call._enter()
            try:
                piece = await resume(value)
            except StopAsyncIteration:
                call.end()
                return
            except BaseException as error:
                _close(call, error)
                raise
            call._leave()
            call._piece(piece)
            try:
                value = yield piece
                resume = generator.asend
            except GeneratorExit:
                call.cancelled()
                call._enter()
                try:
                    await generator.aclose()
                finally:
                    call.end()
                raise
            except BaseException as error:
                value, resume = error, generator.athrow

    return wrapper


def _close(call: Call, error: BaseException) -> None:
    _failure.note(call, error)
    call.end()
