#pragma once

#include "base/text.hpp"
#include "providers/provider.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace steno::providers {

using Headers = std::multimap<std::string, std::string>;

/// One request and its answer, to be read by a provider.
struct Exchange {
    std::string upstream = "openai";
    std::string method = "POST";
    std::string path = "/v1/chat/completions";
    std::string query;
    Headers request_headers;
    std::string request_body = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";
    int status = 200;
    Headers response_headers;
    std::string response_body;
    bool complete = true;

    static HeaderLookup lookup(const Headers& headers) {
        return [&headers](std::string_view name) -> std::optional<std::string_view> {
            for (const auto& [key, value] : headers) {
                if (equals_ignoring_case(key, name)) return value;
            }
            return std::nullopt;
        };
    }

    static HeaderWalk walk(const Headers& headers) {
        return [&headers](const auto& field) {
            for (const auto& [name, value] : headers) field(name, value);
        };
    }

    /// What a gateway records, the answer being fed in pieces that end at `cuts` (sorted) and at its end.
    [[nodiscard]] Call read(const std::vector<std::size_t>& cuts = {}) const {
        const Provider& provider = find_provider(upstream).provider();
        const RequestView request{
            method, path, query, lookup(request_headers), request_body, walk(request_headers)};
        Call call;
        provider.read_request(request, call);
        const auto reader = provider.read_response(request, {status, lookup(response_headers)}, call);
        std::size_t from = 0;
        const std::string_view body = response_body;
        for (const std::size_t cut : cuts) {
            // a copy of its own, so that a reader which kept a view would be caught by the sanitizer
            const std::string piece(body.substr(from, cut - from));
            reader->feed(piece);
            from = cut;
        }
        reader->feed(std::string(body.substr(from)));
        reader->end(complete, call);
        fill_preview(call);
        return call;
    }

    [[nodiscard]] Call read_byte_by_byte() const {
        std::vector<std::size_t> cuts;
        for (std::size_t i = 1; i < response_body.size(); ++i) cuts.push_back(i);
        return read(cuts);
    }
};

}  // namespace steno::providers
