#include "base/decimal.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "client/context_node.hpp"
#include "client/draft.hpp"
#include "client/record_writer.hpp"
#include "client/tracker.hpp"
#include "record/bounded.hpp"
#include "record/call.hpp"
#include "record/currency.hpp"
#include "record/json_reader.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace steno {

namespace {

using client::number;
using client::RecordWriter;

constexpr auto place_of(auto enumerator) {
    return static_cast<std::uint64_t>(enumerator);
}

/// As much of it as a server takes.
std::string_view cut_name(std::string_view text) {
    return utf8_prefix(text, kLongestId);
}
std::string_view cut_text(std::string_view text) {
    return utf8_prefix(text, client::kLongestText);
}

std::string valid_json(std::string_view text) {
    JsonReader reader(text);
    if (reader.skip() && reader.at_end()) return std::string(text);
    std::string quoted;
    append_json_string(quoted, text);
    return quoted;
}

}  // namespace

CallScope::CallScope(Kind kind, std::string_view name) noexcept {
    if (tracking()) begin(kind, name, Context::current());
}

CallScope::CallScope(Kind kind, std::string_view name, const Context& context) noexcept {
    begin(kind, name, context);
}

void CallScope::begin(Kind kind, std::string_view name, const Context& context) noexcept {
    client::Tracker* const tracker = client::Tracker::current();
    if (tracker == nullptr) return;
    draft_ = tracker->begin(context);
    if (draft_ == nullptr) return;
    client::guarded([&] {
        Draft& draft = *draft_;
        RecordWriter out(draft.header);
        out.text(number<Call, "id">(),
                 {reinterpret_cast<const char*>(draft.id.bytes.data()), draft.id.bytes.size()});
        out.name(number<Call, "kind">(), place_of(kind));
        out.text(number<Call, "name">(), cut_text(name));
        out.name(number<Call, "source">(), place_of(Source::Cpp));
        out.moment(number<Call, "started_at">(), draft.began);
        out.raw(tracker->common_fields());
        if (!context.node()) return;
        out.raw(context.node()->header);
        out.group(number<Call, "trace">(), [&](RecordWriter& trace) {
            if (const auto& sequence = context.node()->sequence)
                trace.integer(number<Trace, "sequence">(), sequence->fetch_add(1, std::memory_order_relaxed));
            if (context.node()->trace_id.empty()) return;
            const auto span = client::span_id(draft.id);
            trace.text(number<Trace, "span_id">(), {span.data(), span.size()});
        });
    });
}

CallScope::CallScope(CallScope&& other) noexcept : draft_(std::exchange(other.draft_, nullptr)) {}

CallScope::~CallScope() {
    if (draft_ == nullptr) return;
    if (!draft_->failed && std::uncaught_exceptions() > draft_->exceptions)
        fail("an exception left the call");
    end();
}

void CallScope::end() noexcept {
    Draft* const draft = std::exchange(draft_, nullptr);
    if (draft == nullptr) return;
    if (client::Tracker* const tracker = client::Tracker::current()) {
        tracker->end(draft);
    } else {
        delete draft;
    }
}

Context CallScope::context() const noexcept {
    if (draft_ == nullptr) return Context::current();
    return client::below(draft_->context, id());
}

std::string CallScope::id() const noexcept {
    if (draft_ == nullptr) return {};
    try {
        return draft_->id.to_string();
    } catch (...) {
        return {};
    }
}

/// `say(draft)` for a call that is recorded.
template <class Say>
static CallScope& with(CallScope& call, CallScope::Draft* draft, Say&& say) noexcept {
    if (draft != nullptr) client::guarded([&] { say(*draft); });
    return call;
}

/// A group in the header with one field.
template <class Write>
static void header_group(CallScope::Draft& draft, std::uint32_t field, Write&& write) {
    RecordWriter(draft.header).group(field, std::forward<Write>(write));
}

CallScope& CallScope::level(LogLevel level) noexcept {
    return with(*this, draft_, [&](Draft& draft) { draft.set_level(level); });
}

CallScope& CallScope::provider(std::string_view name) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        header_group(draft, number<Call, "provider">(),
                     [&](RecordWriter& out) { out.text(number<ProviderFacts, "name">(), cut_name(name)); });
    });
}

