#pragma once

#include "cli/api_client.hpp"

namespace steno::cli {

/// As Api::open, for those who read all of a record once: a store of this process keeps no more of it in
/// memory than that takes.
Result<std::unique_ptr<Api>> open_lean(const Program& program, const RecordFlags& flags);

/// The store itself, with all that has been recorded until now; null where a server has it.
store::CallStore* store_of(Api& api);

/// The folder itself, likewise.
ingest::DataFolder* data_of(Api& api);

/// An answer that a server sends as it is made: calls `piece` with each part of its body until that fails;
/// its error, or that of an answer that breaks off. Unimplemented without a server.
Result<void> stream(Api& api, const std::string& target,
                    const std::function<Result<void>(std::string_view)>& piece);

}  // namespace steno::cli
