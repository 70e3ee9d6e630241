#include "server/call_export.hpp"

#include "base/cancellation.hpp"
#include "base/log.hpp"
#include "exports/format.hpp"
#include "exports/row_text.hpp"
#include "record/json.hpp"
#include "server/call_columns.hpp"
#include "server/query_parameters.hpp"
#include "store/call_scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace steno::server {

namespace {

constexpr std::size_t kPiece = 256u << 10;
constexpr std::uint32_t kPageCalls = 200;

/// What is exported, as text that is made piece by piece.
class Pieces {
  public:
    virtual ~Pieces() = default;
    /// Appends the next piece. False: it was the last.
    virtual Result<bool> next(std::string& out) = 0;
};

/// Columns of the store.
class TablePieces final : public Pieces {
  public:
    TablePieces(std::unique_ptr<exports::Rows> rows, const exports::Format& format)
        : rows_(std::move(rows)), text_(format.text(rows_->columns())) {}

    Result<bool> next(std::string& out) override {
        if (!std::exchange(begun_, true)) text_->begin(out);
        while (out.size() < kPiece) {
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
class CallPieces final : public Pieces {
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

Result<std::unique_ptr<Pieces>> open(Services& services, const ApiRequest& request,
                                     const exports::Format& format) {
    STENO_ASSIGN(store::Selection selection, selection_parameters(request, {"format", "fields"}));
    STENO_TRY(no_text(selection));
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

net::ResponseHead head_of(const exports::Format& format) {
    net::ResponseHead head;
    head.headers.add("Content-Type", std::string(format.media_type));
    head.headers.add("Content-Disposition", fmt::format("attachment; filename=\"calls.{}\"", format.name));
    head.headers.add("Cache-Control", "no-store");
    head.headers.add("X-Content-Type-Options", "nosniff");
    head.headers.add("Cross-Origin-Resource-Policy", "same-origin");
    return head;
}

}  // namespace

net::Task<std::optional<ApiAnswer>> CallExports::serve(net::ServerExchange& exchange) {
    struct Place {
        std::atomic<int>& places;
        const int number = places.fetch_add(1);
        ~Place() { places.fetch_sub(1); }
    };
    const Place place{running_};
    if (place.number >= kAtOnce) {
        ApiAnswer full = problem(503, "unavailable", fmt::format("{} exports are under way already", kAtOnce),
                                 "ask again when one of them has ended");
        full.headers.emplace_back("Retry-After", "10");
        co_return full;
    }
    const ApiRequest request{exchange.head(), {}, net::parse_query(exchange.head().query()), {}};
    const auto format = format_of(request);
    if (!format) co_return problem(format.error());

    Cancellation cancellation;
    struct Watch {
        net::ServerExchange& exchange;
        ~Watch() { exchange.on_client_gone({}); }
    };
    const Watch watch{exchange};  // goes before what it tells
    exchange.on_client_gone([&cancellation] { cancellation.cancel(); });

    std::unique_ptr<Pieces> pieces;
    std::string piece;
    const auto read = [&]() -> Result<bool> {
        const Cancellation::Scope scope(cancellation);
        if (cancellation.cancelled()) return fail(Code::Cancelled, "the client has gone");
        piece.clear();
        try {
            if (!pieces) {
                STENO_ASSIGN(pieces, open(services_, request, **format));
            }
            return pieces->next(piece);
        } catch (const std::exception& e) {
            return fail(Code::Internal, std::string("the export could not go on: ") + e.what());
        }
    };
    // The first piece before the head: what cannot be done at all is an answer, not a broken stream.
    auto more = co_await workers_.value(read);
    std::optional<ApiAnswer> refused;
    bool whole = false;
    if (!more) {
        const Error& error = more.error();
        refused = error.code == Code::Unavailable ? try_again(error) : problem(error);
    } else if (co_await exchange.write_head(head_of(**format), std::nullopt)) {
        while (piece.empty() || co_await exchange.write(piece)) {
            if (whole = !*more; whole) break;
            more = co_await workers_.value(read);
            if (more) continue;
            if (more.error().code != Code::Cancelled)
                log::error("an export broke off: {}", more.error().message);
            exchange.abort();
            break;
        }
    }
    co_await workers_.run([&] { pieces.reset(); });  // it may have to wait for what it reads ahead
    if (whole) co_await exchange.finish();
    co_return refused;
}

}  // namespace steno::server
