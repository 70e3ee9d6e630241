#pragma once

#include "io/file_system.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>

namespace steno::journal {

/// Stands before one kind of operation, for tests: what arrives waits as long as the gate is closed. Open at
/// first.
class Gate {
  public:
    void close() { let_pass(0); }
    void open() { let_pass(std::numeric_limits<std::uint64_t>::max()); }
    /// Only the next `count` pass, counting those that wait already.
    void let_pass(std::uint64_t count) {
        const std::lock_guard lock(mutex_);
        allowed_ = count;
        changed_.notify_all();
    }
    /// Returns when an operation waits that will not pass.
    void await_blocked() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return waiting_ > allowed_; });
    }
    void pass() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return allowed_ > 0; });
        --waiting_;
        --allowed_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t allowed_ = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t waiting_ = 0;
};

/// A disk that hangs where a test says so, for as long as it says so; all else is `inner`'s. Open the gates
/// before the journal on it is destroyed.
class GatedFileSystem final : public io::FileSystem {
  public:
    explicit GatedFileSystem(io::FileSystem& inner) : inner_(inner) {}

    Gate appends;
    Gate syncs;  ///< of files
    Gate creations;
    Gate renames;
    std::atomic<bool> next_rename_lies = false;  ///< it happens, and reports a failure

    void open_all() {
        for (Gate* gate : {&appends, &syncs, &creations, &renames}) gate->open();
    }

    Result<std::unique_ptr<io::File>> open_read(const std::string& path) override {
        return inner_.open_read(path);
    }
    Result<std::unique_ptr<io::File>> open_append(const std::string& path) override {
        return wrap(inner_.open_append(path));
    }
    Result<std::unique_ptr<io::File>> create(const std::string& path) override {
        creations.pass();
        return wrap(inner_.create(path));
    }
    Result<void> rename(const std::string& from, const std::string& to) override {
        renames.pass();
        STENO_TRY(inner_.rename(from, to));
        if (next_rename_lies.exchange(false)) return fail(Code::Unavailable, "input/output error");
        return {};
    }
    Result<void> unlink(const std::string& path) override { return inner_.unlink(path); }
    Result<void> make_directories(const std::string& path) override { return inner_.make_directories(path); }
    Result<std::vector<io::DirectoryEntry>> list(const std::string& path) override {
        return inner_.list(path);
    }
    bool exists(const std::string& path) override { return inner_.exists(path); }
    Result<void> sync_directory(const std::string& path) override { return inner_.sync_directory(path); }
    Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override { return inner_.lock(path); }

  private:
    class GatedFile final : public io::File {
      public:
        GatedFile(GatedFileSystem& owner, std::unique_ptr<io::File> inner)
            : owner_(owner), inner_(std::move(inner)) {}
        Result<std::size_t> read(std::uint64_t offset, std::span<char> out) override {
            return inner_->read(offset, out);
        }
        Result<std::size_t> append(std::string_view bytes) override {
            owner_.appends.pass();
            return inner_->append(bytes);
        }
        Result<void> sync() override {
            owner_.syncs.pass();
            return inner_->sync();
        }
        Result<void> truncate(std::uint64_t size) override { return inner_->truncate(size); }
        Result<std::uint64_t> size() override { return inner_->size(); }
        Result<bool> is_at(const std::string& path) override { return inner_->is_at(path); }

      private:
        GatedFileSystem& owner_;
        std::unique_ptr<io::File> inner_;
    };

    Result<std::unique_ptr<io::File>> wrap(Result<std::unique_ptr<io::File>> file) {
        if (!file) return file;
        return std::make_unique<GatedFile>(*this, std::move(*file));
    }

    io::FileSystem& inner_;
};

}  // namespace steno::journal
