#include "client/connection.hpp"

#include "client/no_signals.hpp"
#include "client/standard_error.hpp"
#include "record/json_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace steno::client {

namespace {

/// What a problem says (RFC 9457). Its words are made printable: they are shown to a person, and anybody may
/// be at the address.
struct Problem {
    std::string code;
    std::string detail;
    std::string remedy;
};

Problem read_problem(std::string_view body) {
    Problem problem;
    JsonReader in(body);
    in.object([&](std::string_view key) {
        std::string* const into = key == "code"     ? &problem.code
                                  : key == "detail" ? &problem.detail
                                  : key == "remedy" ? &problem.remedy
                                                    : nullptr;
        std::string words;
        if (into == nullptr) return in.skip();
        if (!in.string(words)) return false;
        *into = printable(words, kLongestWords);
        return true;
    });
    return problem;
}

/// Calls it once, whatever becomes of the task that is to do it.
struct Answering {
    std::function<void(Result<Connection::Answer>)> answered;
    ~Answering() {
        if (answered) answered(fail(Code::Internal, "an exception"));  // too short to take memory
    }
    void say(Result<Connection::Answer> answer) { std::exchange(answered, nullptr)(std::move(answer)); }
};

/// An address that is none, as it may be shown: a name and a password in it (RFC 3986, section 3.2.1) are
/// not, nor is what follows its path, which may be a key.
std::string without_secrets(std::string_view address) {
    const std::size_t scheme_end = address.find("://");
    const std::size_t begin = scheme_end == address.npos ? 0 : scheme_end + 3;
    const std::string_view scheme = address.substr(0, begin);
    std::string_view rest = address.substr(begin);
    const std::size_t user_end = rest.rfind('@');  // also behind a '/' or '?', which a password may have
    const bool has_user = user_end != rest.npos;
    if (has_user) rest.remove_prefix(user_end);
    const std::size_t end = std::min(rest.find_first_of("?#"), rest.size());
    return printable(fmt::format("{}{}{}{}", scheme, has_user ? "***" : "", rest.substr(0, end),
                                 end < rest.size() ? "?***" : ""),
                     kLongestWords);
}

}  // namespace

/// An exchange that can be given up.
struct Connection::UnderWay {
    net::CancelHandle* connecting = nullptr;
    net::ClientExchange* reading = nullptr;
};

Connection::Connection(net::BaseUrl server, std::string api_key)
    : server_(std::move(server)), api_key_(std::move(api_key)), loops_(1, 0), client_(loops_, {}) {
    const NoSignals as_they_start;
    loops_.start();
}

Connection::~Connection() {
    loops_.stop();
}

void Connection::ask(Request request, std::chrono::milliseconds patience,
                     std::function<void(Result<Answer>)> answered) {
    auto answering = std::make_shared<Answering>(std::move(answered));
    loops_.spawn([this, answering, asked = std::move(request), patience]() -> net::Task<void> {
        auto answer = co_await exchange(asked, patience);
        answering->say(std::move(answer));
    });
}

void Connection::cancel() {
    loops_.spawn([this]() -> net::Task<void> {
        cancelled_ = true;
        for (const UnderWay& one : under_way_) {
            if (one.connecting != nullptr) one.connecting->cancel();
            if (one.reading != nullptr) one.reading->cancel();
        }
        co_return;
    });
}

bool Connection::Answer::is_problem_of(std::string_view code) const {
    return is_problem && read_problem(body).code == code;
}

Error Connection::not_steno(int status) const {
    return Error(Code::NotFound,
                 fmt::format("{} answered {}, but not as a Steno server does: is it another program?",
                             server_.to_string(), status),
                 "name Steno's server: STENO_SERVER");
}

