#include "prompt_types/settings.hpp"

#include "base/json_or_null.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "record/json_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>
#include <utility>

namespace steno::prompt_types {

namespace {

Result<void> wrong(std::string_view member, std::string_view takes) {
    return fail(Code::InvalidArgument, fmt::format("{}: {}", member, takes));
}

bool is_plain(std::string_view text) {
    return is_valid_utf8(text) && std::ranges::none_of(text, [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
           });
}

/// One member of the object.
class MemberReader {
  public:
    MemberReader(JsonReader& json, std::string_view name) : json_(json), name_(name) {}

    Result<void> flag(bool& value) {
        if (json_.peek() != JsonReader::Type::Boolean || !json_.boolean(value))
            return wrong(name_, "true or false, or null for the default");
        return {};
    }

    Result<void> text(std::string& value, std::size_t most, bool one_line) {
        value.clear();
        if (json_.peek() != JsonReader::Type::String || !json_.string(value))
            return wrong(name_, "a text, or null for none");
        if (value.size() > most) return wrong(name_, fmt::format("at most {} bytes", most));
        if (one_line && !is_plain(value)) return wrong(name_, "no control characters");
        return {};
    }

    Result<void> share(double& value, std::string_view example) {
        std::string_view token;
        double number = -1;
        if (json_.peek() == JsonReader::Type::Number && json_.number(token)) {
            const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
            if (error != std::errc() || end != token.data() + token.size()) number = -1;
        }
        if (!(number >= 0 && number <= 1))
            return wrong(name_, fmt::format("a number from 0 to 1: {}", example));
        value = number;
        return {};
    }

    Result<void> count(std::int64_t& value, std::int64_t least, std::int64_t most, std::string_view takes) {
        std::string_view token;
        std::int64_t number = least - 1;
        if (json_.peek() == JsonReader::Type::Number && json_.number(token)) {
            const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
            if (error != std::errc() || end != token.data() + token.size()) number = least - 1;
        }
        if (number < least || number > most) return wrong(name_, takes);
        value = number;
        return {};
    }

    /// One of `words`, which stand in the order of the enumerators.
    template <class Choice, std::size_t kCount>
    Result<void> choice(Choice& value, const std::array<std::string_view, kCount>& words) {
        std::string word;
        const bool is_text = json_.peek() == JsonReader::Type::String && json_.string(word);
        const auto found = std::ranges::find(words, word);
        if (!is_text || found == words.end()) return wrong(name_, fmt::format("{}", fmt::join(words, ", ")));
        value = static_cast<Choice>(found - words.begin());
        return {};
    }

