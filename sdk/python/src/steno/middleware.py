"""Opens a request's context for each request of a web application: calls within carry its id and are numbered.

    app.add_middleware(steno.middleware.ASGI)                       FastAPI, Starlette
    app.wsgi_app = steno.middleware.WSGI(app.wsgi_app)              Flask
    MIDDLEWARE = [..., "steno.middleware.django"]                   Django, both kinds

A `traceparent` header that comes is gone on with. The id is a new one, or that of a header that you name:
`ASGI(app, id_header="x-request-id")`; name one only if who sends it may choose it.
"""

from __future__ import annotations

import inspect
from typing import Any, Callable, Iterator

from ._context import context, request, within

__all__ = ["ASGI", "WSGI", "django"]


class ASGI:
    def __init__(self, app: Any, id_header: str = "") -> None:
        self._app, self._id_header = app, id_header.lower().encode("latin-1")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = {"": "", "traceparent": ""}
        for name, value in scope.get("headers") or ():
            if name == b"traceparent":
                given["traceparent"] = value.decode("latin-1")
            elif self._id_header and name == self._id_header:
                given[""] = value.decode("latin-1")
        with request(given[""], traceparent=given["traceparent"]):
            await self._app(scope, receive, send)


class WSGI:
    def __init__(self, app: Any, id_header: str = "") -> None:
        self._app, self._id_variable = app, "HTTP_" + id_header.upper().replace("-", "_") if id_header else ""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        with request(environ.get(self._id_variable, ""), traceparent=environ.get("HTTP_TRACEPARENT", "")):
            body = self._app(environ, start_response)
            # What is made while it is sent is made within the request too; servers know better what to do with the rest.
            return _Body(body) if inspect.isgenerator(body) or hasattr(body, "__next__") else body


class _Body:
    def __init__(self, body: Any) -> None:
        self._body, self._context = body, context()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        with within(self._context):
            return next(self._body)

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            with within(self._context):
                close()


def django(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def scope(of: Any) -> Any:
        return request(traceparent=of.META.get("HTTP_TRACEPARENT", ""))

    if inspect.iscoroutinefunction(get_response):

        async def answer(of: Any) -> Any:
            with scope(of):
                return await get_response(of)

        return answer

    def handle(of: Any) -> Any:
        with scope(of):
            return get_response(of)

    return handle


django.sync_capable = django.async_capable = True  # type: ignore[attr-defined]
