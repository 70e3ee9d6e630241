#include "providers/event_stream.hpp"

#include "providers/event_stream_for_test.hpp"

#include <gtest/gtest.h>

namespace steno::providers {
namespace {

using namespace std::string_literals;

struct Read {
    std::vector<std::string> messages;  ///< "message-type event-type payload"
    bool malformed = false;
    bool in_message = false;
    bool operator==(const Read&) const = default;
};

Read read(std::string_view bytes, std::size_t step) {
    Read read;
    EventStreamParser parser;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        const std::string piece(bytes.substr(at, step));  // a view that is kept would be found out
        parser.feed(piece, [&](const EventStreamMessage& message) {
            read.messages.push_back(std::string(message.message_type) + " " +
                                    std::string(message.event_type) + std::string(message.exception_type) +
                                    std::string(message.error_code) + " " + std::string(message.payload));
        });
    }
    read.malformed = parser.malformed();
    read.in_message = parser.in_message();
    return read;
}

/// However it is cut.
Read read(std::string_view bytes) {
    const Read whole = read(bytes, bytes.size() + 1);
    for (const std::size_t step : {1u, 2u, 3u, 7u, 13u, 64u}) EXPECT_EQ(read(bytes, step), whole) << step;
    return whole;
}

// The messages that AWS's SDKs test their decoders with.
TEST(EventStream, ReadsPublishedMessages) {
    const auto empty = from_hex("000000100000000005c248eb7d98c8ff");
    EXPECT_EQ(read(*empty).messages, std::vector<std::string>{"  "});
    EXPECT_FALSE(read(*empty).malformed);
    const std::string payload = "\x00\x00\x00\x1d\x00\x00\x00\x00\xfdR\x8cZ{'foo':'bar'}\xc3"s + "e96";
    EXPECT_EQ(read(payload).messages, std::vector<std::string>{"  {'foo':'bar'}"});
}

TEST(EventStream, ReadsEveryTypeOfHeader) {
    std::string headers;
    const auto add = [&](std::string_view name, char type, std::string_view value) {
        headers += static_cast<char>(name.size());
        headers += name;
        headers += type;
        headers += value;
    };
    add("true", 0, "");
    add("false", 1, "");
    add("byte", 2, "b");
    add("short", 3, "sh");
    add("int", 4, "int4");
    add("long", 5, "long8888");
    add("bytes", 6, "\x00\x03raw"s);
    add("time", 8, "time8888");
    add("uuid", 9, "uuid567890123456");
    headers += header(":message-type", "event") + header(":event-type", "metadata");
    const Read got = read(frame(headers, "{}") + event("second", "2"));
    EXPECT_EQ(got.messages, (std::vector<std::string>{"event metadata {}", "event second 2"}));
    EXPECT_FALSE(got.malformed);
}

TEST(EventStream, LeavesOutWhatIsDamagedAndReadsOn) {
    const std::string first = event("one", "1");
    for (std::size_t at = 12; at < first.size(); ++at) {  // behind the prelude
        std::string damaged = first;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
        const Read got = read(damaged + event("two", "2"), 1000);
        EXPECT_TRUE(got.malformed) << at;
        EXPECT_EQ(got.messages, std::vector<std::string>{"event two 2"}) << at;
    }
}

TEST(EventStream, StopsWhereALengthCannotBeTrusted) {
    for (std::size_t at = 0; at < 12; ++at) {
        std::string damaged = event("two", "2");
        damaged[at] = static_cast<char>(damaged[at] ^ 0x01);
        const Read got = read(event("one", "1") + damaged + event("three", "3"), 1000);
        EXPECT_TRUE(got.malformed) << at;
        EXPECT_EQ(got.messages, std::vector<std::string>{"event one 1"}) << at;
    }
}

TEST(EventStream, RefusesWhatIsBeyondItsLimitsAtOnce) {
    const auto prelude = [](std::uint32_t total, std::uint32_t headers) {
        const std::string lengths = big_endian(total) + big_endian(headers);
        return lengths + big_endian(crc32_of(lengths));
    };
    constexpr std::uint32_t kMost = EventStreamParser::kMaxPayload;
    EXPECT_TRUE(read(prelude(16 + kMost + 1, 0)).malformed);
    EXPECT_TRUE(
        read(prelude(16 + EventStreamParser::kMaxHeaders + 1, EventStreamParser::kMaxHeaders + 1)).malformed);
    EXPECT_TRUE(read(prelude(15, 0)).malformed);
    EXPECT_TRUE(read(prelude(20, 5)).malformed);
    EXPECT_TRUE(read(prelude(0xffffffff, 0xffffffff)).malformed);
    EXPECT_FALSE(read(prelude(16 + kMost, 0)).malformed);
}

TEST(EventStream, ReportsHeadersThatDoNotFit) {
    for (const std::string& headers :
         {"\x05name"s, "\x04name"s, "\x04name\x0a"s, "\x04name\x07\x00\x05"s + "abc", "\x04name\x04\x00"s}) {
        const Read got = read(frame(headers, "x") + event("two", "2"));
        EXPECT_TRUE(got.malformed);
        EXPECT_EQ(got.messages, std::vector<std::string>{"event two 2"});
    }
}

TEST(EventStream, KnowsThatAMessageHasNotEnded) {
    const std::string message = event("one", "1");
    EXPECT_FALSE(read(message).in_message);
    for (std::size_t size = 1; size < message.size(); ++size) {
        const Read got = read(message.substr(0, size), 5);
        EXPECT_TRUE(got.in_message) << size;
        EXPECT_FALSE(got.malformed) << size;
    }
}

}  // namespace
}  // namespace steno::providers
