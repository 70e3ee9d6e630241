#include "store/view_scan.hpp"

namespace steno::store {

Result<ViewScanner*> view_scanner_of(CallStore& store) {
    if (auto* scanner = dynamic_cast<ViewScanner*>(&store)) return scanner;
    return fail(Code::Unimplemented, "SQL cannot be asked of this store",
                "it needs store.engine = \"duckdb\", which is the default");
}

}  // namespace steno::store
