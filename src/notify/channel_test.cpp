#include "notify/channel.hpp"

#include <gtest/gtest.h>

#include <array>

namespace steno::notify {
namespace {

std::string shown(const Channel& channel) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    write_members(json, channel);
    json.end_object();
    return out;
}

TEST(Channel, SecretsAreKeptAndNeverShown) {
    struct Case {
        const char* json;
        std::vector<const char*> secrets;
    };
    const std::array cases{
        Case{R"({"kind":"webhook","url":"https://example.com/hook?token=s3cret"})",
             {"s3cret", "/hook", "whsec_"}},
        Case{R"({"kind":"webhook","url":"https://discord.com/api/webhooks/123/s3cret"})", {"s3cret", "123"}},
        Case{R"({"kind":"webhook","url":"https://hook.eu1.make.com/s3cret"})", {"s3cret"}},
        Case{R"({"kind":"webhook","url":"https://example.com?s3cret"})", {"s3cret"}},
        Case{R"({"kind":"slack","url":"https://hooks.slack.com/services/T1/B2/s3cret"})", {"s3cret", "B2"}},
        Case{
            R"({"kind":"email","url":"smtp://mail:587","from":"a@b.c","to":["d@e.f"],"user":"me","password":"s3cret"})",
            {"s3cret"}}};
    for (const Case& one : cases) {
        const auto channel = channel_from_json("ops", one.json, nullptr);
        ASSERT_TRUE(channel) << channel.error().message;
        const auto back = channel_from_json("ops", settings_of(*channel), nullptr);
        ASSERT_TRUE(back);
        EXPECT_EQ(settings_of(*back), settings_of(*channel));
        for (const char* secret : one.secrets) {
            EXPECT_NE(settings_of(*channel).find(secret), std::string::npos);
            EXPECT_EQ(shown(*channel).find(secret), std::string::npos) << shown(*channel);
        }
    }
}

TEST(Channel, ASecretStaysWhenSettingsChangeButNeverGoesToAnotherServer) {
    const auto before = channel_from_json(
        "m",
        R"({"kind":"email","url":"smtp://mail","from":"a@b.c","to":"d@e.f","user":"me","password":"pw"})",
        nullptr);
    ASSERT_TRUE(before);
    const auto same = channel_from_json(
        "m", R"({"kind":"email","url":"smtp://mail","from":"a@b.c","to":"x@y.z","user":"me"})", &*before);
    ASSERT_TRUE(same);
    EXPECT_EQ(same->password, "pw");
    EXPECT_FALSE(channel_from_json(
        "m", R"({"kind":"email","url":"smtp://evil","from":"a@b.c","to":"x@y.z","user":"me"})", &*before));
    EXPECT_FALSE(channel_from_json(
        "m", R"({"kind":"email","url":"smtp://mail","from":"a@b.c","to":"x@y.z","user":"me","plain":true})",
        &*before));
    const auto hook = channel_from_json("h", R"({"kind":"webhook","url":"http://a/x"})", nullptr);
    const auto moved = channel_from_json("h", R"({"kind":"webhook","url":"http://b/x"})", &*hook);
    ASSERT_TRUE(moved);
    EXPECT_EQ(moved->secret, hook->secret);
}

TEST(Channel, WhatOfItsAddressMayBeSeen) {
    const auto seen = [](const std::string& url) {
        return shown_address(
            channel_from_json("h", R"({"kind":"webhook","url":")" + url + "\"}", nullptr).value());
    };
    EXPECT_EQ(seen("https://example.com:8443/a/b?c"), "https://example.com:8443/…");
    EXPECT_EQ(seen("https://example.com"), "https://example.com");
    EXPECT_EQ(seen("https://example.com/"), "https://example.com");
}

TEST(Channel, BadSettingsAreRefusedWithAWordAndWithoutSecrets) {
    struct Case {
        const char* json;
        const char* word;
    };
    const std::array cases{
        Case{"[]", "object"},
        Case{"{}", "kind is missing"},
        Case{R"({"kind":"pigeon"})", "kind of channel"},
        Case{R"({"kind":"webhook"})", "url: it is missing"},
        Case{R"({"kind":"webhook","url":"example.com/x"})", "scheme"},
        Case{R"({"kind":"webhook","url":"ftp://example.com/x"})", "scheme"},
        Case{R"({"kind":"webhook","url":"https://me:s3cret@example.com/x"})", "password"},
        Case{R"({"kind":"webhook","url":"https://example.com:99999/x"})", "host or port"},
        Case{R"({"kind":"webhook","url":"https://exam ple.com/x"})", "no URL"},
        Case{R"({"kind":"webhook","url":"https://e/x\r\nX: y"})", "no URL"},
        Case{R"({"kind":"webhook","ulr":"https://e/x"})", "ulr"},
        Case{R"({"kind":"webhook","url":"https://e/x","secret":"s3cret"})", "secret"},
        Case{R"({"kind":"slack","url":5})", "text"},
        Case{R"({"kind":"email","url":"http://mail","from":"a@b.c","to":"d@e.f"})", "scheme"},
        Case{R"({"kind":"email","url":"smtp://mail/path","from":"a@b.c","to":"d@e.f"})", "port"},
        Case{R"({"kind":"email","url":"smtp://mail","from":"a","to":"d@e.f"})", "e-mail"},
        Case{R"({"kind":"email","url":"smtp://mail","from":"a@b.c"})", "0 addresses"},
        Case{R"({"kind":"email","url":"smtp://mail","from":"a@b.c","to":"d@e.f>\r\nX: y"})", "e-mail"},
        Case{R"({"kind":"email","url":"smtp://mail","from":"a@b.c","to":"d@e.f","user":"me"})", "password"},
        Case{R"({"kind":"email","url":"smtps://mail","from":"a@b.c","to":"d@e.f","plain":true})", "plain"}};
    for (const Case& one : cases) {
        const auto refused = channel_from_json("ops", one.json, nullptr);
        ASSERT_FALSE(refused) << one.json;
        EXPECT_EQ(refused.error().code, Code::InvalidArgument);
        EXPECT_NE(refused.error().message.find(one.word), std::string::npos)
            << one.json << ": " << refused.error().message;
        EXPECT_FALSE((refused.error().message + refused.error().remedy).contains("s3cret"));
    }
    for (const char* name : {"", "Ops", "a b", "../x", ".x", "x/y"})
        EXPECT_FALSE(channel_from_json(name, R"({"kind":"log"})", nullptr)) << name;
}

}  // namespace
}  // namespace steno::notify
