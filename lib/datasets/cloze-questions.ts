/**
 * Cloze questions as the store keeps them: a file a split, and the vocabulary, counted on the training split.
 *
 * A token is a number: an entity n is −1 − n, a word its place in the vocabulary, where 0 is any word that the training
 * split does not have and 1 the placeholder.
 */
import { decodeSafetensors, encodeSafetensors, type NamedTensors } from '../numerics/safetensors.ts';
import type { DatasetReader } from './dataset.ts';
import { DatasetCorrupt } from './errors.ts';
import { type CheckedFile, checkedFile } from './importer.ts';
import { type ClozeQuestion, entityNumber, placeholderToken } from './parse-question-file.ts';

export const clozeSplits = ['training', 'validation', 'test'] as const;
export type ClozeSplit = (typeof clozeSplits)[number];

export const unknownWord = 0;
export const placeholderWord = 1;

/** Lists of tokens, one after the other. */
export interface TokenLists {
  /** [sum of lengths] */
  readonly tokens: Int32Array;
  /** [count + 1]: list k is `tokens.subarray(starts[k], starts[k + 1])`. */
  readonly starts: Int32Array;
}

export interface ClozeQuestions {
  readonly count: number;
  readonly passages: TokenLists;
  readonly questions: TokenLists;
  /** [count], the entity that the placeholder stands for, 0 to `entities` − 1 */
  readonly answers: Int32Array;
}

export interface ClozeVocabulary {
  /** Different entities that questions may have, over all splits. */
  readonly entities: number;
  /** The most frequent of the training split first, after `<unknown>` and `@placeholder`. */
  readonly words: readonly string[];
}

export function tokensOf({ tokens, starts }: TokenLists, index: number): Int32Array {
  return tokens.subarray(starts[index]!, starts[index + 1]!);
}

/** One split. Throws DatasetCorrupt. */
export async function readClozeQuestions(reader: DatasetReader, split: ClozeSplit): Promise<ClozeQuestions> {
  const file = splitFile(split);
  const { tensors } = decodeSafetensors(await reader.file(file));
  const array = (name: string) => {
    const data = tensors[name]?.data;
    if (!(data instanceof Int32Array)) throw new DatasetCorrupt(file, `it has no integers '${name}'`);
    return data;
  };
  const answers = array('answers');
  const lists = (name: string): TokenLists => {
    const [tokens, starts] = [array(name), array(`${name}/starts`)];
    if (starts.length !== answers.length + 1 || starts.at(-1) !== tokens.length) {
      throw new DatasetCorrupt(file, `'${name}' does not have a list for each of ${answers.length} answers`);
    }
    return { tokens, starts };
  };
  return { count: answers.length, passages: lists('passages'), questions: lists('questions'), answers };
}

/** Throws DatasetCorrupt. */
export async function readClozeVocabulary(reader: DatasetReader): Promise<ClozeVocabulary> {
  const vocabulary = JSON.parse(Buffer.from(await reader.file(vocabularyFile)).toString());
  if (!Array.isArray(vocabulary.words) || !Number.isInteger(vocabulary.entities)) {
    throw new DatasetCorrupt(vocabularyFile, 'it must have "entities" and "words"');
  }
  return vocabulary;
}

const vocabularyFile = 'vocabulary.json';
const splitFile = (split: ClozeSplit) => `${split}.safetensors`;

/** Collects questions and makes the store's files of them: `add` each, then `files` once. */
export class ClozePacker {
  readonly #words = new Map<string, number>();
  readonly #trainingCounts: number[] = [];
  readonly #splits = new Map(clozeSplits.map((split) => [split, new SplitPacker()]));
  #entities = 0;

  add(split: ClozeSplit, { passage, question, answer }: ClozeQuestion): void {
    const encode = (token: string) => this.#encode(token, split === 'training');
    this.#splits.get(split)!.add(passage.map(encode), question.map(encode), -1 - encode(answer));
  }

  count(split: ClozeSplit): number {
    return this.#splits.get(split)!.count;
  }

  files(): readonly CheckedFile[] {
    const words = [...this.#words]
      .map(([word, provisional]) => ({ word, provisional, count: this.#trainingCounts[provisional]! }))
      .filter(({ word, count }) => count > 0 && word !== placeholderToken)
      // Words of one count by their code points: the same everywhere.
      .sort((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1));
    const numbers = new Int32Array(this.#words.size).fill(unknownWord);
    for (const [index, { provisional }] of words.entries()) numbers[provisional] = index + 2;
    const placeholder = this.#words.get(placeholderToken);
    if (placeholder !== undefined) numbers[placeholder] = placeholderWord;
    const vocabulary: ClozeVocabulary = {
      entities: this.#entities,
      words: ['<unknown>', placeholderToken, ...words.map(({ word }) => word)],
    };
    return [
      checkedFile(vocabularyFile, new TextEncoder().encode(`${JSON.stringify(vocabulary)}\n`)),
      ...clozeSplits.map((split) =>
        checkedFile(splitFile(split), encodeSafetensors(this.#splits.get(split)!.tensors(numbers))),
      ),
    ];
  }

  /** Words by the order in which they came, until `files` knows how frequent each is. */
  #encode(token: string, isTraining: boolean): number {
    const entity = entityNumber(token);
    if (entity !== undefined) {
      this.#entities = Math.max(this.#entities, entity + 1);
      return -1 - entity;
    }
    let number = this.#words.get(token);
    if (number === undefined) {
      number = this.#words.size;
      this.#words.set(token, number);
      this.#trainingCounts.push(0);
    }
    if (isTraining) this.#trainingCounts[number]!++;
    return number;
  }
}

class SplitPacker {
  readonly #passages = new ListsPacker();
  readonly #questions = new ListsPacker();
  readonly #answers: number[] = [];

  get count(): number {
    return this.#answers.length;
  }

  add(passage: readonly number[], question: readonly number[], answer: number): void {
    this.#passages.add(passage);
    this.#questions.add(question);
    this.#answers.push(answer);
  }

  tensors(numbers: Int32Array): NamedTensors {
    return {
      ...this.#passages.tensors('passages', numbers),
      ...this.#questions.tensors('questions', numbers),
      answers: { shape: [this.#answers.length], data: Int32Array.from(this.#answers) },
    };
  }
}

/** Lists in one array that doubles when it is full: the whole corpus is tens of millions of tokens. */
class ListsPacker {
  #tokens = new Int32Array(1024);
  #length = 0;
  readonly #starts = [0];

  add(list: readonly number[]): void {
    if (this.#length + list.length > this.#tokens.length) {
      const larger = new Int32Array(2 * (this.#length + list.length));
      larger.set(this.#tokens);
      this.#tokens = larger;
    }
    this.#tokens.set(list, this.#length);
    this.#length += list.length;
    this.#starts.push(this.#length);
  }

  tensors(name: string, numbers: Int32Array): NamedTensors {
    const data = this.#tokens.slice(0, this.#length).map((token) => (token < 0 ? token : numbers[token]!));
    return {
      [name]: { shape: [data.length], data },
      [`${name}/starts`]: { shape: [this.#starts.length], data: Int32Array.from(this.#starts) },
    };
  }
}
