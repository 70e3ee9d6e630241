#include "net/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
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

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL, which a library must not rely on.
int socket_of(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

void set_socket(BIO* bio, int socket) {
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
}

int bio_read(BIO* bio, char* into, int room) {
    BIO_clear_retry_flags(bio);
    const ssize_t got = ::recv(socket_of(bio), into, static_cast<std::size_t>(room), MSG_DONTWAIT);
    if (got < 0 && would_block()) BIO_set_retry_read(bio);
    return static_cast<int>(got);
}

int bio_write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t sent =
        ::send(socket_of(bio), bytes, static_cast<std::size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && would_block()) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
}

long bio_control(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* bio_method() {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "steno socket");
        BIO_meth_set_read(made, bio_read);
        BIO_meth_set_write(made, bio_write);
        BIO_meth_set_ctrl(made, bio_control);
        return made;
    }();
    return method;
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

}  // namespace

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
    : ssl_(SSL_new(context.get())) {
    BIO* bio = BIO_new(bio_method());
    set_socket(bio, socket);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
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
    const long verdict = SSL_get_verify_result(ssl_.get());
    failure_ = verdict == X509_V_OK
                   ? openssl_reason()
                   : std::string("its certificate is not trusted: ") + X509_verify_cert_error_string(verdict);
    ERR_clear_error();
    return Step::Failed;
}

void TlsStream::forget_socket() {
    set_socket(SSL_get_rbio(ssl_.get()), -1);
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
