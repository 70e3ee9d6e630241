// tokens_error FILE.jsonl: how far the gateway's estimates are from what providers reported, over recorded
// traffic: one exchange a line, {"provider", "request": {"method", "url", "headers", "body"}, "response":
// {"status", "headers", "body"}}, bodies that are not UTF-8 as "body_b64". Prints the tables of
// docs/tokens.md.

#include "providers/exchange_for_test.hpp"
#include "sources/gateway/estimate.hpp"
#include "tokens/family.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace {

using namespace steno;
using simdjson::dom::element;

struct Pair {
    double reported;
    double estimated;
};

struct Errors {
    std::vector<Pair> pairs;

    [[nodiscard]] double quantile(double q) const {
        std::vector<double> errors;
        for (const Pair& pair : pairs)
            errors.push_back(std::abs(pair.estimated - pair.reported) / pair.reported);
        std::ranges::sort(errors);
        return errors[static_cast<std::size_t>(std::ceil(q * static_cast<double>(errors.size()))) - 1];
    }
    /// All estimates together against all reports.
    [[nodiscard]] double bias() const {
        double reported = 0;
        double estimated = 0;
        for (const Pair& pair : pairs) {
            reported += pair.reported;
            estimated += pair.estimated;
        }
        return estimated / reported - 1;
    }
};

std::string text(element object, std::string_view member) {
    std::string_view view;
    return object[member].get(view) == simdjson::SUCCESS ? std::string(view) : std::string();
}

std::string body_of(element message) {
    const std::string coded = text(message, "body_b64");
    return coded.empty() ? text(message, "body") : from_base64(coded).value_or("");
}

providers::Headers headers_of(element message) {
    providers::Headers headers;
    simdjson::dom::object fields;
    if (message["headers"].get(fields) != simdjson::SUCCESS) return headers;
    for (const auto [name, value] : fields) {
        std::string_view view;
        if (value.get(view) == simdjson::SUCCESS) headers.emplace(std::string(name), std::string(view));
    }
    return headers;
}

/// Any provider that is not in the table speaks OpenAI's language, or is not read.
std::string upstream_of(const std::string& provider) {
    for (const providers::ProviderRow& row : providers::provider_table())
        if (row.record_name == provider) return std::string(row.upstream);
    return provider == "gcp.vertex_ai" ? "gemini" : provider;
}

Call read(element recording) {
    providers::Exchange exchange;
    exchange.upstream = upstream_of(text(recording, "provider"));
    const element request = recording["request"];
    exchange.method = text(request, "method");
    const std::string url = text(request, "url");
    const std::size_t path = std::min(url.size(), url.find('/', url.find("://") + 3));
    exchange.path = url.substr(path, url.find_first_of("?#", path) - path);
    exchange.request_headers = headers_of(request);
    exchange.request_body = body_of(request);
    const element response = recording["response"];
    std::int64_t status = 200;
    if (response["status"].get(status) == simdjson::SUCCESS) exchange.status = static_cast<int>(status);
    exchange.response_headers = headers_of(response);
    exchange.response_body = body_of(response);
    return exchange.read();
}

void print(std::string_view title, const std::map<std::string, Errors>& rows) {
    fmt::print("\n| {} | calls | median error | 95 % within | all together |\n|---|---|---|---|---|\n",
               title);
    for (const auto& [name, errors] : rows)
        fmt::print("| {} | {} | {:.1f} % | {:.1f} % | {:+.1f} % |\n", name, errors.pairs.size(),
                   100 * errors.quantile(0.5), 100 * errors.quantile(0.95), 100 * errors.bias());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: tokens_error FILE.jsonl [--each]\n");
        return 2;
    }
    const bool each = argc > 2;
    simdjson::dom::parser parser;
    simdjson::dom::document_stream recordings;
    simdjson::padded_string content;
    if (simdjson::padded_string::load(argv[1]).get(content) != simdjson::SUCCESS ||
        parser.parse_many(content, content.size()).get(recordings) != simdjson::SUCCESS) {
        fmt::print(stderr, "{} cannot be read\n", argv[1]);
        return 1;
    }
    std::map<std::string, Errors> text_answers, tool_answers, requests, requests_with_tools;
    int hidden = 0;
    for (const auto recording : recordings) {
        element value;
        if (recording.get(value) != simdjson::SUCCESS) continue;
        const Call call = read(value);
        const std::string model = call.model.served.empty() ? call.model.requested : call.model.served;
        const std::string row = fmt::format("{}: {}", text(value, "provider"), tokens::family_of(model).name);
        const auto output = gateway::tokens_of_answer(call);
        const auto input = gateway::tokens_of_request(call);
        const bool by_tool = !call.response.tool_calls.empty();
        if (output && call.usage.output_tokens.value_or(0) > 0) {
            if (call.usage.reasoning_tokens.value_or(0) > 0) {
                ++hidden;
            } else {
                (by_tool ? tool_answers : text_answers)[row].pairs.push_back(
                    {static_cast<double>(*call.usage.output_tokens), static_cast<double>(*output)});
            }
        }
        if (input && call.usage.input_tokens.value_or(0) > 0)
            (call.request.tools.text.empty() ? requests : requests_with_tools)[row].pairs.push_back(
                {static_cast<double>(*call.usage.input_tokens), static_cast<double>(*input)});
        if (each)
            fmt::print("{} {} out {} est {} in {} est {} tools {}\n", row, model,
                       call.usage.output_tokens.value_or(-1), output.value_or(-1),
                       call.usage.input_tokens.value_or(-1), input.value_or(-1),
                       call.request.tools.text.size());
    }
    print("answers in text", text_answers);
    print("answers with tool calls", tool_answers);
    print("requests", requests);
    print("requests with tools", requests_with_tools);
    fmt::print("\n{} answers whose reasoning is billed, but not shown, are left out.\n", hidden);
}
