#include "io/faulty_file_system.hpp"
#include "io/folder_lock.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace steno::io {
namespace {

/// One of the three, with an empty folder to work in.
struct Subject {
    virtual ~Subject() = default;
    virtual FileSystem& files() = 0;
    std::string root = "/work";
};
struct PosixSubject final : Subject {
    PosixSubject() {
        std::string name = (std::filesystem::temp_directory_path() / "steno_io_XXXXXX").string();
        root = ::mkdtemp(name.data());
    }
    ~PosixSubject() override { std::filesystem::remove_all(root); }
    FileSystem& files() override { return posix_file_system(); }
};
struct MemorySubject final : Subject {
    FileSystem& files() override { return memory; }
    MemoryFileSystem memory;
};
struct FaultySubject final : Subject {
    FileSystem& files() override { return faulty; }
    FaultyFileSystem faulty;
};

template <class S>
struct Conformance : testing::Test {
    Conformance() { EXPECT_TRUE(files.make_directories(root)); }
    S subject;
    FileSystem& files = subject.files();
    std::string root = subject.root;
};
using Subjects = testing::Types<PosixSubject, MemorySubject, FaultySubject>;
TYPED_TEST_SUITE(Conformance, Subjects);

std::string content(FileSystem& files, const std::string& path) {
    auto bytes = read_file(files, path, 1 << 20);
    return bytes ? *bytes : "error: " + bytes.error().message;
}

TYPED_TEST(Conformance, AppendsAndReadsBack) {
    auto file = this->files.open_append(this->root + "/a");
    ASSERT_TRUE(file);
    ASSERT_TRUE(append_all(**file, "hello "));
    ASSERT_TRUE(append_all(**file, "world"));
    ASSERT_TRUE((*file)->sync());
    EXPECT_EQ((*file)->size(), 11U);
    EXPECT_EQ(content(this->files, this->root + "/a"), "hello world");
    char some[4];
    EXPECT_EQ((*file)->read(6, some), 4U);
    EXPECT_EQ(std::string_view(some, 4), "worl");
    EXPECT_EQ((*file)->read(9, some), 2U);
    EXPECT_EQ((*file)->read(11, some), 0U);
    EXPECT_EQ((*file)->read(1000, some), 0U);
}

TYPED_TEST(Conformance, TruncatesAndGoesOnAtTheNewEnd) {
    auto file = this->files.open_append(this->root + "/a");
    ASSERT_TRUE(append_all(**file, "hello world"));
    ASSERT_TRUE((*file)->truncate(5));
    ASSERT_TRUE(append_all(**file, "!"));
    EXPECT_EQ(content(this->files, this->root + "/a"), "hello!");
    file = this->files.open_append(this->root + "/a");
    ASSERT_TRUE(append_all(**file, "?"));
    EXPECT_EQ(content(this->files, this->root + "/a"), "hello!?");
}

TYPED_TEST(Conformance, SaysWhatIsMissing) {
    EXPECT_EQ(this->files.open_read(this->root + "/none").error().code, Code::NotFound);
    EXPECT_EQ(this->files.open_append(this->root + "/none/a").error().code, Code::NotFound);
    EXPECT_EQ(this->files.list(this->root + "/none").error().code, Code::NotFound);
    EXPECT_EQ(this->files.unlink(this->root + "/none").error().code, Code::NotFound);
    EXPECT_EQ(this->files.rename(this->root + "/none", this->root + "/b").error().code, Code::NotFound);
    EXPECT_EQ(this->files.sync_directory(this->root + "/none").error().code, Code::NotFound);
}

TYPED_TEST(Conformance, CreatesOnce) {
    ASSERT_TRUE(this->files.create(this->root + "/a"));
    EXPECT_EQ(this->files.create(this->root + "/a").error().code, Code::AlreadyExists);
}

TYPED_TEST(Conformance, ListsRenamesAndUnlinks) {
    ASSERT_TRUE(this->files.make_directories(this->root + "/d/e"));
    ASSERT_TRUE(this->files.make_directories(this->root + "/d/e"));
    ASSERT_TRUE(this->files.open_append(this->root + "/d/z"));
    ASSERT_TRUE(this->files.open_append(this->root + "/d/b"));
    ASSERT_TRUE(this->files.rename(this->root + "/d/b", this->root + "/d/c"));
    auto entries = this->files.list(this->root + "/d");
    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 3U);
    EXPECT_EQ((*entries)[0].name, "c");
    EXPECT_EQ((*entries)[1].name, "e");
    EXPECT_TRUE((*entries)[1].is_directory);
    EXPECT_FALSE((*entries)[2].is_directory);
    ASSERT_TRUE(this->files.unlink(this->root + "/d/z"));
    EXPECT_FALSE(this->files.exists(this->root + "/d/z"));
    EXPECT_TRUE(this->files.exists(this->root + "/d/c"));
    EXPECT_TRUE(this->files.sync_directory(this->root + "/d"));
}

