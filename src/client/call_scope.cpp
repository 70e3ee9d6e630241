#include "base/decimal.hpp"
#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "client/context_node.hpp"
#include "client/draft.hpp"
#include "client/record_writer.hpp"
#include "client/tracker.hpp"
#include "record/call.hpp"
#include "record/json_reader.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace steno {

namespace {

using client::number_of;
using client::RecordWriter;

static_assert(static_cast<int>(CallKind::Evaluation) == static_cast<int>(Kind::Evaluation) &&
              static_cast<int>(CallKind::Function) == static_cast<int>(Kind::Function));
static_assert(static_cast<int>(Failure::Cancelled) == static_cast<int>(ErrorType::Cancelled) &&
              static_cast<int>(Failure::Server) == static_cast<int>(ErrorType::Server));

constexpr auto place_of(auto enumerator) {
    return static_cast<std::uint64_t>(enumerator);
}

/// The two bytes before the fields of each part (docs/formats/record.md).
void begin_part(std::string& part, Place place) {
    part.push_back(1);
    part.push_back(static_cast<char>(place));
}

std::string valid_json(std::string_view text) {
    JsonReader reader(text);
    if (reader.skip() && reader.at_end()) return std::string(text);
    std::string quoted;
    append_json_string(quoted, text);
    return quoted;
}

void add_message(std::string& items, std::string_view role, std::string_view text,
                 std::string_view more_parts) {
    static const std::uint32_t kRole = number_of<Message>("role");
    static const std::uint32_t kParts = number_of<Message>("parts");
    static const std::uint32_t kType = number_of<Part>("type");
    static const std::uint32_t kText = number_of<Part>("text");
    // The parts' sizes are known before: written once, without a copy in between.
    const auto varint_size = [](std::size_t value) {
        std::size_t bytes = 1;
        while (value >= 0x80) value >>= 7, ++bytes;
        return bytes;
    };
    const auto field_size = [&](std::size_t length) { return 1 + varint_size(length) + length; };
    const std::size_t part = text.empty() ? 0 : 2 + field_size(text.size());
    const std::size_t parts = (part == 0 ? 0 : varint_size(part) + part) + more_parts.size();
    const std::size_t message =
        (role.empty() ? 0 : field_size(role.size())) + (parts == 0 ? 0 : field_size(parts));
    ByteWriter out(items);
    out.varint(message);
    RecordWriter fields(items);
    fields.text(kRole, role);
    if (parts == 0) return;
    out.varint(kParts << 3 | 2);
    out.varint(parts);
    if (part != 0) {
        out.varint(part);
        fields.name(kType, place_of(PartType::Text));
        fields.text(kText, text);
    }
    out.raw(more_parts);
}

}  // namespace

/// The text as it is kept: whole, or its beginning, with length and digest of the whole.
static std::string_view kept(CallScope::Draft& draft, std::string_view path, std::string_view text) {
    if (draft.max_text == 0 || text.size() <= draft.max_text) return text;
    static const std::uint32_t kBytes = number_of<Truncation>("bytes");
    static const std::uint32_t kSha = number_of<Truncation>("sha256");
    std::string fields;
    RecordWriter out(fields);
    out.integer(kBytes, static_cast<std::int64_t>(text.size()));
    out.text(kSha, to_hex(as_text(sha256(text))));
    ByteWriter item(draft.truncated);
    item.text(path);
    item.text(fields);
    return utf8_prefix(text, draft.max_text);
}

void CallScope::Draft::clear() {
    constexpr std::size_t kKept = 64u << 10;  // of a text that was large, the memory is given back
    for (std::string* const text :
         {&header, &request, &response, &messages, &answer, &answer_parts, &tool_calls, &finish_reasons,
          &parameters, &metadata, &truncated, &prompt_preview}) {
        text->clear();
        if (text->capacity() > kKept) text->shrink_to_fit();
    }
    tags.clear();
    attributes.clear();
    context = {};
    status = static_cast<std::uint8_t>(Status::Success);
    failed = false;
    own_labels = false;
    first_piece = 0;
    pieces = 0;
}

