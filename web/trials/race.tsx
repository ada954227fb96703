/** Optimizers on one problem from one start: whose loss falls fastest. */
import { useState } from 'preact/hooks';
import { formatSignificant } from '../../lib/report/format-numbers.ts';
import { useMediaQuery, useTask } from '../hooks.ts';
import { LineChart } from '../parts/line-chart.tsx';
import { ScrollBox } from '../parts/page.tsx';
import { type Race, raceOptimizerNames, raceOptimizers, raceProblems } from './requests.ts';
import { TaskResult } from './task-result.tsx';

const drawingMilliseconds = 2500;

export function RaceTrial() {
  const [problem, setProblem] = useState<string>(raceProblems[0]!.name);
  const [chosen, setChosen] = useState<readonly string[]>(raceOptimizerNames.slice(0, 3));
  const [steps, setSteps] = useState(100);
  const [seed, setSeed] = useState(0);
  const [task, race] = useTask(raceOptimizers);
  const toggle = (name: string, isChosen: boolean) =>
    setChosen(raceOptimizerNames.filter((other) => (other === name ? isChosen : chosen.includes(other))));
  return (
    <>
      <p class="lead">
        The learned optimizer against hand-designed ones, whose learning rates are tuned for the problem. All start from
        the same parameters.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          race({ problem, optimizers: chosen, steps, seed });
        }}
      >
        <div class="columns">
          <div>
            <div class="field">
              <label for="problem">Problem</label>
              <select id="problem" value={problem} onChange={(event) => setProblem(event.currentTarget.value)}>
                {raceProblems.map(({ name, label }) => (
                  <option key={name} value={name}>
                    {label}
                  </option>
                ))}
              </select>
            </div>
            <div class="controls">
              <label for="steps">Steps</label>
              <input
                id="steps"
                type="number"
                min={1}
                max={500}
                value={steps}
                onInput={(event) => setSteps(event.currentTarget.valueAsNumber)}
              />
              <label for="seed">Seed</label>
              <input
                id="seed"
                type="number"
                min={0}
                max={9999}
                value={seed}
                onInput={(event) => setSeed(event.currentTarget.valueAsNumber)}
              />
            </div>
          </div>
          <fieldset class="field">
            <legend>Optimizers</legend>
            {raceOptimizerNames.map((name) => (
              <label key={name} class="check">
                <input
                  type="checkbox"
                  checked={chosen.includes(name)}
                  onChange={(event) => toggle(name, event.currentTarget.checked)}
                />
                {name}
              </label>
            ))}
          </fieldset>
        </div>
        <div class="actions">
          <button type="submit" class="button" disabled={chosen.length === 0}>
            Race
          </button>
        </div>
      </form>
      <TaskResult task={task} before="The curves appear here.">
        {(result) => <RaceResult race={result} />}
      </TaskResult>
    </>
  );
}

function RaceResult({ race }: { readonly race: Race }) {
  const isStill = useMediaQuery('(prefers-reduced-motion: reduce)');
  const length = Math.max(...race.curves.map(({ losses }) => losses.length));
  const [x] = useState(() => Array.from({ length }, (_, step) => step));
  const finite = race.curves.flatMap(({ losses }) => losses).filter((loss) => loss !== null);
  const logarithmic = finite.length > 0 && Math.min(...finite) > 0;
  const ranked = race.curves.toSorted((a, b) => endOf(a) - endOf(b));
  return (
    <>
      <LineChart
        label="Loss by step"
        xLabel="step"
        yLabel="loss"
        x={x}
        logarithmic={logarithmic}
        lines={race.curves.map(({ optimizer, losses }, index) => ({
          label: optimizer,
          colour: index,
          dash: Math.floor(index / 8),
          values: x.map((step) => losses[step] ?? null),
        }))}
        drawingMilliseconds={isStill ? 0 : drawingMilliseconds}
      />
      <ScrollBox label="Ranking">
        <table>
          <caption>After {length - 1} steps</caption>
          <thead>
            <tr>
              <th scope="col">Optimizer</th>
              <th scope="col" class="number">
                Loss
              </th>
            </tr>
          </thead>
          <tbody>
            {ranked.map((curve) => (
              <tr key={curve.optimizer}>
                <th scope="row">{curve.optimizer}</th>
                <td class="number">
                  {Number.isFinite(endOf(curve)) ? formatSignificant(curve.losses.at(-1)) : 'diverged'}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </>
  );
}

const endOf = ({ losses }: Race['curves'][number]): number => losses.at(-1) ?? Number.POSITIVE_INFINITY;
