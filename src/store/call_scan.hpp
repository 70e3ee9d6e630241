#pragma once

#include "base/error.hpp"
#include "record/field_table.hpp"
#include "store/call_store.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace steno::store {

/// Some fields of many calls, one call after the other. One thread at a time.
class CallScan {
  public:
    virtual ~CallScan() = default;
    /// The next call's values, one a field, in the order in which they were asked for. Empty: there are no
    /// more. Good until the next call.
    virtual Result<std::span<const FieldValue>> next() = 0;
};

/// What every backend is beside a CallStore: for exports, which read all there is once. Threads as there.
class CallScanner {
  public:
    virtual ~CallScanner() = default;
    /// These fields of all calls that fit, in the order of (started_at, id, project), those without a time
    /// last. Memory does not grow with the number of calls, and nobody else waits for it. It reads on while
    /// others apply: a call that comes or changes meanwhile may be among them or not. `fields`: indices in
    /// scalar_fields(), at least one, of headers and the preview; InvalidArgument otherwise. Must not outlive
    /// the store.
    virtual Result<std::unique_ptr<CallScan>> scan(const Selection& selection,
                                                   std::span<const std::size_t> fields) = 0;
};

/// The store, as one. Unimplemented: its backend is none.
Result<CallScanner*> scanner_of(CallStore& store);

/// InvalidArgument: no fields, or one that lives in the journal alone (or nowhere).
Result<void> check_scanned(std::span<const std::size_t> fields);

}  // namespace steno::store
