#include "net/content_coding.hpp"

#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <functional>

namespace steno::net {
namespace {

std::string sample() {
    std::string text;
    for (int i = 0; i < 400; ++i) text += "data: {\"token\":" + std::to_string(i * 7919) + "}\n\n";
    return text;
}

std::string brotli(std::string_view plain) {
    std::size_t size = BrotliEncoderMaxCompressedSize(plain.size());
    std::string out(size, '\0');
    BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_DEFAULT_MODE, plain.size(),
                          reinterpret_cast<const std::uint8_t*>(plain.data()), &size,
                          reinterpret_cast<std::uint8_t*>(out.data()));
    out.resize(size);
    return out;
}

std::string zstd(std::string_view plain) {
    std::string out(ZSTD_compressBound(plain.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
    return out;
}

std::string deflate_with(std::string_view plain, int window_bits) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, plain.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

struct Coding {
    std::string name;
    std::function<std::string(std::string_view)> encode;
};

std::vector<Coding> codings() {
    return {{"", [](std::string_view s) { return std::string(s); }},
            {"identity", [](std::string_view s) { return std::string(s); }},
            {"gzip", gzip},
            {"X-GZIP", gzip},
            {"deflate", [](std::string_view s) { return deflate_with(s, MAX_WBITS); }},
            {"deflate", [](std::string_view s) { return deflate_with(s, -MAX_WBITS); }},
            {"br", brotli},
            {"zstd", zstd},
            {"gzip, br", [](std::string_view s) { return brotli(gzip(s)); }}};
}

TEST(Decoder, ByteByByteAndWhole) {
    const std::string plain = sample();
    for (const Coding& coding : codings()) {
        const std::string coded = coding.encode(plain);
        for (const std::size_t step : {std::size_t{1}, std::size_t{7}, coded.size()}) {
            auto decoder = make_decoder(coding.name, 1 << 20);
            ASSERT_TRUE(decoder) << coding.name;
            std::string out;
            for (std::size_t i = 0; i < coded.size(); i += step) {
                ASSERT_TRUE((*decoder)->feed(std::string_view(coded).substr(i, step), out)) << coding.name;
            }
            EXPECT_EQ(out, plain) << coding.name << " by " << step;
        }
    }
}

TEST(Decoder, KnowsWhetherAnythingIsMissing) {
    const std::string plain = sample();
    for (const Coding& coding : codings()) {
        const bool coded_at_all = coding.encode(plain) != plain;
        for (const std::size_t step : {std::size_t{1}, std::size_t{1} << 20}) {
            const std::string coded = coding.encode(plain);
            auto decoder = make_decoder(coding.name, 1 << 20);
            std::string out;
            EXPECT_TRUE((*decoder)->whole()) << coding.name << ": nothing came";
            for (std::size_t i = 0; i + 1 < coded.size(); i += step) {
                ASSERT_TRUE((*decoder)->feed(
                    std::string_view(coded).substr(i, std::min(step, coded.size() - 1 - i)), out));
                EXPECT_EQ((*decoder)->whole(), !coded_at_all) << coding.name << " after " << i;
            }
            ASSERT_TRUE((*decoder)->feed(coded.substr(coded.size() - 1), out));
            EXPECT_TRUE((*decoder)->whole()) << coding.name;
            ASSERT_TRUE((*decoder)->feed({}, out));
            EXPECT_TRUE((*decoder)->whole()) << coding.name << ": an empty piece changes nothing";
        }
    }
    auto two = make_decoder("gzip", 1 << 20);
    std::string out;
    ASSERT_TRUE((*two)->feed(gzip("one") + gzip("two").substr(0, 12), out));
    EXPECT_FALSE((*two)->whole()) << "the second member breaks off";
}

TEST(Decoder, SeveralGzipMembersAreOneBody) {
    const std::string coded = gzip("one ") + gzip("two");
    for (const std::size_t step : {std::size_t{1}, coded.size()}) {
        auto decoder = make_decoder("gzip", 100);
        std::string out;
        for (std::size_t i = 0; i < coded.size(); i += step) {
            ASSERT_TRUE((*decoder)->feed(std::string_view(coded).substr(i, step), out));
        }
        EXPECT_EQ(out, "one two");
    }
}

TEST(Decoder, ABombEndsAtTheLimit) {
    const std::string zeros(32 << 20, '\0');
    for (const Coding& coding : codings()) {
        auto decoder = make_decoder(coding.name, 1 << 20);
        std::string out;
        const auto fed = (*decoder)->feed(coding.encode(zeros), out);
        ASSERT_FALSE(fed) << coding.name;
        EXPECT_EQ(fed.error().code, Code::ResourceExhausted) << coding.name;
        EXPECT_LE(out.size(), std::size_t{1 << 20});
    }
}

TEST(Decoder, OtherBytesAreRefused) {
    for (const char* coding : {"gzip", "deflate", "br", "zstd"}) {
        auto decoder = make_decoder(coding, 1 << 20);
        std::string out;
        const auto fed = (*decoder)->feed(std::string(300, '\xff'), out);
        ASSERT_FALSE(fed) << coding;
        EXPECT_EQ(fed.error().code, Code::InvalidArgument);
    }
    EXPECT_EQ(make_decoder("compress", 1).error().code, Code::Unimplemented);
    EXPECT_EQ(make_decoder("gzip,gzip,gzip,gzip,gzip", 1).error().code, Code::InvalidArgument);
}

}  // namespace
}  // namespace steno::net
