#include "cli/calls_export.hpp"

#include "cli/call_count.hpp"
#include "cli/call_rows.hpp"
#include "cli/call_view.hpp"
#include "cli/completeness.hpp"
#include "cli/lean_api.hpp"
#include "server/call_columns.hpp"
#include "server/query_parameters.hpp"

#include <memory>

namespace steno::cli {

namespace {

/// 0: of a search for text it is not known before.
std::uint64_t expected_calls(Api& api, SelectionFlags flags) {
    if (!flags.text.empty()) return 0;
    flags.order.clear();
    flags.unlisted = false;
    const auto query = selection(flags);
    return query ? call_count(api, *query) : 0;
}

Result<store::Selection> store_selection(const std::string& query) {
    net::RequestHead head;
    head.method = "GET";
    head.target = "/api/v1/calls" + query;
    const server::ApiRequest request{head, {}, net::parse_query(head.query()), {}};
    STENO_ASSIGN(store::Selection selection, server::selection_parameters(request, {"order", "unlisted"}));
    STENO_TRY(server::set_listed(selection, request));
    return selection;
}

bool in_order_of_time(const ExportFlags& flags) {
    return flags.order.empty() || flags.order == "started_at";
}

/// Whether a server sends it as one stream. (Else it is asked page by page.)
Result<bool> is_streamed(const Api& api, const ExportFlags& flags, const exports::Format& format) {
    if (!api.has_server() || format.text == nullptr || !flags.text.empty() || !in_order_of_time(flags))
        return false;
    if (format.name != "csv") return true;
    STENO_ASSIGN(const auto columns, server::call_columns(flags.fields));
    return server::can_be_scanned(columns);
}

Result<std::string> stream_of(ExportFlags flags, const exports::Format& format) {
    flags.order.clear();
    STENO_ASSIGN(std::string query, selection(flags));
    query = with(query, "format", format.name);
    if (!flags.fields.empty()) query = with(query, "fields", flags.fields);
    return "/api/v1/calls/export" + query;
}

Result<std::unique_ptr<exports::Rows>> rows_of(Api& api, const ExportFlags& flags,
                                               const exports::Format& format) {
    STENO_ASSIGN(std::string query, selection(flags));
    const std::string ordered = flags.order.empty() ? with(query, "order", "started_at") : query;
    if (format.name.starts_with("json")) {
        const std::string fields = flags.fields.empty() ? whole_record_fields() : flags.fields;
        return whole_calls(
            api, with(with(ordered, "limit", flags.fields.empty() ? "200" : "1000"), "fields", fields));
    }
    STENO_ASSIGN(auto columns, server::call_columns(flags.fields));
    if (store::CallStore* store =
            in_order_of_time(flags) && flags.text.empty() && server::can_be_scanned(columns) ? store_of(api)
                                                                                             : nullptr) {
        STENO_ASSIGN(const store::Selection selected, store_selection(query));
        return server::scanned_calls(*store, selected, std::move(columns));
    }
    return paged_calls(api, ordered, std::move(columns));
}

}  // namespace

Result<int> export_calls(const Program& program, const ExportFlags& flags) {
    STENO_ASSIGN(const exports::Format* format, format_of(flags.target, "jsonl"));
    STENO_ASSIGN(const auto api, open_lean(program, flags.record));
    STENO_ASSIGN(Completeness completeness, Completeness::begin(*api));
    const std::uint64_t about = expected_calls(*api, flags);
    STENO_ASSIGN(const bool streamed, is_streamed(*api, flags, *format));
    if (streamed) {
        STENO_ASSIGN(const std::string target, stream_of(flags, *format));
        STENO_TRY(export_text([&](const TakePiece& take) { return stream(*api, target, take); }, *format,
                              flags.target, "calls", about));
        return completeness.exit_code();
    }
    STENO_ASSIGN(const auto rows, rows_of(*api, flags, *format));
    STENO_TRY(export_table(*rows, *format, flags.target, "calls", about));
    return completeness.exit_code();
}

}  // namespace steno::cli