void CallScope::Draft::finish() {
    static const std::uint32_t kStatus = number_of<Call>("status");
    static const std::uint32_t kEnded = number_of<Call>("ended_at");
    static const std::uint32_t kTime = number_of<Call>("time");
    static const std::uint32_t kRequest = number_of<Call>("request");
    static const std::uint32_t kResponse = number_of<Call>("response");
    static const std::uint32_t kModality = number_of<Call>("modality");
    static const std::uint32_t kPrivacy = number_of<Call>("privacy");
    static const std::uint32_t kPreview = number_of<Call>("preview");
    static const std::uint32_t kDuration = number_of<Timing>("duration_ms");
    static const std::uint32_t kFirst = number_of<Timing>("time_to_first_token_ms");
    static const std::uint32_t kMessages = number_of<RequestFacts>("messages");
    static const std::uint32_t kStream = number_of<RequestFacts>("stream");
    static const std::uint32_t kAnswers = number_of<ResponseFacts>("messages");
    static const std::uint32_t kReasons = number_of<ResponseFacts>("finish_reasons");
    static const std::uint32_t kToolCalls = number_of<ResponseFacts>("tool_calls");
    static const std::uint32_t kChunks = number_of<ResponseFacts>("chunks");
    static const std::uint32_t kChars = number_of<ResponseFacts>("output_chars");
    static const std::uint32_t kOutput = number_of<Modality>("output");
    static const std::uint32_t kFull = number_of<Privacy>("full_data");
    static const std::uint32_t kTruncated = number_of<Privacy>("truncated");
    static const std::uint32_t kPrompt = number_of<Preview>("prompt");
    static const std::uint32_t kAnswer = number_of<Preview>("answer");

    const std::int64_t characters = static_cast<std::int64_t>(utf8_length(answer));
    if (keeps_texts()) answer.resize(kept(*this, "response.messages", answer).size());
    const std::int64_t duration = std::max<std::int64_t>(system_clock().steady_nanos() - began_steady, 0);
    RecordWriter head(header);
    head.name(kStatus, status);
    head.moment(kEnded, {began_unix + duration, offset_minutes});
    head.group(kTime, [&](RecordWriter& time) {
        time.integer(kDuration, duration);
        if (first_piece != 0) time.integer(kFirst, std::max<std::int64_t>(first_piece - began_steady, 0));
    });
    if (pieces != 0) head.group(kRequest, [&](RecordWriter& out) { out.boolean(kStream, true); });
    head.group(kResponse, [&](RecordWriter& out) {
        out.items(kReasons, finish_reasons);
        if (pieces != 0) out.integer(kChunks, pieces);
        if (characters != 0) out.integer(kChars, characters);
    });
    if (!answer.empty()) {
        head.group(kModality, [&](RecordWriter& out) {
            std::string item;
            ByteWriter(item).text("text");
            out.items(kOutput, item);
        });
    }
    if (own_labels ||
        (context.node() && (!context.node()->tags.empty() || !context.node()->attributes.empty()))) {
        std::vector<std::string> all = context.node() ? context.node()->tags : std::vector<std::string>{};
        std::map<std::string, Attribute> merged =
            context.node() ? context.node()->attributes : std::map<std::string, Attribute>{};
        for (std::string& tag : tags) {
            if (std::ranges::find(all, tag) == all.end()) all.push_back(std::move(tag));
        }
        for (auto& [name, value] : attributes) merged.insert_or_assign(name, std::move(value));
        client::write_labels(header, all, merged, metadata);
    }
    if (!keeps_texts() || !truncated.empty()) {
        head.group(kPrivacy, [&](RecordWriter& out) {
            if (!keeps_texts()) out.boolean(kFull, false);
            out.items(kTruncated, truncated);
        });
    }
    if (keeps_texts()) {
        if (context.node()) request.append(context.node()->request);
        if (!messages.empty())
            RecordWriter(request).group(kRequest, [&](RecordWriter& out) { out.items(kMessages, messages); });
        if (!answer.empty() || !answer_parts.empty()) {
            std::string& item = messages;  // its memory is free now
            item.clear();
            add_message(item, "assistant", answer, answer_parts);
            RecordWriter(response).group(kResponse, [&](RecordWriter& out) {
                out.items(kAnswers, item);
                out.items(kToolCalls, tool_calls);
            });
        }
    } else {
        request.resize(2);
        response.resize(2);
        if (level == LogLevel::Summary) {
            RecordWriter(response).group(kPreview, [&](RecordWriter& out) {
                out.text(kPrompt, prompt_preview);
                out.text(kAnswer, utf8_prefix(answer, kPreviewBytes));
            });
        }
    }
    if (!parameters.empty()) {
        static const std::uint32_t kParameters = number_of<RequestFacts>("parameters");
        RecordWriter(request).group(kRequest, [&](RecordWriter& out) { out.text(kParameters, parameters); });
    }
    if (request.size() == 2) request.clear();
    if (response.size() == 2) response.clear();
}

