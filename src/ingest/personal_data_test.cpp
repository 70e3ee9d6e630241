#include "ingest/personal_data.hpp"

#include "ingest/policy.hpp"
#include "record/json_reader.hpp"

#include <gtest/gtest.h>

namespace steno::ingest {
namespace {

std::string masked(std::string text) {
    Masked counts;
    mask_personal_data(text, counts);
    return text;
}

std::string masked_json(std::string json) {
    Masked counts;
    mask_personal_data_in_json(json, counts);
    EXPECT_TRUE(JsonReader(json).skip()) << json;
    return json;
}

TEST(PersonalData, IsFoundByItsForm) {
    const std::pair<const char*, const char*> cases[] = {
        {"write to anna.b+x@mail.example.org.", "write to [email]."},
        {"<a@b.de>,c@d.co.uk", "<[email]>,[email]"},
        {"jörg@müller.de", "[email]"},
        {"card 4111 1111 1111 1111 12/28", "card [card] 12/28"},
        {"5555-5555-5555-4444", "[card]"},
        {"378282246310005", "[card]"},
        {"to DE89 3704 0044 0532 0130 00, please", "to [iban], please"},
        {"GB82WEST12345698765432", "[iban]"},
        {"call +49 (0)170 1234567 now", "call [phone] now"},
        {"0049 170 1234567", "[phone]"},
        {"0170 1234567, 030-1234567", "[phone], [phone]"},
        {"01701234567", "[phone]"},
        {"(555) 123-4567 or 555-123-4567 or 555.123.4567", "[phone] or [phone] or [phone]"},
        {"from 192.168.0.17:8080", "from [ip]:8080"},
        {"at 2001:db8::8a2e:370:7334, ::1 and fe80::1.", "at [ip], [ip] and [ip]."},
    };
    for (const auto& [text, wanted] : cases) EXPECT_EQ(masked(text), wanted);
}

TEST(PersonalData, OtherNumbersAndWordsStay) {
    for (const char* text : {"",
                             "@",
                             "a@",
                             "@b.de",
                             "a@b",
                             "a@b..de",
                             "a@b.1",
                             "@@@@",
                             "user@host says hi",
                             "4111 1111 1111 1112",
                             "1732300000123456789",
                             "GB83WEST12345698765432",
                             "AB12",
                             "+1.5 million",
                             "2026-11-22 19:30:00",
                             "05.11.2026 14:30",
                             "0.123456789",
                             "3f2504e0-4f89-11d3-9a0c-0305e82cc901",
                             "1.2.3",
                             "1.2.3.4.5",
                             "256.1.1.1",
                             "std::vector<face::add>",
                             "12:30:45",
                             "$1,234,567.89",
                             "100 200 300",
                             "(2026)",
                             "00000000000",
                             "sha 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"})
        EXPECT_EQ(masked(text), text);
}

TEST(PersonalData, IsCounted) {
    std::string text = "a@b.de c@d.de 10.0.0.1";
    Masked counts;
    mask_personal_data(text, counts);
    EXPECT_EQ(counts, (Masked{{"email", 2}, {"ip", 1}}));
    mask_personal_data(text, counts);
    EXPECT_EQ(counts.at("email"), 2) << "what is masked is nobody's any more";
}

TEST(PersonalData, JsonStaysJson) {
    EXPECT_EQ(masked_json(R"({"to":["a@b.de"],"n":1.5e3,"ok":true})"),
              R"({"to":["[email]"],"n":1.5e3,"ok":true})");
    EXPECT_EQ(masked_json(R"({"text":"line\na@b.de"})"), R"({"text":"line\n[email]"})")
        << "the n is no letter of it";
    EXPECT_EQ(masked_json(R"({"text":"a\u0040b.de"})"), R"({"text":"[email]"})");
    EXPECT_EQ(masked_json(R"({"card":4111111111111111,"at":1732300000123456789,"x":-4111111111111111})"),
              R"({"card":"[card]","at":1732300000123456789,"x":-4111111111111111})");
    for (const char* same :
         {R"("\\\"")", R"({"a":"\ud83d\ude00"})", "null", "[0.4111111111111111,4111111111111111.5]"})
        EXPECT_EQ(masked_json(same), same);
}

/// Megabytes of what begins like everything and is nothing: done in one pass. (A pass that looks back to the
/// text's beginning at each place would take hours.)
TEST(PersonalData, WhatIsNeverFoundEndsInTime) {
    for (const char* unit : {"+", "a@", "1 ", "0-", "::", "a.", "(1", "DE89 ", "4111 "}) {
        std::string text;
        while (text.size() < 2'000'000) text += unit;
        const std::string before = text;
        Masked counts;
        mask_personal_data(text, counts);
        EXPECT_LE(text.size(), before.size()) << unit;
    }
}

TEST(PersonalData, IsMaskedInAllTextsOfACallAndCountedOnce) {
    Call call;
    Message message;
    message.role = "user";
    message.parts.emplace_back().text = "I am a@b.de";
    message.parts.emplace_back().url = "data:image/png;base64,+4917012345678";
    call.request.messages.push_back(message);
    call.request.system = "reach us at +49 170 1234567";
    call.response.tool_calls.emplace_back().arguments.text = R"({"to":"c@d.de"})";
    call.error.message = "no such user e@f.de";
    call.raw.request = R"({"messages":"I am a@b.de"})";
    call.labels.metadata.text = R"({"user":"a@b.de"})";
    call.preview.prompt = "I am a@b.de";
    call.preview.answer = std::string(270, 'x') + " call 0170 1234567 or g@h";  // cut here
    call.preview.answer.resize(kPreviewBytes, 'i');
    mask_texts(call);
    EXPECT_EQ(call.request.messages[0].parts[0].text, "I am [email]");
    EXPECT_EQ(call.request.messages[0].parts[1].url, message.parts[1].url) << "media are not texts";
    EXPECT_EQ(call.request.system, "reach us at [phone]");
    EXPECT_EQ(call.response.tool_calls[0].arguments.text, R"({"to":"[email]"})");
    EXPECT_EQ(call.error.message, "no such user [email]");
    EXPECT_EQ(call.raw.request, "") << "nobody knows what else it holds";
    EXPECT_EQ(call.privacy.truncated.at("raw.request").bytes, 26);
    EXPECT_EQ(call.labels.metadata.text, R"({"user":"a@b.de"})") << "as the program gave it";
    EXPECT_EQ(call.preview.prompt, "I am [email]");
    EXPECT_EQ(call.preview.answer, std::string(270, 'x') + " call ") << "a cut number would tell who it is";
    EXPECT_EQ(call.privacy.masked, (Masked{{"email", 3}, {"phone", 1}}));
}

}  // namespace
}  // namespace steno::ingest
