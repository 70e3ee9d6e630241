"""AI calls of programs that say nothing: found in the HTTP clients that all libraries use."""

from __future__ import annotations

import contextvars
import functools
import importlib
import importlib.util
import inspect
import os
import sys
import threading
import weakref
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union

from . import _addresses, _core, _failure, _relayed

_lock = threading.Lock()
_originals: List[Tuple[Any, str, Any]] = []
_hosts: Dict[str, Tuple[Tuple[str, str], ...]] = {}  # of a declared host, or one that the environment names: (begin of the path, provider), the longest first
_run = ""  # host:port of the proxy that `steno run` leads this program through

# Set while a client is at work: what it calls below is its own request, not another one.
_inside: contextvars.ContextVar[bool] = contextvars.ContextVar("steno_inside", default=False)


def instrument(*, hosts: Optional[Mapping[str, str]] = None) -> None:
    """Records the AI calls that this program makes through httpx, httpx2, urllib3 (requests, boto3), aiohttp: those to the
    providers' own addresses; those that the official libraries make, wherever to (`base_url=`); those to the addresses that
    OPENAI_BASE_URL, ANTHROPIC_BASE_URL and such name; and those to `hosts`, as in {"127.0.0.1:8000": "vllm",
    "proxy.example/openai": "openai"}. Again: with other hosts. What goes through the proxy of a `steno run`, which records it already, is left to that."""
    global _run
    with _lock:
        _run = os.environ.get("STENO_RUN", "").split("://")[-1]
        declared: Dict[str, List[Tuple[str, str]]] = {}
        for address, provider in [*(hosts or {}).items(), *_addresses.of_the_environment()]:
            host, slash, path = address.split("://")[-1].partition("/")
            declared.setdefault(host.lower(), []).append(((slash + path).rstrip("/"), provider))
        _hosts.clear()
        _hosts.update({host: tuple(sorted(rows, key=lambda row: -len(row[0]))) for host, rows in declared.items()})
        if _originals:
            return
        for name, patch in _CLIENTS.items():
            try:
                if name in sys.modules or importlib.util.find_spec(name) is not None:
                    patch(importlib.import_module(name))
            except Exception:
                continue  # a client of another make: its calls are not seen


def uninstrument() -> None:
    """Everything is as it was. Answers that are being read are recorded to their end."""
    with _lock:
        while _originals:
            owner, name, original = _originals.pop()
            setattr(owner, name, original)
        _hosts.clear()


def _replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    original = inspect.getattr_static(owner, name)
    if isinstance(original, classmethod):
        made: Any = classmethod(functools.wraps(original.__func__)(make(original.__func__)))
    else:
        made = functools.wraps(original)(make(original))
    setattr(owner, name, made)
    _originals.append((owner, name, original))


Exchange = Union[_core.Exchange, _relayed.Relayed]


def _begin(
    method: object,
    host: str,
    port: Optional[int],
    target: str,
    headers: List[Tuple[Any, Any]],
    body: Optional[bytes],
    proxy: Any,
) -> Optional[Exchange]:
    """`proxy`: the URL of the one that it goes through, as the client has it, or None."""
    try:
        if _inside.get() or (_run and proxy is not None and _is_seen_by_the_run(host, port, proxy)):
            return None
        if _relayed.is_the_gateway(host, port, target, _run):
            return _relayed.Relayed()
        address = f"{host}:{port}" if port is not None else host
        for path, provider in _hosts.get(address.lower(), ()):
            if target.startswith(path) and target[len(path) : len(path) + 1] in ("/", "?", ""):
                return _core.begin_exchange(method, address, target, headers, body, provider, len(path))
        known = _core.begin_exchange(method, address, target, headers, body, None, 0)
        library = _addresses.of_the_library(headers, target) if known is None else None
        if library is None:
            return known
        return _core.begin_exchange(method, address, target, headers, body, library, 0)
    except Exception:
        return None


def _is_seen_by_the_run(host: str, port: Optional[int], proxy: Any) -> bool:
    name = proxy.host.decode("ascii", "replace") if isinstance(proxy.host, bytes) else proxy.host
    return f"{name}:{proxy.port}" == _run and port in (None, 443) and _core.is_providers_own(host)


def _fail(exchange: Exchange, error: BaseException) -> None:
    try:
        if isinstance(exchange, _relayed.Relayed):
            return exchange.broke(error)
        exchange.fail(_failure.kind_of(error) or "connection", _failure.words_of(error))
    except Exception:
        exchange.close()


