#pragma once

#include "base/error.hpp"

#include <string>

namespace steno::cli {

/// What the process that has a data folder says of itself there, in server.json.
struct ServerNote {
    std::string url;
    bool ends_with_a_program = false;  ///< it is `steno run`
};

/// Tells commands that work on the folder where its server is. Removed at the end; a stale one is recognised
/// because the folder's lock is free.
class ServerFile {
  public:
    ServerFile(const std::string& folder, const ServerNote& note);
    ~ServerFile();
    ServerFile(const ServerFile&) = delete;
    ServerFile& operator=(const ServerFile&) = delete;

  private:
    std::string path_;
};

/// FailedPrecondition: none has said so.
Result<ServerNote> server_of(const std::string& folder);

}  // namespace steno::cli
