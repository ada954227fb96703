import { join } from 'node:path';
import { openStore } from '../../lib/storage/open-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { describeObjectStore } from './object-store-contract.ts';

describeObjectStore('folder', async () => openStore(join(await newTemporaryFolder(), 'store')));