# httpx, and httpx2, which is its successor: a transport gives an answer whose stream is read by whoever wants it.


def _patch_httpx(module: Any) -> None:
    class Answer(module.SyncByteStream):  # type: ignore[misc]
        def __init__(self, stream: Any, exchange: Exchange) -> None:
            self._stream, self._exchange = stream, exchange

        def __iter__(self) -> Any:
            try:
                for data in self._stream:
                    self._exchange.feed(data)
                    yield data
            except GeneratorExit:
                raise
            except BaseException as error:
                _fail(self._exchange, error)
                raise
            self._exchange.end()

        def close(self) -> None:
            try:
                self._stream.close()
            finally:
                self._exchange.close()

    class AsyncAnswer(module.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, stream: Any, exchange: Exchange) -> None:
            self._stream, self._exchange = stream, exchange

        async def __aiter__(self) -> Any:
            try:
                async for data in self._stream:
                    self._exchange.feed(data)
                    yield data
            except GeneratorExit:
                raise
            except BaseException as error:
                _fail(self._exchange, error)
                raise
            self._exchange.end()

        async def aclose(self) -> None:
            try:
                await self._stream.aclose()
            finally:
                self._exchange.close()

    def with_headers(request: Any, more: List[Tuple[str, str]]) -> Any:
        # The program's own stays as it is: it may be sent again, or somewhere else.
        sent = object.__new__(type(request))
        sent.__dict__.update(request.__dict__)
        sent.headers = module.Headers([*request.headers.raw, *((name.encode(), value.encode()) for name, value in more)])
        return sent

    def begin(transport: Any, request: Any) -> Tuple[Optional[Exchange], Any]:
        """And the request that is to be sent."""
        try:
            url, proxy = request.url, getattr(getattr(transport, "_pool", None), "_proxy_url", None)
            # What is made while it is sent (uploads from files) is not read ahead.
            body = getattr(request, "_content", None)
            target = url.raw_path.decode("ascii", "replace")
            exchange = _begin(request.method, url.host, url.port, target, request.headers.raw, body, proxy)
            if isinstance(exchange, _relayed.Relayed):
                request = with_headers(request, exchange.headers_besides(dict(request.headers.raw)))
            return exchange, request
        except Exception:
            return None, request

    def take(exchange: Exchange, response: Any, wrapper: Any) -> None:
        try:
            exchange.response(response.status_code, response.headers.raw)
            response.stream = wrapper(response.stream, exchange)
        except Exception:
            exchange.close()

    def sync(original: Any) -> Any:
        def handle_request(self: Any, request: Any) -> Any:
            exchange, request = begin(self, request)
            if exchange is None:
                return original(self, request)
            token = _inside.set(True)
            try:
                response = original(self, request)
            except BaseException as error:
                _fail(exchange, error)
                raise
            finally:
                _inside.reset(token)
            take(exchange, response, Answer)
            return response

        return handle_request

    def asynchronous(original: Any) -> Any:
        async def handle_async_request(self: Any, request: Any) -> Any:
            exchange, request = begin(self, request)
            if exchange is None:
                return await original(self, request)
            token = _inside.set(True)
            try:
                response = await original(self, request)
            except BaseException as error:
                _fail(exchange, error)
                raise
            finally:
                _inside.reset(token)
            take(exchange, response, AsyncAnswer)
            return response

        return handle_async_request

    _replace(module.HTTPTransport, "handle_request", sync)
    _replace(module.AsyncHTTPTransport, "handle_async_request", asynchronous)


# urllib3, which requests and boto3 use: each attempt is one _make_request; what is read of an answer passes through its
# _raw_read (of version 2; of version 1, from 1.26.12 on, _fp_read) or _handle_chunk, before its content coding is undone.


