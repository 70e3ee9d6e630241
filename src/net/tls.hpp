#pragma once

// Private to src/net: TLS towards upstreams, on OpenSSL, without its sockets and without Asio.

#include "base/error.hpp"

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

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

/// The client's side of TLS over a non-blocking socket, which belongs to the caller. Nothing here waits:
/// WantRead and WantWrite say what to wait for before the same call is made again.
class TlsStream {
  public:
    enum class Step : unsigned char { Done, WantRead, WantWrite, Closed, Failed };

    /// Verifies that the peer's certificate is trusted and made out to `host`, a name or an address.
    /// `resumption` must outlive the stream.
    TlsStream(const TlsContext& context, int socket, const std::string& host, TlsResumption& resumption);

    /// The socket is closed: its number may be another connection's from now on. Every further step fails.
    void forget_socket();
    Step handshake();
    Step read(char* into, std::size_t room, std::size_t& got);
    Step write(std::string_view bytes, std::size_t& sent);
    /// Why the last step failed, in words.
    [[nodiscard]] std::string failure() const { return failure_; }
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

    std::unique_ptr<SSL, Free> ssl_;
    std::string failure_;
};

}  // namespace steno::net
