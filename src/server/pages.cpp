#include "server/pages.hpp"

#include "base/embedded.hpp"
#include "net/content_coding.hpp"
#include "server/openapi.hpp"

#include <array>
#include <map>

std::span<const steno::Embedded> steno_pages();
std::span<const steno::Embedded> steno_openapi();

namespace steno::server {

namespace {

std::string_view type_of(std::string_view path) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kTypes{{
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".json", "application/json"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
    }};
    for (const auto& [ending, type] : kTypes) {
        if (path.ends_with(ending)) return type;
    }
    return "application/octet-stream";
}

/// Compressed once, at the first request for any page.
struct Asset {
    std::string_view plain;
    std::string packed;  ///< empty: compression does not pay
};

const std::map<std::string_view, Asset>& assets() {
    static const auto assets = [] {
        std::map<std::string_view, Asset> made;
        for (const Embedded& file : steno_pages()) {
            Asset asset{file.bytes, net::gzip(file.bytes)};
            if (asset.packed.size() >= file.bytes.size()) asset.packed.clear();
            made.emplace(file.path, std::move(asset));
        }
        return made;
    }();
    return assets;
}

}  // namespace

bool has_pages() {
    return !steno_pages().empty();
}

std::optional<Page> find_page(const net::RequestHead& request) {
    std::string_view path = request.path();
    path.remove_prefix(path.empty() ? 0 : 1);
    auto found = assets().find(path);
    if (found == assets().end()) {
        const std::string_view accept = request.headers.get("accept").value_or("");
        if (!path.empty() && accept.find("text/html") == std::string_view::npos) return std::nullopt;
        found = assets().find("index.html");
        if (found == assets().end()) return std::nullopt;
    }
    const Asset& asset = found->second;
    const std::string_view accepts = request.headers.get("accept-encoding").value_or("");
    Page page;
    page.content_type = type_of(found->first);
    page.gzipped = !asset.packed.empty() && accepts.find("gzip") != std::string_view::npos;
    page.body = page.gzipped ? std::string_view(asset.packed) : asset.plain;
    page.immutable = found->first.starts_with("assets/");
    return page;
}

std::string_view openapi_document() {
    return steno_openapi().front().bytes;
}

}  // namespace steno::server
