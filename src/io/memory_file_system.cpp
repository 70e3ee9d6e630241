#include "io/memory_file_system.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace steno::io {
namespace {

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
}

}  // namespace

struct MemoryFileSystem::Node {
    std::mutex mutex;
    std::string data;
    std::string durable;        ///< what survives the loss of power
    std::size_t untouched = 0;  ///< `data` and `durable` agree on this many bytes at least
    bool loses_writes = false;
};

class MemoryFileSystem::OpenFile final : public File {
  public:
    OpenFile(MemoryFileSystem& owner, std::shared_ptr<Node> node, bool writable)
        : owner_(owner), node_(std::move(node)), writable_(writable) {}

    Result<std::size_t> read(std::uint64_t offset, std::span<char> out) override {
        const std::lock_guard lock(node_->mutex);
        if (offset >= node_->data.size()) return std::size_t{0};
        const std::size_t count = std::min<std::size_t>(out.size(), node_->data.size() - offset);
        if (count > 0) std::memcpy(out.data(), node_->data.data() + offset, count);
        return count;
    }
    Result<std::size_t> append(std::string_view bytes) override {
        if (!writable_) return fail(Code::PermissionDenied, "the file is open for reading only");
        const std::lock_guard lock(node_->mutex);
        node_->data.append(bytes);
        return bytes.size();
    }
    Result<void> sync() override {
        const std::lock_guard lock(node_->mutex);
        if (node_->loses_writes) return {};
        node_->durable.resize(std::min(node_->untouched, node_->durable.size()));
        node_->durable.append(node_->data, node_->durable.size());
        node_->untouched = node_->data.size();
        return {};
    }
    Result<void> truncate(std::uint64_t size) override {
        if (!writable_) return fail(Code::PermissionDenied, "the file is open for reading only");
        const std::lock_guard lock(node_->mutex);
        node_->data.resize(size);
        node_->untouched = std::min<std::size_t>(node_->untouched, size);
        return {};
    }
    Result<std::uint64_t> size() override {
        const std::lock_guard lock(node_->mutex);
        return std::uint64_t{node_->data.size()};
    }
    Result<bool> is_at(const std::string& path) override {
        const std::lock_guard lock(owner_.mutex_);
        const auto found = owner_.names_.find(path);
        return found != owner_.names_.end() && found->second == node_;
    }

  private:
    MemoryFileSystem& owner_;
    std::shared_ptr<Node> node_;
    bool writable_;
};

class MemoryFileSystem::Lock final : public FileLock {
  public:
    Lock(std::shared_ptr<LockTable> table, std::string path, std::shared_ptr<Node> node)
        : table_(std::move(table)), path_(std::move(path)), node_(std::move(node)) {}
    ~Lock() override {
        const std::lock_guard lock(table_->first);
        table_->second.erase(path_);
    }
    Result<void> write(std::string_view bytes) override {
        const std::lock_guard lock(node_->mutex);
        node_->data.replace(0, bytes.size(), bytes);
        node_->untouched = 0;
        return {};
    }

  private:
    std::shared_ptr<LockTable> table_;
    std::string path_;
    std::shared_ptr<Node> node_;
};

void MemoryFileSystem::lose_power(Random& random) {
    const std::lock_guard lock(mutex_);
    for (auto& [path, node] : names_) {
        if (!durable_names_.contains(path) && random.next_u64() % 2 == 0) durable_names_[path] = node;
    }
    std::erase_if(durable_names_, [&](const auto& entry) {
        const auto now = names_.find(entry.first);
        // Renamed, replaced or unlinked, and the folder not synced since: either the old or the new may be
        // there.
        if (now == names_.end()) return random.next_u64() % 2 == 0;
        return false;
    });
    for (auto& [path, node] : durable_names_) {
        const std::lock_guard node_lock(node->mutex);
        const bool appended_only = node->untouched == node->durable.size();
        const std::size_t extra = appended_only ? node->data.size() - node->durable.size() : 0;
        const std::size_t kept = extra == 0 ? 0 : random.next_u64() % (extra + 1);
        std::string survivor =
            node->durable + node->data.substr(appended_only ? node->durable.size() : 0, kept);
        const std::size_t torn = kept == 0 || random.next_u64() % 2 == 0 ? 0 : random.next_u64() % (kept + 1);
        for (std::size_t i = survivor.size() - torn; i < survivor.size(); ++i) survivor[i] = 0;
        node->data = node->durable = survivor;
        node->untouched = survivor.size();
    }
    names_ = durable_names_;
}

