"""What the proxy looks into, and what it does not."""

import datetime
import hashlib
import http.server
import ipaddress
import socket
import ssl
import subprocess
import sys
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PYTHON = sys.executable


@pytest.fixture
def tls_server(tmp_path):
    """A host that is nobody's provider, with a certificate of its own."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                    "-out", certificate, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:other.example"],
                   check=True, capture_output=True)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"unread " + self.path.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, certificate
    server.shutdown()


def test_other_hosts_are_not_looked_into(run, tls_server):
    port, certificate = tls_server
    program = f"""
import os, socket, ssl, hashlib
front = os.environ["HTTPS_PROXY"].removeprefix("http://").split(":")
s = socket.create_connection((front[0], int(front[1])))
s.sendall(b"CONNECT localhost:{port} HTTP/1.1\\r\\nHost: localhost:{port}\\r\\n\\r\\n")
assert b" 200 " in s.recv(4096)
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
t = context.wrap_socket(s, server_hostname="other.example")
print(hashlib.sha256(t.getpeercert(True)).hexdigest())
t.sendall(b"GET /SECRET HTTP/1.0\\r\\n\\r\\n")
data = b""
while piece := t.recv(4096): data += piece
print(data.splitlines()[-1].decode())
"""
    done = run(PYTHON, "-c", program)
    own = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    assert done.stdout.split("\n")[:2] == [hashlib.sha256(own).hexdigest(), "unread /SECRET"]
    assert run.calls() == []
    run.nothing_is_left()


def test_plain_http_is_passed_on(run):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = f"{self.path} {self.headers['proxy-connection']} {self.headers['x-mine']}".encode() + b" " + body
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/path?q=1"
    done = run("sh", "-c", f'curl -sS --noproxy "" -x "$https_proxy" -H "x-mine: yes" -d body {url} {url}')
    server.shutdown()
    assert done.stdout == "/path?q=1 None yes body" * 2


def test_the_certificate_can_vouch_for_providers_alone(run):
    """Taken apart by openssl: the name constraints are there and critical, beside all that are permitted stands no
    address. And they bind: the very same constraints on a certificate of which the test has the key make a leaf for
    another host worthless, for openssl and for curl."""
    bundle = run("sh", "-c", 'cat "$SSL_CERT_FILE"').stdout
    ours = bundle[bundle.rindex("-----BEGIN CERTIFICATE-----"):]
    folder = run.tmp.parent
    (folder / "ours.pem").write_text(ours)
    text = subprocess.run(["openssl", "x509", "-in", folder / "ours.pem", "-noout", "-text"], capture_output=True, text=True,
                          check=True).stdout
    assert "X509v3 Name Constraints: critical" in text and "CA:TRUE, pathlen:0" in text
    permitted, excluded = text.split("Permitted:")[1].split("Excluded:")
    names = [line.strip().removeprefix("DNS:") for line in permitted.splitlines() if line.strip()]
    assert {"api.openai.com", "api.anthropic.com", "openai.azure.com", "us-central1-aiplatform.googleapis.com"} <= set(names)
    assert not {"amazonaws.com", "googleapis.com", "azure.com", "com"} & set(names) and all("." in n for n in names)
    assert excluded.count("IP:") == 2

    certificate = x509.load_pem_x509_certificate(ours.encode())
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    now = datetime.datetime.now(datetime.timezone.utc)

    def signed(subject, issuer, key, signer, extensions):
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=2)))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(signer, hashes.SHA256())

    key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    twin = signed(certificate.subject, certificate.subject, key, key,
                  [(x509.BasicConstraints(True, 0), True), (constraints.value, constraints.critical)])
    (folder / "twin.pem").write_bytes(twin.public_bytes(serialization.Encoding.PEM))
    (folder / "leaf-key.pem").write_bytes(leaf_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    for name, good in [(x509.DNSName("api.openai.com"), True), (x509.DNSName("mine.openai.azure.com"), True),
                       (x509.DNSName("evil.example"), False), (x509.DNSName("api.openai.com.evil.example"), False),
                       (x509.IPAddress(ipaddress.ip_address("127.0.0.1")), False)]:
        leaf = signed(x509.Name([]), twin.subject, leaf_key, key, [(x509.SubjectAlternativeName([name]), True)])
        (folder / "leaf.pem").write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
        verified = subprocess.run(["openssl", "verify", "-CAfile", folder / "twin.pem", folder / "leaf.pem"],
                                  capture_output=True, text=True)
        assert (verified.returncode == 0) is good, (name, verified.stderr)
        if isinstance(name, x509.DNSName):
            server = serve_once(folder / "leaf.pem", folder / "leaf-key.pem")
            asked = subprocess.run(["curl", "-sS", "--cacert", folder / "twin.pem", "--noproxy", "*", "--connect-to",
                                    f"{name.value}:443:127.0.0.1:{server}", f"https://{name.value}/"],
                                   capture_output=True, text=True)
            assert (asked.returncode == 0) is good, (name, asked.stderr)


def serve_once(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as tls:
                tls.recv(4096)
                tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        except OSError:
            pass

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def test_a_program_that_trusts_nobody_else_is_left_alone(run):
    """Its first connection fails as it must; from then on the host is passed on untouched. Nobody is at that host here,
    so what is asked of the second try is only that it did not meet our certificate."""
    program = """
