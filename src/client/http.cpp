#include "steno/http.hpp"

#include "client/address.hpp"
#include "client/exchange.hpp"
#include "client/tracker.hpp"

namespace steno {

namespace {

using client::Exchange;
using client::guarded;

Exchange::Headers kept(const HttpHeaders& headers) {
    return {headers.begin(), headers.end()};
}

std::unique_ptr<Exchange> recognise(const HttpRequest& request) {
    const client::Address to = client::Address::of_url(request.url);
    std::optional<client::ProviderBase> base;
    if (!request.provider.empty()) {
        base = client::find_base(to, request.provider, request.base_url);
        if (!base) return nullptr;
    } else if (!client::is_provider(to)) {
        return nullptr;
    }
    return Exchange::recognise({.method = std::string(request.method),
                                .host = std::string(to.host),
                                .path = std::string(to.path),
                                .query = std::string(to.query),
                                .headers = kept(request.headers),
                                .body = std::string(request.body)},
                               base, Source::Cpp);
}

}  // namespace

HttpExchange::HttpExchange(const HttpRequest& request) noexcept : HttpExchange(request, Context::current()) {}

HttpExchange::HttpExchange(const HttpRequest& request, const Context& context) noexcept {
    if (!tracking()) return;
    guarded([&] {
        std::unique_ptr<Exchange> exchange = recognise(request);
        if (!exchange) return;
        exchange->begin(context);
        id_ = exchange->id();
        if (!id_.empty()) exchange_ = std::move(exchange);
    });
}

HttpExchange::HttpExchange(const HttpRequest& request, CallScope& call) noexcept {
    if (!call.recorded()) return;
    guarded([&] {
        exchange_ = recognise(request);
        if (!exchange_) return;
        fills_ = &call;
        id_ = call.id();
    });
}

HttpExchange::HttpExchange(HttpExchange&& other) noexcept = default;

HttpExchange::~HttpExchange() {
    fail(Failure::Cancelled, "the program did not read the answer to its end");
}

std::string HttpExchange::id() const noexcept {
    try {
        return id_;
    } catch (...) {
        return {};
    }
}

void HttpExchange::response(int status, const HttpHeaders& headers) noexcept {
    if (!exchange_ || (status >= 100 && status < 200)) return;
    guarded([&] { exchange_->response(status, kept(headers)); });
}

void HttpExchange::body(std::string_view bytes) noexcept {
    if (exchange_) guarded([&] { exchange_->body(bytes); });
}

void HttpExchange::end() noexcept {
    if (!exchange_) return;
    guarded([&] { exchange_->end(); });
    settle();
}

void HttpExchange::fail(Failure why, std::string_view message) noexcept {
    if (!exchange_) return;
    guarded([&] { exchange_->fail(why, std::string(message)); });
    settle();
}

void HttpExchange::settle() noexcept {
    if (fills_ != nullptr) {
        guarded([&] { exchange_->add_to(*fills_); });
    } else {
        guarded([&] {
            if (exchange_->id().empty()) id_.clear();
            exchange_->take().end();
        });
    }
    exchange_.reset();
}

}  // namespace steno
