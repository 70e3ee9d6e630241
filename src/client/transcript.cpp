#include "base/text.hpp"
#include "client/address.hpp"
#include "client/chunks.hpp"
#include "client/exchange.hpp"
#include "client/tracker.hpp"
#include "steno/http.hpp"

#include <algorithm>
#include <charconv>

namespace steno {

namespace {

using client::Address;
using client::Exchange;
using client::guarded;

constexpr std::size_t kMostHead = 1u << 20;

bool is_chunked(const Exchange::Headers& headers) {
    for (const auto& [name, value] : headers) {
        if (equals_ignoring_case(name, "transfer-encoding") && lower_case(value).ends_with("chunked"))
            return true;
    }
    return false;
}

/// Without its end, "\r\n" or "\n".
std::string_view without_end(std::string_view line) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

void add_header(Exchange::Headers& headers, std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos || colon == 0) return;
    headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
}

/// The piece up to the next space.
std::string_view next_word(std::string_view& line) {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(word.size() + 1, line.size()));
    return word;
}

/// Pieces of a text as its lines; one that is too long is left out.
class Lines {
  public:
    template <class Take>
    void feed(std::string_view text, Take&& take) {
        while (!text.empty()) {
            const std::size_t end = text.find('\n');
            const std::string_view piece = text.substr(0, end == text.npos ? end : end + 1);
            text.remove_prefix(piece.size());
            if (line_.size() + piece.size() > kMostHead) line_.clear();
            line_ += piece.substr(0, kMostHead);
            if (end == std::string_view::npos) return;
            take(without_end(line_));
            line_.clear();
        }
    }

  private:
    std::string line_;
};

}  // namespace

struct HttpTranscript::State {
    std::string provider;
    std::string base_url;
    std::string promised_body;
    Context context;
    Exchange::Began began;
    bool over = false;
    std::string id;

    // The request that was sent last.
    Lines sent_lines;
    enum class Sent : std::uint8_t { Nothing, Head, Whole } sent = Sent::Nothing;
    bool relevant = false;  ///< it goes to a provider
    Exchange::Request request;
    bool sent_chunked = false;
    bool sent_too_much = false;  ///< of the body nothing is kept: a part would be no JSON, or another one
    client::Chunks sent_chunks;

    // Its answer.
    Lines received_lines;
    bool in_head = false;
    int status = 0;
    Exchange::Headers headers;
    std::unique_ptr<Exchange> exchange;  ///< from the end of the answer's head on
    bool received_chunked = false;
    client::Chunks received_chunks;
    std::string content;

    [[nodiscard]] std::optional<client::ProviderBase> base(const Address& to) const {
        return provider.empty() ? std::nullopt : client::find_base(to, provider, base_url);
    }
    [[nodiscard]] bool is_provider(const Address& to) const {
        return provider.empty() ? client::is_provider(to) : base(to).has_value();
    }

    void sent_line(std::string_view line) {
        if (sent == Sent::Whole) next_request();
        if (sent == Sent::Nothing) {
            if (line.empty()) return;
            request.method = next_word(line);
            const std::string_view target = next_word(line);
            request.path = target;  // until the host is known
            sent = Sent::Head;
        } else if (!line.empty()) {
            add_header(request.headers, line);
        } else {
            sent = Sent::Whole;
            head_is_sent();
        }
    }

    void head_is_sent() {
        std::string host;
        for (const auto& [name, value] : request.headers) {
            if (equals_ignoring_case(name, "host")) host = value;
        }
        const std::string target = std::move(request.path);
        const Address to = Address::of_target(host, target);
        relevant = request.method != "CONNECT" && is_provider(to);
        if (relevant) set_address(to);
        sent_chunked = is_chunked(request.headers);
    }

    void set_address(const Address& to) {
        request.host = to.host;
        request.path = to.path;
        request.query = to.query;
    }

    /// A further one, on the same handle: a redirect followed, credentials that were asked for, or the same
    /// one once more where the connection had died; then nothing has come of the first.
    void next_request() {
        if (exchange) {
            exchange->end();
            settle();
            began = {system_clock().now(), system_clock().steady_nanos()};
        }
        sent = Sent::Nothing;
        relevant = sent_chunked = sent_too_much = received_chunked = in_head = false;
        request = {};
        headers.clear();
        sent_chunks = received_chunks = {};
    }