void MemoryFileSystem::lose_writes(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(path);
    if (found == names_.end()) return;
    const std::lock_guard node_lock(found->second->mutex);
    found->second->loses_writes = true;
}

Result<std::unique_ptr<File>> MemoryFileSystem::open_read(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(path);
    if (found == names_.end()) return fail(Code::NotFound, fmt::format("cannot open {}: no such file", path));
    return std::make_unique<OpenFile>(*this, found->second, false);
}

Result<std::unique_ptr<File>> MemoryFileSystem::open_append(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (!folders_.contains(folder_of(path))) {
        return fail(Code::NotFound, fmt::format("cannot open {}: no such folder", path));
    }
    if (folders_.contains(path))
        return fail(Code::Unavailable, fmt::format("cannot open {}: is a folder", path));
    auto& node = names_[path];
    if (!node) node = std::make_shared<Node>();
    return std::make_unique<OpenFile>(*this, node, true);
}

Result<std::unique_ptr<File>> MemoryFileSystem::create(const std::string& path) {
    if (exists(path)) return fail(Code::AlreadyExists, fmt::format("cannot open {}: it exists", path));
    return open_append(path);
}

Result<void> MemoryFileSystem::rename(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(from);
    if (found == names_.end() || !folders_.contains(folder_of(to))) {
        return fail(Code::NotFound, fmt::format("cannot rename {}: no such file", from));
    }
    const auto node = found->second;
    names_.erase(found);
    names_[to] = node;
    return {};
}

Result<void> MemoryFileSystem::unlink(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (names_.erase(path) == 0)
        return fail(Code::NotFound, fmt::format("cannot remove {}: no such file", path));
    return {};
}

Result<void> MemoryFileSystem::make_directories(const std::string& path) {
    const std::lock_guard lock(mutex_);
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        const std::string part = path.substr(0, end);
        if (names_.contains(part)) {
            return fail(Code::AlreadyExists, fmt::format("cannot make the folder {}: it is a file", part));
        }
        folders_.insert(part);
        if (end == std::string::npos) return {};
    }
}

Result<std::vector<DirectoryEntry>> MemoryFileSystem::list(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (!folders_.contains(path))
        return fail(Code::NotFound, fmt::format("cannot list {}: no such folder", path));
    std::vector<DirectoryEntry> entries;
    const auto add = [&](const std::string& full, bool directory) {
        if (full != path && folder_of(full) == path)
            entries.push_back({full.substr(full.rfind('/') + 1), directory});
    };
    for (const auto& [name, node] : names_) add(name, false);
    for (const auto& name : folders_) add(name, true);
    std::ranges::sort(entries, {}, &DirectoryEntry::name);
    return entries;
}

bool MemoryFileSystem::exists(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return names_.contains(path) || folders_.contains(path);
}

Result<void> MemoryFileSystem::sync_directory(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (!folders_.contains(path))
        return fail(Code::NotFound, fmt::format("cannot sync {}: no such folder", path));
    std::erase_if(durable_names_, [&](const auto& entry) { return folder_of(entry.first) == path; });
    for (const auto& [name, node] : names_) {
        if (folder_of(name) == path) durable_names_[name] = node;
    }
    return {};
}

Result<std::unique_ptr<FileLock>> MemoryFileSystem::lock(const std::string& path) {
    STENO_TRY(open_append(path));
    const std::lock_guard lock(locks_->first);
    if (!locks_->second.insert(path).second) {
        return fail(Code::FailedPrecondition, fmt::format("{} is locked by someone else", path));
    }
    const std::lock_guard names_lock(mutex_);
    auto& node = names_[path];
    if (!node) node = std::make_shared<Node>();
    return std::make_unique<Lock>(locks_, path, node);
}

}  // namespace steno::io
