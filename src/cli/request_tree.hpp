#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"

#include <simdjson.h>

#include <string>

/// A request as a person wants to see it: its calls as a tree, and what they come to.
namespace steno::cli {

/// The request with this id, as GET /api/v1/requests/ID gives it; else the only one whose id begins so.
/// (The API itself takes whole ids alone: they are any text, and a program that asks for "r-1" does not mean
/// "r-10".) InvalidArgument names some if there are several; NotFound.
Result<std::string> request_meant(Api& api, const std::string& id);

/// "function taskOperations create", "chat answer (gpt-4o)".
std::string what_of(simdjson::dom::element call);

/// `request`: as GET /api/v1/requests/ID gives it.
void print_request(simdjson::dom::element request);

}  // namespace steno::cli
