#include "base/time.hpp"
#include <atomic>
#include <chrono>
#include <ctime>

namespace steno {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class SystemClock final : public Clock {
  public:
    Timestamp now() override {
        const auto since = std::chrono::system_clock::now().time_since_epoch();
        const std::int64_t nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
        return {nanos, offset_at(nanos / kSecond)};
    }

    std::int64_t steady_nanos() override {
        const auto since = std::chrono::steady_clock::now().time_since_epoch();
        return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
    }

  private:
    // localtime_r takes a lock and may stat a file; an offset holds for at least a quarter of an hour.
    std::int16_t offset_at(std::int64_t second) {
        const std::int64_t quarter = second / 900;
        const std::int64_t known = cached_.load(std::memory_order_relaxed);
        if (known >> 16 == quarter) return static_cast<std::int16_t>(known & 0xffff);
        const std::time_t when = second;
        std::tm local{};
        localtime_r(&when, &local);
        const auto offset = static_cast<std::int16_t>(local.tm_gmtoff / 60);
        cached_.store(quarter << 16 | static_cast<std::uint16_t>(offset), std::memory_order_relaxed);
        return offset;
    }

    std::atomic<std::int64_t> cached_{-1};
};

bool digits(std::string_view text, std::size_t at, std::size_t count, int& value) noexcept {
    value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (i >= text.size() || text[i] < '0' || text[i] > '9') return false;
        value = value * 10 + (text[i] - '0');
    }
    return true;
}

void put_digits(std::string& text, std::size_t at, std::size_t count, std::int64_t value) {
    for (; count-- > 0; value /= 10) text[at + count] = static_cast<char>('0' + value % 10);
}

}  // namespace

Clock& system_clock() {
    static SystemClock clock;
    return clock;
}

std::optional<Timestamp> Timestamp::parse(std::string_view text) noexcept {
    int year, month, day, hour, minute, second;
    if (text.size() < 20 || !digits(text, 0, 4, year) || text[4] != '-' || !digits(text, 5, 2, month) ||
        text[7] != '-' || !digits(text, 8, 2, day) ||
        (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || !digits(text, 11, 2, hour) ||
        text[13] != ':' || !digits(text, 14, 2, minute) || text[16] != ':' || !digits(text, 17, 2, second)) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || year < 1970 || year > 2261 || hour > 23 || minute > 59 || second > 60)
        return std::nullopt;
    std::size_t at = 19;
    std::int64_t fraction = 0;
    if (text[at] == '.') {
        std::int64_t unit = kSecond;
        const std::size_t first = ++at;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
            if (at - first >= 9) return std::nullopt;
            unit /= 10;
            fraction += unit * (text[at] - '0');
        }
        if (at == first) return std::nullopt;
    }
    int offset = 0;
    if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
        ++at;
    } else if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
        int hours, minutes;
        if (!digits(text, at + 1, 2, hours) || at + 3 >= text.size() || text[at + 3] != ':' ||
            !digits(text, at + 4, 2, minutes) || hours > 23 || minutes > 59) {
            return std::nullopt;
        }
        offset = (hours * 60 + minutes) * (text[at] == '-' ? -1 : 1);
        at += 6;
    } else {
        return std::nullopt;
    }
    if (at != text.size()) return std::nullopt;
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    const std::int64_t seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second;
    return Timestamp{seconds * kSecond + fraction, static_cast<std::int16_t>(offset)};
}

std::string Timestamp::to_string() const {
    const std::int64_t local = unix_nanos + std::int64_t{offset_minutes} * 60 * kSecond;
    std::int64_t seconds = local / kSecond;
    std::int64_t nanos = local % kSecond;
    if (nanos < 0) {
        nanos += kSecond;
        --seconds;
    }
    const auto when = std::chrono::sys_seconds(std::chrono::seconds(seconds));
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date(day);
    const auto in_day = (when - day).count();
    std::string text = "0000-00-00T00:00:00.000000000Z";
    put_digits(text, 0, 4, static_cast<int>(date.year()));
    put_digits(text, 5, 2, static_cast<unsigned>(date.month()));
    put_digits(text, 8, 2, static_cast<unsigned>(date.day()));
    put_digits(text, 11, 2, in_day / 3600);
    put_digits(text, 14, 2, in_day / 60 % 60);
    put_digits(text, 17, 2, in_day % 60);
    put_digits(text, 20, 9, nanos);
    if (offset_minutes == 0) return text;
    const int magnitude = offset_minutes < 0 ? -offset_minutes : offset_minutes;
    text.replace(29, 1, offset_minutes < 0 ? "-00:00" : "+00:00");
    put_digits(text, 30, 2, magnitude / 60);
    put_digits(text, 33, 2, magnitude % 60);
    return text;
}

}  // namespace steno
