#pragma once

#include "record/json_reader.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steno {

/// Name and value of each, the value as JSON without the space between its tokens.
using JsonMembers = std::vector<std::pair<std::string, std::string>>;

/// The members of an object in their order; of what is none, or is damaged, those before that.
inline JsonMembers json_members(std::string_view object) {
    JsonMembers members;
    JsonReader json(object);
    (void)json.object([&](std::string_view name) {
        return json.raw(members.emplace_back(std::string(name), std::string()).second);
    });
    return members;
}

}  // namespace steno
