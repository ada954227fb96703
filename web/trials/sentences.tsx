/** Sentences in, how alike their meanings are out. */
import { useState } from 'preact/hooks';
import { useTask } from '../hooks.ts';
import { ScrollBox } from '../parts/page.tsx';
import { encodeSentences } from './requests.ts';
import { cosineSimilarities } from './similarity.ts';
import { TaskResult } from './task-result.tsx';

const examples = 'A man plays a guitar\nSomebody is making music\nThe dog runs through the snow\nAn animal is outside';

export function SentencesTrial() {
  const [text, setText] = useState(examples);
  const [task, encode] = useTask(encodeSentences);
  const sentences = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return (
    <>
      <p class="lead">
        The sentence encoder makes a vector of each. The table has the cosine of the angle between every two: 1 is the
        same direction.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          encode(sentences);
        }}
      >
        <div class="field">
          <label for="sentences">Sentences, one a line</label>
          <textarea id="sentences" rows={5} value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </div>
        <div class="actions">
          <button type="submit" class="button" disabled={sentences.length === 0}>
            Compare
          </button>
        </div>
      </form>
      <TaskResult task={task} before="The table appears here.">
        {(answer) => <Similarities {...answer} />}
      </TaskResult>
    </>
  );
}

function Similarities({
  sentences,
  vectors,
}: {
  readonly sentences: readonly string[];
  readonly vectors: readonly (readonly number[])[];
}) {
  const matrix = cosineSimilarities(vectors);
  return (
    <ScrollBox label="Similarities of sentences">
      <table class="matrix">
        <thead>
          <tr>
            <th scope="col">Sentence</th>
            {sentences.map((sentence, index) => (
              <th key={sentence} scope="col" class="number">
                <abbr title={sentence}>{index + 1}</abbr>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {matrix.map((row, index) => (
            <tr key={sentences[index]}>
              <th scope="row">
                {index + 1}. {sentences[index]}
              </th>
              {row.map((similarity, column) => (
                <td
                  key={sentences[column]}
                  class="number"
                  style={{ '--share': `${Math.round(Math.max(0, similarity) * 45)}%` }}
                >
                  {similarity.toFixed(2).replace('-', '−')}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}