Error Connection::refusal(const Answer& answer) const {
    Problem problem = read_problem(answer.body);
    std::string words = fmt::format("{} answered {}", server_.to_string(), answer.status);
    if (problem.detail.empty()) {  // a Steno server says why
        const bool passes = answer.status >= 500 || answer.status == 408 || answer.status == 429;
        if (passes) return Error(Code::Unavailable, std::move(words));  // a proxy, whose server restarts
        return not_steno(answer.status);
    }
    words += ": " + problem.detail;
    switch (answer.status) {
        case 401:
        case 403:
            return Error(Code::Unauthenticated, std::move(words), "set the server's key: STENO_API_KEY");
        case 404:
        case 405:
            return answer.is_problem ? Error(Code::NotFound, std::move(words), std::move(problem.remedy))
                                     : not_steno(answer.status);
        case 413:
            return Error(Code::ResourceExhausted, std::move(words));
        case 400:
        case 415:
            return Error(Code::InvalidArgument, std::move(words), std::move(problem.remedy));
        default:
            return Error(Code::Unavailable, std::move(words));
    }
}

net::Task<Result<Connection::Answer>> Connection::exchange(const Request& request,
                                                           std::chrono::milliseconds patience) {
    if (cancelled_) co_return fail(Code::Cancelled, "the request was given up");
    const auto place = under_way_.emplace(under_way_.end());
    auto answer = co_await exchange(request, patience, *place);
    under_way_.erase(place);
    co_return answer;
}

net::Task<Result<Connection::Answer>> Connection::exchange(const Request& request,
                                                           std::chrono::milliseconds patience,
                                                           UnderWay& under_way) {
    net::RequestHead head;
    head.method = request.method;
    head.target = server_.path + request.path;
    if (!request.content_type.empty()) head.headers.add("Content-Type", request.content_type);
    if (!request.known_tag.empty()) head.headers.add("If-None-Match", request.known_tag);
    if (!api_key_.empty()) head.headers.add("Authorization", "Bearer " + api_key_);
    const auto until = std::chrono::steady_clock::now() + patience;
    net::CancelHandle connecting;
    under_way.connecting = &connecting;
    auto sent =
        co_await client_.send(server_, head, request.body, {patience, patience, patience}, &connecting);
    under_way.connecting = nullptr;
    if (!sent) {
        Error& error = sent.error().error;
        if (sent.error().stage == net::ClientStage::Connect && error.code == Code::Unavailable)
            error = Error(Code::NotFound, std::move(error.message),
                          "start the server (steno serve), or name another one: STENO_SERVER");
        co_return std::unexpected(std::move(error));
    }
    Answer answer;
    answer.status = (*sent)->head().status;
    answer.entity_tag = (*sent)->head().headers.get("etag").value_or("");
    answer.is_problem =
        (*sent)->head().headers.get("content-type").value_or("").starts_with("application/problem+json");
    for (;;) {
        if (cancelled_) co_return fail(Code::Cancelled, "the request was given up");
        under_way.reading = sent->get();
        auto piece = co_await (*sent)->read_some();
        under_way.reading = nullptr;
        STENO_CO_ASSIGN(const std::string_view bytes, std::move(piece));
        if (bytes.empty()) break;
        if (std::chrono::steady_clock::now() > until)
            co_return fail(Code::DeadlineExceeded, "the server's answer takes too long");
        if (answer.body.size() + bytes.size() > request.max_answer)
            co_return fail(Code::Unavailable, "the server's answer is too large to be one of Steno's");
        answer.body.append(bytes);
    }
    co_return answer;
}

Result<std::unique_ptr<Connection>> Connection::to(const std::string& server, const std::string& api_key) {
    auto url = net::BaseUrl::parse_server(server);
    if (!url) {
        return fail(Code::InvalidArgument,
                    fmt::format("\"{}\" is no address of a server", without_secrets(server)),
                    "set STENO_SERVER, or `server` where recording is started, to http://HOST:PORT, "
                    "https://HOST or unix:/PATH, as in http://127.0.0.1:8787");
    }
    // It may come from a file, with the end of its line; a header must not have one.
    if (std::ranges::any_of(api_key,
                            [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
        return fail(Code::InvalidArgument, "the API key has a control character in it, perhaps a line's end",
                    "set STENO_API_KEY, or `api_key` where recording is started, to the key alone");
    }
    return std::make_unique<Connection>(std::move(*url), api_key);
}

}  // namespace steno::client
