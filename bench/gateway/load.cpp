// A load generator without coordinated omission: requests are due at fixed times whatever becomes of those
// before them, and each one's latency counts from when it was due, also while it waits for a free connection.
//
//   gateway_load PORT PATH BODY_FILE RATE SECONDS CONNECTIONS [HEADER]...
//
// BODY_FILE "-": a GET. One thread, HTTP/1.1 kept alive, to 127.0.0.1. Prints one JSON object; times in
// milliseconds: "latency" until the last byte, "first" until the first byte of the body.

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPatienceSeconds = 60;  // for the answers that are still due at the end

struct Connection {
    int fd = -1;
    Clock::time_point due;
    std::string received;         // the head, then only the tail of the body
    std::size_t body_begin = 0;   // 0: the head is not complete
    std::uint64_t body_left = 0;  // with Content-Length
    bool chunked = false;
    bool busy = false;
    bool first_seen = false;
    std::size_t unsent = 0;  // of the request
};

struct Samples {
    std::vector<double> ms;
    void add(Clock::time_point due) {
        ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - due).count());
    }
    double at(double quantile) {
        if (ms.empty()) return NAN;
        const auto place = static_cast<std::size_t>(quantile * static_cast<double>(ms.size() - 1));
        std::nth_element(ms.begin(), ms.begin() + static_cast<std::ptrdiff_t>(place), ms.end());
        return ms[place];
    }
};

class Load {
  public:
    Load(std::uint16_t port, std::string request, std::size_t connections)
        : port_(port), request_(std::move(request)), epoll_(epoll_create1(0)), connections_(connections) {
        for (std::size_t i = 0; i < connections; ++i) free_.push_back(connections - 1 - i);
    }

