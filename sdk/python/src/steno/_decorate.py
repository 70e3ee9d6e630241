"""Functions of all kinds, recorded without a change to how they are called."""

from __future__ import annotations

import functools
import inspect
import sys
from types import CoroutineType, coroutine
from typing import Any, AsyncGenerator, Callable, Dict, Generator, Protocol, Tuple, TypeVar, cast

from . import _failure as _failure  # which says what failures mean
from ._core import Call, Tracked

F = TypeVar("F", bound=Callable[..., Any])
Begin = Callable[[Tuple[Any, ...], Dict[str, Any], bool], Any]


def _positional(function: Callable[..., Any]) -> Tuple[Tuple[str, ...], int]:
    """Names of the positional parameters, and how many of the first are the method's own."""
    code = getattr(function, "__code__", None)
    if code is None:
        return (), 0
    names = tuple(code.co_varnames[: code.co_argcount])
    if inspect.ismethod(function):  # bound: that one is not given
        return names[1:], 0
    return names, 1 if names[:1] in (("self",), ("cls",)) else 0


def is_generator_based(function: Callable[..., Any]) -> bool:
    """A coroutine of types.coroutine's: what it yields is its event loop's."""
    code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & inspect.CO_ITERABLE_COROUTINE)


def track(function: F, structured: bool, make: Callable[..., Tracked]) -> F:
    """`function`, recorded as `make(name, parameters=…, skipped=…)` says."""
    if isinstance(function, (staticmethod, classmethod)):
        wrapped = track(function.__func__, structured, make)
        return cast(F, type(function)(wrapped))
    parameters, skipped = _positional(inspect.unwrap(function))
    begin = make(_named(function, "__name__"), parameters=parameters, skipped=skipped).begin
    if inspect.isasyncgenfunction(function):
        wrapper = async_generator(function, _opened(begin))
    elif inspect.iscoroutinefunction(function):
        wrapper = _coroutine(function, begin, structured)
    elif is_generator_based(function):
        wrapper = _generator_based(function, begin, structured)
    elif inspect.isgeneratorfunction(function):
        wrapper = generator(function, _opened(begin))
    else:
        wrapper = _plain(function, begin, structured)
    return wrapped_as(function, wrapper)


def _named(function: Callable[..., Any], what: str) -> str:
    """The `__name__` or `__qualname__` of what is called in the end."""
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, what, type(function).__name__))


def wrapped_as(function: F, wrapper: Callable[..., Any]) -> F:
    """As functools.wraps, also of what has no name of its own: Python's warnings name a coroutine by its function."""
    wrapper = functools.wraps(function)(wrapper)
    if not hasattr(function, "__qualname__"):
        wrapper.__name__, wrapper.__qualname__ = _named(function, "__name__"), _named(function, "__qualname__")
    return cast(F, wrapper)


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
            call._failed(error)
            raise
        if type(result) is CoroutineType:
            call._leave()
            outer: Any = _awaited(call, _Unheard(result), structured)
            outer.__name__, outer.__qualname__ = result.__name__, result.__qualname__
            return outer
        call._done(result, structured)
        return result

    return wrapper


class _Unheard:
    """A coroutine within another: if that is never awaited, Python warns of it, and need not warn of this one too."""

    __slots__ = ("coroutine",)

    def __init__(self, coroutine: CoroutineType[Any, Any, Any]) -> None:
        self.coroutine = coroutine

    def __del__(self, references: Callable[[object], int] = sys.getrefcount) -> None:
        frame = self.coroutine.cr_frame
        # More references would be another's, who may await it.
        if frame is not None and frame.f_lasti < 0 and references(self.coroutine) <= 2:
            self.coroutine.close()


async def _awaited(call: Call, held: _Unheard, structured: bool) -> Any:
    call._enter()
    try:
        result = await held.coroutine
    except BaseException as error:
        call._failed(error)
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
            call._failed(error)
            raise
        call._done(result, structured)
        return result

    return wrapper


def _generator_based(function: Callable[..., Any], begin: Begin, structured: bool) -> Callable[..., Any]:
    @coroutine
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = begin(args, kwargs, True)
        if call is None:
            return (yield from function(*args, **kwargs))
        try:
            result = yield from function(*args, **kwargs)
        except BaseException as error:
            call._failed(error)
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
    def _failed(self, error: BaseException, /) -> object: ...  # ends


A = TypeVar("A", bound=Around)


def _raised(around: Around, error: BaseException, closing: bool) -> None:
    """`closing`: whoever uses it has asked it to end, and that is what it raises."""
    if closing and isinstance(error, GeneratorExit):
        around.cancelled()
        around.end()
    else:
        around._failed(error)


def generator(function: Callable[..., Any], begin: Callable[[Any, Any], A]) -> Callable[..., Any]:
    """The generator function, each step within `begin(args, kwargs)`."""

    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        around = begin(args, kwargs)
        steps, resume, value, closing = None, None, None, False
        while True:
            around._enter()
            try:
                if steps is None or resume is None:
                    steps = function(*args, **kwargs)
                    resume = steps.send
                piece = resume(value)
            except StopIteration as stop:
                if closing:
                    around.cancelled()
                around.end()
                return stop.value
            except BaseException as error:
                value = None  # it may be this one, which knows this frame
                _raised(around, error, closing)
                raise
            around._leave()
            around._piece(piece)
            try:
                value = yield piece
                resume, closing = steps.send, False
            except BaseException as error:
                value, resume, closing = error, steps.throw, isinstance(error, GeneratorExit)

    return wrapper


def async_generator(function: Callable[..., Any], begin: Callable[[Any, Any], A]) -> Callable[..., Any]:
    """The same of an asynchronous one."""

    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        around = begin(args, kwargs)
        steps, resume, value, closing = None, None, None, False
        while True:
            around._enter()
            try:
                if steps is None or resume is None:
                    steps = function(*args, **kwargs)
                    resume = steps.asend
                piece = await resume(value)
            except StopAsyncIteration:
                if closing:
                    around.cancelled()
                around.end()
                return
            except BaseException as error:
                value = None
                _raised(around, error, closing)
                raise
            around._leave()
            around._piece(piece)
            try:
                value = yield piece
                resume, closing = steps.asend, False
            except BaseException as error:
                value, resume, closing = error, steps.athrow, isinstance(error, GeneratorExit)

    return wrapper
