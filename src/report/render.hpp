#pragma once

#include "base/error.hpp"
#include "report/document.hpp"

#include <string>

namespace steno::report {

/// One file that needs no other: style and pictures are in it, there is no script, nothing is fetched. Light
/// or dark as the reader's machine is; prints on white.
std::string html(const Document& document);

/// A4 pages with their numbers; text can be selected and searched; rows of tables are not cut. Letters that
/// no font of the machine has are shown as boxes with their code. Internal: the library refused.
Result<std::string> pdf(const Document& document);

}  // namespace steno::report
