// compare.mjs ENCODE [SEED]: the same texts through js-tiktoken and through the program ENCODE (encode.cpp): the tokens
// must be the same, one by one. Texts: this tree's own sources and documents, what lists of characters from all planes
// give by chance, and runs of one character.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const tiktoken = path.join(root, '.deps/tiktoken');
const [encode, seedText = '20261121'] = process.argv.slice(2);

// The one thing that js-tiktoken needs from another package.
const load = Module._load;
Module._load = (name, ...rest) =>
  name === 'base64-js' ? { toByteArray: (text) => Buffer.from(text, 'base64') } : load(name, ...rest);
const { Tiktoken } = createRequire(import.meta.url)(path.join(tiktoken, 'lite.cjs'));

// Where JavaScript's regular expressions, and js-tiktoken's older copy of the rules, are not tiktoken's (0.14): \s holds
// U+FEFF and not U+0085; a long s ends a contraction; cl100k_base takes blanks at the end in one piece.
async function reference(encoding) {
  const { default: ranks } = await import(path.join(tiktoken, `${encoding}.js`));
  const space = '[\\t-\\r \\u0085\\p{Z}]';
  const rules = ranks.pat_str
    .replaceAll("'s|'S", "'s|'S|'\u017f")
    .replaceAll('[^\\s\\p{L}\\p{N}]', '[^\\t-\\r \\u0085\\p{Z}\\p{L}\\p{N}]')
    .replaceAll('(?!\\S)', `(?=${space}|$)`)
    .replaceAll('\\s', space)
    .replace(`${space}*[\\r\\n]+`, encoding === 'cl100k_base' ? `${space}+$|${space}*[\\r\\n]+` : '$&');
  return new Tiktoken({ ...ranks, pat_str: rules });
}

let state = Number(seedText) >>> 0;
function below(limit) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}
const one = (list) => list[below(list.length)];

const ranges = [
  [0x20, 0x7e], [0x20, 0x7e], [0x00, 0x1f], [0x80, 0x24f], [0x250, 0x36f], [0x370, 0x52f], [0x590, 0x6ff], [0x900, 0xdff],
  [0xe00, 0xfff], [0x1e00, 0x1fff], [0x2000, 0x206f], [0x2100, 0x27bf], [0x3000, 0x30ff], [0x4e00, 0x9fff],
  [0xac00, 0xd7a3], [0xe000, 0xf8ff], [0xf900, 0xffff], [0x10000, 0x103ff], [0x1d400, 0x1d7ff], [0x1f300, 0x1faff],
  [0x20000, 0x2a6df], [0x30000, 0x323af], [0xe0000, 0xe01ef], [0x100000, 0x10ffff],
];
const bits = [
  ' ', ' ', '  ', '\n', '\r\n', '\t', '\u0085', '\u00a0', '\u3000', '\ufeff', "'s", "'LL", "'re", "'\u017f", "'", '/', '//\n', '...', 'a',
  'B', 'ab', 'AB', 'Ab', 'aB', 'ß', 'ǅ', 'ʰ', '\u0301', '\u0301', '字', 'ん', '12', '٣', '½', '👩‍👩‍👧', '🏳️‍🌈', '<|endoftext|>', '\0',
];

function character() {
  const [first, last] = one(ranges);
  const code = first + below(last - first + 1);
  return String.fromCodePoint(code >= 0xd800 && code <= 0xdfff ? 0xfffd : code);
}

function* filesUnder(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name === 'data') continue;
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(place);
    else if (/\.(cpp|hpp|md|py|mjs|tsx?|css|json|txt)$/.test(entry.name)) yield readFileSync(place, 'utf8').slice(0, 20000);
  }
}

const texts = ['', ...bits];
for (let i = 0; i < 3000; ++i) texts.push(Array.from({ length: 1 + below(40) }, character).join(''));
for (let i = 0; i < 4000; ++i) texts.push(Array.from({ length: 1 + below(12) }, () => one(bits)).join(''));
for (let i = 0; i < 2000; ++i) {
  texts.push(Array.from({ length: 1 + below(30) }, () => (below(2) ? one(bits) : character())).join(''));
}
// js-tiktoken merges in quadratic time or worse: runs are as long as it can bear.
for (const run of [' ', '\n', 'a', 'A', '字', '0', '-', '=', '🙂', '\u0301', 'ab', ' a', '\t ']) {
  for (const length of [2, 3, 17, 64, 100, 129, 257, 600]) texts.push(run.repeat(length), `x${run.repeat(length)}y`);
}
for (const folder of ['docs', 'src', 'ui/src', 'tests']) texts.push(...filesUnder(path.join(root, folder)));

let failures = 0;
for (const encoding of ['cl100k_base', 'o200k_base']) {
  const theirs = await reference(encoding);
  const input = texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    return [Buffer.from(`${encoding} ${bytes.length}\n`), bytes];
  });
  const run = spawnSync(encode, { input: Buffer.concat(input), maxBuffer: 2 ** 30, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`${encode} ended with ${run.status ?? run.signal ?? run.error}`);
  const ours = run.stdout.split('\n');
  let tokens = 0;
  texts.forEach((text, i) => {
    const expected = theirs.encode(text, [], []);
    tokens += expected.length;
    if (expected.join(' ') === ours[i]) return;
    if (++failures <= 5) console.error(`${encoding}: ${JSON.stringify(text.slice(0, 200))}\n  ${expected}\n  ${ours[i]}`);
  });
  console.log(`${encoding}: ${texts.length} texts, ${tokens} tokens`);
}
process.exitCode = failures === 0 ? 0 : 1;
if (failures) console.error(`${failures} texts differ (seed ${seedText})`);
