#include "io/faulty_file_system.hpp"

#include <algorithm>

namespace steno::io {

class FaultyFileSystem::FaultyFile final : public File {
  public:
    FaultyFile(FaultyFileSystem& owner, std::unique_ptr<File> file, std::string path)
        : owner_(owner), file_(std::move(file)), path_(std::move(path)) {}

    Result<std::size_t> read(std::uint64_t offset, std::span<char> out) override {
        STENO_TRY(owner_.count());
        return file_->read(offset, out);
    }
    Result<std::size_t> append(std::string_view bytes) override { return owner_.append(*file_, bytes); }
    Result<void> sync() override { return owner_.sync(*file_, path_, sync_failed_); }
    Result<void> truncate(std::uint64_t size) override { return owner_.truncate(*file_, size); }
    Result<std::uint64_t> size() override {
        STENO_TRY(owner_.count());
        return file_->size();
    }
    Result<bool> is_at(const std::string& path) override { return file_->is_at(path); }

  private:
    FaultyFileSystem& owner_;
    std::unique_ptr<File> file_;
    std::string path_;
    bool sync_failed_ = false;
};

void FaultyFileSystem::die_at(std::uint64_t operations_from_now) {
    const std::lock_guard lock(mutex_);
    die_at_ = operations_ + operations_from_now;
}

void FaultyFileSystem::revive() {
    const std::lock_guard lock(mutex_);
    dead_ = false;
    die_at_.reset();
}

void FaultyFileSystem::crash() {
    {
        const std::lock_guard lock(mutex_);
        memory_.lose_power(random_);
    }
    revive();
}

void FaultyFileSystem::set_free_bytes(std::optional<std::uint64_t> bytes) {
    const std::lock_guard lock(mutex_);
    free_bytes_ = bytes;
}
void FaultyFileSystem::set_short_writes(std::optional<std::size_t> bytes) {
    const std::lock_guard lock(mutex_);
    short_writes_ = bytes;
}
void FaultyFileSystem::fail_syncs(std::uint64_t count) {
    const std::lock_guard lock(mutex_);
    failing_syncs_ = count;
}
void FaultyFileSystem::fail_appends(std::uint64_t count) {
    const std::lock_guard lock(mutex_);
    failing_appends_ = count;
}
void FaultyFileSystem::fail_truncations(std::uint64_t count) {
    const std::lock_guard lock(mutex_);
    failing_truncations_ = count;
}
void FaultyFileSystem::give_away(const std::string& folder) {
    const std::lock_guard lock(mutex_);
    foreign_ = folder;
}

std::uint64_t FaultyFileSystem::operations() const {
    const std::lock_guard lock(mutex_);
    return operations_;
}
std::uint64_t FaultyFileSystem::syncs_after_failure() const {
    const std::lock_guard lock(mutex_);
    return syncs_after_failure_;
}
bool FaultyFileSystem::dead() const {
    const std::lock_guard lock(mutex_);
    return dead_;
}

Result<void> FaultyFileSystem::count() {
    const std::lock_guard lock(mutex_);
    if (dead_) return fail(Code::Unavailable, "the process is dead");
    if (++operations_ == die_at_) {
        dead_ = true;
        return fail(Code::Unavailable, "the process died");
    }
    return {};
}

Result<void> FaultyFileSystem::count(const std::string& path) {
    STENO_TRY(count());
    const std::lock_guard lock(mutex_);
    if (foreign_.empty() || !path.starts_with(foreign_)) return {};
    return fail(Code::PermissionDenied, path + " is another user's");
}

Result<std::size_t> FaultyFileSystem::append(File& file, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    if (dead_) return fail(Code::Unavailable, "the process is dead");
    dead_ = ++operations_ == die_at_;
    const bool fails = !dead_ && failing_appends_ > 0;
    if (fails) --failing_appends_;
    if (dead_ || fails) {
        const std::size_t part = random_.next_u64() % (bytes.size() + 1);
        STENO_TRY(file.append(bytes.substr(0, part)));
        return fail(Code::Unavailable, dead_ ? "the process died" : "input/output error");
    }
    std::size_t room = bytes.size();
    if (short_writes_) room = std::min(room, *short_writes_);
    if (free_bytes_) {
        if (*free_bytes_ == 0) return fail(Code::ResourceExhausted, "no space left on device");
        room = std::min<std::size_t>(room, *free_bytes_);
        *free_bytes_ -= room;
    }
    return file.append(bytes.substr(0, room));
}

Result<void> FaultyFileSystem::sync(File& file, const std::string& path, bool& failed) {
    STENO_TRY(count());
    const std::lock_guard lock(mutex_);
    if (failed) ++syncs_after_failure_;
    if (failing_syncs_ > 0) {
        --failing_syncs_;
        failed = true;
        memory_.lose_writes(path);
        return fail(Code::Unavailable, "input/output error");
    }
    return file.sync();
}

Result<void> FaultyFileSystem::truncate(File& file, std::uint64_t size) {
    STENO_TRY(count());
    const std::lock_guard lock(mutex_);
    if (failing_truncations_ > 0) {
        --failing_truncations_;
        return fail(Code::Unavailable, "input/output error");
    }
    return file.truncate(size);
}

Result<std::unique_ptr<File>> FaultyFileSystem::wrap(Result<std::unique_ptr<File>> file,
                                                     const std::string& path) {
    if (!file) return file;
    return std::make_unique<FaultyFile>(*this, std::move(*file), path);
}

Result<std::unique_ptr<File>> FaultyFileSystem::open_read(const std::string& path) {
    STENO_TRY(count(path));
    return wrap(memory_.open_read(path), path);
}
Result<std::unique_ptr<File>> FaultyFileSystem::open_append(const std::string& path) {
    STENO_TRY(count(path));
    return wrap(memory_.open_append(path), path);
}
Result<std::unique_ptr<File>> FaultyFileSystem::create(const std::string& path) {
    STENO_TRY(count(path));
    return wrap(memory_.create(path), path);
}
Result<void> FaultyFileSystem::rename(const std::string& from, const std::string& to) {
    STENO_TRY(count(from));
    return memory_.rename(from, to);
}
Result<void> FaultyFileSystem::unlink(const std::string& path) {
    STENO_TRY(count(path));
    return memory_.unlink(path);
}
Result<void> FaultyFileSystem::make_directories(const std::string& path) {
    STENO_TRY(count(path));
    return memory_.make_directories(path);
}
Result<std::vector<DirectoryEntry>> FaultyFileSystem::list(const std::string& path) {
    STENO_TRY(count(path));
    return memory_.list(path);
}
bool FaultyFileSystem::exists(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return memory_.exists(path) && (foreign_.empty() || !path.starts_with(foreign_ + "/"));
}
Result<void> FaultyFileSystem::sync_directory(const std::string& path) {
    STENO_TRY(count(path));
    return memory_.sync_directory(path);
}
Result<std::unique_ptr<FileLock>> FaultyFileSystem::lock(const std::string& path) {
    STENO_TRY(count(path));
    return memory_.lock(path);
}

}  // namespace steno::io
