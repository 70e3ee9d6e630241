// The client against a TLS server whose certificate authority the test makes itself.

#include "net/client_connection.hpp"
#include "net/http_client.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace steno::net {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

void add_extension(X509* to, X509* issuer, int what, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value);
    ASSERT_NE(extension, nullptr);
    X509_add_ext(to, extension, -1);
    X509_EXTENSION_free(extension);
}

/// Signed by `issuer`, or by itself when that is null.
Certificate make_certificate(EVP_PKEY* key, const char* name, X509* issuer, EVP_PKEY* issuer_key,
                             const char* san) {
    Certificate made(X509_new(), X509_free);
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), issuer == nullptr ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_set_pubkey(made.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer == nullptr ? made.get() : issuer));
    add_extension(made.get(), issuer == nullptr ? made.get() : issuer, NID_basic_constraints,
                  issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
    if (san != nullptr) add_extension(made.get(), issuer, NID_subject_alt_name, san);
    X509_sign(made.get(), issuer == nullptr ? key : issuer_key, EVP_sha256());
    return made;
}

/// Answers every request of every connection with whether the TLS session was resumed and the name that was
/// asked for.
class TlsServer {
  public:
    explicit TlsServer(const char* san, int connections = 1000) : connections_(connections) {
        const Key ca_key(EVP_EC_gen("P-256"), EVP_PKEY_free);
        const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
        const Certificate ca = make_certificate(ca_key.get(), "test authority", nullptr, nullptr, nullptr);
        const Certificate own = make_certificate(key.get(), "test server", ca.get(), ca_key.get(), san);
        char name[] = "/tmp/steno-tls-XXXXXX";
        const int file = ::mkstemp(name);
        std::FILE* out = ::fdopen(file, "w");
        PEM_write_X509(out, ca.get());
        std::fclose(out);
        ca_file = name;

        context_ = SSL_CTX_new(TLS_server_method());
        SSL_CTX_use_certificate(context_, own.get());
        SSL_CTX_use_PrivateKey(context_, key.get());
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(listener_, 16), 0);
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~TlsServer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
        SSL_CTX_free(context_);
        ::unlink(ca_file.c_str());
    }

    std::string ca_file;
    std::uint16_t port = 0;

  private:
    void serve() {
        // This server is OpenSSL's own way to write, which raises a signal when the client has gone: in this
        // thread, and it alone does not get it. The client must not raise any.
        sigset_t gone;
        sigemptyset(&gone);
        sigaddset(&gone, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &gone, nullptr);
        for (int i = 0; i < connections_; ++i) {
            const int socket = ::accept(listener_, nullptr, nullptr);
            if (socket < 0) return;
            SSL* ssl = SSL_new(context_);
            SSL_set_fd(ssl, socket);
            if (SSL_accept(ssl) == 1) answer(ssl);
            SSL_free(ssl);
            ::close(socket);
        }
    }
    static void answer(SSL* ssl) {
        std::string got;
        char bytes[4096];
        while (got.find("\r\n\r\n") == std::string::npos) {
            const int n = SSL_read(ssl, bytes, sizeof bytes);
            if (n <= 0) return;
            got.append(bytes, static_cast<std::size_t>(n));
        }
        const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        const std::string body = std::string(SSL_session_reused(ssl) == 1 ? "resumed " : "fresh ") +
                                 (name == nullptr ? "no name" : name);
        const std::string answer =
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n\r\n" + body;
        SSL_write(ssl, answer.data(), static_cast<int>(answer.size()));
    }

    const int connections_;
    SSL_CTX* context_ = nullptr;
    int listener_ = -1;
    std::thread thread_;
};

std::string ask(HttpClient& client, Loops& loops, const std::string& host, std::uint16_t port) {
    std::string outcome;
    loops.run([&]() -> Task<void> {
        const BaseUrl to{true, {host, port}, ""};
        auto sent = co_await client.send(to, {}, "", {});
        if (!sent) {
            EXPECT_EQ(sent.error().stage, ClientStage::Connect);
            outcome = "error: " + sent.error().error.message;
            co_return;
        }
        for (;;) {
            const auto piece = co_await (*sent)->read_some();
            if (!piece || piece->empty()) break;
            outcome += *piece;
        }
    });
    return outcome;
}

TEST(Tls, VerifiesNamesAndResumesSessions) {
    const TlsServer server("DNS:localhost,IP:127.0.0.1");
    Loops loops(1, 0);
    HttpClient::Options options;
    options.ca_file = server.ca_file;
    HttpClient client(loops, options);
    loops.start();
    EXPECT_EQ(ask(client, loops, "localhost", server.port), "fresh localhost");
    EXPECT_EQ(ask(client, loops, "localhost", server.port), "resumed localhost");
    EXPECT_EQ(ask(client, loops, "127.0.0.1", server.port), "fresh no name");
    loops.stop();
}

