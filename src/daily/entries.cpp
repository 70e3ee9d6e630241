#include "daily/entries.hpp"

#include "base/json_or_null.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "record/texts.hpp"

#include <simdjson.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <variant>

namespace steno::daily {

namespace {

constexpr std::string_view kCut = "…";

std::string_view call_type(Kind kind) {
    return kind == Kind::Chat ? "completion" : to_string(kind);
}

double milliseconds(Duration duration) {
    return static_cast<double>(duration.nanos) / 1e6;
}

/// The text of a JSON string; of any other value its JSON.
std::string plain(const Json& value) {
    simdjson::dom::parser parser;
    simdjson::dom::element parsed;
    std::string_view text;
    if (value.text.starts_with('"') && parser.parse(value.text).get(parsed) == simdjson::SUCCESS &&
        parsed.get(text) == simdjson::SUCCESS)
        return std::string(text);
    return value.text;
}

class EntryWriter {
  public:
    EntryWriter(std::string& out, std::size_t max_text) : json_(out), max_text_(max_text) {}

    void function(const Call& call) {
        json_.begin_object();
        json_.member("id", call.id.to_string());
        moment("timestamp", call.started_at);
        text_or_null(json_, "requestId", request_of(call));
        json_.member("callType", "function");
        text_or_null(json_, "functionName", function_of(call));
        text_or_null(json_, "agent", agent_of(call));
        text_or_null(json_, "operation", call.trace.operation);
        times(call);
        status(call);
        value("arguments", call.request.input);
        value("result", call.response.output);
        json_.end_object();
    }

    void call(const Call& call) {
        json_.begin_object();
        json_.member("id", call.id.to_string());
        moment("timestamp", call.started_at);
        text_or_null(json_, "requestId", request_of(call));
        text_or_null(json_, "sessionId", call.trace.session_id);
        text_or_null(json_, "agent", agent_of(call));
        text_or_null(json_, "functionName", function_of(call));
        json_.member("callType", call_type(call.kind));
        number_or_null(json_, "callSequence", call.trace.sequence);
        text_or_null(json_, "model", call.model.requested.empty() ? call.model.served : call.model.requested);
        tokens(call.usage);
        times(call);
        messages(call.request);
        const std::string answer = answer_text(call);
        cut_text("responseContent", answer.empty() ? plain(call.response.output) : answer);
        if (!call.response.tool_calls.empty()) {
            json_.key("functionCall");
            tool_call(call.response.tool_calls.front());
        }
        status(call);
        text_or_null(json_, "userPhone", call.who.user_id);
        metadata(call);
        json_.end_object();
    }

  private:
    void moment(std::string_view name, const std::optional<Timestamp>& value) {
        text_or_null(json_, name, value ? iso_milliseconds(*value) : "");
    }
    void cut_text(std::string_view name, std::string_view value) {
        text_or_null(json_, name, shortened(value));
    }

    /// As JSON where it is short enough, else the beginning of its JSON as text.
    void value(std::string_view name, const Json& value) {
        json_.key(name);
        if (value.text.empty()) return json_.null();
        std::string line;
        append_on_one_line(line, value.text);
        const std::string shown = shortened(line);
        if (shown.size() == line.size())
            json_.raw(line);
        else
            json_.string(shown);
    }

    std::string shortened(std::string_view text) {
        if (max_text_ == 0 || text.size() <= max_text_ || utf8_length(text) <= max_text_)
            return std::string(text);
        cut_ = true;
        std::size_t end = 0;
        for (std::size_t i = 1; i < max_text_; ++i)
            end += std::max<std::size_t>(utf8_sequence_length(text.substr(end)), 1);
        return std::string(text.substr(0, end)) + std::string(kCut);
    }

    void tokens(const Usage& usage) {
        number_or_null(json_, "requestTokens", usage.input_tokens);
        number_or_null(json_, "responseTokens", usage.output_tokens);
        number_or_null(json_, "totalTokens", sum_of_tokens(usage.input_tokens, usage.output_tokens));
    }

    void times(const Call& call) {
        moment("startTime", call.started_at);
        moment("endTime", call.ended_at);
        number_or_null(json_, "durationMs",
                       call.time.duration ? std::optional(milliseconds(*call.time.duration)) : std::nullopt);
    }

