#include "client/transport.hpp"

#include "net/http_client.hpp"
#include "net/loops.hpp"
#include "record/json_reader.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace steno::client {

namespace {

constexpr std::size_t kMaxAnswer = 4u << 20;

struct Answer {
    int status = 0;
    std::string body;
};

/// What the answer says, be it a receipt or a problem (RFC 9457); what it does not have stays as it is.
struct Said {
    Receipt receipt;
    std::string detail;
};

Said read_answer(std::string_view body) {
    Said said;
    JsonReader in(body);
    in.object([&](std::string_view key) {
        if (key == "detail") return in.string(said.detail);
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
                if (member == "detail" && said.receipt.reason.empty()) return in.string(said.receipt.reason);
                return in.skip();
            });
        });
    });
    return said;
}

class HttpTransport final : public Transport {
  public:
    HttpTransport(net::BaseUrl server, std::string api_key)
        : server_(std::move(server)), api_key_(std::move(api_key)), loops_(1, 0), client_(loops_, {}) {
        loops_.start();
    }
    ~HttpTransport() override { loops_.stop(); }

    Result<Receipt> deliver(const std::string& body, std::chrono::milliseconds patience) override {
        net::RequestHead head;
        head.method = "POST";
        head.target = server_.path + "/api/v1/calls";
        head.headers.add("Content-Type", std::string(kDeliveryType));
        if (!api_key_.empty()) head.headers.add("Authorization", "Bearer " + api_key_);
        std::optional<Result<Answer>> outcome;
        loops_.run([&]() -> net::Task<void> { outcome.emplace(co_await exchange(head, body, patience)); });
        if (!outcome) return fail(Code::Internal, "the delivery ended by an exception");
        STENO_TRY(*outcome);
        const Answer& answer = **outcome;
        Said said = read_answer(answer.body);
        if (answer.status >= 200 && answer.status < 300) return std::move(said.receipt);
        std::string words = fmt::format("{} answered {}", server_.to_string(), answer.status);
        if (!said.detail.empty()) words += ": " + said.detail;
        switch (answer.status) {
            case 401:
            case 403:
                return fail(Code::Unauthenticated, std::move(words), "set the server's key: STENO_API_KEY");
            case 413:
                return fail(Code::ResourceExhausted, std::move(words));
            case 400:
            case 415:
                return fail(Code::InvalidArgument, std::move(words));
            default:
                return fail(Code::Unavailable, std::move(words));
        }
    }

  private:
    net::Task<Result<Answer>> exchange(const net::RequestHead& head, std::string_view body,
                                       std::chrono::milliseconds patience) {
        auto sent = co_await client_.send(server_, head, body, {patience, patience, patience});
        if (!sent) co_return std::unexpected(std::move(sent).error().error);
        Answer answer{(*sent)->head().status, {}};
        for (;;) {
            STENO_CO_ASSIGN(const std::string_view bytes, co_await (*sent)->read_some());
            if (bytes.empty()) break;
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
};

}  // namespace

Result<std::unique_ptr<Transport>> Transport::to(const std::string& server, const std::string& api_key) {
    auto url = net::BaseUrl::parse(server);
    if (!url) {
        return fail(Code::InvalidArgument, fmt::format("\"{}\" is no address of a server", server),
                    "say http://HOST:PORT or https://HOST, as in http://127.0.0.1:8787");
    }
    return std::make_unique<HttpTransport>(std::move(*url), api_key);
}

}  // namespace steno::client
