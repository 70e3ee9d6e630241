// Real traffic, recorded elsewhere: what is read from it must be what its `expect` says, however it is cut.
// The recordings are optional data: STENO_RECORDINGS names their folder.

#include "providers/exchange_for_test.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

namespace steno::providers {
namespace {

using simdjson::dom::element;

std::filesystem::path recordings_file() {
    const char* const folder = std::getenv("STENO_RECORDINGS");
    return std::filesystem::path(folder != nullptr ? folder : STENO_RECORDINGS_NEARBY) / "open.jsonl";
}

std::string text(element value) {
    std::string_view view;
    return value.get(view) == simdjson::SUCCESS ? std::string(view) : std::string();
}

std::string compact(std::string_view json) {
    simdjson::dom::parser parser;
    element value;
    if (parser.parse(json.data(), json.size()).get(value) != simdjson::SUCCESS) return "no JSON";
    return simdjson::minify(value);
}

/// Which of our upstreams reads this traffic; "" if none yet.
std::string upstream_for(std::string_view provider, std::string_view endpoint) {
    static constexpr std::string_view kEndpoints[] = {
        "chat_completions", "responses",      "completions",      "embeddings",
        "messages",         "complete",       "generate_content", "stream_generate_content",
        "cohere_chat",      "cohere_chat_v1", "cohere_embed",     "cohere_generate",
        "rerank",           "converse",       "converse_stream",  "invoke",
        "invoke_stream",    "images",         "ollama_chat",      "ollama_generate",
        "ollama_embed"};
    if (std::ranges::find(kEndpoints, endpoint) == std::end(kEndpoints)) return {};
    if (provider == "openai_compatible") return "elsewhere";
    for (const ProviderRow& row : provider_table()) {
        if (row.record_name == provider) return std::string(row.upstream);
    }
    return {};
}

Headers headers_of(element message) {
    Headers headers;
    for (const auto [key, value] : message["headers"].get_object())
        headers.emplace(std::string(key), text(value));
    return headers;
}

std::string body_of(element message) {
    const std::string coded = text(message["body_b64"]);
    return coded.empty() ? text(message["body"]) : from_base64(coded).value_or("");
}

Exchange exchange_of(element recording, std::string upstream) {
    Exchange exchange;
    exchange.upstream = std::move(upstream);
    const element request = recording["request"];
    exchange.method = text(request["method"]);
    std::string url = text(request["url"]);
    url = url.substr(0, url.find('#'));
    const std::size_t path = url.find('/', url.find("://") + 3);
    const std::size_t query = url.find('?');
    exchange.path = url.substr(path, query == std::string::npos ? query : query - path);
    if (query != std::string::npos) exchange.query = url.substr(query + 1);
    exchange.request_headers = headers_of(request);
    exchange.request_body = body_of(request);
    const element response = recording["response"];
    exchange.status = static_cast<int>(std::int64_t(response["status"]));
    exchange.response_headers = headers_of(response);
    exchange.response_body = body_of(response);
    return exchange;
}

std::string number(std::optional<std::int64_t> value) {
    return value ? fmt::to_string(*value) : "null";
}
std::optional<std::int64_t> cache_writes(const Usage& usage) {
    const CacheWrites& writes = usage.cache_write_tokens;
    if (!writes.minutes_5 && !writes.hours_1 && !writes.other) return std::nullopt;
    return writes.minutes_5.value_or(0) + writes.hours_1.value_or(0) + writes.other.value_or(0);
}

/// Field → what we read, as text; the same shape is made of `expect`.
std::map<std::string, std::string> fields_of(const Call& call) {
    std::map<std::string, std::string> fields;
    fields["model_requested"] = call.model.requested;
    fields["model_served"] = call.model.served;
    fields["response_id"] = call.response.id;
    fields["status"] = number(call.provider.http_status);
    fields["error_type"] =
        call.error.provider_type.empty() ? call.error.provider_code : call.error.provider_type;
    fields["error_message"] = call.error.message;
    for (const std::string& reason : call.response.finish_reasons) fields["finish_reasons"] += reason + ";";
    fields["usage.input_tokens"] = number(call.usage.input_tokens);
    fields["usage.output_tokens"] = number(call.usage.output_tokens);
    fields["usage.cache_read_tokens"] = number(call.usage.cache_read_tokens);
    fields["usage.cache_write_tokens"] = number(cache_writes(call.usage));
    fields["usage.reasoning_tokens"] = number(call.usage.reasoning_tokens);
    for (const Message& message : call.response.messages) {
        for (const Part& part : message.parts) {
            if (part.type == PartType::Text) fields["text"] += part.text;
        }
    }
    for (const ToolCall& tool : call.response.tool_calls) {
        fields["tool_calls"] += tool.name + compact(tool.arguments.text) + ";";
    }
    if (call.request.input.text.empty())
        fields["n_input_messages"] = fmt::to_string(call.request.messages.size());
    return fields;
}

std::map<std::string, std::string> fields_of(element expect) {
    std::map<std::string, std::string> fields;
    const auto number_at = [](element value) {
        std::int64_t read = 0;
        return value.get(read) == simdjson::SUCCESS ? fmt::to_string(read) : std::string("null");
    };
    for (const char* const name :
         {"model_requested", "model_served", "response_id", "error_type", "error_message"}) {
        fields[name] = text(expect[name]);
    }
    if (const std::string said = text(expect["text"]); !said.empty()) fields["text"] = said;
    fields["status"] = number_at(expect["status"]);
    for (const element reason : expect["finish_reasons"].get_array())
        fields["finish_reasons"] += text(reason) + ";";
    for (const char* const name :
         {"input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"}) {
        fields[std::string("usage.") + name] = number_at(expect["usage"][name]);
    }
    for (const element tool : expect["tool_calls"].get_array()) {
        const element arguments = tool["arguments"];
        fields["tool_calls"] += text(tool["name"]) + std::string(simdjson::minify(arguments)) + ";";
    }
    fields["n_input_messages"] = number_at(expect["n_input_messages"]);
    return fields;
}

std::vector<std::size_t> random_cuts(std::size_t size, std::mt19937_64& random) {
    std::vector<std::size_t> cuts(random() % 20);
    for (std::size_t& cut : cuts) cut = random() % (size + 1);
    std::ranges::sort(cuts);
    return cuts;
}

TEST(Recordings, AreReadAsExpectedHoweverTheyAreCut) {
    std::ifstream file(recordings_file());
    if (!file) GTEST_SKIP() << "no recordings at " << recordings_file() << " (set STENO_RECORDINGS)";
    std::mt19937_64 random(20261120);
    simdjson::dom::parser parser;
    std::map<std::string, std::pair<int, int>> tally;  // good, all
    std::string line;
    int supported = 0;
    while (std::getline(file, line)) {
        const element recording = parser.parse(line);
        const std::string key = text(recording["provider"]) + " " + text(recording["endpoint"]);
        auto& [good, all] = tally[key];
        ++all;
        const std::string upstream = upstream_for(text(recording["provider"]), text(recording["endpoint"]));
        if (upstream.empty()) continue;
        ++supported;
        const std::string id = text(recording["id"]);
        const Exchange exchange = exchange_of(recording, upstream);
        const Call call = exchange.read();
        const auto ours = fields_of(call);
        const element expect = recording["expect"];
        std::vector<std::string> unchecked;
        for (const element name : expect["unchecked"].get_array()) unchecked.push_back(text(name));
        bool match = true;
        for (const auto& [name, wanted] : fields_of(expect)) {
            if (std::ranges::find(unchecked, name) != unchecked.end()) continue;
            if (name == "n_input_messages" && (!ours.contains(name) || wanted == "null")) continue;
            // None are counted where a prompt stands beside other fields.
            const bool counted = wanted != "null" && wanted != "0" && ours.contains(name);
            if (name == "n_input_messages" && !counted) continue;
            const auto found = ours.find(name);
            const std::string got = found == ours.end() ? "" : found->second;
            EXPECT_EQ(got, wanted) << id << " " << name;
            match = match && got == wanted;
        }
        for (int i = 0; i < 4; ++i) {
            const auto cuts = random_cuts(exchange.response_body.size(), random);
            EXPECT_EQ(exchange.read(cuts), call)
                << id << " cut at " << fmt::format("{}", fmt::join(cuts, ","));
        }
        if (exchange.response_body.size() < 20'000) EXPECT_EQ(exchange.read_byte_by_byte(), call) << id;
        good += match ? 1 : 0;
    }
    for (const auto& [key, counts] : tally) {
        fmt::print("{:<40} {:>3} of {:>3}\n", key, counts.first, counts.second);
    }
    EXPECT_GT(supported, 0);
}

/// What a request says beside what was edited.
Call without_edits(Call call) {
    call.model = {};
    call.name.clear();
    call.request.system.clear();
    call.request.parameters = {};
    if (!call.request.messages.empty() && call.request.messages.front().role != "user" &&
        call.request.messages.front().role != "assistant")
        call.request.messages.erase(call.request.messages.begin());
    return call;
}

TEST(Recordings, OfRequestsThatAreEditedTheRestStaysAsItCame) {
    std::ifstream file(recordings_file());
    if (!file) GTEST_SKIP() << "no recordings at " << recordings_file() << " (set STENO_RECORDINGS)";
    simdjson::dom::parser parser;
    std::string line;
    int edited_ones = 0;
    while (std::getline(file, line)) {
        const element recording = parser.parse(line);
        const std::string endpoint = text(recording["endpoint"]);
        const std::string upstream = upstream_for(text(recording["provider"]), endpoint);
        const bool in_path = endpoint.ends_with("generate_content");
        if (upstream.empty() ||
            !(endpoint == "chat_completions" || endpoint == "responses" || endpoint == "messages" || in_path))
            continue;
        const Exchange exchange = exchange_of(recording, upstream);
        const RequestView request{exchange.method,       exchange.path,
                                  exchange.query,        Exchange::lookup(exchange.request_headers),
                                  exchange.request_body, Exchange::walk(exchange.request_headers)};
        const Provider& provider = find_provider(upstream).provider();
        const std::string id = text(recording["id"]);
        const auto same = provider.edit_request(request, {}, {});
        if (!same) {
            ADD_FAILURE() << id << " " << same.error().message;
            continue;
        }
        EXPECT_EQ(*same, exchange.request_body) << id;
        const auto edited = provider.edit_request(request,
                                                  {.model = in_path ? "" : "another-model",
                                                   .temperature = 0.25,
                                                   .token_limit = 77,
                                                   .texts = {{"system", "Be kind."}}},
                                                  {});
        if (!edited) continue;  // of those that do not fit, request_edit_test tells
        ++edited_ones;
        Exchange sent = exchange;
        sent.request_body = *edited;
        const Call before = exchange.read();
        const Call after = sent.read();
        if (!in_path) EXPECT_EQ(after.model.requested, "another-model") << id;
        EXPECT_TRUE(after.request.parameters.text.contains("0.25")) << id << after.request.parameters.text;
        EXPECT_TRUE(after.request.parameters.text.contains("77")) << id;
        EXPECT_TRUE(edited->contains("Be kind.")) << id;
        EXPECT_EQ(without_edits(after).request, without_edits(before).request) << id;
    }
    fmt::print("{} requests were edited\n", edited_ones);
    EXPECT_GT(edited_ones, 0);
}

}  // namespace
}  // namespace steno::providers