CallScope& CallScope::model(std::string_view requested) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        header_group(draft, number<Call, "model">(), [&](RecordWriter& out) {
            out.text(number<ModelFacts, "requested">(), cut_text(requested));
        });
    });
}

CallScope& CallScope::served_model(std::string_view name) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        header_group(draft, number<Call, "model">(),
                     [&](RecordWriter& out) { out.text(number<ModelFacts, "served">(), cut_text(name)); });
    });
}

/// A field of the request that is a payload.
static void request_field(CallScope::Draft& draft, std::uint32_t field, std::string_view value) {
    RecordWriter(draft.request).group(number<Call, "request">(), [&](RecordWriter& out) {
        out.text(field, value);
    });
}

static void response_field(CallScope::Draft& draft, std::uint32_t field, std::string_view value) {
    RecordWriter(draft.response).group(number<Call, "response">(), [&](RecordWriter& out) {
        out.text(field, value);
    });
}

CallScope& CallScope::parameters(std::string_view json) noexcept {
    return with(*this, draft_, [&](Draft& draft) { draft.parameters = valid_json(json); });
}

CallScope& CallScope::system(std::string_view text) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (draft.keeps_texts())
            request_field(draft, number<RequestFacts, "system">(),
                          client::kept(draft.truncated, draft.max_text, "request.system", text));
    });
}

CallScope& CallScope::message(std::string_view role, std::string_view text) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        const bool of_user = !text.empty() && (role == "user" || role.empty());
        if (draft.keeps_texts()) {
            text = client::kept(draft.truncated, draft.max_text, "request.messages", text);
            client::add_message(draft.messages, role, text, {});
            if (of_user) draft.user_text = draft.messages.size(), draft.user_text_size = text.size();
        } else if (of_user && draft.keeps_previews()) {
            draft.prompt_preview = utf8_prefix(text, kPreviewBytes);
        }
    });
}

CallScope& CallScope::tools(std::string_view json) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (draft.keeps_texts()) request_field(draft, number<RequestFacts, "tools">(), valid_json(json));
    });
}

CallScope& CallScope::input(std::string_view json) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (draft.keeps_previews()) draft.input_preview = utf8_prefix(json, kPreviewBytes);
        if (draft.keeps_texts()) request_field(draft, number<RequestFacts, "input">(), valid_json(json));
    });
}

CallScope& CallScope::output(std::string_view text) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        draft.answer.clear();
        draft.answer_characters = 0;
        draft.add_answer(text);
    });
}

CallScope& CallScope::output_piece(std::string_view text) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (draft.first_piece == 0 && !text.empty()) draft.first_piece = system_clock().steady_nanos();
        ++draft.pieces;
        draft.add_answer(text);
    });
}

CallScope& CallScope::tool_call(std::string_view id, std::string_view name,
                                std::string_view arguments_json) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (!draft.keeps_texts()) return;
        const std::string arguments = valid_json(arguments_json.empty() ? "{}" : arguments_json);
        std::string fields;
        RecordWriter part(fields);
        part.name(number<Part, "type">(), place_of(PartType::ToolCall));
        part.text(number<Part, "id">(), id);
        part.text(number<Part, "name">(), name);
        part.text(number<Part, "value">(), arguments);
        ByteWriter(draft.answer_parts).text(fields);
        fields.clear();
        RecordWriter call(fields);
        call.text(number<ToolCall, "id">(), id);
        call.text(number<ToolCall, "name">(), name);
        call.text(number<ToolCall, "arguments">(), arguments);
        ByteWriter(draft.tool_calls).text(fields);
    });
}

CallScope& CallScope::finish_reason(std::string_view reason) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (draft.finish_reason_count == static_cast<std::int64_t>(client::kMostLabels)) return;
        ++draft.finish_reason_count;
        ByteWriter(draft.finish_reasons).text(cut_name(reason));
    });
}

CallScope& CallScope::result(std::string_view json) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (draft.keeps_texts()) response_field(draft, number<ResponseFacts, "output">(), valid_json(json));
        if (draft.keeps_previews()) draft.result_preview = utf8_prefix(json, kPreviewBytes);
    });
}

CallScope& CallScope::structured(std::string_view json) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (draft.keeps_texts())
            response_field(draft, number<ResponseFacts, "structured">(), valid_json(json));
    });
}

