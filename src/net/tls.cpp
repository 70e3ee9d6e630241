#include "net/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <cerrno>
#include <sys/socket.h>

namespace steno::net {
namespace {

std::string openssl_reason() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "TLS failed" : reason;
}

bool would_block() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int resumption_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
    auto* resumption = static_cast<TlsResumption*>(SSL_get_ex_data(ssl, resumption_index()));
    if (resumption == nullptr) return 0;
    resumption->store(session);
    return 1;  // the reference is ours now
}

bool is_address(const std::string& host) {
    unsigned char raw[sizeof(in6_addr)];
    return ::inet_pton(AF_INET, host.c_str(), raw) == 1 || ::inet_pton(AF_INET6, host.c_str(), raw) == 1;
}

/// This program's words for HTTP/1.1 in ALPN (RFC 7301, section 6).
constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_http11(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                  const unsigned char* offered, unsigned offered_size, void*) {
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, chosen_size, kHttp11, sizeof kHttp11, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

int note_client_hello(SSL* ssl, int*, void*) {
    auto& hello = *static_cast<ClientHello*>(SSL_get_app_data(ssl));
    hello.kind = ClientHello::Kind::Tls;
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &data, &size) ==
        1) {
        // A list of names with a length of one byte each, behind the list's own length (RFC 7301,
        // section 3.1).
        for (std::size_t at = 2; at < size && at + 1 + data[at] <= size; at += 1 + data[at])
            hello.protocols.emplace_back(reinterpret_cast<const char*>(data + at + 1), data[at]);
    }
    return SSL_CLIENT_HELLO_ERROR;  // this is all that was to be known
}

struct FreeBio {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeX509 {
    void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

std::unique_ptr<BIO, FreeBio> bio_over(std::string_view text) {
    return std::unique_ptr<BIO, FreeBio>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

/// OpenSSL's own socket BIO writes without MSG_NOSIGNAL, which a library must not rely on.
struct WireBio {
    static TlsStream::Wire& wire(BIO* bio) { return *static_cast<TlsStream::Wire*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* into, int room) {
        BIO_clear_retry_flags(bio);
        TlsStream::Wire& from = wire(bio);
        if (from.early_read < from.early.size()) {
            const std::size_t size = from.early.copy(into, static_cast<std::size_t>(room), from.early_read);
            from.early_read += size;
            return static_cast<int>(size);
        }
        const ssize_t got = ::recv(from.socket, into, static_cast<std::size_t>(room), MSG_DONTWAIT);
        if (got < 0 && would_block()) BIO_set_retry_read(bio);
        return static_cast<int>(got);
    }
    static int write(BIO* bio, const char* bytes, int size) {
        BIO_clear_retry_flags(bio);
        const ssize_t sent =
            ::send(wire(bio).socket, bytes, static_cast<std::size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && would_block()) BIO_set_retry_write(bio);
        return static_cast<int>(sent);
    }
    static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

    static BIO_METHOD* method() {
        static BIO_METHOD* const method = [] {
            BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "steno socket");
            BIO_meth_set_read(made, read);
            BIO_meth_set_write(made, write);
            BIO_meth_set_ctrl(made, control);
            return made;
        }();
        return method;
    }
};

ClientHello read_client_hello(std::string_view bytes) {
    static SSL_CTX* const context = [] {
        SSL_CTX* made = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_client_hello_cb(made, note_client_hello, nullptr);
        return made;
    }();
    ClientHello hello;
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context), SSL_free);
    if (!ssl) return hello;
    BIO* const input = BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()));
    BIO_set_mem_eof_return(input, -1);  // the end is not here yet
    SSL_set_bio(ssl.get(), input, BIO_new(BIO_s_null()));
    SSL_set_app_data(ssl.get(), &hello);
    ERR_clear_error();
    const int result = SSL_accept(ssl.get());
    if (hello.kind == ClientHello::Kind::Unfinished &&
        SSL_get_error(ssl.get(), result) != SSL_ERROR_WANT_READ)
        hello.kind = ClientHello::Kind::Other;
    ERR_clear_error();
    return hello;
}

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::make(std::string_view chain,
                                                                 std::string_view key) {
    auto made = std::make_shared<TlsServerContext>();
    made->context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX* context = made->get();
    if (context == nullptr) return fail(Code::Internal, "OpenSSL: " + openssl_reason());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    const auto certificates = bio_over(chain);
    bool fine = true;
    for (bool leaf = true; fine; leaf = false) {
        const std::unique_ptr<X509, FreeX509> one(
            PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr));
        if (!one) {
            fine = !leaf;
            break;
        }
        fine = (leaf ? SSL_CTX_use_certificate(context, one.get())
                     : SSL_CTX_add1_chain_cert(context, one.get())) == 1;
    }
    const auto key_text = bio_over(key);
    const std::unique_ptr<EVP_PKEY, FreeKey> private_key(
        PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
    if (!fine || !private_key || SSL_CTX_use_PrivateKey(context, private_key.get()) != 1)
        return fail(Code::InvalidArgument, "the certificate cannot be used: " + openssl_reason());
    SSL_CTX_set_alpn_select_cb(context, choose_http11, nullptr);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    ERR_clear_error();
    return made;
}

