"""A machine on which only another proxy leads out: everything goes through it, recorded and tunnelled alike."""

import datetime
import http.server
import json
import select
import socket
import socketserver
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ANSWER = {"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o-mini-2024-07-18", "created": 1_763_600_000,
          "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "from far"}}],
          "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}
NAMES = ["api.openai.com", "other.example"]


def certificates(folder):
    """An authority, and a certificate of it for the names."""
    now = datetime.datetime.now(datetime.timezone.utc)

    def make(name, key, issuer, signer, *extensions):
        builder = (x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=2)))
        for extension in extensions:
            builder = builder.add_extension(extension, False)
        return builder.sign(signer, hashes.SHA256())

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "the far side")])
    key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = make(name, key, name, key, x509.BasicConstraints(True, 0))
    leaf = make(x509.Name([]), leaf_key, name, key, x509.SubjectAlternativeName([x509.DNSName(n) for n in NAMES]))
    (folder / "authority.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    (folder / "leaf.pem").write_bytes(leaf.public_bytes(serialization.Encoding.PEM) + leaf_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


@pytest.fixture
def far(tmp_path):
    """The port of a proxy that leads to "api.openai.com" and "other.example", and what it was asked."""
    certificates(tmp_path)
    provider = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "leaf.pem")
    provider.socket = context.wrap_socket(provider.socket, server_side=True, do_handshake_on_connect=False)
    asked = []

    class Proxy(socketserver.StreamRequestHandler):
        def handle(self):
            head = []
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                head.append(line.decode().strip())
            asked.append(head)
            if "Proxy-Authorization: Basic YW5uOnM6M2NyZXQ=" not in head:
                self.wfile.write(b"HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", provider.server_port)) as upstream:
                self.wfile.write(b"HTTP/1.1 200 Go on\r\n\r\n")
                ways = {self.connection: upstream, upstream: self.connection}
                while True:
                    for one in select.select(list(ways), [], [])[0]:
                        data = one.recv(65536)
                        if not data:
                            return
                        ways[one].sendall(data)

    proxy = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy)
    proxy.daemon_threads = provider.daemon_threads = True
    for server in (provider, proxy):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield proxy.server_address[1], asked
    proxy.shutdown()
    provider.shutdown()


def ask(*more):
    return ["curl", "-sS", "-H", "authorization: Bearer sk-SECRETcurl0123456789", "-H", "content-type: application/json",
            "-d", json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x"}]}), *more]


@pytest.mark.parametrize("variable", ["STENO_GATEWAY_CA_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_CERT"])
def test_everything_goes_through_it(run, far, tmp_path, variable):
    """Its authority is known by any of the variables in which the user has named it."""
    port, asked = far
    env = {"https_proxy": f"http://ann:s%3A3cret@127.0.0.1:{port}", variable: str(tmp_path / "authority.pem")}
    run.simulator = type("Nobody", (), {"upstreams": staticmethod(lambda: [])})
    done = run(*ask("https://api.openai.com/v1/chat/completions"), env=env)
    assert json.loads(done.stdout) == ANSWER
    (call,) = run.calls()
    assert call["status"] == "success" and call["usage"]["input_tokens"] == 3
    assert call["provider"]["endpoint"]["host"] == "api.openai.com"
    # What the program was led to by a base URL, too.
    done = run("sh", "-c", 'exec curl -sS -d "{}" "$OPENAI_BASE_URL/chat/completions"', env=env)
    assert json.loads(done.stdout) == ANSWER
    # What is none of ours is tunnelled, through both.
    done = run(*ask("https://other.example/", "--cacert", tmp_path / "authority.pem"), env=env)
    assert json.loads(done.stdout) == ANSWER and len(run.calls()) == 2
    assert [head[0] for head in asked] == ["CONNECT api.openai.com:443 HTTP/1.1"] * 2 + ["CONNECT other.example:443 HTTP/1.1"]
    run.nothing_is_left()
    for path in run.data.rglob("*"):
        assert not path.is_file() or b"3cret" not in path.read_bytes(), path


def test_a_password_that_it_does_not_take(run, far):
    port, _ = far
    run.simulator = type("Nobody", (), {"upstreams": staticmethod(lambda: [])})
    done = run(*ask("-o", "/dev/null", "-w", "%{http_code}", "https://api.openai.com/v1/chat/completions"),
               env={"HTTPS_PROXY": f"http://ann:wrongSECRET@127.0.0.1:{port}"})
    (call,) = run.calls()
    assert done.stdout == "502" and call["status"] == "failure" and "it answers 407" in call["error"]["message"]
    run.nothing_is_left()


def test_hosts_that_need_none(run, far):
    """They are reached without it, by the program itself and by the run: nobody is there, so that fails."""
    port, asked = far
    env = {"https_proxy": f"http://ann:s%3A3cret@127.0.0.1:{port}", "no_proxy": "openai.com"}
    run.simulator = type("Nobody", (), {"upstreams": staticmethod(lambda: [])})
    run("sh", "-c", 'curl -s -m 20 -o /dev/null -d "{}" "$OPENAI_BASE_URL/chat/completions" || true', env=env)
    assert asked == [] and len(run.calls()) == 1
