/** Forms over the endpoints that compute. */
import { Title } from '../parts/page.tsx';
import { formatRoute, type Trial, trials } from '../route.ts';
import { DigitsTrial } from '../trials/digits.tsx';
import { HandwritingTrial } from '../trials/handwriting.tsx';
import { RaceTrial } from '../trials/race.tsx';
import { SegmentationTrial } from '../trials/segmentation.tsx';
import { SentencesTrial } from '../trials/sentences.tsx';

const labels: Readonly<Record<Trial, string>> = {
  digits: 'Read a digit',
  segmentation: 'Refine segments',
  race: 'Race optimizers',
  handwriting: 'Write by hand',
  sentences: 'Compare sentences',
};

const forms = {
  digits: DigitsTrial,
  segmentation: SegmentationTrial,
  race: RaceTrial,
  handwriting: HandwritingTrial,
  sentences: SentencesTrial,
} as const;

export function TryPage({ trial = 'digits' }: { readonly trial: Trial | undefined }) {
  const Form = forms[trial];
  return (
    <>
      <Title>{labels[trial]}</Title>
      <nav class="trials" aria-label="Things to try">
        {trials.map((other) => (
          <a
            key={other}
            href={formatRoute({ page: 'try', trial: other })}
            aria-current={other === trial ? 'page' : undefined}
          >
            {labels[other]}
          </a>
        ))}
      </nav>
      <Form />
    </>
  );
}
