"""The middleware in real applications of FastAPI, Starlette, Flask and Django."""

import asyncio
import threading
import urllib.request

import django
import django.conf
import fastapi
import fastapi.responses
import fastapi.testclient
import flask
import pytest
import starlette.applications
import starlette.responses
import starlette.routing
import werkzeug.serving

import steno

TRACE = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}


def note(name):
    steno.call("openai", name).end()
    return steno.context().request()


@pytest.fixture
def by_request(recorded):
    """{request id: [names of its calls]}; each call has one, and the trace that came."""

    def get():
        found = {}
        for call in recorded():
            assert call["trace"]["request_id"] and call["trace"]["trace_id"] == TRACE["traceparent"].split("-")[1]
            found.setdefault(call["trace"]["request_id"], []).append(call["name"])
        return found

    return get


def test_fastapi(by_request):
    app = fastapi.FastAPI()
    app.add_middleware(steno.middleware.ASGI, id_header="X-Request-ID")

    def dependency():
        note("dependency")

    @app.get("/sync")
    def sync(_: None = fastapi.Depends(dependency)) -> str:
        return note("sync")  # in a thread

    @app.get("/async")
    async def asynchronous(background: fastapi.BackgroundTasks) -> str:
        background.add_task(note, "background")
        await asyncio.gather(*(asyncio.to_thread(note, "task") for _ in range(2)))
        return note("async")

    @app.get("/stream")
    async def stream() -> fastapi.responses.StreamingResponse:
        async def pieces():
            for _ in range(2):
                yield note("piece") + "\n"

        return fastapi.responses.StreamingResponse(pieces())

    @app.get("/fails")
    def fails() -> None:
        note("fails")
        raise ZeroDivisionError

    @app.websocket("/socket")
    async def socket(socket: fastapi.WebSocket) -> None:
        await socket.accept()
        await socket.send_text(note("socket"))
        await socket.close()

    with fastapi.testclient.TestClient(app, headers=TRACE, raise_server_exceptions=False) as client:
        ids = [client.get("/sync").json(), client.get("/async", headers={"x-request-id": "mine"}).json()]
        one, other = client.get("/stream").text.split()
        assert one == other
        assert client.get("/fails").status_code == 500
        with client.websocket_connect("/socket") as connected:
            ids += [one, connected.receive_text()]
    found = by_request()
    assert ids[1] == "mine" and [sorted(found.pop(id)) for id in ids] == [
        ["dependency", "sync"], ["async", "background", "task", "task"], ["piece", "piece"], ["socket"]]
    assert list(found.values()) == [["fails"]]


def test_starlette(by_request):
    async def page(request):
        return starlette.responses.PlainTextResponse(note("page"))

    app = starlette.applications.Starlette(routes=[starlette.routing.Route("/", page)])
    app.add_middleware(steno.middleware.ASGI)
    client = fastapi.testclient.TestClient(app, headers=TRACE)
    ids = [client.get("/").text, client.get("/").text]
    assert by_request() == {ids[0]: ["page"], ids[1]: ["page"]}


def test_flask(by_request):
    app = flask.Flask("app")
    app.wsgi_app = steno.middleware.WSGI(app.wsgi_app)

    @app.get("/")
    def page():
        with steno.agent("a"):
            note("page")
        return note("end")

    @app.get("/async")
    async def asynchronous():
        return await asyncio.to_thread(note, "async")

    @app.get("/stream")
    def stream():
        return (note("piece") + "\n" for _ in range(2))

    @app.get("/fails")
    def fails():
        note("fails")
        raise ZeroDivisionError

    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def get(path):
        asked = urllib.request.Request(f"http://127.0.0.1:{server.server_port}{path}", headers=TRACE)
        return urllib.request.urlopen(asked, timeout=30).read().decode()

    try:
        page_id, (one, other) = get("/"), get("/stream").split()
        with pytest.raises(urllib.error.HTTPError):
            get("/fails")
    finally:
        server.shutdown()
    found = by_request()
    assert one == other and found.pop(page_id) == ["a", "page", "end"] and found.pop(one) == ["piece", "piece"]
    assert list(found.values()) == [["fails"]]


def page(request):
    return django.http.HttpResponse(note("page"))


async def asynchronous_page(request):
    await asyncio.gather(*(asyncio.to_thread(note, "task") for _ in range(2)))
    return django.http.HttpResponse(note("async page"))


def failing_page(request):
    note("fails")
    raise ZeroDivisionError


def test_django(by_request):
    import django.http
    import django.test
    import django.urls

    global urlpatterns
    urlpatterns = [django.urls.path("", page), django.urls.path("async", asynchronous_page), django.urls.path("fails", failing_page)]
    django.conf.settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="test", DATABASES={}, LOGGING_CONFIG=None,
                                   MIDDLEWARE=["django.middleware.common.CommonMiddleware", "steno.middleware.django"])
    django.setup()
    client = django.test.Client(headers=TRACE, raise_request_exception=False)
    ids = [client.get("/").content.decode(), client.get("/async").content.decode()]
    assert client.get("/fails").status_code == 500

    async def main():
        client = django.test.AsyncClient()
        return [(await client.get(path, headers=TRACE)).content.decode() for path in ("/", "/async")]

    ids += asyncio.run(main())
    found = by_request()
    assert [sorted(found.pop(id)) for id in ids] == [["page"], ["async page", "task", "task"]] * 2
    assert list(found.values()) == [["fails"]]
