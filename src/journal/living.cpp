#include "journal/living.hpp"

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "journal/format.hpp"

#include <cstring>
#include <string_view>

namespace steno::journal {
namespace {

constexpr std::size_t kNoteBytes = 12;  // the sequence, and its CRC
constexpr int kReadAttempts = 3;        // of a note that is being written

}  // namespace

Result<void> write_durable_note(io::FileLock& lock, std::uint64_t sequence) {
    char note[kNoteBytes];
    std::memcpy(note, &sequence, sizeof sequence);
    const std::uint32_t crc = crc32c({note, sizeof sequence});
    std::memcpy(note + sizeof sequence, &crc, sizeof crc);
    return lock.write({note, sizeof note});
}

std::optional<std::uint64_t> read_durable_note(io::FileSystem& files, const std::string& data_folder,
                                               const Uuid& stream) {
    const auto file = files.open_read(stream_lock_path(data_folder, stream));
    if (!file) return std::nullopt;
    for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
        char note[kNoteBytes];
        const auto got = (*file)->read(0, note);
        if (!got || *got < sizeof note) return std::nullopt;
        std::uint64_t sequence = 0;
        std::uint32_t crc = 0;
        std::memcpy(&sequence, note, sizeof sequence);
        std::memcpy(&crc, note + sizeof sequence, sizeof crc);
        if (crc == crc32c({note, sizeof sequence})) return sequence;
    }
    return std::nullopt;
}

Result<bool> is_living(io::FileSystem& files, const std::string& data_folder, const Uuid& stream) {
    const std::string path = stream_lock_path(data_folder, stream);
    if (!files.exists(path)) return false;
    const auto lock = files.lock(path);
    if (lock) return false;
    if (lock.error().code == Code::FailedPrecondition) return true;
    return std::unexpected(lock.error());
}

}  // namespace steno::journal
