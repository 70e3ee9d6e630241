"""The middleware, in applications without a framework: what frameworks build on."""

import asyncio
import http.client
import threading
import wsgiref.simple_server

import steno

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def asgi(app, headers=(), type="http", **how):
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request"}

    asyncio.run(steno.middleware.ASGI(app, **how)({"type": type, "headers": list(headers)}, receive, send))
    return sent


def test_asgi(recorded):
    async def app(scope, receive, send):
        steno.call("openai", "m").end()
        await asyncio.gather(*(asyncio.to_thread(lambda: steno.call("openai", "m").end()) for _ in range(2)))
        await send(scope["type"])

    assert asgi(app) == ["http"]
    assert asgi(app, [(b"traceparent", TRACE.encode()), (b"x-request-id", b"mine")], id_header="X-Request-ID") == ["http"]
    assert asgi(app, [(b"x-request-id", b"theirs")]) == ["http"]
    assert asgi(app, type="lifespan") == ["lifespan"]
    calls = recorded()
    requests = [(call.get("trace") or {}).get("request_id") for call in calls]
    assert [requests.count(each) for each in requests] == [3] * 12
    assert requests[3] == "mine" and "theirs" not in requests and requests[9] is None
    assert calls[3]["trace"]["trace_id"] == TRACE.split("-")[1]
    assert sorted(call["trace"]["sequence"] for call in calls[:3]) == [0, 1, 2]


def test_wsgi(recorded):
    def app(environ, start_response):
        start_response("200 OK", [("content-type", "text/plain")])
        if environ["PATH_INFO"] == "/list":
            steno.call("openai", "list").end()
            return [b"whole"]
        return stream()

    def stream():
        try:
            for piece in (b"a", b"b"):
                steno.call("openai", "stream").end()
                yield piece
        finally:
            steno.call("openai", "closed").end()

    class Quiet(wsgiref.simple_server.WSGIRequestHandler):
        def log_message(self, *_):
            pass

    with wsgiref.simple_server.make_server("127.0.0.1", 0, steno.middleware.WSGI(app), handler_class=Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for path, body in (("/list", b"whole"), ("/stream", b"ab")):
            connection = http.client.HTTPConnection(*server.server_address)
            connection.request("GET", path, headers={"traceparent": TRACE})
            assert connection.getresponse().read() == body
            connection.close()
        server.shutdown()
    one, *streamed = recorded()
    assert one["trace"]["trace_id"] == TRACE.split("-")[1]
    assert [call["name"] for call in streamed] == ["stream", "stream", "closed"]
    assert len({call["trace"]["request_id"] for call in streamed}) == 1
    assert one["trace"]["request_id"] != streamed[0]["trace"]["request_id"]


def test_django(recorded):
    class Request:
        META = {"HTTP_TRACEPARENT": TRACE}

    def view(request):
        steno.call("openai", "m").end()
        return steno.context().request()

    async def asynchronous(request):
        return view(request)

    assert steno.middleware.django.async_capable and steno.middleware.django.sync_capable
    first = steno.middleware.django(view)(Request())
    second = asyncio.run(steno.middleware.django(asynchronous)(Request()))
    assert [call["trace"]["request_id"] for call in recorded()] == [first, second] and first != second
