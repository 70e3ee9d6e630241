#include "store/call_scan.hpp"

#include <algorithm>

namespace steno::store {

Result<CallScanner*> scanner_of(CallStore& store) {
    if (auto* scanner = dynamic_cast<CallScanner*>(&store)) return scanner;
    return fail(Code::Unimplemented, "this store cannot be read as a whole");
}

Result<void> check_scanned(std::span<const std::size_t> fields) {
    const auto all = scalar_fields();
    const auto held = [&](std::size_t field) {
        return field < all.size() &&
               (all[field].place == Place::Header || all[field].path.starts_with("preview."));
    };
    if (!fields.empty() && std::ranges::all_of(fields, held)) return {};
    return fail(Code::InvalidArgument, "a scan takes fields of the header and the preview");
}

}  // namespace steno::store
