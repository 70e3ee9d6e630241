#pragma once

#include "base/error.hpp"
#include "store/call_store.hpp"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace steno::ingest {

/// Opens the store whose files live in this folder (made if missing).
using StoreFactory = std::function<Result<std::unique_ptr<store::CallStore>>(const std::string& folder)>;

/// open(folder), for somebody who may not have the time: an engine that reads back its log, or waits for its
/// disk, cannot be asked to stop. It opens on a thread of its own. Cancelled as soon as `stop` is requested:
/// then that thread is left behind, with its copy of what was given, and closes the store again if it ever
/// has it. A process in which one was left behind must not run the destructors of the program's statics,
/// which the engine may still use: it ends with std::_Exit.
Result<std::unique_ptr<store::CallStore>> open_stoppably(const StoreFactory& open, const std::string& folder,
                                                         const std::stop_token& stop);

}  // namespace steno::ingest
