#include "client/transport.hpp"

#include "client/no_signals.hpp"
#include "client/standard_error.hpp"
#include "net/http_client.hpp"
#include "net/loops.hpp"
#include "record/delivery.hpp"
#include "record/json_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace steno::client {

namespace {

constexpr std::size_t kMaxAnswer = 4u << 20;

struct Answer {
    int status = 0;
    std::string body;
};

/// What the answer says, be it a receipt or a problem (RFC 9457); what it does not have stays as it is. Its
/// words are made printable: they are shown to a person, and anybody may be at the address.
struct Said {
    Receipt receipt;
    std::string detail;
};

Said read_answer(std::string_view body) {
    Said said;
    JsonReader in(body);
    const auto words = [&](std::string& into) {
        std::string all;
        if (!in.string(all)) return false;
        into = printable(all, kLongestWords);
        return true;
    };
    in.object([&](std::string_view key) {
        if (key == "detail") return words(said.detail);
        if (key == "accepted") {
            std::string_view number;
            if (!in.number(number)) return false;
            said.receipt.accepted = std::strtoull(std::string(number).c_str(), nullptr, 10);
            return true;
        }
        if (key != "rejected") return in.skip();
        return in.array([&] {
            ++said.receipt.rejected;
            return in.object([&](std::string_view member) {
                if (member == "detail" && said.receipt.reason.empty()) return words(said.receipt.reason);
                return in.skip();
            });
        });
    });
    return said;
}

/// Calls it once, whatever becomes of the task that is to do it.
struct Answering {
    std::function<void(Result<Receipt>)> answered;
    ~Answering() {
        if (answered) answered(fail(Code::Internal, "an exception"));  // too short to take memory
    }
    void say(Result<Receipt> receipt) { std::exchange(answered, nullptr)(std::move(receipt)); }
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

class HttpTransport final : public Transport {
  public:
    HttpTransport(net::BaseUrl server, std::string api_key)
        : server_(std::move(server)), api_key_(std::move(api_key)), loops_(1, 0), client_(loops_, {}) {
        const NoSignals as_they_start;
        loops_.start();
    }
    ~HttpTransport() override { loops_.stop(); }

    void deliver(const std::string& body, std::uint64_t calls, std::chrono::milliseconds patience,
                 std::function<void(Result<Receipt>)> answered) override {
        auto answering = std::make_shared<Answering>(std::move(answered));
        loops_.spawn([this, answering, &body, calls, patience]() -> net::Task<void> {
            auto answer = co_await exchange(body, patience);
            answering->say(answer ? receipt_of(*answer, calls) : std::unexpected(std::move(answer).error()));
        });
    }

    void cancel() override {
        loops_.spawn([this]() -> net::Task<void> {
            cancelled_ = true;
            if (connecting_ != nullptr) connecting_->cancel();
            if (reading_ != nullptr) reading_->cancel();
            co_return;
        });
    }

  private:
    static std::unexpected<Error> not_steno(std::string words) {
        return fail(Code::NotFound, words + ", but not as a Steno server does: is it another program?",
                    "name Steno's server: STENO_SERVER");
    }

    [[nodiscard]] Result<Receipt> receipt_of(const Answer& answer, std::uint64_t calls) const {
        Said said = read_answer(answer.body);
        std::string words = fmt::format("{} answered {}", server_.to_string(), answer.status);
        if (answer.status == 200) {
            if (said.receipt.accepted + said.receipt.rejected == calls) return std::move(said.receipt);
            return not_steno(std::move(words));
        }
        if (said.detail.empty()) {  // a Steno server says why
            const bool passes = answer.status >= 500 || answer.status == 408 || answer.status == 429;
            if (passes) return fail(Code::Unavailable, std::move(words));  // a proxy, whose server restarts
            return not_steno(std::move(words));
        }
        words += ": " + said.detail;
        switch (answer.status) {
            case 401:
            case 403:
                return fail(Code::Unauthenticated, std::move(words), "set the server's key: STENO_API_KEY");
            case 404:
            case 405:
                return not_steno(std::move(words));
            case 413:
                return fail(Code::ResourceExhausted, std::move(words));
            case 400:
            case 415:
                return fail(Code::InvalidArgument, std::move(words));
            default:
                return fail(Code::Unavailable, std::move(words));
        }
    }

    net::Task<Result<Answer>> exchange(std::string_view body, std::chrono::milliseconds patience) {
        net::RequestHead head;
        head.method = "POST";
        head.target = server_.path + "/api/v1/calls";
        head.headers.add("Content-Type", std::string(kDeliveryType));
        if (!api_key_.empty()) head.headers.add("Authorization", "Bearer " + api_key_);
        const auto until = std::chrono::steady_clock::now() + patience;
        if (cancelled_) co_return fail(Code::Cancelled, "the delivery was given up");
        net::CancelHandle connecting;
        connecting_ = &connecting;
        auto sent = co_await client_.send(server_, head, body, {patience, patience, patience}, &connecting);
        connecting_ = nullptr;
        if (!sent) {
            Error& error = sent.error().error;
            if (sent.error().stage == net::ClientStage::Connect && error.code == Code::Unavailable)
                error = Error(Code::NotFound, std::move(error.message),
                              "start the server (steno serve), or name another one: STENO_SERVER");
            co_return std::unexpected(std::move(error));
        }
        Answer answer{(*sent)->head().status, {}};
        for (;;) {
            if (cancelled_) co_return fail(Code::Cancelled, "the delivery was given up");
            reading_ = sent->get();
            auto piece = co_await (*sent)->read_some();
            reading_ = nullptr;
            STENO_CO_ASSIGN(const std::string_view bytes, std::move(piece));
            if (bytes.empty()) break;
            if (std::chrono::steady_clock::now() > until)
                co_return fail(Code::DeadlineExceeded, "the server's answer takes too long");
            if (answer.body.size() + bytes.size() > kMaxAnswer)
                co_return fail(Code::Unavailable, "the server's answer is too large to be one of Steno's");
            answer.body.append(bytes);
        }
        co_return answer;
    }

    const net::BaseUrl server_;
    const std::string api_key_;
    net::Loops loops_;
    net::HttpClient client_;
    // Of the loop's thread: what a delivery waits for, and that none is to wait any more.
    net::CancelHandle* connecting_ = nullptr;
    net::ClientExchange* reading_ = nullptr;
    bool cancelled_ = false;
};

}  // namespace

Result<std::unique_ptr<Transport>> Transport::to(const std::string& server, const std::string& api_key) {
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
    return std::make_unique<HttpTransport>(std::move(*url), api_key);
}

}  // namespace steno::client
