#include "base/repeats.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace steno::log {
namespace {

constexpr std::size_t kMaxQuoted = 160;

/// The message without its words that have digits.
std::string kind_of(std::string_view message) {
    std::string kind;
    while (!message.empty()) {
        const std::size_t end = std::min(message.find(' ') + 1, message.size());
        const std::string_view word = message.substr(0, end == 0 ? message.size() : end);
        if (std::ranges::none_of(word, [](char c) { return c >= '0' && c <= '9'; })) kind += word;
        message.remove_prefix(word.size());
    }
    return kind;
}

}  // namespace

Repeats::Verdict Repeats::judge(std::string_view message, std::int64_t now_nanos) {
    Verdict verdict;
    if (now_nanos - looked_ > kWindowNanos / 10) {
        looked_ = now_nanos;
        close_windows(now_nanos, verdict.told);
    }
    const std::string name = kind_of(message);
    const auto found = kinds_.find(name);
    if (found == kinds_.end()) {
        if (kinds_.size() < kMaxKinds)
            kinds_[name] = {now_nanos, 1, std::string(message.substr(0, kMaxQuoted))};
        return verdict;
    }
    verdict.write = ++found->second.seen <= kMost;
    return verdict;
}

void Repeats::close_windows(std::int64_t now_nanos, std::vector<std::string>& told) {
    for (auto kind = kinds_.begin(); kind != kinds_.end();) {
        if (now_nanos - kind->second.since < kWindowNanos) {
            ++kind;
            continue;
        }
        if (kind->second.seen > kMost) {
            told.push_back(fmt::format("{} more like this within {} s: {}", kind->second.seen - kMost,
                                       (now_nanos - kind->second.since) / 1'000'000'000, kind->second.first));
        }
        kind = kinds_.erase(kind);
    }
}

}  // namespace steno::log
