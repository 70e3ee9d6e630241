#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "record/fields.hpp"
#include "record/json.hpp"
#include "record/json_members.hpp"
#include "record/members.hpp"
#include "record/texts.hpp"

#include <charconv>

namespace steno {

namespace {

using members::Enum;
using members::Group;
using members::List;
using members::Map;
using members::Optional;

/// What a JsonFields asks for at a path.
enum class Wanted : std::uint8_t { No, Inside, Yes };

/// `path` is `outer` or below it.
bool within(std::string_view path, std::string_view outer) {
    return path.starts_with(outer) && (path.size() == outer.size() || path[outer.size()] == '.');
}

Wanted wanted_at(std::string_view path, std::span<const std::string> only) {
    Wanted wanted = Wanted::No;
    for (const std::string& entry : only) {
        if (within(path, entry)) return Wanted::Yes;
        if (within(entry, path)) wanted = Wanted::Inside;
    }
    return wanted;
}

/// Milliseconds, exactly: 900, 210.4, 0.000001.
void append_milliseconds(std::string& out, Duration duration) {
    constexpr std::uint64_t kMillisecond = 1'000'000;
    const bool negative = duration.nanos < 0;
    const auto raw = static_cast<std::uint64_t>(duration.nanos);
    const std::uint64_t nanos = negative ? ~raw + 1 : raw;
    char digits[24];
    if (negative) out.push_back('-');
    out.append(digits, std::to_chars(digits, digits + sizeof digits, nanos / kMillisecond).ptr);
    std::uint64_t rest = nanos % kMillisecond;
    if (rest == 0) return;
    out.push_back('.');
    for (std::uint64_t unit = kMillisecond / 10; rest != 0; unit /= 10) {
        out.push_back(static_cast<char>('0' + rest / unit));
        rest %= unit;
    }
}

class Writer {
  public:
    explicit Writer(std::string& out, const JsonFields& fields = {})
        : out_(out), json_(out), fields_(fields) {}

    void call(const Call& call) {
        Scope scope{nullptr, nullptr, true};
        json_.begin_object();
        members(call, scope, {}, !fields_.only.empty());
        json_.end_object();
    }

    template <class T>
    void value(const T& v) {
        if constexpr (std::same_as<T, std::string>) {
            json_.string(v);
        } else if constexpr (std::same_as<T, Json>) {
            one_line(v.text);
        } else if constexpr (std::same_as<T, std::int64_t> || std::same_as<T, double>) {
            json_.number(v);
        } else if constexpr (std::same_as<T, bool>) {
            json_.boolean(v);
        } else if constexpr (std::same_as<T, Duration>) {
            json_.raw({});
            append_milliseconds(out_, v);
        } else if constexpr (Enum<T>) {
            json_.string(to_string(v));
        } else if constexpr (std::same_as<T, AttributeValue>) {
            std::visit([this](const auto& alternative) { this->value(alternative); }, v);
        } else if constexpr (Optional<T>) {
            value(*v);
        } else if constexpr (List<T>) {
            json_.begin_array();
            for (const auto& item : v) value(item);
            json_.end_array();
        } else if constexpr (Map<T>) {
            json_.begin_object();
            for (const auto& [key, item] : v) {
                json_.key(key);
                value(item);
            }
            json_.end_object();
        } else if constexpr (Group<T>) {
            json_.begin_object();
            describe(v, [this](std::uint32_t, const char* name, const auto& member, Place) {
                if (absent(member)) return;
                json_.key(name);
                this->value(member);
            });
            json_.end_object();
        } else {
            json_.string(v.to_string());  // Uuid, Decimal, Timestamp
        }
    }

  private:
    /// An object whose key and bracket are written when its first member is: one without members is left out.
    struct Scope {
        Scope* outer;
        const char* name;
        bool open = false;
    };

    void open(Scope& scope) {
        if (scope.open) return;
        open(*scope.outer);
        json_.key(scope.name);
        json_.begin_object();
        scope.open = true;
    }

    void close(const Scope& scope) {
        if (scope.open) json_.end_object();
    }

    /// The members of the call, or of a group directly in it, that are there and were asked for.
    template <Group G>
    void members(const G& g, Scope& scope, const std::string& path, bool filtered) {
        describe(g, [&](std::uint32_t, const char* name, const auto& m, Place place) {
            this->member<G>(m, scope, name, path, place, filtered);
        });
    }

    template <Group G, class M>
    void member(const M& m, Scope& scope, const char* name, const std::string& outer, Place place,
                bool filtered) {
        std::string path;
        Wanted wanted = Wanted::Yes;
        if (filtered) {
            path = outer.empty() ? name : outer + "." + name;
            wanted = wanted_at(path, fields_.only);
        }
        if constexpr (std::same_as<M, Uuid>) wanted = Wanted::Yes;
        if (wanted == Wanted::No) return;
        const bool inside = wanted == Wanted::Inside;
        if constexpr (std::same_as<M, Preview>) {
            if (!fields_.preview && !filtered) return;
        }
        if constexpr (Group<M>) {
            Scope inner{&scope, name};
            members(m, inner, path, inside);
            close(inner);
        } else {
            if (place != Place::Header && !fields_.payload && !std::same_as<G, Preview>) return;
            if (absent(m)) return;
            if constexpr (Map<M>) {
                Scope inner{&scope, name};
                for (const auto& [key, item] : m) {
                    if (inside && wanted_at(path + "." + key, fields_.only) == Wanted::No) continue;
                    open(inner);
                    json_.key(key);
                    value(item);
                }
                close(inner);
            } else {
                open(scope);
                json_.key(name);
                if constexpr (std::same_as<G, RawBytes>) {
                    bytes(m);
                } else {
                    value(m);
                }
            }
        }
    }

    template <class M>
    static bool absent(const M& member) {
        if constexpr (Optional<M>) {
            return !member;
        } else if constexpr (std::same_as<M, Json>) {
            return member.text.empty();
        } else if constexpr (requires { member.empty(); }) {
            return member.empty();
        } else {
            return false;
        }
    }

    void bytes(const std::string& exact) {
        if (is_valid_utf8(exact)) {
            json_.string(exact);
        } else {
            json_.begin_object();
            json_.member("base64", to_base64(exact));
            json_.end_object();
        }
    }

    /// A call is a line in exports.
    void one_line(std::string_view text) {
        json_.raw({});
        append_on_one_line(out_, text);
    }

    std::string& out_;
    JsonWriter json_;
    JsonFields fields_;
};

}  // namespace

void append_json(std::string& out, const Call& call, const JsonFields& fields) {
    Writer(out, fields).call(call);
}

std::string to_json(const Call& call, const JsonFields& fields) {
    std::string out;
    append_json(out, call, fields);
    return out;
}

void append_json(std::string& out, const Feedback& feedback) {
    Writer(out).value(feedback);
}
void append_json(std::string& out, const Score& score) {
    Writer(out).value(score);
}

namespace members {
void append_json(std::string& out, const std::vector<Attempt>& attempts) {
    Writer(out).value(attempts);
}
void append_json(std::string& out, const std::map<std::string, Truncation>& truncated) {
    Writer(out).value(truncated);
}
void append_json(std::string& out, const std::map<std::string, Limit>& windows) {
    Writer(out).value(windows);
}
}  // namespace members

}  // namespace steno