    void sent_bytes(std::string_view bytes) {
        if (!relevant || exchange || sent_too_much) return;
        if (sent_chunked) {
            sent_chunks.feed(bytes, request.body);
        } else {
            request.body += bytes;
        }
        sent_too_much = request.body.size() > kMostRequest;
        if (sent_too_much) request.body = {};
    }

    void received_line(std::string_view line) {
        if (line.starts_with("HTTP/")) {
            in_head = true;
            headers.clear();
            next_word(line);
            status = 0;
            std::from_chars(line.data(), line.data() + line.size(), status);
        } else if (in_head && line.empty()) {
            in_head = false;
            if (relevant && !exchange && (status < 100 || status >= 200)) begin_answer();
        } else if (in_head) {
            add_header(headers, line);  // what comes behind the body are trailers
        }
    }

    void make_exchange() {
        // What was not sent, or not to its end.
        if (promised_body.starts_with(request.body)) request.body = promised_body;
        // By an object without members it is still known what kind of call it is.
        if (sent_too_much && request.body.empty()) request.body = "{}";
        const auto where = base({request.host, request.path, request.query});
        exchange = Exchange::recognise(std::move(request), where, Source::Cpp);
        relevant = exchange != nullptr;
        request = {};
        if (exchange) exchange->begin(context, began);
    }

    void begin_answer() {
        make_exchange();
        if (!exchange) return;
        received_chunked = is_chunked(headers);
        exchange->response(status, std::move(headers));
        headers.clear();
    }

    void received_bytes(std::string_view bytes) {
        if (!exchange) return;
        if (!received_chunked) return exchange->body(bytes);
        content.clear();
        received_chunks.feed(bytes, content);
        exchange->body(content);
    }

    /// `how(exchange)` ends it.
    template <class How>
    void finish(How&& how, std::string_view url = {}) {
        if (over) return;
        over = true;
        if (in_head && status >= 200 && relevant && !exchange) begin_answer();  // what there is of a head
        if (!exchange && sent == Sent::Whole && relevant) make_exchange();
        if (!exchange && sent != Sent::Whole && !url.empty()) {
            const Address to = Address::of_url(url);
            if (!is_provider(to)) return;
            if (request.method.empty() || request.method == "CONNECT") request.method = "POST";
            set_address(to);
            make_exchange();
        }
        if (!exchange) return;
        how(*exchange);
        settle();
    }

    void settle() {
        id = exchange->id();
        exchange->take().end();
        exchange.reset();
    }
};

HttpTranscript::HttpTranscript(const Options& options, const Context& context) noexcept {
    if (!tracking()) return;
    guarded([&] {
        auto state = std::make_unique<State>();
        state->provider = options.provider;
        state->base_url = options.base_url;
        state->promised_body = options.request_body;
        state->context = context;
        state->began = {system_clock().now(), system_clock().steady_nanos()};
        state_ = std::move(state);
    });
}

HttpTranscript::HttpTranscript(HttpTranscript&& other) noexcept = default;

HttpTranscript::~HttpTranscript() {
    fail(Failure::Cancelled, "the program did not read the answer to its end");
}

void HttpTranscript::sent_head(std::string_view text) noexcept {
    if (!state_ || state_->over) return;
    guarded([&] { state_->sent_lines.feed(text, [&](std::string_view line) { state_->sent_line(line); }); });
}

void HttpTranscript::sent_body(std::string_view bytes) noexcept {
    if (state_ && !state_->over) guarded([&] { state_->sent_bytes(bytes); });
}

void HttpTranscript::received_head(std::string_view text) noexcept {
    if (!state_ || state_->over) return;
    guarded([&] {
        state_->received_lines.feed(text, [&](std::string_view line) { state_->received_line(line); });
    });
}

void HttpTranscript::received_body(std::string_view bytes) noexcept {
    if (state_ && !state_->over) guarded([&] { state_->received_bytes(bytes); });
}

void HttpTranscript::end() noexcept {
    if (!state_) return;
    guarded([&] { state_->finish([](Exchange& exchange) { exchange.end(); }); });
}

void HttpTranscript::fail(Failure why, std::string_view message, std::string_view url) noexcept {
    if (!state_) return;
    guarded(
        [&] { state_->finish([&](Exchange& exchange) { exchange.fail(why, std::string(message)); }, url); });
}

std::string HttpTranscript::id() const noexcept {
    try {
        return state_ ? state_->id : std::string();
    } catch (...) {
        return {};
    }
}

}  // namespace steno
