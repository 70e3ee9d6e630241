#pragma once

#include "net/http_client.hpp"

#include <functional>
#include <string_view>

namespace steno::net {

/// A request and an answer of any size, for the command line: blocking, from a thread that is no loop. The
/// head is told before the first piece of the body; a piece is asked for when the one before was taken (false
/// stops). An error: the answer broke off before its end.
Result<void> download(const BaseUrl& from, const RequestHead& head,
                      const std::function<void(const ResponseHead&)>& answered,
                      const std::function<bool(std::string_view)>& piece, ClientDeadlines deadlines);

}  // namespace steno::net
