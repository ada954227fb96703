/** The place beside a form where its answer, its problem or its waiting is said, also to who does not see it. */
import type { ComponentChildren } from 'preact';
import type { Task } from '../hooks.ts';
import { ProblemNotice } from '../parts/page.tsx';

export function TaskResult<Value>({
  task,
  before,
  children,
}: {
  readonly task: Task<Value>;
  /** What stands there until something was asked. */
  readonly before: string;
  readonly children: (value: Value) => ComponentChildren;
}) {
  return (
    <div class="result" aria-live="polite" aria-busy={task.state === 'loading'}>
      {task.state === 'idle' && <p class="soft">{before}</p>}
      {task.state === 'loading' && <p class="soft">Computing …</p>}
      {task.state === 'failed' && <ProblemNotice problem={task.problem} />}
      {task.state === 'ready' && children(task.value)}
    </div>
  );
}
