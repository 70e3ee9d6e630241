#include "daily/keeper.hpp"

#include "daily/record_for_test.hpp"
#include "daily/rotation.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace steno::daily {
namespace {

class KeeperTest : public DailyRecord {
  protected:
    Keeper keeper(std::int64_t keep_days = 30, bool archive = true, bool requests = false) {
        Keeper::Rules rules;
        rules.folder = folder;
        rules.keep_days = keep_days;
        rules.archive = archive;
        rules.requests = requests;
        return Keeper(record(), std::move(rules), [this] { return up_to_date; }, time);
    }
    std::vector<std::string> names(const std::string& in = "") const {
        std::vector<std::string> names;
        std::error_code none;
        for (const auto& entry : std::filesystem::directory_iterator(folder + "/" + in, none))
            if (entry.is_regular_file()) names.push_back(entry.path().filename());
        std::ranges::sort(names);
        return names;
    }
    std::string unpacked(const std::string& name) const {
        const gzFile file = gzopen((folder + "/" + name).c_str(), "rb");
        std::string text;
        std::array<char, 1000> piece;
        for (int got; (got = gzread(file, piece.data(), piece.size())) > 0;)
            text.append(piece.data(), static_cast<std::size_t>(got));
        gzclose(file);
        return text;
    }
    /// As the keeper sees a full disk: a write fails, of a file with more bytes.
    static Result<Timestamp> with_room_for(std::size_t bytes, Keeper& kept) {
        const auto before = std::signal(SIGXFSZ, SIG_IGN);
        rlimit limit{};
        EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
        const rlimit full{bytes, limit.rlim_max};
        setrlimit(RLIMIT_FSIZE, &full);
        auto kept_to = kept.keep();
        setrlimit(RLIMIT_FSIZE, &limit);
        std::signal(SIGXFSZ, before);
        return kept_to;
    }
    void it_is(std::string_view now) { time.advance(moment(now).unix_nanos - time.now().unix_nanos); }

    ManualClock time;
    Result<void> up_to_date;

    explicit KeeperTest() : time(moment("2026-11-20T12:00:00Z").unix_nanos) {}
};

TEST_F(KeeperTest, WritesTheDaysThatHaveEndedOnce) {
    Keeper kept = keeper();
    EXPECT_TRUE(kept.keep());
    EXPECT_TRUE(names().empty());  // nothing was recorded yet
    add(chat("2026-11-17T10:00:00Z"));
    add(chat("2026-11-19T10:00:00Z"));
    add(chat("2026-11-20T10:00:00Z"));
    const auto next = kept.keep();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->to_string(), "2026-11-20T13:00:00.000000000Z");
    // A day without calls is one of which that is known.
    EXPECT_THAT(names(), testing::ElementsAre("calls-2026-11-17.json", "calls-2026-11-18.json",
                                              "calls-2026-11-19.json", "stats-2026-11-17.json",
                                              "stats-2026-11-18.json", "stats-2026-11-19.json"));
    EXPECT_EQ(content("calls-2026-11-18.json"), "[]\n");
    EXPECT_EQ(kept.stats().written, 6U);
    EXPECT_EQ(kept.stats().last_day, "2026-11-19");
    EXPECT_TRUE(kept.keep());
    EXPECT_EQ(kept.stats().written, 6U);

    it_is("2026-11-20T23:59:00Z");
    EXPECT_EQ(kept.keep()->to_string(), "2026-11-21T00:05:00.000000000Z");
    it_is("2026-11-21T00:04:59Z");  // its last calls come in
    EXPECT_TRUE(kept.keep());
    EXPECT_FALSE(there("stats-2026-11-20.json"));
    it_is("2026-11-21T00:05:00Z");
    EXPECT_TRUE(kept.keep());
    EXPECT_TRUE(there("stats-2026-11-20.json"));
}

