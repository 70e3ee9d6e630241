#pragma once

#include "net/http.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <cstdint>
#include <functional>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace steno::net {

/// A blocking socket that says exactly what it is told.
class RawSocket {
  public:
    explicit RawSocket(int number) : number_(number) {
        const timeval patience{20, 0};
        ::setsockopt(number_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        const int on = 1;
        ::setsockopt(number_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    static RawSocket connect(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int number = ::socket(AF_INET, SOCK_STREAM, 0);
        EXPECT_EQ(::connect(number, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        return RawSocket(number);
    }
    RawSocket(RawSocket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    RawSocket& operator=(RawSocket&&) = delete;
    ~RawSocket() { close(); }

    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    /// Until `end` has come, or the peer's end.
    [[nodiscard]] std::string read_until(std::string_view end) const {
        std::string got;
        char bytes[4096];
        while (end.empty() || got.find(end) == std::string::npos) {
            const ssize_t n = ::recv(number_, bytes, sizeof bytes, 0);
            if (n <= 0) break;
            got.append(bytes, static_cast<std::size_t>(n));
        }
        return got;
    }
    [[nodiscard]] std::string read_all() const { return read_until({}); }
    /// The end of what is sent (half-close).
    void finish() const { ::shutdown(number_, SHUT_WR); }
    void reset() {
        const linger now{1, 0};
        ::setsockopt(number_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close();
    }
    void close() {
        if (number_ >= 0) ::close(std::exchange(number_, -1));
    }

  private:
    int number_;
};

/// An upstream made of one function for each connection, in order of arrival.
class RawUpstream {
  public:
    explicit RawUpstream(std::vector<std::function<void(RawSocket&)>> scripts) {
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(listener_, 16), 0);
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this, scripts = std::move(scripts)] {
            for (const auto& script : scripts) {
                const int accepted = ::accept(listener_, nullptr, nullptr);
                if (accepted < 0) return;
                RawSocket socket(accepted);
                script(socket);
            }
        });
    }
    ~RawUpstream() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    [[nodiscard]] BaseUrl url() const { return {false, {"127.0.0.1", port_}, ""}; }

  private:
    int listener_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

}  // namespace steno::net
