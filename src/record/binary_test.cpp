#include "record/binary.hpp"

#include "base/bytes.hpp"
#include "record/testing/arbitrary_call.hpp"
#include "record/unknown_fields.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace steno {
namespace {

constexpr Place kPlaces[] = {Place::Header, Place::RequestPayload, Place::ResponsePayload};

testing::Arbitrary any_shape() {
    return {*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(0, 101) / 100.0,
            *rc::gen::arbitrary<bool>()};
}

Call decode_all(std::span<const std::string> parts) {
    Call call;
    for (const std::string& part : parts) {
        const auto decoded = decode(part, call);
        if (!decoded) ADD_FAILURE() << decoded.error().message;
    }
    return call;
}

std::vector<std::string> encode_all(const Call& call) {
    std::vector<std::string> parts;
    for (const Place place : kPlaces) parts.push_back(encode(call, place));
    return parts;
}

/// What a newer version would have written: fields of all wire types with numbers that this one does not
/// have.
std::string newer_fields(std::string_view text) {
    std::string bytes;
    ByteWriter out(bytes);
    out.varint(1000 << 3 | 2);
    out.text(text);
    out.varint(1001 << 3 | 0);
    out.varint(~std::uint64_t{0});
    out.varint(1002 << 3 | 1);
    out.fixed<std::uint64_t>(42);
    return bytes;
}

/// Puts newer fields into every group, those of the call itself once for each place.
template <members::Group G>
void age(G& group, bool whole) {
    if (whole) {
        unknown_fields::add(group.unknown, unknown_fields::kWhole, newer_fields("item"));
    } else {
        unknown_fields::add(group.unknown, static_cast<std::uint8_t>(Place::Header),
                            newer_fields("in header"));
        unknown_fields::add(group.unknown, static_cast<std::uint8_t>(Place::RequestPayload),
                            newer_fields("in request"));
        unknown_fields::add(group.unknown, static_cast<std::uint8_t>(Place::ResponsePayload),
                            newer_fields("in response"));
    }
    describe(group, [&]<class M>(std::uint32_t, const char*, M& member, Place) {
        if constexpr (members::Group<M>) {
            age(member, whole);
        } else if constexpr (members::List<M>) {
            if constexpr (members::Group<typename M::value_type>) {
                for (auto& item : member) age(item, true);
            }
        } else if constexpr (members::Map<M>) {
            if constexpr (members::Group<typename M::mapped_type>) {
                for (auto& [key, item] : member) age(item, true);
            }
        }
    });
}

std::size_t count(std::string_view text, std::string_view what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
        ++found;
    return found;
}

RC_GTEST_PROP(Binary, EveryCallSurvives, ()) {
    const Call call = testing::arbitrary_call(any_shape());
    const auto parts = encode_all(call);
    const Call back = decode_all(parts);
    RC_ASSERT(back == call);
    RC_ASSERT(encode_all(back) == parts);  // offsets of timestamps too, which == does not compare
}

RC_GTEST_PROP(Binary, FieldsOfANewerVersionSurviveInThePartThatTheyCameIn, ()) {
    Call call = testing::arbitrary_call(any_shape());
    age(call, false);
    const auto parts = encode_all(call);
    const Call back = decode_all(parts);
    RC_ASSERT(back == call);
    RC_ASSERT(encode_all(back) == parts);
    RC_ASSERT(count(parts[0], "in header") > 20);
    RC_ASSERT(count(parts[0], "in request") + count(parts[0], "in response") == 0);
    RC_ASSERT(count(parts[1], "in request") == count(parts[0], "in header"));
    RC_ASSERT(count(parts[1], "in header") + count(parts[1], "in response") == 0);
    RC_ASSERT(count(parts[2], "in response") == count(parts[0], "in header"));
    RC_ASSERT(count(parts[2], "in header") + count(parts[2], "in request") == 0);
}

RC_GTEST_PROP(Binary, PayloadFieldsAreNotInTheHeader, ()) {
    const Call call = testing::arbitrary_call(any_shape());
    Call header;
    RC_ASSERT(decode(encode(call, Place::Header), header).has_value());
    RC_ASSERT(encode(header, Place::RequestPayload).empty());
    RC_ASSERT(encode(header, Place::ResponsePayload).empty());
    RC_ASSERT(header.usage == call.usage);
    RC_ASSERT(header.attempts == call.attempts);
}

RC_GTEST_PROP(Binary, PreviewIsReadAlone, ()) {
    const Call call = testing::arbitrary_call(any_shape());
    const auto glance = glance_at(encode(call, Place::ResponsePayload));
    RC_ASSERT(glance.has_value());
    RC_ASSERT(glance->preview == call.preview);
}

RC_GTEST_PROP(Binary, WhatWasSaidSurvives, ()) {
    testing::CallMaker maker(any_shape());
    Said said;
    said.call = Uuid{{1, 2, 3}};
    said.project = "shop";
    if (*rc::gen::arbitrary<bool>()) {
        maker.fill(said.feedback.emplace());
    } else {
        said.score_name = "quality";
        maker.fill(said.score.emplace());
    }
    unknown_fields::add(said.unknown, unknown_fields::kWhole, newer_fields("said"));
    const std::string bytes = encode(said);
    const auto back = decode_said(bytes);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == said);
    RC_ASSERT(encode(*back) == bytes);
}

