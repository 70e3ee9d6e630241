#pragma once

#include "base/error.hpp"
#include "client/embedded_library.hpp"
#include "client/transport.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace steno::client {

/// A data folder that this process writes its calls to itself, in the place of a server. The library that can
/// do so, libsteno_embedded, is loaded, and the folder opened, when the first call is there to be written; if
/// that fails it is tried again, but for a library that is missing.
class EmbeddedFolder {
  public:
    /// A relative path is meant from where the process is now.
    explicit EmbeddedFolder(const std::string& data_folder);
    ~EmbeddedFolder() { close(); }
    EmbeddedFolder(const EmbeddedFolder&) = delete;
    EmbeddedFolder& operator=(const EmbeddedFolder&) = delete;

    /// Writes a delivery. Any threads at a time; errors as Transport::deliver. The receipt comes when all of
    /// it is fsynced or, with no patience, written: then it survives the death of this process.
    Result<Receipt> record(std::string_view delivery, std::chrono::milliseconds patience);
    /// Who waits for an fsync waits no more. Any thread.
    void cancel();
    /// Fsyncs, and ends what this process has to say. Nothing is taken any more.
    void close();
    /// Around fork(): while a thread opens the folder and records for the first time, half of what it makes
    /// would be in the child, and what it initialises there would never be done. So this waits until nobody
    /// does, and until the fork nobody begins to. True: `after_fork_in_parent` is to follow, on the same
    /// thread. False: a disk that hangs has held it up for kForkPatience; then what the child records may
    /// wait for ever.
    bool before_fork() noexcept;
    void after_fork_in_parent() noexcept;
    static constexpr std::chrono::seconds kForkPatience{1};
    /// In a child after fork(): lets go of what is the parent's. To be used no more.
    void forget_after_fork() noexcept;

    /// A Transport into the folder, which must outlive it.
    static std::unique_ptr<Transport> transport(EmbeddedFolder& folder);

  private:
    Result<void*> opened();

    const std::string data_folder_;
    std::shared_mutex using_;     ///< shared: by who records
    std::timed_mutex beginning_;  ///< held from the folder's opening to the end of the first `record`
    std::atomic<bool> begun_{false};
    std::mutex opening_;
    const EmbeddedLibrary* library_ = nullptr;  ///< written before recording_
    std::atomic<void*> recording_{nullptr};
    bool closed_ = false;
    bool cancelled_ = false;
    Error failed_;  ///< why it could not be opened, until `again_at_`
    std::chrono::steady_clock::time_point again_at_{};
};

}  // namespace steno::client