void TlsStream::use_socket() {
    BIO* bio = BIO_new(WireBio::method());
    BIO_set_data(bio, &wire_);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
}

TlsStream::TlsStream(const TlsServerContext& context, int socket, std::string early)
    : wire_{socket, std::move(early)}, ssl_(SSL_new(context.get())) {
    use_socket();
    SSL_set_accept_state(ssl_.get());
}

void TlsStream::finish() {
    if (SSL_is_server(ssl_.get()) != 1) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

Result<std::shared_ptr<TlsContext>> TlsContext::make(const std::string& ca_file) {
    auto made = std::make_shared<TlsContext>();
    made->context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* context = made->get();
    if (context == nullptr) return fail(Code::Internal, "OpenSSL: " + openssl_reason());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_default_verify_paths(context);
    if (!ca_file.empty() && SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1) {
        return fail(Code::InvalidArgument, "the CA file " + ca_file + " cannot be used: " + openssl_reason(),
                    "Give a readable file of PEM certificates.");
    }
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // An end without close_notify is judged by HTTP's framing, as every client does.
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_session);
    ERR_clear_error();
    return made;
}

TlsStream::TlsStream(const TlsContext& context, int socket, const std::string& host,
                     TlsResumption& resumption)
    : wire_{socket, {}}, ssl_(SSL_new(context.get())) {
    use_socket();
    SSL_set_ex_data(ssl_.get(), resumption_index(), &resumption);
    if (is_address(host)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str());
    } else {
        SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
        SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        SSL_set1_host(ssl_.get(), host.c_str());
    }
    if (resumption.get() != nullptr) SSL_set_session(ssl_.get(), resumption.get());
    SSL_set_connect_state(ssl_.get());
}

TlsStream::Step TlsStream::outcome(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_NONE:
            return Step::Done;
        case SSL_ERROR_WANT_READ:
            return Step::WantRead;
        case SSL_ERROR_WANT_WRITE:
            return Step::WantWrite;
        case SSL_ERROR_ZERO_RETURN:
            return Step::Closed;
        default:
            break;
    }
    const unsigned long code = ERR_peek_error();
    alerted_ = ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET;
    const long verdict = SSL_get_verify_result(ssl_.get());
    failure_ = verdict == X509_V_OK
                   ? openssl_reason()
                   : std::string("its certificate is not trusted: ") + X509_verify_cert_error_string(verdict);
    ERR_clear_error();
    return Step::Failed;
}

void TlsStream::forget_socket() {
    wire_.socket = -1;
}

TlsStream::Step TlsStream::handshake() {
    ERR_clear_error();
    return outcome(SSL_do_handshake(ssl_.get()));
}

TlsStream::Step TlsStream::read(char* into, std::size_t room, std::size_t& got) {
    ERR_clear_error();
    return outcome(SSL_read_ex(ssl_.get(), into, room, &got));
}

TlsStream::Step TlsStream::write(std::string_view bytes, std::size_t& sent) {
    ERR_clear_error();
    return outcome(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent));
}

}  // namespace steno::net
