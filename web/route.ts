/** Where the explorer is, in the address's fragment: any static server can serve it, and every view can be linked to. */

export const trials = ['digits', 'segmentation', 'race', 'handwriting', 'sentences'] as const;
export type Trial = (typeof trials)[number];

export type Route =
  | { readonly page: 'experiments' }
  | {
      readonly page: 'experiment';
      readonly experiment: string;
      readonly runs: readonly string[];
      readonly metric?: string;
    }
  | { readonly page: 'run'; readonly run: string }
  | { readonly page: 'live' }
  | { readonly page: 'speed' }
  | { readonly page: 'try'; readonly trial: Trial | undefined }
  | { readonly page: 'unknown' };

/** `#/experiments/layer-norm/draw?runs=a,b&metric=bound` */
export function parseRoute(fragment: string): Route {
  const [path = '', query = ''] = fragment.replace(/^#?\/?/, '').split('?');
  const parts = path.split('/').filter(Boolean).map(decode);
  const [page, first, second, ...rest] = parts;
  if (rest.length > 0) return { page: 'unknown' };
  if (page === undefined) return { page: 'experiments' };
  if (page === 'experiments' && first && second) {
    const values = new URLSearchParams(query);
    const metric = values.get('metric');
    const runs = (values.get('runs') ?? '').split(',').filter(Boolean);
    return { page: 'experiment', experiment: `${first}/${second}`, runs, ...(metric === null ? {} : { metric }) };
  }
  if (page === 'runs' && first && !second) return { page: 'run', run: first };
  if (page === 'live' && !first) return { page: 'live' };
  if (page === 'speed' && !first) return { page: 'speed' };
  if (page === 'try' && !second) {
    if (first === undefined) return { page: 'try', trial: undefined };
    const trial = trials.find((trial) => trial === first);
    if (trial) return { page: 'try', trial };
  }
  return { page: 'unknown' };
}

export function formatRoute(route: Exclude<Route, { page: 'unknown' }>): string {
  switch (route.page) {
    case 'experiments':
      return '#/';
    case 'experiment': {
      const values = new URLSearchParams();
      if (route.runs.length > 0) values.set('runs', route.runs.join(','));
      if (route.metric !== undefined) values.set('metric', route.metric);
      const query = values.size > 0 ? `?${values}` : '';
      return `#/experiments/${route.experiment.split('/').map(encodeURIComponent).join('/')}${query}`;
    }
    case 'run':
      return `#/runs/${encodeURIComponent(route.run)}`;
    case 'live':
      return '#/live';
    case 'speed':
      return '#/speed';
    case 'try':
      return route.trial ? `#/try/${route.trial}` : '#/try';
  }
}

/** A stray `%` in a link that somebody typed is text. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