TEST_F(KeeperTest, WritesADayAnewThatHasMoreCallsThanItTells) {
    add(chat("2026-11-10T10:00:00Z"));
    add(chat("2026-11-19T10:00:00Z"));
    Keeper kept = keeper();
    ASSERT_TRUE(kept.keep());
    add(chat("2026-11-10T10:00:00Z"));  // too long ago to be looked at
    add(chat("2026-11-19T11:00:00Z"));
    const std::string before = content("calls-2026-11-10.json");
    ASSERT_TRUE(kept.keep());
    EXPECT_EQ(content("calls-2026-11-10.json"), before);
    EXPECT_EQ(std::ranges::count(content("calls-2026-11-19.json"), '\n'), 2 + 2);
    EXPECT_NE(content("stats-2026-11-19.json").find("\"totalAICalls\":2,"), std::string::npos);
    const std::uint64_t written = kept.stats().written;
    ASSERT_TRUE(kept.keep());
    EXPECT_EQ(kept.stats().written, written);
    // Calls of all kinds are late ones.
    Call span = chat("2026-11-19T12:00:00Z");
    span.kind = Kind::Span;
    add(span);
    ASSERT_TRUE(kept.keep());
    EXPECT_EQ(kept.stats().written, written + 2);
    EXPECT_NE(content("calls-2026-11-19.json").find(span.id.to_string()), std::string::npos);
    // A keeper that starts anew reads what is there.
    Keeper next = keeper();
    ASSERT_TRUE(next.keep());
    EXPECT_EQ(next.stats().written, 0U);
    add(chat("2026-11-19T13:00:00Z"));
    ASSERT_TRUE(next.keep());
    EXPECT_EQ(next.stats().written, 2U);
}

TEST_F(KeeperTest, LeavesWhatOthersWrote) {
    add(chat("2026-11-19T10:00:00Z"));
    add(chat("2026-11-19T11:00:00Z"));
    for (const char* foreign :
         {"[\n{\"id\":\"7\"}\n]\n", "[]", "", "[\n{\"id\":\"01990000-0000-7000-8000-000000000001\"}\n]\n"}) {
        put("calls-2026-11-19.json", foreign);
        Keeper kept = keeper();
        ASSERT_TRUE(kept.keep());
        EXPECT_EQ(content("calls-2026-11-19.json"), foreign);
        EXPECT_TRUE(there("stats-2026-11-19.json"));
    }
}

TEST_F(KeeperTest, WritesWhatIsMissingAndNotWhatIsArchived) {
    add(chat("2026-11-19T10:00:00Z"));
    {
        Keeper kept = keeper();
        ASSERT_TRUE(kept.keep());
    }
    const std::string calls = content("calls-2026-11-19.json");
    // As another max_text wrote it: what is there stays as it is, whatever else is absent.
    const std::string before = "[\n{\"id\":\"" + calls.substr(9, 36) + "\"}\n]\n";
    put("calls-2026-11-19.json", before);
    std::filesystem::remove(folder + "/stats-2026-11-19.json");
    Keeper kept = keeper(30, true, true);
    ASSERT_TRUE(kept.keep());
    EXPECT_EQ(content("calls-2026-11-19.json"), before);
    EXPECT_TRUE(there("stats-2026-11-19.json"));
    EXPECT_TRUE(there("requests-2026-11-19.json"));
    EXPECT_EQ(kept.stats().written, 2U);
    std::filesystem::remove(folder + "/calls-2026-11-19.json");
    ASSERT_TRUE(kept.keep());
    EXPECT_EQ(content("calls-2026-11-19.json"), calls);
    EXPECT_EQ(kept.stats().written, 3U);
    EXPECT_EQ(rotate(folder, "2026-11-20", true).gone, 3U);
    ASSERT_TRUE(kept.keep());
    EXPECT_EQ(names().size(), 0U);
}

TEST_F(KeeperTest, AWriteThatIsBrokenOffIsSeenByTheCallsFile) {
    // Statistics say an agent's name more often than the calls do: there the disk is full.
    const auto one = [&](std::string_view began) {
        Call call = chat(began);
        call.trace.agent = std::string(5000, 'a');
        call.model.requested = "gpt-4o-mini";  // the dear calls are named, too
        return call;
    };
    add(one("2026-11-19T10:00:00Z"));
    Keeper kept = keeper();
    ASSERT_TRUE(kept.keep());
    const std::string calls = content("calls-2026-11-19.json"), stats = content("stats-2026-11-19.json");
    add(one("2026-11-19T11:00:00Z"));
    const Day day = day_at(moment("2026-11-19T12:00:00Z"), {});
    const std::size_t needed = text(Content::Stats, day).size();
    ASSERT_LT(text(Content::Calls, day).size(), needed);
    EXPECT_FALSE(with_room_for(needed - 1, kept));
    EXPECT_EQ(content("calls-2026-11-19.json"), calls);
    EXPECT_EQ(content("stats-2026-11-19.json"), stats);
    EXPECT_TRUE(kept.keep());
    EXPECT_NE(content("calls-2026-11-19.json"), calls);
    EXPECT_NE(content("stats-2026-11-19.json"), stats);
}

