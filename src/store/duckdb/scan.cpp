#include "store/duckdb/scan.hpp"

#include "record/binary.hpp"
#include "store/duckdb/columns.hpp"
#include "store/duckdb/dialect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace steno::store::duckdb {
namespace {

constexpr std::int64_t kParts = 1024;  ///< that a span with too many calls is cut into
/// What rows are ordered by stands in the first columns.
constexpr std::size_t kTime = 0, kId = 1, kProject = 2, kFirst = 3;

/// Where a field's value comes from.
struct Source {
    FieldType type;
    std::size_t field;
    /// The first of its columns; of what has none, that of the remainder.
    std::size_t column;
    bool in_remainder;
};

/// The columns to read, and where each field is among them.
struct Plan {
    std::string columns;
    std::size_t count = kFirst;
    std::vector<Source> sources;

    explicit Plan(std::span<const std::size_t> fields) : columns("\"started_at\", \"id\", \"project\"") {
        const auto add = [this](const std::string& name) {
            columns += ", " + sql::quoted(name);
            return count++;
        };
        std::optional<std::size_t> remainder;
        for (const std::size_t field : fields) {
            const FieldInfo& info = scalar_fields()[field];
            if (!std::ranges::binary_search(column_fields(), field)) {
                if (!remainder) remainder = add("remainder");
                sources.push_back({info.type, field, *remainder, true});
            } else if (info.type == FieldType::Decimal) {
                sources.push_back({info.type, field, add(info.path + std::string(kHigh)), false});
                add(info.path + std::string(kLow));
            } else {
                sources.push_back({info.type, field, add(info.path), false});
                if (info.type == FieldType::Timestamp) add(info.path + ".offset");
            }
        }
    }
};

/// A vector of a chunk, looked into without a call of the library for each cell.
struct View {
    duckdb_vector vector;
    const void* data;
    const std::uint64_t* validity;

    explicit View(duckdb_vector v)
        : vector(v), data(duckdb_vector_get_data(v)), validity(duckdb_vector_get_validity(v)) {}
    [[nodiscard]] bool is_null(std::size_t row) const {
        return validity != nullptr && (validity[row / 64] >> row % 64 & 1) == 0;
    }
    template <class T>
    [[nodiscard]] const T& at(std::size_t row) const {
        return static_cast<const T*>(data)[row];
    }
    [[nodiscard]] std::string_view text(std::size_t row) const {
        const auto& text = at<duckdb_string_t>(row);
        const char* inlined = reinterpret_cast<const char*>(&text) + sizeof text.length;
        return {text.length <= 12 ? inlined : text.pointer, text.length};
    }
};

/// The calls of a span of time, in their order.
struct Window {
    struct Place {
        std::int64_t started_at;
        Uuid id;
        std::string_view project;
        std::uint32_t chunk, row;
    };
    std::vector<Chunk> chunks;
    std::vector<View> views;  ///< of the first chunk's columns, then of the second's, …
    std::vector<Place> places;

    static Window of(Answer answer, std::size_t columns) {
        Window window;
        for (Chunk chunk = answer.next(); chunk; chunk = answer.next()) {
            const std::size_t first = window.views.size();
            for (std::size_t i = 0; i < columns; ++i)
                window.views.emplace_back(duckdb_data_chunk_get_vector(chunk.get(), i));
            const View* views = &window.views[first];
            const auto number = static_cast<std::uint32_t>(window.chunks.size());
            const auto size = static_cast<std::uint32_t>(duckdb_data_chunk_get_size(chunk.get()));
            for (std::uint32_t row = 0; row < size; ++row)
                window.places.push_back({views[kTime].is_null(row) ? 0 : views[kTime].at<std::int64_t>(row),
                                         uuid_cell(views[kId].vector, row), views[kProject].text(row), number,
                                         row});
            window.chunks.push_back(std::move(chunk));
        }
        std::ranges::sort(window.places, {}, [](const Place& place) {
            return std::tie(place.started_at, place.id, place.project);
        });
        return window;
    }
};

/// What a number of this type is divided by for the one that is shown.
double unit_of(FieldType type) {
    return type == FieldType::Duration || type == FieldType::Timestamp ? 1e6
           : type == FieldType::Decimal                                ? 1e12
                                                                       : 1;
}

class DuckdbScan final : public CallScan {
  public:
    DuckdbScan(std::function<Result<Answer>(const sql::Statement&)> ask, const Selection& selection,
               std::span<const std::size_t> fields, std::uint64_t most_rows)
        : ask_(std::move(ask)),
          selection_(selection),
          plan_(fields),
          most_rows_(most_rows),
          values_(fields.size()),
          held_(fields.size()) {}

