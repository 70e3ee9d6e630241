#include "providers/stream_usage.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace steno::providers {
namespace {

TEST(AskingForUsage, ChangesNothingElse) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {R"({"model":"m","stream":true})",
         R"({"stream_options":{"include_usage":true},"model":"m","stream":true})"},
        {" {\n \"stream\" : true } ",
         " {\"stream_options\":{\"include_usage\":true},\n \"stream\" : true } "},
        {R"({"stream":true,"stream_options":null,"seed":7})",
         R"({"stream":true,"stream_options":{"include_usage":true},"seed":7})"},
        {R"({"stream":true,"stream_options":{"include_usage":null}})",
         R"({"stream":true,"stream_options":{"include_usage":true}})"},
        {R"({"stream":true,"stream_options":{}})",
         R"({"stream":true,"stream_options":{"include_usage":true}})"},
        {R"({"stream":true,"stream_options":{"include_usage":false}})",
         R"({"stream":true,"stream_options":{"include_usage":true}})"},
        {R"({"stream":true,"stream_options":{"include_obfuscation": false}})",
         R"({"stream":true,"stream_options":{"include_usage":true,"include_obfuscation": false}})"},
        {R"({"n":123456789012345678901234567890.50,"stream":true,"stop":["é\u00e9"]})",
         R"({"stream_options":{"include_usage":true},"n":123456789012345678901234567890.50,"stream":true,"stop":["é\u00e9"]})"},
    };
    for (const auto& [body, asking] : cases) EXPECT_EQ(asking_for_usage(body), asking) << body;
}

TEST(AskingForUsage, IsDoneOnlyWhereThereIsAnythingToAsk) {
    for (const std::string_view body :
         {"", "[]", "{", R"({"model":"m"})", R"({"stream":false})", R"({"stream":"true"})",
          R"({"stream":true,"stream_options":{"include_usage":true}})",
          "{\"stream\":true,\"x\":\"\xff\"}x"}) {
        EXPECT_EQ(asking_for_usage(body), std::nullopt) << body;
    }
}

std::string filtered(std::string_view bytes, const std::vector<std::size_t>& cuts) {
    UsageChunkFilter filter;
    std::string out;
    std::size_t from = 0;
    for (const std::size_t cut : cuts) {
        filter.feed(bytes.substr(from, cut - from), out);
        from = cut;
    }
    filter.feed(bytes.substr(from), out);
    filter.finish(out);
    return out;
}

constexpr std::string_view kBefore =
    ": keep-alive||event: x|data: {\"choices\":[],\"usage\":null,\"prompt_filter_results\":[]}||"
    "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\" é\"}}],\"usage\":{\"prompt_tokens\":1}}||"
    "data: {\"error\":{\"message\":\"no \\\"choices\\\":[] and \\\"usage\\\":{}\"}}||data: no JSON \"usage\" "
    "\"choices\"||";
constexpr std::string_view kUsage =
    "data: {\"id\":\"1\",\"choices\" : [ ],|data: \"usage\":{\"prompt_tokens\":31}}||";
constexpr std::string_view kAfter = "data: [DONE]||";

std::string with_line_ends(std::string_view pattern, std::string_view line_end) {
    std::string bytes;
    for (const char c : pattern) c == '|' ? bytes.append(line_end) : bytes.append(1, c);
    return bytes;
}

TEST(UsageChunkFilter, TakesOutThatChunkAloneWhereverItIsCut) {
    for (const std::string_view line_end : {"\n", "\r", "\r\n"}) {
        const std::string before = with_line_ends(kBefore, line_end);
        const std::string usage = with_line_ends(kUsage, line_end);
        const std::string after = with_line_ends(kAfter, line_end);
        const std::string bytes = before + usage + after;
        for (std::size_t first = 0; first <= bytes.size(); ++first) {
            for (std::size_t second = first; second <= std::min(first + 3, bytes.size()); ++second) {
                ASSERT_EQ(filtered(bytes, {first, second}), before + after) << first << " " << second;
            }
        }
        EXPECT_EQ(filtered(before + usage, {}), before);
        EXPECT_EQ(filtered(before + usage.substr(0, usage.find("}}") + 2), {}), before) << "not closed";
    }
}

TEST(UsageChunkFilter, HoldsBackNoEventThatIsWhole) {
    UsageChunkFilter filter;
    std::string out;
    filter.feed("data: {\"choices\":[{}]}\n\ndata: {", out);
    EXPECT_EQ(out, "data: {\"choices\":[{}]}\n\n");
    filter.feed("}\r\r", out);
    EXPECT_EQ(out, "data: {\"choices\":[{}]}\n\ndata: {}\r\r");
}

TEST(UsageChunkFilter, PassesOnWhatIsTooBigToBeThatChunk) {
    const std::string big = "data: {\"choices\":[],\"usage\":{},\"x\":\"" +
                            std::string(UsageChunkFilter::kMaxHeld, 'x') + "\"}\n\n";
    const std::string small = "data: {\"choices\":[],\"usage\":{}}\n\n";
    EXPECT_EQ(filtered(big + small + "data: 1\n\n", {big.size() / 2}), big + "data: 1\n\n");
}

RC_GTEST_PROP(UsageChunkFilter, GivesEverythingElseAsItCame, ()) {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(
        std::vector<std::string>{"data:", "data: {\"usage\":{},\"choices\":[{}]}", "\n", "\r", "\r\n", "\n\n",
                                 ": c", "\"usage\"", "\"choices\":[]", "x", "\xef\xbb\xbf"}));
    std::string bytes;
    std::vector<std::size_t> cuts;
    for (const std::string& piece : pieces) {
        bytes += piece;
        cuts.push_back(bytes.size());
    }
    RC_ASSERT(filtered(bytes, cuts) == bytes);
    RC_ASSERT(filtered(bytes, {}) == bytes);
}

}  // namespace
}  // namespace steno::providers
