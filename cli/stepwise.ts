#!/usr/bin/env node
/** The command `stepwise`. Everything is loaded late, so that a short command is a quick one. */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/stepwise/compile', import.meta.url)));
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));