/// Whatever the bytes: an error, or a call that is written and read again the same.
void check_any_bytes(const std::string& bytes) {
    Call call;
    (void)glance_at(bytes);
    if (const auto said = decode_said(bytes)) RC_ASSERT(encode(*decode_said(encode(*said))) == encode(*said));
    if (!decode(bytes, call)) return;
    const auto parts = encode_all(call);
    RC_ASSERT(encode_all(decode_all(parts)) == parts);
}

RC_GTEST_PROP(Binary, RandomBytesAreRefusedOrRead, ()) {
    auto bytes = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
    const auto part = *rc::gen::element('\x01', '\x02', '\x04', '\x08');
    check_any_bytes(std::string{'\x01', part} + bytes);
    check_any_bytes(bytes);
}

RC_GTEST_PROP(Binary, DamagedBytesAreRefusedOrRead, ()) {
    std::string bytes = encode(testing::arbitrary_call(any_shape()),
                               *rc::gen::elementOf(std::vector(std::begin(kPlaces), std::end(kPlaces))));
    if (bytes.empty()) return;
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
        bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
    }
    bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
    check_any_bytes(bytes);
}

TEST(Binary, AnEmptyPayloadTakesNoBytes) {
    EXPECT_EQ(encode(Call{}, Place::RequestPayload), "");
    EXPECT_EQ(encode(Call{}, Place::ResponsePayload), "");
    Call call;
    EXPECT_TRUE(decode("", call));
    EXPECT_EQ(glance_at("")->preview, Preview{});
}

TEST(Binary, EveryTruncationOfAPartIsRefusedOrEndsBetweenFields) {
    const std::string bytes = encode(testing::arbitrary_call({7, 1.0, false}), Place::Header);
    std::size_t refused = 0;
    for (std::size_t size = 1; size < bytes.size(); ++size) {
        Call call;
        const auto read = decode(bytes.substr(0, size), call);
        if (read) continue;
        ++refused;
        EXPECT_EQ(read.error().code, Code::DataLoss);
    }
    EXPECT_GE(refused, bytes.size() - 1 - 33);  // a call has 33 fields
}

TEST(Binary, ANewerFormatIsNamed) {
    Call call;
    const auto read = decode(std::string_view("\x02\x01\x10\x01", 4), call);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Code::FailedPrecondition);
    EXPECT_NE(read.error().message.find("format 2"), std::string::npos);
}

TEST(Binary, AnEnumValueOfANewerVersionIsKept) {
    // kind (field 2) = 99, error.type (field 23, 1) = 77.
    const std::string bytes("\x01\x01\x10\x63\xba\x01\x02\x08\x4d", 9);
    Call call;
    ASSERT_TRUE(decode(bytes, call));
    EXPECT_EQ(call.kind, Kind::Span);
    EXPECT_FALSE(call.error.type);
    const std::string again = encode(call, Place::Header);
    EXPECT_TRUE(again.ends_with("\x10\x63"));  // the last word
    EXPECT_NE(again.find("\xba\x01\x02\x08\x4d"), std::string::npos);
}

