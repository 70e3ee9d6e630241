#include "suggestions/newest_calls.hpp"

#include "analysis/same_request.hpp"
#include "record/texts.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace steno::suggestions {

namespace {

namespace dom = simdjson::dom;

/// Where the parameters of the providers' formats have it.
constexpr std::array<const char*, 7> kLimits = {"/max_completion_tokens",
                                                "/max_tokens",
                                                "/max_output_tokens",
                                                "/generationConfig/maxOutputTokens",
                                                "/generation_config/max_output_tokens",
                                                "/inferenceConfig/maxTokens",
                                                "/options/num_predict"};
constexpr std::array<const char*, 5> kTemperatures = {"/temperature", "/generationConfig/temperature",
                                                      "/generation_config/temperature",
                                                      "/inferenceConfig/temperature", "/options/temperature"};

/// What a page is asked for: with payloads, what suggestions look at, and nothing else.
constexpr std::array<std::string_view, 21> kFields = {
    "kind",    "status",       "started_at", "ended_at", "time",     "provider", "model",
    "trace",   "prompt",       "usage",      "cost",     "modality", "feedback", "scores",
    "privacy", "client_retry", "cache",      "response", "request",  "project",  "error"};

void read_parameters(const Json& parameters, SeenCall& seen, dom::parser& parser) {
    dom::element root;
    if (parameters.text.empty() || parser.parse(parameters.text).get(root) != simdjson::SUCCESS) return;
    for (const char* pointer : kLimits) {
        std::int64_t limit = 0;
        if (root.at_pointer(pointer).get(limit) == simdjson::SUCCESS && limit > 0) {
            seen.limit = limit;
            break;
        }
    }
    for (const char* pointer : kTemperatures) {
        double temperature = 0;
        if (root.at_pointer(pointer).get(temperature) == simdjson::SUCCESS) {
            seen.temperature = temperature;
            break;
        }
    }
}

bool is_instruction(const Message& message) {
    return message.role == "system" || message.role == "developer";
}

/// Tools and what stands before the first word of the conversation: the order in which providers cache.
std::string prefix_of(const Call& call) {
    std::string prefix = call.request.tools.text + call.request.system;
    for (const Message& message : call.request.messages) {
        if (!is_instruction(message)) break;
        prefix += text_of(message);
    }
    return prefix;
}

Sha256 answer_of(const Call& call) {
    std::string tools;
    for (const ToolCall& tool : call.response.tool_calls) tools += tool.name + '\0' + tool.arguments.text;
    return sha256(answer_text(call), tools, call.response.output.text);
}

class Reading {
  public:
    explicit Reading(NewestCalls& found) : found_(found) {}

    void take(Call call) {
        SeenCall& seen = found_.calls.emplace_back();
        // Of what was cut or masked nobody can tell whether it was the same.
        const bool whole = call.privacy.truncated.empty() && call.privacy.masked.empty();
        if (whole) seen.request = analysis::request_digest(call);
        if (!seen.request) ++found_.unread;
        seen.answer = answer_of(call);
        read_parameters(call.request.parameters, seen, parser_);
        if (seen.request) take_prefix(call, seen);
        call.request.messages = {};
        call.request.system = {};
        call.request.tools = {};
        call.request.parameters = {};
        call.request.input = {};
        call.response.messages = {};
        call.response.tool_calls = {};
        call.response.structured = {};
        call.response.output = {};
        call.prompt.variables = {};
        call.usage.billed = {};
        call.error.message = {};
        call.error.stack = {};
        seen.call = std::move(call);
    }

  private:
    void take_prefix(const Call& call, SeenCall& seen) {
        std::string prefix = prefix_of(call);
        if (prefix.size() < kLeastPrefixBytes) return;
        const Sha256 digest = sha256(prefix);
        if (!found_.prefixes.contains(digest)) {
            if (prefix.size() > kMostPrefixBytes - held_) return;
            held_ += prefix.size();
            found_.prefixes.emplace(digest, std::move(prefix));
        }
        seen.prefix = digest;
    }

    NewestCalls& found_;
    std::size_t held_ = 0;
    dom::parser parser_;
};

}  // namespace

Result<NewestCalls> read_newest(const Pages& pages, const store::Selection& selection, Span span,
                                std::uint64_t most) {
    NewestCalls found;
    found.span = span;
    Reading reading(found);
    store::CallQuery query;
    query.selection = selection;
    query.selection.filters.push_back(store::ai_calls());
    query.fields.assign(kFields.begin(), kFields.end());
    while (found.calls.size() < most) {
        query.limit =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(store::kMaxPage, most - found.calls.size()));
        STENO_ASSIGN(Page page, pages(query));
        for (Call& call : page.calls) reading.take(std::move(call));
        found.all = !page.next_cursor;
        if (found.all) break;
        query.cursor = *page.next_cursor;
    }
    std::ranges::reverse(found.calls);
    if (!found.all && !found.calls.empty())
        found.span.from = found.calls.front().call.started_at.value_or(span.from);
    return found;
}

}  // namespace steno::suggestions
