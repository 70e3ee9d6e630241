"""Requests to Steno's own gateway, which records them, and is told whose they are."""

from __future__ import annotations

import functools
import urllib.parse
from typing import Any, Iterable, List, Optional, Tuple, Union

from . import _core


def _lower(name: Union[str, bytes]) -> str:
    return (name.decode("latin-1") if isinstance(name, bytes) else name).lower()


class Relayed:
    """Such a request, as an Exchange of which nothing is read."""

    def __init__(self) -> None:
        self._headers = _core.relay_headers()
        self._is_answered = False

    def headers_besides(self, own: Iterable[Union[str, bytes]]) -> List[Tuple[str, str]]:
        """What is to be sent besides the program's own headers, whose names these are."""
        known = {_lower(name) for name in own}
        return [(name, value) for name, value in self._headers if name not in known]

    def response(self, status: int, headers: Iterable[Tuple[Union[str, bytes], Any]]) -> None:
        self._is_answered = True
        if any(_lower(name) == "x-steno-call-id" for name, _ in headers):
            _core.relayed(status)

    def broke(self, error: BaseException) -> None:
        if self._is_answered:
            _core.relayed(-1)
        elif not any(kind.__name__ in _NEVER_SENT for kind in type(error).__mro__):
            _core.relayed(0)

    def _nothing(self, *_: object) -> None:
        pass

    feed = end = close = fail = _nothing


# What clients raise when there is no connection.
_NEVER_SENT = {
    *("ConnectError", "ConnectTimeout", "PoolTimeout"),  # httpx
    *("NewConnectionError", "ConnectTimeoutError"),  # urllib3
    *("ClientConnectorError", "ConnectionTimeoutError", "ConnectionRefusedError"),  # aiohttp
}


def is_the_gateway(host: str, port: Optional[int], target: str, run: str) -> bool:
    """Of the server that this program's calls are delivered to, or at `run`, the host:port of the `steno run` that it is in.
    `port` None: the scheme's own."""
    server = _core.server()
    if not server:
        return False
    addresses = [_address_of(server), _address_of("http://" + run)] if run else [_address_of(server)]
    return any(
        own and port == own_port and _same_host(host) == own and target.startswith(path) and not target.startswith(path + "api/")
        for own, own_port, path in addresses
    )


@functools.lru_cache(maxsize=16)
def _address_of(server: str) -> Tuple[str, Optional[int], str]:
    url = urllib.parse.urlsplit(server)
    port = None if url.port == {"http": 80, "https": 443}.get(url.scheme) else url.port
    return _same_host(url.hostname or ""), port, url.path.rstrip("/") + "/"


def _same_host(name: str) -> str:
    return "127.0.0.1" if name in ("localhost", "::1", "[::1]") else name.lower()
