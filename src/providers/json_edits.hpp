#pragma once

#include "providers/json_view.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steno::providers {

/// Changes of a JSON text that leave every byte that they do not concern as it came: digits, escapes, spaces,
/// the order of members. What is put in is JSON. Of changes of the same member the first counts.
class JsonEdits {
  public:
    /// The text that the document at hand was parsed from; both must outlive this.
    explicit JsonEdits(std::string_view text) : text_(text) {}

    /// It stands in the text. (One of a text that is no UTF-8 was read as if it were.)
    [[nodiscard]] bool holds(JsonValue value) const { return place_of(value).has_value(); }
    /// Of an absent value: nothing.
    void replace(JsonValue value, std::string_view json);
    void replace_text(JsonValue value, std::string_view text);
    /// A member of an object: in the place of the one of that name, else as the first.
    void set(JsonValue object, std::string_view name, std::string_view json);
    void set_text(JsonValue object, std::string_view name, std::string_view text);
    /// One more element of an array, before that one; as its only one.
    void insert_before(JsonValue element, std::string_view json);
    void insert_only(JsonValue empty_array, std::string_view json);

    /// Absent: a value that was to be changed does not stand in the text.
    [[nodiscard]] std::optional<std::string> result() const;

  private:
    struct Change {
        std::size_t at;
        std::size_t removed;  ///< bytes
        std::string json;
    };
    [[nodiscard]] std::optional<std::size_t> place_of(JsonValue value) const;
    /// The same of one that is to be changed.
    std::optional<std::size_t> changed(JsonValue value);
    void add(Change change);
    void insert(JsonValue where, std::size_t offset, std::string json);

    std::string_view text_;
    std::vector<Change> changes_;                               ///< in the order of the text
    std::vector<std::pair<std::size_t, std::string>> members_;  ///< set as new ones: of which object
    bool lost_ = false;
};

}  // namespace steno::providers
