/** What pages are made of: title, loading, problems, verdicts, tables that scroll in their own box. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Outcome } from '../answers.ts';
import type { Problem } from '../client.ts';
import type { Loaded } from '../hooks.ts';

export function Title({ children, eyebrow }: { readonly children: string; readonly eyebrow?: ComponentChildren }) {
  useEffect(() => {
    document.title = `${children} · Stepwise`;
  }, [children]);
  return (
    <div class="title">
      {eyebrow && <p class="eyebrow">{eyebrow}</p>}
      <h1>{children}</h1>
    </div>
  );
}

/** Says that it loads only where it takes long enough to be read (by a delay in the style sheet). */
export function Await<Value>({
  loaded,
  children,
}: {
  readonly loaded: Loaded<Value>;
  readonly children: (value: Value) => ComponentChildren;
}) {
  if (loaded.state === 'ready') return <>{children(loaded.value)}</>;
  if (loaded.state === 'failed') return <ProblemNotice problem={loaded.problem} />;
  return (
    <p class="loading" role="status">
      Loading …
    </p>
  );
}

export function ProblemNotice({ problem }: { readonly problem: Problem }) {
  return (
    <div class="notice bad" role="alert">
      <p>
        <strong>{problem.title}</strong>
      </p>
      <p class="words">{problem.detail}</p>
      {problem.instance && (
        <p class="soft">
          In the log as <code>{problem.instance}</code>
        </p>
      )}
    </div>
  );
}

const signs: Readonly<Record<string, { readonly tone: string; readonly path: string }>> = {
  holds: { tone: 'good', path: 'M3.5 8.5l3 3 6-7' },
  'does not hold': { tone: 'bad', path: 'M4.5 4.5l7 7m0-7l-7 7' },
  inconclusive: { tone: 'open', path: 'M3 9.2q2.5-3.4 5-1.2t5-1.2' },
  running: { tone: 'calm', path: 'M6 4l6 4-6 4z' },
  failed: { tone: 'bad', path: 'M8 3.5v5.5m0 3v.2' },
  interrupted: { tone: 'open', path: 'M6 4v8m4-8v8' },
  'ours ahead': { tone: 'good', path: 'M3.5 8.5l3 3 6-7' },
  'a peer ahead': { tone: 'open', path: 'M4 10l4-4 4 4' },
  'bound missed': { tone: 'bad', path: 'M8 3.5v5.5m0 3v.2' },
  dead: { tone: 'bad', path: 'M4 8h8' },
};

/** The same sign and word everywhere: colour alone tells nobody anything. */
export function Verdict({ outcome }: { readonly outcome: Outcome | string | null | undefined }) {
  const { tone, path } = signs[outcome ?? ''] ?? { tone: 'none', path: 'M5 8h6' };
  return (
    <span class={`chip ${tone}`}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d={path} />
      </svg>
      {outcome ?? 'not run yet'}
    </span>
  );
}

export function ScrollBox({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no pointer scrolls it by the arrow keys
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

export function Facts({
  children,
}: {
  readonly children: readonly (readonly [string, ComponentChildren] | undefined)[];
}) {
  return (
    <dl class="facts">
      {children
        .filter((fact) => fact !== undefined)
        .map(([term, description]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{description}</dd>
          </div>
        ))}
    </dl>
  );
}
