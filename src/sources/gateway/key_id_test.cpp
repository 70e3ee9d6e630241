#include "sources/gateway/key_id.hpp"

#include "base/text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace steno::gateway {
namespace {

std::string id_of(std::string_view name, std::string_view value, std::string_view query = {}) {
    providers::RequestView request;
    request.query = query;
    request.header = [&](std::string_view asked) -> std::optional<std::string_view> {
        if (equals_ignoring_case(asked, name)) return value;
        return std::nullopt;
    };
    return key_id(request, "a secret of the data folder");
}

TEST(KeyId, IsTheSameWhereverTheKeyStands) {
    const std::string id = id_of("authorization", "Bearer sk-proj-SECRET0123456789");
    EXPECT_TRUE(id.starts_with("sk-proj:")) << id;
    EXPECT_EQ(id.size(), std::string("sk-proj:").size() + 12);
    for (const auto& [name, value] : {
             std::pair{"x-api-key", "sk-proj-SECRET0123456789"},
             std::pair{"x-goog-api-key", " sk-proj-SECRET0123456789 "},
             std::pair{"sec-websocket-protocol", "openai-insecure-api-key.sk-proj-SECRET0123456789"},
             std::pair{
                 "sec-websocket-protocol",
                 "realtime, openai-insecure-api-key.sk-proj-SECRET0123456789 , openai-beta.realtime-v1"},
         })
        EXPECT_EQ(id_of(name, value), id) << name << ": " << value;
    EXPECT_EQ(id_of("host", "x", "alt=sse&key=sk-proj-SECRET0123456789"), id);
    EXPECT_NE(id_of("sec-websocket-protocol", "openai-insecure-api-key.another"), id);
}

TEST(KeyId, OtherSubprotocolsAreNoKeys) {
    EXPECT_EQ(id_of("sec-websocket-protocol", "realtime, openai-organization.org-1"), "");
    EXPECT_EQ(id_of("sec-websocket-protocol", ""), "");
}

}  // namespace
}  // namespace steno::gateway
