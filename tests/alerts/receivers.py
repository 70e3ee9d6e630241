"""Who gets notifications: real servers of HTTP and mail in this process."""

import email
import email.policy
import http.server
import json
import socket
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult


class Hook:
    """An HTTP server that keeps what it gets and answers as `answer` says: a status, or "hang" (until it is closed),
    "redirect" or "flood" (an answer without end)."""

    def __init__(self, answer=200):
        self.answer, self.got, self.redirected, self.changed = answer, [], 0, threading.Condition()
        self.closed = threading.Event()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                hook.redirected += 1
                self.send_error(404)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with hook.changed:
                    answer = hook.answer
                    hook.got.append((self.path, dict(self.headers.items()), body, answer))
                    hook.changed.notify_all()
                if answer == "hang":
                    hook.closed.wait()
                    return
                if answer == "redirect":
                    self.send_response(302)
                    self.send_header("location", "/elsewhere")
                    self.send_header("content-length", "0")
                    self.end_headers()
                    return
                if answer == "flood":
                    self.send_response(200)
                    self.end_headers()
                    try:
                        while not hook.closed.is_set():
                            self.wfile.write(b"x" * 65536)
                    except OSError:
                        pass
                    return
                self.send_response(answer)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, test, what="message", seconds=60):
        """The first of what it got that passes the test."""
        with self.changed:
            deadline = time.monotonic() + seconds
            while True:
                for one in self.got:
                    if test(one):
                        return one
                left = deadline - time.monotonic()
                assert left > 0, f"no {what}; got {self.got}"
                self.changed.wait(left)

    def wait_for(self, title, answer=None, seconds=60):
        """(headers, body as bytes, parsed) of the message whose title contains this."""
        _, headers, body, _ = self.wait(
            lambda one: title in one[2].decode() and (answer is None or one[3] == answer), f"message with {title!r}", seconds)
        return {name.lower(): value for name, value in headers.items()}, body, json.loads(body)

    def close(self):
        self.closed.set()
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Mail:
    """A mail server on a free port. `tls`: a context for STARTTLS, which it then demands; `login`: (user, password)."""

    def __init__(self, tls=None, login=None):
        self.got, self.changed = [], threading.Condition()
        mail = self

        class Handler:
            async def handle_DATA(self, _server, session, envelope):
                with mail.changed:
                    mail.got.append((session.ssl is not None, envelope.mail_from, envelope.rcpt_tos,
                                     email.message_from_bytes(envelope.content, policy=email.policy.default)))
                    mail.changed.notify_all()
                return "250 taken"

        def authenticate(_server, _session, _envelope, _mechanism, given):
            return AuthResult(success=(given.login.decode(), given.password.decode()) == login, handled=False)

        options = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": tls is not None} if login else {}

        class Free(Controller):
            def factory(self):
                return SMTP(self.handler, hostname="localhost", tls_context=tls, require_starttls=tls is not None, **options)

            def _trigger_server(self):  # it would ask port 0
                socket.create_connection(self.server.sockets[0].getsockname()[:2]).close()

        self.controller = Free(Handler(), hostname="127.0.0.1", port=0)
        self.controller.start()
        self.port = self.controller.server.sockets[0].getsockname()[1]

    def wait_for(self, subject, seconds=60):
        with self.changed:
            deadline = time.monotonic() + seconds
            while True:
                for one in self.got:
                    if subject in one[3]["subject"]:
                        return one
                left = deadline - time.monotonic()
                assert left > 0, f"no mail about {subject!r}; got {[str(one[3]) for one in self.got]}"
                self.changed.wait(left)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.controller.stop()
