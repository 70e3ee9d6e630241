#include "exports/output.hpp"

#include "base/random.hpp"
#include "base/uuid.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace steno::exports {
namespace {

namespace fs = std::filesystem;

class OutputTest : public testing::Test {
  protected:
    OutputTest() : folder(testing::TempDir() + "steno-output-" + Uuid::random(system_random()).to_string()) {
        fs::create_directories(folder);
    }
    ~OutputTest() override { fs::remove_all(folder); }

    [[nodiscard]] std::string path(const std::string& name) const { return folder + "/" + name; }
    void put(const std::string& name, std::string_view text) const { std::ofstream(path(name)) << text; }
    [[nodiscard]] std::string content(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(path(name)).rdbuf();
        return text.str();
    }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
        std::ranges::sort(names);
        return names;
    }

    std::string folder;
};

TEST_F(OutputTest, AFileIsThereWhenItIsWhole) {
    put("day.json", "before");
    ASSERT_TRUE(write_whole(path("day.json"), "", [&](const std::string& to) -> Result<void> {
        EXPECT_EQ(content("day.json"), "before");
        EXPECT_TRUE(to.starts_with(path("day.json.")) && to.ends_with(".part")) << to;
        std::ofstream(to) << "whole";
        return {};
    }));
    EXPECT_EQ(content("day.json"), "whole");
    EXPECT_FALSE(write_whole(path("day.json"), "", [&](const std::string& to) -> Result<void> {
        std::ofstream(to) << "half";
        return fail(Code::Unavailable, "the source has gone");
    }));
    EXPECT_EQ(content("day.json"), "whole");
    EXPECT_THAT(names(), testing::ElementsAre("day.json"));
}

TEST_F(OutputTest, WhatOthersPutInThePartsPlaceIsNotWrittenTo) {
    put("of somebody else", "mine");
    fs::create_symlink("of somebody else", path("linked.json.part"));
    ASSERT_EQ(mkfifo(path("piped.json.part").c_str(), 0600), 0);
    ASSERT_TRUE(write_whole(path("linked.json"), "new"));
    ASSERT_TRUE(write_whole(path("piped.json"), "new"));  // waits for no reader
    EXPECT_EQ(content("of somebody else"), "mine");
    EXPECT_EQ(content("linked.json"), "new");
    EXPECT_EQ(content("piped.json"), "new");
    EXPECT_THAT(names(), testing::ElementsAre("linked.json", "linked.json.part", "of somebody else",
                                              "piped.json", "piped.json.part"));
}

TEST_F(OutputTest, TwoWhoWriteTheSameFileHaveAPartEach) {
    ASSERT_TRUE(write_whole(path("day.json"), "", [&](const std::string& to) -> Result<void> {
        std::ofstream(to) << "the first";
        STENO_TRY(write_whole(path("day.json"), "the second"));
        EXPECT_EQ(content("day.json"), "the second");
        return {};
    }));
    EXPECT_EQ(content("day.json"), "the first");
    EXPECT_THAT(names(), testing::ElementsAre("day.json"));
}

TEST_F(OutputTest, WhatAKilledProcessLeftGoes) {
    put("day.json.0123456789abcdef.part", "half");
    put("other.json.0123456789abcdef.part", "half");
    fs::create_symlink("nothing", path("day.json.fedcba9876543210.part"));
    ASSERT_TRUE(write_whole(path("day.json"), "whole"));
    EXPECT_THAT(names(), testing::ElementsAre("day.json", "day.json.fedcba9876543210.part",
                                              "other.json.0123456789abcdef.part"));
}

TEST_F(OutputTest, APartThatIsWrittenNowStays) {
    put("day.json.0123456789abcdef.part", "half");
    const int writer = ::open(path("day.json.0123456789abcdef.part").c_str(), O_RDWR);
    ASSERT_EQ(flock(writer, LOCK_EX), 0);
    remove_parts(folder, [](std::string_view) { return true; });
    EXPECT_EQ(names().size(), 1U);
    ::close(writer);
    remove_parts(folder, [](std::string_view) { return true; });
    EXPECT_TRUE(names().empty());
}

}  // namespace
}  // namespace steno::exports
