#include "simulator/knobs.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace steno::simulator {

namespace {

struct NumberKnob {
    std::string_view key;
    std::optional<std::int64_t> Knobs::* member;
    std::int64_t min;
    std::int64_t max;
};

constexpr std::int64_t kLongest = 3'600'000;    // milliseconds
constexpr std::int64_t kMost = 1'000'000;       // chunks, tokens
constexpr std::int64_t kLargest = 256ll << 20;  // bytes

constexpr std::array<NumberKnob, 20> kNumbers{{
    {"status", &Knobs::status, 400, 599},
    {"retry-after", &Knobs::retry_after, 0, 86'400},
    {"limit-requests", &Knobs::limit_requests, 1, kMost},
    {"remaining-requests", &Knobs::remaining_requests, 0, kMost},
    {"limit-tokens", &Knobs::limit_tokens, 1, 1'000 * kMost},
    {"remaining-tokens", &Knobs::remaining_tokens, 0, 1'000 * kMost},
    {"reset-ms", &Knobs::reset_ms, 0, 86'400'000},
    {"stream-error-after", &Knobs::stream_error_after, 0, kMost},
    {"cut-after", &Knobs::cut_after, 0, kMost},
    {"cut-after-bytes", &Knobs::cut_after_bytes, 0, kLargest},
    {"delay-ms", &Knobs::delay_ms, 0, kLongest},
    {"chunk-delay-ms", &Knobs::chunk_delay_ms, 0, kLongest},
    {"chunks", &Knobs::chunks, 1, kMost},
    {"tokens", &Knobs::tokens, 1, kMost},
    {"cached", &Knobs::cached, 0, kMost},
    {"cache-write", &Knobs::cache_write, 0, kMost},
    {"cache-write-1h", &Knobs::cache_write_1h, 0, kMost},
    {"reasoning", &Knobs::reasoning, 0, kMost},
    {"split", &Knobs::split, 1, kLargest},
    {"size", &Knobs::size, 1, kLargest},
}};

struct WordKnob {
    std::string_view key;
    std::string Knobs::* member;
    std::string_view allowed;  ///< separated by blanks; empty: any
};

constexpr std::array<WordKnob, 7> kWords{{
    {"error", &Knobs::error,
     "auth content_filter context_length invalid not_found overloaded permission quota rate_limit server "
     "timeout"},
    {"malformed", &Knobs::malformed, "json sse"},
    {"tool", &Knobs::tool, ""},
    {"tools", &Knobs::tools, "parallel none"},
    {"finish", &Knobs::finish, "length content_filter"},
    {"usage", &Knobs::usage, "none"},
    {"encoding", &Knobs::encoding, "gzip br"},
}};

struct FlagKnob {
    std::string_view key;
    bool Knobs::* member;
};

constexpr std::array<FlagKnob, 4> kFlags{{{"echo", &Knobs::echo},
                                          {"silent", &Knobs::silent},
                                          {"crlf", &Knobs::crlf},
                                          {"instant", &Knobs::instant}}};

bool is_one_of(std::string_view value, std::string_view allowed) {
    if (allowed.empty()) return true;
    for (const std::string_view word : split(allowed, ' '))
        if (word == value) return true;
    return false;
}

}  // namespace

Result<void> set_knob(Knobs& knobs, std::string_view key, std::string_view value) {
    for (const NumberKnob& knob : kNumbers) {
        if (knob.key != key) continue;
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (error != std::errc{} || end != value.data() + value.size() || number < knob.min ||
            number > knob.max)
            return fail(Code::InvalidArgument,
                        fmt::format("the knob \"{}\" takes a number from {} to {}, not \"{}\"", key, knob.min,
                                    knob.max, value.substr(0, 40)));
        knobs.*knob.member = number;
        return {};
    }
    for (const WordKnob& knob : kWords) {
        if (knob.key != key) continue;
        if (!is_one_of(value, knob.allowed))
            return fail(Code::InvalidArgument,
                        fmt::format("the knob \"{}\" takes one of: {}", key, knob.allowed));
        knobs.*knob.member = value;
        return {};
    }
    for (const FlagKnob& knob : kFlags) {
        if (knob.key != key) continue;
        if (value != "1" && value != "0")
            return fail(Code::InvalidArgument, fmt::format("the knob \"{}\" takes 1 or 0", key));
        knobs.*knob.member = value == "1";
        return {};
    }
    if (key == "text") {
        knobs.text = value;
        return {};
    }
    return fail(Code::InvalidArgument, fmt::format("there is no knob \"{}\"", key.substr(0, 40)));
}

Result<void> set_from_headers(Knobs& knobs, const net::Headers& headers) {
    constexpr std::string_view kPrefix = "x-sim-";
    for (const auto& [name, value] : headers) {
        if (name.size() <= kPrefix.size() ||
            !equals_ignoring_case(std::string_view(name).substr(0, kPrefix.size()), kPrefix))
            continue;
        STENO_TRY(set_knob(knobs, lower_case(std::string_view(name).substr(kPrefix.size())),
                           net::percent_decode(value)));
    }
    return {};
}

Result<void> take_from_text(Knobs& knobs, std::string& text) {
    constexpr std::string_view kOpening = "[sim ";
    for (auto begin = text.find(kOpening); begin != std::string::npos; begin = text.find(kOpening, begin)) {
        const auto end = text.find(']', begin);
        if (end == std::string::npos) break;
        const std::string inside = text.substr(begin + kOpening.size(), end - begin - kOpening.size());
        for (const std::string_view word : split(inside, ' ')) {
            const auto equals = word.find('=');
            const std::string_view value = equals == std::string_view::npos ? "1" : word.substr(equals + 1);
            STENO_TRY(set_knob(knobs, word.substr(0, equals), net::percent_decode(value)));
        }
        text.erase(begin, end - begin + 1);
    }
    text = trim(text);
    return {};
}

Result<void> set_knobs(Knobs& knobs, const net::Headers& headers, std::string& text) {
    STENO_TRY(set_from_headers(knobs, headers));
    return take_from_text(knobs, text);
}

}  // namespace steno::simulator
