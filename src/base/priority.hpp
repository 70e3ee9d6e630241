#pragma once

namespace steno {

/// This thread, as Linux has it, lets others go first: for work that nobody waits for. Where that is not
/// possible, nothing but the pace of others changes.
void let_others_go_first();

}  // namespace steno
