#include "notify/message.hpp"

#include "base/random.hpp"
#include "base/text.hpp"
#include "notify/webhook_signature.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

namespace steno::notify {
namespace {

TEST(WebhookSignature, IsTheOneOfTheStandardsExample) {
    const auto signature =
        webhook_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                          1614265330, R"({"test": 2432232314})");
    ASSERT_TRUE(signature);
    EXPECT_EQ(*signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(WebhookSignature, SecretsAreMadeAndChecked) {
    SeededRandom random(1);
    const std::string secret = new_webhook_secret(random);
    EXPECT_TRUE(check_webhook_secret(secret));
    EXPECT_NE(secret, new_webhook_secret(random));
    for (const char* bad :
         {"", "whsec_", "whsec_c2hvcnQ=", "hunter2", "whsec_not base64 at all, and long enough"}) {
        const auto refused = check_webhook_secret(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_FALSE(refused.error().message.contains("hunter2"));
    }
}

Message odd() {
    Message message;
    message.type = "alert.firing";
    message.tone = Tone::Critical;
    message.at = Timestamp{1'763'600'000'000'000'000, 0};
    message.title = "CRITICAL: <!channel> \"größer\"\r\nBcc: eve@example.com & more";
    message.facts = {{"Rule", "a <b> & c"}, {"Größe", "5 %"}};
    message.data = R"({"rule":"x","value":0.5,"samples":["a","b"]})";
    return message;
}

TEST(Message, ComesBackFromTheOutboxAsItWas) {
    const auto back = message_from_json(to_json(odd()));
    ASSERT_TRUE(back);
    EXPECT_EQ(to_json(*back), to_json(odd()));
    EXPECT_EQ(back->facts, odd().facts);
    EXPECT_EQ(back->tone, Tone::Critical);
    EXPECT_FALSE(message_from_json("{}"));
    EXPECT_FALSE(message_from_json("no"));
}

TEST(Message, NothingInItIsMarkupForSlack) {
    simdjson::dom::parser parser;
    const std::string body = slack_body(odd());
    std::string_view text;
    ASSERT_EQ(parser.parse(body)["text"].get(text), simdjson::SUCCESS);
    EXPECT_TRUE(text.starts_with("CRITICAL: &lt;!channel&gt;"));
    std::string_view field;
    ASSERT_EQ(parser.parse(body).at_pointer("/attachments/0/blocks/0/fields/0/text").get(field),
              simdjson::SUCCESS);
    EXPECT_EQ(field, "*Rule*\na &lt;b&gt; &amp; c");
}

TEST(Message, NothingInItBeginsAHeaderOfAMail) {
    const std::string mail =
        mail_text(odd(), "id-1", "steno@example.com", {"a@example.com", "b@example.com"});
    const std::string head = mail.substr(0, mail.find("\r\n\r\n"));
    EXPECT_EQ(head.find("\nBcc:"), std::string::npos);
    EXPECT_NE(head.find("Date: Thu, 20 Nov 2025 00:53:20 +0000\r\n"), std::string::npos);
    EXPECT_NE(head.find("To: a@example.com, b@example.com\r\n"), std::string::npos);
    EXPECT_NE(head.find("Message-ID: <id-1@steno>"), std::string::npos);
    std::string encoded = mail.substr(head.size() + 4);
    std::erase(encoded, '\r');
    std::erase(encoded, '\n');
    const auto body = from_base64(encoded);
    ASSERT_TRUE(body);
    EXPECT_NE(body->find("Größe: 5 %"), std::string::npos);
}

TEST(Message, WhatWasRecordedIsOneLine) {
    EXPECT_EQ(one_line("a\nb\x1b[2Jc\x7f\td", 100), "a b [2Jc  d");
    EXPECT_EQ(one_line("x\u009b1m\u2028y\u202ez", 100), "x 1m y z");
    EXPECT_EQ(one_line("Größe 中 😀", 100), "Größe 中 😀");
    EXPECT_EQ(one_line("\xff\xfe", 100), "  ");
    EXPECT_EQ(one_line(std::string(300, 'x'), 10), std::string(10, 'x') + "…");
}

}  // namespace
}  // namespace steno::notify
