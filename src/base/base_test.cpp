#include "base/byte_search.hpp"
#include "base/bytes.hpp"
#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/money.hpp"
#include "base/nearest.hpp"
#include "base/percent.hpp"
#include "base/repeats.hpp"
#include "base/shell_word.hpp"
#include "base/text.hpp"
#include "base/thread_scratch.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <thread>

namespace steno {
namespace {

TEST(Money, IsRoundedToPlacesAndNeverToNothing) {
    const auto text = [](const char* amount, int places, const char* currency = "USD") {
        return rounded_money_text(*Decimal::parse(amount), currency, places);
    };
    EXPECT_EQ(text("4.364548720001", 2), "$4.36");
    EXPECT_EQ(text("4.365", 2), "$4.37");
    EXPECT_EQ(text("-4.365", 2, "EUR"), "-4.37 EUR");
    EXPECT_EQ(text("0.9996", 3), "$1.000");
    EXPECT_EQ(text("12", 4, ""), "12.0000");
    EXPECT_EQ(text("0", 2), "$0.00");
    EXPECT_EQ(text("0.00004", 4), "<$0.0001");
    EXPECT_EQ(text("-0.00004", 4, "EUR"), ">-0.0001 EUR");
    EXPECT_EQ(text("0.000000000001", 12), "$0.000000000001");
    for (const auto& [amount, places] : {std::pair{"0", 2},
                                         {"1234", 2},
                                         {"0.1", 2},
                                         {"0.099", 3},
                                         {"-0.0123", 3},
                                         {"0.0099", 4},
                                         {"0.000000000001", 12}})
        EXPECT_EQ(places_of(*Decimal::parse(amount)), places) << amount;
}

TEST(Percent, HasTheSameDigitsEverywhere) {
    EXPECT_EQ(percent_text(1.3348), "133.5 %");
    EXPECT_EQ(percent_text(0.05), "5.0 %");
    EXPECT_EQ(percent_text(0), "0.0 %");
    EXPECT_EQ(percent_text(-0.5), "-50.0 %");
    EXPECT_EQ(percent_text(0.000123), "0.012 %");
    EXPECT_EQ(percent_text(1e-12), "0.000000 %");
}

TEST(Decimal, KeepsTwelvePlacesExactly) {
    EXPECT_EQ(Decimal::parse("0.00000465")->to_string(), "0.000004650000");
    EXPECT_EQ(Decimal::parse("-1.5")->to_short_string(), "-1.5");
    EXPECT_EQ(Decimal::parse("1e-12")->to_string(), "0.000000000001");
    EXPECT_EQ(Decimal::parse("2.50000000000000000000")->to_short_string(), "2.5");
    for (const char* bad : {"", ".", "-", "1e-13", "1.2.3", "0x1", "NaN", "1e99", "99999999999999999999"}) {
        EXPECT_FALSE(Decimal::parse(bad)) << bad;
    }
}

TEST(Decimal, PricesTokensAndRoundsOnceHalfToEven) {
    EXPECT_EQ(Decimal::parse("0.15")->times(31, 1'000'000).to_string(), "0.000004650000");
    EXPECT_EQ(Decimal::from_units(5).times(1, 10).units(), 0);   // 0.5 -> 0
    EXPECT_EQ(Decimal::from_units(15).times(1, 10).units(), 2);  // 1.5 -> 2
    EXPECT_EQ(Decimal::from_units(-15).times(1, 10).units(), -2);
}

RC_GTEST_PROP(Decimal, ReadsBackWhatItWrites, (std::int64_t units)) {
    const Decimal value = Decimal::from_units(units);
    RC_ASSERT(*Decimal::parse(value.to_string()) == value);
    RC_ASSERT(*Decimal::parse(value.to_short_string()) == value);
}

RC_GTEST_PROP(ByteSearch, FindsTheFirstAsByteByByte, (const std::string& text)) {
    const auto wanted = [](auto c) { return (c == '"') | (c < 0x10) | (c == 0xff); };
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    for (const char* from = begin; from <= end; ++from) {
        const char* found = from;
        while (found != end && !wanted(static_cast<unsigned char>(*found))) ++found;
        RC_ASSERT(first_where(from, end, wanted) == found);
    }
}

TEST(Timestamp, ReadsAndWritesRfc3339) {
    const auto t = Timestamp::parse("2026-11-20T10:00:00.123456789+01:00");
    ASSERT_TRUE(t);
    EXPECT_EQ(t->to_string(), "2026-11-20T10:00:00.123456789+01:00");
    EXPECT_EQ(*t, *Timestamp::parse("2026-11-20T09:00:00.123456789Z"));
    for (const char* bad :
         {"", "2026-11-20", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-20T10:00:00",
          "2026-11-20T10:00:00.Z", "2026-11-20T10:00:00+1:00", "1969-01-01T00:00:00Z"}) {
        EXPECT_FALSE(Timestamp::parse(bad)) << bad;
    }
}

RC_GTEST_PROP(Timestamp, ReadsBackWhatItWrites, ()) {
    const Timestamp t{*rc::gen::inRange<std::int64_t>(86'400'000'000'000, 9'000'000'000'000'000'000),
                      *rc::gen::inRange<std::int16_t>(-1439, 1440)};
    const auto back = Timestamp::parse(t.to_string());
    RC_ASSERT(back && back->unix_nanos == t.unix_nanos && back->offset_minutes == t.offset_minutes);
}

TEST(Uuid, NamedIdsFollowTheRfcExample) {
    const auto dns = Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    ASSERT_TRUE(dns);
    EXPECT_EQ(Uuid::named(*dns, "www.example.com").to_string(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(Uuid, IdsOfAMomentFollowTheRfcExampleAndStandInTheOrderOfTime) {
    // RFC 9562, appendix A.6: 2022-02-22T19:22:22Z.
    SeededRandom random(7);
    const Uuid id = Uuid::at(1'645'557'742'000'000'000, random);
    EXPECT_TRUE(id.to_string().starts_with("017f22e2-79b0-7")) << id.to_string();
    EXPECT_EQ(id.bytes[8] & 0xc0, 0x80);
    EXPECT_NE(id, Uuid::at(1'645'557'742'000'000'000, random));
    EXPECT_LT(id, Uuid::at(1'645'557'742'001'000'000, random));
    EXPECT_TRUE(Uuid::at(-1, random).to_string().starts_with("00000000-0000-7"));
}

TEST(Uuid, RandomIdsAreVersionFourAndReadBack) {
    SeededRandom random(1);
    const Uuid id = Uuid::random(random);
    EXPECT_EQ(id.to_string()[14], '4');
    EXPECT_EQ(Uuid::parse(id.to_string()), id);
    EXPECT_FALSE(Uuid::parse("not-a-uuid"));
    EXPECT_FALSE(Uuid::parse("3f0c6c1e-6a55-4b0e-9a53-0d2f6c1f4d1g"));
}

TEST(Hash, MatchesPublishedVectors) {
    EXPECT_EQ(to_hex(as_text(sha256("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256("a", "b", "c"), sha256("abc"));
    // RFC 4231, test cases 2 and 6
    EXPECT_EQ(to_hex(as_text(hmac_sha256("Jefe", "what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(to_hex(as_text(hmac_sha256(std::string(131, '\xaa'),
                                         "Test Using Larger Than Block-Size Key - Hash Key First"))),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
    EXPECT_EQ(crc32c("456789", crc32c("123")), 0xe3069283U);
}

RC_GTEST_PROP(Bytes, NumbersAndTextsReadBack,
              (std::uint64_t a, std::int64_t b, std::uint32_t c, std::string d)) {
    std::string out;
    ByteWriter writer(out);
    writer.varint(a), writer.svarint(b), writer.fixed(c), writer.text(d);
    ByteReader reader(out);
    RC_ASSERT(reader.varint() == a);
    RC_ASSERT(reader.svarint() == b);
    RC_ASSERT(reader.fixed<std::uint32_t>() == c);
    RC_ASSERT(reader.text() == d);
    RC_ASSERT(reader.ok() && reader.at_end());
}

RC_GTEST_PROP(Bytes, ReaderNeverLeavesItsBytes, (std::string junk)) {
    ByteReader reader(junk);
    for (int i = 0; i < 20; ++i) reader.text(), reader.varint(), reader.fixed<std::uint64_t>();
    RC_SUCCEED("no read past the end");
}

TEST(JsonWriter, WritesNestedValuesWithCommasAndEscapes) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("a", "x\"\\\n\x01\xff");
    json.key("b");
    json.begin_array();
    json.number(1.5), json.number(std::int64_t{-2}), json.null(), json.boolean(true);
    json.begin_object();
    json.end_object();
    json.end_array();
    json.member_raw("c", "[1]");
    json.end_object();
    EXPECT_EQ(out, "{\"a\":\"x\\\"\\\\\\n\\u0001\xef\xbf\xbd\",\"b\":[1.5,-2,null,true,{}],\"c\":[1]}");
}

// Eight plain bytes are skipped at a time: each byte, at each place among plain ones, must still be seen.
TEST(JsonWriter, SeesEveryByteWhereverItStands) {
    for (int byte = 0; byte < 256; ++byte) {
        std::string alone;
        append_json_string(alone, std::string(1, static_cast<char>(byte)));
        const std::string escaped = alone.substr(1, alone.size() - 2);
        for (std::size_t at = 0; at < 20; ++at) {
            std::string text = "the quick brown foxes";
            text[at] = static_cast<char>(byte);
            std::string expected = "\"the quick brown foxes\"";
            expected.replace(at + 1, 1, escaped);
            std::string out;
            append_json_string(out, text);
            ASSERT_EQ(out, expected) << byte << " at " << at;
            ASSERT_EQ(is_valid_utf8(text), byte < 0x80) << byte << " at " << at;
            ASSERT_EQ(utf8_length(text), text.size()) << byte << " at " << at;
        }
    }
    std::string out;
    append_json_string(out, "twelve plain\xc3\xa9 and\xe2\x82\xac more");
    EXPECT_EQ(out, "\"twelve plain\xc3\xa9 and\xe2\x82\xac more\"");
}

TEST(Text, CutsOnlyBetweenCodePoints) {
    EXPECT_EQ(utf8_prefix("aé", 2), "a");
    EXPECT_EQ(utf8_prefix("aé", 3), "aé");
    EXPECT_EQ(utf8_length("aé€😀"), 4u);
    EXPECT_FALSE(is_valid_utf8("\xc0\x80"));
    EXPECT_FALSE(is_valid_utf8("\xed\xa0\x80"));
    EXPECT_EQ(split(" a, b,,c ", ','), (std::vector<std::string_view>{"a", "b", "c"}));
}

TEST(Text, TrimmedItIsStillAPartOfTheText) {
    EXPECT_EQ(trim("\t a b \t"), "a b");
    for (const std::string_view blank : {"", " ", "\t \t"}) {
        const std::string_view trimmed = trim(blank);
        EXPECT_TRUE(trimmed.empty());
        EXPECT_EQ(trimmed.data(), blank.data() + blank.size());
    }
}

RC_GTEST_PROP(Text, HexAndBase64ReadBack, (std::string bytes)) {
    RC_ASSERT(*from_hex(to_hex(bytes)) == bytes);
    RC_ASSERT(*from_base64(to_base64(bytes)) == bytes);
}

TEST(Error, EveryCodeHasAName) {
    for (int code = 0; code <= static_cast<int>(Code::Internal); ++code) {
        EXPECT_FALSE(facts_of(static_cast<Code>(code)).name.empty());
        EXPECT_GT(facts_of(static_cast<Code>(code)).exit_code, 0);
    }
}

TEST(Nearest, IsWhatWasMostLikelyMeant) {
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
    EXPECT_EQ(edit_distance("", "abc"), 3u);
    constexpr std::string_view kNames[] = {"limit", "cursor", "fields"};
    EXPECT_EQ(nearest("limt", kNames), "limit");
    EXPECT_EQ(nearest("field", kNames), "fields");
    EXPECT_EQ(nearest("cur", kNames), "cursor");
    EXPECT_EQ(nearest("colour", kNames), "");
    EXPECT_EQ(nearest("", kNames), "");
    EXPECT_EQ(nearest(std::string(100'000, 'x'), kNames), "");
}

/// What came out on standard error.
std::string logged(std::string_view message) {
    testing::internal::CaptureStderr();
    log::write(log::Level::Error, message);
    return testing::internal::GetCapturedStderr();
}

TEST(Log, AnEventIsOneLineThatMovesNoCursor) {
    EXPECT_TRUE(logged("h\xc3\xa9 \xc2\xa0 \xe2\x82\xac").ends_with("h\xc3\xa9 \xc2\xa0 \xe2\x82\xac\n"));
    const std::string line = logged(
        "a\x1b[2J\nb\x7f\xc2\x80\xc2\x9b"
        "31m\x9b\t");
    EXPECT_TRUE(line.ends_with(R"(a\u001b[2J\u000ab\u007f\u0080\u009b31m)"
                               "\xef\xbf\xbd"
                               R"(\u0009)"
                               "\n"))
        << line;
}

TEST(Log, AMessageThatRepeatsIsCounted) {
    log::Repeats repeats;
    std::uint64_t written = 0;
    for (int i = 0; i < 5000; ++i)
        if (repeats.judge("call " + std::to_string(i) + " is lost", 1'000 + i).write) ++written;
    EXPECT_EQ(written, log::Repeats::kMost);
    EXPECT_TRUE(repeats.judge("something else", 10'000).write);
    const auto later = repeats.judge("call 7 is lost", log::Repeats::kWindowNanos + 5'000'000'000);
    EXPECT_TRUE(later.write);
    ASSERT_EQ(later.told.size(), 1U);
    EXPECT_TRUE(later.told[0].starts_with("4980 more like this")) << later.told[0];
}

struct Kept {
    std::string text;
};
std::string replaced(std::string by) {
    const ThreadScratch<Kept> kept;
    return std::exchange(kept->text, std::move(by));
}

TEST(ThreadScratch, IsKeptByTheThreadUntilItEndsAndNewAfterwards) {
    static std::vector<std::string> seen;
    struct Late {
        bool on = false;
        ~Late() {
            for (const char* text : {"c", "d"}) seen.push_back(replaced(text));
        }
    };
    replaced("another thread's");
    std::thread([] {
        thread_local Late late;  // made before, and so destroyed after
        late.on = true;
        for (const char* text : {"a", "b"}) seen.push_back(replaced(text));
    }).join();
    EXPECT_EQ(seen, (std::vector<std::string>{"", "a", "", ""}));
    EXPECT_EQ(replaced(""), "another thread's");
}

TEST(ShellWord, IsOneWord) {
    EXPECT_EQ(shell_word("/var/lib/steno"), "/var/lib/steno");
    EXPECT_EQ(shell_word("my record; rm -rf $HOME"), "'my record; rm -rf $HOME'");
    EXPECT_EQ(shell_word("Ada's"), "'Ada'\\''s'");
    EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace steno
