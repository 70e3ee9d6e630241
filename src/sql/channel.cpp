#include "sql/channel.hpp"

#include "base/json_writer.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace steno::sql {

namespace {

constexpr int kLookMs = 20;

std::unexpected<Error> gone() {
    return fail(Code::Unavailable, "the process that ran the query has ended");
}

}  // namespace

Channel::Channel(int socket, std::function<Result<void>()> wanted, std::uint32_t most)
    : socket_(socket), wanted_(std::move(wanted)), most_(most) {}

Channel::~Channel() {
    ::close(socket_);
}

Result<void> Channel::wait(short events) {
    for (;;) {
        pollfd look{socket_, events, 0};
        const int ready = ::poll(&look, 1, kLookMs);
        if (ready < 0 && errno != EINTR) return gone();
        if (wanted_) STENO_TRY(wanted_());
        if (ready > 0) return {};
    }
}

Result<void> Channel::send(Say what, std::string_view body) {
    if (body.size() > std::max(kMostToServer, kMostToWorker))
        return fail(Code::ResourceExhausted, "the rows are too large");
    const auto length = static_cast<std::uint32_t>(body.size());
    char head[5] = {static_cast<char>(what)};
    std::memcpy(head + 1, &length, sizeof length);
    for (std::string_view piece : {std::string_view(head, sizeof head), body}) {
        while (!piece.empty()) {
            const ssize_t sent = ::send(socket_, piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent >= 0) {
                piece.remove_prefix(static_cast<std::size_t>(sent));
            } else if (errno == EAGAIN) {
                STENO_TRY(wait(POLLOUT));
            } else if (errno != EINTR) {
                return gone();
            }
        }
    }
    return {};
}

Result<void> Channel::read(char* to, std::size_t size) {
    while (size > 0) {
        const ssize_t got = ::recv(socket_, to, size, MSG_DONTWAIT);
        if (got == 0) return gone();
        if (got > 0) {
            to += got;
            size -= static_cast<std::size_t>(got);
        } else if (errno == EAGAIN) {
            STENO_TRY(wait(POLLIN));
        } else if (errno != EINTR) {
            return gone();
        }
    }
    return {};
}

Result<Message> Channel::receive() {
    if (wanted_) STENO_TRY(wanted_());
    char head[5];
    STENO_TRY(read(head, sizeof head));
    std::uint32_t length = 0;
    std::memcpy(&length, head + 1, sizeof length);
    if (length > most_) return fail(Code::ResourceExhausted, "the rows are too large");
    Message message{static_cast<Say>(head[0]), std::string(length, '\0')};
    STENO_TRY(read(message.body.data(), length));
    return message;
}

std::string encode(const Error& error) {
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    json.member("code", static_cast<int>(error.code));
    json.member("message", error.message);
    json.member("remedy", error.remedy);
    json.end_object();
    return body;
}

Error decode_problem(std::string_view body) {
    simdjson::dom::parser parser;
    simdjson::dom::element problem;
    std::int64_t code = 0;
    std::string_view message;
    std::string_view remedy;
    if (parser.parse(simdjson::padded_string(body)).get(problem) != simdjson::SUCCESS ||
        problem["code"].get(code) != simdjson::SUCCESS || code < 0 ||
        code > static_cast<std::int64_t>(Code::Internal) ||
        problem["message"].get(message) != simdjson::SUCCESS ||
        problem["remedy"].get(remedy) != simdjson::SUCCESS)
        return {Code::Internal, "the query failed without a word"};
    return {static_cast<Code>(code), std::string(message), std::string(remedy)};
}

}  // namespace steno::sql
