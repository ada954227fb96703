import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { describeObjectStore } from './object-store-contract.ts';

describeObjectStore('memory', async () => new MemoryObjectStore());