    Result<void> begin() {
        STENO_ASSIGN(Answer answer, ask_(sql::select_span(dialect(), selection_)));
        const Chunk chunk = answer.next();
        if (!chunk) return fail(Code::Internal, "a count gave no answer");
        const auto number = [&](std::size_t column) {
            return cell<std::int64_t>(duckdb_data_chunk_get_vector(chunk.get(), column), 0);
        };
        const std::int64_t dated = number(2);
        if (dated > 0) spans_.push_back({number(0), number(1) + 1, static_cast<std::uint64_t>(dated)});
        undated_ = number(3) > dated;
        read_ahead();
        return {};
    }

    Result<std::span<const FieldValue>> next() override {
        while (at_ == window_.places.size()) {
            if (!ahead_.valid()) return std::span<const FieldValue>{};
            STENO_ASSIGN(auto window, ahead_.get());
            if (!window) return std::span<const FieldValue>{};
            window_ = *std::move(window);
            at_ = 0;
            read_ahead();
        }
        const Window::Place& place = window_.places[at_++];
        const View* views = &window_.views[place.chunk * plan_.count];
        decoded_ = false;
        for (std::size_t i = 0; i < values_.size(); ++i) {
            const Source& source = plan_.sources[i];
            if (views[source.column].is_null(place.row)) {
                values_[i] = {};
            } else if (source.in_remainder) {
                STENO_TRY(decode_remainder(views[source.column].text(place.row)));
                values_[i] = value_of(rest_, source.field, held_[i].json);
            } else {
                values_[i] = read(source, views + source.column, place.row, held_[i]);
            }
        }
        return std::span<const FieldValue>(values_);
    }

  private:
    /// Calls that began from `from` to before `to`, and about how many they are.
    struct Span {
        std::int64_t from, to;
        std::uint64_t calls;
    };
    /// What a value borrows that does not stand in the chunk.
    struct Held {
        std::vector<std::string> texts;
        std::map<std::string, AttributeValue> attributes;
        std::string json;
    };

    void read_ahead() {
        ahead_ = std::async(std::launch::async, [this] { return read_window(); });
    }

    /// The next one that is not empty; absent behind the last. While it runs, the spans are its own.
    Result<std::optional<Window>> read_window() {
        while (!spans_.empty()) {
            const Span span = spans_.back();
            spans_.pop_back();
            Selection selection = selection_;
            selection.from = Timestamp{span.from};
            selection.to = Timestamp{span.to};
            if (span.calls > most_rows_ && span.to - span.from > 1) {
                STENO_TRY(cut(span, selection));
                continue;
            }
            STENO_ASSIGN(Window window, read_calls(selection));
            if (!window.places.empty()) return window;
        }
        if (!std::exchange(undated_, false)) return std::nullopt;
        Selection selection = selection_;
        STENO_ASSIGN(Filter undated, make_filter("started_at", Op::Exists, "false"));
        selection.filters.push_back(std::move(undated));
        STENO_ASSIGN(Window window, read_calls(selection));
        if (window.places.empty()) return std::nullopt;
        return window;
    }

    Result<Window> read_calls(const Selection& selection) {
        STENO_ASSIGN(Answer answer, ask_(sql::select_calls(dialect(), plan_.columns, selection)));
        return Window::of(std::move(answer), plan_.count);
    }

    /// Puts the parts of the span that have calls on top of the others, neighbours together as long as they
    /// are few.
    Result<void> cut(const Span& span, const Selection& selection) {
        const std::int64_t width = (span.to - span.from) / kParts + 1;
        STENO_ASSIGN(Answer answer, ask_(sql::select_histogram(dialect(), selection, width)));
        std::vector<Span> parts;
        for (Chunk chunk = answer.next(); chunk; chunk = answer.next()) {
            const duckdb_vector begins = duckdb_data_chunk_get_vector(chunk.get(), 0);
            const duckdb_vector counts = duckdb_data_chunk_get_vector(chunk.get(), 1);
            for (std::size_t row = 0; row < duckdb_data_chunk_get_size(chunk.get()); ++row) {
                const auto begin = cell<std::int64_t>(begins, row);
                const auto calls = cell<std::uint64_t>(counts, row);
                const std::int64_t end = std::min(begin + width, span.to);
                if (!parts.empty() && parts.back().calls + calls <= most_rows_) {
                    parts.back().to = end;
                    parts.back().calls += calls;
                } else {
                    parts.push_back({begin, end, calls});
                }
            }
        }
        spans_.insert(spans_.end(), parts.rbegin(), parts.rend());
        return {};
    }

    Result<void> decode_remainder(std::string_view bytes) {
        if (std::exchange(decoded_, true)) return {};
        rest_ = Call{};
        return decode(bytes, rest_);
    }

