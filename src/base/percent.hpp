#pragma once

#include <string>

namespace steno {

/// A measured share as people read it, everywhere with the same digits: "12.5 %" of 0.125, "133.5 %"
/// of 1.33484. What is less than a tenth of a percent has two digits that tell something: "0.012 %".
/// Thresholds, which people chose, are shown as they were written and not by this.
std::string percent_text(double share);

}  // namespace steno
