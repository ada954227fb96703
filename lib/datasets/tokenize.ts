/**
 * English text → sentences → words, in the manner of the Penn Treebank, whose conventions the sentence classification
 * datasets follow: `it's` is `it 's`, `don't` is `do n't`, punctuation stands alone. Words are in lower case.
 */

/** Typographic characters, and the spellings of quotation marks, to the plain one. */
const plainSpellings: readonly (readonly [RegExp, string])[] = [
  [/[‘’‚‛`´]/g, "'"],
  [/''|[“”„‟«»]/g, '"'],
  [/…/g, '...'],
  [/[—―]|-{2,}/g, ' -- '],
  [/–/g, '-'],
];

/** What stands alone, and the clitics that a word is cut before. */
const wordPattern =
  /\.{2,}|--|[$€£]?\d+(?:[.,:/]\d+)*|(?:[a-z]\.){2,}|[\p{L}\p{M}]+(?=n't\b)|n't\b|'(?:s|re|ve|ll|d|m)\b|[\p{L}\p{M}\d]+(?:[-'/][\p{L}\p{M}\d]+)*?(?=n't\b|'(?:s|re|ve|ll|d|m)\b)|[\p{L}\p{M}\d]+(?:[-'/][\p{L}\p{M}\d]+)*|\S/giu;

/** The words and marks of a sentence; none where it is empty. Text that is tokenized already stays as it is. */
export function tokenize(sentence: string): string[] {
  // `do n't` and `ca n't` of text that was tokenized before are met by the pattern itself.
  const plain = plainSpellings.reduce((text, [from, to]) => text.replace(from, to), sentence.normalize('NFC'));
  return plain.toLowerCase().match(wordPattern) ?? [];
}

/** After these a full stop ends no sentence. */
const abbreviations = new Set(
  'mr mrs ms messrs mme dr prof rev hon st mt capt col gen lt sgt maj gov sen rep pres jr sr esq etc vs viz no vol chap fig ed eds co corp inc ltd bros dept univ jan feb mar apr jun jul aug sep sept oct nov dec'.split(
    ' ',
  ),
);

/** Where a sentence may end: its mark, whatever closes behind it, and white space before something that can begin one. */
const sentenceEnd = /[.!?]+["'”’)\]]*\s+(?=["'“‘([]*[\p{Lu}\d])/gu;

/** The sentences of a paragraph without line breaks. Initials and common abbreviations do not end one. */
export function splitSentences(paragraph: string): string[] {
  const sentences: string[] = [];
  let start = 0;
  for (const match of paragraph.matchAll(sentenceEnd)) {
    const end = match.index + match[0].length;
    const lastWord = /([\p{L}.]+)$/u.exec(paragraph.slice(start, match.index))?.[1] ?? '';
    const isStop = match[0].startsWith('.') && !match[0].startsWith('..');
    // `J. R. Smith`, `U.S. Navy`, `Mr. Smith`
    const isAbbreviated = /^\p{L}$|\.\p{L}$/u.test(lastWord) || abbreviations.has(lastWord.toLowerCase());
    if (isStop && isAbbreviated && lastWord !== 'I') continue;
    sentences.push(paragraph.slice(start, end).trim());
    start = end;
  }
  const rest = paragraph.slice(start).trim();
  return rest === '' ? sentences : [...sentences, rest];
}
