// Bytes in, call out: what an SDK sees, without a gateway. Reads a JSON object a line (upstream, method, path, query,
// request and response as in the recordings) from standard input, writes the call's JSON as a line.

#include "base/text.hpp"
#include "providers/provider.hpp"
#include "record/json.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <iostream>
#include <map>
#include <string>

namespace {

using simdjson::dom::element;

std::string text(element object, std::string_view name) {
    std::string_view value;
    return object[name].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}

struct Half {
    std::multimap<std::string, std::string> headers;
    std::string body;

    explicit Half(element message) {
        for (const auto [key, value] : message["headers"].get_object()) {
            headers.emplace(std::string(key), std::string(std::string_view(value)));
        }
        const std::string coded = text(message, "body_b64");
        body = coded.empty() ? text(message, "body") : steno::from_base64(coded).value_or("");
    }
    [[nodiscard]] steno::providers::HeaderLookup lookup() const {
        return [this](std::string_view name) -> std::optional<std::string_view> {
            for (const auto& [key, value] : headers) {
                if (steno::equals_ignoring_case(key, name)) return value;
            }
            return std::nullopt;
        };
    }
};

}  // namespace

int main() {
    simdjson::dom::parser parser;
    for (std::string line; std::getline(std::cin, line);) {
        const element exchange = parser.parse(line);
        const Half request(exchange["request"]);
        const Half response(exchange["response"]);
        const std::string method = text(exchange["request"], "method");
        const std::string path = text(exchange, "path");
        const std::string query = text(exchange, "query");
        const std::string upstream = text(exchange, "upstream");
        const auto row = steno::providers::find_provider(upstream);
        const steno::providers::RequestView view{.method = method,
                                                 .path = path,
                                                 .query = query,
                                                 .header = request.lookup(),
                                                 .body = request.body};
        steno::Call call;
        call.provider.name = row.record_name;
        row.provider().read_request(view, call);
        const auto status = static_cast<int>(std::int64_t(exchange["response"]["status"]));
        const auto reader = row.provider().read_response(view, {status, response.lookup()}, call);
        reader->feed(response.body);
        reader->end(true, call);
        steno::providers::fill_preview(call);
        fmt::print("{}\n", steno::to_json(call));
        std::fflush(stdout);
    }
}
