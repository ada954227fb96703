/** Cloze questions made in code, for runs that only show that everything works: no figure comes from them. */
import { type RandomStream, randomStream } from '../../numerics/random.ts';
import { ClozePacker, clozeSplits } from '../cloze-questions.ts';
import type { CheckedDataset } from '../importer.ts';
import { type ClozeQuestion, placeholderToken } from '../parse-question-file.ts';

const counts = { training: 192, validation: 40, test: 24 } as const;
const entities = 6;
const deeds = ['found', 'bought', 'painted', 'broke', 'hid'] as const;
const things = ['lamp', 'boat', 'drum', 'letter', 'cup'] as const;

export function makeQuestions(): CheckedDataset {
  const packer = new ClozePacker();
  for (const split of clozeSplits) {
    for (let index = 0; index < counts[split]; index++) {
      packer.add(split, makeQuestion(randomStream(0, 'question', split, index)));
    }
  }
  return {
    origin: 'stand-in',
    description: 'CNN questions’ place holder: who did what, made in code.',
    files: packer.files(),
  };
}

/** Two to four entities each did one thing; who did one of them? */
function makeQuestion(random: RandomStream): ClozeQuestion {
  const sentences = 2 + random.uniformInteger(3);
  const [who, deed, thing] = [entities, deeds.length, things.length].map((count) => {
    const drawn = new Int32Array(sentences);
    random.fillSample(drawn, count);
    return drawn;
  }) as [Int32Array, Int32Array, Int32Array];
  const did = (index: number) => [deeds[deed[index]!]!, 'the', things[thing[index]!]!, '.'];
  const asked = random.uniformInteger(sentences);
  return {
    passage: Array.from({ length: sentences }, (_, index) => [`@entity${who[index]}`, ...did(index)]).flat(),
    question: ['it', 'was', placeholderToken, 'who', ...did(asked)],
    answer: `@entity${who[asked]}`,
  };
}
