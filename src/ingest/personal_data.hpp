#pragma once

#include <cstdint>
#include <map>
#include <string>

/// Personal data in prompts and answers, found by their form: e-mail addresses, phone numbers, card numbers,
/// IBANs and IP addresses. Names and addresses of houses have no form; nothing here finds them.
///
/// - email: LOCAL@HOST.TLD, letters beyond ASCII too
/// - card: 13 to 19 digits, from 2 to 6 on, single spaces or dashes between them, whose check digit (Luhn) is
/// right
/// - iban: country, check digits (ISO 7064, mod 97) and account, with or without a space after every four
/// - phone: from + or 00 on, with an area code in brackets, with a leading 0 and 3 to 5 digits of area code,
/// or as
///   555-123-4567
/// - ip: IPv4 and IPv6 (so a version such as 1.2.3.4, too)
///
/// One pass; what is looked at around a place has a bound, so time grows with the length alone.
namespace steno::ingest {

/// How many were masked, by the names above.
using Masked = std::map<std::string, std::int64_t>;

/// Puts [email], [card] … in their places.
void mask_personal_data(std::string& text, Masked& masked);
/// The same in the strings of a JSON text, which stays one; a number that is a card's becomes a string.
void mask_personal_data_in_json(std::string& json, Masked& masked);

}  // namespace steno::ingest