    static FieldValue read(const Source& source, const View* views, std::size_t row, Held& held) {
        switch (source.type) {
            case FieldType::Integer:
                return views->at<std::int64_t>(row);
            case FieldType::Duration:
                return Duration{views->at<std::int64_t>(row)};
            case FieldType::Number:
                return views->at<double>(row);
            case FieldType::Boolean:
                return views->at<bool>(row);
            case FieldType::Uuid:
                return uuid_cell(views->vector, row);
            case FieldType::Timestamp:
                return Timestamp{views->at<std::int64_t>(row),
                                 views[1].is_null(row) ? std::int16_t{0} : views[1].at<std::int16_t>(row)};
            case FieldType::Decimal:
                return Decimal::from_units(__int128{views->at<std::int64_t>(row)} * kLowEnd +
                                           views[1].at<std::int64_t>(row));
            case FieldType::TextList: {
                const auto [offset, length] = views->at<duckdb_list_entry>(row);
                const View members(duckdb_list_vector_get_child(views->vector));
                held.texts.resize(length);
                for (std::uint64_t i = 0; i < length; ++i) held.texts[i] = members.text(offset + i);
                return &std::as_const(held.texts);
            }
            case FieldType::Attributes: {
                const auto [offset, length] = views->at<duckdb_list_entry>(row);
                const duckdb_vector pairs = duckdb_list_vector_get_child(views->vector);
                const View names(duckdb_struct_vector_get_child(pairs, 0));
                const View values(duckdb_struct_vector_get_child(pairs, 1));
                held.attributes.clear();
                for (std::uint64_t i = offset; i < offset + length; ++i)
                    held.attributes.emplace(names.text(i), sql::decode_attribute(values.text(i)));
                return &std::as_const(held.attributes);
            }
            default:
                break;
        }
        const std::string_view text = views->text(row);
        return text.empty() ? FieldValue{} : FieldValue(text);
    }

    const std::function<Result<Answer>(const sql::Statement&)> ask_;
    const Selection selection_;
    const Plan plan_;
    const std::uint64_t most_rows_;
    std::vector<Span> spans_;  ///< not read yet, the earliest on top
    bool undated_ = false;     ///< those without a time are still to be read
    Window window_;
    std::size_t at_ = 0;
    std::vector<FieldValue> values_;
    std::vector<Held> held_;
    Call rest_;
    bool decoded_ = false;
    std::future<Result<std::optional<Window>>> ahead_;  ///< last: it uses the others until it is done
};

}  // namespace

Result<std::unique_ptr<CallScan>> scan_calls(std::function<Result<Answer>(const sql::Statement&)> ask,
                                             const Selection& selection, std::span<const std::size_t> fields,
                                             std::uint64_t most_rows) {
    auto scan = std::make_unique<DuckdbScan>(std::move(ask), selection, fields, most_rows);
    STENO_TRY(scan->begin());
    return scan;
}

Result<void> scan_numbers(Connection& connection, const NumberQuery& query,
                          const std::function<Result<void>()>& wanted, const NumberSink& take) {
    const sql::Statement statement = sql::select_numbers(dialect(), query);
    STENO_ASSIGN(const Prepared prepared, connection.prepare(statement.text));
    STENO_ASSIGN(Answer answer, connection.stream(prepared, statement.parameters, wanted));
    std::vector<std::uint8_t> group;
    std::vector<std::vector<double>> columns(query.numbers.size());
    std::vector<std::span<const double>> numbers(query.numbers.size());
    std::vector<std::vector<std::string_view>> held(query.texts.size());
    std::vector<std::span<const std::string_view>> texts(query.texts.size());
    std::size_t last = 0;  // calls of a group often stand together
    for (Chunk chunk = answer.next(); chunk; chunk = answer.next()) {
        STENO_TRY(wanted());
        const std::size_t size = duckdb_data_chunk_get_size(chunk.get());
        const View keys(duckdb_data_chunk_get_vector(chunk.get(), 0));
        group.resize(size);
        for (std::size_t row = 0; row < size; ++row) {
            const std::string_view key = keys.text(row);
            if (query.groups[last] != key)
                last = static_cast<std::size_t>(std::ranges::find(query.groups, key) - query.groups.begin());
            group[row] = static_cast<std::uint8_t>(last);
        }
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const View view(duckdb_data_chunk_get_vector(chunk.get(), i + 1));
            const double unit = unit_of(query.numbers[i].type());
            columns[i].resize(size);
            for (std::size_t row = 0; row < size; ++row)
                columns[i][row] = view.is_null(row) ? std::numeric_limits<double>::quiet_NaN()
                                                    : view.at<double>(row) / unit;
            numbers[i] = columns[i];
        }
        for (std::size_t i = 0; i < held.size(); ++i) {
            const View view(duckdb_data_chunk_get_vector(chunk.get(), columns.size() + i + 1));
            held[i].resize(size);
            for (std::size_t row = 0; row < size; ++row)
                held[i][row] = view.is_null(row) ? std::string_view() : view.text(row);
            texts[i] = held[i];
        }
        take({group, numbers, texts});
    }
    if (const char* error = answer.error()) return engine_error("reading numbers of calls", error);
    return {};
}

}  // namespace steno::store::duckdb
