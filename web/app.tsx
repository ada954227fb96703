/** The frame around every page: skip link, header, the page, and where the focus goes when the page changes. */
import { useEffect, useRef } from 'preact/hooks';
import { useRoute } from './hooks.ts';
import { ExperimentPage } from './pages/experiment.tsx';
import { ExperimentsPage } from './pages/experiments.tsx';
import { LivePage } from './pages/live.tsx';
import { RunPage } from './pages/run.tsx';
import { SpeedPage } from './pages/speed.tsx';
import { TryPage } from './pages/try.tsx';
import { formatRoute, type Route } from './route.ts';
import { SchemeContext, type Theme, themes, useTheme } from './theme.ts';

const sections = [
  { href: '#/', label: 'Experiments', pages: ['experiments', 'experiment', 'run'] },
  { href: '#/live', label: 'Live', pages: ['live'] },
  { href: '#/speed', label: 'Speed', pages: ['speed'] },
  { href: '#/try', label: 'Try it', pages: ['try'] },
];

const themeLabels: Readonly<Record<Theme, string>> = { system: 'System', light: 'Light', dark: 'Dark' };

export function App() {
  const route = useRoute();
  const { theme, scheme, choose } = useTheme();
  const main = useRef<HTMLElement>(null);
  const place = placeOf(route);
  const firstPlace = useRef(place);
  useEffect(() => {
    // Only on a change of page: who opens the explorer has not moved yet.
    if (firstPlace.current === place) return;
    firstPlace.current = '';
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [place]);
  return (
    <SchemeContext.Provider value={scheme}>
      {/* biome-ignore lint/a11y/useValidAnchor: it goes to a place of this page, and the fragment is taken by routes */}
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <header class="top">
        <div class="wide">
          <a class="brand" href="#/">
            <img src="/icon.svg" alt="" width="24" height="24" />
            Stepwise
          </a>
          <nav aria-label="Main">
            {sections.map(({ href, label, pages }) => (
              <a key={href} href={href} aria-current={pages.includes(route.page) ? 'page' : undefined}>
                {label}
              </a>
            ))}
          </nav>
          <label class="theme">
            <span class="unseen">Colours</span>
            <select value={theme} onChange={(event) => choose(event.currentTarget.value as Theme)}>
              {themes.map((theme) => (
                <option key={theme} value={theme}>
                  {themeLabels[theme]}
                </option>
              ))}
            </select>
          </label>
        </div>
      </header>
      <main id="main" class="wide" tabIndex={-1} ref={main}>
        <Page route={route} />
      </main>
    </SchemeContext.Provider>
  );
}

function Page({ route }: { readonly route: Route }) {
  switch (route.page) {
    case 'experiments':
      return <ExperimentsPage />;
    case 'experiment':
      return <ExperimentPage key={route.experiment} route={route} />;
    case 'run':
      return <RunPage key={route.run} run={route.run} />;
    case 'live':
      return <LivePage />;
    case 'speed':
      return <SpeedPage />;
    case 'try':
      return <TryPage key={route.trial} trial={route.trial} />;
    case 'unknown':
      return (
        <>
          <h1>There is no such page</h1>
          <p>
            Go to <a href="#/">all experiments</a>.
          </p>
        </>
      );
  }
}

/** Choosing runs and metrics changes the address, and not the place. */
function placeOf(route: Route): string {
  if (route.page === 'experiment') return route.experiment;
  return route.page === 'unknown' ? 'unknown' : formatRoute(route);
}
