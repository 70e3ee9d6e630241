// Against the requests of AWS's own "Signature Version 4 Test Suite".

#include "sources/gateway/sigv4.hpp"

#include <gtest/gtest.h>

namespace steno::gateway {
namespace {

constexpr std::string_view kSessionToken =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflf"
    "KD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd"
    "8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3i"
    "SIlTJabIQwj2ICCR/oLxBA==";

struct Case {
    std::string_view name;
    std::string_view method;
    std::string_view target;
    std::vector<net::Headers::Field> fields;
    std::string_view body;
    std::string_view session_token;
    std::string_view signed_names;
    std::string_view signature;
};

net::Headers sign(const Case& one) {
    SigV4Request request{one.method, one.target, {}, one.body};
    request.headers.add("Host", "example.amazonaws.com");
    for (const auto& [name, value] : one.fields) request.headers.add(name, value);
    const AwsCredentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                     std::string(one.session_token)};
    return sigv4_headers(std::move(request), credentials, "us-east-1", "service",
                         *Timestamp::parse("2015-08-30T12:36:00Z"));
}

TEST(SigV4, SignsAsThePublishedRequestsAreSigned) {
    constexpr std::string_view kVanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    const Case cases[] = {
        {"get-vanilla", "GET", "/", {}, "", "", "host;x-amz-date", kVanilla},
        {"get-relative-relative", "GET", "/example1/example2/../..", {}, "", "", "host;x-amz-date", kVanilla},
        {"get-header-key-duplicate",
         "GET",
         "/",
         {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
         "",
         "",
         "host;my-header1;x-amz-date",
         "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
        {"get-header-value-trim",
         "GET",
         "/",
         {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
         "",
         "",
         "host;my-header1;my-header2;x-amz-date",
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        {"get-vanilla-query-order-key-case",
         "GET",
         "/?Param2=value2&Param1=value1",
         {},
         "",
         "",
         "host;x-amz-date",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"get-utf8",
         "GET",
         "/ሴ",
         {},
         "",
         "",
         "host;x-amz-date",
         "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        {"get-space",
         "GET",
         "/example space/",
         {},
         "",
         "",
         "host;x-amz-date",
         "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
        {"get-slashes",
         "GET",
         "//example//",
         {},
         "",
         "",
         "host;x-amz-date",
         "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
        {"post-x-www-form-urlencoded",
         "POST",
         "/",
         {{"Content-Type", "application/x-www-form-urlencoded"}},
         "Param1=value1",
         "",
         "content-type;host;x-amz-date",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
        {"post-sts-header-before",
         "POST",
         "/",
         {},
         "",
         kSessionToken,
         "host;x-amz-date;x-amz-security-token",
         "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
    };
    for (const Case& one : cases) {
        const net::Headers added = sign(one);
        EXPECT_EQ(added.get("authorization"),
                  "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                  "SignedHeaders=" +
                      std::string(one.signed_names) + ", Signature=" + std::string(one.signature))
            << one.name;
        EXPECT_EQ(added.get("x-amz-date"), "20150830T123600Z");
        EXPECT_EQ(added.get("x-amz-security-token").value_or(""), one.session_token);
    }
}

}  // namespace
}  // namespace steno::gateway
