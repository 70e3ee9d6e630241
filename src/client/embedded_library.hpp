#pragma once

#include <cstddef>
#include <cstdint>

/// How libsteno reaches libsteno_embedded, which it loads when it is told to write into a data folder: a
/// table of functions, by the one symbol that the library exports. Plain C types, as the two have nothing
/// else in common.
namespace steno::client {

struct EmbeddedError {
    std::int32_t code = 0;    ///< of base/error.hpp
    char message[1024] = {};  ///< what happened and what to try; ends with a zero
};

struct EmbeddedReceipt {
    std::uint64_t accepted = 0;
    std::uint64_t rejected = 0;
    EmbeddedError first_rejected;  ///< why; if there was one
};

/// Nothing throws. `recording` is what `open` gave.
struct EmbeddedLibrary {
    static constexpr std::uint32_t kVersion = 1;

    std::uint32_t version;
    /// Begins a stream of this process in the folder (made if missing). Null: see the error.
    void* (*open)(const char* data_folder, EmbeddedError* error) noexcept;
    /// Takes a delivery (docs/formats/delivery.md). True: what was accepted is fsynced or, with patience 0,
    /// is in the file, where it survives the death of this process. Any threads.
    bool (*record)(void* recording, const char* delivery, std::size_t bytes, std::int64_t patience_ms,
                   EmbeddedReceipt* receipt, EmbeddedError* error) noexcept;
    /// From now on `record` waits for no fsync any more, and who waits is told so. Any thread.
    void (*cancel)(void* recording) noexcept;
    /// Fsyncs, and ends the stream. Nobody may be in `record`.
    void (*close)(void* recording) noexcept;
    /// In a child after fork(), which must not use `recording` in any other way.
    void (*let_go_after_fork)(void* recording) noexcept;
};

inline constexpr const char* kEmbeddedSymbol = "steno_embedded_library";
using EmbeddedEntry = const EmbeddedLibrary* (*)() noexcept;

}  // namespace steno::client
