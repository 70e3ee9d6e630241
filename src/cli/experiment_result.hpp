#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"

#include <simdjson.h>

namespace steno::cli {

/// The answer of GET /api/v1/experiments/{name}/result, for people.
Result<void> print_experiment_result(Api& api, simdjson::dom::element answer);

}  // namespace steno::cli
