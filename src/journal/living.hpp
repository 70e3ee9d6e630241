#pragma once

#include "base/error.hpp"
#include "base/uuid.hpp"
#include "io/file_system.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// What other processes may know of a stream while the process that writes it lives: that it does, by the
/// lock on `<stream>.lock`; and how much of it is durable, by what that file says (docs/formats/journal.md).
namespace steno::journal {

/// The writer's word: all records up to here are fsynced. Said after it is so; nothing of it is durable, as
/// it means nothing once the writer is dead.
Result<void> write_durable_note(io::FileLock& lock, std::uint64_t sequence);
/// What the writer said last; absent if there is no such word (yet), or it could only be read half.
std::optional<std::uint64_t> read_durable_note(io::FileSystem& files, const std::string& data_folder,
                                               const Uuid& stream);

/// Whether a process lives that writes this stream. Takes the lock for a moment if none does.
Result<bool> is_living(io::FileSystem& files, const std::string& data_folder, const Uuid& stream);

}  // namespace steno::journal
