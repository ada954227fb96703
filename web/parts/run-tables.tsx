/** Tables of a run's result, with numbers under each other. */
import { formatChange, formatSignificant } from '../../lib/report/format-numbers.ts';
import type { RunDocument } from '../answers.ts';
import { formatMetric, shortRunName } from '../names.ts';
import { formatRoute } from '../route.ts';
import { ScrollBox, Verdict } from './page.tsx';

export function ResultTable({ table }: { readonly table: RunDocument['tables'][number] }) {
  const { title, columns, rows } = table;
  const isNumber = columns.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
  return (
    <ScrollBox label={title}>
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            {columns.map(({ label }, column) =>
              label === '' ? (
                <td key={label} />
              ) : (
                <th key={label} scope="col" class={isNumber[column] ? 'number' : ''}>
                  {label}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => {
                const text = typeof cell === 'string' ? cell : formatSignificant(cell, columns[column]?.digits);
                const key = columns[column]?.label ?? column;
                if (column === 0) {
                  return (
                    <th key={key} scope="row">
                      {text}
                    </th>
                  );
                }
                return (
                  <td key={key} class={isNumber[column] ? 'number' : ''}>
                    {text}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

const mostChanges = 20;

export function Comparison({ comparison }: { readonly comparison: NonNullable<RunDocument['comparison']> }) {
  const { run, outcome, changes, causes = [] } = comparison;
  return (
    <section aria-labelledby="comparison">
      <h2 id="comparison">Against the run before</h2>
      <p>
        <a href={formatRoute({ page: 'run', run })}>{shortRunName(run)}</a> <Verdict outcome={outcome} />
        {changes.length === 0 && ' Every number is the same, seconds aside.'}
      </p>
      {changes.length > 0 && (
        <ScrollBox label="What changed">
          <table>
            <thead>
              <tr>
                <th scope="col">Metric</th>
                <th scope="col">Subject</th>
                <th scope="col" class="number">
                  Step
                </th>
                <th scope="col" class="number">
                  Before
                </th>
                <th scope="col" class="number">
                  Now
                </th>
                <th scope="col" class="number">
                  Change
                </th>
                <th scope="col">Seeds</th>
              </tr>
            </thead>
            <tbody>
              {changes.slice(0, mostChanges).map(({ metric, subject, step, before, now, spread, exceedsSpread }) => (
                <tr key={`${metric} ${subject}`}>
                  <th scope="row">{formatMetric(metric)}</th>
                  <td>{subject}</td>
                  <td class="number">{formatSignificant(step)}</td>
                  <td class="number">{formatSignificant(before)}</td>
                  <td class="number">{formatSignificant(now)}</td>
                  <td class="number">{formatChange(before, now)}</td>
                  <td>
                    {typeof spread === 'number'
                      ? `${exceedsSpread ? 'beyond' : 'within'} ± ${formatSignificant(spread)}`
                      : 'one'}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
      {changes.length > mostChanges && <p class="soft">And {changes.length - mostChanges} smaller changes.</p>}
      {causes.map((cause) => (
        <p key={cause}>Changed in between: {cause}</p>
      ))}
    </section>
  );
}
