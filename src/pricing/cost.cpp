#include "pricing/cost.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace steno::pricing {

namespace {

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kHour = 3600 * kMillion;  ///< in microseconds
/// Beyond any real count; keeps every product inside Decimal's range.
constexpr std::int64_t kMaxCount = 1'000'000'000'000;

std::int64_t count_of(const std::optional<std::int64_t>& value) {
    return value.value_or(0);
}

class Sum {
  public:
    Sum(Explanation& explanation, const Call& call)
        : out_(explanation), price_(*explanation.price), call_(call) {}

    void run() {
        if (!counts_are_sane() || !usage_is_complete()) return;
        if (!input_side() || !output_side() || !other_things()) return;
        Decimal total;
        for (const CostLine& line : out_.lines) total += line.amount;
        out_.total = total;
    }

  private:
    bool missing(std::string why) {
        out_.missing = std::move(why);
        return false;
    }

    bool counts_are_sane() {
        const Usage& u = call_.usage;
        for (const auto& value :
             {u.input_tokens, u.output_tokens, u.cache_read_tokens, u.cache_write_tokens.minutes_5,
              u.cache_write_tokens.minutes_30, u.cache_write_tokens.hours_1, u.cache_write_tokens.hours_12,
              u.cache_write_tokens.other, u.reasoning_tokens, u.audio_input_tokens, u.audio_output_tokens,
              u.image_input_tokens, u.image_output_tokens, u.cache_read_audio_tokens,
              u.cache_read_image_tokens, u.images, u.characters, u.pages, u.searches}) {
            if (value && (*value < 0 || *value > kMaxCount))
                return missing(fmt::format("the usage holds a count of {}, which cannot be right", *value));
        }
        if (u.seconds && !(*u.seconds >= 0 && *u.seconds <= 1e9))
            return missing(fmt::format("the usage holds {} seconds, which cannot be right", *u.seconds));
        return true;
    }

    /// A token count that should be there and is not (a stream that broke) must not look like zero.
    bool usage_is_complete() {
        const Usage& u = call_.usage;
        const bool free_of_charge = price_.input == Decimal{} && price_.output == Decimal{};
        const bool other_units = u.images || u.seconds || u.characters || u.pages || u.searches;
        if (!u.input_tokens && !u.output_tokens && !other_units && !free_of_charge)
            return missing("the call reports no usage");
        if (u.pages && !u.input_tokens && !u.output_tokens) return true;  // documents that are read
        switch (call_.kind) {
            case Kind::Chat:
            case Kind::Completion:
            case Kind::Vision:
            case Kind::Intent:
                if (!u.input_tokens) return missing("the call does not report its input tokens");
                if (!u.output_tokens) return missing("the call does not report its output tokens");
                break;
            default:
                break;
        }
        return true;
    }

    bool add(std::string_view thing, std::int64_t count, const std::optional<Decimal>& price, CostPart part,
             std::int64_t per = kMillion) {
        if (count == 0) return true;
        if (!price)
            return missing(fmt::format("no price for {} of {}/{}", thing, price_.provider, price_.model));
        out_.lines.push_back({std::string(thing), count, per, *price, price->times(count, per), part});
        return true;
    }

    /// A medium's input tokens, and how many of them were read from the cache. Nothing: not to be told.
    struct Medium {
        std::int64_t tokens = 0;
        std::int64_t cached = 0;
        [[nodiscard]] std::int64_t fresh() const { return tokens - cached; }
    };

    /// `as_text`: it costs what text costs, and needs no line of its own.
    std::optional<Medium> medium(const std::optional<std::int64_t>& tokens,
                                 const std::optional<std::int64_t>& cached, bool as_text) {
        if (as_text || (count_of(tokens) == 0 && count_of(cached) == 0)) return Medium{};
        const Usage& u = call_.usage;
        if (written_ > 0 || (count_of(u.cache_read_tokens) > 0 && !cached)) return std::nullopt;
        return Medium{count_of(tokens), count_of(cached)};
    }

