"""What `with` and `async with` enter alike."""

from __future__ import annotations

from types import TracebackType
from typing import Generic, Optional, Type, TypeVar

T = TypeVar("T")


class Scope(Generic[T]):
    __slots__ = ()

    def __enter__(self) -> T:
        raise NotImplementedError

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> T:
        return self.__enter__()

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.__exit__(kind, error, traceback)
