#include "server/call_columns.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "record/field_table.hpp"
#include "store/call_scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace steno::server {

namespace {

using exports::Column;

/// What is in the JSON form of a call and not in the flat table of fields.
constexpr std::array<std::string_view, 4> kLists = {"request.messages", "response.messages",
                                                    "response.tool_calls", "scores"};

/// A JSON pointer (RFC 6901): of a dotted path, or of one name as it is.
std::string pointer_of(std::string_view path, bool dotted = true) {
    std::string pointer = "/";
    for (const char c : path) {
        if (c == '~') {
            pointer += "~0";
        } else if (c == '/') {
            pointer += "~1";
        } else {
            pointer += c == '.' && dotted ? '/' : c;
        }
    }
    return pointer;
}

bool is_below(std::string_view path, std::string_view group) {
    return path.size() > group.size() && path.starts_with(group) && path[group.size()] == '.';
}

CallColumn column_of(std::size_t field) {
    const FieldInfo& info = scalar_fields()[field];
    return {{info.path, info.type}, field, pointer_of(info.path)};
}

/// Something within a field that has names of its own: "labels.attributes.tone".
std::optional<CallColumn> column_within(std::string_view path) {
    for (const FieldInfo& info : scalar_fields()) {
        if (!is_below(path, info.path)) continue;
        const std::string_view name = path.substr(info.path.size() + 1);
        const auto type = info.type == FieldType::Attributes  ? std::optional(FieldType::Text)
                          : info.type == FieldType::Counts    ? std::optional(FieldType::Integer)
                          : info.type == FieldType::Durations ? std::optional(FieldType::Duration)
                          : info.type == FieldType::Json      ? std::optional(FieldType::Json)
                                                              : std::nullopt;
        if (!type) continue;
        return CallColumn{{std::string(path), *type},
                          {},
                          pointer_of(info.path) + pointer_of(name, info.type == FieldType::Json)};
    }
    return std::nullopt;
}

class ScannedCalls final : public exports::Rows {
  public:
    ScannedCalls(std::unique_ptr<store::CallScan> scan, const std::vector<CallColumn>& columns)
        : scan_(std::move(scan)) {
        for (const CallColumn& column : columns) columns_.push_back(column.column);
    }
    std::span<const Column> columns() const override { return columns_; }
    Result<std::span<const FieldValue>> next() override { return scan_->next(); }

  private:
    std::unique_ptr<store::CallScan> scan_;
    std::vector<Column> columns_;
};

}  // namespace

Result<std::vector<CallColumn>> call_columns(std::string_view fields) {
    std::vector<CallColumn> columns;
    const auto add = [&](CallColumn column) {
        const bool there = std::ranges::any_of(
            columns, [&](const CallColumn& other) { return other.column.name == column.column.name; });
        if (!there) columns.push_back(std::move(column));
    };
    const auto all = scalar_fields();
    if (fields.empty()) {
        for (std::size_t i = 0; i < all.size(); ++i)
            if (all[i].place == Place::Header || all[i].path.starts_with("preview.")) add(column_of(i));
        return columns;
    }
    for (const std::string_view path : split(fields, ',')) {
        const std::size_t before = columns.size();
        bool known = false;
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (all[i].path != path && !is_below(all[i].path, path)) continue;
            known = true;
            add(column_of(i));
        }
        for (const std::string_view list : kLists) {
            if (list != path && !is_below(list, path)) continue;
            known = true;
            add({{std::string(list), FieldType::Json}, {}, pointer_of(list)});
        }
        if (known || columns.size() > before) continue;
        if (auto within = column_within(path)) {
            add(*std::move(within));
            continue;
        }
        std::vector<std::string_view> names(kLists.begin(), kLists.end());
        for (const FieldInfo& info : all) names.push_back(info.path);
        const std::string_view meant = nearest(path, names);
        return fail(Code::InvalidArgument, fmt::format("there is no field \"{}\"", utf8_prefix(path, 80)),
                    meant.empty() ? std::string("docs/record.md lists them")
                                  : fmt::format("did you mean {}?", meant));
    }
    if (columns.empty()) return fail(Code::InvalidArgument, "--fields names no field");
    return columns;
}

bool can_be_scanned(const std::vector<CallColumn>& columns) {
    return std::ranges::all_of(columns, [](const CallColumn& column) {
        if (!column.field) return false;
        const FieldInfo& info = scalar_fields()[*column.field];
        return info.place == Place::Header || info.path.starts_with("preview.");
    });
}

Result<std::unique_ptr<exports::Rows>> scanned_calls(store::CallStore& store,
                                                     const store::Selection& selection,
                                                     std::vector<CallColumn> columns) {
    std::vector<std::size_t> fields;
    for (const CallColumn& column : columns) fields.push_back(*column.field);
    STENO_ASSIGN(store::CallScanner* const scanner, store::scanner_of(store));
    STENO_ASSIGN(auto scan, scanner->scan(selection, fields));
    return std::make_unique<ScannedCalls>(std::move(scan), columns);
}

}  // namespace steno::server
