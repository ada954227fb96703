/** Light, dark, or as the system has it; kept in this browser. */
import { createContext } from 'preact';
import { useContext, useLayoutEffect, useState } from 'preact/hooks';
import { useMediaQuery } from './hooks.ts';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];
type Scheme = 'light' | 'dark';

const storageKey = 'stepwise-theme';

/** What the page shows now; charts are painted anew when it changes. */
export const SchemeContext = createContext<Scheme>('light');
export const useScheme = (): Scheme => useContext(SchemeContext);

export function useTheme(): { readonly theme: Theme; readonly scheme: Scheme; choose(theme: Theme): void } {
  const [theme, setTheme] = useState(readTheme);
  const systemIsDark = useMediaQuery('(prefers-color-scheme: dark)');
  const scheme = theme === 'system' ? (systemIsDark ? 'dark' : 'light') : theme;
  useLayoutEffect(() => {
    document.documentElement.dataset.scheme = scheme;
  }, [scheme]);
  const choose = (next: Theme) => {
    setTheme(next);
    try {
      localStorage.setItem(storageKey, next);
    } catch {
      // A browser that keeps nothing still shows what was chosen.
    }
  };
  return { theme, scheme, choose };
}

function readTheme(): Theme {
  try {
    const stored = localStorage.getItem(storageKey);
    return themes.find((theme) => theme === stored) ?? 'system';
  } catch {
    return 'system';
  }
}