TEST_F(KeeperTest, APipeOfAFilesNameHoldsNothingUp) {
    add(chat("2026-11-19T10:00:00Z"));
    put("calls-2026-10-02.json", "[]\n");
    for (const char* name : {"/calls-2026-11-19.json", "/stats-2026-10-01.json"})
        ASSERT_EQ(mkfifo((folder + name).c_str(), 0600), 0);
    Keeper kept = keeper();
    const auto kept_to = kept.keep();
    ASSERT_FALSE(kept_to);
    EXPECT_NE(kept_to.error().message.find("is no file"), std::string::npos) << kept_to.error().message;
    EXPECT_TRUE(there("archive/calls-2026-10-02.json.gz"));  // rotation goes on
    EXPECT_EQ(kept.stats().rotated, 1U);
}

TEST_F(KeeperTest, WhatIsInTheArchiveIsNeverReplaced) {
    put("calls-2026-10-01.json", "[\n{\"prompt\":\"whole\"}\n]\n");
    put("calls-2026-10-02.json", "[]\n");
    ASSERT_EQ(rotate(folder, "2026-11-01", true).gone, 2U);
    put("calls-2026-10-01.json", "[]\n");
    put("calls-2026-10-02.json", "[]\n");  // as a process leaves it that was killed before it removed it
    put("calls-2026-10-03.json", "[]\n");
    const Rotation done = rotate(folder, "2026-11-01", true);
    ASSERT_FALSE(done.trouble);
    EXPECT_NE(done.trouble.error().message.find("calls-2026-10-01.json"), std::string::npos);
    EXPECT_EQ(done.gone, 2U);
    EXPECT_THAT(names(), testing::ElementsAre("calls-2026-10-01.json"));
    EXPECT_EQ(unpacked("archive/calls-2026-10-01.json.gz"), "[\n{\"prompt\":\"whole\"}\n]\n");
    EXPECT_EQ(names("archive").size(), 3U);
}

TEST_F(KeeperTest, AFileStaysWhoseArchivedFormIsBroken) {
    put("calls-2026-10-01.json", "[]\n");
    ASSERT_EQ(rotate(folder, "2026-11-01", true).gone, 1U);
    const std::string archived = folder + "/archive/calls-2026-10-01.json.gz";
    put("calls-2026-10-01.json", "[]\n");
    std::filesystem::resize_file(archived, std::filesystem::file_size(archived) - 8);  // all but the checksum
    EXPECT_FALSE(rotate(folder, "2026-11-01", true).trouble);
    EXPECT_TRUE(there("calls-2026-10-01.json"));
}

TEST_F(KeeperTest, RotationEndsWhereNobodyWaits) {
    put("calls-2026-10-01.json", "[]\n");
    Cancellation stopped;
    stopped.cancel();
    const Cancellation::Scope scope(stopped);
    const Rotation done = rotate(folder, "2026-11-01", true);
    EXPECT_EQ(done.trouble.error().code, Code::Cancelled);
    EXPECT_TRUE(there("calls-2026-10-01.json"));
}

TEST_F(KeeperTest, LooksAgainWhenYesterdayHasSettled) {
    add(chat("2026-11-19T10:00:00Z"));
    it_is("2026-11-20T00:02:00Z");
    EXPECT_EQ(keeper().keep()->to_string(), "2026-11-20T00:05:00.000000000Z");
}

