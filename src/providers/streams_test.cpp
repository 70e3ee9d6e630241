#include "providers/json_array_stream.hpp"
#include "providers/line_stream.hpp"
#include "providers/sse.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace steno::providers {
namespace {

using Events = std::vector<std::pair<std::string, std::string>>;

/// Parses the pieces between the cuts.
Events parse(std::string_view bytes, const std::vector<std::size_t>& cuts, std::size_t limit = 1 << 20) {
    Events events;
    const auto sink = [&](const SseEvent& event) { events.emplace_back(event.name, event.data); };
    SseParser parser(limit);
    std::size_t from = 0;
    for (const std::size_t cut : cuts) {
        parser.feed(std::string(bytes.substr(from, cut - from)), sink);
        from = cut;
    }
    parser.feed(std::string(bytes.substr(from)), sink);
    parser.finish(sink);
    return events;
}

const Events kExpected{{"", "one"}, {"x", "two\nlines"}, {"late", "é😀"}, {"", ""}, {"", "last"}};

TEST(Sse, IsReadTheSameWithEveryLineEndAndCutAtEveryByte) {
    const std::string pattern =
        "\xef\xbb\xbf: comment|data: one||event: x|data: two|data:lines||id: 7|retry: 10|data: é😀|event: "
        "late||"
        "event: no data||data||:||data: last";
    for (const std::string_view line_end : {"\n", "\r", "\r\n"}) {
        std::string bytes;
        for (const char c : pattern) c == '|' ? bytes.append(line_end) : bytes.append(1, c);
        for (std::size_t first = 0; first <= bytes.size(); ++first) {
            for (std::size_t second = first; second <= std::min(first + 3, bytes.size()); ++second) {
                ASSERT_EQ(parse(bytes, {first, second}), kExpected) << first << " " << second;
            }
        }
    }
}

TEST(Sse, LeavesOutEventsBeyondTheLimitAndGoesOn) {
    const std::string big(200, 'x');
    const std::string bytes = "data: a\n\ndata: " + big +
                              "\ndata: rest\n\ndata: b\n\ndata: " + big.substr(0, 60) +
                              "\ndata: " + big.substr(0, 60) + "\n\ndata: c\n\n";
    const Events expected{{"", "a"}, {"", "b"}, {"", "c"}};
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut)
        ASSERT_EQ(parse(bytes, {cut}, 100), expected) << cut;
}

RC_GTEST_PROP(Sse, WhereItIsCutMakesNoDifference, ()) {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(
        std::vector<std::string>{"data:", "data: x", "event: e", "\n", "\r", "\r\n", "\n\n", ":", "\xef",
                                 "\xef\xbb\xbf", "id: 1", " ", "d", "{}", "0123456789"}));
    std::string bytes;
    for (const std::string& piece : pieces) bytes += piece;
    auto cuts =
        *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
    std::sort(cuts.begin(), cuts.end());
    RC_ASSERT(parse(bytes, cuts) == parse(bytes, {}));
    RC_ASSERT(parse(bytes, cuts, 12) == parse(bytes, {}, 12));
}

struct Cut {
    std::vector<std::string> elements;
    bool finished = false;
    bool malformed = false;
    std::size_t oversized = 0;
    bool operator==(const Cut&) const = default;
};

Cut cut_array(std::string_view bytes, std::size_t step, std::size_t limit = 1000) {
    Cut cut;
    JsonArrayStream stream(limit);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        stream.feed(std::string(bytes.substr(at, step)),
                    [&](std::string_view e) { cut.elements.emplace_back(e); });
    }
    cut.finished = stream.finished();
    cut.malformed = stream.malformed();
    cut.oversized = stream.oversized();
    return cut;
}

TEST(JsonArrayStream, GivesElementsHoweverItIsCut) {
    const std::string bytes = " [{\"a\":\"]}\\\"{\"}\n,\r\n{\"b\":[{},[1]]} , {}]\n";
    const Cut expected{{"{\"a\":\"]}\\\"{\"}", "{\"b\":[{},[1]]}", "{}"}, true, false, 0};
    for (std::size_t step = 1; step <= bytes.size(); ++step)
        EXPECT_EQ(cut_array(bytes, step), expected) << step;
}

TEST(JsonArrayStream, SaysWhatIsNoArrayOfObjects) {
    for (const char* bytes : {"x", "{}", "[1]", "[{},x", "[\"a\"]"})
        EXPECT_TRUE(cut_array(bytes, 1).malformed) << bytes;
    EXPECT_FALSE(cut_array("[{}", 1).malformed);
    EXPECT_FALSE(cut_array("[{}", 1).finished);
    EXPECT_TRUE(cut_array("[]", 1).finished);
}

TEST(JsonArrayStream, LeavesOutElementsBeyondTheLimit) {
    const std::string bytes = "[{},{\"a\":\"" + std::string(50, 'x') + "\"},{\"b\":1}]";
    const Cut expected{{"{}", "{\"b\":1}"}, true, false, 1};
    for (std::size_t step = 1; step <= bytes.size(); ++step)
        EXPECT_EQ(cut_array(bytes, step, 20), expected) << step;
}

TEST(LineStream, IsReadTheSameCutAtEveryByte) {
    const std::string bytes = "{\"a\":1}\n\r\n  \n{\"b\":\"é\"}\r\n" + std::string(60, 'x') + "\nlast";
    const std::vector<std::string> expected{"{\"a\":1}", "{\"b\":\"é\"}", "last"};
    for (std::size_t first = 0; first <= bytes.size(); ++first) {
        for (std::size_t second = first; second <= bytes.size(); ++second) {
            std::vector<std::string> lines;
            const auto sink = [&](std::string_view line) { lines.emplace_back(line); };
            LineStream stream(50);
            stream.feed(bytes.substr(0, first), sink);
            stream.feed(bytes.substr(first, second - first), sink);
            stream.feed(bytes.substr(second), sink);
            stream.finish(sink);
            ASSERT_EQ(lines, expected) << first << " " << second;
            ASSERT_EQ(stream.oversized(), 1U);
        }
    }
}

}  // namespace
}  // namespace steno::providers
