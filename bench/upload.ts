/**
 * Uploading: 10,000 small files as `stepwise upload` sends them, beside the AWS command line's parallel copy, both as
 * processes of their own against one S3 server on this machine; and the function that an upload starts, cold.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { projectRoot } from '../infra/deployable-code.ts';
import { randomStream } from '../lib/numerics/random.ts';
import { findProgram, type MiniStack, s3ClientFor, startMiniStack } from '../test/services/ministack.ts';
import { type Benchmark, type BenchmarkRow, measureInTurn } from './benchmark.ts';
import { measureStarter } from './upload-starter.ts';

const files = 10_000;
const bytesEach = 1_000;
const filesAFolder = 100;
/** What we promise to reach of the other's pace. */
const share = 0.9;

export const upload: Benchmark = {
  name: 'upload',
  async run(log, { python }): Promise<readonly BenchmarkRow[]> {
    const folder = await mkdtemp(join(tmpdir(), 'stepwise-bench-'));
    try {
      return [...(await measureUpload(folder, python, log)), ...(await measureStarter(folder, log))];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function measureUpload(
  folder: string,
  python: string | undefined,
  log: (line: string) => void,
): Promise<readonly BenchmarkRow[]> {
  const server = await startMiniStack();
  if (!server) return [];
  try {
    log(`making ${files} files`);
    const source = join(folder, 'files');
    await makeFiles(source);
    const aws = findAwsCommandLine(python);
    if (!aws) log('no AWS command line here (aws): nothing to compare with');
    log('each twice, the first to warm up');
    const contestants: Record<string, () => Promise<void>> = {
      ours: async () => uploadOnce(server, source, await newBucket(server)),
    };
    if (aws) contestants.theirs = async () => copyOnce(aws, server, source, await newBucket(server));
    const { ours, theirs } = await measureInTurn(contestants, 1);
    const pace = (time: number) => Math.round((1000 * files) / time);
    return [
      {
        benchmark: 'upload',
        case: `${files} files of ${bytesEach} bytes`,
        unit: 'files/s',
        ours: pace(ours!),
        peers: theirs === undefined ? {} : { 'aws s3 cp --recursive': pace(theirs) },
        limit: theirs === undefined ? 0 : Math.round(share * pace(theirs)),
        headline: true,
      },
    ];
  } finally {
    await server.stop();
  }
}

/** Where the peers in Python are, it is one of them. */
function findAwsCommandLine(python: string | undefined): string | undefined {
  const beside = python && join(dirname(python), 'aws');
  return beside && existsSync(beside) ? beside : findProgram('aws');
}

async function makeFiles(folder: string): Promise<void> {
  const random = randomStream(1, 'files');
  for (let index = 0; index < files; index++) {
    const inside = join(folder, String(Math.floor(index / filesAFolder)).padStart(4, '0'));
    if (index % filesAFolder === 0) await mkdir(inside, { recursive: true });
    const bytes = Uint8Array.from({ length: bytesEach }, () => random.uniformInteger(256));
    await writeFile(join(inside, `${index}.bin`), bytes);
  }
}

let buckets = 0;
async function newBucket({ endpoint }: MiniStack): Promise<string> {
  const client = s3ClientFor(endpoint);
  const Bucket = `bench-upload-${++buckets}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  client.destroy();
  return Bucket;
}

/** With everything that belongs to it: reading, SHA-256 of each file, the manifest. */
async function uploadOnce({ environment }: MiniStack, source: string, bucket: string): Promise<void> {
  const program = join(projectRoot, 'cli/stepwise.ts');
  const args = [program, 'upload', 'bench', source, '--as-is', '--store', `s3://${bucket}`, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...environment } });
  const { sent } = JSON.parse(stdout);
  if (sent.files !== files) throw new Error(`stepwise upload sent ${sent.files} files of ${files}`);
}

async function copyOnce(aws: string, { environment }: MiniStack, source: string, bucket: string): Promise<void> {
  const args = ['s3', 'cp', source, `s3://${bucket}/datasets/`, '--recursive', '--only-show-errors'];
  // Its own settings: no profile or configuration of whoever runs this.
  const settings = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };
  const env = { ...process.env, ...environment, ...settings, AWS_DEFAULT_REGION: environment.AWS_REGION };
  await promisify(execFile)(aws, args, { env });
}