CallScope::CallScope(CallKind kind, std::string_view name) noexcept
    : CallScope(kind, name, Context::current()) {}

CallScope::CallScope(CallKind kind, std::string_view name, const Context& context) noexcept {
    client::Tracker* const tracker = client::Tracker::current();
    if (tracker == nullptr) return;
    draft_ = tracker->begin(kind, context);
    if (draft_ == nullptr) return;
    client::guarded([&] {
        static const std::uint32_t kId = number_of<Call>("id");
        static const std::uint32_t kKind = number_of<Call>("kind");
        static const std::uint32_t kName = number_of<Call>("name");
        static const std::uint32_t kSource = number_of<Call>("source");
        static const std::uint32_t kStarted = number_of<Call>("started_at");
        static const std::uint32_t kTrace = number_of<Call>("trace");
        static const std::uint32_t kSequence = number_of<Trace>("sequence");
        Draft& draft = *draft_;
        begin_part(draft.header, Place::Header);
        begin_part(draft.request, Place::RequestPayload);
        begin_part(draft.response, Place::ResponsePayload);
        RecordWriter out(draft.header);
        out.text(kId, {reinterpret_cast<const char*>(draft.id.bytes.data()), draft.id.bytes.size()});
        out.name(kKind, place_of(kind));
        out.text(kName, utf8_prefix(name, client::kLongestText));
        out.name(kSource, place_of(tracker->source()));
        out.moment(kStarted, {draft.began_unix, draft.offset_minutes});
        out.raw(tracker->common_fields());
        if (!context.node()) return;
        out.raw(context.node()->header);
        if (context.node()->sequence) {
            out.group(kTrace, [&](RecordWriter& trace) {
                trace.integer(kSequence, context.node()->sequence->fetch_add(1, std::memory_order_relaxed));
            });
        }
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
static void header_group(CallScope::Draft& draft, std::uint32_t number, Write&& write) {
    RecordWriter(draft.header).group(number, std::forward<Write>(write));
}

CallScope& CallScope::level(LogLevel level) noexcept {
    return with(*this, draft_, [&](Draft& draft) { draft.level = std::min(level, draft.most); });
}

CallScope& CallScope::provider(std::string_view name) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        static const std::uint32_t kProvider = number_of<Call>("provider");
        static const std::uint32_t kName = number_of<ProviderFacts>("name");
        header_group(draft, kProvider, [&](RecordWriter& out) { out.text(kName, name); });
    });
}

CallScope& CallScope::model(std::string_view requested) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        static const std::uint32_t kModel = number_of<Call>("model");
        static const std::uint32_t kRequested = number_of<ModelFacts>("requested");
        header_group(draft, kModel, [&](RecordWriter& out) { out.text(kRequested, requested); });
    });
}

CallScope& CallScope::served_model(std::string_view name) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        static const std::uint32_t kModel = number_of<Call>("model");
        static const std::uint32_t kServed = number_of<ModelFacts>("served");
        header_group(draft, kModel, [&](RecordWriter& out) { out.text(kServed, name); });
    });
}

/// A field of the request that is a payload.
static void request_field(CallScope::Draft& draft, std::uint32_t number, std::string_view value) {
    static const std::uint32_t kRequest = number_of<Call>("request");
    RecordWriter(draft.request).group(kRequest, [&](RecordWriter& out) { out.text(number, value); });
}

