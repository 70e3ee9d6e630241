#include "client/embedded_library.hpp"
#include "client/no_signals.hpp"
#include "embedded/recording.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <string_view>

/// libsteno_embedded.so, as libsteno sees it.
namespace steno::embedded {
namespace {

using client::EmbeddedError;
using client::EmbeddedLibrary;
using client::EmbeddedReceipt;

void tell(EmbeddedError& out, Code code, std::string_view message, std::string_view remedy = {}) noexcept {
    out.code = static_cast<std::int32_t>(code);
    std::size_t used = 0;
    const auto add = [&](std::string_view text) {
        const std::size_t part = std::min(text.size(), sizeof out.message - 1 - used);
        std::memcpy(out.message + used, text.data(), part);
        used += part;
    };
    add(message);
    if (!remedy.empty()) add("; ");
    add(remedy);
    out.message[used] = '\0';
}

void tell(EmbeddedError& out, const Error& error) noexcept {
    tell(out, error.code, error.message, error.remedy);
}

/// Of a library that is no program of its own nothing may escape.
template <class Work>
auto guarded(EmbeddedError& error, Work&& work) noexcept -> decltype(work()) {
    try {
        return work();
    } catch (const std::exception& exception) {
        tell(error, Code::Unavailable, exception.what());
    } catch (...) {
        tell(error, Code::Unavailable, "an unknown exception");
    }
    return {};
}

void* open(const char* data_folder, EmbeddedError* error) noexcept {
    return guarded(*error, [&]() -> void* {
        const client::NoSignals as_they_start;
        auto recording = Recording::open(data_folder);
        if (recording) return recording->release();
        tell(*error, recording.error());
        return nullptr;
    });
}

bool record(void* recording, const char* delivery, std::size_t bytes, std::int64_t patience_ms,
            EmbeddedReceipt* receipt, EmbeddedError* error) noexcept {
    return guarded(*error, [&] {
        auto done = static_cast<Recording*>(recording)->record({delivery, bytes},
                                                               std::chrono::milliseconds(patience_ms));
        if (!done) {
            tell(*error, done.error());
            return false;
        }
        receipt->accepted = done->accepted;
        receipt->rejected = done->rejected;
        if (done->rejected > 0) tell(receipt->first_rejected, done->first_rejected);
        return true;
    });
}

void cancel(void* recording) noexcept {
    static_cast<Recording*>(recording)->cancel();
}

void close(void* recording) noexcept {
    EmbeddedError unheard;
    guarded(unheard, [&] {
        delete static_cast<Recording*>(recording);
        return true;
    });
}

void let_go_after_fork(void* recording) noexcept {
    static_cast<Recording*>(recording)->let_go_after_fork();
}

constexpr EmbeddedLibrary kLibrary{EmbeddedLibrary::kVersion, open, record, cancel, close, let_go_after_fork};

}  // namespace
}  // namespace steno::embedded

extern "C" const steno::client::EmbeddedLibrary* steno_embedded_library() noexcept {
    return &steno::embedded::kLibrary;
}
