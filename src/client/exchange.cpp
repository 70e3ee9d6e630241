#include "client/exchange.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "client/address.hpp"
#include "client/draft.hpp"
#include "client/facts.hpp"
#include "client/request_totals.hpp"
#include "providers/credentials.hpp"
#include "providers/errors.hpp"
#include "providers/hosts.hpp"
#include "providers/request_secrets.hpp"
#include "record/json_reader.hpp"

#include <algorithm>
#include <functional>
#include <set>

namespace steno::client {

namespace {

constexpr std::uint64_t kMaxAnswer = 256u << 20;
constexpr std::uint64_t kMaxRequest = 64u << 20;
/// What the gateway adds to an answer that it has recorded (docs/gateway.md).
constexpr std::string_view kRecordedByGateway = "x-steno-call-id";

bool is_object(std::string_view json) {
    JsonReader in(json);
    return in.peek() == JsonReader::Type::Object && in.skip() && in.at_end();
}

/// The members of two JSON objects as one; of a name that both have, the first's. What is no object, or
/// breaks off within, is left out; of two such the second is as good.
std::string joined(const std::string& first, const std::string& second) {
    if (!is_object(first)) return second;
    if (!is_object(second)) return first;
    std::string all;
    std::set<std::string, std::less<>> known;
    for (const std::string* const object : {&first, &second}) {
        JsonReader in(*object);
        in.object([&](std::string_view name) {
            const bool is_new = known.emplace(name).second;
            if (!is_new) return in.skip();
            all.push_back(all.empty() ? '{' : ',');
            append_json_string(all, name);
            all.push_back(':');
            return in.raw(all);
        });
    }
    return all.empty() ? first : all + "}";
}

/// What the program has said of its call goes before what its traffic shows.
void keep_what_was_said(const CallScope::Draft& draft, Call& facts) {
    facts.name.clear();
    Call said;
    if (!draft.read_header(said)) return;
    if (said.kind != Kind::Chat) facts.kind = said.kind;  // that one is taken where nothing was said
    if (!said.modality.input.empty()) facts.modality.input.clear();
    if (!said.who.user_id.empty()) facts.who.user_id.clear();
    if (!draft.parameters.empty())
        facts.request.parameters.text = joined(facts.request.parameters.text, draft.parameters);
}

std::optional<std::string_view> find(const Exchange::Headers& headers, std::string_view name) {
    for (const auto& [known, value] : headers) {
        if (equals_ignoring_case(known, name)) return value;
    }
    return std::nullopt;
}

}  // namespace

std::unique_ptr<Exchange> Exchange::recognise(Request request, std::optional<ProviderBase> base,
                                              Source source) {
    std::unique_ptr<Exchange> exchange;
    if (base) {
        if (is_own_gateway(request.host)) return nullptr;
        const std::string below = request.path.substr(std::min(base->length, request.path.size()));
        exchange.reset(
            new Exchange(std::move(request), providers::find_provider(base->upstream), below, source));
    } else {
        const auto to = providers::find_destination(request.host, request.path);
        if (!to) return nullptr;
        const std::string below(to->path);
        exchange.reset(new Exchange(std::move(request), to->provider, below, source));
    }
    return reaches_a_model(exchange->facts_.kind) ? std::move(exchange) : nullptr;
}

Exchange::Exchange(Request request, providers::ProviderRow provider, std::string_view below, Source source)
    : request_(std::move(request)),
      upstream_(provider.upstream),
      below_(below),
      provider_(providers::find_provider(upstream_)) {
    undo_content_coding();
    hide_credentials();
    facts_.provider.name = provider_.record_name;
    facts_.provider.endpoint.host = request_.host;
    provider_.provider().read_request(view(), facts_);
    facts_.source = source;
    facts_.provider.endpoint = {request_.method, request_.host, request_.path, {}};
}

void Exchange::undo_content_coding() {
    const auto coding = find(request_.headers, "content-encoding");
    if (!coding || coding->empty()) return;
    std::string plain;
    auto decoder = net::make_decoder(*coding, kMaxRequest);
    if (decoder && !(*decoder)->feed(request_.body, plain)) plain.clear();
    request_.body = std::move(plain);  // what cannot be read is no text to be kept
}

void Exchange::hide_credentials() {
    std::int64_t hidden = 0;
    if (auto without = providers::hide_credentials(request_.body, hidden))
        request_.body = std::move(*without);
    if (hidden > 0) facts_.privacy.masked["credential"] = hidden;
}

void Exchange::begin(const Context& context, std::optional<Began> began) {
    scope_.emplace(static_cast<CallKind>(facts_.kind), facts_.name, context);
    CallScope::Draft* const draft = scope_->draft();
    if (draft == nullptr || !began) return;
    draft->began = began->at;
    draft->began_steady = began->steady;
    facts_.started_at = began->at;
}

std::string Exchange::id() const {
    return scope_ && !on_record_ ? scope_->id() : std::string();
}

void Exchange::response(int status, Headers headers) {
    if (over_ || reader_ || on_record_) return;
    headers_ = std::move(headers);
    on_record_ = find(headers_, kRecordedByGateway).has_value();
    if (on_record_) return;
    facts_.provider.http_status = status;
    reader_ = provider_.provider().read_response(
        view(), {.status = status, .header = [this](std::string_view name) { return find(headers_, name); }},
        facts_);
    auto decoder = net::make_decoder(find(headers_, "content-encoding").value_or(""), kMaxAnswer);
    if (decoder) {
        decoder_ = std::move(*decoder);
    } else {
        undecodable_ = true;
    }
}

void Exchange::body(std::string_view bytes) {
    if (over_ || !reader_ || undecodable_ || bytes.empty()) return;
    plain_.clear();
    if (!decoder_->feed(bytes, plain_)) undecodable_ = true;
    reader_->feed(plain_);
    if (first_token_ == 0 && reader_->first_token_seen()) first_token_ = system_clock().steady_nanos();
}

void Exchange::end() {
    if (over_) return;
    // A coding that breaks off has cut the answer as a connection would, unless that was over already.
    const bool cut = (undecodable_ || (decoder_ && !decoder_->whole())) && !(reader_ && reader_->over());
    if (reader_) reader_->end(!cut, facts_);
    if (cut && (!facts_.error.type || facts_.error.type == ErrorType::Connection)) {
        providers::set_error(facts_, ErrorType::MalformedResponse,
                             undecodable_ ? "the answer's content coding could not be undone"
                                          : "the answer's content coding breaks off before its end");
    }
    finish();
}

void Exchange::fail(ErrorType type, std::string message) {
    if (over_) return;
    if (reader_ && reader_->over()) return end();
    if (reader_) reader_->end(false, facts_);
    const bool told = facts_.error.type && facts_.error.type != ErrorType::Connection &&
                      !(type == ErrorType::Cancelled && facts_.error.type == ErrorType::MalformedResponse);
    if (told) {
        facts_.status = Status::Failure;
    } else {
        facts_.error = {};
        providers::set_error(facts_, type, std::move(message));
        if (type == ErrorType::Cancelled) {
            facts_.status = Status::Cancelled;
        } else if (first_token_ != 0) {
            facts_.status = Status::Partial;
        }
    }
    finish();
}

void Exchange::finish() {
    over_ = true;
    if (!facts_.error.message.empty()) {
        facts_.error.message =
            providers::RequestSecrets(view()).without_secrets(std::move(facts_.error.message));
    }
    if (facts_.status == Status::Running) facts_.status = Status::Success;
    providers::fill_preview(facts_);
    reader_.reset();
}

CallScope Exchange::take() {
    if (on_record_) {
        if (const CallScope::Draft* const draft = scope_->draft()) note_relayed(draft->context);
        scope_->level(LogLevel::Off);
        return std::move(*scope_);
    }
    if (CallScope::Draft* const draft = scope_->draft()) draft->first_piece = first_token_;
    add_facts(*scope_, std::move(facts_));
    return std::move(*scope_);
}

void Exchange::add_to(CallScope& call) {
    CallScope::Draft* const draft = call.draft();
    if (draft != nullptr && !on_record_) {
        const bool failed = draft->failed;
        const std::uint8_t status = draft->status;
        keep_what_was_said(*draft, facts_);
        add_facts(call, std::move(facts_));
        if (failed) draft->failed = true, draft->status = status;
        draft->first_piece = first_token_;
    }
    discard();
}

void Exchange::discard() {
    if (scope_) scope_->level(LogLevel::Off).end();
}

providers::RequestView Exchange::view() const {
    providers::RequestView view;
    view.method = request_.method;
    view.path = below_;
    view.query = request_.query;
    view.body = request_.body;
    view.header = [this](std::string_view name) { return find(request_.headers, name); };
    view.each_header = [this](const auto& field) {
        for (const auto& [name, value] : request_.headers) field(name, value);
    };
    return view;
}

}  // namespace steno::client
