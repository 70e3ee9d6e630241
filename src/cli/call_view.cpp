#include "cli/call_view.hpp"

#include "base/percent.hpp"
#include "base/text.hpp"
#include "record/call.hpp"
#include "record/fields.hpp"

#include <fmt/format.h>

namespace steno::cli {

namespace dom = simdjson::dom;

std::string text_at(dom::element value, const char* pointer) {
    dom::element found;
    if (value.at_pointer(pointer).get(found) != simdjson::SUCCESS || found.is_null()) return {};
    std::string_view text;
    if (found.get(text) == simdjson::SUCCESS) return std::string(text);
    return simdjson::minify(found);
}

double number_at(dom::element value, const char* pointer, double otherwise) {
    double number = 0;
    return value.at_pointer(pointer).get(number) == simdjson::SUCCESS ? number : otherwise;
}

bool has(dom::element value, const char* pointer) {
    dom::element found;
    return value.at_pointer(pointer).get(found) == simdjson::SUCCESS && !found.is_null();
}

namespace {

/// Does such a call end with anything that is counted in tokens?
bool has_output(std::string_view kind) {
    return kind != "embedding" && kind != "rerank" && kind != "moderation";
}

}  // namespace

std::string tokens(dom::element call) {
    const bool told = has(call, "/usage/output_tokens");
    if (!has(call, "/usage/input_tokens") && !told) return "";
    const auto side = [&](const char* pointer, bool estimated) {
        if (!has(call, pointer)) return std::string("?");
        return (estimated ? "~" : "") + grouped(static_cast<std::int64_t>(number_at(call, pointer)));
    };
    const bool estimated = text_at(call, "/usage/estimated") == "true";
    const std::string input = side("/usage/input_tokens", estimated && !has(call, "/usage/billed"));
    if (!told && !has_output(text_at(call, "/kind"))) return input;
    return input + " → " + side("/usage/output_tokens", estimated);
}

std::string cost_of(dom::element call) {
    const std::string total = text_at(call, "/cost/total");
    const bool estimated = text_at(call, "/usage/estimated") == "true";
    return total.empty() ? "" : (estimated ? "~" : "") + money(total, text_at(call, "/cost/currency"));
}

std::string sum_at(dom::element group, const char* pointer) {
    return has(group, pointer) ? grouped(static_cast<std::int64_t>(number_at(group, pointer))) : kUnknown;
}

std::string time_at(dom::element value, const char* pointer) {
    return has(value, pointer) ? milliseconds(number_at(value, pointer)) : kUnknown;
}

std::string percent_at(dom::element value, const char* pointer) {
    return has(value, pointer) ? percent_text(number_at(value, pointer)) : kUnknown;
}

std::string not_told_of(double calls) {
    return calls > 0 ? ", not told of " + counted(grouped(static_cast<std::int64_t>(calls)), "call") : "";
}

std::string money_of(dom::element sum) {
    const std::string total = text_at(sum, "/total"), currency = text_at(sum, "/currency");
    if (!total.empty()) return money(total, currency);
    std::string text;
    dom::object totals;
    if (sum["totals"].get(totals) == simdjson::SUCCESS)
        for (const auto& [each, amount] : totals)
            text += (text.empty() ? "" : " and ") + money(text_at(amount, ""), each);
    return text.empty() ? printable(currency) : text;
}

std::string cost_sum(dom::element sum) {
    std::string text = money_of(sum);
    const double estimated = number_at(sum, "/estimated_calls");
    if (estimated > 0) text += fmt::format(", {:.0f} estimated", estimated);
    if (const double unpriced = number_at(sum, "/unpriced_calls"); unpriced > 0)
        text += fmt::format("{}{:.0f} unpriced", text.empty() ? "" : " + ", unpriced);
    return text;
}

std::string duration_of(dom::element call) {
    return has(call, "/time/duration_ms") ? milliseconds(number_at(call, "/time/duration_ms")) : "";
}

std::string group_name(dom::element group) {
    std::string name;
    dom::object key;
    if (group["key"].get(key) != simdjson::SUCCESS) return name;
    for (const auto& [field, value] : key) {
        std::string_view text;
        if (!name.empty()) name += " ";
        if (value.is_null())
            name += "–";
        else
            name += value.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(value);
    }
    return name;
}

std::string clock_text(std::string_view rfc3339) {
    if (rfc3339.size() < 16) return std::string(rfc3339);
    return std::string(rfc3339.substr(0, 10))
        .append(" ")
        .append(rfc3339.substr(11, 5))
        .append(rfc3339.ends_with('Z') ? "" : rfc3339.substr(rfc3339.size() - 6));
}

std::string whole_record_fields() {
    std::string names;
    Call call;
    describe(call, [&](int, const char* name, const auto&, Place) {
        if (std::string_view(name) != "preview") names += (names.empty() ? "" : ",") + std::string(name);
    });
    return names;
}

namespace {

std::string clock_time(const std::string& started_at) {
    return started_at.size() >= 23 ? started_at.substr(5, 5) + " " + started_at.substr(11, 12) : started_at;
}

std::string_view short_id(std::string_view id) {
    return id.substr(0, 18);
}

/// The texts of a list: "stop, length".
std::string joined(dom::element value, const char* pointer) {
    dom::array list;
    if (value.at_pointer(pointer).get(list) != simdjson::SUCCESS) return text_at(value, pointer);
    std::string text;
    for (const dom::element item : list) text += (text.empty() ? "" : ", ") + text_at(item, "");
    return text;
}

/// Of an embedding's answer, whose vectors are not kept: "2 × 1536 dimensions".
std::string dimensions(const std::string& output) {
    dom::parser parser;
    dom::element answer;
    if (parser.parse(output).get(answer) != simdjson::SUCCESS || !answer.is_object()) return output;
    const std::string count = text_at(answer, "/count");
    const std::string length = text_at(answer, "/dimensions");
    return count.empty() || length.empty() ? output : count + " × " + length + " dimensions";
}

std::string said(dom::element call) {
    if (const std::string message = text_at(call, "/error/message"); !message.empty()) return message;
    std::string answer = text_at(call, "/preview/answer");
    if (text_at(call, "/kind") == "embedding") answer = dimensions(answer);
    return answer.empty() ? text_at(call, "/preview/prompt") : answer;
}

}  // namespace

std::string gist_of(dom::element call) {
    return (has(call, "/replay/of") ? "[replay] " : "") + said(call);
}

std::string model_of(dom::element call) {
    const std::string requested = text_at(call, "/model/requested");
    return requested.empty() ? text_at(call, "/name") : requested;
}

namespace {

/// What the provider itself called the error: "rate_limit_error (code 1302), status 429".
std::string provider_words(dom::element call) {
    std::string words = text_at(call, "/error/provider_type");
    if (const std::string code = text_at(call, "/error/provider_code"); !code.empty())
        words += words.empty() ? "code " + code : " (code " + code + ")";
    if (const std::string status = text_at(call, "/error/http_status"); !status.empty())
        words += (words.empty() ? "status " : ", status ") + status;
    return words;
}

/// "request.messages (of 12,345 bytes), response.messages (of 900 bytes)".
std::string cut_texts(dom::element call) {
    std::string words;
    dom::object fields;
    if (call.at_pointer("/privacy/truncated").get(fields) != simdjson::SUCCESS) return words;
    for (const auto& [name, was] : fields)
        words += fmt::format("{}{} (of {} bytes)", words.empty() ? "" : ", ", name,
                             grouped(static_cast<std::int64_t>(number_at(was, "/bytes"))));
    return words;
}

/// "2 email, 1 phone".
std::string masked(dom::element call) {
    std::string words;
    dom::object kinds;
    if (call.at_pointer("/privacy/masked").get(kinds) != simdjson::SUCCESS) return words;
    for (const auto& [kind, count] : kinds)
        words += fmt::format("{}{} {}", words.empty() ? "" : ", ", text_at(count, ""), kind);
    return words;
}

std::string try_again(dom::element call) {
    const std::string retryable = text_at(call, "/error/retryable");
    if (retryable.empty()) return "";
    std::string text = retryable == "true" ? "yes" : "no, it would fail again";
    if (has(call, "/error/retry_after_ms"))
        text += fmt::format(", {} after the answer", milliseconds(number_at(call, "/error/retry_after_ms")));
    return text;
}

void field(std::string_view name, std::string_view value) {
    value = trim(value);
    if (!value.empty())
        fmt::print("  {} {}\n", paint(fmt::format("{:<14}", name), Colour::Dim), printable(value));
}

/// Text as it was written, line by line, without what could steer the terminal.
void print_text(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        fmt::print("{}{}\n", end > 0 ? "    " : "", printable(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

void print_messages(dom::element call, const char* pointer) {
    dom::array messages;
    if (call.at_pointer(pointer).get(messages) != simdjson::SUCCESS) return;
    for (const dom::element message : messages) {
        fmt::print("\n  {}\n", paint(printable(text_at(message, "/role")), Colour::Bold));
        dom::array parts;
        if (message["parts"].get(parts) != simdjson::SUCCESS) continue;
        for (const dom::element part : parts) {
            const std::string type = text_at(part, "/type");
            if (type == "text") {
                print_text(text_at(part, "/text"));
            } else if (type == "tool_call") {
                print_text("→ " + text_at(part, "/name") + " " + text_at(part, "/value"));
            } else if (type == "tool_result") {
                print_text("← " + text_at(part, "/text") + text_at(part, "/value"));
            } else {
                print_text("[" + type + "] " + text_at(part, "/text") +
                           std::string(utf8_prefix(text_at(part, "/url"), 100)));
            }
        }
    }
}

}  // namespace

Table call_table(const WallClock& clock) {
    return Table({{clock.head()},
                  Table::Column{"status"}.if_room(),
                  Table::Column{"provider"}.if_room(4),
                  {"model", false, true},
                  Table::Column{"tokens", true}.if_room(3),
                  Table::Column::amount("cost"),
                  {"duration", true},
                  Table::Column::gist("what").if_room(2),
                  Table::Column::ids()});
}

std::string_view call_table_fields() {
    return "started_at,status,kind,provider.name,model.requested,name,usage.input_tokens,usage.output_tokens,"
           "usage.estimated,usage.billed,cost,"
           "time.duration_ms,error.message,replay.of,preview";
}

void add_call(Table& table, dom::element call, const WallClock& clock) {
    const std::string status = text_at(call, "/status");
    table.row({clock_time(clock.at(text_at(call, "/started_at"))).substr(0, 14), status,
               text_at(call, "/provider/name"), model_of(call), tokens(call), cost_of(call),
               duration_of(call), gist_of(call), text_at(call, "/id")},
              {Colour::Dim, colour_of_status(status), Colour::Plain, Colour::Plain, Colour::Plain,
               Colour::Plain, Colour::Plain, Colour::Plain, Colour::Dim});
}

void print_call_line(dom::element call) {
    const std::string status = text_at(call, "/status");
    fmt::print("{}  {}  {}  {:<22} {:>16} {:>12} {:>9}  {}\n",
               paint(clock_time(text_at(call, "/started_at")), Colour::Dim),
               paint(short_id(text_at(call, "/id")), Colour::Dim),
               paint(fmt::format("{:<9}", status), colour_of_status(status)), printable(model_of(call)),
               tokens(call), cost_of(call), duration_of(call), utf8_prefix(printable(gist_of(call)), 80));
}

void print_call(dom::element call) {
    const std::string status = text_at(call, "/status");
    fmt::print("{}  {}  {}\n", paint(printable(text_at(call, "/name")), Colour::Bold),
               paint(status, colour_of_status(status)), paint(text_at(call, "/id"), Colour::Dim));
    field("time", text_at(call, "/started_at"));
    field("duration",
          duration_of(call) +
              (has(call, "/time/time_to_first_token_ms")
                   ? ", first token after " + milliseconds(number_at(call, "/time/time_to_first_token_ms"))
                   : ""));
    field("provider", text_at(call, "/provider/name") + " " + text_at(call, "/provider/endpoint/method") +
                          " " + text_at(call, "/provider/endpoint/host") +
                          text_at(call, "/provider/endpoint/path") + " " +
                          text_at(call, "/provider/http_status"));
    field("model",
          text_at(call, "/model/requested") +
              (has(call, "/model/served") ? " (served: " + text_at(call, "/model/served") + ")" : ""));
    std::string usage = tokens(call);
    if (has(call, "/usage/cache_read_tokens"))
        usage += ", " + text_at(call, "/usage/cache_read_tokens") + " read from cache";
    if (has(call, "/usage/reasoning_tokens"))
        usage += ", " + text_at(call, "/usage/reasoning_tokens") + " reasoning";
    if (text_at(call, "/usage/estimated") == "true") usage += " (~ counted by Steno, not reported)";
    field("tokens", usage);
    field("cost", cost_of(call).empty() ? "" : cost_of(call) + " by " + text_at(call, "/cost/price_id"));
    if (has(call, "/cost/repricing"))
        field("re-priced", fmt::format("by {}; before {}", text_at(call, "/cost/repricing"),
                                       has(call, "/cost/former/total")
                                           ? money(text_at(call, "/cost/former/total"),
                                                   text_at(call, "/cost/former/currency")) +
                                                 " by " + text_at(call, "/cost/former/price_id")
                                           : std::string("no cost")));
    field("finish", joined(call, "/response/finish_reasons"));
    field("kind", text_at(call, "/kind"));
    field("project", text_at(call, "/project"));
    field("environment", text_at(call, "/environment"));
    field("session", text_at(call, "/trace/session_id"));
    field("request", text_at(call, "/trace/request_id"));
    field("agent", text_at(call, "/trace/agent"));
    field("function", text_at(call, "/trace/function") + " " + text_at(call, "/trace/operation"));
    field("parent", text_at(call, "/trace/parent_id"));
    field("trace", text_at(call, "/trace/trace_id"));
    field("user", text_at(call, "/who/user_id"));
    field("subject", text_at(call, "/who/subject"));
    field("key", text_at(call, "/who/api_key_id"));
    field("prompt", text_at(call, "/prompt/name") + " " + text_at(call, "/prompt/version"));
    field("attributes", text_at(call, "/labels/attributes"));
    field("metadata", text_at(call, "/labels/metadata"));
    field("prompt type", text_at(call, "/prompt/type"));
    field("variables", text_at(call, "/prompt/variables"));
    field("without", joined(call, "/prompt/missing_variables"));
    field("tags", joined(call, "/labels/tags"));
    field("parameters", text_at(call, "/request/parameters"));
    field("error", text_at(call, "/error/type") + (has(call, "/error/message") ? ": " : "") +
                       text_at(call, "/error/message"));
    field("in its words", provider_words(call));
    field("stack", text_at(call, "/error/stack"));
    field("try again", try_again(call));
    field("advice", text_at(call, "/error/advice"));
    field("feedback", text_at(call, "/feedback/verdict") + " " + text_at(call, "/feedback/comment"));
    field("scores", text_at(call, "/scores"));
    field("replay of", text_at(call, "/replay/of"));
    if (text_at(call, "/privacy/full_data") == "false") {
        const bool there = has(call, "/request/messages") || has(call, "/request/input") ||
                           has(call, "/request/system") || has(call, "/response/messages");
        const std::string by = text_at(call, "/privacy/withheld_by");
        field(
            "not kept",
            (by.empty() ? "prompt and answer, at the sender's wish (x-steno-store-full-data: false)"
                        : "prompt and answer, by what is set for its prompt type (" + by + ")") +
                (!there       ? ""
                 : by.empty() ? ", from when their journal file is sealed"
                              : ", from when their journal file is sealed; of the latest call of its prompt "
                                "type they stay for as long as it is that"));
    }
    field("cut", cut_texts(call));
    field("masked", masked(call));
    if (has(call, "/request/system")) {
        fmt::print("\n  {}\n", paint("system", Colour::Bold));
        print_text(text_at(call, "/request/system"));
    }
    print_messages(call, "/request/messages");
    field("input", text_at(call, "/request/input"));
    print_messages(call, "/response/messages");
    const std::string output = text_at(call, "/response/output");
    field("output", text_at(call, "/kind") == "embedding" ? dimensions(output) : output);
}

}  // namespace steno::cli
