// Writes unicode_classes.cpp from the Unicode tables of the Node that runs it:
//   node src/tokens/make_unicode_classes.mjs >src/tokens/unicode_classes.cpp
const classes = [
  ['Space', /^[\t-\r \u0085\p{Z}]$/u], // the property White_Space
  ['Upper', /^[\p{Lu}\p{Lt}]$/u],
  ['Lower', /^\p{Ll}$/u],
  ['Letter', /^[\p{Lm}\p{Lo}]$/u],
  ['Mark', /^\p{M}$/u],
  ['Number', /^\p{N}$/u],
];

function classOf(codePoint) {
  const text = String.fromCodePoint(codePoint);
  for (const [name, pattern] of classes) if (pattern.test(text)) return name;
  return 'Other';
}

const starts = [];
let last = '';
for (let c = 0; c <= 0x10ffff; ++c) {
  const name = c >= 0xd800 && c <= 0xdfff ? 'Other' : classOf(c);
  if (name !== last) starts.push(`${c << 3 | ['Other', ...classes.map((x) => x[0])].indexOf(name)}`);
  last = name;
}

const lines = [];
let line = '   ';
for (const start of starts) {
  if (line.length + start.length + 2 > 110) {
    lines.push(line);
    line = '   ';
  }
  line += ` ${start},`;
}
lines.push(line);

process.stdout.write(`// Written by make_unicode_classes.mjs from the tables of Unicode ${process.versions.unicode}; not edited by hand.
#include "tokens/unicode_classes.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace steno::tokens {

namespace {

/// Where a run of code points of one class begins: the first of them << 3 | its class.
// clang-format off
constexpr std::uint32_t kRuns[] = {
${lines.join('\n')}
};
// clang-format on

constexpr CharClass search(char32_t c) {
    const auto after = std::upper_bound(std::begin(kRuns), std::end(kRuns), static_cast<std::uint32_t>(c) << 3 | 7);
    return static_cast<CharClass>(*(after - 1) & 7);
}

/// The classes of ASCII, which is most of what there is.
constexpr std::array<CharClass, 128> kAscii = [] {
    std::array<CharClass, 128> table{};
    for (char32_t c = 0; c < table.size(); ++c) table[c] = search(c);
    return table;
}();

}  // namespace

CharClass class_of(char32_t c) {
    return c < kAscii.size() ? kAscii[c] : search(c);
}

}  // namespace steno::tokens
`);
