#include "server/changing.hpp"

#include "base/text.hpp"

#include <optional>
#include <string_view>
#include <utility>

namespace steno::server {

namespace {

/// The entity tags of all headers of that name, absent without one (RFC 9110, section 8.8.3).
std::optional<std::string> tags_of(const ApiRequest& request, std::string_view header, bool weak_too) {
    std::optional<std::string> tags;
    for (const auto& [name, value] : request.head.headers) {
        if (!equals_ignoring_case(name, header)) continue;
        if (!tags) tags.emplace();
        for (const std::string_view tag : split(value, ','))
            if (weak_too || !tag.starts_with("W/")) tags->append(tags->empty() ? "" : ", ").append(tag);
    }
    return tags;
}

}  // namespace

control::Author author_of(const ApiRequest& request) {
    return {std::string(request.parameter("by").value_or("")),
            std::string(request.parameter("reason").value_or(""))};
}

control::Condition condition_of(const ApiRequest& request) {
    return {.tag = tags_of(request, "if-match", false)};
}

ApiAnswer tagged(ApiAnswer answer, const std::string& tag, const ApiRequest& request) {
    answer.headers.emplace_back("ETag", tag);
    const auto known = tags_of(request, "if-none-match", true);
    if (!known || (*known != "*" && known->find(tag) == std::string::npos)) return answer;
    answer.status = 304;
    answer.body.clear();
    answer.content_type.clear();
    return answer;
}

Result<ApiAnswer> not_done(const Error& error, const control::Condition& condition) {
    if (condition.failed) return problem(412, "precondition_failed", error.message, error.remedy);
    return std::unexpected(error);
}

ApiAnswer nothing() {
    ApiAnswer answer;
    answer.status = 204;
    answer.content_type.clear();
    return answer;
}

}  // namespace steno::server
