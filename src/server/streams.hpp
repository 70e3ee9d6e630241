#pragma once

#include "exports/pieces.hpp"
#include "net/http_server.hpp"
#include "net/workers.hpp"
#include "server/api.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steno::server {

/// An answer that may be of any size.
struct Stream {
    std::string content_type;
    std::string file_name;  ///< under which a browser saves it
    std::unique_ptr<exports::Pieces> pieces;
};

/// What opens one; runs beside the loops.
using StreamOpener = Result<Stream> (*)(Services&, const ApiRequest&);

struct StreamRoute {
    StreamOpener open = nullptr;
    std::vector<std::string> captures;
};
/// Those of GET. Nothing: no stream is at this path.
std::optional<StreamRoute> find_stream(std::string_view path);

/// Answers that are sent as they are read. The next piece is read when the one before was taken, so memory
/// does not grow with the answer or with a client that is slow, and no thread waits for one. A stream that
/// could not be brought to its end is cut: its last chunk is missing, which every HTTP client tells from an
/// end.
class Streams {
  public:
    explicit Streams(Services& services) : services_(services) {}

    /// Serves one, on its loop; or the answer that says why not, before anything was sent.
    net::Task<std::optional<ApiAnswer>> serve(net::ServerExchange& exchange, StreamRoute route);

    static constexpr int kAtOnce = 8;

  private:
    Services& services_;
    std::atomic<int> running_{0};
    net::Workers workers_{2};  ///< reading is what they do, never waiting for a client
};

// One file a resource.
Result<Stream> export_calls(Services&, const ApiRequest&);
Result<Stream> daily_file(Services&, const ApiRequest&);

}  // namespace steno::server