    bool input_side() {
        const Usage& u = call_.usage;
        const CacheWrites& writes = u.cache_write_tokens;
        written_ = count_of(writes.minutes_5) + count_of(writes.minutes_30) + count_of(writes.hours_1) +
                   count_of(writes.hours_12) + count_of(writes.other);
        const bool audio_as_text = price_.audio_input && price_.audio_input == price_.input &&
                                   (!price_.audio_cache_read || price_.audio_cache_read == price_.cache_read);
        const bool image_as_text = (!price_.image_input || price_.image_input == price_.input) &&
                                   (!price_.image_cache_read || price_.image_cache_read == price_.cache_read);
        const auto audio = medium(u.audio_input_tokens, u.cache_read_audio_tokens, audio_as_text);
        const auto image = medium(u.image_input_tokens, u.cache_read_image_tokens, image_as_text);
        if (!audio || !image) return missing("cached and fresh audio or image tokens cannot be told apart");

        const std::int64_t reads = count_of(u.cache_read_tokens);
        const std::int64_t text_reads = reads - audio->cached - image->cached;
        const std::int64_t text =
            count_of(u.input_tokens) - reads - written_ - audio->fresh() - image->fresh();
        if (text < 0 || audio->fresh() < 0 || image->fresh() < 0)
            return missing(fmt::format("of {} input tokens, {} are said to be cached, audio or image",
                                       count_of(u.input_tokens),
                                       reads + written_ + audio->fresh() + image->fresh()));
        if (text_reads < 0)
            return missing(fmt::format("of {} cache reads, {} are said to be audio or image", reads,
                                       audio->cached + image->cached));
        using enum CostPart;
        return add("input tokens", text, price_.input, Input) &&
               add("audio input tokens", audio->fresh(), price_.audio_input, Input) &&
               add("image input tokens", image->fresh(), price_.image_input, Input) &&
               add("cache reads", text_reads, price_.cache_read, Cache) &&
               add("audio cache reads", audio->cached, price_.audio_cache_read, Cache) &&
               add("image cache reads", image->cached, price_.image_cache_read, Cache) &&
               add("cache writes (5 minutes)", count_of(writes.minutes_5), price_.cache_write_5m, Cache) &&
               add("cache writes (30 minutes)", count_of(writes.minutes_30), price_.cache_write_30m, Cache) &&
               add("cache writes (1 hour)", count_of(writes.hours_1), price_.cache_write_1h, Cache) &&
               add("cache writes (12 hours)", count_of(writes.hours_12), price_.cache_write_12h, Cache) &&
               add("cache writes", count_of(writes.other), price_.cache_write, Cache);
    }

    bool output_side() {
        const Usage& u = call_.usage;
        const std::int64_t audio =
            price_.audio_output && price_.audio_output == price_.output ? 0 : count_of(u.audio_output_tokens);
        const std::int64_t image = !price_.image_output || price_.image_output == price_.output
                                       ? 0
                                       : count_of(u.image_output_tokens);
        const std::int64_t text = count_of(u.output_tokens) - audio - image;
        if (text < 0)
            return missing(fmt::format("of {} output tokens, {} are said to be audio or image",
                                       count_of(u.output_tokens), audio + image));
        return add("output tokens", text, price_.output, CostPart::Output) &&
               add("audio output tokens", audio, price_.audio_output, CostPart::Output) &&
               add("image output tokens", image, price_.image_output, CostPart::Output);
    }

    /// Counted in microseconds, so that fractions of a second stay exact.
    bool audio_time(const std::optional<Decimal>& price, std::int64_t per) {
        const auto micros = static_cast<std::int64_t>(std::llround(call_.usage.seconds.value_or(0) * 1e6));
        const auto& least = price_.least_for_time;
        if (micros > 0 && price && least && price->times(micros, per) < *least)
            return add("least for a call", 1, least, CostPart::Other, 1);
        return add("microseconds of audio", micros, price, CostPart::Other, per);
    }

    /// Where tokens are billed, images, seconds, characters and pages only describe them.
    bool other_things() {
        const Usage& u = call_.usage;
        const bool by_tokens = u.input_tokens || u.output_tokens;
        const auto described = [&](const std::optional<Decimal>& price) { return by_tokens && !price; };
        if (!described(price_.per_image) &&
            !add("images", count_of(u.images), price_.per_image, CostPart::Other, 1))
            return false;
        const auto& time = price_.per_hour ? price_.per_hour : price_.per_second;
        if (!described(time) && !audio_time(time, price_.per_hour ? kHour : kMillion)) return false;
        if (!described(price_.per_page) &&
            !add("pages", count_of(u.pages), price_.per_page, CostPart::Other, 1))
            return false;
        if (!described(price_.per_million_characters) &&
            !add("characters", count_of(u.characters), price_.per_million_characters, CostPart::Other))
            return false;
        const std::int64_t searches = count_of(u.searches);
        if (price_.per_searching_call)
            return add("a call that searched", searches > 0 ? 1 : 0, price_.per_searching_call,
                       CostPart::Other, 1);
        return add("searches", searches, price_.per_search, CostPart::Other, 1);
    }

    Explanation& out_;
    const Price& price_;
    const Call& call_;
    std::int64_t written_ = 0;  ///< tokens, by all durations
};

}  // namespace

void sum_up(Explanation& explanation, const Call& call) {
    Sum(explanation, call).run();
}

}  // namespace steno::pricing
