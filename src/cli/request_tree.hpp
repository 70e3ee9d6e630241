#pragma once

#include <simdjson.h>

/// A request as a person wants to see it: its calls as a tree, and what they come to.
namespace steno::cli {

/// `request`: as GET /api/v1/requests/ID gives it.
void print_request(simdjson::dom::element request);

}  // namespace steno::cli
