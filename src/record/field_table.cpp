#include "record/field_table.hpp"

#include "record/json_members.hpp"
#include "record/members.hpp"

#include <unordered_map>

namespace steno {

namespace {

using members::Enum;
using members::Group;
using members::List;
using members::Map;
using members::Optional;

template <class M>
struct ValueTypeOf {
    using Type = M;
};
template <class T>
struct ValueTypeOf<std::optional<T>> {
    using Type = T;
};

/// List or map of groups.
template <class M>
concept Groups = (List<M> && Group<typename M::value_type>) || (Map<M> && Group<typename M::mapped_type>);

/// Those of them that are in the table.
template <class M>
concept AsJson = Groups<M> && requires(std::string& out, const M& m) { members::append_json(out, m); };

template <class G, class M>
constexpr FieldType type_of() {
    using T = typename ValueTypeOf<M>::Type;
    if constexpr (std::same_as<G, RawBytes>) {
        return FieldType::Bytes;
    } else if constexpr (std::same_as<T, std::string>) {
        return FieldType::Text;
    } else if constexpr (std::same_as<T, std::int64_t>) {
        return FieldType::Integer;
    } else if constexpr (std::same_as<T, double>) {
        return FieldType::Number;
    } else if constexpr (std::same_as<T, Duration>) {
        return FieldType::Duration;
    } else if constexpr (std::same_as<T, Decimal>) {
        return FieldType::Decimal;
    } else if constexpr (std::same_as<T, Timestamp>) {
        return FieldType::Timestamp;
    } else if constexpr (std::same_as<T, bool>) {
        return FieldType::Boolean;
    } else if constexpr (std::same_as<T, Uuid>) {
        return FieldType::Uuid;
    } else if constexpr (Enum<T>) {
        return FieldType::Enum;
    } else if constexpr (std::same_as<T, std::vector<std::string>>) {
        return FieldType::TextList;
    } else if constexpr (std::same_as<T, std::map<std::string, AttributeValue>>) {
        return FieldType::Attributes;
    } else if constexpr (std::same_as<T, std::map<std::string, std::int64_t>>) {
        return FieldType::Counts;
    } else if constexpr (std::same_as<T, std::map<std::string, Duration>>) {
        return FieldType::Durations;
    } else {
        static_assert(std::same_as<T, Json> || Groups<T>);
        return FieldType::Json;
    }
}

template <class M>
FieldValue get(const void* address, std::string& scratch) {
    const M& member = *static_cast<const M*>(address);
    if constexpr (Optional<M>) {
        return member ? get<typename M::value_type>(&*member, scratch) : FieldValue{};
    } else if constexpr (std::same_as<M, Json>) {
        return member.text.empty() ? FieldValue{} : FieldValue(std::string_view(member.text));
    } else if constexpr (std::same_as<M, std::string>) {
        return member.empty() ? FieldValue{} : FieldValue(std::string_view(member));
    } else if constexpr (std::same_as<M, Uuid>) {
        return member.is_nil() ? FieldValue{} : FieldValue(member);
    } else if constexpr (Enum<M>) {
        return FieldValue(to_string(member));
    } else if constexpr (Groups<M>) {
        if (member.empty()) return {};
        scratch.clear();
        members::append_json(scratch, member);
        return FieldValue(std::string_view(scratch));
    } else if constexpr (List<M> || Map<M>) {
        return member.empty() ? FieldValue{} : FieldValue(&member);
    } else {
        return FieldValue(member);
    }
}

/// False: the value is not of this type.
template <class M>
bool set(void* address, const FieldValue& value) {
    M& member = *static_cast<M*>(address);
    if (std::holds_alternative<std::monostate>(value)) return member = M{}, true;
    if constexpr (Optional<M>) {
        typename M::value_type inner{};
        if (!set<typename M::value_type>(&inner, value)) return false;
        member = std::move(inner);
        return true;
    } else if constexpr (std::same_as<M, double>) {
        if (const auto* integer = std::get_if<std::int64_t>(&value)) {
            return member = static_cast<double>(*integer), true;
        }
        const auto* number = std::get_if<double>(&value);
        return number != nullptr && (member = *number, true);
    } else if constexpr (std::same_as<M, std::string> || std::same_as<M, Json> || Enum<M> || Groups<M>) {
        const auto* text = std::get_if<std::string_view>(&value);
        if (text == nullptr) return false;
        if constexpr (Enum<M>) {
            return from_string(*text, member);
        } else if constexpr (Groups<M>) {
            return members::read_json(*text, member).has_value();
        } else if constexpr (std::same_as<M, Json>) {
            return member.text.assign(*text), true;
        } else {
            return member.assign(*text), true;
        }
    } else if constexpr (List<M> || Map<M>) {
        const auto* items = std::get_if<const M*>(&value);
        return items != nullptr && *items != nullptr && (member = **items, true);
    } else {
        const auto* same = std::get_if<M>(&value);
        return same != nullptr && (member = *same, true);
    }
}

/// How to reach a field in any Call: its distance from the Call's beginning, and the two functions of its
/// type.
struct Access {
    std::size_t offset;
    FieldValue (*get)(const void*, std::string&);
    bool (*set)(void*, const FieldValue&);
};

struct Table {
    std::vector<FieldInfo> fields;
    std::vector<Access> access;
    std::unordered_map<std::string_view, std::size_t> by_path;

    Table() {
        const Call call;
        collect(call, {}, &call);
        for (std::size_t i = 0; i < fields.size(); ++i) by_path.emplace(fields[i].path, i);
    }

    template <Group G>
    void collect(const G& group, const std::string& outer, const Call* call) {
        describe(group, [&]<class M>(std::uint32_t, const char* name, const M& member, Place place) {
            std::string path = outer.empty() ? name : outer + "." + name;
            if constexpr (Group<M>) {
                this->collect(member, path, call);
            } else if constexpr (!Groups<M> || AsJson<M>) {
                this->template add<G>(std::move(path), member, place, call);
            }
        });
    }

    template <Group G, class M>
    void add(std::string path, const M& member, Place place, const Call* call) {
        FieldInfo info{std::move(path), type_of<G, M>(), place, {}};
        using T = typename ValueTypeOf<M>::Type;
        if constexpr (Enum<T>) {
            const auto names = members::names_of<T>();
            info.names.assign(names.begin(), names.end());
        }
        fields.push_back(std::move(info));
        const auto offset = reinterpret_cast<const char*>(&member) - reinterpret_cast<const char*>(call);
        access.push_back({static_cast<std::size_t>(offset), &get<M>, &set<M>});
    }
};

const Table& table() {
    static const auto& the_table = *new const Table;  // for ever: calls may end while statics are destroyed
    return the_table;
}

}  // namespace

std::span<const FieldInfo> scalar_fields() {
    return table().fields;
}

std::optional<std::size_t> find_field(std::string_view path) {
    const auto found = table().by_path.find(path);
    if (found == table().by_path.end()) return std::nullopt;
    return found->second;
}

FieldValue value_of(const Call& call, std::size_t index, std::string& scratch) {
    const Access& access = table().access[index];
    return access.get(reinterpret_cast<const char*>(&call) + access.offset, scratch);
}

Result<void> set_value(Call& call, std::size_t index, const FieldValue& value) {
    if (index >= table().access.size()) return fail(Code::OutOfRange, "the record has no such field");
    const Access& access = table().access[index];
    if (access.set(reinterpret_cast<char*>(&call) + access.offset, value)) return {};
    return fail(Code::InvalidArgument, table().fields[index].path + ": the value does not fit this field");
}

}  // namespace steno
