#pragma once

#include "net/http.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace steno::server {

/// The web page, built from ui/ and embedded in the program.
struct Page {
    std::string_view content_type;
    std::string_view body;
    bool gzipped = false;
    bool immutable = false;  ///< its name changes with its content: may be cached for ever
};

/// The file of that path. Paths without one, of a browser that asks for HTML, give the application's first
/// page, which shows what the path names. Nothing when the program was built without the page.
std::optional<Page> find_page(const net::RequestHead& request);
bool has_pages();

}  // namespace steno::server