TEST(Binary, ReadsOverWhatIsThere) {
    Call begun;
    begun.name = "gpt";
    begun.project = "shop";
    begun.labels.tags = {"a", "b"};
    Call ended;
    ended.name = "gpt-2";
    ended.labels.tags = {"c"};
    ended.usage.input_tokens = 0;
    Call both;
    ASSERT_TRUE(decode(encode(begun, Place::Header), both));
    ASSERT_TRUE(decode(encode(ended, Place::Header), both));
    EXPECT_EQ(both.name, "gpt-2");
    EXPECT_EQ(both.project, "shop");
    EXPECT_EQ(both.labels.tags, std::vector<std::string>{"c"});
    EXPECT_EQ(both.usage.input_tokens, 0);
}

TEST(Binary, AbsentIsNotZero) {
    Call call;
    call.usage.output_tokens = 0;
    call.cost.total = Decimal{};
    call.provider.batch = false;
    call.time.queued = Duration{};
    const Call back = decode_all(encode_all(call));
    EXPECT_EQ(back, call);
    EXPECT_FALSE(back.usage.input_tokens);
    EXPECT_TRUE(back.cost.total);
}

TEST(Binary, DecimalsAreExactAtTheirLimits) {
    constexpr __int128 kMax = static_cast<__int128>(~static_cast<unsigned __int128>(0) >> 1);
    for (const __int128 units :
         {__int128{0}, __int128{1}, __int128{-1}, __int128{127}, __int128{128}, __int128{-128},
          __int128{-129}, __int128{1} << 64, -(__int128{1} << 64), kMax, -kMax - 1}) {
        Call call;
        call.cost.total = Decimal::from_units(units);
        const Call back = decode_all(encode_all(call));
        ASSERT_TRUE(back.cost.total);
        EXPECT_TRUE(*back.cost.total == *call.cost.total);
    }
}

TEST(Binary, AMomentThatCannotBeWrittenAsTextIsKeptAsUnknown) {
    for (const std::int64_t nanos :
         {INT64_MIN, std::int64_t{-1}, std::int64_t{9'214'646'400'000'000'000}, INT64_MAX}) {
        Call call;
        call.started_at = Timestamp{nanos, 0};
        const std::string bytes = encode(call, Place::Header);
        Call back;
        ASSERT_TRUE(decode(bytes, back));
        EXPECT_FALSE(back.started_at);
        EXPECT_EQ(encode(back, Place::Header).size(), bytes.size());
    }
}

TEST(Binary, WhatIsSaidNamesItsCall) {
    EXPECT_FALSE(decode_said(""));
    EXPECT_FALSE(decode_said("\x01\x08"));
    EXPECT_FALSE(decode_said(encode(Call{}, Place::Header)));
    Said said;
    said.call = Uuid{{1}};
    Call call;
    EXPECT_TRUE(decode_said(encode(said)));
    EXPECT_FALSE(decode(encode(said), call));
}

TEST(Binary, FieldNumbersAreUniqueWithinEachGroup) {
    const auto check = [](const auto& self, const auto& group) -> void {
        std::map<std::uint32_t, std::string> numbers;
        describe(group, [&]<class M>(std::uint32_t number, const char* name, const M& member, Place) {
            EXPECT_TRUE(numbers.emplace(number, name).second)
                << name << " reuses the number of " << numbers[number];
            if constexpr (members::Group<M>) {
                self(self, member);
            } else if constexpr (members::List<M>) {
                if constexpr (members::Group<typename M::value_type>) self(self, typename M::value_type{});
            } else if constexpr (members::Map<M>) {
                if constexpr (members::Group<typename M::mapped_type>) self(self, typename M::mapped_type{});
            }
        });
    };
    check(check, Call{});
}

}  // namespace
}  // namespace steno
