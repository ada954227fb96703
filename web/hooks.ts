/** State that comes from outside the components: the address, the server, the colour scheme. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type Problem, RequestRefused } from './client.ts';
import { parseRoute, type Route } from './route.ts';

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const update = () => setRoute(parseRoute(location.hash));
    addEventListener('hashchange', update);
    return () => removeEventListener('hashchange', update);
  }, []);
  return route;
}

export type Loaded<Value> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: Value }
  | { readonly state: 'failed'; readonly problem: Problem };

/** Loads again when `key` changes; an answer that comes too late for its key is dropped. */
export function useLoaded<Value>(key: string, load: (signal: AbortSignal) => Promise<Value>): Loaded<Value> {
  const [loaded, setLoaded] = useState<{ key: string; value: Loaded<Value> }>();
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    latest.current(signal).then(
      (value) => signal.aborted || setLoaded({ key, value: { state: 'ready', value } }),
      (error: unknown) => signal.aborted || setLoaded({ key, value: { state: 'failed', problem: toProblem(error) } }),
    );
    return () => controller.abort();
  }, [key]);
  return loaded?.key === key ? loaded.value : { state: 'loading' };
}

/** Loads again and again, so many milliseconds after each answer, while the page is visible and `enabled` is true. */
export function usePolled<Value>(
  key: string,
  milliseconds: number,
  load: (signal: AbortSignal) => Promise<Value>,
  goesOn: (value: Value) => boolean = () => true,
): Loaded<Value> {
  const [loaded, setLoaded] = useState<{ key: string; value: Loaded<Value> }>();
  const latest = useRef({ load, goesOn });
  latest.current = { load, goesOn };
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asking = false;
    let over = false;
    const ask = async () => {
      if (asking || over || document.hidden) return;
      asking = true;
      clearTimeout(timer);
      try {
        const value = await latest.current.load(signal);
        over = !latest.current.goesOn(value);
        if (!signal.aborted) setLoaded({ key, value: { state: 'ready', value } });
      } catch (error) {
        if (!signal.aborted) setLoaded({ key, value: { state: 'failed', problem: toProblem(error) } });
      }
      asking = false;
      if (!signal.aborted && !over) timer = setTimeout(ask, milliseconds);
    };
    document.addEventListener('visibilitychange', ask);
    ask();
    return () => {
      controller.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', ask);
    };
  }, [key, milliseconds]);
  return loaded?.key === key ? loaded.value : { state: 'loading' };
}

export type Task<Value> = { readonly state: 'idle' } | Loaded<Value>;

/** Something a form starts: a new start drops the answer to the one before. */
export function useTask<Input, Value>(
  work: (input: Input, signal: AbortSignal) => Promise<Value>,
): readonly [Task<Value>, (input: Input) => void] {
  const [task, setTask] = useState<Task<Value>>({ state: 'idle' });
  const latest = useRef(work);
  latest.current = work;
  const controller = useRef<AbortController>(undefined);
  useEffect(() => () => controller.current?.abort(), []);
  const start = useCallback((input: Input) => {
    controller.current?.abort();
    controller.current = new AbortController();
    const { signal } = controller.current;
    setTask({ state: 'loading' });
    latest.current(input, signal).then(
      (value) => signal.aborted || setTask({ state: 'ready', value }),
      (error: unknown) => signal.aborted || setTask({ state: 'failed', problem: toProblem(error) }),
    );
  }, []);
  return [task, start];
}

export function toProblem(error: unknown): Problem {
  if (error instanceof RequestRefused) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  return { title: 'Something went wrong in this page', status: 0, detail };
}

export function useMediaQuery(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const update = () => setMatches(list.matches);
    update();
    list.addEventListener('change', update);
    return () => list.removeEventListener('change', update);
  }, [query]);
  return matches;
}