    void status(const Call& call) {
        json_.member("success", call.status == Status::Success);
        text_or_null(json_, "error", error_of(call.error));
    }

    void messages(const RequestFacts& request) {
        const auto one = [this](std::string_view role, std::string_view content) {
            json_.begin_object();
            json_.member("role", role);
            json_.member("content", shortened(content));
            json_.end_object();
        };
        json_.key("messages");
        json_.begin_array();
        if (!request.system.empty()) one("system", request.system);
        for (const Message& message : request.messages) one(message.role, text_of(message));
        if (request.system.empty() && request.messages.empty() && !request.input.text.empty())
            one("user", plain(request.input));
        json_.end_array();
    }

    void tool_call(const ToolCall& tool) {
        json_.begin_object();
        json_.member("name", tool.name);
        value("arguments", tool.arguments);
        json_.end_object();
    }

    void list(std::string_view name, const std::vector<std::string>& values) {
        if (values.empty()) return;
        json_.key(name);
        json_.begin_array();
        for (const std::string& one : values) json_.string(one);
        json_.end_array();
    }
    void known(std::string_view name, std::string_view value) {
        if (!value.empty()) json_.member(name, value);
    }
    void known(std::string_view name, const std::optional<std::int64_t>& value) {
        if (value) json_.member(name, *value);
    }

    void metadata(const Call& call) {
        json_.key("metadata");
        json_.begin_object();
        text_or_null(json_, "method", call.provider.endpoint.path);
        json_.member("hasFunctionCall", !call.response.tool_calls.empty());
        number_or_null(json_, "retryAttempt", call.client_retry);
        known("kind", to_string(call.kind));
        known("name", call.name);
        known("status", to_string(call.status));
        known("source", to_string(call.source));
        known("project", call.project);
        known("environment", call.environment);
        known("provider", call.provider.name);
        known("operation", call.trace.operation);
        known("parent_id", call.trace.parent_id);
        list("finish_reasons", call.response.finish_reasons);
        known("cache_read_tokens", call.usage.cache_read_tokens);
        known("reasoning_tokens", call.usage.reasoning_tokens);
        if (call.cost.total) json_.member_raw("cost", call.cost.total->to_short_string());
        known("currency", call.cost.currency);
        list("tags", call.labels.tags);
        if (!call.labels.attributes.empty()) {
            json_.key("attributes");
            json_.begin_object();
            for (const auto& [name, value] : call.labels.attributes)
                std::visit([&](const auto& of_type) { json_.member(name, of_type); }, value);
            json_.end_object();
        }
        if (!call.labels.metadata.text.empty()) value("metadata", call.labels.metadata);
        if (call.response.tool_calls.size() > 1) {
            json_.key("functionCalls");
            json_.begin_array();
            for (const ToolCall& tool : call.response.tool_calls) tool_call(tool);
            json_.end_array();
        }
        if (cut_) json_.member("truncated", true);
        json_.end_object();
    }

    JsonWriter json_;
    std::size_t max_text_;
    bool cut_ = false;
};

}  // namespace

void append_entry(std::string& out, const Call& call, std::size_t max_text) {
    EntryWriter writer(out, max_text);
    if (call.kind == Kind::Function)
        writer.function(call);
    else
        writer.call(call);
}

std::string request_of(const Call& call) {
    if (!call.trace.request_id.empty()) return call.trace.request_id;
    return reaches_a_model(call.kind) ? call.id.to_string() : std::string();
}

const std::string& agent_of(const Call& call) {
    return call.trace.agent.empty() && call.kind == Kind::Agent ? call.name : call.trace.agent;
}

const std::string& function_of(const Call& call) {
    return call.trace.function.empty() && call.kind == Kind::Function ? call.name : call.trace.function;
}

std::string error_of(const CallError& error) {
    if (!error.message.empty()) return error.message;
    return error.type ? std::string(to_string(*error.type)) : std::string();
}

std::optional<std::int64_t> sum_of_tokens(const std::optional<std::int64_t>& a,
                                          const std::optional<std::int64_t>& b) {
    if (!a || !b) return a ? a : b;
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(*a, *b, &sum)) return sum;
    return *a < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
}

std::string iso_milliseconds(Timestamp moment) {
    return Timestamp{moment.unix_nanos, 0}.to_string().substr(0, 23) + "Z";
}

}  // namespace steno::daily
