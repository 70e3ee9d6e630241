// Calls as version 1 wrote them, kept in tests/data/record-v1: every later version must read them. Never
// regenerate them to make this test pass; STENO_REGENERATE_SAMPLES=record-v1 writes them anew from their JSON
// while version 1 is not yet released.
#include "record/binary.hpp"
#include "record/json.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <tuple>

namespace steno {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(STENO_TEST_DATA) / "record-v1";

std::string contents(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in) << path;
    std::ostringstream text;
    text << in.rdbuf();
    return std::move(text).str();
}

void write(const std::filesystem::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

bool regenerating() {
    const char* asked = std::getenv("STENO_REGENERATE_SAMPLES");
    return asked != nullptr && std::string_view(asked) == "record-v1";
}

struct PartFile {
    Place place;
    const char* ending;
};
constexpr PartFile kParts[] = {{Place::Header, ".header.bin"},
                               {Place::RequestPayload, ".request.bin"},
                               {Place::ResponsePayload, ".response.bin"}};

class Sample : public ::testing::TestWithParam<const char*> {};

TEST_P(Sample, OfVersion1IsRead) {
    const std::string name = GetParam();
    const auto expected = call_from_json(contents(kFolder / (name + ".json")));
    ASSERT_TRUE(expected) << expected.error().message;
    Call call;
    for (const auto& [place, ending] : kParts) {
        const auto path = kFolder / (name + ending);
        if (regenerating()) write(path, encode(*expected, place));
        const auto read = decode(contents(path), call);
        ASSERT_TRUE(read) << path << ": " << read.error().message;
    }
    EXPECT_EQ(call, *expected);
    EXPECT_EQ(to_json(call, {.preview = true}), to_json(*expected, {.preview = true}));  // UTC offsets too
}

INSTANTIATE_TEST_SUITE_P(Record, Sample, ::testing::Values("chat", "function", "interrupted", "everything"));

TEST(SampleSaid, OfVersion1IsRead) {
    const auto id = Uuid::parse("3f0c6c1e-6a55-4b0e-9a53-0d2f6c1f4d11");
    Said expected{
        .call = *id, .project = "shop", .feedback = {}, .score_name = {}, .score = {}, .unknown = {}};
    const auto feedback = feedback_from_json(contents(kFolder / "feedback.json"));
    ASSERT_TRUE(feedback) << feedback.error().message;
    expected.feedback = *feedback;
    if (regenerating()) write(kFolder / "feedback.bin", encode(expected));
    EXPECT_EQ(*decode_said(contents(kFolder / "feedback.bin")), expected);

    const auto score = score_from_json(contents(kFolder / "score.json"));
    ASSERT_TRUE(score) << score.error().message;
    expected.feedback.reset();
    std::tie(expected.score_name, expected.score) = *score;
    if (regenerating()) write(kFolder / "score.bin", encode(expected));
    EXPECT_EQ(*decode_said(contents(kFolder / "score.bin")), expected);
}

}  // namespace
}  // namespace steno
