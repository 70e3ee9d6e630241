#pragma once

// Private to src/net: TLS on OpenSSL, without its sockets and without Asio. Towards upstreams, and, for a
// proxy that programs were given a certificate authority for (interception.hpp), towards clients.

#include "base/error.hpp"

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace steno::net {

/// Trust and protocol settings, and nothing of one connection. Shared by all loops.
class TlsContext {
  public:
    /// The system's trust store, and `ca_file` (PEM) besides it if it is not empty. InvalidArgument when that
    /// cannot be read.
    static Result<std::shared_ptr<TlsContext>> make(const std::string& ca_file);
    [[nodiscard]] SSL_CTX* get() const { return context_.get(); }

  private:
    struct Free {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    std::unique_ptr<SSL_CTX, Free> context_;
};

/// The session that the next connection to the same host may resume. One thread at a time.
class TlsResumption {
  public:
    void store(SSL_SESSION* session) { session_.reset(session); }
    [[nodiscard]] SSL_SESSION* get() const { return session_.get(); }

  private:
    struct Free {
        void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
    };
    std::unique_ptr<SSL_SESSION, Free> session_;
};

/// How a client begins.
struct ClientHello {
    enum class Kind : unsigned char { Unfinished, Tls, Other };
    Kind kind = Kind::Unfinished;
    std::vector<std::string>
        protocols;  ///< what it would speak over TLS (ALPN, RFC 7301); empty: it does not say
};
/// `bytes`: what has come so far. Nothing is answered.
ClientHello read_client_hello(std::string_view bytes);

/// A certificate, its chain and its key, with which this side answers as a server.
class TlsServerContext {
  public:
    /// In PEM, the chain beginning with the leaf. Speaks HTTP/1.1 alone.
    static Result<std::shared_ptr<TlsServerContext>> make(std::string_view chain, std::string_view key);
    [[nodiscard]] SSL_CTX* get() const { return context_.get(); }

  private:
    struct Free {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    std::unique_ptr<SSL_CTX, Free> context_;
};

/// One side of TLS over a non-blocking socket, which belongs to the caller. Nothing here waits:
/// WantRead and WantWrite say what to wait for before the same call is made again.
class TlsStream {
  public:
    enum class Step : unsigned char { Done, WantRead, WantWrite, Closed, Failed };
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    /// Verifies that the peer's certificate is trusted and made out to `host`, a name or an address.
    /// `resumption` must outlive the stream.
    TlsStream(const TlsContext& context, int socket, const std::string& host, TlsResumption& resumption);
    /// The server's side. `early`: what has been read of the socket before.
    TlsStream(const TlsServerContext& context, int socket, std::string early);

    /// The socket is closed: its number may be another connection's from now on. Every further step fails.
    void forget_socket();
    Step handshake();
    Step read(char* into, std::size_t room, std::size_t& got);
    Step write(std::string_view bytes, std::size_t& sent);
    /// Why the last step failed, in words.
    [[nodiscard]] std::string failure() const { return failure_; }
    /// The last step failed because the peer said that it wants none of this: a fatal alert (RFC 8446, 6.2).
    [[nodiscard]] bool alerted() const { return alerted_; }
    /// Tells a client that nothing more comes, as far as the socket takes that now; nothing to an upstream.
    void finish();
    [[nodiscard]] bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

  private:
    struct Free {
        void operator()(SSL* ssl) const {
            // Freed without a farewell, OpenSSL would forget the session that the next connection resumes.
            SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
            SSL_free(ssl);
        }
    };
    Step outcome(int result);
    void use_socket();

    /// What OpenSSL reads from and writes to.
    struct Wire {
        int socket = -1;
        std::string early;  ///< comes before what the socket has
        std::size_t early_read = 0;
    };
    friend struct WireBio;
    Wire wire_;
    std::unique_ptr<SSL, Free> ssl_;
    std::string failure_;
    bool alerted_ = false;
};

}  // namespace steno::net
