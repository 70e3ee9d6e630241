#include "client/embedded_folder.hpp"

#include <algorithm>
#include <dlfcn.h>
#include <filesystem>
#include <utility>

namespace steno::client {
namespace {

constexpr std::chrono::milliseconds kPause{1000};  ///< between tries to open a folder
constexpr const char* kLibraryName = STENO_EMBEDDED_LIBRARY;

Error error_of(const EmbeddedError& error) {
    return {static_cast<Code>(error.code), error.message};
}

/// Stays loaded: its threads and what it has of fork() live as long as the process.
Result<const EmbeddedLibrary*> load() {
    void* const handle = ::dlopen(kLibraryName, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const char* const why = ::dlerror();
        return fail(
            Code::Unimplemented,
            std::string("calls cannot be written to a data folder: ") + (why == nullptr ? kLibraryName : why),
            "it is installed beside libsteno, and is in the Python package");
    }
    const auto entry = reinterpret_cast<EmbeddedEntry>(::dlsym(handle, kEmbeddedSymbol));
    const EmbeddedLibrary* const library = entry == nullptr ? nullptr : entry();
    if (library == nullptr || library->version != EmbeddedLibrary::kVersion)
        return fail(Code::Unimplemented, std::string(kLibraryName) + " is of another version than libsteno");
    return library;
}

class FolderTransport final : public Transport {
  public:
    explicit FolderTransport(EmbeddedFolder& folder) : folder_(folder) {}
    void deliver(const std::string& body, std::uint64_t, std::chrono::milliseconds patience,
                 std::function<void(Result<Receipt>)> answered) override {
        answered(folder_.record(body, patience));
    }
    void cancel() override { folder_.cancel(); }

  private:
    EmbeddedFolder& folder_;
};

}  // namespace

std::unique_ptr<Transport> EmbeddedFolder::transport(EmbeddedFolder& folder) {
    return std::make_unique<FolderTransport>(folder);
}

EmbeddedFolder::EmbeddedFolder(const std::string& data_folder)
    : data_folder_(std::filesystem::absolute(data_folder).string()) {}

Result<void*> EmbeddedFolder::opened() {
    if (void* const recording = recording_.load(std::memory_order_acquire)) return recording;
    const std::lock_guard lock(opening_);
    if (void* const recording = recording_.load()) return recording;
    if (closed_) return fail(Code::Unavailable, "recording has ended");
    const auto now = std::chrono::steady_clock::now();
    if (now < again_at_) return std::unexpected(failed_);
    const auto note = [&](Error error, std::chrono::steady_clock::time_point again_at) {
        again_at_ = again_at;
        failed_ = std::move(error);
        return std::unexpected(failed_);
    };
    if (library_ == nullptr) {
        auto library = load();
        if (!library) return note(std::move(library).error(), std::chrono::steady_clock::time_point::max());
        library_ = *library;
    }
    EmbeddedError error;
    void* const recording = library_->open(data_folder_.c_str(), &error);
    if (recording == nullptr) return note(error_of(error), now + kPause);
    if (cancelled_) library_->cancel(recording);
    recording_.store(recording, std::memory_order_release);
    return recording;
}

Result<Receipt> EmbeddedFolder::record(std::string_view delivery, std::chrono::milliseconds patience) {
    const std::shared_lock in_use(using_);
    std::unique_lock beginning(beginning_, std::defer_lock);
    if (!begun_.load(std::memory_order_acquire) &&
        !beginning.try_lock_for(std::max<std::chrono::milliseconds>(patience, kForkPatience)))
        return fail(Code::Unavailable, "the data folder is not open yet");
    STENO_ASSIGN(void* const recording, opened());
    EmbeddedReceipt receipt;
    EmbeddedError error;
    if (!library_->record(recording, delivery.data(), delivery.size(), patience.count(), &receipt, &error))
        return std::unexpected(error_of(error));
    begun_.store(true, std::memory_order_release);
    return Receipt{receipt.accepted, receipt.rejected, receipt.first_rejected.message};
}

void EmbeddedFolder::cancel() {
    const std::lock_guard lock(opening_);
    cancelled_ = true;
    if (void* const recording = recording_.load()) library_->cancel(recording);
}

void EmbeddedFolder::close() {
    const std::lock_guard nobody_records(using_);
    const std::lock_guard lock(opening_);
    closed_ = true;
    if (void* const recording = recording_.exchange(nullptr)) library_->close(recording);
}

bool EmbeddedFolder::before_fork() noexcept {
    return beginning_.try_lock_for(kForkPatience);
}

void EmbeddedFolder::after_fork_in_parent() noexcept {
    beginning_.unlock();
}

void EmbeddedFolder::forget_after_fork() noexcept {
    // Other threads' locks may be held for ever here: none is taken.
    if (void* const recording = recording_.exchange(nullptr)) library_->let_go_after_fork(recording);
}

}  // namespace steno::client
