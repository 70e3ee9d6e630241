#pragma once

#include "cli/terminal.hpp"
#include "cli/wall_clock.hpp"

#include <simdjson.h>

#include <string>

/// Calls, in the JSON form of the API, as a person wants to see them.
namespace steno::cli {

/// `clock`: by which it tells when calls began.
Table call_table(const WallClock& clock);
/// The `fields` parameter that asks for what the table shows.
std::string_view call_table_fields();
void add_call(Table& table, simdjson::dom::element call, const WallClock& clock);
void print_call_line(simdjson::dom::element call);
void print_call(simdjson::dom::element call);

/// The text at a JSON pointer; "" where there is none. Numbers as they stand.
std::string text_at(simdjson::dom::element value, const char* pointer);
double number_at(simdjson::dom::element value, const char* pointer, double otherwise = 0);
bool has(simdjson::dom::element value, const char* pointer);

/// "31 → 6", "14" for what has no output in tokens; "?" for a side that is not known, "" if neither is.
std::string tokens(simdjson::dom::element call);
/// "$0.0042", "~$0.0042" if Steno counted the tokens; "" if it is not known.
std::string cost_of(simdjson::dom::element call);
/// "1,234": of a sum over none that had it, a dash.
std::string sum_at(simdjson::dom::element group, const char* pointer);
/// "4.2 s", "12.5 %" (of a share 0.125); a dash where there is none.
std::string time_at(simdjson::dom::element value, const char* pointer);
std::string percent_at(simdjson::dom::element value, const char* pointer);
/// ", not told of 2 calls": beside a sum of tokens, of those that it lacks; "" for none.
std::string not_told_of(double calls);
/// A sum of money as the API tells it (total, currency, totals): "$4.20", "$4.20 and 3.1 EUR"; "mixed" where
/// it is in several currencies and the API does not tell each; "" where no call has a price.
std::string money_of(simdjson::dom::element sum);
/// The same with a word for what it lacks (unpriced_calls, estimated_calls): "$0.0042 + 2 unpriced"; "" where
/// no call has or lacks a price.
std::string cost_sum(simdjson::dom::element sum);
/// "" while it runs.
std::string duration_of(simdjson::dom::element call);
/// What an aggregate's group is called: its keys' values, "–" for calls without the field.
std::string group_name(simdjson::dom::element group);
/// What was answered, failed with, or asked, in a few words: what lists show of a call.
std::string gist_of(simdjson::dom::element call);
/// The model that was asked for; of what asks none, its name.
std::string model_of(simdjson::dom::element call);
/// A moment as people write it, to the minute: "2026-10-25 02:00+02:00", in UTC "2026-10-25 02:00".
std::string clock_text(std::string_view rfc3339);
/// The `fields` parameter that asks for everything, payloads too.
std::string whole_record_fields();

}  // namespace steno::cli
