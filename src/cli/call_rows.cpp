#include "cli/call_rows.hpp"

#include "cli/json_cell.hpp"
#include "cli/selection.hpp"

#include <simdjson.h>

#include <utility>

namespace steno::cli {

namespace {

using exports::Column;
using server::CallColumn;

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

}  // namespace

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

}  // namespace steno::cli
