#include "base/text.hpp"
#include "record/bounded.hpp"
#include "record/fields.hpp"
#include "record/json.hpp"
#include "record/json_members.hpp"
#include "record/json_reader.hpp"
#include "record/members.hpp"

#include <charconv>
#include <cmath>

namespace steno {

namespace {

using members::Enum;
using members::Group;
using members::List;
using members::Map;
using members::Optional;

std::string_view words_for(JsonReader::Type type) {
    switch (type) {
        case JsonReader::Type::Object:
            return "an object";
        case JsonReader::Type::Array:
            return "an array";
        case JsonReader::Type::String:
            return "a string";
        case JsonReader::Type::Number:
            return "a number";
        case JsonReader::Type::Boolean:
            return "a boolean";
        case JsonReader::Type::Null:
            return "null";
        case JsonReader::Type::Invalid:
            break;
    }
    return "nothing";
}

/// Milliseconds in decimal to nanoseconds: exact where the text has up to twelve places, which is beyond a
/// nanosecond already; else through a double, as that is where such a text came from.
std::optional<Duration> parse_milliseconds(std::string_view token) {
    constexpr __int128 kUnitsPerNano = Decimal::kOne / 1'000'000;
    if (const auto exact = Decimal::parse(token)) {
        const __int128 units = exact->units();
        const __int128 nanos = (units + (units < 0 ? -kUnitsPerNano : kUnitsPerNano) / 2) / kUnitsPerNano;
        if (nanos > INT64_MAX || nanos < INT64_MIN) return std::nullopt;
        return Duration{static_cast<std::int64_t>(nanos)};
    }
    double value = 0;
    const auto parsed = std::from_chars(token.data(), token.data() + token.size(), value);
    if (parsed.ec != std::errc{} || std::abs(value) > 9e12) return std::nullopt;
    return Duration{std::llround(value * 1e6)};
}

/// Fills groups from objects. The first thing that does not fit ends it, and is told with its path.
class Filler {
  public:
    explicit Filler(std::string_view text, std::vector<std::string>* ignored = nullptr,
                    ItemBudget* items = nullptr)
        : in_(text), ignored_(ignored), items_(items) {}

    /// The whole text into `value`.
    template <class T>
    Result<void> all(T& value) {
        if (read(value) && in_.at_end()) return {};
        return failure();
    }

    /// The whole text into a score and the name that stands among its members.
    Result<void> named(std::string& name, Score& score) {
        const auto other = [&](std::string_view key) {
            if (key != "name") return in_.skip();
            return at(key, [&] { return read(name); });
        };
        if (group(score, other) && in_.at_end()) return {};
        return failure();
    }

    template <class T>
    bool read(T& value) {
        if constexpr (std::same_as<T, std::string>) {
            return expect(JsonReader::Type::String) && in_.string(value);
        } else if constexpr (std::same_as<T, Json>) {
            value.text.clear();
            return in_.raw(value.text);
        } else if constexpr (std::same_as<T, bool>) {
            return expect(JsonReader::Type::Boolean) && in_.boolean(value);
        } else if constexpr (std::same_as<T, std::int64_t>) {
            return integer(value);
        } else if constexpr (std::same_as<T, double>) {
            return number(value);
        } else if constexpr (std::same_as<T, Duration>) {
            return duration(value);
        } else if constexpr (std::same_as<T, Decimal>) {
            return decimal(value);
        } else if constexpr (std::same_as<T, Timestamp>) {
            return parsed(value, "a time as in RFC 3339, such as 2026-11-20T10:00:00.5Z");
        } else if constexpr (std::same_as<T, Uuid>) {
            return parsed(value, "a UUID");
        } else if constexpr (std::same_as<T, AttributeValue>) {
            return attribute(value);
        } else if constexpr (Enum<T>) {
            return name(value);
        } else if constexpr (Optional<T>) {
            typename T::value_type inner{};
            if (!read(inner)) return false;
            value = std::move(inner);
            return true;
        } else if constexpr (List<T>) {
            return list(value);
        } else if constexpr (Map<T>) {
            return map(value);
        } else {
            static_assert(Group<T>);
            return group(value, [this](std::string_view key) { return ignore(key); });
        }
    }

