#pragma once

#include "record/call.hpp"

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Request bodies of the type multipart/form-data (RFC 7578, framing by RFC 2046, section 5.1): how files are
/// uploaded.
namespace steno::providers {

struct FormField {
    std::string name;
    std::string filename;      ///< "" for what is no file
    std::string content_type;  ///< as sent, "" if it was not
    std::string_view value;    ///< into the body

    [[nodiscard]] bool is_file() const { return !filename.empty(); }
    /// By its name and looks (credential_names.hpp).
    [[nodiscard]] bool is_credential() const;
};

struct Form {
    static constexpr std::size_t kMaxFields = 1024;
    static constexpr std::size_t kMaxFieldHead = 16 << 10;  ///< bytes of a field's header lines

    std::vector<FormField> fields;  ///< in the order of the body; valid as long as the body
    /// The closing delimiter was there. If not, the body was cut, and the last field's value may be too.
    bool whole = false;

    /// The first field of that name; nullptr if there is none.
    [[nodiscard]] const FormField* find(std::string_view name) const;
    /// Its value, "" if there is none.
    [[nodiscard]] std::string_view text(std::string_view name) const;
};

/// Is this a form, by its content type?
bool is_form(std::string_view content_type);

/// The fields of a body. Tolerant: lines may end with LF alone, text before the first delimiter and after the
/// last is skipped, fields without a name are left out, and so is everything beyond the limits. Not a form,
/// or no boundary: no fields. Linear in the body; copies names only.
Form read_form(std::string_view content_type, std::string_view body);

/// request.parameters of a form: the fields that are no files, but those named, as strings in one object. A
/// name that ends in "[]", or comes more than once, is a list (without the brackets). Of a
/// credential it has "***". Absent if there is none.
Json form_parameters(const Form& form, std::initializer_list<std::string_view> without);
/// What was uploaded, without its content: [{"name", "filename", "content_type", "bytes"}]. Absent without
/// files.
Json form_files(const Form& form);
/// The body that `form` was read from, with the content of each file replaced by what tells which it was:
/// `{"bytes":17,"sha256":"…"}`, and credentials by ***. Every other byte as it came. nullopt without either.
std::optional<std::string> form_without_files(const Form& form, std::string_view body);

}  // namespace steno::providers
