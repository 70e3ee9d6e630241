#include "prompts/document_executions.hpp"

#include "base/json_or_null.hpp"
#include "base/text.hpp"
#include "prompts/document_registry.hpp"
#include "templates/value.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace steno::prompts {

namespace {

/// The score that a quality_score becomes: the one that quality and the performance of prompts are told by.
const std::string kQuality = "quality";

const Value* first_of(const Value& value) {
    if (value.type == Value::Type::List) return value.items.empty() ? nullptr : &value.items.front();
    return value.members.empty() ? nullptr : &value.members.front().value;
}

bool is_execution(const Value& value) {
    return value.member("metrics") != nullptr || value.member("execution_time_ms") != nullptr;
}

std::optional<double> number_in(const Value& value) {
    double number = 0;
    const char* const end = value.text.data() + value.text.size();
    if (value.type != Value::Type::Number ||
        std::from_chars(value.text.data(), end, number).ec != std::errc())
        return std::nullopt;
    return number;
}

/// The namespace of the ids of executions: any will do, as long as it stays (RFC 9562, section 6.5).
constexpr Uuid kExecutions{
    {0x4b, 0x1d, 0x0f, 0x52, 0x9a, 0x0e, 0x4c, 0x7d, 0x8f, 0x61, 0x3c, 0x2e, 0x77, 0x05, 0xd4, 0x90}};

/// A number of JSON as the digits that count and a power of ten, so that 5, 5.0 and 50e-1 are the same.
std::string canonical_number(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const std::size_t e = text.find_first_of("eE");
    std::int64_t power = 0;
    if (e != std::string_view::npos) {
        const std::size_t digits = e + 1 + (text.substr(e + 1).starts_with('+') ? 1 : 0);
        if (std::from_chars(text.data() + digits, text.data() + text.size(), power).ec != std::errc() ||
            std::abs(power) > 1'000'000'000)
            return std::string(negative ? "-" : "") += text;  // nobody writes that one in two ways
    }
    std::string digits;
    bool fraction = false;
    for (const char c : text.substr(0, e)) {
        if (c == '.') {
            fraction = true;
            continue;
        }
        if (c != '0' || !digits.empty()) digits += c;
        if (fraction) --power;
    }
    while (digits.ends_with('0')) digits.pop_back(), ++power;
    return digits.empty() ? "0" : fmt::format("{}{}e{}", negative ? "-" : "", digits, power);
}

void append_canonical(std::string& out, const Value& value) {
    if (value.type == Value::Type::Number) {
        out += canonical_number(value.text);
    } else if (value.type == Value::Type::List) {
        out += '[';
        for (const Value& item : value.items) append_canonical(out, item), out += ',';
        out += ']';
    } else if (value.type == Value::Type::Object) {
        out += '{';
        for (const std::uint32_t place : value.by_name) {
            append_json_string(out, value.members[place].name);
            out += ':';
            append_canonical(out, value.members[place].value);
            out += ',';
        }
        out += '}';
    } else {
        out += value.to_json();
    }
}

/// The same for any two texts of one JSON value: members by name, numbers by value.
std::string canonical(const Json& json) {
    const auto value = Value::parse(json.text);
    if (!value) return json.text;
    std::string out;
    append_canonical(out, *value);
    return out;
}

/// What an execution says, however it is spelt: all that its call has of it.
std::string meaning_of(const Call& call) {
    std::string out;
    const auto text = [&](std::string_view what) {
        append_json_string(out, what);
        out += ',';
    };
    const auto number = [&](const auto& what) { out += what ? fmt::format("{},", *what) : "-,"; };
    text(call.prompt.name);
    text(call.prompt.version);
    text(call.model.requested);
    text(call.provider.name);
    text(call.feedback.comment);
    text(call.error.message);
    for (const steno::Message& message : call.response.messages)
        for (const Part& part : message.parts) text(part.text);
    for (const Json* json : {&call.prompt.variables, &call.request.input, &call.response.output})
        text(canonical(*json));
    number(std::optional(call.ended_at->unix_nanos));
    // One without a time began when it ended, of which the record makes 0.
    number(std::optional(call.time.duration.value_or(Duration{}).nanos));
    number(call.usage.output_tokens);
    number(call.response.output_chars);
    const auto quality = call.scores.find(kQuality);
    number(quality == call.scores.end() ? std::nullopt : quality->second.value);
    out += call.status == Status::Success ? '+' : '-';
    return out;
}

class ExecutionsReader {
  public:
    Result<DocumentExecutions> read(std::string_view json) {
        STENO_ASSIGN(const Value document, Value::parse(json));
        const Value* inner = document.member("executions");
        STENO_TRY(add_all(inner != nullptr && document.members.size() == 1 ? *inner : document, ""));
        result_.left_out.assign(left_out_.begin(), left_out_.end());
        return std::move(result_);
    }

  private:
    Result<void> add_all(const Value& executions, const std::string& prompt) {
        if (executions.type == Value::Type::List) {
            for (const Value& execution : executions.items) STENO_TRY(add(execution, prompt));
            return {};
        }
        if (is_execution(executions)) return add(executions, prompt);
        if (executions.type != Value::Type::Object || !prompt.empty())
            return fail(Code::InvalidArgument,
                        "no list of executions, nor an object of lists by prompts' names");
        for (const Member& member : executions.members) STENO_TRY(add_all(member.value, member.name));
        return {};
    }

    Result<void> add(const Value& execution, const std::string& prompt) {
        ++result_.executions;
        auto call = read_execution(execution, prompt);
        if (!call)
            return std::unexpected(
                std::move(call).error().with_context(fmt::format("execution {}", result_.executions)));
        if (*call) result_.calls.push_back(std::move(**call));
        return {};
    }

    /// Absent: an earlier execution of the document is the same call.
    Result<std::optional<Call>> read_execution(const Value& execution, const std::string& prompt) {
        if (execution.type != Value::Type::Object)
            return fail(Code::InvalidArgument,
                        "an execution is an object with \"timestamp\" and \"metrics\"");
        Call call;
        call.kind = Kind::Completion;
        call.source = Source::Import;
        call.status = Status::Success;
        call.prompt.name = prompt;
        STENO_TRY(read_members(execution, call));
        if (call.prompt.name.empty())
            return fail(Code::InvalidArgument, "no prompt_name, so nobody knows whose execution it is");
        if (!call.ended_at) return fail(Code::InvalidArgument, "no timestamp, so nobody knows when it was");
        call.started_at = call.ended_at;
        if (call.time.duration) call.started_at->unix_nanos -= call.time.duration->nanos;
        if (call.started_at->unix_nanos < 0)
            return fail(Code::InvalidArgument, "execution_time_ms is longer than there was time since 1970");
        const std::string meaning = meaning_of(call);
        if (call.id.is_nil()) {
            call.id = Uuid::named(kExecutions, fmt::format("{} {}", meaning, ++alike_[meaning]));
            return call;
        }
        const auto [same, fresh] = result_.exported.try_emplace(call.id, Uuid::named(kExecutions, meaning));
        if (fresh) return call;
        if (same->second == Uuid::named(kExecutions, meaning)) return std::nullopt;
        return fail(
            Code::InvalidArgument,
            fmt::format("another execution has the call_id {} and says something else", call.id.to_string()));
    }

    Result<void> read_members(const Value& object, Call& call) {
        for (const auto& [name, value] : object.members) {
            // What was not set, programs write as null.
            if (value.type == Value::Type::Null) continue;
            if (name == "metrics" && value.type == Value::Type::Object) {
                STENO_TRY(read_members(value, call));
            } else if (auto read = read_member(name, value, call); !read) {
                return std::unexpected(std::move(read).error().with_context(name));
            }
        }
        return {};
    }

    Result<void> read_member(const std::string& name, const Value& value, Call& call) {
        if (name == "prompt_name" || name == "name") return text(value, call.prompt.name);
        if (name == "prompt_version" || name == "version") return text(value, call.prompt.version);
        if (name == "model") return text(value, call.model.requested);
        if (name == "provider") return text(value, call.provider.name);
        if (name == "user_feedback") return text(value, call.feedback.comment);
        if (name == "error_message" || name == "error") return text(value, call.error.message);
        if (name == "token_count") return count(value, call.usage.output_tokens);
        if (name == "output_length") return count(value, call.response.output_chars);
        if (name == "timestamp") {
            call.ended_at = moment_in_document(value.text);
            if (!call.ended_at) return fail(Code::InvalidArgument, "a moment such as 2026-01-05T10:00:00");
        } else if (name == "success") {
            if (value.type != Value::Type::Boolean) return fail(Code::InvalidArgument, "true or false");
            if (value.text == "false") call.status = Status::Failure;
        } else if (name == "execution_time_ms") {
            const auto ms = number_in(value);
            constexpr double kYear = 366.0 * 86'400'000;
            if (!ms || *ms < 0 || *ms > kYear) return fail(Code::InvalidArgument, "milliseconds, 0 or more");
            call.time.duration = Duration{std::llround(*ms * 1e6)};
        } else if (name == "quality_score") {
            const auto score = number_in(value);
            if (!score) return fail(Code::InvalidArgument, "a number");
            Score& quality = call.scores[kQuality];
            quality.value = score;
            quality.min = 1;  // as such programs count
            quality.max = 10;
            quality.source = "human";
        } else if (name == "input_data") {
            if (value.type == Value::Type::Object)
                call.prompt.variables.text = value.to_json();
            else
                call.request.input.text = value.to_json();
        } else if (name == "output") {
            if (value.type != Value::Type::String)
                call.response.output.text = value.to_json();
            else if (!value.text.empty())
                answer(value.text, call);
        } else if (const auto id = name == "call_id" ? Uuid::parse(value.text) : std::nullopt;
                   id && !id->is_nil()) {
            call.id = *id;
        } else {
            left_out_.insert(name);
        }
        return {};
    }

    static void answer(const std::string& text, Call& call) {
        steno::Message& message = call.response.messages.emplace_back();
        message.role = "assistant";
        message.parts.emplace_back().text = text;
    }

    /// A number stands for its digits: versions are written so.
    static Result<void> text(const Value& value, std::string& into) {
        if (value.type != Value::Type::String && value.type != Value::Type::Number)
            return fail(Code::InvalidArgument, "a text");
        into = value.text;
        return {};
    }

    static Result<void> count(const Value& value, std::optional<std::int64_t>& into) {
        const auto number = number_in(value);
        if (!number || *number < 0 || *number > 1e12 || *number != std::floor(*number))
            return fail(Code::InvalidArgument, "a whole number, 0 or more");
        into = static_cast<std::int64_t>(*number);
        return {};
    }

    DocumentExecutions result_;
    std::set<std::string> left_out_;
    std::map<std::string, int, std::less<>> alike_;  ///< how many there were of what is alike in all
};

std::string output_of(const Call& call) {
    std::string text;
    for (const steno::Message& message : call.response.messages)
        for (const Part& part : message.parts)
            if (part.type == PartType::Text) text += part.text;
    return text;
}

}  // namespace

DocumentKind kind_of_document(std::string_view json) {
    const auto document = Value::parse(json);
    constexpr int kDeepest = 4;  // {"metrics": {NAME: {VERSION: {…}}}}
    const Value* value = document ? &*document : nullptr;
    for (int depth = 0; value != nullptr && depth < kDeepest; ++depth, value = first_of(*value)) {
        if (value->member("prompt") != nullptr || value->member("text") != nullptr) break;
        if (is_execution(*value) && value->member("success_rate") == nullptr) return DocumentKind::Executions;
        if (value->member("success_rate") != nullptr || value->member("total_executions") != nullptr)
            return DocumentKind::Metrics;
    }
    return DocumentKind::Registry;
}

Result<DocumentExecutions> read_document_executions(std::string_view json) {
    return ExecutionsReader().read(json);
}

std::string write_document_execution(const Call& call) {
    std::string out;
    JsonWriter json(out);
    const auto raw = [&](std::string_view key, const Json& value) {
        if (value.text.empty()) {
            json.key(key);
            json.null();
        } else {
            json.member_raw(key, value.text);
        }
    };
    json.begin_object();
    json.member("call_id", call.id.to_string());
    text_or_null(json, "prompt_name", call.prompt.name);
    text_or_null(json, "prompt_version", call.prompt.version);
    text_or_null(json, "model", call.model.requested);
    const auto& when = call.ended_at ? call.ended_at : call.started_at;
    text_or_null(json, "timestamp", when ? when->to_string() : "");
    raw("input_data", call.prompt.variables.text.empty() ? call.request.input : call.prompt.variables);
    if (const std::string output = output_of(call); !output.empty() || call.response.output.text.empty())
        text_or_null(json, "output", output);
    else
        raw("output", call.response.output);
    json.key("metrics");
    json.begin_object();
    number_or_null(json, "execution_time_ms",
                   call.time.duration ? std::optional(static_cast<double>(call.time.duration->nanos) / 1e6)
                                      : std::nullopt);
    number_or_null(json, "token_count", call.usage.output_tokens);
    number_or_null(json, "output_length", call.response.output_chars);
    json.member("success", call.status == Status::Success);
    const auto quality = call.scores.find(kQuality);
    number_or_null(json, "quality_score",
                   quality == call.scores.end() ? std::nullopt : quality->second.value);
    text_or_null(json, "user_feedback", call.feedback.comment);
    text_or_null(json, "error_message", call.error.message);
    json.end_object();
    json.end_object();
    return out;
}

}  // namespace steno::prompts
