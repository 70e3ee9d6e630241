#include "store/number_scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace steno::store {

Result<NumberScanner*> number_scanner_of(CallQueries& calls) {
    if (auto* scanner = dynamic_cast<NumberScanner*>(&calls)) return scanner;
    return fail(Code::Unimplemented, "this store gives no numbers of single calls");
}

Result<void> check(const NumberQuery& query) {
    if (query.by.type() != FieldType::Text && query.by.type() != FieldType::Enum)
        return fail(Code::InvalidArgument,
                    fmt::format("calls are told apart by a text, and {} is none", query.by.path()));
    const std::set<std::string> different(query.groups.begin(), query.groups.end());
    if (query.groups.empty() || query.groups.size() > kMostNumberGroups ||
        different.size() != query.groups.size())
        return fail(Code::InvalidArgument,
                    fmt::format("numbers are of 1 to {} different groups", kMostNumberGroups));
    if (query.numbers.empty() || query.numbers.size() > kMostNumbers)
        return fail(Code::InvalidArgument, fmt::format("1 to {} numbers of each call", kMostNumbers));
    for (const Field& field : query.numbers) {
        const FieldType type = field.type();
        if (type != FieldType::Integer && type != FieldType::Number && type != FieldType::Decimal &&
            type != FieldType::Duration && type != FieldType::Boolean && type != FieldType::Timestamp)
            return fail(Code::InvalidArgument, fmt::format("{} is no number", field.path()));
    }
    if (query.texts.size() > kMostNumbers)
        return fail(Code::InvalidArgument, fmt::format("up to {} texts of each call", kMostNumbers));
    for (const Field& field : query.texts)
        if (field.type() != FieldType::Text && field.type() != FieldType::Enum)
            return fail(Code::InvalidArgument, fmt::format("{} is no text", field.path()));
    return {};
}

}  // namespace steno::store
