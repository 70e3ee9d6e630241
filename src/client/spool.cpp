#include "client/spool.hpp"

#include "base/bytes.hpp"
#include "record/delivery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace steno::client {

namespace {

// A file is one delivery, of which a server takes 64 MB and 10,000 calls.
constexpr std::uint64_t kRotateBytes = 4u << 20;
constexpr std::uint64_t kRotateCalls = 5000;
constexpr std::uint64_t kLargest = 128u
                                   << 20;  // with the largest batch behind: beyond it a file is none of ours
constexpr std::string_view kEnding = ".spool";

std::unexpected<Error> failed(std::string_view doing, const std::string& path) {
    const int error = errno;
    return fail(error == ENOSPC || error == EDQUOT ? Code::ResourceExhausted : Code::Unavailable,
                fmt::format("{} {}: {}", doing, path, std::strerror(error)));
}

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
    for (const File& file : ready_) ::close(file.descriptor);
    writing_.reset();
    ready_.clear();
}

Result<void> Spool::open_file() {
    std::error_code ignored;
    const std::filesystem::path folder(folder_);
    if (!std::filesystem::exists(folder, ignored)) {
        std::filesystem::create_directories(folder.parent_path(), ignored);
        if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return failed("making", folder_);
    }
    while (true) {
        File file;
        file.path = fmt::format("{}/{}-{}{}", folder_, ::getpid(), next_number_++, kEnding);
        file.descriptor = ::open(file.path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
        if (file.descriptor < 0 && errno == EEXIST) continue;  // of a process that had this number before
        if (file.descriptor < 0) return failed("making", file.path);
        if (::flock(file.descriptor, LOCK_EX | LOCK_NB) != 0) {  // somebody adopted it in between
            ::close(file.descriptor);
            continue;
        }
        const ssize_t written = ::write(file.descriptor, kDeliveryHead.data(), kDeliveryHead.size());
        if (written != static_cast<ssize_t>(kDeliveryHead.size())) {
            auto error = failed("writing", file.path);
            ::unlink(file.path.c_str());
            ::close(file.descriptor);
            return error;
        }
        file.bytes = kDeliveryHead.size();
        writing_ = std::move(file);
        return {};
    }
}

Result<void> Spool::append(std::string_view frames, std::uint64_t calls) {
    const std::lock_guard lock(mutex_);
    if (bytes_ + frames.size() > max_bytes_) {
        return fail(Code::ResourceExhausted,
                    fmt::format("the spool folder {} holds {} bytes of this program, and may hold {}",
                                folder_, bytes_, max_bytes_),
                    "start the server, or raise max_spool_bytes");
    }
    if (writing_ && (writing_->bytes >= kRotateBytes || writing_->calls >= kRotateCalls)) {
        ready_.push_back(std::move(*writing_));
        writing_.reset();
    }
    if (!writing_) STENO_TRY(open_file());
    ssize_t written = 0;
    do {
        written = ::write(writing_->descriptor, frames.data(), frames.size());
    } while (written < 0 && errno == EINTR);
    if (written != static_cast<ssize_t>(frames.size())) {
        if (written >= 0) errno = ENOSPC;
        auto error = failed("writing", writing_->path);
        // The beginning of a frame must not stand before the next one.
        if (::ftruncate(writing_->descriptor, static_cast<off_t>(writing_->bytes)) != 0) {
            ready_.push_back(std::move(*writing_));
            writing_.reset();
        }
        return error;
    }
    writing_->bytes += frames.size();
    writing_->calls += calls;
    bytes_ += frames.size();
    return {};
}

void Spool::adopt() {
    std::error_code error;
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
        if (entry.path().extension() == kEnding) found.push_back(entry.path().string());
    }
    std::ranges::sort(found);
    for (const std::string& path : found) {
        if (writing_ && writing_->path == path) continue;
        if (std::ranges::any_of(ready_, [&](const File& file) { return file.path == path; })) continue;
        File file{path, ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), 0, 0};
        if (file.descriptor < 0) continue;
        struct stat facts{};
        // Between opening and locking, whoever had it may have sent and removed it.
        if (::flock(file.descriptor, LOCK_EX | LOCK_NB) != 0 || ::fstat(file.descriptor, &facts) != 0 ||
            facts.st_nlink == 0) {
            ::close(file.descriptor);
            continue;
        }
        file.bytes = static_cast<std::uint64_t>(facts.st_size);
        ready_.push_back(std::move(file));
    }
}

Result<std::optional<Spool::Waiting>> Spool::next() {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(looked_, true)) adopt();
    while (true) {
        if (ready_.empty() && writing_) {
            ready_.push_back(std::move(*writing_));
            writing_.reset();
        }
        if (ready_.empty()) return std::nullopt;
        File& file = ready_.front();
        STENO_ASSIGN(std::string body, read_whole(file.descriptor, file.path));
        const auto [whole, calls] = whole_frames(body);
        if (calls != 0) {
            body.resize(whole);
            return Waiting{file.path, std::move(body), calls};
        }
        // Nothing in it, or nothing that can be read.
        const bool broken = std::max<std::uint64_t>(body.size(), file.bytes) > kDeliveryHead.size();
        const std::string path = file.path;
        if (broken) {
            ::rename(path.c_str(), (path + ".broken").c_str());
        } else {
            ::unlink(path.c_str());
        }
        ::close(file.descriptor);
        ready_.erase(ready_.begin());
        if (broken) {
            return fail(Code::DataLoss,
                        fmt::format("{} cannot be read and was kept as {}.broken", path, path));
        }
    }
}

void Spool::remove(const Waiting& waiting) {
    const std::lock_guard lock(mutex_);
    const auto file = std::ranges::find(ready_, waiting.path, &File::path);
    if (file == ready_.end()) return;
    ::unlink(file->path.c_str());
    ::close(file->descriptor);
    const std::uint64_t frames = waiting.body.size() - kDeliveryHead.size();
    bytes_ -= std::min(bytes_, frames);  // those that were adopted are not counted
    ready_.erase(file);
}

std::uint64_t Spool::calls_in(std::string_view body) {
    return whole_frames(body).second;
}

bool Spool::empty() const {
    const std::lock_guard lock(mutex_);
    return !writing_ && ready_.empty();
}

}  // namespace steno::client