def _patch_urllib3(module: Any) -> None:
    is_second = module.__version__.startswith("2.")
    reading = "_raw_read" if is_second else "_fp_read"
    if not hasattr(module.HTTPResponse, reading):
        return
    broken = (module.exceptions.HTTPError, OSError)

    def follow(response: Any, exchange: Exchange) -> None:
        # What is put on the response must not hold it: it is to go with its last reference, and its connection with it.
        kind, held = type(response), weakref.ref(response)
        raw_read, handle_chunk, read_chunked = getattr(kind, reading), kind._handle_chunk, kind.read_chunked
        release_conn, close = kind.release_conn, kind.close
        is_released = False

        def feeding(read: Any) -> Any:
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                self: Any = held()
                data = read(self, *args, **kwargs)
                if data:
                    exchange.feed(bytes(data))
                if read is raw_read and is_second:
                    end_if_released(self)
                elif read is raw_read and self._original_response.isclosed():
                    nonlocal is_released
                    is_released = True
                    end_if_released(self, len(data or b""))
                return data

            return wrapper

        def chunks(*args: Any, **kwargs: Any) -> Any:
            self = held()
            try:
                yield from read_chunked(self, *args, **kwargs)
            except GeneratorExit:
                exchange.close()
                raise
            except BaseException as error:
                _fail(exchange, error)
                raise
            end_if_released(self)

        def released() -> Any:
            # The last bytes may have come, and not yet have been given back: `wrapper` feeds them.
            nonlocal is_released
            is_released = True
            error = sys.exc_info()[1]
            if isinstance(error, broken):
                _fail(exchange, error)
            return release_conn(held())

        def end_if_released(self: Any, uncounted: int = 0) -> None:
            if is_released and self.length_remaining in (uncounted, None):
                exchange.end()
            elif is_released:
                exchange.close()

        def closed() -> Any:
            self = held()
            if self is not None:
                end_if_released(self)
            exchange.close()
            # Else the garbage collector has it, and what it was made of.
            return close(self) if self is not None else None

        setattr(response, reading, feeding(raw_read))
        response._handle_chunk = feeding(handle_chunk)
        response.read_chunked, response.release_conn, response.close = chunks, released, closed

    def begin(pool: Any, method: str, url: str, body: Any, headers: Any) -> Tuple[Optional[Exchange], Any]:
        """And the headers that are to be sent."""
        exchange = None
        try:
            sent = body.encode("utf-8", "replace") if isinstance(body, str) else body
            exchange = _begin(
                method,
                pool.host,
                None if pool.port == {"http": 80, "https": 443}.get(pool.scheme) else pool.port,
                url,
                list((headers or {}).items()),
                bytes(sent) if isinstance(sent, (bytes, bytearray)) else None,
                getattr(pool, "proxy", None),
            )
            if isinstance(exchange, _relayed.Relayed):
                more = {name: value.encode().decode("latin-1") for name, value in exchange.headers_besides(headers or ())}
                headers = {**(headers or {}), **more}
        except Exception:
            pass  # nothing that could be recorded
        return exchange, headers

    def take(response: Any, exchange: Exchange) -> None:
        try:
            exchange.response(response.status, list(response.headers.items()))
            follow(response, exchange)
        except Exception:
            exchange.close()

    def followed(make: Callable[[Dict[str, Any]], Any], exchange: Exchange, wanted: Dict[str, Any]) -> Any:
        """The answer that `make` gives, unread; read, where the program wants it so."""
        token = _inside.set(True)
        try:
            response = make({**wanted, "preload_content": False})
            take(response, exchange)
            if wanted.get("preload_content", True):
                response.read(decode_content=wanted.get("decode_content", True), cache_content=True)
            return response
        except BaseException as error:
            _fail(exchange, error)
            raise
        finally:
            _inside.reset(token)

    def second(original: Any) -> Any:
        def _make_request(
            self: Any, conn: Any, method: str, url: str, body: Any = None, headers: Any = None, *args: Any, **kwargs: Any
        ) -> Any:
            exchange, headers = begin(self, method, url, body, headers)
            if exchange is None:
                return original(self, conn, method, url, body, headers, *args, **kwargs)
            return followed(lambda wanted: original(self, conn, method, url, body, headers, *args, **wanted), exchange, kwargs)

        return _make_request

    def first(original: Any) -> Any:
        def _make_request(self: Any, conn: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            exchange, headers = begin(self, method, url, kwargs.get("body"), kwargs.get("headers"))
            if exchange is None:
                return original(self, conn, method, url, *args, **kwargs)
            token = _inside.set(True)
            try:
                answer = original(self, conn, method, url, *args, **{**kwargs, "headers": headers})
                answer._steno_exchange = exchange  # for what is made of it
                return answer
            except BaseException as error:
                _fail(exchange, error)
                raise
            finally:
                _inside.reset(token)

        return _make_request

    def made_of(original: Any) -> Any:
        def from_httplib(kind: Any, answer: Any, **kwargs: Any) -> Any:
            exchange = getattr(answer, "_steno_exchange", None)
            if exchange is None:
                return original(kind, answer, **kwargs)
            return followed(lambda wanted: original(kind, answer, **wanted), exchange, kwargs)

        return from_httplib

    if is_second:
        _replace(module.HTTPConnectionPool, "_make_request", second)
    else:
        _replace(module.HTTPConnectionPool, "_make_request", first)
        _replace(module.HTTPResponse, "from_httplib", made_of)


# aiohttp: a request that is sent gives an answer, whose reader gives out every byte through _read_nowait_chunk, with the
# content coding undone, unless the program asked for it as it came. The answer has the exchange, and takes it along.


def _patch_aiohttp(module: Any) -> None:
    from_request, reader, protocol = module.ClientRequest, module.StreamReader, module.client_proto.ResponseHandler
    # Answers that are being read, by the identity of their reader.
    answers: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()

    def exchange_of(reader: Any) -> Optional[Exchange]:
        answer = answers.get(id(reader)) if answers else None
        return answer._steno_exchange if answer is not None and answer.content is reader else None

    def sending(original: Any) -> Any:
        async def send(self: Any, conn: Any) -> Any:
            more: List[Tuple[str, str]] = []
            try:
                body = getattr(self.body, "_value", self.body)
                url = self.url
                exchange = _begin(
                    self.method,
                    url.host or "",
                    None if url.is_default_port() else url.port,
                    url.raw_path_qs,
                    list(self.headers.items()),
                    bytes(body) if isinstance(body, (bytes, bytearray)) else None,
                    getattr(self, "proxy", None),
                )
                if isinstance(exchange, _relayed.Relayed):
                    more = exchange.headers_besides(self.headers)
                    self.headers.extend(more)
            except Exception:
                exchange = None
            try:
                response = await original(self, conn)
            except BaseException as error:
                if exchange is not None:
                    _fail(exchange, error)
                raise
            finally:
                for name, _ in more:
                    self.headers.popall(name, None)
            if exchange is not None:
                try:
                    response._steno_exchange = exchange
                except Exception:
                    exchange.close()
            return response

        return send

    def starting(original: Any) -> Any:
        async def start(self: Any, connection: Any) -> Any:
            exchange = getattr(self, "_steno_exchange", None)
            is_decoded = getattr(connection.protocol, "_steno_decodes", True)
            try:
                response = await original(self, connection)
            except BaseException as error:
                if exchange is not None:
                    _fail(exchange, error)
                raise
            if exchange is not None:
                try:
                    headers = list(self.headers.items())
                    if is_decoded:
                        headers = [(name, value) for name, value in headers if name.lower() != "content-encoding"]
                    exchange.response(self.status, headers)
                    if self.content.at_eof():
                        exchange.end()
                    else:
                        answers[id(self.content)] = self
                except Exception:
                    exchange.close()
            return response

        return start

    def leaving(original: Any) -> Any:
        def leave(self: Any) -> Any:
            exchange = getattr(self, "_steno_exchange", None)
            if exchange is not None:
                exchange.close()
            return original(self)

        return leave

    def giving(original: Any) -> Any:
        def _read_nowait_chunk(self: Any, n: int) -> Any:
            data = original(self, n)
            exchange = exchange_of(self)
            if exchange is not None:
                exchange.feed(bytes(data))
                if self.at_eof():
                    exchange.end()
            return data

        return _read_nowait_chunk

    def ending(original: Any) -> Any:
        def feed_eof(self: Any) -> Any:
            exchange = exchange_of(self)
            given = original(self)
            if exchange is not None and self.at_eof():
                exchange.end()
            return given

        return feed_eof

    def breaking(original: Any) -> Any:
        def set_exception(self: Any, exc: Any, *args: Any, **kwargs: Any) -> Any:
            exchange = exchange_of(self)
            if exchange is not None and isinstance(exc, BaseException):
                _fail(exchange, exc)
            return original(self, exc, *args, **kwargs)

        return set_exception

    def choosing(original: Any) -> Any:
        def set_response_params(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                self._steno_decodes = kwargs.get("auto_decompress", True)
            except Exception:
                pass  # taken for the default
            return original(self, *args, **kwargs)

        return set_response_params

    _replace(from_request, "send", sending)
    _replace(module.ClientResponse, "start", starting)
    _replace(module.ClientResponse, "close", leaving)
    _replace(module.ClientResponse, "release", leaving)
    _replace(reader, "_read_nowait_chunk", giving)
    _replace(reader, "feed_eof", ending)
    _replace(reader, "set_exception", breaking)
    _replace(protocol, "set_response_params", choosing)


_CLIENTS: Dict[str, Callable[[Any], None]] = {
    "httpx": _patch_httpx,
    "httpx2": _patch_httpx,
    "urllib3": _patch_urllib3,
    "aiohttp": _patch_aiohttp,
}