import os, socket, ssl
front = os.environ["https_proxy"].removeprefix("http://").split(":")
for n in range(2):
    s = socket.create_connection((front[0], int(front[1])))
    s.sendall(b"CONNECT api.openai.com:443 HTTP/1.1\\r\\nHost: api.openai.com:443\\r\\n\\r\\n")
    answer = s.recv(4096)
    if b" 200 " not in answer:
        print("passed on")  # and refused there: no network
        break
    context = ssl.create_default_context(cafile="/etc/ssl/certs/ca-certificates.crt")
    try:
        t = context.wrap_socket(s, server_hostname="api.openai.com")
        print("reached", t.getpeercert()["issuer"] != ((("organizationName", "steno run"),),))
    except ssl.SSLCertVerificationError as error:
        print("distrusted")
    except OSError:
        print("passed on")
"""
    done = run(PYTHON, "-c", program)
    assert done.stdout.split("\n")[0] == "distrusted"
    assert done.stdout.split("\n")[1] in ("passed on", "reached True")
    assert "api.openai.com" in run.summary()["not_recorded"] and "did not accept the certificate" in done.stderr


def test_a_handshake_given_up_is_no_verdict(run):
    """One closed connection says nothing about the certificate, two in a row do; one that succeeds begins anew."""
    program = """
import os, socket, ssl, sys
front = os.environ["https_proxy"].removeprefix("http://").split(":")

def connect():
    s = socket.create_connection((front[0], int(front[1])))
    s.settimeout(60)
    s.sendall(b"CONNECT api.openai.com:443 HTTP/1.1\\r\\nHost: api.openai.com:443\\r\\n\\r\\n")
    answer = s.recv(4096)
    return s if b" 200 " in answer else None

def give_up():
    s = connect()
    if not s: return
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    half = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="api.openai.com")
    try: half.do_handshake()
    except ssl.SSLWantReadError: pass
    s.sendall(outgoing.read())
    s.recv(1)  # the server's hello
    s.shutdown(socket.SHUT_WR)
    while s.recv(4096): pass
    s.close()

def is_recorded():
    s = connect()
    if not s: return False
    try:
        t = ssl.create_default_context().wrap_socket(s, server_hostname="api.openai.com")
    except OSError:
        return False
    return dict(pair for (pair,) in t.getpeercert()["issuer"]).get("organizationName") == "steno run"

for closes in map(int, sys.argv[1:]):
    for _ in range(closes): give_up()
    print(is_recorded())
if len(sys.argv) == 1: give_up()
"""
    once = run(PYTHON, "-c", program)
    assert "most likely it does not accept" in run.summary()["not_recorded"]["api.openai.com"], once.stderr
    done = run(PYTHON, "-c", program, 1)
    assert done.stdout == "True\n" and run.summary()["not_recorded"] == {}
    done = run(PYTHON, "-c", program, 1, 1, 2)
    assert done.stdout.split() == ["True", "True", "False"], done.stderr
    assert "api.openai.com" in run.summary()["not_recorded"]


def test_the_front_is_for_ai_calls(run):
    """Nothing of the record is told there, and a page whose host name was made to point here gets nothing."""
    done = run("sh", "-c", """
        u=${https_proxy}
        for args in "$u/api/v1/calls" "$u/" "-H Host:evil.example $u/openai/v1/models" "$u/nobody/v1/x" \\
                "$u/azure@evil.example/openai/x" "$u/openai@mine.openai.azure.com/openai/x"; do
            curl -s -o /dev/null -w '%{http_code} ' $args
        done""")
    assert done.stdout.split() == ["404"] * 6
    assert run.calls() == []


def test_a_host_of_the_users_own_is_recorded_as_what_it_is(run):
    """A resource of Azure's that does not exist: the call fails, and the record says whose it was."""
    host = "no-such-resource-0f3c.openai.azure.com"
    done = run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-d", "{}", "-H", "api-key: SECRET0123456789abcdef",
               f"https://{host}/openai/deployments/d/chat/completions?api-version=2025-01-01")
    (call,) = run.calls()
    assert call["status"] == "failure" and call["provider"]["name"] == "azure.ai.openai"
    assert call["provider"]["endpoint"]["host"] == host and done.stdout in ("502", "504", "401", "404")
    run.nothing_is_left()


def test_streams_come_piece_by_piece_and_cuts_are_seen(run):
    program = """
import os, httpx
body = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "x"}]}
with httpx.Client(verify=True) as client:
    with client.stream("POST", "https://api.openai.com/v1/chat/completions", json=body) as answer:
        print(sum(1 for line in answer.iter_lines() if line.startswith("data: {")) > 1)
    try:
        client.post("https://api.openai.com/v1/chat/completions", json=body, headers={"x-sim-cut-after": "3"})
        print("whole")
    except httpx.RemoteProtocolError:
        print("cut")
    with client.stream("POST", "https://api.openai.com/v1/chat/completions", json=body) as answer:
        next(answer.iter_bytes())
"""
    done = run(PYTHON, "-c", program)
    assert done.stdout.split() == ["True", "cut"]
    statuses = [call["status"] for call in run.calls()]
    assert statuses[0] == "success" and statuses[1] == "partial" and len(statuses) == 3
