#include "inference/interval.hpp"

#include <fmt/core.h>

namespace steno::inference {

namespace {

Result<void> check_within(double value, double least, double most, const char* what, const char* example) {
    if (value >= least && value <= most) return {};
    return fail(Code::InvalidArgument,
                fmt::format("The {} is a share from {} to {}, and this is {}.", what, least, most, value),
                value > 1 && value < 100 ? fmt::format("{} percent is {}.", value, value / 100)
                                         : fmt::format("Usual is {}.", example));
}

}  // namespace

Result<void> check_confidence(double confidence) {
    return check_within(confidence, 0.5, 0.999999, "confidence", "0.95");
}

Result<void> check_power(double power) {
    return check_within(power, 0.01, 0.999999, "power", "0.8");
}

}  // namespace steno::inference
