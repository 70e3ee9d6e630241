#include "pricing/amounts.hpp"

#include <algorithm>
#include <array>

namespace steno::pricing {

namespace {

constexpr std::int64_t kMillion = 1'000'000;
using enum AmountGroup;

constexpr std::array<Amount, 22> kAmounts{{
    {"input", &Price::input, kMillion, Input},
    {"output", &Price::output, kMillion, Output},
    {"cache_read", &Price::cache_read, kMillion, Cache},
    {"cache_write_5m", &Price::cache_write_5m, kMillion, Cache},
    {"cache_write_30m", &Price::cache_write_30m, kMillion, Cache},
    {"cache_write_1h", &Price::cache_write_1h, kMillion, Cache},
    {"cache_write_12h", &Price::cache_write_12h, kMillion, Cache},
    {"cache_write", &Price::cache_write, kMillion, Cache},
    {"audio_input", &Price::audio_input, kMillion, Input},
    {"audio_output", &Price::audio_output, kMillion, Output},
    {"audio_cache_read", &Price::audio_cache_read, kMillion, Cache},
    {"image_input", &Price::image_input, kMillion, Input},
    {"image_output", &Price::image_output, kMillion, Output},
    {"image_cache_read", &Price::image_cache_read, kMillion, Cache},
    {"per_image", &Price::per_image, 1, Other},
    {"per_second", &Price::per_second, 1, Other},
    {"per_hour", &Price::per_hour, 1, Other},
    {"least_for_time", &Price::least_for_time, 1, Other},
    {"per_page", &Price::per_page, 1, Other},
    {"per_search", &Price::per_search, 1, Other},
    {"per_searching_call", &Price::per_searching_call, 1, Other},
    {"per_million_characters", &Price::per_million_characters, 1, Other},
}};

}  // namespace

std::span<const Amount> amounts() {
    return kAmounts;
}

const Amount* amount_named(std::string_view name) {
    const auto* const found = std::ranges::find(kAmounts, name, &Amount::name);
    return found == kAmounts.end() ? nullptr : found;
}

}  // namespace steno::pricing
