#pragma once

#include "base/bytes.hpp"
#include "record/binary.hpp"
#include "record/delivery.hpp"

#include <atomic>
#include <charconv>
#include <functional>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace steno::client {

/// The calls of a delivery.
inline std::vector<Call> calls_in(std::string_view body) {
    std::vector<Call> calls;
    if (!body.starts_with(kDeliveryHead)) return calls;
    ByteReader frames(body.substr(kDeliveryHead.size()));
    while (!frames.at_end()) {
        ByteReader frame(frames.text());
        Call& call = calls.emplace_back();
        for (int part = 0; part < 3; ++part) {
            if (!decode(frame.text(), call)) call.name = "NOT DECODED";
        }
    }
    return calls;
}

/// Something that answers deliveries as it is told, on a real socket: what a server does when all is not well
/// cannot be had from a real one.
class ScriptedServer {
  public:
    /// Gives the status of an answer; 0 closes the connection without one; kNotSteno is 200 with a page.
    static constexpr int kNotSteno = -1;
    using Answer = std::function<int(const std::vector<Call>&)>;
    explicit ScriptedServer(Answer answer) : answer_(std::move(answer)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::listen(listener_, 8);
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
        thread_ = std::thread([this] { run(); });
    }
    ~ScriptedServer() {
        stopping_ = true;
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
        for (std::thread& thread : threads_) thread.join();
        for (const int connection : connections_) ::close(connection);
        ::close(listener_);
    }

    std::string url;
    /// The last state of each call that was answered with 200.
    std::map<Uuid, Call> taken() {
        const std::lock_guard lock(mutex_);
        return taken_;
    }

  private:
    void run() {
        while (!stopping_) {
            const int connection = ::accept(listener_, nullptr, nullptr);
            if (connection < 0) return;
            connections_.push_back(connection);
            threads_.emplace_back([this, connection] {
                while (answer_one(connection)) {
                }
                ::shutdown(connection, SHUT_RDWR);
            });
        }
    }

    bool answer_one(int connection) {
        std::string received;
        std::size_t head_end = std::string::npos;
        std::size_t length = 0;
        while (head_end == std::string::npos || received.size() < head_end + 4 + length) {
            char buffer[65536];
            const ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
            if (got <= 0) return false;
            received.append(buffer, static_cast<std::size_t>(got));
            if (head_end != std::string::npos) continue;
            head_end = received.find("\r\n\r\n");
            const std::size_t field = received.find("Content-Length: ");
            if (field < head_end)
                std::from_chars(received.data() + field + 16, received.data() + head_end, length);
        }
        const std::vector<Call> calls = calls_in(std::string_view(received).substr(head_end + 4));
        const int status = answer_(calls);
        if (status == 0 || stopping_) return false;
        std::string body = R"({"detail":"as the script says"})";
        if (status == 200) {
            const std::lock_guard lock(mutex_);
            for (const Call& call : calls) taken_[call.id] = call;
            body = "{\"accepted\":" + std::to_string(calls.size()) + ",\"rejected\":[]}";
        }
        if (status == kNotSteno) body = "<html>please log in</html>";
        const std::string answer = "HTTP/1.1 " + std::to_string(status == kNotSteno ? 200 : status) +
                                   " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        return ::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(answer.size());
    }

    Answer answer_;
    int listener_ = -1;
    std::vector<int> connections_;      ///< of `run`, and when that is over of the destructor
    std::vector<std::thread> threads_;  ///< likewise
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::map<Uuid, Call> taken_;
    std::thread thread_;
};

}  // namespace steno::client
