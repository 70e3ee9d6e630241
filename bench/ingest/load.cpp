// Delivers calls as fast as a server acknowledges them, or as many a second as are asked for: some
// connections, each of which sends its next delivery when the one before is acknowledged.
//
//   ingest_load PORT SECONDS CONNECTIONS CALLS BYTES [RATE]
//
// CALLS a delivery, in the binary form, with prompts and answers of BYTES together; RATE calls a second of all
// connections together. Prints one JSON object; "calls" are acknowledged ones, times in milliseconds are of a
// delivery.

#include "base/random.hpp"
#include "base/time.hpp"
#include "record/binary.hpp"
#include "record/delivery.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace steno;

namespace {

using Steady = std::chrono::steady_clock;

[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    std::exit(1);
}

std::string words(std::size_t bytes, Random& random) {
    constexpr std::string_view kWords[] = {"the ",    "meeting ", "is ",      "at ",  "ten ",   "in ",
                                           "Lisbon ", "please ",  "bring ",   "all ", "three ", "drafts ",
                                           "and ",    "a ",       "summary ", "for ", "Maria "};
    std::string text;
    while (text.size() < bytes) text += kWords[random.next_u64() % std::size(kWords)];
    text.resize(bytes);
    return text;
}

Message message(std::string role, std::string text) {
    Part part;
    part.text = std::move(text);
    Message message;
    message.role = std::move(role);
    message.parts = {std::move(part)};
    return message;
}

/// A call as an SDK would send it.
std::string frame(std::size_t bytes, Uuid marker, Random& random) {
    Call call;
    call.id = marker;
    call.kind = Kind::Chat;
    call.name = "gpt-4o-mini";
    call.source = Source::Cpp;
    call.status = Status::Success;
    call.started_at = system_clock().now();
    call.ended_at = call.started_at;
    call.ended_at->unix_nanos += 800'000'000;
    call.project = "shop";
    call.environment = "production";
    call.time.duration = Duration{800'000'000};
    call.time.time_to_first_token = Duration{200'000'000};
    call.trace.session_id = "session-" + std::to_string(random.next_u64() % 10'000);
    call.trace.request_id = "request-" + std::to_string(random.next_u64());
    call.trace.sequence = 2;
    call.trace.agent = "calendar";
    call.who.user_id = "user-" + std::to_string(random.next_u64() % 1'000);
    call.provider.name = "openai";
    call.provider.http_status = 200;
    call.model = {.requested = "gpt-4o-mini", .served = "gpt-4o-mini-2024-07-18", .unknown = {}};
    call.request.stream = true;
    call.request.parameters = {R"({"temperature":0.2,"max_tokens":200})"};
    call.request.messages = {message("user", words(bytes * 2 / 3, random))};
    call.response.messages = {message("assistant", words(bytes - bytes * 2 / 3, random))};
    call.response.finish_reasons = {"stop"};
    call.modality = {.input = {"text"}, .output = {"text"}, .unknown = {}};
    call.usage.input_tokens = 150;
    call.usage.output_tokens = 80;
    call.prompt.type = "answer_question";
    call.labels.tags = {"bench"};
    std::string framed;
    append_delivered_call(framed, encode(call, Place::Header), encode(call, Place::RequestPayload),
                          encode(call, Place::ResponsePayload));
    return framed;
}

/// One connection's deliveries: always the same calls, but for their ids and the times of their beginnings.
class Delivery {
  public:
    Delivery(std::size_t calls, std::size_t bytes, int port) {
        Random& random = system_random();
        const Uuid marker = Uuid::random(random);
        const std::string_view marked(reinterpret_cast<const char*>(marker.bytes.data()),
                                      marker.bytes.size());
        body_ = kDeliveryHead;
        for (std::size_t i = 0; i < calls; ++i) {
            const std::string call = frame(bytes, marker, random);
            ids_.push_back(body_.size() + call.find(marked));
            body_ += call;
        }
        head_ = "POST /api/v1/calls HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                "\r\nContent-Type: " + std::string(kDeliveryType) +
                "\r\nContent-Length: " + std::to_string(body_.size()) + "\r\n\r\n";
        body_.insert(0, head_);
        for (std::size_t& at : ids_) at += head_.size();
    }

    /// With new ids.
    std::string_view next() {
        const std::int64_t now = system_clock().now().unix_nanos;
        for (const std::size_t at : ids_) {
            const Uuid id = Uuid::at(now, system_random());
            std::memcpy(body_.data() + at, id.bytes.data(), id.bytes.size());
        }
        return body_;
    }
    [[nodiscard]] std::size_t body_bytes() const { return body_.size() - head_.size(); }

  private:
    std::string head_;
    std::string body_;
    std::vector<std::size_t> ids_;
};

int connect_to(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        give_up("connect");
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

std::string exchange(int fd, std::string_view request) {
    while (!request.empty()) {
        const ssize_t sent = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
        if (sent <= 0) give_up("send");
        request.remove_prefix(static_cast<std::size_t>(sent));
    }
    std::string answer;
    char piece[65536];
    for (;;) {
        const ssize_t got = ::recv(fd, piece, sizeof piece, 0);
        if (got <= 0) give_up("recv");
        answer.append(piece, static_cast<std::size_t>(got));
        const std::size_t head = answer.find("\r\n\r\n");
        const std::size_t length = answer.find("Content-Length: ");
        if (head == std::string::npos || length > head) continue;
        if (answer.size() >= head + 4 + std::strtoull(answer.c_str() + length + 16, nullptr, 10))
            return answer;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6 && argc != 7) {
        std::fprintf(stderr, "ingest_load PORT SECONDS CONNECTIONS CALLS BYTES [RATE]\n");
        return 2;
    }
    const int port = std::atoi(argv[1]);
    const double seconds = std::atof(argv[2]);
    const int connections = std::atoi(argv[3]);
    const auto calls = static_cast<std::size_t>(std::atoi(argv[4]));
    const auto bytes = static_cast<std::size_t>(std::atoi(argv[5]));
    const double rate = argc == 7 ? std::atof(argv[6]) : 0;
    const std::chrono::duration<double> pause(
        rate > 0 ? static_cast<double>(calls) * connections / rate : 0.0);  // from a delivery to the next

    std::atomic<std::size_t> acknowledged{0};
    std::atomic<std::size_t> body_bytes{0};
    std::vector<std::vector<double>> took(static_cast<std::size_t>(connections));
    std::vector<std::thread> threads;
    const std::string accepted = "\"accepted\":" + std::to_string(calls) + ",";
    std::vector<Delivery> deliveries;
    for (int i = 0; i < connections; ++i) deliveries.emplace_back(calls, bytes, port);
    const auto began = Steady::now();
    const auto end =
        began + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds));
    for (std::size_t i = 0; i < took.size(); ++i) {
        threads.emplace_back([&, i] {
            const int fd = connect_to(port);
            Delivery& delivery = deliveries[i];
            body_bytes = delivery.body_bytes();
            auto due = Steady::now();
            while (Steady::now() < end) {
                const std::string_view request = delivery.next();
                const auto sent = Steady::now();
                const std::string answer = exchange(fd, request);
                if (!answer.starts_with("HTTP/1.1 200") || answer.find(accepted) == std::string::npos) {
                    std::fprintf(stderr, "not acknowledged:\n%s\n", answer.c_str());
                    std::exit(1);
                }
                took[i].push_back(std::chrono::duration<double, std::milli>(Steady::now() - sent).count());
                acknowledged += calls;
                due += std::chrono::duration_cast<Steady::duration>(pause);
                std::this_thread::sleep_until(due);
            }
            ::close(fd);
        });
    }
    for (std::thread& thread : threads) thread.join();
    const double lasted = std::chrono::duration<double>(Steady::now() - began).count();
    std::vector<double> all;
    for (const auto& one : took) all.insert(all.end(), one.begin(), one.end());
    std::ranges::sort(all);
    const auto at = [&](double quantile) {
        return all.empty() ? 0.0
                           : all[static_cast<std::size_t>(quantile * static_cast<double>(all.size() - 1))];
    };
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto cpu = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    std::printf(
        "{\"calls\": %zu, \"seconds\": %.3f, \"p50\": %.2f, \"p99\": %.2f, \"cpu\": %.3f, \"body\": %zu}\n",
        acknowledged.load(), lasted, at(0.5), at(0.99), cpu(used.ru_utime) + cpu(used.ru_stime),
        body_bytes.load());
    return 0;
}
