#pragma once

#include "server/api.hpp"

/// What is asked of prices of the user's own beside those that there are: whether they fit, and that a
/// re-pricing by them be undone.
namespace steno::server {

Result<ApiAnswer> fit_prices(Services&, const ApiRequest&);
Result<ApiAnswer> undo_repricing(Services&, const ApiRequest&);

}  // namespace steno::server