  private:
    JsonReader& json_;
    std::string_view name_;
};

/// A member of the object: its name, how it is read, and what null stands for.
struct Member {
    std::string_view name;
    Result<void> (*read)(MemberReader&, Settings&);
    void (*reset)(Settings&);
};

template <auto kOf, auto kRead>
constexpr Member member(std::string_view name) {
    return {name, [](MemberReader& json, Settings& settings) { return kRead(json, settings.*kOf); },
            [](Settings& settings) { settings.*kOf = Settings().*kOf; }};
}

constexpr auto read_flag = [](MemberReader& json, bool& value) { return json.flag(value); };

constexpr std::array kMembers = {
    member<&Settings::description,
           [](MemberReader& json, std::string& value) { return json.text(value, kMaxDescription, false); }>(
        "description"),
    member<&Settings::track_full_data,
           [](MemberReader& json, std::optional<bool>& value) { return json.flag(value.emplace()); }>(
        "track_full_data"),
    member<&Settings::is_active, read_flag>("is_active"),
    member<&Settings::sample_rate,
           [](MemberReader& json, double& value) { return json.share(value, "0.1 is every tenth call"); }>(
        "sample_rate"),
    member<&Settings::text_limit,
           [](MemberReader& json, std::int64_t& value) {
               return json.count(value, 0, kMostTextLimit,
                                 "a number of bytes from 1 to 1000000000, 0 for all");
           }>("text_limit"),
    member<&Settings::retention,
           [](MemberReader& json, std::string& value) { return json.text(value, kMaxRetention, true); }>(
        "retention"),
    member<&Settings::masking,
           [](MemberReader& json, Masking& value) { return json.choice(value, kMaskings); }>("masking"),
    member<&Settings::log_level,
           [](MemberReader& json, LogLevel& value) { return json.choice(value, kLogLevels); }>("log_level"),
    member<&Settings::disable_over_budget, read_flag>("disable_over_budget"),
    member<&Settings::disable_failure_rate,
           [](MemberReader& json, std::optional<double>& value) {
               return json.share(value.emplace(),
                                 "with 0.5 it is switched off when more than half of its calls fail");
           }>("disable_failure_rate"),
    member<&Settings::disable_window_minutes,
           [](MemberReader& json, std::int64_t& value) {
               return json.count(value, 1, kMostWindowMinutes, "minutes from 1 to 10080, which is a week");
           }>("disable_window_minutes"),
    member<&Settings::disable_least_calls,
           [](MemberReader& json, std::int64_t& value) {
               return json.count(value, 1, kMostLeastCalls, "a number of calls from 1 to 1000000");
           }>("disable_least_calls"),
    member<&Settings::disable_switches,
           [](MemberReader& json, Switch& value) { return json.choice(value, kSwitches); }>(
        "disable_switches"),
};

/// Null: there is none.
const Member* member_of(std::string_view name) {
    const auto found = std::ranges::find(kMembers, name, &Member::name);
    return found == kMembers.end() ? nullptr : &*found;
}

Result<void> read_member(JsonReader& json, const Member& member, Settings& settings) {
    if (json.peek() == JsonReader::Type::Null) {
        member.reset(settings);
        (void)json.null();
        return {};
    }
    MemberReader reader(json, member.name);
    return member.read(reader, settings);
}

}  // namespace

std::string to_json(const Settings& settings) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    text_or_null(json, "description", settings.description);
    json.key("track_full_data");
    if (settings.track_full_data)
        json.boolean(*settings.track_full_data);
    else
        json.null();
    json.member("is_active", settings.is_active);
    json.member("sample_rate", settings.sample_rate);
    number_or_null(json, "text_limit",
                   settings.text_limit > 0 ? std::optional(settings.text_limit) : std::nullopt);
    text_or_null(json, "retention", settings.retention);
    json.member("masking", kMaskings[static_cast<std::size_t>(settings.masking)]);
    json.member("log_level", kLogLevels[static_cast<std::size_t>(settings.log_level)]);
    json.member("disable_over_budget", settings.disable_over_budget);
    number_or_null(json, "disable_failure_rate", settings.disable_failure_rate);
    json.member("disable_window_minutes", settings.disable_window_minutes);
    json.member("disable_least_calls", settings.disable_least_calls);
    json.member("disable_switches", kSwitches[static_cast<std::size_t>(settings.disable_switches)]);
    json.end_object();
    return out;
}

Result<void> from_json(std::string_view object, Settings& settings) {
    Settings read = settings;
    JsonReader json(object);
    Result<void> good;
    const bool whole = json.peek() == JsonReader::Type::Object && json.object([&](std::string_view name) {
        if (const Member* member = member_of(name))
            good = read_member(json, *member, read);
        else
            good = fail(Code::InvalidArgument,
                        fmt::format("a prompt type has no setting \"{}\"", utf8_prefix(name, 80)),
                        fmt::format("{}", fmt::join(kMembers | std::views::transform(&Member::name), ", ")));
        return good.has_value();
    });
    STENO_TRY(good);
    if (!whole || !json.at_end())
        return fail(Code::InvalidArgument, "these are no settings: " + json.problem(),
                    R"({"track_full_data": false, "sample_rate": 0.1})");
    settings = std::move(read);
    return {};
}

bool from_stored(std::string_view object, Settings& settings) {
    bool good = true;
    std::string value;
    JsonReader json(object);
    const bool whole = json.peek() == JsonReader::Type::Object && json.object([&](std::string_view name) {
        const Member* member = member_of(name);
        if (member == nullptr) return json.skip();
        value.clear();
        if (!json.raw(value)) return false;
        JsonReader alone(value);
        Settings with = settings;
        if (read_member(alone, *member, with))
            settings = std::move(with);
        else
            good = false;
        return true;
    });
    return whole && json.at_end() && good;
}

}  // namespace steno::prompt_types