static void response_field(CallScope::Draft& draft, std::uint32_t number, std::string_view value) {
    static const std::uint32_t kResponse = number_of<Call>("response");
    RecordWriter(draft.response).group(kResponse, [&](RecordWriter& out) { out.text(number, value); });
}

CallScope& CallScope::parameters(std::string_view json) noexcept {
    return with(*this, draft_, [&](Draft& draft) { draft.parameters = valid_json(json); });
}

CallScope& CallScope::system(std::string_view text) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        static const std::uint32_t kSystem = number_of<RequestFacts>("system");
        if (draft.keeps_texts()) request_field(draft, kSystem, kept(draft, "request.system", text));
    });
}

CallScope& CallScope::message(std::string_view role, std::string_view text) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (draft.level == LogLevel::Summary) draft.prompt_preview = utf8_prefix(text, kPreviewBytes);
        if (draft.keeps_texts()) add_message(draft.messages, role, kept(draft, "request.messages", text), {});
    });
}

CallScope& CallScope::tools(std::string_view json) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        static const std::uint32_t kTools = number_of<RequestFacts>("tools");
        if (draft.keeps_texts()) request_field(draft, kTools, valid_json(json));
    });
}

CallScope& CallScope::input(std::string_view json) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        static const std::uint32_t kInput = number_of<RequestFacts>("input");
        if (draft.level == LogLevel::Summary) draft.prompt_preview = utf8_prefix(json, kPreviewBytes);
        if (draft.keeps_texts()) request_field(draft, kInput, valid_json(json));
    });
}

CallScope& CallScope::output(std::string_view text) noexcept {
    return with(*this, draft_, [&](Draft& draft) { draft.answer = text; });
}

CallScope& CallScope::output_piece(std::string_view text) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (draft.first_piece == 0 && !text.empty()) draft.first_piece = system_clock().steady_nanos();
        ++draft.pieces;
        draft.answer.append(text);
    });
}

CallScope& CallScope::tool_call(std::string_view id, std::string_view name,
                                std::string_view arguments_json) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        static const std::uint32_t kType = number_of<Part>("type");
        static const std::uint32_t kPartId = number_of<Part>("id");
        static const std::uint32_t kPartName = number_of<Part>("name");
        static const std::uint32_t kValue = number_of<Part>("value");
        static const std::uint32_t kId = number_of<ToolCall>("id");
        static const std::uint32_t kName = number_of<ToolCall>("name");
        static const std::uint32_t kArguments = number_of<ToolCall>("arguments");
        if (!draft.keeps_texts()) return;
        const std::string arguments = valid_json(arguments_json.empty() ? "{}" : arguments_json);
        std::string fields;
        RecordWriter part(fields);
        part.name(kType, place_of(PartType::ToolCall));
        part.text(kPartId, id);
        part.text(kPartName, name);
        part.text(kValue, arguments);
        ByteWriter(draft.answer_parts).text(fields);
        fields.clear();
        RecordWriter call(fields);
        call.text(kId, id);
        call.text(kName, name);
        call.text(kArguments, arguments);
        ByteWriter(draft.tool_calls).text(fields);
    });
}

CallScope& CallScope::finish_reason(std::string_view reason) noexcept {
    return with(*this, draft_, [&](Draft& draft) { ByteWriter(draft.finish_reasons).text(reason); });
}

CallScope& CallScope::result(std::string_view json) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        static const std::uint32_t kOutput = number_of<ResponseFacts>("output");
        if (draft.keeps_texts()) response_field(draft, kOutput, valid_json(json));
        if (draft.level == LogLevel::Summary) draft.answer = utf8_prefix(json, kPreviewBytes);
    });
}

CallScope& CallScope::structured(std::string_view json) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        static const std::uint32_t kStructured = number_of<ResponseFacts>("structured");
        if (draft.keeps_texts()) response_field(draft, kStructured, valid_json(json));
    });
}

