#include "providers/json_edits.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

namespace steno::providers {
namespace {

std::optional<std::string> edited(std::string_view text,
                                  const std::function<void(JsonValue root, JsonEdits& edits)>& change) {
    JsonDocument document;
    if (!document.parse(text)) return "no JSON";
    JsonEdits edits(text);
    change(document.root(), edits);
    return edits.result();
}

TEST(JsonEdits, LeaveEveryOtherByteAsItCame) {
    const std::string_view text = "\xef\xbb\xbf { \"a\" : 1.50,\t\"b\\u00e9\": [ 1 , 2 ],\"c\":{ } }\n";
    EXPECT_EQ(edited(text, [](JsonValue, JsonEdits&) {}), text);
    EXPECT_EQ(edited(text,
                     [](JsonValue root, JsonEdits& edits) {
                         edits.set(root, "a", "2");
                         edits.set_text(root, "d", "x\"y");
                         edits.set(root, "e", "null");
                         edits.set(root["c"], "f", "1");
                         edits.set(root["c"], "g", "2");
                     }),
              "\xef\xbb\xbf {\"d\":\"x\\\"y\",\"e\":null, \"a\" : 2,\t\"b\\u00e9\": [ 1 , 2 ],"
              "\"c\":{\"f\":1,\"g\":2 } }\n");
}

TEST(JsonEdits, OfChangesOfTheSameMemberTheFirstCounts) {
    EXPECT_EQ(edited(R"({"a":1})",
                     [](JsonValue root, JsonEdits& edits) {
                         edits.set(root, "a", "2");
                         edits.set(root, "a", "3");
                         edits.set(root, "b", "4");
                         edits.set(root, "b", "5");
                     }),
              R"({"b":4,"a":2})");
}

TEST(JsonEdits, PutElementsIntoLists) {
    EXPECT_EQ(edited(R"({"a":["x","y"],"b":[ ]})",
                     [](JsonValue root, JsonEdits& edits) {
                         for (const JsonValue element : root["a"].elements())
                             edits.insert_before(element, "0");
                         for (const JsonValue element : root["a"].elements()) {
                             edits.replace_text(element, "z");
                             break;
                         }
                         edits.insert_only(root["b"], "1");
                     }),
              R"({"a":[0,"z",0,"y"],"b":[1 ]})");
}

TEST(JsonEdits, PutAMemberBeforeANameThatIsReplaced) {
    EXPECT_EQ(edited(R"({"old":1})",
                     [](JsonValue root, JsonEdits& edits) {
                         for (const auto& [key, value] : root.members()) edits.replace(key, R"("new")");
                         edits.set(root, "more", "2");
                     }),
              R"({"more":2,"new":1})");
}

TEST(JsonEdits, OfWhatIsNotThereNothingIsDone) {
    EXPECT_EQ(edited(R"({"a":1})",
                     [](JsonValue root, JsonEdits& edits) {
                         edits.replace(root["b"], "2");
                         edits.set(root["a"], "x", "2");
                         edits.insert_before(root["b"], "2");
                     }),
              R"({"a":1})");
}

TEST(JsonEdits, AreNotMadeInATextThatHadToBeRepaired) {
    EXPECT_EQ(edited("{\"a\":\"\xff\"}", [](JsonValue root, JsonEdits& edits) { edits.set(root, "a", "1"); }),
              std::nullopt);
}

RC_GTEST_PROP(JsonEdits, AMemberThatIsSetIsReadBackAndTheOthersStay, (const std::string& value)) {
    const std::string_view text = R"({"one": [1,{"x":"é"}], "two" : "2", "three":3e5})";
    const auto out =
        edited(text, [&](JsonValue root, JsonEdits& edits) { edits.set_text(root, "two", value); });
    RC_ASSERT(out.has_value());
    JsonDocument before;
    JsonDocument after;
    RC_ASSERT(before.parse(text) && after.parse(*out));
    RC_ASSERT(after.root()["one"].raw() == before.root()["one"].raw());
    RC_ASSERT(after.root()["three"].raw() == before.root()["three"].raw());
    RC_ASSERT(after.root()["two"].string() == repaired_utf8(value));
}

}  // namespace
}  // namespace steno::providers
