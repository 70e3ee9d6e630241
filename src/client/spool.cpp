#include "client/spool.hpp"

#include "base/bytes.hpp"
#include "client/private_folder.hpp"
#include "record/delivery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <ranges>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace steno::client {

namespace {

// A file is one delivery, of which a server takes 64 MB and 10,000 calls.
constexpr std::uint64_t kRotateBytes = 4u << 20;
constexpr std::uint64_t kRotateCalls = 5000;
constexpr std::uint64_t kLargest = 128u
                                   << 20;  // with the largest batch behind: beyond it a file is none of ours
constexpr std::string_view kEnding = ".spool";
constexpr std::size_t kMostFound = 1000;  // of the others' files at a time

/// The length of the head and all whole frames, and how many those are.
std::pair<std::size_t, std::uint64_t> whole_frames(std::string_view body) {
    if (!body.starts_with(kDeliveryHead)) return {0, 0};
    ByteReader in(body.substr(kDeliveryHead.size()));
    std::size_t whole = kDeliveryHead.size();
    std::uint64_t calls = 0;
    while (!in.at_end()) {
        in.text();
        if (!in.ok()) break;
        whole = body.size() - in.left();
        ++calls;
    }
    return {whole, calls};
}

Result<std::string> read_whole(int descriptor, const std::string& path) {
    std::string body;
    struct stat facts{};
    if (::fstat(descriptor, &facts) != 0) return failed("reading", path);
    if (!S_ISREG(facts.st_mode) || static_cast<std::uint64_t>(facts.st_size) > kLargest) return body;
    body.resize(static_cast<std::size_t>(facts.st_size));
    std::size_t done = 0;
    while (done < body.size()) {
        const ssize_t got =
            ::pread(descriptor, body.data() + done, body.size() - done, static_cast<off_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed("reading", path);
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    body.resize(done);
    return body;
}

}  // namespace

Spool::Spool(std::string folder, std::uint64_t max_bytes)
    : folder_(std::move(folder)), max_bytes_(max_bytes) {}

Spool::~Spool() {
    let_go();
}

void Spool::let_go() {
    if (writing_) ::close(writing_->descriptor);
    if (!ready_.empty() && ready_.front().descriptor >= 0) ::close(ready_.front().descriptor);
    writing_.reset();
    ready_.clear();
}

void Spool::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    let_go();
}

void Spool::look_again() {
    const std::lock_guard lock(mutex_);
    more_ = true;
}

/// False: somebody else has it, or (errno) there are no locks here.
static bool take_lock(int descriptor) {
    int outcome = 0;
    do {
        outcome = ::flock(descriptor, LOCK_EX | LOCK_NB);
    } while (outcome != 0 && errno == EINTR);
    return outcome == 0;
}

Result<void> Spool::open_file() {
    STENO_TRY(make_private_folder(folder_));
    while (true) {
        File file;
        file.path = fmt::format("{}/{}-{}{}", folder_, ::getpid(), next_number_++, kEnding);
        file.descriptor = ::open(file.path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
        if (file.descriptor < 0 && errno == EEXIST) continue;  // of a process that had this number before
        if (file.descriptor < 0) return failed("making", file.path);
        if (!take_lock(file.descriptor)) {
            const bool adopted = errno == EWOULDBLOCK;  // by somebody, in between
            auto error = failed("locking", file.path);
            ::close(file.descriptor);
            if (adopted) continue;
            ::unlink(file.path.c_str());
            return error;
        }
        if (auto written = write_whole(file.descriptor, 0, kDeliveryHead, file.path); !written) {
            ::unlink(file.path.c_str());
            ::close(file.descriptor);
            return written;
        }
        file.bytes = kDeliveryHead.size();
        writing_ = std::move(file);
        return {};
    }
}

/// What is written waits with the others, open no more: a server that is away for long must not take the
/// program's file descriptors.
void Spool::end_file() {
    ::close(std::exchange(writing_->descriptor, -1));
    ready_.push_back(std::move(*writing_));
    writing_.reset();
}

Result<void> Spool::append(std::string_view frames, std::uint64_t calls) {
    const std::lock_guard lock(mutex_);
    if (closed_) return fail(Code::Unavailable, "recording has ended");
    if (bytes_ + frames.size() > max_bytes_) {
        return fail(Code::ResourceExhausted,
                    fmt::format("the spool folder {} holds {} bytes of this program, and may hold {}",
                                folder_, bytes_, max_bytes_),
                    "start the server, or raise max_spool_bytes");
    }
    if (writing_ && (writing_->bytes >= kRotateBytes || writing_->calls >= kRotateCalls)) end_file();
    if (!writing_) STENO_TRY(open_file());
    auto written = write_whole(writing_->descriptor, writing_->bytes, frames, writing_->path);
    if (!written) {
        // The beginning of a frame must not stand before the next one.
        if (::ftruncate(writing_->descriptor, static_cast<off_t>(writing_->bytes)) != 0) end_file();
        return written;
    }
    writing_->bytes += frames.size();
    writing_->calls += calls;
    bytes_ += frames.size();
    return {};
}

/// Those in the folder that this process does not know of, before its own: they are older, most likely.
Result<void> Spool::find_files() {
    struct stat facts{};
    if (::stat(folder_.c_str(), &facts) != 0) return {};  // not made yet
    STENO_TRY(check_private_folder(folder_));
    std::error_code error;
    std::vector<std::pair<std::filesystem::file_time_type, std::string>> found;
    for (std::filesystem::directory_iterator entry(folder_, error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().extension() != kEnding) continue;
        std::string path = entry->path().string();
        if (writing_ && writing_->path == path) continue;
        if (std::ranges::find(ready_, path, &File::path) != ready_.end()) continue;
        std::error_code gone;
        const auto written = std::filesystem::last_write_time(path, gone);
        if (!gone) found.emplace_back(written, std::move(path));
    }
    std::ranges::sort(found);
    if (found.size() > kMostFound) found.resize(kMostFound);
    for (auto& [written, path] : found | std::views::reverse)
        ready_.push_front({.path = std::move(path), .descriptor = -1, .bytes = 0, .calls = 0});
    return {};
}

/// False: another process has it, or had it and has sent it.
bool Spool::lock(File& file) {
    if (file.descriptor >= 0) return true;
    const int descriptor = ::open(file.path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) return false;
    struct stat facts{};
    if (!take_lock(descriptor) || ::fstat(descriptor, &facts) != 0 || facts.st_nlink == 0) {
        ::close(descriptor);
        return false;
    }
    file.descriptor = descriptor;
    return true;
}

void Spool::forget_first() {
    File& file = ready_.front();
    if (file.descriptor >= 0) ::close(file.descriptor);
    const std::uint64_t frames = file.bytes - std::min<std::uint64_t>(file.bytes, kDeliveryHead.size());
    bytes_ -= std::min(bytes_, frames);
    ready_.pop_front();
}

Result<std::optional<Spool::Waiting>> Spool::next() {
    const std::lock_guard lock_of_this(mutex_);
    while (true) {
        if (ready_.empty() && std::exchange(more_, false)) look_ = true;
        if (std::exchange(look_, false)) STENO_TRY(find_files());
        if (ready_.empty() && writing_) end_file();
        if (ready_.empty()) return std::nullopt;
        File& file = ready_.front();
        if (!lock(file)) {
            forget_first();
            continue;
        }
        if (file.bytes == 0) more_ = true;  // where others left one there may be more than kMostFound
        auto read = read_whole(file.descriptor, file.path);
        if (!read) {
            std::rotate(ready_.begin(), ready_.begin() + 1, ready_.end());  // the others first
            ::close(std::exchange(ready_.back().descriptor, -1));
            return std::unexpected(std::move(read).error());
        }
        std::string& body = *read;
        const auto [whole, calls] = whole_frames(body);
        if (calls != 0) {
            body.resize(whole);
            return Waiting{file.path, std::move(body), calls};
        }
        // Nothing in it, or nothing that can be read.
        struct stat facts{};
        const bool broken = ::fstat(file.descriptor, &facts) != 0 ||
                            static_cast<std::uint64_t>(facts.st_size) > kDeliveryHead.size();
        const std::string path = file.path;
        const int outcome =
            broken ? ::rename(path.c_str(), (path + ".broken").c_str()) : ::unlink(path.c_str());
        if (outcome != 0) more_ = false;  // it would be found again, and again
        forget_first();
        if (broken) {
            return fail(Code::DataLoss,
                        fmt::format("{} cannot be read and was kept as {}.broken", path, path));
        }
    }
}

void Spool::remove(const Waiting& waiting) {
    const std::lock_guard lock(mutex_);
    if (ready_.empty() || ready_.front().path != waiting.path) return;
    if (::unlink(waiting.path.c_str()) != 0) more_ = false;  // as above
    forget_first();
}

std::uint64_t Spool::calls_in(std::string_view body) {
    return whole_frames(body).second;
}

std::uint64_t Spool::room() const {
    const std::lock_guard lock(mutex_);
    return max_bytes_ - std::min(bytes_, max_bytes_);
}

Spool::Left Spool::left() const {
    const std::lock_guard lock(mutex_);
    Left left;
    const auto add = [&](const File& file) {
        if (file.calls == 0) return;
        left.where = left.calls == 0 ? file.path : folder_;
        left.calls += file.calls;
    };
    std::ranges::for_each(ready_, add);
    if (writing_) add(*writing_);
    return left;
}

bool Spool::empty() const {
    const std::lock_guard lock(mutex_);
    return !writing_ && ready_.empty() && !look_ && !more_;
}

}  // namespace steno::client