CallScope& CallScope::usage(const TokenUsage& usage) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        static const std::uint32_t kUsage = number_of<Call>("usage");
        static const std::uint32_t kInput = number_of<Usage>("input_tokens");
        static const std::uint32_t kOutput = number_of<Usage>("output_tokens");
        static const std::uint32_t kRead = number_of<Usage>("cache_read_tokens");
        static const std::uint32_t kWrites = number_of<Usage>("cache_write_tokens");
        static const std::uint32_t kReasoning = number_of<Usage>("reasoning_tokens");
        static const std::uint32_t kOther = number_of<CacheWrites>("other");
        header_group(draft, kUsage, [&](RecordWriter& out) {
            const auto count = [&](std::uint32_t number, const std::optional<std::int64_t>& value) {
                if (value && *value >= 0) out.integer(number, *value);
            };
            count(kInput, usage.input_tokens);
            count(kOutput, usage.output_tokens);
            count(kRead, usage.cache_read_tokens);
            count(kReasoning, usage.reasoning_tokens);
            if (usage.cache_write_tokens && *usage.cache_write_tokens >= 0)
                out.group(kWrites,
                          [&](RecordWriter& writes) { writes.integer(kOther, *usage.cache_write_tokens); });
        });
    });
}

CallScope& CallScope::cost(std::string_view amount, std::string_view currency) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        static const std::uint32_t kCost = number_of<Call>("cost");
        static const std::uint32_t kTotal = number_of<Cost>("total");
        static const std::uint32_t kCurrency = number_of<Cost>("currency");
        static const std::uint32_t kSource = number_of<Cost>("source");
        const auto total = Decimal::parse(amount);
        if (!total || currency.empty()) return;
        header_group(draft, kCost, [&](RecordWriter& out) {
            out.decimal(kTotal, *total);
            out.text(kCurrency, currency);
            out.text(kSource, "provider");
        });
    });
}

CallScope& CallScope::provider_request_id(std::string_view id) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        static const std::uint32_t kProvider = number_of<Call>("provider");
        static const std::uint32_t kRequestId = number_of<ProviderFacts>("request_id");
        header_group(draft, kProvider, [&](RecordWriter& out) { out.text(kRequestId, id); });
    });
}

CallScope& CallScope::http_status(int status) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        static const std::uint32_t kProvider = number_of<Call>("provider");
        static const std::uint32_t kStatus = number_of<ProviderFacts>("http_status");
        header_group(draft, kProvider, [&](RecordWriter& out) { out.integer(kStatus, status); });
    });
}

CallScope& CallScope::retry(std::int64_t number) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        static const std::uint32_t kRetry = number_of<Call>("client_retry");
        RecordWriter(draft.header).integer(kRetry, number);
    });
}

CallScope& CallScope::tag(std::string_view tag) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (draft.tags.size() < client::kMostLabels)
            draft.tags.emplace_back(utf8_prefix(tag, client::kLongestName));
        draft.own_labels = true;
    });
}

CallScope& CallScope::attribute(std::string_view name, Attribute value) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (draft.attributes.size() < client::kMostLabels)
            draft.attributes.insert_or_assign(client::shortened(name),
                                              client::shortened_value(std::move(value)));
        draft.own_labels = true;
    });
}

CallScope& CallScope::metadata(std::string_view json) noexcept {
    return with(*this, draft_, [&](Draft& draft) {
        if (json.size() <= client::kLongestMetadata) draft.metadata = valid_json(json);
        draft.own_labels = true;
    });
}

/// The error's words, and what is known of its kind.
static void set_failure(CallScope::Draft& draft, std::optional<Failure> why, std::string_view message) {
    static const std::uint32_t kError = number_of<Call>("error");
    static const std::uint32_t kType = number_of<CallError>("type");
    static const std::uint32_t kMessage = number_of<CallError>("message");
    draft.failed = true;
    draft.status = static_cast<std::uint8_t>(why == Failure::Cancelled ? Status::Cancelled : Status::Failure);
    header_group(draft, kError, [&](RecordWriter& out) {
        if (why) out.name(kType, place_of(*why));
        out.text(kMessage, utf8_prefix(message, kMaxErrorMessage));
    });
}

CallScope& CallScope::fail(Failure why, std::string_view message) noexcept {
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
