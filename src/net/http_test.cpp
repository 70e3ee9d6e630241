#include "net/http.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace steno::net {
namespace {

TEST(Headers, NamesCompareWithoutCaseAndOrderStays) {
    Headers headers;
    headers.add("B", "1");
    headers.add("a", "2");
    headers.add("b", "3");
    EXPECT_EQ(headers.get("b"), "1");
    headers.set("B", "9");
    ASSERT_EQ(headers.size(), 2u);
    EXPECT_EQ(headers.begin()->second, "9");
    headers.set("New", "x");
    EXPECT_EQ(headers.get("nEW"), "x");
    headers.remove("A");
    EXPECT_FALSE(headers.has("a"));
}

TEST(Headers, HopByHopFieldsGoWithWhatConnectionNames) {
    Headers headers;
    for (const char* name : {"Connection", "X-Mine", "Keep-Alive", "Proxy-Authorization", "TE", "Trailer",
                             "Transfer-Encoding", "Upgrade", "Content-Type", "Tenant"}) {
        headers.add(name, std::string_view(name) == "Connection" ? "close, x-mine" : "v");
    }
    remove_hop_by_hop(headers);
    ASSERT_EQ(headers.size(), 2u);
    EXPECT_TRUE(headers.has("content-type"));
    EXPECT_TRUE(headers.has("tenant"));
}

TEST(RequestHead, PathAndQuery) {
    RequestHead head;
    head.target = "/a/b?x=1?y";
    EXPECT_EQ(head.path(), "/a/b");
    EXPECT_EQ(head.query(), "x=1?y");
    head.target = "/a";
    EXPECT_EQ(head.query(), "");
}

TEST(Percent, BadEscapesStay) {
    EXPECT_EQ(percent_decode("a%20b%zz%4"), "a b%zz%4");
    EXPECT_EQ(percent_decode("a+b"), "a+b");
    EXPECT_EQ(percent_decode("a+b", true), "a b");
    EXPECT_EQ(percent_decode("%41"), "A");
}

RC_GTEST_PROP(Percent, SurvivesARoundTrip, (const std::string& text)) {
    RC_ASSERT(percent_decode(percent_encode(text)) == text);
}

TEST(Query, PairsInOrder) {
    const auto pairs = parse_query("a=1&b=x+y&&a=%26&flag&=v");
    ASSERT_EQ(pairs.size(), 5u);
    EXPECT_EQ(pairs[1], (std::pair<std::string, std::string>("b", "x y")));
    EXPECT_EQ(pairs[2].second, "&");
    EXPECT_EQ(pairs[3].first, "flag");
    EXPECT_EQ(pairs[4].first, "");
}

TEST(Endpoint, ParsesAndRefuses) {
    EXPECT_EQ(Endpoint::parse("127.0.0.1:80")->port, 80);
    EXPECT_EQ(Endpoint::parse("[::1]:8787")->host, "::1");
    EXPECT_EQ(Endpoint::parse("[::1]:8787")->to_string(), "[::1]:8787");
    for (const char* bad :
         {"", ":80", "host", "host:", "host:99999", "host:-1", "ho st:1", "[::1]", "a\r\nb:1"}) {
        EXPECT_FALSE(Endpoint::parse(bad)) << bad;
    }
    EXPECT_TRUE(Endpoint::parse("127.9.9.9:1")->is_loopback());
    EXPECT_TRUE(Endpoint::parse("LocalHost:1")->is_loopback());
    EXPECT_FALSE(Endpoint::parse("127.example.com:1")->is_loopback());
    EXPECT_FALSE(Endpoint::parse("127.0.0.evil:1")->is_loopback());
    EXPECT_FALSE(Endpoint::parse("0.0.0.0:1")->is_loopback());
}

TEST(BaseUrl, ParsesAndRefuses) {
    const auto url = BaseUrl::parse("https://api.openai.com/v1/");
    ASSERT_TRUE(url);
    EXPECT_TRUE(url->tls);
    EXPECT_EQ(url->endpoint.port, 443);
    EXPECT_EQ(url->path, "/v1");
    EXPECT_EQ(url->host_header(), "api.openai.com");
    EXPECT_EQ(url->to_string(), "https://api.openai.com/v1");
    EXPECT_EQ(BaseUrl::parse("HTTP://[::1]:9000")->host_header(), "[::1]:9000");
    EXPECT_EQ(BaseUrl::parse("http://[::1]/x")->endpoint.port, 80);
    for (const char* bad : {"", "api.openai.com", "ftp://x", "http://", "http://user@host/", "http://h/a b",
                            "http://h/?q", "http://h:0/", "http://h:1:2/", "http://h\r\n/"}) {
        EXPECT_FALSE(BaseUrl::parse(bad)) << bad;
    }
}

TEST(Http, DatesAreThoseOfTheRfc) {
    EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(http_date(951782399), "Mon, 28 Feb 2000 23:59:59 GMT");
    EXPECT_EQ(http_date(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
    EXPECT_EQ(http_date(4102444799), "Thu, 31 Dec 2099 23:59:59 GMT");
}

}  // namespace
}  // namespace steno::net