  private:
    std::unexpected<Error> failure() {
        std::string message = complaint_.empty() ? "not valid JSON: " + in_.problem() : complaint_;
        return fail(Code::InvalidArgument, path_.empty() ? message : path_ + ": " + message);
    }

    bool refuse(std::string complaint) {
        if (complaint_.empty() && !in_.failed()) complaint_ = std::move(complaint);
        return false;
    }

    bool mismatch(std::string_view wanted, JsonReader::Type got) {
        return refuse(std::string("expected ").append(wanted).append(", got ").append(words_for(got)));
    }

    bool ignore(std::string_view key) {
        if (ignored_ != nullptr && ignored_->size() < kMostIgnored) {
            std::string path = path_.empty() ? "" : path_ + '.';
            ignored_->push_back(path.append(key.substr(0, 100)));
        }
        return in_.skip();
    }

    bool expect(JsonReader::Type type) {
        const auto got = in_.peek();
        return got == type || mismatch(words_for(type), got);
    }

    /// Runs body with `step` on the path. A failure leaves the path as it is, for the message.
    template <class Body>
    bool at(std::string_view step, Body&& body) {
        const std::size_t before = path_.size();
        if (!path_.empty() && !step.starts_with('[')) path_ += '.';
        path_ += step;
        if (!body()) return false;
        path_.resize(before);
        return true;
    }

    template <Group G, class Other>
    bool group(G& g, Other&& other) {
        if (!expect(JsonReader::Type::Object)) return false;
        return in_.object([&](std::string_view key) {
            bool known = false;
            bool good = true;
            describe(g, [&](std::uint32_t, const char* name, auto& member, Place) {
                if (known || key != name) return;
                known = true;
                good = this->at(key, [&] { return this->member<G>(member); });
            });
            return known ? good : other(key);
        });
    }

    template <Group G, class M>
    bool member(M& m) {
        if constexpr (!std::same_as<M, Json>) {
            if (in_.peek() == JsonReader::Type::Null) return in_.null();
        }
        if constexpr (std::same_as<G, RawBytes>) {
            return bytes(m);
        } else {
            return read(m);
        }
    }

    template <class T>
    bool list(std::vector<T>& items) {
        items.clear();
        if (!expect(JsonReader::Type::Array)) return false;
        return in_.array([&] {
            if (!may_have_more()) return false;
            return at("[" + std::to_string(items.size()) + "]", [&] { return read(items.emplace_back()); });
        });
    }

    template <class T>
    bool map(std::map<std::string, T>& entries) {
        entries.clear();
        if (!expect(JsonReader::Type::Object)) return false;
        return in_.object([&](std::string_view key) {
            return at(key, [&] {
                if (!may_have_more()) return false;
                if (in_.peek() == JsonReader::Type::Null) return in_.null();
                T value{};
                if (!read(value)) return false;
                entries.insert_or_assign(std::string(key), std::move(value));
                return true;
            });
        });
    }

    bool may_have_more() {
        return items_ == nullptr || items_->take() || refuse("lists and maps have too many entries");
    }

    bool integer(std::int64_t& value) {
        const auto got = in_.peek();
        if (got != JsonReader::Type::Number) return mismatch("an integer", got);
        std::string_view token;
        if (!in_.number(token)) return false;
        const char* end = token.data() + token.size();
        const auto result = std::from_chars(token.data(), end, value);
        if (result.ec == std::errc::result_out_of_range) return refuse("the integer is out of range");
        return result.ptr == end || refuse("expected an integer, got a number with a fraction or exponent");
    }

    bool number(double& value) {
        std::string_view token;
        if (!expect(JsonReader::Type::Number) || !in_.number(token)) return false;
        const auto result = std::from_chars(token.data(), token.data() + token.size(), value);
        return result.ec == std::errc{} || refuse("the number is out of range");
    }

    bool duration(Duration& value) {
        const auto got = in_.peek();
        if (got != JsonReader::Type::Number) return mismatch("a number of milliseconds", got);
        std::string_view token;
        if (!in_.number(token)) return false;
        const auto exact = parse_milliseconds(token);
        if (!exact) return refuse("the number of milliseconds is out of range");
        value = *exact;
        return true;
    }

