// Error answers as the providers send them, by what the record makes of them:
// tests/data/errors/answers.jsonl. Bodies and headers are in the providers' words (from their documentation,
// SDKs' tests, recorded traffic and public bug reports); ids are made up.

#include "providers/answer_reader.hpp"
#include "providers/exchange_for_test.hpp"
#include "providers/http_facts.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

namespace steno::providers {
namespace {

Call read(std::string_view provider, int status, const Headers& headers, std::string_view body) {
    Call call;
    call.provider.name = provider;
    call.model.requested = "model-9";
    call.who.api_key_id = "sk:0123456789ab";
    const Headers none;
    const RequestView request{"POST", "/v1/x", "", Exchange::lookup(none), "", {}};
    const ResponseView response{status, Exchange::lookup(headers)};
    read_response_head(response, call);
    call.provider.region = "eu-west-1";
    const auto reader = make_generic_reader(request, response);
    for (const char c : body) reader->feed({&c, 1});
    reader->end(true, call);
    return call;
}

TEST(ErrorAnswers, OfAllProviders) {
    std::ifstream file(STENO_TEST_DATA "/errors/answers.jsonl");
    std::string line;
    int rows = 0;
    while (std::getline(file, line)) {
        JsonDocument document;
        ASSERT_TRUE(document.parse(line)) << line;
        const JsonValue row = document.root();
        Headers headers;
        for (const auto [name, value] : row["headers"].members())
            headers.emplace(name.string(), value.string());
        const Call call = read(row["provider"].string(), static_cast<int>(*row["status"].integer()), headers,
                               row["body"].string());
        EXPECT_EQ(call.status, Status::Failure) << line;
        ASSERT_TRUE(call.error.type) << line;
        EXPECT_EQ(to_string(*call.error.type), row["type"].string()) << line;
        EXPECT_EQ(call.error.retryable, row["retryable"].boolean()) << line;
        EXPECT_EQ(call.error.retry_after_ms, row["wait_ms"].integer()) << line;
        for (const JsonValue words : row["advice"].elements())
            EXPECT_TRUE(call.error.advice.contains(words.string())) << line << "\n  " << call.error.advice;
        ++rows;
    }
    EXPECT_GE(rows, 167);
}

std::optional<std::int64_t> wait_of(const Headers& headers) {
    return read("openai", 429, headers, "{}").error.retry_after_ms;
}

TEST(ErrorAnswers, WaitsThatMakeNoSense) {
    for (const char* text : {"-1", "soon", "", "1e99", "99999999999999", "nan", "Fri, 20 Nov 2026"})
        EXPECT_EQ(wait_of({{"retry-after", text}, {"retry-after-ms", text}}), std::nullopt) << text;
    // A date counts from the provider's clock; without it nobody knows which "now" was meant.
    EXPECT_EQ(wait_of({{"retry-after", "Fri, 20 Nov 2026 10:00:30 GMT"}}), std::nullopt);
    // What cannot be used does not hide what can.
    EXPECT_EQ(wait_of({{"retry-after-ms", "x"}, {"retry-after", "2.5"}}), 2500);
}

TEST(ErrorAnswers, RetryAfterOnASuccessIsNoError) {
    const Call call = read("anthropic", 200, {{"retry-after", "59"}}, R"({"ok":true})");
    EXPECT_EQ(call.error, CallError{});
    EXPECT_EQ(call.status, Status::Success);
}

}  // namespace
}  // namespace steno::providers