TEST(Tls, RefusesWhatIsNotTrusted) {
    Loops loops(1, 0);
    loops.start();
    {
        const TlsServer server("DNS:localhost");
        HttpClient client(loops, {});
        EXPECT_NE(ask(client, loops, "localhost", server.port).find("not trusted"), std::string::npos);
    }
    {
        const TlsServer server("DNS:other.example");
        HttpClient::Options options;
        options.ca_file = server.ca_file;
        HttpClient client(loops, options);
        EXPECT_NE(ask(client, loops, "localhost", server.port).find("not trusted"), std::string::npos);
    }
    HttpClient::Options missing;
    missing.ca_file = "/nonexistent";
    HttpClient client(loops, missing);
    EXPECT_NE(ask(client, loops, "localhost", 1).find("/nonexistent"), std::string::npos);
}

/// Another connection of this program, which has got the number that a closed one had: it holds one byte for
/// its owner. Made in the very turn of the loop in which the number became free.
class Successor {
  public:
    void take(int number) {
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()), 0);
        if (ends_[1] == number) std::swap(ends_[0], ends_[1]);
        if (ends_[0] != number) {
            ASSERT_EQ(::dup2(ends_[0], number), number);
            ::close(std::exchange(ends_[0], number));
        }
        ASSERT_EQ(::send(ends_[1], "m", 1, MSG_NOSIGNAL), 1);
    }
    ~Successor() {
        for (const int end : ends_) {
            if (end >= 0) ::close(end);
        }
    }
    /// Nobody else took its byte, and nobody sent anything in its name.
    [[nodiscard]] bool untouched() const {
        char byte = 0;
        return ::recv(ends_[0], &byte, 1, MSG_DONTWAIT) == 1 && byte == 'm' &&
               ::recv(ends_[1], &byte, 1, MSG_DONTWAIT) < 0;
    }

  private:
    std::array<int, 2> ends_{-1, -1};
};

/// Grows old in the same sweep as the connection before it.
class AfterOldAge final : public Watched {
  public:
    AfterOldAge(Loop& loop, Successor& successor, int number) : successor_(successor), number_(number) {
        loop.watch(*this);
        deadline_ = 1;
    }
    [[nodiscard]] bool past() const { return deadline_ == 0; }

  private:
    void on_deadline() override { successor_.take(number_); }
    void on_stop() override {}
    Successor& successor_;
    const int number_;
};

class TlsNumber : public testing::TestWithParam<const char*> {};

TEST_P(TlsNumber, BelongsToItsSuccessor) {
    const std::string_view way = GetParam();
    // One, because a waiting accept holds the lowest free number.
    const TlsServer server("DNS:localhost", 1);
    Loops loops(1, 0);
    loops.start();
    loops.run([&]() -> Task<void> {
        auto context = TlsContext::make(server.ca_file);
        const auto pool = std::make_shared<HostPool>();
        pool->limit = 1;
        pool->idle_time = std::chrono::hours(1);
        Loop& loop = *Loop::current();
        const boost::intrusive_ptr<ClientConnection> connection(new ClientConnection(loop, pool));
        const auto connected = co_await connection->connect({true, {"localhost", server.port}, ""},
                                                            context->get(), std::chrono::minutes(1));
        EXPECT_TRUE(connected) << connected.error().message;
        if (!connected) co_return;
        pool->give(connection);
        const int number = connection->socket().native_handle();

        Successor successor;
        if (way == "old age") {
            connection->set_deadline(1);
            const AfterOldAge after(loop, successor, number);
            while (!after.past()) co_await sleep_for(std::chrono::milliseconds(1));
        } else if (way == "close_all") {
            pool->close_all();
            successor.take(number);
        } else {
            EXPECT_EQ(pool->take(), connection);
            connection->output() = "unsent";
            connection->flush_soon();
            connection->close();
            successor.take(number);
        }
        EXPECT_FALSE(connection->socket().is_open());
        // What the closing aborted has run when the loop has had further turns.
        for (int turn = 0; turn < 10; ++turn) co_await sleep_for(std::chrono::nanoseconds(0));
        EXPECT_TRUE(successor.untouched());
    });
    loops.stop();
}
INSTANTIATE_TEST_SUITE_P(Ways, TlsNumber, testing::Values("old age", "close_all", "unsent output"));

}  // namespace
}  // namespace steno::net
