#include "client/prompt_folder.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include "client/private_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <tuple>
#include <unistd.h>
#include <vector>

namespace steno::client {

namespace {

constexpr std::size_t kMostFiles = 1000;
constexpr std::uint64_t kMostBytes = 64u << 20;

}  // namespace

PromptFolder::PromptFolder(const std::string& spool_folder, std::uint64_t max_bytes)
    : spool_folder_(spool_folder),
      folder_(spool_folder + "/prompts"),
      max_bytes_(std::min(max_bytes, kMostBytes)) {}

std::string PromptFolder::path_of(std::string_view question) const {
    return fmt::format("{}/{}.json", folder_, to_hex(as_text(sha256(question))));
}

void PromptFolder::keep(std::string_view question, std::string_view answer) const {
    if (answer.size() > max_bytes_ || !make_private_folder(spool_folder_) || !make_private_folder(folder_))
        return;
    static std::atomic<std::uint64_t> written{0};
    const std::string path = path_of(question);
    const std::string fresh = fmt::format("{}/{}-{}.new", folder_, ::getpid(), ++written);
    make_room(path, answer.size());
    const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return;
    const bool whole = write_whole(descriptor, 0, answer, fresh).has_value();
    ::close(descriptor);
    if (!whole || ::rename(fresh.c_str(), path.c_str()) != 0) ::unlink(fresh.c_str());
}

void PromptFolder::make_room(const std::string& path, std::uint64_t bytes) const {
    std::vector<std::tuple<std::filesystem::file_time_type, std::uint64_t, std::string>> files;
    std::uint64_t sum = bytes;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder_, error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code gone;
        const auto at = entry->last_write_time(gone);
        const std::uint64_t size = gone ? 0 : entry->file_size(gone);
        if (gone || entry->path() == path) continue;
        files.emplace_back(at, size, entry->path().string());
        sum += size;
    }
    std::ranges::sort(files);
    std::size_t left = files.size();
    for (const auto& [at, size, name] : files) {
        if (left < kMostFiles && sum <= max_bytes_) return;
        ::unlink(name.c_str());
        --left;
        sum -= size;
    }
}

std::optional<std::string> PromptFolder::find(std::string_view question) const {
    if (max_bytes_ == 0 || !check_private_folder(folder_)) return std::nullopt;
    const int descriptor = ::open(path_of(question).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) return std::nullopt;
    struct stat facts{};
    std::string answer;
    if (::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_uid == ::geteuid() &&
        static_cast<std::uint64_t>(facts.st_size) <= max_bytes_) {
        answer.resize(static_cast<std::size_t>(facts.st_size));
        const ssize_t got = ::read(descriptor, answer.data(), answer.size());
        answer.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    }
    ::close(descriptor);
    if (answer.empty()) return std::nullopt;
    return answer;
}

void PromptFolder::forget(std::string_view question) const {
    if (max_bytes_ != 0) ::unlink(path_of(question).c_str());
}

}  // namespace steno::client
