import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../lib/storage/open-store.ts';
import { describeObjectStore } from './object-store-contract.ts';

describeObjectStore('folder', async () => openStore(join(await mkdtemp(join(tmpdir(), 'stepwise-store-')), 'store')));
