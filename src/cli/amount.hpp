#pragma once

#include "base/percent.hpp"
#include "cli/call_view.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace steno::cli {

/// Numbers of an answer, as their unit wants them: that of an object with the members "unit" and "currency".
class Amount {
  public:
    explicit Amount(simdjson::dom::element metric)
        : unit_(text_at(metric, "/unit")), currency_(text_at(metric, "/currency")) {}

    [[nodiscard]] std::string text(double value) const {
        if (unit_ == "share") return percent_text(value);
        if (unit_ == "ms") return milliseconds(value);
        if (unit_ == "money") return money(fmt::format("{:.{}f}", value, places(value)), currency_);
        return value >= 1000 ? grouped(std::llround(value)) : fmt::format("{:.4g}", value);
    }
    [[nodiscard]] std::string at(simdjson::dom::element metric, const char* pointer) const {
        return has(metric, pointer) ? text(number_at(metric, pointer)) : kUnknown;
    }
    [[nodiscard]] std::string difference(double value) const {
        if (unit_ == "share") return fmt::format("{:+.1f}", value * 100);
        const std::string size = text(std::abs(value));
        return value > 0 ? "+" + size : value < 0 ? "-" + size : size;
    }
    [[nodiscard]] std::string difference_at(simdjson::dom::element metric, const char* pointer) const {
        return has(metric, pointer) ? difference(number_at(metric, pointer)) : kUnknown;
    }

  private:
    /// Three that tell something.
    static int places(double value) {
        const double size = std::abs(value);
        return size == 0 ? 2 : std::clamp(2 - static_cast<int>(std::floor(std::log10(size))), 2, 12);
    }
    std::string unit_, currency_;
};

}  // namespace steno::cli