TEST_F(KeeperTest, RotatesWhatIsOlder) {
    add(chat("2026-11-10T10:00:00Z"));
    put("notes.json", "mine");
    put("calls-2026-10-01.json", std::string(1'000'000, 'x'));
    Keeper kept = keeper(3);
    ASSERT_TRUE(kept.keep());
    EXPECT_THAT(names(), testing::ElementsAre("calls-2026-11-17.json", "calls-2026-11-18.json",
                                              "calls-2026-11-19.json", "notes.json", "stats-2026-11-17.json",
                                              "stats-2026-11-18.json", "stats-2026-11-19.json"));
    EXPECT_THAT(names("archive"), testing::ElementsAre("calls-2026-10-01.json.gz"));
    EXPECT_EQ(unpacked("archive/calls-2026-10-01.json.gz"), std::string(1'000'000, 'x'));
    const std::string calls = content("calls-2026-11-17.json");
    it_is("2026-11-21T00:05:00Z");
    ASSERT_TRUE(kept.keep());
    EXPECT_FALSE(there("calls-2026-11-17.json"));
    EXPECT_EQ(unpacked("archive/calls-2026-11-17.json.gz"), calls);
    EXPECT_EQ(kept.stats().rotated, 3U);

    Keeper removing = keeper(1, false);
    ASSERT_TRUE(removing.keep());
    EXPECT_EQ(names().size(), 3U);
    EXPECT_EQ(names("archive").size(), 3U);
    Keeper for_ever = keeper(0);
    ASSERT_TRUE(for_ever.keep());
    EXPECT_EQ(for_ever.stats().rotated, 0U);
    EXPECT_TRUE(there("calls-2026-11-10.json"));
}

TEST_F(KeeperTest, DoesNothingWhileTheStoreLacksCalls) {
    add(chat("2026-11-19T10:00:00Z"));
    up_to_date = fail(Code::Unavailable, "the store is behind");
    Keeper kept = keeper();
    EXPECT_EQ(kept.keep()->to_string(), "2026-11-20T12:00:05.000000000Z");
    EXPECT_TRUE(names().empty());
    it_is("2026-11-20T12:05:00Z");
    EXPECT_NE(kept.keep().error().message.find("the store is behind"), std::string::npos);
    up_to_date = {};
    EXPECT_TRUE(kept.keep());
    EXPECT_EQ(names().size(), 2U);
}

TEST_F(KeeperTest, AFileThatCannotBeWrittenHoldsNoOtherUp) {
    add(chat("2026-11-18T10:00:00Z"));
    std::filesystem::create_directories(folder + "/calls-2026-11-18.json");
    Keeper kept = keeper();
    const auto kept_to = kept.keep();
    ASSERT_FALSE(kept_to);
    EXPECT_NE(kept_to.error().message.find("2026-11-18"), std::string::npos) << kept_to.error().message;
    EXPECT_TRUE(there("stats-2026-11-19.json"));
    EXPECT_FALSE(there("stats-2026-11-18.json"));
    std::filesystem::remove(folder + "/calls-2026-11-18.json");
    EXPECT_TRUE(kept.keep());
    EXPECT_TRUE(there("stats-2026-11-18.json"));
}

TEST_F(KeeperTest, AFullDiskLeavesNoFile) {
    add(chat("2026-11-19T10:00:00Z"));
    Keeper kept = keeper();
    const auto kept_to = with_room_for(10, kept);
    ASSERT_FALSE(kept_to);
    EXPECT_EQ(kept_to.error().code, Code::ResourceExhausted);
    EXPECT_TRUE(names().empty());
    EXPECT_TRUE(kept.keep());
    EXPECT_EQ(names().size(), 2U);
}

TEST_F(KeeperTest, RemovesWhatAKilledProcessLeft) {
    put("calls-2026-11-18.json.0123456789abcdef.part", "[\n{");
    put("notes.0123456789abcdef.part", "mine");
    put("stats-2026-11-18.json.0123456789abcdef.part", "written now");
    std::filesystem::create_directories(folder + "/archive");
    put("archive/stats-2026-11-18.json.gz.0123456789abcdef.part", "x");
    const int writer = ::open((folder + "/stats-2026-11-18.json.0123456789abcdef.part").c_str(), O_RDWR);
    ASSERT_EQ(flock(writer, LOCK_EX), 0);
    remove_parts(folder);
    EXPECT_THAT(names(), testing::ElementsAre("notes.0123456789abcdef.part",
                                              "stats-2026-11-18.json.0123456789abcdef.part"));
    EXPECT_TRUE(names("archive").empty());
    ::close(writer);
}

TEST_F(KeeperTest, ItsThreadEndsAtOnceAndTellsOfTrouble) {
    add(chat("2026-11-19T10:00:00Z"));
    Keeper kept = keeper();
    EXPECT_NE(kept.stats().trouble, "");  // nobody has looked yet
    kept.start();
    for (int i = 0; i < 10'000 && !kept.stats().trouble.empty(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(kept.stats().written, 2U);
    EXPECT_EQ(kept.stats().trouble, "");
    kept.stop();
    kept.stop();
}

}  // namespace
}  // namespace steno::daily