TYPED_TEST(Conformance, ReplacesAWholeFile) {
    ASSERT_TRUE(replace_file(this->files, this->root + "/a", "one"));
    ASSERT_TRUE(replace_file(this->files, this->root + "/a", "two"));
    EXPECT_EQ(content(this->files, this->root + "/a"), "two");
    EXPECT_EQ(this->files.list(this->root)->size(), 1U);
    EXPECT_EQ(read_file(this->files, this->root + "/a", 2).error().code, Code::ResourceExhausted);
}

TYPED_TEST(Conformance, LocksExcludeWithinAProcess) {
    auto first = FolderLock::take(this->files, this->root + "/data");
    ASSERT_TRUE(first);
    auto second = FolderLock::take(this->files, this->root + "/data");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::FailedPrecondition);
    {
        const auto released = std::move(first);
    }
    EXPECT_TRUE(FolderLock::take(this->files, this->root + "/data"));
}

TYPED_TEST(Conformance, TheHolderOfALockSaysAWordInItsFile) {
    const std::string path = this->root + "/word.lock";
    const auto lock = this->files.lock(path);
    ASSERT_TRUE(lock);
    ASSERT_TRUE((*lock)->write("first word"));
    EXPECT_EQ(*read_file(this->files, path, 100), "first word");
    ASSERT_TRUE((*lock)->write("other"));
    EXPECT_EQ(*read_file(this->files, path, 100), "other word");
}

TEST(PosixFileSystem, KeepsFilesToTheirOwner) {
    PosixSubject subject;
    ASSERT_TRUE(subject.files().make_directories(subject.root + "/d"));
    ASSERT_TRUE(subject.files().open_append(subject.root + "/d/a"));
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(subject.root + "/d/a").permissions(),
              perms::owner_read | perms::owner_write);
    EXPECT_EQ(std::filesystem::status(subject.root + "/d").permissions(), perms::owner_all);
}

TEST(FaultyFileSystem, LosesWhatWasNotSynced) {
    bool lost_some = false;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        FaultyFileSystem files(seed);
        ASSERT_TRUE(files.make_directories("/d"));
        auto file = files.open_append("/d/a");
        ASSERT_TRUE(append_all(**file, "kept"));
        ASSERT_TRUE((*file)->sync());
        ASSERT_TRUE(files.sync_directory("/d"));
        ASSERT_TRUE(append_all(**file, "perhaps"));
        files.crash();
        const std::string left = content(files, "/d/a");
        EXPECT_EQ(left.substr(0, 4), "kept");
        EXPECT_LE(left.size(), 11U);
        lost_some = lost_some || left != "keptperhaps";
    }
    EXPECT_TRUE(lost_some);
}

TEST(FaultyFileSystem, FailsAsTold) {
    FaultyFileSystem files;
    ASSERT_TRUE(files.make_directories("/d"));
    auto file = files.open_append("/d/a");
    files.set_free_bytes(6);
    EXPECT_EQ((*file)->append("12345678"), 6U);
    EXPECT_EQ((*file)->append("78").error().code, Code::ResourceExhausted);
    files.set_free_bytes(std::nullopt);
    files.set_short_writes(2);
    EXPECT_EQ((*file)->append("789"), 2U);
    files.set_short_writes(std::nullopt);
    files.fail_syncs(1);
    EXPECT_EQ((*file)->sync().error().code, Code::Unavailable);
    EXPECT_TRUE((*file)->sync());  // as Linux does: reports success, but the bytes are gone
    ASSERT_TRUE(files.sync_directory("/d"));
    files.die_at(2);
    EXPECT_TRUE((*file)->size());
    EXPECT_FALSE((*file)->size());
    EXPECT_FALSE((*file)->append("x"));
    EXPECT_TRUE(files.dead());
    files.revive();
    EXPECT_EQ(content(files, "/d/a"), "12345678");
}

}  // namespace
}  // namespace steno::io