    bool decimal(Decimal& value) {
        const auto got = in_.peek();
        std::string text;
        std::string_view token;
        if (got == JsonReader::Type::String) {
            if (!in_.string(text)) return false;
            token = text;
        } else if (got == JsonReader::Type::Number) {
            if (!in_.number(token)) return false;
        } else {
            return mismatch("a decimal in a string", got);
        }
        const auto exact = Decimal::parse(token);
        if (!exact) return refuse("expected a decimal of at most twelve places, such as \"0.00000465\"");
        value = *exact;
        return true;
    }

    template <class T>
    bool parsed(T& value, std::string_view what) {
        const auto got = in_.peek();
        if (got != JsonReader::Type::String) return mismatch(what, got);
        std::string text;
        if (!in_.string(text)) return false;
        const auto result = T::parse(text);
        if (!result) return refuse(std::string("expected ").append(what));
        value = *result;
        return true;
    }

    template <Enum E>
    bool name(E& value) {
        std::string text;
        if (!expect(JsonReader::Type::String) || !in_.string(text)) return false;
        if (from_string(text, value)) return true;
        std::string names;
        for (const std::string_view known : members::names_of<E>()) {
            if (!names.empty()) names += ", ";
            names += known;
        }
        return refuse("expected one of " + names);
    }

    bool attribute(AttributeValue& value) {
        switch (const auto got = in_.peek(); got) {
            case JsonReader::Type::String:
                return read(value.emplace<std::string>());
            case JsonReader::Type::Number:
                return read(value.emplace<double>());
            case JsonReader::Type::Boolean:
                return read(value.emplace<bool>());
            default:
                return mismatch("a string, number or boolean", got);
        }
    }

    /// Exact bytes: text, or {"base64": "…"}.
    bool bytes(std::string& exact) {
        const auto got = in_.peek();
        if (got == JsonReader::Type::String) return in_.string(exact);
        if (got != JsonReader::Type::Object) return mismatch("a string or {\"base64\": …}", got);
        bool found = false;
        const bool read_all = in_.object([&](std::string_view key) {
            if (key != "base64") return in_.skip();
            return at(key, [&] {
                std::string text;
                if (!read(text)) return false;
                auto decoded = from_base64(text);
                if (!decoded) return refuse("expected base64 with padding (RFC 4648)");
                exact = std::move(*decoded);
                found = true;
                return true;
            });
        });
        return read_all && (found || refuse("expected a string or {\"base64\": …}"));
    }

    JsonReader in_;
    std::vector<std::string>* ignored_;
    ItemBudget* items_;
    std::string path_;
    std::string complaint_;
};

}  // namespace

Result<Call> call_from_json(std::string_view text) {
    Call call;
    STENO_TRY(Filler(text).all(call));
    return call;
}

Result<Call> call_from_json(std::string_view text, std::vector<std::string>& ignored, ItemBudget& items) {
    Call call;
    auto filled = Filler(text, &ignored, &items).all(call);
    if (filled) return call;
    if (items.exceeded) filled.error().code = Code::ResourceExhausted;
    return std::unexpected(std::move(filled).error());
}

Result<Feedback> feedback_from_json(std::string_view text) {
    Feedback feedback;
    STENO_TRY(Filler(text).all(feedback));
    return feedback;
}

Result<std::pair<std::string, Score>> score_from_json(std::string_view text) {
    std::pair<std::string, Score> named;
    Filler filler(text);
    STENO_TRY(filler.named(named.first, named.second));
    if (named.first.empty()) return fail(Code::InvalidArgument, "name: a score needs a name");
    return named;
}

namespace members {
Result<void> read_json(std::string_view text, std::vector<Attempt>& attempts) {
    return Filler(text).all(attempts);
}
Result<void> read_json(std::string_view text, std::map<std::string, Truncation>& truncated) {
    return Filler(text).all(truncated);
}
Result<void> read_json(std::string_view text, std::map<std::string, Limit>& windows) {
    return Filler(text).all(windows);
}
}  // namespace members

}  // namespace steno