    void run(double rate, double seconds) {
        const auto started = Clock::now();
        const auto count = static_cast<std::uint64_t>(rate * seconds);
        const auto due = [&](std::uint64_t i) {
            return started + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(static_cast<double>(i) / rate));
        };
        const auto give_up = due(count) + std::chrono::seconds(kPatienceSeconds);
        std::uint64_t next = 0;
        while (answered_ + failed_ < count && Clock::now() < give_up) {
            const auto now = Clock::now();
            while (next < count && due(next) <= now) waiting_.push_back(due(next++));
            while (!waiting_.empty() && !free_.empty()) {
                const std::size_t index = free_.back();
                free_.pop_back();
                const auto when = waiting_.front();
                waiting_.pop_front();
                begin(index, when);
            }
            int wait_ms = 100;
            if (next < count) {
                const auto left = due(next) - Clock::now();
                wait_ms =
                    static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(left).count());
            }
            epoll_event events[256];
            const int got = epoll_wait(epoll_, events, 256, std::max(0, std::min(wait_ms, 100)));
            for (int i = 0; i < got; ++i) serve(events[i].data.u64, events[i].events);
        }
        took_ = std::chrono::duration<double>(Clock::now() - started).count();
        unanswered_ = count - answered_ - failed_;
    }

    void print() {
        const auto number = [](double ms) {  // an answer without a body has no first byte
            char text[32] = "null";
            if (!std::isnan(ms)) std::snprintf(text, sizeof text, "%.3f", ms);
            return std::string(text);
        };
        std::printf(
            "{\"answered\":%llu,\"failed\":%llu,\"unanswered\":%llu,\"rate\":%.1f,\"latency\":{\"p50\":%s,"
            "\"p90\":%s,\"p99\":%s,\"max\":%s},\"first\":{\"p50\":%s,\"p99\":%s}}\n",
            static_cast<unsigned long long>(answered_), static_cast<unsigned long long>(failed_),
            static_cast<unsigned long long>(unanswered_), static_cast<double>(answered_) / took_,
            number(latency_.at(0.5)).c_str(), number(latency_.at(0.9)).c_str(),
            number(latency_.at(0.99)).c_str(), number(latency_.at(1)).c_str(), number(first_.at(0.5)).c_str(),
            number(first_.at(0.99)).c_str());
    }

  private:
    void begin(std::size_t index, Clock::time_point due) {
        Connection& c = connections_[index];
        c.busy = true;
        if (c.fd < 0 && !open(index)) return fail(index);
        c.due = due;
        c.received.clear();
        c.body_begin = 0;
        c.chunked = c.first_seen = false;
        c.unsent = request_.size();
        send_rest(index);
    }

    bool open(std::size_t index) {
        Connection& c = connections_[index];
        c.fd = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port_);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (c.fd < 0 || connect(c.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            return false;
        const int on = 1;
        setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = index;
        return epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event) == 0;
    }

    void want(std::size_t index, std::uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.u64 = index;
        epoll_ctl(epoll_, EPOLL_CTL_MOD, connections_[index].fd, &event);
    }

    void send_rest(std::size_t index) {
        Connection& c = connections_[index];
        const char* const rest = request_.data() + (request_.size() - c.unsent);
        const ssize_t sent = send(c.fd, rest, c.unsent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) return fail(index);
        const bool waited = c.unsent != request_.size();
        c.unsent -= sent > 0 ? static_cast<std::size_t>(sent) : 0;
        if (c.unsent != 0) want(index, EPOLLIN | EPOLLOUT);
        if (c.unsent == 0 && waited) want(index, EPOLLIN);
    }

    void serve(std::size_t index, std::uint32_t events) {
        Connection& c = connections_[index];
        if (c.busy && c.unsent != 0 && (events & EPOLLOUT) != 0) send_rest(index);
        if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0 || c.fd < 0) return;
        char buffer[64 * 1024];
        const ssize_t got = recv(c.fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0 || !c.busy) return fail(index);
        c.received.append(buffer, static_cast<std::size_t>(got));
        read(index);
    }

    void read(std::size_t index) {
        Connection& c = connections_[index];
        if (c.body_begin == 0) {
            const std::size_t end = c.received.find("\r\n\r\n");
            if (end == std::string::npos) return;
            const std::string_view head(c.received.data(), end + 2);
            const bool not_modified = head.substr(9, 3) == "304";
            if (head.substr(9, 3) != "200" && !not_modified) return fail(index);
            c.body_begin = end + 4;
            const std::size_t length = find_field(head, "content-length:");
            c.chunked = length == std::string_view::npos && !not_modified;
            c.body_left = 0;
            if (!c.chunked && !not_modified) c.body_left = std::strtoull(head.data() + length, nullptr, 10);
            c.received.erase(0, c.body_begin);
        }
        if (!c.first_seen && !c.received.empty()) {
            c.first_seen = true;
            first_.add(c.due);
        }
        if (!c.chunked) {
            c.body_left -= std::min<std::uint64_t>(c.body_left, c.received.size());
            c.received.clear();
            if (c.body_left == 0) done(index);
            return;
        }
        constexpr std::string_view kEnd = "\r\n0\r\n\r\n";
        if (c.received.ends_with(kEnd)) return done(index);
        if (c.received.size() > kEnd.size()) c.received.erase(0, c.received.size() - kEnd.size());
    }

    static std::size_t find_field(std::string_view head, std::string_view name) {
        for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
             at = head.find("\r\n", at + 2)) {
            const std::string_view line = head.substr(at + 2);
            if (line.size() > name.size() && strncasecmp(line.data(), name.data(), name.size()) == 0)
                return at + 2 + name.size();
        }
        return std::string_view::npos;
    }

    void done(std::size_t index) {
        Connection& c = connections_[index];
        latency_.add(c.due);
        ++answered_;
        c.busy = false;
        free_.push_back(index);
    }

    void fail(std::size_t index) {
        Connection& c = connections_[index];
        if (c.fd >= 0) close(c.fd);
        c.fd = -1;
        if (!c.busy) return;  // an idle one was closed: it is opened again when it is needed
        ++failed_;
        c.busy = false;
        c.unsent = 0;
        free_.push_back(index);
    }

    std::uint16_t port_;
    std::string request_;
    int epoll_;
    std::vector<Connection> connections_;
    std::vector<std::size_t> free_;
    std::deque<Clock::time_point> waiting_;
    Samples latency_;
    Samples first_;
    std::uint64_t answered_ = 0;
    std::uint64_t failed_ = 0;
    std::uint64_t unanswered_ = 0;
    double took_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 7) {
        std::fprintf(stderr,
                     "usage: gateway_load PORT PATH BODY_FILE RATE SECONDS CONNECTIONS [HEADER]...\n");
        return 2;
    }
    const bool get = std::string_view(argv[3]) == "-";
    std::ifstream file(get ? "/dev/null" : argv[3], std::ios::binary);
    const std::string body{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    std::string request = std::string(get ? "GET " : "POST ") + argv[2] + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    if (!get)
        request +=
            "Content-Type: application/json\r\n"
            "Authorization: Bearer sk-bench-000000000000000000000000000000000000\r\n"
            "Content-Length: " +
            std::to_string(body.size()) + "\r\n";
    for (int i = 7; i < argc; ++i) request += std::string(argv[i]) + "\r\n";
    request += "\r\n" + body;
    Load load(static_cast<std::uint16_t>(std::atoi(argv[1])), request,
              static_cast<std::size_t>(std::atoi(argv[6])));
    load.run(std::atof(argv[4]), std::atof(argv[5]));
    load.print();
}
