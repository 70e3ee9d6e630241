#include "exports/format.hpp"
#include "exports/row_text.hpp"
#include "record/json.hpp"
#include "server/call_columns.hpp"
#include "server/query_parameters.hpp"
#include "server/streams.hpp"
#include "store/call_scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace steno::server {

namespace {

constexpr std::uint32_t kPageCalls = 200;

/// Columns of the store.
class TablePieces final : public exports::Pieces {
  public:
    TablePieces(std::unique_ptr<exports::Rows> rows, const exports::Format& format)
        : rows_(std::move(rows)), text_(format.text(rows_->columns())) {}

    Result<bool> next(std::string& out) override {
        if (!std::exchange(begun_, true)) text_->begin(out);
        while (out.size() < exports::kPiece) {
            STENO_ASSIGN(const auto row, rows_->next());
            if (row.empty()) {
                text_->end(out);
                return false;
            }
            text_->row(out, row);
        }
        return true;
    }

  private:
    std::unique_ptr<exports::Rows> rows_;
    std::unique_ptr<exports::RowText> text_;
    bool begun_ = false;
};

/// The JSON of each call, as the list of calls gives it, with prompts and answers if they are asked for.
class CallPieces final : public exports::Pieces {
  public:
    CallPieces(ingest::CallReader& calls, ListParameters asked, const exports::Format& format)
        : calls_(calls), asked_(std::move(asked)), text_(format.text(column_)) {}

    Result<bool> next(std::string& out) override {
        if (!std::exchange(begun_, true)) text_->begin(out);
        STENO_ASSIGN(const auto page, calls_.find(asked_.query, asked_.payload));
        // A whole call needs no beginnings of its prompt and answer.
        const JsonFields fields{
            .only = asked_.fields, .payload = asked_.payload, .preview = !asked_.fields.empty()};
        std::string json;
        for (const Call& call : page.calls) {
            json.clear();
            append_json(json, call, fields);
            const FieldValue cell = std::string_view(json);
            text_->row(out, std::span(&cell, 1));
        }
        if (!page.next_cursor) {
            text_->end(out);
            return false;
        }
        asked_.query.cursor = *page.next_cursor;
        return true;
    }

  private:
    const std::array<exports::Column, 1> column_{{{"", FieldType::Json}}};  ///< a list of JSON values
    ingest::CallReader& calls_;
    ListParameters asked_;
    std::unique_ptr<exports::RowText> text_;
    bool begun_ = false;
};

Result<const exports::Format*> format_of(const ApiRequest& request) {
    std::string_view name = request.parameter("format").value_or("");
    if (name.empty()) {
        const std::string_view accepted = request.head.headers.get("accept").value_or("");
        name = accepted.contains("text/csv")           ? "csv"
               : accepted.contains("application/json") ? "json"
                                                       : "jsonl";
    }
    STENO_ASSIGN(const exports::Format* format, exports::format_named(name));
    if (format->text != nullptr) return format;
    return fail(Code::InvalidArgument, fmt::format("{} is a file, and no stream", name),
                fmt::format("csv, jsonl or json; the command line makes {}: steno calls export --server URL "
                            "--output calls.{}",
                            name, name));
}

Result<std::unique_ptr<exports::Pieces>> open(Services& services, const ApiRequest& request,
                                              const exports::Format& format) {
    STENO_ASSIGN(store::Selection selection, selection_parameters(request, {"format", "fields", "unlisted"}));
    STENO_TRY(no_text(selection));
    STENO_TRY(set_listed(selection, request));
    const std::string_view fields = request.parameter("fields").value_or("");
    services.data.calls().catch_up();
    if (format.name == "csv") {
        STENO_ASSIGN(auto columns, call_columns(fields));
        if (!can_be_scanned(columns))
            return fail(Code::InvalidArgument,
                        "csv has the columns of the store, without prompts and answers",
                        "format=jsonl has them; or steno calls export --server URL --format csv --fields …");
        STENO_ASSIGN(auto rows, scanned_calls(services.data.store(), selection, std::move(columns)));
        return std::make_unique<TablePieces>(std::move(rows), format);
    }
    STENO_ASSIGN(ListParameters asked, fields_of_calls(fields));
    if (fields.empty()) asked.payload = true;
    asked.query.selection = std::move(selection);
    STENO_TRY(store::set_order(asked.query, "started_at"));
    asked.query.limit = asked.payload ? kPageCalls : store::kMaxPage;
    return std::make_unique<CallPieces>(services.data.calls(), std::move(asked), format);
}

}  // namespace

/// All calls that fit, oldest first, as CSV, JSON or JSON Lines.
Result<Stream> export_calls(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const exports::Format* const format, format_of(request));
    STENO_ASSIGN(auto pieces, open(services, request, *format));
    return Stream{std::string(format->media_type), fmt::format("calls.{}", format->name), std::move(pieces)};
}

}  // namespace steno::server