CallScope& CallScope::usage(const TokenUsage& usage) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        header_group(draft, number<Call, "usage">(), [&](RecordWriter& out) {
            const auto counts = [](std::int64_t value) { return value >= 0 && value <= kMostCounted; };
            const auto count = [&](std::uint32_t field, const std::optional<std::int64_t>& value) {
                if (value && counts(*value)) out.integer(field, *value);
            };
            count(number<Usage, "input_tokens">(), usage.input_tokens);
            count(number<Usage, "output_tokens">(), usage.output_tokens);
            count(number<Usage, "cache_read_tokens">(), usage.cache_read_tokens);
            count(number<Usage, "reasoning_tokens">(), usage.reasoning_tokens);
            if (usage.cache_write_tokens && counts(*usage.cache_write_tokens))
                out.group(number<Usage, "cache_write_tokens">(), [&](RecordWriter& writes) {
                    writes.integer(number<CacheWrites, "other">(), *usage.cache_write_tokens);
                });
        });
    });
}

CallScope& CallScope::cost(std::string_view amount, std::string_view currency) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        const auto total = Decimal::parse(amount);
        if (!total || total->units() < 0 || total->units() > kMostCounted * Decimal::kOne ||
            !names_currency(currency))
            return;
        header_group(draft, number<Call, "cost">(), [&](RecordWriter& out) {
            out.decimal(number<Cost, "total">(), *total);
            out.text(number<Cost, "currency">(), currency);
            out.text(number<Cost, "source">(), "provider");
        });
    });
}

CallScope& CallScope::provider_request_id(std::string_view id) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        header_group(draft, number<Call, "provider">(), [&](RecordWriter& out) {
            out.text(number<ProviderFacts, "request_id">(), cut_name(id));
        });
    });
}

CallScope& CallScope::http_status(int status) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (status < 100 || status > 599) return;
        header_group(draft, number<Call, "provider">(),
                     [&](RecordWriter& out) { out.integer(number<ProviderFacts, "http_status">(), status); });
    });
}

CallScope& CallScope::retry(std::int64_t nth) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (nth >= 0) RecordWriter(draft.header).integer(number<Call, "client_retry">(), nth);
    });
}

CallScope& CallScope::tag(std::string_view tag) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (draft.tags.size() < client::kMostLabels) draft.tags.emplace_back(cut_name(tag));
    });
}

CallScope& CallScope::attribute(std::string_view name, Attribute value) noexcept {
    return with(*this, draft_,
                [&](Draft& draft) { client::add_attribute(draft.attributes, name, std::move(value)); });
}

CallScope& CallScope::metadata(std::string_view json) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (json.size() <= client::kLongestMetadata) draft.metadata = valid_json(json);
    });
}

/// The error's words, and what is known of its kind.
static void set_failure(CallScope::Draft& draft, std::optional<ErrorType> why, std::string_view message) {
    draft.failed = true;
    draft.status =
        static_cast<std::uint8_t>(why == ErrorType::Cancelled ? Status::Cancelled : Status::Failure);
    header_group(draft, number<Call, "error">(), [&](RecordWriter& out) {
        if (why) out.name(number<CallError, "type">(), place_of(*why));
        out.text(number<CallError, "message">(), utf8_prefix(message, kMaxErrorMessage));
    });
}

CallScope& CallScope::fail(ErrorType why, std::string_view message) noexcept {
    return with(*this, draft_, [&](Draft& draft) { set_failure(draft, why, message); });
}

CallScope& CallScope::fail(std::string_view message) noexcept {
    return with(*this, draft_, [&](Draft& draft) { set_failure(draft, std::nullopt, message); });
}

CallScope& CallScope::fail_with_current_exception() noexcept {
    if (draft_ == nullptr) return *this;
    try {
        throw;
    } catch (const std::exception& exception) {
        return fail(exception.what());
    } catch (...) {
        return fail("an exception that is no std::exception");
    }
}

CallScope& CallScope::partial() noexcept {
    return with(*this, draft_,
                [&](Draft& draft) { draft.status = static_cast<std::uint8_t>(Status::Partial); });
}

CallScope& CallScope::cancelled() noexcept {
    return with(*this, draft_,
                [&](Draft& draft) { draft.status = static_cast<std::uint8_t>(Status::Cancelled); });
}

}  // namespace steno
