// What a client says first, and TLS that ends at this side: on bytes alone, and over a pair of sockets.

#include "net/tls.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <rapidcheck/gtest.h>

#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace steno::net {
namespace {

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Ssl = std::unique_ptr<SSL, decltype(&SSL_free)>;

/// The first bytes of OpenSSL's client; `protocols` in the form of ALPN.
std::string hello_with(const std::string& protocols) {
    const Context context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    const Ssl ssl(SSL_new(context.get()), SSL_free);
    BIO* const output = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), output);
    if (!protocols.empty())
        SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned>(protocols.size()));
    SSL_connect(ssl.get());
    const char* bytes = nullptr;
    const long size = BIO_get_mem_data(output, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

TEST(ClientHello, IsReadOnceItIsWhole) {
    const std::string hello = hello_with("\x02h2\x08http/1.1");
    for (std::size_t size = 0; size < hello.size(); ++size)
        EXPECT_EQ(read_client_hello(hello.substr(0, size)).kind, ClientHello::Kind::Unfinished) << size;
    const ClientHello whole = read_client_hello(hello + "what follows");
    EXPECT_EQ(whole.kind, ClientHello::Kind::Tls);
    EXPECT_EQ(whole.protocols, (std::vector<std::string>{"h2", "http/1.1"}));
    EXPECT_TRUE(read_client_hello(hello_with("")).protocols.empty());
    EXPECT_EQ(read_client_hello(hello_with("\x02h2")).protocols, std::vector<std::string>{"h2"});
}

TEST(ClientHello, IsNotSeenInOtherThings) {
    for (const char* const text :
         {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "\x16\x03\xff\xff\xff\xff\xff\xff"})
        EXPECT_EQ(read_client_hello(text).kind, ClientHello::Kind::Other) << text;
}

RC_GTEST_PROP(ClientHello, SurvivesAnyBytes, (const std::string& bytes)) {
    (void)read_client_hello(bytes);
    std::string broken = hello_with("\x08http/1.1");
    for (const char c : bytes) broken[static_cast<unsigned char>(c) * 7u % broken.size()] ^= c;
    (void)read_client_hello(broken);
}

struct Identity {
    Identity() : key(EVP_EC_gen("P-256"), EVP_PKEY_free) {
        const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
        X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
        X509_set_pubkey(made.get(), key.get());
        X509_sign(made.get(), key.get(), EVP_sha256());
        chain = pem([&](BIO* out) { PEM_write_bio_X509(out, made.get()); });
        secret = pem([&](BIO* out) {
            PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }
    template <class F>
    static std::string pem(F write) {
        BIO* const out = BIO_new(BIO_s_mem());
        write(out);
        const char* bytes = nullptr;
        const long size = BIO_get_mem_data(out, &bytes);
        std::string text(bytes, static_cast<std::size_t>(size));
        BIO_free(out);
        return text;
    }
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key;
    std::string chain, secret;
};

/// Whatever part of the client's first words was read before TLS began, the rest comes from the socket.
TEST(TlsServer, GoesOnFromWhatWasReadBefore) {
    const Identity identity;
    const auto context = TlsServerContext::make(identity.chain, identity.secret);
    ASSERT_TRUE(context) << context.error().message;
    const Context client_context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    for (const std::size_t early_size : {0u, 1u, 5u, 100u, 10'000u}) {
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        const Ssl client(SSL_new(client_context.get()), SSL_free);
        SSL_set_fd(client.get(), ends[0]);
        SSL_set_alpn_protos(client.get(), reinterpret_cast<const unsigned char*>("\x02h2\x08http/1.1"), 12);
        SSL_connect(client.get());
        std::string early(early_size, '\0');
        const ssize_t got = early_size == 0 ? 0 : ::read(ends[1], early.data(), early.size());
        early.resize(static_cast<std::size_t>(got));

        TlsStream server(**context, ends[1], early);
        TlsStream::Step step = server.handshake();
        int connected = 0;
        for (int turn = 0; turn < 10 && (step != TlsStream::Step::Done || connected != 1); ++turn) {
            connected = SSL_connect(client.get());
            step = server.handshake();
        }
        ASSERT_EQ(step, TlsStream::Step::Done) << server.failure();
        const unsigned char* chosen = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(client.get(), &chosen, &size);
        EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");

        std::size_t count = 0;
        char buffer[64];
        ASSERT_EQ(SSL_write(client.get(), "question", 8), 8);
        ASSERT_EQ(server.read(buffer, sizeof buffer, count), TlsStream::Step::Done);
        EXPECT_EQ(std::string(buffer, count), "question");
        ASSERT_EQ(server.write("answer", count), TlsStream::Step::Done);
        server.finish();
        ASSERT_EQ(SSL_read(client.get(), buffer, sizeof buffer), 6);
        EXPECT_EQ(SSL_read(client.get(), buffer, sizeof buffer), 0);
        EXPECT_EQ(SSL_get_shutdown(client.get()) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
        ::close(ends[0]);
        ::close(ends[1]);
    }
}

}  // namespace
}  // namespace steno::net
