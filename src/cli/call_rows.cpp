#include "cli/call_rows.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "cli/json_cell.hpp"
#include "cli/selection.hpp"
#include "record/field_table.hpp"
#include "store/call_scan.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

namespace steno::cli {

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

/// A page of the API after the other.
class Pages {
  public:
    Pages(Api& api, std::string query) : api_(api), query_(std::move(query)) {}
    /// The body of the next one; absent behind the last.
    Result<std::optional<std::string>> next() {
        if (done_) return std::nullopt;
        STENO_ASSIGN(
            std::string body,
            api_.get("/api/v1/calls" + (cursor_.empty() ? query_ : with(query_, "cursor", cursor_))));
        return std::optional(std::move(body));
    }
    void go_on_at(std::string_view cursor) {
        cursor_ = cursor;
        done_ = cursor.empty();
    }

  private:
    Api& api_;
    std::string query_;
    std::string cursor_;
    bool done_ = false;
};

class PagedCalls final : public exports::Rows {
  public:
    PagedCalls(Api& api, std::string query, std::vector<CallColumn> columns)
        : pages_(api, std::move(query)),
          source_(std::move(columns)),
          cells_(source_.size()),
          row_(source_.size()) {
        for (const CallColumn& column : source_) columns_.push_back(column.column);
    }

    std::span<const Column> columns() const override { return columns_; }

    Result<std::span<const FieldValue>> next() override {
        while (at_ == calls_.size()) {
            STENO_ASSIGN(auto body, pages_.next());
            if (!body) return std::span<const FieldValue>{};
            STENO_TRY(read(*body));
        }
        const simdjson::dom::element call = calls_[at_++];
        for (std::size_t i = 0; i < source_.size(); ++i) {
            simdjson::dom::element value;
            row_[i] = {};
            if (call.at_pointer(source_[i].pointer).get(value) != simdjson::SUCCESS) continue;
            STENO_ASSIGN(row_[i], cells_[i].read(columns_[i].type, value));
        }
        return std::span<const FieldValue>(row_);
    }

  private:
    Result<void> read(const std::string& body) {
        calls_.clear();
        at_ = 0;
        simdjson::dom::element page;
        simdjson::dom::array calls;
        const auto error = parser_.parse(body).get(page);
        if (error == simdjson::NUMBER_ERROR)
            return fail(Code::InvalidArgument,
                        "a call holds a number beyond 64 bits, which a cell cannot show exactly",
                        "--format jsonl passes it on as it stands");
        if (error != simdjson::SUCCESS || page["calls"].get(calls) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no calls");
        for (const simdjson::dom::element call : calls) calls_.push_back(call);
        std::string_view cursor;
        if (page["next_cursor"].get(cursor) != simdjson::SUCCESS) cursor = {};
        pages_.go_on_at(cursor);
        return {};
    }

    Pages pages_;
    std::vector<CallColumn> source_;
    std::vector<Column> columns_;
    std::vector<JsonCell> cells_;
    std::vector<FieldValue> row_;
    simdjson::dom::parser parser_;
    std::vector<simdjson::dom::element> calls_;
    std::size_t at_ = 0;
};

class WholeCalls final : public exports::Rows {
  public:
    WholeCalls(Api& api, std::string query) : pages_(api, std::move(query)) {}

    std::span<const Column> columns() const override {
        static const Column whole{"", FieldType::Json};
        return {&whole, 1};
    }

    Result<std::span<const FieldValue>> next() override {
        while (at_ == calls_.size()) {
            STENO_ASSIGN(const auto body, pages_.next());
            if (!body) return std::span<const FieldValue>{};
            STENO_TRY(read(*body));
        }
        row_ = calls_[at_++];
        return std::span<const FieldValue>(&row_, 1);
    }

  private:
    /// Each call as it stands; only the page around it is read.
    Result<void> read(const std::string& body) {
        calls_.clear();
        at_ = 0;
        text_ = simdjson::padded_string(body);
        simdjson::ondemand::document page;
        simdjson::ondemand::array calls;
        if (parser_.iterate(text_).get(page) != simdjson::SUCCESS ||
            page["calls"].get(calls) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no calls");
        for (auto item : calls) {
            std::string_view call;
            if (simdjson::to_json_string(item).get(call) != simdjson::SUCCESS)
                return fail(Code::Internal, "the answer breaks off");
            calls_.push_back(call);
        }
        std::string_view cursor;
        if (page["next_cursor"].get(cursor) != simdjson::SUCCESS) cursor = {};
        pages_.go_on_at(cursor);
        return {};
    }

    Pages pages_;
    simdjson::ondemand::parser parser_;
    simdjson::padded_string text_;
    std::vector<std::string_view> calls_;  ///< in text_
    std::size_t at_ = 0;
    FieldValue row_;
};

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

std::unique_ptr<exports::Rows> paged_calls(Api& api, const std::string& query,
                                           std::vector<CallColumn> columns) {
    std::string fields;
    for (const CallColumn& column : columns) fields += (fields.empty() ? "" : ",") + column.column.name;
    return std::make_unique<PagedCalls>(api, with(with(query, "limit", "1000"), "fields", fields),
                                        std::move(columns));
}

std::unique_ptr<exports::Rows> whole_calls(Api& api, const std::string& query) {
    return std::make_unique<WholeCalls>(api, query);
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

}  // namespace steno::cli
