#pragma once

#include "record/call.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// What kind of thing a member that `describe` visits is: for code inside record/ that walks over all fields.
namespace steno::members {

/// A struct of fields that has its own `describe`.
template <class T>
concept Group = requires(T& t) {
    { t.unknown } -> std::same_as<UnknownFields&>;
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
concept Optional = is_optional<T>;

template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;
template <class T>
concept List = is_list<T>;

template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;
template <class T>
concept Map = is_map<T>;

template <class T>
concept Enum = std::is_enum_v<T>;

/// The names of an enum's values, in their order, which has no gaps.
template <Enum E>
std::span<const std::string_view> names_of() noexcept;
template <>
std::span<const std::string_view> names_of<Kind>() noexcept;
template <>
std::span<const std::string_view> names_of<Source>() noexcept;
template <>
std::span<const std::string_view> names_of<Status>() noexcept;
template <>
std::span<const std::string_view> names_of<ErrorType>() noexcept;
template <>
std::span<const std::string_view> names_of<PartType>() noexcept;

}  // namespace steno::members
