#include "providers/web_socket.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace steno::providers {
namespace {

std::string frame(unsigned first, std::string_view payload, bool masked, unsigned length_form = 0) {
    std::string out(1, static_cast<char>(first));
    const std::size_t size = payload.size();
    const unsigned form = length_form != 0 ? length_form : size < 126 ? 1 : size < 65536 ? 126 : 127;
    const auto put = [&](unsigned value) { out.push_back(static_cast<char>(value)); };
    const unsigned mask_bit = masked ? 0x80 : 0;
    if (form == 1) put(mask_bit | static_cast<unsigned>(size));
    if (form == 126) put(mask_bit | 126);
    if (form == 127) put(mask_bit | 127);
    const int bytes = form == 126 ? 2 : form == 127 ? 8 : 0;
    for (int i = bytes - 1; i >= 0; --i) put(static_cast<unsigned>(size >> (8 * i)) & 0xff);
    if (!masked) return out.append(payload);
    constexpr unsigned char kMask[4] = {0x12, 0xf4, 0x56, 0x78};
    for (const unsigned char byte : kMask) out.push_back(static_cast<char>(byte));
    for (std::size_t i = 0; i < size; ++i)
        out.push_back(static_cast<char>(static_cast<unsigned char>(payload[i]) ^ kMask[i % 4]));
    return out;
}

std::vector<std::string> read(std::string_view bytes, std::size_t cut, std::size_t limit = 1 << 20) {
    std::vector<std::string> seen;
    const auto sink = [&](const WebSocketMessage& message) {
        constexpr const char* kNames[] = {"text ", "binary ", "close "};
        seen.push_back(kNames[static_cast<std::size_t>(message.type)] +
                       (message.code ? std::to_string(*message.code) + " " : "") +
                       std::string(message.payload));
    };
    WebSocketReader reader(limit);
    reader.feed(bytes.substr(0, cut), sink);
    reader.feed(bytes.substr(cut), sink);
    if (reader.malformed()) seen.push_back("malformed");
    if (reader.oversized() != 0) seen.push_back("oversized " + std::to_string(reader.oversized()));
    return seen;
}

// RFC 6455, section 5.7: examples, and all that a connection may bring, cut at every byte.
TEST(WebSocketReader, ReadsFramesCutAnywhere) {
    const std::string large(70'000, 'x');
    for (const bool masked : {false, true}) {
        std::string bytes = frame(0x81, "Hello", masked);
        bytes += frame(0x01, "Hel", masked) + frame(0x89, "are you there", masked) + frame(0x00, "", masked) +
                 frame(0x8a, "", masked) + frame(0x80, "lo again", masked);
        bytes += frame(0x82, std::string(300, 'b'), masked) + frame(0x81, "", masked);
        bytes += frame(0x81, "long forms of a short length", masked, 127);
        bytes += frame(0x88, std::string("\x03\xe9going away"), masked) + frame(0x81, "too late", masked);
        const std::vector<std::string> wanted{"text Hello",
                                              "text Hello again",
                                              "binary " + std::string(300, 'b'),
                                              "text ",
                                              "text long forms of a short length",
                                              "close 1001 going away"};
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut) ASSERT_EQ(read(bytes, cut), wanted) << cut;
        const std::string big = frame(0x81, large, masked) + frame(0x88, "", masked);
        const std::vector<std::string> both{"text " + large, "close "};
        for (const std::size_t cut : {0, 1, 2, 9, 10, 13, 14, 15, 40'000})
            ASSERT_EQ(read(big, cut), both) << cut;
    }
}

TEST(WebSocketReader, ReadsTheExamplesOfTheStandard) {
    const std::string masked("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
    EXPECT_EQ(read(masked, 4), (std::vector<std::string>{"text Hello"}));
    const std::string fragmented("\x01\x03Hel\x80\x02lo", 9);
    EXPECT_EQ(read(fragmented, 4), (std::vector<std::string>{"text Hello"}));
}

TEST(WebSocketReader, SaysWhatIsMalformed) {
    const std::vector<std::string> malformed{"malformed"};
    const std::string breaches[] = {
        frame(0xc1, "compressed", false),                             // a reserved bit
        frame(0x83, "reserved opcode", false),                        //
        frame(0x80, "nothing to continue", false),                    //
        frame(0x09, "a ping in pieces", false),                       //
        frame(0x89, std::string(126, 'p'), false),                    // a control frame that is too long
        std::string("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10),  // a negative length
    };
    for (const std::string& breach : breaches) {
        for (std::size_t cut = 0; cut <= breach.size(); ++cut)
            ASSERT_EQ(read(breach + frame(0x81, "after", false), cut), malformed);
    }
    EXPECT_EQ(read(frame(0x01, "begun", false) + frame(0x81, "again", false), 3), malformed);
}

TEST(WebSocketReader, DoesNotKeepMessagesBeyondItsLimit) {
    const std::string bytes = frame(0x01, "12345", true) + frame(0x00, "67890", true) +
                              frame(0x80, "1", true) + frame(0x81, "short", true);
    const std::vector<std::string> wanted{"text short", "oversized 1"};
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) ASSERT_EQ(read(bytes, cut, 10), wanted) << cut;
    // A length that no memory holds: nothing is reserved for it.
    const std::string endless("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
    EXPECT_TRUE(read(endless + std::string(100'000, 'x'), 5).empty());
}

}  // namespace
}  // namespace steno::providers
