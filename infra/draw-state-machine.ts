/** `node infra/draw-state-machine.ts` writes docs/state-machine.svg from the synthesised definition. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findDefinition } from '../lib/local/template-definition.ts';
import type { Template } from '../lib/local/template-resources.ts';
import { projectRoot } from './deployable-code.ts';
import { type DiagramDefinition, drawStateMachine } from './state-machine-diagram.ts';
import { type SynthesizedTemplate, synthesizeTemplate } from './synthesize.ts';

export const diagramFile = join(projectRoot, 'docs/state-machine.svg');

export function drawTemplate(template: SynthesizedTemplate): string {
  const { definition } = findDefinition(template as unknown as Template);
  return drawStateMachine(definition as unknown as DiagramDefinition);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(diagramFile, drawTemplate(await synthesizeTemplate()));
}
