#include "prompt_types/settings.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "record/json_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

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

    Result<void> share(double& value) {
        std::string_view token;
        double number = -1;
        if (json_.peek() == JsonReader::Type::Number && json_.number(token)) {
            const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
            if (error != std::errc() || end != token.data() + token.size()) number = -1;
        }
        if (!(number >= 0 && number <= 1))
            return wrong(name_, "a number from 0 to 1: 0.1 is every tenth call");
        value = number;
        return {};
    }

    Result<void> bytes(std::int64_t& value) {
        std::string_view token;
        std::int64_t number = -1;
        if (json_.peek() == JsonReader::Type::Number && json_.number(token)) {
            const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
            if (error != std::errc() || end != token.data() + token.size()) number = -1;
        }
        if (number < 0 || number > kMostTextLimit)
            return wrong(name_, fmt::format("a number of bytes from 1 to {}, 0 for all", kMostTextLimit));
        value = number;
        return {};
    }

  private:
    JsonReader& json_;
    std::string_view name_;
};

constexpr std::array<std::string_view, 6> kMembers = {"description", "track_full_data", "is_active",
                                                      "sample_rate", "text_limit",      "retention"};

bool is_member(std::string_view name) {
    return std::ranges::find(kMembers, name) != kMembers.end();
}

/// One of kMembers.
Result<void> read_member(JsonReader& json, std::string_view name, Settings& settings) {
    MemberReader member(json, name);
    const bool is_default = json.peek() == JsonReader::Type::Null;
    const Settings otherwise;
    const auto skipped = [&]() -> Result<void> {
        (void)json.null();
        return {};
    };
    if (name == "description") {
        if (!is_default) return member.text(settings.description, kMaxDescription, false);
        settings.description.clear();
        return skipped();
    }
    if (name == "track_full_data") {
        if (is_default) {
            settings.track_full_data.reset();
            return skipped();
        }
        bool value = false;
        STENO_TRY(member.flag(value));
        settings.track_full_data = value;
        return {};
    }
    if (name == "is_active") {
        if (!is_default) return member.flag(settings.is_active);
        settings.is_active = otherwise.is_active;
        return skipped();
    }
    if (name == "sample_rate") {
        if (!is_default) return member.share(settings.sample_rate);
        settings.sample_rate = otherwise.sample_rate;
        return skipped();
    }
    if (name == "text_limit") {
        if (!is_default) return member.bytes(settings.text_limit);
        settings.text_limit = otherwise.text_limit;
        return skipped();
    }
    // retention
    if (!is_default) return member.text(settings.retention, kMaxRetention, true);
    settings.retention.clear();
    return skipped();
}

}  // namespace

Result<void> check_type(std::string_view type) {
    if (!type.empty() && type.size() <= kMaxType && is_plain(type)) return {};
    return fail(
        Code::InvalidArgument,
        fmt::format("a prompt type's name has 1 to {} bytes of UTF-8, and no control characters", kMaxType),
        "what programs give as prompt_type, such as extract_page_metadata");
}

std::string to_json(const Settings& settings) {
    std::string out;
    JsonWriter json(out);
    const auto text = [&](std::string_view name, const std::string& value) {
        json.key(name);
        if (value.empty())
            json.null();
        else
            json.string(value);
    };
    json.begin_object();
    text("description", settings.description);
    json.key("track_full_data");
    if (settings.track_full_data)
        json.boolean(*settings.track_full_data);
    else
        json.null();
    json.member("is_active", settings.is_active);
    json.member("sample_rate", settings.sample_rate);
    json.key("text_limit");
    if (settings.text_limit > 0)
        json.number(settings.text_limit);
    else
        json.null();
    text("retention", settings.retention);
    json.end_object();
    return out;
}

Result<void> from_json(std::string_view object, Settings& settings) {
    Settings read = settings;
    JsonReader json(object);
    Result<void> good;
    const bool whole = json.peek() == JsonReader::Type::Object && json.object([&](std::string_view name) {
        if (is_member(name))
            good = read_member(json, name, read);
        else
            good = fail(Code::InvalidArgument,
                        fmt::format("a prompt type has no setting \"{}\"", utf8_prefix(name, 80)),
                        fmt::format("{}", fmt::join(kMembers, ", ")));
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
        if (!is_member(name)) return json.skip();
        value.clear();
        if (!json.raw(value)) return false;
        JsonReader member(value);
        Settings with = settings;
        if (read_member(member, name, with))
            settings = std::move(with);
        else
            good = false;
        return true;
    });
    return whole && json.at_end() && good;
}

}  // namespace steno::prompt_types
