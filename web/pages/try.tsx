/** Forms over the endpoints that compute. */
import { Title } from '../parts/page.tsx';
import type { Trial } from '../route.ts';
export function TryPage({ trial }: { readonly trial: Trial | undefined }) {
  return <Title>{trial ?? 'Try it'}</Title>;
}
