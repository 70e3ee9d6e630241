#include "providers/json_view.hpp"

#include "base/json_writer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <simdjson.h>

namespace steno::providers {
namespace {

JsonValue parsed(JsonDocument& document, std::string_view text) {
    EXPECT_TRUE(document.parse(text)) << text;
    return document.root();
}

TEST(JsonView, KeepsValuesVerbatim) {
    JsonDocument document;
    const JsonValue root = parsed(document, R"( {"a": 1.50, "b" : [ 1, {"c":"A\n"} ], "d":1e400} )");
    EXPECT_EQ(root["a"].raw(), "1.50");
    EXPECT_EQ(root["b"].raw(), R"([ 1, {"c":"A\n"} ])");
    EXPECT_EQ(root["d"].raw(), "1e400");
    EXPECT_EQ(root["d"].number(), std::nullopt);
    EXPECT_EQ(root["missing"]["deeper"].raw(), "");
    EXPECT_EQ(root["missing"].integer(), std::nullopt);
    EXPECT_EQ(root.size(), 3U);
}

TEST(JsonView, ReadsNumbersExactly) {
    JsonDocument document;
    const JsonValue root = parsed(
        document,
        R"({"max":9223372036854775807,"beyond":92233720368547758070,"whole":10.0,"part":10.5,"minus":-3})");
    EXPECT_EQ(root["max"].integer(), 9223372036854775807);
    EXPECT_EQ(root["beyond"].integer(), std::nullopt);
    EXPECT_EQ(root["beyond"].raw(), "92233720368547758070");
    EXPECT_EQ(root["whole"].integer(), 10);
    EXPECT_EQ(root["part"].integer(), std::nullopt);
    EXPECT_EQ(root["part"].number(), 10.5);
    EXPECT_EQ(root["minus"].integer(), -3);
}

TEST(JsonView, DecodesStrings) {
    JsonDocument document;
    const JsonValue root =
        parsed(document, "[\"\\u00e9\\ud83d\\ude00\\t\\\"\", \"\\ud83d\", \"\\ud83dx\", \"\\udc00\"]");
    std::vector<std::string> strings;
    for (const JsonValue value : root.elements()) strings.push_back(value.string());
    EXPECT_EQ(strings[0], "é😀\t\"");
    EXPECT_EQ(strings[1], "\xef\xbf\xbd");
    EXPECT_EQ(strings[2], "\xef\xbf\xbdx");
    EXPECT_EQ(strings[3], "\xef\xbf\xbd");
}

TEST(JsonView, RepairsBytesThatAreNoUtf8) {
    JsonDocument document;
    const JsonValue root = parsed(document, "{\"a\":\"x\xff\xc3\"}");
    EXPECT_EQ(root["a"].string(), "x\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(JsonView, TheLastOfSeveralMembersCounts) {
    JsonDocument document;
    EXPECT_EQ(parsed(document, R"({"a":1,"a":2})")["a"].integer(), 2);
    EXPECT_EQ(parsed(document, R"({"a":1,"\u0061":2})")["a"].integer(), 2);
}

TEST(JsonView, CountsArraysOfNumbersWithoutIndexingThem) {
    JsonDocument document;
    const JsonValue root = parsed(document, R"({"e":[0.1,-2e3, 4],"mixed":[1,2,"x"],"empty":[]})");
    EXPECT_EQ(root["e"].size(), 3U);
    EXPECT_TRUE(root["e"].elements().begin() == root["e"].elements().end());
    EXPECT_EQ(root["mixed"].size(), 3U);
    EXPECT_EQ((*root["mixed"].elements().begin()).integer(), 1);
    EXPECT_EQ(root["empty"].size(), 0U);
}

TEST(JsonView, RefusesWhatIsNoJson) {
    for (const char* text :
         {"",      " ",     "{",       "[1,]", "{\"a\"}", "{\"a\":}", "{,}",     "01",          "-",
          "1.",    ".5",    "1e",      "tru",  "nulll",   "\"",       "\"\\x\"", "\"\\u12g4\"", "\"\n\"",
          "[1 2]", "{} {}", "{'a':1}", "[1,2"}) {
        EXPECT_FALSE(is_json(text)) << text;
    }
    EXPECT_FALSE(is_json(std::string(100'000, '[')));
    EXPECT_FALSE(is_json(std::string(1000, '[') + std::string(1000, ']')));
    EXPECT_TRUE(is_json(std::string(500, '[') + std::string(500, ']')));
}

/// A random document, as text.
void write_random(JsonWriter& writer, int depth) {
    switch (*rc::gen::inRange(0, depth > 4 ? 5 : 7)) {
        case 0:
            writer.null();
            break;
        case 1:
            writer.boolean(*rc::gen::arbitrary<bool>());
            break;
        case 2:
            writer.number(*rc::gen::arbitrary<std::int64_t>());
            break;
        case 3:
            writer.number(*rc::gen::arbitrary<double>());
            break;
        case 4:
            writer.string(*rc::gen::arbitrary<std::string>());
            break;
        case 5: {
            writer.begin_array();
            for (int i = *rc::gen::inRange(0, 4); i > 0; --i) write_random(writer, depth + 1);
            writer.end_array();
            break;
        }
        default: {
            writer.begin_object();
            for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
                writer.key(*rc::gen::arbitrary<std::string>());
                write_random(writer, depth + 1);
            }
            writer.end_object();
        }
    }
}

void expect_same(JsonValue ours, simdjson::dom::element theirs) {
    using Theirs = simdjson::dom::element_type;
    switch (theirs.type()) {
        case Theirs::OBJECT: {
            RC_ASSERT(ours.is_object());
            RC_ASSERT(ours.size() == theirs.get_object().size());
            auto member = ours.members().begin();
            for (const auto [key, value] : theirs.get_object()) {
                RC_ASSERT((*member).key.string() == key);
                expect_same((*member).value, value);
                ++member;
            }
            break;
        }
        case Theirs::ARRAY: {
            RC_ASSERT(ours.is_array());
            RC_ASSERT(ours.size() == theirs.get_array().size());
            auto element = ours.elements().begin();
            if (element == ours.elements().end()) break;  // empty, or numbers alone
            for (const auto value : theirs.get_array()) {
                expect_same(*element, value);
                ++element;
            }
            break;
        }
        case Theirs::STRING:
            RC_ASSERT(ours.string() == std::string_view(theirs));
            break;
        case Theirs::INT64:
            RC_ASSERT(ours.integer() == std::int64_t(theirs));
            break;
        case Theirs::DOUBLE:
            RC_ASSERT(ours.number() == double(theirs));
            break;
        case Theirs::BOOL:
            RC_ASSERT(ours.boolean() == bool(theirs));
            break;
        default:
            RC_ASSERT(!ours.has_value());
            break;
    }
}

RC_GTEST_PROP(JsonView, ReadsDocumentsAsSimdjsonDoes, ()) {
    std::string text;
    JsonWriter writer(text);
    write_random(writer, 0);
    JsonDocument document;
    RC_ASSERT(document.parse(text));
    simdjson::dom::parser parser;
    expect_same(document.root(), parser.parse(text));
}

RC_GTEST_PROP(JsonView, RefusesBrokenDocumentsAsSimdjsonDoes, ()) {
    std::string text;
    JsonWriter writer(text);
    write_random(writer, 0);
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    switch (*rc::gen::inRange(0, 3)) {
        case 0:
            text.erase(at, 1);
            break;
        case 1:
            text.insert(at, 1, *rc::gen::elementOf(std::string("{}[]\",:0-e.\\u \n")));
            break;
        default:
            text[at] = *rc::gen::elementOf(std::string("{}[]\",:0-e.\\u \n"));
    }
    simdjson::dom::parser parser;
    const auto error = parser.parse(text).error();
    // Where we mean to be milder, or keep what they cannot hold, there is nothing to compare.
    RC_PRE(error != simdjson::NUMBER_ERROR && error != simdjson::STRING_ERROR &&
           error != simdjson::UTF8_ERROR);
    RC_ASSERT(is_json(text) == (error == simdjson::SUCCESS));
}

TEST(JsonView, PassesOverAByteOrderMark) {
    JsonDocument document;
    const std::string text = "\xef\xbb\xbf{\"a\":1}";
    ASSERT_TRUE(document.parse(text));
    EXPECT_EQ(document.root()["a"].integer(), 1);
    EXPECT_EQ(document.root().raw().data(), text.data() + 3);
    EXPECT_FALSE(is_json("\xef\xbb\xbf\xef\xbb\xbf{}"));
}

}  // namespace
}  // namespace steno::providers
